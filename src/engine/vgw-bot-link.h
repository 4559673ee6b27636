/* The half of VgwEngineNet on the engine thread: connects to the bot, and again after a loss; the dialect's state, and
 * the queue of the caller's audio. Reference counted, because jobs of both threads hold it.
 *
 * Audio, marks, clear and hold of the bot are emitted on the engine thread; its events, the status of the connection,
 * failure and hang-up on the main thread, through the mailbox. */
#pragma once

#include "engine/dialects/vgw-dialect.h"
#include "engine/vgw-engine-config.h"
#include "engine/vgw-engine-io.h"
#include "engine/vgw-engine.h"

typedef struct _VgwBotLink VgwBotLink;

/* @engine (not referenced) receives the output until vgw_bot_link_detach (). @io and @dialect outlive the link, @config
 * and @start are copied. Main thread. Returns: (transfer full) */
VgwBotLink *vgw_bot_link_new (VgwEngineIo *io, const VgwEngineConfig *config, const VgwDialect *dialect,
                              VgwEngine *engine, const VgwEngineStart *start);
VgwBotLink *vgw_bot_link_ref (VgwBotLink *self);
void vgw_bot_link_unref (VgwBotLink *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VgwBotLink, vgw_bot_link_unref)

/* Sends the caller's audio, or buffers up to buffer_ms of it while there is no connection; drops it once stopped. One
 * thread at a time; never blocks. */
void vgw_bot_link_push_audio (VgwBotLink *self, const gint16 *samples, gsize n_samples);

/* The engine is not used afterwards, on any thread. Main thread. */
void vgw_bot_link_detach (VgwBotLink *self);

/* --- engine thread --- */

/* Opens the dialect and connects. Once. */
void vgw_bot_link_start (VgwBotLink *self);

/* Sends @input to the bot; drops it where there is no connection. */
void vgw_bot_link_handle (VgwBotLink *self, const VgwEngineInput *input);

/* Sends the last frames, closes the connection, and releases what belongs to the engine thread. Once. */
void vgw_bot_link_stop (VgwBotLink *self, const char *reason);
