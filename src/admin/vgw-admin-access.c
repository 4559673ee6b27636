#include "admin/vgw-admin-access.h"

#include <openssl/crypto.h>
#include <string.h>

#include "base/vgw-address-group.h"
#include "base/vgw-log.h"
#include "net/vgw-http-head.h"
#include "net/vgw-http-origin.h"

#define BEARER "Bearer "
#define TOKEN_PROTOCOL                                                                                                 \
  "voice-gateway.token." /* the name of a WebSocket's subprotocol: browsers can set no header there */

struct _VgwAdminAccess
{
  gboolean is_loopback;
  GPtrArray *digests; /* char *, SHA-256 of the tokens in hexadecimal */
};

VgwAdminAccess *
vgw_admin_access_new (const char *address, const char *const *tokens)
{
  VgwAdminAccess *self = g_new0 (VgwAdminAccess, 1);

  self->is_loopback = vgw_address_is_loopback (address);
  self->digests = g_ptr_array_new_with_free_func (g_free);
  vgw_admin_access_set_tokens (self, tokens);
  return self;
}

void
vgw_admin_access_free (VgwAdminAccess *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->digests);
  g_free (self);
}

void
vgw_admin_access_set_tokens (VgwAdminAccess *self, const char *const *tokens)
{
  gboolean is_empty = tokens == NULL || *tokens == NULL;

  if (is_empty && !self->is_loopback)
    return;
  g_ptr_array_set_size (self->digests, 0);
  for (guint i = 0; !is_empty && tokens[i] != NULL; i++)
    g_ptr_array_add (self->digests, g_compute_checksum_for_string (G_CHECKSUM_SHA256, tokens[i], -1));
}

/* Compares digests, and all of them, so that the time says nothing about the tokens. */
static gboolean
is_digest (VgwAdminAccess *self, const char *digest)
{
  gboolean is_known = FALSE;

  for (guint i = 0; i < self->digests->len; i++)
    is_known |= CRYPTO_memcmp (digest, self->digests->pdata[i], strlen (digest)) == 0;
  return is_known;
}

/* What is checked of a request, as it is in its head: texts are NULL where there is none. */
typedef struct
{
  const char *method;
  const char *host;
  const char *origin;
  const char *authorization;
  const char *protocols; /* NULL for what is no WebSocket's handshake */
  const char *content_type;
  const char *marker;
  const char *fetch_site;
  const char *fetch_mode;
} Asked;

typedef struct
{
  guint status;
  const char *text;
} Refusal;

static const Refusal bad_host = { VGW_HTTP_STATUS_FORBIDDEN,
                                  "the Host header must be an IP address or localhost; a proxy in front has to set "
                                  "it\n" };
static const Refusal bad_token = { VGW_HTTP_STATUS_UNAUTHORIZED, "this token is not valid; see admin.token-file\n" };
static const Refusal no_token = { VGW_HTTP_STATUS_UNAUTHORIZED,
                                  "a token is needed: Authorization: Bearer TOKEN, see admin.token-file\n" };
static const Refusal bad_origin = { VGW_HTTP_STATUS_FORBIDDEN,
                                    "pages of other origins may not use the admin listener\n" };
static const Refusal bad_post = { VGW_HTTP_STATUS_UNSUPPORTED_MEDIA_TYPE,
                                  "a POST needs Content-Type: application/json, the header X-Voice-Gateway-Admin, or "
                                  "a token\n" };

/* The digest of the token: in Authorization, or for a WebSocket in a subprotocol. NULL where there is none. (transfer
 * full) */
static char *
read_digest (const Asked *asked)
{
  const char *found = asked->protocols != NULL ? strstr (asked->protocols, TOKEN_PROTOCOL) : NULL;
  gssize length = -1;

  if (asked->authorization != NULL && g_ascii_strncasecmp (asked->authorization, BEARER, strlen (BEARER)) == 0)
    found = asked->authorization + strlen (BEARER);
  else if (found != NULL)
    {
      found += strlen (TOKEN_PROTOCOL);
      length = (gssize) strcspn (found, ", \t");
    }
  return found != NULL ? g_compute_checksum_for_string (G_CHECKSUM_SHA256, found, length) : NULL;
}

/* What has nothing to hide: health, for load balancers; the dashboard's files and the description of the API, which are
 * the same everywhere. */
static gboolean
is_public (const char *path)
{
  return g_str_equal (path, "/healthz") || g_str_equal (path, "/readyz") || g_str_equal (path, "/")
         || g_str_has_prefix (path, "/ui/") || g_str_equal (path, "/openapi.json");
}

/* Whether a page of elsewhere has caused the request without an Origin, as with an image; a link is followed by a
 * person, and the page cannot read what it leads to. Fetch Metadata Request Headers. */
