/* The gateways (nodes) that share the calls of one service, by their names: who they are, where they are, how much they
 * have to do. An interface, since there are several sources: the configuration, and Redis. Main thread. */
#pragma once

#include <gio/gio.h>

/* A node, as it has reported itself. What is not known is NULL, or 0. */
typedef struct
{
  char *name;
  char *url;       /* of its public listener: "https://10.0.0.7:8080", without a path */
  char *admin_url; /* … of its admin listener */
  char *state;     /* "ready", "draining", "full", "late" */
  char *version;
  guint n_sessions, max_sessions; /* 0: no limit */
  double load;                    /* 0 … 1 */
  gint64 started_at_us;           /* g_get_real_time () */
} VgwNode;

/* Returns: (transfer full) */
VgwNode *vgw_node_copy (const VgwNode *node);
void vgw_node_free (VgwNode *node);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VgwNode, vgw_node_free)

#define VGW_TYPE_NODE_DIRECTORY (vgw_node_directory_get_type ())
G_DECLARE_INTERFACE (VgwNodeDirectory, vgw_node_directory, VGW, NODE_DIRECTORY, GObject)

/* The task is of the directory, without a callback of its own: an implementation returns a VgwNode with
 * g_task_return_pointer (), at once or later. */
struct _VgwNodeDirectoryInterface
{
  GTypeInterface parent;

  void (*find) (VgwNodeDirectory *self, const char *name, GTask *task); /* @task: (transfer full) */

  /* adds copies of the nodes that are known now, this one first where it is among them */
  void (*list) (VgwNodeDirectory *self, GPtrArray *nodes);

  /* (nullable) this node is @node from now on */
  void (*publish) (VgwNodeDirectory *self, const VgwNode *node);
};

/* Looks up the node @name. It takes as long as the source needs, which is bounded. */
void vgw_node_directory_find_async (VgwNodeDirectory *self, const char *name, GCancellable *cancellable,
                                    GAsyncReadyCallback callback, gpointer user_data);

/* Errors: VGW_ERROR_GONE where there is no such node; VGW_ERROR_BUSY where the source does not answer.
 * Returns: (transfer full) */
VgwNode *vgw_node_directory_find_finish (VgwNodeDirectory *self, GAsyncResult *result, GError **error);

/* The nodes that are known at this moment, from memory: this one first, once it was published, and the others in no
 * order. One that has stopped is among them for a while. Returns: (element-type VgwNode) (transfer full) */
GPtrArray *vgw_node_directory_list (VgwNodeDirectory *self);

/* Reports this node, or its change, to the others; a source that others do not read ignores it. @node is copied. */
void vgw_node_directory_publish (VgwNodeDirectory *self, const VgwNode *node);
