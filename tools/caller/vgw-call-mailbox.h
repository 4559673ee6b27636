/* Posts the signals of webrtcbin and the messages of its bus as notices to the main thread, through a VgwMailbox. The
 * owner's pipeline must be in NULL before its last reference is dropped, so that no callback uses a freed owner. */
#pragma once

#include <glib-object.h>
#include <gst/gst.h>
#include <gst/webrtc/webrtc.h>

#include "base/vgw-mailbox.h"

typedef enum
{
  VGW_CALL_NOTICE_OFFER,      /* description */
  VGW_CALL_NOTICE_CANDIDATE,  /* text, number: the m-line */
  VGW_CALL_NOTICE_ICE_STATE,  /* number: GstWebRTCICEConnectionState */
  VGW_CALL_NOTICE_PEER_STATE, /* number: GstWebRTCPeerConnectionState */
  VGW_CALL_NOTICE_FIRST_AUDIO,
  VGW_CALL_NOTICE_FIRST_VOICE,
  VGW_CALL_NOTICE_CHANNEL_OPEN,
  VGW_CALL_NOTICE_EVENT,  /* text */
  VGW_CALL_NOTICE_FAILED, /* error */
} VgwCallNoticeKind;

/* Only the fields of its kind are set. */
typedef struct
{
  VgwCallNoticeKind kind;
  char *text;
  guint number;
  GstWebRTCSessionDescription *description;
  GError *error;
} VgwCallNotice;

/* Part of its owner's struct. */
typedef struct
{
  GObject *owner; /* not a reference: it is part of it */
  VgwMailbox *mailbox;
  VgwMailboxFunc deliver;
} VgwCallMailbox;

/* @deliver receives @owner and a const VgwCallNotice *. Main thread. */
void vgw_call_mailbox_init (VgwCallMailbox *self, GObject *owner, VgwMailboxFunc deliver);
void vgw_call_mailbox_clear (VgwCallMailbox *self);

/* Any thread. Only for the kinds without fields. */
void vgw_call_mailbox_post (VgwCallMailbox *self, VgwCallNoticeKind kind);

/* Connects the signals of @webrtc and the bus of @pipeline, from which only errors are read. */
void vgw_call_mailbox_connect (VgwCallMailbox *self, GstElement *pipeline, GstElement *webrtc);

/* Connects "on-open" and text messages of @channel. Disconnect by data before @channel goes. */
void vgw_call_mailbox_connect_channel (VgwCallMailbox *self, GstWebRTCDataChannel *channel);

/* For "create-offer": ends in OFFER or FAILED. For "set-remote-description": nothing, or FAILED.
 * Returns: (transfer full), to be handed to the signal */
GstPromise *vgw_call_mailbox_promise_offer (VgwCallMailbox *self);
GstPromise *vgw_call_mailbox_promise_answer (VgwCallMailbox *self);
