#include "doors/vgw-door-ws.h"

#include <string.h>

#include "base/vgw-error.h"
#include "doors/vgw-door-http.h"
#include "signaling/vgw-message.h"

struct _VgwDoorWs
{
  VgwHttpServer *server;
  VgwAccess *access;
  VgwSessionTable *table;
};

/* A request that is becoming a WebSocket. */
typedef struct
{
  VgwDoorWs *door;
  VgwGrant *grant; /* NULL where it is refused: */
  GError *refusal;
} Caller;

/* A WebSocket and its session. It lives as long as the channel is open. */
typedef struct
{
  VgwWsChannel *channel;
  VgwSession *session; /* (nullable) once it has ended */
} Link;

/* About this WebSocket alone: not one of the session's messages, which are numbered and sent again on another one. */
static void
send_pong (Link *link)
{
  g_autoptr (VgwMessage) pong = vgw_message_new (VGW_MESSAGE_PONG);
  g_autofree char *text = vgw_message_to_text (pong);

  vgw_ws_channel_send (link->channel, TRUE, text, strlen (text));
}

static void
on_channel_message (VgwWsChannel *channel, gboolean is_text, const char *text, gulong length, Link *link)
{
  g_autoptr (GError) error = NULL;
  if (link->session == NULL)
    return;
  vgw_session_confirm (link->session);
  g_autoptr (VgwMessage) message = vgw_message_parse (text, length, &error);
  if (message != NULL && message->type == VGW_MESSAGE_PING)
    send_pong (link);
  else if (message != NULL)
    vgw_session_handle (link->session, message);
  else
    vgw_session_handle_bad_message (link->session, error, FALSE);
}

static void
on_channel_bad (VgwWsChannel *channel, const GError *error, Link *link)
{
  /* the channel closes itself with 1009 for a message that is too large */
  if (link->session != NULL)
    vgw_session_handle_bad_message (link->session, error, g_error_matches (error, VGW_ERROR, VGW_ERROR_TOO_LARGE));
}

static void
on_channel_pong (VgwWsChannel *channel, Link *link)
{
  if (link->session != NULL)
    vgw_session_confirm (link->session);
}

static void
on_session_outgoing (VgwSession *session, const VgwMessage *message, Link *link)
{
  g_autofree char *text = vgw_message_to_text (message);
  vgw_ws_channel_send (link->channel, TRUE, text, strlen (text));
}

static gsize
get_backlog (gpointer user_data)
{
  return vgw_ws_channel_get_backlog (((Link *) user_data)->channel);
}

static void
forget_session (Link *link)
{
  if (link->session == NULL)
    return;
  vgw_outbox_set_backlog_func (vgw_session_get_outbox (link->session), NULL, NULL);
  g_signal_handlers_disconnect_by_data (link->session, link);
  g_clear_object (&link->session);
}

static VgwWsCloseCode
close_code_of (VgwEndReason reason)
{
  if (reason == VGW_END_SHUTDOWN)
    return VGW_WS_CLOSE_GOING_AWAY;
  if (reason == VGW_END_REFUSED)
    return VGW_WS_CLOSE_POLICY_VIOLATION;
  return reason == VGW_END_ADMISSION_TIMEOUT ? VGW_WS_CLOSE_TRY_AGAIN_LATER : VGW_WS_CLOSE_NORMAL;
}

static void
on_session_ended (VgwSession *session, VgwEndReason reason, Link *link)
{
  forget_session (link);
  vgw_ws_channel_close (link->channel, close_code_of (reason), vgw_end_reason_to_string (reason));
}

static void
on_session_replaced (VgwSession *session, Link *link)
{
  forget_session (link);
  vgw_ws_channel_close (link->channel, VGW_WS_CLOSE_REPLACED, "replaced");
}

/* In good order the client has hung up; else it may return. */
static void
on_channel_closed (VgwWsChannel *channel, int how, const GError *error, Link *link)
{
  g_autoptr (VgwSession) session = link->session ? g_object_ref (link->session) : NULL;
  forget_session (link);
  if (session != NULL && how == VGW_WS_END_ORDERLY)
    vgw_session_end (session, VGW_END_WEBSOCKET_CLOSED);
  else if (session != NULL)
    vgw_session_detach (session);
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
  vgw_ws_channel_send (channel, TRUE, text, strlen (text));
  vgw_ws_channel_close (channel, is_busy ? VGW_WS_CLOSE_TRY_AGAIN_LATER : VGW_WS_CLOSE_POLICY_VIOLATION,
                        vgw_error_to_wire (error));
}

