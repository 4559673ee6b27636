/* The negotiation: the steps of webrtcbin from an offer to an answer with its candidates, with a deadline, because
 * webrtcbin may drop a promise without a reply. The parts of the first answer are kept to answer further offers on the
 * connection. Main thread. */
#pragma once

#include <gst/gst.h>

#include "ice/vgw-ice-agent.h"
#include "media/vgw-offer.h"

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
  VgwIceAgent *ice;           /* (nullable) that of bin, where it is ours */
  const char *fingerprint;    /* of our certificate */
  gboolean asks_for_dtx;      /* media.caller-dtx */
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

/* The answer to a further @offer on the connection, of vgw_offer_parse_next (@previous): text only, webrtcbin is not
 * asked. Codec, DTLS and SSRC are as before; the directions are those of @offer, and other ICE credentials than in
 * @previous restart ICE. Errors, and nothing has changed: VGW_ERROR_BAD_MESSAGE, and VGW_ERROR_BAD_STATE where there is
 * no agent to restart. Returns: (transfer full) */
char *vgw_negotiation_answer_again (VgwNegotiation *self, const VgwOffer *offer, const VgwOffer *previous,
                                    GError **error);

/* Restarts ICE without an offer; @offer, the last one, gets the client's credentials. Errors: VGW_ERROR_BAD_MESSAGE,
 * and VGW_ERROR_UNSUPPORTED where there is no agent to restart. Returns: (transfer full) ours */
VgwIceParameters *vgw_negotiation_restart_ice (VgwNegotiation *self, VgwOffer *offer, const char *remote_ufrag,
                                               const char *remote_pwd, GError **error);

/* Nothing is called afterwards, and webrtcbin is left alone. Idempotent. */
void vgw_negotiation_stop (VgwNegotiation *self);
