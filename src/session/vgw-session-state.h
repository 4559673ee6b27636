/* The state table of a session. Pure. */
#pragma once

#include "session/vgw-leg-state.h"

typedef enum
{
  VGW_SESSION_NEW,        /* no media has passed yet */
  VGW_SESSION_ACTIVE,     /* media passes */
  VGW_SESSION_RECOVERING, /* the connection is lost: an offer may make another one */
  VGW_SESSION_ENDING,     /* engine and peer are being stopped */
  VGW_SESSION_ENDED,
} VgwSessionState;

typedef enum
{
  VGW_INPUT_CONNECTED, /* a leg is connected */
  VGW_INPUT_LOST,      /* the current leg is closed, and none has taken over */
  VGW_INPUT_END,       /* for any VgwEndReason */
  VGW_INPUT_STOPPED,   /* engine and peer are gone */
} VgwSessionInput;

/* What a session is to others: its state, while it is NEW what its leg does, and while it is ACTIVE whether it has a
 * door. */
typedef enum
{
  VGW_PHASE_NEW,         /* waits for an offer */
  VGW_PHASE_NEGOTIATING, /* the answer is being made */
  VGW_PHASE_CONNECTING,  /* answered; ICE and DTLS under way */
  VGW_PHASE_ACTIVE,
  VGW_PHASE_DETACHED, /* active, and its client's WebSocket is lost */
  VGW_PHASE_RECOVERING,
  VGW_PHASE_ENDING,
  VGW_PHASE_ENDED,
} VgwSessionPhase;

typedef enum
{
  VGW_END_CLIENT_BYE,
  VGW_END_WEBSOCKET_CLOSED,
  VGW_END_OFFER_TIMEOUT,
  VGW_END_CONNECT_TIMEOUT,
  VGW_END_MEDIA_TIMEOUT,
  VGW_END_MAX_DURATION,
  VGW_END_FINGERPRINT_MISMATCH,
  VGW_END_FLOOD,
  VGW_END_ENGINE,
  VGW_END_REFUSED,           /* by a session manager */
  VGW_END_ADMISSION_TIMEOUT, /* … which has not decided, and that is a refusal */
  VGW_END_SHUTDOWN,
  VGW_END_OPERATOR, /* hung up through the admin listener */
  VGW_END_ERROR,
} VgwEndReason;

const char *vgw_session_state_to_string (VgwSessionState state);
const char *vgw_session_input_to_string (VgwSessionInput input);
const char *vgw_session_phase_to_string (VgwSessionPhase phase); /* "new", … */
const char *vgw_end_reason_to_string (VgwEndReason reason);      /* "client-bye", … */

/* Looks (@state, @input) up; FALSE where the table has no such pair: the input is not allowed then. */
gboolean vgw_session_state_next (VgwSessionState state, VgwSessionInput input, VgwSessionState *next);

/* The phase of a session in @state whose leg is in @leg. */
VgwSessionPhase vgw_session_phase_of (VgwSessionState state, VgwLegState leg, gboolean is_attached);

/* Why a session ends whose leg has failed with @error, or was closed by the client (NULL); @state and @phase: before
 * that. */
VgwEndReason vgw_end_reason_of_failure (const GError *error, VgwSessionState state, VgwSessionPhase phase);
