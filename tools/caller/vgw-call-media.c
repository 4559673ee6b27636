#include "caller/vgw-call-media.h"

#include <string.h>

#include <gio/gio.h>
#include <gst/app/gstappsrc.h>
#include <gst/rtp/gstrtpbuffer.h>
#include <gst/sdp/sdp.h>
#include <gst/webrtc/webrtc.h>

#include "base/vgw-audio-format.h"
#include "base/vgw-error.h"
#include "caller/vgw-call-mailbox.h"
#include "caller/vgw-call-receiver.h"
#include "elements/vgw-teardown.h"
#include "media/vgw-pacer.h"

#define EVENTS_LABEL "events"
#define JITTER_BUFFER_MS 40
#define KEY_VOLUME 10     /* dBm0 below zero */
#define MAX_QUEUED_MS 200 /* in the appsrc, for a stall of the network thread */

struct _VgwCallMedia
{
  GObject parent_instance;

  VgwCallMailbox mailbox;
  VgwSpeech *speech;
  gboolean has_data_channel;
  gboolean is_stopped;
  GstElement *pipeline, *webrtc, *in, *out;
  GstPad *decoder_pad;           /* sink of the depayloader */
  GstWebRTCDataChannel *channel; /* (nullable) */
  guint sctp_association_id;

  guint64 n_fed;          /* feeding thread only */
  GstClockTime fed_start; /* feeding thread only: running time of the first frame */
  VgwTimeline said;       /* feeding thread only, until it has been removed from the pacer */

  VgwCallKeys *keys;     /* (nullable) the payloader's streaming thread only, once started */
  guint32 key_timestamp; /* of the key that is down; that thread only */

  int n_sent; /* atomic */
  VgwCallReceiver *receiver;
};

