/* The networked engine with good bots and with none, and how calls end. */
#include "engine-bots.h"

#define N_CYCLES 200
#define N_CALLS 100
#define N_FLOOD_FRAMES 1000
#define N_HELD 64 /* events and keys, until there is a connection */

/* --- good calls --------------------------------------------------------------------------------------------------- */

static guint
count_texts (const Bot *bot, const char *text)
{
  guint n = 0;

  for (const char *at = strstr (bot->texts->str, text); at != NULL; at = strstr (at + 1, text))
    n++;
  return n;
}

START_TEST (a_bot_hears_and_is_heard)
{
  Bot *bot = bot_new ();
  Call *call = call_new_to (bot);

  bot->is_echoing = TRUE;
  replace (&call->config->authorization, g_strdup ("Bearer hunter2"));
  call_start (call);
  WAIT_UNTIL (strstr (bot->texts->str, "\"start\"") != NULL);
  ck_assert_ptr_nonnull (strstr (bot_last (bot)->head->str, "GET /call?a=b%20c HTTP/1.1\r\nHost: 127.0.0.1:"));
  ck_assert_ptr_nonnull (strstr (bot_last (bot)->head->str, "\r\nAuthorization: Bearer hunter2\r\n"));
  ck_assert_ptr_nonnull (strstr (bot_last (bot)->head->str, "\r\nSec-WebSocket-Protocol: voice-gateway.v1\r\n"));
  for (gint16 i = 0; i < 50; i++)
    call_speak (call, i);
  WAIT_UNTIL (get_heard (call) == 50 * FRAME_SAMPLES);
  for (guint i = 0; i < call->heard->len; i++)
    ck_assert_int_eq (g_array_index (call->heard, gint16, i), i / FRAME_SAMPLES);
  ck_assert_str_eq (call->statuses->str, "connecting connected ");
  ck_assert_uint_eq (call->n_failed + call->n_hangups, 0);
  call_free (call);
  WAIT_UNTIL (bot_last (bot)->is_closed);
  ck_assert_uint_eq (bot_last (bot)->close_code, 1000);
  bot_free (bot);
}
END_TEST

START_TEST (events_pass_both_ways)
{
  Bot *bot = bot_new ();
  Call *call = call_new_to (bot);

  call_start (call);
  WAIT_UNTIL (strstr (bot->texts->str, "\"start\"") != NULL);
  vgw_engine_send (call->engine, &(VgwEngineInput){ VGW_ENGINE_INPUT_EVENT, .json = "{\"hello\":1}" });
  vgw_engine_send (call->engine, &(VgwEngineInput){ VGW_ENGINE_INPUT_DTMF, .dtmf = { '5', 100 } });
  vgw_engine_send (call->engine, &(VgwEngineInput){ VGW_ENGINE_INPUT_SPEECH, .is_speaking = TRUE });
  WAIT_UNTIL (strstr (bot->texts->str, "hello") != NULL && strstr (bot->texts->str, "dtmf") != NULL
              && strstr (bot->texts->str, "speech-started") != NULL);
  peer_send_text (bot_last (bot), "{\"type\":\"event\",\"data\":{\"from\":\"bot\"}}");
  WAIT_UNTIL (call->events->len > 0);
  ck_assert_ptr_nonnull (strstr (call->events->str, "\"from\":\"bot\""));
  call_free (call);
  bot_free (bot);
}
END_TEST

