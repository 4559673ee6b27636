/* The tables alone: bounds and lifetimes that sockets would only show by chance. */
#include "ice/vgw-ice-router.h"

#include <check.h>
#include <string.h>

#include "ice-routes.h"
#include "run-suite.h"

#define CHECK_BYTES 100
#define SPOOFED_PORT 1000 /* from here on nobody is there */

#define S(seconds) ((gint64) (seconds) *G_USEC_PER_SEC)

static gboolean
is_known (guint16 remote_port)
{
  VgwIcePath path = path_from (remote_port);
  g_autoptr (VgwIceRoute) route = vgw_ice_router_find_path (router, &path, 0);

  return route != NULL;
}

static gboolean
is_routed_to (VgwIceRoute *expected, guint16 remote_port)
{
  VgwIcePath path = path_from (remote_port);
  g_autoptr (VgwIceRoute) route = vgw_ice_router_find_path (router, &path, 0);

  return route == expected;
}

static guint16
current_port (VgwIceRoute *route)
{
  VgwIcePath path;

  return vgw_ice_route_get_path (route, &path) ? path.remote.port : 0;
}

START_TEST (the_longest_unused_path_goes_but_never_the_one_in_use)
{
  Seen seen;
  VgwIceRoute *route = make_route (&seen, "ours");

  for (guint16 port = 1; port <= VGW_ICE_MAX_PATHS; port++)
    {
      VgwIcePath path = path_from (port);

      vgw_ice_router_validate (router, route, &path, 0, port == 1, 100, port); /* the first is nominated, and oldest */
    }
  ck_assert_uint_eq (vgw_ice_router_count_paths (router), VGW_ICE_MAX_PATHS);

  VgwIcePath used = path_from (2);
  g_autoptr (VgwIceRoute) found = vgw_ice_router_find_path (router, &used, 100); /* media came over it */
  VgwIcePath new_path = path_from (1000);

  ck_assert_ptr_eq (found, route);
  vgw_ice_router_validate (router, route, &new_path, 0, FALSE, 100, 101);
  ck_assert_uint_eq (vgw_ice_router_count_paths (router), VGW_ICE_MAX_PATHS);
  ck_assert (is_known (1));
  ck_assert (is_known (2));
  ck_assert (!is_known (3));
  ck_assert (is_known (1000));
  ck_assert_uint_eq (current_port (route), 1);

  for (guint i = 0; i < 1000; i++)
    {
      VgwIcePath flood = path_from ((guint16) (2000 + i));

      vgw_ice_router_validate (router, route, &flood, 0, FALSE, 100, 200 + i);
    }
  ck_assert_uint_eq (vgw_ice_router_count_paths (router), VGW_ICE_MAX_PATHS);
  ck_assert_uint_eq (current_port (route), 1);
  ck_assert (is_known (1));
  vgw_ice_route_stop (route);
  vgw_ice_route_unref (route);
}
END_TEST

START_TEST (before_a_nomination_the_newest_check_counts_and_after_it_the_newest_nomination)
{
  Seen seen;
  VgwIceRoute *route = make_route (&seen, "ours");
  VgwIcePath a = path_from (1), b = path_from (2);

  ck_assert_uint_eq (current_port (route), 0);
  vgw_ice_router_validate (router, route, &a, 0, FALSE, 100, 1);
  ck_assert_uint_eq (current_port (route), 1);
  vgw_ice_router_validate (router, route, &b, 0, FALSE, 100, 2);
  ck_assert_uint_eq (current_port (route), 2);
  vgw_ice_router_validate (router, route, &a, 0, TRUE, 100, 3);
  vgw_ice_router_validate (router, route, &b, 0, FALSE, 100, 4);
  ck_assert_uint_eq (current_port (route), 1);
  vgw_ice_router_validate (router, route, &b, 0, TRUE, 100, 5);
  ck_assert_uint_eq (current_port (route), 2);
  ck_assert_int_eq (vgw_ice_route_get_last_check_us (route), 5);
  ck_assert_int_eq (g_atomic_int_get (&seen.n_checks), 5);
  vgw_ice_route_stop (route);
  vgw_ice_route_unref (route);
}
END_TEST

