#include "media/vgw-peer.h"

#include <gst/app/app.h>
#include <gst/webrtc/webrtc.h>
#include <string.h>

#include "base/vgw-error.h"
#include "base/vgw-log.h"
#include "elements/vgw-push-src.h"
#include "media/vgw-data-channels.h"
#include "media/vgw-dtx.h"
#include "media/vgw-dtls-certificate.h"
#include "media/vgw-negotiation.h"
#include "media/vgw-pad-block.h"
#include "media/vgw-peer-view.h"
#include "media/vgw-pipeline-files.h"
#include "media/vgw-pipeline-vad.h"
#include "media/vgw-pipeline.h"
#include "media/vgw-remote-candidate.h"
#include "media/vgw-webrtc-watch.h"

typedef enum
{
  PEER_IDLE,
  PEER_ANSWERING,
  PEER_ANSWERED,
  PEER_CONNECTED,
  PEER_STOPPED,
} PeerState;

struct _VgwPeer
{
  GObject parent_instance;

  VgwMedia *media;
  char *session_id;
  VgwPeerSetup setup;
  VgwBridge *bridge; /* (nullable) once it is attached */
  VgwMailbox *mailbox;
  PeerState state;

  VgwOffer *offer;            /* the last one that was answered */
  VgwOffer *first_offer;      /* (nullable) where that is a later one */
  const VgwOfferCodec *codec; /* of the first offer; the one agreed on */
  const char *audio_mid;      /* of offer */
  VgwWebrtc *webrtc;
  VgwNegotiation *negotiation;                     /* (nullable) until the pipeline is built */
  VgwDataChannels *data_channels;                  /* (nullable) where the offer has none */
  GstElement *rtp_in, *rtp_out, *pcm_out, *pcm_in; /* of the description, borrowed from webrtc's pipeline */

  VgwPadBlock heard, sent; /* closed where the client's direction does not have them */

  GTask *answer_task; /* (nullable) */
  gboolean may_wait;  /* the description has elements that can hold up a thread */
  VgwVoice voice;     /* as last reported by the signal "voice", or to be reported when connected */
};

G_DEFINE_TYPE (VgwPeer, vgw_peer, G_TYPE_OBJECT)

