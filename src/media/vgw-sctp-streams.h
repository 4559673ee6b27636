/* The SCTP streams of the data channels of one webrtcbin: limits their number, filters their control messages, and
 * frees what webrtcbin leaves of closed channels. */
#pragma once

#include <gst/gst.h>

#include "base/vgw-mailbox.h"

typedef struct _VgwSctpStreams
    VgwSctpStreams; /* reference counted: GStreamer's threads hold it through signal closures */

/* Connects to @webrtcbin, before the negotiation. The client may have @max_open channels open at a time: a stream
 * beyond that is reset before webrtcbin creates a channel. @acknowledged is posted to @mailbox when a channel of the
 * client is. Main thread. Returns: (transfer full) */
VgwSctpStreams *vgw_sctp_streams_new (GstElement *webrtcbin, guint max_open, const char *session_id,
                                      VgwMailbox *mailbox, VgwMailboxFunc acknowledged);
VgwSctpStreams *vgw_sctp_streams_ref (VgwSctpStreams *self);
void vgw_sctp_streams_unref (VgwSctpStreams *self);

/* The channel with the stream @id is the gateway's own: it is not counted. Any thread. */
void vgw_sctp_streams_add_own (VgwSctpStreams *self, int id);

/* Whether a message may be sent on the channel with the stream @id: webrtcbin reports a channel of the client as open
 * before it has sent DATA_CHANNEL_ACK, and a client may not expect data before that (RFC 8832 section 6). Any thread.
 */
gboolean vgw_sctp_streams_may_send (VgwSctpStreams *self, int id);

/* The channel with the stream @id is closed: frees its elements and its thread, and another may be opened. On the
 * thread of webrtcbin's notification. */
void vgw_sctp_streams_remove (VgwSctpStreams *self, int id);

/* The association has ended: logs @why. Any thread. Idempotent. */
void vgw_sctp_streams_lose (VgwSctpStreams *self, const char *why);
gboolean vgw_sctp_streams_is_lost (VgwSctpStreams *self);

/* Whether @source, of an error on the bus, is an element of SCTP: such an error ends only the association. Any thread.
 * */
gboolean vgw_sctp_streams_is_source (GstObject *source);

/* Removes the bus from the children of @element, just added to a webrtcbin, where it is one of a channel's two bins.
 * These ignore errors, such as that of the source of a closed channel, and leak them (1.22 and 1.26), 4 KB each, since
 * a message holds the element. Without a bus there are no messages. */
void vgw_sctp_streams_silence (GstElement *element);

/* Whether the control message @data (RFC 8832 section 5) is complete; webrtcbin logs a critical for a truncated one.
 * Pure. */
gboolean vgw_sctp_streams_is_good_control (const guint8 *data, gsize size);

/* Nothing is called after this. Main thread, before the pipeline is released. Idempotent. */
void vgw_sctp_streams_close (VgwSctpStreams *self);
