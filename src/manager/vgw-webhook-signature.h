/* The signature of a webhook: https://www.standardwebhooks.com. Pure functions. */
#pragma once

#include <glib.h>

#define VGW_WEBHOOK_MIN_SECRET_BYTES 24
#define VGW_WEBHOOK_MAX_SECRET_BYTES 64

/* The secret of "whsec_BASE64". Errors: VGW_ERROR_CONFIG, "must be …", without the text. Returns: (transfer full) */
GBytes *vgw_webhook_secret_parse (const char *text, GError **error);

/* The value of the header webhook-signature: a "v1,BASE64" for each of @secrets (GBytes*), the HMAC-SHA256 of
 * "ID.TIMESTAMP.BODY", separated by spaces. Returns: (transfer full) */
char *vgw_webhook_sign (GPtrArray *secrets, const char *id, gint64 timestamp_s, GBytes *body);
