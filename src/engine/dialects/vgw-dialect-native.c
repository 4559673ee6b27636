/* The gateway's own engine protocol, voice-gateway.v1: docs/ENGINE.md is its specification. */
#include <string.h>

#include "base/vgw-json.h"
#include "engine/dialects/vgw-dialect-wire.h"
#include "engine/dialects/vgw-dialects.h"

#define PROTOCOL_VERSION 1
#define MAX_MARK_NAME_BYTES 256
#define MAX_ERRORS_SENT 16 /* per connection: a flood is not answered with a flood */

typedef struct
{
  VgwDialectWire wire;
  VgwDialectBlock block;    /* of the caller's audio: 20 ms */
  VgwDialectOddByte odd;    /* of the bot's audio */
  gboolean is_started;      /* once */
  gboolean is_rate_refused; /* the bot has another sample rate: its audio is dropped */
  guint n_errors_told;
} Native;

static JsonObject *
new_message (const char *type)
{
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "type", type);
  return object;
}

static gpointer
native_open (const VgwDialectCall *call, const VgwDialectHandlers *handlers, gpointer user_data)
{
  Native *self = g_new0 (Native, 1);

  self->wire = (VgwDialectWire){ call, handlers, user_data };
  vgw_dialect_block_reset (&self->block, &call->format, 1);
  return self;
}

static JsonObject *
describe_audio (const VgwAudioFormat *format)
{
  JsonObject *audio = json_object_new ();

  json_object_set_string_member (audio, "encoding", "s16le");
  json_object_set_int_member (audio, "sample_rate", format->rate_hz);
  json_object_set_int_member (audio, "channels", 1);
  return audio;
}

static void
native_start (gpointer state)
{
  Native *self = state;
  const VgwDialectCall *call = self->wire.call;
  JsonObject *start = new_message ("start");
  JsonObject *client = json_object_new ();

  json_object_set_int_member (start, "version", PROTOCOL_VERSION);
  json_object_set_string_member (start, "session_id", call->session_id);
  json_object_set_boolean_member (start, "resumed", self->is_started);
  vgw_dialect_add_string (start, "trace_id", call->trace_id);
  vgw_dialect_add_string (start, "traceparent", call->traceparent);
  vgw_dialect_add_string (client, "address", call->client_address);
  vgw_dialect_add_string (client, "identity", call->identity);
  vgw_dialect_add_string (client, "origin", call->origin);
  vgw_dialect_add_string (client, "user_agent", call->user_agent);
  json_object_set_object_member (start, "client", client);
  json_object_set_object_member (start, "audio", describe_audio (&call->format));
  if (call->parameters != NULL && *call->parameters != NULL)
    {
      JsonObject *parameters = json_object_new ();

      vgw_dialect_add_parameters (call, parameters);
      json_object_set_object_member (start, "parameters", parameters);
    }
  if (call->metadata != NULL)
    json_object_set_member (start, "metadata", vgw_dialect_parse_value (call->metadata));
  self->is_started = TRUE;
  self->is_rate_refused = FALSE;
  self->n_errors_told = 0;
  self->odd = (VgwDialectOddByte){ 0 };
  vgw_dialect_block_reset (&self->block, &call->format, 1);
  vgw_dialect_send_object (&self->wire, start);
  if (call->is_paused) /* and the connection to the bot was lost meanwhile */
    vgw_dialect_send_object (&self->wire, new_message ("paused"));
}

static void
send_block (gpointer state, const gint16 *samples, gsize n_samples)
{
  Native *self = state;

  vgw_dialect_send_samples (&self->wire, samples, n_samples);
}

static void
native_audio (gpointer state, const gint16 *samples, gsize n_samples)
{
  Native *self = state;

  vgw_dialect_block_push (&self->block, samples, n_samples, send_block, self);
}

static void
send_dtmf (Native *self, char digit, guint duration_ms)
{
  JsonObject *dtmf = new_message ("dtmf");
  const char text[] = { digit, '\0' };

  json_object_set_string_member (dtmf, "digit", text);
  json_object_set_int_member (dtmf, "duration_ms", duration_ms);
  vgw_dialect_send_object (&self->wire, dtmf);
}

