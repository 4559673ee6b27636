/* URLs for logs, the admin API and the doctor. Any thread. */
#pragma once

#include <glib.h>

/* @url without user, query and fragment, which may have secrets. Returns: (transfer full) (nullable) NULL where it is
 * no URL */
char *vgw_url_strip (const char *url);

/* The scheme, the host and the port of @url: of webhooks, whose path may be a secret too. Returns: (transfer full)
 * (nullable) NULL where it is no URL with a host */
char *vgw_url_get_origin (const char *url);
