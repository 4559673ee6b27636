/* The half of VgwEngineNet that lives on the engine thread: one call's connection, its dialect's state, and the audio
 * on its way out. Reference counted, because jobs on both threads hold it.
 */
#pragma once

#include "engine/dialects/vgw-dialect.h"
#include "engine/vgw-engine-config.h"
#include "engine/vgw-engine-io.h"
#include "engine/vgw-engine.h"

G_BEGIN_DECLS

typedef struct _VgwEngineCall VgwEngineCall;

/* Does nothing yet. @owner (not referenced) gets the bot's voice on the engine thread, and the events on the main
 * thread, until vgw_engine_call_stop (). @io, @owner and @dialect outlive the call. Main thread. Returns: (transfer
 * full) */
VgwEngineCall *vgw_engine_call_new (VgwEngineIo *io, const VgwEngineConfig *config, const VgwDialect *dialect,
                                    VgwEngine *owner, const VgwEngineStart *start);
void vgw_engine_call_unref (VgwEngineCall *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VgwEngineCall, vgw_engine_call_unref)

/* Begins to connect. Main thread. */
void vgw_engine_call_start (VgwEngineCall *self);

/* The caller's voice. Any one thread at a time; never blocks. */
void vgw_engine_call_push_audio (VgwEngineCall *self, const gint16 *samples, gsize n_samples);

/* Main thread. */
void vgw_engine_call_send (VgwEngineCall *self, const VgwEngineInput *input);

/* Says goodbye to the bot and closes. The owner is not touched afterwards, on any thread. Main thread. Idempotent. */
void vgw_engine_call_stop (VgwEngineCall *self, const char *reason);

G_END_DECLS