START_TEST (events_and_keys_wait_for_the_connection_up_to_a_bound)
{
  Bot *bot = bot_new ();
  Call *call = call_new_to (bot);

  call_start (call);
  vgw_engine_send (call->engine, &(VgwEngineInput){ VGW_ENGINE_INPUT_EVENT, .json = "{\"hello\":1}" });
  vgw_engine_send (call->engine, &(VgwEngineInput){ VGW_ENGINE_INPUT_DTMF, .dtmf = { '5', 100 } });
  vgw_engine_send (call->engine,
                   &(VgwEngineInput){ VGW_ENGINE_INPUT_SPEECH, .is_speaking = TRUE }); /* out of date then */
  for (guint i = 0; i < N_HELD; i++)
    vgw_engine_send (call->engine, &(VgwEngineInput){ VGW_ENGINE_INPUT_EVENT, .json = "{\"more\":1}" });
  ck_assert_uint_eq (bot->texts->len, 0);
  WAIT_UNTIL (count_texts (bot, "\"more\"") >= N_HELD - 2);
  ck_assert_ptr_nonnull (strstr (bot->texts->str, "hello"));
  ck_assert_ptr_null (strstr (bot->texts->str, "speech-started"));
  ck_assert (strstr (bot->texts->str, "\"start\"") < strstr (bot->texts->str, "hello"));
  ck_assert (strstr (bot->texts->str, "hello") < strstr (bot->texts->str, "dtmf"));
  ck_assert (strstr (bot->texts->str, "dtmf") < strstr (bot->texts->str, "more"));
  vgw_engine_send (call->engine, &(VgwEngineInput){ VGW_ENGINE_INPUT_EVENT, .json = "{\"last\":1}" });
  WAIT_UNTIL (strstr (bot->texts->str, "last") != NULL);
  ck_assert_uint_eq (count_texts (bot, "\"more\""), N_HELD - 2);
  call_free (call);
  bot_free (bot);
}
END_TEST

START_TEST (a_bot_hears_that_the_call_is_over_also_when_the_gateway_ends)
{
  Bot *bot = bot_new ();
  Call *call = call_new_to (bot);

  call_start (call);
  WAIT_UNTIL (strstr (bot->texts->str, "\"start\"") != NULL);
  call_speak (call, 1);
  call_free (call);
  g_clear_pointer (&io, vgw_engine_io_unref); /* the thread has ended, and said goodbye before */
  WAIT_UNTIL (strstr (bot->texts->str, "\"stop\"") != NULL);
  ck_assert_uint_eq (bot->audio->len, FRAME_SAMPLES * sizeof (gint16));
  WAIT_UNTIL (bot_last (bot)->is_closed);
  ck_assert_uint_eq (bot_last (bot)->close_code, 1000);
  bot_free (bot);
}
END_TEST

static const int good_codes[] = { 1000, 0 };

START_TEST (a_bot_that_closes_in_good_order_has_hung_up)
{
  Bot *bot = bot_new ();
  Call *call = call_new_to (bot);

  call_start (call);
  WAIT_UNTIL (strstr (bot->texts->str, "\"start\"") != NULL);
  peer_close (bot_last (bot), good_codes[_i]);
  WAIT_UNTIL (call->n_hangups > 0);
  call_speak (call, 1); /* into nowhere */
  ck_assert_uint_eq (call->n_hangups, 1);
  ck_assert_uint_eq (call->n_failed, 0);
  call_free (call);
  bot_free (bot);
}
END_TEST

START_TEST (a_bot_that_hangs_up_without_end_hangs_up_once)
{
  Bot *bot = bot_new ();
  Call *call = call_new_to (bot);

  bot->is_echoing = TRUE;
  call_start (call);
  WAIT_UNTIL (strstr (bot->texts->str, "\"start\"") != NULL);
  for (guint i = 0; i < N_FLOOD_FRAMES; i++)
    peer_send_text (bot_last (bot), "{\"type\":\"hangup\"}");
  call_speak (call, 1); /* what the bot still says is not heard */
  WAIT_UNTIL (bot->audio->len > 0);
  peer_send_text (bot_last (bot), "{\"type\":\"event\",\"data\":{\"last\":1}}");
  WAIT_UNTIL (strstr (call->events->str, "last") != NULL);
  ck_assert_uint_eq (get_heard (call), 0);
  ck_assert_uint_eq (call->n_hangups, 1);
  call_free (call);
  bot_free (bot);
}
END_TEST

