#include "media/vgw-negotiation.h"

#include <gst/webrtc/webrtc.h>

#include "base/vgw-error.h"
#include "base/vgw-log.h"
#include "base/vgw-mailbox.h"
#include "base/vgw-source.h"
#include "media/vgw-remote-candidate.h"

/* The time limit of all promises. Measured: some 10 ms, 0.5 s in a burst of 60 offers. */
#define PROMISES_TIMEOUT_MS 5000

/* The m-line of the reduced offer with the bundle's transport. webrtcbin 1.22 stores candidates for any other in an
 * array that only grows. */
#define BUNDLE_MLINE 0

#define MAX_EARLY_CANDIDATES 64

typedef enum
{
  STEP_REMOTE,  /* set-remote-description */
  STEP_ENCODER, /* the encoder is linked; no promise */
  STEP_ANSWER,  /* create-answer */
  STEP_LOCAL,   /* set-local-description */
  STEP_GATHER,  /* candidates, up to the bound; no promise */
  STEP_DONE,
} Step;

struct _VgwNegotiation
{
  GObject parent_instance;

  VgwNegotiationSetup setup;
  VgwNegotiationFunc func; /* NULL once it was called, or the negotiation is stopped */
  gpointer user_data;
  VgwMailbox *mailbox; /* from webrtcbin's thread */
  Step step;
  GstPromise *promise; /* (nullable) the one that webrtcbin has not answered */
  GSource *deadline;   /* of the promises; from STEP_GATHER on, of the candidates */

  GstWebRTCSessionDescription *remote, *local; /* (nullable) until they are set; webrtcbin's answer as it was created */
  GstSDPMessage *local_sdp;                    /* (nullable) a copy of local */
  GPtrArray *local_candidates;                 /* char*, those that are in the answer */
  guint64 answer_id;
  guint answer_version;
  GPtrArray *early_candidates; /* char*, the client's, until STEP_ENCODER */
  gboolean is_gathered;
};

G_DEFINE_FINAL_TYPE (VgwNegotiation, vgw_negotiation, G_TYPE_OBJECT)

static void execute_step (VgwNegotiation *self);

/* Calls func with @answer or @error (transfer full). */
static void
finish (VgwNegotiation *self, char *answer, GError *error)
{
  VgwNegotiationFunc func = g_steal_pointer (&self->func);

  vgw_source_clear (&self->deadline);
  func (answer, error, self->user_data);
}

static void
fail (VgwNegotiation *self, VgwErrorCode code, const char *message)
{
  finish (self, NULL, g_error_new_literal (VGW_ERROR, code, message));
}

static void
enter (VgwNegotiation *self, Step step)
{
  self->step = step;
  execute_step (self);
}

static const char *
step_to_string (Step step)
{
  switch (step)
    {
    case STEP_REMOTE:
      return "set-remote-description";
    case STEP_ENCODER:
      return "encoder";
    case STEP_ANSWER:
      return "create-answer";
    case STEP_LOCAL:
      return "set-local-description";
    case STEP_GATHER:
      return "gathering";
    case STEP_DONE:
      return "done";
    }
  g_return_val_if_reached ("?");
}

/* --- promises --- */

/* @fingerprint: (nullable) where it stays. */
static void
set_transport (GstSDPMessage *sdp, const char *ufrag, const char *pwd, const char *fingerprint)
{
  for (guint i = 0; i < gst_sdp_message_medias_len (sdp); i++)
    {
      GstSDPMedia *media = (GstSDPMedia *) gst_sdp_message_get_media (sdp, i);
      for (guint j = 0; j < gst_sdp_media_attributes_len (media); j++)
        {
          const GstSDPAttribute *old = gst_sdp_media_get_attribute (media, j);
          const char *value = g_str_equal (old->key, "ice-ufrag")     ? ufrag
                              : g_str_equal (old->key, "ice-pwd")     ? pwd
                              : g_str_equal (old->key, "fingerprint") ? fingerprint
                                                                      : NULL;
          GstSDPAttribute renewed;
          if (value == NULL)
            continue;
          gst_sdp_attribute_set (&renewed, old->key, value);
          gst_sdp_media_replace_attribute (media, j, &renewed);
        }
    }
}

