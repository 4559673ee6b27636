/* The GStreamer elements that the gateway needs from the system, and the Debian packages that have them. */
#pragma once

#include <glib.h>

typedef struct
{
  const char *element;
  const char *debian_package;
} VgwNeededElement;

/* The last one has no name. (static) */
extern const VgwNeededElement vgw_needed_elements[];

/* The version of the plugin of @element, or NULL where there is no such element. Any thread, after gst_init ().
 * Returns: (transfer full) (nullable) */
char *vgw_plugins_get_version (const char *element);

/* Whether webrtcbin has vulnerabilities that callers can exploit (CVE-2026-59692, CVE-2026-14935). @version: of its
 * plugin; @dpkg_status (nullable): the text of dpkg's status file, since Debian's fix has the same version. Pure. */
gboolean vgw_plugins_is_vulnerable (const char *version, const char *dpkg_status);

/* What is wrong with the installed webrtcbin, and what to do, or NULL. Reads dpkg's status file.
 * Returns: (transfer full) (nullable) */
char *vgw_plugins_find_vulnerable (void);
