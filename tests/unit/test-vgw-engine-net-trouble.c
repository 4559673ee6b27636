/* The networked engine with bots that break off, flood, and talk nonsense. */
#include "engine-bots.h"

#define N_FLOOD_FRAMES 1000

/* --- lost and found ----------------------------------------------------------------------------------------------- */

static const guint kept_ms[] = { 500, 20000 };

START_TEST (what_the_caller_says_meanwhile_is_kept_and_the_newest_delivered)
{
  Bot *bot = bot_new ();
  Call *call = call_new_to (bot);
  const guint buffer_ms = kept_ms[_i];
  const gint16 *samples;
  guint n_kept;

  call->config->buffer_ms = buffer_ms;
  call_start (call);
  WAIT_UNTIL (strstr (bot->texts->str, "\"start\"") != NULL);
  bot_stop_listening (bot);
  peer_close (bot_last (bot), 1011);
  WAIT_UNTIL (strstr (call->statuses->str, "lost") != NULL);
  g_byte_array_set_size (bot->audio, 0);
  for (guint i = 0; i < 2 * buffer_ms / VGW_FRAME_MS; i++)
    call_speak (call, i);
  bot_listen (bot);
  WAIT_UNTIL (strstr (call->statuses->str, "restored") != NULL);
  n_kept = buffer_ms * RATE_HZ / 1000;
  WAIT_UNTIL (bot->audio->len >= n_kept * sizeof (gint16));
  ck_assert_uint_eq (bot->audio->len, n_kept * sizeof (gint16));
  samples = (const gint16 *) bot->audio->data;
  for (guint i = 0; i < n_kept; i++)
    ck_assert_int_eq (samples[i], buffer_ms / VGW_FRAME_MS + i / FRAME_SAMPLES);
  ck_assert_str_eq (call->statuses->str, "connecting connected lost restored ");
  ck_assert_uint_eq (call->n_failed + call->n_hangups, 0);
  call_free (call);
  bot_free (bot);
}
END_TEST

static void
lose_by_fin (Raw *raw)
{
  g_socket_shutdown (raw->socket, FALSE, TRUE, NULL);
}

static void
lose_by_garbage (Raw *raw)
{
  raw_send_text (raw, "this is no frame at all, and never was one");
}

static void
lose_by_a_masked_frame (Raw *raw)
{
  const guint8 frame[] = { 0x82, 0x82, 1, 2, 3, 4, 5, 6 };

  raw_send (raw, frame, sizeof frame);
}

static void
lose_by_bad_utf8 (Raw *raw)
{
  raw_send_frame (raw, VGW_WS_TEXT, "\xff\xff", 2);
}

static void
lose_by_an_error_code (Raw *raw)
{
  raw_send_frame (raw, VGW_WS_CLOSE, "\x03\xf3", 2); /* 1011 */
}

static gboolean
is_closed_with (Raw *raw, guint16 code, const char *reason)
{
  g_autoptr (VgwWsParser) parser =
      vgw_ws_parser_new (TRUE, VGW_BOT_CHANNEL_MIN_FRAME_BYTES, VGW_BOT_CHANNEL_MIN_FRAME_BYTES);
  VgwWsMessage message;
  gsize n_taken;

  raw_read (raw);
  for (gsize at = 0; at < raw->received->len; at += n_taken)
    {
      const guint8 *data = raw->received->data + at;

      if (vgw_ws_parser_read (parser, data, raw->received->len - at, &n_taken, &message, NULL) != VGW_WS_MESSAGE)
        return FALSE;
      if (message.opcode == VGW_WS_CLOSE)
        return message.length > 2 && (message.data[0] << 8 | message.data[1]) == code
               && strstr ((const char *) message.data + 2, reason) != NULL;
    }
  return FALSE;
}

