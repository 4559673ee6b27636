/* jambonz' listen verb with bidirectional audio, the gateway as jambonz. https://docs.jambonz.org/verbs/verbs/listen */
#include <stdlib.h>
#include <string.h>

#include "base/vgw-json.h"
#include "engine/dialects/vgw-dialect-wire.h"
#include "engine/dialects/vgw-dialects.h"

#define DTMF_CLOCK_HZ 8000       /* the unit of a digit's duration: RTP timestamps of telephone-event */
#define MAX_MARK_NAME_BYTES 1000 /* VGW_PLAYOUT_MAX_MARK_BYTES less a prefix */

/* The kind of a mark in the playout queue: the first character of its name. */
#define MARK_OF_BOT 'm'
#define MARK_OF_PLAY_AUDIO 'p'

typedef struct
{
  VgwDialectWire wire;
  VgwDialectBlock block; /* of the caller's audio: 20 ms */
  VgwDialectOddByte odd; /* of the application's */
  char *call_sid;
  const char *payload;   /* (nullable) audio of the present command, where it is separate from it */
  guint mark_generation; /* incremented by clearMarks: older marks are not sent */
} Jambonz;

static gpointer
jambonz_open (const VgwDialectCall *call, const VgwDialectHandlers *handlers, gpointer user_data)
{
  Jambonz *self = g_new0 (Jambonz, 1);

  self->wire = (VgwDialectWire){ call, handlers, user_data };
  vgw_dialect_block_reset (&self->block, &call->format, 1);
  self->call_sid = vgw_dialect_make_uuid (call->session_id, "call");
  return self;
}

static void
jambonz_free (gpointer state)
{
  Jambonz *self = state;

  g_free (self->call_sid);
  g_free (self);
}

static void
jambonz_start (gpointer state)
{
  Jambonz *self = state;
  const VgwDialectCall *call = self->wire.call;
  JsonObject *attributes = json_object_new ();

  json_object_set_int_member (attributes, "sampleRate", call->format.rate_hz);
  json_object_set_string_member (attributes, "mixType", "mono");
  json_object_set_string_member (attributes, "callSid", self->call_sid);
  json_object_set_string_member (attributes, "callId", call->session_id);
  json_object_set_string_member (attributes, "direction", "inbound");
  json_object_set_string_member (attributes, "from", call->client_address != NULL ? call->client_address : "anonymous");
  json_object_set_string_member (attributes, "to", "voice-gateway");
  json_object_set_int_member (attributes, "sipStatus", 200);
  json_object_set_string_member (attributes, "callStatus", "in-progress");
  vgw_dialect_add_string (attributes, "traceId", call->trace_id);
  vgw_dialect_add_string (attributes, "clientOrigin", call->origin);
  vgw_dialect_add_string (attributes, "clientUserAgent", call->user_agent);
  vgw_dialect_add_parameters (call, attributes); /* as the metadata of the verb */
  vgw_dialect_block_reset (&self->block, &call->format, 1);
  self->mark_generation++; /* marks of the previous connection are not sent */
  self->odd = (VgwDialectOddByte){ 0 };
  vgw_dialect_send_object (&self->wire, attributes);
}

static void
send_block (gpointer state, const gint16 *samples, gsize n_samples)
{
  Jambonz *self = state;

  vgw_dialect_send_samples (&self->wire, samples, n_samples);
}

static void
jambonz_audio (gpointer state, const gint16 *samples, gsize n_samples)
{
  Jambonz *self = state;

  vgw_dialect_block_push (&self->block, samples, n_samples, send_block, self);
}

static void
send_dtmf (Jambonz *self, char digit, guint duration_ms)
{
  JsonObject *dtmf = json_object_new ();
  const char text[] = { digit, '\0' };
  g_autofree char *duration = g_strdup_printf ("%" G_GUINT64_FORMAT, (guint64) duration_ms * DTMF_CLOCK_HZ / 1000);

  json_object_set_string_member (dtmf, "event", "dtmf");
  json_object_set_string_member (dtmf, "dtmf", text);
  json_object_set_string_member (dtmf, "duration", duration);
  vgw_dialect_send_object (&self->wire, dtmf);
}

