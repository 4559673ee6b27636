/* One connection of a session to its client: offer → answer → connected → closed. An offer that cannot be used leaves
 * it as if none had come, VGW_LEG_MAX_FAILED_OFFERS in all. It owns the peer, and reports to one function. Main
 * thread. */
#pragma once

#include "media/vgw-peer.h"
#include "session/vgw-leg-state.h"
#include "session/vgw-session-context.h"

#define VGW_LEG_MAX_FAILED_OFFERS 4
#define VGW_LEG_MAX_CANDIDATE_BYTES 1024 /* of one candidate's text; real ones have about 150 */

typedef struct _VgwLeg VgwLeg;

typedef enum
{
  VGW_LEG_REPORT_ANSWER,    /* sdp; the candidates come after it */
  VGW_LEG_REPORT_REJECTED,  /* error: the offer cannot be used; a corrected one may follow */
  VGW_LEG_REPORT_REFUSED,   /* error: a candidate of the client was ignored */
  VGW_LEG_REPORT_CANDIDATE, /* candidate: one of ours */
  VGW_LEG_REPORT_TRACK,     /* track: the client sends media */
  VGW_LEG_REPORT_CONNECTED, /* media passes */
  VGW_LEG_REPORT_CHANNEL_OPEN,
  VGW_LEG_REPORT_EVENT,  /* text: of a data channel */
  VGW_LEG_REPORT_KEY,    /* key */
  VGW_LEG_REPORT_VOICE,  /* voice: it begins or ends in the client's audio */
  VGW_LEG_REPORT_FAILED, /* error; no offer can follow */
  VGW_LEG_REPORT_LATE,   /* error: not connected within limits.connect-timeout-ms of the offer; no offer can follow */
  VGW_LEG_REPORT_CLOSED, /* by the client */
} VgwLegReportType;

typedef struct
{
  VgwLegReportType type;
  union
  {
    const char *sdp;
    const char *text;
    const GError *error;
    const VgwTrack *track;
    const VgwVoice *voice;
    struct
    {
      const char *text;
      const char *mid;
      guint mline_index;
    } candidate;
    struct
    {
      char digit;
      guint duration_ms;
    } key;
  };
} VgwLegReport;

/* May close and free the leg. */
typedef void (*VgwLegFunc) (VgwLeg *leg, const VgwLegReport *report, gpointer user_data);

/* @context and @session_id must outlive the leg. Returns: (transfer full) */
VgwLeg *vgw_leg_new (const VgwSessionContext *context, const char *session_id, VgwLegFunc func, gpointer user_data);

/* Stops the peer, and the answer that is being made; nothing is reported afterwards. Idempotent. */
void vgw_leg_close (VgwLeg *self);
void vgw_leg_free (VgwLeg *self);

/* Makes an answer for @sdp: ANSWER, REJECTED, FAILED or LATE follows. @setup: of the peer.
 * Errors, and the leg is as before: VGW_ERROR_BAD_STATE where the leg
 * does not wait for an offer, VGW_ERROR_BUSY where there is no room for one more peer. */
gboolean vgw_leg_handle_offer (VgwLeg *self, const char *sdp, const VgwPeerSetup *setup, GError **error);

/* A candidate of the client, "" or NULL at their end; before the offer it waits for it. @mid is (nullable),
 * @mline_index -1 where the client did not name one. What is wrong with one is REFUSED; of those above the bound of the
 * session only the first. */
void vgw_leg_handle_candidate (VgwLeg *self, const char *candidate, const char *mid, int mline_index);

VgwLegState vgw_leg_get_state (VgwLeg *self);

/* NULL while there is no offer, and once it is closed. (transfer none) */
VgwPeer *vgw_leg_get_peer (VgwLeg *self);

/* Adds received, sent, round_trip_ms and setup to @stats, but not setup.first_audio_ms; the last values once the leg is
 * closed. */
void vgw_leg_get_call_stats (VgwLeg *self, VgwCallStats *stats);

/* Of the last answer; NULL before. */
const char *vgw_leg_get_codec (VgwLeg *self);

/* g_get_monotonic_time () of the last offer, and of the connection; 0 before. */
gint64 vgw_leg_get_offered_us (VgwLeg *self);
gint64 vgw_leg_get_connected_us (VgwLeg *self);
