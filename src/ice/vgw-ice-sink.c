#include "ice/vgw-ice-sink.h"

#include "ice/vgw-ice-mux.h"

#define GST_CAT_DEFAULT vgw_ice_debug

struct _VgwIceSink
{
  GstElement parent_instance;

  VgwIceMux *mux;     /* constant after construction */
  VgwIceRoute *route; /* constant after construction */
  gint tos;           /* atomic */
};

G_DEFINE_FINAL_TYPE (VgwIceSink, vgw_ice_sink, GST_TYPE_ELEMENT)

static GstStaticPadTemplate sink_template =
    GST_STATIC_PAD_TEMPLATE ("sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);

static void
send_buffer (VgwIceSink *self, GstBuffer *buffer)
{
  GstMapInfo map;
  VgwIcePath path;

  if (!vgw_ice_route_take_path (self->route, gst_buffer_get_size (buffer), &path))
    {
      GST_LOG_OBJECT (self, "dropped a packet: no path, or no consent to send there");
      return;
    }
  /* buffers of the SRTP and DTLS encoders have one memory: mapping does not copy */
  if (!gst_buffer_map (buffer, &map, GST_MAP_READ))
    return;
  if (!vgw_ice_mux_send (self->mux, &path, map.data, map.size, (guint8) g_atomic_int_get (&self->tos)))
    GST_LOG_OBJECT (self, "dropped a packet of %" G_GSIZE_FORMAT " bytes", map.size);
  gst_buffer_unmap (buffer, &map);
}

static GstFlowReturn
vgw_ice_sink_chain (GstPad *pad, GstObject *parent, GstBuffer *buffer)
{
  send_buffer (VGW_ICE_SINK (parent), buffer);
  gst_buffer_unref (buffer);
  return GST_FLOW_OK;
}

static GstFlowReturn
vgw_ice_sink_chain_list (GstPad *pad, GstObject *parent, GstBufferList *list)
{
  for (guint i = 0; i < gst_buffer_list_length (list); i++)
    send_buffer (VGW_ICE_SINK (parent), gst_buffer_list_get (list, i));
  gst_buffer_list_unref (list);
  return GST_FLOW_OK;
}

static gboolean
vgw_ice_sink_event (GstPad *pad, GstObject *parent, GstEvent *event)
{
  /* the bin waits for this message of each of its sinks */
  if (GST_EVENT_TYPE (event) == GST_EVENT_EOS)
    {
      GstMessage *message = gst_message_new_eos (parent);

      gst_message_set_seqnum (message, gst_event_get_seqnum (event));
      gst_element_post_message (GST_ELEMENT (parent), message);
    }
  gst_event_unref (event);
  return TRUE;
}

static void
vgw_ice_sink_finalize (GObject *object)
{
  VgwIceSink *self = VGW_ICE_SINK (object);

  g_clear_pointer (&self->route, vgw_ice_route_unref);
  g_clear_object (&self->mux);
  G_OBJECT_CLASS (vgw_ice_sink_parent_class)->finalize (object);
}

static void
vgw_ice_sink_class_init (VgwIceSinkClass *klass)
{
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = vgw_ice_sink_finalize;
  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_set_static_metadata (element_class, "ICE sink", "Sink/Network",
                                         "Packets of one session to the shared UDP port", "voice-gateway");
}

static void
vgw_ice_sink_init (VgwIceSink *self)
{
  GstPad *pad = gst_pad_new_from_static_template (&sink_template, "sink");

  gst_pad_set_chain_function (pad, vgw_ice_sink_chain);
  gst_pad_set_chain_list_function (pad, vgw_ice_sink_chain_list);
  gst_pad_set_event_function (pad, vgw_ice_sink_event);
  gst_element_add_pad (GST_ELEMENT (self), pad);
  GST_OBJECT_FLAG_SET (self, GST_ELEMENT_FLAG_SINK);
}

GstElement *
vgw_ice_sink_new (VgwIceMux *mux, VgwIceRoute *route)
{
  VgwIceSink *self = g_object_new (VGW_TYPE_ICE_SINK, NULL);

  self->mux = g_object_ref (mux);
  self->route = vgw_ice_route_ref (route);
  return GST_ELEMENT (self);
}

void
vgw_ice_sink_set_tos (VgwIceSink *self, guint8 tos)
{
  g_atomic_int_set (&self->tos, tos);
}
