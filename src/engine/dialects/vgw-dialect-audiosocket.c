/* Asterisk's AudioSocket: messages of type (1), length (2, big endian) and payload over TCP, the gateway as Asterisk.
 * https://docs.asterisk.org/Configuration/Channel-Drivers/AudioSocket/ */
#include <string.h>

#include "engine/dialects/vgw-dialect-wire.h"
#include "engine/dialects/vgw-dialects.h"

#define HEADER_BYTES 3

enum
{
  KIND_HANGUP = 0x00,
  KIND_UUID = 0x01,
  KIND_DTMF = 0x03,
  KIND_AUDIO_8KHZ = 0x10,
  KIND_AUDIO_12KHZ = 0x11,
  KIND_AUDIO_16KHZ = 0x12,
  KIND_AUDIO_24KHZ = 0x13,
  KIND_AUDIO_32KHZ = 0x14,
  KIND_AUDIO_44KHZ = 0x15,
  KIND_AUDIO_48KHZ = 0x16,
  KIND_AUDIO_96KHZ = 0x17,
  KIND_AUDIO_192KHZ = 0x18,
  KIND_ERROR = 0xff,
};

typedef struct
{
  VgwDialectWire wire;
  VgwDialectBlock block;
  VgwDialectOddByte odd; /* of the bot's audio */
  guint8 audio_kind;

  /* the message that is being read */
  guint8 header[HEADER_BYTES];
  gsize n_header;
  GByteArray *payload; /* never larger than the 16 bits of a length allow */
} AudioSocket;

static guint8
kind_of_rate (guint rate_hz)
{
  switch (rate_hz)
    {
    case 48000:
      return KIND_AUDIO_48KHZ;
    case 24000:
      return KIND_AUDIO_24KHZ;
    case 16000:
      return KIND_AUDIO_16KHZ;
    default:
      return KIND_AUDIO_8KHZ;
    }
}

static gpointer
audiosocket_open (const VgwDialectCall *call, const VgwDialectHandlers *handlers, gpointer user_data)
{
  AudioSocket *self = g_new0 (AudioSocket, 1);

  self->wire = (VgwDialectWire){ call, handlers, user_data };
  self->audio_kind = kind_of_rate (call->format.rate_hz);
  self->payload = g_byte_array_new ();
  vgw_dialect_block_reset (&self->block, &call->format, 1);
  return self;
}

static void
audiosocket_free (gpointer state)
{
  AudioSocket *self = state;

  g_byte_array_unref (self->payload);
  g_free (self);
}

static void
send_message (AudioSocket *self, guint8 kind, const guint8 *payload, gsize length)
{
  guint8 message[HEADER_BYTES + VGW_DIALECT_MAX_FRAME_SAMPLES * sizeof (gint16)];

  g_return_if_fail (length <= sizeof message - HEADER_BYTES);

  message[0] = kind;
  message[1] = (guint8) (length >> 8);
  message[2] = (guint8) (length & 0xff);
  if (length > 0)
    memcpy (message + HEADER_BYTES, payload, length);
  self->wire.handlers->send (FALSE, message, HEADER_BYTES + length, self->wire.user_data);
}

static void
audiosocket_start (gpointer state)
{
  AudioSocket *self = state;
  guint8 uuid[VGW_DIALECT_ID_BYTES];

  /* drops the incomplete message of a lost connection */
  self->n_header = 0;
  g_byte_array_set_size (self->payload, 0);
  self->odd = (VgwDialectOddByte){ 0 };
  vgw_dialect_block_reset (&self->block, &self->wire.call->format, 1);

  vgw_dialect_make_uuid_bytes (self->wire.call->session_id, "call", uuid);
  send_message (self, KIND_UUID, uuid, sizeof uuid);
}

static void
send_block (gpointer state, const gint16 *samples, gsize n_samples)
{
  AudioSocket *self = state;
  gint16 little[VGW_DIALECT_MAX_FRAME_SAMPLES];

  for (gsize i = 0; i < n_samples; i++)
    little[i] = GINT16_TO_LE (samples[i]);
  send_message (self, self->audio_kind, (const guint8 *) little, n_samples * sizeof (gint16));
}

static void
audiosocket_audio (gpointer state, const gint16 *samples, gsize n_samples)
{
  AudioSocket *self = state;

  vgw_dialect_block_push (&self->block, samples, n_samples, send_block, self);
}

