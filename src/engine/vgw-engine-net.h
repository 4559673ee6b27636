/* An engine behind a network: a dialect over a connection, with everything that can go wrong with one.
 *
 * Connecting has a deadline and is tried again, with backoff and jitter, within `grace_ms`; the caller's audio of the
 * last `buffer_ms` is kept meanwhile. Then FAILED is emitted. A bot that closes in good order has hung up. A bot that
 * does not take its audio for `stall_ms` is lost. What a bot sends that its protocol does not allow is dropped and
 * logged. */
#pragma once

#include "engine/dialects/vgw-dialect.h"
#include "engine/vgw-engine-config.h"
#include "engine/vgw-engine-io.h"
#include "engine/vgw-engine.h"

G_BEGIN_DECLS

#define VGW_TYPE_ENGINE_NET (vgw_engine_net_get_type ())
G_DECLARE_FINAL_TYPE (VgwEngineNet, vgw_engine_net, VGW, ENGINE_NET, VgwEngine)

/* @config is copied. Main thread. Returns: (transfer full) */
VgwEngine *vgw_engine_net_new (VgwEngineIo *io, const VgwEngineConfig *config, const VgwDialect *dialect);

G_END_DECLS
