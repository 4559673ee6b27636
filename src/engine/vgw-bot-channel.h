/* The connection to a bot: a VgwWsChannel with the limits of a bot. On the engine thread (VgwEngineIo).
 *
 * A bot is read at VGW_BOT_CHANNEL_MAX_BYTES_PER_S at most, after a burst, and in VGW_BOT_CHANNEL_TIME_PERCENT of the
 * thread's time at most, so that a flood delays only that bot. Unsent data is queued up to a limit, and the kernel ends
 * a connection that accepts nothing for stall_ms. */
#pragma once

#include "engine/dialects/vgw-dialect.h"
#include "engine/vgw-engine-config.h"
#include "engine/vgw-engine-io.h"
#include "net/vgw-ws-channel.h"

/* The limit of one message of the bot; raised to the capacity of the playout queue where that is larger (in base64 for
 * a protocol with its audio in text). */
#define VGW_BOT_CHANNEL_MIN_FRAME_BYTES (1024 * 1024)
#define VGW_BOT_CHANNEL_TIME_PERCENT 5                     /* of the thread's time, for reading one bot */
#define VGW_BOT_CHANNEL_MAX_BYTES_PER_S (2 * 1024 * 1024)  /* 20 times real time at 48 kHz */
#define VGW_BOT_CHANNEL_MAX_BURST_BYTES (16 * 1024 * 1024) /* two minutes at 48 kHz, also in base64 */
#define VGW_BOT_CHANNEL_MAX_UNSENT_BYTES (128 * 1024)      /* 4 s of audio at 16 kHz, in addition to buffer_ms */

/* Connects to @config's url with @dialect's subprotocol and the header @traceparent (nullable); after @timeout_ms at
 * most it is open or closed. Nothing is emitted before this has returned. While @may_read is FALSE nothing is read.
 * @io is held until the channel is finalized.
 * Returns: (transfer full) */
VgwWsChannel *vgw_bot_channel_new (VgwEngineIo *io, const VgwEngineConfig *config, const VgwDialect *dialect,
                                   const char *traceparent, guint timeout_ms, gboolean (*may_read) (gpointer user_data),
                                   gpointer user_data);
