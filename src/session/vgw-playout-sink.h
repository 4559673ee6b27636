/* Where an engine's output goes: audio, marks, clear and hold into a playout queue, on any thread; the rest to the
 * conversation. */
#pragma once

#include "base/vgw-mailbox.h"
#include "engine/vgw-engine.h"
#include "media/vgw-playout.h"

/* Main thread. May stop the engine. */
typedef void (*VgwPlayoutSinkFunc) (const VgwEngineOutput *output, gpointer user_data);

/* Connects @engine's output until it is stopped. @func is called with what is not for @playout. @on_mark_refused is
 * posted to @mailbox where the queue refuses a mark. Main thread, before the engine is started. */
void vgw_playout_sink_connect (VgwEngine *engine, VgwPlayout *playout, VgwPlayoutSinkFunc func, gpointer user_data,
                               VgwMailbox *mailbox, VgwMailboxFunc on_mark_refused);
