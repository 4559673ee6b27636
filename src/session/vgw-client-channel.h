/* The data channel on which a door speaks a protocol of its own with its client, and the moments of the call that the
 * door needs for it. In order, also across a connection that takes over. Main thread. */
#pragma once

#include "media/vgw-peer.h"
#include "session/vgw-conversation-report.h"
#include "session/vgw-moment.h"
#include "session/vgw-session-context.h"

struct _VgwSession;

typedef struct _VgwClientChannel VgwClientChannel;

/* On the main thread, never inside vgw_session_send_text (). May end @session, but not release its last reference. */
typedef void (*VgwMomentFunc) (struct _VgwSession *session, const VgwMoment *moment, gpointer user_data);

/* What the channel is made of; copied. */
typedef struct
{
  const char *label; /* static: the client opens the data channel with it */
  VgwMomentFunc func;
  gpointer user_data;
  gboolean ends_calls; /* it ends the session when its call is over: VGW_MOMENT_HUNG_UP */
} VgwClientChannelSetup;

/* @session, its @id and @context must outlive it. Returns: (transfer full) */
VgwClientChannel *vgw_client_channel_new (struct _VgwSession *session, const char *id, const VgwSessionContext *context,
                                          const VgwClientChannelSetup *setup);
void vgw_client_channel_free (VgwClientChannel *self);

const char *vgw_client_channel_get_label (VgwClientChannel *self);

/* Whose data channel it is (transfer none); NULL for none. */
void vgw_client_channel_set_peer (VgwClientChannel *self, VgwPeer *peer);

/* Queues @text (copied) until the channel is open and takes it, in order, up to VGW_CLIENT_CHANNEL_MAX_BYTES. FALSE,
 * and it is dropped, where too much waits. */
#define VGW_CLIENT_CHANNEL_MAX_BYTES (1024u * 1024)
gboolean vgw_client_channel_send (VgwClientChannel *self, const char *text);

/* The peer's data channel is open. */
void vgw_client_channel_handle_open (VgwClientChannel *self);

/* A text of the client, passed on or dropped. Errors: VGW_ERROR_TOO_LARGE, where it was dropped and the client is to be
 * notified. */
gboolean vgw_client_channel_handle_text (VgwClientChannel *self, const char *text, GError **error);

/* The call has to end with @reason, a limit. FALSE where the door leaves that to the session. */
gboolean vgw_client_channel_take_end (VgwClientChannel *self, VgwEndReason reason);

/* TRUE where @source was a moment, and nothing else is to be done with it. */
gboolean vgw_client_channel_take_report (VgwClientChannel *self, const VgwConversationReport *source);
