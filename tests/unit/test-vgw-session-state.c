#include "session/vgw-session-state.h"

#include <check.h>
#include <stdlib.h>

#include "run-suite.h"

#define N_STATES (VGW_SESSION_ENDED + 1)
#define N_EVENTS (VGW_INPUT_STOPPED + 1)
#define N_REASONS (VGW_END_ERROR + 1)
#define NOTHING -1

/* Every pair, so that a line added to or lost from the table is seen. Columns in the order of VgwSessionInput: offer,
 * answered, rejected, connected, end, stopped. */
static const int expected[N_STATES][N_EVENTS] = {
  [VGW_SESSION_NEW] = { VGW_SESSION_NEGOTIATING, NOTHING, NOTHING, NOTHING, VGW_SESSION_ENDING, NOTHING },
  [VGW_SESSION_NEGOTIATING] = { NOTHING, VGW_SESSION_CONNECTING, VGW_SESSION_NEW, NOTHING, VGW_SESSION_ENDING,
                                NOTHING },
  [VGW_SESSION_CONNECTING] = { NOTHING, NOTHING, NOTHING, VGW_SESSION_ACTIVE, VGW_SESSION_ENDING, NOTHING },
  [VGW_SESSION_ACTIVE] = { NOTHING, NOTHING, NOTHING, NOTHING, VGW_SESSION_ENDING, NOTHING },
  [VGW_SESSION_ENDING] = { NOTHING, NOTHING, NOTHING, NOTHING, NOTHING, VGW_SESSION_ENDED },
  [VGW_SESSION_ENDED] = { NOTHING, NOTHING, NOTHING, NOTHING, NOTHING, NOTHING },
};

START_TEST (every_pair_of_state_and_event_leads_where_it_should)
{
  VgwSessionState state = _i / N_EVENTS;
  VgwSessionInput event = _i % N_EVENTS;
  VgwSessionState next = (VgwSessionState) NOTHING;
  gboolean found = vgw_session_state_next (state, event, &next);

  ck_assert_msg (found == (expected[state][event] != NOTHING), "%s + %s", vgw_session_state_to_string (state),
                 vgw_session_input_to_string (event));
  ck_assert_int_eq ((int) next, expected[state][event]);
}
END_TEST

START_TEST (every_state_but_ended_has_a_way_out)
{
  guint n_ways = 0;

  for (int event = 0; event < N_EVENTS; event++)
    {
      VgwSessionState next;

      n_ways += vgw_session_state_next ((VgwSessionState) _i, (VgwSessionInput) event, &next);
    }
  if (_i == VGW_SESSION_ENDED)
    ck_assert_uint_eq (n_ways, 0);
  else
    ck_assert_uint_gt (n_ways, 0);
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
event_name (int value)
{
  return vgw_session_input_to_string ((VgwSessionInput) value);
}

static const char *
reason_name (int value)
{
  return vgw_end_reason_to_string ((VgwEndReason) value);
}

START_TEST (every_name_is_its_own)
{
  assert_names_differ (state_name, N_STATES);
  assert_names_differ (event_name, N_EVENTS);
  assert_names_differ (reason_name, N_REASONS);
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

int
main (void)
{
  Suite *suite = suite_create ("vgw-session-state");
  TCase *tcase = tcase_create ("table");

  tcase_add_loop_test (tcase, every_pair_of_state_and_event_leads_where_it_should, 0, N_STATES * N_EVENTS);
  tcase_add_loop_test (tcase, every_state_but_ended_has_a_way_out, 0, N_STATES);
  tcase_add_test (tcase, every_name_is_its_own);
  tcase_add_test (tcase, the_reasons_are_those_of_the_protocol);
  suite_add_tcase (suite, tcase);

  return run_suite (suite);
}