static void
send_speech (Native *self, gboolean is_speaking)
{
  vgw_dialect_send_object (&self->wire, new_message (is_speaking ? "speech-started" : "speech-stopped"));
}

static void
send_event (Native *self, const char *json)
{
  JsonNode *data = vgw_dialect_parse_value (json);
  JsonObject *event;

  if (data == NULL)
    return;
  event = new_message ("event");
  json_object_set_member (event, "data", data);
  vgw_dialect_send_object (&self->wire, event);
}

static JsonArray *
list_marks (const char *const *marks)
{
  JsonArray *array = json_array_new ();

  for (; marks != NULL && *marks != NULL; marks++)
    json_array_add_string_element (array, *marks);
  return array;
}

static const char *
playout_type (VgwPlayoutEventType type)
{
  switch (type)
    {
    case VGW_PLAYOUT_MARK:
      return "mark";
    case VGW_PLAYOUT_LOST:
    case VGW_PLAYOUT_CLEARED:
      return "cleared";
    case VGW_PLAYOUT_DRAINED:
      return "playout";
    case VGW_PLAYOUT_XOFF:
      return "xoff";
    case VGW_PLAYOUT_XON:
      return "xon";
    case VGW_PLAYOUT_STARTED:
    case VGW_PLAYOUT_PLACE:
      break; /* never sent to an engine */
    }
  return "playout";
}

static void
send_playout (Native *self, const VgwPlayoutEvent *event)
{
  JsonObject *message = new_message (playout_type (event->type));

  if (event->type == VGW_PLAYOUT_MARK)
    json_object_set_string_member (message, "name", event->name);
  if (event->type == VGW_PLAYOUT_DRAINED)
    json_object_set_string_member (message, "state", "drained");
  json_object_set_int_member (message, "played_ms", (gint64) event->played_ms);
  json_object_set_int_member (message, "utterance_ms", (gint64) event->utterance_ms);
  if (event->type == VGW_PLAYOUT_CLEARED)
    json_object_set_array_member (message, "marks", list_marks (event->marks));
  if (event->type == VGW_PLAYOUT_LOST)
    {
      json_object_set_array_member (message, "marks", list_marks ((const char *[]){ event->name, NULL }));
      json_object_set_string_member (message, "reason", "overflow");
    }
  vgw_dialect_send_object (&self->wire, message);
}

static void
native_stop (gpointer state, const char *reason)
{
  Native *self = state;
  JsonObject *stop = new_message ("stop");

  json_object_set_string_member (stop, "reason", reason != NULL ? reason : "error");
  vgw_dialect_send_object (&self->wire, stop);
}

static void
send_resumed (Native *self, guint paused_ms)
{
  JsonObject *resumed = new_message ("resumed");

  json_object_set_int_member (resumed, "paused_ms", paused_ms);
  vgw_dialect_send_object (&self->wire, resumed);
}

static void
native_handle (gpointer state, const VgwEngineInput *input)
{
  switch (input->type)
    {
    case VGW_ENGINE_INPUT_EVENT:
      send_event (state, input->json);
      break;
    case VGW_ENGINE_INPUT_DTMF:
      send_dtmf (state, input->dtmf.digit, input->dtmf.duration_ms);
      break;
    case VGW_ENGINE_INPUT_SPEECH:
      send_speech (state, input->is_speaking);
      break;
    case VGW_ENGINE_INPUT_PLAYOUT:
      send_playout (state, input->playout);
      break;
    case VGW_ENGINE_INPUT_PAUSED:
      vgw_dialect_send_object (&((Native *) state)->wire, new_message ("paused"));
      break;
    case VGW_ENGINE_INPUT_RESUMED:
      send_resumed (state, input->paused_ms);
      break;
    }
}

/* --- from the bot --- */

static gboolean
receive_ready (Native *self, JsonObject *message, GError **error)
{
  const guint rate_hz = self->wire.call->format.rate_hz;

  self->is_rate_refused = vgw_json_get (message, "sample_rate") != NULL
                          && vgw_json_get_int (message, "sample_rate", 0, G_MAXINT, -1) != (gint64) rate_hz;
  if (self->is_rate_refused)
    return vgw_dialect_fail (error, "ready: the configured sample rate of this engine is %u", rate_hz);
  return TRUE;
}

