#include "manager/vgw-manager.h"

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
