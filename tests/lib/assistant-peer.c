#include "assistant-peer.h"

#include <check.h>
#include <string.h>

#include "assistant/vgw-assistant-call.h"
#include "assistant/vgw-assistant-connection.h"
#include "assistant/vgw-assistant-dialogue.h"
#include "assistant/vgw-assistant-speaker.h"
#include "base/vgw-json.h"

#define SILENCE_BEFORE_MS 400
#define SILENCE_BEHIND_MS (VGW_ASSISTANT_QUEUE_MS / 5)
#define FRAME_MS 20

VgwAssistantModels *assistant_models;

void
assistant_models_load (void)
{
  assistant_models = vgw_assistant_models_new (NULL, NULL);
}

void
assistant_models_unload (void)
{
  g_clear_pointer (&assistant_models, vgw_assistant_models_unref);
}

static gboolean
set_flag (gpointer user_data)
{
  *(gboolean *) user_data = TRUE;
  return G_SOURCE_REMOVE;
}

void
let_pass (guint delay_ms)
{
  gboolean is_over = FALSE;

  g_timeout_add_full (G_PRIORITY_LOW, delay_ms + 1, set_flag, &is_over, NULL);
  WAIT_UNTIL_WITHIN (ANSWER_US, is_over);
}

static void
take_event (AssistantPeer *self, JsonObject *event)
{
  ck_assert_str_eq (vgw_json_get_string (event, "type"), "transcript");
  if (g_str_equal (vgw_json_get_string (event, "role"), "user"))
    {
      ck_assert (json_object_get_boolean_member (event, "final"));
      g_queue_push_tail (&self->heard, g_strdup (vgw_json_get_string (event, "text")));
    }
  else
    {
      ck_assert_str_eq (vgw_json_get_string (event, "role"), "bot");
      g_queue_push_tail (&self->said, g_strdup (vgw_json_get_string (event, "text")));
    }
}

static void
on_text (AssistantPeer *self, JsonObject *message)
{
  const char *type = vgw_json_get_string (message, "type");

  ck_assert_ptr_nonnull (type);
  if (g_str_equal (type, "event"))
    take_event (self, json_object_get_object_member (message, "data"));
  else if (g_str_equal (type, "mark"))
    g_queue_push_tail (&self->marks, g_strdup (vgw_json_get_string (message, "name")));
  else if (g_str_equal (type, "clear"))
    self->n_clears++;
  else
    {
      ck_assert_str_eq (type, "hangup");
      ck_assert (!self->has_hung_up);
      self->has_hung_up = TRUE;
    }
}

static void
on_message (SoupWebsocketConnection *socket, SoupWebsocketDataType type, GBytes *frame, gpointer user_data)
{
  AssistantPeer *self = user_data;
  gsize size;
  const char *data = g_bytes_get_data (frame, &size);
  g_autoptr (JsonObject) message = NULL;

  if (type == SOUP_WEBSOCKET_DATA_BINARY)
    {
      ck_assert_uint_eq (size % sizeof (gint16), 0);
      g_array_append_vals (self->voice, data, size / sizeof (gint16));
      return;
    }
  message = vgw_json_parse_object (data, size, NULL);
  ck_assert_ptr_nonnull (message);
  on_text (self, message);
}

static void
on_closed (SoupWebsocketConnection *socket, gpointer user_data)
{
  AssistantPeer *self = user_data;

  self->close_code = soup_websocket_connection_get_close_code (socket);
}

static void
on_connected (GObject *source, GAsyncResult *result, gpointer user_data)
{
  AssistantPeer *self = user_data;
  SoupMessage *request = soup_session_get_async_result_message (SOUP_SESSION (source), result);

  self->status = soup_message_get_status (request);
  self->socket = soup_session_websocket_connect_finish (SOUP_SESSION (source), result, NULL);
}

VgwAssistantServer *
assistant_server (VgwAssistantModels *models, guint max_calls)
{
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new_from_string ("127.0.0.1", 0);
  VgwAssistantServer *server = vgw_assistant_server_new (address, models, max_calls, TRUE, NULL);

  ck_assert_ptr_nonnull (server);
  return server;
}

AssistantPeer *
assistant_peer_connect (VgwAssistantServer *server, const char *origin)
{
  char *protocols[] = { "voice-gateway.v1", NULL };
  AssistantPeer *self = g_new0 (AssistantPeer, 1);
  g_autoptr (SoupMessage) request = soup_message_new (SOUP_METHOD_GET, vgw_assistant_server_get_url (server));

  self->voice = g_array_new (FALSE, FALSE, sizeof (gint16));
  self->session = soup_session_new ();
  soup_session_websocket_connect_async (self->session, request, origin, protocols, G_PRIORITY_DEFAULT, NULL,
                                        on_connected, self);
  WAIT_UNTIL_WITHIN (ANSWER_US, self->status != 0);
  if (self->socket == NULL)
    return self;
  ck_assert_str_eq (soup_websocket_connection_get_protocol (self->socket), protocols[0]);
  g_signal_connect (self->socket, "message", G_CALLBACK (on_message), self);
  g_signal_connect (self->socket, "closed", G_CALLBACK (on_closed), self);
  return self;
}

