#include "manager/vgw-manager-group.h"

struct _VgwManagerGroup
{
  GObject parent_instance;
  GPtrArray *managers;
};

static void
notify_all (VgwManager *group, void (*notify) (VgwManager *manager, const VgwSessionFacts *facts),
            const VgwSessionFacts *facts)
{
  GPtrArray *managers = VGW_MANAGER_GROUP (group)->managers;

  for (guint i = 0; i < managers->len; i++)
    notify (g_ptr_array_index (managers, i), facts);
}

static void
vgw_manager_group_register (VgwManager *self, const VgwSessionFacts *facts)
{
  notify_all (self, vgw_manager_register_session, facts);
}

static void
vgw_manager_group_update (VgwManager *self, const VgwSessionFacts *facts)
{
  notify_all (self, vgw_manager_update_session, facts);
}

static void
vgw_manager_group_deregister (VgwManager *self, const VgwSessionFacts *facts)
{
  notify_all (self, vgw_manager_deregister_session, facts);
}

/* The first one that decides, or NULL. */
static VgwManager *
find_admitting (VgwManager *self)
{
  GPtrArray *managers = VGW_MANAGER_GROUP (self)->managers;

  for (guint i = 0; i < managers->len; i++)
    if (vgw_manager_admits (g_ptr_array_index (managers, i)))
      return g_ptr_array_index (managers, i);
  return NULL;
}

static gboolean
vgw_manager_group_admits (VgwManager *self)
{
  return find_admitting (self) != NULL;
}

static void
vgw_manager_group_admit (VgwManager *self, const VgwSessionFacts *facts, GTask *task)
{
  VgwManager *manager = find_admitting (self);

  VGW_MANAGER_GET_IFACE (manager)->admit (manager, facts, task);
}

static void
vgw_manager_group_turn (VgwManager *self, const VgwSessionFacts *facts, const VgwTurn *turn)
{
  GPtrArray *managers = VGW_MANAGER_GROUP (self)->managers;

  for (guint i = 0; i < managers->len; i++)
    vgw_manager_turn (g_ptr_array_index (managers, i), facts, turn);
}

static void
vgw_manager_group_reload (VgwManager *self, const struct _VgwManagerSettings *settings)
{
  GPtrArray *managers = VGW_MANAGER_GROUP (self)->managers;

  for (guint i = 0; i < managers->len; i++)
    vgw_manager_reload (g_ptr_array_index (managers, i), settings);
}

static void
vgw_manager_group_get_stats (VgwManager *self, VgwManagerStats *stats)
{
  g_ptr_array_foreach (VGW_MANAGER_GROUP (self)->managers, (GFunc) G_CALLBACK (vgw_manager_get_stats), stats);
}

static VgwNodeDirectory *
vgw_manager_group_get_nodes (VgwManager *self)
{
  GPtrArray *managers = VGW_MANAGER_GROUP (self)->managers;
  VgwNodeDirectory *nodes = NULL;

  for (guint i = 0; i < managers->len && nodes == NULL; i++)
    nodes = vgw_manager_get_nodes (g_ptr_array_index (managers, i));
  return nodes;
}

static void
vgw_manager_group_hasten (VgwManager *self)
{
  GPtrArray *managers = VGW_MANAGER_GROUP (self)->managers;

  for (guint i = 0; i < managers->len; i++)
    vgw_manager_hasten (g_ptr_array_index (managers, i));
}

static void
vgw_manager_group_iface_init (VgwManagerInterface *iface)
{
  iface->register_session = vgw_manager_group_register;
  iface->update_session = vgw_manager_group_update;
  iface->deregister_session = vgw_manager_group_deregister;
  iface->admits = vgw_manager_group_admits;
  iface->admit = vgw_manager_group_admit;
  iface->turn = vgw_manager_group_turn;
  iface->reload = vgw_manager_group_reload;
  iface->get_stats = vgw_manager_group_get_stats;
  iface->hasten = vgw_manager_group_hasten;
  iface->get_nodes = vgw_manager_group_get_nodes;
}

G_DEFINE_TYPE_WITH_CODE (VgwManagerGroup, vgw_manager_group, G_TYPE_OBJECT,
                         G_IMPLEMENT_INTERFACE (VGW_TYPE_MANAGER, vgw_manager_group_iface_init))

static void
vgw_manager_group_finalize (GObject *object)
{
  g_clear_pointer (&VGW_MANAGER_GROUP (object)->managers, g_ptr_array_unref);
  G_OBJECT_CLASS (vgw_manager_group_parent_class)->finalize (object);
}

static void
vgw_manager_group_class_init (VgwManagerGroupClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = vgw_manager_group_finalize;
}

static void
vgw_manager_group_init (VgwManagerGroup *self)
{
}

VgwManager *
vgw_manager_group_new (GPtrArray *managers)
{
  VgwManagerGroup *self = g_object_new (VGW_TYPE_MANAGER_GROUP, NULL);

  self->managers = managers;
  return VGW_MANAGER (self);
}
