/* Finding keys by the names that people write, and what they may have meant. */
#include <string.h>

#include "config/vgw-config-check.h"
#include "config/vgw-config-keys.h"

#define FILE_SUFFIX "-file"
#define VARIABLE_PREFIX "VGW_"
#define ENGINE_VARIABLE_PREFIX "VGW_ENGINE_"
#define MAX_SUGGEST_BYTES 64 /* longer words are no slip of a finger */

gboolean
vgw_config_has_group (const char *group)
{
  guint n_groups;
  const VgwConfigGroup *groups = vgw_config_groups (&n_groups);

  for (guint i = 0; i < n_groups; i++)
    {
      if (strcmp (groups[i].name, group) == 0)
        return TRUE;
    }
  return FALSE;
}

/* Whether @name is @key's name or alias, or that with "-file" behind where the key is a secret. */
static gboolean
is_name_of (const char *name, const VgwConfigKey *key, gboolean *is_file)
{
  gsize length = strlen (key->name);

  *is_file = FALSE;
  if (key->alias != NULL && strcmp (name, key->alias) == 0)
    return TRUE;
  if (strncmp (name, key->name, length) != 0)
    return FALSE;
  *is_file = (key->flags & VGW_CONFIG_SECRET) && strcmp (name + length, FILE_SUFFIX) == 0;
  return *is_file || name[length] == '\0';
}

const VgwConfigKey *
vgw_config_find_key (const char *group, const char *name, gboolean *is_file)
{
  guint n_keys;
  const VgwConfigKey *keys = vgw_config_keys (&n_keys);

  for (guint i = 0; i < n_keys; i++)
    {
      if (strcmp (keys[i].group, group) == 0 && is_name_of (name, &keys[i], is_file))
        return &keys[i];
    }
  return NULL;
}

const VgwConfigKey *
vgw_config_find_engine_row (const char *name, gboolean *is_file)
{
  guint n_rows, n_keys;
  const VgwConfigKey *rows = vgw_config_engine_rows (&n_rows);
  const VgwConfigKey *keys = vgw_config_keys (&n_keys);

  for (guint i = 0; i < n_rows; i++)
    {
      if (is_name_of (name, &rows[i], is_file))
        return &rows[i];
    }
  for (guint i = 0; i < n_keys; i++)
    {
      if ((keys[i].flags & VGW_CONFIG_PER_ENGINE) && is_name_of (name, &keys[i], is_file))
        return &keys[i];
    }
  return NULL;
}

static char *
make_variable_name (const char *group, const char *key_name, gboolean is_file)
{
  g_autofree char *name = g_strdup_printf ("%s_%s%s", group, key_name, is_file ? FILE_SUFFIX : "");
  g_autofree char *upper = g_ascii_strup (name, -1);

  return g_strconcat (VARIABLE_PREFIX, g_strdelimit (upper, "-", '_'), NULL);
}

char *
vgw_config_variable_name (const VgwConfigKey *key, gboolean is_file)
{
  return make_variable_name (key->group, key->name, is_file);
}

static gboolean
is_alias_variable (const char *variable, const VgwConfigKey *key)
{
  g_autofree char *name = key->alias != NULL ? make_variable_name (key->group, key->alias, FALSE) : NULL;

  return g_strcmp0 (name, variable) == 0;
}

const VgwConfigKey *
vgw_config_find_variable (const char *variable, gboolean *is_file)
{
  guint n_keys;
  const VgwConfigKey *keys = vgw_config_keys (&n_keys);

  for (guint i = 0; i < n_keys; i++)
    {
      gboolean has_file = (keys[i].flags & VGW_CONFIG_SECRET) != 0;
      *is_file = FALSE;
      if (is_alias_variable (variable, &keys[i]))
        return &keys[i];
      for (int with_file = 0; with_file <= has_file; with_file++)
        {
          g_autofree char *name = vgw_config_variable_name (&keys[i], with_file);
          *is_file = with_file;
          if (strcmp (name, variable) == 0)
            return &keys[i];
        }
    }
  return NULL;
}

/* How many letters have to be put in, taken out or changed to make @a of @b (Levenshtein). */
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

/* The nearest so far. */
typedef struct
{
  const char *word;
  guint distance;
  char *name; /* (nullable) */
} Nearest;

/* Takes @candidate. */
static void
consider (Nearest *nearest, char *candidate)
{
  guint distance = G_MAXUINT;

  if (strlen (nearest->word) <= MAX_SUGGEST_BYTES && strlen (candidate) <= MAX_SUGGEST_BYTES)
    distance = get_distance (nearest->word, candidate);
  /* A third of the letters wrong is another word. */
  if (distance >= nearest->distance || distance > 1 + strlen (candidate) / 4)
    {
      g_free (candidate);
      return;
    }
  g_free (nearest->name);
  nearest->name = candidate;
  nearest->distance = distance;
}

