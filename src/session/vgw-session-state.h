/* The state table of a session. Pure. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum
{
  VGW_SESSION_NEW,         /* connected, waiting for an offer */
  VGW_SESSION_NEGOTIATING, /* the answer is being made */
  VGW_SESSION_CONNECTING,  /* answered; ICE and DTLS under way */
  VGW_SESSION_ACTIVE,      /* media passes */
  VGW_SESSION_ENDING,      /* engine and peer are being stopped */
  VGW_SESSION_ENDED,
} VgwSessionState;

typedef enum
{
  VGW_INPUT_OFFER,
  VGW_INPUT_ANSWERED,
  VGW_INPUT_REJECTED, /* the offer cannot be used; a corrected one may follow */
  VGW_INPUT_CONNECTED,
  VGW_INPUT_END,     /* for any VgwEndReason */
  VGW_INPUT_STOPPED, /* engine and peer are gone */
} VgwSessionInput;

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
  VGW_END_SHUTDOWN,
  VGW_END_ERROR,
} VgwEndReason;

const char *vgw_session_state_to_string (VgwSessionState state);
const char *vgw_session_input_to_string (VgwSessionInput event);
const char *vgw_end_reason_to_string (VgwEndReason reason); /* "client-bye", … */

/* Looks (@state, @event) up; FALSE (BAD_STATE for the caller) where the table has no such pair. */
gboolean vgw_session_state_next (VgwSessionState state, VgwSessionInput event, VgwSessionState *next);

G_END_DECLS
