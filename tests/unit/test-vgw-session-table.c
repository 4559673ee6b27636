#include "session/vgw-session-table.h"

#include "session-table-test.h"

#include <stdlib.h>

#include "base/vgw-log.h"
#include "run-suite.h"

#define MAX_SESSIONS 5
#define MAX_PER_ADDRESS 2
#define N_CYCLES 1000

static VgwSessionTable *table;

static void
set_up (void)
{
  set_up_context ();
  test_context.limits.max_sessions = MAX_SESSIONS;
  test_context.limits.max_sessions_per_address = MAX_PER_ADDRESS;
  table = vgw_session_table_new (&test_context);
}

static void
tear_down (void)
{
  g_clear_object (&table);
  tear_down_context ();
}

START_TEST (all_sessions_together_are_bounded)
{
  VgwSession *last = NULL;

  for (int i = 0; i < MAX_SESSIONS; i++)
    {
      g_autofree char *address = g_strdup_printf ("192.0.2.%d", i);

      last = open_session (table, address);
    }
  assert_busy (table, "192.0.2.99");
  ck_assert_uint_eq (vgw_session_table_count (table), MAX_SESSIONS);

  end_session (last, VGW_END_CLIENT_BYE);
  ck_assert_uint_eq (vgw_session_table_count (table), MAX_SESSIONS - 1);
  open_session (table, "192.0.2.99");
  assert_busy (table, "192.0.2.100");
}
END_TEST

/* Until a proxy on this machine can tell whom it brings. */
START_TEST (this_machine_is_not_bounded_as_one_caller)
{
  static const char *const local[] = { "127.0.0.1", "::1" };

  for (int i = 0; i < MAX_SESSIONS; i++)
    open_session (table, local[_i]);
  assert_busy (table, local[_i]); /* all sessions together */
}
END_TEST

START_TEST (an_ipv6_network_is_one_caller)
{
  VgwSession *first = open_session (table, "2001:db8:1:2::1");

  open_session (table, "2001:db8:1:2:ffff::2");
  assert_busy (table, "2001:db8:1:2::3");
  open_session (table, "2001:db8:1:3::1");
  end_session (first, VGW_END_CLIENT_BYE);
  open_session (table, "2001:db8:1:2::3");
}
END_TEST

static const char *const addresses[] = { "192.0.2.1", "2001:db8::1", NULL };

START_TEST (the_sessions_of_one_address_are_bounded)
{
  VgwSession *first = open_session (table, addresses[_i]);

  open_session (table, addresses[_i]);
  assert_busy (table, addresses[_i]);
  open_session (table, "192.0.2.200");

  end_session (first, VGW_END_CLIENT_BYE);
  open_session (table, addresses[_i]);
  assert_busy (table, addresses[_i]);
}
END_TEST

START_TEST (zero_means_no_bound)
{
  test_context.limits.max_sessions = 0;
  test_context.limits.max_sessions_per_address = 0;
  for (int i = 0; i < 10 * MAX_SESSIONS; i++)
    open_session (table, "192.0.2.1");
  ck_assert_uint_eq (vgw_session_table_count (table), 10 * MAX_SESSIONS);
}
END_TEST

START_TEST (a_refused_session_takes_no_place)
{
  open_session (table, "192.0.2.1");
  open_session (table, "192.0.2.1");
  for (int i = 0; i < 10 * MAX_SESSIONS; i++)
    assert_busy (table, "192.0.2.1");
  for (int i = 2; i < MAX_SESSIONS; i++)
    {
      g_autofree char *address = g_strdup_printf ("192.0.2.%d", i);

      open_session (table, address);
    }
  ck_assert_uint_eq (books->n_registered, MAX_SESSIONS);
}
END_TEST

START_TEST (whoever_made_a_session_may_use_it_until_the_loop_comes_round)
{
  VgwSession *session = open_session (table, "192.0.2.1");
  VgwSession *watched = session;

  g_object_add_weak_pointer (G_OBJECT (session), (gpointer *) &watched);
  vgw_session_end (session, VGW_END_CLIENT_BYE);
  ck_assert_int_eq (vgw_session_get_phase (session), VGW_PHASE_ENDED);
  ck_assert_ptr_nonnull (watched);
  WAIT_UNTIL (watched == NULL);
}
END_TEST

