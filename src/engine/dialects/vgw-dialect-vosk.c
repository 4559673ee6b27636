/* vosk-server's WebSocket: speech to text only. https://alphacephei.com/vosk/server */
#include <string.h>

#include "base/vgw-json.h"
#include "engine/dialects/vgw-dialect-wire.h"
#include "engine/dialects/vgw-dialects.h"

/* The server needs a task in its pool and a reply for each chunk of audio; its own examples send 200 to 250 ms. */
#define CHUNK_FRAMES 5

typedef struct
{
  VgwDialectWire wire;
  VgwDialectBlock block;
  char *partial; /* (nullable) last one sent to the client: the server repeats it with every chunk */
} Vosk;

static gpointer
vosk_open (const VgwDialectCall *call, const VgwDialectHandlers *handlers, gpointer user_data)
{
  Vosk *self = g_new0 (Vosk, 1);

  self->wire = (VgwDialectWire){ call, handlers, user_data };
  vgw_dialect_block_reset (&self->block, &call->format, CHUNK_FRAMES);
  return self;
}

static void
vosk_free (gpointer state)
{
  Vosk *self = state;

  g_free (self->partial);
  g_free (self);
}

static void
vosk_start (gpointer state)
{
  Vosk *self = state;
  JsonObject *config = json_object_new ();
  JsonObject *message = json_object_new ();

  json_object_set_int_member (config, "sample_rate", self->wire.call->format.rate_hz);
  json_object_set_boolean_member (config, "words", TRUE);
  json_object_set_object_member (message, "config", config);
  vgw_dialect_block_reset (&self->block, &self->wire.call->format, CHUNK_FRAMES);
  g_clear_pointer (&self->partial, g_free);
  vgw_dialect_send_object (&self->wire, message);
}

static void
send_block (gpointer state, const gint16 *samples, gsize n_samples)
{
  Vosk *self = state;

  vgw_dialect_send_samples (&self->wire, samples, n_samples);
}

static void
vosk_audio (gpointer state, const gint16 *samples, gsize n_samples)
{
  Vosk *self = state;

  vgw_dialect_block_push (&self->block, samples, n_samples, send_block, self);
}

static void
vosk_stop (gpointer state, const char *reason)
{
  Vosk *self = state;

  vgw_dialect_send_samples (&self->wire, self->block.samples, self->block.n_filled);
  self->block.n_filled = 0;
  vgw_dialect_send_text (&self->wire, "{\"eof\" : 1}"); /* the server compares the exact text */
}

static void
send_transcript (Vosk *self, const char *text, gboolean is_final)
{
  JsonObject *event = json_object_new ();
  g_autofree char *json = NULL;

  json_object_set_string_member (event, "type", "transcript");
  json_object_set_string_member (event, "role", "user");
  json_object_set_string_member (event, "text", text);
  json_object_set_boolean_member (event, "final", is_final);
  json = vgw_json_object_to_text (event);
  json_object_unref (event);
  self->wire.handlers->emit (&(VgwEngineOutput){ VGW_ENGINE_OUTPUT_EVENT, .json = json }, self->wire.user_data);
}

static gboolean
vosk_receive (gpointer state, gboolean is_text, const guint8 *data, gsize length, GError **error)
{
  Vosk *self = state;
  g_autoptr (JsonObject) message = NULL;
  const char *text, *partial;

  if (!is_text)
    return vgw_dialect_fail (error, "a binary frame: vosk-server sends text frames only");
  message = vgw_dialect_parse (data, length, error);
  if (message == NULL)
    return FALSE;
  text = vgw_json_get_string (message, "text");
  partial = vgw_json_get_string (message, "partial");
  if (text == NULL && partial == NULL)
    return vgw_dialect_fail (error, "the reply has neither partial nor text");

  if (text != NULL)
    {
      g_clear_pointer (&self->partial, g_free);
      if (*text != '\0') /* it is empty for an utterance of silence */
        send_transcript (self, text, TRUE);
    }
  else if (*partial != '\0' && g_strcmp0 (partial, self->partial) != 0)
    {
      g_free (self->partial);
      self->partial = g_strdup (partial);
      send_transcript (self, partial, FALSE);
    }
  return TRUE;
}

const VgwDialect vgw_dialect_vosk = {
  .name = "vosk",
  .open = vosk_open,
  .free = vosk_free,
  .start = vosk_start,
  .audio = vosk_audio,
  .stop = vosk_stop,
  .receive = vosk_receive,
};
