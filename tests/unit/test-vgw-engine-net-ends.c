/* How connections to bots end, and what becomes of the call: docs/ENGINE.md has the table. Also what one bot may cost
 * the others. */
#include "engine-bots.h"

#include <stdio.h>

#define ULAW_SILENCE "{\"event\":\"media\",\"media\":{\"payload\":\"/////////////////////////////w==\"}}"

/* A bot of @dialect, behind the raw socket. */
static Call *
call_new_dialect (Raw *raw, const char *dialect)
{
  Call *call = call_new (g_str_equal (dialect, "audiosocket") ? "audiosocket" : "websocket", raw->url);

  if (g_str_equal (dialect, "twilio"))
    call->config->sample_rate_hz = 8000;
  if (!g_str_equal (dialect, "audiosocket"))
    replace (&call->config->dialect, g_strdup (dialect));
  return call;
}

/* Accepts, and answers the handshake as a server that chooses no subprotocol. */
static void
open_any (Raw *raw, const char *dialect)
{
  g_autofree char *head = NULL;
  g_autofree char *answer = NULL;
  char *line;

  WAIT_UNTIL (raw_accept (raw));
  if (g_str_equal (dialect, "audiosocket"))
    {
      WAIT_UNTIL ((raw_read (raw), raw->received->len >= 19)); /* the UUID */
      return;
    }
  WAIT_UNTIL (raw_has (raw, "\r\n\r\n"));
  head = g_strndup ((const char *) raw->received->data, raw->received->len);
  answer = ws_make_handshake_answer (head, BOT_PROTOCOL);
  line = strstr (answer, "Sec-WebSocket-Protocol");
  strcpy (line, "\r\n");
  g_byte_array_set_size (raw->received, 0);
  ck_assert (raw_send_text (raw, answer));
  WAIT_UNTIL (raw_has (raw, "\x81")); /* a text frame: the start */
}

/* 20 ms of voice. */
static void
speak (Raw *raw, const char *dialect)
{
  static const guint8 voice[3 + FRAME_SAMPLES * sizeof (gint16)] = { 0x12, 640 >> 8, 640 & 0xff };

  if (g_str_equal (dialect, "audiosocket"))
    ck_assert (raw_send (raw, voice, sizeof voice));
  else if (g_str_equal (dialect, "twilio"))
    raw_send_frame (raw, VGW_WS_TEXT, ULAW_SILENCE, strlen (ULAW_SILENCE));
  else
    raw_send_frame (raw, VGW_WS_BINARY, voice + 3, sizeof voice - 3);
}

static void
count_turn (gpointer n_turns)
{
  g_atomic_int_inc ((gint *) n_turns);
}

/* Until the thread of the engines has been through its loop @n_wanted times: it has seen what its sockets have. */
static void
wait_for_turns (gint n_wanted)
{
  gint n_turns = 0;

  for (gint i = 1; i <= n_wanted; i++)
    {
      vgw_engine_io_invoke (io, count_turn, &n_turns, NULL);
      WAIT_UNTIL (g_atomic_int_get (&n_turns) == i);
    }
}

/* --- how it ends --- */

static void
end_by_code (Raw *raw, guint16 code)
{
  const guint8 payload[] = { code >> 8, code & 0xff };

  raw_send_frame (raw, VGW_WS_CLOSE, payload, sizeof payload);
}

static void
end_by_fin (Raw *raw, guint16 code)
{
  g_socket_shutdown (raw->socket, FALSE, TRUE, NULL);
}

static void
end_by_reset (Raw *raw, guint16 code)
{
  raw_reset (raw);
}

static void
end_in_mid_frame (Raw *raw, guint16 code)
{
  const guint8 header[] = { 0x82, 126, 0x10, 0, 1, 2, 3 };

  raw_send (raw, header, sizeof header);
  g_socket_shutdown (raw->socket, FALSE, TRUE, NULL);
}

