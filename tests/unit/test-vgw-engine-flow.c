/* A bot that says more at once than the playout queue takes: it is held back, and nothing is lost. */
#include "engine-bots.h"

#include "media/vgw-playout.h"

#define BOUND_MS 1500u
#define SECONDS 60u
#define SECOND_BYTES (RATE_HZ * sizeof (gint16))

static VgwPlayout *playout;
static Raw *raw;
static Call *call;
static GByteArray *unsent; /* of the bot, as bytes on the wire */

/* --- the output of the engine: a playout queue; engine thread --- */

static void
play (const gint16 *samples, gsize n_samples, gpointer user_data)
{
  vgw_playout_push (playout, samples, n_samples);
}

static void
handle (const VgwEngineOutput *output, gpointer user_data)
{
  if (output->type == VGW_ENGINE_OUTPUT_MARK)
    vgw_playout_mark (playout, output->name);
  else if (output->type == VGW_ENGINE_OUTPUT_CLEAR)
    vgw_playout_clear (playout);
  else if (output->type == VGW_ENGINE_OUTPUT_HOLD)
    vgw_playout_hold (playout, VGW_PLAYOUT_HOLD_ENGINE, output->is_held);
}

static gboolean
is_full (gpointer user_data)
{
  return vgw_playout_is_full (playout);
}

static const VgwEngineSink sink = { .play = play, .is_full = is_full, .handle = handle };

static void
on_notify (gpointer user_data)
{
}

/* --- the bot --- */

static void
bot_says (VgwWsOpcode opcode, gconstpointer data, gsize length)
{
  vgw_ws_frame_append (unsent, opcode, data, length, NULL);
}

/* Second @second of a stream whose sample n is n modulo 32768, and its mark. */
static void
bot_says_second (guint second)
{
  gint16 samples[RATE_HZ];
  g_autofree char *text = g_strdup_printf ("{\"type\":\"mark\",\"name\":\"s%u\"}", second);

  for (guint i = 0; i < RATE_HZ; i++)
    samples[i] = (gint16) ((second * RATE_HZ + i) & 0x7fff);
  bot_says (VGW_WS_BINARY, samples, sizeof samples);
  bot_says (VGW_WS_TEXT, text, strlen (text));
}

/* As much as the connection takes now. */
static void
bot_sends (void)
{
  gssize n = send (g_socket_get_fd (raw->socket), unsent->data, unsent->len, MSG_DONTWAIT | MSG_NOSIGNAL);

  if (n > 0)
    g_byte_array_remove_range (unsent, 0, (guint) n);
}

/* Returns how many ms wait; never more than the bound, one frame of the bot and one piece read. */
static guint
get_queued_ms (void)
{
  VgwPlayoutStats stats;

  vgw_playout_get_stats (playout, &stats);
  ck_assert_uint_le (stats.queued_ms, BOUND_MS + 1000 + 600);
  ck_assert_uint_eq (stats.dropped_ms, 0);
  return stats.queued_ms;
}

static gboolean
bot_sends_until_full (void)
{
  bot_sends ();
  get_queued_ms ();
  return vgw_playout_is_full (playout);
}

static void
begin (void)
{
  const VgwEngineStart start = { .session_id = "session-1", .client_address = "192.0.2.1", .format = { RATE_HZ } };

  set_up ();
  unsent = g_byte_array_new ();
  playout = vgw_playout_new (&(VgwAudioFormat){ RATE_HZ }, BOUND_MS);
  vgw_playout_set_bound (playout, BOUND_MS, VGW_PLAYOUT_KEEP);
  vgw_playout_set_notify (playout, on_notify, NULL, NULL);
  raw = raw_new ("ws");
  call = call_new ("websocket", raw->url);
  call->engine = vgw_engine_net_new (io, call->config, vgw_dialect_find ("native"));
  vgw_engine_set_sink (call->engine, &sink, NULL, NULL);
  ck_assert (vgw_engine_start (call->engine, &start, NULL));
  raw_open (raw);
}

