#include "app/vgw-call-link.h"

#include "base/vgw-error.h"
#include "base/vgw-log.h"

/* RFC 6455 section 7.4.1, and the registry of close codes for 1013 */
#define CLOSE_NORMAL 1000
#define CLOSE_GOING_AWAY 1001
#define CLOSE_POLICY_VIOLATION 1008
#define CLOSE_TRY_AGAIN_LATER 1013

#define MAX_LOGGED_NAME_BYTES 64

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

/* One line in the log for a session that there is none of. */
static void
log_refusal (VgwWsChannel *channel, const char *engine_name, const GError *error)
{
  const char *address = vgw_ws_channel_get_remote_address (channel);
  g_autofree char *shown = NULL;
  if (engine_name == NULL)
    {
      vgw_info_about (address, "refused a session for %s: %s", address, error->message);
      return;
    }
  shown = g_strndup (engine_name, MAX_LOGGED_NAME_BYTES); /* the log makes it valid and escapes it */
  vgw_info_about (address, "refused a session for %s: engine \"%s\": %s", address, shown, error->message);
}

/* The engine that the client's address asks for, "/ws?engine=NAME": NULL for none. A query that cannot be read has no
 * name that an engine could have. (transfer full) */
static char *
find_engine_name (VgwWsChannel *channel)
{
  const char *query = vgw_ws_channel_get_query (channel);
  g_autoptr (GHashTable) params = query ? g_uri_parse_params (query, -1, "&", G_URI_PARAMS_WWW_FORM, NULL) : NULL;
  if (query != NULL && params == NULL)
    return g_strdup (query);
  return params != NULL ? g_strdup (g_hash_table_lookup (params, "engine")) : NULL;
}

void
vgw_call_link_open (VgwSessionTable *table, VgwWsChannel *channel)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *engine_name = find_engine_name (channel);
  VgwSession *session =
      vgw_session_table_create (table, vgw_ws_channel_get_remote_address (channel), engine_name, &error);
  CallLink *link = g_new0 (CallLink, 1);
  link->channel = g_object_ref (channel);
  g_signal_connect (channel, "closed", G_CALLBACK (on_channel_closed), link);
  if (session == NULL)
    {
      log_refusal (channel, engine_name, error);
      refuse (channel, error);
      return;
    }
  link->session = g_object_ref (session);
  g_signal_connect (channel, "message", G_CALLBACK (on_channel_message), link);
  g_signal_connect (channel, "bad", G_CALLBACK (on_channel_bad), link);
  g_signal_connect (session, "outgoing", G_CALLBACK (on_session_outgoing), link);
  g_signal_connect (session, "ended", G_CALLBACK (on_session_ended), link);
  vgw_session_set_backlog_func (session, get_backlog, link);
  vgw_session_set_page (session, vgw_ws_channel_get_origin (channel), vgw_ws_channel_get_user_agent (channel),
                        vgw_ws_channel_get_query (channel));
  vgw_session_start (session);
}
