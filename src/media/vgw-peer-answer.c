/* How an answer comes about. Each step is a promise of webrtcbin, whose reply comes back to the main thread:
 *   set-remote-description → link the encoder → create-answer → set-local-description → candidates → answer
 * One deadline stands over all of it, because webrtcbin may drop a promise unanswered. */
#include "media/vgw-peer-private.h"

#include <gst/app/app.h>
#include <gst/webrtc/webrtc.h>

#include "base/vgw-error.h"
#include "base/vgw-log.h"
#include "base/vgw-random.h"
#include "base/vgw-source.h"
#include "media/vgw-bridge-private.h"
#include "media/vgw-pipeline-files.h"

/* On top of the bound for gathering: what the promises may take. Measured: some 10 ms, 0.5 s in a burst of 60. */
#define ANSWER_DEADLINE_MS 5000

/* The m-line of the reduced offer that has the bundle's transport. webrtcbin 1.22 keeps candidates for any other in an
 * array that only grows. */
#define BUNDLE_MLINE 0

/* In base64, a multiple of three: 8 and 24 characters, 48 and 144 bits (RFC 8445 section 5.3 asks for 24 and 128) */
#define ICE_UFRAG_BYTES 6
#define ICE_PWD_BYTES 18

/* -- promises ------------------------------------------------------------------------------------------------------ */

typedef struct
{
  VgwMailbox *mailbox;
  VgwMailboxFunc next;
} PromiseStep;

static void
promise_step_free (gpointer data)
{
  PromiseStep *step = data;
  vgw_mailbox_unref (step->mailbox);
  g_free (step);
}

/* webrtcbin's PC thread. Not called at all where webrtcbin closes first; then only the destroy notify is. */
static void
on_promise_changed (GstPromise *promise, gpointer data)
{
  PromiseStep *step = data;
  if (gst_promise_wait (promise) != GST_PROMISE_RESULT_REPLIED)
    return;
  const GstStructure *reply = gst_promise_get_reply (promise);
  GstStructure *copy = reply ? gst_structure_copy (reply) : gst_structure_new_empty ("reply");
  vgw_mailbox_post (step->mailbox, step->next, copy, (GDestroyNotify) gst_structure_free);
}

/* The next step's promise; the peer keeps it until the one after. (transfer none) */
static GstPromise *
promise_new (VgwPeer *self, VgwMailboxFunc next)
{
  PromiseStep *step = g_new0 (PromiseStep, 1);
  step->mailbox = vgw_mailbox_ref (self->mailbox);
  step->next = next;
  g_clear_pointer (&self->promise, gst_promise_unref);
  self->promise = gst_promise_new_with_change_func (on_promise_changed, step, promise_step_free);
  return self->promise;
}

/* FALSE, and the answer has failed, where @reply holds an error or the answer is no longer wanted. */
static gboolean
check_reply (VgwPeer *self, const GstStructure *reply, const char *step)
{
  g_autoptr (GError) error = NULL;
  if (self->answer_task == NULL)
    return FALSE;
  if (!gst_structure_has_field (reply, "error"))
    return TRUE;
  gst_structure_get (reply, "error", G_TYPE_ERROR, &error, NULL);
  vgw_info (self->session_id, "%s: %s", step, error ? error->message : "no reason given");
  vgw_peer_fail (self, g_error_new (VGW_ERROR, VGW_ERROR_BAD_MESSAGE, "the offer could not be used (%s)", step));
  return FALSE;
}

/* -- the answer, last step first ----------------------------------------------------------------------------------- */

/* Says in the answer which SSRC we send with. webrtcbin leaves it out, and with more than one m-line pion then drops
 * what it cannot assign (RFC 8843 section 9.2 wants a=ssrc or the MID extension). */
