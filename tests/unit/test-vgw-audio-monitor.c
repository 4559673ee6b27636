/* The copy of both directions of a call's audio. */
#include "media/vgw-audio-monitor.h"

#include <check.h>
#include <gst/gst.h>
#include <math.h>

#include "base/vgw-audio-format.h"
#include "run-suite.h"

#define RATE_HZ 16000u
#define TAKEN_RATE_HZ 24000u
#define NEVER 9u /* s, longer than the test */
#define FRAME (RATE_HZ * VGW_FRAME_MS / 1000)

static VgwAudioMonitor *monitor;
static gint64 now_us;

static void
set_up (void)
{
  gst_init (NULL, NULL);
  now_us = 1000 * G_USEC_PER_SEC;
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
    vgw_audio_monitor_push (monitor, direction, samples, FRAME, now_us);
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

  push_frames (VGW_AUDIO_MONITOR_RECEIVED, 400);
  ck_assert (vgw_audio_monitor_take (monitor, VGW_AUDIO_MONITOR_RECEIVED, &chunk));
  ck_assert_int_ge ((chunk.end_us - chunk.start_us) / 1000, VGW_AUDIO_MONITOR_MAX_MS);
  ck_assert_int_lt ((chunk.end_us - chunk.start_us) / 1000, 400 * VGW_FRAME_MS);
  ck_assert_uint_eq (vgw_audio_monitor_count_dropped_ms (monitor) + (guint64) (chunk.end_us - chunk.start_us) / 1000,
                     400 * VGW_FRAME_MS);
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

/* As many frames after @wait_ms; then takes everything as one chunk. */
static void
take_later (VgwAudioMonitorDirection direction, guint wait_ms, guint n_frames, VgwAudioMonitorChunk *chunk)
{
  vgw_audio_monitor_chunk_clear (chunk);
  now_us += wait_ms * G_TIME_SPAN_MILLISECOND;
  push_frames (direction, n_frames);
  ck_assert (vgw_audio_monitor_take (monitor, direction, chunk));
  ck_assert_int_eq (chunk->end_us - chunk->start_us, n_frames * VGW_FRAME_US);
}

/* The first frames of a call wait for its engine, and come together: the rest is not late because of them. */
START_TEST (frames_that_were_delayed_are_of_the_time_before)
{
  g_auto (VgwAudioMonitorChunk) chunk = { 0 };
  gint64 first_end_us;

  take_later (VGW_AUDIO_MONITOR_RECEIVED, 0, 1, &chunk);
  first_end_us = chunk.end_us;
  take_later (VGW_AUDIO_MONITOR_RECEIVED, 20, 20, &chunk);
  ck_assert_int_eq (chunk.end_us, now_us);
  take_later (VGW_AUDIO_MONITOR_RECEIVED, 40, 2, &chunk);
  ck_assert_int_eq (chunk.start_us, first_end_us + VGW_FRAME_US);
}
END_TEST

/* A word of a caller whose packets are late, and then come together, stays whole. */
START_TEST (what_is_late_for_a_moment_is_not_moved)
{
  g_auto (VgwAudioMonitorChunk) chunk = { 0 };
  gint64 end_us = now_us;

  for (guint i = 0; i < 200; i++)
    {
      take_later (VGW_AUDIO_MONITOR_RECEIVED, i % 10 == 5 ? 460 : (i % 10 == 6 ? 0 : 20), i % 10 == 6 ? 22 : 1, &chunk);
      ck_assert (i == 0 || chunk.start_us == end_us);
      end_us = chunk.end_us;
    }
}
END_TEST

/* After a stall the caller goes on later; what stays late for a second is late, and the same of what came early. */
START_TEST (what_stays_late_or_early_is_moved)
{
  const struct
  {
    guint first_ms, n_frames; /* frames at once after that time */
    guint moved_after_s;
  } cases[] = {
    { 700, 1, 0 },    /* a stall */
    { 300, 1, 1 },    /* 280 ms late: it may be followed by what was held up */
    { 120, 1, 1 },    /* 100 ms late */
    { 20, 6, 1 },     /* 100 ms early */
    { 70, 1, NEVER }, /* 50 ms are not worth it */
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_auto (VgwAudioMonitorChunk) chunk = { 0 };
      gint64 end_us;
      guint n_frames = 0;

      vgw_audio_monitor_unref (monitor);
      set_up ();
      take_later (VGW_AUDIO_MONITOR_RECEIVED, 0, 1, &chunk);
      end_us = chunk.end_us;
      take_later (VGW_AUDIO_MONITOR_RECEIVED, cases[i].first_ms, cases[i].n_frames, &chunk);
      for (; chunk.start_us == end_us && n_frames < 300; n_frames++)
        {
          end_us = chunk.end_us;
          take_later (VGW_AUDIO_MONITOR_RECEIVED, VGW_FRAME_MS, 1, &chunk);
        }
      ck_assert_msg (cases[i].moved_after_s == NEVER ? n_frames == 300 : (n_frames + 45) / 50 == cases[i].moved_after_s,
                     "case %u: %u frames", i, n_frames);
      ck_assert_int_eq (ABS (chunk.end_us - now_us),
                        cases[i].moved_after_s == NEVER ? 50 * G_TIME_SPAN_MILLISECOND : 0);
    }
}
END_TEST

/* The gateway's own threads are punctual: a short pause between two utterances is one. */
START_TEST (a_pause_of_the_bot_is_where_it_was)
{
  g_auto (VgwAudioMonitorChunk) chunk = { 0 };

  take_later (VGW_AUDIO_MONITOR_SENT, 0, 1, &chunk);
  take_later (VGW_AUDIO_MONITOR_SENT, 100, 1, &chunk);
  ck_assert_int_eq (chunk.end_us, now_us);
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
  tcase_add_test (tcase, what_is_late_for_a_moment_is_not_moved);
  tcase_add_test (tcase, what_stays_late_or_early_is_moved);
  tcase_add_test (tcase, a_pause_of_the_bot_is_where_it_was);
  tcase_add_test (tcase, one_thread_pushes_while_another_takes);
  suite_add_tcase (suite, tcase);
  return suite;
}

int
main (void)
{
  return run_suite (monitor_suite ());
}