START_TEST (a_bot_over_tcp_hangs_up_with_the_stream)
{
  Raw *raw = raw_new ("tcp");
  Call *call = call_new ("audiosocket", raw->url);
  guint8 voice[3 + 640] = { 0x12, 640 >> 8, 640 & 0xff };

  call_start (call);
  WAIT_UNTIL (raw_accept (raw));
  WAIT_UNTIL ((raw_read (raw), raw->received->len >= 19)); /* the UUID */
  ck_assert_uint_eq (raw->received->data[0], 0x01);
  ck_assert (raw_send (raw, voice, sizeof voice));
  WAIT_UNTIL (get_heard (call) == 320);
  ck_assert (raw_send (raw, voice, 100)); /* in mid-word */
  g_socket_shutdown (raw->socket, FALSE, TRUE, NULL);
  WAIT_UNTIL (call->n_hangups == 1);
  call_free (call);
  raw_free (raw);
}
END_TEST

/* --- no connection ------------------------------------------------------------------------------------------------ */

START_TEST (a_bot_that_is_not_there_is_tried_again_until_the_grace_is_over)
{
  Bot *bot = bot_new ();
  Call *call = call_new_to (bot);
  gint64 begin_us = g_get_monotonic_time ();

  bot_stop_listening (bot);
  call->config->grace_ms = 700;
  call_start (call);
  WAIT_UNTIL (call->n_failed > 0);
  ck_assert_int_ge (g_get_monotonic_time () - begin_us, 600 * 1000);
  ck_assert_uint_eq (call->n_failed, 1);
  ck_assert_str_eq (call->statuses->str, "connecting unreachable ");
  ck_assert_ptr_nonnull (strstr (call->failure, "engine bot, ws://127.0.0.1:"));
  ck_assert_ptr_null (strstr (call->failure, "a=b")); /* a query may be a secret */
  call_free (call);
  bot_free (bot);
}
END_TEST

START_TEST (a_bot_that_comes_within_the_grace_gets_the_call)
{
  Bot *bot = bot_new ();
  Call *call = call_new_to (bot);

  bot_stop_listening (bot);
  call_start (call);
  call_speak (call, 7);
  WAIT_UNTIL (strstr (call->statuses->str, "unreachable") != NULL);
  bot_listen (bot);
  WAIT_UNTIL (bot->audio->len == FRAME_SAMPLES * sizeof (gint16));
  WAIT_UNTIL (strstr (call->statuses->str, "restored") != NULL);
  ck_assert_str_eq (call->statuses->str, "connecting unreachable restored ");
  call_free (call);
  bot_free (bot);
}
END_TEST

START_TEST (a_bot_that_does_not_answer_the_handshake_is_given_up)
{
  Raw *raw = raw_new ("ws");
  Call *call = call_new ("websocket", raw->url);

  call->config->connect_timeout_ms = 100;
  call->config->grace_ms = 0;
  call_start (call);
  WAIT_UNTIL (raw_accept (raw));
  WAIT_UNTIL (call->n_failed > 0);
  ck_assert_ptr_nonnull (strstr (call->failure, "no response in time"));
  WAIT_UNTIL (!raw_read (raw)); /* and the socket is closed */
  call_free (call);
  raw_free (raw);
}
END_TEST

