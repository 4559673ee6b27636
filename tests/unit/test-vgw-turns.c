#include "session/vgw-turns.h"

#include "base/vgw-source.h"
#include "run-suite.h"
#include "wait-until.h"

#define MS G_TIME_SPAN_MILLISECOND
#define T0 (100 * G_USEC_PER_SEC) /* any time */

static GArray *over; /* VgwTurn */
static VgwTurns *turns;
static guint64 played_ms;

static void
on_turn (VgwTurn *turn, gpointer user_data)
{
  g_array_append_val (over, *turn);
}

static void
setup (void)
{
  over = g_array_new (FALSE, FALSE, sizeof (VgwTurn));
  turns = vgw_turns_new (on_turn, NULL);
  played_ms = 0;
}

static void
teardown (void)
{
  vgw_turns_free (turns);
  g_array_unref (over);
}

static const VgwTurn *
get_turn (guint i)
{
  ck_assert_uint_lt (i, over->len);
  return &g_array_index (over, VgwTurn, i);
}

/* All times in ms after T0. */
static void
speak (gint64 from_ms, gint64 to_ms, gint64 engine_ms)
{
  vgw_turns_handle_speech (turns, &(VgwVoice){ TRUE, T0 + from_ms * MS, T0 + from_ms * MS });
  vgw_turns_handle_speech (turns, &(VgwVoice){ FALSE, T0 + to_ms * MS, T0 + engine_ms * MS });
}

static void
begin_speech (gint64 at_ms)
{
  vgw_turns_handle_speech (turns, &(VgwVoice){ TRUE, T0 + at_ms * MS, T0 + at_ms * MS });
}

static void
end_speech (gint64 at_ms)
{
  vgw_turns_handle_speech (turns, &(VgwVoice){ FALSE, T0 + at_ms * MS, T0 + at_ms * MS });
}

static void
start_utterance (gint64 queued_ms, gint64 at_ms)
{
  vgw_turns_handle_playout (turns, &(VgwPlayoutEvent){ .type = VGW_PLAYOUT_STARTED,
                                                       .at_us = T0 + at_ms * MS,
                                                       .queued_us = T0 + queued_ms * MS,
                                                       .played_ms = played_ms });
}

static void
drain (gint64 at_ms, guint64 utterance_ms)
{
  played_ms += utterance_ms;
  vgw_turns_handle_playout (turns, &(VgwPlayoutEvent){ .type = VGW_PLAYOUT_DRAINED,
                                                       .at_us = T0 + at_ms * MS,
                                                       .utterance_ms = utterance_ms,
                                                       .played_ms = played_ms });
}

static void
clear (gint64 at_ms, guint64 utterance_ms, guint64 cleared_ms)
{
  vgw_turns_handle_playout (turns, &(VgwPlayoutEvent){ .type = VGW_PLAYOUT_CLEARED,
                                                       .at_us = T0 + at_ms * MS,
                                                       .utterance_ms = utterance_ms,
                                                       .cleared_ms = cleared_ms });
}

static void
assert_times (const VgwTurn *turn, gint64 speech, gint64 to_engine, gint64 first_byte, gint64 first_sent, gint64 reply)
{
  ck_assert_int_eq (turn->speech_ms, speech);
  ck_assert_int_eq (turn->to_engine_ms, to_engine);
  ck_assert_int_eq (turn->first_byte_ms, first_byte);
  ck_assert_int_eq (turn->first_sent_ms, first_sent);
  ck_assert_int_eq (turn->heard_ms, VGW_TURN_UNKNOWN);
  ck_assert_int_eq (turn->reply_ms, reply);
}

START_TEST (a_reply_that_is_played_ends_with_the_next_speech)
{
  speak (1000, 2500, 2512);
  start_utterance (3140, 3155);
  drain (5255, 2100);
  ck_assert_uint_eq (over->len, 0);
  begin_speech (6000);
  ck_assert_uint_eq (over->len, 1);
  ck_assert_uint_eq (get_turn (0)->number, 1);
  ck_assert_int_eq (get_turn (0)->end, VGW_TURN_PLAYED);
  ck_assert_int_eq (get_turn (0)->interrupted_at_ms, VGW_TURN_UNKNOWN);
  assert_times (get_turn (0), 1500, 12, 640, 655, 2100);
}
END_TEST