enum
{
  SIGNAL_CANDIDATE,
  SIGNAL_TRACK,
  SIGNAL_CONNECTED,
  SIGNAL_CHANNEL_OPEN,
  SIGNAL_EVENT,
  SIGNAL_VOICE,
  SIGNAL_DTMF,
  SIGNAL_FAILED,
  SIGNAL_CLOSED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

/* Reports @error (transfer full): by the pending answer, or by the signal "failed". */
static void
fail (VgwPeer *self, GError *error)
{
  g_autoptr (GTask) task = g_steal_pointer (&self->answer_task);
  if (task != NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  g_signal_emit (self, signals[SIGNAL_FAILED], 0, error);
  g_error_free (error);
}

/* --- what webrtcbin reports --- */

static void
handle_candidate (gpointer object, gpointer payload)
{
  VgwPeer *self = object;

  if (!vgw_negotiation_add_local_candidate (self->negotiation, payload))
    g_signal_emit (self, signals[SIGNAL_CANDIDATE], 0, payload, self->audio_mid, self->offer->audio_index);
}

static void
handle_gathered (gpointer object, gpointer payload)
{
  vgw_negotiation_set_gathered (((VgwPeer *) object)->negotiation);
}

/* pc.close () in a browser, or its tab: the client's hang-up. */
static void
handle_dtls_closed (gpointer object, gpointer payload)
{
  VgwPeer *self = object;
  vgw_info (self->session_id, "the client closed DTLS");
  g_signal_emit (self, signals[SIGNAL_CLOSED], 0);
}

/* DTLS may be up at the client, and text on the way, before the certificate was looked at here: that waits, no more
 * than a little. */
static void
handle_event_text (gpointer object, gpointer payload)
{
  VgwPeer *self = object;
  if (self->state == PEER_CONNECTED)
    g_signal_emit (self, signals[SIGNAL_EVENT], 0, payload);
  else if (self->state == PEER_ANSWERED)
    vgw_data_channels_hold (self->data_channels, payload);
}

static void
emit_early_texts (VgwPeer *self)
{
  char *text;
  while (self->state == PEER_CONNECTED && (text = vgw_data_channels_take_held (self->data_channels)) != NULL)
    {
      g_signal_emit (self, signals[SIGNAL_EVENT], 0, text);
      g_free (text);
    }
}

static void
handle_channel_open (gpointer object, gpointer payload)
{
  if (vgw_peer_has_event_channel (object) && vgw_data_channels_take_opened (VGW_PEER (object)->data_channels))
    g_signal_emit (object, signals[SIGNAL_CHANNEL_OPEN], 0);
}

static void
handle_connected (VgwPeer *self)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *certificate = vgw_webrtc_get_peer_certificate (self->webrtc);
  if (self->state != PEER_ANSWERED)
    return;
  if (!vgw_offer_check_certificate (self->offer, certificate, &error))
    {
      fail (self, g_steal_pointer (&error));
      return;
    }
  self->state = PEER_CONNECTED;
  vgw_webrtc_confirm_handshake (self->webrtc);
  if (!self->may_wait)
    vgw_webrtc_go_direct (self->webrtc);
  vgw_media_dump (self->media, vgw_webrtc_get_pipeline (self->webrtc), self->session_id);
  g_signal_emit (self, signals[SIGNAL_CONNECTED], 0);
  if (self->voice.has_voice && self->state == PEER_CONNECTED)
    g_signal_emit (self, signals[SIGNAL_VOICE], 0, &self->voice);
  handle_channel_open (self, NULL);
  if (self->data_channels != NULL)
    emit_early_texts (self);
}

static void
handle_connection_state (gpointer object, gpointer payload)
{
  VgwPeer *self = object;
  switch ((GstWebRTCPeerConnectionState) GPOINTER_TO_INT (payload))
    {
    case GST_WEBRTC_PEER_CONNECTION_STATE_CONNECTED:
      handle_connected (self);
      break;
    case GST_WEBRTC_PEER_CONNECTION_STATE_FAILED:
      fail (self, g_error_new (VGW_ERROR, VGW_ERROR_TIMEOUT, "ICE or DTLS failed"));
      break;
    case GST_WEBRTC_PEER_CONNECTION_STATE_CLOSED:
      g_signal_emit (self, signals[SIGNAL_CLOSED], 0);
      break;
    case GST_WEBRTC_PEER_CONNECTION_STATE_NEW:
    case GST_WEBRTC_PEER_CONNECTION_STATE_CONNECTING:
    case GST_WEBRTC_PEER_CONNECTION_STATE_DISCONNECTED:
      break;
    }
}

static void
report_track (VgwPeer *self, const char *what, const char *codec, guint clock_rate_hz, guint32 ssrc)
{
  VgwTrack track = { "audio", codec, clock_rate_hz, ssrc, self->audio_mid };
  vgw_info (self->session_id, "track%s: kind=audio codec=%s clock-rate=%u ssrc=%u mid=%s", what, codec, clock_rate_hz,
            ssrc, self->audio_mid);
  g_signal_emit (self, signals[SIGNAL_TRACK], 0, &track);
}

static void
handle_track (gpointer object, gpointer payload)
{
  const VgwTrackFacts *facts = payload;
  report_track (object, "", facts->codec, (guint) facts->clock_rate_hz, facts->ssrc);
}

static void
handle_switch (gpointer object, gpointer payload)
{
  const VgwOfferCodec *codec = VGW_PEER (object)->codec;
  report_track (object, " continues", codec->name, codec->clock_rate_hz, *(guint32 *) payload);
}

static void
handle_flood (gpointer object, gpointer payload)
{
  VgwPeer *self = object;
  fail (self, g_error_new (VGW_ERROR, VGW_ERROR_FLOOD, "far more media was received than a call may send"));
}

static void
handle_pipeline_error (gpointer object, gpointer payload)
{
  VgwPeer *self = object;
  fail (self, g_error_new (VGW_ERROR, VGW_ERROR_INTERNAL, "the pipeline failed: %s", (char *) payload));
}

/* A client that aborts SCTP, or stops answering it, still talks. */
static void
handle_sctp_error (gpointer object, gpointer payload)
{
  VgwPeer *self = object;
  if (self->data_channels != NULL)
    vgw_data_channels_lose (self->data_channels, "the client aborted SCTP, or does not respond");
}

static void
handle_voice (gpointer object, gpointer payload)
{
  VgwPeer *self = object;
  const VgwVoice *voice = payload;
  if (voice->has_voice == self->voice.has_voice)
    return;
  self->voice = *voice;
  if (self->state == PEER_CONNECTED)
    g_signal_emit (self, signals[SIGNAL_VOICE], 0, voice);
}

static void
handle_key (gpointer object, gpointer payload)
{
  VgwPeer *self = object;
  const VgwKey *key = payload;
  if (self->state == PEER_CONNECTED)
    g_signal_emit (self, signals[SIGNAL_DTMF], 0, key->digit, key->duration_ms);
}

static const VgwWebrtcReports webrtc_reports = {
  .candidate = handle_candidate,
  .gathered = handle_gathered,
  .connection_state = handle_connection_state,
  .track = handle_track,
  .voice = handle_voice,
  .sctp_failed = handle_sctp_error,
  .pipeline_failed = handle_pipeline_error,
};

/* --- building --- */

/* What is not to be sent must not reach the encoder: packets that RTP has numbered and nobody gets would put SRTP's
 * rollover counters out of step (RFC 3711 section 3.3.1). */
static void
follow_directions (VgwPeer *self)
{
  self->audio_mid = g_array_index (self->offer->mlines, VgwOfferMline, self->offer->audio_index).mid;
  vgw_pad_block_set (&self->heard, self->rtp_in, "sink", !vgw_offer_is_received (self->offer));
  vgw_pad_block_set (&self->sent, self->pcm_in, "src", self->offer->send_index < 0);
}

static void
on_negotiated (char *answer, GError *error, gpointer user_data)
{
  VgwPeer *self = user_data;
  g_autoptr (GTask) task = NULL;
  if (answer == NULL)
    {
      fail (self, error);
      return;
    }
  self->state = PEER_ANSWERED;
  follow_directions (self);
  task = g_steal_pointer (&self->answer_task);
  g_task_return_pointer (task, answer, g_free);
}

static void
connect_webrtc (VgwPeer *self)
{
  const VgwOfferCodec *dtmf = vgw_offer_find_dtmf (self->offer, self->codec);
  guint own_ssrc;
  g_object_get (self->rtp_out, "ssrc", &own_ssrc, NULL);
  vgw_rtp_intake_set_stream (vgw_webrtc_get_intake (self->webrtc), self->codec, dtmf, own_ssrc);
  vgw_rtp_intake_watch_sent (vgw_webrtc_get_intake (self->webrtc), self->rtp_out);
  vgw_rtp_intake_set_funcs (vgw_webrtc_get_intake (self->webrtc), self->mailbox, handle_switch, handle_flood);
  vgw_webrtc_set_audio (self->webrtc, self->codec);
  if (dtmf != NULL)
    vgw_webrtc_set_dtmf (self->webrtc, dtmf, self->mailbox, handle_key);
  vgw_webrtc_set_closed (self->webrtc, self->mailbox, handle_dtls_closed);
  vgw_webrtc_watch (self->webrtc, self->rtp_in, self->mailbox, &webrtc_reports);
  if (self->offer->data_index >= 0)
    self->data_channels = vgw_data_channels_new (
        vgw_webrtc_get_bin (self->webrtc),
        &(VgwDataChannelsSetup){ self->mailbox, handle_event_text, handle_channel_open, self->setup.channel_label,
                                 vgw_media_get_settings (self->media)->max_data_channels, self->session_id });
}

static gboolean
build (VgwPeer *self, VgwPipeline *pipeline, GError **error)
{
  VgwPipelineInstance instance;
  if (!vgw_pipeline_instantiate (pipeline, self->codec->payload_type, &instance, error))
    return FALSE;
  vgw_pipeline_files_name (instance.pipeline, self->session_id);
  self->webrtc = vgw_webrtc_new (self->media, instance.pipeline, error);
  if (self->webrtc == NULL)
    return FALSE;
  if (self->setup.wants_voice)
    {
      if (!vgw_pipeline_add_vad (&instance))
        vgw_warning (self->session_id, "pipeline %s: " VGW_PIPELINE_NO_VOICE, vgw_pipeline_get_name (pipeline));
      vgw_pipeline_fit_vad (&instance, self->setup.format.rate_hz);
    }
  else
    vgw_pipeline_remove_vad (&instance);
  self->rtp_in = instance.rtp_in;
  self->rtp_out = instance.rtp_out;
  self->may_wait = instance.may_wait;
  g_object_set (self->rtp_out, "ssrc", g_random_int_range (1, G_MAXINT32), NULL);
  vgw_pipeline_limit_bitrate (&instance, vgw_offer_codec_get_max_bitrate (self->codec));
  self->pcm_out = instance.pcm_out;
  self->pcm_in = instance.pcm_in;
  vgw_bridge_prepare (GST_APP_SINK (instance.pcm_out), VGW_PUSH_SRC (instance.pcm_in), &self->setup.format);
  connect_webrtc (self);
  self->negotiation = vgw_negotiation_new (
      &(VgwNegotiationSetup){
          .session_id = self->session_id,
          .offer = self->offer,
          .codec = self->codec,
          .asks_for_dtx = vgw_media_get_settings (self->media)->asks_for_dtx,
          .bin = vgw_webrtc_get_bin (self->webrtc),
          .rtp_out = self->rtp_out,
          .gather_timeout_ms = vgw_media_get_settings (self->media)->gather_timeout_ms,
          .ice = vgw_webrtc_get_ice (self->webrtc),
          .fingerprint = vgw_dtls_certificate_get_fingerprint (vgw_media_get_certificate (self->media)),
      },
      on_negotiated, self);
  if (gst_element_set_state (vgw_webrtc_get_pipeline (self->webrtc), GST_STATE_PLAYING) == GST_STATE_CHANGE_FAILURE)
    {
      g_set_error (error, VGW_ERROR, VGW_ERROR_INTERNAL, "the pipeline \"%s\" could not be started",
                   vgw_pipeline_get_name (pipeline));
      return FALSE;
    }
  return TRUE;
}

static gboolean
start_answer (VgwPeer *self, const char *offer_text, GError **error)
{
  const VgwMediaSettings *settings = vgw_media_get_settings (self->media);
  VgwPipeline *pipeline;
  self->offer = vgw_offer_parse (offer_text, settings->max_mlines, error);
  pipeline = self->offer != NULL
                 ? vgw_pipeline_choose (vgw_media_get_pipelines (self->media), self->offer, &self->codec, error)
                 : NULL;
  if (pipeline != NULL && self->offer->is_lite && vgw_media_get_ice_mux (self->media) != NULL)
    {
      g_set_error (error, VGW_ERROR, VGW_ERROR_UNSUPPORTED,
                   "the offer has a=ice-lite, and so has the gateway (ice.agent = mux): neither would begin");
      return FALSE;
    }
  return pipeline != NULL && build (self, pipeline, error) && vgw_negotiation_start (self->negotiation, error);
}

void
vgw_peer_stop (VgwPeer *self)
{
  g_return_if_fail (VGW_IS_PEER (self));
  if (self->state == PEER_STOPPED)
    return;
  self->state = PEER_STOPPED;
  vgw_mailbox_close (self->mailbox);
  if (self->negotiation != NULL)
    vgw_negotiation_stop (self->negotiation);
  if (self->answer_task != NULL)
    fail (self, g_error_new (G_IO_ERROR, G_IO_ERROR_CANCELLED, "the peer was stopped"));
  if (self->webrtc != NULL)
    {
      if (self->bridge != NULL)
        vgw_bridge_detach (self->bridge, GST_APP_SINK (self->pcm_out));
      if (self->data_channels != NULL)
        vgw_data_channels_close (self->data_channels);
      vgw_rtp_intake_log (vgw_webrtc_get_intake (self->webrtc), self->session_id);
      vgw_webrtc_release (self->webrtc);
    }
}

static void
vgw_peer_dispose (GObject *object)
{
  VgwPeer *self = VGW_PEER (object);
  vgw_peer_stop (self);
  g_clear_object (&self->negotiation);
  g_clear_pointer (&self->data_channels, vgw_data_channels_unref);
  g_clear_pointer (&self->webrtc, vgw_webrtc_unref);
  g_clear_object (&self->bridge);
  g_clear_object (&self->media);
  G_OBJECT_CLASS (vgw_peer_parent_class)->dispose (object);
}

static void
vgw_peer_finalize (GObject *object)
{
  VgwPeer *self = VGW_PEER (object);
  g_clear_pointer (&self->mailbox, vgw_mailbox_unref);
  g_clear_pointer (&self->offer, vgw_offer_free);
  g_clear_pointer (&self->first_offer, vgw_offer_free);
  g_free (self->session_id);
  G_OBJECT_CLASS (vgw_peer_parent_class)->finalize (object);
}

static void
vgw_peer_class_init (VgwPeerClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  object_class->dispose = vgw_peer_dispose;
  object_class->finalize = vgw_peer_finalize;

  signals[SIGNAL_CANDIDATE] = g_signal_new ("candidate", VGW_TYPE_PEER, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                            G_TYPE_NONE, 3, G_TYPE_STRING, G_TYPE_STRING, G_TYPE_UINT);
  signals[SIGNAL_TRACK] =
      g_signal_new ("track", VGW_TYPE_PEER, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_POINTER);
  signals[SIGNAL_CONNECTED] =
      g_signal_new ("connected", VGW_TYPE_PEER, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[SIGNAL_CHANNEL_OPEN] =
      g_signal_new ("channel-open", VGW_TYPE_PEER, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[SIGNAL_EVENT] =
      g_signal_new ("event", VGW_TYPE_PEER, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_STRING);
  signals[SIGNAL_DTMF] = g_signal_new ("dtmf", VGW_TYPE_PEER, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 2,
                                       G_TYPE_CHAR, G_TYPE_UINT);
  signals[SIGNAL_VOICE] =
      g_signal_new ("voice", VGW_TYPE_PEER, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_POINTER);
  signals[SIGNAL_FAILED] =
      g_signal_new ("failed", VGW_TYPE_PEER, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_ERROR);
  signals[SIGNAL_CLOSED] =
      g_signal_new ("closed", VGW_TYPE_PEER, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
vgw_peer_init (VgwPeer *self)
{
  self->mailbox = vgw_mailbox_new (G_OBJECT (self));
}

/* -- public -------------------------------------------------------------------------------------------------------- */

VgwPeer *
vgw_peer_new (VgwMedia *media, const char *session_id, const VgwPeerSetup *setup)
{
  VgwPeer *self = g_object_new (VGW_TYPE_PEER, NULL);
  self->media = g_object_ref (media);
  self->session_id = g_strdup (session_id);
  self->setup = *setup;
  return self;
}

void
vgw_peer_answer_async (VgwPeer *self, const char *offer, GCancellable *cancellable, GAsyncReadyCallback callback,
                       gpointer user_data)
{
  g_return_if_fail (VGW_IS_PEER (self));
  g_return_if_fail (self->state == PEER_IDLE);
  GError *error = NULL;
  self->answer_task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (self->answer_task, vgw_peer_answer_async);
  self->state = PEER_ANSWERING;
  if (!start_answer (self, offer, &error))
    fail (self, error);
}

char *
vgw_peer_answer_finish (VgwPeer *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}

static gboolean
is_answered (VgwPeer *self, GError **error)
{
  if (self->state == PEER_ANSWERED || self->state == PEER_CONNECTED)
    return TRUE;
  g_set_error (error, VGW_ERROR, VGW_ERROR_BAD_STATE, "the first offer is not answered");
  return FALSE;
}

char *
vgw_peer_reanswer (VgwPeer *self, const char *text, GError **error)
{
  g_autoptr (VgwOffer) offer = NULL;
  char *answer;
  g_return_val_if_fail (VGW_IS_PEER (self), NULL);
  if (!is_answered (self, error))
    return NULL;
  offer = vgw_offer_parse_next (self->offer, text, vgw_media_get_settings (self->media)->max_mlines, error);
  answer = offer != NULL ? vgw_negotiation_answer_again (self->negotiation, offer, self->offer, error) : NULL;
  if (answer == NULL)
    return NULL;
  if (self->first_offer == NULL)
    self->first_offer = g_steal_pointer (&self->offer);
  g_clear_pointer (&self->offer, vgw_offer_free);
  self->offer = g_steal_pointer (&offer);
  follow_directions (self);
  return answer;
}

VgwIceParameters *
vgw_peer_restart_ice (VgwPeer *self, const char *remote_ufrag, const char *remote_pwd, GError **error)
{
  g_return_val_if_fail (VGW_IS_PEER (self), NULL);
  if (!is_answered (self, error))
    return NULL;
  return vgw_negotiation_restart_ice (self->negotiation, self->offer, remote_ufrag, remote_pwd, error);
}

gboolean
vgw_peer_add_candidate (VgwPeer *self, const char *candidate, const char *mid, int mline_index, GError **error)
{
  gboolean is_useful;
  g_return_val_if_fail (VGW_IS_PEER (self), FALSE);
  if (!vgw_remote_candidate_check (self->offer, candidate, mid, mline_index, &is_useful, error))
    return FALSE;
  /* a lite agent needs no remote candidates at all */
  if (is_useful && vgw_media_get_ice_mux (self->media) == NULL && self->negotiation != NULL
      && self->state != PEER_STOPPED)
    vgw_negotiation_add_remote_candidate (self->negotiation, candidate);
  return TRUE;
}

void
vgw_peer_attach (VgwPeer *self, VgwBridge *bridge)
{
  g_return_if_fail (VGW_IS_PEER (self));
  g_return_if_fail (self->state == PEER_CONNECTED);
  g_return_if_fail (vgw_bridge_get_format (bridge)->rate_hz == self->setup.format.rate_hz);
  g_set_object (&self->bridge, bridge);
  vgw_bridge_attach (bridge, GST_APP_SINK (self->pcm_out), VGW_PUSH_SRC (self->pcm_in),
                     vgw_media_get_settings (self->media)->uses_dtx && !vgw_dtx_is_refused (self->codec->fmtp));
}

VgwSendResult
vgw_peer_send_event (VgwPeer *self, const char *text)
{
  g_return_val_if_fail (VGW_IS_PEER (self), VGW_SEND_NO_CHANNEL);
  if (self->state != PEER_CONNECTED || self->data_channels == NULL)
    return VGW_SEND_NO_CHANNEL;
  return vgw_data_channels_send (self->data_channels, text);
}

gboolean
vgw_peer_has_event_channel (VgwPeer *self)
{
  g_return_val_if_fail (VGW_IS_PEER (self), FALSE);
  return self->state == PEER_CONNECTED && self->data_channels != NULL
         && vgw_data_channels_is_open (self->data_channels);
}

void
vgw_peer_get_view (VgwPeer *self, VgwPeerView *view)
{
  VgwWebrtc *webrtc = self->state != PEER_STOPPED ? self->webrtc : NULL;

  *view = (VgwPeerView){ self->offer, self->codec, webrtc, webrtc != NULL ? self->rtp_out : NULL,
                         self->state == PEER_CONNECTED };
}

const char *
vgw_peer_get_codec (VgwPeer *self)
{
  g_return_val_if_fail (VGW_IS_PEER (self), NULL);
  return self->codec ? self->codec->name : NULL;
}
