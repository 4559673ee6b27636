#include "session/vgw-session-state.h"

#include <check.h>
#include <stdlib.h>

#include "run-suite.h"

#define N_STATES (VGW_SESSION_ENDED + 1)
#define N_INPUTS (VGW_INPUT_STOPPED + 1)
#define N_LEG_STATES (VGW_LEG_CLOSED + 1)
#define N_LEG_INPUTS (VGW_LEG_INPUT_CLOSE + 1)
#define N_PHASES (VGW_PHASE_ENDED + 1)
#define N_REASONS (VGW_END_ERROR + 1)
#define NOTHING -1

/* Every pair, so that a line added to or lost from a table is seen. Columns in the order of VgwSessionInput: connected,
 * lost, end, stopped. */
static const int expected[N_STATES][N_INPUTS] = {
  [VGW_SESSION_NEW] = { VGW_SESSION_ACTIVE, NOTHING, VGW_SESSION_ENDING, NOTHING },
  [VGW_SESSION_ACTIVE] = { VGW_SESSION_ACTIVE, VGW_SESSION_RECOVERING, VGW_SESSION_ENDING, NOTHING },
  [VGW_SESSION_RECOVERING] = { VGW_SESSION_ACTIVE, NOTHING, VGW_SESSION_ENDING, NOTHING },
  [VGW_SESSION_ENDING] = { NOTHING, NOTHING, NOTHING, VGW_SESSION_ENDED },
  [VGW_SESSION_ENDED] = { NOTHING, NOTHING, NOTHING, NOTHING },
};

/* Columns in the order of VgwLegInput: offer, answered, rejected, connected, close. */
static const int expected_of_leg[N_LEG_STATES][N_LEG_INPUTS] = {
  [VGW_LEG_NEW] = { VGW_LEG_NEGOTIATING, NOTHING, NOTHING, NOTHING, VGW_LEG_CLOSED },
  [VGW_LEG_NEGOTIATING] = { NOTHING, VGW_LEG_CONNECTING, VGW_LEG_NEW, NOTHING, VGW_LEG_CLOSED },
  [VGW_LEG_CONNECTING] = { NOTHING, NOTHING, NOTHING, VGW_LEG_CONNECTED, VGW_LEG_CLOSED },
  [VGW_LEG_CONNECTED] = { NOTHING, NOTHING, NOTHING, NOTHING, VGW_LEG_CLOSED },
  [VGW_LEG_CLOSED] = { NOTHING, NOTHING, NOTHING, NOTHING, NOTHING },
};

START_TEST (every_pair_of_state_and_input_leads_where_it_should)
{
  VgwSessionState state = _i / N_INPUTS;
  VgwSessionInput input = _i % N_INPUTS;
  VgwSessionState next = (VgwSessionState) NOTHING;
  gboolean found = vgw_session_state_next (state, input, &next);

  ck_assert_msg (found == (expected[state][input] != NOTHING), "%s + %s", vgw_session_state_to_string (state),
                 vgw_session_input_to_string (input));
  ck_assert_int_eq ((int) next, expected[state][input]);
}
END_TEST

START_TEST (every_pair_of_a_legs_state_and_input_leads_where_it_should)
{
  VgwLegState state = _i / N_LEG_INPUTS;
  VgwLegInput input = _i % N_LEG_INPUTS;
  VgwLegState next = (VgwLegState) NOTHING;
  gboolean found = vgw_leg_state_next (state, input, &next);

  ck_assert_msg (found == (expected_of_leg[state][input] != NOTHING), "%s + %s", vgw_leg_state_to_string (state),
                 vgw_leg_input_to_string (input));
  ck_assert_int_eq ((int) next, expected_of_leg[state][input]);
}
END_TEST

START_TEST (every_state_but_ended_has_a_way_out)
{
  guint n_ways = 0;

  for (int input = 0; input < N_INPUTS; input++)
    {
      VgwSessionState next;

      n_ways += vgw_session_state_next ((VgwSessionState) _i, (VgwSessionInput) input, &next);
    }
  if (_i == VGW_SESSION_ENDED)
    ck_assert_uint_eq (n_ways, 0);
  else
    ck_assert_uint_gt (n_ways, 0);
}
END_TEST

START_TEST (the_phase_is_the_sessions_state_and_while_it_is_new_the_legs)
{
  static const VgwSessionPhase phases_of_leg[N_LEG_STATES] = {
    [VGW_LEG_NEW] = VGW_PHASE_NEW,
    [VGW_LEG_NEGOTIATING] = VGW_PHASE_NEGOTIATING,
    [VGW_LEG_CONNECTING] = VGW_PHASE_CONNECTING,
    [VGW_LEG_CONNECTED] = VGW_PHASE_CONNECTING,
    [VGW_LEG_CLOSED] = VGW_PHASE_NEW,
  };
  VgwLegState leg = (VgwLegState) _i;

  ck_assert_int_eq (vgw_session_phase_of (VGW_SESSION_NEW, leg, TRUE), phases_of_leg[leg]);
  ck_assert_int_eq (vgw_session_phase_of (VGW_SESSION_ACTIVE, leg, TRUE), VGW_PHASE_ACTIVE);
  ck_assert_int_eq (vgw_session_phase_of (VGW_SESSION_ACTIVE, leg, FALSE), VGW_PHASE_DETACHED);
  for (int is_attached = 0; is_attached <= 1; is_attached++)
    {
      ck_assert_int_eq (vgw_session_phase_of (VGW_SESSION_RECOVERING, leg, is_attached), VGW_PHASE_RECOVERING);
      ck_assert_int_eq (vgw_session_phase_of (VGW_SESSION_ENDING, leg, is_attached), VGW_PHASE_ENDING);
      ck_assert_int_eq (vgw_session_phase_of (VGW_SESSION_ENDED, leg, is_attached), VGW_PHASE_ENDED);
    }
}
END_TEST

