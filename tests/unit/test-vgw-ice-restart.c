/* A route with two pairs of credentials: the tables alone, with the clock of the test. */
#include <check.h>
#include <string.h>

#include "ice-routes.h"
#include "ice/vgw-ice-generations.h"
#include "run-suite.h"

#define CHECK_BYTES 100
#define OLD 0
#define NEW 1

#define S(seconds) ((gint64) (seconds) *G_USEC_PER_SEC)

static VgwIceRoute *route;
static Seen seen;

static void
set_up (void)
{
  g_log_set_always_fatal (G_LOG_FATAL_MASK | G_LOG_LEVEL_CRITICAL);
  router_set_up ();
  route = vgw_ice_route_new (router, &route_funcs, &seen);
  ck_assert (!vgw_ice_route_restart (route, "early", "early-pwd", "early", "early-pwd")); /* before the first ones */
  ck_assert (vgw_ice_route_set_credentials (route, "old", "old-pwd"));
  vgw_ice_route_set_remote_credentials (route, "their-old", "their-old-pwd");
}

static void
tear_down (void)
{
  vgw_ice_route_stop (route);
  g_clear_pointer (&route, vgw_ice_route_unref);
  router_tear_down ();
}

/* The generation of @ufrag, -1 where it is not found. */
static int
find (const char *ufrag, const char *expected_password)
{
  char *password = NULL;
  guint generation;
  g_autoptr (VgwIceRoute) found = vgw_ice_router_find_ufrag (router, ufrag, strlen (ufrag), &password, &generation);

  if (found == NULL)
    return -1;
  ck_assert_ptr_eq (found, route);
  ck_assert_str_eq (password, expected_password);
  g_ref_string_release (password);
  return (int) generation;
}

/* A check of @generation from @port, the peer's half of its USERNAME as in @username; the own check that follows has to have
 * @username and @password, and is answered. */
static void
check_from (guint16 port, guint generation, gboolean is_nominated, const char *username, const char *password,
            gint64 now_us)
{
  VgwIcePath path = path_from (port);
  VgwIceCheck checks[VGW_ICE_MAX_PATHS];
  g_autofree char *peer_ufrag = g_strndup (username, strcspn (username, ":"));
  gboolean has_asked = FALSE;
  guint n;

  vgw_ice_router_validate (router, route, &path, generation, is_nominated, CHECK_BYTES, now_us);
  vgw_ice_route_note_peer (route, &path, peer_ufrag);
  n = vgw_ice_route_take_due (route, now_us, checks, G_N_ELEMENTS (checks));
  for (guint i = 0; i < n; i++)
    {
      if (checks[i].path.remote.port == port)
        {
          char *expected = vgw_ice_router_find_transaction (router, checks[i].id, &path);

          has_asked = TRUE;
          ck_assert_str_eq (checks[i].username, username);
          ck_assert_str_eq (checks[i].password, password);
          ck_assert_str_eq (expected, password);
          g_ref_string_release (expected);
          vgw_ice_router_prove (router, checks[i].id, &path, now_us);
        }
      vgw_ice_check_clear (&checks[i]);
    }
  ck_assert (has_asked);
}

static guint16
current_port (void)
{
  VgwIcePath path;

  return vgw_ice_route_get_path (route, &path) ? path.remote.port : 0;
}

static guint64
count_restarts (void)
{
  VgwIceRouterCounts counts;

  vgw_ice_router_get_counts (router, &counts);
  return counts.restarts;
}

static void
restart (void)
{
  check_from (10, OLD, TRUE, "their-old:old", "their-old-pwd", S (1));
  ck_assert (vgw_ice_route_restart (route, "new", "new-pwd", "their-new", "their-new-pwd"));
}

START_TEST (both_pairs_are_good_until_media_goes_over_a_path_with_the_new_one)
{
  restart ();
  ck_assert_int_eq (find ("old", "old-pwd"), OLD);
  ck_assert_int_eq (find ("new", "new-pwd"), NEW);
  check_from (10, OLD, TRUE, "their-old:old", "their-old-pwd", S (4));
  check_from (20, NEW, FALSE, "their-new:new", "their-new-pwd", S (4));
  ck_assert_uint_eq (current_port (), 10); /* it works, and nothing is nominated anew */
  ck_assert_int_eq (find ("old", "old-pwd"), OLD);
  ck_assert_uint_eq (count_restarts (), 0);
  check_from (20, NEW, TRUE, "their-new:new", "their-new-pwd", S (8));
  ck_assert_uint_eq (current_port (), 20);
  ck_assert_int_eq (find ("old", "old-pwd"), -1);
  ck_assert_int_eq (find ("new", "new-pwd"), NEW);
  ck_assert_uint_eq (count_restarts (), 1);
}
END_TEST

