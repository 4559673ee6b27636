#include "caller/vgw-call-mailbox.h"

#include "base/vgw-error.h"

static void
notice_free (gpointer data)
{
  VgwCallNotice *notice = data;

  g_free (notice->text);
  g_clear_pointer (&notice->description, gst_webrtc_session_description_free);
  g_clear_error (&notice->error);
  g_free (notice);
}

static VgwCallNotice *
notice_new (VgwCallNoticeKind kind)
{
  VgwCallNotice *notice = g_new0 (VgwCallNotice, 1);

  notice->kind = kind;
  return notice;
}

/* @notice: (transfer full) */
static void
notice_post (VgwCallMailbox *self, VgwCallNotice *notice)
{
  vgw_mailbox_post (self->mailbox, self->deliver, notice, notice_free);
}

static void
on_offer_created (GstPromise *promise, gpointer user_data)
{
  const GstStructure *reply = gst_promise_get_reply (promise);
  GstWebRTCSessionDescription *offer = NULL;
  VgwCallNotice *notice;

  if (reply != NULL)
    gst_structure_get (reply, "offer", GST_TYPE_WEBRTC_SESSION_DESCRIPTION, &offer, NULL);
  notice = notice_new (offer != NULL ? VGW_CALL_NOTICE_OFFER : VGW_CALL_NOTICE_FAILED);
  notice->description = offer;
  if (offer == NULL)
    notice->error = g_error_new_literal (VGW_ERROR, VGW_ERROR_INTERNAL, "webrtcbin created no offer");
  notice_post (user_data, notice);
  gst_promise_unref (promise);
}

static void
on_answer_set (GstPromise *promise, gpointer user_data)
{
  const GstStructure *reply = gst_promise_get_reply (promise);
  g_autoptr (GError) cause = NULL;
  VgwCallNotice *notice;

  if (reply != NULL && gst_structure_get (reply, "error", G_TYPE_ERROR, &cause, NULL))
    {
      notice = notice_new (VGW_CALL_NOTICE_FAILED);
      notice->error = g_error_new (VGW_ERROR, VGW_ERROR_BAD_MESSAGE, "invalid answer: %s", cause->message);
      notice_post (user_data, notice);
    }
  gst_promise_unref (promise);
}

static void
on_ice_candidate (GstElement *webrtc, guint mline_index, const char *candidate, gpointer user_data)
{
  if (*candidate == '\0')
    return; /* the end of the list with webrtcbin 1.24 */
  VgwCallNotice *notice = notice_new (VGW_CALL_NOTICE_CANDIDATE);

  notice->number = mline_index;
  notice->text = g_strdup (candidate);
  notice_post (user_data, notice);
}

static void
post_state (VgwCallMailbox *self, VgwCallNoticeKind kind, GObject *webrtc, const char *property)
{
  VgwCallNotice *notice = notice_new (kind);
  int state;

  g_object_get (webrtc, property, &state, NULL);
  notice->number = (guint) state;
  notice_post (self, notice);
}

static void
on_ice_state (GObject *webrtc, GParamSpec *spec, gpointer user_data)
{
  post_state (user_data, VGW_CALL_NOTICE_ICE_STATE, webrtc, "ice-connection-state");
}

static void
on_peer_state (GObject *webrtc, GParamSpec *spec, gpointer user_data)
{
  post_state (user_data, VGW_CALL_NOTICE_PEER_STATE, webrtc, "connection-state");
}

static void
on_channel_open (GstWebRTCDataChannel *channel, gpointer user_data)
{
  vgw_call_mailbox_post (user_data, VGW_CALL_NOTICE_CHANNEL_OPEN);
}

static void
on_channel_text (GstWebRTCDataChannel *channel, const char *text, gpointer user_data)
{
  VgwCallNotice *notice = notice_new (VGW_CALL_NOTICE_EVENT);

  notice->text = g_strdup (text != NULL ? text : "");
  notice_post (user_data, notice);
}

/* All messages are dropped, since the bus is not read and would grow without limit. */
static GstBusSyncReply
on_bus_message (GstBus *bus, GstMessage *message, gpointer user_data)
{
  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR)
    {
      VgwCallNotice *notice = notice_new (VGW_CALL_NOTICE_FAILED);

      gst_message_parse_error (message, &notice->error, NULL);
      notice_post (user_data, notice);
    }
  gst_message_unref (message);
  return GST_BUS_DROP;
}

void
vgw_call_mailbox_post (VgwCallMailbox *self, VgwCallNoticeKind kind)
{
  notice_post (self, notice_new (kind));
}

/* The gateway opens a channel where it has an event and there is none of ours. SCTP or PC thread; @channel is owned by
 * webrtcbin. */
static void
on_prepare_channel (GstElement *webrtc, GstWebRTCDataChannel *channel, gboolean is_local, gpointer user_data)
{
  if (!is_local)
    g_signal_connect (channel, "on-message-string", G_CALLBACK (on_channel_text), user_data);
}

void
vgw_call_mailbox_connect (VgwCallMailbox *self, GstElement *pipeline, GstElement *webrtc)
{
  g_autoptr (GstBus) bus = gst_element_get_bus (pipeline);

  g_signal_connect (webrtc, "on-ice-candidate", G_CALLBACK (on_ice_candidate), self);
  g_signal_connect (webrtc, "prepare-data-channel", G_CALLBACK (on_prepare_channel), self);
  g_signal_connect (webrtc, "notify::ice-connection-state", G_CALLBACK (on_ice_state), self);
  g_signal_connect (webrtc, "notify::connection-state", G_CALLBACK (on_peer_state), self);
  gst_bus_set_sync_handler (bus, on_bus_message, self, NULL);
}

void
vgw_call_mailbox_connect_channel (VgwCallMailbox *self, GstWebRTCDataChannel *channel)
{
  g_signal_connect (channel, "on-open", G_CALLBACK (on_channel_open), self);
  g_signal_connect (channel, "on-message-string", G_CALLBACK (on_channel_text), self);
}

static void
release_owner (gpointer user_data)
{
  VgwCallMailbox *self = user_data;

  g_object_unref (self->owner);
}

/* webrtcbin may drop a promise without a reply: then only the destroy notify runs. */
static GstPromise *
promise_new (VgwCallMailbox *self, GstPromiseChangeFunc func)
{
  g_object_ref (self->owner);
  return gst_promise_new_with_change_func (func, self, release_owner);
}

GstPromise *
vgw_call_mailbox_promise_offer (VgwCallMailbox *self)
{
  return promise_new (self, on_offer_created);
}

GstPromise *
vgw_call_mailbox_promise_answer (VgwCallMailbox *self)
{
  return promise_new (self, on_answer_set);
}

void
vgw_call_mailbox_init (VgwCallMailbox *self, GObject *owner, VgwMailboxFunc deliver)
{
  self->owner = owner;
  self->mailbox = vgw_mailbox_new (owner);
  self->deliver = deliver;
}

void
vgw_call_mailbox_clear (VgwCallMailbox *self)
{
  g_clear_pointer (&self->mailbox, vgw_mailbox_unref);
}
