/* The half of VgwEngineNet that lives on the engine thread: the connection to a bot, made, lost and made again, the
 * dialect's state, and the caller's audio on its way out. Reference counted, because jobs of both threads hold it.
 *
 * What the bot plays, its marks, clear and hold go to the engine on the engine thread; its events, the status of the
 * connection, failure and hang-up through the mailbox on the main thread. */
#pragma once

#include "engine/dialects/vgw-dialect.h"
#include "engine/vgw-engine-config.h"
#include "engine/vgw-engine-io.h"
#include "engine/vgw-engine.h"

G_BEGIN_DECLS

typedef struct _VgwBotLink VgwBotLink;

/* Does nothing yet. @engine (not referenced) gets the output until vgw_bot_link_detach (). @io and @dialect outlive the
 * link, @config and @start are copied. Main thread. Returns: (transfer full) */
VgwBotLink *vgw_bot_link_new (VgwEngineIo *io, const VgwEngineConfig *config, const VgwDialect *dialect,
                              VgwEngine *engine, const VgwEngineStart *start);
VgwBotLink *vgw_bot_link_ref (VgwBotLink *self);
void vgw_bot_link_unref (VgwBotLink *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VgwBotLink, vgw_bot_link_unref)

/* The caller's audio: sent, or kept up to buffer_ms while there is no connection; dropped where there will be none. Any
 * one thread at a time; never blocks. */
void vgw_bot_link_push_audio (VgwBotLink *self, const gint16 *samples, gsize n_samples);

/* The engine is not touched afterwards, on any thread. Main thread. */
void vgw_bot_link_detach (VgwBotLink *self);

/* --- engine thread --- */

/* Opens the dialect and begins to connect. Once. */
void vgw_bot_link_start (VgwBotLink *self);

/* Sends @input to the bot; drops it where there is no connection. */
void vgw_bot_link_handle (VgwBotLink *self, const VgwEngineInput *input);

/* Sends the last frames, closes the connection, and releases what belongs to the engine thread. Once. */
void vgw_bot_link_stop (VgwBotLink *self, const char *reason);

G_END_DECLS
