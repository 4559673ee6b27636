#include "media/vgw-pipeline-graph.h"

#include <gst/gst.h>

#include "base/vgw-error.h"
#include "media/vgw-peer-view.h"

static void
draw (GTask *task, gpointer source, gpointer pipeline, GCancellable *cancellable)
{
  g_task_return_pointer (
      task, gst_debug_bin_to_dot_data (pipeline, GST_DEBUG_GRAPH_SHOW_MEDIA_TYPE | GST_DEBUG_GRAPH_SHOW_STATES),
      g_free);
}

void
vgw_pipeline_graph_async (VgwPeer *peer, GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (peer, NULL, callback, user_data);
  VgwPeerView view;

  g_task_set_source_tag (task, vgw_pipeline_graph_async);
  vgw_peer_get_view (peer, &view);
  if (view.webrtc == NULL)
    {
      g_task_return_new_error (task, VGW_ERROR, VGW_ERROR_BAD_STATE, "there is no pipeline yet, or no longer");
      return;
    }
  g_task_set_task_data (task, gst_object_ref (vgw_webrtc_get_pipeline (view.webrtc)), gst_object_unref);
  g_task_run_in_thread (task, draw);
}

char *
vgw_pipeline_graph_finish (VgwPeer *peer, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, peer), NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}
