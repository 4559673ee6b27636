/* vgwopusdec: Opus to mono (or stereo) PCM at 8, 12, 16, 24 or 48 kHz. See the .c file for the handling of loss. */
#pragma once

#include <gst/audio/audio.h>

#define VGW_TYPE_OPUS_DEC (vgw_opus_dec_get_type ())
G_DECLARE_FINAL_TYPE (VgwOpusDec, vgw_opus_dec, VGW, OPUS_DEC, GstAudioDecoder)