START_TEST (the_start_is_in_real_time)
{
  gint64 now_us = g_get_monotonic_time (), real_us = g_get_real_time ();

  vgw_turns_handle_speech (turns, &(VgwVoice){ TRUE, now_us - 900 * MS, now_us });
  vgw_turns_handle_speech (turns, &(VgwVoice){ FALSE, now_us - 500 * MS, now_us - 490 * MS });
  vgw_turns_end (turns, 0, TRUE);
  ck_assert_int_ge (get_turn (0)->started_at_us, real_us - 501 * MS);
  ck_assert_int_le (get_turn (0)->started_at_us, g_get_real_time () - 499 * MS);
}
END_TEST

START_TEST (sentences_in_a_row_are_one_reply)
{
  speak (0, 1000, 1000);
  start_utterance (1500, 1520);
  drain (2520, 1000);
  start_utterance (3000, 3020);
  drain (3820, 800);
  begin_speech (4000);
  ck_assert_uint_eq (over->len, 1);
  assert_times (get_turn (0), 1000, 0, 500, 520, 1800);
}
END_TEST

START_TEST (a_reply_that_is_cut_off_has_its_length)
{
  speak (0, 1000, 1010);
  start_utterance (1500, 1520);
  begin_speech (2300);
  ck_assert_uint_eq (over->len, 0);
  clear (2600, 1080, 3000);
  ck_assert_int_eq (get_turn (0)->end, VGW_TURN_INTERRUPTED);
  ck_assert_int_eq (get_turn (0)->interrupted_at_ms, 1080);
  assert_times (get_turn (0), 1000, 10, 500, 520, 1080);

  end_speech (3300);
  start_utterance (3500, 3520);
  drain (3720, 200);
  begin_speech (4000);
  ck_assert_uint_eq (get_turn (1)->number, 2);
  assert_times (get_turn (1), 1000, 0, 200, 220, 200);
}
END_TEST

START_TEST (a_sentence_that_is_cleared_before_it_begins_interrupts_the_reply)
{
  speak (0, 1000, 1000);
  start_utterance (1500, 1520);
  drain (2520, 1000);
  clear (2600, 1000, 60); /* the utterance of the event is the last one */
  ck_assert_int_eq (get_turn (0)->end, VGW_TURN_INTERRUPTED);
  ck_assert_int_eq (get_turn (0)->interrupted_at_ms, 1000);
}
END_TEST

START_TEST (a_clear_without_audio_changes_nothing)
{
  speak (0, 1000, 1000);
  clear (1200, 0, 0);
  start_utterance (1500, 1520);
  drain (2520, 1000);
  clear (2600, 1000, 0);
  ck_assert_uint_eq (over->len, 0);
  begin_speech (3000);
  ck_assert_int_eq (get_turn (0)->end, VGW_TURN_PLAYED);
}
END_TEST

START_TEST (a_caller_who_goes_on_soon_has_one_turn)
{
  speak (0, 1000, 1005);
  speak (1800, 3000, 3015);
  start_utterance (3500, 3520);
  drain (3720, 200);
  begin_speech (5000);
  ck_assert_uint_eq (over->len, 1);
  ck_assert_uint_eq (get_turn (0)->number, 1);
  assert_times (get_turn (0), 3000, 15, 500, 520, 200);
}
END_TEST

START_TEST (a_caller_who_gets_no_reply_and_speaks_again)
{
  speak (0, 1000, 1000);
  begin_speech (3000);
  ck_assert_int_eq (get_turn (0)->end, VGW_TURN_NONE);
  assert_times (get_turn (0), 1000, 0, VGW_TURN_UNKNOWN, VGW_TURN_UNKNOWN, 0);
  end_speech (3500);
  vgw_turns_end (turns, 0, TRUE);
  ck_assert_int_eq (get_turn (1)->end, VGW_TURN_CALL_ENDED);
  assert_times (get_turn (1), 500, 0, VGW_TURN_UNKNOWN, VGW_TURN_UNKNOWN, 0);
}
END_TEST

START_TEST (a_greeting_is_no_turn)
{
  start_utterance (0, 20);
  begin_speech (1000);
  clear (1200, 1180, 2000);
  end_speech (2000);
  vgw_turns_end (turns, 1180, TRUE);
  ck_assert_uint_eq (over->len, 1);
  assert_times (get_turn (0), 1000, 0, VGW_TURN_UNKNOWN, VGW_TURN_UNKNOWN, 0);
}
END_TEST

/* Speech ends half a second before that is known; an engine with a detector of its own may reply before. */
START_TEST (a_reply_before_the_detection_counts)
{
  begin_speech (0);
  start_utterance (1180, 1200);
  end_speech (1000);
  drain (2200, 1000);
  begin_speech (3000);
  assert_times (get_turn (0), 1000, 0, 180, 200, 1000);
}
END_TEST

