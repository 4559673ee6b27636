/* The receiving end of a call: counts RTP packets, measures loudness, writes the WAV, in which the pauses between
 * talkspurts are silence of their length. Its callbacks run on streaming threads. */
#pragma once

#include <gst/gst.h>

#include "caller/vgw-call-stats.h"
#include "engine/builtin/vgw-wav-writer.h"

G_BEGIN_DECLS

typedef struct _VgwCallEar VgwCallEar;

typedef enum
{
  VGW_CALL_EAR_FIRST_AUDIO, /* the first decoded samples */
  VGW_CALL_EAR_FIRST_VOICE, /* the first 20 ms that are louder than silence */
} VgwCallEarEvent;

/* Called on a streaming thread, once for each event. */
typedef void (*VgwCallEarFunc) (VgwCallEarEvent event, gpointer user_data);

/* @wav (nullable) is borrowed. Returns: (transfer full) */
VgwCallEar *vgw_call_ear_new (guint rtp_clock_rate_hz, VgwWavFile *wav, VgwCallEarFunc func, gpointer user_data);

/* Only after the pipeline has gone to NULL. */
void vgw_call_ear_free (VgwCallEar *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VgwCallEar, vgw_call_ear_free)

/* Counts what enters @rtpbin, and hears what arrives at @appsink (s16 mono, VGW_CALL_OUTPUT_RATE_HZ). */
void vgw_call_ear_attach (VgwCallEar *self, GstElement *rtpbin, GstElement *appsink);

/* @heard_start_us: see VgwCallMeasurements. Any thread. */
void vgw_call_ear_get (VgwCallEar *self, VgwRtpCounter *received, VgwLevelMeter *level, gint64 *heard_start_us);

G_END_DECLS
