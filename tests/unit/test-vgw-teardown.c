#include <check.h>
#include <gst/gst.h>
#include <stdlib.h>

#include "elements/vgw-teardown.h"
#include "run-suite.h"

#define TIMEOUT_US (20 * G_TIME_SPAN_SECOND)

typedef struct
{
  GMutex lock;
  GCond cond;
  gboolean has_buffer; /* guarded by lock: a buffer has come to the sink */
  gboolean is_down;    /* guarded by lock */
  GstElement *pipeline;
} Fixture;

static GstPadProbeReturn
on_buffer (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  Fixture *fixture = user_data;
  g_mutex_lock (&fixture->lock);
  fixture->has_buffer = TRUE;
  g_cond_signal (&fixture->cond);
  g_mutex_unlock (&fixture->lock);
  return GST_PAD_PROBE_OK;
}

static gpointer
tear_down (gpointer user_data)
{
  Fixture *fixture = user_data;
  vgw_teardown_pipeline (fixture->pipeline);
  g_mutex_lock (&fixture->lock);
  fixture->is_down = TRUE;
  g_cond_signal (&fixture->cond);
  g_mutex_unlock (&fixture->lock);
  return NULL;
}

static gboolean
wait_for (Fixture *fixture, const gboolean *flag)
{
  gint64 deadline_us = g_get_monotonic_time () + TIMEOUT_US;
  g_mutex_lock (&fixture->lock);
  while (!*flag && g_cond_wait_until (&fixture->cond, &fixture->lock, deadline_us))
    continue;
  gboolean is_set = *flag;
  g_mutex_unlock (&fixture->lock);
  return is_set;
}

/* Like a webrtcbin: a bin that calls itself a sink, and feeds one. */
static GstElement *
make_bin (void)
{
  GstElement *bin = gst_parse_bin_from_description ("audiotestsrc ! identity", TRUE, NULL);
  GST_OBJECT_FLAG_SET (bin, GST_ELEMENT_FLAG_SINK);
  return bin;
}

START_TEST (a_buffer_that_waits_in_a_sink_does_not_hold_the_teardown)
{
  Fixture fixture = { .pipeline = gst_object_ref_sink (gst_pipeline_new (NULL)) };
  GstElement *sink = gst_element_factory_make ("appsink", NULL);
  GstElement *bin = make_bin ();
  g_mutex_init (&fixture.lock);
  g_cond_init (&fixture.cond);
  g_object_set (sink, "async", FALSE, "sync", FALSE, NULL);
  gst_bin_add_many (GST_BIN (fixture.pipeline), sink, bin, NULL);
  ck_assert (gst_element_link (bin, sink));
  g_autoptr (GstPad) pad = gst_element_get_static_pad (sink, "sink");
  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER, on_buffer, &fixture, NULL);

  gst_element_set_state (fixture.pipeline, GST_STATE_PAUSED); /* where the first buffer waits for the preroll */
  ck_assert (wait_for (&fixture, &fixture.has_buffer));
  /* as webrtcbin takes its pad away when the caller's RTCP BYE comes */
  gst_element_unlink (bin, sink);
  GThread *thread = g_thread_new ("teardown", tear_down, &fixture);
  ck_assert_msg (wait_for (&fixture, &fixture.is_down), "the teardown hangs");
  g_thread_join (thread);
  gst_object_unref (fixture.pipeline);
  g_mutex_clear (&fixture.lock);
  g_cond_clear (&fixture.cond);
}
END_TEST

Suite *
test_suite (void)
{
  gst_init (NULL, NULL);
  Suite *suite = suite_create ("vgw-teardown");
  TCase *tcase = tcase_create ("teardown");
  tcase_set_timeout (tcase, 0);
  tcase_add_test (tcase, a_buffer_that_waits_in_a_sink_does_not_hold_the_teardown);
  suite_add_tcase (suite, tcase);
  return suite;
}
