/* The connection to a bot: a VgwWsChannel with the bounds of a bot. On the engine thread (VgwEngineIo).
 *
 * What a bot sends is read at most VGW_BOT_CHANNEL_MAX_BYTES_PER_S, after a burst, and in at most
 * VGW_BOT_CHANNEL_TIME_PERCENT of the thread's time: a bot that floods waits, and nobody else on the thread does. What
 * it does not take is kept up to a bound, and the kernel ends the connection where it takes nothing for stall_ms. */
#pragma once

#include "engine/dialects/vgw-dialect.h"
#include "engine/vgw-engine-config.h"
#include "engine/vgw-engine-io.h"
#include "net/vgw-ws-channel.h"

G_BEGIN_DECLS

/* From the bot, in one message: this, or what the playout queue takes where that is more (in base64 where a protocol
 * has its audio in text). */
#define VGW_BOT_CHANNEL_MIN_FRAME_BYTES (1024 * 1024)
#define VGW_BOT_CHANNEL_TIME_PERCENT 5                     /* of the thread's time, for reading what one bot sends */
#define VGW_BOT_CHANNEL_MAX_BYTES_PER_S (2 * 1024 * 1024)  /* 20 times as fast as anybody speaks at 48 kHz */
#define VGW_BOT_CHANNEL_MAX_BURST_BYTES (16 * 1024 * 1024) /* two minutes of that at once, in base64 too */
#define VGW_BOT_CHANNEL_MAX_UNSENT_BYTES (128 * 1024)      /* 4 s of audio at 16 kHz; besides what buffer_ms holds */

/* Begins to connect to @config's url, speaking @dialect's subprotocol; within @timeout_ms it is open or closed. Nothing
 * is emitted before this has returned. While @may_read returns FALSE nothing is read. @io waits for the channel to go.
 * Returns: (transfer full) */
VgwWsChannel *vgw_bot_channel_new (VgwEngineIo *io, const VgwEngineConfig *config, const VgwDialect *dialect,
                                   guint timeout_ms, gboolean (*may_read) (gpointer user_data), gpointer user_data);

G_END_DECLS
