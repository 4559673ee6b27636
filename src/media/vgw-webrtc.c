#include "media/vgw-webrtc.h"

#include <stdatomic.h>
#include <string.h>

#include <gst/webrtc/webrtc.h>

#include "base/vgw-error.h"
#include "media/vgw-dtls-certificate.h"
#include "media/vgw-pad-shortcut.h"

#define MAX_RTP_STREAMS 2   /* each SSRC has a jitter buffer; the intake passes one */
#define MAX_PENDING_KEYS 32 /* not yet handled on the main thread */

struct _VgwWebrtc
{
  gatomicrefcount ref_count;
  VgwMedia *media;
  GstElement *pipeline; /* main thread only; NULL after release */
  GstElement *bin;      /* borrowed from pipeline */
  VgwIceAgent *ice;     /* (nullable) borrowed from bin */
  guint sctp_id;

  /* constant once the pipeline runs */
  gint audio_payload_type;
  gint dtmf_payload_type; /* -1 for none */
  guint dtmf_clock_rate_hz;
  VgwMailbox *dtmf_mailbox;
  VgwMailboxFunc dtmf_func;
  VgwMailbox *closed_mailbox;
  VgwMailboxFunc closed_func;

  GMutex lock;
  gboolean is_released;      /* guarded by lock */
  GstElement *dtls_dec;      /* guarded by lock */
  GstElement *jitter_buffer; /* guarded by lock; of the first stream */

  VgwRtpIntake *intake;
  gint has_dtls; /* atomic: it is connected */
  _Atomic gint64 ice_us;
  GstElement *decoder; /* (nullable) where it is our Opus decoder */
};

/* Streaming thread, or webrtcbin's own. "closed" is also the state before there is a connection. webrtcbin does not
 * reflect it in its own state (W3C webrtc-pc section 5.5.1: "closed"). */
static void
on_dtls_state (GstElement *dtls_dec, GParamSpec *pspec, VgwWebrtc *self)
{
  gint state;
  g_object_get (dtls_dec, "connection-state", &state, NULL);
  const GEnumValue *value = g_enum_get_value (G_PARAM_SPEC_ENUM (pspec)->enum_class, state);
  if (value == NULL || self->closed_func == NULL)
    return;
  if (g_str_equal (value->value_nick, "connected"))
    g_atomic_int_set (&self->has_dtls, TRUE);
  else if (g_str_equal (value->value_nick, "closed")
           && g_atomic_int_compare_and_exchange (&self->has_dtls, TRUE, FALSE))
    vgw_mailbox_post (self->closed_mailbox, self->closed_func, NULL, NULL);
}

/* webrtcbin's own thread. */
static void
on_ice_state (GstElement *bin, GParamSpec *pspec, VgwWebrtc *self)
{
  GstWebRTCICEConnectionState state;

  g_object_get (bin, "ice-connection-state", &state, NULL);
  if ((state == GST_WEBRTC_ICE_CONNECTION_STATE_CONNECTED || state == GST_WEBRTC_ICE_CONNECTION_STATE_COMPLETED)
      && atomic_load_explicit (&self->ice_us, memory_order_relaxed) == 0)
    atomic_store_explicit (&self->ice_us, g_get_monotonic_time (), memory_order_relaxed);
}

/* webrtcbin detects neither a wrong certificate nor a dead peer: the decoder is kept for its certificate, and its
 * packets are observed. The PC thread may add it after the release, when it must not be kept. */
static void
watch_dtls_decoder (VgwWebrtc *self, GstElement *dtls_dec)
{
  gboolean is_wanted;

  g_mutex_lock (&self->lock);
  is_wanted = self->dtls_dec == NULL && !self->is_released;
  if (is_wanted)
    self->dtls_dec = gst_object_ref (dtls_dec);
  g_mutex_unlock (&self->lock);
  if (!is_wanted)
    return;
  vgw_rtp_intake_watch (self->intake, dtls_dec);
  g_signal_connect_data (dtls_dec, "notify::connection-state", G_CALLBACK (on_dtls_state), vgw_webrtc_ref (self),
                         (GClosureNotify) G_CALLBACK (vgw_webrtc_unref), 0);
}