AssistantPeer *
assistant_peer_new (VgwAssistantModels *models, guint rate_hz)
{
  VgwAssistantServer *server = assistant_server (models, 1);
  AssistantPeer *self = assistant_peer_connect (server, NULL);

  self->server = server;
  assistant_peer_start (self, rate_hz, FALSE);
  return self;
}

AssistantPeer *
assistant_peer_greeted (VgwAssistantModels *models, guint rate_hz)
{
  AssistantPeer *self = assistant_peer_new (models, rate_hz);
  g_autofree char *greeting = assistant_peer_wait_for_speech (self);

  ck_assert_str_eq (greeting, vgw_assistant_dialogue_greet ());
  assistant_peer_let_it_play (self);
  return self;
}

void
assistant_peer_free (AssistantPeer *self)
{
  if (self->socket != NULL)
    g_signal_handlers_disconnect_by_data (self->socket, self);
  g_clear_object (&self->socket);
  soup_session_abort (self->session);
  g_object_unref (self->session);
  g_clear_pointer (&self->server, vgw_assistant_server_free);
  g_array_unref (self->voice);
  g_queue_clear_full (&self->heard, g_free);
  g_queue_clear_full (&self->said, g_free);
  g_queue_clear_full (&self->marks, g_free);
  g_free (self);
}

void
assistant_peer_send (AssistantPeer *self, const char *text)
{
  soup_websocket_connection_send_text (self->socket, text);
}

void
assistant_peer_start (AssistantPeer *self, guint rate_hz, gboolean is_resumed)
{
  g_autofree char *start =
      g_strdup_printf ("{\"type\":\"start\",\"version\":1,\"session_id\":\"assistant-test\",\"resumed\":%s,"
                       "\"client\":{\"address\":\"192.0.2.1\"},"
                       "\"audio\":{\"encoding\":\"s16le\",\"sample_rate\":%u,\"channels\":1}}",
                       is_resumed ? "true" : "false", rate_hz);

  self->rate_hz = rate_hz;
  assistant_peer_send (self, start);
}

void
assistant_peer_push (AssistantPeer *self, const gint16 *samples, gsize n_samples)
{
  gsize frame = (gsize) self->rate_hz * FRAME_MS / 1000;

  for (gsize at = 0; at < n_samples; at += frame)
    soup_websocket_connection_send_binary (self->socket, samples + at, MIN (frame, n_samples - at) * sizeof (gint16));
}

void
assistant_peer_push_silence (AssistantPeer *self, guint duration_ms)
{
  gsize n_samples = (gsize) self->rate_hz * duration_ms / 1000;
  g_autofree gint16 *silence = g_new0 (gint16, n_samples);

  assistant_peer_push (self, silence, n_samples);
}

void
assistant_peer_push_speech (AssistantPeer *self, GArray *speech)
{
  ck_assert_uint_gt (speech->len, self->rate_hz / 4);
  assistant_peer_push_silence (self, SILENCE_BEFORE_MS);
  assistant_peer_push (self, (const gint16 *) speech->data, speech->len);
  assistant_peer_push_silence (self, SILENCE_BEHIND_MS);
}

void
assistant_peer_say (AssistantPeer *self, const char *words)
{
  g_autoptr (GArray) speech = vgw_assistant_speak (words, self->rate_hz);

  assistant_peer_push_speech (self, speech);
}

char *
assistant_peer_wait_for_speech (AssistantPeer *self)
{
  WAIT_UNTIL_WITHIN (ANSWER_US, !g_queue_is_empty (&self->said));
  ck_assert_uint_eq (self->close_code, 0);
  return g_queue_pop_head (&self->said);
}

void
assistant_peer_let_it_play (AssistantPeer *self)
{
  ck_assert (!g_queue_is_empty (&self->marks));
  while (!g_queue_is_empty (&self->marks))
    {
      g_autofree char *name = g_queue_pop_head (&self->marks);
      g_autofree char *message =
          g_strdup_printf ("{\"type\":\"mark\",\"name\":\"%s\",\"played_ms\":20,\"utterance_ms\":20}", name);

      assistant_peer_send (self, message);
    }
  let_pass (VGW_ASSISTANT_ECHO_TAIL_MS); /* by now it has the mark, and has begun to wait as long */
  let_pass (VGW_ASSISTANT_ECHO_TAIL_MS);
}

void
assistant_peer_clear (AssistantPeer *self)
{
  g_autofree char *name = g_queue_pop_head (&self->marks);
  g_autofree char *message =
      g_strdup_printf ("{\"type\":\"cleared\",\"played_ms\":0,\"utterance_ms\":0,\"marks\":[\"%s\"]}", name);

  ck_assert_ptr_nonnull (name);
  assistant_peer_send (self, message);
}

char *
assistant_peer_ask (AssistantPeer *self, const char *words)
{
  char *answer;

  g_array_set_size (self->voice, 0);
  assistant_peer_say (self, words);
  answer = assistant_peer_wait_for_speech (self);
  assistant_peer_let_it_play (self);
  return answer;
}
