#include "access/vgw-access.h"

#include <string.h>

#include "access/vgw-token.h"
#include "base/vgw-address-group.h"
#include "base/vgw-error.h"
#include "base/vgw-log.h"
#include "net/vgw-http-origin.h"

#define BEARER "Bearer "
#define SHUTTING_DOWN "the gateway is shutting down"
#define OPEN_SECRET_MAX_TTL_S 600 /* where everybody may have one */
#define TOKEN_SUBPROTOCOL "voice-gateway.token."

struct _VgwAccess
{
  VgwAccessSettings settings;
  char *audience;   /* of the settings, whose texts may be gone at the next ones */
  GHashTable *keys; /* of tokens: id → secret */
  VgwClientSecrets *secrets;
};

static gboolean
is_for_clients (VgwAccess *self, const VgwEngineConfig *engine)
{
  return engine->is_selectable || g_str_equal (engine->name, self->settings.default_engine);
}

/* The parameter @name of @query (nullable), NULL where it has none. In a query that cannot be decoded every parameter
 * is empty: the name of no engine, and no token. (transfer full) */
static char *
find_parameter (const char *query, const char *name)
{
  g_autoptr (GHashTable) parameters =
      query != NULL ? g_uri_parse_params (query, -1, "&", G_URI_PARAMS_WWW_FORM, NULL) : NULL;

  if (query != NULL && parameters == NULL)
    return g_strdup ("");
  return parameters != NULL ? g_strdup (g_hash_table_lookup (parameters, name)) : NULL;
}

/* --- origins --- */

/* Where this machine can call without a token, a name is not enough for the gateway's own origin: the owner of a
 * foreign page can have its name resolved to this machine (DNS rebinding). */
static gboolean
check_origin (VgwAccess *self, const VgwAccessRequest *request, GError **error)
{
  gboolean needs_local_host = self->settings.mode == VGW_ACCESS_OPEN && !self->settings.allows_open_network;
  const char *host = needs_local_host && !vgw_http_host_is_local (request->host) ? NULL : request->host;

  if (vgw_http_origin_is_allowed (request->origin, host, self->settings.origins))
    return TRUE;
  g_set_error (error, VGW_ERROR, VGW_ERROR_UNAUTHORIZED,
               "pages of %.200s may not call this gateway; to allow them, add this origin to access.origins in the "
               "gateway's configuration",
               request->origin);
  return FALSE;
}

/* --- tokens --- */

/* (transfer full) (nullable) */
static char *
find_token_subprotocol (const char *subprotocols)
{
  g_auto (GStrv) names = g_strsplit (subprotocols != NULL ? subprotocols : "", ",", -1);

  for (char **name = names; *name != NULL; name++)
    if (g_str_has_prefix (g_strstrip (*name), TOKEN_SUBPROTOCOL))
      return g_strdup (*name + strlen (TOKEN_SUBPROTOCOL));
  return NULL;
}

/* (transfer full) (nullable) */
static char *
find_token (const VgwAccessRequest *request)
{
  const char *header = request->authorization;
  char *token = NULL;

  if (header != NULL && g_ascii_strncasecmp (header, BEARER, strlen (BEARER)) == 0)
    return g_strstrip (g_strdup (header + strlen (BEARER)));
  token = find_token_subprotocol (request->subprotocols);
  return token != NULL ? token : find_parameter (request->query, "token");
}

static gint64
now_s (void)
{
  return g_get_real_time () / G_USEC_PER_SEC;
}

/* What @text grants: a client secret, where @request may have one, or a token. */
static gboolean
read_token (VgwAccess *self, const VgwAccessRequest *request, const char *text, VgwToken **token, GError **error)
{
  const VgwClientSecret *secret;

  if (!request->has_secrets || !g_str_has_prefix (text, VGW_CLIENT_SECRET_PREFIX))
    {
      *token = vgw_token_verify (text, self->keys, self->settings.token_audience, now_s (), error);
      return *token != NULL;
    }
  secret = vgw_client_secrets_find (self->secrets, text, now_s ());
  if (secret == NULL || secret->token == NULL)
    {
      g_set_error_literal (error, VGW_ERROR, VGW_ERROR_UNAUTHORIZED, "the client secret is not known, or has expired");
      return FALSE;
    }
  *token = vgw_token_copy (secret->token);
  return TRUE;
}

