#include "base/vgw-node-directory.h"

G_DEFINE_INTERFACE (VgwNodeDirectory, vgw_node_directory, G_TYPE_OBJECT)

static void
vgw_node_directory_default_init (VgwNodeDirectoryInterface *iface)
{
}

VgwNode *
vgw_node_copy (const VgwNode *node)
{
  VgwNode *copy = g_new (VgwNode, 1);

  *copy = *node;
  copy->name = g_strdup (node->name);
  copy->url = g_strdup (node->url);
  copy->admin_url = g_strdup (node->admin_url);
  copy->state = g_strdup (node->state);
  copy->version = g_strdup (node->version);
  return copy;
}

void
vgw_node_free (VgwNode *node)
{
  g_free (node->name);
  g_free (node->url);
  g_free (node->admin_url);
  g_free (node->state);
  g_free (node->version);
  g_free (node);
}

void
vgw_node_directory_find_async (VgwNodeDirectory *self, const char *name, GCancellable *cancellable,
                               GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (VGW_IS_NODE_DIRECTORY (self));
  VGW_NODE_DIRECTORY_GET_IFACE (self)->find (self, name, g_task_new (self, cancellable, callback, user_data));
}

VgwNode *
vgw_node_directory_find_finish (VgwNodeDirectory *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}

GPtrArray *
vgw_node_directory_list (VgwNodeDirectory *self)
{
  GPtrArray *nodes = g_ptr_array_new_with_free_func ((GDestroyNotify) vgw_node_free);

  VGW_NODE_DIRECTORY_GET_IFACE (self)->list (self, nodes);
  return nodes;
}

void
vgw_node_directory_publish (VgwNodeDirectory *self, const VgwNode *node)
{
  g_return_if_fail (VGW_IS_NODE_DIRECTORY (self));
  if (VGW_NODE_DIRECTORY_GET_IFACE (self)->publish != NULL)
    VGW_NODE_DIRECTORY_GET_IFACE (self)->publish (self, node);
}
