/* The findings about calls: what is found in a call whose figures a person would judge the same way. */
#include "admin/vgw-admin-diagnosis.h"

#include <stdlib.h>
#include <string.h>

#include "base/vgw-json.h"
#include "run-suite.h"

/* A call in which all is well. */
static VgwDiagnosisFacts
good_call (void)
{
  VgwDiagnosisFacts facts = {
    .phase = VGW_PHASE_ACTIVE,
    .phase_ms = 60000,
    .connection = { .is_checked = TRUE,
                    .has_dtls = TRUE,
                    .is_connected = TRUE,
                    .is_sending = TRUE,
                    .is_receiving = TRUE,
                    .packet_age_ms = 15,
                    .engine = VGW_CALL_ENGINE_RUNNING },
    .caller_quiet_ms = 800,
    .bot_quiet_ms = 1200,
    .has_caller_spoken = TRUE,
    .has_bot_spoken = TRUE,
    .received_loss = 0.001,
    .sent_loss = 0,
  };

  vgw_call_stats_init (&facts.stats);
  facts.stats.setup.ice_ms = 40;
  facts.stats.received.packets = 3000;
  facts.stats.received.jitter_ms = 4;
  facts.stats.round_trip_ms = 30;
  facts.stats.audio.played_ms = 20000;
  facts.stats.audio.queued_ms = 0;
  facts.stats.audio.dropped_ms = 0;
  return facts;
}

/* A call that has its answer, and nothing else. */
static VgwDiagnosisFacts
connecting_call (void)
{
  VgwDiagnosisFacts facts = { .phase = VGW_PHASE_CONNECTING,
                              .phase_ms = 5000,
                              .connection = { .is_sending = TRUE, .is_receiving = TRUE, .packet_age_ms = -1 },
                              .received_loss = -1,
                              .sent_loss = -1 };

  vgw_call_stats_init (&facts.stats);
  return facts;
}

/* Asserts that the codes of the findings, in their order, are @codes: "no-rtp caller-silent". */
static void
assert_found (const VgwDiagnosisFacts *facts, const char *codes)
{
  VgwFinding findings[VGW_ADMIN_MAX_FINDINGS];
  guint n = vgw_admin_diagnose (facts, findings);
  g_autoptr (GString) found = g_string_new (NULL);

  for (guint i = 0; i < n; i++)
    g_string_append_printf (found, "%s%s", i > 0 ? " " : "", findings[i].info->code);
  ck_assert_str_eq (found->str, codes);
}

START_TEST (a_call_in_order_is_good)
{
  VgwDiagnosisFacts facts = good_call ();

  assert_found (&facts, "good");
}
END_TEST

START_TEST (a_call_without_an_offer_waits_for_the_microphone)
{
  VgwDiagnosisFacts facts = { .phase = VGW_PHASE_NEW, .phase_ms = 1000 };

  vgw_call_stats_init (&facts.stats);
  assert_found (&facts, "waiting-for-offer");
  facts.phase_ms = 8000;
  assert_found (&facts, "no-offer");
  facts.phase = VGW_PHASE_NEGOTIATING;
  assert_found (&facts, "negotiating");
}
END_TEST

START_TEST (each_missing_step_of_a_connection_is_named)
{
  VgwDiagnosisFacts facts = connecting_call ();

  facts.phase_ms = 500;
  assert_found (&facts, "connecting");
  facts.phase_ms = 5000;
  assert_found (&facts, "no-check");
  facts.connection.is_checked = TRUE;
  assert_found (&facts, "no-path");
  facts.stats.setup.ice_ms = 30;
  assert_found (&facts, "no-dtls");
  facts.connection.has_dtls = TRUE;
  assert_found (&facts, "dtls-incomplete");
}
END_TEST

START_TEST (a_call_that_never_connected_names_the_missing_step)
{
  VgwDiagnosisFacts facts = connecting_call ();

  facts.reason = "connect-timeout";
  assert_found (&facts, "no-check connect-timeout ended");
  facts.reason = "fingerprint-mismatch";
  facts.phase_ms = 100;
  assert_found (&facts, "fingerprint connecting ended");
}
END_TEST