START_TEST (a_short_reply_before_the_detection_counts)
{
  begin_speech (0);
  start_utterance (1180, 1200);
  drain (1300, 100);
  end_speech (1000);
  begin_speech (3000);
  ck_assert_int_eq (get_turn (0)->end, VGW_TURN_PLAYED);
  assert_times (get_turn (0), 1000, 0, 180, 200, 100);
}
END_TEST

START_TEST (an_utterance_that_was_over_before_is_no_reply)
{
  begin_speech (0);
  start_utterance (80, 100);
  clear (200, 100, 500);
  end_speech (1000);
  vgw_turns_end (turns, 100, TRUE);
  assert_times (get_turn (0), 1000, 0, VGW_TURN_UNKNOWN, VGW_TURN_UNKNOWN, 0);
}
END_TEST

START_TEST (a_reply_over_the_speech_has_no_negative_times)
{
  begin_speech (0);
  start_utterance (500, 520);
  end_speech (1000);
  drain (2200, 1680);
  begin_speech (3000);
  assert_times (get_turn (0), 1000, 0, 0, 0, 1680);
}
END_TEST

START_TEST (speech_during_a_reply_that_goes_on_waits_for_its_end)
{
  speak (0, 1000, 1000);
  start_utterance (1500, 1520);
  speak (2000, 2500, 2500);
  ck_assert_uint_eq (over->len, 0);
  drain (4520, 3000);
  ck_assert_int_eq (get_turn (0)->end, VGW_TURN_PLAYED);
  assert_times (get_turn (0), 1000, 0, 500, 520, 3000);
  start_utterance (5000, 5020);
  drain (5220, 200);
  begin_speech (6000);
  ck_assert_uint_eq (get_turn (1)->number, 2);
  assert_times (get_turn (1), 500, 0, 2500, 2520, 200);
}
END_TEST

START_TEST (each_speech_during_a_reply_is_a_turn)
{
  speak (0, 1000, 1000);
  start_utterance (1500, 1520);
  speak (3000, 4000, 4000);
  speak (5000, 5500, 5510); /* not finished before: one turn */
  speak (10000, 10500, 10500);
  drain (21520, 20000);
  ck_assert_uint_eq (over->len, 2);
  ck_assert_int_eq (get_turn (0)->end, VGW_TURN_PLAYED);
  ck_assert_uint_eq (get_turn (1)->number, 2);
  ck_assert_int_eq (get_turn (1)->end, VGW_TURN_NONE);
  assert_times (get_turn (1), 2500, 10, VGW_TURN_UNKNOWN, VGW_TURN_UNKNOWN, 0);
  start_utterance (22000, 22020);
  drain (22220, 200);
  begin_speech (23000);
  ck_assert_uint_eq (get_turn (2)->number, 3);
  assert_times (get_turn (2), 500, 0, 11500, 11520, 200);
}
END_TEST

START_TEST (speech_that_outlasts_a_reply_is_what_the_next_one_answers)
{
  speak (0, 1000, 1000);
  start_utterance (1500, 1520);
  speak (3000, 4000, 4000);
  begin_speech (8000);
  drain (9520, 8000);
  end_speech (10000);
  ck_assert_uint_eq (over->len, 2);
  ck_assert_int_eq (get_turn (1)->end, VGW_TURN_NONE);
  start_utterance (10500, 10520);
  drain (10720, 200);
  begin_speech (13000);
  assert_times (get_turn (2), 2000, 0, 500, 520, 200);
}
END_TEST

START_TEST (the_end_of_the_call_cuts_a_reply_off)
{
  played_ms = 700; /* a greeting */
  speak (0, 1000, 1000);
  start_utterance (1500, 1520);
  vgw_turns_end (turns, 1600, FALSE);
  ck_assert_int_eq (get_turn (0)->end, VGW_TURN_CALL_ENDED);
  ck_assert_int_eq (get_turn (0)->interrupted_at_ms, VGW_TURN_UNKNOWN);
  assert_times (get_turn (0), 1000, 0, 500, 520, 900);
}
END_TEST

START_TEST (the_end_of_the_call_after_a_reply_leaves_it_played)
{
  speak (0, 1000, 1000);
  start_utterance (1500, 1520);
  vgw_turns_end (turns, 900, TRUE);
  ck_assert_int_eq (get_turn (0)->end, VGW_TURN_PLAYED);
  assert_times (get_turn (0), 1000, 0, 500, 520, 900);
}
END_TEST