static const struct
{
  const char *text, *words;
} bad_answers[] = {
  { "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "cannot connect: the response is 200 OK" },
  { "HTTP/1.1 404 Not Found\r\n\r\n", "cannot connect: the response is 404 Not Found" },
  { "HTTP/1.1 301 Moved\r\nLocation: http://127.0.0.1:1/\r\n\r\n", "cannot connect: the response is 301" },
  { "HTTP/1.1 101 Switching Protocols\r\n\r\n", "cannot connect: the response is not an upgrade" },
  { "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x\r\n\r\n",
    "cannot connect: the response does not match the request" },
  { "garbage\r\n\r\n", "cannot connect: the response is not HTTP" },
  { "\r\n\r\n", "cannot connect: the response is not HTTP" },
  { "\xff\xfe\r\n\r\n\r\n\r\n", "cannot connect: the response is not HTTP" },
  { "\x15\x03\x01\x02\x02\x32", "cannot connect: the bot uses TLS" }, /* an alert, as rustls and GnuTLS send it */
};

START_TEST (an_answer_that_is_no_upgrade_is_no_connection)
{
  Raw *raw = raw_new ("ws");
  Call *call = call_new ("websocket", raw->url);

  call->config->grace_ms = 0;
  call_start (call);
  WAIT_UNTIL (raw_accept (raw));
  WAIT_UNTIL (raw_has (raw, "\r\n\r\n"));
  raw_send_text (raw, bad_answers[_i].text);
  WAIT_UNTIL (call->n_failed > 0);
  ck_assert_msg (strstr (call->failure, bad_answers[_i].words) != NULL, "%s", call->failure);
  call_free (call);
  raw_free (raw);
}
END_TEST

START_TEST (a_head_without_end_is_no_connection)
{
  Raw *raw = raw_new ("ws");
  Call *call = call_new ("websocket", raw->url);
  g_autofree char *filling = g_strnfill (100000, 'x');

  call->config->grace_ms = 0;
  call_start (call);
  WAIT_UNTIL (raw_accept (raw));
  raw_send_text (raw, "HTTP/1.1 101 Switching Protocols\r\nX: ");
  raw_send_text (raw, filling);
  WAIT_UNTIL (call->n_failed > 0);
  ck_assert_ptr_nonnull (strstr (call->failure, "too long"));
  call_free (call);
  raw_free (raw);
}
END_TEST

static const char *const secure_schemes[] = { "wss", "WSS" };

/* The socket is encrypted or there is none: nothing in the clear, whether GLib can do TLS here or not. */
START_TEST (a_secure_url_is_never_spoken_to_in_the_clear)
{
  Raw *raw = raw_new (secure_schemes[_i]);
  Call *call = call_new ("websocket", raw->url);

  call->config->grace_ms = 0;
  call->config->connect_timeout_ms = 1000;
  call_start (call);
  WAIT_UNTIL (raw_accept (raw) || call->n_failed > 0);
  if (raw->socket != NULL)
    raw_send_text (raw, "HTTP/1.1 400 Bad Request\r\n\r\n");
  WAIT_UNTIL (call->n_failed > 0);
  ck_assert_ptr_nonnull (strstr (call->failure, "cannot connect"));
  ck_assert (raw->socket == NULL || !raw_has (raw, "GET "));
  call_free (call);
  raw_free (raw);
}
END_TEST

/* --- ends --------------------------------------------------------------------------------------------------------- */

START_TEST (a_call_may_end_while_it_connects)
{
  Raw *raw = raw_new ("ws");
  Call *call = call_new ("websocket", raw->url);

  call_start (call);
  if (_i > 0)
    WAIT_UNTIL (raw_accept (raw));
  call_free (call);
  if (_i == 0)
    WAIT_UNTIL (raw_accept (raw) || TRUE);
  else
    WAIT_UNTIL (!raw_read (raw));
  raw_free (raw);
}
END_TEST

START_TEST (a_call_may_end_during_the_backoff)
{
  Bot *bot = bot_new ();
  Call *call = call_new_to (bot);

  call_start (call);
  WAIT_UNTIL (strstr (bot->texts->str, "\"start\"") != NULL);
  bot_stop_listening (bot);
  peer_close (bot_last (bot), 1011);
  WAIT_UNTIL (strstr (call->statuses->str, "lost") != NULL);
  call_free (call);
  bot_free (bot);
}
END_TEST

static guint
count_files (const char *directory)
{
  g_autoptr (GDir) dir = g_dir_open (directory, 0, NULL);
  guint n = 0;

  while (g_dir_read_name (dir) != NULL)
    n++;
  return n;
}

START_TEST (many_calls_leave_nothing_behind)
{
  Bot *bot = bot_new ();
  guint n_fds = 0, n_threads = 0;

  for (guint i = 0; i < N_CYCLES; i++)
    {
      Call *call = call_new_to (bot);

      call_start (call);
      if (i % 3 != 0)
        WAIT_UNTIL (bot->peers->len > 0);
      call_speak (call, 1);
      call_free (call);
      WAIT_UNTIL (i % 3 == 0 || bot_forgets (bot));
      if (i != 10)
        continue;
      WAIT_UNTIL (bot_forgets (bot));
      n_fds = count_files ("/proc/self/fd");
      n_threads = count_files ("/proc/self/task");
    }
  WAIT_UNTIL ((bot_forgets (bot), count_files ("/proc/self/fd") <= n_fds));
  WAIT_UNTIL (count_files ("/proc/self/task") <= n_threads);
  bot_free (bot);
}
END_TEST

static gboolean
have_all_heard (Call **calls, guint n_samples)
{
  for (guint i = 0; i < N_CALLS; i++)
    {
      if (get_heard (calls[i]) < n_samples)
        return FALSE;
    }
  return TRUE;
}

START_TEST (many_calls_share_one_thread)
{
  Bot *bot = bot_new ();
  Call *calls[N_CALLS];
  guint n_threads = count_files ("/proc/self/task");

  bot->is_echoing = TRUE;
  for (guint i = 0; i < N_CALLS; i++)
    {
      calls[i] = call_new_to (bot);
      call_start (calls[i]);
    }
  WAIT_UNTIL (bot->peers->len == N_CALLS);
  for (gint16 frame = 0; frame < 25; frame++)
    {
      for (guint i = 0; i < N_CALLS; i++)
        call_speak (calls[i], frame);
    }
  WAIT_UNTIL (have_all_heard (calls, 25 * FRAME_SAMPLES));
  ck_assert_uint_le (count_files ("/proc/self/task"),
                     n_threads + 12); /* GLib's resolver pool, and none for each call */
  for (guint i = 0; i < N_CALLS; i++)
    call_free (calls[i]);
  bot_free (bot);
}
END_TEST

Suite *
test_suite (void)
{
  TCase *good = tcase_create ("good"), *absent = tcase_create ("absent"), *ends = tcase_create ("ends");
  TCase *all[] = { good, absent, ends };

  tcase_add_test (good, a_bot_hears_and_is_heard);
  tcase_add_test (good, events_pass_both_ways);
  tcase_add_test (good, events_and_keys_wait_for_the_connection_up_to_a_bound);
  tcase_add_test (good, a_bot_hears_that_the_call_is_over_also_when_the_gateway_ends);
  tcase_add_loop_test (good, a_bot_that_closes_in_good_order_has_hung_up, 0, G_N_ELEMENTS (good_codes));
  tcase_add_test (good, a_bot_that_hangs_up_without_end_hangs_up_once);
  tcase_add_test (good, a_bot_over_tcp_hangs_up_with_the_stream);
  tcase_add_test (absent, a_bot_that_is_not_there_is_tried_again_until_the_grace_is_over);
  tcase_add_test (absent, a_bot_that_comes_within_the_grace_gets_the_call);
  tcase_add_test (absent, a_bot_that_does_not_answer_the_handshake_is_given_up);
  tcase_add_loop_test (absent, an_answer_that_is_no_upgrade_is_no_connection, 0, G_N_ELEMENTS (bad_answers));
  tcase_add_test (absent, a_head_without_end_is_no_connection);
  tcase_add_loop_test (absent, a_secure_url_is_never_spoken_to_in_the_clear, 0, G_N_ELEMENTS (secure_schemes));
  tcase_add_loop_test (ends, a_call_may_end_while_it_connects, 0, 2);
  tcase_add_test (ends, a_call_may_end_during_the_backoff);
  tcase_add_test (ends, many_calls_leave_nothing_behind);
  tcase_add_test (ends, many_calls_share_one_thread);
  return engine_suite ("vgw-engine-net", all, G_N_ELEMENTS (all));
}
