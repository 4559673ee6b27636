/* The connections of a session to its client: the current leg, and the next one while a new offer is being connected.
 * The next leg becomes the current one when it is connected; until then the current one goes on, and a failure of the
 * next one is nothing but a refused offer. Main thread. */
#pragma once

#include "session/vgw-leg.h"
#include "signaling/vgw-sdp-fragment.h"

typedef struct _VgwLegs VgwLegs;

/* What the current leg reports. Of the next one: ANSWER, REFUSED, CANDIDATE and TRACK, CONNECTED when it has become the
 * current one, and REJECTED where there will be no connection for its offer. May close the legs, but not free them. */
typedef void (*VgwLegsFunc) (const VgwLegReport *report, gpointer user_data);

/* @context and @session_id must outlive the legs. Returns: (transfer full) */
VgwLegs *vgw_legs_new (const VgwSessionContext *context, const char *session_id, VgwLegsFunc func, gpointer user_data);

/* Closes all legs; nothing is reported afterwards. Idempotent. */
void vgw_legs_close (VgwLegs *self);
void vgw_legs_free (VgwLegs *self);

/* The first offer is the current leg's. A later one of the same connection is answered at once (vgw_peer_reanswer ());
 * one of another connection makes a next leg, in place of the one that there is. @format and @wants_voice as for
 * vgw_leg_handle_offer (). Errors, and the current leg is as before: VGW_ERROR_BAD_STATE while the first connection is
 * being made, VGW_ERROR_BUSY where offers come too fast or there is no room for one more peer, those of
 * vgw_peer_reanswer (). */
gboolean vgw_legs_handle_offer (VgwLegs *self, const char *sdp, const VgwAudioFormat *format, gboolean wants_voice,
                                GError **error);

/* As vgw_leg_handle_candidate (), for the leg of the last offer. */
void vgw_legs_handle_candidate (VgwLegs *self, const char *candidate, const char *mid, int mline_index);

/* An ICE restart of the current leg (vgw_peer_restart_ice ()) to the credentials of @remote, which it has. Errors, and
 * nothing has changed: VGW_ERROR_BAD_STATE. Returns: our credentials and all of our candidates (transfer full) */
VgwSdpFragment *vgw_legs_restart_ice (VgwLegs *self, const VgwSdpFragment *remote, GError **error);

/* Never NULL; it may be closed. (transfer none) until the next report */
VgwLeg *vgw_legs_get_current (VgwLegs *self);

gboolean vgw_legs_has_next (VgwLegs *self);

/* How many legs have taken over from a connected one, and how many never were connected. */
void vgw_legs_count (VgwLegs *self, guint64 *n_takeovers, guint64 *n_failed);
