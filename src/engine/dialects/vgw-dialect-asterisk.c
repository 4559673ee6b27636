/* Asterisk's chan_websocket with JSON control messages, the gateway as Asterisk.
 * https://docs.asterisk.org/Configuration/Channel-Drivers/WebSocket/
 *
 * The protocol counts its queue in frames of 20 ms and notifies the application at two levels. The position of the
 * playout queue is tracked by additional marks in the audio, one for every POSITION_FRAMES. */
#include <string.h>

#include "base/vgw-json.h"
#include "engine/dialects/vgw-dialect-wire.h"
#include "engine/dialects/vgw-dialects.h"

#define XOFF_FRAMES 900
#define XON_FRAMES 800
#define POSITION_FRAMES 10
#define MAX_CORRELATION_ID_BYTES 1000
#define CHANNEL_PREFIX "WebSocket/voice-gateway/"

/* The kind of a mark in the playout queue: the first character of its name. */
#define MARK_OF_BOT 'm'
#define MARK_OF_BUFFERING 'b'
#define MARK_OF_POSITION 'q'

typedef struct
{
  VgwDialectWire wire;
  VgwDialectBlock block;
  gsize frame_bytes; /* the optimal frame size */
  char *connection_id;
  char *channel;

  gboolean is_buffering; /* between START_MEDIA_BUFFERING and STOP_MEDIA_BUFFERING */
  guint8 rest[VGW_DIALECT_MAX_FRAME_SAMPLES * sizeof (gint16)]; /* an incomplete frame */
  gsize n_rest;
  gboolean is_rest_marked; /* a mark was received after it */

  gboolean is_paused;
  gboolean is_xoff;       /* as last sent to the application */
  gboolean is_queue_full; /* as last reported by the playout queue */
  gboolean is_drained_wanted;
  gboolean is_media_in;  /* SET_MEDIA_DIRECTION: from the gateway to the application */
  gboolean is_media_out; /* from the application to the gateway */

  guint64 n_queued;  /* frames, since open () */
  guint64 n_played;  /* or dropped; never more than n_queued */
  guint64 n_cleared; /* n_queued when the application last flushed */
  guint64 n_marked;  /* the last position that has a mark */
} Asterisk;

static void
begin_connection (Asterisk *self)
{
  vgw_dialect_block_reset (&self->block, &self->wire.call->format, 1);
  self->is_buffering = FALSE;
  self->n_rest = 0;
  self->is_paused = FALSE;
  self->is_xoff = FALSE;
  self->is_drained_wanted = FALSE;
  self->is_media_in = TRUE;
  self->is_media_out = TRUE;
  /* marks that were reached while there was no connection are not known */
  self->n_played = self->n_queued;
  self->n_cleared = self->n_queued;
}

static gpointer
asterisk_open (const VgwDialectCall *call, const VgwDialectHandlers *handlers, gpointer user_data)
{
  Asterisk *self = g_new0 (Asterisk, 1);
  g_autofree char *id = vgw_dialect_make_hex_id (call->session_id, "channel");

  self->wire = (VgwDialectWire){ call, handlers, user_data };
  self->connection_id = vgw_dialect_make_uuid (call->session_id, "call");
  self->channel = g_strconcat (CHANNEL_PREFIX, id, NULL);
  self->frame_bytes =
      CLAMP (vgw_audio_format_frame_samples (&call->format), 1, VGW_DIALECT_MAX_FRAME_SAMPLES) * sizeof (gint16);
  begin_connection (self);
  return self;
}

static void
asterisk_free (gpointer state)
{
  Asterisk *self = state;

  g_free (self->connection_id);
  g_free (self->channel);
  g_free (self);
}

/* Asterisk's name for s16le at a rate. */
static const char *
format_of_rate (guint rate_hz)
{
  switch (rate_hz)
    {
    case 48000:
      return "slin48";
    case 24000:
      return "slin24";
    case 16000:
      return "slin16";
    default:
      return "slin";
    }
}

