/* The state table of a leg. Pure. */
#pragma once

#include <glib.h>

typedef enum
{
  VGW_LEG_NEW,         /* waits for an offer */
  VGW_LEG_NEGOTIATING, /* the answer is being made */
  VGW_LEG_CONNECTING,  /* answered; ICE and DTLS under way */
  VGW_LEG_CONNECTED,   /* media passes */
  VGW_LEG_CLOSED,
} VgwLegState;

typedef enum
{
  VGW_LEG_INPUT_OFFER,
  VGW_LEG_INPUT_ANSWERED,
  VGW_LEG_INPUT_REJECTED, /* the offer cannot be used; a corrected one may follow */
  VGW_LEG_INPUT_CONNECTED,
  VGW_LEG_INPUT_CLOSE,
} VgwLegInput;

const char *vgw_leg_state_to_string (VgwLegState state);
const char *vgw_leg_input_to_string (VgwLegInput input);

/* Looks (@state, @input) up; FALSE where the table has no such pair: the input is not allowed then. */
gboolean vgw_leg_state_next (VgwLegState state, VgwLegInput input, VgwLegState *next);
