/* vgwopusenc: mono PCM at 8, 12, 16, 24 or 48 kHz to Opus speech, one 20 ms frame a packet. */
#pragma once

#include <gst/audio/audio.h>

#define VGW_TYPE_OPUS_ENC (vgw_opus_enc_get_type ())
G_DECLARE_FINAL_TYPE (VgwOpusEnc, vgw_opus_enc, VGW, OPUS_ENC, GstAudioEncoder)

/* No encoder of the process exceeds this complexity from its next frame on, whatever its property says; 10: no limit.
 * For a machine with more calls than it can carry. Any thread. */
void vgw_opus_enc_set_ceiling (guint complexity);
guint vgw_opus_enc_get_ceiling (void);
