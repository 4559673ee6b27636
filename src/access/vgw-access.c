#include "access/vgw-access.h"

#include "base/vgw-error.h"
#include "base/vgw-log.h"
#include "net/vgw-http-origin.h"

#define MAX_LOGGED_NAME_BYTES 64

struct _VgwAccess
{
  VgwAccessSettings settings;
};

static gboolean
is_for_clients (VgwAccess *self, const VgwEngineConfig *engine)
{
  return engine->is_selectable || g_str_equal (engine->name, self->settings.default_engine);
}

/* The name of the engine that @query (nullable) asks for, NULL for none. A query that cannot be decoded asks for one
 * that there is not. (transfer full) */
static char *
find_engine_name (const char *query)
{
  g_autoptr (GHashTable) parameters =
      query != NULL ? g_uri_parse_params (query, -1, "&", G_URI_PARAMS_WWW_FORM, NULL) : NULL;

  if (query != NULL && parameters == NULL)
    return g_strdup ("");
  return parameters != NULL ? g_strdup (g_hash_table_lookup (parameters, "engine")) : NULL;
}

static gboolean
check_origin (VgwAccess *self, const VgwAccessRequest *request, GError **error)
{
  if (vgw_http_origin_is_allowed (request->origin, request->host, self->settings.origins))
    return TRUE;
  g_set_error (error, VGW_ERROR, VGW_ERROR_UNAUTHORIZED,
               "pages of %.200s may not call this gateway; to allow them, add this origin to access.origins in the "
               "gateway's configuration",
               request->origin);
  return FALSE;
}

static const VgwEngineConfig *
choose_engine (VgwAccess *self, const char *name, GError **error)
{
  const VgwEngineConfig *engine =
      vgw_engine_config_find (self->settings.engines, name != NULL ? name : self->settings.default_engine);

  if (engine != NULL && is_for_clients (self, engine))
    return engine;
  g_set_error_literal (error, VGW_ERROR, VGW_ERROR_BAD_REQUEST, "no such engine, or it is not selectable");
  return NULL;
}

/* @engine (nullable): the name that was asked for. */
static void
log_refusal (const VgwAccessRequest *request, VgwRefusal refusal, const char *engine, const GError *error)
{
  g_autofree char *shown = g_strndup (engine, MAX_LOGGED_NAME_BYTES); /* the log makes it valid and escapes it */

  if (refusal == VGW_REFUSAL_ENGINE && shown != NULL)
    vgw_info_about (request->address, "refused a session for %s: engine \"%s\": %s", request->address, shown,
                    error->message);
  else
    vgw_info_about (request->address, "refused a session for %s: %s", request->address, error->message);
}

VgwAccess *
vgw_access_new (const VgwAccessSettings *settings)
{
  VgwAccess *self = g_new0 (VgwAccess, 1);

  self->settings = *settings;
  return self;
}

void
vgw_access_free (VgwAccess *self)
{
  g_free (self);
}

VgwGrant *
vgw_access_grant (VgwAccess *self, const VgwAccessRequest *request, VgwRefusal *refusal, GError **error)
{
  g_autofree char *name = request->engine != NULL ? g_strdup (request->engine) : find_engine_name (request->query);
  g_autoptr (GError) cause = NULL;
  const VgwEngineConfig *engine = NULL;
  VgwGrant *grant;

  *refusal = VGW_REFUSAL_ORIGIN;
  if (check_origin (self, request, &cause))
    {
      *refusal = VGW_REFUSAL_ENGINE;
      engine = choose_engine (self, name, &cause);
    }
  if (engine == NULL)
    {
      if (!request->is_question)
        {
          vgw_session_table_count_refusal (self->settings.table, *refusal);
          log_refusal (request, *refusal, name, cause);
        }
      g_propagate_error (error, g_steal_pointer (&cause));
      return NULL;
    }
  grant = vgw_grant_new (request->address, engine, vgw_access_list_engines (self));
  vgw_grant_set_page (grant, request->origin, request->user_agent, request->query);
  return grant;
}

char **
vgw_access_list_engines (VgwAccess *self)
{
  GPtrArray *names = g_ptr_array_new ();

  for (guint i = 0; i < self->settings.engines->len; i++)
    {
      const VgwEngineConfig *engine = self->settings.engines->pdata[i];
      if (is_for_clients (self, engine))
        g_ptr_array_add (names, g_strdup (engine->name));
    }
  g_ptr_array_add (names, NULL);
  return (char **) g_ptr_array_free (names, FALSE);
}