enum
{
  SIGNAL_OFFER,
  SIGNAL_CANDIDATE,
  SIGNAL_ICE_CONNECTED,
  SIGNAL_CONNECTED,
  SIGNAL_FIRST_AUDIO,
  SIGNAL_FIRST_VOICE,
  SIGNAL_CHANNEL_OPEN,
  SIGNAL_EVENT,
  SIGNAL_FAILED,
  SIGNAL_STOPPED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (VgwCallMedia, vgw_call_media, G_TYPE_OBJECT)

/* webrtcbin offers the caps of its pad; the telephone events are added with their own payload type. */
static void
offer_keys (VgwCallMedia *self, GstSDPMessage *offer)
{
  guint rate_hz = vgw_speech_get_codec (self->speech)->rtp_clock_rate_hz;
  g_autofree char *format = g_strdup_printf ("%d", VGW_CALL_KEYS_PAYLOAD_TYPE);
  g_autofree char *rtpmap = g_strdup_printf ("%s telephone-event/%u", format, rate_hz);
  g_autofree char *fmtp = g_strdup_printf ("%s 0-15", format);

  for (guint i = 0; i < gst_sdp_message_medias_len (offer); i++)
    {
      GstSDPMedia *media = (GstSDPMedia *) gst_sdp_message_get_media (offer, i);

      if (!g_str_equal (gst_sdp_media_get_media (media), "audio"))
        continue;
      gst_sdp_media_add_format (media, format);
      gst_sdp_media_add_attribute (media, "rtpmap", rtpmap);
      gst_sdp_media_add_attribute (media, "fmtp", fmtp);
    }
}

static void
deliver_offer (VgwCallMedia *self, GstWebRTCSessionDescription *description)
{
  g_autofree char *sdp = NULL;

  if (self->keys != NULL)
    offer_keys (self, description->sdp);
  sdp = gst_sdp_message_as_text (description->sdp);
  g_signal_emit_by_name (self->webrtc, "set-local-description", description, NULL);
  g_signal_emit (self, signals[SIGNAL_OFFER], 0, sdp);
}

static void
fail (VgwCallMedia *self, const char *reason)
{
  g_autoptr (GError) error = g_error_new_literal (VGW_ERROR, VGW_ERROR_INTERNAL, reason);

  g_signal_emit (self, signals[SIGNAL_FAILED], 0, error);
}

static void
deliver_ice_state (VgwCallMedia *self, GstWebRTCICEConnectionState state)
{
  if (state == GST_WEBRTC_ICE_CONNECTION_STATE_CONNECTED || state == GST_WEBRTC_ICE_CONNECTION_STATE_COMPLETED)
    g_signal_emit (self, signals[SIGNAL_ICE_CONNECTED], 0);
  else if (state == GST_WEBRTC_ICE_CONNECTION_STATE_FAILED)
    fail (self, "ICE failed: no candidate pair works");
}

static void
deliver_peer_state (VgwCallMedia *self, GstWebRTCPeerConnectionState state)
{
  if (state == GST_WEBRTC_PEER_CONNECTION_STATE_CONNECTED)
    g_signal_emit (self, signals[SIGNAL_CONNECTED], 0);
  else if (state == GST_WEBRTC_PEER_CONNECTION_STATE_FAILED)
    fail (self, "the peer connection failed");
}

static void
deliver (gpointer owner, gpointer payload)
{
  const VgwCallNotice *notice = payload;
  VgwCallMedia *self = VGW_CALL_MEDIA (owner);

  if (self->is_stopped)
    return;
  switch (notice->kind)
    {
    case VGW_CALL_NOTICE_OFFER:
      deliver_offer (self, notice->description);
      break;
    case VGW_CALL_NOTICE_CANDIDATE:
      g_signal_emit (self, signals[SIGNAL_CANDIDATE], 0, notice->text, notice->number);
      break;
    case VGW_CALL_NOTICE_ICE_STATE:
      deliver_ice_state (self, (GstWebRTCICEConnectionState) notice->number);
      break;
    case VGW_CALL_NOTICE_PEER_STATE:
      deliver_peer_state (self, (GstWebRTCPeerConnectionState) notice->number);
      break;
    case VGW_CALL_NOTICE_FIRST_AUDIO:
      g_signal_emit (self, signals[SIGNAL_FIRST_AUDIO], 0);
      break;
    case VGW_CALL_NOTICE_FIRST_VOICE:
      g_signal_emit (self, signals[SIGNAL_FIRST_VOICE], 0);
      break;
    case VGW_CALL_NOTICE_CHANNEL_OPEN:
      g_signal_emit (self, signals[SIGNAL_CHANNEL_OPEN], 0);
      break;
    case VGW_CALL_NOTICE_EVENT:
      g_signal_emit (self, signals[SIGNAL_EVENT], 0, notice->text);
      break;
    case VGW_CALL_NOTICE_FAILED:
      g_signal_emit (self, signals[SIGNAL_FAILED], 0, notice->error);
      break;
    }
}

/* Both halves of an association need the same id, which must be unique in the process: webrtcbin uses 16 random bits,
 * and with a collision the audio stops (fixed in GStreamer 1.27.1). */
static void
on_deep_element_added (GstBin *pipeline, GstBin *bin, GstElement *element, gpointer user_data)
{
  VgwCallMedia *self = user_data;
  GstElementFactory *factory = gst_element_get_factory (element);
  const char *name = factory != NULL ? GST_OBJECT_NAME (factory) : "";

  if (g_str_equal (name, "sctpdec") || g_str_equal (name, "sctpenc"))
    g_object_set (element, "sctp-association-id", self->sctp_association_id, NULL);
}

/* Replaces the payload of @buffer by @packet (RFC 4733 section 2.3). Returns: (transfer full) */
static GstBuffer *
make_key_buffer (VgwCallMedia *self, GstBuffer *buffer, const VgwCallKeyPacket *packet)
{
  guint ticks_per_frame = vgw_speech_get_codec (self->speech)->rtp_clock_rate_hz * VGW_FRAME_MS / 1000;
  guint duration = packet->n_frames * ticks_per_frame;
  GstBuffer *key = gst_rtp_buffer_new_allocate (4, 0, 0);
  GstRTPBuffer from = GST_RTP_BUFFER_INIT, to = GST_RTP_BUFFER_INIT;
  guint8 *payload;

  gst_buffer_copy_into (key, buffer, GST_BUFFER_COPY_TIMESTAMPS, 0, -1);
  if (!gst_rtp_buffer_map (buffer, GST_MAP_READ, &from))
    return key;
  gst_rtp_buffer_map (key, GST_MAP_WRITE, &to);
  if (packet->is_first)
    self->key_timestamp = gst_rtp_buffer_get_timestamp (&from);
  gst_rtp_buffer_set_payload_type (&to, VGW_CALL_KEYS_PAYLOAD_TYPE);
  gst_rtp_buffer_set_seq (&to, gst_rtp_buffer_get_seq (&from));
  gst_rtp_buffer_set_ssrc (&to, gst_rtp_buffer_get_ssrc (&from));
  gst_rtp_buffer_set_timestamp (&to, self->key_timestamp);
  gst_rtp_buffer_set_marker (&to, packet->is_first);
  payload = gst_rtp_buffer_get_payload (&to);
  payload[0] = packet->event;
  payload[1] = (packet->is_end ? 0x80 : 0) | KEY_VOLUME;
  GST_WRITE_UINT16_BE (payload + 2, (guint16) duration);
  gst_rtp_buffer_unmap (&to);
  gst_rtp_buffer_unmap (&from);
  return key;
}

static GstPadProbeReturn
on_rtp_sent (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  VgwCallMedia *self = user_data;
  GstBuffer *buffer = GST_PAD_PROBE_INFO_BUFFER (info);
  VgwCallKeyPacket packet;

  if (self->keys != NULL && vgw_call_keys_next (self->keys, &packet))
    {
      GST_PAD_PROBE_INFO_DATA (info) = make_key_buffer (self, buffer, &packet);
      gst_buffer_unref (buffer);
    }
  g_atomic_int_inc (&self->n_sent);
  return GST_PAD_PROBE_OK;
}

static void
on_track (GstElement *webrtc, GstPad *pad, gpointer user_data)
{
  VgwCallMedia *self = user_data;
  GstElement *drain;
  g_autoptr (GstPad) drain_pad = NULL;

  if (GST_PAD_DIRECTION (pad) != GST_PAD_SRC)
    return;
  if (!gst_pad_is_linked (self->decoder_pad) && gst_pad_link (pad, self->decoder_pad) == GST_PAD_LINK_OK)
    return;
  /* an unlinked pad would stop the whole transport with NOT_LINKED */
  drain = gst_element_factory_make ("fakesink", NULL);
  g_object_set (drain, "sync", FALSE, "async", FALSE, NULL);
  gst_bin_add (GST_BIN (self->pipeline), drain);
  drain_pad = gst_element_get_static_pad (drain, "sink");
  gst_pad_link (pad, drain_pad);
  gst_element_sync_state_with_parent (drain);
}

static void
on_receiver_event (VgwCallReceiverEvent event, gpointer user_data)
{
  VgwCallMedia *self = user_data;

  vgw_call_mailbox_post (&self->mailbox, event == VGW_CALL_RECEIVER_FIRST_AUDIO ? VGW_CALL_NOTICE_FIRST_AUDIO
                                                                                : VGW_CALL_NOTICE_FIRST_VOICE);
}

/* Disables UPnP, which takes up to 200 ms and multicast, and ICE-TCP, which has two more sockets. Keepalives are checks
 * instead of indications, so that the peer can follow a change of our address. */
static void
tune_ice (GstElement *webrtc)
{
  g_autoptr (GObject) ice = NULL;
  g_autoptr (GObject) agent = NULL;

  g_object_get (webrtc, "ice-agent", &ice, NULL);
  g_object_get (ice, "agent", &agent, NULL);
  g_object_set (agent, "upnp", FALSE, "ice-tcp", FALSE, "keepalive-conncheck", TRUE, NULL);
}

static void
connect_callbacks (VgwCallMedia *self)
{
  g_autoptr (GstElement) rtpbin = gst_bin_get_by_name (GST_BIN (self->webrtc), "rtpbin");
  g_autoptr (GstElement) payloader = gst_bin_get_by_name (GST_BIN (self->pipeline), "pay");
  g_autoptr (GstPad) payloader_pad = gst_element_get_static_pad (payloader, "src");

  vgw_call_mailbox_connect (&self->mailbox, self->pipeline, self->webrtc);
  g_signal_connect (self->webrtc, "pad-added", G_CALLBACK (on_track), self);
  g_signal_connect (self->pipeline, "deep-element-added", G_CALLBACK (on_deep_element_added), self);
  gst_pad_add_probe (payloader_pad, GST_PAD_PROBE_TYPE_BUFFER, on_rtp_sent, self, NULL);
  vgw_call_receiver_attach (self->receiver, rtpbin, self->out);
}

static gboolean
build (VgwCallMedia *self, GError **error)
{
  const VgwCallCodec *codec = vgw_speech_get_codec (self->speech);
  g_autoptr (GstElement) depayloader = NULL;
  g_autoptr (GError) cause = NULL;
  g_autofree char *text = g_strdup_printf (
      "webrtcbin name=webrtc bundle-policy=max-bundle latency=%u "
      "appsrc name=in is-live=true format=time max-bytes=0 max-time=%" G_GUINT64_FORMAT " leaky-type=downstream ! "
      "%s name=pay ! %s ! webrtc.sink_0 "
      "%s ! appsink name=out sync=false async=false enable-last-sample=false max-buffers=%u drop=true",
      JITTER_BUFFER_MS, MAX_QUEUED_MS * GST_MSECOND, codec->payloader, codec->rtp_caps, codec->decoder,
      MAX_QUEUED_MS / VGW_FRAME_MS);

  self->pipeline = gst_parse_launch (text, &cause);
  if (self->pipeline != NULL)
    gst_object_ref_sink (self->pipeline);
  if (cause != NULL)
    {
      g_set_error (error, VGW_ERROR, VGW_ERROR_INTERNAL, "building the pipeline: %s", cause->message);
      return FALSE;
    }
  self->webrtc = gst_bin_get_by_name (GST_BIN (self->pipeline), "webrtc");
  self->in = gst_bin_get_by_name (GST_BIN (self->pipeline), "in");
  self->out = gst_bin_get_by_name (GST_BIN (self->pipeline), "out");
  depayloader = gst_bin_get_by_name (GST_BIN (self->pipeline), "depay");
  self->decoder_pad = gst_element_get_static_pad (depayloader, "sink");
  g_object_set (self->in, "caps", vgw_speech_get_caps (self->speech), NULL);
  tune_ice (self->webrtc);
  connect_callbacks (self);
  return TRUE;
}

/* The data channel must be released before webrtcbin: use-after-free in the other order (fixed in 1.22.3). */
static void
release_channel (VgwCallMedia *self)
{
  if (self->channel != NULL)
    g_signal_handlers_disconnect_by_data (self->channel, &self->mailbox);
  g_clear_object (&self->channel);
}

static void
vgw_call_media_dispose (GObject *object)
{
  VgwCallMedia *self = VGW_CALL_MEDIA (object);

  release_channel (self);
  if (self->pipeline != NULL && !self->is_stopped)
    vgw_teardown_pipeline (self->pipeline);
  self->is_stopped = TRUE;
  g_clear_object (&self->decoder_pad);
  g_clear_object (&self->in);
  g_clear_object (&self->out);
  g_clear_object (&self->webrtc);
  g_clear_object (&self->pipeline);
  G_OBJECT_CLASS (vgw_call_media_parent_class)->dispose (object);
}

static void
vgw_call_media_finalize (GObject *object)
{
  VgwCallMedia *self = VGW_CALL_MEDIA (object);

  vgw_call_mailbox_clear (&self->mailbox);
  g_clear_pointer (&self->receiver, vgw_call_receiver_free);
  g_clear_pointer (&self->keys, vgw_call_keys_free);
  g_clear_pointer (&self->speech, vgw_speech_unref);
  G_OBJECT_CLASS (vgw_call_media_parent_class)->finalize (object);
}

static guint
add_signal (const char *name, guint n_params, GType first, GType second)
{
  return g_signal_new (name, VGW_TYPE_CALL_MEDIA, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, n_params, first,
                       second);
}

static void
vgw_call_media_class_init (VgwCallMediaClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = vgw_call_media_dispose;
  object_class->finalize = vgw_call_media_finalize;

  signals[SIGNAL_OFFER] = add_signal ("offer", 1, G_TYPE_STRING, 0);
  signals[SIGNAL_CANDIDATE] = add_signal ("candidate", 2, G_TYPE_STRING, G_TYPE_UINT);
  signals[SIGNAL_ICE_CONNECTED] = add_signal ("ice-connected", 0, 0, 0);
  signals[SIGNAL_CONNECTED] = add_signal ("connected", 0, 0, 0);
  signals[SIGNAL_FIRST_AUDIO] = add_signal ("first-audio", 0, 0, 0);
  signals[SIGNAL_FIRST_VOICE] = add_signal ("first-voice", 0, 0, 0);
  signals[SIGNAL_CHANNEL_OPEN] = add_signal ("channel-open", 0, 0, 0);
  signals[SIGNAL_EVENT] = add_signal ("event", 1, G_TYPE_STRING, 0);
  signals[SIGNAL_FAILED] = add_signal ("failed", 1, G_TYPE_ERROR, 0);
  signals[SIGNAL_STOPPED] = add_signal ("stopped", 0, 0, 0);
}

static void
vgw_call_media_init (VgwCallMedia *self)
{
  /* Ids are used in turn: 65,535 calls are between two uses of one. From the top down, because a gateway in the
   * same process (in a test) uses them from the bottom up. */
  static int n_association_ids;

  self->sctp_association_id = G_MAXUINT16 - (guint) g_atomic_int_add (&n_association_ids, 1) % G_MAXUINT16;
  self->fed_start = GST_CLOCK_TIME_NONE;
  vgw_call_mailbox_init (&self->mailbox, G_OBJECT (self), deliver);
}

VgwCallMedia *
vgw_call_media_new (VgwSpeech *speech, VgwWavFile *wav, gboolean has_data_channel, const char *keys, GError **error)
{
  g_autoptr (VgwCallMedia) self = g_object_new (VGW_TYPE_CALL_MEDIA, NULL);

  self->speech = vgw_speech_ref (speech);
  self->has_data_channel = has_data_channel;
  self->keys = keys != NULL ? vgw_call_keys_new (keys, NULL) : NULL;
  self->receiver =
      vgw_call_receiver_new (vgw_speech_get_codec (speech)->rtp_clock_rate_hz, wav, on_receiver_event, self);
  if (!build (self, error))
    return NULL;
  return g_steal_pointer (&self);
}

/* webrtcbin needs "scheme://user:password@host:port"; browsers and the gateway use "scheme:host:port". */
static char *
to_webrtcbin_url (const char *url, const char *username, const char *credential)
{
  const char *rest = strchr (url, ':');
  g_autofree char *scheme = NULL;
  g_autofree char *user = NULL;
  g_autofree char *password = NULL;

  if (rest == NULL)
    return NULL;
  scheme = g_strndup (url, (gsize) (rest - url));
  rest++;
  if (g_str_has_prefix (rest, "//"))
    rest += 2;
  if (username == NULL || credential == NULL)
    return g_strdup_printf ("%s://%s", scheme, rest);
  user = g_uri_escape_string (username, NULL, FALSE);
  password = g_uri_escape_string (credential, NULL, FALSE);
  return g_strdup_printf ("%s://%s:%s@%s", scheme, user, password, rest);
}

void
vgw_call_media_add_ice_server (VgwCallMedia *self, const char *url, const char *username, const char *credential)
{
  g_autofree char *converted = to_webrtcbin_url (url, username, credential);
  gboolean is_added = FALSE;

  if (converted == NULL)
    return;
  if (g_str_has_prefix (converted, "stun"))
    g_object_set (self->webrtc, "stun-server", converted, NULL);
  else
    g_signal_emit_by_name (self->webrtc, "add-turn-server", converted, &is_added);
}

void
vgw_call_media_set_relay_only (VgwCallMedia *self)
{
  gst_util_set_object_arg (G_OBJECT (self->webrtc), "ice-transport-policy", "relay");
}

guint
vgw_call_media_get_keys_ms (VgwCallMedia *self)
{
  return self->keys != NULL ? vgw_call_keys_get_duration_ms (self->keys) : 0;
}

void
vgw_call_media_start (VgwCallMedia *self)
{
  gst_element_set_state (self->pipeline, GST_STATE_PLAYING);
  if (self->has_data_channel)
    {
      g_signal_emit_by_name (self->webrtc, "create-data-channel", EVENTS_LABEL, NULL, &self->channel);
      if (self->channel == NULL)
        {
          fail (self, "webrtcbin created no data channel");
          return;
        }
      vgw_call_mailbox_connect_channel (&self->mailbox, self->channel);
    }
  g_signal_emit_by_name (self->webrtc, "create-offer", NULL, vgw_call_mailbox_promise_offer (&self->mailbox));
}

gboolean
vgw_call_media_set_answer (VgwCallMedia *self, const char *sdp, GError **error)
{
  g_autoptr (GstWebRTCSessionDescription) answer = NULL;
  GstSDPMessage *message = NULL;

  if (self->keys != NULL && strstr (sdp, " telephone-event/") == NULL)
    {
      g_set_error (error, VGW_ERROR, VGW_ERROR_BAD_MESSAGE,
                   "the gateway accepts no key presses: its answer has no telephone-event");
      return FALSE;
    }
  if (gst_sdp_message_new_from_text (sdp, &message) != GST_SDP_OK)
    {
      g_set_error (error, VGW_ERROR, VGW_ERROR_BAD_MESSAGE, "the answer's SDP does not parse");
      return FALSE;
    }
  answer = gst_webrtc_session_description_new (GST_WEBRTC_SDP_TYPE_ANSWER, message);
  g_signal_emit_by_name (self->webrtc, "set-remote-description", answer,
                         vgw_call_mailbox_promise_answer (&self->mailbox));
  return TRUE;
}

void
vgw_call_media_add_candidate (VgwCallMedia *self, const char *candidate, guint mline_index)
{
  /* the end of candidates has no effect here */
  if (candidate == NULL || !g_str_has_prefix (candidate, "candidate:"))
    return;
  g_signal_emit_by_name (self->webrtc, "add-ice-candidate", mline_index, candidate);
}

gint64
vgw_call_media_feed (gint64 due_us, gpointer user_data)
{
  VgwCallMedia *self = user_data;
  GstBuffer *frame;

  if (self->fed_start == GST_CLOCK_TIME_NONE)
    self->fed_start = gst_element_get_current_running_time (self->in);
  if (self->fed_start == GST_CLOCK_TIME_NONE)
    return due_us + VGW_FRAME_US; /* no clock yet */
  frame = vgw_speech_get_frame (self->speech, self->n_fed);
  GST_BUFFER_PTS (frame) = self->fed_start + self->n_fed * VGW_FRAME_MS * GST_MSECOND;
  vgw_timeline_add (&self->said, g_get_monotonic_time (),
                    (gint64) self->n_fed * VGW_FRAME_MS * G_TIME_SPAN_MILLISECOND);
  self->n_fed++;
  gst_app_src_push_buffer (GST_APP_SRC (self->in), frame);
  return due_us + VGW_FRAME_US;
}

gboolean
vgw_call_media_send_event (VgwCallMedia *self, const char *text)
{
  GstWebRTCDataChannelState state;

  if (self->channel == NULL || self->is_stopped)
    return FALSE;
  g_object_get (self->channel, "ready-state", &state, NULL);
  if (state != GST_WEBRTC_DATA_CHANNEL_STATE_OPEN)
    return FALSE;
  g_signal_emit_by_name (self->channel, "send-string", text);
  return TRUE;
}

void
vgw_call_media_get_measurements (VgwCallMedia *self, VgwCallMeasurements *measurements)
{
  measurements->n_sent = (guint64) g_atomic_int_get (&self->n_sent);
  measurements->said_start_us = vgw_timeline_get_start_us (&self->said);
  vgw_call_receiver_get (self->receiver, &measurements->received, &measurements->level, &measurements->heard_start_us);
}

static void
stop_in_thread (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  vgw_teardown_pipeline (VGW_CALL_MEDIA (source)->pipeline);
  g_task_return_boolean (task, TRUE);
}

static void
on_stopped (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_signal_emit (source, signals[SIGNAL_STOPPED], 0);
}

void
vgw_call_media_stop (VgwCallMedia *self)
{
  g_autoptr (GTask) task = NULL;

  if (self->is_stopped)
    return;
  self->is_stopped = TRUE;
  release_channel (self);
  /* NULL joins webrtcbin's thread: not on one of its callbacks, and not on the main loop of other calls */
  task = g_task_new (self, NULL, on_stopped, NULL);
  g_task_run_in_thread (task, stop_in_thread);
}