static gboolean
shorten_way (GstElement *element, GstPad *pad, gpointer user_data)
{
  vgw_pad_shortcut_add (pad);
  return TRUE;
}

/* On the thread that adds the element: main, or webrtcbin's PC thread. */
static void
on_deep_element_added (GstBin *bin, GstBin *sub_bin, GstElement *element, VgwWebrtc *self)
{
  GstElementFactory *factory = gst_element_get_factory (element);
  const char *name = factory ? GST_OBJECT_NAME (factory) : "";

  if (g_str_equal (name, "sctpdec") || g_str_equal (name, "sctpenc"))
    g_object_set (element, "sctp-association-id", self->sctp_id, NULL);
  else if (g_str_equal (name, "dtlssrtpdec"))
    {
      vgw_dtls_certificate_use (vgw_media_get_certificate (self->media), element);
      watch_dtls_decoder (self, element);
    }
  else if (g_str_equal (name, "srtpenc"))
    gst_element_foreach_src_pad (element, shorten_way, NULL); /* those to the sink; RTCP's is one of them */
  else if (g_str_equal (name, "clocksync"))
    g_object_set (element, "sync", FALSE, NULL); /* the pacer sends on time, and must not block here */
}

static void
add_turn_servers (GstElement *bin, const char *const *servers)
{
  for (guint i = 0; servers != NULL && servers[i] != NULL; i++)
    {
      const char *colon = strchr (servers[i], ':');
      if (colon == NULL)
        continue; /* the configuration has checked the form */
      g_autofree char *uri = g_strdup_printf ("%.*s://%s", (int) (colon - servers[i]), servers[i], colon + 1);
      gboolean was_added = FALSE;
      g_signal_emit_by_name (bin, "add-turn-server", uri, &was_added);
    }
}

/* Disables expensive defaults of libnice: UPnP takes up to 200 ms and multicast, ICE-TCP a dozen descriptors. */
static void
tune_nice (GstElement *bin, const VgwMediaSettings *settings)
{
  g_autoptr (GstObject) ice = NULL;
  g_autoptr (GObject) agent = NULL;

  g_object_get (bin, "ice-agent", &ice, NULL);
  g_object_get (ice, "agent", &agent, NULL);
  g_object_set (agent, "upnp", FALSE, "ice-tcp", FALSE, NULL);
  /* a client whose NAT rebinds is not followed, and would hear nothing for ever: so the call fails (consent-freshness
   * would do it better, but is for who constructs the agent) */
  g_object_set (agent, "keepalive-conncheck", TRUE, NULL);
  if (settings->max_port != 0)
    g_object_set (ice, "min-rtp-port", (guint) settings->min_port, "max-rtp-port", (guint) settings->max_port, NULL);
  if (settings->stun_servers != NULL && settings->stun_servers[0] != NULL)
    {
      const char *address = settings->stun_servers[0] + strlen ("stun:");
      g_autofree char *uri = g_strdup_printf ("stun://%s%s", address, strrchr (address, ':') ? "" : ":3478");
      g_object_set (bin, "stun-server", uri, NULL);
    }
  add_turn_servers (bin, settings->turn_servers);
}

/* Streaming thread. */
static void
on_dtmf (GstElement *jitter_buffer, guint event, guint duration_ms, VgwWebrtc *self)
{
  static const char digits[] = "0123456789*#ABCD"; /* RFC 4733 table 3 */
  VgwKey *key = g_new (VgwKey, 1);

  *key = (VgwKey){ digits[MIN (event, sizeof digits - 2)], duration_ms };
  vgw_mailbox_post_bounded (self->dtmf_mailbox, MAX_PENDING_KEYS, self->dtmf_func, key, g_free);
}