static gboolean
receive_mark (Native *self, JsonObject *message, GError **error)
{
  const char *name = vgw_json_get_string (message, "name");

  if (name == NULL || *name == '\0' || strlen (name) > MAX_MARK_NAME_BYTES)
    return vgw_dialect_fail (error, "mark: name must be a string of 1 to %u bytes", MAX_MARK_NAME_BYTES);
  self->odd.is_marked = TRUE;
  self->wire.handlers->emit (&(VgwEngineOutput){ VGW_ENGINE_OUTPUT_MARK, .name = name }, self->wire.user_data);
  return TRUE;
}

static gboolean
receive_event (Native *self, JsonObject *message, GError **error)
{
  JsonNode *data = vgw_json_get (message, "data");
  g_autofree char *text = NULL;

  if (data == NULL || !JSON_NODE_HOLDS_OBJECT (data))
    return vgw_dialect_fail (error, "event: data must be an object");
  text = vgw_json_to_text (data);
  if (strlen (text) > VGW_EVENT_MAX_BYTES)
    return vgw_dialect_fail (error, "event: data is larger than %u bytes", VGW_EVENT_MAX_BYTES);
  self->wire.handlers->emit (&(VgwEngineOutput){ VGW_ENGINE_OUTPUT_EVENT, .json = text }, self->wire.user_data);
  return TRUE;
}

static gboolean
receive_clear (Native *self, JsonObject *message, GError **error)
{
  self->odd = (VgwDialectOddByte){ 0 };
  self->wire.handlers->emit (&(VgwEngineOutput){ .type = VGW_ENGINE_OUTPUT_CLEAR }, self->wire.user_data);
  return TRUE;
}

static gboolean
receive_hangup (Native *self, JsonObject *message, GError **error)
{
  self->wire.handlers->emit (&(VgwEngineOutput){ .type = VGW_ENGINE_OUTPUT_HANGUP }, self->wire.user_data);
  return TRUE;
}

static const struct
{
  const char *type;
  gboolean (*receive) (Native *self, JsonObject *message, GError **error);
} messages[] = {
  { "ready", receive_ready }, { "mark", receive_mark },     { "clear", receive_clear },
  { "event", receive_event }, { "hangup", receive_hangup },
};

static gboolean
receive_text (Native *self, const guint8 *data, gsize length, GError **error)
{
  g_autoptr (JsonObject) message = vgw_dialect_parse (data, length, error);
  const char *type;

  if (message == NULL)
    return FALSE;
  type = vgw_json_get_string (message, "type");
  if (type == NULL)
    return vgw_dialect_fail (error, "the message has no type");
  for (guint i = 0; i < G_N_ELEMENTS (messages); i++)
    {
      if (vgw_dialect_is_word (type, messages[i].type))
        return messages[i].receive (self, message, error);
    }
  return vgw_dialect_fail (error, "unknown type %s", type);
}

static gboolean
receive_audio (Native *self, const guint8 *data, gsize length, GError **error)
{
  if (self->is_rate_refused)
    return vgw_dialect_fail (error, "dropped audio: its sample rate was refused");
  vgw_dialect_play_stream (&self->wire, &self->odd, data, length);
  return TRUE;
}

static gboolean
native_receive (gpointer state, gboolean is_text, const guint8 *data, gsize length, GError **error)
{
  Native *self = state;
  g_autoptr (GError) cause = NULL;
  JsonObject *answer;

  if (is_text ? receive_text (self, data, length, &cause) : receive_audio (self, data, length, &cause))
    return TRUE;
  if (self->n_errors_told < MAX_ERRORS_SENT)
    {
      self->n_errors_told++;
      answer = new_message ("error");
      json_object_set_string_member (answer, "message", cause->message);
      vgw_dialect_send_object (&self->wire, answer);
    }
  g_propagate_error (error, g_steal_pointer (&cause));
  return FALSE;
}

const VgwDialect vgw_dialect_native = {
  .name = "native",
  .subprotocol = "voice-gateway.v1",
  .open = native_open,
  .free = g_free,
  .start = native_start,
  .audio = native_audio,
  .handle = native_handle,
  .stop = native_stop,
  .receive = native_receive,
};