static void
name_ssrc (VgwPeer *self)
{
  GstSDPMedia *audio = (GstSDPMedia *) gst_sdp_message_get_media (self->local_sdp, 0);
  if (audio == NULL || gst_sdp_media_get_attribute_val (audio, "ssrc") != NULL)
    return;
  guint ssrc;
  g_object_get (self->rtp_out, "ssrc", &ssrc, NULL);
  g_autofree char *value = g_strdup_printf ("%u cname:voice-gateway", ssrc);
  gst_sdp_media_add_attribute (audio, "ssrc", value);
}

static void
complete_answer (VgwPeer *self)
{
  g_autoptr (GError) error = NULL;
  name_ssrc (self);
  gboolean is_lite = vgw_media_get_ice_mux (self->media) != NULL;
  g_autofree char *answer = vgw_offer_expand_answer (self->offer, self->local_sdp, self->codec,
                                                     vgw_offer_find_dtmf (self->offer, self->codec),
                                                     self->local_candidates, self->is_gathered, is_lite, &error);
  if (answer == NULL)
    {
      vgw_peer_fail (self, g_steal_pointer (&error));
      return;
    }
  g_autoptr (GTask) task = g_steal_pointer (&self->answer_task);
  vgw_source_clear (&self->answer_deadline);
  vgw_source_clear (&self->gather_deadline);
  self->state = PEER_ANSWERED;
  g_task_return_pointer (task, g_steal_pointer (&answer), g_free);
}

static gboolean
on_gather_deadline (gpointer user_data)
{
  VgwPeer *self = user_data;
  vgw_debug (self->session_id, "answering before gathering is complete; later candidates are trickled");
  complete_answer (self);
  return G_SOURCE_REMOVE;
}

static void
complete_when_gathered (VgwPeer *self)
{
  if (self->answer_task != NULL && self->local_sdp != NULL && self->is_gathered)
    complete_answer (self);
}

static void
on_local_set (gpointer object, gpointer payload)
{
  VgwPeer *self = object;
  if (!check_reply (self, payload, "set-local-description"))
    return;
  guint timeout_ms = vgw_media_get_settings (self->media)->gather_timeout_ms;
  self->gather_deadline = vgw_source_start_timer (timeout_ms, on_gather_deadline, self);
  complete_when_gathered (self);
}

/* webrtcbin 1.22 draws its ICE credentials from a Mersenne Twister: who collects enough answers could tell those of
 * other callers, and lead their media away. The agent takes whatever stands in the local description. */
static void
renew_credentials (GstSDPMessage *sdp)
{
  g_autofree char *ufrag = vgw_random_base64 (ICE_UFRAG_BYTES);
  g_autofree char *pwd = vgw_random_base64 (ICE_PWD_BYTES);

  for (guint i = 0; i < gst_sdp_message_medias_len (sdp); i++)
    {
      GstSDPMedia *media = (GstSDPMedia *) gst_sdp_message_get_media (sdp, i);
      for (guint j = 0; j < gst_sdp_media_attributes_len (media); j++)
        {
          const GstSDPAttribute *old = gst_sdp_media_get_attribute (media, j);
          const char *value = g_str_equal (old->key, "ice-ufrag") ? ufrag
                              : g_str_equal (old->key, "ice-pwd") ? pwd
                                                                  : NULL;
          GstSDPAttribute renewed;
          if (value == NULL)
            continue;
          gst_sdp_attribute_set (&renewed, old->key, value);
          gst_sdp_media_replace_attribute (media, j, &renewed);
        }
    }
}

static void
on_answer_created (gpointer object, gpointer payload)
{
  VgwPeer *self = object;
  GstWebRTCSessionDescription *answer = NULL;
  if (!check_reply (self, payload, "create-answer"))
    return;
  gst_structure_get (payload, "answer", GST_TYPE_WEBRTC_SESSION_DESCRIPTION, &answer, NULL);
  if (answer == NULL)
    {
      vgw_peer_fail (self, g_error_new (VGW_ERROR, VGW_ERROR_INTERNAL, "webrtcbin made no answer"));
      return;
    }
  renew_credentials (answer->sdp);
  gst_sdp_message_copy (answer->sdp, &self->local_sdp);
  GstPromise *promise = promise_new (self, on_local_set);
  g_signal_emit_by_name (vgw_webrtc_get_bin (self->webrtc), "set-local-description", answer, promise);
  gst_webrtc_session_description_free (answer);
}

