#include "elements/vgw-dtmf.h"

#include <check.h>
#include <string.h>

#include "run-suite.h"

#define SEGMENT 0xffffu
#define TICKS_50_MS 2400u /* at 48 kHz */

static GString *keys; /* what was reported, one after the other: "5:4800" */
static VgwDtmf dtmf;
static gint64 now_us;

static void
on_key (guint event, guint duration, gpointer user_data)
{
  g_string_append_printf (keys, "%s%u:%u", keys->len > 0 ? " " : "", event, duration);
}

static void
setup (void)
{
  keys = g_string_new (NULL);
  dtmf = (VgwDtmf){ 0 };
  now_us = 1000000;
}

static void
teardown (void)
{
  g_string_free (keys, TRUE);
}

static void
take (guint32 timestamp, gboolean is_marked, guint8 event, gboolean is_end, guint duration)
{
  guint8 payload[] = { event, is_end ? 0x8a : 0x0a, (guint8) (duration >> 8), (guint8) duration };

  vgw_dtmf_handle (&dtmf, timestamp, is_marked, payload, sizeof payload, now_us, on_key, NULL);
  now_us += 50 * G_TIME_SPAN_MILLISECOND;
}

/* A key that is held for @ticks, in segments, one packet for each 50 ms; @n_skip: of how many packets one is lost, 0
 * for none. Returns the timestamp of the last segment. */
static guint32
hold (guint32 timestamp, guint8 event, guint ticks, guint n_skip)
{
  guint32 segment = timestamp;
  guint n = 0;

  for (guint held = TICKS_50_MS; held < ticks; held += TICKS_50_MS)
    {
      while (timestamp + held - segment > SEGMENT)
        {
          if (n_skip == 0 || ++n % n_skip != 0)
            take (segment, segment == timestamp && held == TICKS_50_MS, event, FALSE, SEGMENT);
          segment += SEGMENT;
        }
      if (n_skip == 0 || ++n % n_skip != 0)
        take (segment, held == TICKS_50_MS, event, FALSE, timestamp + held - segment);
    }
  for (guint i = 0; i < 3; i++)
    take (segment, FALSE, event, TRUE, timestamp + ticks - segment);
  return segment;
}

START_TEST (a_long_key_is_one_key)
{
  static const guint ticks[] = { 4800, 65535, 65536, 3 * 48000, 6 * 48000, 60 * 48000 };
  g_autofree char *expected = g_strdup_printf ("5:%u", ticks[_i]);

  hold (G_MAXUINT32 - 70000, 5, ticks[_i], 0);
  ck_assert_str_eq (keys->str, expected);
}
END_TEST

START_TEST (a_long_key_with_losses_is_one_key)
{
  hold (1000, 5, 6 * 48000, 3);
  ck_assert_str_eq (keys->str, "5:288000");
}
END_TEST

START_TEST (a_long_key_that_is_reported_early_is_not_reported_again)
{
  take (1000, TRUE, 5, FALSE, SEGMENT);
  vgw_dtmf_expire (&dtmf, now_us + G_USEC_PER_SEC, on_key, NULL);
  ck_assert_str_eq (keys->str, "5:65535");
  take (1000 + SEGMENT, FALSE, 5, FALSE, 2400);
  take (1000 + SEGMENT, FALSE, 5, TRUE, 4800);
  ck_assert_str_eq (keys->str, "5:65535");
}
END_TEST

START_TEST (equal_keys_one_after_the_other_are_two)
{
  hold (1000, 5, 4800, 0);
  hold (1000 + 9600, 5, 4800, 0);
  ck_assert_str_eq (keys->str, "5:4800 5:4800");
  /* one that ended at the end of a full segment, and another one at once */
  g_string_truncate (keys, 0);
  take (100000, TRUE, 5, TRUE, SEGMENT);
  take (100000 + SEGMENT, TRUE, 5, TRUE, 4800);
  ck_assert_str_eq (keys->str, "5:65535 5:4800");
}
END_TEST

START_TEST (equal_keys_whose_ends_are_lost_are_two)
{
  take (1000, TRUE, 5, FALSE, 2400);
  take (1000, FALSE, 5, FALSE, 4800);
  take (1000 + 9600, TRUE, 5, FALSE, 2400);
  take (1000 + 9600, FALSE, 5, TRUE, 4800);
  ck_assert_str_eq (keys->str, "5:4800 5:4800");
}
END_TEST

START_TEST (a_key_without_marker_or_beginning_counts)
{
  take (1000, FALSE, 5, TRUE, 4800);
  take (1000, FALSE, 5, TRUE, 4800);
  ck_assert_str_eq (keys->str, "5:4800");
}
END_TEST

START_TEST (an_old_end_that_comes_again_is_no_key)
{
  take (1000, TRUE, 5, TRUE, 4800);
  take (9000, TRUE, 6, FALSE, 2400);
  take (1000, FALSE, 5, TRUE, 4800);
  take (9000, FALSE, 6, TRUE, 4800);
  ck_assert_str_eq (keys->str, "5:4800 6:4800");
}
END_TEST

/* Some count on from 0 where 16 bits are full, in place of a segment. */
START_TEST (a_duration_that_wraps_goes_on)
{
  take (1000, TRUE, 5, FALSE, 64800);
  take (1000, FALSE, 5, FALSE, 67200 & 0xffff);
  take (1000, FALSE, 5, TRUE, 69600 & 0xffff);
  ck_assert_str_eq (keys->str, "5:69600");
}
END_TEST

START_TEST (a_flash_and_half_a_packet_are_no_keys)
{
  guint8 half[] = { 5, 0x8a };

  take (1000, TRUE, 16, TRUE, 4800);
  vgw_dtmf_handle (&dtmf, 9000, TRUE, half, sizeof half, now_us, on_key, NULL);
  ck_assert_str_eq (keys->str, "");
}
END_TEST

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-dtmf");
  TCase *tcase = tcase_create ("keys");

  tcase_add_checked_fixture (tcase, setup, teardown);
  tcase_add_loop_test (tcase, a_long_key_is_one_key, 0, 6);
  tcase_add_test (tcase, a_long_key_with_losses_is_one_key);
  tcase_add_test (tcase, a_long_key_that_is_reported_early_is_not_reported_again);
  tcase_add_test (tcase, equal_keys_one_after_the_other_are_two);
  tcase_add_test (tcase, equal_keys_whose_ends_are_lost_are_two);
  tcase_add_test (tcase, a_key_without_marker_or_beginning_counts);
  tcase_add_test (tcase, an_old_end_that_comes_again_is_no_key);
  tcase_add_test (tcase, a_duration_that_wraps_goes_on);
  tcase_add_test (tcase, a_flash_and_half_a_packet_are_no_keys);
  suite_add_tcase (suite, tcase);
  return suite;
}
