#include "offerer.h"

#include <gst/sdp/sdp.h>
#include <gst/webrtc/webrtc.h>
#include <stdlib.h>

#include "elements/vgw-teardown.h"
#include "media/vgw-sctp-streams.h"

#define PIPELINE                                                                                                       \
  "audiotestsrc is-live=true wave=sine freq=440 ! audio/x-raw,rate=48000,channels=1 ! opusenc ! rtpopuspay pt=96 "     \
  "! application/x-rtp,media=audio,encoding-name=OPUS,payload=96 ! webrtcbin name=peer bundle-policy=max-bundle "      \
  "latency=40"
#define SINK                                                                                                           \
  "rtpopusdepay ! opusdec ! audio/x-raw,rate=16000,channels=1,format=S16LE ! fakesink name=sink sync=false "           \
  "signal-handoffs=true async=false"

struct _Offerer
{
  GstElement *pipeline, *peer;
  GstElement *sink; /* (nullable) guarded by lock; a reference */
  GstWebRTCDataChannel *channel;
  char *offer;
  gint n_samples, peak; /* atomic */
  GMutex lock;
  char *text; /* guarded by lock */
};

static gboolean
tick (gpointer user_data)
{
  return G_SOURCE_CONTINUE;
}

gboolean
wait_until (Condition condition, gpointer user_data, guint timeout_ms)
{
  gint64 deadline_us = g_get_monotonic_time () + timeout_ms * G_TIME_SPAN_MILLISECOND;
  /* A tick, so that a condition which another thread makes true is looked at. */
  guint tick_id = g_timeout_add (5, tick, NULL);
  gboolean is_true = condition (user_data);
  while (!is_true && g_get_monotonic_time () < deadline_us)
    {
      g_main_context_iteration (NULL, TRUE);
      is_true = condition (user_data);
    }
  g_source_remove (tick_id);
  return is_true;
}

static void
on_handoff (GstElement *sink, GstBuffer *buffer, GstPad *pad, Offerer *self)
{
  GstMapInfo map;
  if (!gst_buffer_map (buffer, &map, GST_MAP_READ))
    return;
  const gint16 *samples = (const gint16 *) map.data;
  gint peak = g_atomic_int_get (&self->peak);
  for (gsize i = 0; i < map.size / sizeof *samples; i++)
    peak = MAX (peak, abs (samples[i]));
  g_atomic_int_set (&self->peak, peak);
  g_atomic_int_add (&self->n_samples, map.size / sizeof *samples);
  gst_buffer_unmap (buffer, &map);
}

static void
on_pad_added (GstElement *peer, GstPad *pad, Offerer *self)
{
  if (GST_PAD_DIRECTION (pad) != GST_PAD_SRC)
    return;
  GstElement *bin = gst_parse_bin_from_description (SINK, TRUE, NULL);
  g_autoptr (GstElement) sink = gst_bin_get_by_name (GST_BIN (bin), "sink");
  g_signal_connect (sink, "handoff", G_CALLBACK (on_handoff), self);
  gst_bin_add (GST_BIN (self->pipeline), bin);
  gst_element_sync_state_with_parent (bin);
  g_mutex_lock (&self->lock);
  if (self->sink == NULL)
    self->sink = gst_object_ref (sink);
  g_mutex_unlock (&self->lock);
  g_autoptr (GstPad) sink_pad = gst_element_get_static_pad (bin, "sink");
  gst_pad_link (pad, sink_pad);
}

static void
on_message (GstWebRTCDataChannel *channel, const char *text, Offerer *self)
{
  g_mutex_lock (&self->lock);
  g_free (self->text);
  self->text = g_strdup (text);
  g_mutex_unlock (&self->lock);
}

static gboolean
take_offer (gpointer user_data)
{
  Offerer *self = user_data;
  GstWebRTCICEGatheringState state;
  g_autoptr (GstWebRTCSessionDescription) description = NULL;
  g_object_get (self->peer, "ice-gathering-state", &state, "local-description", &description, NULL);
  if (self->offer == NULL && state == GST_WEBRTC_ICE_GATHERING_STATE_COMPLETE && description != NULL)
    self->offer = gst_sdp_message_as_text (description->sdp);
  return self->offer != NULL;
}

const char *
offerer_get_offer (Offerer *self)
{
  take_offer (self);
  return self->offer;
}

static void
on_offer_created (GstPromise *promise, gpointer user_data)
{
  Offerer *self = user_data;
  g_autoptr (GstWebRTCSessionDescription) offer = NULL;
  if (gst_promise_wait (promise) != GST_PROMISE_RESULT_REPLIED)
    return;
  gst_structure_get (gst_promise_get_reply (promise), "offer", GST_TYPE_WEBRTC_SESSION_DESCRIPTION, &offer, NULL);
  g_signal_emit_by_name (self->peer, "set-local-description", offer, NULL);
}

static void
on_element_added (GstBin *bin, GstElement *element, gpointer user_data)
{
  vgw_sctp_streams_silence (element);
}