/* webrtcbin 1.24 makes the transceiver in set-remote-description, recvonly, and then gives no pad to send on; 1.22
 * makes it with the pad. The answer still sends only where the offer receives. */
static void
let_transceiver_send (GstElement *bin)
{
  g_autoptr (GstWebRTCRTPTransceiver) transceiver = NULL;

  g_signal_emit_by_name (bin, "get-transceiver", 0, &transceiver);
  if (transceiver != NULL)
    g_object_set (transceiver, "direction", GST_WEBRTC_RTP_TRANSCEIVER_DIRECTION_SENDRECV, NULL);
}

/* Pacer's thread. */
static gboolean
write_payload_type (GstBuffer **buffer, guint index, gpointer user_data)
{
  GstMapInfo map;
  *buffer = gst_buffer_make_writable (*buffer);
  if (!gst_buffer_map (*buffer, &map, GST_MAP_READWRITE))
    return TRUE;
  if (map.size > 1)
    map.data[1] = (guint8) ((map.data[1] & 0x80) | GPOINTER_TO_UINT (user_data)); /* RFC 3550 section 5.1 */
  gst_buffer_unmap (*buffer, &map);
  return TRUE;
}

static GstPadProbeReturn
on_encoded (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  if (info->type & GST_PAD_PROBE_TYPE_BUFFER)
    write_payload_type ((GstBuffer **) &info->data, 0, user_data);
  else if (info->type & GST_PAD_PROBE_TYPE_BUFFER_LIST)
    {
      info->data = gst_buffer_list_make_writable (info->data);
      gst_buffer_list_foreach (info->data, write_payload_type, user_data);
    }
  return GST_PAD_PROBE_OK;
}

/* The encoder's pad is linked after the remote description, by the name of the m-line, and with the payload type of
 * the offer: everything else makes the answer recvonly (webrtcbin 1.22). */
static gboolean
link_encoder (VgwPeer *self)
{
  const VgwOfferCodec *codec = self->codec;
  GstElement *bin = vgw_webrtc_get_bin (self->webrtc);
  let_transceiver_send (bin);
  g_autoptr (GstPad) sink = gst_element_request_pad_simple (bin, "sink_0");
  g_autoptr (GstPad) src = gst_element_get_static_pad (self->rtp_out, "src");
  g_autoptr (GstWebRTCRTPTransceiver) transceiver = NULL;
  if (sink == NULL || src == NULL)
    return FALSE;

  g_autoptr (GstCaps) caps = gst_caps_new_simple (
      "application/x-rtp", "media", G_TYPE_STRING, "audio", "encoding-name", G_TYPE_STRING, codec->name, "clock-rate",
      G_TYPE_INT, (int) codec->clock_rate_hz, "payload", G_TYPE_INT, (int) codec->payload_type, NULL);
  g_object_get (sink, "transceiver", &transceiver, NULL);
  g_object_set (transceiver, "codec-preferences", caps, NULL);
  /* webrtcbin has one m-line for what the client may have on two, and there with two numbers for the codec */
  if (codec->send_payload_type != (int) codec->payload_type)
    gst_pad_add_probe (src, GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST, on_encoded,
                       GINT_TO_POINTER (codec->send_payload_type), NULL);
  return gst_pad_link (src, sink) == GST_PAD_LINK_OK;
}

/* A client that does not listen: the encoder's packets go nowhere. */
static gboolean
link_encoder_to_nothing (VgwPeer *self)
{
  GstElement *fakesink = gst_element_factory_make ("fakesink", NULL);
  g_object_set (fakesink, "async", FALSE, "sync", FALSE, NULL);
  gst_bin_add (GST_BIN (vgw_webrtc_get_pipeline (self->webrtc)), fakesink);
  gst_element_sync_state_with_parent (fakesink);
  return gst_element_link_pads (self->rtp_out, "src", fakesink, "sink");
}

