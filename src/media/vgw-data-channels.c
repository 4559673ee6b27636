#include "media/vgw-data-channels.h"

#include <gst/webrtc/webrtc.h>
#include <string.h>

#include "base/vgw-log.h"

#define MAX_BUFFERED_BYTES (256 * 1024) /* ours, not yet taken by SCTP */
#define CLIENT_OPENS_WITHIN_US (2 * G_USEC_PER_SEC)
#define MAX_PENDING_TEXTS 64            /* theirs, not yet seen by the main thread */

struct _VgwDataChannels
{
  gatomicrefcount ref_count;
  char *session_id;
  VgwAirlock *airlock;
  VgwAirlockFunc text_func, overflow_func;
  guint max_channels;
  gint has_dropped; /* atomic; and that was logged */

  GMutex lock; /* taken alone; never while calling webrtcbin */
  GstElement *webrtcbin;          /* guarded by lock; borrowed, NULL after close */
  GPtrArray *channels;            /* guarded by lock; GstWebRTCDataChannel* */
  GstWebRTCDataChannel *events;   /* guarded by lock; borrowed from channels */
  guint n_opened;                 /* guarded by lock; the client's, ever */
  gboolean has_opened_events;     /* main thread only: we made one */
  gint64 first_wanted_us;         /* main thread only: when there was first an event to send; 0 before */
};

static void
unref_closure (gpointer self, GClosure *closure)
{
  vgw_data_channels_unref (self);
}

static void
connect_with_ref (VgwDataChannels *self, gpointer object, const char *signal, GCallback callback)
{
  g_signal_connect_data (object, signal, callback, vgw_data_channels_ref (self), unref_closure, 0);
}

/* One that is too large goes on as far as shows that it is: who takes it refuses it, counts it and tells the client. */
static void
on_message_string (GstWebRTCDataChannel *channel, const char *text, VgwDataChannels *self)
{
  if (text == NULL)
    return; /* an empty message */
  if (!vgw_airlock_post_bounded (self->airlock, MAX_PENDING_TEXTS, self->text_func,
                                 g_strndup (text, VGW_EVENT_MAX_BYTES + 1), g_free) &&
      g_atomic_int_compare_and_exchange (&self->has_dropped, FALSE, TRUE))
    vgw_info (self->session_id, "data channel: dropped a message, and maybe more: %d are waiting", MAX_PENDING_TEXTS);
}

/* Keeps @channel unless closed. Returns whether it was kept. */
static gboolean
keep_channel (VgwDataChannels *self, GstWebRTCDataChannel *channel)
{
  g_autofree char *label = NULL;
  g_object_get (channel, "label", &label, NULL);

  g_mutex_lock (&self->lock);
  gboolean is_open = self->webrtcbin != NULL;
  if (is_open)
    {
      g_ptr_array_add (self->channels, g_object_ref (channel));
      if (g_strcmp0 (label, VGW_EVENTS_LABEL) == 0)
        self->events = channel;
    }
  g_mutex_unlock (&self->lock);
  return is_open;
}

/* The client's channel is open. SCTP or PC thread. */
static void
on_data_channel (GstElement *webrtcbin, GstWebRTCDataChannel *channel, VgwDataChannels *self)
{
  if (!keep_channel (self, channel))
    return;
  g_autofree char *label = NULL;
  g_object_get (channel, "label", &label, NULL);
  vgw_info (self->session_id, "data channel \"%s\" opened by the client", label ? label : "");
}

/* A channel is being made, by the client or by us: the first moment to listen, so that no message is missed.
 * Holds webrtcbin's data channel lock: nothing here may call it. */
static void
on_prepare_data_channel (GstElement *webrtcbin, GstWebRTCDataChannel *channel, gboolean is_local, VgwDataChannels *self)
{
  connect_with_ref (self, channel, "on-message-string", G_CALLBACK (on_message_string));
  if (is_local)
    return;
  g_mutex_lock (&self->lock);
  gboolean is_too_many = ++self->n_opened > self->max_channels;
  g_mutex_unlock (&self->lock);
  if (is_too_many)
    vgw_airlock_post_bounded (self->airlock, MAX_PENDING_TEXTS, self->overflow_func, NULL, NULL);
}

