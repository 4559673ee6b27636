#include "media/vgw-webrtc-watch.h"

#include <gst/webrtc/webrtc.h>

#include "media/vgw-pad-shortcut.h"
#include "media/vgw-pipeline-vad.h"
#include "media/vgw-sctp-streams.h"

#define MAX_VOICE_AGE_US G_USEC_PER_SEC /* a longer one is a stream whose timestamps are wrong */

typedef struct
{
  gatomicrefcount ref_count;
  VgwMailbox *mailbox;
  GstElement *rtp_in;
  const VgwWebrtcReports *reports;
  gint has_lost_sctp; /* atomic */

  GMutex lock;
  VgwVoice voice; /* guarded by lock; the last change */
} Watch;

static Watch *
watch_ref (Watch *watch)
{
  g_atomic_ref_count_inc (&watch->ref_count);
  return watch;
}

static void
watch_unref (gpointer data)
{
  Watch *watch = data;

  if (!g_atomic_ref_count_dec (&watch->ref_count))
    return;
  vgw_mailbox_unref (watch->mailbox);
  gst_object_unref (watch->rtp_in);
  g_mutex_clear (&watch->lock);
  g_free (watch);
}

/* --- webrtcbin's signals --- */

static void
on_ice_candidate (GstElement *bin, guint mline_index, const char *candidate, Watch *watch)
{
  if (*candidate == '\0')
    return; /* webrtcbin 1.24 ends the list so; the gathering state does already, and Chromium refuses a bare "a=" */
  vgw_mailbox_post (watch->mailbox, watch->reports->candidate, g_strdup (candidate), g_free);
}

static void
on_gathering_state (GstElement *bin, GParamSpec *pspec, Watch *watch)
{
  GstWebRTCICEGatheringState state;

  g_object_get (bin, "ice-gathering-state", &state, NULL);
  if (state == GST_WEBRTC_ICE_GATHERING_STATE_COMPLETE)
    vgw_mailbox_post (watch->mailbox, watch->reports->gathered, NULL, NULL);
}

static void
on_connection_state (GstElement *bin, GParamSpec *pspec, Watch *watch)
{
  GstWebRTCPeerConnectionState state;

  g_object_get (bin, "connection-state", &state, NULL);
  vgw_mailbox_post (watch->mailbox, watch->reports->connection_state, GINT_TO_POINTER (state), NULL);
}

static void
track_facts_free (gpointer data)
{
  VgwTrackFacts *facts = data;

  g_free (facts->codec);
  g_free (facts);
}

