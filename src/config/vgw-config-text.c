#include "config/vgw-config-text.h"

#include <string.h>

#include "config/vgw-config-engines.h"
#include "config/vgw-config-keys.h"
#include "config/vgw-config-value.h"
#include "engine/vgw-engine-factory.h"

#define HELP_NAME_COLUMNS 44

static void
append_value (GString *out, gconstpointer values, const VgwConfigKey *key)
{
  g_autofree char *text = NULL;
  guint n = vgw_config_value_count (values, key);

  if ((key->flags & VGW_CONFIG_SECRET) && n > 0)
    {
      g_string_append_printf (out, "# %s is set (%u) and hidden\n", key->name, n);
      return;
    }
  text = vgw_config_value_to_text (values, key);
  g_string_append_printf (out, "%s =%s%s\n", key->name, *text != '\0' ? " " : "", text);
}

char *
vgw_config_to_text (const VgwConfig *config)
{
  GString *out = g_string_new (NULL);

  for (const VgwConfigGroup *group = vgw_config_groups; group->name != NULL; group++)
    {
      g_string_append_printf (out, "%s[%s]\n", out->len > 0 ? "\n" : "", group->name);
      for (const VgwConfigKey *key = vgw_config_keys; key->name != NULL; key++)
        {
          if (vgw_config_is_in_group (key, group->name))
            append_value (out, vgw_config_get_values (config, key), key);
        }
    }
  for (guint i = 0; i < config->engine.engines->len; i++)
    {
      const VgwEngineConfig *engine = config->engine.engines->pdata[i];

      g_string_append_printf (out, "\n[engine %s]\n", engine->name);
      for (const VgwConfigKey *key = vgw_config_keys; key->name != NULL; key++)
        {
          if (vgw_config_is_in_group (key, VGW_CONFIG_ENGINE_GROUP)
              && vgw_engine_type_has_key (engine->type, key->name))
            append_value (out, engine, key);
        }
    }
  return g_string_free (out, FALSE);
}

/* The keys of [engine NAME] alone, or all others. */
static void
append_help (GString *out, gboolean is_of_engine_alone)
{

  for (const VgwConfigKey *key = vgw_config_keys; key->name != NULL; key++)
    {
      g_autofree char *name = g_strdup_printf ("%s.%s=%s", key->group, key->name, key->default_text);

      if ((strcmp (key->group, VGW_CONFIG_ENGINE_GROUP) == 0) == is_of_engine_alone)
        g_string_append_printf (out, "  %-*s %s\n", HELP_NAME_COLUMNS, name, key->brief);
    }
}

char *
vgw_config_help (void)
{
  GString *out = g_string_new ("Configuration (file, environment VGW_GROUP_KEY, --set group.key=value):\n");

  append_help (out, FALSE);
  g_string_append (out,
                   "An engine of your own, named NAME (group [engine NAME], environment VGW_ENGINE_NAME__KEY). It also "
                   "has the keys of\n[engine], except default:\n");
  append_help (out, TRUE);
  return g_string_free (out, FALSE);
}