START_TEST (missing_audio_of_the_caller_has_its_cause)
{
  VgwDiagnosisFacts facts = good_call ();

  facts.connection.is_sending = FALSE;
  assert_found (&facts, "not-sending");

  facts = good_call ();
  facts.stats.received.packets = 0;
  facts.connection.packet_age_ms = -1;
  assert_found (&facts, "no-rtp");
  facts.phase_ms = 1000; /* it may be about to come */
  assert_found (&facts, "good");
  facts.phase_ms = 60000;
  facts.connection.ignored = 12;
  assert_found (&facts, "wrong-payload");

  facts = good_call ();
  facts.connection.packet_age_ms = 4000;
  assert_found (&facts, "rtp-stopped");

  facts = good_call ();
  facts.connection.dropped = 900;
  assert_found (&facts, "packets-dropped");

  facts = good_call ();
  facts.connection.is_silent = TRUE;
  assert_found (&facts, "no-consent");
}
END_TEST

START_TEST (a_muted_caller_is_no_caller_who_listens)
{
  VgwDiagnosisFacts facts = good_call ();

  facts.caller_quiet_ms = 20000;
  assert_found (&facts, "caller-quiet");
  facts.has_caller_spoken = FALSE;
  assert_found (&facts, "caller-silent");
}
END_TEST

