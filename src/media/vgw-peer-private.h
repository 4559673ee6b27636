/* The three parts of VgwPeer, for them only: vgw-peer.c is its life, vgw-peer-answer.c makes the answer,
 * vgw-peer-events.c hears what webrtcbin has to say. Main thread but where a function says otherwise. */
#pragma once

#include <gst/sdp/sdp.h>

#include "base/vgw-mailbox.h"
#include "media/vgw-data-channels.h"
#include "media/vgw-offer.h"
#include "media/vgw-peer.h"
#include "media/vgw-webrtc.h"

G_BEGIN_DECLS

typedef enum
{
  PEER_IDLE,
  PEER_ANSWERING,
  PEER_ANSWERED,
  PEER_CONNECTED,
  PEER_STOPPED,
} PeerState;

struct _VgwPeer
{
  GObject parent_instance;

  VgwMedia *media;
  char *session_id;
  VgwAudioFormat format; /* at the bridge */
  gboolean wants_voice;
  VgwBridge *bridge; /* (nullable) once it is attached */
  VgwMailbox *mailbox;
  PeerState state;

  VgwOffer *offer;
  const VgwOfferCodec *codec; /* of offer; the one agreed on */
  const char *audio_mid;      /* of offer */
  VgwWebrtc *webrtc;
  VgwDataChannels *data_channels;                  /* (nullable) where the offer has none */
  GstElement *rtp_in, *rtp_out, *pcm_out, *pcm_in; /* of the description, borrowed from webrtc's pipeline */
  GstPromise *promise;                             /* (nullable) the one that webrtcbin has not answered */

  GTask *answer_task;
  GSource *answer_deadline;
  GSource *gather_deadline;
  GstSDPMessage *local_sdp;    /* webrtcbin's answer, once it has been set */
  GPtrArray *local_candidates; /* char*, until the answer is out */
  GPtrArray *early_candidates; /* char*, the client's, until the remote description is set */
  GPtrArray *early_texts;      /* char*, of data channels, until it is connected */
  gsize n_early_text_bytes;    /* of them, ever */
  gboolean may_wait;           /* the description has elements that can hold up a thread */
  gboolean is_gathered;
  gboolean has_voice; /* as the signal "voice" said, or will when connected */
  gboolean has_remote_description;
};

/* Reports @error (transfer full) to whoever waits: the answer's caller, or the signal "failed". */
void vgw_peer_fail (VgwPeer *self, GError *error);

void vgw_peer_emit_candidate (VgwPeer *self, const char *candidate);
void vgw_peer_emit_track (VgwPeer *self, const VgwTrack *track);
void vgw_peer_emit_connected (VgwPeer *self);
void vgw_peer_emit_closed (VgwPeer *self);
void vgw_peer_emit_event (VgwPeer *self, const char *text);
void vgw_peer_emit_voice (VgwPeer *self, gboolean has_voice);
void vgw_peer_emit_dtmf (VgwPeer *self, const VgwKey *key);

/* vgw-peer-answer.c */

/* Begins with set-remote-description; ends by returning from answer_task. Errors: as vgw_peer_answer_async (). */
gboolean vgw_peer_start_answer (VgwPeer *self, const char *offer_text, GError **error);

/* Returns @error (transfer full) from answer_task, if there is one, and drops all that the answer waited for. */
void vgw_peer_drop_answer (VgwPeer *self, GError *error);

/* Hands a candidate of the client to webrtcbin. */
void vgw_peer_pass_candidate (VgwPeer *self, const char *candidate);

/* For webrtcbin's signals; any thread. */
void vgw_peer_on_ice_candidate (GstElement *bin, guint mline_index, const char *candidate, VgwMailbox *mailbox);
void vgw_peer_on_gathering_state (GstElement *bin, GParamSpec *pspec, VgwMailbox *mailbox);

/* vgw-peer-events.c */

/* Connects every signal of webrtcbin and its bus, and the keys. Before the pipeline is started. */
void vgw_peer_connect_bin (VgwPeer *self);

G_END_DECLS
