#include "media/vgw-data-channels.h"

#include <gst/webrtc/webrtc.h>
#include <string.h>

#include "base/vgw-log.h"
#include "media/vgw-sctp-streams.h"

#define MAX_BUFFERED_BYTES (256 * 1024) /* outgoing, not yet accepted by SCTP */
#define CLIENT_OPENS_WITHIN_US (2 * G_USEC_PER_SEC)
#define MAX_PENDING_TEXTS 64   /* incoming, not yet handled on the main thread */
#define MAX_LOGGED_CHANNELS 16 /* a client may open and close channels without limit */
#define MAX_LOGGED_LABEL_BYTES 64

struct _VgwDataChannels
{
  gatomicrefcount ref_count;
  char *session_id;
  VgwMailbox *mailbox;
  VgwMailboxFunc text_func, opened_func;
  const char *label; /* of the channel to send on */
  gboolean may_open; /* it, if the client does not */
  VgwSctpStreams *streams;
  gint has_dropped; /* atomic; and that was logged */

  GMutex lock;             /* taken alone; never while calling webrtcbin */
  GstElement *webrtcbin;   /* guarded by lock; borrowed, NULL after close */
  GPtrArray *channels;     /* guarded by lock; GstWebRTCDataChannel* */
  GPtrArray *events;       /* guarded by lock; borrowed from channels; the last one is used for sending */
  gconstpointer reported;  /* guarded by lock; one of events, by vgw_data_channels_take_opened () */
  guint n_opened;          /* guarded by lock; the client's, ever */
  gboolean has_had_events; /* guarded by lock: there was an `events` channel, of either side */
  /* main thread only */
  gint64 first_wanted_us; /* time of the first event to send; 0: none yet */
  GQueue held;            /* char*, of the client */
  gsize n_held_bytes;     /* of them, ever */
};

static void
connect_with_ref (VgwDataChannels *self, gpointer object, const char *signal, GCallback callback, GConnectFlags flags)
{
  g_signal_connect_data (object, signal, callback, vgw_data_channels_ref (self),
                         (GClosureNotify) G_CALLBACK (vgw_data_channels_unref), flags);
}

/* A text that is too large is truncated to one byte more than allowed; the receiver refuses it. */
static void
on_message_string (GstWebRTCDataChannel *channel, const char *text, VgwDataChannels *self)
{
  if (text == NULL)
    return; /* an empty message */
  if (!vgw_mailbox_post_bounded (self->mailbox, MAX_PENDING_TEXTS, self->text_func,
                                 g_strndup (text, VGW_EVENT_MAX_BYTES + 1), g_free)
      && g_atomic_int_compare_and_exchange (&self->has_dropped, FALSE, TRUE))
    vgw_info (self->session_id, "data channel: dropped one or more messages: %d are queued", MAX_PENDING_TEXTS);
}

static gboolean
is_events (VgwDataChannels *self, GstWebRTCDataChannel *channel)
{
  g_autofree char *label = NULL;
  g_object_get (channel, "label", &label, NULL);
  return g_strcmp0 (label, self->label) == 0;
}

/* Adds @channel unless closed. Returns whether it was added. */
static gboolean
keep_channel (VgwDataChannels *self, GstWebRTCDataChannel *channel)
{
  gboolean is_for_events = is_events (self, channel);

  g_mutex_lock (&self->lock);
  gboolean is_open = self->webrtcbin != NULL;
  if (is_open)
    {
      g_ptr_array_add (self->channels, g_object_ref (channel));
      if (is_for_events)
        {
          g_ptr_array_add (self->events, channel);
          self->has_had_events = TRUE;
        }
    }
  g_mutex_unlock (&self->lock);
  return is_open;
}

static void
drop_channel (VgwDataChannels *self, GstWebRTCDataChannel *channel)
{
  g_mutex_lock (&self->lock);
  if (self->reported == channel)
    self->reported = NULL;
  g_ptr_array_remove (self->events, channel);
  g_ptr_array_remove (self->channels, channel); /* the caller has a reference */
  g_mutex_unlock (&self->lock);
}

