/* How an answer comes about: the steps of webrtcbin from an offer to an answer with its candidates. A deadline stands
 * over them, because webrtcbin may drop a promise unanswered. Main thread. */
#pragma once

#include <gst/gst.h>

#include "media/vgw-offer.h"

G_BEGIN_DECLS

#define VGW_TYPE_NEGOTIATION (vgw_negotiation_get_type ())
G_DECLARE_FINAL_TYPE (VgwNegotiation, vgw_negotiation, VGW, NEGOTIATION, GObject)

/* All are borrowed, and outlive the negotiation or its vgw_negotiation_stop (). */
typedef struct
{
  const char *session_id; /* for the log */
  const VgwOffer *offer;
  const VgwOfferCodec *codec; /* of offer; the one to agree on */
  GstElement *bin;            /* webrtcbin, in a pipeline */
  GstElement *rtp_out;        /* its pad src goes to bin; in the same pipeline */
  guint gather_timeout_ms;    /* what is gathered later is not in the answer */
  gboolean is_lite;           /* ICE-lite */
} VgwNegotiationSetup;

/* One of @answer and @error is set, both (transfer full). May stop the negotiation. */
typedef void (*VgwNegotiationFunc) (char *answer, GError *error, gpointer user_data);

/* Returns: (transfer full) */
VgwNegotiation *vgw_negotiation_new (const VgwNegotiationSetup *setup, VgwNegotiationFunc func, gpointer user_data);

/* Begins; @func is called once, in a later turn of the main loop. Errors: VGW_ERROR_BAD_MESSAGE where the offer cannot
 * be used, and then nothing is called. Those of @func: VGW_ERROR_BAD_MESSAGE, VGW_ERROR_TIMEOUT, VGW_ERROR_INTERNAL. */
gboolean vgw_negotiation_start (VgwNegotiation *self, GError **error);

/* A candidate of the client; it waits until webrtcbin has the offer. Of those that wait there is a bound. */
void vgw_negotiation_add_remote_candidate (VgwNegotiation *self, const char *candidate);

/* A candidate of webrtcbin. FALSE where it is too late to be in the answer. */
gboolean vgw_negotiation_add_local_candidate (VgwNegotiation *self, const char *candidate);

/* webrtcbin has gathered all its candidates: the answer need not wait for more. */
void vgw_negotiation_set_gathered (VgwNegotiation *self);

/* Nothing is called afterwards, and webrtcbin is left alone. Idempotent. */
void vgw_negotiation_stop (VgwNegotiation *self);

G_END_DECLS
