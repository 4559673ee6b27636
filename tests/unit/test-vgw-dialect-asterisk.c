#include "dialect-script.h"
#include "run-suite.h"

#include <string.h>

#define FRAME_BYTES 640
#define XOFF_FRAMES 900
#define XON_FRAMES 800

SCRIPT_TEST (call, "asterisk")
SCRIPT_TEST (caller, "asterisk")
SCRIPT_TEST (buffering, "asterisk")
SCRIPT_TEST (pause, "asterisk")
SCRIPT_TEST (flow, "asterisk")
SCRIPT_TEST (errors, "asterisk")

static void
send_frames (DialectPlayer *player, guint n_frames)
{
  g_autofree guint8 *data = g_malloc0 (n_frames * FRAME_BYTES);

  dialect_player_receive (player, FALSE, data, n_frames * FRAME_BYTES);
}

static void
play_until (DialectPlayer *player, guint n_frames)
{
  g_autofree char *name = g_strdup_printf ("q%u", n_frames);
  const VgwPlayoutEvent event = { .type = VGW_PLAYOUT_MARK, .name = name };

  dialect_player_dialect (player)->handle (dialect_player_state (player),
                                           &(VgwEngineInput){ VGW_ENGINE_INPUT_PLAYOUT, .playout = &event });
}

static void
check_told (DialectPlayer *player, const char *event)
{
  g_autofree char *lines = dialect_player_take (player);
  g_autofree char *wanted = event != NULL ? g_strdup_printf ("\"event\":\"%s\"", event) : NULL;

  if (wanted != NULL)
    ck_assert_msg (strstr (lines, wanted) != NULL, "no %s in %s", event, lines);
  else
    ck_assert_msg (strstr (lines, "MEDIA_XO") == NULL, "%s", lines);
}

START_TEST (the_application_is_stopped_at_900_frames_and_let_go_below_800)
{
  g_autoptr (DialectPlayer) player = dialect_player_new ("asterisk", 16000);

  dialect_player_dialect (player)->start (dialect_player_state (player));
  send_frames (player, XOFF_FRAMES - 1);
  check_told (player, NULL);
  send_frames (player, 1);
  check_told (player, "MEDIA_XOFF");
  send_frames (player, 10); /* told once */
  check_told (player, NULL);
  play_until (player, 110); /* 800 wait */
  check_told (player, NULL);
  play_until (player, 120);
  check_told (player, "MEDIA_XON");
  play_until (player, 130);
  check_told (player, NULL);
}
END_TEST

START_TEST (a_flush_lets_the_application_go)
{
  static const char flush[] = "{\"command\":\"FLUSH_MEDIA\"}";
  const VgwPlayoutEvent event = { .type = VGW_PLAYOUT_CLEARED };
  g_autoptr (DialectPlayer) player = dialect_player_new ("asterisk", 16000);

  dialect_player_dialect (player)->start (dialect_player_state (player));
  send_frames (player, 1000);
  check_told (player, "MEDIA_XOFF");
  dialect_player_receive (player, TRUE, (const guint8 *) flush, strlen (flush));
  dialect_player_dialect (player)->handle (dialect_player_state (player),
                                           &(VgwEngineInput){ VGW_ENGINE_INPUT_PLAYOUT, .playout = &event });
  check_told (player, "MEDIA_XON");
}
END_TEST

/* By barge-in: the marks tell what was played only up to the last tenth frame. */
START_TEST (a_queue_that_the_gateway_has_emptied_is_reported)
{
  static const char report[] = "{\"command\":\"REPORT_QUEUE_DRAINED\"}";
  static const char *const marks[] = { "q10", "q20", NULL };
  const VgwPlayoutEvent event = { .type = VGW_PLAYOUT_CLEARED, .marks = marks };
  g_autoptr (DialectPlayer) player = dialect_player_new ("asterisk", 16000);

  dialect_player_dialect (player)->start (dialect_player_state (player));
  send_frames (player, 23);
  dialect_player_dialect (player)->handle (dialect_player_state (player),
                                           &(VgwEngineInput){ VGW_ENGINE_INPUT_PLAYOUT, .playout = &event });
  g_free (dialect_player_take (player));
  dialect_player_receive (player, TRUE, (const guint8 *) report, strlen (report));
  g_autofree char *marked = dialect_player_take (player);
  ck_assert_str_eq (marked, "marks q23");
  play_until (player, 23); /* there is nothing before it */
  check_told (player, "QUEUE_DRAINED");
}
END_TEST

START_TEST (buffering_puts_pieces_of_any_size_together)
{
  static const char start[] = "{\"command\":\"START_MEDIA_BUFFERING\"}";
  static const char stop[] = "{\"command\":\"STOP_MEDIA_BUFFERING\"}";
  guint8 data[3 * FRAME_BYTES - 1];

  for (gsize i = 0; i < sizeof data; i++)
    data[i] = (guint8) (i % 251);
  for (gsize size = 1; size <= sizeof data; size += size < 4 ? 1 : 97)
    {
      g_autoptr (DialectPlayer) player = dialect_player_new ("asterisk", 16000);
      g_autofree char *lines = NULL;
      g_autoptr (GByteArray) played = NULL;

      dialect_player_dialect (player)->start (dialect_player_state (player));
      dialect_player_receive (player, TRUE, (const guint8 *) start, strlen (start));
      g_free (dialect_player_take (player));
      for (gsize at = 0; at < sizeof data; at += size)
        dialect_player_receive (player, FALSE, data + at, MIN (size, sizeof data - at));
      dialect_player_receive (player, TRUE, (const guint8 *) stop, strlen (stop));
      lines = dialect_player_take (player);
      ck_assert (g_str_has_prefix (lines, "plays ") && g_str_has_suffix (lines, "\nmarks b"));
      *strchr (lines, '\n') = '\0';
      played = dialect_parse_bytes (lines + strlen ("plays "));
      ck_assert_uint_eq (played->len, 3 * FRAME_BYTES);
      ck_assert_mem_eq (played->data, data, sizeof data);
      ck_assert_uint_eq (played->data[sizeof data], 0);
    }
}
END_TEST

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-dialect-asterisk");
  TCase *tcase = tcase_create ("asterisk");

  tcase_add_test (tcase, call_is_as_recorded);
  tcase_add_test (tcase, caller_is_as_recorded);
  tcase_add_test (tcase, buffering_is_as_recorded);
  tcase_add_test (tcase, pause_is_as_recorded);
  tcase_add_test (tcase, flow_is_as_recorded);
  tcase_add_test (tcase, errors_is_as_recorded);
  tcase_add_test (tcase, the_application_is_stopped_at_900_frames_and_let_go_below_800);
  tcase_add_test (tcase, a_flush_lets_the_application_go);
  tcase_add_test (tcase, a_queue_that_the_gateway_has_emptied_is_reported);
  tcase_add_test (tcase, buffering_puts_pieces_of_any_size_together);
  suite_add_tcase (suite, tcase);
  return suite;
}
