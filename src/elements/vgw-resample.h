/* vgwresample: mono PCM to another rate, 20 ms in, 20 ms out. See the .c file for why. */
#pragma once

#include <gst/base/gstbasetransform.h>

#define VGW_TYPE_RESAMPLE (vgw_resample_get_type ())
G_DECLARE_FINAL_TYPE (VgwResample, vgw_resample, VGW, RESAMPLE, GstBaseTransform)
