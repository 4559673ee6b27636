/* What the table counts over all sessions. Plain data; main thread only. */
#pragma once

#include "base/vgw-call-stats.h"
#include "base/vgw-histogram.h"
#include "base/vgw-turn.h"
#include "engine/vgw-engine-stats.h"
#include "session/vgw-session-state.h"

#define VGW_SESSION_N_PHASES (VGW_PHASE_ENDED + 1)
#define VGW_SESSION_N_END_REASONS (VGW_END_ERROR + 1)
#define VGW_SESSION_N_TURN_ENDS (VGW_TURN_CALL_ENDED + 1)

typedef enum
{
  VGW_REFUSAL_SHUTDOWN,
  VGW_REFUSAL_MAX_SESSIONS,
  VGW_REFUSAL_MAX_SESSIONS_PER_ADDRESS,
  VGW_REFUSAL_RATE,     /* too many new sessions of that address in a short time */
  VGW_REFUSAL_ORIGIN,   /* the pages of that origin may not call */
  VGW_REFUSAL_NO_TOKEN, /* a token is needed */
  VGW_REFUSAL_TOKEN,    /* … and this one is not good */
  VGW_REFUSAL_ENGINE,   /* asked for one that there is not, or that is not for the client */
  VGW_REFUSAL_RESUME,   /* the resume token is good for no session, or not for this client */
} VgwRefusal;

#define VGW_SESSION_N_REFUSALS (VGW_REFUSAL_RESUME + 1)

/* The parts of a call's setup, as in VgwCallStats. */
typedef enum
{
  VGW_SETUP_SIGNALING,
  VGW_SETUP_ICE,
  VGW_SETUP_DTLS,
  VGW_SETUP_FIRST_AUDIO,
  VGW_SETUP_N_PARTS,
} VgwSetupPart;

/* Where audio of engines in real time was taken out. */
typedef enum
{
  VGW_PLAYOUT_SHORTENED_PAUSES,
  VGW_PLAYOUT_SHORTENED_SPEECH,
  VGW_PLAYOUT_N_SHORTENED
} VgwPlayoutShortened;

/* Counted since the start, but for in_state and playout_queued_ms. */
typedef struct
{
  guint64 in_state[VGW_SESSION_N_PHASES]; /* sessions that there are now */
  guint64 started;
  guint64 ended[VGW_SESSION_N_END_REASONS];
  guint64 refused[VGW_SESSION_N_REFUSALS];
  guint64 resumed;                     /* times that a client returned */
  guint64 takeovers, failed_takeovers; /* of further offers, by a new connection */
  guint64 dropped_messages;            /* for clients that were away */
  VgwHistogram setup_s;                /* from the offer to media, of those that came so far */
  guint64 playout_played_ms;           /* of the engines' speech, handed to the wire */
  guint64 playout_dropped_ms;
  guint64 playout_shortened_ms[VGW_PLAYOUT_N_SHORTENED];
  guint64 turns[VGW_SESSION_N_TURN_ENDS];
  VgwHistogram turn_to_engine_s, turn_first_byte_s, turn_first_sent_s, turn_heard_s; /* of those where it is known */
  guint64 playout_queued_ms;                     /* of all sessions that there are now */
  VgwHistogram setup_parts_s[VGW_SETUP_N_PARTS]; /* first audio: of the sessions that have ended */
  VgwCallStats calls;                            /* only received and sent */
  guint64 engine_failures;
  VgwEngineStats engine; /* of networked engines */
} VgwSessionStats;

void vgw_session_stats_init (VgwSessionStats *self);

void vgw_session_stats_add_turn (VgwSessionStats *self, const VgwTurn *turn);

const char *vgw_playout_shortened_to_string (VgwPlayoutShortened where); /* "pauses", "speech" */
const char *vgw_refusal_to_string (VgwRefusal refusal);                  /* "max-sessions", … */