void
vgw_peer_pass_candidate (VgwPeer *self, const char *candidate)
{
  g_signal_emit_by_name (vgw_webrtc_get_bin (self->webrtc), "add-ice-candidate", BUNDLE_MLINE, candidate);
}

static void
on_remote_set (gpointer object, gpointer payload)
{
  VgwPeer *self = object;
  if (!check_reply (self, payload, "set-remote-description"))
    return;
  self->has_remote_description = TRUE;
  for (guint i = 0; i < self->early_candidates->len; i++)
    vgw_peer_pass_candidate (self, g_ptr_array_index (self->early_candidates, i));
  g_ptr_array_set_size (self->early_candidates, 0);

  gboolean is_deaf = self->offer->send_index < 0;
  if (!(is_deaf ? link_encoder_to_nothing (self) : link_encoder (self)))
    {
      vgw_peer_fail (self, g_error_new (VGW_ERROR, VGW_ERROR_INTERNAL, "the encoder could not be linked to webrtcbin"));
      return;
    }
  GstPromise *promise = promise_new (self, on_answer_created);
  g_signal_emit_by_name (vgw_webrtc_get_bin (self->webrtc), "create-answer", NULL, promise);
}

static void
handle_local_candidate (gpointer object, gpointer payload)
{
  VgwPeer *self = object;
  if (self->state == PEER_IDLE || self->state == PEER_ANSWERING)
    g_ptr_array_add (self->local_candidates, g_strdup (payload));
  else
    vgw_peer_emit_candidate (self, payload);
}

void
vgw_peer_on_ice_candidate (GstElement *bin, guint mline_index, const char *candidate, VgwMailbox *mailbox)
{
  if (*candidate == '\0')
    return; /* webrtcbin 1.24 ends the list so; the gathering state does already, and Chromium refuses a bare "a=" */
  vgw_mailbox_post (mailbox, handle_local_candidate, g_strdup (candidate), g_free);
}

static void
handle_gathered (gpointer object, gpointer payload)
{
  VgwPeer *self = object;
  self->is_gathered = TRUE;
  complete_when_gathered (self);
}

void
vgw_peer_on_gathering_state (GstElement *bin, GParamSpec *pspec, VgwMailbox *mailbox)
{
  GstWebRTCICEGatheringState state;
  g_object_get (bin, "ice-gathering-state", &state, NULL);
  if (state == GST_WEBRTC_ICE_GATHERING_STATE_COMPLETE)
    vgw_mailbox_post (mailbox, handle_gathered, NULL, NULL);
}

/* -- building --------------------------------------------------------------------------------------------------------
 */

static gboolean
build (VgwPeer *self, VgwPipeline *pipeline, const VgwOfferCodec *codec, GError **error)
{
  VgwPipelineInstance instance;
  if (!vgw_pipeline_instantiate (pipeline, codec->payload_type, &instance, error))
    return FALSE;
  vgw_pipeline_files_name (instance.pipeline, self->session_id);
  self->webrtc = vgw_webrtc_new (self->media, instance.pipeline, error);
  if (self->webrtc == NULL)
    return FALSE;
  if (self->wants_voice)
    {
      if (!vgw_pipeline_add_vad (&instance))
        vgw_warning (self->session_id, "pipeline %s: " VGW_PIPELINE_NO_VOICE, vgw_pipeline_get_name (pipeline));
      vgw_pipeline_fit_vad (&instance, self->format.rate_hz);
    }
  else
    vgw_pipeline_remove_vad (&instance);
  self->rtp_in = instance.rtp_in;
  self->rtp_out = instance.rtp_out;
  self->may_wait = instance.may_wait;
  g_object_set (self->rtp_out, "ssrc", g_random_int_range (1, G_MAXINT32), NULL);
  self->pcm_out = instance.pcm_out;
  self->pcm_in = instance.pcm_in;
  vgw_bridge_prepare (GST_APP_SINK (instance.pcm_out), VGW_PUSH_SRC (instance.pcm_in), &self->format);
  vgw_peer_connect_bin (self);
  if (gst_element_set_state (vgw_webrtc_get_pipeline (self->webrtc), GST_STATE_PLAYING) == GST_STATE_CHANGE_FAILURE)
    {
      g_set_error (error, VGW_ERROR, VGW_ERROR_INTERNAL, "the pipeline \"%s\" did not start",
                   vgw_pipeline_get_name (pipeline));
      return FALSE;
    }
  return TRUE;
}

