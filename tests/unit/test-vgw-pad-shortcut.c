#include <check.h>
#include <gst/gst.h>

#include "media/vgw-pad-shortcut.h"
#include "run-suite.h"

#define MAX_ELEMENTS 4

/* source → clocksync in a bin → clocksync → fakesink, or other elements in place of the clocksyncs. */
typedef struct
{
  GstElement *pipeline, *elements[MAX_ELEMENTS], *sink;
  GstPad *source;
  guint n_elements;
  guint n_between, n_events_between, n_at_end; /* what passed the first element, and what came to the sink */
} Way;

static GstPadProbeReturn
count_between (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  Way *way = user_data;

  if ((info->type & GST_PAD_PROBE_TYPE_BUFFER) != 0)
    way->n_between++;
  else
    way->n_events_between++;
  return GST_PAD_PROBE_OK;
}

static GstPadProbeReturn
count_at_end (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  Way *way = user_data;

  way->n_at_end++;
  return GST_PAD_PROBE_OK;
}

static GstPadProbeReturn
replace (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  GstBuffer *copy = gst_buffer_copy (info->data);

  gst_buffer_unref (info->data);
  info->data = copy;
  return GST_PAD_PROBE_OK;
}

static GstPadProbeReturn
count (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  ++*(guint *) user_data;
  return GST_PAD_PROBE_OK;
}

static GstPadProbeReturn
drop (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  return *(gboolean *) user_data ? GST_PAD_PROBE_DROP : GST_PAD_PROBE_OK;
}

/* A bin around @element, with a ghost pad on either side. */
static GstElement *
wrap (GstElement *element)
{
  GstElement *bin = gst_bin_new (NULL);
  g_autoptr (GstPad) sink = gst_element_get_static_pad (element, "sink");
  g_autoptr (GstPad) src = gst_element_get_static_pad (element, "src");

  gst_bin_add (GST_BIN (bin), element);
  gst_element_add_pad (bin, gst_ghost_pad_new ("sink", sink));
  gst_element_add_pad (bin, gst_ghost_pad_new ("src", src));
  return bin;
}

static void
append (Way *way, GstElement *element)
{
  gst_bin_add (GST_BIN (way->pipeline), element);
  if (way->n_elements > 0)
    ck_assert (gst_element_link (way->elements[way->n_elements - 1], element));
  way->elements[way->n_elements++] = element;
}

/* @factory_name: of the two elements between, nullable for none. */
static void
way_init (Way *way, const char *factory_name)
{
  g_autoptr (GstPad) first = NULL;
  g_autoptr (GstPad) end = NULL;
  GstSegment segment;

  *way = (Way){ .pipeline = gst_pipeline_new (NULL), .source = gst_pad_new ("source", GST_PAD_SRC) };
  if (factory_name != NULL)
    {
      append (way, wrap (gst_element_factory_make (factory_name, NULL)));
      append (way, gst_element_factory_make (factory_name, NULL));
    }
  way->sink = gst_element_factory_make ("fakesink", NULL);
  g_object_set (way->sink, "sync", FALSE, "async", FALSE, NULL);
  append (way, way->sink);

  first = gst_element_get_static_pad (way->elements[0], "sink");
  end = gst_element_get_static_pad (way->sink, "sink");
  if (factory_name != NULL)
    gst_pad_add_probe (first, GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, count_between, way,
                       NULL);
  gst_pad_add_probe (end, GST_PAD_PROBE_TYPE_BUFFER, count_at_end, way, NULL);
  ck_assert_int_eq (gst_pad_link (way->source, first), GST_PAD_LINK_OK);
  ck_assert_int_ne (gst_element_set_state (way->pipeline, GST_STATE_PLAYING), GST_STATE_CHANGE_FAILURE);
  gst_pad_set_active (way->source, TRUE);
  gst_pad_push_event (way->source, gst_event_new_stream_start ("test"));
  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_pad_push_event (way->source, gst_event_new_segment (&segment));
}

static void
way_clear (Way *way)
{
  gst_element_set_state (way->pipeline, GST_STATE_NULL);
  gst_object_unref (way->source);
  gst_object_unref (way->pipeline);
}

static void
push (Way *way, guint n_buffers)
{
  for (guint i = 0; i < n_buffers; i++)
    {
      GstBuffer *buffer = gst_buffer_new ();

      ck_assert_int_eq (gst_pad_push (way->source, buffer), GST_FLOW_OK);
    }
}

/* Of the two elements between. */
static void
probe_second (Way *way, GstPadProbeCallback func, gpointer user_data)
{
  g_autoptr (GstPad) sink = gst_element_get_static_pad (way->elements[1], "sink");

  gst_pad_add_probe (sink, GST_PAD_PROBE_TYPE_BUFFER, func, user_data, NULL);
}