static JsonObject *
new_event (const char *event)
{
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "event", event);
  return object;
}

/* Sends @event (transfer full). */
static void
send_event (Asterisk *self, JsonObject *event)
{
  if (!json_object_has_member (event, "channel_id"))
    json_object_set_string_member (event, "channel_id", self->wire.call->session_id);
  vgw_dialect_send_object (&self->wire, event);
}

static JsonObject *
describe_variables (Asterisk *self)
{
  JsonObject *variables = json_object_new ();
  g_autofree char *frame_bytes = g_strdup_printf ("%" G_GSIZE_FORMAT, self->frame_bytes);

  json_object_set_string_member (variables, "MEDIA_WEBSOCKET_CONNECTION_ID", self->connection_id);
  json_object_set_string_member (variables, "MEDIA_WEBSOCKET_OPTIMAL_FRAME_SIZE", frame_bytes);
  vgw_dialect_add_string (variables, "CLIENT_ADDRESS", self->wire.call->client_address);
  vgw_dialect_add_string (variables, "TRACE_ID", self->wire.call->trace_id);
  vgw_dialect_add_string (variables, "CLIENT_ORIGIN", self->wire.call->origin);
  vgw_dialect_add_string (variables, "CLIENT_USER_AGENT", self->wire.call->user_agent);
  vgw_dialect_add_parameters (self->wire.call, variables);
  return variables;
}

static void
set_paused (Asterisk *self, gboolean is_paused)
{
  if (self->is_paused == is_paused)
    return;
  self->is_paused = is_paused;
  self->wire.handlers->emit (&(VgwEngineOutput){ VGW_ENGINE_OUTPUT_HOLD, .is_held = is_paused }, self->wire.user_data);
}

static void
asterisk_start (gpointer state)
{
  Asterisk *self = state;
  JsonObject *event = new_event ("MEDIA_START");

  set_paused (self, FALSE); /* a new connection is not paused */
  begin_connection (self);
  json_object_set_string_member (event, "connection_id", self->connection_id);
  json_object_set_string_member (event, "channel", self->channel);
  json_object_set_string_member (event, "channel_id", self->wire.call->session_id);
  json_object_set_string_member (event, "format", format_of_rate (self->wire.call->format.rate_hz));
  json_object_set_int_member (event, "optimal_frame_size", (gint64) self->frame_bytes);
  json_object_set_int_member (event, "ptime", VGW_FRAME_MS);
  json_object_set_object_member (event, "channel_variables", describe_variables (self));
  send_event (self, event);
}

static void
send_block (gpointer state, const gint16 *samples, gsize n_samples)
{
  Asterisk *self = state;

  vgw_dialect_send_samples (&self->wire, samples, n_samples);
}

static void
asterisk_audio (gpointer state, const gint16 *samples, gsize n_samples)
{
  Asterisk *self = state;

  if (self->is_media_in)
    vgw_dialect_block_push (&self->block, samples, n_samples, send_block, self);
}

static void
send_dtmf (Asterisk *self, char digit, guint duration_ms)
{
  JsonObject *event = new_event ("DTMF_END");
  const char text[] = { digit, '\0' };

  json_object_set_string_member (event, "digit", text);
  send_event (self, event);
}

static void
asterisk_stop (gpointer state, const char *reason)
{
  /* Asterisk closes the connection without a message */
}

/* --- the queue --- */

static guint64
get_queue_length (const Asterisk *self)
{
  return self->n_queued - self->n_played;
}

static void
update_flow (Asterisk *self)
{
  const guint64 level = self->is_xoff ? XON_FRAMES : XOFF_FRAMES;
  const gboolean should_be_xoff = self->is_queue_full || get_queue_length (self) >= level;

  if (should_be_xoff == self->is_xoff)
    return;
  self->is_xoff = should_be_xoff;
  send_event (self, new_event (should_be_xoff ? "MEDIA_XOFF" : "MEDIA_XON"));
}

