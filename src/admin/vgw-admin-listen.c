#include "admin/vgw-admin-listen.h"

#include <string.h>

#include "base/vgw-log.h"
#include "media/vgw-bridge.h"

#define RATE_HZ 24000u
#define AUDIO_MS 100u /* between two messages */
#define HEADER_BYTES 8u
#define REVOKED "the token is not valid any more"
#define STARTED                                                                                                        \
  "{\"type\":\"started\",\"format\":\"s16le\",\"sample_rate_hz\":24000,\"channels\":1,\"header_bytes\":8,"             \
  "\"directions\":[\"caller\",\"bot\"]}"

struct _VgwAdminListen
{
  VgwHttpServer *server;
  VgwSessionTable *table;
  VgwAdminAccess *access;
  GPtrArray *listeners; /* Listener */
};

/* Before the handshake is complete only the first members are set. */
typedef struct
{
  VgwAdminListen *owner;
  char *session_id;
  char *who;    /* the address */
  char *digest; /* (nullable) of the token */
  VgwWsChannel *channel;
  VgwSession *session; /* a reference, which outlives its end */
  VgwAudioMonitor *monitor;
  guint timer_id;
  gint64 started_us; /* monotonic */
  guint64 n_bytes;
} Listener;

static void
listener_free (gpointer data)
{
  Listener *self = data;

  g_clear_handle_id (&self->timer_id, g_source_remove);
  if (self->monitor != NULL)
    {
      vgw_audio_monitor_set_on (self->monitor, FALSE);
      vgw_warning (self->session_id, "admin: %s no longer listens in; %" G_GUINT64_FORMAT " bytes of audio were sent",
                   self->who, self->n_bytes);
    }
  g_clear_pointer (&self->monitor, vgw_audio_monitor_unref);
  if (self->session != NULL)
    g_signal_handlers_disconnect_by_data (self->session, self);
  g_clear_object (&self->session);
  if (self->channel != NULL)
    g_signal_handlers_disconnect_by_data (self->channel, self);
  g_clear_object (&self->channel);
  g_free (self->session_id);
  g_free (self->who);
  g_free (self->digest);
  g_free (self);
}

/* --- audio --- */

/* A header, direction (0 the caller, 1 the bot), 3 bytes 0, the time since the start in ms (uint32 LE), then s16le. */
static gboolean
send_chunk (Listener *self, VgwAudioMonitorDirection direction, const VgwAudioMonitorChunk *chunk)
{
  g_autoptr (GByteArray) message = g_byte_array_sized_new (HEADER_BYTES + chunk->pcm->len);
  guint8 header[HEADER_BYTES] = { direction == VGW_AUDIO_MONITOR_SENT };
  guint32 at_ms = GUINT32_TO_LE ((guint32) (MAX (chunk->start_us - self->started_us, 0) / G_TIME_SPAN_MILLISECOND));

  memcpy (header + HEADER_BYTES - sizeof at_ms, &at_ms, sizeof at_ms);
  g_byte_array_append (message, header, sizeof header);
  g_byte_array_append (message, chunk->pcm->data, chunk->pcm->len);
  self->n_bytes += chunk->pcm->len;
  return vgw_ws_channel_send (self->channel, FALSE, message->data, message->len);
}

/* FALSE where nothing more can be sent: a listener that does not read is cut off by its channel, "closed" follows. */
static gboolean
send_waiting (Listener *self)
{
  gboolean is_open = TRUE;

  for (int direction = VGW_AUDIO_MONITOR_RECEIVED; direction <= VGW_AUDIO_MONITOR_SENT; direction++)
    {
      VgwAudioMonitorChunk chunk;

      while (is_open && vgw_audio_monitor_take (self->monitor, direction, &chunk))
        {
          is_open = send_chunk (self, direction, &chunk);
          vgw_audio_monitor_chunk_clear (&chunk);
        }
    }
  return is_open;
}

static gboolean
on_audio_due (gpointer user_data)
{
  Listener *self = user_data;

  if (send_waiting (self))
    return G_SOURCE_CONTINUE;
  self->timer_id = 0;
  return G_SOURCE_REMOVE;
}

/* --- the WebSocket --- */

static void
on_closed (VgwWsChannel *channel, int how, const GError *error, Listener *self)
{
  g_ptr_array_remove_fast (self->owner->listeners, self);
}

static void
close_listener (Listener *self, guint16 code, const char *reason)
{
  vgw_ws_channel_close (self->channel, code, reason);
  g_ptr_array_remove_fast (self->owner->listeners, self);
}

static void
on_ended (VgwSession *session, VgwEndReason reason, Listener *self)
{
  send_waiting (self);
  close_listener (self, VGW_WS_CLOSE_NORMAL, "the call has ended");
}

static gboolean
is_revoked (const Listener *self)
{
  return !vgw_admin_access_has_digest (self->owner->access, self->digest);
}

static guint
count_listeners (VgwAdminListen *self, const char *session_id)
{
  guint n = 0;

  for (guint i = 0; i < self->listeners->len; i++)
    n += strcmp (((const Listener *) self->listeners->pdata[i])->session_id, session_id) == 0;
  return n;
}