/* The number of the last message that a client that returns has seen; -1 where it does not say. */
static gint64
get_last_seq (const VgwGrant *grant)
{
  const char *text = vgw_grant_get_parameter (grant, "seq");
  gint64 seq;

  if (text == NULL || !g_ascii_string_to_signed (text, 10, 0, G_MAXINT64, &seq, NULL))
    return -1;
  return seq;
}

/* NULL, and @error is set, where the client may have none. @is_resumed (out): it goes on. (transfer none) */
static VgwSession *
find_session (Caller *caller, gboolean *is_resumed, GError **error)
{
  const VgwGrant *grant = caller->grant;
  const char *token = grant != NULL ? vgw_grant_get_parameter (grant, "resume") : NULL;
  VgwRefusal refusal;

  *is_resumed = token != NULL;
  if (grant == NULL)
    {
      g_propagate_error (error, g_steal_pointer (&caller->refusal));
      return NULL;
    }
  if (token != NULL)
    return vgw_session_table_resume (caller->door->table, token, grant, error);
  return vgw_session_table_create (caller->door->table, caller->grant, &refusal, error);
}

/* The 101 is out. A refused client learns why on the WebSocket, since a page cannot read the status of a handshake. */
static void
on_open (VgwWsChannel *channel, gpointer user_data)
{
  Caller *caller = user_data;
  g_autoptr (GError) error = NULL;
  gboolean is_resumed;
  VgwSession *session = find_session (caller, &is_resumed, &error);
  Link *link = g_new0 (Link, 1);

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
  g_signal_connect (channel, "pong", G_CALLBACK (on_channel_pong), link);
  g_signal_connect (session, "outgoing", G_CALLBACK (on_session_outgoing), link);
  g_signal_connect (session, "ended", G_CALLBACK (on_session_ended), link);
  g_signal_connect (session, "replaced", G_CALLBACK (on_session_replaced), link);
  vgw_outbox_set_backlog_func (vgw_session_get_outbox (session), get_backlog, link);
  if (!is_resumed)
    {
      vgw_session_start (session);
      return;
    }
  vgw_session_attach (session, get_last_seq (caller->grant));
  vgw_outbox_flush (vgw_session_get_outbox (session));
  vgw_ws_channel_ping (channel); /* its pong confirms the new resume token */
}

static void
caller_free (gpointer data)
{
  Caller *caller = data;

  g_clear_pointer (&caller->grant, vgw_grant_unref);
  g_clear_error (&caller->refusal);
  g_free (caller);
}

static void
on_request (VgwHttpRequest *request, gpointer user_data)
{
  VgwDoorWs *self = user_data;
  VgwAccessRequest asked = vgw_door_describe_request (request);
  Caller *caller = g_new0 (Caller, 1);
  VgwRefusal refusal;

  /* Without a handshake the client library asks why a WebSocket was not opened; for its own origin a browser sends no
   * Origin then. */
  asked.is_question = !vgw_http_request_is_handshake (request);
  if (asked.is_question && asked.origin == NULL)
    asked.origin = vgw_http_request_get_header (request, "Page-Origin");
  asked.door = "ws";
  caller->door = self;
  caller->grant = vgw_access_grant (self->access, &asked, &refusal, &caller->refusal);
  if (g_error_matches (caller->refusal, VGW_ERROR, VGW_ERROR_UNAUTHORIZED)
      && (refusal == VGW_REFUSAL_ORIGIN || asked.is_question))
    {
      vgw_door_reply_text (request, vgw_door_prepare_refusal (request, refusal), caller->refusal->message);
      caller_free (caller);
      return;
    }
  vgw_http_server_open_websocket (self->server, request, on_open, caller, caller_free);
}

VgwDoorWs *
vgw_door_ws_new (VgwHttpServer *server, VgwAccess *access, VgwSessionTable *table)
{
  static const VgwHttpRoute route = { "/ws", .get = on_request, .has_cors = TRUE,
                                      .exposed_headers = "WWW-Authenticate" };
  VgwDoorWs *self = g_new0 (VgwDoorWs, 1);

  self->server = server;
  self->access = access;
  self->table = table;
  vgw_http_server_add_route (server, &route, self);
  return self;
}

void
vgw_door_ws_free (VgwDoorWs *self)
{
  g_free (self);
}