static void
advance_played (Asterisk *self, guint64 n_played)
{
  self->n_played = CLAMP (n_played, self->n_played, self->n_queued);
}

static void
report_drained (Asterisk *self)
{
  if (!self->is_drained_wanted)
    return;
  self->is_drained_wanted = FALSE;
  send_event (self, new_event ("QUEUE_DRAINED"));
}

static void
send_mark (Asterisk *self, const char *event_name, const char *correlation_id)
{
  JsonObject *event = new_event (event_name);

  if (*correlation_id != '\0')
    json_object_set_string_member (event, "correlation_id", correlation_id);
  send_event (self, event);
}

/* Marks that are dropped by a flush are not sent: the documentation specifies that for MEDIA_BUFFERING_COMPLETED. */
static void
end_mark (Asterisk *self, const char *mark, gboolean is_cleared)
{
  if (*mark == MARK_OF_POSITION)
    {
      advance_played (self, g_ascii_strtoull (mark + 1, NULL, 10));
      if (get_queue_length (self) == 0)
        report_drained (self);
    }
  else if (*mark == MARK_OF_BOT && !is_cleared)
    send_mark (self, "MEDIA_MARK_PROCESSED", mark + 1);
  else if (*mark == MARK_OF_BUFFERING && !is_cleared)
    send_mark (self, "MEDIA_BUFFERING_COMPLETED", mark + 1);
}

static void
end_cleared (Asterisk *self, const char *const *marks)
{
  for (; marks != NULL && *marks != NULL; marks++)
    end_mark (self, *marks, TRUE);
  advance_played (self, self->n_cleared);
  report_drained (self);
}

static void
send_playout (Asterisk *self, const VgwPlayoutEvent *event)
{
  switch (event->type)
    {
    case VGW_PLAYOUT_MARK:
      end_mark (self, event->name, FALSE);
      break;
    case VGW_PLAYOUT_LOST:
      end_mark (self, event->name, TRUE);
      break;
    case VGW_PLAYOUT_CLEARED:
      end_cleared (self, event->marks);
      break;
    case VGW_PLAYOUT_DRAINED:
      advance_played (self, self->n_queued);
      report_drained (self);
      break;
    case VGW_PLAYOUT_XOFF:
    case VGW_PLAYOUT_XON:
      self->is_queue_full = event->type == VGW_PLAYOUT_XOFF;
      break;
    case VGW_PLAYOUT_STARTED:
    case VGW_PLAYOUT_PLACE:
      break; /* never sent to an engine */
    }
  update_flow (self);
}

static void
asterisk_handle (gpointer state, const VgwEngineInput *input)
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
set_mark (Asterisk *self, char kind, const char *name)
{
  g_autofree char *mark = g_strdup_printf ("%c%s", kind, name);

  self->wire.handlers->emit (&(VgwEngineOutput){ VGW_ENGINE_OUTPUT_MARK, .name = mark }, self->wire.user_data);
}

/* Learns of it when what was queued until now has been played. */
static void
mark_position (Asterisk *self)
{
  char position[24];

  self->n_marked = self->n_queued;
  g_snprintf (position, sizeof position, "%" G_GUINT64_FORMAT, self->n_queued);
  set_mark (self, MARK_OF_POSITION, position);
}

/* @length: whole frames. */
static void
play_frames (Asterisk *self, const guint8 *data, gsize length)
{
  while (length > 0)
    {
      const gsize n = MIN (length, (POSITION_FRAMES - (self->n_queued - self->n_marked)) * self->frame_bytes);

      vgw_dialect_play_bytes (&self->wire, data, n);
      self->n_queued += n / self->frame_bytes;
      data += n;
      length -= n;
      if (self->n_queued - self->n_marked >= POSITION_FRAMES)
        mark_position (self);
    }
}

/* Pads an incomplete frame with silence and plays it. */
static void
flush_rest (Asterisk *self)
{
  if (self->n_rest == 0)
    return;
  memset (self->rest + self->n_rest, 0, self->frame_bytes - self->n_rest);
  self->n_rest = 0;
  play_frames (self, self->rest, self->frame_bytes);
}

