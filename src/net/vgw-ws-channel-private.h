/* How src/net makes and ends channels. */
#pragma once

#include "base/vgw-token-bucket.h"
#include "net/vgw-ws-channel.h"

G_BEGIN_DECLS

typedef struct
{
  guint max_message_bytes; /* in, of one message with all its fragments */
  gsize max_queue_bytes;   /* out, what the client has not read yet */
  guint idle_timeout_ms;   /* 0: no pings, no bound on silence */
  guint close_timeout_ms;  /* from the start of closing to cutting off */
  guint max_frames_per_s;  /* in, over a second or so; five times as many in one burst */
  guint work_percent;      /* of the main thread's time that handling its messages may take; a burst of 250 ms first */
  VgwTokenBucket *shared_work; /* (nullable) of all channels together: 40 %; outlives the channel */
} VgwWsChannelSettings;

#define VGW_WS_CHANNEL_SHARED_PERCENT 40

extern const VgwWsChannelSettings vgw_ws_channel_defaults;

/* @stream (transfer none): after a handshake without extensions; both its halves pollable. @socket (transfer none)
 * (nullable): what the stream ends in, to tell the peer that no more will come. @remote_address, @query (nullable) are
 * copied, and so is @settings. Reading starts with the next run of the main loop. Returns: (transfer full) */
VgwWsChannel *vgw_ws_channel_new (GIOStream *stream, GSocket *socket, const char *remote_address, const char *query,
                                  const VgwWsChannelSettings *settings);

/* What the request said, for those who ask the channel. Copied; each (nullable). */
void vgw_ws_channel_set_page (VgwWsChannel *self, const char *origin, const char *user_agent);

/* Closes the socket now, without a handshake, and emits "closed". Idempotent. Not from a handler of the channel. */
void vgw_ws_channel_cut (VgwWsChannel *self);

/* How often reading was put off because of the time that messages took. For tests, and for the log. */
guint vgw_ws_channel_count_delays (VgwWsChannel *self);

/* Bytes queued and not yet taken by the kernel. For tests of the bound. */
gsize vgw_ws_channel_get_queued_bytes (VgwWsChannel *self);

G_END_DECLS
