#include "config/vgw-config-engines.h"

#include <stdarg.h>
#include <string.h>

#include "base/vgw-error.h"
#include "config/vgw-config-value.h"
#include "engine/vgw-engine-factory.h"
#include "net/vgw-tls.h"

static void
free_draft (gpointer data)
{
  VgwEngineDraft *draft = data;

  g_clear_pointer (&draft->config, vgw_engine_config_free);
  vgw_config_origins_free (draft->origins);
  g_free (draft->where);
  g_free (draft);
}

static VgwEngineDraft *
add_draft (GPtrArray *drafts, const char *name, const char *type)
{
  VgwEngineDraft *draft = g_new0 (VgwEngineDraft, 1);

  draft->config = vgw_engine_config_new (name, type);
  draft->origins = vgw_config_origins_new ();
  g_ptr_array_add (drafts, draft);
  return draft;
}

GPtrArray *
vgw_config_engines_new (void)
{
  GPtrArray *drafts = g_ptr_array_new_with_free_func (free_draft);

  for (const VgwEngineType *type = vgw_engine_types (); type->name != NULL; type++)
    {
      if (!type->is_networked)
        add_draft (drafts, type->name, type->name);
    }
  return drafts;
}

VgwEngineDraft *
vgw_config_engines_find (GPtrArray *drafts, const char *name)
{
  for (guint i = 0; i < drafts->len; i++)
    {
      VgwEngineDraft *draft = drafts->pdata[i];
      if (strcmp (draft->config->name, name) == 0)
        return draft;
    }
  return NULL;
}

VgwEngineDraft *
vgw_config_engines_open (GPtrArray *drafts, const char *name, const char *where, GError **error)
{
  VgwEngineDraft *draft = vgw_config_engines_find (drafts, name);

  if (draft == NULL && !vgw_config_check (VGW_CONFIG_CHECK_ENGINE_NAME, name, error))
    {
      g_prefix_error (error, "%s: the name ", where);
      return NULL;
    }
  if (draft == NULL && drafts->len >= VGW_CONFIG_MAX_ENGINES)
    {
      g_set_error (error, VGW_ERROR, VGW_ERROR_CONFIG, "%s: more than %d engines", where, VGW_CONFIG_MAX_ENGINES);
      return NULL;
    }
  if (draft == NULL)
    draft = add_draft (drafts, name, "");
  if (draft->where == NULL)
    draft->where = g_strdup (where);
  return draft;
}

char *
vgw_config_engines_describe_missing (GPtrArray *drafts, const char *name)
{
  g_autofree char *quoted = vgw_config_quote (name);
  g_autoptr (GString) names = g_string_new (NULL);

  for (guint i = 0; i < drafts->len; i++)
    g_string_append_printf (names, "%s%s", i > 0 ? ", " : "", ((VgwEngineDraft *) drafts->pdata[i])->config->name);
  return g_strdup_printf ("%s: no such engine; known engines are %s%s", quoted, names->str,
                          vgw_engine_type_lack (name));
}

/* Whether the group of the engine sets the key. */
static gboolean
is_set (const VgwEngineDraft *draft, const char *key_name)
{
  return vgw_config_origins_find (draft->origins, VGW_CONFIG_ENGINE_GROUP, key_name)->source != VGW_CONFIG_FROM_DEFAULT;
}

/* --- completing --- */

static void
inherit (VgwEngineDraft *draft, const VgwEngineConfig *from)
{

  for (const VgwConfigKey *key = vgw_config_keys; key->name != NULL; key++)
    {
      if (key->is_of_engine && vgw_config_has_group (key->group)
          && draft->origins[key - vgw_config_keys].source == VGW_CONFIG_FROM_DEFAULT)
        vgw_config_copy_value (draft->config, from, key);
    }
}

/* Sets the values of missing keys. The engine that @draft wraps must be complete. */
static void
complete (GPtrArray *drafts, VgwEngineDraft *draft, const VgwEngineConfig *defaults)
{
  VgwEngineConfig *config = draft->config;
  const VgwEngineDraft *wrapped = *config->wraps != '\0' ? vgw_config_engines_find (drafts, config->wraps) : NULL;
  const VgwDialect *dialect = vgw_engine_config_find_dialect (config);
  const char *fallback;

  inherit (draft, wrapped != NULL ? wrapped->config : defaults);
  if (!is_set (draft, "record-directory") || *config->record_directory == '\0')
    {
      g_free (config->record_directory);
      config->record_directory = g_strdup (defaults->record_directory);
    }
  if (dialect != NULL && !is_set (draft, "sample-rate"))
    {
      const guint rate_hz = dialect->rate_hz != 0 ? dialect->rate_hz : dialect->default_rate_hz;
      config->sample_rate_hz = rate_hz != 0 ? rate_hz : config->sample_rate_hz;
    }
  /* [engine] on-failure = fallback:NAME applies to all other engines */
  vgw_engine_config_get_on_failure (config, &fallback);
  if (g_strcmp0 (fallback, config->name) == 0 && !is_set (draft, "on-failure"))
    {
      g_free (config->on_failure);
      config->on_failure = g_strdup ("end");
    }
}

