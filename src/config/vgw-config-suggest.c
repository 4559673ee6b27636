#include "config/vgw-config-suggest.h"

#include <string.h>

#include "config/vgw-config-keys.h"
#include "config/vgw-config-variables.h"

#define ENGINE_VARIABLE_PREFIX "VGW_ENGINE_"
#define MAX_SUGGEST_BYTES 64 /* longer words are not typing errors */

/* The Levenshtein distance. */
static guint
get_distance (const char *a, const char *b)
{
  guint row[MAX_SUGGEST_BYTES + 1];
  gsize length = strlen (b);

  for (guint j = 0; j <= length; j++)
    row[j] = j;
  for (guint i = 1; a[i - 1] != '\0'; i++)
    {
      guint diagonal = row[0];
      row[0] = i;
      for (guint j = 1; j <= length; j++)
        {
          guint change = diagonal + (a[i - 1] != b[j - 1]);
          diagonal = row[j];
          row[j] = MIN (change, MIN (row[j], row[j - 1]) + 1);
        }
    }
  return row[length];
}

/* A suggestion of the one of @names that is nearest to @word. */
static char *
suggest_nearest (const char *word, GPtrArray *names)
{
  const char *nearest = NULL;
  guint nearest_distance = G_MAXUINT;

  for (guint i = 0; i < names->len && strlen (word) <= MAX_SUGGEST_BYTES; i++)
    {
      const char *name = names->pdata[i];
      guint distance = strlen (name) <= MAX_SUGGEST_BYTES ? get_distance (word, name) : G_MAXUINT;

      /* with a third of the letters wrong it is another word */
      if (distance >= nearest_distance || distance > 1 + strlen (name) / 4)
        continue;
      nearest = name;
      nearest_distance = distance;
    }
  return nearest != NULL ? g_strdup_printf ("; did you mean %s?", nearest) : g_strdup ("");
}

/* The name of the engine and of its key where @text is NAME.KEY, such as "bot.url". */
static gboolean
split_engine_key (const char *text, char **engine, const char **key_name)
{
  const char *dot = strrchr (text, '.');
  gboolean is_file;

  if (dot == NULL || vgw_config_find_key (VGW_CONFIG_ENGINE_GROUP, dot + 1, &is_file) == NULL)
    return FALSE;
  *engine = g_strndup (text, (gsize) (dot - text));
  *key_name = dot + 1;
  return vgw_config_check (VGW_CONFIG_CHECK_ENGINE_NAME, *engine, NULL);
}

/* A suggestion of the group that has the key @name; NULL where there is none. */
static char *
suggest_other_group (const char *group, const char *name)
{
  g_autofree char *engine = NULL;
  const char *engine_key;
  gboolean is_file;

  if (strcmp (group, "engine") == 0 && split_engine_key (name, &engine, &engine_key))
    return g_strdup_printf ("; the key %s of the engine %s belongs to the group [engine %s]", engine_key, engine,
                            engine);
  if (vgw_config_find_key (VGW_CONFIG_ENGINE_GROUP, name, &is_file) != NULL)
    return g_strdup ("; it belongs to [" VGW_CONFIG_ENGINE_GROUP "]");
  for (const VgwConfigGroup *other = vgw_config_groups; other->name != NULL; other++)
    {
      if (vgw_config_find_key (other->name, name, &is_file) != NULL)
        return g_strdup_printf ("; it belongs to [%s]", other->name);
    }
  return NULL;
}

char *
vgw_config_suggest_key (const char *group, const char *name)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  char *other = vgw_config_get_engine_name (group) == NULL ? suggest_other_group (group, name) : NULL;

  if (other != NULL)
    return other;
  for (const VgwConfigKey *key = vgw_config_keys; key->name != NULL; key++)
    {
      if (!vgw_config_is_in_group (key, group))
        continue;
      g_ptr_array_add (names, g_strdup (key->name));
      if (key->flags & VGW_CONFIG_SECRET)
        g_ptr_array_add (names, g_strconcat (key->name, "-file", NULL));
    }
  return suggest_nearest (name, names);
}

/* NAME where @group is "engine.NAME", a likely error for "engine NAME"; else NULL. */
static const char *
find_dotted_engine (const char *group)
{
  const char *name = g_str_has_prefix (group, "engine") ? group + strlen ("engine") : "";

  return *name != '\0' && strchr (".:/-_", *name) != NULL
                 && vgw_config_check (VGW_CONFIG_CHECK_ENGINE_NAME, name + 1, NULL)
             ? name + 1
             : NULL;
}

char *
vgw_config_suggest_group (const char *group)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  const char *engine = find_dotted_engine (group);

  if (engine != NULL)
    return g_strdup_printf ("; the group of the engine %s is [engine %s]", engine, engine);
  for (const VgwConfigGroup *known = vgw_config_groups; known->name != NULL; known++)
    g_ptr_array_add (names, (gpointer) known->name);
  return suggest_nearest (group, names);
}

char *
vgw_config_suggest_setting (const char *group, const char *name)
{
  const char *engine = find_dotted_engine (group);

  if (engine != NULL)
    return g_strdup_printf ("; a key of the engine %s is written \"engine %s.%s\", with a space and in quotes", engine,
                            engine, name);
  return vgw_config_suggest_group (group);
}

/* VGW_ENGINE_BOT__URL where @variable is VGW_ENGINE_BOT_URL (transfer full); else NULL. */
static char *
find_engine_variable (const char *variable)
{
  const char *name =
      g_str_has_prefix (variable, ENGINE_VARIABLE_PREFIX) ? variable + strlen (ENGINE_VARIABLE_PREFIX) : "";

  for (const char *end = strchr (name, '_'); end != NULL; end = strchr (end + 1, '_'))
    {
      g_autofree char *lower = g_ascii_strdown (end + 1, -1);
      gboolean is_file;

      if (end > name && vgw_config_find_key (VGW_CONFIG_ENGINE_GROUP, g_strdelimit (lower, "_", '-'), &is_file) != NULL)
        return g_strdup_printf (ENGINE_VARIABLE_PREFIX "%.*s__%s", (int) (end - name), name, end + 1);
    }
  return NULL;
}

char *
vgw_config_suggest_variable (const char *variable)
{
  g_autofree char *engine_variable = strlen (variable) <= MAX_SUGGEST_BYTES ? find_engine_variable (variable) : NULL;
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);

  if (engine_variable != NULL)
    return g_strdup_printf ("; did you mean %s, with two underscores behind the engine's name?", engine_variable);
  for (const VgwConfigKey *key = vgw_config_keys; key->name != NULL; key++)
    {
      g_ptr_array_add (names, vgw_config_variable_name (key, FALSE));
      if (key->flags & VGW_CONFIG_SECRET)
        g_ptr_array_add (names, vgw_config_variable_name (key, TRUE));
    }
  return suggest_nearest (variable, names);
}
