/* One route: its credentials, its end, and the candidates that lead to it. */
#include <check.h>

#include "ice/vgw-ice-candidate.h"
#include "ice-routes.h"
#include "run-suite.h"

#define N_RACE 5000

START_TEST (a_ufrag_belongs_to_one_route_until_it_stops)
{
  Seen seen;
  VgwIceRoute *first = make_route (&seen, "ours");
  g_autoptr (VgwIceRoute) second = vgw_ice_route_new (router, &route_funcs, &seen);
  char *password = NULL;
  guint generation;

  ck_assert (!vgw_ice_route_set_credentials (second, "ours", "other"));
  ck_assert (vgw_ice_route_set_credentials (first, "ours", "changed"));
  ck_assert_uint_eq (vgw_ice_router_count_routes (router), 1);

  g_autoptr (VgwIceRoute) found = vgw_ice_router_find_ufrag (router, "ours:theirs", 4, &password, &generation);

  ck_assert_ptr_eq (found, first);
  ck_assert_str_eq (password, "changed");
  g_ref_string_release (password);
  ck_assert_ptr_null (vgw_ice_router_find_ufrag (router, "our\0", 4, &password, &generation));
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
  g_autoptr (VgwIceRoute) route = vgw_ice_route_new (router, &route_funcs, &seen);

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
      vgw_ice_router_validate (router, race->route, &path, 0, i % 3 == 0, 100, i);
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
  first = vgw_ice_candidate_to_text (0, &ipv6);
  second = vgw_ice_candidate_to_text (1, &ipv4);
  /* 2^24 * 126 + 2^8 * 65535 + 255, RFC 8445 section 5.1.2.1 */
  ck_assert_str_eq (first, "candidate:1 1 UDP 2130706431 2001:db8::1 10000 typ host");
  ck_assert_str_eq (second, "candidate:2 1 UDP 2130706175 192.0.2.1 10001 typ host");
}
END_TEST

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-ice-route");
  TCase *tcase = tcase_create ("route");

  tcase_set_timeout (tcase, 60);
  tcase_add_checked_fixture (tcase, router_set_up, router_tear_down);
  tcase_add_test (tcase, a_ufrag_belongs_to_one_route_until_it_stops);
  tcase_add_test (tcase, credentials_outside_of_the_rules_are_refused);
  tcase_add_test (tcase, nothing_is_delivered_once_stop_has_returned);
  tcase_add_test (tcase, candidates_have_falling_priorities_and_their_own_foundations);
  suite_add_tcase (suite, tcase);
  return suite;
}
