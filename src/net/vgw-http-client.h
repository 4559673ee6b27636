/* Requests to HTTP servers that the configuration names, and to nodes of the service. Certificates are verified,
 * redirects are not followed, and no proxy of the environment is used: a request goes to the address in the
 * configuration or nowhere. Main thread. */
#pragma once

#include <gio/gio.h>

typedef struct _VgwHttpClient VgwHttpClient;

typedef struct
{
  guint timeout_ms;          /* of a request, from its name look-up to the end of its reply */
  guint max_connections;     /* kept open; more requests wait for one */
  GTlsDatabase *authorities; /* (nullable: the system's) referenced */
} VgwHttpClientSettings;

/* Returns: (transfer full) */
VgwHttpClient *vgw_http_client_new (const VgwHttpClientSettings *settings);

/* All are copied, or referenced. */
typedef struct
{
  const char *url;
  const char *const *headers; /* name, value, …, NULL */
  GBytes *json;               /* (nullable) is posted; without it the request is a GET */
  gsize max_reply_bytes;      /* a longer reply is cut, and costs the connection */
} VgwHttpClientRequest;

/* Requests under way end with G_IO_ERROR_CANCELLED, and their callbacks follow in a later turn of the main loop. */
void vgw_http_client_free (VgwHttpClient *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VgwHttpClient, vgw_http_client_free)

/* Sends what is @asked. @callback gets the GTask as its result, and NULL as the source. */
void vgw_http_client_send_async (VgwHttpClient *self, const VgwHttpClientRequest *asked, GAsyncReadyCallback callback,
                                 gpointer user_data);

/* @retry_after_s (out): of the reply's Retry-After as seconds, 0 for none. @body (out) (nullable) (transfer full): of
 * the reply, or its first max_reply_bytes; NULL on error. Errors, where there is no reply: G_IO_ERROR,
 * G_RESOLVER_ERROR, G_TLS_ERROR. Returns: the HTTP status, 0 on error */
guint vgw_http_client_send_finish (GAsyncResult *result, guint *retry_after_s, GBytes **body, GError **error);