/* --- checking --- */

/* Sets @error to "WHERE: " and the text, WHERE being the position of @key_name. Returns FALSE. */
static gboolean G_GNUC_PRINTF (4, 5)
    fail (const VgwEngineDraft *draft, const char *key_name, GError **error, const char *format, ...)
{
  const VgwConfigOrigin *origin = vgw_config_origins_find (draft->origins, VGW_CONFIG_ENGINE_GROUP, key_name);
  g_autofree char *text = NULL;
  va_list args;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  if (origin->where != NULL)
    g_set_error (error, VGW_ERROR, VGW_ERROR_CONFIG, "%s: %s", origin->where, text);
  else if (draft->where != NULL)
    g_set_error (error, VGW_ERROR, VGW_ERROR_CONFIG, "%s: %s: %s", draft->where, key_name, text);
  else
    g_set_error (error, VGW_ERROR, VGW_ERROR_CONFIG, "engine %s: %s: %s", draft->config->name, key_name, text);
  return FALSE;
}

static gboolean
check_type (GPtrArray *drafts, const VgwEngineDraft *draft, GError **error)
{
  g_autofree char *types = NULL;

  if (*draft->config->type != '\0')
    return TRUE;
  types = vgw_engine_type_list ();
  return fail (draft, "type", error, "must be set, to one of %s%s", types, vgw_engine_type_lack (draft->config->name));
}

/* @key belongs to @type, not to @draft's type. */
static gboolean
fail_idle_key (const VgwEngineDraft *draft, const char *key, const VgwEngineType *type, GError **error)
{
  guint n_types = 0;

  for (const VgwEngineType *other = vgw_engine_types (); other->name != NULL; other++)
    n_types += g_strv_contains (other->keys, key);
  if (n_types > 1)
    return fail (draft, key, error, "engines with type = %s do not have this key", draft->config->type);
  return fail (draft, key, error, "is only valid for engines with type = %s", type->name);
}

/* A key that this type does not use is most likely meant for another engine. */
static gboolean
check_idle_keys (GPtrArray *drafts, const VgwEngineDraft *draft, GError **error)
{
  for (const VgwEngineType *type = vgw_engine_types (); type->name != NULL; type++)
    {
      for (const char *const *key = type->keys; *key != NULL; key++)
        {
          if (is_set (draft, *key) && !vgw_engine_type_has_key (draft->config->type, *key))
            return fail_idle_key (draft, *key, type, error);
        }
    }
  return TRUE;
}

static gboolean
check_url (GPtrArray *drafts, const VgwEngineDraft *draft, GError **error)
{
  const VgwEngineConfig *config = draft->config;
  g_autoptr (GError) cause = NULL;

  if (!vgw_engine_type_is_networked (config->type))
    return TRUE;
  if (strcmp (config->type, "audiosocket") == 0)
    vgw_config_check (VGW_CONFIG_CHECK_TCP_URL, config->url, &cause);
  else
    vgw_config_check (VGW_CONFIG_CHECK_WEBSOCKET_URL, config->url, &cause);
  return cause == NULL || fail (draft, "url", error, "%s", cause->message);
}

/* Loaded at the start, so that a missing file is detected. */
static gboolean
check_authorities (GPtrArray *drafts, const VgwEngineDraft *draft, GError **error)
{
  g_autoptr (GError) cause = NULL;

  if (*draft->config->tls_ca != '\0' && !vgw_tls_is_wanted (draft->config->url))
    return fail (draft, "tls-ca", error, "is only valid with a url that begins with wss:");
  return vgw_engine_config_load_authorities (draft->config, &cause)
         || fail (draft, "tls-ca", error, "%s", cause->message);
}