static void
assert_names_differ (const char *(*name) (int value), int n_values)
{
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);

  for (int i = 0; i < n_values; i++)
    {
      ck_assert_str_ne (name (i), "?");
      ck_assert (g_hash_table_add (seen, (gpointer) name (i)));
    }
}

static const char *
state_name (int value)
{
  return vgw_session_state_to_string ((VgwSessionState) value);
}

static const char *
input_name (int value)
{
  return vgw_session_input_to_string ((VgwSessionInput) value);
}

static const char *
phase_name (int value)
{
  return vgw_session_phase_to_string ((VgwSessionPhase) value);
}

static const char *
leg_state_name (int value)
{
  return vgw_leg_state_to_string ((VgwLegState) value);
}

static const char *
leg_input_name (int value)
{
  return vgw_leg_input_to_string ((VgwLegInput) value);
}

static const char *
reason_name (int value)
{
  return vgw_end_reason_to_string ((VgwEndReason) value);
}

START_TEST (every_name_is_its_own)
{
  assert_names_differ (state_name, N_STATES);
  assert_names_differ (input_name, N_INPUTS);
  assert_names_differ (phase_name, N_PHASES);
  assert_names_differ (leg_state_name, N_LEG_STATES);
  assert_names_differ (leg_input_name, N_LEG_INPUTS);
  assert_names_differ (reason_name, N_REASONS);
}
END_TEST

/* Of /sessions, the metrics and the session manager. */
START_TEST (the_phases_are_those_that_operators_know)
{
  ck_assert_str_eq (phase_name (VGW_PHASE_NEW), "new");
  ck_assert_str_eq (phase_name (VGW_PHASE_NEGOTIATING), "negotiating");
  ck_assert_str_eq (phase_name (VGW_PHASE_CONNECTING), "connecting");
  ck_assert_str_eq (phase_name (VGW_PHASE_ACTIVE), "active");
  ck_assert_str_eq (phase_name (VGW_PHASE_ENDING), "ending");
  ck_assert_str_eq (phase_name (VGW_PHASE_ENDED), "ended");
}
END_TEST

START_TEST (the_reasons_are_those_of_the_protocol)
{
  ck_assert_str_eq (reason_name (VGW_END_CLIENT_BYE), "client-bye");
  ck_assert_str_eq (reason_name (VGW_END_WEBSOCKET_CLOSED), "websocket-closed");
  ck_assert_str_eq (reason_name (VGW_END_OFFER_TIMEOUT), "offer-timeout");
  ck_assert_str_eq (reason_name (VGW_END_CONNECT_TIMEOUT), "connect-timeout");
  ck_assert_str_eq (reason_name (VGW_END_MEDIA_TIMEOUT), "media-timeout");
  ck_assert_str_eq (reason_name (VGW_END_MAX_DURATION), "max-duration");
  ck_assert_str_eq (reason_name (VGW_END_FINGERPRINT_MISMATCH), "fingerprint-mismatch");
  ck_assert_str_eq (reason_name (VGW_END_FLOOD), "flood");
  ck_assert_str_eq (reason_name (VGW_END_ENGINE), "engine");
  ck_assert_str_eq (reason_name (VGW_END_SHUTDOWN), "shutdown");
  ck_assert_str_eq (reason_name (VGW_END_ERROR), "error");
}
END_TEST

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-session-state");
  TCase *tcase = tcase_create ("table");

  tcase_add_loop_test (tcase, every_pair_of_state_and_input_leads_where_it_should, 0, N_STATES * N_INPUTS);
  tcase_add_loop_test (tcase, every_pair_of_a_legs_state_and_input_leads_where_it_should, 0,
                       N_LEG_STATES * N_LEG_INPUTS);
  tcase_add_loop_test (tcase, the_phase_is_the_sessions_state_and_while_it_is_new_the_legs, 0, N_LEG_STATES);
  tcase_add_test (tcase, the_phases_are_those_that_operators_know);
  tcase_add_loop_test (tcase, every_state_but_ended_has_a_way_out, 0, N_STATES);
  tcase_add_test (tcase, every_name_is_its_own);
  tcase_add_test (tcase, the_reasons_are_those_of_the_protocol);
  suite_add_tcase (suite, tcase);

  return suite;
}
