/* Where an engine's audio goes: into a playout queue, on any thread. */
#pragma once

#include "base/vgw-mailbox.h"
#include "engine/vgw-engine.h"
#include "media/vgw-playout.h"

G_BEGIN_DECLS

/* Connects @engine's output with @playout until it is stopped. @on_mark_refused is posted to @mailbox where the queue
 * refuses a mark. Main thread, before the engine is started. */
void vgw_engine_output_connect (VgwEngine *engine, VgwPlayout *playout, VgwMailbox *mailbox,
                                VgwMailboxFunc on_mark_refused);

G_END_DECLS