START_TEST (shutdown_ends_every_session_and_refuses_new_ones)
{
  Client *one = client_watch (open_session (table, "192.0.2.1"));
  Client *two = client_watch (open_session (table, "192.0.2.2"));

  vgw_session_table_shutdown (table);
  ck_assert_uint_eq (vgw_session_table_count (table), 0);
  assert_ended (one, VGW_END_SHUTDOWN);
  assert_ended (two, VGW_END_SHUTDOWN);
  assert_busy (table, "192.0.2.3");
  vgw_session_table_shutdown (table);
  ck_assert_uint_eq (books->n_deregistered, 2);
  client_free (one);
  client_free (two);
}
END_TEST

/* As the session itself would be, but for its rate. */
START_TEST (a_session_that_is_announced_is_checked)
{
  g_autoptr (VgwGrant) grant = make_grant ("192.0.2.1", "echo");
  g_autoptr (GError) error = NULL;
  VgwSessionStats stats;
  VgwRefusal refusal;

  test_context.limits.max_new_sessions_per_minute = MAX_PER_ADDRESS;
  for (int i = 0; i < MAX_PER_ADDRESS; i++)
    ck_assert (vgw_session_table_check (table, grant, &refusal, &error));
  ck_assert (!vgw_session_table_check (table, grant, &refusal, &error));
  ck_assert (g_error_matches (error, VGW_ERROR, VGW_ERROR_BUSY));
  ck_assert_int_eq (refusal, VGW_REFUSAL_RATE);
  for (int i = 0; i < MAX_PER_ADDRESS; i++)
    open_session (table, "192.0.2.1");
  ck_assert (!vgw_session_table_check (table, grant, &refusal, NULL));
  ck_assert_int_eq (refusal, VGW_REFUSAL_MAX_SESSIONS_PER_ADDRESS);
  vgw_session_table_drain (table);
  ck_assert (!vgw_session_table_check (table, grant, &refusal, NULL));
  ck_assert_int_eq (refusal, VGW_REFUSAL_SHUTDOWN);
  vgw_session_table_get_stats (table, &stats);
  ck_assert_uint_eq (stats.refused[VGW_REFUSAL_RATE], 1);
  ck_assert_uint_eq (stats.started, MAX_PER_ADDRESS);
}
END_TEST

static void
end_the_other (VgwSession *session, VgwEndReason reason, gpointer user_data)
{
  vgw_session_end (user_data, VGW_END_ERROR);
}

START_TEST (a_session_that_takes_another_along_is_no_trouble_for_shutdown)
{
  VgwSession *one = open_session (table, "192.0.2.1");
  VgwSession *two = open_session (table, "192.0.2.2");

  g_signal_connect (one, "ended", G_CALLBACK (end_the_other), two);
  g_signal_connect (two, "ended", G_CALLBACK (end_the_other), one);
  vgw_session_table_shutdown (table);
  ck_assert_uint_eq (vgw_session_table_count (table), 0);
  ck_assert_uint_eq (books->n_deregistered, 2);
}
END_TEST

START_TEST (a_table_that_is_dropped_ends_its_sessions)
{
  Client *client = client_watch (open_session (table, "192.0.2.1"));
  VgwSession *ended = open_session (table, "192.0.2.2");

  vgw_session_end (ended, VGW_END_CLIENT_BYE); /* waits for a main loop that does not come */
  g_clear_object (&table);
  assert_ended (client, VGW_END_SHUTDOWN);
  client_free (client);
}
END_TEST

START_TEST (a_thousand_sessions_leave_the_table_empty)
{
  for (int i = 0; i < N_CYCLES; i++)
    {
      g_autofree char *address = g_strdup_printf ("198.51.100.%d", i % 256);

      end_session (open_session (table, address), (VgwEndReason) (i % (VGW_END_ERROR + 1)));
      ck_assert_uint_eq (vgw_session_table_count (table), 0);
    }
  settle ();
  for (int i = 0; i < MAX_PER_ADDRESS; i++)
    open_session (table, "198.51.100.1");
  assert_busy (table, "198.51.100.1");
  ck_assert_uint_eq (books->n_deregistered, N_CYCLES);
}
END_TEST