/* A channel of the client is open. SCTP or PC thread. */
static void
on_data_channel (GstElement *webrtcbin, GstWebRTCDataChannel *channel, VgwDataChannels *self)
{
  if (!keep_channel (self, channel))
    return;
  g_autofree char *label = NULL;
  g_object_get (channel, "label", &label, NULL);
  g_mutex_lock (&self->lock);
  gboolean is_logged = ++self->n_opened <= MAX_LOGGED_CHANNELS;
  g_mutex_unlock (&self->lock);
  if (is_logged)
    vgw_info (self->session_id, "data channel \"%.*s\" opened by the client", MAX_LOGGED_LABEL_BYTES,
              label ? label : "");
  if (is_events (self, channel))
    vgw_mailbox_post_bounded (self->mailbox, 1, self->opened_func, NULL, NULL);
}

/* On the PC thread, after webrtcbin's own handler. */
static void
on_ready_state (GstWebRTCDataChannel *channel, GParamSpec *pspec, VgwDataChannels *self)
{
  GstWebRTCDataChannelState state;
  int id;
  g_object_get (channel, "ready-state", &state, "id", &id, NULL);
  if (state != GST_WEBRTC_DATA_CHANNEL_STATE_CLOSED)
    return;
  drop_channel (self, channel);
  vgw_sctp_streams_remove (self->streams, id);
}

/* A channel is being created, by either side: handlers are connected here, so that no message is missed. webrtcbin's
 * data channel lock is held: it must not be called. */
static void
on_prepare_data_channel (GstElement *webrtcbin, GstWebRTCDataChannel *channel, gboolean is_local, VgwDataChannels *self)
{
  int id;
  g_object_get (channel, "id", &id, NULL);
  connect_with_ref (self, channel, "on-message-string", G_CALLBACK (on_message_string), 0);
  connect_with_ref (self, channel, "notify::ready-state", G_CALLBACK (on_ready_state), G_CONNECT_AFTER);
  if (is_local && id >= 0)
    vgw_sctp_streams_add_own (self->streams, id);
}

VgwDataChannels *
vgw_data_channels_new (GstElement *webrtcbin, const VgwDataChannelsSetup *setup)
{
  VgwDataChannels *self = g_new0 (VgwDataChannels, 1);
  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->lock);
  self->session_id = g_strdup (setup->session_id);
  self->mailbox = vgw_mailbox_ref (setup->mailbox);
  self->text_func = setup->text;
  self->opened_func = setup->opened;
  self->label = setup->own_label != NULL ? setup->own_label : VGW_EVENTS_LABEL;
  self->may_open = setup->own_label == NULL;
  self->webrtcbin = webrtcbin;
  self->channels = g_ptr_array_new_with_free_func (g_object_unref);
  self->events = g_ptr_array_new ();
  self->streams =
      vgw_sctp_streams_new (webrtcbin, setup->max_channels, setup->session_id, setup->mailbox, setup->opened);
  connect_with_ref (self, webrtcbin, "prepare-data-channel", G_CALLBACK (on_prepare_data_channel), 0);
  connect_with_ref (self, webrtcbin, "on-data-channel", G_CALLBACK (on_data_channel), 0);
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
  g_queue_clear_full (&self->held, g_free);
  g_ptr_array_unref (self->events);
  g_ptr_array_unref (self->channels);
  vgw_sctp_streams_unref (self->streams);
  g_mutex_clear (&self->lock);
  vgw_mailbox_unref (self->mailbox);
  g_free (self->session_id);
  g_free (self);
}

/* Most clients open an `events` channel themselves shortly after they are connected: a second one would need a thread,
 * and split the events between the two. None is opened for a client that has closed it. */
static gboolean
should_open_events (VgwDataChannels *self)
{
  gint64 now_us = g_get_monotonic_time ();

  g_mutex_lock (&self->lock);
  gboolean may_open = self->may_open && self->webrtcbin != NULL && !self->has_had_events;
  g_mutex_unlock (&self->lock);
  if (!may_open)
    return FALSE;
  if (self->first_wanted_us == 0)
    self->first_wanted_us = now_us;
  return now_us - self->first_wanted_us >= CLIENT_OPENS_WITHIN_US;
}

