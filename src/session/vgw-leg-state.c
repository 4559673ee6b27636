#include "session/vgw-leg-state.h"

static const struct
{
  VgwLegState state;
  VgwLegInput input;
  VgwLegState next;
} transitions[] = {
  { VGW_LEG_NEW, VGW_LEG_INPUT_OFFER, VGW_LEG_NEGOTIATING },
  { VGW_LEG_NEW, VGW_LEG_INPUT_CLOSE, VGW_LEG_CLOSED },
  { VGW_LEG_NEGOTIATING, VGW_LEG_INPUT_ANSWERED, VGW_LEG_CONNECTING },
  { VGW_LEG_NEGOTIATING, VGW_LEG_INPUT_REJECTED, VGW_LEG_NEW },
  { VGW_LEG_NEGOTIATING, VGW_LEG_INPUT_CLOSE, VGW_LEG_CLOSED },
  { VGW_LEG_CONNECTING, VGW_LEG_INPUT_CONNECTED, VGW_LEG_CONNECTED },
  { VGW_LEG_CONNECTING, VGW_LEG_INPUT_CLOSE, VGW_LEG_CLOSED },
  { VGW_LEG_CONNECTED, VGW_LEG_INPUT_CLOSE, VGW_LEG_CLOSED },
};

const char *
vgw_leg_state_to_string (VgwLegState state)
{
  switch (state)
    {
    case VGW_LEG_NEW:
      return "new";
    case VGW_LEG_NEGOTIATING:
      return "negotiating";
    case VGW_LEG_CONNECTING:
      return "connecting";
    case VGW_LEG_CONNECTED:
      return "connected";
    case VGW_LEG_CLOSED:
      return "closed";
    }
  g_return_val_if_reached ("?");
}

const char *
vgw_leg_input_to_string (VgwLegInput input)
{
  switch (input)
    {
    case VGW_LEG_INPUT_OFFER:
      return "offer";
    case VGW_LEG_INPUT_ANSWERED:
      return "answered";
    case VGW_LEG_INPUT_REJECTED:
      return "rejected";
    case VGW_LEG_INPUT_CONNECTED:
      return "connected";
    case VGW_LEG_INPUT_CLOSE:
      return "close";
    }
  g_return_val_if_reached ("?");
}

gboolean
vgw_leg_state_next (VgwLegState state, VgwLegInput input, VgwLegState *next)
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
