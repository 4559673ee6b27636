/* Lock order: VgwIceRoute.deliver_lock (see vgw-ice-router.c), then report_lock. No lock is held while a state is
 * reported. */
#include "ice/vgw-ice-transport.h"

#include "ice/vgw-ice-mux.h"
#include "ice/vgw-ice-sink.h"
#include "ice/vgw-ice-src.h"

#define GST_CAT_DEFAULT vgw_ice_debug

struct _VgwIceTransport
{
  GstWebRTCICETransport parent_instance;

  VgwIceMux *mux;     /* constant after construction */
  VgwIceRoute *route; /* constant after construction */

  GMutex report_lock;
  GCond report_done;
  GstWebRTCICEConnectionState wanted;   /* guarded by report_lock */
  GstWebRTCICEConnectionState reported; /* guarded by report_lock */
  gboolean is_queued;                   /* guarded by report_lock: report () will run */
  GThread *reporter;                    /* guarded by report_lock: runs report () now */
  gboolean is_stopped;                  /* guarded by report_lock */
};

G_DEFINE_FINAL_TYPE (VgwIceTransport, vgw_ice_transport, GST_TYPE_WEBRTC_ICE_TRANSPORT)

/* The states of a lite agent only advance; the session's timer detects a disconnection. */
G_STATIC_ASSERT (GST_WEBRTC_ICE_CONNECTION_STATE_NEW < GST_WEBRTC_ICE_CONNECTION_STATE_CHECKING);
G_STATIC_ASSERT (GST_WEBRTC_ICE_CONNECTION_STATE_CHECKING < GST_WEBRTC_ICE_CONNECTION_STATE_CONNECTED);
G_STATIC_ASSERT (GST_WEBRTC_ICE_CONNECTION_STATE_CONNECTED < GST_WEBRTC_ICE_CONNECTION_STATE_COMPLETED);

/* On a thread of the mux's pool. @data: (transfer full) */
static void
report (gpointer data, gpointer user_data)
{
  VgwIceTransport *self = data;

  g_mutex_lock (&self->report_lock);
  self->is_queued = FALSE;
  self->reporter = g_thread_self ();
  while (!self->is_stopped && self->reported < self->wanted)
    {
      GstWebRTCICEConnectionState state = ++self->reported;

      g_mutex_unlock (&self->report_lock);
      GST_DEBUG_OBJECT (self, "connection state %d", state);
      gst_webrtc_ice_transport_connection_state_change (GST_WEBRTC_ICE_TRANSPORT (self), state);
      g_mutex_lock (&self->report_lock);
    }
  self->reporter = NULL;
  g_cond_broadcast (&self->report_done);
  g_mutex_unlock (&self->report_lock);
  gst_object_unref (self);
}

/* Reports the states up to @state, in order, with one report () running at a time. */
static void
advance (VgwIceTransport *self, GstWebRTCICEConnectionState state)
{
  gboolean should_queue = FALSE;

  g_mutex_lock (&self->report_lock);
  if (!self->is_stopped && state > self->wanted)
    {
      self->wanted = state;
      should_queue = !self->is_queued && self->reporter == NULL;
      self->is_queued |= should_queue;
    }
  g_mutex_unlock (&self->report_lock);

  /* after the shutdown of the mux there is nothing to report, and nothing is queued again */
  if (should_queue && !vgw_ice_mux_defer (self->mux, report, gst_object_ref (self)))
    gst_object_unref (self);
}

static void
on_packet (const guint8 *data, gsize length, gpointer user_data)
{
  VgwIceTransport *self = user_data;

  vgw_ice_src_push (VGW_ICE_SRC (GST_WEBRTC_ICE_TRANSPORT (self)->src), data, length);
}

static void
on_checked (gboolean is_nominated, gpointer user_data)
{
  advance (user_data,
           is_nominated ? GST_WEBRTC_ICE_CONNECTION_STATE_COMPLETED : GST_WEBRTC_ICE_CONNECTION_STATE_CONNECTED);
}

static const VgwIceRouteFuncs route_funcs = { on_packet, on_checked };

static void
vgw_ice_transport_dispose (GObject *object)
{
  VgwIceTransport *self = VGW_ICE_TRANSPORT (object);

  if (self->route != NULL)
    vgw_ice_transport_stop (self);
  G_OBJECT_CLASS (vgw_ice_transport_parent_class)->dispose (object);
}

static void
vgw_ice_transport_finalize (GObject *object)
{
  VgwIceTransport *self = VGW_ICE_TRANSPORT (object);
  GstWebRTCICETransport *transport = GST_WEBRTC_ICE_TRANSPORT (object);

  gst_clear_object (&transport->src);
  gst_clear_object (&transport->sink);
  g_clear_pointer (&self->route, vgw_ice_route_unref);
  g_clear_object (&self->mux);
  g_cond_clear (&self->report_done);
  g_mutex_clear (&self->report_lock);
  G_OBJECT_CLASS (vgw_ice_transport_parent_class)->finalize (object);
}

static void
vgw_ice_transport_class_init (VgwIceTransportClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = vgw_ice_transport_dispose;
  object_class->finalize = vgw_ice_transport_finalize;
}

static void
vgw_ice_transport_init (VgwIceTransport *self)
{
  g_mutex_init (&self->report_lock);
  g_cond_init (&self->report_done);
  self->wanted = self->reported = GST_WEBRTC_ICE_CONNECTION_STATE_NEW;
}

VgwIceTransport *
vgw_ice_transport_new (VgwIceMux *mux, GstWebRTCICEComponent component)
{
  VgwIceTransport *self = g_object_new (VGW_TYPE_ICE_TRANSPORT, "component", component, NULL);
  GstWebRTCICETransport *transport = GST_WEBRTC_ICE_TRANSPORT (self);

  self->mux = g_object_ref (mux);
  self->route = vgw_ice_route_new (vgw_ice_mux_get_router (mux), &route_funcs, self);
  transport->role = GST_WEBRTC_ICE_ROLE_CONTROLLED;
  /* webrtcbin's bins add their own references; packets are delivered until the route is stopped */
  transport->src = gst_object_ref_sink (vgw_ice_src_new ());
  transport->sink = gst_object_ref_sink (vgw_ice_sink_new (mux, self->route));
  return self;
}

VgwIceRoute *
vgw_ice_transport_get_route (VgwIceTransport *self)
{
  return self->route;
}

void
vgw_ice_transport_set_tos (VgwIceTransport *self, guint8 tos)
{
  vgw_ice_sink_set_tos (VGW_ICE_SINK (GST_WEBRTC_ICE_TRANSPORT (self)->sink), tos);
}

void
vgw_ice_transport_go_direct (VgwIceTransport *self)
{
  vgw_ice_src_go_direct (VGW_ICE_SRC (GST_WEBRTC_ICE_TRANSPORT (self)->src));
}

void
vgw_ice_transport_start (VgwIceTransport *self)
{
  advance (self, GST_WEBRTC_ICE_CONNECTION_STATE_CHECKING);
}

void
vgw_ice_transport_stop (VgwIceTransport *self)
{
  vgw_ice_route_stop (self->route);

  g_mutex_lock (&self->report_lock);
  self->is_stopped = TRUE;
  while (self->reporter != NULL && self->reporter != g_thread_self ())
    g_cond_wait (&self->report_done, &self->report_lock);
  g_mutex_unlock (&self->report_lock);
}
