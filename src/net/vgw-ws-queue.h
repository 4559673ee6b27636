/* What a WebSocket still has to write: whole frames, bounded in bytes. Main thread only. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct
{
  GQueue frames;        /* GBytes */
  gsize n_head_written; /* of the first one */
  gsize n_bytes;        /* not written yet */
  gsize max_bytes;
} VgwWsQueue;

void vgw_ws_queue_init (VgwWsQueue *self, gsize max_bytes);

/* Drops all. Idempotent. */
void vgw_ws_queue_clear (VgwWsQueue *self);

/* @frame (transfer full). FALSE, and dropped, where it does not fit the bound. */
gboolean vgw_ws_queue_push (VgwWsQueue *self, GBytes *frame);

gboolean vgw_ws_queue_is_empty (VgwWsQueue *self);

/* Writes as much as @output takes without blocking. FALSE where the stream is broken. */
gboolean vgw_ws_queue_write (VgwWsQueue *self, GPollableOutputStream *output);

G_END_DECLS
