#include "session/vgw-session-state.h"

/* What is not in this table does not happen: the caller answers BAD_STATE. */
static const struct
{
  VgwSessionState state;
  VgwSessionInput event;
  VgwSessionState next;
} transitions[] = {
  { VGW_SESSION_NEW, VGW_INPUT_OFFER, VGW_SESSION_NEGOTIATING },
  { VGW_SESSION_NEW, VGW_INPUT_END, VGW_SESSION_ENDING },
  { VGW_SESSION_NEGOTIATING, VGW_INPUT_ANSWERED, VGW_SESSION_CONNECTING },
  { VGW_SESSION_NEGOTIATING, VGW_INPUT_REJECTED, VGW_SESSION_NEW },
  { VGW_SESSION_NEGOTIATING, VGW_INPUT_END, VGW_SESSION_ENDING },
  { VGW_SESSION_CONNECTING, VGW_INPUT_CONNECTED, VGW_SESSION_ACTIVE },
  { VGW_SESSION_CONNECTING, VGW_INPUT_END, VGW_SESSION_ENDING },
  { VGW_SESSION_ACTIVE, VGW_INPUT_END, VGW_SESSION_ENDING },
  { VGW_SESSION_ENDING, VGW_INPUT_STOPPED, VGW_SESSION_ENDED },
};

const char *
vgw_session_state_to_string (VgwSessionState state)
{
  switch (state)
    {
    case VGW_SESSION_NEW:
      return "new";
    case VGW_SESSION_NEGOTIATING:
      return "negotiating";
    case VGW_SESSION_CONNECTING:
      return "connecting";
    case VGW_SESSION_ACTIVE:
      return "active";
    case VGW_SESSION_ENDING:
      return "ending";
    case VGW_SESSION_ENDED:
      return "ended";
    }
  g_return_val_if_reached ("?");
}

const char *
vgw_session_input_to_string (VgwSessionInput event)
{
  switch (event)
    {
    case VGW_INPUT_OFFER:
      return "offer";
    case VGW_INPUT_ANSWERED:
      return "answered";
    case VGW_INPUT_REJECTED:
      return "rejected";
    case VGW_INPUT_CONNECTED:
      return "connected";
    case VGW_INPUT_END:
      return "end";
    case VGW_INPUT_STOPPED:
      return "stopped";
    }
  g_return_val_if_reached ("?");
}

const char *
vgw_end_reason_to_string (VgwEndReason reason)
{
  switch (reason)
    {
    case VGW_END_CLIENT_BYE:
      return "client-bye";
    case VGW_END_WEBSOCKET_CLOSED:
      return "websocket-closed";
    case VGW_END_OFFER_TIMEOUT:
      return "offer-timeout";
    case VGW_END_CONNECT_TIMEOUT:
      return "connect-timeout";
    case VGW_END_MEDIA_TIMEOUT:
      return "media-timeout";
    case VGW_END_MAX_DURATION:
      return "max-duration";
    case VGW_END_FINGERPRINT_MISMATCH:
      return "fingerprint-mismatch";
    case VGW_END_FLOOD:
      return "flood";
    case VGW_END_ENGINE:
      return "engine";
    case VGW_END_SHUTDOWN:
      return "shutdown";
    case VGW_END_ERROR:
      return "error";
    }
  g_return_val_if_reached ("?");
}

gboolean
vgw_session_state_next (VgwSessionState state, VgwSessionInput event, VgwSessionState *next)
{
  for (gsize i = 0; i < G_N_ELEMENTS (transitions); i++)
    {
      if (transitions[i].state == state && transitions[i].event == event)
        {
          *next = transitions[i].next;
          return TRUE;
        }
    }
  return FALSE;
}
