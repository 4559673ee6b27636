#include "session/vgw-client-input.h"

#include "base/vgw-error.h"
#include "base/vgw-log.h"

#define MAX_LOGGED_UNKNOWN_MESSAGES 10 /* a client cannot fill the log */

static void
refuse (VgwClientInput *self, VgwErrorCode code, const char *text)
{
  g_autoptr (GError) error = g_error_new_literal (VGW_ERROR, code, text);

  vgw_outbox_queue_refusal (self->outbox, error, NULL);
}

static void
handle_event (VgwClientInput *self, const VgwMessage *message)
{
  if (vgw_leg_get_state (vgw_legs_get_current (self->legs)) == VGW_LEG_NEW)
    refuse (self, VGW_ERROR_BAD_STATE, "events cannot be sent before the offer");
  else if (message->event_json == NULL)
    refuse (self, VGW_ERROR_BAD_MESSAGE, "event: the payload is missing");
  else
    vgw_conversation_handle_event (self->conversation, message->event_json);
}

static void
ignore_unknown (VgwClientInput *self, const VgwMessage *message)
{
  if (self->n_unknown_messages >= MAX_LOGGED_UNKNOWN_MESSAGES)
    return;
  self->n_unknown_messages++;
  vgw_info (self->session_id, "ignored a message of unknown type \"%.64s\"",
            message->name != NULL ? message->name : "");
}

void
vgw_client_input_handle (VgwClientInput *self, const VgwMessage *message)
{
  switch (message->type)
    {
    case VGW_MESSAGE_CANDIDATE:
      vgw_legs_handle_candidate (self->legs, message->candidate, message->sdp_mid, message->sdp_mline_index);
      break;
    case VGW_MESSAGE_EVENT:
      handle_event (self, message);
      break;
    case VGW_MESSAGE_UNKNOWN:
      ignore_unknown (self, message);
      break;
    case VGW_MESSAGE_ANSWER:
      refuse (self, VGW_ERROR_BAD_STATE, "answer: the gateway made no offer");
      break;
    case VGW_MESSAGE_BYE:
    case VGW_MESSAGE_PING: /* answered by the door */
      break;
    case VGW_MESSAGE_OFFER:
      refuse (self, VGW_ERROR_BAD_MESSAGE, "offer: \"sdp\" is missing");
      break;
    case VGW_MESSAGE_SESSION:
    case VGW_MESSAGE_STATE:
    case VGW_MESSAGE_TRACK:
    case VGW_MESSAGE_ERROR:
    case VGW_MESSAGE_PONG:
      refuse (self, VGW_ERROR_BAD_MESSAGE, "only the gateway sends messages of this type");
      break;
    }
}