static void
send_mark (Jambonz *self, const char *name, gboolean is_cleared)
{
  JsonObject *data = json_object_new ();
  JsonObject *mark = json_object_new ();

  json_object_set_string_member (data, "name", name);
  json_object_set_string_member (data, "event", is_cleared ? "cleared" : "playout");
  json_object_set_string_member (mark, "type", "mark");
  json_object_set_object_member (mark, "data", data);
  vgw_dialect_send_object (&self->wire, mark);
}

/* @id: that of the application's playAudio, or empty. */
static void
send_play_done (Jambonz *self, const char *id)
{
  JsonObject *done = json_object_new ();
  JsonObject *data = json_object_new ();

  if (*id != '\0')
    json_object_set_string_member (data, "id", id);
  json_object_set_string_member (done, "type", "playDone");
  json_object_set_object_member (done, "data", data);
  vgw_dialect_send_object (&self->wire, done);
}

/* @mark: kind, generation, ':' and name, as set_mark () made it. */
static void
end_mark (Jambonz *self, const char *mark, gboolean is_cleared)
{
  const char *name = strchr (mark, ':');

  if (name == NULL)
    return;
  if (*mark == MARK_OF_PLAY_AUDIO && !is_cleared)
    send_play_done (self, name + 1);
  else if (*mark == MARK_OF_BOT && strtoul (mark + 1, NULL, 10) == self->mark_generation)
    send_mark (self, name + 1, is_cleared);
}

static void
send_playout (Jambonz *self, const VgwPlayoutEvent *event)
{
  if (event->type == VGW_PLAYOUT_MARK)
    end_mark (self, event->name, FALSE);
  if (event->type == VGW_PLAYOUT_LOST)
    end_mark (self, event->name, TRUE);
  if (event->type == VGW_PLAYOUT_CLEARED)
    {
      for (const char *const *mark = event->marks; mark != NULL && *mark != NULL; mark++)
        end_mark (self, *mark, TRUE);
    }
}

static void
jambonz_stop (gpointer state, const char *reason)
{
  /* jambonz closes the connection without a message */
}

static void
jambonz_handle (gpointer state, const VgwEngineInput *input)
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

static void
set_mark (Jambonz *self, char kind, const char *name)
{
  g_autofree char *mark = g_strdup_printf ("%c%u:%s", kind, self->mark_generation, name);

  self->wire.handlers->emit (&(VgwEngineOutput){ VGW_ENGINE_OUTPUT_MARK, .name = mark }, self->wire.user_data);
}

static gboolean
receive_mark (Jambonz *self, JsonObject *data, GError **error)
{
  const char *name = data != NULL ? vgw_json_get_string (data, "name") : NULL;

  if (name == NULL || *name == '\0' || strlen (name) > MAX_MARK_NAME_BYTES)
    return vgw_dialect_fail (error, "mark: data.name must be a string of 1 to %u bytes", MAX_MARK_NAME_BYTES);
  self->odd.is_marked = TRUE;
  set_mark (self, MARK_OF_BOT, name);
  return TRUE;
}

static gboolean
receive_clear_marks (Jambonz *self, JsonObject *data, GError **error)
{
  self->mark_generation++;
  return TRUE;
}

static gboolean
receive_kill_audio (Jambonz *self, JsonObject *data, GError **error)
{
  self->odd = (VgwDialectOddByte){ 0 };
  self->wire.handlers->emit (&(VgwEngineOutput){ .type = VGW_ENGINE_OUTPUT_CLEAR }, self->wire.user_data);
  return TRUE;
}

static gboolean
receive_disconnect (Jambonz *self, JsonObject *data, GError **error)
{
  self->wire.handlers->emit (&(VgwEngineOutput){ .type = VGW_ENGINE_OUTPUT_HANGUP }, self->wire.user_data);
  return TRUE;
}

