/* The messages of a client that begin and end nothing: candidates, events, and those that are not for the gateway. Main
 * thread. */
#pragma once

#include "session/vgw-legs.h"

typedef struct
{
  const char *session_id;
  VgwConversation *conversation;
  VgwLegs *legs;
  VgwOutbox *outbox;
  guint n_unknown_messages;
} VgwClientInput;

/* Any message but a bye, and an offer with a description. What is wrong with it goes to the client as an `error`. */
void vgw_client_input_handle (VgwClientInput *self, const VgwMessage *message);