static VgwBridge *
find_bridge (VgwSession *session)
{
  return session != NULL ? vgw_conversation_get_bridge (vgw_session_get_conversation (session)) : NULL;
}

/* The listener is in the array already, so that those whose handshake is not complete count, too. */
static void
on_opened (VgwWsChannel *channel, gpointer user_data)
{
  Listener *self = user_data;
  VgwSession *session = vgw_session_table_find (self->owner->table, self->session_id);
  VgwBridge *bridge = find_bridge (session);

  self->channel = g_object_ref (channel);
  if (is_revoked (self)) /* meanwhile */
    {
      vgw_ws_channel_close (channel, VGW_WS_CLOSE_POLICY_VIOLATION, REVOKED);
      return; /* @destroy removes it */
    }
  self->monitor = bridge != NULL ? vgw_bridge_add_audio_monitor (bridge, RATE_HZ) : NULL;
  if (self->monitor == NULL)
    {
      vgw_ws_channel_close (channel, bridge != NULL ? VGW_WS_CLOSE_TRY_AGAIN_LATER : VGW_WS_CLOSE_NORMAL,
                            bridge != NULL ? "too many receivers of this call's audio" : "the call has ended");
      return; /* @destroy removes it */
    }
  self->session = g_object_ref (session);
  self->started_us = g_get_monotonic_time ();
  g_signal_connect (session, "ended", G_CALLBACK (on_ended), self);
  g_signal_connect (channel, "closed", G_CALLBACK (on_closed), self);
  vgw_warning (self->session_id, "admin: %s listens in", self->who);
  vgw_ws_channel_send (channel, TRUE, STARTED, strlen (STARTED));
  vgw_audio_monitor_set_on (self->monitor, TRUE);
  self->timer_id = g_timeout_add (AUDIO_MS, on_audio_due, self);
}

/* After on_opened (), or in its place. */
static void
on_handshake_done (gpointer user_data)
{
  Listener *self = user_data;

  if (self->monitor == NULL)
    g_ptr_array_remove_fast (self->owner->listeners, self);
}

static void
refuse (VgwHttpRequest *request, guint status, const char *text)
{
  vgw_http_request_reply (request, status, VGW_HTTP_TEXT_PLAIN, text);
}

static void
serve_listen (VgwHttpRequest *request, gpointer user_data)
{
  VgwAdminListen *self = user_data;
  const char *id = vgw_http_request_get_capture (request, 0);
  VgwSession *session = vgw_session_table_find (self->table, id);
  Listener *listener;

  if (session == NULL)
    refuse (request, VGW_HTTP_STATUS_NOT_FOUND, "no such session\n");
  else if (find_bridge (session) == NULL)
    refuse (request, VGW_HTTP_STATUS_CONFLICT, "the session has no audio yet\n");
  else if (vgw_http_request_is_handshake (request)
           && (self->listeners->len >= VGW_ADMIN_MAX_LISTENERS
               || count_listeners (self, id) >= VGW_ADMIN_MAX_LISTENERS_OF_SESSION))
    refuse (request, VGW_HTTP_STATUS_TOO_MANY_REQUESTS, "too many listeners\n");
  else
    {
      listener = g_new0 (Listener, 1);
      listener->owner = self;
      listener->session_id = g_strdup (id);
      listener->who = g_strdup (vgw_http_request_get_remote_address (request));
      listener->digest = vgw_admin_access_read_digest (request);
      g_ptr_array_add (self->listeners, listener);
      vgw_http_server_open_websocket (self->server, request, on_opened, listener, on_handshake_done);
    }
}

static const VgwHttpRoute route = { "/sessions/{id}/listen", .get = serve_listen };

VgwAdminListen *
vgw_admin_listen_new (VgwHttpServer *server, VgwSessionTable *table, VgwAdminAccess *access)
{
  VgwAdminListen *self = g_new0 (VgwAdminListen, 1);

  self->server = server;
  self->table = table;
  self->access = access;
  self->listeners = g_ptr_array_new_with_free_func (listener_free);
  vgw_http_server_add_route (server, &route, self);
  return self;
}

/* Those whose handshake is not complete are closed by on_opened (). */
void
vgw_admin_listen_close_revoked (VgwAdminListen *self)
{
  for (guint i = self->listeners->len; i > 0; i--)
    {
      Listener *listener = self->listeners->pdata[i - 1];

      if (listener->monitor != NULL && is_revoked (listener))
        close_listener (listener, VGW_WS_CLOSE_POLICY_VIOLATION, REVOKED);
    }
}

void
vgw_admin_listen_free (VgwAdminListen *self)
{
  if (self == NULL)
    return;
  while (self->listeners->len > 0)
    {
      Listener *listener = self->listeners->pdata[0];

      if (listener->channel != NULL)
        vgw_ws_channel_close (listener->channel, VGW_WS_CLOSE_GOING_AWAY, "shutting down");
      g_ptr_array_remove_index_fast (self->listeners, 0);
    }
  g_ptr_array_unref (self->listeners);
  g_free (self);
}