static char *
finish (Nearest *nearest)
{
  g_autofree char *name = g_steal_pointer (&nearest->name);

  return name != NULL ? g_strdup_printf ("; did you mean %s?", name) : g_strdup ("");
}

static void
consider_key (Nearest *nearest, const VgwConfigKey *key)
{
  consider (nearest, g_strdup (key->name));
  if (key->flags & VGW_CONFIG_SECRET)
    consider (nearest, g_strconcat (key->name, FILE_SUFFIX, NULL));
}

/* The name of the engine and its key where @text is NAME.KEY, such as "bot.url" (transfer full). */
static gboolean
split_engine_key (const char *text, char **engine, const char **key_name)
{
  const char *dot = strrchr (text, '.');
  gboolean is_file;

  if (dot == NULL || vgw_config_find_engine_row (dot + 1, &is_file) == NULL)
    return FALSE;
  *engine = g_strndup (text, (gsize) (dot - text));
  *key_name = dot + 1;
  if (vgw_config_check_engine_name (*engine, NULL))
    return TRUE;
  g_clear_pointer (engine, g_free);
  return FALSE;
}

/* NAME where @group is "engine.NAME", as one may think that the group of an engine is called; else NULL. */
static const char *
find_dotted_engine (const char *group)
{
  const char *name = g_str_has_prefix (group, "engine") ? group + strlen ("engine") : NULL;

  if (name == NULL || *name == '\0' || strchr (".:/-_", *name) == NULL)
    return NULL;
  return vgw_config_check_engine_name (name + 1, NULL) ? name + 1 : NULL;
}

char *
vgw_config_suggest_key (const char *group, const char *name)
{
  g_autofree char *engine = NULL;
  const char *engine_key;
  guint n_keys;
  const VgwConfigKey *keys = vgw_config_keys (&n_keys);
  Nearest nearest = { name, G_MAXUINT, NULL };
  gboolean is_file;

  if (strcmp (group, "engine") == 0 && split_engine_key (name, &engine, &engine_key))
    return g_strdup_printf ("; the key %s of the engine %s belongs to the group [engine %s]", engine_key, engine,
                            engine);
  if (vgw_config_find_engine_row (name, &is_file) != NULL)
    return g_strdup ("; it belongs to [engine NAME]");
  for (guint i = 0; i < n_keys; i++)
    {
      if (is_name_of (name, &keys[i], &is_file))
        return g_strdup_printf ("; it belongs to [%s]", keys[i].group);
    }
  for (guint i = 0; i < n_keys; i++)
    {
      if (strcmp (keys[i].group, group) == 0)
        consider_key (&nearest, &keys[i]);
    }
  return finish (&nearest);
}

char *
vgw_config_suggest_engine_key (const char *name)
{
  guint n_rows, n_keys;
  const VgwConfigKey *rows = vgw_config_engine_rows (&n_rows);
  const VgwConfigKey *keys = vgw_config_keys (&n_keys);
  Nearest nearest = { name, G_MAXUINT, NULL };

  for (guint i = 0; i < n_rows; i++)
    consider_key (&nearest, &rows[i]);
  for (guint i = 0; i < n_keys; i++)
    {
      if (keys[i].flags & VGW_CONFIG_PER_ENGINE)
        consider_key (&nearest, &keys[i]);
    }
  return finish (&nearest);
}

char *
vgw_config_suggest_group (const char *group)
{
  guint n_groups;
  const VgwConfigGroup *groups = vgw_config_groups (&n_groups);
  Nearest nearest = { group, G_MAXUINT, NULL };
  const char *engine = find_dotted_engine (group);

  if (engine != NULL)
    return g_strdup_printf ("; the group of the engine %s is [engine %s]", engine, engine);
  for (guint i = 0; i < n_groups; i++)
    consider (&nearest, g_strdup (groups[i].name));
  return finish (&nearest);
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

      if (end > name && vgw_config_find_engine_row (g_strdelimit (lower, "_", '-'), &is_file) != NULL)
        return g_strdup_printf (ENGINE_VARIABLE_PREFIX "%.*s__%s", (int) (end - name), name, end + 1);
    }
  return NULL;
}

char *
vgw_config_suggest_variable (const char *variable)
{
  g_autofree char *engine_variable = strlen (variable) <= MAX_SUGGEST_BYTES ? find_engine_variable (variable) : NULL;
  guint n_keys;
  const VgwConfigKey *keys = vgw_config_keys (&n_keys);
  Nearest nearest = { variable, G_MAXUINT, NULL };

  if (engine_variable != NULL)
    return g_strdup_printf ("; did you mean %s, with two underscores behind the engine's name?", engine_variable);
  for (guint i = 0; i < n_keys; i++)
    {
      consider (&nearest, vgw_config_variable_name (&keys[i], FALSE));
      if (keys[i].flags & VGW_CONFIG_SECRET)
        consider (&nearest, vgw_config_variable_name (&keys[i], TRUE));
    }
  return finish (&nearest);
}
