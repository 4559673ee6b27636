/* Twilio Media Streams, bidirectional, the gateway as Twilio.
 * https://www.twilio.com/docs/voice/media-streams/websocket-messages */
#include <string.h>

#include "base/vgw-json.h"
#include "engine/dialects/vgw-dialect-wire.h"
#include "engine/dialects/vgw-dialects.h"
#include "engine/dialects/vgw-mulaw.h"

#define RATE_HZ 8000
#define FRAME_BYTES (RATE_HZ * VGW_FRAME_MS / 1000)
#define CHUNK_SAMPLES 1024 /* on the stack */
#define MAX_MARK_NAME_BYTES 1000
#define ACCOUNT_SID "AC00000000000000000000000000000000" /* in the form of Twilio's: there is no account here */

typedef struct
{
  VgwDialectWire wire;
  VgwDialectBlock block;
  char *call_sid;
  char *stream_sid; /* of this connection */
  guint n_streams;
  guint64 sequence_number; /* of the last message that had one */
  guint64 n_chunks;
  const char *payload; /* (nullable) audio of the present message, where it is separate from it */
} Twilio;

static gpointer
twilio_open (const VgwDialectCall *call, const VgwDialectHandlers *handlers, gpointer user_data)
{
  Twilio *self = g_new0 (Twilio, 1);
  g_autofree char *id = vgw_dialect_make_hex_id (call->session_id, "call");

  self->wire = (VgwDialectWire){ call, handlers, user_data };
  self->call_sid = g_strconcat ("CA", id, NULL);
  vgw_dialect_block_reset (&self->block, &call->format, 1);
  return self;
}

static void
twilio_free (gpointer state)
{
  Twilio *self = state;

  g_free (self->call_sid);
  g_free (self->stream_sid);
  g_free (self);
}

static void
start_stream (Twilio *self)
{
  g_autofree char *purpose = g_strdup_printf ("stream %u", ++self->n_streams);
  g_autofree char *id = vgw_dialect_make_hex_id (self->wire.call->session_id, purpose);

  g_free (self->stream_sid);
  self->stream_sid = g_strconcat ("MZ", id, NULL);
  self->sequence_number = 0;
  self->n_chunks = 0;
  vgw_dialect_block_reset (&self->block, &self->wire.call->format, 1);
}

/* All numbers of this protocol are strings. */
static void
set_number (JsonObject *object, const char *name, guint64 number)
{
  g_autofree char *text = g_strdup_printf ("%" G_GUINT64_FORMAT, number);

  json_object_set_string_member (object, name, text);
}

static JsonObject *
new_message (Twilio *self, const char *event)
{
  JsonObject *message = json_object_new ();

  json_object_set_string_member (message, "event", event);
  set_number (message, "sequenceNumber", ++self->sequence_number);
  return message;
}

/* Adds @body (transfer full) under the name of the event, and sends @message (transfer full). */
static void
send_message (Twilio *self, JsonObject *message, JsonObject *body)
{
  json_object_set_object_member (message, json_object_get_string_member (message, "event"), body);
  json_object_set_string_member (message, "streamSid", self->stream_sid);
  vgw_dialect_send_object (&self->wire, message);
}

static JsonObject *
describe_media (void)
{
  JsonObject *format = json_object_new ();

  json_object_set_string_member (format, "encoding", "audio/x-mulaw");
  json_object_set_int_member (format, "sampleRate", RATE_HZ);
  json_object_set_int_member (format, "channels", 1);
  return format;
}

/* The customParameters, which are <Parameter> elements with Twilio. */
static JsonObject *
describe_call (const VgwDialectCall *call)
{
  JsonObject *parameters = json_object_new ();

  json_object_set_string_member (parameters, "sessionId", call->session_id);
  vgw_dialect_add_string (parameters, "clientAddress", call->client_address);
  vgw_dialect_add_string (parameters, "traceId", call->trace_id);
  vgw_dialect_add_string (parameters, "clientOrigin", call->origin);
  vgw_dialect_add_string (parameters, "clientUserAgent", call->user_agent);
  vgw_dialect_add_parameters (call, parameters);
  return parameters;
}

