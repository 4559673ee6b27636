#include "session/vgw-session-state.h"

#include "base/vgw-error.h"

static const struct
{
  VgwSessionState state;
  VgwSessionInput input;
  VgwSessionState next;
} transitions[] = {
  { VGW_SESSION_NEW, VGW_INPUT_CONNECTED, VGW_SESSION_ACTIVE },
  { VGW_SESSION_NEW, VGW_INPUT_END, VGW_SESSION_ENDING },
  { VGW_SESSION_ACTIVE, VGW_INPUT_CONNECTED, VGW_SESSION_ACTIVE }, /* another leg has taken over */
  { VGW_SESSION_ACTIVE, VGW_INPUT_LOST, VGW_SESSION_RECOVERING },
  { VGW_SESSION_ACTIVE, VGW_INPUT_END, VGW_SESSION_ENDING },
  { VGW_SESSION_RECOVERING, VGW_INPUT_CONNECTED, VGW_SESSION_ACTIVE },
  { VGW_SESSION_RECOVERING, VGW_INPUT_END, VGW_SESSION_ENDING },
  { VGW_SESSION_ENDING, VGW_INPUT_STOPPED, VGW_SESSION_ENDED },
};

const char *
vgw_session_state_to_string (VgwSessionState state)
{
  switch (state)
    {
    case VGW_SESSION_NEW:
      return "new";
    case VGW_SESSION_ACTIVE:
      return "active";
    case VGW_SESSION_RECOVERING:
      return "recovering";
    case VGW_SESSION_ENDING:
      return "ending";
    case VGW_SESSION_ENDED:
      return "ended";
    }
  g_return_val_if_reached ("?");
}

const char *
vgw_session_input_to_string (VgwSessionInput input)
{
  switch (input)
    {
    case VGW_INPUT_CONNECTED:
      return "connected";
    case VGW_INPUT_LOST:
      return "lost";
    case VGW_INPUT_END:
      return "end";
    case VGW_INPUT_STOPPED:
      return "stopped";
    }
  g_return_val_if_reached ("?");
}

const char *
vgw_session_phase_to_string (VgwSessionPhase phase)
{
  switch (phase)
    {
    case VGW_PHASE_NEW:
      return "new";
    case VGW_PHASE_NEGOTIATING:
      return "negotiating";
    case VGW_PHASE_CONNECTING:
      return "connecting";
    case VGW_PHASE_ACTIVE:
      return "active";
    case VGW_PHASE_DETACHED:
      return "detached";
    case VGW_PHASE_RECOVERING:
      return "recovering";
    case VGW_PHASE_ENDING:
      return "ending";
    case VGW_PHASE_ENDED:
      return "ended";
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
    case VGW_END_REFUSED:
      return "refused";
    case VGW_END_ADMISSION_TIMEOUT:
      return "admission-timeout";
    case VGW_END_SHUTDOWN:
      return "shutdown";
    case VGW_END_OPERATOR:
      return "operator";
    case VGW_END_ERROR:
      return "error";
    }
  g_return_val_if_reached ("?");
}

gboolean
vgw_session_state_next (VgwSessionState state, VgwSessionInput input, VgwSessionState *next)
{
  for (gsize i = 0; i < G_N_ELEMENTS (transitions); i++)
    {
      if (transitions[i].state == state && transitions[i].input == input)
        {
          *next = transitions[i].next;
          return TRUE;
        }
    }
  return FALSE;
}

VgwSessionPhase
vgw_session_phase_of (VgwSessionState state, VgwLegState leg, gboolean is_attached)
{
  switch (state)
    {
    case VGW_SESSION_NEW:
      break;
    case VGW_SESSION_ACTIVE:
      return is_attached ? VGW_PHASE_ACTIVE : VGW_PHASE_DETACHED;
    case VGW_SESSION_RECOVERING:
      return VGW_PHASE_RECOVERING;
    case VGW_SESSION_ENDING:
      return VGW_PHASE_ENDING;
    case VGW_SESSION_ENDED:
      return VGW_PHASE_ENDED;
    }
  switch (leg)
    {
    case VGW_LEG_NEW:
    case VGW_LEG_CLOSED:
      return VGW_PHASE_NEW;
    case VGW_LEG_NEGOTIATING:
      return VGW_PHASE_NEGOTIATING;
    case VGW_LEG_CONNECTING:
    case VGW_LEG_CONNECTED:
      return VGW_PHASE_CONNECTING;
    }
  g_return_val_if_reached (VGW_PHASE_NEW);
}

VgwEndReason
vgw_end_reason_of_failure (const GError *error, VgwSessionState state, VgwSessionPhase phase)
{
  if (error == NULL)
    return VGW_END_CLIENT_BYE;
  if (g_error_matches (error, VGW_ERROR, VGW_ERROR_UNAUTHORIZED))
    return VGW_END_FINGERPRINT_MISMATCH;
  if (g_error_matches (error, VGW_ERROR, VGW_ERROR_FLOOD))
    return VGW_END_FLOOD;
  if (!g_error_matches (error, VGW_ERROR, VGW_ERROR_TIMEOUT) || phase == VGW_PHASE_NEGOTIATING)
    return VGW_END_ERROR; /* webrtcbin that makes no answer in time is not the client's network */
  return state == VGW_SESSION_ACTIVE ? VGW_END_MEDIA_TIMEOUT : VGW_END_CONNECT_TIMEOUT;
}
