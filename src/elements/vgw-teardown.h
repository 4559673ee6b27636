/* The change to NULL of a pipeline with a webrtcbin and a sink after it. */
#pragma once

#include <gst/gst.h>

/* Sets @pipeline to NULL, its sinks first. On any thread but the pipeline's own, which are joined.
 *
 * The order: a bin changes the state of its sinks first, and webrtcbin is one by its flags. While it is linked to the
 * sink that it feeds, that sink comes first. But an RTCP BYE of a caller who hangs up removes the pad, possibly while a
 * buffer is being pushed: if that buffer reaches the sink after PLAYING, it waits there for the preroll with the stream
 * lock, and webrtcbin, which may be first now, waits for that lock: a deadlock.
 *
 * webrtcbin's two elements of SCTP:
 *   - sctpdec removes its pads on the way to NULL. webrtcbin would handle that as resets by the peer and close the
 *     channels on its PC thread, so its signal handler is disconnected.
 *   - Closing a channel releases a pad of sctpenc. Where the peer has closed one just before, the PC thread does so
 *     while sctpenc removes the same pad: so sctpenc is set to NULL after webrtcbin, when that thread has ended.
 *
 * The PC thread may be adding elements. A bin that goes down takes an element that is on its way up to its own next
 * state, and dtlsdec refuses that while it has no certificate yet: the change fails, and the whole pipeline goes on
 * playing. It is tried again when that thread has ended its step.
 *
 * FALSE where an element refuses each time. The pipeline is never freed then: to dispose of elements that still run
 * aborts the process. */
gboolean vgw_teardown_pipeline (GstElement *pipeline);