START_TEST (the_end_of_the_call_reports_both_turns)
{
  speak (0, 1000, 1000);
  start_utterance (1500, 1520);
  speak (2000, 2500, 2500);
  vgw_turns_end (turns, 900, FALSE);
  ck_assert_uint_eq (over->len, 2);
  ck_assert_int_eq (get_turn (0)->end, VGW_TURN_CALL_ENDED);
  ck_assert_int_eq (get_turn (1)->end, VGW_TURN_CALL_ENDED);
  vgw_turns_end (turns, 900, FALSE);
  ck_assert_uint_eq (over->len, 2);
}
END_TEST

START_TEST (a_pause_after_the_reply_ends_the_turn)
{
  gint64 now_us = g_get_monotonic_time ();

  vgw_turns_handle_speech (turns, &(VgwVoice){ TRUE, now_us - 4000 * MS, now_us });
  vgw_turns_handle_speech (turns, &(VgwVoice){ FALSE, now_us - 3500 * MS, now_us - 3500 * MS });
  vgw_turns_handle_playout (
      turns,
      &(VgwPlayoutEvent){ .type = VGW_PLAYOUT_STARTED, .at_us = now_us - 3000 * MS, .queued_us = now_us - 3100 * MS });
  vgw_turns_handle_playout (turns, &(VgwPlayoutEvent){ .type = VGW_PLAYOUT_DRAINED,
                                                       .at_us = now_us - (VGW_TURNS_PAUSE_MS - 100) * MS,
                                                       .utterance_ms = 1100 });
  ck_assert_uint_eq (over->len, 0);
  WAIT_UNTIL (over->len == 1);
  ck_assert_int_ge (g_get_monotonic_time () - now_us, 100 * MS);
  ck_assert_int_eq (get_turn (0)->end, VGW_TURN_PLAYED);
  assert_times (get_turn (0), 500, 0, 400, 500, 1100);
}
END_TEST

START_TEST (heard_is_half_a_round_trip_and_the_jitter_later)
{
  VgwTurn turn = { .first_sent_ms = 655, .heard_ms = VGW_TURN_UNKNOWN };
  VgwCallStats call;

  vgw_call_stats_init (&call);
  vgw_turns_add_network (&turn, &call);
  ck_assert_int_eq (turn.heard_ms, VGW_TURN_UNKNOWN);
  call.round_trip_ms = 80.5;
  vgw_turns_add_network (&turn, &call);
  ck_assert_int_eq (turn.heard_ms, 695);
  call.sent.jitter_ms = 12.3;
  vgw_turns_add_network (&turn, &call);
  ck_assert_int_eq (turn.heard_ms, 708);
  turn.first_sent_ms = VGW_TURN_UNKNOWN;
  vgw_turns_add_network (&turn, &call);
  ck_assert_int_eq (turn.heard_ms, VGW_TURN_UNKNOWN);
}
END_TEST

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-turns");
  TCase *tcase = tcase_create ("turns");

  tcase_add_checked_fixture (tcase, setup, teardown);
  tcase_add_test (tcase, a_reply_that_is_played_ends_with_the_next_speech);
  tcase_add_test (tcase, the_start_is_in_real_time);
  tcase_add_test (tcase, sentences_in_a_row_are_one_reply);
  tcase_add_test (tcase, a_reply_that_is_cut_off_has_its_length);
  tcase_add_test (tcase, a_sentence_that_is_cleared_before_it_begins_interrupts_the_reply);
  tcase_add_test (tcase, a_clear_without_audio_changes_nothing);
  tcase_add_test (tcase, a_caller_who_goes_on_soon_has_one_turn);
  tcase_add_test (tcase, a_caller_who_gets_no_reply_and_speaks_again);
  tcase_add_test (tcase, a_greeting_is_no_turn);
  tcase_add_test (tcase, a_reply_before_the_detection_counts);
  tcase_add_test (tcase, a_short_reply_before_the_detection_counts);
  tcase_add_test (tcase, an_utterance_that_was_over_before_is_no_reply);
  tcase_add_test (tcase, a_reply_over_the_speech_has_no_negative_times);
  tcase_add_test (tcase, speech_during_a_reply_that_goes_on_waits_for_its_end);
  tcase_add_test (tcase, each_speech_during_a_reply_is_a_turn);
  tcase_add_test (tcase, speech_that_outlasts_a_reply_is_what_the_next_one_answers);
  tcase_add_test (tcase, the_end_of_the_call_cuts_a_reply_off);
  tcase_add_test (tcase, the_end_of_the_call_after_a_reply_leaves_it_played);
  tcase_add_test (tcase, the_end_of_the_call_reports_both_turns);
  tcase_add_test (tcase, heard_is_half_a_round_trip_and_the_jitter_later);
  tcase_add_test (tcase, a_pause_after_the_reply_ends_the_turn);
  suite_add_tcase (suite, tcase);
  return suite;
}
