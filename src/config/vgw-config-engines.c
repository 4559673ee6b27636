#include "config/vgw-config-engines-private.h"

#include <stdarg.h>
#include <string.h>

#include "config/vgw-config-check.h"
#include "config/vgw-config-value.h"
#include "base/vgw-error.h"
#include "engine/vgw-engine-factory.h"

#define VARIABLE_PREFIX "VGW_ENGINE_"
#define VARIABLE_SEPARATOR "__"

/* VGW_CONFIG_CHOICE writes a guint. */
G_STATIC_ASSERT (sizeof (VgwOverflow) == sizeof (guint));
G_STATIC_ASSERT (sizeof (VgwBargeIn) == sizeof (guint));
G_STATIC_ASSERT (sizeof (VgwHangup) == sizeof (guint));

static void
free_draft (gpointer data)
{
  VgwEngineDraft *draft = data;

  vgw_engine_config_free (draft->config);
  for (guint i = 0; i < vgw_config_count_engine_rows (); i++)
    g_free (draft->origins[i].where);
  g_free (draft->origins);
  g_free (draft->where);
  g_free (draft);
}

static VgwEngineDraft *
add_draft (VgwConfigEngines *self, const char *name, const char *type, const char *where)
{
  VgwEngineDraft *draft = g_new0 (VgwEngineDraft, 1);

  draft->config = vgw_engine_config_new (name, type);
  draft->origins = g_new0 (VgwConfigOrigin, vgw_config_count_engine_rows ());
  draft->where = g_strdup (where);
  g_ptr_array_add (self->drafts, draft);
  return draft;
}

VgwConfigEngines *
vgw_config_engines_new (void)
{
  VgwConfigEngines *self = g_new0 (VgwConfigEngines, 1);

  self->drafts = g_ptr_array_new_with_free_func (free_draft);
  for (const char *const *type = vgw_engine_types (); *type != NULL; type++)
    {
      if (vgw_engine_type_is_builtin (*type))
        add_draft (self, *type, *type, NULL);
    }
  return self;
}

void
vgw_config_engines_free (VgwConfigEngines *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->drafts);
  g_free (self);
}

VgwEngineDraft *
vgw_config_engines_find (VgwConfigEngines *self, const char *name)
{
  for (guint i = 0; i < self->drafts->len; i++)
    {
      VgwEngineDraft *draft = self->drafts->pdata[i];
      if (strcmp (draft->config->name, name) == 0)
        return draft;
    }
  return NULL;
}

static const VgwConfigOrigin *
get_origin (const VgwEngineDraft *draft, const char *key_name)
{
  gboolean is_file;
  const VgwConfigKey *row = vgw_config_find_engine_row (key_name, &is_file);

  return &draft->origins[vgw_config_engine_row_number (row)];
}

gboolean
vgw_engine_draft_says (const VgwEngineDraft *draft, const char *key_name)
{
  return get_origin (draft, key_name)->source != VGW_CONFIG_FROM_DEFAULT;
}