static void
send_dtmf (AudioSocket *self, char digit, guint duration_ms)
{
  const guint8 payload[] = { (guint8) digit };

  send_message (self, KIND_DTMF, payload, sizeof payload);
}

static void
audiosocket_stop (gpointer state, const char *reason)
{
  send_message (state, KIND_HANGUP, NULL, 0);
}

static void
audiosocket_handle (gpointer state, const VgwEngineInput *input)
{
  switch (input->type)
    {
    case VGW_ENGINE_INPUT_DTMF:
      send_dtmf (state, input->dtmf.digit, input->dtmf.duration_ms);
      break;
    case VGW_ENGINE_INPUT_EVENT:
    case VGW_ENGINE_INPUT_SPEECH:
    case VGW_ENGINE_INPUT_PAUSED:
    case VGW_ENGINE_INPUT_RESUMED:
    case VGW_ENGINE_INPUT_PLAYOUT:
      break; /* not in the protocol */
    }
}

/* --- from the bot --- */

static gboolean
receive_error (const guint8 *payload, gsize length, GError **error)
{
  if (length == 0)
    return vgw_dialect_fail (error, "the bot reported an error");
  return vgw_dialect_fail (error, "the bot reported the error 0x%02x", payload[0]);
}

static gboolean
receive_message (AudioSocket *self, guint8 kind, const guint8 *payload, gsize length, GError **error)
{
  if (kind == self->audio_kind)
    {
      vgw_dialect_play_stream (&self->wire, &self->odd, payload, length);
      return TRUE;
    }
  if (kind >= KIND_AUDIO_8KHZ && kind <= KIND_AUDIO_192KHZ)
    return vgw_dialect_fail (error,
                             "dropped audio of type 0x%02x: this engine is configured for %u Hz, type 0x%02x; change "
                             "sample-rate, or let the bot send that type",
                             kind, self->wire.call->format.rate_hz, self->audio_kind);
  if (kind == KIND_ERROR)
    return receive_error (payload, length, error);
  if (kind != KIND_HANGUP)
    return vgw_dialect_fail (error, "unknown message type 0x%02x", kind);
  self->wire.handlers->emit (&(VgwEngineOutput){ .type = VGW_ENGINE_OUTPUT_HANGUP }, self->wire.user_data);
  return TRUE;
}

/* Reads up to the rest of the message from @data; returns the number of bytes. */
static gsize
read_piece (AudioSocket *self, const guint8 *data, gsize length)
{
  gsize n;

  if (self->n_header < HEADER_BYTES)
    {
      n = MIN (length, HEADER_BYTES - self->n_header);
      memcpy (self->header + self->n_header, data, n);
      self->n_header += n;
      return n;
    }
  n = MIN (length, ((gsize) self->header[1] << 8 | self->header[2]) - self->payload->len);
  g_byte_array_append (self->payload, data, (guint) n);
  return n;
}

static gboolean
is_complete (const AudioSocket *self)
{
  return self->n_header == HEADER_BYTES && self->payload->len == ((guint) self->header[1] << 8 | self->header[2]);
}

static gboolean
audiosocket_receive (gpointer state, gboolean is_text, const guint8 *data, gsize length, GError **error)
{
  AudioSocket *self = state;
  g_autoptr (GError) first = NULL;

  while (length > 0)
    {
      gsize n = read_piece (self, data, length);
      data += n;
      length -= n;
      if (!is_complete (self))
        continue;
      /* After a bad message reading continues with the next one, by its length. */
      receive_message (self, self->header[0], self->payload->data, self->payload->len, first == NULL ? &first : NULL);
      self->n_header = 0;
      g_byte_array_set_size (self->payload, 0);
    }
  if (first == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&first));
  return FALSE;
}

const VgwDialect vgw_dialect_audiosocket = {
  .name = "audiosocket",
  .is_stream = TRUE,
  .is_telephony = TRUE,
  .default_rate_hz = 8000,
  .open = audiosocket_open,
  .free = audiosocket_free,
  .start = audiosocket_start,
  .audio = audiosocket_audio,
  .handle = audiosocket_handle,
  .stop = audiosocket_stop,
  .receive = audiosocket_receive,
};
