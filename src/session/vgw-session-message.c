#include "session/vgw-session-message.h"

#include "session/vgw-client-servers.h"

VgwMessage *
vgw_session_message_new (const VgwSessionContext *context, const VgwGrant *grant, const char *id, const char *engine,
                         guint max_duration_s)
{
  VgwMessage *message = vgw_message_new (VGW_MESSAGE_SESSION);

  message->session_id = g_strdup (id);
  message->engines = g_strdupv (grant->engines);
  message->engine = g_strdup (engine);
  if (context->client_ice_servers != NULL)
    message->ice_servers = vgw_client_servers_make (context, id, g_get_real_time () / G_USEC_PER_SEC);
  message->limits = (VgwSessionLimits){
    .max_message_bytes = context->limits.max_message_bytes,
    .max_candidates = context->limits.max_candidates,
    .max_data_channels = context->limits.max_data_channels,
    .max_duration_s = max_duration_s,
  };
  return message;
}
