#include "ice/vgw-ice-stream.h"

struct _VgwIceStream
{
  GstWebRTCICEStream parent_instance;

  VgwIceTransport *transport; /* constant after construction */
};

G_DEFINE_FINAL_TYPE (VgwIceStream, vgw_ice_stream, GST_TYPE_WEBRTC_ICE_STREAM)

static GstWebRTCICETransport *
vgw_ice_stream_find_transport (GstWebRTCICEStream *stream, GstWebRTCICEComponent component)
{
  return gst_object_ref (VGW_ICE_STREAM (stream)->transport);
}

/* The agent gathers, since it has the callback. */
static gboolean
vgw_ice_stream_gather_candidates (GstWebRTCICEStream *stream)
{
  return TRUE;
}

static void
vgw_ice_stream_dispose (GObject *object)
{
  VgwIceStream *self = VGW_ICE_STREAM (object);

  gst_clear_object (&self->transport);
  G_OBJECT_CLASS (vgw_ice_stream_parent_class)->dispose (object);
}

static void
vgw_ice_stream_class_init (VgwIceStreamClass *klass)
{
  GstWebRTCICEStreamClass *stream_class = GST_WEBRTC_ICE_STREAM_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = vgw_ice_stream_dispose;
  stream_class->find_transport = vgw_ice_stream_find_transport;
  stream_class->gather_candidates = vgw_ice_stream_gather_candidates;
}

static void
vgw_ice_stream_init (VgwIceStream *self)
{
}

VgwIceStream *
vgw_ice_stream_new (VgwIceMux *mux, guint stream_id)
{
  VgwIceStream *self = g_object_new (VGW_TYPE_ICE_STREAM, "stream-id", stream_id, NULL);

  self->transport = gst_object_ref_sink (vgw_ice_transport_new (mux, GST_WEBRTC_ICE_COMPONENT_RTP));
  return self;
}

VgwIceTransport *
vgw_ice_stream_get_transport (VgwIceStream *self)
{
  return self->transport;
}