/* Streaming thread. rtpjitterbuffer would have two threads per call, and wake both for each packet. */
static GstElement *
on_request_jitterbuffer (GstElement *rtpbin, guint session, VgwWebrtc *self)
{
  GstElement *jitter_buffer = gst_element_factory_make ("vgwjitterbuffer", NULL);

  g_object_set (jitter_buffer, "payload-type", self->audio_payload_type, NULL);
  if (self->dtmf_payload_type >= 0)
    {
      g_object_set (jitter_buffer, "dtmf-payload-type", self->dtmf_payload_type, "dtmf-clock-rate",
                    self->dtmf_clock_rate_hz, NULL);
      g_signal_connect_data (jitter_buffer, "dtmf", G_CALLBACK (on_dtmf), vgw_webrtc_ref (self),
                             (GClosureNotify) G_CALLBACK (vgw_webrtc_unref), 0);
    }
  g_mutex_lock (&self->lock);
  if (self->jitter_buffer == NULL && !self->is_released)
    self->jitter_buffer = gst_object_ref (jitter_buffer); /* still floating, for rtpbin */
  g_mutex_unlock (&self->lock);
  return jitter_buffer;
}

static GstElement *
find_decoder (GstElement *pipeline)
{
  g_autoptr (GstIterator) found = gst_bin_iterate_all_by_element_factory_name (GST_BIN (pipeline), "vgwopusdec");
  g_auto (GValue) item = G_VALUE_INIT;

  return gst_iterator_next (found, &item) == GST_ITERATOR_OK ? g_value_dup_object (&item) : NULL;
}

static GstElement *
make_bin (VgwWebrtc *self)
{
  VgwIceMux *mux = vgw_media_get_ice_mux (self->media);
  if (mux == NULL)
    return gst_element_factory_make ("webrtcbin", NULL);
  self->ice = vgw_ice_agent_new (mux); /* webrtcbin takes the floating reference */
  return gst_element_factory_make_full ("webrtcbin", "ice-agent", self->ice, NULL);
}

/* What webrtcbin adds to every session for retransmission, RED and ULPFEC, none of which an answer of the gateway has:
 * six elements that each packet would pass, and a storage of the last received packets. */
static void
refuse_repair (GstElement *rtpbin, GstElement *bin)
{
  static const char *const signal_names[] = { "request-aux-sender", "request-aux-receiver", "request-fec-decoder-full",
                                              "new-storage" };
  for (guint i = 0; i < G_N_ELEMENTS (signal_names); i++)
    {
      guint signal_id = g_signal_lookup (signal_names[i], G_OBJECT_TYPE (rtpbin));
      if (signal_id != 0)
        g_signal_handlers_disconnect_matched (rtpbin, G_SIGNAL_MATCH_ID | G_SIGNAL_MATCH_DATA, signal_id, 0, NULL, NULL,
                                              bin);
    }
}

static void
tune_bin (VgwWebrtc *self)
{
  const VgwMediaSettings *settings = vgw_media_get_settings (self->media);
  g_autoptr (GstElement) rtpbin = gst_bin_get_by_name (GST_BIN (self->bin), "rtpbin");

  gst_util_set_object_arg (G_OBJECT (self->bin), "bundle-policy", "max-bundle");
  g_object_set (self->bin, "latency", settings->latency_ms, NULL);
  if (rtpbin != NULL)
    {
      g_object_set (rtpbin, "max-streams", MAX_RTP_STREAMS, NULL);
      refuse_repair (rtpbin, self->bin);
      vgw_rtp_intake_watch_reports (self->intake, rtpbin);
      g_signal_connect_data (rtpbin, "request-jitterbuffer", G_CALLBACK (on_request_jitterbuffer),
                             vgw_webrtc_ref (self), (GClosureNotify) G_CALLBACK (vgw_webrtc_unref), 0);
    }
  g_signal_connect_data (self->bin, "notify::ice-connection-state", G_CALLBACK (on_ice_state), vgw_webrtc_ref (self),
                         (GClosureNotify) G_CALLBACK (vgw_webrtc_unref), 0);
  g_signal_connect_data (self->bin, "deep-element-added", G_CALLBACK (on_deep_element_added), vgw_webrtc_ref (self),
                         (GClosureNotify) G_CALLBACK (vgw_webrtc_unref), 0);
  if (self->ice == NULL)
    tune_nice (self->bin, settings);
}