static void
open_events (VgwDataChannels *self, GstElement *webrtcbin)
{
  g_autoptr (GstWebRTCDataChannel) channel = NULL;
  g_mutex_lock (&self->lock);
  self->has_had_events = TRUE;
  g_mutex_unlock (&self->lock);
  g_signal_emit_by_name (webrtcbin, "create-data-channel", self->label, NULL, &channel);
  if (channel != NULL)
    keep_channel (self, channel);
}

/* The channel for sending, or NULL. (transfer full) */
static GstWebRTCDataChannel *
find_events (VgwDataChannels *self)
{
  g_mutex_lock (&self->lock);
  guint n_events = self->events->len;
  GstWebRTCDataChannel *channel = n_events > 0 ? g_object_ref (g_ptr_array_index (self->events, n_events - 1)) : NULL;
  g_mutex_unlock (&self->lock);
  return channel;
}

static gboolean
is_usable (VgwDataChannels *self, GstWebRTCDataChannel *channel)
{
  GstWebRTCDataChannelState state;
  int id;

  g_object_get (channel, "ready-state", &state, "id", &id, NULL);
  return state == GST_WEBRTC_DATA_CHANNEL_STATE_OPEN && vgw_sctp_streams_may_send (self->streams, id);
}

VgwSendResult
vgw_data_channels_send (VgwDataChannels *self, const char *text)
{
  guint64 buffered_bytes = 0;

  if (vgw_sctp_streams_is_lost (self->streams))
    return VGW_SEND_NO_CHANNEL;
  g_autoptr (GstWebRTCDataChannel) channel = find_events (self);
  if (channel == NULL)
    {
      if (should_open_events (self))
        open_events (self, self->webrtcbin);
      return VGW_SEND_NO_CHANNEL;
    }
  if (!is_usable (self, channel))
    return VGW_SEND_NO_CHANNEL;
  g_object_get (channel, "buffered-amount", &buffered_bytes, NULL);
  if (buffered_bytes > MAX_BUFFERED_BYTES)
    return VGW_SEND_FULL;
  if (gst_webrtc_data_channel_send_string_full (channel, text, NULL))
    return VGW_SEND_DONE;
  /* the client may have closed it since it was seen open */
  return is_usable (self, channel) ? VGW_SEND_REFUSED : VGW_SEND_NO_CHANNEL;
}

gboolean
vgw_data_channels_is_open (VgwDataChannels *self)
{
  g_autoptr (GstWebRTCDataChannel) channel = find_events (self);

  return channel != NULL && is_usable (self, channel);
}

gboolean
vgw_data_channels_take_opened (VgwDataChannels *self)
{
  g_autoptr (GstWebRTCDataChannel) channel = find_events (self);
  gboolean is_new;

  if (channel == NULL || !is_usable (self, channel))
    return FALSE;
  g_mutex_lock (&self->lock);
  is_new = channel != self->reported;
  self->reported = channel;
  g_mutex_unlock (&self->lock);
  return is_new;
}

void
vgw_data_channels_hold (VgwDataChannels *self, const char *text)
{
  gsize length = strlen (text);

  if (self->n_held_bytes + length > VGW_EVENT_MAX_BYTES)
    return;
  self->n_held_bytes += length;
  g_queue_push_tail (&self->held, g_strdup (text));
}

char *
vgw_data_channels_take_held (VgwDataChannels *self)
{
  return g_queue_pop_head (&self->held);
}

void
vgw_data_channels_lose (VgwDataChannels *self, const char *why)
{
  vgw_sctp_streams_lose (self->streams, why);
}

void
vgw_data_channels_close (VgwDataChannels *self)
{
  g_autoptr (GPtrArray) channels = NULL;
  g_mutex_lock (&self->lock);
  channels = g_steal_pointer (&self->channels);
  self->channels = g_ptr_array_new_with_free_func (g_object_unref);
  g_ptr_array_set_size (self->events, 0);
  self->webrtcbin = NULL;
  g_mutex_unlock (&self->lock);
  vgw_sctp_streams_close (self->streams);
  for (guint i = 0; i < channels->len; i++)
    g_signal_handlers_disconnect_by_data (g_ptr_array_index (channels, i), self);
}
