#include "manager/vgw-manager.h"

#include "base/vgw-source.h"

#define FLUSH_POLL_MS 10

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

gboolean
vgw_manager_admits (VgwManager *self)
{
  g_return_val_if_fail (VGW_IS_MANAGER (self), FALSE);

  return VGW_MANAGER_GET_IFACE (self)->admits != NULL && VGW_MANAGER_GET_IFACE (self)->admits (self);
}

void
vgw_manager_admit_async (VgwManager *self, const VgwSessionFacts *facts, GCancellable *cancellable,
                         GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (vgw_manager_admits (self));

  VGW_MANAGER_GET_IFACE (self)->admit (self, facts, g_task_new (self, cancellable, callback, user_data));
}

VgwVerdict *
vgw_manager_admit_finish (VgwManager *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

void
vgw_manager_turn (VgwManager *self, const VgwSessionFacts *facts, const VgwTurn *turn)
{
  g_return_if_fail (VGW_IS_MANAGER (self));

  if (VGW_MANAGER_GET_IFACE (self)->turn != NULL)
    VGW_MANAGER_GET_IFACE (self)->turn (self, facts, turn);
}

void
vgw_manager_reload (VgwManager *self, const struct _VgwManagerSettings *settings)
{
  g_return_if_fail (VGW_IS_MANAGER (self));

  if (VGW_MANAGER_GET_IFACE (self)->reload != NULL)
    VGW_MANAGER_GET_IFACE (self)->reload (self, settings);
}

void
vgw_manager_get_stats (VgwManager *self, VgwManagerStats *stats)
{
  g_return_if_fail (VGW_IS_MANAGER (self));

  if (VGW_MANAGER_GET_IFACE (self)->get_stats != NULL)
    VGW_MANAGER_GET_IFACE (self)->get_stats (self, stats);
}

const char *
vgw_manager_type_to_string (VgwManagerType type)
{
  switch (type)
    {
    case VGW_MANAGER_TYPE_LOG:
      return "log";
    case VGW_MANAGER_TYPE_WEBHOOK:
      return "webhook";
    case VGW_MANAGER_TYPE_REDIS:
      return "redis";
    case VGW_MANAGER_N_TYPES:
      break;
    }
  return "unknown";
}

VgwNodeDirectory *
vgw_manager_get_nodes (VgwManager *self)
{
  g_return_val_if_fail (VGW_IS_MANAGER (self), NULL);

  return VGW_MANAGER_GET_IFACE (self)->get_nodes != NULL ? VGW_MANAGER_GET_IFACE (self)->get_nodes (self) : NULL;
}

/* --- the end --- */

void
vgw_manager_hasten (VgwManager *self)
{
  g_return_if_fail (VGW_IS_MANAGER (self));

  if (VGW_MANAGER_GET_IFACE (self)->hasten != NULL)
    VGW_MANAGER_GET_IFACE (self)->hasten (self);
}

typedef struct
{
  GSource *poll; /* there is nothing to do meanwhile, and it is short */
  gint64 deadline_us;
} Flush;

static void
flush_free (gpointer data)
{
  Flush *flush = data;

  vgw_source_clear (&flush->poll);
  g_free (flush);
}

static gboolean
on_flush_poll (gpointer user_data)
{
  GTask *task = user_data;
  const Flush *flush = g_task_get_task_data (task);
  VgwManagerStats stats[VGW_MANAGER_N_TYPES] = { 0 };
  guint n_queued = 0;

  vgw_manager_get_stats (g_task_get_source_object (task), stats);
  for (guint type = 0; type < VGW_MANAGER_N_TYPES; type++)
    n_queued += stats[type].n_queued;
  if (n_queued > 0 && g_get_monotonic_time () < flush->deadline_us)
    return G_SOURCE_CONTINUE;
  g_task_return_int (task, n_queued);
  g_object_unref (task);
  return G_SOURCE_REMOVE;
}

void
vgw_manager_flush_async (VgwManager *self, guint timeout_ms, GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (self, NULL, callback, user_data);
  Flush *flush = g_new0 (Flush, 1);

  g_return_if_fail (VGW_IS_MANAGER (self));

  vgw_manager_hasten (self);
  flush->deadline_us = g_get_monotonic_time () + timeout_ms * G_TIME_SPAN_MILLISECOND;
  flush->poll = vgw_source_start_timer (FLUSH_POLL_MS, on_flush_poll, task);
  g_task_set_task_data (task, flush, flush_free);
}

guint
vgw_manager_flush_finish (VgwManager *self, GAsyncResult *result)
{
  return (guint) g_task_propagate_int (G_TASK (result), NULL);
}
