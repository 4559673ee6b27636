#include "session/vgw-session-state.h"

/* What is not in this table does not happen: the caller answers BAD_STATE. */
static const struct
{
  VgwState state;
  VgwEvent event;
  VgwState next;
} transitions[] = {
  { VGW_STATE_NEW, VGW_EVENT_OFFER, VGW_STATE_NEGOTIATING },
  { VGW_STATE_NEW, VGW_EVENT_END, VGW_STATE_ENDING },
  { VGW_STATE_NEGOTIATING, VGW_EVENT_ANSWERED, VGW_STATE_CONNECTING },
  { VGW_STATE_NEGOTIATING, VGW_EVENT_REJECTED, VGW_STATE_NEW },
  { VGW_STATE_NEGOTIATING, VGW_EVENT_END, VGW_STATE_ENDING },
  { VGW_STATE_CONNECTING, VGW_EVENT_CONNECTED, VGW_STATE_ACTIVE },
  { VGW_STATE_CONNECTING, VGW_EVENT_END, VGW_STATE_ENDING },
  { VGW_STATE_ACTIVE, VGW_EVENT_END, VGW_STATE_ENDING },
  { VGW_STATE_ENDING, VGW_EVENT_STOPPED, VGW_STATE_ENDED },
};

const char *
vgw_state_to_string (VgwState state)
{
  switch (state)
    {
    case VGW_STATE_NEW:
      return "new";
    case VGW_STATE_NEGOTIATING:
      return "negotiating";
    case VGW_STATE_CONNECTING:
      return "connecting";
    case VGW_STATE_ACTIVE:
      return "active";
    case VGW_STATE_ENDING:
      return "ending";
    case VGW_STATE_ENDED:
      return "ended";
    }
  g_return_val_if_reached ("?");
}

const char *
vgw_event_to_string (VgwEvent event)
{
  switch (event)
    {
    case VGW_EVENT_OFFER:
      return "offer";
    case VGW_EVENT_ANSWERED:
      return "answered";
    case VGW_EVENT_REJECTED:
      return "rejected";
    case VGW_EVENT_CONNECTED:
      return "connected";
    case VGW_EVENT_END:
      return "end";
    case VGW_EVENT_STOPPED:
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
vgw_state_next (VgwState state, VgwEvent event, VgwState *next)
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
