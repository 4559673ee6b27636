#include "ice/vgw-ice-src.h"

#include "ice/vgw-ice-mux-private.h"

#define GST_CAT_DEFAULT vgw_ice_debug

/* webrtcbin's receive queue holds 5 MB by itself: minutes of voice. This much is a second of the busiest call. */
#define QUEUE_MAX_BYTES (128 * 1024)
#define QUEUE_LEAKS_DOWNSTREAM 2 /* GST_QUEUE_LEAK_DOWNSTREAM of the queue element: the oldest goes */

struct _VgwIceSrc
{
  GstElement parent_instance;

  GstPad *pad;       /* owned by the element */
  gint needs_events; /* atomic: stream-start and segment have to go first */
};

G_DEFINE_FINAL_TYPE (VgwIceSrc, vgw_ice_src, GST_TYPE_ELEMENT)

static GstStaticPadTemplate src_template =
    GST_STATIC_PAD_TEMPLATE ("src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);

static void
on_leaky_changed (GstElement *queue, GParamSpec *pspec, gpointer user_data)
{
  gint leaky;

  g_object_get (queue, "leaky", &leaky, NULL);
  if (leaky != QUEUE_LEAKS_DOWNSTREAM)
    g_object_set (queue, "leaky", QUEUE_LEAKS_DOWNSTREAM, NULL);
}

/* The element behind the pad that @element's source pad is linked to. Returns: (transfer full) (nullable) */
static GstElement *
get_next_element (GstElement *element)
{
  g_autoptr (GstPad) pad = gst_element_get_static_pad (element, "src");
  g_autoptr (GstPad) peer = pad != NULL ? gst_pad_get_peer (pad) : NULL;

  return peer != NULL ? gst_pad_get_parent_element (peer) : NULL;
}

/* One thread serves every session, so that none may make it wait. In webrtcbin's TransportReceiveBin a queue follows
 * this element (behind a capsfilter) and stands between it and whatever blocks; but webrtcbin switches its leaking off
 * once ICE is connected, and a push into the full queue would wait. Leaking the oldest is what a receiver of live
 * voice wants in any case. */
static void
keep_queue_leaky (GstPad *pad, GstPad *peer, VgwIceSrc *self)
{
  g_autoptr (GstElement) element = gst_pad_get_parent_element (peer);
  GstElementFactory *factory;

  while (element != NULL)
    {
      g_autoptr (GstElement) next = NULL;

      factory = gst_element_get_factory (element);
      if (factory != NULL && g_str_equal (GST_OBJECT_NAME (factory), "queue"))
        {
          g_object_set (element, "max-size-bytes", QUEUE_MAX_BYTES, "leaky", QUEUE_LEAKS_DOWNSTREAM, NULL);
          g_signal_connect (element, "notify::leaky", G_CALLBACK (on_leaky_changed), NULL);
          return;
        }
      next = get_next_element (element);
      g_set_object (&element, next);
    }
  GST_WARNING_OBJECT (self, "no queue follows: a blocked session can stop the others");
}

static gboolean
vgw_ice_src_pad_query (GstPad *pad, GstObject *parent, GstQuery *query)
{
  if (GST_QUERY_TYPE (query) != GST_QUERY_LATENCY)
    return gst_pad_query_default (pad, parent, query);
  gst_query_set_latency (query, TRUE, 0, GST_CLOCK_TIME_NONE);
  return TRUE;
}

static GstStateChangeReturn
vgw_ice_src_change_state (GstElement *element, GstStateChange transition)
{
  VgwIceSrc *self = VGW_ICE_SRC (element);
  GstStateChangeReturn ret;

  /* a pad forgets its events when it is deactivated */
  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED)
    g_atomic_int_set (&self->needs_events, TRUE);
  ret = GST_ELEMENT_CLASS (vgw_ice_src_parent_class)->change_state (element, transition);
  if (ret != GST_STATE_CHANGE_FAILURE
      && (transition == GST_STATE_CHANGE_READY_TO_PAUSED || transition == GST_STATE_CHANGE_PLAYING_TO_PAUSED))
    return GST_STATE_CHANGE_NO_PREROLL; /* live */
  return ret;
}

static void
vgw_ice_src_class_init (VgwIceSrcClass *klass)
{
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);

  element_class->change_state = vgw_ice_src_change_state;
  gst_element_class_add_static_pad_template (element_class, &src_template);
  gst_element_class_set_static_metadata (element_class, "ICE source", "Source/Network",
                                         "Packets of one session from the shared UDP port", "voice-gateway");
}

static void
vgw_ice_src_init (VgwIceSrc *self)
{
  self->needs_events = TRUE;
  self->pad = gst_pad_new_from_static_template (&src_template, "src");
  gst_pad_set_query_function (self->pad, vgw_ice_src_pad_query);
  g_signal_connect (self->pad, "linked", G_CALLBACK (keep_queue_leaky), self);
  gst_element_add_pad (GST_ELEMENT (self), self->pad);
  GST_OBJECT_FLAG_SET (self, GST_ELEMENT_FLAG_SOURCE);
}

GstElement *
vgw_ice_src_new (void)
{
  return g_object_new (VGW_TYPE_ICE_SRC, NULL);
}

static void
push_events (VgwIceSrc *self)
{
  g_autofree char *stream_id = gst_pad_create_stream_id (self->pad, GST_ELEMENT (self), NULL);
  GstSegment segment;

  gst_pad_push_event (self->pad, gst_event_new_stream_start (stream_id));
  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_pad_push_event (self->pad, gst_event_new_segment (&segment));
}

void
vgw_ice_src_push (VgwIceSrc *self, const guint8 *data, gsize length)
{
  GstBuffer *buffer;
  GstFlowReturn flow;

  if (!gst_pad_is_active (self->pad))
    return;
  if (g_atomic_int_compare_and_exchange (&self->needs_events, TRUE, FALSE))
    push_events (self);

  /* A voice packet has some 150 bytes. Copying them costs less than a buffer pool's bookkeeping, and a buffer of the
   * exact size keeps the queue's bound in bytes honest. */
  buffer = gst_buffer_new_memdup (data, length);
  GST_BUFFER_PTS (buffer) = GST_BUFFER_DTS (buffer) = gst_element_get_current_running_time (GST_ELEMENT (self));
  flow = gst_pad_push (self->pad, buffer);
  if (flow != GST_FLOW_OK)
    GST_LOG_OBJECT (self, "dropped %" G_GSIZE_FORMAT " bytes: %s", length, gst_flow_get_name (flow));
}
