/* What a channel still has to send: frames, or plain bytes, written as far as the kernel takes them. The bound is the
 * caller's. One thread. */
#pragma once

#include <gio/gio.h>

#include "net/vgw-ws-frame.h"

G_BEGIN_DECLS

/* From the main loop: all has been written, or (@error) nothing more will be. */
typedef void (*VgwWsOutputFunc) (const GError *error, gpointer user_data);

/* Part of its owner's struct. */
typedef struct
{
  GPollableOutputStream *stream;
  gboolean is_masked; /* frames of a client are */
  VgwWsOutputFunc func;
  gpointer user_data;
  GByteArray *unsent;
  GSource *source; /* while `unsent` waits for room */
  GError *error;   /* (nullable) */
} VgwWsOutput;

/* @stream (transfer none) outlives it until vgw_ws_output_clear (). */
void vgw_ws_output_init (VgwWsOutput *self, GOutputStream *stream, gboolean is_masked, VgwWsOutputFunc func,
                         gpointer user_data);

/* Drops all; @func is not called any more. Idempotent, and nothing for one that is all zero. */
void vgw_ws_output_clear (VgwWsOutput *self);

/* Bytes that wait. */
gsize vgw_ws_output_get_length (VgwWsOutput *self);

void vgw_ws_output_push_bytes (VgwWsOutput *self, gconstpointer data, gsize length);
void vgw_ws_output_push_frame (VgwWsOutput *self, VgwWsOpcode opcode, gconstpointer data, gsize length);

/* @reason (nullable) is cut to what fits. */
void vgw_ws_output_push_close (VgwWsOutput *self, guint16 code, const char *reason);

G_END_DECLS
