#include "base/vgw-node-peers.h"

#include "base/vgw-error.h"

struct _VgwNodePeers
{
  GObject parent_instance;

  GHashTable *nodes;      /* name → VgwNode */
  VgwNode *own;           /* (nullable) once it was published */
  VgwNodeDirectory *next; /* (nullable) */
};

static void
on_next_found (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;
  VgwNode *node = vgw_node_directory_find_finish (VGW_NODE_DIRECTORY (source), result, &error);

  if (node != NULL)
    g_task_return_pointer (task, node, (GDestroyNotify) vgw_node_free);
  else
    g_task_return_error (task, error);
}

static void
find (VgwNodeDirectory *directory, const char *name, GTask *task)
{
  VgwNodePeers *self = VGW_NODE_PEERS (directory);
  const VgwNode *node = g_hash_table_lookup (self->nodes, name);

  if (node == NULL && self->next != NULL)
    {
      vgw_node_directory_find_async (self->next, name, g_task_get_cancellable (task), on_next_found, task);
      return;
    }
  if (node != NULL)
    g_task_return_pointer (task, vgw_node_copy (node), (GDestroyNotify) vgw_node_free);
  else
    g_task_return_new_error (task, VGW_ERROR, VGW_ERROR_GONE, "no node \"%s\" in node.peers", name);
  g_object_unref (task);
}

/* Those of the next directory have reported themselves: theirs go first. */
static void
list (VgwNodeDirectory *directory, GPtrArray *nodes)
{
  VgwNodePeers *self = VGW_NODE_PEERS (directory);
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
  GHashTableIter iter;
  gpointer node;

  if (self->next != NULL)
    VGW_NODE_DIRECTORY_GET_IFACE (self->next)->list (self->next, nodes);
  else if (self->own != NULL)
    g_ptr_array_add (nodes, vgw_node_copy (self->own));
  for (guint i = 0; i < nodes->len; i++)
    g_hash_table_add (seen, ((VgwNode *) nodes->pdata[i])->name);
  g_hash_table_iter_init (&iter, self->nodes);
  while (g_hash_table_iter_next (&iter, NULL, &node))
    if (!g_hash_table_contains (seen, ((VgwNode *) node)->name))
      g_ptr_array_add (nodes, vgw_node_copy (node));
}

static void
publish (VgwNodeDirectory *directory, const VgwNode *node)
{
  VgwNodePeers *self = VGW_NODE_PEERS (directory);

  g_clear_pointer (&self->own, vgw_node_free);
  self->own = vgw_node_copy (node);
  if (self->next != NULL)
    vgw_node_directory_publish (self->next, node);
}

static void
directory_init (VgwNodeDirectoryInterface *iface)
{
  iface->find = find;
  iface->list = list;
  iface->publish = publish;
}

G_DEFINE_FINAL_TYPE_WITH_CODE (VgwNodePeers, vgw_node_peers, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (VGW_TYPE_NODE_DIRECTORY, directory_init))

static void
vgw_node_peers_finalize (GObject *object)
{
  VgwNodePeers *self = VGW_NODE_PEERS (object);

  g_hash_table_unref (self->nodes);
  g_clear_pointer (&self->own, vgw_node_free);
  g_clear_object (&self->next);
  G_OBJECT_CLASS (vgw_node_peers_parent_class)->finalize (object);
}

static void
vgw_node_peers_class_init (VgwNodePeersClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = vgw_node_peers_finalize;
}

static void
vgw_node_peers_init (VgwNodePeers *self)
{
  self->nodes = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify) vgw_node_free);
}

VgwNodePeers *
vgw_node_peers_new (const char *const *peers, VgwNodeDirectory *next)
{
  VgwNodePeers *self = g_object_new (VGW_TYPE_NODE_PEERS, NULL);

  if (next != NULL)
    self->next = g_object_ref (next);
  for (; peers != NULL && *peers != NULL; peers++)
    {
      g_auto (GStrv) parts = g_strsplit (*peers, "=", 2);
      g_auto (GStrv) urls = g_strsplit (parts[1], ",", 2);
      const VgwNode node = { .name = parts[0], .url = urls[0], .admin_url = urls[1] };
      VgwNode *copy = vgw_node_copy (&node);

      g_hash_table_replace (self->nodes, copy->name, copy);
    }
  return self;
}
