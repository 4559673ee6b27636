#include "config/vgw-config-variables.h"

#include <string.h>

#define PREFIX "VGW_"

/* "VGW_HTTP_PORT" of "http", "port" and "" (transfer full). */
static char *
make_variable_name (const char *group, const char *name, const char *suffix)
{
  g_autofree char *joined = g_strconcat (PREFIX, group, "_", name, suffix, NULL);
  g_autofree char *upper = g_ascii_strup (joined, -1);

  return g_strdelimit (g_steal_pointer (&upper), "-", '_');
}

char *
vgw_config_variable_name (const VgwConfigKey *key, gboolean is_file)
{
  return make_variable_name (key->group, key->name, is_file ? VGW_CONFIG_FILE_SUFFIX : "");
}

const VgwConfigKey *
vgw_config_find_variable (const char *variable, gboolean *is_file)
{
  for (const VgwConfigKey *key = vgw_config_keys; key->name != NULL; key++)
    {
      g_autofree char *name = vgw_config_variable_name (key, FALSE);
      g_autofree char *file_name = vgw_config_variable_name (key, TRUE);
      g_autofree char *alias = make_variable_name (key->group, key->alias != NULL ? key->alias : key->name, "");

      *is_file = (key->flags & VGW_CONFIG_SECRET) && strcmp (variable, file_name) == 0;
      if (vgw_config_has_group (key->group)
          && (*is_file || strcmp (variable, name) == 0 || strcmp (variable, alias) == 0))
        return key;
    }
  return NULL;
}