static gboolean
is_foreign (const Asked *asked)
{
  return (g_strcmp0 (asked->fetch_site, "cross-site") == 0 || g_strcmp0 (asked->fetch_site, "same-site") == 0)
         && g_strcmp0 (asked->fetch_mode, "navigate") != 0;
}

/* Pages of other sites can make a browser send GET, a POST with some content types, and a WebSocket's handshake
 * (Fetch, "CORS-safelisted request-header"); for all else it needs a permission, which it does not get here. */
static const Refusal *
check_page (const Asked *asked)
{
  if (!vgw_http_origin_is_allowed (asked->origin, asked->host, NULL) || is_foreign (asked))
    return &bad_origin;
  if (strcmp (asked->method, "POST") == 0 && !vgw_http_is_content_type (asked->content_type, VGW_HTTP_JSON)
      && asked->marker == NULL)
    return &bad_post;
  return NULL;
}

/* NULL for a request that is accepted. */
static const Refusal *
find_refusal (VgwAdminAccess *self, const Asked *asked, gboolean is_for_all)
{
  g_autofree char *digest = read_digest (asked);

  /* Against DNS rebinding: a foreign web page whose name resolves to this machine could read everything here as its own
   * origin. The Host header has that name. */
  if (self->is_loopback && !vgw_http_host_is_local (asked->host))
    return &bad_host;
  if (digest != NULL && is_digest (self, digest))
    return NULL;
  if (self->digests->len > 0 && !is_for_all)
    return digest != NULL ? &bad_token : &no_token;
  return check_page (asked);
}

/* Its texts are those of @request. */
static Asked
get_asked (VgwHttpRequest *request)
{
  return (Asked){
    .method = vgw_http_request_get_method (request),
    .host = vgw_http_request_get_header (request, "Host"),
    .origin = vgw_http_request_get_header (request, "Origin"),
    .authorization = vgw_http_request_get_header (request, "Authorization"),
    .protocols = vgw_http_request_is_handshake (request)
                     ? vgw_http_request_get_header (request, "Sec-WebSocket-Protocol")
                     : NULL,
    .content_type = vgw_http_request_get_header (request, "Content-Type"),
    .marker = vgw_http_request_get_header (request, "X-Voice-Gateway-Admin"),
    .fetch_site = vgw_http_request_get_header (request, "Sec-Fetch-Site"),
    .fetch_mode = vgw_http_request_get_header (request, "Sec-Fetch-Mode"),
  };
}

gboolean
vgw_admin_access_check (VgwHttpRequest *request, gpointer user_data)
{
  const char *address = vgw_http_request_get_remote_address (request), *path = vgw_http_request_get_path (request);
  const Asked asked = get_asked (request);
  const Refusal *refusal = find_refusal (user_data, &asked, is_public (path));

  vgw_http_request_set_header (request, "Cache-Control", "no-store");
  if (refusal == NULL)
    return TRUE;
  if (refusal->status == VGW_HTTP_STATUS_UNAUTHORIZED)
    vgw_http_request_set_header (request, "WWW-Authenticate",
                                 refusal == &bad_token ? "Bearer realm=\"voice-gateway admin\", error=\"invalid_token\""
                                                       : "Bearer realm=\"voice-gateway admin\"");
  vgw_info_about (address, "admin: refused %s %s of %s: %s", asked.method, path, address, refusal->text);
  vgw_http_request_reply (request, refusal->status, VGW_HTTP_TEXT_PLAIN, refusal->text);
  return FALSE;
}

gboolean
vgw_admin_access_check_head (const char *head, gsize length, gpointer user_data)
{
  g_autofree char *method = g_strndup (head, length);
  g_autofree char *host = vgw_http_head_find_field (head, length, "Host");
  g_autofree char *origin = vgw_http_head_find_field (head, length, "Origin");
  g_autofree char *authorization = vgw_http_head_find_field (head, length, "Authorization");
  g_autofree char *protocols = vgw_http_head_find_field (head, length, "Sec-WebSocket-Protocol");
  g_autofree char *content_type = vgw_http_head_find_field (head, length, "Content-Type");
  g_autofree char *marker = vgw_http_head_find_field (head, length, "X-Voice-Gateway-Admin");
  g_autofree char *site = vgw_http_head_find_field (head, length, "Sec-Fetch-Site");
  g_autofree char *mode = vgw_http_head_find_field (head, length, "Sec-Fetch-Mode");
  const Asked asked = { method, host, origin, authorization, protocols, content_type, marker, site, mode };

  method[strcspn (method, " ")] = '\0';
  return find_refusal (user_data, &asked, FALSE) == NULL;
}

char *
vgw_admin_access_read_digest (VgwHttpRequest *request)
{
  const Asked asked = get_asked (request);

  return read_digest (&asked);
}

gboolean
vgw_admin_access_has_digest (VgwAdminAccess *self, const char *digest)
{
  return self->digests->len == 0 || (digest != NULL && is_digest (self, digest));
}