START_TEST (the_state_of_the_engine_is_named)
{
  static const struct
  {
    VgwCallEngineState state;
    gint64 phase_ms;
    const char *codes;
  } cases[] = {
    { VGW_CALL_ENGINE_CONNECTING, 500, "engine-connecting" },
    { VGW_CALL_ENGINE_CONNECTING, 5000, "engine-slow" },
    { VGW_CALL_ENGINE_UNREACHABLE, 5000, "engine-unreachable" },
    { VGW_CALL_ENGINE_LOST, 5000, "engine-lost" },
    { VGW_CALL_ENGINE_NONE, 5000, "no-engine" },
    { VGW_CALL_ENGINE_RUNNING, 5000, "good" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      VgwDiagnosisFacts facts = good_call ();

      facts.connection.engine = cases[i].state;
      facts.phase_ms = cases[i].phase_ms;
      assert_found (&facts, cases[i].codes);
    }
}
END_TEST

START_TEST (missing_audio_of_the_bot_has_its_cause)
{
  VgwDiagnosisFacts facts = good_call ();

  facts.bot_quiet_ms = 20000;
  assert_found (&facts, "bot-quiet");
  facts.quiet_played_ms = 15000;
  assert_found (&facts, "bot-silent");
  facts.quiet_played_ms = 0;
  facts.has_bot_spoken = FALSE;
  facts.stats.audio.played_ms = 0;
  assert_found (&facts, "engine-silent");
  facts.stats.audio.queued_ms = 3000;
  assert_found (&facts, "playout-held");

  facts = good_call ();
  facts.stats.audio.dropped_ms = 4000;
  assert_found (&facts, "playout-full");

  facts = good_call ();
  facts.connection.is_receiving = FALSE;
  assert_found (&facts, "not-receiving");
}
END_TEST

START_TEST (a_bad_network_is_a_warning_with_figures)
{
  VgwDiagnosisFacts facts = good_call ();
  VgwFinding findings[VGW_ADMIN_MAX_FINDINGS];

  facts.received_loss = 0.124;
  facts.sent_loss = 0.3;
  facts.stats.received.jitter_ms = 90;
  facts.stats.round_trip_ms = 700;
  assert_found (&facts, "received-loss jitter sent-loss round-trip");
  vgw_admin_diagnose (&facts, findings);
  ck_assert_str_eq (findings[0].figures, "12 % lost");
  ck_assert_int_eq (findings[0].info->level, VGW_FINDING_WARNING);
}
END_TEST

START_TEST (problems_come_before_warnings_and_notes)
{
  VgwDiagnosisFacts facts = good_call ();

  facts.phase = VGW_PHASE_DETACHED;
  facts.received_loss = 0.2;
  facts.connection.packet_age_ms = 5000;
  assert_found (&facts, "rtp-stopped received-loss detached");
}
END_TEST

START_TEST (there_are_never_more_findings_than_fit)
{
  VgwDiagnosisFacts facts = good_call ();
  VgwFinding findings[VGW_ADMIN_MAX_FINDINGS];

  facts.phase = VGW_PHASE_DETACHED;
  facts.reason = "connect-timeout";
  facts.connection.is_silent = facts.connection.is_receiving = FALSE;
  facts.connection.is_silent = TRUE;
  facts.connection.packet_age_ms = 60000;
  facts.connection.dropped = 100000;
  facts.connection.engine = VGW_CALL_ENGINE_RUNNING;
  facts.bot_quiet_ms = 20000;
  facts.stats.audio.queued_ms = 5000;
  facts.stats.audio.dropped_ms = 1;
  facts.received_loss = facts.sent_loss = 1;
  facts.stats.received.jitter_ms = facts.stats.round_trip_ms = 1e9;
  ck_assert_uint_eq (vgw_admin_diagnose (&facts, findings), VGW_ADMIN_MAX_FINDINGS);
}
END_TEST

START_TEST (every_finding_is_complete_and_its_code_is_unique)
{
  g_autoptr (GHashTable) codes = g_hash_table_new (g_str_hash, g_str_equal);
  const VgwFindingInfo *info;
  guint n = 0;

  for (; (info = vgw_admin_finding_get_info (n)) != NULL; n++)
    {
      ck_assert_msg (info->code != NULL && info->title != NULL && info->cause != NULL, "finding %u", n);
      ck_assert_msg (info->advice != NULL || info->level >= VGW_FINDING_NOTE, "%s: what is to be done?", info->code);
      ck_assert_msg (g_hash_table_add (codes, (char *) info->code), "%s twice", info->code);
    }
  ck_assert_uint_gt (n, 30);
}
END_TEST

/* docs/ADMIN.md has a row `| code | title | cause | advice |` for each. */
START_TEST (the_document_has_every_finding)
{
  g_autofree char *path = g_build_filename (getenv ("VGW_TEST_SOURCE_ROOT"), "docs", "ADMIN.md", NULL);
  g_autofree char *text = NULL;
  const VgwFindingInfo *info;

  ck_assert (g_file_get_contents (path, &text, NULL, NULL));
  for (guint i = 0; (info = vgw_admin_finding_get_info (i)) != NULL; i++)
    {
      g_autofree char *row =
          g_strdup_printf ("| `%s` | %s | %s | %s |\n", info->code, vgw_admin_finding_level_to_string (info->level),
                           info->title, info->advice != NULL ? info->advice : "");

      ck_assert_msg (strstr (text, row) != NULL, "docs/ADMIN.md lacks this row:\n%s", row);
    }
}
END_TEST

START_TEST (findings_as_json)
{
  VgwDiagnosisFacts facts = connecting_call ();
  g_autoptr (JsonArray) array = vgw_admin_diagnosis_to_json (&facts);
  JsonObject *first = json_array_get_object_element (array, 0);

  ck_assert_uint_eq (json_array_get_length (array), 1);
  ck_assert_str_eq (vgw_json_get_string (first, "code"), "no-check");
  ck_assert_str_eq (vgw_json_get_string (first, "level"), "problem");
  ck_assert (json_object_get_null_member (first, "figures"));
  ck_assert_ptr_nonnull (strstr (vgw_json_get_string (first, "advice"), "ice.udp-port"));
}
END_TEST

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-admin-diagnosis");
  TCase *tcase = tcase_create ("diagnosis");

  tcase_add_test (tcase, a_call_in_order_is_good);
  tcase_add_test (tcase, a_call_without_an_offer_waits_for_the_microphone);
  tcase_add_test (tcase, each_missing_step_of_a_connection_is_named);
  tcase_add_test (tcase, a_call_that_never_connected_names_the_missing_step);
  tcase_add_test (tcase, missing_audio_of_the_caller_has_its_cause);
  tcase_add_test (tcase, a_muted_caller_is_no_caller_who_listens);
  tcase_add_test (tcase, the_state_of_the_engine_is_named);
  tcase_add_test (tcase, missing_audio_of_the_bot_has_its_cause);
  tcase_add_test (tcase, a_bad_network_is_a_warning_with_figures);
  tcase_add_test (tcase, problems_come_before_warnings_and_notes);
  tcase_add_test (tcase, there_are_never_more_findings_than_fit);
  tcase_add_test (tcase, every_finding_is_complete_and_its_code_is_unique);
  tcase_add_test (tcase, the_document_has_every_finding);
  tcase_add_test (tcase, findings_as_json);
  suite_add_tcase (suite, tcase);
  return suite;
}