/* Asks for the own checks that are due at @now_us, and answers all but those to @mute_port and to spoofed addresses.
 * Returns how many were due. */
static guint
answer_checks (VgwIceRoute *route, guint16 mute_port, gint64 now_us)
{
  VgwIceCheck checks[VGW_ICE_MAX_PATHS];
  guint n = vgw_ice_route_take_due (route, now_us, checks, VGW_ICE_MAX_PATHS);

  for (guint i = 0; i < n; i++)
    {
      if (checks[i].path.remote.port != mute_port && checks[i].path.remote.port < SPOOFED_PORT)
        vgw_ice_router_prove (router, checks[i].id, &checks[i].path, now_us);
      vgw_ice_check_clear (&checks[i]);
    }
  return n;
}

/* A check from @remote_port at @now_us; the own check that it causes is answered, or not. */
static void
check_from (VgwIceRoute *route, guint16 remote_port, gboolean is_nominated, gboolean is_answering, gint64 now_us)
{
  VgwIcePath path = path_from (remote_port);

  vgw_ice_router_validate (router, route, &path, 0, is_nominated, CHECK_BYTES, now_us);
  answer_checks (route, is_answering ? 0 : remote_port, now_us);
}

static gboolean
may_send (VgwIceRoute *route)
{
  VgwIcePath path;

  return vgw_ice_route_take_path (route, 200, &path);
}

static VgwIceRouterCounts
get_counts (void)
{
  VgwIceRouterCounts counts;

  vgw_ice_router_get_counts (router, &counts);
  return counts;
}

static void
drop (VgwIceRoute *route)
{
  vgw_ice_route_stop (route);
  vgw_ice_route_unref (route);
}

START_TEST (a_path_goes_to_the_route_that_proves_it_and_the_loser_falls_back)
{
  Seen seen, other_seen;
  VgwIceRoute *route = make_route (&seen, "ours");
  VgwIceRoute *other = make_route (&other_seen, "other");

  check_from (route, 10, FALSE, TRUE, S (1));
  check_from (route, 20, TRUE, TRUE, S (1));
  ck_assert_uint_eq (current_port (route), 20);
  check_from (other, 20, TRUE, TRUE, S (2)); /* the address has gone to another client, which answers there */
  ck_assert_uint_eq (current_port (route), 10);
  ck_assert_uint_eq (current_port (other), 20);
  ck_assert_uint_eq (vgw_ice_router_count_paths (router), 2);
  drop (other);
  drop (route);
}
END_TEST

START_TEST (spoofed_checks_take_no_path_away)
{
  Seen seen, thief_seen;
  VgwIceRoute *route = make_route (&seen, "ours");
  VgwIceRoute *thief = make_route (&thief_seen, "thief");

  check_from (route, 10, TRUE, TRUE, S (1));
  check_from (thief, 30, TRUE, TRUE, S (1));
  for (guint i = 1; i <= 1000; i++) /* ten a second; the victim checks each 5 s, and answers */
    {
      check_from (thief, 10, TRUE, FALSE, S (1) + (gint64) i * 100 * G_TIME_SPAN_MILLISECOND);
      answer_checks (thief, 10, S (1) + (gint64) i * 100 * G_TIME_SPAN_MILLISECOND);
      answer_checks (route, 0, S (1) + (gint64) i * 100 * G_TIME_SPAN_MILLISECOND);
      ck_assert (is_routed_to (route, 10));
      ck_assert (may_send (route));
      ck_assert_uint_eq (current_port (thief), 30);
    }
  ck_assert_uint_eq (get_counts ().foreign, 1000);
  ck_assert_uint_eq (get_counts ().moved, 0);
  ck_assert_uint_eq (get_counts ().consents_lost, 0);
  drop (thief);
  drop (route);
}
END_TEST

