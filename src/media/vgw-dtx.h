/* Discontinuous transmission towards the caller (RFC 7587 section 3.1.3): which frames of the outgoing stream are
 * encoded and sent. The first 200 ms of a silence always are, so that short pauses do not interrupt a talkspurt, and so
 * that encoder and decoder both are in silence. After that nothing is sent, or with DTX a keep-alive at once and each
 * 400 ms: an Opus packet without a frame (RFC 6716 section 3.2.1), as libopus sends it. Receivers take that for comfort
 * noise, and not for loss: sequence numbers are consecutive, timestamps follow the time.
 *
 * Silence is the absence of audio, and with DTX also digital silence: a frame in which each sample is 0. Quiet audio is
 * sent as it is. A stream with DTX begins with a frame of silence and a keep-alive. */
#pragma once

#include <glib.h>

#include "elements/vgw-opus-enc.h"

struct _VgwPushSrc;

#define VGW_DTX_HANGOVER_TICKS VGW_OPUS_ENC_SILENT_FRAMES /* the encoder makes keep-alives after them */
#define VGW_DTX_KEEP_ALIVE_TICKS 20u                      /* 400 ms, as in libopus */

typedef enum
{
  VGW_DTX_SEND,       /* encode and send the frame */
  VGW_DTX_KEEP_ALIVE, /* send a packet without audio */
  VGW_DTX_NOTHING,
} VgwDtxStep;

/* One thread. */
typedef struct
{
  gboolean is_used;
  guint n_hangover_ticks; /* left before the stream falls silent */
  guint n_silent_ticks;   /* since the last keep-alive */
} VgwDtx;

/* Before the first frame of a stream. @is_used: with keep-alives, and without digital silence. */
void vgw_dtx_start (VgwDtx *self, gboolean is_used);

/* What to do with the frame of this tick. The first @n_audio of its @samples are the engine's, 0 for none. */
VgwDtxStep vgw_dtx_step (VgwDtx *self, const gint16 *samples, gsize n_audio);

/* Whether DTX can be used for what is pushed into @pcm_in: vgwopusenc is linked to it directly. Elements between both
 * may make sound out of silence. Main thread. */
gboolean vgw_dtx_is_possible (struct _VgwPushSrc *pcm_in);

/* Whether an Opus receiver with the format parameters @fmtp (nullable) refuses it with usedtx=0. Without the parameter,
 * the sender is free to use it (RFC 7587 section 6.1), as browsers do, which never send it. */
gboolean vgw_dtx_is_refused (const char *fmtp);
