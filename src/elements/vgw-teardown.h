/* How a pipeline with a webrtcbin and a sink behind it goes to NULL. */
#pragma once

#include <gst/gst.h>

/* Sets @pipeline to NULL, its sinks first. Any thread that is not one of the pipeline's own; it joins those.
 *
 * Why the order: a bin goes down from PAUSED beginning with its sinks, and webrtcbin calls itself one. As long as it is
 * linked to the sink that it feeds, that one comes first. But a caller who hangs up sends an RTCP BYE, which takes the
 * pad away, maybe while a buffer is on its way through it: if that buffer comes to the sink after PLAYING, it waits
 * there for the preroll, and holds the stream lock that webrtcbin, which may be first now, waits for. For ever.
 *
 * Of webrtcbin's two elements of SCTP:
 *   - sctpdec takes its pads away on the way to NULL. webrtcbin takes that for resets by the other side, and closes the
 *     channels on its PC thread: it no longer receives the signal.
 *   - To close a channel is to release a pad of sctpenc. Where the other side has closed one a moment ago, the PC
 *     thread does that while sctpenc takes the same pad away: so sctpenc follows when webrtcbin is in NULL, and that
 *     thread has ended. */
void vgw_teardown_pipeline (GstElement *pipeline);
