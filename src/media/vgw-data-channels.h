/* The data channels of one webrtcbin. Text of any channel is an application event; the one labelled `events`, opened by
 * the client or by us, carries ours. A channel costs two threads while it is open, so their number is bounded
 * (vgw-sctp-streams.h). */
#pragma once

#include <gst/gst.h>

#include "base/vgw-json.h"
#include "base/vgw-mailbox.h"

#define VGW_EVENTS_LABEL "events"

typedef struct _VgwDataChannels VgwDataChannels; /* reference counted */

/* Listens on @webrtcbin. @text_func gets a char* on the main thread, of a text that is larger than VGW_EVENT_MAX_BYTES
 * one byte more than that. The client may have @max_channels open at a time. Main
 * thread, before negotiation. Returns: (transfer full) */
VgwDataChannels *vgw_data_channels_new (GstElement *webrtcbin, guint max_channels, const char *session_id,
                                        VgwMailbox *mailbox, VgwMailboxFunc text_func);
VgwDataChannels *vgw_data_channels_ref (VgwDataChannels *self);
void vgw_data_channels_unref (VgwDataChannels *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VgwDataChannels, vgw_data_channels_unref)

/* Sends @text on `events`, opening it if the client has not. FALSE where it is not open yet, or its buffer is full: the
 * caller then has the WebSocket. Main thread. */
gboolean vgw_data_channels_send (VgwDataChannels *self, const char *text);

/* Whether `events` is open, and whether so much waits in it that vgw_data_channels_send () refuses more for now; what
 * it refuses of an open channel that is not full it will never take, such as a text longer than the client's
 * a=max-message-size. Main thread. */
gboolean vgw_data_channels_is_open (VgwDataChannels *self);
gboolean vgw_data_channels_is_full (VgwDataChannels *self);

/* The SCTP association has failed: there are no channels any more, and no new ones. Any thread. Idempotent. */
void vgw_data_channels_lose (VgwDataChannels *self, const char *why);

/* Releases every channel; nothing is called afterwards. Must come before the pipeline goes to NULL: before 1.22.3 a
 * channel that outlives its webrtcbin uses it after it was freed. Main thread. Idempotent. */
void vgw_data_channels_close (VgwDataChannels *self);
