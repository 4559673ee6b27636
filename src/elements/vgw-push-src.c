#include "elements/vgw-push-src.h"

typedef struct
{
  GstPad *pad;       /* owned by the element */
  gint needs_events; /* atomic: stream-start, caps and segment are to be sent */
  GstCaps *caps;     /* (nullable) guarded by the object lock */
} VgwPushSrcPrivate;

G_DEFINE_TYPE_WITH_PRIVATE (VgwPushSrc, vgw_push_src, GST_TYPE_ELEMENT)

static GstStaticPadTemplate src_template =
    GST_STATIC_PAD_TEMPLATE ("src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);

static VgwPushSrcPrivate *
get_private (VgwPushSrc *self)
{
  return vgw_push_src_get_instance_private (self);
}

/* (transfer full) (nullable) */
static GstCaps *
get_caps (VgwPushSrc *self)
{
  VgwPushSrcPrivate *private = get_private (self);
  GstCaps *caps;

  GST_OBJECT_LOCK (self);
  caps = private->caps != NULL ? gst_caps_ref (private->caps) : NULL;
  GST_OBJECT_UNLOCK (self);
  return caps;
}

/* Answers a caps query also before the first buffer. */
static gboolean
answer_caps (VgwPushSrc *self, GstQuery *query)
{
  g_autoptr (GstCaps) caps = get_caps (self);
  g_autoptr (GstCaps) result = NULL;
  GstCaps *filter;

  if (caps == NULL)
    return FALSE;
  gst_query_parse_caps (query, &filter);
  result = filter != NULL ? gst_caps_intersect_full (filter, caps, GST_CAPS_INTERSECT_FIRST) : gst_caps_ref (caps);
  gst_query_set_caps_result (query, result);
  return TRUE;
}

static gboolean
vgw_push_src_pad_query (GstPad *pad, GstObject *parent, GstQuery *query)
{
  if (GST_QUERY_TYPE (query) == GST_QUERY_CAPS && answer_caps (VGW_PUSH_SRC (parent), query))
    return TRUE;
  if (GST_QUERY_TYPE (query) != GST_QUERY_LATENCY)
    return gst_pad_query_default (pad, parent, query);
  gst_query_set_latency (query, TRUE, 0, GST_CLOCK_TIME_NONE);
  return TRUE;
}

static GstStateChangeReturn
vgw_push_src_change_state (GstElement *element, GstStateChange transition)
{
  GstStateChangeReturn ret;

  /* a pad drops its sticky events when it is deactivated */
  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED)
    g_atomic_int_set (&get_private (VGW_PUSH_SRC (element))->needs_events, TRUE);
  ret = GST_ELEMENT_CLASS (vgw_push_src_parent_class)->change_state (element, transition);
  if (ret != GST_STATE_CHANGE_FAILURE
      && (transition == GST_STATE_CHANGE_READY_TO_PAUSED || transition == GST_STATE_CHANGE_PLAYING_TO_PAUSED))
    return GST_STATE_CHANGE_NO_PREROLL; /* live */
  return ret;
}

static void
vgw_push_src_finalize (GObject *object)
{
  gst_clear_caps (&get_private (VGW_PUSH_SRC (object))->caps);
  G_OBJECT_CLASS (vgw_push_src_parent_class)->finalize (object);
}

static void
vgw_push_src_class_init (VgwPushSrcClass *klass)
{
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = vgw_push_src_finalize;
  element_class->change_state = vgw_push_src_change_state;
  gst_element_class_add_static_pad_template (element_class, &src_template);
  gst_element_class_set_static_metadata (element_class, "Push source", "Source",
                                         "Outputs the buffers that are pushed into it, without a thread",
                                         "voice-gateway");
}

static void
vgw_push_src_init (VgwPushSrc *self)
{
  VgwPushSrcPrivate *private = get_private (self);

  private->needs_events = TRUE;
  private->pad = gst_pad_new_from_static_template (&src_template, "src");
  gst_pad_set_query_function (private->pad, vgw_push_src_pad_query);
  gst_element_add_pad (GST_ELEMENT (self), private->pad);
  GST_OBJECT_FLAG_SET (self, GST_ELEMENT_FLAG_SOURCE);
}

GstElement *
vgw_push_src_new (const char *name)
{
  return g_object_new (VGW_TYPE_PUSH_SRC, "name", name, NULL);
}

void
vgw_push_src_set_caps (VgwPushSrc *self, GstCaps *caps)
{
  g_return_if_fail (VGW_IS_PUSH_SRC (self));

  GST_OBJECT_LOCK (self);
  gst_caps_replace (&get_private (self)->caps, caps);
  GST_OBJECT_UNLOCK (self);
}

static void
push_events (VgwPushSrc *self, GstPad *pad)
{
  g_autofree char *stream_id = gst_pad_create_stream_id (pad, GST_ELEMENT (self), NULL);
  g_autoptr (GstCaps) caps = get_caps (self);
  GstSegment segment;

  gst_pad_push_event (pad, gst_event_new_stream_start (stream_id));
  if (caps != NULL)
    gst_pad_push_event (pad, gst_event_new_caps (caps));
  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_pad_push_event (pad, gst_event_new_segment (&segment));
}

GstFlowReturn
vgw_push_src_push (VgwPushSrc *self, GstBuffer *buffer)
{
  VgwPushSrcPrivate *private = get_private (self);

  if (!gst_pad_is_active (private->pad))
    {
      gst_buffer_unref (buffer);
      return GST_FLOW_FLUSHING;
    }
  if (g_atomic_int_compare_and_exchange (&private->needs_events, TRUE, FALSE))
    push_events (self, private->pad);
  return gst_pad_push (private->pad, buffer);
}

GstPad *
vgw_push_src_get_pad (VgwPushSrc *self)
{
  return get_private (self)->pad;
}
