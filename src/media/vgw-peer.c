/* The airlock of one peer connection. The order of an answer, each step a message that comes back to the main thread:
 *   set-remote-description → link the encoder → create-answer → set-local-description → candidates → answer
 * One deadline stands over all of it, because webrtcbin may drop a promise unanswered. */

#include "media/vgw-peer.h"

#include <gst/sdp/sdp.h>
#include <gst/webrtc/webrtc.h>
#include <string.h>

#include "base/vgw-error.h"
#include "base/vgw-log.h"
#include "media/vgw-airlock.h"
#include "media/vgw-bridge-private.h"
#include "media/vgw-data-channels.h"
#include "media/vgw-offer.h"
#include "media/vgw-webrtc.h"

/* On top of the bound for gathering: what the promises may take. Measured: some 10 ms, 0.5 s in a burst of 60. */
#define ANSWER_DEADLINE_MS 5000
#define MAX_EARLY_CANDIDATES 64

/* The m-line of the reduced offer that has the bundle's transport. webrtcbin 1.22 keeps candidates for any other in an
 * array that only grows. */
#define BUNDLE_MLINE 0

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
  VgwBridge *bridge;
  VgwAirlock *airlock;
  PeerState state;

  VgwOffer *offer;
  const VgwOfferCodec *codec; /* of offer; the one agreed on */
  const char *audio_mid;      /* of offer */
  VgwWebrtc *webrtc;
  VgwDataChannels *data_channels; /* (nullable) where the offer has none */
  GstElement *rtp_in, *rtp_out;   /* of the description, borrowed from webrtc's pipeline */
  GstPromise *promise;            /* (nullable) the one that webrtcbin has not answered */

  GTask *answer_task;
  GSource *answer_deadline;
  GSource *gather_deadline;
  GstSDPMessage *local_sdp;      /* webrtcbin's answer, once it has been set */
  GPtrArray *local_candidates;   /* char*, until the answer is out */
  GPtrArray *early_candidates;   /* char*, the client's, until the remote description is set */
  gboolean is_gathered;
  gboolean has_remote_description;
};

G_DEFINE_TYPE (VgwPeer, vgw_peer, G_TYPE_OBJECT)