gboolean
vgw_engine_draft_fail (const VgwEngineDraft *draft, const char *key_name, GError **error, const char *format, ...)
{
  const VgwConfigOrigin *origin = get_origin (draft, key_name);
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

char *
vgw_config_engines_join_names (VgwConfigEngines *self)
{
  GString *names = g_string_new (NULL);

  for (guint i = 0; i < self->drafts->len; i++)
    {
      const VgwEngineDraft *draft = self->drafts->pdata[i];
      g_string_append_printf (names, "%s%s", i > 0 ? ", " : "", draft->config->name);
    }
  return g_string_free (names, FALSE);
}

/* --- reading --- */

const char *
vgw_config_engines_get_name (const char *group)
{
  return g_str_has_prefix (group, VGW_CONFIG_ENGINE_GROUP " ") ? group + strlen (VGW_CONFIG_ENGINE_GROUP " ") : NULL;
}

gboolean
vgw_config_engines_add (VgwConfigEngines *self, const char *name, const char *where, GError **error)
{
  VgwEngineDraft *draft = vgw_config_engines_find (self, name);

  if (draft == NULL && !vgw_config_check_engine_name (name, error))
    {
      g_prefix_error (error, "%s: the name ", where);
      return FALSE;
    }
  if (draft == NULL && self->drafts->len >= VGW_CONFIG_MAX_ENGINES)
    {
      g_set_error (error, VGW_ERROR, VGW_ERROR_CONFIG, "%s: more than %d engines", where, VGW_CONFIG_MAX_ENGINES);
      return FALSE;
    }
  if (draft == NULL)
    add_draft (self, name, "", where);
  else if (draft->where == NULL)
    draft->where = g_strdup (where);
  return TRUE;
}

gboolean
vgw_config_engines_take (VgwConfigEngines *self, const char *name, const char *key_name, const VgwConfigEntry *entry,
                         GError **error)
{
  VgwEngineDraft *draft = vgw_config_engines_find (self, name);
  VgwConfigEntry found = *entry;
  const VgwConfigKey *row = vgw_config_find_engine_row (key_name, &found.is_file);
  VgwConfigKey key;

  if (row != NULL)
    {
      key = vgw_config_engine_key (row);
      if (vgw_config_take (draft->config, &draft->origins[vgw_config_engine_row_number (row)], &key, &found, error))
        return TRUE;
    }
  else
    vgw_config_fail_unknown (entry->where, "no such key", vgw_config_suggest_engine_key (key_name), error);
  draft->is_bad = TRUE;
  return FALSE;
}

/* What stands in the variable for a '-' is '_', and that for the letters their capitals: no two names share one. */
static char *
from_variable (const char *text, gsize length)
{
  g_autofree char *part = g_strndup (text, length);
  g_autofree char *lower = g_ascii_strdown (part, -1);

  return g_strdelimit (g_steal_pointer (&lower), "_", '-');
}

gboolean
vgw_config_engines_split_variable (const char *variable, char **name, char **key_name)
{
  const char *start = variable + strlen (VARIABLE_PREFIX);
  const char *end;

  if (!g_str_has_prefix (variable, VARIABLE_PREFIX))
    return FALSE;
  end = strstr (start, VARIABLE_SEPARATOR);
  if (end == NULL || end == start)
    return FALSE;
  *name = from_variable (start, (gsize) (end - start));
  *key_name = from_variable (end + strlen (VARIABLE_SEPARATOR), strlen (end + strlen (VARIABLE_SEPARATOR)));
  return TRUE;
}

/* --- completing --- */

/* Copies the value of one row between two structs that its keys fit. */
static void
copy_value (gpointer to, const VgwConfigKey *to_key, gconstpointer from, const VgwConfigKey *from_key)
{
  g_autofree char *text = vgw_config_value_to_text (from, from_key);
  g_autoptr (GError) error = NULL;

  if (!vgw_config_assign (to, to_key, text, &error)) /* it has passed the same check before */
    g_warning ("%s: %s", to_key->name, error->message);
}

static void
inherit (VgwEngineDraft *draft, const VgwEngineDraft *wrapped, const VgwConfig *defaults)
{
  guint n_rows;
  const VgwConfigKey *rows = vgw_config_keys (&n_rows);

  for (guint i = 0; i < n_rows; i++)
    {
      VgwConfigKey key;

      if (!(rows[i].flags & VGW_CONFIG_PER_ENGINE)
          || draft->origins[vgw_config_engine_row_number (&rows[i])].source != VGW_CONFIG_FROM_DEFAULT)
        continue;
      key = vgw_config_engine_key (&rows[i]);
      if (wrapped != NULL)
        copy_value (draft->config, &key, wrapped->config, &key);
      else
        copy_value (draft->config, &key, defaults, &rows[i]);
    }
}

/* What else follows from what is said. @draft's wrapped engine is complete. */
static void
complete (VgwConfigEngines *self, VgwEngineDraft *draft, const VgwConfig *defaults)
{
  VgwEngineConfig *config = draft->config;
  VgwEngineDraft *wrapped = *config->wraps != '\0' ? vgw_config_engines_find (self, config->wraps) : NULL;
  const VgwDialect *dialect = vgw_engine_config_find_dialect (config);
  const char *fallback;

  inherit (draft, wrapped, defaults);
  if (!vgw_engine_draft_says (draft, "record-directory"))
    {
      g_free (config->record_directory);
      config->record_directory = g_strdup (defaults->record_directory);
    }
  if (dialect != NULL && !vgw_engine_draft_says (draft, "sample-rate"))
    {
      const guint rate_hz = dialect->rate_hz != 0 ? dialect->rate_hz : dialect->default_rate_hz;
      config->sample_rate_hz = rate_hz != 0 ? rate_hz : config->sample_rate_hz;
    }
  /* who talks to the assistant may interrupt it, unless its own group says otherwise */
  if (strcmp (config->type, "assistant") == 0 && !vgw_engine_draft_says (draft, "barge-in"))
    config->barge_in = VGW_BARGE_IN_FLUSH;
  /* [engine] on-failure = fallback:NAME is for all the others */
  vgw_engine_config_get_on_failure (config, &fallback);
  if (g_strcmp0 (fallback, config->name) == 0 && !vgw_engine_draft_says (draft, "on-failure"))
    {
      g_free (config->on_failure);
      config->on_failure = g_strdup ("end");
    }
}

static void
check_draft (VgwConfigEngines *self, const VgwEngineDraft *draft, VgwConfigErrors *errors)
{
  GError *error = NULL;

  if (draft->is_bad)
    return;
  vgw_engine_draft_check (self, draft, &error);
  vgw_config_errors_add (errors, error);
}

gboolean
vgw_config_engines_has (VgwConfigEngines *self, const char *name)
{
  return vgw_config_engines_find (self, name) != NULL;
}

void
vgw_config_engines_finish (VgwConfigEngines *self, VgwConfig *config, VgwConfigErrors *errors)
{
  config->engines = g_ptr_array_new_with_free_func ((GDestroyNotify) vgw_engine_config_free);

  /* first those that wrap none */
  for (int is_wrapping = FALSE; is_wrapping <= TRUE; is_wrapping++)
    {
      for (guint i = 0; i < self->drafts->len; i++)
        {
          VgwEngineDraft *draft = self->drafts->pdata[i];
          if ((*draft->config->wraps != '\0') == is_wrapping)
            complete (self, draft, config);
        }
    }
  for (guint i = 0; i < self->drafts->len; i++)
    {
      VgwEngineDraft *draft = self->drafts->pdata[i];
      check_draft (self, draft, errors);
      g_ptr_array_add (config->engines, vgw_engine_config_copy (draft->config));
    }
}
