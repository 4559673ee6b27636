/* The caller's side of a peer connection: webrtcbin as offerer, speech out, audio back. Everything is called and
 * emitted on the main thread, except vgw_call_media_feed ().
 *
 * Signals:
 *   "offer"         (const char *sdp)                       the local description is set; send it
 *   "candidate"     (const char *candidate, guint mline)    a local candidate, after the offer
 *   "ice-connected" (void)
 *   "connected"     (void)                                  ICE and DTLS are up
 *   "first-audio"   (void)                                  the first decoded samples
 *   "first-voice"   (void)                                  the first 20 ms that are louder than silence
 *   "channel-open"  (void)                                  the data channel `events` can be used
 *   "event"         (const char *text)                      text from the data channel
 *   "failed"        (const GError *error)                   the connection has failed
 *   "stopped"       (void)                                  after vgw_call_media_stop (): all threads have ended
 * */
#pragma once

#include <glib-object.h>

#include "caller/vgw-call-keys.h"
#include "caller/vgw-call-meters.h"
#include "caller/vgw-speech.h"
#include "engine/builtin/vgw-wav-writer.h"

#define VGW_TYPE_CALL_MEDIA (vgw_call_media_get_type ())
G_DECLARE_FINAL_TYPE (VgwCallMedia, vgw_call_media, VGW, CALL_MEDIA, GObject)

/* The measurements so far. */
typedef struct
{
  guint64 n_sent; /* RTP packets, since the connection is up */
  VgwRtpCounter received;
  VgwLevelMeter level;
  gint64 said_start_us;  /* of the monotonic clock: when the first sample of the speech went out, or -1 */
  gint64 heard_start_us; /* when the first sample of what came back, and of its WAV, came out of the decoder, or -1 */
} VgwCallMeasurements;

/* Builds the pipeline for the codec of @speech. @wav (nullable) receives the audio; it is borrowed until "stopped".
 * @keys (nullable): keys to press, as for vgw_call_keys_new (); telephone events are offered then. Errors:
 * VGW_ERROR_INTERNAL, with the missing GStreamer element. Returns: (transfer full) */
VgwCallMedia *vgw_call_media_new (VgwSpeech *speech, VgwWavFile *wav, gboolean has_data_channel, const char *keys,
                                  GError **error);

/* Before vgw_call_media_start (). @url is "stun:host:port" or "turn:host:port?transport=udp". */
void vgw_call_media_add_ice_server (VgwCallMedia *self, const char *url, const char *username, const char *credential);

/* Before vgw_call_media_start (): offer candidates of a TURN server alone. */
void vgw_call_media_set_relay_only (VgwCallMedia *self);

/* The time from "connected" to the end of the last key; 0 where there are none. */
guint vgw_call_media_get_keys_ms (VgwCallMedia *self);

/* Starts the pipeline and makes the offer. */
void vgw_call_media_start (VgwCallMedia *self);

/* Errors: VGW_ERROR_BAD_MESSAGE for SDP that does not parse, or has no telephone events where there are keys; "failed"
 * is emitted where webrtcbin rejects it. */
gboolean vgw_call_media_set_answer (VgwCallMedia *self, const char *sdp, GError **error);

/* A candidate of the other side; "" and NULL end them. */
void vgw_call_media_add_candidate (VgwCallMedia *self, const char *candidate, guint mline_index);

/* A VgwPacerFunc, from "connected" on: sends the next 20 ms of speech. @user_data: the VgwCallMedia. */
gint64 vgw_call_media_feed (gint64 due_us, gpointer user_data);

/* Sends @text on the data channel. FALSE where it is not open. */
gboolean vgw_call_media_send_event (VgwCallMedia *self, const char *text);

/* Once it is no longer fed. */
void vgw_call_media_get_measurements (VgwCallMedia *self, VgwCallMeasurements *measurements);

/* Tears down in a thread of its own and emits "stopped" and nothing else from now on. Idempotent. */
void vgw_call_media_stop (VgwCallMedia *self);