/* @token (out): what it grants (transfer full); NULL where none is needed. */
static gboolean
check_token (VgwAccess *self, const VgwAccessRequest *request, VgwToken **token, VgwRefusal *refusal, GError **error)
{
  g_autofree char *text = NULL;

  *token = NULL;
  if (self->settings.mode == VGW_ACCESS_OPEN)
    return TRUE;
  text = find_token (request);
  if (text == NULL)
    {
      *refusal = VGW_REFUSAL_NO_TOKEN;
      g_set_error_literal (error, VGW_ERROR, VGW_ERROR_UNAUTHORIZED, "an access token is required");
      return FALSE;
    }
  *refusal = VGW_REFUSAL_TOKEN;
  return read_token (self, request, text, token, error);
}

/* --- engines --- */

/* Whether a caller with @token (nullable) may have @engine. */
static gboolean
may_have (VgwAccess *self, const VgwToken *token, const VgwEngineConfig *engine)
{
  if (token != NULL && token->engines != NULL)
    return g_strv_contains ((const char *const *) token->engines, engine->name);
  return is_for_clients (self, engine);
}

/* The names of the engines that a caller with @token (nullable) may have. (transfer full) */
static char **
list_engines (VgwAccess *self, const VgwToken *token)
{
  GPtrArray *names = g_ptr_array_new ();

  for (guint i = 0; i < self->settings.engines->len; i++)
    {
      const VgwEngineConfig *engine = self->settings.engines->pdata[i];
      if (may_have (self, token, engine))
        g_ptr_array_add (names, g_strdup (engine->name));
    }
  g_ptr_array_add (names, NULL);
  return (char **) g_ptr_array_free (names, FALSE);
}

/* The engine that is asked for by @name (nullable): by none, the @model (nullable) where the caller may have it, else
 * the default, or the first that a token names where it does not name that. */
static const VgwEngineConfig *
choose_engine (VgwAccess *self, const char *name, const char *model, const VgwToken *token, GError **error)
{
  const VgwEngineConfig *liked = model != NULL ? vgw_engine_config_find (self->settings.engines, model) : NULL;
  const char *wanted = name != NULL ? name : self->settings.default_engine;
  const VgwEngineConfig *engine = vgw_engine_config_find (self->settings.engines, wanted);

  if (name == NULL && liked != NULL && may_have (self, token, liked))
    return liked;
  if (engine != NULL && may_have (self, token, engine))
    return engine;
  for (char **granted = token != NULL && name == NULL ? token->engines : NULL; granted != NULL && *granted != NULL;
       granted++)
    {
      engine = vgw_engine_config_find (self->settings.engines, *granted);
      if (engine != NULL)
        return engine;
    }
  g_set_error_literal (error, VGW_ERROR, VGW_ERROR_BAD_REQUEST, "no such engine, or it is not selectable");
  return NULL;
}

/* --- the whole --- */

static VgwGrant *
make_grant (VgwAccess *self, const VgwAccessRequest *request, const VgwEngineConfig *engine, const VgwToken *token)
{
  VgwGrant *grant = vgw_grant_new (request->address, engine, list_engines (self, token));

  grant->door = request->door;
  grant->may_return = request->may_return;
  grant->has_one_offer = request->has_one_offer;
  vgw_grant_set_page (grant, request->origin, request->user_agent, request->query);
  vgw_grant_set_trace (grant, request->traceparent);
  if (token != NULL)
    vgw_grant_set_token (grant, token->identity, token->max_duration_s, token->metadata);
  return grant;
}

static void
set_settings (VgwAccess *self, const VgwAccessSettings *settings)
{
  g_free (self->audience);
  self->audience = g_strdup (settings->token_audience);
  self->settings = *settings;
  self->keys = vgw_token_read_keys (settings->token_keys, NULL);
  if (self->keys == NULL) /* the configuration is checked before */
    self->keys = vgw_token_read_keys (NULL, NULL);
}

VgwAccess *
vgw_access_new (const VgwAccessSettings *settings)
{
  VgwAccess *self = g_new0 (VgwAccess, 1);

  self->secrets = vgw_client_secrets_new (vgw_session_table_get_node_ids (settings->table));
  set_settings (self, settings);
  return self;
}

void
vgw_access_free (VgwAccess *self)
{
  if (self == NULL)
    return;
  vgw_client_secrets_free (self->secrets);
  g_hash_table_unref (self->keys);
  g_free (self->audience);
  g_free (self);
}

/* Each time, so that an operator sees which keys a file has after its change. */
static void
log_keys (VgwAccess *self)
{
  g_autofree char **ids = (char **) g_hash_table_get_keys_as_array (self->keys, NULL);
  g_autofree char *list = g_strjoinv (", ", ids);

  if (self->settings.mode == VGW_ACCESS_TOKEN)
    vgw_info (NULL, "reload: access.token-keys now has %s", list);
}

