/* Where callbacks of GStreamer's threads become calls on the main thread: each makes a notice, and the notices are
 * delivered in order by the main loop. A notice holds a reference to the owner, and the owner's pipeline is at NULL
 * before the last reference goes, so no callback can find a dead object. */
#pragma once

#include <glib-object.h>
#include <gst/gst.h>
#include <gst/webrtc/webrtc.h>

G_BEGIN_DECLS

typedef enum
{
  VGW_CALL_NOTICE_OFFER,       /* description */
  VGW_CALL_NOTICE_CANDIDATE,   /* text, number: the m-line */
  VGW_CALL_NOTICE_ICE_STATE,   /* number: GstWebRTCICEConnectionState */
  VGW_CALL_NOTICE_PEER_STATE,  /* number: GstWebRTCPeerConnectionState */
  VGW_CALL_NOTICE_FIRST_AUDIO,
  VGW_CALL_NOTICE_FIRST_VOICE,
  VGW_CALL_NOTICE_CHANNEL_OPEN,
  VGW_CALL_NOTICE_EVENT,       /* text */
  VGW_CALL_NOTICE_FAILED,      /* error */
} VgwCallNoticeKind;

/* Only the fields of its kind are set. */
typedef struct
{
  VgwCallNoticeKind kind;
  char *text;
  guint number;
  GstWebRTCSessionDescription *description;
  GError *error;
  struct _VgwCallAirlock *airlock;
} VgwCallNotice;

/* Main thread. @owner is alive. */
typedef void (*VgwCallNoticeFunc) (GObject *owner, const VgwCallNotice *notice);

/* Part of its owner's struct. */
typedef struct _VgwCallAirlock
{
  GObject *owner; /* not a reference: it is part of it */
  VgwCallNoticeFunc deliver;
} VgwCallAirlock;

/* Any thread. Only for the kinds without fields. */
void vgw_call_airlock_post (VgwCallAirlock *self, VgwCallNoticeKind kind);

/* Connects the signals of @webrtc and the bus of @pipeline, from which only errors are read. */
void vgw_call_airlock_connect (VgwCallAirlock *self, GstElement *pipeline, GstElement *webrtc);

/* Connects "on-open" and text messages of @channel. Disconnect by data before @channel goes. */
void vgw_call_airlock_connect_channel (VgwCallAirlock *self, GstWebRTCDataChannel *channel);

/* For "create-offer": ends in OFFER or FAILED. For "set-remote-description": nothing, or FAILED.
 * Returns: (transfer full), to be handed to the signal */
GstPromise *vgw_call_airlock_promise_offer (VgwCallAirlock *self);
GstPromise *vgw_call_airlock_promise_answer (VgwCallAirlock *self);

G_END_DECLS
