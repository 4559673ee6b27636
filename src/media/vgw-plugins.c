#include "media/vgw-plugins.h"

#include <string.h>
#include <gst/gst.h>

/* The vulnerabilities are fixed in this Debian revision of 1.22.0. */
#define SAFE_DEBIAN_REVISION 8
#define UNSAFE_UPSTREAM_VERSION "1.22.0"
#define DPKG_STATUS_FILE "/var/lib/dpkg/status"

const VgwNeededElement vgw_needed_elements[] = {
  { "appsrc", "gstreamer1.0-plugins-base" },
  { "audioresample", "gstreamer1.0-plugins-base" },
  { "rtpbin", "gstreamer1.0-plugins-good" },
  { "rtpopuspay", "gstreamer1.0-plugins-good" },
  { "webrtcbin", "gstreamer1.0-plugins-bad" },
  { "dtlssrtpdec", "gstreamer1.0-plugins-bad" },
  { "srtpdec", "gstreamer1.0-plugins-bad" },
  { "sctpdec", "gstreamer1.0-plugins-bad" },
  { "nicesrc", "gstreamer1.0-nice" },
  { "nicesink", "gstreamer1.0-nice" },
  { NULL, NULL },
};

char *
vgw_plugins_get_version (const char *element)
{
  g_autoptr (GstElementFactory) factory = gst_element_factory_find (element);
  g_autoptr (GstPlugin) plugin = factory != NULL ? gst_plugin_feature_get_plugin (GST_PLUGIN_FEATURE (factory)) : NULL;

  if (factory == NULL)
    return NULL;
  return g_strdup (plugin != NULL ? gst_plugin_get_version (plugin) : "?");
}

/* The N of "+deb12uN" in the version of gstreamer1.0-plugins-bad, 0 where the version has none, or -1 where there is no
 * such package. */
static int
find_debian_revision (const char *status)
{
  const char *package = strstr (status, "\nPackage: gstreamer1.0-plugins-bad\n");
  const char *version = package ? strstr (package, "\nVersion: ") : NULL;
  const char *end = version ? strchr (version + 1, '\n') : NULL;
  g_autofree char *line = end ? g_strndup (version, (gsize) (end - version)) : NULL;
  const char *revision = line ? strstr (line, "+deb12u") : NULL;

  if (revision != NULL)
    return (int) g_ascii_strtoull (revision + strlen ("+deb12u"), NULL, 10);
  return line != NULL ? 0 : -1;
}

gboolean
vgw_plugins_is_vulnerable (const char *version, const char *dpkg_status)
{
  int revision = dpkg_status != NULL ? find_debian_revision (dpkg_status) : -1;

  return g_str_equal (version, UNSAFE_UPSTREAM_VERSION) && revision >= 0 && revision < SAFE_DEBIAN_REVISION;
}

char *
vgw_plugins_find_vulnerable (void)
{
  g_autofree char *version = vgw_plugins_get_version ("webrtcbin");
  g_autofree char *status = NULL;

  if (version == NULL)
    return NULL;
  g_file_get_contents (DPKG_STATUS_FILE, &status, NULL, NULL);
  if (!vgw_plugins_is_vulnerable (version, status))
    return NULL;
  return g_strdup_printf (
      "gstreamer1.0-plugins-bad 1.22.0 before deb12u%d has vulnerabilities that callers can exploit "
      "(CVE-2026-59692, CVE-2026-14935): run apt-get install --only-upgrade "
      "gstreamer1.0-plugins-bad",
      SAFE_DEBIAN_REVISION);
}