/* One byte more than is taken, which is what the playout queue holds; only the header is needed. */
static void
lose_by_a_frame_too_large (Raw *raw)
{
  const guint8 header[] = { 0x82, 127, 0, 0, 0, 0, 0, 0x1d, 0x4c, 1 };

  raw_send (raw, header, sizeof header);
  WAIT_UNTIL (is_closed_with (raw, 1009, "more than 1920000 bytes"));
}

static void
lose_by_a_text_too_large (Raw *raw)
{
  const guint8 header[] = { 0x81, 127, 0, 0, 0, 0, 0, 0x10, 0, 1 };

  raw_send (raw, header, sizeof header);
  WAIT_UNTIL (is_closed_with (raw, 1009, "more than 1048576 bytes"));
}

/* No frame is too large, but all of them together. */
static void
lose_by_fragments (Raw *raw)
{
  g_autofree guint8 *piece = g_malloc0 (100 * 1024);
  guint8 header[] = { 0x02, 127, 0, 0, 0, 0, 0, 0x01, 0x90, 0 }; /* 102400 */

  for (guint i = 0; i < 30; i++)
    {
      if (!raw_send (raw, header, sizeof header) || !raw_send (raw, piece, 100 * 1024))
        return;
      header[0] = 0;
    }
}

static void
lose_in_mid_word (Raw *raw)
{
  const guint8 header[] = { 0x82, 126, 0x10, 0 }; /* 4096 bytes of voice, of which 3 come */

  raw_send (raw, header, sizeof header);
  raw_send (raw, "abc", 3);
  raw_reset (raw);
}

static const struct
{
  void (*lose) (Raw *raw);
} losses[] = {
  { lose_by_fin },           { lose_by_garbage },           { lose_by_a_masked_frame },   { lose_by_bad_utf8 },
  { lose_by_an_error_code }, { lose_by_a_frame_too_large }, { lose_by_a_text_too_large }, { lose_by_fragments },
  { lose_in_mid_word }
};

START_TEST (a_broken_connection_is_lost_and_made_anew)
{
  Raw *raw = raw_new ("ws");
  Call *call = call_new ("websocket", raw->url);
  gint16 voice[320] = { 0 };

  call->config->max_playout_ms = 60000;
  call_start (call);
  raw_open (raw);
  WAIT_UNTIL (raw_has (raw, "\x81")); /* the start, masked */
  losses[_i].lose (raw);
  WAIT_UNTIL (strstr (call->statuses->str, "lost") != NULL);
  raw_open (raw);
  WAIT_UNTIL (strstr (call->statuses->str, "restored") != NULL);
  raw_send_frame (raw, VGW_WS_BINARY, voice, sizeof voice);
  WAIT_UNTIL (get_heard (call) == G_N_ELEMENTS (voice));
  ck_assert_str_eq (call->statuses->str, "connecting connected lost restored ");
  ck_assert_uint_eq (call->n_failed + call->n_hangups, 0);
  call_free (call);
  raw_free (raw);
}
END_TEST

START_TEST (a_bot_that_drops_every_call_at_once_has_failed_when_the_grace_is_over)
{
  Raw *raw = raw_new ("ws");
  Call *call = call_new ("websocket", raw->url);

  call->config->grace_ms = 1000;
  call_start (call);
  while (call->n_failed == 0)
    {
      WAIT_UNTIL (call->n_failed > 0 || g_socket_condition_check (raw->listener, G_IO_IN) != 0);
      if (call->n_failed > 0)
        break;
      raw_open (raw);
      raw_reset (raw);
    }
  ck_assert_uint_eq (call->n_failed, 1);
  call_free (call);
  raw_free (raw);
}
END_TEST

START_TEST (a_bot_that_never_reads_is_lost)
{
  Raw *raw = raw_new ("ws");
  Call *call = call_new ("websocket", raw->url);

  call->config->stall_ms = 300;
  call_start (call);
  raw_open (raw);
  /* faster than a caller speaks, or the kernel's buffers would take minutes */
  WAIT_UNTIL ((call_speak (call, 1), call_speak (call, 2), strstr (call->statuses->str, "lost") != NULL));
  ck_assert_uint_eq (call->n_failed + call->n_hangups, 0);
  call_free (call);
  raw_free (raw);
}
END_TEST

