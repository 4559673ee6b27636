#include "base/vgw-call-stats.h"

#include <check.h>

#include "base/vgw-json.h"
#include "run-suite.h"

static char *
to_text (const VgwCallStats *stats)
{
  g_autoptr (JsonObject) object = json_object_new ();

  vgw_call_stats_to_json (stats, object);
  return vgw_json_object_to_text (object);
}

START_TEST (what_is_unknown_is_null)
{
  VgwCallStats stats;
  g_autofree char *text = NULL;

  vgw_call_stats_init (&stats);
  text = to_text (&stats);
  ck_assert_str_eq (text,
                    "{\"received\":{\"packets\":null,\"bytes\":null,\"lost\":null,\"late\":null,\"reordered\":null,"
                    "\"duplicated\":null,\"concealed_ms\":null,\"fec_ms\":null,\"jitter_ms\":null},"
                    "\"sent\":{\"packets\":null,\"bytes\":null,\"lost\":null,\"jitter_ms\":null},"
                    "\"round_trip_ms\":null,"
                    "\"audio\":{\"caller_ms\":null,\"played_ms\":null,\"dropped_ms\":null,\"queued_ms\":null,"
                    "\"shortened_pauses_ms\":null,\"shortened_speech_ms\":null,"
                    "\"caller_level\":null,\"bot_level\":null},"
                    "\"setup\":{\"signaling_ms\":null,\"ice_ms\":null,\"dtls_ms\":null,\"first_audio_ms\":null},"
                    "\"counts\":{\"turns\":null,\"barge_ins\":null,\"engine_failures\":null,\"keys\":null}}");
}
END_TEST

START_TEST (values_keep_three_decimals)
{
  VgwCallStats stats;
  g_autoptr (JsonObject) object = json_object_new ();

  vgw_call_stats_init (&stats);
  stats.received.packets = G_MAXINT64;
  stats.received.lost = 0;
  stats.received.jitter_ms = 1.23456;
  stats.round_trip_ms = 0;
  stats.audio.caller_level = 0.25;
  vgw_call_stats_to_json (&stats, object);
  JsonObject *received = json_object_get_object_member (object, "received");
  ck_assert_int_eq (json_object_get_int_member (received, "packets"), G_MAXINT64);
  ck_assert_int_eq (json_object_get_int_member (received, "lost"), 0);
  ck_assert (!json_object_get_null_member (received, "lost"));
  ck_assert_double_eq (json_object_get_double_member (received, "jitter_ms"), 1.235);
  ck_assert (!json_object_get_null_member (object, "round_trip_ms"));
  ck_assert_double_eq (json_object_get_double_member (json_object_get_object_member (object, "audio"), "caller_level"),
                       0.25);
}
END_TEST

START_TEST (a_later_connection_is_added)
{
  VgwCallStats call, leg;

  vgw_call_stats_init (&call);
  vgw_call_stats_init (&leg);
  leg.received.packets = 100;
  leg.received.jitter_ms = 5;
  leg.sent.lost = 3;
  leg.setup.ice_ms = 40;
  vgw_call_stats_add (&call, &leg);
  leg.received.packets = 20;
  leg.received.jitter_ms = 7;
  leg.sent.lost = VGW_CALL_STATS_UNKNOWN;
  leg.setup.ice_ms = 900;
  leg.round_trip_ms = 12.5;
  vgw_call_stats_add (&call, &leg);
  ck_assert_int_eq (call.received.packets, 120);
  ck_assert_double_eq (call.received.jitter_ms, 7);
  ck_assert_int_eq (call.sent.lost, 3);
  ck_assert_int_eq (call.setup.ice_ms, 40);
  ck_assert_double_eq (call.round_trip_ms, 12.5);
  ck_assert_int_eq (call.sent.packets, VGW_CALL_STATS_UNKNOWN);
}
END_TEST

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-call-stats");
  TCase *tcase = tcase_create ("json");

  tcase_add_test (tcase, what_is_unknown_is_null);
  tcase_add_test (tcase, values_keep_three_decimals);
  tcase_add_test (tcase, a_later_connection_is_added);
  suite_add_tcase (suite, tcase);
  return suite;
}