static gboolean
receive_media (Asterisk *self, const guint8 *data, gsize length)
{
  gsize n;

  if (!self->is_media_out || length == 0)
    return TRUE;
  if (self->is_rest_marked && self->n_rest % sizeof (gint16) != 0 && length % sizeof (gint16) == 0)
    self->n_rest--; /* half a sample: see VgwDialectOddByte */
  self->is_rest_marked = FALSE;
  if (self->n_rest > 0)
    {
      n = MIN (length, self->frame_bytes - self->n_rest);
      memcpy (self->rest + self->n_rest, data, n);
      self->n_rest += n;
      data += n;
      length -= n;
      if (self->n_rest < self->frame_bytes)
        return TRUE;
      self->n_rest = 0;
      play_frames (self, self->rest, self->frame_bytes);
    }
  n = length % self->frame_bytes;
  play_frames (self, data, length - n);
  if (n > 0) /* Asterisk drops it without buffering: what follows would begin in the middle of a sample */
    {
      memcpy (self->rest, data + length - n, n);
      self->n_rest = n;
    }
  update_flow (self);
  return TRUE;
}

static gboolean
get_correlation_id (JsonObject *message, const char **id, GError **error)
{
  *id = vgw_json_get_string (message, "correlation_id");
  if (*id == NULL)
    *id = "";
  return strlen (*id) <= MAX_CORRELATION_ID_BYTES || vgw_dialect_fail (error, "correlation_id is too long");
}

static gboolean
receive_answer (Asterisk *self, JsonObject *message, GError **error)
{
  return TRUE; /* the call is answered already */
}

static gboolean
receive_hangup (Asterisk *self, JsonObject *message, GError **error)
{
  if (self->is_paused) /* queued audio would never be played */
    {
      self->n_rest = 0;
      self->wire.handlers->emit (&(VgwEngineOutput){ .type = VGW_ENGINE_OUTPUT_CLEAR }, self->wire.user_data);
    }
  flush_rest (self);
  self->wire.handlers->emit (&(VgwEngineOutput){ .type = VGW_ENGINE_OUTPUT_HANGUP }, self->wire.user_data);
  return TRUE;
}

static gboolean
receive_start_buffering (Asterisk *self, JsonObject *message, GError **error)
{
  self->is_buffering = TRUE;
  return TRUE;
}

static gboolean
receive_stop_buffering (Asterisk *self, JsonObject *message, GError **error)
{
  const char *id;

  if (!get_correlation_id (message, &id, error))
    return FALSE;
  flush_rest (self);
  self->is_buffering = FALSE;
  set_mark (self, MARK_OF_BUFFERING, id);
  return TRUE;
}

static gboolean
receive_flush (Asterisk *self, JsonObject *message, GError **error)
{
  self->is_buffering = FALSE;
  self->n_rest = 0;
  self->n_cleared = self->n_queued;
  self->wire.handlers->emit (&(VgwEngineOutput){ .type = VGW_ENGINE_OUTPUT_CLEAR }, self->wire.user_data);
  set_paused (self, FALSE); /* afterwards, since otherwise some of the paused audio would be played */
  return TRUE;
}

static gboolean
receive_pause (Asterisk *self, JsonObject *message, GError **error)
{
  set_paused (self, TRUE);
  return TRUE;
}

static gboolean
receive_continue (Asterisk *self, JsonObject *message, GError **error)
{
  set_paused (self, FALSE);
  return TRUE;
}

static gboolean
receive_mark (Asterisk *self, JsonObject *message, GError **error)
{
  const char *id;

  if (!get_correlation_id (message, &id, error))
    return FALSE;
  self->is_rest_marked = TRUE;
  set_mark (self, MARK_OF_BOT, id);
  return TRUE;
}

