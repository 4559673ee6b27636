#include "session/vgw-call-mixer.h"

#include <check.h>

#include "run-suite.h"

#define RATE_HZ 1000 /* a frame is a ms */
#define T0 G_USEC_PER_SEC
#define AT(ms) (T0 + (ms) *G_TIME_SPAN_MILLISECOND)

static VgwCallMixer *mixer;
static GArray *frames;

static void
setup (void)
{
  mixer = vgw_call_mixer_new (RATE_HZ, T0);
  frames = g_array_new (FALSE, FALSE, sizeof (gint16));
}

static void
teardown (void)
{
  vgw_call_mixer_free (mixer);
  g_array_unref (frames);
}

/* @n_samples of @value. Returns: those that were dropped */
static gsize
add (guint channel, gint16 value, gsize n_samples, gint64 start_us)
{
  g_autofree gint16 *samples = g_new (gint16, n_samples);

  for (gsize i = 0; i < n_samples; i++)
    samples[i] = value;
  return vgw_call_mixer_add (mixer, channel, samples, n_samples, start_us);
}

static gint16
get (guint frame, guint channel)
{
  ck_assert_uint_lt (frame * VGW_CALL_MIXER_CHANNELS + channel, frames->len);
  return g_array_index (frames, gint16, frame * VGW_CALL_MIXER_CHANNELS + channel);
}

START_TEST (both_channels_are_where_their_times_are)
{
  ck_assert_uint_eq (vgw_call_mixer_take (mixer, AT (0), frames), 0); /* into an array that has no memory yet */
  ck_assert_uint_eq (add (0, 7, 20, AT (100)), 0);
  ck_assert_uint_eq (add (1, 9, 20, AT (110)), 0);
  ck_assert_uint_eq (vgw_call_mixer_take (mixer, AT (200), frames), 200);
  ck_assert_int_eq (get (99, 0), 0);
  ck_assert_int_eq (get (100, 0), 7);
  ck_assert_int_eq (get (119, 0), 7);
  ck_assert_int_eq (get (120, 0), 0);
  ck_assert_int_eq (get (109, 1), 0);
  ck_assert_int_eq (get (110, 1), 9);
  ck_assert_int_eq (get (129, 1), 9);
  ck_assert_int_eq (get (130, 1), 0);
}
END_TEST

START_TEST (pieces_with_jitter_are_continuous)
{
  add (0, 1, 20, AT (0));
  add (0, 2, 20, AT (23));
  add (0, 3, 20, AT (40));
  ck_assert_uint_eq (vgw_call_mixer_take (mixer, AT (70), frames), 70);
  ck_assert_int_eq (get (19, 0), 1);
  ck_assert_int_eq (get (20, 0), 2);
  ck_assert_int_eq (get (39, 0), 2);
  ck_assert_int_eq (get (40, 0), 3);
  ck_assert_int_eq (get (59, 0), 3);
  ck_assert_int_eq (get (60, 0), 0);
}
END_TEST

START_TEST (a_gap_is_silence)
{
  add (0, 1, 20, AT (0));
  add (0, 2, 20, AT (50));
  vgw_call_mixer_take (mixer, AT (100), frames);
  ck_assert_int_eq (get (49, 0), 0);
  ck_assert_int_eq (get (50, 0), 2);
}
END_TEST

START_TEST (what_is_cut_is_silence_and_audio_may_follow)
{
  add (0, 1, 40, AT (0));
  add (1, 2, 40, AT (30));
  vgw_call_mixer_cut (mixer, AT (50));
  ck_assert_uint_eq (add (1, 3, 10, AT (60)), 0);
  vgw_call_mixer_take (mixer, AT (80), frames);
  ck_assert_int_eq (get (39, 0), 1);
  ck_assert_int_eq (get (49, 1), 2);
  ck_assert_int_eq (get (50, 1), 0);
  ck_assert_int_eq (get (59, 1), 0);
  ck_assert_int_eq (get (60, 1), 3);
  vgw_call_mixer_cut (mixer, AT (70)); /* taken already */
  ck_assert_uint_eq (add (1, 4, 10, AT (80)), 0);
  vgw_call_mixer_take (mixer, AT (90), frames);
  ck_assert_int_eq (get (80, 1), 4);
}
END_TEST

START_TEST (what_is_taken_is_not_taken_again)
{
  add (0, 1, 40, AT (0));
  ck_assert_uint_eq (vgw_call_mixer_take (mixer, AT (10), frames), 10);
  ck_assert_uint_eq (vgw_call_mixer_take (mixer, AT (10), frames), 0);
  ck_assert_uint_eq (vgw_call_mixer_take (mixer, AT (50), frames), 40);
  ck_assert_uint_eq (frames->len, 50 * VGW_CALL_MIXER_CHANNELS);
  ck_assert_int_eq (get (39, 0), 1);
  ck_assert_int_eq (get (40, 0), 0);
}
END_TEST

START_TEST (late_audio_loses_its_beginning)
{
  vgw_call_mixer_take (mixer, AT (110), frames);
  ck_assert_uint_eq (add (0, 1, 20, AT (100)), 10);
  ck_assert_uint_eq (add (1, 1, 20, AT (50)), 20);
  vgw_call_mixer_take (mixer, AT (130), frames);
  ck_assert_int_eq (get (109, 0), 0);
  ck_assert_int_eq (get (110, 0), 1);
  ck_assert_int_eq (get (119, 0), 1);
  ck_assert_int_eq (get (120, 0), 0);
  ck_assert_int_eq (get (120, 1), 0);
}
END_TEST

START_TEST (audio_far_ahead_is_dropped)
{
  ck_assert_uint_eq (add (0, 1, 20, AT (VGW_CALL_MIXER_MAX_AHEAD_MS - 5)), 15);
  ck_assert_uint_eq (add (1, 1, 20, AT (3600 * 1000)), 20);
  ck_assert_uint_eq (vgw_call_mixer_take (mixer, AT (3600 * 1000), frames), VGW_CALL_MIXER_MAX_AHEAD_MS);
}
END_TEST

START_TEST (pieces_that_overlap_do_not)
{
  add (0, 1, 20, AT (0));
  ck_assert_uint_eq (add (0, 2, 20, AT (10)), 10);
  vgw_call_mixer_take (mixer, AT (40), frames);
  ck_assert_int_eq (get (19, 0), 1);
  ck_assert_int_eq (get (20, 0), 2);
  ck_assert_int_eq (get (29, 0), 2);
  ck_assert_int_eq (get (30, 0), 0);
}
END_TEST

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-call-mixer");
  TCase *tcase = tcase_create ("mixer");

  tcase_add_checked_fixture (tcase, setup, teardown);
  tcase_add_test (tcase, both_channels_are_where_their_times_are);
  tcase_add_test (tcase, pieces_with_jitter_are_continuous);
  tcase_add_test (tcase, a_gap_is_silence);
  tcase_add_test (tcase, what_is_cut_is_silence_and_audio_may_follow);
  tcase_add_test (tcase, what_is_taken_is_not_taken_again);
  tcase_add_test (tcase, late_audio_loses_its_beginning);
  tcase_add_test (tcase, audio_far_ahead_is_dropped);
  tcase_add_test (tcase, pieces_that_overlap_do_not);
  suite_add_tcase (suite, tcase);
  return suite;
}
