/* The bot of scripts/bench --engines: sends back what it hears, at once and unchanged, and keeps account of it. Speaks
 * voice-gateway.v1 (docs/ENGINE.md). For each call that has ended it prints one line, "call SESSION AUDIO_MS OPEN_MS
 * MAX_GAP_MS": the audio that it got, the time from its first frame to its last, and the longest time without one. */
#include <json-glib/json-glib.h>
#include <libsoup/soup.h>

typedef struct
{
  char *session_id; /* (nullable) until `start` */
  gint64 sample_rate_hz;
  guint64 n_bytes;
  gint64 first_us, last_us, max_gap_us;
} Call;

static void
call_free (gpointer data, GClosure *closure)
{
  Call *call = data;

  g_free (call->session_id);
  g_free (call);
}

static void
read_start (Call *call, const char *text)
{
  g_autoptr (JsonNode) root = json_from_string (text, NULL);
  JsonObject *message = root != NULL && JSON_NODE_HOLDS_OBJECT (root) ? json_node_get_object (root) : NULL;

  if (message == NULL || call->session_id != NULL
      || g_strcmp0 (json_object_get_string_member_with_default (message, "type", ""), "start") != 0)
    return;
  call->session_id = g_strdup (json_object_get_string_member (message, "session_id"));
  call->sample_rate_hz = json_object_get_int_member (json_object_get_object_member (message, "audio"), "sample_rate");
}

static void
on_message (SoupWebsocketConnection *socket, SoupWebsocketDataType type, GBytes *frame, gpointer user_data)
{
  const gint64 now_us = g_get_monotonic_time ();
  Call *call = user_data;

  if (type == SOUP_WEBSOCKET_DATA_TEXT)
    {
      read_start (call, g_bytes_get_data (frame, NULL)); /* libsoup ends a text with a NUL */
      return;
    }
  if (soup_websocket_connection_get_state (socket) == SOUP_WEBSOCKET_STATE_OPEN)
    soup_websocket_connection_send_message (socket, type, frame);
  if (call->n_bytes == 0)
    call->first_us = call->last_us = now_us;
  call->max_gap_us = MAX (call->max_gap_us, now_us - call->last_us);
  call->last_us = now_us;
  call->n_bytes += g_bytes_get_size (frame);
}

static void
on_closed (SoupWebsocketConnection *socket, gpointer user_data)
{
  const Call *call = user_data;

  if (call->session_id != NULL)
    g_print ("call %s %" G_GINT64_FORMAT " %" G_GINT64_FORMAT " %" G_GINT64_FORMAT "\n", call->session_id,
             (gint64) (call->n_bytes / sizeof (gint16)) * 1000 / MAX (call->sample_rate_hz, 1),
             (call->last_us - call->first_us) / 1000, call->max_gap_us / 1000);
  g_object_unref (socket);
}

static void
on_call (SoupServer *server, SoupServerMessage *request, const char *path, SoupWebsocketConnection *socket,
         gpointer user_data)
{
  Call *call = g_new0 (Call, 1);

  g_signal_connect_data (socket, "message", G_CALLBACK (on_message), call, call_free, 0);
  g_signal_connect (g_object_ref (socket), "closed", G_CALLBACK (on_closed), call);
}

int
main (void)
{
  char *protocols[] = { "voice-gateway.v1", NULL };
  g_autoptr (SoupServer) server = soup_server_new (NULL, NULL);
  g_autoptr (GError) error = NULL;
  GSList *uris;

  soup_server_add_websocket_handler (server, NULL, NULL, protocols, on_call, NULL, NULL);
  if (!soup_server_listen_local (server, 0, SOUP_SERVER_LISTEN_IPV4_ONLY, &error))
    g_error ("%s", error->message);
  uris = soup_server_get_uris (server);
  g_print ("ready ws://127.0.0.1:%d/\n", g_uri_get_port (uris->data));
  g_slist_free_full (uris, (GDestroyNotify) g_uri_unref);
  g_main_loop_run (g_main_loop_new (NULL, FALSE));
}
