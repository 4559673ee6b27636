/* The tables alone: bounds and lifetimes that sockets would only show by chance. */
#include "ice/vgw-ice-router.h"

#include <check.h>
#include <string.h>

#include "ice/vgw-ice-candidate.h"
#include "run-suite.h"

#define PASSWORD "password"
#define N_RACE 5000

typedef struct
{
  gint n_packets; /* atomic, as the next */
  gint n_checks;
} Seen;

static VgwIceRouter *router;

static void
on_packet (const guint8 *data, gsize length, gpointer user_data)
{
  g_atomic_int_inc (&((Seen *) user_data)->n_packets);
}

static void
on_checked (gboolean is_nominated, gpointer user_data)
{
  g_atomic_int_inc (&((Seen *) user_data)->n_checks);
}

static const VgwIceRouteFuncs FUNCS = { on_packet, on_checked };

static void
setup (void)
{
  router = vgw_ice_router_new ();
}

static void
teardown (void)
{
  ck_assert_uint_eq (vgw_ice_router_count_routes (router), 0);
  ck_assert_uint_eq (vgw_ice_router_count_paths (router), 0);
  g_clear_pointer (&router, vgw_ice_router_unref);
}

static VgwIceRoute *
make_route (Seen *seen, const char *ufrag)
{
  VgwIceRoute *route = vgw_ice_route_new (router, &FUNCS, seen);

  memset (seen, 0, sizeof *seen);
  ck_assert (vgw_ice_route_set_credentials (route, ufrag, PASSWORD));
  return route;
}

static VgwIcePath
path_from (guint16 remote_port)
{
  VgwIcePath path;

  memset (&path, 0, sizeof path);
  ck_assert (vgw_ice_address_parse (&path.remote, "192.0.2.1"));
  ck_assert (vgw_ice_address_parse (&path.local, "198.51.100.1:10000"));
  path.remote.port = remote_port;
  return path;
}

static gboolean
is_known (guint16 remote_port)
{
  VgwIcePath path = path_from (remote_port);
  g_autoptr (VgwIceRoute) route = vgw_ice_router_find_path (router, &path, 0);

  return route != NULL;
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

      vgw_ice_router_validate (router, route, &path, port == 1, port); /* the first is nominated, and oldest */
    }
  ck_assert_uint_eq (vgw_ice_router_count_paths (router), VGW_ICE_MAX_PATHS);

  VgwIcePath used = path_from (2);
  g_autoptr (VgwIceRoute) found = vgw_ice_router_find_path (router, &used, 100); /* media came over it */
  VgwIcePath new_path = path_from (1000);

  ck_assert_ptr_eq (found, route);
  vgw_ice_router_validate (router, route, &new_path, FALSE, 101);
  ck_assert_uint_eq (vgw_ice_router_count_paths (router), VGW_ICE_MAX_PATHS);
  ck_assert (is_known (1));
  ck_assert (is_known (2));
  ck_assert (!is_known (3));
  ck_assert (is_known (1000));
  ck_assert_uint_eq (current_port (route), 1);

  for (guint i = 0; i < 1000; i++)
    {
      VgwIcePath flood = path_from ((guint16) (2000 + i));

      vgw_ice_router_validate (router, route, &flood, FALSE, 200 + i);
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
  vgw_ice_router_validate (router, route, &a, FALSE, 1);
  ck_assert_uint_eq (current_port (route), 1);
  vgw_ice_router_validate (router, route, &b, FALSE, 2);
  ck_assert_uint_eq (current_port (route), 2);
  vgw_ice_router_validate (router, route, &a, TRUE, 3);
  vgw_ice_router_validate (router, route, &b, FALSE, 4);
  ck_assert_uint_eq (current_port (route), 1);
  vgw_ice_router_validate (router, route, &b, TRUE, 5);
  ck_assert_uint_eq (current_port (route), 2);
  ck_assert_int_eq (vgw_ice_route_get_last_check_us (route), 5);
  ck_assert_int_eq (g_atomic_int_get (&seen.n_checks), 5);
  vgw_ice_route_stop (route);
  vgw_ice_route_unref (route);
}
END_TEST

START_TEST (a_route_that_loses_its_path_falls_back_to_another)
{
  Seen seen, thief_seen;
  VgwIceRoute *route = make_route (&seen, "ours");
  VgwIceRoute *thief = make_route (&thief_seen, "thief");
  VgwIcePath a = path_from (1), b = path_from (2);

  vgw_ice_router_validate (router, route, &a, FALSE, 1);
  vgw_ice_router_validate (router, route, &b, TRUE, 2);
  vgw_ice_router_validate (router, thief, &b, TRUE, 3);
  ck_assert_uint_eq (current_port (route), 1);
  ck_assert_uint_eq (current_port (thief), 2);
  ck_assert_uint_eq (vgw_ice_router_count_paths (router), 2);
  vgw_ice_route_stop (thief);
  vgw_ice_route_stop (route);
  vgw_ice_route_unref (thief);
  vgw_ice_route_unref (route);
}
END_TEST

START_TEST (one_remote_address_on_two_local_ones_is_two_paths)
{
  Seen seen;
  VgwIceRoute *route = make_route (&seen, "ours");
  VgwIcePath a = path_from (1), b = path_from (1), current;

  b.local.ip[3] = 2;
  vgw_ice_router_validate (router, route, &a, TRUE, 1);
  vgw_ice_router_validate (router, route, &b, FALSE, 2);
  ck_assert_uint_eq (vgw_ice_router_count_paths (router), 2);
  ck_assert (vgw_ice_route_get_path (route, &current));
  ck_assert (vgw_ice_path_equal (&current, &a)); /* the reply goes out where the peer nominated */
  vgw_ice_route_stop (route);
  vgw_ice_route_unref (route);
}
END_TEST

