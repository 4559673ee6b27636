/* The copy of both directions of a call's audio. */
#include "media/vgw-audio-monitor.h"

#include <check.h>
#include <gst/gst.h>
#include <math.h>

#include "base/vgw-audio-format.h"
#include "run-suite.h"

#define RATE_HZ 16000u
#define TAKEN_RATE_HZ 24000u
#define FRAME (RATE_HZ * VGW_FRAME_MS / 1000)

static VgwAudioMonitor *monitor;

static void
set_up (void)
{
  gst_init (NULL, NULL);
  monitor = vgw_audio_monitor_new (RATE_HZ, TAKEN_RATE_HZ);
  vgw_audio_monitor_set_on (monitor, TRUE);
}

static void
tear_down (void)
{
  vgw_audio_monitor_unref (monitor);
}

/* A tone of 500 Hz. */
static void
push_frames (VgwAudioMonitorDirection direction, guint n_frames)
{
  gint16 samples[FRAME];

  for (guint i = 0; i < FRAME; i++) /* ten periods in a frame */
    samples[i] = (gint16) (10000 * sin (2 * G_PI * 500 * i / RATE_HZ));
  for (guint i = 0; i < n_frames; i++)
    vgw_audio_monitor_push (monitor, direction, samples, FRAME);
}

static guint
count_crossings (const GByteArray *pcm)
{
  const gint16 *samples = (const gint16 *) pcm->data;
  guint n = 0;

  for (guint i = 1; i < pcm->len / 2; i++)
    n += samples[i - 1] < 0 && samples[i] >= 0;
  return n;
}

START_TEST (what_is_pushed_is_taken_at_24_khz_in_its_direction)
{
  g_auto (VgwAudioMonitorChunk) chunk = { 0 };
  g_auto (VgwAudioMonitorChunk) none = { 0 };

  push_frames (VGW_AUDIO_MONITOR_SENT, 10);
  ck_assert (!vgw_audio_monitor_take (monitor, VGW_AUDIO_MONITOR_RECEIVED, &none));
  ck_assert (vgw_audio_monitor_take (monitor, VGW_AUDIO_MONITOR_SENT, &chunk));
  ck_assert_uint_le (chunk.pcm->len, TAKEN_RATE_HZ * 2 / 5);
  ck_assert_uint_ge (chunk.pcm->len, TAKEN_RATE_HZ * 2 / 5 - 400); /* the filter's delay */
  ck_assert_int_eq (chunk.end_us - chunk.start_us, 200000);
  ck_assert_uint_ge (count_crossings (chunk.pcm), 98);
  ck_assert_uint_le (count_crossings (chunk.pcm), 101);
  ck_assert (!vgw_audio_monitor_take (monitor, VGW_AUDIO_MONITOR_SENT, &none));
}
END_TEST

START_TEST (what_does_not_fit_is_dropped_and_counted)
{
  g_auto (VgwAudioMonitorChunk) chunk = { 0 };

  push_frames (VGW_AUDIO_MONITOR_RECEIVED, 200);
  ck_assert (vgw_audio_monitor_take (monitor, VGW_AUDIO_MONITOR_RECEIVED, &chunk));
  ck_assert_int_ge ((chunk.end_us - chunk.start_us) / 1000, VGW_AUDIO_MONITOR_MAX_MS);
  ck_assert_int_lt ((chunk.end_us - chunk.start_us) / 1000, 200 * VGW_FRAME_MS);
  ck_assert_uint_eq (vgw_audio_monitor_count_dropped_ms (monitor) + (guint64) (chunk.end_us - chunk.start_us) / 1000,
                     200 * VGW_FRAME_MS);
}
END_TEST

START_TEST (nothing_is_kept_while_it_is_off)
{
  g_auto (VgwAudioMonitorChunk) none = { 0 };

  push_frames (VGW_AUDIO_MONITOR_SENT, 3);
  vgw_audio_monitor_set_on (monitor, FALSE);
  push_frames (VGW_AUDIO_MONITOR_SENT, 3);
  vgw_audio_monitor_set_on (monitor, TRUE);
  ck_assert (!vgw_audio_monitor_take (monitor, VGW_AUDIO_MONITOR_SENT, &none));
  ck_assert_uint_eq (vgw_audio_monitor_count_dropped_ms (monitor), 0);
}
END_TEST

/* The first frames of a call wait for its engine, and come together: the rest is not late because of them. */
START_TEST (frames_that_were_delayed_are_of_the_time_before)
{
  g_auto (VgwAudioMonitorChunk) first = { 0 };
  g_auto (VgwAudioMonitorChunk) burst = { 0 };
  g_auto (VgwAudioMonitorChunk) after = { 0 };
  gint64 pushed_us;

  push_frames (VGW_AUDIO_MONITOR_RECEIVED, 1);
  ck_assert (vgw_audio_monitor_take (monitor, VGW_AUDIO_MONITOR_RECEIVED, &first));
  push_frames (VGW_AUDIO_MONITOR_RECEIVED, 20);
  pushed_us = g_get_monotonic_time ();
  ck_assert (vgw_audio_monitor_take (monitor, VGW_AUDIO_MONITOR_RECEIVED, &burst));
  ck_assert_int_eq (burst.end_us - burst.start_us, 400000);
  ck_assert_int_le (burst.end_us, pushed_us);
  ck_assert_int_ge (burst.end_us, first.end_us);
  push_frames (VGW_AUDIO_MONITOR_RECEIVED, 2);
  ck_assert (vgw_audio_monitor_take (monitor, VGW_AUDIO_MONITOR_RECEIVED, &after));
  ck_assert_int_eq (after.start_us, burst.end_us); /* as long as that is within the jitter of threads */
}
END_TEST

static gpointer
push_many (gpointer user_data)
{
  for (guint i = 0; i < 2000; i++)
    push_frames (VGW_AUDIO_MONITOR_SENT, 1);
  return NULL;
}

START_TEST (one_thread_pushes_while_another_takes)
{
  g_autoptr (GThread) thread = g_thread_new ("push", push_many, NULL);
  guint64 taken_us = 0;
  gboolean is_over = FALSE;

  while (!is_over)
    {
      g_auto (VgwAudioMonitorChunk) chunk = { 0 };

      if (vgw_audio_monitor_take (monitor, VGW_AUDIO_MONITOR_SENT, &chunk))
        taken_us += (guint64) (chunk.end_us - chunk.start_us);
      is_over = taken_us / 1000 + vgw_audio_monitor_count_dropped_ms (monitor) >= 2000 * VGW_FRAME_MS;
    }
  g_thread_join (g_steal_pointer (&thread));
  ck_assert_uint_eq (taken_us / 1000 + vgw_audio_monitor_count_dropped_ms (monitor), 2000 * VGW_FRAME_MS);
}
END_TEST

static Suite *
monitor_suite (void)
{
  Suite *suite = suite_create ("vgw-audio-monitor");
  TCase *tcase = tcase_create ("monitor");

  tcase_add_checked_fixture (tcase, set_up, tear_down);
  tcase_add_test (tcase, what_is_pushed_is_taken_at_24_khz_in_its_direction);
  tcase_add_test (tcase, what_does_not_fit_is_dropped_and_counted);
  tcase_add_test (tcase, nothing_is_kept_while_it_is_off);
  tcase_add_test (tcase, frames_that_were_delayed_are_of_the_time_before);
  tcase_add_test (tcase, one_thread_pushes_while_another_takes);
  suite_add_tcase (suite, tcase);
  return suite;
}

int
main (void)
{
  return run_suite (monitor_suite ());
}
