/* The wait for a missing packet, alone and in vgwjitterbuffer. */
#include <check.h>

#include "elements/vgw-elements.h"
#include "elements/vgw-reorder-window.h"
#include "jitter-rig.h"
#include "run-suite.h"

#define MS GST_MSECOND
#define FRAME (20 * MS)
#define LATENCY (40 * MS)

START_TEST (the_first_seconds_wait_as_long_as_allowed)
{
  VgwReorderWindow window = { 0 };

  vgw_reorder_window_restart (&window, 1000 * MS);
  ck_assert_uint_eq (vgw_reorder_window_get (&window, 1000 * MS, LATENCY), LATENCY);
  ck_assert_uint_eq (vgw_reorder_window_get (&window, 2999 * MS, LATENCY), LATENCY);
  ck_assert_uint_eq (vgw_reorder_window_get (&window, 3000 * MS, LATENCY), 0);
  vgw_reorder_window_restart (&window, 4000 * MS); /* another SSRC on the same path */
  ck_assert_uint_eq (vgw_reorder_window_get (&window, 4000 * MS, LATENCY), 0);
}
END_TEST

START_TEST (a_delay_is_kept_for_30_to_60_s)
{
  VgwReorderWindow window = { 0 };

  vgw_reorder_window_restart (&window, 0);
  vgw_reorder_window_learn (&window, 9990 * MS, 10000 * MS, LATENCY);
  vgw_reorder_window_learn (&window, 9996 * MS, 10000 * MS, LATENCY);
  ck_assert_uint_eq (vgw_reorder_window_get (&window, 10000 * MS, LATENCY), 15 * MS);
  ck_assert_uint_eq (vgw_reorder_window_get (&window, 40000 * MS, LATENCY), 15 * MS);
  ck_assert_uint_eq (vgw_reorder_window_get (&window, 70000 * MS, LATENCY), 0);
}
END_TEST

START_TEST (a_long_pause_forgets_both_periods)
{
  VgwReorderWindow window = { 0 };

  vgw_reorder_window_restart (&window, 0);
  vgw_reorder_window_learn (&window, 9990 * MS, 10000 * MS, LATENCY);
  ck_assert_uint_eq (vgw_reorder_window_get (&window, 600000 * MS, LATENCY), 0);
}
END_TEST

START_TEST (what_waiting_would_not_have_helped_is_not_learned)
{
  VgwReorderWindow window = { 0 };

  vgw_reorder_window_restart (&window, 0);
  vgw_reorder_window_learn (&window, 9959 * MS, 10000 * MS, LATENCY);
  ck_assert_uint_eq (vgw_reorder_window_get (&window, 10000 * MS, LATENCY), 0);
  vgw_reorder_window_learn (&window, 9965 * MS, 10000 * MS, LATENCY);
  ck_assert_uint_eq (vgw_reorder_window_get (&window, 10000 * MS, LATENCY), LATENCY);
}
END_TEST

START_TEST (late_packets_are_known_by_their_gap)
{
  VgwReorderWindow window = { 0 };

  vgw_reorder_window_restart (&window, 0);
  for (guint64 i = 0; i < 20; i++)
    vgw_reorder_window_give_up (&window, 100 + 10 * i, 102 + 10 * i, (5000 + i) * MS);
  vgw_reorder_window_learn_late (&window, 102, 5030 * MS, LATENCY); /* was received */
  vgw_reorder_window_learn_late (&window, 101, 5030 * MS, LATENCY); /* too long ago to be kept */
  ck_assert_uint_eq (vgw_reorder_window_get (&window, 5030 * MS, LATENCY), 0);
  vgw_reorder_window_learn_late (&window, 291, 5025 * MS, LATENCY); /* of the last gap, at 5019 ms */
  ck_assert_uint_eq (vgw_reorder_window_get (&window, 5030 * MS, LATENCY), 9 * MS);
}
END_TEST

/* --- the jitter buffer -------------------------------------------------------------------------------------------- */

static GstHarness *harness;

static void
setup (void)
{
  harness = jitter_rig_new ((guint) (LATENCY / MS));
}

static void
teardown (void)
{
  gst_harness_teardown (harness);
}

/* Packet @seqnum arrives @delay after its time. Returns: how many packets came out */
static guint
push (guint seqnum, GstClockTime delay)
{
  guint before = gst_harness_buffers_received (harness);

  jitter_rig_push (harness, seqnum, seqnum * 960, JITTER_RIG_PAYLOAD_TYPE, 4, seqnum * FRAME + delay);
  return gst_harness_buffers_received (harness) - before;
}

static void
push_in_order (guint first, guint end)
{
  for (guint i = first; i < end; i++)
    ck_assert_uint_eq (push (i, 0), 1);
}

START_TEST (a_loss_delays_nothing_on_a_path_that_never_reorders)
{
  push_in_order (0, 200);
  for (guint i = 200; i < 400; i += 20) /* 5 % */
    push_in_order (i + 1, i + 20);
  ck_assert_uint_eq (jitter_rig_get_stat (harness, "num-lost"), 10);
}
END_TEST

START_TEST (a_path_that_reordered_is_waited_for)
{
  push_in_order (0, 200);
  ck_assert_uint_eq (push (201, 0), 1);
  ck_assert_uint_eq (push (200, 30 * MS), 0); /* 10 ms after 201, and given up */
  ck_assert_uint_eq (jitter_rig_get_stat (harness, "num-late"), 1);

  push_in_order (202, 300);
  ck_assert_uint_eq (push (301, 0), 0);
  ck_assert_uint_eq (push (300, 30 * MS), 2);
  ck_assert_uint_eq (push (302, 0), 1);
  ck_assert_uint_eq (jitter_rig_get_stat (harness, "num-lost"), 1);
  ck_assert_uint_eq (jitter_rig_get_stat (harness, "num-reordered"), 1);

  ck_assert_uint_eq (push (304, 0), 0); /* 303 is lost */
  ck_assert_uint_eq (push (305, 0), 2);
  push_in_order (306, 306 + 61 * 50); /* a minute later nothing is waited for again */
  ck_assert_uint_eq (push (306 + 61 * 50 + 1, 0), 1);
}
END_TEST

START_TEST (duplicates_are_no_reordering)
{
  push_in_order (0, 200);
  for (guint i = 200; i < 220; i++)
    {
      ck_assert_uint_eq (push (i, 0), 1);
      ck_assert_uint_eq (push (i - 1, FRAME + 5 * MS), 0);
    }
  ck_assert_uint_eq (push (221, 0), 1);
}
END_TEST

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-reorder-window");
  TCase *tcase = tcase_create ("window");
  TCase *element = tcase_create ("jitter buffer");

  gst_init (NULL, NULL);
  vgw_elements_register (NULL);
  tcase_set_timeout (tcase, 0);
  tcase_add_test (tcase, the_first_seconds_wait_as_long_as_allowed);
  tcase_add_test (tcase, a_delay_is_kept_for_30_to_60_s);
  tcase_add_test (tcase, a_long_pause_forgets_both_periods);
  tcase_add_test (tcase, what_waiting_would_not_have_helped_is_not_learned);
  tcase_add_test (tcase, late_packets_are_known_by_their_gap);
  suite_add_tcase (suite, tcase);
  tcase_set_timeout (element, 0);
  tcase_add_checked_fixture (element, setup, teardown);
  tcase_add_test (element, a_loss_delays_nothing_on_a_path_that_never_reorders);
  tcase_add_test (element, a_path_that_reordered_is_waited_for);
  tcase_add_test (element, duplicates_are_no_reordering);
  suite_add_tcase (suite, element);
  return suite;
}