/* webrtcbin 1.22 creates its ICE credentials with a Mersenne Twister: with enough answers those of other callers could
 * be predicted, and their media redirected. The agent uses the credentials of the local description. The fingerprint is
 * that of the certificate alone; webrtcbin's is that of all PEM blocks, with the key. */
static void
renew_transport (VgwNegotiation *self, GstSDPMessage *sdp)
{
  g_autoptr (VgwIceParameters) own = vgw_ice_parameters_new ();

  set_transport (sdp, own->ufrag, own->pwd, self->setup.fingerprint);
}

/* FALSE where webrtcbin created none. */
static gboolean
take_answer (VgwNegotiation *self, const GstStructure *reply)
{
  gst_structure_get (reply, "answer", GST_TYPE_WEBRTC_SESSION_DESCRIPTION, &self->local, NULL);
  if (self->local == NULL)
    return FALSE;
  renew_transport (self, self->local->sdp);
  gst_sdp_message_copy (self->local->sdp, &self->local_sdp);
  return TRUE;
}

static void
on_reply (gpointer object, gpointer payload)
{
  VgwNegotiation *self = object;
  const GstStructure *reply = payload;
  g_autoptr (GError) error = NULL;
  g_autofree char *message = NULL;

  if (self->func == NULL)
    return;
  if (gst_structure_has_field (reply, "error"))
    {
      gst_structure_get (reply, "error", G_TYPE_ERROR, &error, NULL);
      vgw_info (self->setup.session_id, "%s: %s", step_to_string (self->step),
                error ? error->message : "no reason given");
      message = g_strdup_printf ("the offer could not be used (%s)", step_to_string (self->step));
      fail (self, VGW_ERROR_BAD_MESSAGE, message);
    }
  else if (self->step == STEP_ANSWER && !take_answer (self, reply))
    fail (self, VGW_ERROR_INTERNAL, "webrtcbin created no answer");
  else
    enter (self, self->step + 1);
}

/* webrtcbin's PC thread. Where webrtcbin closes first, only the destroy notify is called. */
static void
on_promise_changed (GstPromise *promise, gpointer data)
{
  const GstStructure *reply;
  GstStructure *copy;

  if (gst_promise_wait (promise) != GST_PROMISE_RESULT_REPLIED)
    return;
  reply = gst_promise_get_reply (promise);
  copy = reply != NULL ? gst_structure_copy (reply) : gst_structure_new_empty ("reply");
  vgw_mailbox_post (data, on_reply, copy, (GDestroyNotify) gst_structure_free);
}

/* That of the present step, kept until the next one. (transfer none) */
static GstPromise *
promise_new (VgwNegotiation *self)
{
  g_clear_pointer (&self->promise, gst_promise_unref);
  self->promise = gst_promise_new_with_change_func (on_promise_changed, vgw_mailbox_ref (self->mailbox),
                                                    (GDestroyNotify) vgw_mailbox_unref);
  return self->promise;
}

/* --- the encoder --- */

/* webrtcbin 1.24 creates the transceiver in set-remote-description, as recvonly, and then provides no pad to send on;
 * 1.22 creates it with the pad. The direction of the answer still follows the offer. */
static void
set_transceiver_sendrecv (GstElement *bin)
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
link_encoder (GstElement *bin, GstElement *rtp_out, const VgwOfferCodec *codec)
{
  g_autoptr (GstPad) sink = NULL;
  g_autoptr (GstPad) src = gst_element_get_static_pad (rtp_out, "src");
  g_autoptr (GstWebRTCRTPTransceiver) transceiver = NULL;
  g_autoptr (GstCaps) caps = NULL;

  set_transceiver_sendrecv (bin);
  sink = gst_element_request_pad_simple (bin, "sink_0");
  if (sink == NULL || src == NULL)
    return FALSE;
  caps = gst_caps_new_simple ("application/x-rtp", "media", G_TYPE_STRING, "audio", "encoding-name", G_TYPE_STRING,
                              codec->name, "clock-rate", G_TYPE_INT, (int) codec->clock_rate_hz, "payload", G_TYPE_INT,
                              (int) codec->payload_type, NULL);
  g_object_get (sink, "transceiver", &transceiver, NULL);
  g_object_set (transceiver, "codec-preferences", caps, NULL);
  /* webrtcbin has one m-line for what the client may have on two, and there with two numbers for the codec */
  if (codec->send_payload_type != (int) codec->payload_type)
    gst_pad_add_probe (src, GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST, on_encoded,
                       GINT_TO_POINTER (codec->send_payload_type), NULL);
  return gst_pad_link (src, sink) == GST_PAD_LINK_OK;
}