/* Whether each of @keys is among @others. */
static gboolean
are_kept (GHashTable *keys, GHashTable *others)
{
  GHashTableIter iter;
  gpointer id, secret;

  g_hash_table_iter_init (&iter, keys);
  while (g_hash_table_iter_next (&iter, &id, &secret))
    if (g_strcmp0 (secret, g_hash_table_lookup (others, id)) != 0)
      return FALSE;
  return TRUE;
}

void
vgw_access_configure (VgwAccess *self, const VgwAccessSettings *settings)
{
  g_autoptr (GHashTable) before = g_steal_pointer (&self->keys);
  g_autofree char *audience = g_strdup (self->audience);
  guint mode = self->settings.mode;

  set_settings (self, settings);
  /* what a token grants is not good any longer than the token */
  if (settings->mode != mode || g_strcmp0 (audience, self->audience) != 0 || !are_kept (before, self->keys))
    vgw_client_secrets_clear (self->secrets);
  log_keys (self);
}

/* The engine and the token (out) (transfer full) of @request, or NULL: that is counted and logged. */
static const VgwEngineConfig *
check_request (VgwAccess *self, const VgwAccessRequest *request, VgwToken **token, VgwRefusal *refusal, GError **error)
{
  g_autofree char *name =
      request->engine != NULL ? g_strdup (request->engine) : find_parameter (request->query, "engine");
  g_autoptr (GError) cause = NULL;
  const VgwEngineConfig *engine = NULL;

  *refusal = VGW_REFUSAL_ORIGIN;
  if (check_origin (self, request, &cause) && check_token (self, request, token, refusal, &cause))
    {
      *refusal = VGW_REFUSAL_ENGINE;
      engine = choose_engine (self, name, request->model, *token, &cause);
    }
  if (engine != NULL)
    return engine;
  if (!request->is_question)
    vgw_session_table_refuse (self->settings.table, *refusal, request->address,
                              *refusal == VGW_REFUSAL_ENGINE ? name : NULL, cause->message);
  g_propagate_error (error, g_steal_pointer (&cause));
  return NULL;
}

VgwGrant *
vgw_access_grant (VgwAccess *self, const VgwAccessRequest *request, VgwRefusal *refusal, GError **error)
{
  g_autoptr (VgwToken) token = NULL;
  const VgwEngineConfig *engine = check_request (self, request, &token, refusal, error);

  return engine != NULL ? make_grant (self, request, engine, token) : NULL;
}

const VgwClientSecret *
vgw_access_issue_secret (VgwAccess *self, const VgwAccessRequest *request, const char *session, guint ttl_s,
                         VgwRefusal *refusal, GError **error)
{
  g_autoptr (VgwToken) token = NULL;
  g_autofree char *group = vgw_address_group (request->address);
  g_autofree char *owner = NULL;
  g_autoptr (GError) cause = NULL;
  const VgwClientSecret *secret;

  if (check_request (self, request, &token, refusal, error) == NULL)
    return NULL;
  if (vgw_session_table_get_state (self->settings.table) != VGW_SESSION_TABLE_OPEN)
    {
      *refusal = VGW_REFUSAL_SHUTDOWN;
      vgw_session_table_refuse (self->settings.table, *refusal, request->address, NULL, SHUTTING_DOWN);
      g_set_error_literal (error, VGW_ERROR, VGW_ERROR_BUSY, SHUTTING_DOWN);
      return NULL;
    }
  ttl_s = token != NULL ? (guint) CLAMP (token->expires_at_s - now_s (), 1, (gint64) ttl_s)
                        : MIN (ttl_s, OPEN_SECRET_MAX_TTL_S);
  owner = g_strconcat (token != NULL ? "sub:" : "address:", token != NULL ? token->identity : group, NULL);
  secret = vgw_client_secrets_add (self->secrets, token, owner, session, ttl_s, now_s (), &cause);
  if (secret != NULL)
    return secret;
  *refusal = VGW_REFUSAL_RATE;
  if (g_error_matches (cause, VGW_ERROR, VGW_ERROR_BUSY))
    vgw_session_table_refuse (self->settings.table, *refusal, request->address, NULL, cause->message);
  g_propagate_error (error, g_steal_pointer (&cause));
  return NULL;
}

const VgwClientSecret *
vgw_access_find_secret (VgwAccess *self, const VgwAccessRequest *request)
{
  g_autofree char *text = find_token (request);

  return text != NULL ? vgw_client_secrets_find (self->secrets, text, now_s ()) : NULL;
}

char **
vgw_access_list_engines (VgwAccess *self)
{
  return list_engines (self, NULL);
}
