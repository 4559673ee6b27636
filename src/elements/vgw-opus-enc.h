/* vgwopusenc: mono PCM at 8, 12, 16, 24 or 48 kHz to Opus speech, one 20 ms frame a packet. */
#pragma once

#include <gst/audio/audio.h>

#define VGW_TYPE_OPUS_ENC (vgw_opus_enc_get_type ())
G_DECLARE_FINAL_TYPE (VgwOpusEnc, vgw_opus_enc, VGW, OPUS_ENC, GstAudioEncoder)

/* The complexity limit of all encoders of the process, from their next frames on, for an overloaded machine; 10: no
 * limit. Any thread. */
void vgw_opus_enc_set_ceiling (guint complexity);
guint vgw_opus_enc_get_ceiling (void);