/* The victim of a reservation is whoever comes later to an address that somebody else has named already. */
START_TEST (an_address_that_was_spoofed_beforehand_goes_to_who_proves_it)
{
  Seen seen, thief_seen;
  VgwIceRoute *route = make_route (&seen, "ours");
  VgwIceRoute *thief = make_route (&thief_seen, "thief");

  check_from (thief, 10, TRUE, FALSE, S (1));
  ck_assert (is_routed_to (thief, 10));
  check_from (route, 10, TRUE, TRUE, S (2));
  ck_assert (is_routed_to (route, 10));
  ck_assert_uint_eq (current_port (route), 10);
  ck_assert_uint_eq (current_port (thief), 0);
  drop (thief);
  drop (route);
}
END_TEST

START_TEST (an_address_of_a_session_that_has_fallen_silent_is_free)
{
  Seen seen, next_seen;
  VgwIceRoute *route = make_route (&seen, "ours");
  VgwIceRoute *next = make_route (&next_seen, "next");

  check_from (route, 10, TRUE, TRUE, S (1));
  check_from (next, 10, TRUE, FALSE, S (5)); /* 4 s later it still is the first one's */
  ck_assert (is_routed_to (route, 10));
  check_from (next, 10, TRUE, FALSE, S (7));
  ck_assert (is_routed_to (next, 10));
  drop (next);
  drop (route);
}
END_TEST

START_TEST (nothing_goes_to_a_new_address_before_it_has_answered)
{
  Seen seen;
  VgwIceRoute *route = make_route (&seen, "ours");

  check_from (route, 10, TRUE, TRUE, S (1));
  for (guint i = 0; i < 100; i++) /* nominated, and from ever new addresses, which push nothing out that is proved */
    check_from (route, (guint16) (SPOOFED_PORT + i), TRUE, FALSE, S (1) + i * 1000);
  ck_assert_uint_eq (current_port (route), 10);
  ck_assert (is_routed_to (route, 10));
  ck_assert_uint_le (vgw_ice_router_count_paths (router), VGW_ICE_MAX_PATHS);
  check_from (route, 20, TRUE, TRUE, S (2)); /* this one answers: at once */
  ck_assert_uint_eq (current_port (route), 20);
  ck_assert_uint_eq (get_counts ().moved, 1);
  drop (route);
}
END_TEST

/* An own check's answer counts where the check went, once, and for nobody else. */
START_TEST (an_answer_from_elsewhere_or_again_proves_nothing)
{
  Seen seen;
  VgwIceRoute *route = make_route (&seen, "ours");
  VgwIcePath path = path_from (10), elsewhere = path_from (SPOOFED_PORT);
  guint8 unknown[VGW_ICE_TRANSACTION_BYTES] = { 1, 2, 3 };
  VgwIceCheck check;

  vgw_ice_router_validate (router, route, &path, 0, TRUE, CHECK_BYTES, S (1));
  vgw_ice_router_validate (router, route, &elsewhere, 0, FALSE, CHECK_BYTES, S (1));
  ck_assert_uint_eq (vgw_ice_route_take_due (route, S (1), &check, 1), 1);
  ck_assert_str_eq (check.username, "theirs:ours");
  ck_assert_str_eq (check.password, REMOTE_PASSWORD);
  ck_assert_ptr_null (vgw_ice_router_find_transaction (router, check.id, &elsewhere));
  ck_assert_ptr_null (vgw_ice_router_find_transaction (router, unknown, &path));
  vgw_ice_router_prove (router, check.id, &elsewhere, S (1));
  vgw_ice_router_prove (router, unknown, &path, S (1));
  ck_assert_int_eq (vgw_ice_route_get_silent_since_us (route), 0);

  vgw_ice_router_prove (router, check.id, &path, S (1));
  vgw_ice_router_prove (router, check.id, &path, S (60)); /* a replay does not keep it alive */
  vgw_ice_check_clear (&check);
  answer_checks (route, 10, S (60));
  ck_assert (!may_send (route));
  drop (route);
}
END_TEST