START_TEST (only_the_first_buffer_goes_the_whole_way)
{
  Way way;
  guint n_events;

  way_init (&way, "clocksync");
  vgw_pad_shortcut_add (way.source);
  push (&way, 10);
  ck_assert_uint_eq (way.n_between, 1);
  ck_assert_uint_eq (way.n_at_end, 10);

  n_events = way.n_events_between;
  gst_pad_push_event (way.source, gst_event_new_gap (0, GST_SECOND));
  ck_assert_uint_eq (way.n_events_between, n_events + 1);
  way_clear (&way);
}
END_TEST

START_TEST (the_end_is_the_first_element_that_does_something)
{
  Way way;

  way_init (&way, "identity"); /* may do anything */
  vgw_pad_shortcut_add (way.source);
  push (&way, 10);
  ck_assert_uint_eq (way.n_between, 1); /* at the ghost pad of the bin */
  ck_assert_uint_eq (way.n_at_end, 10);
  way_clear (&way);
}
END_TEST

START_TEST (without_anything_between_nothing_changes)
{
  Way way;

  way_init (&way, NULL);
  vgw_pad_shortcut_add (way.source);
  push (&way, 10);
  ck_assert_uint_eq (way.n_at_end, 10);
  way_clear (&way);
}
END_TEST

START_TEST (a_way_that_changes_buffers_is_not_shortened)
{
  Way way;

  way_init (&way, "clocksync");
  probe_second (&way, replace, NULL);
  vgw_pad_shortcut_add (way.source);
  push (&way, 10);
  ck_assert_uint_eq (way.n_between, 10);
  ck_assert_uint_eq (way.n_at_end, 10);
  way_clear (&way);
}
END_TEST

START_TEST (a_way_that_is_closed_is_shortened_once_it_is_open)
{
  Way way;
  gboolean is_closed = TRUE;

  way_init (&way, "clocksync");
  probe_second (&way, drop, &is_closed);
  vgw_pad_shortcut_add (way.source);
  push (&way, 5);
  ck_assert_uint_eq (way.n_at_end, 0);
  is_closed = FALSE;
  push (&way, 5);
  ck_assert_uint_eq (way.n_between, 6);
  ck_assert_uint_eq (way.n_at_end, 5);
  way_clear (&way);
}
END_TEST

START_TEST (probes_that_were_there_before_see_each_buffer)
{
  Way way;

  way_init (&way, "clocksync");
  gst_pad_add_probe (way.source, GST_PAD_PROBE_TYPE_BUFFER, replace, NULL, NULL);
  vgw_pad_shortcut_add (way.source);
  push (&way, 10);
  ck_assert_uint_eq (way.n_between, 1); /* the copy is what arrives */
  ck_assert_uint_eq (way.n_at_end, 10);
  way_clear (&way);
}
END_TEST

/* In the order in which they were added, that of the shortcut in between: what arrives is what the last one made. */
START_TEST (probes_that_are_added_before_the_first_buffer_see_each_one)
{
  Way way;
  guint n_seen = 0;

  way_init (&way, "clocksync");
  vgw_pad_shortcut_add (way.source);
  gst_pad_add_probe (way.source, GST_PAD_PROBE_TYPE_BUFFER, count, &n_seen, NULL);
  push (&way, 10);
  ck_assert_uint_eq (n_seen, 10);
  ck_assert_uint_le (way.n_between, 2); /* the one that comes after the first may still do so */
  ck_assert_uint_eq (way.n_at_end, 10);
  way_clear (&way);
}
END_TEST

/* The end went down, as at the end of a call, while what is between has not yet. */
START_TEST (what_the_end_returns_is_returned)
{
  Way way;

  way_init (&way, "clocksync");
  vgw_pad_shortcut_add (way.source);
  push (&way, 2);
  gst_element_set_locked_state (way.sink, TRUE);
  gst_element_set_state (way.sink, GST_STATE_NULL);
  ck_assert_int_eq (gst_pad_push (way.source, gst_buffer_new ()), GST_FLOW_FLUSHING);
  ck_assert_uint_eq (way.n_at_end, 2);
  way_clear (&way);
}
END_TEST

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-pad-shortcut");
  TCase *tcase = tcase_create ("shortcut");

  gst_init (NULL, NULL);
  tcase_add_test (tcase, only_the_first_buffer_goes_the_whole_way);
  tcase_add_test (tcase, the_end_is_the_first_element_that_does_something);
  tcase_add_test (tcase, without_anything_between_nothing_changes);
  tcase_add_test (tcase, a_way_that_changes_buffers_is_not_shortened);
  tcase_add_test (tcase, a_way_that_is_closed_is_shortened_once_it_is_open);
  tcase_add_test (tcase, probes_that_were_there_before_see_each_buffer);
  tcase_add_test (tcase, probes_that_are_added_before_the_first_buffer_see_each_one);
  tcase_add_test (tcase, what_the_end_returns_is_returned);
  suite_add_tcase (suite, tcase);
  return suite;
}