VgwWebrtc *
vgw_webrtc_new (VgwMedia *media, GstElement *pipeline, GError **error)
{
  g_autoptr (VgwWebrtc) self = g_new0 (VgwWebrtc, 1);
  g_autoptr (GstElement) owned_pipeline = gst_object_ref_sink (pipeline);

  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->lock);
  self->media = g_object_ref (media);
  self->intake = vgw_rtp_intake_new (media);
  self->audio_payload_type = self->dtmf_payload_type = -1;
  self->sctp_id = vgw_sctp_ids_take (vgw_media_get_sctp_ids (media));
  self->bin = self->sctp_id != 0 ? make_bin (self) : NULL;
  if (self->bin == NULL)
    {
      vgw_sctp_ids_give_back (vgw_media_get_sctp_ids (media), self->sctp_id);
      g_set_error (error, VGW_ERROR, VGW_ERROR_INTERNAL, "webrtcbin could not be created");
      return NULL;
    }
  self->decoder = find_decoder (pipeline);
  gst_bin_add (GST_BIN (pipeline), self->bin);
  self->pipeline = g_steal_pointer (&owned_pipeline);
  vgw_media_count_peer (media);
  tune_bin (self);
  return g_steal_pointer (&self);
}

VgwWebrtc *
vgw_webrtc_ref (VgwWebrtc *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
vgw_webrtc_unref (VgwWebrtc *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_warn_if_fail (self->pipeline == NULL);
  g_clear_pointer (&self->dtmf_mailbox, vgw_mailbox_unref);
  g_clear_pointer (&self->closed_mailbox, vgw_mailbox_unref);
  vgw_rtp_intake_unref (self->intake);
  gst_clear_object (&self->decoder);
  g_mutex_clear (&self->lock);
  g_object_unref (self->media);
  g_free (self);
}

void
vgw_webrtc_set_audio (VgwWebrtc *self, const VgwOfferCodec *codec)
{
  self->audio_payload_type = (gint) codec->payload_type;
}

void
vgw_webrtc_set_dtmf (VgwWebrtc *self, const VgwOfferCodec *dtmf, VgwMailbox *mailbox, VgwMailboxFunc func)
{
  g_return_if_fail (self->dtmf_mailbox == NULL);
  self->dtmf_payload_type = (gint) dtmf->payload_type;
  self->dtmf_clock_rate_hz = dtmf->clock_rate_hz;
  self->dtmf_mailbox = vgw_mailbox_ref (mailbox);
  self->dtmf_func = func;
}

VgwRtpIntake *
vgw_webrtc_get_intake (VgwWebrtc *self)
{
  return self->intake;
}

void
vgw_webrtc_set_closed (VgwWebrtc *self, VgwMailbox *mailbox, VgwMailboxFunc func)
{
  g_return_if_fail (self->closed_mailbox == NULL);
  self->closed_mailbox = vgw_mailbox_ref (mailbox);
  self->closed_func = func;
}

GstElement *
vgw_webrtc_get_pipeline (VgwWebrtc *self)
{
  return self->pipeline;
}

GstElement *
vgw_webrtc_get_bin (VgwWebrtc *self)
{
  return self->bin;
}

VgwIceAgent *
vgw_webrtc_get_ice (VgwWebrtc *self)
{
  return self->ice;
}

void
vgw_webrtc_confirm_handshake (VgwWebrtc *self)
{
  if (self->ice != NULL)
    vgw_ice_agent_confirm_handshake (self->ice);
}

void
vgw_webrtc_go_direct (VgwWebrtc *self)
{
  if (self->ice != NULL)
    vgw_ice_agent_go_direct (self->ice);
}

char *
vgw_webrtc_get_peer_certificate (VgwWebrtc *self)
{
  char *pem = NULL;
  g_mutex_lock (&self->lock);
  g_autoptr (GstElement) dtls_dec = self->dtls_dec ? gst_object_ref (self->dtls_dec) : NULL;
  g_mutex_unlock (&self->lock);
  if (dtls_dec != NULL)
    g_object_get (dtls_dec, "peer-pem", &pem, NULL);
  return pem;
}

gint64
vgw_webrtc_get_last_activity_us (VgwWebrtc *self)
{
  gint64 packet_us = vgw_rtp_intake_get_last_packet_us (self->intake);
  gint64 check_us = self->ice != NULL && self->pipeline != NULL ? vgw_ice_agent_get_last_check_us (self->ice) : 0;
  gint64 silent_us = self->ice != NULL && self->pipeline != NULL ? vgw_ice_agent_get_silent_since_us (self->ice) : 0;
  gint64 last_us = MAX (packet_us, check_us);

  /* a call that only one side hears is over, however much comes from the other side */
  return silent_us != 0 ? MIN (last_us, silent_us) : last_us;
}

/* @name: of a guint64 in @structure; 0 where it is not there. */
static gint64
read_count (const GstStructure *structure, const char *name)
{
  guint64 count = 0;

  gst_structure_get_uint64 (structure, name, &count);
  return (gint64) count;
}

static void
read_reception (VgwCallStats *stats, GstElement *jitter_buffer)
{
  g_autoptr (GstStructure) counts = NULL;

  g_object_get (jitter_buffer, "stats", &counts, NULL);
  stats->received.packets = read_count (counts, "num-pushed");
  stats->received.bytes = read_count (counts, "num-bytes");
  stats->received.lost = read_count (counts, "num-lost");
  stats->received.late = read_count (counts, "num-late");
  stats->received.reordered = read_count (counts, "num-reordered");
  stats->received.duplicated += read_count (counts, "num-duplicates");
  stats->received.jitter_ms = (double) read_count (counts, "avg-jitter") / GST_MSECOND;
}

void
vgw_webrtc_get_call_stats (VgwWebrtc *self, VgwCallStats *stats, gint64 *ice_us)
{
  g_autoptr (GstElement) jitter_buffer = NULL;

  g_mutex_lock (&self->lock);
  jitter_buffer = self->jitter_buffer != NULL ? gst_object_ref (self->jitter_buffer) : NULL;
  g_mutex_unlock (&self->lock);
  *ice_us = atomic_load_explicit (&self->ice_us, memory_order_relaxed);
  vgw_rtp_intake_get_call_stats (self->intake, stats);
  if (jitter_buffer != NULL)
    read_reception (stats, jitter_buffer);
  if (jitter_buffer != NULL && self->decoder != NULL)
    {
      g_autoptr (GstStructure) counts = NULL;

      g_object_get (self->decoder, "stats", &counts, NULL);
      stats->received.concealed_ms = read_count (counts, "concealed-time") / (gint64) GST_MSECOND;
      stats->received.fec_ms = read_count (counts, "recovered-time") / (gint64) GST_MSECOND;
    }
}

void
vgw_webrtc_get_connection (VgwWebrtc *self, VgwCallConnection *connection)
{
  gint64 packet_us = vgw_rtp_intake_get_last_audio_us (self->intake);
  gboolean has_ice = self->ice != NULL && self->pipeline != NULL;
  VgwRtpStats stats;

  vgw_rtp_intake_get_stats (self->intake, &stats);
  connection->has_dtls = vgw_rtp_intake_has_dtls (self->intake);
  connection->is_checked = has_ice ? vgw_ice_agent_get_last_check_us (self->ice) != 0 : connection->has_dtls;
  connection->last_activity_us = vgw_webrtc_get_last_activity_us (self);
  connection->is_silent = has_ice && vgw_ice_agent_get_silent_since_us (self->ice) != 0;
  connection->packet_age_ms = packet_us != 0 ? (g_get_monotonic_time () - packet_us) / G_TIME_SPAN_MILLISECOND : -1;
  connection->ignored = stats.ignored;
  connection->dropped = stats.rate_dropped + stats.audio_dropped + stats.source_dropped;
}

void
vgw_webrtc_release (VgwWebrtc *self)
{
  GstElement *pipeline = g_steal_pointer (&self->pipeline);
  if (pipeline == NULL)
    return;
  if (self->ice != NULL)
    vgw_ice_agent_stop (self->ice);
  g_mutex_lock (&self->lock);
  self->is_released = TRUE;
  g_clear_pointer (&self->dtls_dec, gst_object_unref);
  gst_clear_object (&self->jitter_buffer); /* its signals have references to self */
  g_mutex_unlock (&self->lock);
  self->bin = NULL;
  self->ice = NULL;
  vgw_media_reap (self->media, pipeline, self->sctp_id);
}