/* --- the steps --- */

static void
pass_candidate (VgwNegotiation *self, const char *candidate)
{
  g_signal_emit_by_name (self->setup.bin, "add-ice-candidate", BUNDLE_MLINE, candidate);
}

static void
connect_encoder (VgwNegotiation *self)
{
  const VgwNegotiationSetup *setup = &self->setup;

  for (guint i = 0; i < self->early_candidates->len; i++)
    pass_candidate (self, g_ptr_array_index (self->early_candidates, i));
  g_ptr_array_set_size (self->early_candidates, 0);

  if (link_encoder (setup->bin, setup->rtp_out, setup->codec))
    enter (self, STEP_ANSWER);
  else
    fail (self, VGW_ERROR_INTERNAL, "the encoder could not be linked to webrtcbin");
}

/* Adds the SSRC of outgoing packets to the answer. webrtcbin omits it, and with several m-lines pion then drops packets
 * that it cannot assign (RFC 8843 section 9.2 requires a=ssrc or the MID extension). */
static void
name_ssrc (VgwNegotiation *self)
{
  GstSDPMedia *audio = (GstSDPMedia *) gst_sdp_message_get_media (self->local_sdp, 0);
  g_autofree char *value = NULL;
  guint ssrc;

  if (audio == NULL || gst_sdp_media_get_attribute_val (audio, "ssrc") != NULL)
    return;
  g_object_get (self->setup.rtp_out, "ssrc", &ssrc, NULL);
  value = g_strdup_printf ("%u cname:voice-gateway", ssrc);
  gst_sdp_media_add_attribute (audio, "ssrc", value);
}

/* @offer: the one that is answered. */
static char *
write_answer (VgwNegotiation *self, const VgwOffer *offer, GError **error)
{
  const VgwNegotiationSetup *setup = &self->setup;
  const VgwOfferCodec *dtmf = vgw_offer_find_dtmf (setup->offer, setup->codec);
  VgwAnswerParts parts = {
    .sdp = self->local_sdp,
    .codec = setup->codec,
    .dtmf = dtmf != NULL && vgw_offer_has_codec (offer, dtmf) ? dtmf : NULL,
    .candidates = self->local_candidates,
    .is_complete = self->is_gathered,
    .is_lite = setup->ice != NULL,
    .asks_for_dtx = setup->asks_for_dtx,
    .id = self->answer_id,
    .version = ++self->answer_version,
  };

  return vgw_offer_expand_answer (offer, &parts, error);
}

static void
complete (VgwNegotiation *self)
{
  GError *error = NULL;
  char *answer;

  name_ssrc (self);
  answer = write_answer (self, self->setup.offer, &error);
  finish (self, answer, error);
}

static gboolean
on_deadline (gpointer user_data)
{
  VgwNegotiation *self = user_data;
  g_autofree char *message = NULL;

  if (self->step == STEP_GATHER)
    {
      vgw_debug (self->setup.session_id, "answering before gathering is complete; later candidates are trickled");
      enter (self, STEP_DONE);
      return G_SOURCE_REMOVE;
    }
  message = g_strdup_printf ("no answer could be created within %d ms", PROMISES_TIMEOUT_MS);
  fail (self, VGW_ERROR_TIMEOUT, message);
  return G_SOURCE_REMOVE;
}

/* The deadline of the candidates counts from here: webrtcbin has set its own description, which the client gets. */
static void
wait_for_candidates (VgwNegotiation *self)
{
  vgw_source_clear (&self->deadline);
  if (self->is_gathered)
    enter (self, STEP_DONE);
  else
    self->deadline = vgw_source_start_timer (self->setup.gather_timeout_ms, on_deadline, self);
}

