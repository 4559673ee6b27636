/* The black box of one call: its audio in stereo, the caller left, the engine right, at the time at which it was heard,
 * and what happened, on the same timeline. docs/RECORDING.md describes the files. Nothing here waits for the disk, and
 * no call waits for this. Main thread. */
#pragma once

#include "session/vgw-call-bundles.h"
#include "session/vgw-session.h"

/* Records @session, which is not started yet, until its end. Nothing is on the disk before it is active; a session
 * without media leaves no bundle. */
void vgw_call_bundle_start (VgwCallBundles *bundles, VgwSession *session);