VgwDataChannels *
vgw_data_channels_new (GstElement *webrtcbin, guint max_channels, const char *session_id, VgwAirlock *airlock,
                       VgwAirlockFunc text_func, VgwAirlockFunc overflow_func)
{
  VgwDataChannels *self = g_new0 (VgwDataChannels, 1);
  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->lock);
  self->session_id = g_strdup (session_id);
  self->airlock = vgw_airlock_ref (airlock);
  self->text_func = text_func;
  self->overflow_func = overflow_func;
  self->max_channels = max_channels;
  self->webrtcbin = webrtcbin;
  self->channels = g_ptr_array_new_with_free_func (g_object_unref);
  connect_with_ref (self, webrtcbin, "prepare-data-channel", G_CALLBACK (on_prepare_data_channel));
  connect_with_ref (self, webrtcbin, "on-data-channel", G_CALLBACK (on_data_channel));
  return self;
}

VgwDataChannels *
vgw_data_channels_ref (VgwDataChannels *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
vgw_data_channels_unref (VgwDataChannels *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_ptr_array_unref (self->channels);
  g_mutex_clear (&self->lock);
  vgw_airlock_unref (self->airlock);
  g_free (self->session_id);
  g_free (self);
}

/* Most clients open a channel of that name themselves, a moment after they are connected: a second one would cost a
 * thread, and split the events between the two. */
static gboolean
should_open_events (VgwDataChannels *self)
{
  gint64 now_us = g_get_monotonic_time ();

  if (self->webrtcbin == NULL || self->has_opened_events)
    return FALSE;
  if (self->first_wanted_us == 0)
    self->first_wanted_us = now_us;
  return now_us - self->first_wanted_us >= CLIENT_OPENS_WITHIN_US;
}

static void
open_events (VgwDataChannels *self, GstElement *webrtcbin)
{
  g_autoptr (GstWebRTCDataChannel) channel = NULL;
  self->has_opened_events = TRUE;
  g_signal_emit_by_name (webrtcbin, "create-data-channel", VGW_EVENTS_LABEL, NULL, &channel);
  if (channel != NULL)
    keep_channel (self, channel);
}

gboolean
vgw_data_channels_send (VgwDataChannels *self, const char *text)
{
  GstWebRTCDataChannelState state = GST_WEBRTC_DATA_CHANNEL_STATE_CLOSED;
  guint64 buffered_bytes = 0;

  g_mutex_lock (&self->lock);
  g_autoptr (GstWebRTCDataChannel) channel = self->events ? g_object_ref (self->events) : NULL;
  g_mutex_unlock (&self->lock);
  if (channel == NULL)
    {
      if (should_open_events (self))
        open_events (self, self->webrtcbin);
      return FALSE;
    }
  g_object_get (channel, "ready-state", &state, "buffered-amount", &buffered_bytes, NULL);
  if (state != GST_WEBRTC_DATA_CHANNEL_STATE_OPEN || buffered_bytes > MAX_BUFFERED_BYTES)
    return FALSE;
  return gst_webrtc_data_channel_send_string_full (channel, text, NULL);
}

gboolean
vgw_data_channels_is_open (VgwDataChannels *self)
{
  GstWebRTCDataChannelState state = GST_WEBRTC_DATA_CHANNEL_STATE_CLOSED;

  g_mutex_lock (&self->lock);
  g_autoptr (GstWebRTCDataChannel) channel = self->events ? g_object_ref (self->events) : NULL;
  g_mutex_unlock (&self->lock);
  if (channel != NULL)
    g_object_get (channel, "ready-state", &state, NULL);
  return state == GST_WEBRTC_DATA_CHANNEL_STATE_OPEN;
}

void
vgw_data_channels_close (VgwDataChannels *self)
{
  g_autoptr (GPtrArray) channels = NULL;
  g_mutex_lock (&self->lock);
  channels = g_steal_pointer (&self->channels);
  self->channels = g_ptr_array_new_with_free_func (g_object_unref);
  self->events = NULL;
  self->webrtcbin = NULL;
  g_mutex_unlock (&self->lock);
  for (guint i = 0; i < channels->len; i++)
    g_signal_handlers_disconnect_by_data (g_ptr_array_index (channels, i), self);
}