static const struct
{
  void (*end) (Raw *raw, guint16 code);
  guint16 code;
} ends[] = { { end_by_code, 1001 }, { end_by_code, 1011 }, { end_by_code, 1012 },  { end_by_code, 4000 },
             { end_by_fin, 0 },     { end_by_reset, 0 },   { end_in_mid_frame, 0 } };

static const char *const telephony[] = { "twilio", "jambonz", "asterisk", "audiosocket" };

static void
check_hangup (const char *dialect, guint n)
{
  Raw *raw = raw_new (g_str_equal (dialect, "audiosocket") ? "tcp" : "ws");
  Call *call = call_new_dialect (raw, dialect);

  call_start (call);
  open_any (raw, dialect);
  speak (raw, dialect);
  WAIT_UNTIL (get_heard (call) > 0);
  ends[n].end (raw, ends[n].code);
  WAIT_UNTIL (call->n_hangups == 1);
  ck_assert_str_eq (call->statuses->str, "connecting connected ");
  ck_assert_uint_eq (call->n_failed, 0);
  ck_assert (!raw_accept (raw));
  call_free (call);
  raw_free (raw);
}

START_TEST (a_telephony_bot_that_goes_away_in_a_conversation_has_hung_up)
{
  for (guint i = 0; i < G_N_ELEMENTS (telephony); i++)
    {
      gboolean is_tcp = g_str_equal (telephony[i], "audiosocket");

      if (!is_tcp || ends[_i].end != end_by_code) /* TCP has no closing frame */
        check_hangup (telephony[i], _i);
    }
}
END_TEST

START_TEST (a_telephony_bot_that_goes_away_before_it_speaks_is_tried_again)
{
  Raw *raw = raw_new ("ws");
  Call *call = call_new_dialect (raw, "twilio");

  call_start (call);
  open_any (raw, "twilio");
  ends[_i].end (raw, ends[_i].code);
  WAIT_UNTIL (strstr (call->statuses->str, "lost") != NULL);
  open_any (raw, "twilio");
  WAIT_UNTIL (strstr (call->statuses->str, "restored") != NULL);
  ck_assert_uint_eq (call->n_hangups + call->n_failed, 0);
  call_free (call);
  raw_free (raw);
}
END_TEST

START_TEST (a_native_bot_that_greets_and_goes_away_does_not_greet_for_ever)
{
  Raw *raw = raw_new ("ws");
  Call *call = call_new_dialect (raw, "native");

  call->config->max_reconnects = 2;
  call_start (call);
  for (guint n = 1; n <= 3; n++)
    {
      open_any (raw, "native");
      speak (raw, "native");
      WAIT_UNTIL (get_heard (call) == n * FRAME_SAMPLES);
      ends[_i].end (raw, ends[_i].code);
    }
  WAIT_UNTIL (call->n_failed == 1);
  ck_assert_ptr_nonnull (strstr (call->failure, "lost 3 times in this call: "));
  ck_assert_uint_eq (call->n_hangups, 0);
  ck_assert_str_eq (call->statuses->str, "connecting connected lost restored lost restored lost ");
  call_free (call);
  raw_free (raw);
}
END_TEST

START_TEST (a_bot_that_has_hung_up_is_not_missed)
{
  static const char hangup[] = "{\"type\":\"hangup\"}";
  Raw *raw = raw_new ("ws");
  Call *call = call_new_dialect (raw, "native");

  call_start (call);
  open_any (raw, "native");
  speak (raw, "native");
  raw_send_frame (raw, VGW_WS_TEXT, hangup, strlen (hangup));
  WAIT_UNTIL (call->n_hangups == 1);
  end_by_reset (raw, 0);
  wait_for_turns (10);
  ck_assert_uint_eq (get_heard (call), FRAME_SAMPLES);
  ck_assert_uint_eq (call->n_hangups, 1);
  ck_assert_uint_eq (call->n_failed, 0);
  ck_assert_str_eq (call->statuses->str, "connecting connected ");
  ck_assert (!raw_accept (raw));
  call_free (call);
  raw_free (raw);
}
END_TEST

