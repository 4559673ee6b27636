/* vgwopusenc: mono PCM at 8, 12, 16, 24 or 48 kHz to Opus speech, one 20 ms frame a packet. */
#pragma once

#include <gst/audio/audio.h>

#define VGW_TYPE_OPUS_ENC (vgw_opus_enc_get_type ())
G_DECLARE_FINAL_TYPE (VgwOpusEnc, vgw_opus_enc, VGW, OPUS_ENC, GstAudioEncoder)

#define VGW_OPUS_ENC_MAX_BITRATE 510000 /* bit/s: RFC 6716 section 2.1.1 */

/* After so many frames of silence, a buffer with the flag GAP becomes a packet without a frame; as in libopus's DTX. */
#define VGW_OPUS_ENC_SILENT_FRAMES 10u

/* Digital silence: each sample is 0. */
gboolean vgw_opus_enc_is_silence (const gint16 *samples, gsize n_samples);

/* The complexity limit of all encoders of the process, from their next frames on, for an overloaded machine; 10: no
 * limit. Any thread. */
void vgw_opus_enc_set_ceiling (guint complexity);
guint vgw_opus_enc_get_ceiling (void);
