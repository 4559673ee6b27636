/* vgwjitterbuffer in a harness, fed with packets of Opus. */
#pragma once

#include <gst/check/gstharness.h>

#define JITTER_RIG_PAYLOAD_TYPE 96

/* Returns: (transfer full) for gst_harness_teardown () */
GstHarness *jitter_rig_new (guint latency_ms);

/* A packet with @length bytes of payload, frames of 20 ms, arrives at @arrival. */
void jitter_rig_push (GstHarness *harness, guint seqnum, guint32 timestamp, guint8 payload_type, gsize length,
                      GstClockTime arrival);

guint64 jitter_rig_get_stat (GstHarness *harness, const char *name);
