/* What only shows when an engine is seen as a whole, and among the others. */
#include <string.h>

#include "config/vgw-config-check.h"
#include "config/vgw-config-engines-private.h"
#include "engine/vgw-engine-factory.h"
#include "net/vgw-tls.h"

static gboolean
check_type (const VgwEngineDraft *draft, GError **error)
{
  g_autofree char *types = NULL;

  if (*draft->config->type != '\0')
    return TRUE;
  types = g_strjoinv (", ", (char **) vgw_engine_types ());
  return vgw_engine_draft_fail (draft, "type", error, "must be set, to one of %s%s", types,
                                vgw_engine_type_lack (draft->config->name));
}

/* A key that this type of engine has no use for is most likely meant for another engine. */
static gboolean
check_idle_keys (const VgwEngineDraft *draft, GError **error)
{
  static const struct
  {
    const char *key_name;
    const char *type;
  } keys[] = {
    { "dialect", "websocket" }, { "authorization", "websocket" }, { "tls-ca", "websocket" },
    { "wraps", "record" },      { "record-directory", "record" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (keys); i++)
    {
      if (vgw_engine_draft_says (draft, keys[i].key_name) && strcmp (draft->config->type, keys[i].type) != 0)
        return vgw_engine_draft_fail (draft, keys[i].key_name, error, "is only for an engine with type = %s",
                                      keys[i].type);
    }
  if (vgw_engine_draft_says (draft, "url") && !vgw_engine_type_is_networked (draft->config->type))
    return vgw_engine_draft_fail (draft, "url", error, "an engine with type = %s has none", draft->config->type);
  return TRUE;
}

static gboolean
check_url (const VgwEngineDraft *draft, GError **error)
{
  const VgwEngineConfig *config = draft->config;
  g_autoptr (GError) cause = NULL;

  if (!vgw_engine_type_is_networked (config->type))
    return TRUE;
  if (strcmp (config->type, "audiosocket") == 0)
    vgw_config_check_tcp_url (config->url, &cause);
  else
    vgw_config_check_websocket_url (config->url, &cause);
  return cause == NULL || vgw_engine_draft_fail (draft, "url", error, "%s", cause->message);
}

/* Here and not when a call comes: a file that is missing shows at the start. */
static gboolean
check_authorities (const VgwEngineDraft *draft, GError **error)
{
  g_autoptr (GError) cause = NULL;

  if (*draft->config->tls_ca != '\0' && !vgw_tls_is_wanted (draft->config->url))
    return vgw_engine_draft_fail (draft, "tls-ca", error, "is only for a url that begins with wss:");
  if (vgw_engine_config_load_authorities (draft->config, &cause))
    return TRUE;
  return vgw_engine_draft_fail (draft, "tls-ca", error, "%s", cause->message);
}

static gboolean
check_rate (VgwConfigEngines *self, const VgwEngineDraft *draft, GError **error)
{
  const VgwEngineConfig *config = draft->config;
  const VgwDialect *dialect = vgw_engine_config_find_dialect (config);
  const VgwEngineDraft *wrapped = *config->wraps != '\0' ? vgw_config_engines_find (self, config->wraps) : NULL;

  if (dialect != NULL && dialect->rate_hz != 0 && dialect->rate_hz != config->sample_rate_hz)
    return vgw_engine_draft_fail (draft, "sample-rate", error, "the dialect %s has no other than %u", dialect->name,
                                  dialect->rate_hz);
  if (wrapped != NULL && !wrapped->is_bad && wrapped->config->sample_rate_hz != config->sample_rate_hz)
    return vgw_engine_draft_fail (draft, "sample-rate", error, "the engine %s that it wraps has %u", config->wraps,
                                  wrapped->config->sample_rate_hz);
  return TRUE;
}

static gboolean
check_wraps (VgwConfigEngines *self, const VgwEngineDraft *draft, GError **error)
{
  const VgwEngineDraft *wrapped;
  g_autofree char *names = NULL;

  if (*draft->config->wraps == '\0')
    return TRUE;
  wrapped = vgw_config_engines_find (self, draft->config->wraps);
  if (wrapped != NULL && strcmp (wrapped->config->type, "record") == 0)
    return vgw_engine_draft_fail (draft, "wraps", error, "\"%s\" records itself; must name an engine of another type",
                                  draft->config->wraps);
  if (wrapped != NULL)
    return TRUE;
  names = vgw_config_engines_join_names (self);
  return vgw_engine_draft_fail (draft, "wraps", error, "\"%s\": no such engine; there are %s%s", draft->config->wraps,
                                names, vgw_engine_type_lack (draft->config->wraps));
}

/* Whether following the fallbacks from @draft comes to an end. */
static gboolean
has_last_fallback (VgwConfigEngines *self, const VgwEngineDraft *draft)
{
  for (guint n = 0; n <= self->drafts->len; n++)
    {
      const char *fallback;

      vgw_engine_config_get_on_failure (draft->config, &fallback);
      draft = fallback != NULL ? vgw_config_engines_find (self, fallback) : NULL;
      if (draft == NULL)
        return TRUE;
    }
  return FALSE;
}

static gboolean
check_fallback (VgwConfigEngines *self, const VgwEngineDraft *draft, GError **error)
{
  const VgwEngineDraft *other;
  const char *fallback;
  g_autofree char *names = NULL;

  vgw_engine_config_get_on_failure (draft->config, &fallback);
  if (fallback == NULL)
    return TRUE;
  other = vgw_config_engines_find (self, fallback);
  if (other == draft)
    return vgw_engine_draft_fail (draft, "on-failure", error, "an engine cannot be its own fallback");
  if (other == NULL)
    {
      names = vgw_config_engines_join_names (self);
      return vgw_engine_draft_fail (draft, "on-failure", error, "\"%s\": no such engine; there are %s%s", fallback,
                                    names, vgw_engine_type_lack (fallback));
    }
  if (!other->is_bad && other->config->sample_rate_hz != draft->config->sample_rate_hz)
    return vgw_engine_draft_fail (draft, "on-failure", error,
                                  "%s has a sample-rate of %u, and its fallback %s one of %u; both must have the same",
                                  draft->config->name, draft->config->sample_rate_hz, fallback,
                                  other->config->sample_rate_hz);
  if (!has_last_fallback (self, draft))
    return vgw_engine_draft_fail (draft, "on-failure", error, "the fallbacks of %s go round in a circle",
                                  draft->config->name);
  return TRUE;
}

gboolean
vgw_engine_draft_check (VgwConfigEngines *self, const VgwEngineDraft *draft, GError **error)
{
  return check_type (draft, error) && check_idle_keys (draft, error) && check_url (draft, error)
         && check_authorities (draft, error) && check_wraps (self, draft, error) && check_rate (self, draft, error)
         && check_fallback (self, draft, error);
}
