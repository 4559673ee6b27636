#include "config/vgw-config-reload.h"

#include <string.h>

#include "config/vgw-config-keys.h"
#include "config/vgw-config-text.h"
#include "config/vgw-config-value.h"

/* Whether a reload takes over @key. access.mode needs a restart, so the keys of tokens stay where the new configuration
 * is for another mode and has none: without keys every client would be refused. */
static gboolean
is_taken_over (const VgwConfigKey *key, const VgwConfig *config, const VgwConfig *loaded)
{
  gboolean has_keys = loaded->access.token_keys != NULL && *loaded->access.token_keys != NULL;

  if (config->access.mode == VGW_ACCESS_TOKEN && !has_keys && g_str_equal (key->group, "access")
      && g_str_equal (key->name, "token-keys"))
    return FALSE;
  return (key->flags & VGW_CONFIG_RELOADABLE) != 0;
}

static GKeyFile *
read_values (const VgwConfig *config)
{
  g_autofree char *text = vgw_config_to_text (config);
  GKeyFile *file = g_key_file_new ();

  g_key_file_load_from_data (file, text, -1, G_KEY_FILE_NONE, NULL);
  return file;
}

static void
add_once (GPtrArray *names, const char *group, const char *name)
{
  g_autofree char *full_name = g_strdup_printf ("%s.%s", group, name);

  if (!g_ptr_array_find_with_equal_func (names, full_name, g_str_equal, NULL))
    g_ptr_array_add (names, g_steal_pointer (&full_name));
}

/* Adds the keys of @left that @right does not have, or with another value. */
static void
compare (GKeyFile *left, GKeyFile *right, const VgwConfig *config, const VgwConfig *loaded, GPtrArray *in_force,
         GPtrArray *fixed)
{
  g_auto (GStrv) groups = g_key_file_get_groups (left, NULL);

  for (guint i = 0; groups[i] != NULL; i++)
    {
      g_auto (GStrv) names = g_key_file_get_keys (left, groups[i], NULL, NULL);

      for (guint j = 0; names != NULL && names[j] != NULL; j++)
        {
          g_autofree char *ours = g_key_file_get_value (left, groups[i], names[j], NULL);
          g_autofree char *theirs = g_key_file_get_value (right, groups[i], names[j], NULL);
          gboolean is_file;
          const VgwConfigKey *key = vgw_config_find_key (groups[i], names[j], &is_file);

          if (g_strcmp0 (ours, theirs) != 0)
            add_once (is_taken_over (key, config, loaded) ? in_force : fixed, groups[i], names[j]);
        }
    }
}

static void
compare_secret (gconstpointer left, gconstpointer right, const VgwConfigKey *key, const char *group, GPtrArray *names)
{
  g_autofree char *ours = vgw_config_value_to_text (left, key);
  g_autofree char *theirs = vgw_config_value_to_text (right, key);

  if (strcmp (ours, theirs) != 0)
    add_once (names, group, key->name);
}

/* Of the engines that both have; the others are listed already. */
static void
compare_engine_secret (const VgwConfig *config, const VgwConfig *loaded, const VgwConfigKey *key, GPtrArray *names)
{
  for (guint i = 0; i < config->engine.engines->len; i++)
    {
      const VgwEngineConfig *engine = config->engine.engines->pdata[i];
      const VgwEngineConfig *other = vgw_engine_config_find (loaded->engine.engines, engine->name);
      g_autofree char *group = g_strdup_printf ("engine %s", engine->name);

      if (other != NULL)
        compare_secret (engine, other, key, group, names);
    }
}

/* vgw_config_to_text () does not have the secrets. */
static void
compare_secrets (const VgwConfig *config, const VgwConfig *loaded, GPtrArray *in_force, GPtrArray *fixed)
{
  for (const VgwConfigKey *key = vgw_config_keys; key->name != NULL; key++)
    {
      GPtrArray *names = is_taken_over (key, config, loaded) ? in_force : fixed;

      if (!(key->flags & VGW_CONFIG_SECRET))
        continue;
      if (key->is_of_engine)
        compare_engine_secret (config, loaded, key, names);
      else
        compare_secret (config, loaded, key, key->group, names);
    }
}

void
vgw_config_reload (VgwConfig *config, const VgwConfig *loaded, GPtrArray *in_force, GPtrArray *fixed)
{
  g_autoptr (GKeyFile) old_values = read_values (config);
  g_autoptr (GKeyFile) new_values = read_values (loaded);

  compare (new_values, old_values, config, loaded, in_force, fixed);
  compare (old_values, new_values, config, loaded, in_force, fixed);
  compare_secrets (config, loaded, in_force, fixed);
  for (const VgwConfigKey *key = vgw_config_keys; key->name != NULL; key++)
    {
      if (is_taken_over (key, config, loaded))
        vgw_config_copy_value (vgw_config_get_values (config, key), vgw_config_get_values (loaded, key), key);
    }
}