static void
execute_step (VgwNegotiation *self)
{
  GstElement *bin = self->setup.bin;

  switch (self->step)
    {
    case STEP_REMOTE:
      g_signal_emit_by_name (bin, "set-remote-description", self->remote, promise_new (self));
      g_clear_pointer (&self->remote, gst_webrtc_session_description_free);
      break;
    case STEP_ENCODER:
      connect_encoder (self);
      break;
    case STEP_ANSWER:
      g_signal_emit_by_name (bin, "create-answer", NULL, promise_new (self));
      break;
    case STEP_LOCAL:
      g_signal_emit_by_name (bin, "set-local-description", self->local, promise_new (self));
      g_clear_pointer (&self->local, gst_webrtc_session_description_free);
      break;
    case STEP_GATHER:
      wait_for_candidates (self);
      break;
    case STEP_DONE:
      complete (self);
      break;
    }
}

/* Those of clients that do not trickle. */
static void
take_offered_candidates (VgwNegotiation *self)
{
  g_autoptr (GPtrArray) offered = vgw_remote_candidate_list (self->setup.offer);

  for (guint i = 0; i < offered->len; i++)
    vgw_negotiation_add_remote_candidate (self, g_ptr_array_index (offered, i));
}

/* --- public --- */

gboolean
vgw_negotiation_start (VgwNegotiation *self, GError **error)
{
  GstSDPMessage *reduced;

  g_return_val_if_fail (VGW_IS_NEGOTIATION (self), FALSE);

  reduced = vgw_offer_reduce (self->setup.offer, self->setup.codec, error);
  if (reduced == NULL)
    return FALSE;
  self->remote = gst_webrtc_session_description_new (GST_WEBRTC_SDP_TYPE_OFFER, reduced); /* takes reduced */
  self->deadline = vgw_source_start_timer (PROMISES_TIMEOUT_MS, on_deadline, self);
  if (self->setup.ice == NULL)
    take_offered_candidates (self);
  enter (self, STEP_REMOTE);
  return TRUE;
}

void
vgw_negotiation_add_remote_candidate (VgwNegotiation *self, const char *candidate)
{
  g_return_if_fail (VGW_IS_NEGOTIATION (self));

  if (self->step > STEP_ENCODER)
    pass_candidate (self, candidate);
  else if (self->early_candidates->len < MAX_EARLY_CANDIDATES)
    g_ptr_array_add (self->early_candidates, g_strdup (candidate));
}

gboolean
vgw_negotiation_add_local_candidate (VgwNegotiation *self, const char *candidate)
{
  g_return_val_if_fail (VGW_IS_NEGOTIATION (self), FALSE);

  if (self->step == STEP_DONE)
    return FALSE;
  g_ptr_array_add (self->local_candidates, g_strdup (candidate));
  return TRUE;
}

void
vgw_negotiation_set_gathered (VgwNegotiation *self)
{
  g_return_if_fail (VGW_IS_NEGOTIATION (self));

  self->is_gathered = TRUE;
  if (self->step == STEP_GATHER && self->func != NULL)
    enter (self, STEP_DONE);
}

/* What the connection was agreed on with is still in @offer. */
static gboolean
check_agreement (VgwNegotiation *self, const VgwOffer *offer, GError **error)
{
  const char *own_setup = gst_sdp_media_get_attribute_val (gst_sdp_message_get_media (self->local_sdp, 0), "setup");

  if (g_strcmp0 (offer->setup, own_setup) == 0)
    g_set_error (error, VGW_ERROR, VGW_ERROR_BAD_MESSAGE, "the offer has a=setup:%s, which is the gateway's part",
                 own_setup);
  else if (!vgw_offer_has_codec (offer, self->setup.codec))
    g_set_error (error, VGW_ERROR, VGW_ERROR_BAD_MESSAGE, "the offer no longer has the call's codec, %s as %u",
                 self->setup.codec->rtpmap, self->setup.codec->payload_type);
  else
    return TRUE;
  return FALSE;
}

/* Or an error with @code. */
static gboolean
can_restart_ice (VgwNegotiation *self, VgwErrorCode code, GError **error)
{
  if (self->setup.ice != NULL)
    return TRUE;
  g_set_error (error, VGW_ERROR, code, "cannot restart ICE with ice.agent = nice");
  return FALSE;
}

