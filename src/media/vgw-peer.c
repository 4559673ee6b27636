#include "media/vgw-peer-private.h"

#include <string.h>

#include "base/vgw-error.h"
#include "base/vgw-log.h"
#include "media/vgw-bridge-private.h"

#define MAX_EARLY_CANDIDATES 64

G_DEFINE_TYPE (VgwPeer, vgw_peer, G_TYPE_OBJECT)

enum
{
  SIGNAL_CANDIDATE,
  SIGNAL_TRACK,
  SIGNAL_CONNECTED,
  SIGNAL_EVENT,
  SIGNAL_VOICE,
  SIGNAL_DTMF,
  SIGNAL_FAILED,
  SIGNAL_CLOSED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

/* One line for a call of which something was dropped, however much that was. */
static void
log_intake (VgwPeer *self)
{
  VgwRtpStats stats;
  vgw_rtp_intake_get_stats (vgw_webrtc_get_intake (self->webrtc), &stats);
  if (stats.rate_dropped + stats.audio_dropped + stats.source_dropped + stats.ignored + stats.source_changes == 0)
    return;
  vgw_info (self->session_id,
            "RTP: ssrc-changes=%" G_GUINT64_FORMAT " ignored=%" G_GUINT64_FORMAT " dropped-for-ssrc=%" G_GUINT64_FORMAT
            " dropped-for-rate=%" G_GUINT64_FORMAT " dropped-for-duration=%" G_GUINT64_FORMAT,
            stats.source_changes, stats.ignored, stats.source_dropped, stats.rate_dropped, stats.audio_dropped);
}

void
vgw_peer_stop (VgwPeer *self)
{
  g_return_if_fail (VGW_IS_PEER (self));
  if (self->state == PEER_STOPPED)
    return;
  self->state = PEER_STOPPED;
  vgw_mailbox_close (self->mailbox);
  vgw_peer_drop_answer (self, g_error_new (G_IO_ERROR, G_IO_ERROR_CANCELLED, "the peer was stopped"));
  if (self->webrtc != NULL)
    {
      if (self->bridge != NULL)
        vgw_bridge_detach (self->bridge, GST_APP_SINK (self->pcm_out));
      if (self->data_channels != NULL)
        vgw_data_channels_close (self->data_channels);
      log_intake (self);
      vgw_webrtc_release (self->webrtc);
    }
}

void
vgw_peer_fail (VgwPeer *self, GError *error)
{
  if (self->answer_task != NULL)
    {
      vgw_peer_drop_answer (self, error);
      return;
    }
  g_signal_emit (self, signals[SIGNAL_FAILED], 0, error);
  g_error_free (error);
}

void
vgw_peer_emit_candidate (VgwPeer *self, const char *candidate)
{
  g_signal_emit (self, signals[SIGNAL_CANDIDATE], 0, candidate, self->audio_mid, self->offer->audio_index);
}

void
vgw_peer_emit_track (VgwPeer *self, const VgwTrack *track)
{
  g_signal_emit (self, signals[SIGNAL_TRACK], 0, track);
}

void
vgw_peer_emit_connected (VgwPeer *self)
{
  g_signal_emit (self, signals[SIGNAL_CONNECTED], 0);
}

void
vgw_peer_emit_closed (VgwPeer *self)
{
  g_signal_emit (self, signals[SIGNAL_CLOSED], 0);
}

void
vgw_peer_emit_voice (VgwPeer *self, gboolean has_voice)
{
  g_signal_emit (self, signals[SIGNAL_VOICE], 0, has_voice);
}

void
vgw_peer_emit_event (VgwPeer *self, const char *text)
{
  g_signal_emit (self, signals[SIGNAL_EVENT], 0, text);
}

void
vgw_peer_emit_dtmf (VgwPeer *self, const VgwKey *key)
{
  g_signal_emit (self, signals[SIGNAL_DTMF], 0, key->digit, key->duration_ms);
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
  g_clear_pointer (&self->mailbox, vgw_mailbox_unref);
  g_clear_pointer (&self->offer, vgw_offer_free);
  g_clear_pointer (&self->local_sdp, gst_sdp_message_free);
  g_clear_pointer (&self->local_candidates, g_ptr_array_unref);
  g_clear_pointer (&self->early_candidates, g_ptr_array_unref);
  g_clear_pointer (&self->early_texts, g_ptr_array_unref);
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
  signals[SIGNAL_EVENT] =
      g_signal_new ("event", VGW_TYPE_PEER, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_STRING);
  signals[SIGNAL_DTMF] = g_signal_new ("dtmf", VGW_TYPE_PEER, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 2,
                                       G_TYPE_CHAR, G_TYPE_UINT);
  signals[SIGNAL_VOICE] =
      g_signal_new ("voice", VGW_TYPE_PEER, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_BOOLEAN);
  signals[SIGNAL_FAILED] =
      g_signal_new ("failed", VGW_TYPE_PEER, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_ERROR);
  signals[SIGNAL_CLOSED] =
      g_signal_new ("closed", VGW_TYPE_PEER, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
vgw_peer_init (VgwPeer *self)
{
  self->mailbox = vgw_mailbox_new (G_OBJECT (self));
  self->local_candidates = g_ptr_array_new_with_free_func (g_free);
  self->early_candidates = g_ptr_array_new_with_free_func (g_free);
  self->early_texts = g_ptr_array_new_with_free_func (g_free);
}

/* -- public -------------------------------------------------------------------------------------------------------- */

VgwPeer *
vgw_peer_new (VgwMedia *media, const char *session_id, const VgwAudioFormat *format, gboolean wants_voice)
{
  VgwPeer *self = g_object_new (VGW_TYPE_PEER, NULL);
  self->media = g_object_ref (media);
  self->session_id = g_strdup (session_id);
  self->format = *format;
  self->wants_voice = wants_voice;
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
  if (!vgw_peer_start_answer (self, offer, &error))
    vgw_peer_fail (self, error);
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
      vgw_debug (self->session_id, "ignored a candidate for an m-line that the offer lacks");
      return TRUE;
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
    vgw_peer_pass_candidate (self, candidate);
  return TRUE;
}

void
vgw_peer_attach (VgwPeer *self, VgwBridge *bridge)
{
  g_return_if_fail (VGW_IS_PEER (self));
  g_return_if_fail (self->state == PEER_CONNECTED);
  g_return_if_fail (vgw_bridge_get_format (bridge)->rate_hz == self->format.rate_hz);

  g_set_object (&self->bridge, bridge);
  vgw_bridge_attach (bridge, GST_APP_SINK (self->pcm_out), VGW_PUSH_SRC (self->pcm_in));
}

gboolean
vgw_peer_send_event (VgwPeer *self, const char *text)
{
  g_return_val_if_fail (VGW_IS_PEER (self), FALSE);
  return self->state == PEER_CONNECTED && self->data_channels != NULL
         && vgw_data_channels_send (self->data_channels, text);
}

gboolean
vgw_peer_has_event_channel (VgwPeer *self)
{
  g_return_val_if_fail (VGW_IS_PEER (self), FALSE);
  return self->state == PEER_CONNECTED && self->data_channels != NULL
         && vgw_data_channels_is_open (self->data_channels);
}

gboolean
vgw_peer_is_event_channel_full (VgwPeer *self)
{
  g_return_val_if_fail (VGW_IS_PEER (self), FALSE);
  return vgw_peer_has_event_channel (self) && vgw_data_channels_is_full (self->data_channels);
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