static void
end (void)
{
  call_free (call);
  raw_free (raw);
  vgw_playout_unref (playout);
  g_byte_array_unref (unsent);
  tear_down ();
}

/* Takes a frame, which must go on at @n_heard. Returns how many samples there were. */
static guint
hear (guint n_heard)
{
  gint16 frame[FRAME_SAMPLES];
  guint n = (guint) vgw_playout_pop (playout, frame, FRAME_SAMPLES);

  for (guint i = 0; i < n; i++)
    {
      if (frame[i] != (gint16) ((n_heard + i) & 0x7fff))
        ck_abort_msg ("sample %u is %d", n_heard + i, frame[i]);
    }
  return n;
}

START_TEST (a_long_answer_sent_at_once_is_heard_from_its_beginning_to_its_end)
{
  guint n_marks = 0;

  for (guint i = 0; i < SECONDS; i++)
    bot_says_second (i);
  WAIT_UNTIL (bot_sends_until_full ());
  for (guint n_heard = 0; n_heard < SECONDS * RATE_HZ;)
    {
      guint n;

      WAIT_UNTIL ((bot_sends (), get_queued_ms () > 0));
      n = hear (n_heard);
      n_heard += n;
      for (VgwPlayoutEvent *event; (event = vgw_playout_take_event (playout)) != NULL; vgw_playout_event_free (event))
        {
          if (event->type == VGW_PLAYOUT_MARK)
            ck_assert_uint_eq (event->played_ms / 1000, ++n_marks);
          ck_assert_int_ne (event->type, VGW_PLAYOUT_LOST);
        }
    }
  WAIT_UNTIL (vgw_playout_take_event (playout) == NULL);
  ck_assert_uint_ge (n_marks, SECONDS - 1); /* the last may be on its way */
}
END_TEST

START_TEST (barge_in_lets_the_bot_go_on)
{
  for (guint i = 0; i < SECONDS; i++)
    bot_says_second (i);
  WAIT_UNTIL (bot_sends_until_full ());
  vgw_playout_clear (playout);
  WAIT_UNTIL (bot_sends_until_full ()); /* what was behind is read now */
}
END_TEST

START_TEST (a_bot_that_pauses_a_full_queue_can_go_on)
{
  const char clear_it[] = "{\"type\":\"clear\"}";

  VgwPlayoutStats stats;

  for (guint i = 0; i < 4; i++)
    bot_says_second (i);
  bot_says (VGW_WS_TEXT, clear_it, strlen (clear_it));
  WAIT_UNTIL (bot_sends_until_full ());
  vgw_playout_hold (playout, VGW_PLAYOUT_HOLD_ENGINE, TRUE); /* as asterisk's dialect does */
  ck_assert (!vgw_playout_is_full (playout));
  WAIT_UNTIL (
      (bot_sends (), vgw_playout_get_stats (playout, &stats), stats.queued_ms == 0)); /* the word behind was read */
  ck_assert_uint_eq (stats.dropped_ms, 0);
}
END_TEST

START_TEST (a_call_can_end_while_the_bot_is_held_back)
{
  for (guint i = 0; i < SECONDS; i++)
    bot_says_second (i);
  WAIT_UNTIL (bot_sends_until_full ());
  vgw_engine_stop (call->engine, "client-bye");
  WAIT_UNTIL (!raw_read (raw) || (bot_sends (), FALSE));
}
END_TEST

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-engine-flow");
  TCase *flow = tcase_create ("flow");

  vgw_log_init (VGW_LOG_TEXT, G_LOG_LEVEL_CRITICAL);
  tcase_add_checked_fixture (flow, begin, end);
  tcase_set_timeout (flow, 120);
  tcase_add_test (flow, a_long_answer_sent_at_once_is_heard_from_its_beginning_to_its_end);
  tcase_add_test (flow, barge_in_lets_the_bot_go_on);
  tcase_add_test (flow, a_bot_that_pauses_a_full_queue_can_go_on);
  tcase_add_test (flow, a_call_can_end_while_the_bot_is_held_back);
  suite_add_tcase (suite, flow);
  return suite;
}