START_TEST (an_address_can_stay_the_same)
{
  VgwIceCheck check;
  VgwIcePath path = path_from (10);

  restart ();
  ck_assert_uint_eq (vgw_ice_route_take_due (route, S (4), &check, 1), 1); /* of the old pair: the answer comes late */
  check_from (10, NEW, FALSE, "their-new:new", "their-new-pwd", S (4));
  ck_assert_ptr_null (vgw_ice_router_find_transaction (router, check.id, &path));
  ck_assert_uint_eq (current_port (), 10);
  ck_assert_int_eq (find ("old", "old-pwd"), -1);
  ck_assert_uint_eq (count_restarts (), 1);
  vgw_ice_check_clear (&check);
}
END_TEST

/* Chromium, from its new port: with its new credentials and our old ones, before our answer is there and for good. */
START_TEST (a_peer_that_keeps_our_old_credentials_is_checked_with_its_new_ones)
{
  VgwIceCheck checks[VGW_ICE_MAX_PATHS];
  VgwIcePath path = path_from (20);
  guint n;

  check_from (10, OLD, TRUE, "their-old:old", "their-old-pwd", S (1));
  vgw_ice_router_validate (router, route, &path, OLD, TRUE, CHECK_BYTES, S (1) + 1);
  vgw_ice_route_note_peer (route, &path, "their-new"); /* the offer is still on its way */
  n = vgw_ice_route_take_due (route, S (1) + 1, checks, G_N_ELEMENTS (checks));
  ck_assert_uint_eq (n, 1);
  ck_assert_str_eq (checks[0].username, "their-old:old"); /* which the peer refuses there */
  vgw_ice_check_clear (&checks[0]);

  ck_assert (vgw_ice_route_restart (route, "new", "new-pwd", "their-new", "their-new-pwd"));
  check_from (20, OLD, TRUE, "their-new:old", "their-new-pwd", S (3));
  ck_assert_uint_eq (current_port (), 20);
  ck_assert_uint_eq (count_restarts (), 1);
  ck_assert_int_eq (find ("old", "old-pwd"), OLD); /* the peer goes on with them */
  check_from (20, OLD, TRUE, "their-new:old", "their-new-pwd", S (6));
  ck_assert_uint_eq (count_restarts (), 1);
}
END_TEST

START_TEST (a_second_restart_comes_beside_an_unfinished_one)
{
  restart ();
  check_from (20, NEW, FALSE, "their-new:new", "their-new-pwd", S (1));
  ck_assert (vgw_ice_route_restart (route, "newer", "newer-pwd", "their-newer", "their-newer-pwd"));
  ck_assert_int_eq (find ("new", "new-pwd"), NEW); /* the peer may use it until it has the answer */
  ck_assert_int_eq (find ("old", "old-pwd"), OLD);
  ck_assert_int_eq (find ("newer", "newer-pwd"), NEW + 1);
  check_from (20, NEW + 1, TRUE, "their-newer:newer", "their-newer-pwd", S (2));
  ck_assert_uint_eq (current_port (), 20);
  ck_assert_int_eq (find ("old", "old-pwd"), -1);
  ck_assert_int_eq (find ("new", "new-pwd"), -1);
  ck_assert_uint_eq (vgw_ice_router_count_routes (router), 1);
  ck_assert_uint_eq (count_restarts (), 1);
}
END_TEST

/* Chromium that has gone on with its new credentials and our old ones, and restarts again. */
START_TEST (another_restart_leaves_the_path_in_use_its_consent)
{
  restart ();
  check_from (20, OLD, TRUE, "their-new:old", "their-new-pwd", S (2));
  ck_assert_uint_eq (current_port (), 20);
  for (guint i = 0; i < 2 * VGW_ICE_MAX_GENERATIONS; i++)
    {
      g_autofree char *ufrag = g_strdup_printf ("ours-%u", i);
      g_autofree char *theirs = g_strdup_printf ("theirs-%u", i);

      ck_assert (vgw_ice_route_restart (route, ufrag, "pwd", theirs, "their-pwd"));
      ck_assert_int_eq (find (ufrag, "pwd"), (int) i + 2);
      ck_assert_uint_le (vgw_ice_router_count_routes (router), VGW_ICE_MAX_GENERATIONS);
      check_from (20, OLD, TRUE, "their-new:old", "their-new-pwd", S (5 + 3 * i));
      ck_assert_int_eq (vgw_ice_route_get_silent_since_us (route), 0);
    }
  ck_assert_uint_eq (count_restarts (), 1);
}
END_TEST