/* --- floods ------------------------------------------------------------------------------------------------------- */

START_TEST (many_frames_at_once_are_all_heard)
{
  Raw *raw = raw_new ("ws");
  Call *call = call_new ("websocket", raw->url);
  gint16 voice[FRAME_SAMPLES] = { 0 };

  call_start (call);
  raw_open (raw);
  for (guint i = 0; i < N_FLOOD_FRAMES; i++)
    raw_send_frame (raw, VGW_WS_BINARY, voice, sizeof voice);
  WAIT_UNTIL (get_heard (call) == N_FLOOD_FRAMES * FRAME_SAMPLES);
  call_free (call);
  raw_free (raw);
}
END_TEST

START_TEST (a_frame_of_a_mebibyte_is_heard)
{
  Raw *raw = raw_new ("ws");
  Call *call = call_new ("websocket", raw->url);
  g_autofree guint8 *voice = g_malloc0 (VGW_BOT_CHANNEL_MIN_FRAME_BYTES);

  call_start (call);
  raw_open (raw);
  raw_send_frame (raw, VGW_WS_BINARY, voice, VGW_BOT_CHANNEL_MIN_FRAME_BYTES);
  WAIT_UNTIL (get_heard (call) == VGW_BOT_CHANNEL_MIN_FRAME_BYTES / sizeof (gint16));
  call_free (call);
  raw_free (raw);
}
END_TEST

/* Sends without end, from a thread, as fast as it is taken. */
static gpointer
flood (gpointer user_data)
{
  int fd = GPOINTER_TO_INT (user_data);
  g_autofree guint8 *data = g_malloc0 (65536 + 4);

  data[0] = 0x82;
  data[1] = 126;
  data[2] = 0xff;
  data[3] = 0xfe;
  while (send (fd, data, 65534 + 4, MSG_NOSIGNAL) > 0)
    continue;
  return NULL;
}

START_TEST (a_bot_that_floods_is_read_no_faster_than_allowed_and_the_others_do_not_notice)
{
  Raw *raw = raw_new ("ws");
  Call *flooded = call_new ("websocket", raw->url);
  Bot *bot = bot_new ();
  Call *call = call_new_to (bot);
  gint64 begin_us = g_get_monotonic_time ();
  guint max_bytes;
  GThread *thread;

  bot->is_echoing = TRUE;
  call_start (flooded);
  raw_open (raw);
  g_socket_set_blocking (raw->socket, TRUE);
  fcntl (g_socket_get_fd (raw->socket), F_SETFL, 0);
  thread = g_thread_new ("flood", flood, GINT_TO_POINTER (g_socket_get_fd (raw->socket)));
  WAIT_UNTIL (get_heard (flooded) * sizeof (gint16) > VGW_BOT_CHANNEL_MAX_BURST_BYTES - 65536);
  call_start (call);
  for (gint16 i = 0; i < 50; i++)
    {
      call_speak (call, i);
      WAIT_UNTIL (get_heard (call) >= (i + 1u) * FRAME_SAMPLES);
    }
  max_bytes = VGW_BOT_CHANNEL_MAX_BURST_BYTES + 2 * 65536
              + (g_get_monotonic_time () - begin_us) * VGW_BOT_CHANNEL_MAX_BYTES_PER_S / G_USEC_PER_SEC;
  ck_assert_uint_le (get_heard (flooded) * sizeof (gint16), max_bytes);
  ck_assert_uint_eq (flooded->n_failed, 0);
  call_free (flooded);
  g_socket_shutdown (raw->socket, TRUE, TRUE, NULL);
  g_thread_join (thread);
  call_free (call);
  bot_free (bot);
  raw_free (raw);
}
END_TEST

