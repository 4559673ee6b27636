/* webrtcbin calls the virtual functions on its own thread, with its lock held; the other functions are called on the
 * main thread. Lock order: lock, then those of vgw-ice-router.c; nothing that blocks is called under it. */
#include "ice/vgw-ice-agent.h"

#include <netinet/in.h>

#include "ice/vgw-ice-candidate.h"
#include "ice/vgw-ice-mux.h"
#include "ice/vgw-ice-stream.h"

#define GST_CAT_DEFAULT vgw_ice_debug

struct _VgwIceAgent
{
  GstWebRTCICE parent_instance;

  VgwIceMux *mux; /* constant after construction */

  GMutex lock;
  GPtrArray *streams;  /* guarded by lock; VgwIceStream */
  gboolean is_stopped; /* guarded by lock */

  GstWebRTCICEOnCandidateFunc on_candidate; /* webrtcbin's thread only */
  gpointer on_candidate_data;
  GDestroyNotify on_candidate_notify;
};

G_DEFINE_FINAL_TYPE (VgwIceAgent, vgw_ice_agent, GST_TYPE_WEBRTC_ICE)

static VgwIceTransport *
transport_of (GstWebRTCICEStream *stream)
{
  return vgw_ice_stream_get_transport (VGW_ICE_STREAM (stream));
}

static GstWebRTCICEStream *
vgw_ice_agent_add_stream (GstWebRTCICE *ice, guint session_id)
{
  VgwIceAgent *self = VGW_ICE_AGENT (ice);
  VgwIceStream *stream = gst_object_ref_sink (vgw_ice_stream_new (self->mux, session_id));
  gboolean is_stopped;

  g_mutex_lock (&self->lock);
  g_ptr_array_add (self->streams, stream);
  is_stopped = self->is_stopped;
  g_mutex_unlock (&self->lock);
  if (is_stopped)
    vgw_ice_transport_stop (vgw_ice_stream_get_transport (stream));
  return GST_WEBRTC_ICE_STREAM (stream);
}

static GstWebRTCICETransport *
vgw_ice_agent_find_transport (GstWebRTCICE *ice, GstWebRTCICEStream *stream, GstWebRTCICEComponent component)
{
  return gst_webrtc_ice_stream_find_transport (stream, component);
}

static gboolean
vgw_ice_agent_gather_candidates (GstWebRTCICE *ice, GstWebRTCICEStream *stream)
{
  VgwIceAgent *self = VGW_ICE_AGENT (ice);
  VgwIceTransport *transport = transport_of (stream);
  GstWebRTCICETransport *base = GST_WEBRTC_ICE_TRANSPORT (transport);
  g_autoptr (GArray) addresses = NULL;

  if (base->gathering_state == GST_WEBRTC_ICE_GATHERING_STATE_COMPLETE)
    return TRUE; /* a second description has no effect */

  gst_webrtc_ice_transport_gathering_state_change (base, GST_WEBRTC_ICE_GATHERING_STATE_GATHERING);
  addresses = vgw_ice_mux_list_addresses (self->mux);
  for (guint i = 0; i < addresses->len; i++)
    {
      g_autofree char *text = vgw_ice_candidate_to_text (i, &g_array_index (addresses, VgwIceAddress, i));
      g_autofree char *sdp = g_strdup_printf ("a=%s", text);

      GST_DEBUG_OBJECT (self, "stream %u: %s", stream->stream_id, sdp);
      if (self->on_candidate != NULL)
        self->on_candidate (ice, stream->stream_id, sdp, self->on_candidate_data);
    }
  gst_webrtc_ice_transport_gathering_state_change (base, GST_WEBRTC_ICE_GATHERING_STATE_COMPLETE);
  vgw_ice_transport_start (transport);
  return TRUE;
}

/* A lite agent checks only addresses from which it has received checks, and ignores remote candidates (RFC 8445 section
 * 2.5). */
#if GST_CHECK_VERSION(1, 23, 0)
static void
vgw_ice_agent_add_candidate (GstWebRTCICE *ice, GstWebRTCICEStream *stream, const gchar *candidate, GstPromise *promise)
{
  if (promise != NULL)
    gst_promise_reply (promise, NULL);
}
#else
static void
vgw_ice_agent_add_candidate (GstWebRTCICE *ice, GstWebRTCICEStream *stream, const gchar *candidate)
{
}
#endif

