#include "app/vgw-call-link.h"

#include "base/vgw-error.h"

/* RFC 6455 section 7.4.1, and the registry of close codes for 1013 */
#define CLOSE_NORMAL 1000
#define CLOSE_GOING_AWAY 1001
#define CLOSE_POLICY_VIOLATION 1008
#define CLOSE_TRY_AGAIN_LATER 1013

typedef struct
{
  VgwWsChannel *channel;
  VgwSession *session; /* (nullable) once it has ended */
} CallLink;

static void
on_channel_message (VgwWsChannel *channel, const char *text, gsize length, CallLink *link)
{
  g_autoptr (GError) error = NULL;
  if (link->session == NULL)
    return;
  g_autoptr (VgwMessage) message = vgw_message_parse (text, length, &error);
  if (message != NULL)
    vgw_session_handle (link->session, message);
  else
    vgw_session_handle_bad_message (link->session, error, FALSE);
}

static void
on_channel_bad (VgwWsChannel *channel, const GError *error, CallLink *link)
{
  /* the channel closes itself with 1009 for a message that is too large */
  if (link->session != NULL)
    vgw_session_handle_bad_message (link->session, error, g_error_matches (error, VGW_ERROR, VGW_ERROR_TOO_LARGE));
}

static void
on_session_outgoing (VgwSession *session, const VgwMessage *message, CallLink *link)
{
  g_autofree char *text = vgw_message_to_text (message);
  vgw_ws_channel_send (link->channel, text);
}

static gsize
get_backlog (gpointer user_data)
{
  return vgw_ws_channel_get_backlog (((CallLink *) user_data)->channel);
}

static void
forget_session (CallLink *link)
{
  if (link->session == NULL)
    return;
  vgw_session_set_backlog_func (link->session, NULL, NULL);
  g_signal_handlers_disconnect_by_data (link->session, link);
  g_clear_object (&link->session);
}

static void
on_session_ended (VgwSession *session, VgwEndReason reason, CallLink *link)
{
  forget_session (link);
  vgw_ws_channel_close (link->channel, reason == VGW_END_SHUTDOWN ? CLOSE_GOING_AWAY : CLOSE_NORMAL,
                        vgw_end_reason_to_string (reason));
}

static void
on_channel_closed (VgwWsChannel *channel, CallLink *link)
{
  g_autoptr (VgwSession) session = link->session ? g_object_ref (link->session) : NULL;
  forget_session (link);
  if (session != NULL)
    vgw_session_end (session, VGW_END_WEBSOCKET_CLOSED);
  g_signal_handlers_disconnect_by_data (channel, link);
  g_object_unref (link->channel);
  g_free (link);
}

static void
refuse (VgwWsChannel *channel, const GError *error)
{
  g_autoptr (VgwMessage) message = vgw_message_new_error (error, TRUE);
  g_autofree char *text = vgw_message_to_text (message);
  gboolean is_busy = g_error_matches (error, VGW_ERROR, VGW_ERROR_BUSY);
  vgw_ws_channel_send (channel, text);
  vgw_ws_channel_close (channel, is_busy ? CLOSE_TRY_AGAIN_LATER : CLOSE_POLICY_VIOLATION, vgw_error_to_wire (error));
}

/* The session of a granted request; NULL with an error where it is refused. */
static VgwSession *
admit (VgwSessionTable *table, VgwAccess *access, VgwWsChannel *channel, GError **error)
{
  const VgwAccessRequest request = { .address = vgw_ws_channel_get_remote_address (channel),
                                     .query = vgw_ws_channel_get_query (channel),
                                     .origin = vgw_ws_channel_get_origin (channel),
                                     .user_agent = vgw_ws_channel_get_user_agent (channel) };
  g_autoptr (VgwGrant) grant = vgw_access_grant (access, &request, error);
  return grant != NULL ? vgw_session_table_create (table, grant, error) : NULL;
}

void
vgw_call_link_open (VgwSessionTable *table, VgwAccess *access, VgwWsChannel *channel)
{
  g_autoptr (GError) error = NULL;
  VgwSession *session = admit (table, access, channel, &error);
  CallLink *link = g_new0 (CallLink, 1);
  link->channel = g_object_ref (channel);
  g_signal_connect (channel, "closed", G_CALLBACK (on_channel_closed), link);
  if (session == NULL)
    {
      refuse (channel, error);
      return;
    }
  link->session = g_object_ref (session);
  g_signal_connect (channel, "message", G_CALLBACK (on_channel_message), link);
  g_signal_connect (channel, "bad", G_CALLBACK (on_channel_bad), link);
  g_signal_connect (session, "outgoing", G_CALLBACK (on_session_outgoing), link);
  g_signal_connect (session, "ended", G_CALLBACK (on_session_ended), link);
  vgw_session_set_backlog_func (session, get_backlog, link);
  vgw_session_start (session);
}