/* Before the second answer arrives, its newest credentials go with ours of the first. */
START_TEST (the_second_restart_may_be_checked_with_the_answer_to_the_first)
{
  VgwIcePath path = path_from (30);

  restart ();
  check_from (20, OLD, TRUE, "their-new:old", "their-new-pwd", S (2));
  vgw_ice_router_validate (router, route, &path, NEW, TRUE, CHECK_BYTES, S (3)); /* the offer is on its way */
  ck_assert (vgw_ice_route_restart (route, "newer", "newer-pwd", "their-newer", "their-newer-pwd"));
  check_from (30, NEW, TRUE, "their-newer:new", "their-newer-pwd", S (4));
  ck_assert_uint_eq (current_port (), 30);
  ck_assert_int_eq (find ("old", "old-pwd"), -1);
  ck_assert_int_eq (find ("new", "new-pwd"), NEW);
  ck_assert_uint_eq (count_restarts (), 2);
}
END_TEST

START_TEST (the_old_address_is_left_when_it_is_dead_without_a_nomination)
{
  restart ();
  for (guint i = 2; i < 8; i++)
    check_from (20, NEW, FALSE, "their-new:new", "their-new-pwd", S (i * 3));
  ck_assert_uint_eq (current_port (), 20);
  ck_assert_uint_eq (count_restarts (), 1);
}
END_TEST

/* With no packet of the peer: the table of all routes is being walked then. */
START_TEST (a_restart_ends_at_a_tick)
{
  VgwIceRoute *others[4];
  VgwIceCheck checks[VGW_ICE_MAX_PATHS];
  VgwIcePath path = path_from (20);

  for (guint i = 0; i < G_N_ELEMENTS (others); i++)
    {
      g_autofree char *ufrag = g_strdup_printf ("other-%u", i);

      others[i] = vgw_ice_route_new (router, &route_funcs, &seen);
      ck_assert (vgw_ice_route_set_credentials (others[i], ufrag, "other-pwd"));
    }
  restart ();
  check_from (20, NEW, FALSE, "their-new:new", "their-new-pwd", S (2));
  ck_assert_uint_eq (current_port (), 10);
  for (gint64 now_us = S (2); now_us < S (8); now_us += G_USEC_PER_SEC / 10)
    {
      guint n = vgw_ice_router_take_due (router, now_us, checks, G_N_ELEMENTS (checks));

      for (guint i = 0; i < n; i++)
        {
          if (checks[i].path.remote.port == 20)
            vgw_ice_router_prove (router, checks[i].id, &path, now_us);
          vgw_ice_check_clear (&checks[i]);
        }
    }
  ck_assert_uint_eq (current_port (), 20);
  ck_assert_uint_eq (count_restarts (), 1);
  ck_assert_int_eq (find ("old", "old-pwd"), -1);
  for (guint i = 0; i < G_N_ELEMENTS (others); i++)
    {
      vgw_ice_route_stop (others[i]);
      vgw_ice_route_unref (others[i]);
    }
}
END_TEST

START_TEST (the_ufrag_of_another_route_is_not_taken)
{
  g_autoptr (VgwIceRoute) other = vgw_ice_route_new (router, &route_funcs, &seen);

  ck_assert (vgw_ice_route_set_credentials (other, "other", "other-pwd"));
  ck_assert (!vgw_ice_route_restart (route, "other", "new-pwd", "their-new", "their-new-pwd"));
  ck_assert (!vgw_ice_route_restart (route, "old", "new-pwd", "their-new", "their-new-pwd"));
  ck_assert_int_eq (find ("old", "old-pwd"), OLD);
  vgw_ice_route_stop (other);
}
END_TEST

START_TEST (a_stopped_route_has_no_credentials)
{
  restart ();
  vgw_ice_route_stop (route);
  ck_assert_int_eq (find ("old", "old-pwd"), -1);
  ck_assert_int_eq (find ("new", "new-pwd"), -1);
  ck_assert (!vgw_ice_route_restart (route, "newer", "newer-pwd", "their-newer", "their-newer-pwd"));
}
END_TEST

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-ice-restart");
  TCase *tcase = tcase_create ("restart");

  tcase_add_checked_fixture (tcase, set_up, tear_down);
  tcase_add_test (tcase, both_pairs_are_good_until_media_goes_over_a_path_with_the_new_one);
  tcase_add_test (tcase, an_address_can_stay_the_same);
  tcase_add_test (tcase, a_peer_that_keeps_our_old_credentials_is_checked_with_its_new_ones);
  tcase_add_test (tcase, a_second_restart_comes_beside_an_unfinished_one);
  tcase_add_test (tcase, another_restart_leaves_the_path_in_use_its_consent);
  tcase_add_test (tcase, the_second_restart_may_be_checked_with_the_answer_to_the_first);
  tcase_add_test (tcase, the_old_address_is_left_when_it_is_dead_without_a_nomination);
  tcase_add_test (tcase, a_restart_ends_at_a_tick);
  tcase_add_test (tcase, the_ufrag_of_another_route_is_not_taken);
  tcase_add_test (tcase, a_stopped_route_has_no_credentials);
  suite_add_tcase (suite, tcase);
  return suite;
}