static VgwTrackFacts *
read_track_facts (GstPad *pad)
{
  VgwTrackFacts *facts = g_new0 (VgwTrackFacts, 1);
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

/* For streams other than that of the intake: an unlinked pad would stop the whole jitter buffer. */
static void
link_to_nothing (GstPad *pad, GstElement *pipeline)
{
  GstElement *fakesink = gst_element_factory_make ("fakesink", NULL);
  g_autoptr (GstPad) sink = gst_element_get_static_pad (fakesink, "sink");

  g_object_set (fakesink, "async", FALSE, "sync", FALSE, NULL);
  gst_bin_add (GST_BIN (pipeline), fakesink);
  gst_element_sync_state_with_parent (fakesink);
  gst_pad_link (pad, sink);
}

/* OnTrack. Streaming thread: the pad must be linked before this returns, or its first packets are lost. */
static void
on_pad_added (GstElement *bin, GstPad *pad, Watch *watch)
{
  g_autoptr (GstPad) sink = gst_element_get_static_pad (watch->rtp_in, "sink");
  g_autoptr (GstObject) pipeline = gst_object_get_parent (GST_OBJECT (bin));

  if (GST_PAD_DIRECTION (pad) != GST_PAD_SRC || pipeline == NULL)
    return;
  if (sink == NULL || gst_pad_is_linked (sink) || gst_pad_link (pad, sink) != GST_PAD_LINK_OK)
    link_to_nothing (pad, GST_ELEMENT (pipeline));
  else
    {
      vgw_pad_shortcut_add (pad);
      vgw_mailbox_post (watch->mailbox, watch->reports->track, read_track_facts (pad), track_facts_free);
    }
}

/* --- the bus --- */

/* Main thread. */
static void
report_voice (gpointer object, gpointer payload)
{
  Watch *watch = payload;
  VgwVoice voice;

  g_mutex_lock (&watch->lock);
  voice = watch->voice;
  g_mutex_unlock (&watch->lock);
  watch->reports->voice (object, &voice);
}

/* The time since the audio of @message by its timestamps; 0 where it has none (an element of the operator's own). */
static gint64
get_age_us (GstMessage *message)
{
  GstElement *vad = GST_ELEMENT (GST_MESSAGE_SRC (message));
  GstClockTime now = gst_element_get_current_running_time (vad);
  GstClockTime at;

  if (!gst_structure_get_uint64 (gst_message_get_structure (message), VGW_PIPELINE_VOICE_TIME, &at)
      || !GST_CLOCK_TIME_IS_VALID (at) || !GST_CLOCK_TIME_IS_VALID (now) || at > now)
    return 0;
  return (gint64) MIN ((now - at) / GST_USECOND, MAX_VOICE_AGE_US);
}

/* The voice detection may change every 10 ms of audio, possibly faster than real time: one post is pending at a time,
 * and reads the last value. */
static void
note_voice (Watch *watch, GstMessage *message)
{
  const GstStructure *structure = gst_message_get_structure (message);
  gboolean has_voice;

  if (structure == NULL || !gst_structure_has_name (structure, VGW_PIPELINE_VOICE_MESSAGE)
      || !gst_structure_get_boolean (structure, VGW_PIPELINE_VOICE_FIELD, &has_voice)
      || g_strcmp0 (GST_MESSAGE_SRC_NAME (message), "vad") != 0)
    return;
  g_mutex_lock (&watch->lock);
  watch->voice.has_voice = has_voice;
  watch->voice.engine_us = g_get_monotonic_time ();
  watch->voice.audio_us = watch->voice.engine_us - get_age_us (message);
  g_mutex_unlock (&watch->lock);
  vgw_mailbox_post_bounded (watch->mailbox, 1, report_voice, watch_ref (watch), watch_unref);
}

/* A client can cause any number of SCTP errors: only the first is reported. */
static void
note_error (Watch *watch, GstMessage *message)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *debug = NULL;

  if (vgw_sctp_streams_is_source (GST_MESSAGE_SRC (message)))
    {
      if (g_atomic_int_compare_and_exchange (&watch->has_lost_sctp, FALSE, TRUE))
        vgw_mailbox_post (watch->mailbox, watch->reports->sctp_failed, NULL, NULL);
      return;
    }
  gst_message_parse_error (message, &error, &debug);
  vgw_mailbox_post (watch->mailbox, watch->reports->pipeline_failed,
                    g_strdup_printf ("%s: %s (%s)", GST_MESSAGE_SRC_NAME (message), error->message, debug ? debug : ""),
                    g_free);
}

/* Any thread. All messages are dropped, since the bus is not read. */
static GstBusSyncReply
on_bus_message (GstBus *bus, GstMessage *message, gpointer user_data)
{
  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ELEMENT)
    note_voice (user_data, message);
  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR)
    note_error (user_data, message);
  gst_message_unref (message);
  return GST_BUS_DROP;
}

void
vgw_webrtc_watch (VgwWebrtc *webrtc, GstElement *rtp_in, VgwMailbox *mailbox, const VgwWebrtcReports *reports)
{
  GstElement *bin = vgw_webrtc_get_bin (webrtc);
  g_autoptr (GstBus) bus = gst_pipeline_get_bus (GST_PIPELINE (vgw_webrtc_get_pipeline (webrtc)));
  Watch *watch = g_new0 (Watch, 1);

  g_atomic_ref_count_init (&watch->ref_count);
  watch->mailbox = vgw_mailbox_ref (mailbox);
  watch->rtp_in = gst_object_ref (rtp_in);
  watch->reports = reports;
  g_mutex_init (&watch->lock);
  g_signal_connect_data (bin, "on-ice-candidate", G_CALLBACK (on_ice_candidate), watch_ref (watch),
                         (GClosureNotify) G_CALLBACK (watch_unref), 0);
  g_signal_connect_data (bin, "notify::ice-gathering-state", G_CALLBACK (on_gathering_state), watch_ref (watch),
                         (GClosureNotify) G_CALLBACK (watch_unref), 0);
  g_signal_connect_data (bin, "notify::connection-state", G_CALLBACK (on_connection_state), watch_ref (watch),
                         (GClosureNotify) G_CALLBACK (watch_unref), 0);
  g_signal_connect_data (bin, "pad-added", G_CALLBACK (on_pad_added), watch_ref (watch),
                         (GClosureNotify) G_CALLBACK (watch_unref), 0);
  gst_bus_set_sync_handler (bus, on_bus_message, watch, watch_unref);
}