static gboolean
vgw_ice_agent_set_local_credentials (GstWebRTCICE *ice, GstWebRTCICEStream *stream, const gchar *ufrag,
                                     const gchar *pwd)
{
  if (ufrag == NULL || pwd == NULL
      || !vgw_ice_route_set_credentials (vgw_ice_transport_get_route (transport_of (stream)), ufrag, pwd))
    {
      GST_ERROR_OBJECT (ice, "stream %u: unusable credentials", stream->stream_id);
      return FALSE;
    }
  return TRUE;
}

/* For the gateway's own checks, see vgw-ice-consent.h. */
static gboolean
vgw_ice_agent_set_remote_credentials (GstWebRTCICE *ice, GstWebRTCICEStream *stream, const gchar *ufrag,
                                      const gchar *pwd)
{
  if (ufrag == NULL || pwd == NULL)
    return FALSE;
  vgw_ice_route_set_remote_credentials (vgw_ice_transport_get_route (transport_of (stream)), ufrag, pwd);
  return TRUE;
}

/* STUN and TURN servers are not supported: `ice.agent = nice` is for a gateway that needs them. */
static gboolean
vgw_ice_agent_add_turn_server (GstWebRTCICE *ice, const gchar *uri)
{
  return FALSE;
}

static void
vgw_ice_agent_set_uri (GstWebRTCICE *ice, const gchar *uri)
{
}

static gchar *
vgw_ice_agent_get_uri (GstWebRTCICE *ice)
{
  return NULL;
}

/* A lite agent is controlled (RFC 8445 section 6.1.1). */
static void
vgw_ice_agent_set_is_controller (GstWebRTCICE *ice, gboolean controller)
{
}

static gboolean
vgw_ice_agent_get_is_controller (GstWebRTCICE *ice)
{
  return FALSE;
}

static void
vgw_ice_agent_set_force_relay (GstWebRTCICE *ice, gboolean force_relay)
{
}

static void
vgw_ice_agent_set_tos (GstWebRTCICE *ice, GstWebRTCICEStream *stream, guint tos)
{
  vgw_ice_transport_set_tos (transport_of (stream), (guint8) tos);
}

static void
vgw_ice_agent_set_on_ice_candidate (GstWebRTCICE *ice, GstWebRTCICEOnCandidateFunc func, gpointer user_data,
                                    GDestroyNotify notify)
{
  VgwIceAgent *self = VGW_ICE_AGENT (ice);

  if (self->on_candidate_notify != NULL)
    self->on_candidate_notify (self->on_candidate_data);
  self->on_candidate = func;
  self->on_candidate_data = user_data;
  self->on_candidate_notify = notify;
}

/* For gst_webrtc_ice_candidate_stats_free (). */
static GstWebRTCICECandidateStats *
make_stats (GstWebRTCICEStream *stream, const VgwIceAddress *address, const char *type, guint priority)
{
  GstWebRTCICECandidateStats *stats = g_new0 (GstWebRTCICECandidateStats, 1);
  char ip[VGW_ICE_ADDRESS_TEXT_MAX];

  stats->ipaddr = g_strdup (vgw_ice_address_ip_to_string (address, ip));
  stats->port = address->port;
  stats->stream_id = stream->stream_id;
  stats->type = type;
  stats->proto = address->protocol == IPPROTO_TCP ? "tcp" : "udp";
  stats->prio = priority;
  return stats;
}

static GstWebRTCICECandidateStats **
vgw_ice_agent_get_local_candidates (GstWebRTCICE *ice, GstWebRTCICEStream *stream)
{
  g_autoptr (GArray) addresses = vgw_ice_mux_list_addresses (VGW_ICE_AGENT (ice)->mux);
  GstWebRTCICECandidateStats **stats = g_new0 (GstWebRTCICECandidateStats *, addresses->len + 1);

  for (guint i = 0; i < addresses->len; i++)
    {
      const VgwIceAddress *address = &g_array_index (addresses, VgwIceAddress, i);

      stats[i] = make_stats (stream, address, "host", vgw_ice_candidate_priority (i, address));
    }
  return stats;
}

