/* One peer connection: webrtcbin as answerer, with its threads behind a mailbox. Everything here is called and
 * emitted on the main thread. webrtcbin answers once: what a client changes later on the same connection is answered
 * here (vgw_peer_reanswer ()), and another connection takes another peer.
 *
 * Signals:
 *   "candidate" (const char *candidate, const char *mid, guint mline_index)   a local candidate after the answer
 *   "track"     (const VgwTrack *track)       a remote track arrived (OnTrack); it is linked already
 *   "connected" (void)                        ICE and DTLS are up, the fingerprint is right, media passes
 *   "channel-open" (void)                     the client has opened the data channel to send on, once connected
 *   "event"     (const char *text)            text from a data channel
 *   "dtmf"      (char digit, guint duration_ms)   a key of the caller ('0'-'9', '*', '#', 'A'-'D')
 *   "voice"     (const VgwVoice *voice)       the pipeline's `vad` begins or ceases to detect voice, once connected;
 *                                             only where it is wanted
 *   "failed"    (const GError *error)         it is over; UNAUTHORIZED for a wrong fingerprint
 *   "closed"    (void)                        the other side closed DTLS
 */
#pragma once

#include <gio/gio.h>

#include "ice/vgw-ice-parameters.h"
#include "media/vgw-bridge.h"
#include "media/vgw-media.h"
#include "media/vgw-send-result.h"
#include "media/vgw-voice.h"

#define VGW_TYPE_PEER (vgw_peer_get_type ())
G_DECLARE_FINAL_TYPE (VgwPeer, vgw_peer, VGW, PEER, GObject)

typedef struct
{
  const char *kind;  /* "audio" */
  const char *codec; /* "OPUS" */
  guint clock_rate_hz;
  guint32 ssrc;
  const char *mid;
} VgwTrack;

typedef struct
{
  VgwAudioFormat format;     /* of the audio at the bridge that it will be attached to */
  gboolean wants_voice;      /* "voice" is to be emitted, which costs */
  const char *channel_label; /* (nullable) static: of the data channel to send on, which the client opens; else
                              * `events`, which is opened for a client that does not */
} VgwPeerSetup;

/* @session_id is for the log. @setup is copied. Returns: (transfer full) */
VgwPeer *vgw_peer_new (VgwMedia *media, const char *session_id, const VgwPeerSetup *setup);

/* Inspects @offer, picks the pipeline, builds webrtcbin, answers and gathers up to the bound. Once per peer.
 * Errors: VGW_ERROR_BAD_MESSAGE, VGW_ERROR_UNSUPPORTED, VGW_ERROR_TOO_LARGE (unusable offer), VGW_ERROR_TIMEOUT,
 * VGW_ERROR_INTERNAL. */
void vgw_peer_answer_async (VgwPeer *self, const char *offer, GCancellable *cancellable, GAsyncReadyCallback callback,
                            gpointer user_data);

/* The answer's SDP, with every candidate known by now. Returns: (transfer full) */
char *vgw_peer_answer_finish (VgwPeer *self, GAsyncResult *result, GError **error);

/* The answer to a further offer of the client, made at once. The offer is of the same RTCPeerConnection, after the
 * first answer: other directions (hold), m-lines made later, an ICE restart. DTLS, SRTP and the codec go on. What the
 * client does not want to hear is not sent, and what it does not send any more is not heard. M-lines that the first
 * answer has not are answered inactive or rejected: a data channel is there only where the first offer has one.
 * Errors, and the connection is as before:
 *   VGW_ERROR_BAD_STATE: the offer is of another connection, or restarts ICE with ice.agent = nice, or there is no
 *   answer yet; a new peer can answer it
 *   VGW_ERROR_BAD_MESSAGE, VGW_ERROR_UNSUPPORTED, VGW_ERROR_TOO_LARGE: it cannot be used
 * Returns: (transfer full) */
char *vgw_peer_reanswer (VgwPeer *self, const char *text, GError **error);

/* An ICE restart without SDP (WHIP's PATCH): checks with either pair of credentials are answered until the new one has
 * proved itself. Errors: VGW_ERROR_BAD_STATE without an answer, VGW_ERROR_BAD_MESSAGE for credentials that are none,
 * VGW_ERROR_UNSUPPORTED with ice.agent = nice.
 * Returns: (transfer full) ours, for vgw_ice_parameters_free () */
VgwIceParameters *vgw_peer_restart_ice (VgwPeer *self, const char *remote_ufrag, const char *remote_pwd,
                                        GError **error);

/* A remote candidate; "" ends them. @mline_index -1 and @mid NULL where the client did not say. One for an m-line that
 * is not there is ignored. After vgw_peer_answer_async (); until the answer is made they are kept. Errors:
 * VGW_ERROR_BAD_MESSAGE for what is none. */
gboolean vgw_peer_add_candidate (VgwPeer *self, const char *candidate, const char *mid, int mline_index,
                                 GError **error);

/* Lets audio pass between the client and @bridge, which has the format of its VgwPeerSetup. Once it is connected, no
 * earlier than in "connected". */
void vgw_peer_attach (VgwPeer *self, VgwBridge *bridge);

/* Sends text on the data channel. */
VgwSendResult vgw_peer_send_event (VgwPeer *self, const char *text);

/* Whether that channel is open. */
gboolean vgw_peer_has_event_channel (VgwPeer *self);

/* The name of the codec agreed on, NULL before the answer. */
const char *vgw_peer_get_codec (VgwPeer *self);

/* For media/: its parts, see vgw-peer-view.h. */
struct _VgwPeerView;
void vgw_peer_get_view (VgwPeer *self, struct _VgwPeerView *view);

/* Ends it: nothing is emitted afterwards, the bridge is free again, and the teardown goes on in the reaper.
 * Idempotent, never blocks. */
void vgw_peer_stop (VgwPeer *self);