/* The first pipeline, in the operator's order, whose codec the offer has. */
static VgwPipeline *
choose_pipeline (VgwPeer *self, const VgwOfferCodec **codec, GError **error)
{
  GPtrArray *pipelines = vgw_media_get_pipelines (self->media);
  g_autoptr (GString) known = g_string_new (NULL);
  for (guint i = 0; i < pipelines->len; i++)
    {
      VgwPipeline *pipeline = g_ptr_array_index (pipelines, i);
      const char *name = vgw_pipeline_get_codec (pipeline);
      *codec = vgw_offer_find_codec (self->offer, name, vgw_pipeline_get_clock_rate_hz (pipeline));
      if (*codec != NULL)
        return pipeline;
      g_string_append_printf (known, "%s%s", known->len > 0 ? ", " : "", name);
    }
  g_set_error (error, VGW_ERROR, VGW_ERROR_BAD_MESSAGE, "the offer has no codec that the gateway serves (%s)",
               known->str);
  return NULL;
}

static gboolean
on_answer_deadline (gpointer user_data)
{
  VgwPeer *self = user_data;
  vgw_peer_fail (self,
                 g_error_new (VGW_ERROR, VGW_ERROR_TIMEOUT, "no answer could be made in %d ms", ANSWER_DEADLINE_MS));
  return G_SOURCE_REMOVE;
}

gboolean
vgw_peer_start_answer (VgwPeer *self, const char *offer_text, GError **error)
{
  const VgwOfferCodec *codec = NULL;
  self->offer = vgw_offer_parse (offer_text, vgw_media_get_settings (self->media)->max_mlines, error);
  VgwPipeline *pipeline = self->offer ? choose_pipeline (self, &codec, error) : NULL;
  if (pipeline == NULL)
    return FALSE;
  self->codec = codec;
  self->audio_mid = g_array_index (self->offer->mlines, VgwOfferMline, self->offer->audio_index).mid;

  GstSDPMessage *reduced = vgw_offer_reduce (self->offer, codec, error);
  if (reduced == NULL)
    return FALSE;
  GstWebRTCSessionDescription *description =
      gst_webrtc_session_description_new (GST_WEBRTC_SDP_TYPE_OFFER, reduced); /* takes reduced */
  gboolean is_built = build (self, pipeline, codec, error);
  if (is_built)
    {
      GstPromise *promise = promise_new (self, on_remote_set);
      g_signal_emit_by_name (vgw_webrtc_get_bin (self->webrtc), "set-remote-description", description, promise);
    }
  gst_webrtc_session_description_free (description);
  guint deadline_ms = ANSWER_DEADLINE_MS + vgw_media_get_settings (self->media)->gather_timeout_ms;
  if (is_built)
    self->answer_deadline = vgw_source_start_timer (deadline_ms, on_answer_deadline, self);
  return is_built;
}

void
vgw_peer_drop_answer (VgwPeer *self, GError *error)
{
  g_autoptr (GTask) task = g_steal_pointer (&self->answer_task);
  vgw_source_clear (&self->answer_deadline);
  vgw_source_clear (&self->gather_deadline);
  if (self->promise != NULL)
    gst_promise_interrupt (self->promise); /* webrtcbin drops what it has not answered, with a warning each */
  g_clear_pointer (&self->promise, gst_promise_unref);
  if (task != NULL)
    g_task_return_error (task, error);
  else
    g_error_free (error);
}
