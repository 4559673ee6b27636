/* A voice bot for voice-gateway that sends the caller's audio back, until the caller interrupts. Speaks voice-gateway.v1
 * (docs/ENGINE.md).  cc bot-c.c -o bot-c $(pkg-config --cflags --libs libsoup-3.0 json-glib-1.0) && ./bot-c [PORT] */
#include <json-glib/json-glib.h>
#include <libsoup/soup.h>

static void
on_text (SoupWebsocketConnection *socket, const char *text)
{
  g_autoptr (JsonNode) root = json_from_string (text, NULL);
  JsonObject *message = root != NULL && JSON_NODE_HOLDS_OBJECT (root) ? json_node_get_object (root) : NULL;
  const char *type = message != NULL ? json_object_get_string_member_with_default (message, "type", "") : "";

  if (g_str_equal (type, "start"))
    soup_websocket_connection_send_text (socket, "{\"type\":\"ready\"}");
  else if (g_str_equal (type, "speech-started")) /* the caller interrupts: drop the queue */
    soup_websocket_connection_send_text (socket, "{\"type\":\"clear\"}");
  else if (g_str_equal (type, "speech-stopped"))
    soup_websocket_connection_send_text (socket, "{\"type\":\"mark\",\"name\":\"utterance\"}");
  else if (g_str_equal (type, "mark"))
    soup_websocket_connection_send_text (socket, "{\"type\":\"event\",\"data\":{\"type\":\"heard\"}}");
  else if (g_str_equal (type, "dtmf") && g_str_equal (json_object_get_string_member (message, "digit"), "#"))
    soup_websocket_connection_send_text (socket, "{\"type\":\"hangup\"}");
  else if (g_str_equal (type, "cleared") || g_str_equal (type, "error") || g_str_equal (type, "stop"))
    g_print ("%s\n", text);
}

static void
on_message (SoupWebsocketConnection *socket, SoupWebsocketDataType type, GBytes *frame, gpointer user_data)
{
  if (type == SOUP_WEBSOCKET_DATA_TEXT)
    on_text (socket, g_bytes_get_data (frame, NULL)); /* libsoup ends a text with a NUL */
  else
    soup_websocket_connection_send_message (socket, type, frame); /* the caller's audio: s16le, mono */
}

static void
on_call (SoupServer *server, SoupServerMessage *request, const char *path, SoupWebsocketConnection *socket,
         gpointer user_data)
{
  g_signal_connect (socket, "message", G_CALLBACK (on_message), NULL);
  g_signal_connect (g_object_ref (socket), "closed", G_CALLBACK (g_object_unref), NULL);
}

int
main (int argc, char **argv)
{
  char *protocols[] = { "voice-gateway.v1", NULL };
  g_autoptr (SoupServer) server = soup_server_new (NULL, NULL);
  g_autoptr (GError) error = NULL;

  soup_server_add_websocket_handler (server, NULL, NULL, protocols, on_call, NULL, NULL);
  if (!soup_server_listen_local (server, argc > 1 ? atoi (argv[1]) : 9000, SOUP_SERVER_LISTEN_IPV4_ONLY, &error))
    g_error ("%s", error->message);
  g_print ("ready ws://127.0.0.1:%d\n", g_uri_get_port (soup_server_get_uris (server)->data));
  g_main_loop_run (g_main_loop_new (NULL, FALSE));
}
