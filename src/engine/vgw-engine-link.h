/* One connection to a bot, WebSocket or TCP: opened once, bounded in both directions, closed once. It lives on the
 * engine thread (VgwEngineIo): create and use it there only.
 *
 * What a bot sends is read at most VGW_ENGINE_LINK_MAX_BYTES_PER_S, after a burst, and in at most
 * VGW_ENGINE_LINK_TIME_PERCENT of the thread's time: a bot that floods waits, and nobody else on the thread does. What
 * it does not take is kept up to a bound, and the kernel ends the connection where it takes nothing for stall_ms.
 *
 * Signals:
 *   "opened" (void)
 *   "frame"  (gboolean is_text, const guint8 *data, gsize length)   one message, or any piece of a TCP stream
 *   "closed" (VgwEngineLinkEnd how, const GError *error)            once; error is NULL where the bot closed in good
 * order
 */
#pragma once

#include <gio/gio.h>

#include "engine/dialects/vgw-dialect.h"
#include "engine/vgw-engine-config.h"
#include "engine/vgw-engine-io.h"

G_BEGIN_DECLS

#define VGW_TYPE_ENGINE_LINK (vgw_engine_link_get_type ())
G_DECLARE_FINAL_TYPE (VgwEngineLink, vgw_engine_link, VGW, ENGINE_LINK, GObject)

/* How a connection ended. */
typedef enum
{
  VGW_ENGINE_LINK_CLOSED, /* by the bot, in good order: close 1000 or without a code, or the end of a TCP stream */
  VGW_ENGINE_LINK_ENDED,  /* by the bot otherwise, once open: another code, no closing frame, a reset */
  VGW_ENGINE_LINK_FAILED, /* it never opened, the bot broke the protocol, or the network was silent for too long */
} VgwEngineLinkEnd;

/* From the bot, in one message: this, or what the playout queue takes where that is more (in base64 where a protocol
 * has its audio in text). */
#define VGW_ENGINE_LINK_MIN_FRAME_BYTES (1024 * 1024)
#define VGW_ENGINE_LINK_TIME_PERCENT 5                     /* of the thread's time, for reading what one bot sends */
#define VGW_ENGINE_LINK_MAX_BYTES_PER_S (2 * 1024 * 1024)  /* 20 times as fast as anybody speaks at 48 kHz */
#define VGW_ENGINE_LINK_MAX_BURST_BYTES (16 * 1024 * 1024) /* two minutes of that at once, in base64 too */
#define VGW_ENGINE_LINK_MAX_UNSENT_BYTES (128 * 1024)      /* 4 s of audio at 16 kHz; besides what buffer_ms holds */

/* Begins to connect to @config's url, speaking @dialect's subprotocol; within @timeout_ms it is open or closed. Nothing
 * is emitted before this has returned. @config is copied, @dialect must outlive it, and @io waits for it. Returns:
 * (transfer full) */
VgwEngineLink *vgw_engine_link_new (VgwEngineIo *io, const VgwEngineConfig *config, const VgwDialect *dialect,
                                    guint timeout_ms);

/* Sends one frame. Emits nothing by itself. FALSE, and nothing is sent, where it is not open, or where the bot has not
 * taken what was sent before: more than VGW_ENGINE_LINK_MAX_UNSENT_BYTES wait. */
gboolean vgw_engine_link_send (VgwEngineLink *self, gboolean is_text, const guint8 *data, gsize length);

gboolean vgw_engine_link_is_open (VgwEngineLink *self);

/* Asked before each piece is read: while it returns FALSE nothing is, and TCP holds the bot back. Not asked once the
 * link is over. */
typedef gboolean (*VgwEngineLinkMayReadFunc) (gpointer user_data);
void vgw_engine_link_set_may_read_func (VgwEngineLink *self, VgwEngineLinkMayReadFunc func, gpointer user_data);

/* Closes it, after what was sent, at the latest after a second. Nothing is emitted afterwards. Idempotent. */
void vgw_engine_link_close (VgwEngineLink *self);

G_END_DECLS
