#include "base/vgw-turn.h"

#include <check.h>

#include "base/vgw-json.h"
#include "run-suite.h"

static char *
to_text (const VgwTurn *turn)
{
  g_autoptr (JsonObject) object = json_object_new ();

  vgw_turn_to_json (turn, object);
  return vgw_json_object_to_text (object);
}

START_TEST (an_interrupted_turn_has_all_members)
{
  const VgwTurn turn = { .number = 3,
                         .started_at_us = 1764363600123456, /* 2025-11-28T21:00:00.123456Z */
                         .speech_ms = 1500,
                         .to_engine_ms = 12,
                         .first_byte_ms = 640,
                         .first_sent_ms = 655,
                         .heard_ms = 690,
                         .reply_ms = 2100,
                         .interrupted_at_ms = 2100,
                         .end = VGW_TURN_INTERRUPTED };
  g_autofree char *text = to_text (&turn);

  ck_assert_str_eq (text, "{\"number\":3,\"started_at\":\"2025-11-28T21:00:00.123Z\",\"speech_ms\":1500,"
                          "\"to_engine_ms\":12,\"first_byte_ms\":640,\"first_sent_ms\":655,\"heard_ms\":690,"
                          "\"reply_ms\":2100,\"interrupted_at_ms\":2100,\"end\":\"interrupted\"}");
}
END_TEST

START_TEST (unknown_times_are_null)
{
  const VgwTurn turn = { .number = 1,
                         .started_at_us = 1764363600000000,
                         .speech_ms = VGW_TURN_UNKNOWN,
                         .to_engine_ms = VGW_TURN_UNKNOWN,
                         .first_byte_ms = VGW_TURN_UNKNOWN,
                         .first_sent_ms = VGW_TURN_UNKNOWN,
                         .heard_ms = VGW_TURN_UNKNOWN,
                         .reply_ms = 0,
                         .interrupted_at_ms = VGW_TURN_UNKNOWN,
                         .end = VGW_TURN_NONE };
  g_autofree char *text = to_text (&turn);

  ck_assert_str_eq (text, "{\"number\":1,\"started_at\":\"2025-11-28T21:00:00.000Z\",\"speech_ms\":null,"
                          "\"to_engine_ms\":null,\"first_byte_ms\":null,\"first_sent_ms\":null,\"heard_ms\":null,"
                          "\"reply_ms\":0,\"interrupted_at_ms\":null,\"end\":\"none\"}");
}
END_TEST

START_TEST (each_end_has_a_name)
{
  ck_assert_str_eq (vgw_turn_end_to_string (VGW_TURN_PLAYED), "played");
  ck_assert_str_eq (vgw_turn_end_to_string (VGW_TURN_INTERRUPTED), "interrupted");
  ck_assert_str_eq (vgw_turn_end_to_string (VGW_TURN_NONE), "none");
  ck_assert_str_eq (vgw_turn_end_to_string (VGW_TURN_CALL_ENDED), "call-ended");
}
END_TEST

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-turn");
  TCase *tcase = tcase_create ("json");

  tcase_add_test (tcase, an_interrupted_turn_has_all_members);
  tcase_add_test (tcase, unknown_times_are_null);
  tcase_add_test (tcase, each_end_has_a_name);
  suite_add_tcase (suite, tcase);
  return suite;
}
