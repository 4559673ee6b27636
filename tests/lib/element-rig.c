#include "element-rig.h"

#include <check.h>

static GstFlowReturn
on_buffer (GstPad *pad, GstObject *parent, GstBuffer *buffer)
{
  Rig *rig = gst_pad_get_element_private (pad);

  g_ptr_array_add (rig->buffers, buffer);
  return GST_FLOW_OK;
}

static gboolean
on_event (GstPad *pad, GstObject *parent, GstEvent *event)
{
  Rig *rig = gst_pad_get_element_private (pad);
  GstCaps *caps;

  if (GST_EVENT_TYPE (event) == GST_EVENT_CAPS)
    {
      gst_event_parse_caps (event, &caps);
      gst_caps_replace (&rig->caps, caps);
    }
  gst_event_unref (event);
  return TRUE;
}

void
rig_init (Rig *rig, const char *factory, const char *in_caps, const char *out_caps)
{
  g_autoptr (GstCaps) wanted = gst_caps_from_string (out_caps);
  g_autoptr (GstCaps) given = gst_caps_from_string (in_caps);
  g_autoptr (GstPadTemplate) template = gst_pad_template_new ("sink", GST_PAD_SINK, GST_PAD_ALWAYS, wanted);
  g_autoptr (GstPad) element_sink = NULL, element_src = NULL;
  GstSegment segment;

  *rig = (Rig){ .element = gst_element_factory_make (factory, NULL) };
  ck_assert_ptr_nonnull (rig->element);
  gst_object_ref_sink (rig->element);
  rig->buffers = g_ptr_array_new_with_free_func ((GDestroyNotify) gst_buffer_unref);
  rig->bus = gst_bus_new ();
  gst_element_set_bus (rig->element, rig->bus);
  rig->src = gst_object_ref_sink (gst_pad_new ("src", GST_PAD_SRC));
  rig->sink = gst_object_ref_sink (gst_pad_new_from_template (template, "sink"));
  gst_pad_set_element_private (rig->sink, rig);
  gst_pad_set_chain_function (rig->sink, on_buffer);
  gst_pad_set_event_function (rig->sink, on_event);
  element_sink = gst_element_get_static_pad (rig->element, "sink");
  element_src = gst_element_get_static_pad (rig->element, "src");
  ck_assert_int_eq (gst_pad_link (rig->src, element_sink), GST_PAD_LINK_OK);
  ck_assert_int_eq (gst_pad_link (element_src, rig->sink), GST_PAD_LINK_OK);
  gst_pad_set_active (rig->src, TRUE);
  gst_pad_set_active (rig->sink, TRUE);
  ck_assert_int_eq (gst_element_set_state (rig->element, GST_STATE_PLAYING), GST_STATE_CHANGE_SUCCESS);

  gst_segment_init (&segment, GST_FORMAT_TIME);
  ck_assert (gst_pad_push_event (rig->src, gst_event_new_stream_start ("test")));
  ck_assert (gst_pad_push_event (rig->src, gst_event_new_caps (given)));
  ck_assert (gst_pad_push_event (rig->src, gst_event_new_segment (&segment)));
}

void
rig_clear (Rig *rig)
{
  ck_assert_ptr_null (gst_bus_pop_filtered (rig->bus, GST_MESSAGE_ERROR | GST_MESSAGE_WARNING));
  gst_element_set_state (rig->element, GST_STATE_NULL);
  gst_element_set_bus (rig->element, NULL);
  gst_pad_set_active (rig->src, FALSE);
  gst_pad_set_active (rig->sink, FALSE);
  gst_object_unref (rig->src);
  gst_object_unref (rig->sink);
  gst_object_unref (rig->element);
  gst_object_unref (rig->bus);
  g_ptr_array_unref (rig->buffers);
  gst_clear_caps (&rig->caps);
}

void
rig_push (Rig *rig, gconstpointer data, gsize size, GstClockTime pts, GstClockTime duration)
{
  GstBuffer *buffer = gst_buffer_new_memdup (data, size);

  GST_BUFFER_PTS (buffer) = pts;
  GST_BUFFER_DURATION (buffer) = duration;
  ck_assert_int_eq (gst_pad_push (rig->src, buffer), GST_FLOW_OK);
}

void
rig_push_gap (Rig *rig, GstClockTime pts, GstClockTime duration)
{
  ck_assert (gst_pad_push_event (rig->src, gst_event_new_gap (pts, duration)));
}

GArray *
rig_samples (Rig *rig)
{
  GArray *samples = g_array_new (FALSE, FALSE, sizeof (gint16));

  for (guint i = 0; i < rig->buffers->len; i++)
    {
      GstMapInfo map;

      gst_buffer_map (rig->buffers->pdata[i], &map, GST_MAP_READ);
      g_array_append_vals (samples, map.data, (guint) (map.size / sizeof (gint16)));
      gst_buffer_unmap (rig->buffers->pdata[i], &map);
    }
  return samples;
}
