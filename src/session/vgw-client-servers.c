#include "session/vgw-client-servers.h"

#include <string.h>

#include "signaling/vgw-message.h"

#define SHA1_BYTES 20

static char *
make_credential (const char *secret, const char *username)
{
  g_autoptr (GHmac) hmac = g_hmac_new (G_CHECKSUM_SHA1, (const guchar *) secret, strlen (secret));
  guint8 digest[SHA1_BYTES];
  gsize length = sizeof digest;

  g_hmac_update (hmac, (const guchar *) username, (gssize) strlen (username));
  g_hmac_get_digest (hmac, digest, &length);
  return g_base64_encode (digest, length);
}

GPtrArray *
vgw_client_servers_make (const VgwSessionContext *context, const char *session_id, gint64 now_s)
{
  const char *secret = context->client_turn_secret;
  gboolean has_secret = secret != NULL && *secret != '\0';
  g_autofree char *username =
      g_strdup_printf ("%" G_GINT64_FORMAT ":%s", now_s + context->client_turn_ttl_s, session_id);
  g_autofree char *credential = has_secret ? make_credential (secret, username) : NULL;
  GPtrArray *servers = g_ptr_array_new_with_free_func ((GDestroyNotify) vgw_ice_server_free);

  for (guint i = 0; context->client_ice_servers != NULL && i < context->client_ice_servers->len; i++)
    {
      const VgwIceServer *server = context->client_ice_servers->pdata[i];
      gboolean needs_credential = server->username == NULL && g_str_has_prefix (server->url, "turn");

      if (needs_credential && !has_secret)
        continue; /* a browser refuses the whole list for one TURN server without credentials */
      g_ptr_array_add (servers, vgw_ice_server_new (server->url, needs_credential ? username : server->username,
                                                    needs_credential ? credential : server->credential));
    }
  return servers;
}