static GstWebRTCICECandidateStats **
vgw_ice_agent_get_remote_candidates (GstWebRTCICE *ice, GstWebRTCICEStream *stream)
{
  VgwIcePath path;
  GstWebRTCICECandidateStats **stats = g_new0 (GstWebRTCICECandidateStats *, 2);

  if (vgw_ice_route_get_path (vgw_ice_transport_get_route (transport_of (stream)), &path))
    stats[0] = make_stats (stream, &path.remote, "prflx", 0);
  return stats;
}

static gboolean
vgw_ice_agent_get_selected_pair (GstWebRTCICE *ice, GstWebRTCICEStream *stream,
                                 GstWebRTCICECandidateStats **local_stats, GstWebRTCICECandidateStats **remote_stats)
{
  VgwIcePath path;

  if (stream == NULL || !vgw_ice_route_get_path (vgw_ice_transport_get_route (transport_of (stream)), &path))
    return FALSE;
  *local_stats = make_stats (stream, &path.local, "host", vgw_ice_candidate_priority (0, &path.local));
  *remote_stats = make_stats (stream, &path.remote, "prflx", 0);
  return TRUE;
}

static void
vgw_ice_agent_finalize (GObject *object)
{
  VgwIceAgent *self = VGW_ICE_AGENT (object);

  vgw_ice_agent_stop (self);
  if (self->on_candidate_notify != NULL)
    self->on_candidate_notify (self->on_candidate_data);
  g_clear_pointer (&self->streams, g_ptr_array_unref);
  g_clear_object (&self->mux);
  g_mutex_clear (&self->lock);
  G_OBJECT_CLASS (vgw_ice_agent_parent_class)->finalize (object);
}

static void
vgw_ice_agent_class_init (VgwIceAgentClass *klass)
{
  GstWebRTCICEClass *ice_class = GST_WEBRTC_ICE_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = vgw_ice_agent_finalize;
  /* all of them: webrtcbin asserts that they exist */
  ice_class->add_stream = vgw_ice_agent_add_stream;
  ice_class->find_transport = vgw_ice_agent_find_transport;
  ice_class->gather_candidates = vgw_ice_agent_gather_candidates;
  ice_class->add_candidate = vgw_ice_agent_add_candidate;
  ice_class->set_local_credentials = vgw_ice_agent_set_local_credentials;
  ice_class->set_remote_credentials = vgw_ice_agent_set_remote_credentials;
  ice_class->add_turn_server = vgw_ice_agent_add_turn_server;
  ice_class->set_is_controller = vgw_ice_agent_set_is_controller;
  ice_class->get_is_controller = vgw_ice_agent_get_is_controller;
  ice_class->set_force_relay = vgw_ice_agent_set_force_relay;
  ice_class->set_stun_server = vgw_ice_agent_set_uri;
  ice_class->get_stun_server = vgw_ice_agent_get_uri;
  ice_class->set_turn_server = vgw_ice_agent_set_uri;
  ice_class->get_turn_server = vgw_ice_agent_get_uri;
  ice_class->set_http_proxy = vgw_ice_agent_set_uri;
  ice_class->get_http_proxy = vgw_ice_agent_get_uri;
  ice_class->set_tos = vgw_ice_agent_set_tos;
  ice_class->set_on_ice_candidate = vgw_ice_agent_set_on_ice_candidate;
  ice_class->get_local_candidates = vgw_ice_agent_get_local_candidates;
  ice_class->get_remote_candidates = vgw_ice_agent_get_remote_candidates;
  ice_class->get_selected_pair = vgw_ice_agent_get_selected_pair;
}

static void
vgw_ice_agent_init (VgwIceAgent *self)
{
  g_mutex_init (&self->lock);
  self->streams = g_ptr_array_new_with_free_func (gst_object_unref);
}

VgwIceAgent *
vgw_ice_agent_new (VgwIceMux *mux)
{
  VgwIceAgent *self;

  g_return_val_if_fail (VGW_IS_ICE_MUX (mux), NULL);

  self = g_object_new (VGW_TYPE_ICE_AGENT, NULL);
  self->mux = g_object_ref (mux);
  return self;
}

