/* What the table counts over all sessions. Plain data; main thread only. */
#pragma once

#include "base/vgw-histogram.h"
#include "session/vgw-session-state.h"

#define VGW_SESSION_N_PHASES (VGW_PHASE_ENDED + 1)
#define VGW_SESSION_N_END_REASONS (VGW_END_ERROR + 1)

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

/* Counted since the start, but for in_state. */
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
} VgwSessionStats;

void vgw_session_stats_init (VgwSessionStats *self);

const char *vgw_refusal_to_string (VgwRefusal refusal); /* "max-sessions", … */
