/* The graph of a peer's pipeline. Main thread. */
#pragma once

#include "media/vgw-peer.h"

/* Draws the pipeline as text for Graphviz, on a thread of GLib's pool: elements, pads, links, states and media types,
 * without properties and caps, which have keys. Errors: VGW_ERROR_BAD_STATE where there is no pipeline. */
void vgw_pipeline_graph_async (VgwPeer *peer, GAsyncReadyCallback callback, gpointer user_data);

/* Returns: (transfer full) */
char *vgw_pipeline_graph_finish (VgwPeer *peer, GAsyncResult *result, GError **error);