/* --- resume --- */

static void
set_up_resume (void)
{
  set_up ();
  test_context.resume_tokens = vgw_resume_tokens_new (NULL);
  test_context.session.resume_grace_ms = 20000;
}

static void
tear_down_resume (void)
{
  g_clear_object (&table);
  g_clear_pointer (&test_context.resume_tokens, vgw_resume_tokens_free);
  tear_down ();
}

/* A session of @identity (nullable), started, whose client has its resume token. */
static Client *
call_as (const char *identity)
{
  g_autoptr (VgwGrant) grant = make_grant ("192.0.2.1", "echo");
  VgwRefusal refusal;
  Client *client;

  grant->identity = g_strdup (identity);
  client = client_watch (vgw_session_table_create (table, grant, &refusal, NULL));
  vgw_session_start (client->session);
  client_flush (client);
  ck_assert_ptr_nonnull (client_last (client)->resume_token);
  return client;
}

static const char *resuming_door; /* (nullable) */

static VgwSession *
resume_as (const char *identity, const char *token, GError **error)
{
  g_autoptr (VgwGrant) grant = make_grant ("198.51.100.1", "echo");

  grant->identity = g_strdup (identity);
  grant->door = resuming_door;
  return vgw_session_table_resume (table, token, grant, error);
}

static void
assert_gone (const char *identity, const char *token, guint n_refused)
{
  g_autoptr (GError) error = NULL;
  VgwSessionStats stats;

  ck_assert_ptr_null (resume_as (identity, token, &error));
  ck_assert (g_error_matches (error, VGW_ERROR, VGW_ERROR_GONE));
  vgw_session_table_get_stats (table, &stats);
  ck_assert_uint_eq (stats.refused[VGW_REFUSAL_RESUME], n_refused);
}

static void
count_replaced (VgwSession *session, guint *n_replaced)
{
  ++*n_replaced;
}

START_TEST (a_token_resumes_its_session_once_and_replaces_the_door)
{
  Client *client = call_as (NULL);
  g_autofree char *first = g_strdup (client_last (client)->resume_token);
  guint n_replaced = 0;
  VgwSessionStats stats;

  g_signal_connect (client->session, "replaced", G_CALLBACK (count_replaced), &n_replaced);
  ck_assert_ptr_eq (resume_as (NULL, first, NULL), client->session);
  ck_assert_uint_eq (n_replaced, 1);
  vgw_session_attach (client->session, 1);
  client_flush (client);
  ck_assert_int_eq (client_last (client)->type, VGW_MESSAGE_SESSION);
  ck_assert (client_last (client)->is_resumed);
  ck_assert_str_ne (client_last (client)->resume_token, first);
  vgw_session_confirm (client->session);
  assert_gone (NULL, first, 1);
  ck_assert_int_eq (vgw_session_get_phase (client->session), VGW_PHASE_NEW);
  vgw_session_table_get_stats (table, &stats);
  ck_assert_uint_eq (stats.resumed, 1);
  ck_assert_uint_eq (stats.started, 1);
  client_free (client);
}
END_TEST

START_TEST (a_client_that_missed_its_new_token_returns_with_the_old_one)
{
  Client *client = call_as (NULL);
  g_autofree char *first = g_strdup (client_last (client)->resume_token);
  g_autofree char *lost = NULL;

  ck_assert_ptr_eq (resume_as (NULL, first, NULL), client->session);
  vgw_session_attach (client->session, 1);
  client_flush (client);
  lost = g_strdup (client_last (client)->resume_token);
  ck_assert_ptr_eq (resume_as (NULL, first, NULL), client->session);
  vgw_session_attach (client->session, 1);
  client_flush (client);
  assert_gone (NULL, lost, 1);
  vgw_session_confirm (client->session);
  assert_gone (NULL, first, 2);
  ck_assert_ptr_eq (resume_as (NULL, client_last (client)->resume_token, NULL), client->session);
  vgw_session_attach (client->session, 1);
  client_free (client);
}
END_TEST