static gboolean
receive_json (Jambonz *self, JsonObject *data, GError **error)
{
  g_autofree char *text = data != NULL ? vgw_json_object_to_text (data) : NULL;

  if (text == NULL || strlen (text) > VGW_EVENT_MAX_BYTES)
    return vgw_dialect_fail (error, "json: data must be an object of at most %u bytes", VGW_EVENT_MAX_BYTES);
  self->wire.handlers->emit (&(VgwEngineOutput){ VGW_ENGINE_OUTPUT_EVENT, .json = text }, self->wire.user_data);
  return TRUE;
}

/* A string in the documentation's example, "16000"; a number in other code. */
static gboolean
has_our_rate (Jambonz *self, JsonObject *data)
{
  const char *text = vgw_json_get_string (data, "sampleRate");
  gint64 rate_hz =
      text != NULL ? g_ascii_strtoll (text, NULL, 10) : vgw_json_get_int (data, "sampleRate", 0, G_MAXINT, -1);

  return rate_hz == (gint64) self->wire.call->format.rate_hz;
}

static gboolean
receive_play_audio (Jambonz *self, JsonObject *data, GError **error)
{
  const char *content = data != NULL ? vgw_json_get_string (data, "audioContent") : NULL;
  const char *id = data != NULL ? vgw_json_get_string (data, "id") : NULL;
  g_autofree guint8 *bytes = NULL;
  gsize length;

  if (content == NULL)
    return vgw_dialect_fail (error, "playAudio: data.audioContent is missing");
  if (!vgw_dialect_is_word (vgw_json_get_string (data, "audioContentType"), "raw") || !has_our_rate (self, data))
    return vgw_dialect_fail (error, "playAudio: only raw audio of %u Hz can be played",
                             self->wire.call->format.rate_hz);
  if (self->payload != NULL && g_str_equal (content, VGW_DIALECT_PAYLOAD_IS_APART))
    content = self->payload;
  bytes = vgw_dialect_decode_base64 (content, &length);
  if (bytes == NULL)
    return vgw_dialect_fail (error, "playAudio: data.audioContent must be base64");
  vgw_dialect_play_bytes (&self->wire, bytes, length); /* complete: an odd byte at its end is ignored */
  set_mark (self, MARK_OF_PLAY_AUDIO, id != NULL && strlen (id) <= MAX_MARK_NAME_BYTES ? id : "");
  return TRUE;
}

static const struct
{
  const char *type;
  gboolean (*receive) (Jambonz *self, JsonObject *data, GError **error);
} commands[] = {
  { "mark", receive_mark },
  { "clearMarks", receive_clear_marks },
  { "killAudio", receive_kill_audio },
  { "disconnect", receive_disconnect },
  { "json", receive_json },
  { "playAudio", receive_play_audio },
};

static gboolean
jambonz_receive (gpointer state, gboolean is_text, const guint8 *data, gsize length, GError **error)
{
  Jambonz *self = state;
  g_autoptr (JsonObject) message = NULL;
  g_autofree char *payload = NULL;
  JsonNode *node;
  const char *type;

  if (!is_text)
    {
      vgw_dialect_play_stream (&self->wire, &self->odd, data, length);
      return TRUE;
    }
  message = vgw_dialect_parse_with_payload (data, length, &payload, error);
  if (message == NULL)
    return FALSE;
  self->payload = payload;
  type = vgw_json_get_string (message, "type");
  if (type == NULL)
    return vgw_dialect_fail (error, "the command has no type");
  node = vgw_json_get (message, "data");
  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    {
      if (!vgw_dialect_is_word (type, commands[i].type))
        continue;
      if (payload != NULL && commands[i].receive != receive_play_audio)
        return vgw_dialect_fail (error, "%s: a text of %" G_GSIZE_FORMAT " bytes is too long", commands[i].type,
                                 length);
      return commands[i].receive (
          self, node != NULL && JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL, error);
    }
  return vgw_dialect_fail (error, "unknown command %s", type);
}

const VgwDialect vgw_dialect_jambonz = {
  .name = "jambonz",
  .subprotocol = "audio.jambonz.org",
  .is_telephony = TRUE,
  .has_audio_in_text = TRUE,
  .open = jambonz_open,
  .free = jambonz_free,
  .start = jambonz_start,
  .audio = jambonz_audio,
  .handle = jambonz_handle,
  .stop = jambonz_stop,
  .receive = jambonz_receive,
};
