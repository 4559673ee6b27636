#include "assistant/vgw-assistant-connection.h"

#include <string.h>

#include "assistant/vgw-assistant-call.h"
#include "base/vgw-json.h"
#include "base/vgw-log.h"
#include "base/vgw-source.h"

#define PROTOCOL_VERSION 1
#define MIN_RATE_HZ 8000
#define MAX_RATE_HZ 48000
#define START_TIMEOUT_MS 10000
#define PING_INTERVAL_S 30 /* an unreachable peer is detected by TCP */
#define CHUNK_MS 200       /* of speech in one frame */
#define MAX_SESSION_ID_CHARS 64

typedef enum
{
  VGW_ASSISTANT_WAITING,   /* for `start` */
  VGW_ASSISTANT_SPEAKING,  /* the mark after its speech is not reached */
  VGW_ASSISTANT_ECHOING,   /* it is reached, and VGW_ASSISTANT_ECHO_TAIL_MS have not passed */
  VGW_ASSISTANT_LISTENING, /* to the caller */
  VGW_ASSISTANT_OVER,
} VgwAssistantState;

struct _VgwAssistantConnection
{
  SoupWebsocketConnection *socket;
  VgwAssistantModels *models;
  gboolean is_interruptible;
  VgwAssistantClosedFunc closed;
  gpointer user_data;

  char *session_id; /* (nullable) */
  guint rate_hz;
  VgwAssistantCall *call; /* from SPEAKING to LISTENING */
  VgwAssistantState state;
  GSource *timer;      /* (nullable) the end of WAITING or of ECHOING */
  guint n_said;        /* names the mark */
  gboolean is_leaving; /* after its goodbye */
};

static void
set_timer (VgwAssistantConnection *self, guint delay_ms, GSourceFunc func)
{
  vgw_source_clear (&self->timer);
  self->timer = vgw_source_start_timer (delay_ms, func, self);
}

/* --- to the gateway --- */

static void
send_object (VgwAssistantConnection *self, JsonObject *object)
{
  g_autofree char *text = vgw_json_object_to_text (object);

  if (soup_websocket_connection_get_state (self->socket) == SOUP_WEBSOCKET_STATE_OPEN)
    soup_websocket_connection_send_text (self->socket, text);
}

/* A message without members but @name (nullable). */
static void
send_message (VgwAssistantConnection *self, const char *type, const char *name)
{
  g_autoptr (JsonObject) message = json_object_new ();

  json_object_set_string_member (message, "type", type);
  if (name != NULL)
    json_object_set_string_member (message, "name", name);
  send_object (self, message);
}

static void
send_transcript (VgwAssistantConnection *self, const char *role, const char *text, gboolean is_final)
{
  g_autoptr (JsonObject) message = json_object_new ();
  JsonObject *event = json_object_new ();

  json_object_set_string_member (event, "type", "transcript");
  json_object_set_string_member (event, "role", role);
  json_object_set_string_member (event, "text", text);
  if (is_final)
    json_object_set_boolean_member (event, "final", TRUE);
  json_object_set_string_member (message, "type", "event");
  json_object_set_object_member (message, "data", event);
  send_object (self, message);
}

static void
send_audio (VgwAssistantConnection *self, const gint16 *samples, gsize n_samples)
{
  gsize max_samples = (gsize) self->rate_hz * CHUNK_MS / 1000;

  if (soup_websocket_connection_get_state (self->socket) != SOUP_WEBSOCKET_STATE_OPEN)
    return;
  for (gsize at = 0; at < n_samples; at += max_samples)
    soup_websocket_connection_send_binary (self->socket, samples + at,
                                           MIN (max_samples, n_samples - at) * sizeof (gint16));
}

/* (transfer full) */
static char *
get_mark (VgwAssistantConnection *self)
{
  return g_strdup_printf ("speech-%u", self->n_said);
}

/* --- turns --- */

static void
end_call (VgwAssistantConnection *self)
{
  self->state = VGW_ASSISTANT_OVER;
  vgw_source_clear (&self->timer);
  g_clear_pointer (&self->call, vgw_assistant_call_stop);
}

/* The speech was played, or interrupted. */
static void
end_speech (VgwAssistantConnection *self, gboolean is_interrupted)
{
  vgw_source_clear (&self->timer);
  self->state = VGW_ASSISTANT_LISTENING;
  if (self->is_leaving)
    send_message (self, "hangup", NULL);
  else
    vgw_assistant_call_listen (self->call, is_interrupted);
}