/* --- the caller's audio --- */

/* Speaks for twice as long as the engine keeps of it. Returns what the log has of that: (transfer full) */
static char *
speak_beyond_buffer (Call *call)
{
  FILE *captured = tmpfile ();
  int saved_stderr = dup (STDERR_FILENO);
  char *text;
  gsize length;

  ck_assert_ptr_nonnull (captured);
  dup2 (fileno (captured), STDERR_FILENO);
  vgw_log_configure (VGW_LOG_TEXT, G_LOG_LEVEL_WARNING);
  for (guint n_ms = 0; n_ms < 2 * call->config->buffer_ms; n_ms += VGW_FRAME_MS)
    call_speak (call, 1);
  ck_assert (vgw_log_flush (DEADLINE_US / 1000));
  vgw_log_configure (VGW_LOG_TEXT, G_LOG_LEVEL_CRITICAL);
  dup2 (saved_stderr, STDERR_FILENO);
  close (saved_stderr);
  length = (gsize) lseek (fileno (captured), 0, SEEK_END);
  text = g_malloc0 (length + 1);
  ck_assert_int_eq (pread (fileno (captured), text, length, 0), (gssize) length);
  fclose (captured);
  return text;
}

START_TEST (audio_that_a_bot_gets_too_late_is_dropped_with_a_warning)
{
  Raw *raw = raw_new ("ws"); /* which accepts nothing */
  Call *call = call_new_dialect (raw, "native");
  g_autofree char *logged = NULL;

  call_start (call);
  logged = speak_beyond_buffer (call);
  ck_assert_ptr_nonnull (strstr (logged, "dropping the oldest caller audio"));
  call_free (call);
  raw_free (raw);
}
END_TEST

static void
hang_up_and_end (Raw *raw, guint16 code)
{
  static const char hangup[] = "{\"type\":\"hangup\"}";

  raw_send_frame (raw, VGW_WS_TEXT, hangup, strlen (hangup));
  end_by_fin (raw, code);
}

static void (*const departures[]) (Raw *raw, guint16 code) = { end_by_code, hang_up_and_end };

/* What the bot said last is being heard, and the caller speaks: nobody misses that audio. */
START_TEST (audio_after_a_bot_has_gone_is_dropped_without_a_warning)
{
  Raw *raw = raw_new ("ws");
  Call *call = call_new_dialect (raw, "native");
  g_autofree char *logged = NULL;

  call_start (call);
  open_any (raw, "native");
  speak (raw, "native");
  WAIT_UNTIL (get_heard (call) > 0);
  departures[_i](raw, 1000);
  WAIT_UNTIL (call->n_hangups == 1);
  wait_for_turns (10);
  logged = speak_beyond_buffer (call);
  ck_assert_str_eq (logged, "");
  ck_assert_uint_eq (call->n_failed, 0);
  call_free (call);
  raw_free (raw);
}
END_TEST

/* --- long frames --- */

START_TEST (a_frame_as_long_as_the_playout_queue_is_heard)
{
  Raw *raw = raw_new ("ws");
  Call *call = call_new_dialect (raw, "native");
  const gsize length = (gsize) call->config->max_playout_ms / 1000 * RATE_HZ * sizeof (gint16);
  g_autofree guint8 *voice = g_malloc0 (length);

  call_start (call);
  open_any (raw, "native");
  raw_send_frame (raw, VGW_WS_BINARY, voice, length);
  WAIT_UNTIL (get_heard (call) == length / sizeof (gint16));
  ck_assert_uint_eq (call->n_failed + call->n_hangups, 0);
  call_free (call);
  raw_free (raw);
}
END_TEST