START_TEST (a_rebound_peer_that_does_not_nominate_again_is_followed_once_the_old_address_is_dead)
{
  Seen seen;
  VgwIceRoute *route = make_route (&seen, "ours");

  check_from (route, 10, TRUE, TRUE, S (1));
  check_from (route, 10, FALSE, TRUE, S (2)); /* as Firefox and aiortc go on */
  check_from (route, 20, FALSE, TRUE, S (3));
  ck_assert (is_routed_to (route, 20)); /* it is heard at once */
  ck_assert_uint_eq (current_port (route), 10);
  for (guint i = 0; i < 40; i++)
    answer_checks (route, 10, S (3) + i * 100 * G_TIME_SPAN_MILLISECOND);
  ck_assert_uint_eq (current_port (route), 20);
  ck_assert (may_send (route));
  ck_assert_uint_eq (get_counts ().consents_lost, 0);

  check_from (route, 10, FALSE, TRUE, S (8)); /* and back again */
  for (guint i = 0; i < 40; i++)
    answer_checks (route, 20, S (8) + i * 100 * G_TIME_SPAN_MILLISECOND);
  ck_assert_uint_eq (current_port (route), 10);
  ck_assert_uint_eq (get_counts ().moved, 2);
  drop (route);
}
END_TEST

/* A phone that goes from one network to another, and does not nominate: audio is back within a second of the first check,
 * and a lost packet alone changes nothing. */
START_TEST (an_address_that_the_peer_has_left_is_given_up_within_a_second)
{
  Seen seen;
  VgwIceRoute *route = make_route (&seen, "ours");
  VgwIcePath path = path_from (20);

  check_from (route, 10, TRUE, TRUE, S (1));
  vgw_ice_router_validate (router, route, &path, 0, FALSE, CHECK_BYTES, S (2));
  for (guint i = 0; i < 8; i++)
    {
      answer_checks (route, 10, S (2) + i * 100 * G_TIME_SPAN_MILLISECOND);
      ck_assert_uint_eq (current_port (route), 10);
    }
  answer_checks (route, 10, S (2) + 9 * 100 * G_TIME_SPAN_MILLISECOND);
  ck_assert_uint_eq (current_port (route), 20);
  ck_assert_uint_eq (get_counts ().moved, 1);
  ck_assert_uint_eq (get_counts ().consents_lost, 0);
  drop (route);
}
END_TEST

START_TEST (two_addresses_that_are_alive_do_not_flap)
{
  Seen seen;
  VgwIceRoute *route = make_route (&seen, "ours");

  check_from (route, 10, TRUE, TRUE, S (1));
  for (guint i = 0; i < 100; i++) /* all checks nominate: RFC 5245's aggressive way */
    {
      check_from (route, 10, TRUE, TRUE, S (1 + i));
      check_from (route, 20, TRUE, TRUE, S (1 + i) + 1);
      answer_checks (route, 0, S (1 + i) + 2);
    }
  ck_assert_uint_eq (get_counts ().moved, 1); /* to the one that was nominated last */
  ck_assert_uint_eq (current_port (route), 20);
  for (guint i = 0; i < 100; i++) /* neither does */
    {
      check_from (route, i % 2 == 0 ? 10 : 20, FALSE, TRUE, S (101 + i));
      answer_checks (route, 0, S (101 + i) + 1);
    }
  ck_assert_uint_eq (get_counts ().moved, 1);
  check_from (route, 10, TRUE, TRUE, S (202)); /* a new nomination is followed at once */
  ck_assert_uint_eq (current_port (route), 10);
  drop (route);
}
END_TEST