static gboolean
receive_get_status (Asterisk *self, JsonObject *message, GError **error)
{
  JsonObject *status = new_event ("STATUS");

  json_object_set_string_member (status, "channel_id", self->wire.call->session_id);
  json_object_set_int_member (status, "queue_length", (gint64) get_queue_length (self));
  json_object_set_int_member (status, "xon_level", XON_FRAMES);
  json_object_set_int_member (status, "xoff_level", XOFF_FRAMES);
  json_object_set_boolean_member (status, "queue_full", self->is_xoff);
  json_object_set_boolean_member (status, "bulk_media", self->is_buffering);
  json_object_set_boolean_member (status, "media_paused", self->is_paused);
  send_event (self, status);
  return TRUE;
}

static gboolean
receive_report_drained (Asterisk *self, JsonObject *message, GError **error)
{
  self->is_drained_wanted = TRUE;
  if (get_queue_length (self) == 0)
    report_drained (self);
  else if (self->n_marked < self->n_queued) /* the gateway itself may have emptied the queue, behind the last mark */
    mark_position (self);
  return TRUE;
}

static gboolean
receive_direction (Asterisk *self, JsonObject *message, GError **error)
{
  const char *direction = vgw_json_get_string (message, "direction");
  const gboolean is_both = vgw_dialect_is_word (direction, "both");
  const gboolean is_in = vgw_dialect_is_word (direction, "in"), is_out = vgw_dialect_is_word (direction, "out");

  if (!is_both && !is_in && !is_out)
    return vgw_dialect_fail (error, "SET_MEDIA_DIRECTION: direction must be both, in or out");
  /* "in" and "out" are the application's */
  self->is_media_in = is_both || is_in;
  self->is_media_out = is_both || is_out;
  return TRUE;
}

static const struct
{
  const char *command;
  gboolean needs_media_out;
  gboolean (*receive) (Asterisk *self, JsonObject *message, GError **error);
} commands[] = {
  { "ANSWER", FALSE, receive_answer },
  { "HANGUP", FALSE, receive_hangup },
  { "START_MEDIA_BUFFERING", TRUE, receive_start_buffering },
  { "STOP_MEDIA_BUFFERING", TRUE, receive_stop_buffering },
  { "FLUSH_MEDIA", FALSE, receive_flush },
  { "PAUSE_MEDIA", TRUE, receive_pause },
  { "CONTINUE_MEDIA", TRUE, receive_continue },
  { "MARK_MEDIA", TRUE, receive_mark },
  { "GET_STATUS", FALSE, receive_get_status },
  { "REPORT_QUEUE_DRAINED", FALSE, receive_report_drained },
  { "SET_MEDIA_DIRECTION", FALSE, receive_direction },
};

static gboolean
asterisk_receive (gpointer state, gboolean is_text, const guint8 *data, gsize length, GError **error)
{
  Asterisk *self = state;
  g_autoptr (JsonObject) message = NULL;
  const char *command;

  if (!is_text)
    return receive_media (self, data, length);
  message = vgw_dialect_parse (data, length, error);
  if (message == NULL)
    {
      g_prefix_error (error, "control messages must be JSON (f(json) in Asterisk): ");
      return FALSE;
    }
  command = vgw_json_get_string (message, "command");
  if (command == NULL)
    return vgw_dialect_fail (error, "the message has no command");
  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    {
      if (!vgw_dialect_is_word (command, commands[i].command))
        continue;
      if (commands[i].needs_media_out && !self->is_media_out)
        return vgw_dialect_fail (error, "%s is not allowed while the media direction is \"in\"", command);
      return commands[i].receive (self, message, error);
    }
  return vgw_dialect_fail (error, "unknown command %s", command);
}

const VgwDialect vgw_dialect_asterisk = {
  .name = "asterisk",
  .subprotocol = "media", /* as websocket_client.conf has it */
  .is_telephony = TRUE,
  .open = asterisk_open,
  .free = asterisk_free,
  .start = asterisk_start,
  .audio = asterisk_audio,
  .handle = asterisk_handle,
  .stop = asterisk_stop,
  .receive = asterisk_receive,
};
