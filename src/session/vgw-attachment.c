#include "session/vgw-attachment.h"

#include "base/vgw-log.h"
#include "session/vgw-client-servers.h"

/* Returns: (transfer full) */
static VgwMessage *
make_session_message (VgwAttachment *self, const char *engine)
{
  const VgwSessionContext *context = self->context;
  VgwMessage *message = vgw_message_new (VGW_MESSAGE_SESSION);

  message->session_id = g_strdup (self->session_id);
  message->engines = g_strdupv (self->grant->engines);
  message->engine = g_strdup (engine);
  if (context->resume_tokens != NULL && context->session.resume_grace_ms > 0)
    message->resume_token = g_strdup (vgw_resume_tokens_issue (context->resume_tokens, self->session_id));
  if (context->client_ice_servers != NULL)
    message->ice_servers = vgw_client_servers_make (context, self->session_id, g_get_real_time () / G_USEC_PER_SEC);
  message->limits = (VgwSessionLimits){
    .max_message_bytes = context->limits.max_message_bytes,
    .max_candidates = context->limits.max_candidates,
    .max_data_channels = context->limits.max_data_channels,
    .max_duration_s = self->max_duration_s,
  };
  return message;
}

void
vgw_attachment_begin (VgwAttachment *self, const char *engine)
{
  vgw_outbox_queue (self->outbox, make_session_message (self, engine));
}

void
vgw_attachment_lose (VgwAttachment *self)
{
  self->is_attached = FALSE;
  vgw_outbox_detach (self->outbox);
}

void
vgw_attachment_renew (VgwAttachment *self, const char *engine, gint64 last_seq)
{
  VgwMessage *message = make_session_message (self, engine);

  vgw_info (self->session_id, "the client has returned");
  message->is_resumed = TRUE;
  self->is_attached = TRUE;
  self->attached_us = g_get_monotonic_time ();
  self->n_resumed++;
  vgw_outbox_attach (self->outbox, message, last_seq);
}

void
vgw_attachment_confirm (VgwAttachment *self)
{
  if (self->context->resume_tokens != NULL)
    vgw_resume_tokens_confirm (self->context->resume_tokens, self->session_id);
}

void
vgw_attachment_handle_connected (VgwAttachment *self, gint64 offered_us)
{
  if (offered_us > self->attached_us)
    vgw_attachment_confirm (self);
}

void
vgw_attachment_end (VgwAttachment *self)
{
  if (self->context->resume_tokens != NULL)
    vgw_resume_tokens_revoke (self->context->resume_tokens, self->session_id);
}
