#include "caller/vgw-call-state.h"

const char *
vgw_call_state_to_string (VgwCallState state)
{
  switch (state)
    {
    case VGW_CALL_STATE_NEW:
      return "new";
    case VGW_CALL_STATE_OPENING:
      return "opening";
    case VGW_CALL_STATE_GREETING:
      return "greeting";
    case VGW_CALL_STATE_OFFERING:
      return "offering";
    case VGW_CALL_STATE_CONNECTING:
      return "connecting";
    case VGW_CALL_STATE_TALKING:
      return "talking";
    case VGW_CALL_STATE_HANGING_UP:
      return "hanging up";
    case VGW_CALL_STATE_STOPPING:
      return "stopping";
    case VGW_CALL_STATE_ENDED:
      return "ended";
    }
  return "unknown";
}