gint64
vgw_ice_agent_get_last_check_us (VgwIceAgent *self)
{
  gint64 last_check_us = 0;

  g_return_val_if_fail (VGW_IS_ICE_AGENT (self), 0);

  g_mutex_lock (&self->lock);
  for (guint i = 0; i < self->streams->len; i++)
    {
      VgwIceTransport *transport = vgw_ice_stream_get_transport (g_ptr_array_index (self->streams, i));
      gint64 check_us = vgw_ice_route_get_last_check_us (vgw_ice_transport_get_route (transport));

      last_check_us = MAX (last_check_us, check_us);
    }
  g_mutex_unlock (&self->lock);
  return last_check_us;
}

gint64
vgw_ice_agent_get_silent_since_us (VgwIceAgent *self)
{
  gint64 since_us = 0;

  g_return_val_if_fail (VGW_IS_ICE_AGENT (self), 0);

  g_mutex_lock (&self->lock);
  for (guint i = 0; i < self->streams->len && since_us == 0; i++)
    {
      VgwIceTransport *transport = vgw_ice_stream_get_transport (g_ptr_array_index (self->streams, i));

      since_us = vgw_ice_route_get_silent_since_us (vgw_ice_transport_get_route (transport));
    }
  g_mutex_unlock (&self->lock);
  return since_us;
}

void
vgw_ice_agent_confirm_handshake (VgwIceAgent *self)
{
  gint64 now_us = g_get_monotonic_time ();

  g_return_if_fail (VGW_IS_ICE_AGENT (self));

  g_mutex_lock (&self->lock);
  for (guint i = 0; i < self->streams->len; i++)
    {
      VgwIceTransport *transport = vgw_ice_stream_get_transport (g_ptr_array_index (self->streams, i));

      vgw_ice_route_confirm_handshake (vgw_ice_transport_get_route (transport), now_us);
    }
  g_mutex_unlock (&self->lock);
}

VgwIceParameters *
vgw_ice_agent_restart (VgwIceAgent *self, const char *remote_ufrag, const char *remote_pwd)
{
  VgwIceParameters *own = vgw_ice_parameters_new ();
  g_autoptr (GArray) addresses = NULL;

  g_return_val_if_fail (VGW_IS_ICE_AGENT (self), own);

  g_mutex_lock (&self->lock);
  for (guint i = 0; i < self->streams->len; i++)
    {
      VgwIceTransport *transport = vgw_ice_stream_get_transport (g_ptr_array_index (self->streams, i));

      if (!vgw_ice_route_restart (vgw_ice_transport_get_route (transport), own->ufrag, own->pwd, remote_ufrag,
                                  remote_pwd))
        GST_ERROR_OBJECT (self, "stream %u: unusable credentials",
                          GST_WEBRTC_ICE_STREAM (g_ptr_array_index (self->streams, i))->stream_id);
    }
  g_mutex_unlock (&self->lock);
  addresses = vgw_ice_mux_list_addresses (self->mux);
  for (guint i = 0; i < addresses->len; i++)
    g_ptr_array_add (own->candidates, vgw_ice_candidate_to_text (i, &g_array_index (addresses, VgwIceAddress, i)));
  return own;
}

void
vgw_ice_agent_go_direct (VgwIceAgent *self)
{
  g_return_if_fail (VGW_IS_ICE_AGENT (self));

  g_mutex_lock (&self->lock);
  for (guint i = 0; i < self->streams->len; i++)
    vgw_ice_transport_go_direct (vgw_ice_stream_get_transport (g_ptr_array_index (self->streams, i)));
  g_mutex_unlock (&self->lock);
}

void
vgw_ice_agent_stop (VgwIceAgent *self)
{
  g_autoptr (GPtrArray) streams = g_ptr_array_new_with_free_func (gst_object_unref);

  g_return_if_fail (VGW_IS_ICE_AGENT (self));

  g_mutex_lock (&self->lock);
  self->is_stopped = TRUE;
  for (guint i = 0; i < self->streams->len; i++)
    g_ptr_array_add (streams, gst_object_ref (g_ptr_array_index (self->streams, i)));
  g_mutex_unlock (&self->lock);
  for (guint i = 0; i < streams->len; i++)
    vgw_ice_transport_stop (vgw_ice_stream_get_transport (g_ptr_array_index (streams, i)));
}
