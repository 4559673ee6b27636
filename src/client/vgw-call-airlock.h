/* What webrtcbin and its bus say to a caller, each time as a notice that goes through a VgwAirlock to the main thread. The
 * owner's pipeline is at NULL before its last reference goes, so that no callback finds a dead owner. */
#pragma once

#include <glib-object.h>
#include <gst/gst.h>
#include <gst/webrtc/webrtc.h>

#include "base/vgw-airlock.h"

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
} VgwCallNotice;

/* Part of its owner's struct. */
typedef struct
{
  GObject *owner; /* not a reference: it is part of it */
  VgwAirlock *airlock;
  VgwAirlockFunc deliver;
} VgwCallAirlock;

/* @deliver gets @owner and a const VgwCallNotice *. Main thread. */
void vgw_call_airlock_init (VgwCallAirlock *self, GObject *owner, VgwAirlockFunc deliver);
void vgw_call_airlock_clear (VgwCallAirlock *self);

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