START_TEST (a_ufrag_belongs_to_one_route_until_it_stops)
{
  Seen seen;
  VgwIceRoute *first = make_route (&seen, "ours");
  g_autoptr (VgwIceRoute) second = vgw_ice_route_new (router, &FUNCS, &seen);
  char *password = NULL;

  ck_assert (!vgw_ice_route_set_credentials (second, "ours", "other"));
  ck_assert (vgw_ice_route_set_credentials (first, "ours", "changed"));
  ck_assert_uint_eq (vgw_ice_router_count_routes (router), 1);

  g_autoptr (VgwIceRoute) found = vgw_ice_router_find_ufrag (router, "ours:theirs", 4, &password);

  ck_assert_ptr_eq (found, first);
  ck_assert_str_eq (password, "changed");
  g_ref_string_release (password);
  ck_assert_ptr_null (vgw_ice_router_find_ufrag (router, "our\0", 4, &password));
  vgw_ice_route_stop (first);
  ck_assert (vgw_ice_route_set_credentials (second, "ours", "other"));
  vgw_ice_route_stop (second);
  vgw_ice_route_unref (first);
}
END_TEST

START_TEST (credentials_outside_of_the_rules_are_refused)
{
  Seen seen;
  g_autofree char *longest = g_strnfill (256, 'u');
  g_autofree char *too_long = g_strnfill (257, 'u');
  g_autoptr (VgwIceRoute) route = vgw_ice_route_new (router, &FUNCS, &seen);

  ck_assert (!vgw_ice_route_set_credentials (route, "", PASSWORD));
  ck_assert (!vgw_ice_route_set_credentials (route, "ours", ""));
  ck_assert (!vgw_ice_route_set_credentials (route, too_long, PASSWORD));
  ck_assert (vgw_ice_route_set_credentials (route, longest, PASSWORD));
  vgw_ice_route_stop (route);
}
END_TEST

typedef struct
{
  VgwIceRoute *route;
  gint is_stopped; /* atomic */
  gint n_late;     /* atomic: callbacks after the stop returned */
} Race;

static void
count_late (const guint8 *data, gsize length, gpointer user_data)
{
  Race *race = user_data;

  if (g_atomic_int_get (&race->is_stopped))
    g_atomic_int_inc (&race->n_late);
}

static void
count_late_check (gboolean is_nominated, gpointer user_data)
{
  count_late (NULL, 0, user_data);
}

static const VgwIceRouteFuncs RACE_FUNCS = { count_late, count_late_check };

static gpointer
deliver_much (gpointer data)
{
  Race *race = data;

  for (guint i = 0; i < N_RACE; i++)
    {
      VgwIcePath path = path_from ((guint16) (1 + i % 20));

      vgw_ice_route_deliver (race->route, (const guint8 *) "x", 1);
      vgw_ice_router_validate (router, race->route, &path, i % 3 == 0, i);
    }
  return NULL;
}

START_TEST (nothing_is_delivered_once_stop_has_returned)
{
  for (guint i = 0; i < 20; i++)
    {
      Race race = { 0 };
      GThread *thread;

      race.route = vgw_ice_route_new (router, &RACE_FUNCS, &race);
      ck_assert (vgw_ice_route_set_credentials (race.route, "ours", PASSWORD));
      thread = g_thread_new ("deliver", deliver_much, &race);
      while (vgw_ice_route_get_last_check_us (race.route) < 1 + i) /* in the middle of it */
        g_thread_yield ();
      vgw_ice_route_stop (race.route);
      g_atomic_int_set (&race.is_stopped, TRUE);
      g_thread_join (thread);
      ck_assert_int_eq (race.n_late, 0);
      ck_assert_uint_eq (vgw_ice_router_count_paths (router), 0);
      vgw_ice_route_unref (race.route);
    }
}
END_TEST

START_TEST (candidates_have_falling_priorities_and_their_own_foundations)
{
  VgwIceAddress ipv4, ipv6;
  g_autofree char *first = NULL, *second = NULL;

  ck_assert (vgw_ice_address_parse (&ipv6, "[2001:db8::1]:10000"));
  ck_assert (vgw_ice_address_parse (&ipv4, "192.0.2.1:10001"));
  first = vgw_ice_candidate_to_sdp (0, &ipv6);
  second = vgw_ice_candidate_to_sdp (1, &ipv4);
  /* 2^24 * 126 + 2^8 * 65535 + 255, RFC 8445 section 5.1.2.1 */
  ck_assert_str_eq (first, "a=candidate:1 1 UDP 2130706431 2001:db8::1 10000 typ host");
  ck_assert_str_eq (second, "a=candidate:2 1 UDP 2130706175 192.0.2.1 10001 typ host");
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("vgw-ice-router");
  TCase *tcase = tcase_create ("router");

  tcase_set_timeout (tcase, 60);
  tcase_add_checked_fixture (tcase, setup, teardown);
  tcase_add_test (tcase, the_longest_unused_path_goes_but_never_the_one_in_use);
  tcase_add_test (tcase, before_a_nomination_the_newest_check_counts_and_after_it_the_newest_nomination);
  tcase_add_test (tcase, a_route_that_loses_its_path_falls_back_to_another);
  tcase_add_test (tcase, one_remote_address_on_two_local_ones_is_two_paths);
  tcase_add_test (tcase, a_ufrag_belongs_to_one_route_until_it_stops);
  tcase_add_test (tcase, credentials_outside_of_the_rules_are_refused);
  tcase_add_test (tcase, nothing_is_delivered_once_stop_has_returned);
  tcase_add_test (tcase, candidates_have_falling_priorities_and_their_own_foundations);
  suite_add_tcase (suite, tcase);
  return run_suite (suite);
}