START_TEST (without_answers_sending_stops_within_five_seconds_and_begins_again_with_them)
{
  Seen seen;
  VgwIceRoute *route = make_route (&seen, "ours");
  guint n_checks = 0;

  check_from (route, 10, TRUE, TRUE, S (1));
  for (guint i = 0; i < 50; i++)
    {
      ck_assert (may_send (route));
      check_from (route, 10, TRUE, FALSE, S (1) + i * 100 * G_TIME_SPAN_MILLISECOND); /* whoever sends this */
    }
  answer_checks (route, 10, S (6));
  ck_assert (!may_send (route));
  ck_assert_int_eq (vgw_ice_route_get_silent_since_us (route), S (6));
  ck_assert_uint_eq (get_counts ().consents_lost, 1);
  for (guint i = 0; i < 200; i++)
    n_checks += answer_checks (route, 10, S (7) + i * 100 * G_TIME_SPAN_MILLISECOND);
  ck_assert_uint_ge (n_checks, 9); /* 20 s, each 2 s */
  ck_assert_uint_le (n_checks, 12);
  answer_checks (route, 0, S (30));
  ck_assert (may_send (route));
  ck_assert_int_eq (vgw_ice_route_get_silent_since_us (route), 0);
  drop (route);
}
END_TEST

START_TEST (own_checks_keep_an_answering_peer_that_never_checks_again)
{
  Seen seen;
  VgwIceRoute *route = make_route (&seen, "ours");
  guint n_checks = 0;

  check_from (route, 10, TRUE, TRUE, S (1));
  for (guint i = 0; i < 600; i++)
    {
      n_checks += answer_checks (route, 0, S (1) + i * 100 * G_TIME_SPAN_MILLISECOND);
      ck_assert (may_send (route));
    }
  ck_assert_uint_ge (n_checks, 24); /* 60 s, each 1.6 to 2.4 s and up to 0.1 s */
  ck_assert_uint_le (n_checks, 38);
  drop (route);
}
END_TEST

/* The price of a spoofed check for who has the address: two checks, and no more of them than came in. */
START_TEST (own_checks_to_an_address_without_proof_are_bounded)
{
  Seen seen;
  VgwIceRoute *route = make_route (&seen, "ours");
  VgwIcePath path = path_from (10);
  guint n_checks = 0;

  vgw_ice_router_validate (router, route, &path, 0, TRUE, CHECK_BYTES, S (1));
  for (guint i = 0; i < 600; i++)
    n_checks += answer_checks (route, 10, S (1) + i * 100 * G_TIME_SPAN_MILLISECOND);
  ck_assert_uint_eq (n_checks, 2);
  for (guint i = 0; i < 600; i++) /* ten a second for a minute */
    {
      vgw_ice_router_validate (router, route, &path, 0, TRUE, CHECK_BYTES, S (100) + i * 100 * G_TIME_SPAN_MILLISECOND);
      n_checks += answer_checks (route, 10, S (100) + i * 100 * G_TIME_SPAN_MILLISECOND);
    }
  ck_assert_uint_le (n_checks, 2 + 35);
  drop (route);
}
END_TEST

START_TEST (without_a_proof_no_more_is_sent_than_a_handshake_needs)
{
  Seen seen;
  VgwIceRoute *route = make_route (&seen, "ours");
  guint n_packets = 0;

  check_from (route, 10, TRUE, FALSE, S (1));
  while (may_send (route) && n_packets < 1000)
    n_packets++;
  ck_assert_uint_ge (n_packets, 20); /* of 200 bytes */
  ck_assert_uint_le (n_packets, 22);
  check_from (route, 10, TRUE, FALSE, S (2)); /* 100 bytes pay for 300 */
  ck_assert (may_send (route));
  for (n_packets = 1; may_send (route) && n_packets < 1000;)
    n_packets++;
  ck_assert_uint_le (n_packets, 2);
  drop (route);
}
END_TEST

static void
leave_checks (VgwIceRoute *route, gint64 now_us)
{
  VgwIceCheck checks[VGW_ICE_MAX_PATHS];
  guint n = vgw_ice_route_take_due (route, now_us, checks, VGW_ICE_MAX_PATHS);

  while (n > 0)
    vgw_ice_check_clear (&checks[--n]);
}

