/* How a client reaches its session: through a door that is attached, and after that is lost with a resume token. Sends
 * the message `session`. Main thread. */
#pragma once

#include "session/vgw-grant.h"
#include "session/vgw-outbox.h"
#include "session/vgw-session-context.h"

typedef struct
{
  const VgwSessionContext *context;
  const VgwGrant *grant;
  const char *session_id;
  VgwOutbox *outbox;
  guint max_duration_s; /* of the session; 0: no bound */
  gboolean is_attached;
  gint64 attached_us; /* monotonic; 0 while the first door is there */
  guint64 n_resumed;
} VgwAttachment;

/* The first door. @engine: the name of the session's engine. */
void vgw_attachment_begin (VgwAttachment *self, const char *engine);

/* From now on the outbox keeps what goes to the client. */
void vgw_attachment_lose (VgwAttachment *self);

/* Another door, for a client that has seen @last_seq (-1: not known): `session` with a new token, then what it has
 * missed. */
void vgw_attachment_renew (VgwAttachment *self, const char *engine, gint64 last_seq);

/* The client has sent something through the present door: it has the last token, and returns with no earlier one. */
void vgw_attachment_confirm (VgwAttachment *self);

/* A connection is up whose offer came at @offered_us: after an offer through the present door, the client has its
 * answer. */
void vgw_attachment_handle_connected (VgwAttachment *self, gint64 offered_us);

/* No client returns any more. */
void vgw_attachment_end (VgwAttachment *self);
