/* What webrtcbin says, on whatever thread it says it, brought to the main thread. */
#include "media/vgw-peer-private.h"

#include <gst/webrtc/webrtc.h>
#include <string.h>

#include "base/vgw-error.h"
#include "base/vgw-log.h"
#include "media/vgw-pipeline.h"
#include "media/vgw-sctp-streams.h"

/* pc.close () in a browser, or its tab: the client's hang-up. */
static void
handle_dtls_closed (gpointer object, gpointer payload)
{
  VgwPeer *self = object;
  vgw_info (self->session_id, "the client has closed DTLS");
  vgw_peer_emit_closed (self);
}

/* DTLS may be up at the client, and text on the way, before the certificate was looked at here: that waits, no more
 * than a little. */
static void
handle_event_text (gpointer object, gpointer payload)
{
  VgwPeer *self = object;
  gsize length = strlen (payload);
  if (self->state == PEER_CONNECTED)
    vgw_peer_emit_event (self, payload);
  else if (self->state == PEER_ANSWERED && self->n_early_text_bytes + length <= VGW_EVENT_MAX_BYTES)
    {
      self->n_early_text_bytes += length;
      g_ptr_array_add (self->early_texts, g_strdup (payload));
    }
}

static void
emit_early_texts (VgwPeer *self)
{
  while (self->early_texts->len > 0 && self->state == PEER_CONNECTED)
    {
      g_autofree char *text = g_ptr_array_steal_index (self->early_texts, 0);
      vgw_peer_emit_event (self, text);
    }
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
      vgw_peer_fail (self, g_steal_pointer (&error));
      return;
    }
  self->state = PEER_CONNECTED;
  vgw_webrtc_confirm_handshake (self->webrtc);
  if (!self->may_wait)
    vgw_webrtc_go_direct (self->webrtc);
  vgw_peer_emit_connected (self);
  if (self->has_voice && self->state == PEER_CONNECTED)
    vgw_peer_emit_voice (self, TRUE);
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
      vgw_peer_fail (self, g_error_new (VGW_ERROR, VGW_ERROR_TIMEOUT, "ICE or DTLS failed"));
      break;
    case GST_WEBRTC_PEER_CONNECTION_STATE_CLOSED:
      vgw_peer_emit_closed (self);
      break;
    case GST_WEBRTC_PEER_CONNECTION_STATE_NEW:
    case GST_WEBRTC_PEER_CONNECTION_STATE_CONNECTING:
    case GST_WEBRTC_PEER_CONNECTION_STATE_DISCONNECTED:
      break;
    }
}

static void
on_connection_state (GstElement *bin, GParamSpec *pspec, VgwMailbox *mailbox)
{
  GstWebRTCPeerConnectionState state;
  g_object_get (bin, "connection-state", &state, NULL);
  vgw_mailbox_post (mailbox, handle_connection_state, GINT_TO_POINTER (state), NULL);
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
  vgw_peer_emit_track (self, &track);
}

/* The caller went on with another SSRC. */
static void
handle_switch (gpointer object, gpointer payload)
{
  VgwPeer *self = object;
  guint32 ssrc = *(guint32 *) payload;
  VgwTrack track = { "audio", self->codec->name, (int) self->codec->clock_rate_hz, ssrc, self->audio_mid };
  vgw_info (self->session_id, "track: ssrc=%u from here on", ssrc);
  vgw_peer_emit_track (self, &track);
}

static void
handle_flood (gpointer object, gpointer payload)
{
  VgwPeer *self = object;
  vgw_peer_fail (self, g_error_new (VGW_ERROR, VGW_ERROR_FLOOD, "far more media came than a call may send"));
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
  VgwMailbox *mailbox;
  GstElement *rtp_in;
} TrackLink;

static void
track_link_free (gpointer data, GClosure *closure)
{
  TrackLink *link = data;
  vgw_mailbox_unref (link->mailbox);
  gst_object_unref (link->rtp_in);
  g_free (link);
}

/* More than the one stream that the intake shows; an unlinked pad would stop the whole jitter buffer. */
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
    vgw_mailbox_post (link->mailbox, handle_track, read_track_facts (pad), track_facts_free);
}

static void
handle_pipeline_error (gpointer object, gpointer payload)
{
  VgwPeer *self = object;
  vgw_peer_fail (self, g_error_new (VGW_ERROR, VGW_ERROR_INTERNAL, "the pipeline failed: %s", (char *) payload));
}

/* A client that aborts SCTP, or stops answering it, still talks. */
static void
handle_sctp_error (gpointer object, gpointer payload)
{
  VgwPeer *self = object;
  if (self->data_channels != NULL)
    vgw_data_channels_lose (self->data_channels, "the client has aborted SCTP, or does not answer");
}

/* Who hears the bus. What `vad` says can change every 10 ms of audio, and a caller can send much of that: one post
 * waits at a time, and finds what was said last. */
typedef struct
{
  gatomicrefcount ref_count;
  VgwMailbox *mailbox;
  gint has_voice, has_lost_sctp; /* atomic */
} BusEar;

static void
bus_ear_unref (gpointer data)
{
  BusEar *ear = data;
  if (!g_atomic_ref_count_dec (&ear->ref_count))
    return;
  vgw_mailbox_unref (ear->mailbox);
  g_free (ear);
}