static gboolean
on_echo_over (gpointer user_data)
{
  end_speech (user_data, FALSE);
  return G_SOURCE_REMOVE;
}

static void
on_understood (const char *text, gpointer user_data)
{
  send_transcript (user_data, "user", text, TRUE);
}

static void
on_say (const char *text, const gint16 *samples, gsize n_samples, gboolean is_goodbye, gpointer user_data)
{
  VgwAssistantConnection *self = user_data;
  g_autofree char *mark = NULL;

  vgw_source_clear (&self->timer);
  self->state = VGW_ASSISTANT_SPEAKING;
  self->is_leaving = is_goodbye;
  self->n_said++;
  mark = get_mark (self);
  send_audio (self, samples, n_samples);
  send_message (self, "mark", mark);
  send_transcript (self, "bot", text, FALSE);
}

static void
on_failed (const GError *error, gpointer user_data)
{
  VgwAssistantConnection *self = user_data;

  vgw_warning (self->session_id, "%s", error->message);
  vgw_assistant_connection_close (self, SOUP_WEBSOCKET_CLOSE_SERVER_ERROR, "speech recognition failed");
}

/* --- from the gateway --- */

static void
on_start (VgwAssistantConnection *self, JsonObject *message)
{
  static const VgwAssistantCallFuncs funcs = { on_understood, on_say, on_failed };
  JsonNode *audio = vgw_json_get (message, "audio");
  JsonNode *resumed = vgw_json_get (message, "resumed");
  gboolean is_resumed = resumed != NULL && JSON_NODE_HOLDS_VALUE (resumed) && json_node_get_boolean (resumed);
  const char *session_id = vgw_json_get_string (message, "session_id");
  g_autoptr (GError) error = NULL;

  if (vgw_json_get_int (message, "version", 0, G_MAXINT, 0) == PROTOCOL_VERSION && audio != NULL
      && JSON_NODE_HOLDS_OBJECT (audio))
    self->rate_hz = vgw_json_get_int (json_node_get_object (audio), "sample_rate", MIN_RATE_HZ, MAX_RATE_HZ, 0);
  if (self->rate_hz == 0)
    {
      vgw_assistant_connection_close (self, SOUP_WEBSOCKET_CLOSE_PROTOCOL_ERROR,
                                      "start must have version 1 and a sample rate from 8000 to 48000");
      return;
    }
  self->session_id = session_id != NULL ? g_strndup (session_id, MAX_SESSION_ID_CHARS) : NULL;
  vgw_debug (self->session_id, "assistant: call %s at %u Hz", is_resumed ? "resumed" : "started", self->rate_hz);
  vgw_source_clear (&self->timer);
  self->state = is_resumed ? VGW_ASSISTANT_LISTENING : VGW_ASSISTANT_SPEAKING;
  self->call =
      vgw_assistant_call_start (self->models, self->session_id, self->rate_hz, !is_resumed, &funcs, self, &error);
  if (self->call == NULL)
    on_failed (error, self);
}

/* The gateway answers every mark, by `mark` or in `cleared`; only that of the present speech counts. */
static void
on_mark (VgwAssistantConnection *self, JsonObject *message)
{
  g_autofree char *mark = get_mark (self);

  if (self->state != VGW_ASSISTANT_SPEAKING || g_strcmp0 (vgw_json_get_string (message, "name"), mark) != 0)
    return;
  self->state = VGW_ASSISTANT_ECHOING;
  set_timer (self, VGW_ASSISTANT_ECHO_TAIL_MS, on_echo_over);
}

static gboolean
has_mark (JsonNode *marks, const char *mark)
{
  JsonArray *array = marks != NULL && JSON_NODE_HOLDS_ARRAY (marks) ? json_node_get_array (marks) : NULL;

  for (guint i = 0; array != NULL && i < json_array_get_length (array); i++)
    {
      JsonNode *element = json_array_get_element (array, i);

      if (JSON_NODE_HOLDS_VALUE (element) && g_strcmp0 (json_node_get_string (element), mark) == 0)
        return TRUE;
    }
  return FALSE;
}

static void
on_cleared (VgwAssistantConnection *self, JsonObject *message)
{
  g_autofree char *mark = get_mark (self);

  if (self->state == VGW_ASSISTANT_SPEAKING && has_mark (vgw_json_get (message, "marks"), mark))
    end_speech (self, TRUE);
}