Offerer *
offerer_new (void)
{
  Offerer *self = g_new0 (Offerer, 1);
  g_autoptr (GObject) ice = NULL, agent = NULL;
  g_mutex_init (&self->lock);
  self->pipeline = gst_parse_launch (PIPELINE, NULL);
  self->peer = gst_bin_get_by_name (GST_BIN (self->pipeline), "peer");
  g_object_get (self->peer, "ice-agent", &ice, NULL);
  g_object_get (ice, "agent", &agent, NULL);
  g_object_set (agent, "upnp", FALSE, "ice-tcp", FALSE, NULL);
  g_signal_connect (self->peer, "element-added", G_CALLBACK (on_element_added), NULL);
  g_signal_connect (self->peer, "pad-added", G_CALLBACK (on_pad_added), self);
  gst_element_set_state (self->pipeline, GST_STATE_READY);
  g_signal_emit_by_name (self->peer, "create-data-channel", "events", NULL, &self->channel);
  g_signal_connect (self->channel, "on-message-string", G_CALLBACK (on_message), self);
  gst_element_set_state (self->pipeline, GST_STATE_PLAYING);
  GstPromise *promise = gst_promise_new_with_change_func (on_offer_created, self, NULL);
  g_signal_emit_by_name (self->peer, "create-offer", NULL, promise);
  gst_promise_unref (promise);
  return self;
}

void
offerer_set_answer (Offerer *self, const char *sdp)
{
  GstSDPMessage *message = NULL;
  gst_sdp_message_new_from_text (sdp, &message);
  GstWebRTCSessionDescription *answer = gst_webrtc_session_description_new (GST_WEBRTC_SDP_TYPE_ANSWER, message);
  g_signal_emit_by_name (self->peer, "set-remote-description", answer, NULL);
  gst_webrtc_session_description_free (answer);
}

guint
offerer_get_n_samples (Offerer *self)
{
  return g_atomic_int_get (&self->n_samples);
}

guint
offerer_get_peak (Offerer *self)
{
  return g_atomic_int_get (&self->peak);
}

char *
offerer_take_text (Offerer *self)
{
  g_mutex_lock (&self->lock);
  char *text = g_steal_pointer (&self->text);
  g_mutex_unlock (&self->lock);
  return text;
}

gboolean
offerer_send_text (Offerer *self, const char *text)
{
  GstWebRTCDataChannelState state;
  g_object_get (self->channel, "ready-state", &state, NULL);
  return state == GST_WEBRTC_DATA_CHANNEL_STATE_OPEN
         && gst_webrtc_data_channel_send_string_full (self->channel, text, NULL);
}

void
offerer_close_channel (Offerer *self)
{
  gst_webrtc_data_channel_close (self->channel);
}

/* The first element of the factory in the peer. (transfer full) */
static GstElement *
find_element (Offerer *self, const char *factory)
{
  g_autoptr (GstIterator) iterator = gst_bin_iterate_all_by_element_factory_name (GST_BIN (self->peer), factory);
  g_auto (GValue) item = G_VALUE_INIT;
  g_assert (gst_iterator_next (iterator, &item) == GST_ITERATOR_OK);
  return g_value_dup_object (&item);
}

static GstPadProbeReturn
drop (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  return GST_PAD_PROBE_DROP;
}

void
offerer_go_deaf (Offerer *self)
{
  g_autoptr (GstElement) dtls_dec = find_element (self, "dtlsdec");
  g_autoptr (GstPad) pad = gst_element_get_static_pad (dtls_dec, "sink");
  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST, drop, NULL, NULL);
}

char *
offerer_get_gateway_certificate (Offerer *self)
{
  g_autoptr (GstElement) dtls_dec = find_element (self, "dtlsdec");
  char *pem;
  g_object_get (dtls_dec, "peer-pem", &pem, NULL);
  return pem;
}

void
offerer_close_dtls (Offerer *self)
{
  g_autoptr (GstElement) dtls_enc = find_element (self, "dtlsenc");
  g_autoptr (GstIterator) pads = gst_element_iterate_sink_pads (dtls_enc);
  g_auto (GValue) pad = G_VALUE_INIT;
  g_assert (gst_iterator_next (pads, &pad) == GST_ITERATOR_OK);
  gst_pad_send_event (g_value_get_object (&pad), gst_event_new_eos ());
}

void
offerer_free (Offerer *self)
{
  g_signal_handlers_disconnect_by_data (self->channel, self);

  g_clear_object (&self->channel);
  g_clear_object (&self->peer);
  if (self->sink != NULL) /* first, or a buffer that waits in it can hold webrtcbin: vgw-teardown.h */
    {
      gst_element_set_locked_state (self->sink, TRUE);
      gst_element_set_state (self->sink, GST_STATE_NULL);
    }
  vgw_teardown_pipeline (self->pipeline);
  gst_clear_object (&self->sink);
  gst_object_unref (self->pipeline);
  g_mutex_clear (&self->lock);
  g_free (self->text);
  g_free (self->offer);
  g_free (self);
}