static void
handle_voice (gpointer object, gpointer payload)
{
  VgwPeer *self = object;
  BusEar *ear = payload;
  gboolean has_voice = g_atomic_int_get (&ear->has_voice);
  if (has_voice == self->has_voice)
    return;
  self->has_voice = has_voice;
  if (self->state == PEER_CONNECTED)
    vgw_peer_emit_voice (self, has_voice);
}

/* Any thread. */
static void
hear_voice (BusEar *ear, GstMessage *message)
{
  const GstStructure *structure = gst_message_get_structure (message);
  gboolean has_voice;
  if (structure == NULL || !gst_structure_has_name (structure, VGW_PIPELINE_VOICE_MESSAGE)
      || !gst_structure_get_boolean (structure, VGW_PIPELINE_VOICE_FIELD, &has_voice)
      || g_strcmp0 (GST_MESSAGE_SRC_NAME (message), "vad") != 0)
    return;
  g_atomic_int_set (&ear->has_voice, has_voice);
  g_atomic_ref_count_inc (&ear->ref_count);
  vgw_mailbox_post_bounded (ear->mailbox, 1, handle_voice, ear, bus_ear_unref);
}

/* Any thread. A client can cause errors of SCTP as often as it likes: one is enough. */
static void
post_error (BusEar *ear, GstMessage *message)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *debug = NULL;
  if (vgw_sctp_streams_is_source (GST_MESSAGE_SRC (message)))
    {
      if (g_atomic_int_compare_and_exchange (&ear->has_lost_sctp, FALSE, TRUE))
        vgw_mailbox_post (ear->mailbox, handle_sctp_error, NULL, NULL);
      return;
    }
  gst_message_parse_error (message, &error, &debug);
  vgw_mailbox_post (ear->mailbox, handle_pipeline_error,
                    g_strdup_printf ("%s: %s (%s)", GST_MESSAGE_SRC_NAME (message), error->message, debug ? debug : ""),
                    g_free);
}

/* Any thread. Nothing may stay on the bus: a bus that nobody reads grows for ever. */
static GstBusSyncReply
on_bus_message (GstBus *bus, GstMessage *message, gpointer user_data)
{
  BusEar *ear = user_data;
  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ELEMENT)
    hear_voice (ear, message);
  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR)
    post_error (ear, message);
  gst_message_unref (message);
  return GST_BUS_DROP;
}

static void
handle_key (gpointer object, gpointer payload)
{
  VgwPeer *self = object;
  if (self->state == PEER_CONNECTED)
    vgw_peer_emit_dtmf (self, payload);
}

void
vgw_peer_connect_bin (VgwPeer *self)
{
  GstElement *bin = vgw_webrtc_get_bin (self->webrtc);
  const VgwOfferCodec *dtmf = vgw_offer_find_dtmf (self->offer, self->codec);
  guint own_ssrc;
  g_object_get (self->rtp_out, "ssrc", &own_ssrc, NULL);
  vgw_rtp_intake_set_stream (vgw_webrtc_get_intake (self->webrtc), self->codec, dtmf, own_ssrc);
  vgw_rtp_intake_set_funcs (vgw_webrtc_get_intake (self->webrtc), self->mailbox, handle_switch, handle_flood);
  vgw_webrtc_set_audio (self->webrtc, self->codec);
  if (dtmf != NULL)
    vgw_webrtc_set_dtmf (self->webrtc, dtmf, self->mailbox, handle_key);
  vgw_webrtc_set_closed (self->webrtc, self->mailbox, handle_dtls_closed);
  g_signal_connect_data (bin, "on-ice-candidate", G_CALLBACK (vgw_peer_on_ice_candidate),
                         vgw_mailbox_ref (self->mailbox), vgw_mailbox_unref_closure, 0);
  g_signal_connect_data (bin, "notify::ice-gathering-state", G_CALLBACK (vgw_peer_on_gathering_state),
                         vgw_mailbox_ref (self->mailbox), vgw_mailbox_unref_closure, 0);
  g_signal_connect_data (bin, "notify::connection-state", G_CALLBACK (on_connection_state),
                         vgw_mailbox_ref (self->mailbox), vgw_mailbox_unref_closure, 0);

  TrackLink *link = g_new0 (TrackLink, 1);
  link->mailbox = vgw_mailbox_ref (self->mailbox);
  link->rtp_in = gst_object_ref (self->rtp_in);
  g_signal_connect_data (bin, "pad-added", G_CALLBACK (on_pad_added), link, track_link_free, 0);

  g_autoptr (GstBus) bus = gst_pipeline_get_bus (GST_PIPELINE (vgw_webrtc_get_pipeline (self->webrtc)));
  BusEar *ear = g_new0 (BusEar, 1);
  g_atomic_ref_count_init (&ear->ref_count);
  ear->mailbox = vgw_mailbox_ref (self->mailbox);
  gst_bus_set_sync_handler (bus, on_bus_message, ear, bus_ear_unref);

  if (self->offer->data_index >= 0)
    self->data_channels = vgw_data_channels_new (bin, vgw_media_get_settings (self->media)->max_data_channels,
                                                 self->session_id, self->mailbox, handle_event_text);
}