/* The time that the thread of the engines has used of the processor. */
static gint64
get_engine_thread_us (void)
{
  g_autoptr (GDir) dir = g_dir_open ("/proc/self/task", 0, NULL);
  const char *tid;

  while ((tid = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *name_path = g_strdup_printf ("/proc/self/task/%s/comm", tid);
      g_autofree char *time_path = g_strdup_printf ("/proc/self/task/%s/schedstat", tid);
      g_autofree char *name = NULL;
      g_autofree char *time = NULL;

      if (g_file_get_contents (name_path, &name, NULL, NULL) && g_str_equal (g_strchomp (name), "vgw-engine")
          && g_file_get_contents (time_path, &time, NULL, NULL))
        return g_ascii_strtoll (time, NULL, 10) / 1000;
    }
  ck_abort_msg ("no engine thread");
  return 0;
}

/* An event that is expensive to read, again and again. */
static gpointer
send_rich_text (gpointer user_data)
{
  int fd = GPOINTER_TO_INT (user_data);
  g_autoptr (GString) text = g_string_new ("{\"type\":\"event\",\"data\":{\"list\":[{}");
  g_autoptr (GByteArray) frame = g_byte_array_new ();

  while (text->len < 2000)
    g_string_append (text, ",{\"a\":[1,[2]]}");
  g_string_append (text, "]}}");
  vgw_ws_frame_append (frame, VGW_WS_TEXT, text->str, text->len, NULL);
  while (send (fd, frame->data, frame->len, MSG_NOSIGNAL) > 0)
    continue;
  return NULL;
}

/* Time of the processor, so that a machine with other work only makes it less. */
START_TEST (a_bot_that_is_expensive_to_read_gets_its_share_of_the_thread)
{
  Raw *raw = raw_new ("ws");
  Call *call = call_new_dialect (raw, "native");
  gint64 begin_us, used_us, passed_us;
  GThread *thread;

  call_start (call);
  open_any (raw, "native");
  begin_us = g_get_monotonic_time ();
  used_us = get_engine_thread_us ();
  fcntl (g_socket_get_fd (raw->socket), F_SETFL, 0); /* blocking */
  thread = g_thread_new ("flood", send_rich_text, GINT_TO_POINTER (g_socket_get_fd (raw->socket)));
  WAIT_UNTIL (g_get_monotonic_time () - begin_us > 3 * G_USEC_PER_SEC);
  passed_us = g_get_monotonic_time () - begin_us;
  used_us = get_engine_thread_us () - used_us;
  /* Its share, what it may have at once, and what else the thread does are some 400 ms of 3 s, more where the machine
   * is loaded; without a share it would be nearly all. */
  ck_assert_msg (used_us < passed_us / 2, "%" G_GINT64_FORMAT " us of %" G_GINT64_FORMAT, used_us, passed_us);
  ck_assert_uint_gt (call->events->len, 0);
  call_free (call);
  g_thread_join (thread);
  raw_free (raw);
}
END_TEST

Suite *
test_suite (void)
{
  TCase *tcase = tcase_create ("ends"), *costs = tcase_create ("costs");
  TCase *all[] = { tcase, costs };

  tcase_add_loop_test (tcase, a_telephony_bot_that_goes_away_in_a_conversation_has_hung_up, 0, G_N_ELEMENTS (ends));
  tcase_add_loop_test (tcase, a_telephony_bot_that_goes_away_before_it_speaks_is_tried_again, 0, G_N_ELEMENTS (ends));
  tcase_add_loop_test (tcase, a_native_bot_that_greets_and_goes_away_does_not_greet_for_ever, 0, G_N_ELEMENTS (ends));
  tcase_add_test (tcase, a_bot_that_has_hung_up_is_not_missed);
  tcase_add_test (tcase, audio_that_a_bot_gets_too_late_is_dropped_with_a_warning);
  tcase_add_loop_test (tcase, audio_after_a_bot_has_gone_is_dropped_without_a_warning, 0, G_N_ELEMENTS (departures));
  tcase_add_test (costs, a_frame_as_long_as_the_playout_queue_is_heard);
  tcase_add_test (costs, a_bot_that_is_expensive_to_read_gets_its_share_of_the_thread);
  return engine_suite ("vgw-engine-net-ends", all, G_N_ELEMENTS (all));
}
