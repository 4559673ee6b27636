/* The data channels of one webrtcbin. Text on any channel comes from the client; what is sent goes on the channel
 * labelled `events`, opened by the client or by us, or on one of another label, opened by the client. An open channel
 * has two threads, so their number is limited (vgw-sctp-streams.h). */
#pragma once

#include <gst/gst.h>

#include "base/vgw-json.h"
#include "base/vgw-mailbox.h"
#include "media/vgw-send-result.h"

#define VGW_EVENTS_LABEL "events"

typedef struct _VgwDataChannels VgwDataChannels; /* reference counted */

typedef struct
{
  VgwMailbox *mailbox;    /* of both functions, which run on the main thread */
  VgwMailboxFunc text;    /* of any channel, a char*; above VGW_EVENT_MAX_BYTES it is truncated to one byte more */
  VgwMailboxFunc opened;  /* the client has opened a channel to send on */
  const char *own_label;  /* (nullable) static: of the channel to send on, opened by the client only; else `events` */
  guint max_channels;     /* that the client may have open at a time */
  const char *session_id; /* for the log */
} VgwDataChannelsSetup;

/* Connects to @webrtcbin. @setup is copied. Main thread, before negotiation. Returns: (transfer full) */
VgwDataChannels *vgw_data_channels_new (GstElement *webrtcbin, const VgwDataChannelsSetup *setup);
VgwDataChannels *vgw_data_channels_ref (VgwDataChannels *self);
void vgw_data_channels_unref (VgwDataChannels *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VgwDataChannels, vgw_data_channels_unref)

/* Sends @text, opening `events` if the client has not. Main thread. */
VgwSendResult vgw_data_channels_send (VgwDataChannels *self, const char *text);

/* Whether the channel to send on is open. Main thread. */
gboolean vgw_data_channels_is_open (VgwDataChannels *self);

/* TRUE once for each channel to send on that is open. Main thread. */
gboolean vgw_data_channels_take_opened (VgwDataChannels *self);

/* Keeps a copy of @text, of the client, for vgw_data_channels_take_held (); of all that ever wait VGW_EVENT_MAX_BYTES.
 * Main thread. */
void vgw_data_channels_hold (VgwDataChannels *self, const char *text);

/* The first one, or NULL. (transfer full) */
char *vgw_data_channels_take_held (VgwDataChannels *self);

/* The SCTP association has failed: all channels are closed, and no new ones can be opened. Any thread. Idempotent. */
void vgw_data_channels_lose (VgwDataChannels *self, const char *why);

/* Releases all channels; nothing is called afterwards. Must precede the pipeline's change to NULL: before 1.22.3 a
 * channel that outlives its webrtcbin uses it after it was freed. Main thread. Idempotent. */
void vgw_data_channels_close (VgwDataChannels *self);
