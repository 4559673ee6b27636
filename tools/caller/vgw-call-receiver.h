/* The receiver of a call: counts RTP packets, measures loudness, writes the WAV, with silence for the pauses between
 * talkspurts. Its callbacks run on streaming threads. */
#pragma once

#include <gst/gst.h>

#include "caller/vgw-call-meters.h"
#include "engine/builtin/vgw-wav-writer.h"

typedef struct _VgwCallReceiver VgwCallReceiver;

typedef enum
{
  VGW_CALL_RECEIVER_FIRST_AUDIO, /* the first decoded samples */
  VGW_CALL_RECEIVER_FIRST_VOICE, /* the first 20 ms that are louder than silence */
} VgwCallReceiverEvent;

/* Called on a streaming thread, once for each event. */
typedef void (*VgwCallReceiverFunc) (VgwCallReceiverEvent event, gpointer user_data);

/* @wav (nullable) is borrowed. Returns: (transfer full) */
VgwCallReceiver *vgw_call_receiver_new (guint rtp_clock_rate_hz, VgwWavFile *wav, VgwCallReceiverFunc func,
                                        gpointer user_data);

/* Only once the state of the pipeline is NULL. */
void vgw_call_receiver_free (VgwCallReceiver *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VgwCallReceiver, vgw_call_receiver_free)

/* Counts the packets of @rtpbin, and measures the audio of @appsink (s16 mono, VGW_CALL_OUTPUT_RATE_HZ). */
void vgw_call_receiver_attach (VgwCallReceiver *self, GstElement *rtpbin, GstElement *appsink);

/* @heard_start_us: see VgwCallMeasurements. Any thread. */
void vgw_call_receiver_get (VgwCallReceiver *self, VgwRtpCounter *received, VgwLevelMeter *level,
                            gint64 *heard_start_us);