static void
check_unanswered (VgwIceRoute *route, guint16 remote_port, gint64 now_us)
{
  VgwIcePath path = path_from (remote_port);

  vgw_ice_router_validate (router, route, &path, 0, TRUE, CHECK_BYTES, now_us);
  leave_checks (route, now_us);
}

START_TEST (a_peer_that_answers_no_checks_is_proved_by_its_handshake_where_that_took_place)
{
  Seen seen;
  VgwIceRoute *route = make_route (&seen, "ours");
  VgwIcePath path = path_from (10);

  check_unanswered (route, 10, S (1));
  vgw_ice_route_note_handshake (route, &path, 200, S (1));
  check_unanswered (route, 20, S (2)); /* just before the end of the handshake */
  ck_assert_uint_eq (current_port (route), 10);
  vgw_ice_route_confirm_handshake (route, S (2));
  for (guint i = 0; i < 1000; i++)
    ck_assert (may_send (route));
  check_unanswered (route, 20, S (3));
  ck_assert_uint_eq (current_port (route), 10);

  check_unanswered (route, 10, S (20)); /* for such peers it is their checks that count, for 30 s */
  leave_checks (route, S (49));
  ck_assert (may_send (route));
  leave_checks (route, S (51));
  ck_assert (!may_send (route));
  drop (route);
}
END_TEST

START_TEST (one_remote_address_on_two_local_ones_is_two_paths)
{
  Seen seen;
  VgwIceRoute *route = make_route (&seen, "ours");
  VgwIcePath a = path_from (1), b = path_from (1), current;

  b.local.ip[3] = 2;
  vgw_ice_router_validate (router, route, &a, 0, TRUE, 100, 1);
  vgw_ice_router_validate (router, route, &b, 0, FALSE, 100, 2);
  ck_assert_uint_eq (vgw_ice_router_count_paths (router), 2);
  ck_assert (vgw_ice_route_get_path (route, &current));
  ck_assert (vgw_ice_path_equal (&current, &a)); /* the reply goes out where the peer nominated */
  vgw_ice_route_stop (route);
  vgw_ice_route_unref (route);
}
END_TEST

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-ice-router");
  TCase *tcase = tcase_create ("router");

  tcase_set_timeout (tcase, 60);
  tcase_add_checked_fixture (tcase, router_set_up, router_tear_down);
  tcase_add_test (tcase, the_longest_unused_path_goes_but_never_the_one_in_use);
  tcase_add_test (tcase, before_a_nomination_the_newest_check_counts_and_after_it_the_newest_nomination);
  tcase_add_test (tcase, a_path_goes_to_the_route_that_proves_it_and_the_loser_falls_back);
  tcase_add_test (tcase, spoofed_checks_take_no_path_away);
  tcase_add_test (tcase, an_address_that_was_spoofed_beforehand_goes_to_who_proves_it);
  tcase_add_test (tcase, an_address_of_a_session_that_has_fallen_silent_is_free);
  tcase_add_test (tcase, nothing_goes_to_a_new_address_before_it_has_answered);
  tcase_add_test (tcase, an_answer_from_elsewhere_or_again_proves_nothing);
  tcase_add_test (tcase, a_rebound_peer_that_does_not_nominate_again_is_followed_once_the_old_address_is_dead);
  tcase_add_test (tcase, an_address_that_the_peer_has_left_is_given_up_within_a_second);
  tcase_add_test (tcase, two_addresses_that_are_alive_do_not_flap);
  tcase_add_test (tcase, without_answers_sending_stops_within_five_seconds_and_begins_again_with_them);
  tcase_add_test (tcase, own_checks_keep_an_answering_peer_that_never_checks_again);
  tcase_add_test (tcase, own_checks_to_an_address_without_proof_are_bounded);
  tcase_add_test (tcase, without_a_proof_no_more_is_sent_than_a_handshake_needs);
  tcase_add_test (tcase, a_peer_that_answers_no_checks_is_proved_by_its_handshake_where_that_took_place);
  tcase_add_test (tcase, one_remote_address_on_two_local_ones_is_two_paths);
  suite_add_tcase (suite, tcase);
  return suite;
}
