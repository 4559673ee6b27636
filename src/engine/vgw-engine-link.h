/* One connection to a bot, WebSocket or TCP: opened once, bounded in both directions, closed once. It lives on the
 * engine thread (VgwEngineIo): create and use it there only.
 *
 * Signals:
 *   "opened" (void)
 *   "frame"  (gboolean is_text, const guint8 *data, gsize length)   one message, or any piece of a TCP stream
 *   "closed" (const GError *error)                                  once; error is NULL where the bot closed in good order
 */
#pragma once

#include <gio/gio.h>

#include "engine/vgw-dialect.h"
#include "engine/vgw-engine-config.h"

G_BEGIN_DECLS

#define VGW_TYPE_ENGINE_LINK (vgw_engine_link_get_type ())
G_DECLARE_FINAL_TYPE (VgwEngineLink, vgw_engine_link, VGW, ENGINE_LINK, GObject)

#define VGW_ENGINE_LINK_MAX_FRAME_BYTES (1024 * 1024) /* from the bot: 32 s of audio at 16 kHz in one piece */

/* Begins to connect to @config's url, speaking @dialect's subprotocol; within @config's connect_timeout_ms it is open or
 * closed. @config and @dialect must outlive it. Returns: (transfer full) */
VgwEngineLink *vgw_engine_link_new (const VgwEngineConfig *config, const VgwDialect *dialect);

/* Sends one frame. FALSE, and nothing is sent, where it is not open, or where the bot has not taken what was sent
 * before: more than VGW_ENGINE_LINK_MAX_UNSENT_BYTES wait. */
gboolean vgw_engine_link_send (VgwEngineLink *self, gboolean is_text, const guint8 *data, gsize length);

gboolean vgw_engine_link_is_open (VgwEngineLink *self);

/* Bytes that the bot has not taken yet, as far as they can be known. */
gsize vgw_engine_link_get_unsent_bytes (VgwEngineLink *self);
#define VGW_ENGINE_LINK_MAX_UNSENT_BYTES (128 * 1024) /* 4 s of audio at 16 kHz */

/* Closes it, after what was sent, at the latest after a second. Nothing is emitted afterwards. Idempotent. */
void vgw_engine_link_close (VgwEngineLink *self);

G_END_DECLS
