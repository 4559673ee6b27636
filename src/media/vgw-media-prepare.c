/* What has to be right before the first thread and the first peer. */

#include <malloc.h>
#include <pthread.h>
#include <string.h>

#include <openssl/crypto.h>

#include "base/vgw-error.h"
#include "base/vgw-log.h"
#include "elements/vgw-elements.h"
#include "media/vgw-media-private.h"

/* glibc's default of 8 MB per thread makes 3 GB of address space of 50 calls. libopus and OpenSSL need well under
 * 200 KB; sanitizers want more. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define THREAD_STACK_BYTES (2 * 1024 * 1024)
#else
#define THREAD_STACK_BYTES (512 * 1024)
#endif

/* A call is set up, run and torn down on a dozen threads, and what it leaves in each arena keeps pages there that
 * nobody needs any more: with glibc's 8 arenas per processor 1,000 calls leave 2 to 3 MB, with 4 of them 1.3. With 2,
 * calls wait for each other's: 100 no longer keep real time on two processors. */
#define ARENAS_PER_PROCESSOR 4

/* CVE-2026-59692 and CVE-2026-14935 in webrtcbin and its helpers are fixed in this Debian revision of 1.22.0. */
#define SAFE_DEBIAN_REVISION 8
#define UNSAFE_UPSTREAM_VERSION "1.22.0"
#define DPKG_STATUS_FILE "/var/lib/dpkg/status"

typedef struct
{
  const char *factory;
  const char *debian_package;
} NeededElement;

static const NeededElement needed_elements[] = {
  { "appsrc", "gstreamer1.0-plugins-base" },   { "audioresample", "gstreamer1.0-plugins-base" },
  { "rtpbin", "gstreamer1.0-plugins-good" },   { "rtpopuspay", "gstreamer1.0-plugins-good" },
  { "webrtcbin", "gstreamer1.0-plugins-bad" }, { "dtlssrtpdec", "gstreamer1.0-plugins-bad" },
  { "srtpdec", "gstreamer1.0-plugins-bad" },   { "sctpdec", "gstreamer1.0-plugins-bad" },
  { "nicesrc", "gstreamer1.0-nice" },          { "nicesink", "gstreamer1.0-nice" },
};

/* The N of "+deb12uN" in the version of gstreamer1.0-plugins-bad that dpkg has, or -1 where it is not told. */
static int
find_debian_revision (void)
{
  g_autofree char *status = NULL;
  if (!g_file_get_contents (DPKG_STATUS_FILE, &status, NULL, NULL))
    return -1;
  const char *package = strstr (status, "\nPackage: gstreamer1.0-plugins-bad\n");
  const char *version = package ? strstr (package, "\nVersion: ") : NULL;
  const char *end = version ? strchr (version + 1, '\n') : NULL;
  g_autofree char *line = end ? g_strndup (version, end - version) : NULL;
  const char *revision = line ? strstr (line, "+deb12u") : NULL;
  if (revision != NULL)
    return (int) g_ascii_strtoull (revision + strlen ("+deb12u"), NULL, 10);
  return line != NULL ? 0 : -1;
}

static void
warn_of_unsafe_plugins (void)
{
  g_autoptr (GstPlugin) plugin = gst_registry_find_plugin (gst_registry_get (), "webrtc");
  if (plugin == NULL || !g_str_equal (gst_plugin_get_version (plugin), UNSAFE_UPSTREAM_VERSION))
    return;
  int revision = find_debian_revision ();
  if (revision >= 0 && revision < SAFE_DEBIAN_REVISION)
    vgw_critical (NULL,
                  "gstreamer1.0-plugins-bad 1.22.0 before deb12u%d has vulnerabilities that callers can exploit "
                  "(CVE-2026-59692, CVE-2026-14935): run apt-get install --only-upgrade gstreamer1.0-plugins-bad",
                  SAFE_DEBIAN_REVISION);
}

static void
limit_arenas (void)
{
  if (g_getenv ("MALLOC_ARENA_MAX") == NULL) /* whoever sets it knows better */
    mallopt (M_ARENA_MAX, ARENAS_PER_PROCESSOR * (int) g_get_num_processors ());
}

gboolean
vgw_media_prepare_process (GError **error)
{
  pthread_attr_t attributes;
  limit_arenas ();
  /* OpenSSL's clean-up at exit frees what the threads that ran DTLS still look at when they end: GLib's pools end
   * theirs without being waited for, and one that is late would crash a process that is all but gone. */
  OPENSSL_init_crypto (OPENSSL_INIT_NO_ATEXIT, NULL);
  pthread_attr_init (&attributes);
  pthread_attr_setstacksize (&attributes, THREAD_STACK_BYTES);
  pthread_setattr_default_np (&attributes);
  pthread_attr_destroy (&attributes);

  if (!gst_init_check (NULL, NULL, error))
    return FALSE;
  if (!vgw_elements_register (NULL))
    {
      g_set_error (error, VGW_ERROR, VGW_ERROR_CONFIG, "the gateway's own GStreamer elements could not be registered");
      return FALSE;
    }
  for (guint i = 0; i < G_N_ELEMENTS (needed_elements); i++)
    {
      g_autoptr (GstElementFactory) factory = gst_element_factory_find (needed_elements[i].factory);
      if (factory != NULL)
        continue;
      g_set_error (error, VGW_ERROR, VGW_ERROR_CONFIG, "GStreamer has no element %s: install %s",
                   needed_elements[i].factory, needed_elements[i].debian_package);
      return FALSE;
    }
  warn_of_unsafe_plugins ();
  return TRUE;
}
