/* The SCTP streams under the data channels of one webrtcbin: how many the client may have open, what of their control
 * messages webrtcbin gets to see, and what is left of a channel that was closed. A call needs none of them. */
#pragma once

#include <gst/gst.h>

#include "base/vgw-mailbox.h"

typedef struct _VgwSctpStreams
    VgwSctpStreams; /* reference counted: GStreamer's threads hold it through signal closures */

/* Listens on @webrtcbin from before the negotiation. The client may have @max_open channels open at a time: a stream
 * above that is reset, and webrtcbin makes no channel of it. Main thread. Returns: (transfer full) */
VgwSctpStreams *vgw_sctp_streams_new (GstElement *webrtcbin, guint max_open, const char *session_id,
                                      VgwMailbox *mailbox);
VgwSctpStreams *vgw_sctp_streams_ref (VgwSctpStreams *self);
void vgw_sctp_streams_unref (VgwSctpStreams *self);

/* The channel with the stream @id is the gateway's own: it is not counted. Any thread. */
void vgw_sctp_streams_add_own (VgwSctpStreams *self, int id);

/* The channel with the stream @id is closed: its elements and its thread go, and another may be opened in its place. On
 * the thread of webrtcbin that says so. */
void vgw_sctp_streams_remove (VgwSctpStreams *self, int id);

/* The association is gone, for good: logs @why. Any thread. Idempotent. */
void vgw_sctp_streams_lose (VgwSctpStreams *self, const char *why);
gboolean vgw_sctp_streams_is_lost (VgwSctpStreams *self);

/* Whether an error on the bus comes from an element of SCTP: it is the end of the association, and of nothing else. Any
 * thread. */
gboolean vgw_sctp_streams_is_source (GstObject *source);

/* Takes the bus from the children of @element, just added to a webrtcbin, where that is what webrtcbin makes of a
 * channel: a bin for each direction, which ignores errors, such as that of the source whose channel was closed, and
 * leaks them (1.22 and 1.26), 4 KB each, since a message holds the element. Without a bus there are none. */
void vgw_sctp_streams_silence (GstElement *element);

/* TRUE where webrtcbin may see @data as a control message (RFC 8832 section 5): it has a critical for one that is cut
 * short. Pure. */
gboolean vgw_sctp_streams_is_good_control (const guint8 *data, gsize size);

/* Nothing is called after this. Main thread, before the pipeline is released. Idempotent. */
void vgw_sctp_streams_close (VgwSctpStreams *self);
