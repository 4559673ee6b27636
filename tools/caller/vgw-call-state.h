/* The states of a call, in order; some may be skipped. */
#pragma once

#include <glib.h>

typedef enum
{
  VGW_CALL_STATE_NEW,
  VGW_CALL_STATE_OPENING,    /* the WebSocket */
  VGW_CALL_STATE_GREETING,   /* open; the gateway's `session` message may come */
  VGW_CALL_STATE_OFFERING,   /* from making the offer to the answer */
  VGW_CALL_STATE_CONNECTING, /* ICE and DTLS */
  VGW_CALL_STATE_TALKING,
  VGW_CALL_STATE_HANGING_UP, /* `bye` is sent */
  VGW_CALL_STATE_STOPPING,   /* threads are ending */
  VGW_CALL_STATE_ENDED,
} VgwCallState;

/* For the log (static). */
const char *vgw_call_state_to_string (VgwCallState state);
