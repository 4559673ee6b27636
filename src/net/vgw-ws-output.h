/* The send queue of a channel: frames or plain bytes, written as the kernel accepts them. The caller limits its size.
 * One thread. */
#pragma once

#include <gio/gio.h>

#include "net/vgw-ws-frame.h"

/* From the main loop: everything is written, or (@error) writing has failed for good. */
typedef void (*VgwWsOutputFunc) (const GError *error, gpointer user_data);

/* Part of its owner's struct. */
typedef struct
{
  GPollableOutputStream *stream;
  gboolean is_masked; /* frames of a client are */
  VgwWsOutputFunc func;
  gpointer user_data;
  GByteArray *unsent;
  gsize n_peak;    /* the most bytes in `unsent` since it was allocated */
  GSource *source; /* while `unsent` is not empty */
  GError *error;   /* (nullable) */
} VgwWsOutput;

/* @stream (transfer none) outlives it until vgw_ws_output_clear (). */
void vgw_ws_output_init (VgwWsOutput *self, GOutputStream *stream, gboolean is_masked, VgwWsOutputFunc func,
                         gpointer user_data);

/* Drops the queue; @func is not called any more. Idempotent; no effect on a zeroed struct. */
void vgw_ws_output_clear (VgwWsOutput *self);

/* Bytes in the queue. */
gsize vgw_ws_output_get_length (VgwWsOutput *self);

void vgw_ws_output_push_bytes (VgwWsOutput *self, gconstpointer data, gsize length);
void vgw_ws_output_push_frame (VgwWsOutput *self, VgwWsOpcode opcode, gconstpointer data, gsize length);

/* @reason (nullable) is truncated to fit. */
void vgw_ws_output_push_close (VgwWsOutput *self, guint16 code, const char *reason);