static JsonObject *
new_call_body (Twilio *self)
{
  JsonObject *body = json_object_new ();

  json_object_set_string_member (body, "accountSid", ACCOUNT_SID);
  json_object_set_string_member (body, "callSid", self->call_sid);
  return body;
}

static void
twilio_start (gpointer state)
{
  Twilio *self = state;
  JsonArray *tracks = json_array_new ();
  JsonObject *body;

  start_stream (self);
  vgw_dialect_send_text (&self->wire, "{\"event\":\"connected\",\"protocol\":\"Call\",\"version\":\"1.0.0\"}");
  body = new_call_body (self);
  json_object_set_string_member (body, "streamSid", self->stream_sid);
  json_array_add_string_element (tracks, "inbound");
  json_object_set_array_member (body, "tracks", tracks);
  json_object_set_object_member (body, "mediaFormat", describe_media ());
  json_object_set_object_member (body, "customParameters", describe_call (self->wire.call));
  send_message (self, new_message (self, "start"), body);
}

static void
send_block (gpointer state, const gint16 *samples, gsize n_samples)
{
  Twilio *self = state;
  guint8 octets[FRAME_BYTES];
  g_autofree char *payload = NULL;
  JsonObject *body = json_object_new ();

  n_samples = MIN (n_samples, sizeof octets);
  for (gsize i = 0; i < n_samples; i++)
    octets[i] = vgw_mulaw_encode (samples[i]);
  payload = g_base64_encode (octets, n_samples);
  json_object_set_string_member (body, "track", "inbound");
  set_number (body, "chunk", self->n_chunks + 1);
  set_number (body, "timestamp", self->n_chunks * VGW_FRAME_MS);
  json_object_set_string_member (body, "payload", payload);
  self->n_chunks++;
  send_message (self, new_message (self, "media"), body);
}

static void
twilio_audio (gpointer state, const gint16 *samples, gsize n_samples)
{
  Twilio *self = state;

  vgw_dialect_block_push (&self->block, samples, n_samples, send_block, self);
}

static void
send_dtmf (Twilio *self, char digit, guint duration_ms)
{
  JsonObject *body = json_object_new ();
  const char text[] = { digit, '\0' };

  json_object_set_string_member (body, "track", "inbound_track");
  json_object_set_string_member (body, "digit", text);
  send_message (self, new_message (self, "dtmf"), body);
}

static void
send_mark (Twilio *self, const char *name)
{
  JsonObject *body = json_object_new ();

  json_object_set_string_member (body, "name", name);
  send_message (self, new_message (self, "mark"), body);
}

static void
send_playout (Twilio *self, const VgwPlayoutEvent *event)
{
  if (event->type == VGW_PLAYOUT_MARK)
    send_mark (self, event->name);
  /* a mark dropped by a clear is sent as if it had been reached; one that is LOST is not */
  if (event->type == VGW_PLAYOUT_CLEARED)
    {
      for (const char *const *mark = event->marks; mark != NULL && *mark != NULL; mark++)
        send_mark (self, *mark);
    }
}

static void
twilio_stop (gpointer state, const char *reason)
{
  Twilio *self = state;

  send_message (self, new_message (self, "stop"), new_call_body (self));
}

static void
twilio_handle (gpointer state, const VgwEngineInput *input)
{
  switch (input->type)
    {
    case VGW_ENGINE_INPUT_DTMF:
      send_dtmf (state, input->dtmf.digit, input->dtmf.duration_ms);
      break;
    case VGW_ENGINE_INPUT_PLAYOUT:
      send_playout (state, input->playout);
      break;
    case VGW_ENGINE_INPUT_EVENT:
    case VGW_ENGINE_INPUT_SPEECH:
    case VGW_ENGINE_INPUT_PAUSED:
    case VGW_ENGINE_INPUT_RESUMED:
      break; /* not in the protocol */
    }
}

/* --- from the bot --- */

