/* A caller for tests: stock webrtcbin with stock libnice as the offerer, Opus both ways, one data channel. Everything
 * on the main thread but the counters. */
#pragma once

#include <gst/gst.h>

#include "media/vgw-peer.h"

typedef struct _Offerer Offerer;

/* Starts offering; the offer is ready when offerer_get_offer () is not NULL. Returns: (transfer full) */
Offerer *offerer_new (void);
void offerer_free (Offerer *self);

/* NULL until it is complete with candidates. (transfer none) */
const char *offerer_get_offer (Offerer *self);

void offerer_set_answer (Offerer *self, const char *sdp);

/* Decoded samples that came back so far, and the loudest of them. Any thread. */
guint offerer_get_n_samples (Offerer *self);
guint offerer_get_peak (Offerer *self);

/* Text messages that came over the data channel, newest. (transfer full) (nullable) */
char *offerer_take_text (Offerer *self);

/* FALSE until the channel is open. */
gboolean offerer_send_text (Offerer *self, const char *text);

/* Resets the channel's stream. */
void offerer_close_channel (Offerer *self);

/* Nothing that comes is looked at any more. */
void offerer_go_deaf (Offerer *self);

/* The certificate that the gateway presented in the DTLS handshake, PEM. (transfer full) */
char *offerer_get_gateway_certificate (Offerer *self);

/* Sends the DTLS alert close_notify. */
void offerer_close_dtls (Offerer *self);

/* Iterates the main loop until @condition is true, for at most @timeout_ms. Returns whether it came true. */
typedef gboolean (*Condition) (gpointer user_data);
gboolean wait_until (Condition condition, gpointer user_data, guint timeout_ms);
