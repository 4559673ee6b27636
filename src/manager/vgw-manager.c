#include "manager/vgw-manager.h"

#include "base/vgw-error.h"
#include "manager/vgw-manager-log.h"

/* A new manager is one line here and its file. */
static const struct
{
  const char *type;
  VgwManager *(*create) (void);
} factories[] = {
  { "log", vgw_manager_log_new },
};

G_DEFINE_INTERFACE (VgwManager, vgw_manager, G_TYPE_OBJECT)

static void
vgw_manager_default_init (VgwManagerInterface *iface)
{
}

void
vgw_manager_register_session (VgwManager *self, const VgwSessionFacts *facts)
{
  g_return_if_fail (VGW_IS_MANAGER (self));

  VGW_MANAGER_GET_IFACE (self)->register_session (self, facts);
}

void
vgw_manager_update_session (VgwManager *self, const VgwSessionFacts *facts)
{
  g_return_if_fail (VGW_IS_MANAGER (self));

  VGW_MANAGER_GET_IFACE (self)->update_session (self, facts);
}

void
vgw_manager_deregister_session (VgwManager *self, const VgwSessionFacts *facts)
{
  g_return_if_fail (VGW_IS_MANAGER (self));

  VGW_MANAGER_GET_IFACE (self)->deregister_session (self, facts);
}

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