static JsonObject *
get_body (JsonObject *message, const char *name)
{
  JsonNode *node = vgw_json_get (message, name);

  return node != NULL && JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
}

static void
play_octets (Twilio *self, const guint8 *octets, gsize length)
{
  gint16 samples[CHUNK_SAMPLES];

  while (length > 0)
    {
      gsize n = MIN (length, CHUNK_SAMPLES);
      for (gsize i = 0; i < n; i++)
        samples[i] = vgw_mulaw_decode (octets[i]);
      self->wire.handlers->play (samples, n, self->wire.user_data);
      octets += n;
      length -= n;
    }
}

static gboolean
receive_media (Twilio *self, JsonObject *body, GError **error)
{
  const char *payload = vgw_json_get_string (body, "payload");
  g_autofree guint8 *octets = NULL;
  gsize length;

  if (self->payload != NULL && g_strcmp0 (payload, VGW_DIALECT_PAYLOAD_IS_APART) == 0)
    payload = self->payload;
  octets = payload != NULL ? vgw_dialect_decode_base64 (payload, &length) : NULL;
  if (octets == NULL)
    return vgw_dialect_fail (error, "media: payload must be μ-law in base64");
  play_octets (self, octets, length);
  return TRUE;
}

static gboolean
receive_mark (Twilio *self, JsonObject *body, GError **error)
{
  const char *name = vgw_json_get_string (body, "name");

  if (name == NULL || *name == '\0' || strlen (name) > MAX_MARK_NAME_BYTES)
    return vgw_dialect_fail (error, "mark: name must be a string of 1 to %u bytes", MAX_MARK_NAME_BYTES);
  self->wire.handlers->emit (&(VgwEngineOutput){ VGW_ENGINE_OUTPUT_MARK, .name = name }, self->wire.user_data);
  return TRUE;
}

static gboolean
receive_clear (Twilio *self, JsonObject *body, GError **error)
{
  self->wire.handlers->emit (&(VgwEngineOutput){ .type = VGW_ENGINE_OUTPUT_CLEAR }, self->wire.user_data);
  return TRUE;
}

static const struct
{
  const char *event;
  gboolean has_body;
  gboolean (*receive) (Twilio *self, JsonObject *body, GError **error);
} messages[] = {
  { "media", TRUE, receive_media },
  { "mark", TRUE, receive_mark },
  { "clear", FALSE, receive_clear },
};

static gboolean
twilio_receive (gpointer state, gboolean is_text, const guint8 *data, gsize length, GError **error)
{
  Twilio *self = state;
  g_autoptr (JsonObject) message = NULL;
  g_autofree char *payload = NULL;
  const char *event;

  if (!is_text)
    return vgw_dialect_fail (error, "a binary frame: Media Streams uses text frames only");
  message = vgw_dialect_parse_with_payload (data, length, &payload, error);
  if (message == NULL)
    return FALSE;
  self->payload = payload;
  event = vgw_json_get_string (message, "event");
  if (event == NULL)
    return vgw_dialect_fail (error, "the message has no event");
  for (guint i = 0; i < G_N_ELEMENTS (messages); i++)
    {
      JsonObject *body;
      if (!vgw_dialect_is_word (event, messages[i].event))
        continue;
      if (payload != NULL && messages[i].receive != receive_media)
        return vgw_dialect_fail (error, "%s: a text of %" G_GSIZE_FORMAT " bytes is too long", messages[i].event,
                                 length);
      body = get_body (message, event);
      if (messages[i].has_body && body == NULL)
        return vgw_dialect_fail (error, "%s: the object %s is missing", event, event);
      return messages[i].receive (self, body, error);
    }
  return vgw_dialect_fail (error, "unknown event %s", event);
}

const VgwDialect vgw_dialect_twilio = {
  .name = "twilio",
  .rate_hz = RATE_HZ,
  .is_telephony = TRUE,
  .has_audio_in_text = TRUE,
  .open = twilio_open,
  .free = twilio_free,
  .start = twilio_start,
  .audio = twilio_audio,
  .handle = twilio_handle,
  .stop = twilio_stop,
  .receive = twilio_receive,
};