START_TEST (a_token_that_is_not_the_clients_is_refused_and_stays_good)
{
  static const char *const others[] = { "bob", NULL };
  Client *client = call_as ("alice");
  g_autofree char *token = g_strdup (client_last (client)->resume_token);
  guint n_replaced = 0;

  g_signal_connect (client->session, "replaced", G_CALLBACK (count_replaced), &n_replaced);
  assert_gone (others[_i], token, 1);
  ck_assert_uint_eq (n_replaced, 0);
  ck_assert_ptr_eq (resume_as ("alice", token, NULL), client->session);
  vgw_session_attach (client->session, -1);
  client_free (client);
}
END_TEST

START_TEST (tokens_that_nobody_has_are_refused)
{
  Client *client = call_as (NULL);
  g_autofree char *token = g_strdup (client_last (client)->resume_token);

  assert_gone (NULL, "", 1);
  assert_gone (NULL, "AAAAAAAAAAAAAAAAAAAAAA", 2);
  vgw_session_end (client->session, VGW_END_CLIENT_BYE);
  assert_gone (NULL, token, 3);
  client_free (client);
}
END_TEST

START_TEST (a_client_that_is_lost_before_it_connects_ends_the_session)
{
  Client *client = call_as (NULL);

  vgw_session_detach (client->session);
  client_flush (client);
  ck_assert_uint_eq (client->n_ended, 1);
  ck_assert_str_eq (client->reason, "websocket-closed");
  client_free (client);
}
END_TEST

/* Each door keeps other things of its sessions. */
START_TEST (a_token_is_good_for_its_door_only)
{
  Client *client = call_as (NULL);
  g_autofree char *token = g_strdup (client_last (client)->resume_token);

  resuming_door = "another";
  assert_gone (NULL, token, 1);
  resuming_door = NULL;
  ck_assert_ptr_eq (resume_as (NULL, token, NULL), client->session);
  vgw_session_attach (client->session, -1);
  client_free (client);
}
END_TEST

static TCase *
resume_tcase (void)
{
  TCase *tcase = tcase_create ("resume");

  tcase_add_checked_fixture (tcase, set_up_resume, tear_down_resume);
  tcase_add_test (tcase, a_token_resumes_its_session_once_and_replaces_the_door);
  tcase_add_test (tcase, a_client_that_missed_its_new_token_returns_with_the_old_one);
  tcase_add_loop_test (tcase, a_token_that_is_not_the_clients_is_refused_and_stays_good, 0, 2);
  tcase_add_test (tcase, tokens_that_nobody_has_are_refused);
  tcase_add_test (tcase, a_token_is_good_for_its_door_only);
  tcase_add_test (tcase, a_client_that_is_lost_before_it_connects_ends_the_session);
  return tcase;
}

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-session-table");
  TCase *tcase = tcase_create ("table");

  vgw_log_init (VGW_LOG_TEXT, G_LOG_LEVEL_CRITICAL);
  tcase_add_checked_fixture (tcase, set_up, tear_down);
  tcase_set_timeout (tcase, 60);
  tcase_add_test (tcase, all_sessions_together_are_bounded);
  tcase_add_loop_test (tcase, the_sessions_of_one_address_are_bounded, 0, G_N_ELEMENTS (addresses));
  tcase_add_loop_test (tcase, this_machine_is_not_bounded_as_one_caller, 0, 2);
  tcase_add_test (tcase, an_ipv6_network_is_one_caller);
  tcase_add_test (tcase, zero_means_no_bound);
  tcase_add_test (tcase, a_refused_session_takes_no_place);
  tcase_add_test (tcase, whoever_made_a_session_may_use_it_until_the_loop_comes_round);
  tcase_add_test (tcase, shutdown_ends_every_session_and_refuses_new_ones);
  tcase_add_test (tcase, a_session_that_is_announced_is_checked);
  tcase_add_test (tcase, a_session_that_takes_another_along_is_no_trouble_for_shutdown);
  tcase_add_test (tcase, a_table_that_is_dropped_ends_its_sessions);
  tcase_add_test (tcase, a_thousand_sessions_leave_the_table_empty);
  suite_add_tcase (suite, tcase);

  suite_add_tcase (suite, resume_tcase ());
  return suite;
}
