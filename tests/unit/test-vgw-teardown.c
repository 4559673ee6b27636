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

/* An element that refuses to pause some times, as a dtlsdec on its way up does before it has its certificate. */
typedef struct
{
  GstElement parent;
  guint n_refusals; /* that are left */
} Refuser;

typedef GstElementClass RefuserClass;

static GType refuser_get_type (void);
G_DEFINE_TYPE (Refuser, refuser, GST_TYPE_ELEMENT)

static GstStateChangeReturn
refuser_change_state (GstElement *element, GstStateChange change)
{
  Refuser *self = (Refuser *) element;

  if (change == GST_STATE_CHANGE_PLAYING_TO_PAUSED && self->n_refusals > 0)
    {
      self->n_refusals--;
      return GST_STATE_CHANGE_FAILURE;
    }
  return GST_ELEMENT_CLASS (refuser_parent_class)->change_state (element, change);
}

static void
refuser_class_init (RefuserClass *klass)
{
  klass->change_state = refuser_change_state;
}

static void
refuser_init (Refuser *self)
{
}

/* It is playing. */
static GstElement *
make_refusing_pipeline (guint n_refusals)
{
  GstElement *pipeline = gst_object_ref_sink (gst_pipeline_new (NULL));
  Refuser *refuser = g_object_new (refuser_get_type (), NULL);

  refuser->n_refusals = n_refusals;
  gst_bin_add_many (GST_BIN (pipeline), gst_element_factory_make ("webrtcbin", NULL), GST_ELEMENT (refuser), NULL);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  return pipeline;
}

START_TEST (an_element_that_is_not_ready_yet_does_not_keep_the_pipeline_playing)
{
  GstElement *pipeline = make_refusing_pipeline (2);

  ck_assert (vgw_teardown_pipeline (pipeline));
  ck_assert_int_eq (GST_STATE (pipeline), GST_STATE_NULL);
  gst_object_unref (pipeline);
}
END_TEST

START_TEST (a_pipeline_that_cannot_be_stopped_is_not_freed)
{
  GstElement *pipeline = make_refusing_pipeline (G_MAXUINT), *watched = pipeline;
  GList *elements = GST_BIN_CHILDREN (pipeline);

  while (G_OBJECT_TYPE (elements->data) != refuser_get_type ())
    elements = elements->next;
  g_object_add_weak_pointer (G_OBJECT (pipeline), (gpointer *) &watched);
  ck_assert (!vgw_teardown_pipeline (pipeline));
  gst_object_unref (pipeline);
  ck_assert_ptr_nonnull (watched);

  /* for the leak checker */
  ((Refuser *) elements->data)->n_refusals = 0;
  ck_assert (vgw_teardown_pipeline (pipeline));
  gst_object_unref (pipeline);
  ck_assert_ptr_null (watched);
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
  tcase_add_test (tcase, an_element_that_is_not_ready_yet_does_not_keep_the_pipeline_playing);
  tcase_add_test (tcase, a_pipeline_that_cannot_be_stopped_is_not_freed);
  suite_add_tcase (suite, tcase);
  return suite;
}