static gboolean
check_wraps (GPtrArray *drafts, const VgwEngineDraft *draft, GError **error)
{
  const char *name = draft->config->wraps;
  const VgwEngineDraft *wrapped = vgw_config_engines_find (drafts, name);
  g_autofree char *missing = NULL;

  if (*name == '\0' || (wrapped != NULL && strcmp (wrapped->config->type, "record") != 0))
    return TRUE;
  if (wrapped != NULL)
    return fail (draft, "wraps", error, "\"%s\" is of type record itself; must name an engine of another type", name);
  missing = vgw_config_engines_describe_missing (drafts, name);
  return fail (draft, "wraps", error, "%s", missing);
}

static gboolean
check_rate (GPtrArray *drafts, const VgwEngineDraft *draft, GError **error)
{
  const VgwEngineConfig *config = draft->config;
  const VgwDialect *dialect = vgw_engine_config_find_dialect (config);
  const VgwEngineDraft *wrapped = *config->wraps != '\0' ? vgw_config_engines_find (drafts, config->wraps) : NULL;

  if (dialect != NULL && dialect->rate_hz != 0 && dialect->rate_hz != config->sample_rate_hz)
    return fail (draft, "sample-rate", error, "the dialect %s supports only %u", dialect->name, dialect->rate_hz);
  if (wrapped != NULL && !wrapped->is_bad && wrapped->config->sample_rate_hz != config->sample_rate_hz)
    return fail (draft, "sample-rate", error, "must be %u, the sample rate of the engine %s that it wraps",
                 wrapped->config->sample_rate_hz, config->wraps);
  return TRUE;
}

static const VgwEngineDraft *
find_fallback (GPtrArray *drafts, const VgwEngineDraft *draft, const char **name)
{
  vgw_engine_config_get_on_failure (draft->config, name);
  return *name != NULL ? vgw_config_engines_find (drafts, *name) : NULL;
}

/* Whether the fallbacks of @draft have no cycle. */
static gboolean
has_last_fallback (GPtrArray *drafts, const VgwEngineDraft *draft)
{
  const char *name;

  for (guint n = 0; n <= drafts->len && draft != NULL; n++)
    draft = find_fallback (drafts, draft, &name);
  return draft == NULL;
}

static gboolean
check_fallback (GPtrArray *drafts, const VgwEngineDraft *draft, GError **error)
{
  const char *name;
  const VgwEngineDraft *other = find_fallback (drafts, draft, &name);
  g_autofree char *missing = NULL;

  if (name == NULL)
    return TRUE;
  if (other == draft)
    return fail (draft, "on-failure", error, "an engine cannot be its own fallback");
  if (other == NULL)
    {
      missing = vgw_config_engines_describe_missing (drafts, name);
      return fail (draft, "on-failure", error, "%s", missing);
    }
  if (!other->is_bad && other->config->sample_rate_hz != draft->config->sample_rate_hz)
    return fail (draft, "on-failure", error,
                 "the sample rate of %s is %u, that of its fallback %s is %u; they must be the same",
                 draft->config->name, draft->config->sample_rate_hz, name, other->config->sample_rate_hz);
  return has_last_fallback (drafts, draft)
         || fail (draft, "on-failure", error, "the fallbacks of %s form a loop", draft->config->name);
}

/* Checks one engine, also against the others; adds its first error. */
static void
check (GPtrArray *drafts, const VgwEngineDraft *draft, VgwConfigErrors *errors)
{
  static gboolean (*const checks[]) (GPtrArray *, const VgwEngineDraft *, GError **) = {
    check_type, check_idle_keys, check_url, check_authorities, check_wraps, check_rate, check_fallback,
  };
  GError *error = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (checks) && error == NULL && !draft->is_bad; i++)
    checks[i](drafts, draft, &error);
  vgw_config_errors_add (errors, error);
}

void
vgw_config_engines_finish (GPtrArray *drafts, VgwConfig *config, VgwConfigErrors *errors)
{
  /* first those that wrap none */
  for (int is_wrapping = FALSE; is_wrapping <= TRUE; is_wrapping++)
    {
      for (guint i = 0; i < drafts->len; i++)
        {
          VgwEngineDraft *draft = drafts->pdata[i];
          if ((*draft->config->wraps != '\0') == is_wrapping)
            complete (drafts, draft, &config->engine.defaults);
        }
    }
  for (guint i = 0; i < drafts->len; i++)
    check (drafts, drafts->pdata[i], errors);
  config->engine.engines = g_ptr_array_new_with_free_func ((GDestroyNotify) vgw_engine_config_free);
  for (guint i = 0; i < drafts->len; i++)
    g_ptr_array_add (config->engine.engines, vgw_engine_config_copy (((VgwEngineDraft *) drafts->pdata[i])->config));
}