START_TEST (pings_without_end_are_answered_within_bounds)
{
  Raw *raw = raw_new ("ws");
  Call *call = call_new ("websocket", raw->url);
  guint8 ping[125] = { 0 };
  gint16 voice[320] = { 0 };

  call_start (call);
  raw_open (raw);
  for (guint i = 0; i < 20000; i++) /* none of the answers is read */
    raw_send_frame (raw, VGW_WS_PING, ping, sizeof ping);
  raw_send_frame (raw, VGW_WS_BINARY, voice, sizeof voice);
  WAIT_UNTIL (get_heard (call) == G_N_ELEMENTS (voice) || strstr (call->statuses->str, "lost") != NULL);
  call_free (call);
  raw_free (raw);
}
END_TEST

START_TEST (nonsense_is_dropped_and_the_call_goes_on)
{
  static const char *const nonsense[] = {
    "", "no json", "{}", "[]", "{\"type\":1}", "{\"type\":\"klingon\"}", "{\"type\":\"mark\"}", "{\"type\":\"event\"}"
  };
  Bot *bot = bot_new ();
  Call *call = call_new_to (bot);

  bot->is_echoing = TRUE;
  call_start (call);
  WAIT_UNTIL (strstr (bot->texts->str, "\"start\"") != NULL);
  for (guint i = 0; i < 100; i++)
    {
      peer_send_text (bot_last (bot), nonsense[i % G_N_ELEMENTS (nonsense)]);
      peer_send (bot_last (bot), VGW_WS_BINARY, "abc", 3);
    }
  call_speak (call, 9);
  WAIT_UNTIL (get_heard (call) >= FRAME_SAMPLES);
  ck_assert_uint_eq (call->n_failed + call->n_hangups, 0);
  call_free (call);
  bot_free (bot);
}
END_TEST

START_TEST (events_of_a_bot_that_floods_are_bounded)
{
  Bot *bot = bot_new ();
  Call *call = call_new_to (bot);

  bot->is_echoing = TRUE;
  call_start (call);
  WAIT_UNTIL (strstr (bot->texts->str, "\"start\"") != NULL);
  for (guint i = 0; i < N_FLOOD_FRAMES; i++)
    peer_send_text (bot_last (bot), "{\"type\":\"event\",\"data\":{\"a\":1}}");
  call_speak (call, 9);
  WAIT_UNTIL (get_heard (call) >= FRAME_SAMPLES);
  ck_assert_uint_eq (call->n_failed + call->n_hangups, 0);
  call_free (call);
  bot_free (bot);
}
END_TEST

Suite *
test_suite (void)
{
  TCase *lost = tcase_create ("lost"), *floods = tcase_create ("floods");
  TCase *all[] = { lost, floods };

  tcase_add_loop_test (lost, what_the_caller_says_meanwhile_is_kept_and_the_newest_delivered, 0,
                       G_N_ELEMENTS (kept_ms));
  tcase_add_loop_test (lost, a_broken_connection_is_lost_and_made_anew, 0, G_N_ELEMENTS (losses));
  tcase_add_test (lost, a_bot_that_drops_every_call_at_once_has_failed_when_the_grace_is_over);
  tcase_add_test (lost, a_bot_that_never_reads_is_lost);
  tcase_add_test (floods, many_frames_at_once_are_all_heard);
  tcase_add_test (floods, a_frame_of_a_mebibyte_is_heard);
  tcase_add_test (floods, a_bot_that_floods_is_read_no_faster_than_allowed_and_the_others_do_not_notice);
  tcase_add_test (floods, pings_without_end_are_answered_within_bounds);
  tcase_add_test (floods, nonsense_is_dropped_and_the_call_goes_on);
  tcase_add_test (floods, events_of_a_bot_that_floods_are_bounded);
  return engine_suite ("vgw-engine-net-trouble", all, G_N_ELEMENTS (all));
}
