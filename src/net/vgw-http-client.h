/* POSTs to HTTP servers that the configuration names. Certificates are verified, redirects are not followed, and no
 * proxy of the environment is used: a request goes to the address in the configuration or nowhere. Main thread. */
#pragma once

#include <gio/gio.h>

typedef struct _VgwHttpClient VgwHttpClient;

typedef struct
{
  guint timeout_ms;      /* of a request, from its name look-up to the end of its reply */
  guint max_connections; /* kept open; more requests wait for one */
} VgwHttpClientSettings;

/* Returns: (transfer full) */
VgwHttpClient *vgw_http_client_new (const VgwHttpClientSettings *settings);

/* Requests under way end with G_IO_ERROR_CANCELLED, and their callbacks follow in a later turn of the main loop. */
void vgw_http_client_free (VgwHttpClient *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VgwHttpClient, vgw_http_client_free)

/* Posts @json to @url, with @headers (name, value, …, NULL). @callback gets the GTask as its result, and NULL as the
 * source. */
void vgw_http_client_post_async (VgwHttpClient *self, const char *url, const char *const *headers, GBytes *json,
                                 GAsyncReadyCallback callback, gpointer user_data);

/* @retry_after_s (out): of the reply's Retry-After as seconds, 0 for none. Errors, where there is no reply: G_IO_ERROR,
 * G_RESOLVER_ERROR, G_TLS_ERROR. Returns: the HTTP status, 0 on error */
guint vgw_http_client_post_finish (GAsyncResult *result, guint *retry_after_s, GError **error);
