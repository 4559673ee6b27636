/* receive () of the dialect FUZZ_DIALECT, between calls of everything else. The first byte picks the rate; then come
 * records of a kind, a length (two bytes, little endian) and that many bytes. */
#include "fuzz.h"

#include <string.h>

#include "base/vgw-error.h"
#include "base/vgw-json.h"
#include "engine/dialects/vgw-dialect.h"

#define MAX_MARKS 64

/* The call, as simple as can be: marks are answered in order when asked for. */
typedef struct
{
  GQueue marks; /* (element-type utf8) (transfer full) */
  guint64 n_played_samples;
  gsize n_bytes_of_bot; /* so far */
} Call;

static void
check_text (const char *text)
{
  g_autoptr (JsonObject) object = vgw_json_parse_object (text, strlen (text), NULL);

  g_assert (object != NULL);
}

static void
on_send (gboolean is_text, const guint8 *data, gsize length, gpointer user_data)
{
  g_autofree char *text = NULL;

  if (!is_text)
    {
      g_assert (length > 0);
      return;
    }
  text = g_strndup ((const char *) data, length);
  g_assert (strlen (text) == length);
  check_text (text);
}

static void
on_play (const gint16 *samples, gsize n_samples, gpointer user_data)
{
  Call *call = user_data;

  g_assert (n_samples > 0 && (guintptr) samples % sizeof (gint16) == 0);
  call->n_played_samples += n_samples;
  /* one byte of μ-law is a sample; Asterisk's buffering may fill one frame with silence for each message */
  g_assert (call->n_played_samples <= call->n_bytes_of_bot * 960);
}

static void
on_emit (const VgwEngineOutput *output, gpointer user_data)
{
  Call *call = user_data;

  switch (output->type)
    {
    case VGW_ENGINE_OUTPUT_MARK:
      g_assert (g_utf8_validate (output->name, -1, NULL));
      if (g_queue_get_length (&call->marks) < MAX_MARKS)
        g_queue_push_tail (&call->marks, g_strdup (output->name));
      break;
    case VGW_ENGINE_OUTPUT_EVENT:
      check_text (output->json);
      break;
    case VGW_ENGINE_OUTPUT_CLEAR:
    case VGW_ENGINE_OUTPUT_HOLD:
    case VGW_ENGINE_OUTPUT_HANGUP:
      break;
    case VGW_ENGINE_OUTPUT_STATUS:
    case VGW_ENGINE_OUTPUT_FAILED:
      g_assert_not_reached ();
    }
}

static const VgwDialectHandlers handlers = {
  .send = on_send,
  .play = on_play,
  .emit = on_emit,
};

static void
handle (const VgwDialect *dialect, gpointer state, const VgwEngineInput *input)
{
  if (dialect->handle != NULL)
    dialect->handle (state, input);
}

static void
end_marks (const VgwDialect *dialect, gpointer state, Call *call)
{
  g_autoptr (GPtrArray) marks = g_ptr_array_new_with_free_func (g_free);
  VgwPlayoutEvent event = { .type = VGW_PLAYOUT_CLEARED };

  for (char *name; (name = g_queue_pop_head (&call->marks)) != NULL;)
    g_ptr_array_add (marks, name);
  g_ptr_array_add (marks, NULL);
  event.marks = (const char *const *) marks->pdata;
  handle (dialect, state, &(VgwEngineInput){ VGW_ENGINE_INPUT_PLAYOUT, .playout = &event });
}

static void
say_playout (const VgwDialect *dialect, gpointer state, Call *call, guint kind)
{
  g_autofree char *name = NULL;
  VgwPlayoutEvent event = { .type = (VgwPlayoutEventType) (kind % (VGW_PLAYOUT_XON + 1)), .played_ms = kind };

  if (event.type == VGW_PLAYOUT_CLEARED)
    {
      end_marks (dialect, state, call);
      return;
    }
  if (event.type == VGW_PLAYOUT_MARK || event.type == VGW_PLAYOUT_LOST)
    {
      name = g_queue_pop_head (&call->marks);
      event.name = name;
      if (name == NULL)
        return;
    }
  handle (dialect, state, &(VgwEngineInput){ VGW_ENGINE_INPUT_PLAYOUT, .playout = &event });
}

static void
receive (const VgwDialect *dialect, gpointer state, Call *call, gboolean is_text, const guint8 *data, gsize length)
{
  g_autoptr (GError) error = NULL;
  g_autofree guint8 *copy = g_memdup2 (data, length); /* of exactly that size */

  call->n_bytes_of_bot += length + 1;
  g_assert (dialect->receive (state, is_text, copy, length, &error) == (error == NULL));
  g_assert (error == NULL || g_error_matches (error, VGW_ERROR, VGW_ERROR_ENGINE));
  g_assert (error == NULL || g_utf8_validate (error->message, -1, NULL));
}

static void
run_record (const VgwDialect *dialect, gpointer state, Call *call, guint kind, const guint8 *data, gsize length)
{
  g_autofree gint16 *samples = NULL;

  switch (kind % 8)
    {
    case 0:
      dialect->start (state);
      break;
    case 1:
      samples = g_malloc0 (length + 1);
      memcpy (samples, data, length);
      dialect->audio (state, samples, length / sizeof (gint16));
      break;
    case 2:
      handle (dialect, state,
              &(VgwEngineInput){ VGW_ENGINE_INPUT_DTMF, .dtmf = { "0123456789*#ABCD"[length % 16], (guint) length } });
      break;
    case 3:
      say_playout (dialect, state, call, (guint) length);
      break;
    case 4:
      handle (dialect, state, &(VgwEngineInput){ VGW_ENGINE_INPUT_SPEECH, .is_speaking = length % 2 });
      break;
    case 5:
      receive (dialect, state, call, FALSE, data, length);
      break;
    default:
      receive (dialect, state, call, TRUE, data, length);
      break;
    }
}

static void
run (const VgwDialect *dialect, gpointer state, Call *call, const uint8_t *data, size_t size)
{
  while (size >= 3)
    {
      gsize length = MIN ((gsize) data[1] | (gsize) data[2] << 8, size - 3);
      run_record (dialect, state, call, data[0], data + 3, length);
      data += 3 + length;
      size -= 3 + length;
    }
  dialect->stop (state, NULL);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  static const guint rates_hz[] = { 8000, 16000, 24000, 48000 };
  const VgwDialect *dialect = vgw_dialect_find (FUZZ_DIALECT);
  VgwDialectCall facts = { .session_id = "session-1", .client_address = "192.0.2.1", .trace_id = "trace-1" };
  Call call = { .marks = G_QUEUE_INIT };
  gpointer state;

  if (size < 1)
    return 0;
  facts.format.rate_hz = dialect->rate_hz != 0 ? dialect->rate_hz : rates_hz[data[0] % G_N_ELEMENTS (rates_hz)];
  state = dialect->open (&facts, &handlers, &call);
  dialect->start (state);
  run (dialect, state, &call, data + 1, size - 1);
  dialect->free (state);
  g_queue_clear_full (&call.marks, g_free);
  return 0;
}
