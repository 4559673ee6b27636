#include "manager/vgw-manager-factory.h"

#include "base/vgw-error.h"
#include "manager/vgw-manager-log.h"

static const struct
{
  const char *type;
  VgwManager *(*create) (void);
} factories[] = {
  { "log", vgw_manager_log_new },
};

VgwManager *
vgw_manager_create (const char *type, GError **error)
{
  g_autoptr (GString) known = g_string_new (NULL);

  g_return_val_if_fail (type != NULL, NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (factories); i++)
    {
      if (g_str_equal (factories[i].type, type))
        return factories[i].create ();
      g_string_append_printf (known, "%s%s", i > 0 ? ", " : "", factories[i].type);
    }

  g_set_error (error, VGW_ERROR, VGW_ERROR_CONFIG, "unknown session manager \"%s\"; known types are %s", type,
               known->str);
  return NULL;
}