static void
on_speech_started (VgwAssistantConnection *self, JsonObject *message)
{
  if (self->state == VGW_ASSISTANT_SPEAKING && self->n_said > 0 && self->is_interruptible)
    send_message (self, "clear", NULL);
}

static void
on_stop (VgwAssistantConnection *self, JsonObject *message)
{
  end_call (self);
}

static void
on_error (VgwAssistantConnection *self, JsonObject *message)
{
  const char *text = vgw_json_get_string (message, "message");

  vgw_warning (self->session_id, "assistant: error from the gateway: %s", text != NULL ? text : "(no message)");
}

/* Other types are ignored, as the protocol requires. */
static void
on_text (VgwAssistantConnection *self, JsonObject *message)
{
  static const struct
  {
    const char *type;
    gboolean is_before_start;
    void (*handle) (VgwAssistantConnection *self, JsonObject *message);
  } messages[] = {
    { "start", TRUE, on_start },      { "mark", FALSE, on_mark },
    { "cleared", FALSE, on_cleared }, { "speech-started", FALSE, on_speech_started },
    { "stop", FALSE, on_stop },       { "error", FALSE, on_error },
  };
  const char *type = vgw_json_get_string (message, "type");

  for (gsize i = 0; i < G_N_ELEMENTS (messages); i++)
    {
      if (g_strcmp0 (type, messages[i].type) == 0
          && messages[i].is_before_start == (self->state == VGW_ASSISTANT_WAITING))
        messages[i].handle (self, message);
    }
}

static void
on_message (SoupWebsocketConnection *socket, SoupWebsocketDataType type, GBytes *frame, gpointer user_data)
{
  VgwAssistantConnection *self = user_data;
  gsize size;
  const char *data = g_bytes_get_data (frame, &size);
  g_autoptr (JsonObject) message = NULL;
  g_autoptr (GError) error = NULL;

  if (self->state == VGW_ASSISTANT_OVER)
    return;
  if (type == SOUP_WEBSOCKET_DATA_BINARY)
    {
      if (self->call != NULL)
        vgw_assistant_call_push (self->call, (const gint16 *) (gpointer) data, size / sizeof (gint16));
      return;
    }
  message = vgw_json_parse_object (data, size, &error);
  if (message != NULL)
    on_text (self, message);
  else
    vgw_warning (self->session_id, "assistant: invalid message from the gateway: %s", error->message);
}

static void
on_closed (SoupWebsocketConnection *socket, gpointer user_data)
{
  VgwAssistantConnection *self = user_data;

  end_call (self);
  self->closed (self, self->user_data);
}

static gboolean
on_no_start (gpointer user_data)
{
  vgw_assistant_connection_close (user_data, SOUP_WEBSOCKET_CLOSE_PROTOCOL_ERROR, "no start message in time");
  return G_SOURCE_REMOVE;
}

VgwAssistantConnection *
vgw_assistant_connection_new (SoupWebsocketConnection *socket, VgwAssistantModels *models, gboolean is_interruptible,
                              VgwAssistantClosedFunc closed, gpointer user_data)
{
  VgwAssistantConnection *self = g_new0 (VgwAssistantConnection, 1);

  self->socket = g_object_ref (socket);
  self->models = vgw_assistant_models_ref (models);
  self->is_interruptible = is_interruptible;
  self->closed = closed;
  self->user_data = user_data;
  soup_websocket_connection_set_keepalive_interval (socket, PING_INTERVAL_S);
  g_signal_connect (socket, "message", G_CALLBACK (on_message), self);
  g_signal_connect (socket, "closed", G_CALLBACK (on_closed), self);
  set_timer (self, START_TIMEOUT_MS, on_no_start);
  return self;
}

void
vgw_assistant_connection_close (VgwAssistantConnection *self, gushort code, const char *reason)
{
  end_call (self);
  if (soup_websocket_connection_get_state (self->socket) == SOUP_WEBSOCKET_STATE_OPEN)
    soup_websocket_connection_close (self->socket, code, reason);
}

void
vgw_assistant_connection_free (VgwAssistantConnection *self)
{
  end_call (self);
  g_signal_handlers_disconnect_by_data (self->socket, self);
  g_object_unref (self->socket);
  vgw_assistant_models_unref (self->models);
  g_free (self->session_id);
  g_free (self);
}