enum
{
  SIGNAL_CANDIDATE,
  SIGNAL_TRACK,
  SIGNAL_CONNECTED,
  SIGNAL_EVENT,
  SIGNAL_FAILED,
  SIGNAL_CLOSED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

static void
clear_source (GSource **source)
{
  if (*source != NULL)
    g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

static GSource *
start_timer (VgwPeer *self, guint timeout_ms, GSourceFunc func)
{
  GSource *source = g_timeout_source_new (timeout_ms);
  g_source_set_callback (source, func, self, NULL);
  g_source_attach (source, NULL);
  return source;
}

/* -- the end ------------------------------------------------------------------------------------------------------ */

static void
fail_answer (VgwPeer *self, GError *error)
{
  g_autoptr (GTask) task = g_steal_pointer (&self->answer_task);
  clear_source (&self->answer_deadline);
  clear_source (&self->gather_deadline);
  if (task != NULL)
    g_task_return_error (task, error);
  else
    g_error_free (error);
}

void
vgw_peer_stop (VgwPeer *self)
{
  g_return_if_fail (VGW_IS_PEER (self));
  if (self->state == PEER_STOPPED)
    return;
  self->state = PEER_STOPPED;
  vgw_airlock_close (self->airlock);
  fail_answer (self, g_error_new (G_IO_ERROR, G_IO_ERROR_CANCELLED, "the peer was stopped"));
  if (self->promise != NULL)
    gst_promise_interrupt (self->promise); /* webrtcbin drops what it has not answered, with a warning each */
  g_clear_pointer (&self->promise, gst_promise_unref);
  if (self->webrtc != NULL)
    {
      vgw_bridge_detach (self->bridge);
      if (self->data_channels != NULL)
        vgw_data_channels_close (self->data_channels);
      vgw_webrtc_release (self->webrtc);
    }
}

/* Reports @error to whoever waits: the answer's caller, or the signal. Takes @error. */
static void
fail (VgwPeer *self, GError *error)
{
  if (self->answer_task != NULL)
    {
      fail_answer (self, error);
      return;
    }
  g_signal_emit (self, signals[SIGNAL_FAILED], 0, error);
  g_error_free (error);
}

static void
vgw_peer_dispose (GObject *object)
{
  VgwPeer *self = VGW_PEER (object);
  vgw_peer_stop (self);
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
  g_clear_pointer (&self->airlock, vgw_airlock_unref);
  g_clear_pointer (&self->offer, vgw_offer_free);
  g_clear_pointer (&self->local_sdp, gst_sdp_message_free);
  g_clear_pointer (&self->local_candidates, g_ptr_array_unref);
  g_clear_pointer (&self->early_candidates, g_ptr_array_unref);
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
  signals[SIGNAL_TRACK]
      = g_signal_new ("track", VGW_TYPE_PEER, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_POINTER);
  signals[SIGNAL_CONNECTED]
      = g_signal_new ("connected", VGW_TYPE_PEER, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[SIGNAL_EVENT]
      = g_signal_new ("event", VGW_TYPE_PEER, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_STRING);
  signals[SIGNAL_FAILED]
      = g_signal_new ("failed", VGW_TYPE_PEER, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_ERROR);
  signals[SIGNAL_CLOSED]
      = g_signal_new ("closed", VGW_TYPE_PEER, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
vgw_peer_init (VgwPeer *self)
{
  self->airlock = vgw_airlock_new (G_OBJECT (self));
  self->local_candidates = g_ptr_array_new_with_free_func (g_free);
  self->early_candidates = g_ptr_array_new_with_free_func (g_free);
}

/* -- promises ------------------------------------------------------------------------------------------------------ */

typedef struct
{
  VgwAirlock *airlock;
  VgwAirlockFunc next;
} PromiseStep;

static void
promise_step_free (gpointer data)
{
  PromiseStep *step = data;
  vgw_airlock_unref (step->airlock);
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
  vgw_airlock_post (step->airlock, step->next, copy, (GDestroyNotify) gst_structure_free);
}

/* The next step's promise; the peer keeps it until the one after. (transfer none) */
static GstPromise *
promise_new (VgwPeer *self, VgwAirlockFunc next)
{
  PromiseStep *step = g_new0 (PromiseStep, 1);
  step->airlock = vgw_airlock_ref (self->airlock);
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
  fail (self, g_error_new (VGW_ERROR, VGW_ERROR_BAD_MESSAGE, "the offer could not be used (%s: %s)", step,
                           error ? error->message : "no reason given"));
  return FALSE;
}

/* -- the answer, last step first ----------------------------------------------------------------------------------- */

static void
complete_answer (VgwPeer *self)
{
  g_autoptr (GError) error = NULL;
  gboolean is_lite = vgw_media_get_ice_mux (self->media) != NULL;
  g_autofree char *answer = vgw_offer_expand_answer (self->offer, self->local_sdp, self->local_candidates,
                                                     self->is_gathered, is_lite, &error);
  if (answer == NULL)
    {
      fail (self, g_steal_pointer (&error));
      return;
    }
  g_autoptr (GTask) task = g_steal_pointer (&self->answer_task);
  clear_source (&self->answer_deadline);
  clear_source (&self->gather_deadline);
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
  self->gather_deadline = start_timer (self, timeout_ms, on_gather_deadline);
  complete_when_gathered (self);
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
      fail (self, g_error_new (VGW_ERROR, VGW_ERROR_INTERNAL, "webrtcbin made no answer"));
      return;
    }
  gst_sdp_message_copy (answer->sdp, &self->local_sdp);
  GstPromise *promise = promise_new (self, on_local_set);
  g_signal_emit_by_name (vgw_webrtc_get_bin (self->webrtc), "set-local-description", answer, promise);
  gst_webrtc_session_description_free (answer);
}

/* The encoder's pad is linked after the remote description, by the name of the m-line, and with the payload type of
 * the offer: everything else makes the answer recvonly (webrtcbin 1.22). */
static gboolean
link_encoder (VgwPeer *self)
{
  const VgwOfferCodec *codec = self->codec;
  GstElement *bin = vgw_webrtc_get_bin (self->webrtc);
  g_autoptr (GstPad) sink = gst_element_request_pad_simple (bin, "sink_0");
  g_autoptr (GstPad) src = gst_element_get_static_pad (self->rtp_out, "src");
  g_autoptr (GstWebRTCRTPTransceiver) transceiver = NULL;
  if (sink == NULL || src == NULL)
    return FALSE;

  g_autoptr (GstCaps) caps
      = gst_caps_new_simple ("application/x-rtp", "media", G_TYPE_STRING, "audio", "encoding-name", G_TYPE_STRING,
                             codec->name, "clock-rate", G_TYPE_INT, (int) codec->clock_rate_hz, "payload", G_TYPE_INT,
                             (int) codec->payload_type, NULL);
  g_object_get (sink, "transceiver", &transceiver, NULL);
  g_object_set (transceiver, "codec-preferences", caps, NULL);
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

static void
add_candidate (VgwPeer *self, const char *candidate)
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
    add_candidate (self, g_ptr_array_index (self->early_candidates, i));
  g_ptr_array_set_size (self->early_candidates, 0);

  gboolean is_deaf = g_str_equal (self->offer->direction, "sendonly");
  if (!(is_deaf ? link_encoder_to_nothing (self) : link_encoder (self)))
    {
      fail (self, g_error_new (VGW_ERROR, VGW_ERROR_INTERNAL, "the encoder could not be linked to webrtcbin"));
      return;
    }
  GstPromise *promise = promise_new (self, on_answer_created);
  g_signal_emit_by_name (vgw_webrtc_get_bin (self->webrtc), "create-answer", NULL, promise);
}

/* -- what webrtcbin tells us ---------------------------------------------------------------------------------------- */

static void
handle_local_candidate (gpointer object, gpointer payload)
{
  VgwPeer *self = object;
  if (self->state == PEER_IDLE || self->state == PEER_ANSWERING)
    g_ptr_array_add (self->local_candidates, g_strdup (payload));
  else
    g_signal_emit (self, signals[SIGNAL_CANDIDATE], 0, payload, self->audio_mid, self->offer->audio_index);
}

static void
on_ice_candidate (GstElement *bin, guint mline_index, const char *candidate, VgwAirlock *airlock)
{
  vgw_airlock_post (airlock, handle_local_candidate, g_strdup (candidate), g_free);
}

static void
handle_gathered (gpointer object, gpointer payload)
{
  VgwPeer *self = object;
  self->is_gathered = TRUE;
  complete_when_gathered (self);
}

static void
on_gathering_state (GstElement *bin, GParamSpec *pspec, VgwAirlock *airlock)
{
  GstWebRTCICEGatheringState state;
  g_object_get (bin, "ice-gathering-state", &state, NULL);
  if (state == GST_WEBRTC_ICE_GATHERING_STATE_COMPLETE)
    vgw_airlock_post (airlock, handle_gathered, NULL, NULL);
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
  vgw_bridge_set_open (self->bridge, TRUE);
  g_signal_emit (self, signals[SIGNAL_CONNECTED], 0);
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
on_connection_state (GstElement *bin, GParamSpec *pspec, VgwAirlock *airlock)
{
  GstWebRTCPeerConnectionState state;
  g_object_get (bin, "connection-state", &state, NULL);
  vgw_airlock_post (airlock, handle_connection_state, GINT_TO_POINTER (state), NULL);
}

static void
handle_event_text (gpointer object, gpointer payload)
{
  VgwPeer *self = object;
  if (self->state == PEER_CONNECTED)
    g_signal_emit (self, signals[SIGNAL_EVENT], 0, payload);
}

static void
handle_channel_overflow (gpointer object, gpointer payload)
{
  VgwPeer *self = object;
  fail (self, g_error_new (VGW_ERROR, VGW_ERROR_TOO_LARGE, "more than %u data channels",
                           vgw_media_get_settings (self->media)->max_data_channels));
}

typedef struct
{
  char *codec;
  int clock_rate_hz;
  guint ssrc;
} TrackFacts;

static void
track_facts_free (gpointer data)
{
  TrackFacts *facts = data;
  g_free (facts->codec);
  g_free (facts);
}

static void
handle_track (gpointer object, gpointer payload)
{
  VgwPeer *self = object;
  TrackFacts *facts = payload;
  VgwTrack track = { "audio", facts->codec, facts->clock_rate_hz, facts->ssrc, self->audio_mid };
  vgw_info (self->session_id, "track: kind=audio codec=%s clock-rate=%d ssrc=%u mid=%s", facts->codec,
            facts->clock_rate_hz, facts->ssrc, self->audio_mid);
  g_signal_emit (self, signals[SIGNAL_TRACK], 0, &track);
}

static TrackFacts *
read_track_facts (GstPad *pad)
{
  TrackFacts *facts = g_new0 (TrackFacts, 1);
  g_autoptr (GstCaps) caps = gst_pad_get_current_caps (pad);
  const GstStructure *structure = caps && gst_caps_get_size (caps) > 0 ? gst_caps_get_structure (caps, 0) : NULL;
  if (structure != NULL)
    {
      gst_structure_get (structure, "clock-rate", G_TYPE_INT, &facts->clock_rate_hz, NULL);
      gst_structure_get (structure, "ssrc", G_TYPE_UINT, &facts->ssrc, NULL);
      facts->codec = g_strdup (gst_structure_get_string (structure, "encoding-name"));
    }
  return facts;
}

/* What pad_added needs on its streaming thread, without touching the peer. */
typedef struct
{
  VgwAirlock *airlock;
  GstElement *rtp_in;
} TrackLink;

static void
track_link_free (gpointer data, GClosure *closure)
{
  TrackLink *link = data;
  vgw_airlock_unref (link->airlock);
  gst_object_unref (link->rtp_in);
  g_free (link);
}

/* A second stream of a client that changed its SSRC, or more: an unlinked pad would stop the whole jitter buffer. */
static void
link_to_nothing (GstPad *pad, GstElement *pipeline)
{
  GstElement *fakesink = gst_element_factory_make ("fakesink", NULL);
  g_object_set (fakesink, "async", FALSE, "sync", FALSE, NULL);
  gst_bin_add (GST_BIN (pipeline), fakesink);
  gst_element_sync_state_with_parent (fakesink);
  g_autoptr (GstPad) sink = gst_element_get_static_pad (fakesink, "sink");
  gst_pad_link (pad, sink);
}

/* OnTrack. Streaming thread: the pad must be linked before this returns, or its first packets are lost. */
static void
on_pad_added (GstElement *bin, GstPad *pad, TrackLink *link)
{
  if (GST_PAD_DIRECTION (pad) != GST_PAD_SRC)
    return;
  g_autoptr (GstPad) sink = gst_element_get_static_pad (link->rtp_in, "sink");
  g_autoptr (GstObject) pipeline = gst_object_get_parent (GST_OBJECT (bin));
  if (pipeline == NULL)
    return;
  if (sink == NULL || gst_pad_is_linked (sink) || gst_pad_link (pad, sink) != GST_PAD_LINK_OK)
    link_to_nothing (pad, GST_ELEMENT (pipeline));
  else
    vgw_airlock_post (link->airlock, handle_track, read_track_facts (pad), track_facts_free);
}

static void
handle_pipeline_error (gpointer object, gpointer payload)
{
  VgwPeer *self = object;
  fail (self, g_error_new (VGW_ERROR, VGW_ERROR_INTERNAL, "the pipeline failed: %s", (char *) payload));
}

/* Any thread. Nothing may stay on the bus: a bus that nobody reads grows for ever. */
static GstBusSyncReply
on_bus_message (GstBus *bus, GstMessage *message, gpointer user_data)
{
  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *debug = NULL;
      gst_message_parse_error (message, &error, &debug);
      vgw_airlock_post (user_data, handle_pipeline_error,
                        g_strdup_printf ("%s: %s (%s)", GST_MESSAGE_SRC_NAME (message), error->message,
                                         debug ? debug : ""),
                        g_free);
    }
  gst_message_unref (message);
  return GST_BUS_DROP;
}

/* -- building -------------------------------------------------------------------------------------------------------- */

static void
connect_bin (VgwPeer *self)
{
  GstElement *bin = vgw_webrtc_get_bin (self->webrtc);
  g_signal_connect_data (bin, "on-ice-candidate", G_CALLBACK (on_ice_candidate), vgw_airlock_ref (self->airlock),
                         vgw_airlock_unref_closure, 0);
  g_signal_connect_data (bin, "notify::ice-gathering-state", G_CALLBACK (on_gathering_state),
                         vgw_airlock_ref (self->airlock), vgw_airlock_unref_closure, 0);
  g_signal_connect_data (bin, "notify::connection-state", G_CALLBACK (on_connection_state),
                         vgw_airlock_ref (self->airlock), vgw_airlock_unref_closure, 0);

  TrackLink *link = g_new0 (TrackLink, 1);
  link->airlock = vgw_airlock_ref (self->airlock);
  link->rtp_in = gst_object_ref (self->rtp_in);
  g_signal_connect_data (bin, "pad-added", G_CALLBACK (on_pad_added), link, track_link_free, 0);

  g_autoptr (GstBus) bus = gst_pipeline_get_bus (GST_PIPELINE (vgw_webrtc_get_pipeline (self->webrtc)));
  gst_bus_set_sync_handler (bus, on_bus_message, vgw_airlock_ref (self->airlock),
                            (GDestroyNotify) vgw_airlock_unref);

  if (self->offer->data_index >= 0)
    self->data_channels = vgw_data_channels_new (bin, vgw_media_get_settings (self->media)->max_data_channels,
                                                 self->session_id, self->airlock, handle_event_text,
                                                 handle_channel_overflow);
}

static gboolean
build (VgwPeer *self, VgwPipeline *pipeline, const VgwOfferCodec *codec, GError **error)
{
  VgwPipelineInstance instance;
  if (!vgw_pipeline_instantiate (pipeline, codec->payload_type, &instance, error))
    return FALSE;
  self->webrtc = vgw_webrtc_new (self->media, instance.pipeline, error);
  if (self->webrtc == NULL)
    return FALSE;
  self->rtp_in = instance.rtp_in;
  self->rtp_out = instance.rtp_out;
  vgw_bridge_attach (self->bridge, GST_APP_SINK (instance.pcm_out), GST_APP_SRC (instance.pcm_in));
  connect_bin (self);
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
start (VgwPeer *self, const char *offer_text, GError **error)
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
  GstWebRTCSessionDescription *description
      = gst_webrtc_session_description_new (GST_WEBRTC_SDP_TYPE_OFFER, reduced); /* takes reduced */
  gboolean is_built = build (self, pipeline, codec, error);
  if (is_built)
    {
      GstPromise *promise = promise_new (self, on_remote_set);
      g_signal_emit_by_name (vgw_webrtc_get_bin (self->webrtc), "set-remote-description", description, promise);
    }
  gst_webrtc_session_description_free (description);
  return is_built;
}

/* -- public -------------------------------------------------------------------------------------------------------- */

VgwPeer *
vgw_peer_new (VgwMedia *media, const char *session_id, VgwBridge *bridge)
{
  VgwPeer *self = g_object_new (VGW_TYPE_PEER, NULL);
  self->media = g_object_ref (media);
  self->session_id = g_strdup (session_id);
  self->bridge = g_object_ref (bridge);
  return self;
}

static gboolean
on_answer_deadline (gpointer user_data)
{
  VgwPeer *self = user_data;
  fail (self, g_error_new (VGW_ERROR, VGW_ERROR_TIMEOUT, "no answer could be made in %d ms", ANSWER_DEADLINE_MS));
  return G_SOURCE_REMOVE;
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
  guint deadline_ms = ANSWER_DEADLINE_MS + vgw_media_get_settings (self->media)->gather_timeout_ms;
  self->answer_deadline = start_timer (self, deadline_ms, on_answer_deadline);
  if (!start (self, offer, &error))
    fail (self, error);
}

char *
vgw_peer_answer_finish (VgwPeer *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}

gboolean
vgw_peer_add_candidate (VgwPeer *self, const char *candidate, const char *mid, int mline_index, GError **error)
{
  g_return_val_if_fail (VGW_IS_PEER (self), FALSE);
  if (self->offer != NULL && !vgw_offer_has_mline (self->offer, mid, mline_index))
    {
      g_set_error (error, VGW_ERROR, VGW_ERROR_BAD_MESSAGE, "the candidate is for an m-line that the offer lacks");
      return FALSE;
    }
  if (*candidate == '\0')
    return TRUE; /* an empty candidate ends gathering; it is not an error (JSEP 4.1.20) */
  if (!g_str_has_prefix (candidate, "candidate:"))
    {
      g_set_error (error, VGW_ERROR, VGW_ERROR_BAD_MESSAGE, "the candidate does not begin with \"candidate:\"");
      return FALSE;
    }
  /* mDNS names: the peer-reflexive candidate does the same, and 1.22's lookup leaks and uses freed memory. A lite agent
   * needs no remote candidates at all. */
  if (strstr (candidate, ".local") != NULL || vgw_media_get_ice_mux (self->media) != NULL)
    return TRUE;
  if (self->webrtc == NULL || !self->has_remote_description)
    {
      if (self->early_candidates->len < MAX_EARLY_CANDIDATES)
        g_ptr_array_add (self->early_candidates, g_strdup (candidate));
    }
  else if (self->state != PEER_STOPPED)
    add_candidate (self, candidate);
  return TRUE;
}

gboolean
vgw_peer_send_event (VgwPeer *self, const char *text)
{
  g_return_val_if_fail (VGW_IS_PEER (self), FALSE);
  return self->state == PEER_CONNECTED && self->data_channels != NULL
         && vgw_data_channels_send (self->data_channels, text);
}

const char *
vgw_peer_get_codec (VgwPeer *self)
{
  g_return_val_if_fail (VGW_IS_PEER (self), NULL);
  return self->codec ? self->codec->name : NULL;
}

gint64
vgw_peer_get_last_activity_us (VgwPeer *self)
{
  g_return_val_if_fail (VGW_IS_PEER (self), 0);
  return self->webrtc ? vgw_webrtc_get_last_activity_us (self->webrtc) : 0;
}