/* Returns: (transfer full) ours */
static VgwIceParameters *
restart_ice (VgwNegotiation *self, const char *remote_ufrag, const char *remote_pwd)
{
  VgwIceParameters *own = vgw_ice_agent_restart (self->setup.ice, remote_ufrag, remote_pwd);

  set_transport (self->local_sdp, own->ufrag, own->pwd, NULL);
  g_ptr_array_unref (self->local_candidates);
  self->local_candidates = g_ptr_array_ref (own->candidates);
  vgw_info (self->setup.session_id, "ICE restarts");
  return own;
}

char *
vgw_negotiation_answer_again (VgwNegotiation *self, const VgwOffer *offer, const VgwOffer *previous, GError **error)
{
  g_return_val_if_fail (VGW_IS_NEGOTIATION (self), NULL);
  g_return_val_if_fail (self->step == STEP_DONE && self->local_sdp != NULL, NULL);

  if (!check_agreement (self, offer, error))
    return NULL;
  if (!vgw_offer_has_transport (offer, previous))
    {
      g_autoptr (VgwIceParameters) own = NULL;

      if (!can_restart_ice (self, VGW_ERROR_BAD_STATE, error))
        return NULL;
      own = restart_ice (self, offer->ice_ufrag, offer->ice_pwd);
    }
  return write_answer (self, offer, error);
}

VgwIceParameters *
vgw_negotiation_restart_ice (VgwNegotiation *self, VgwOffer *offer, const char *remote_ufrag, const char *remote_pwd,
                             GError **error)
{
  VgwIceParameters *own;

  g_return_val_if_fail (VGW_IS_NEGOTIATION (self), NULL);
  g_return_val_if_fail (self->step == STEP_DONE && self->local_sdp != NULL, NULL);

  if (!vgw_offer_check_credentials (remote_ufrag, remote_pwd, error)
      || !can_restart_ice (self, VGW_ERROR_UNSUPPORTED, error))
    return NULL;
  own = restart_ice (self, remote_ufrag, remote_pwd);
  vgw_offer_set_credentials (offer, remote_ufrag, remote_pwd);
  return own;
}

void
vgw_negotiation_stop (VgwNegotiation *self)
{
  g_return_if_fail (VGW_IS_NEGOTIATION (self));

  self->func = NULL;
  vgw_mailbox_close (self->mailbox);
  vgw_source_clear (&self->deadline);
  if (self->promise != NULL)
    gst_promise_interrupt (self->promise); /* webrtcbin drops what it has not answered, with a warning each */
  g_clear_pointer (&self->promise, gst_promise_unref);
}

VgwNegotiation *
vgw_negotiation_new (const VgwNegotiationSetup *setup, VgwNegotiationFunc func, gpointer user_data)
{
  VgwNegotiation *self = g_object_new (VGW_TYPE_NEGOTIATION, NULL);

  self->setup = *setup;
  self->func = func;
  self->user_data = user_data;
  return self;
}

static void
vgw_negotiation_dispose (GObject *object)
{
  vgw_negotiation_stop (VGW_NEGOTIATION (object));
  G_OBJECT_CLASS (vgw_negotiation_parent_class)->dispose (object);
}

static void
vgw_negotiation_finalize (GObject *object)
{
  VgwNegotiation *self = VGW_NEGOTIATION (object);

  g_clear_pointer (&self->mailbox, vgw_mailbox_unref);
  g_clear_pointer (&self->remote, gst_webrtc_session_description_free);
  g_clear_pointer (&self->local, gst_webrtc_session_description_free);
  g_clear_pointer (&self->local_sdp, gst_sdp_message_free);
  g_ptr_array_unref (self->local_candidates);
  g_ptr_array_unref (self->early_candidates);
  G_OBJECT_CLASS (vgw_negotiation_parent_class)->finalize (object);
}

static void
vgw_negotiation_class_init (VgwNegotiationClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = vgw_negotiation_dispose;
  G_OBJECT_CLASS (klass)->finalize = vgw_negotiation_finalize;
}

static void
vgw_negotiation_init (VgwNegotiation *self)
{
  self->mailbox = vgw_mailbox_new (G_OBJECT (self));
  self->local_candidates = g_ptr_array_new_with_free_func (g_free);
  self->answer_id = ((guint64) g_random_int () << 31) | g_random_int ();
  self->early_candidates = g_ptr_array_new_with_free_func (g_free);
}
