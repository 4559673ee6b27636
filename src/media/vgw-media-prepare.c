/* The setup of the process before the first thread and the first peer. */

#include <malloc.h>
#include <pthread.h>
#include <string.h>

#include <gst/gst.h>
#include <openssl/crypto.h>

#include "base/vgw-error.h"
#include "base/vgw-log.h"
#include "elements/vgw-elements.h"
#include "media/vgw-media.h"

/* With glibc's default of 8 MB per thread 50 calls have 3 GB of address space. libopus and OpenSSL need well under 200
 * KB; sanitizers need more. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define THREAD_STACK_BYTES (2 * 1024 * 1024)
#else
#define THREAD_STACK_BYTES (512 * 1024)
#endif

/* A call uses a dozen threads, and fragments the arena of each: with glibc's 8 arenas per processor 2 to 3 MB are lost
 * after 1,000 calls, with 4 of them 1.3 MB. With 2 there is contention: 100 calls do not run in real time on two
 * processors. */
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

/* The N of "+deb12uN" in the version of the installed gstreamer1.0-plugins-bad, or -1 where it is unknown. */
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
  if (g_getenv ("MALLOC_ARENA_MAX") == NULL) /* the operator's setting has precedence */
    mallopt (M_ARENA_MAX, ARENAS_PER_PROCESSOR * (int) g_get_num_processors ());
}

gboolean
vgw_media_prepare_process (GError **error)
{
  pthread_attr_t attributes;
  limit_arenas ();
  /* OpenSSL's cleanup at exit frees data that the threads that ran DTLS use when they end. GLib's pool threads are not
   * joined, and a late one would crash the process at its end. */
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
