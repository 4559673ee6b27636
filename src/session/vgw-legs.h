/* The connections of a session to its client: the current leg, and the next one while a new offer is being connected.
 * The next leg becomes the current one when it is connected; until then the current one goes on, and a failure of the
 * next one is nothing but a refused offer.
 *
 * The current leg is tied to the conversation and to the outbox: audio, keys and events of a data channel pass between
 * leg and conversation; answers, candidates and tracks go to the client. Main thread. */
#pragma once

#include "session/vgw-client-channel.h"
#include "session/vgw-conversation.h"
#include "session/vgw-leg.h"
#include "session/vgw-outbox.h"
#include "signaling/vgw-sdp-fragment.h"

typedef struct _VgwLegs VgwLegs;

typedef enum
{
  VGW_LEGS_ANSWERED,  /* the answer is in the outbox */
  VGW_LEGS_REJECTED,  /* error: the last offer leads to no connection; another one may follow */
  VGW_LEGS_CONNECTED, /* media passes on the current leg, which may have taken over from another one */
  VGW_LEGS_FAILED,    /* error: the current leg is over */
  VGW_LEGS_LATE,      /* error: the first leg was not connected in time */
  VGW_LEGS_CLOSED,    /* the current leg, by the client */
} VgwLegsReport;

/* @error: (nullable). May close the legs, but not free them. */
typedef void (*VgwLegsFunc) (VgwLegsReport report, const GError *error, gpointer user_data);

/* @context, @session_id, @conversation and @outbox must outlive the legs. Returns: (transfer full) */
VgwLegs *vgw_legs_new (const VgwSessionContext *context, const char *session_id, VgwConversation *conversation,
                       VgwOutbox *outbox, VgwLegsFunc func, gpointer user_data);

/* The data channel of each leg is @channel's, which outlives the legs: texts and its opening go there. The
 * conversation reports its moments. Before the first offer. */
void vgw_legs_use_channel (VgwLegs *self, VgwClientChannel *channel);

/* Closes all legs; nothing is reported afterwards. Idempotent. */
void vgw_legs_close (VgwLegs *self);
void vgw_legs_free (VgwLegs *self);

/* Closes the current leg; a next one goes on. */
void vgw_legs_close_current (VgwLegs *self);

/* The first offer is the current leg's. A later one of the same connection is answered at once (vgw_peer_reanswer ());
 * one of another connection makes a next leg, in place of the one that there is. The conversation is prepared. Errors,
 * and the current leg is as before: VGW_ERROR_BAD_STATE while the first connection is being made, VGW_ERROR_BUSY where
 * offers come too fast or there is no room for one more peer, those of vgw_peer_reanswer (). */
gboolean vgw_legs_handle_offer (VgwLegs *self, const char *sdp, GError **error);

/* As vgw_leg_handle_candidate (), for the leg of the last offer. */
void vgw_legs_handle_candidate (VgwLegs *self, const char *candidate, const char *mid, int mline_index);

/* An ICE restart of the current leg (vgw_peer_restart_ice ()) to the credentials of @remote, which it has. Errors, and
 * nothing has changed: VGW_ERROR_BAD_STATE where there is no connection, VGW_ERROR_BUSY where there were too many, and
 * those of vgw_peer_restart_ice (). Returns: our credentials and all of our candidates (transfer full) */
VgwSdpFragment *vgw_legs_restart_ice (VgwLegs *self, const VgwSdpFragment *remote, GError **error);

/* Never NULL; it may be closed. (transfer none) until the next report */
VgwLeg *vgw_legs_get_current (VgwLegs *self);

gboolean vgw_legs_has_next (VgwLegs *self);

/* The door does not take the answer to the last offer. */
void vgw_legs_drop_next (VgwLegs *self);

/* g_get_monotonic_time () of the last sign of life on the current leg, or of its connection; 0 before. */
gint64 vgw_legs_get_media_us (VgwLegs *self);

/* Adds received, sent, round_trip_ms and setup of all legs to @stats. */
void vgw_legs_get_call_stats (VgwLegs *self, VgwCallStats *stats);

/* How many legs have taken over from a connected one, and how many never were connected. */
void vgw_legs_count (VgwLegs *self, guint64 *n_takeovers, guint64 *n_failed);
