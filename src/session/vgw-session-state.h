/* The state table of a session. Pure. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum
{
  VGW_STATE_NEW,         /* connected, waiting for an offer */
  VGW_STATE_NEGOTIATING, /* the answer is being made */
  VGW_STATE_CONNECTING,  /* answered; ICE and DTLS under way */
  VGW_STATE_ACTIVE,      /* media passes */
  VGW_STATE_ENDING,      /* engine and peer are being stopped */
  VGW_STATE_ENDED,
} VgwState;

typedef enum
{
  VGW_EVENT_OFFER,
  VGW_EVENT_ANSWERED,
  VGW_EVENT_REJECTED, /* the offer cannot be used; a corrected one may follow */
  VGW_EVENT_CONNECTED,
  VGW_EVENT_END,     /* for any VgwEndReason */
  VGW_EVENT_STOPPED, /* engine and peer are gone */
} VgwEvent;

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

const char *vgw_state_to_string (VgwState state);
const char *vgw_event_to_string (VgwEvent event);
const char *vgw_end_reason_to_string (VgwEndReason reason); /* "client-bye", … */

/* Looks (@state, @event) up; FALSE (BAD_STATE for the caller) where the table has no such pair. */
gboolean vgw_state_next (VgwState state, VgwEvent event, VgwState *next);

G_END_DECLS
