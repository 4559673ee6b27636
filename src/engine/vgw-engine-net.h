/* A networked engine: a dialect over a connection, with its deadlines and reconnects.
 *
 * A connection attempt has a deadline and is repeated, with backoff and jitter, within `grace_ms`; the last `buffer_ms`
 * of the caller's audio are buffered meanwhile. Then FAILED is emitted. An orderly close by the bot is a hang-up. A bot
 * that does not read for `stall_ms` counts as lost. Messages that violate the protocol are dropped and logged. */
#pragma once

#include "engine/dialects/vgw-dialect.h"
#include "engine/vgw-engine-config.h"
#include "engine/vgw-engine-io.h"
#include "engine/vgw-engine.h"

#define VGW_TYPE_ENGINE_NET (vgw_engine_net_get_type ())
G_DECLARE_FINAL_TYPE (VgwEngineNet, vgw_engine_net, VGW, ENGINE_NET, VgwEngine)

/* @config is copied. Main thread. Returns: (transfer full) */
VgwEngine *vgw_engine_net_new (VgwEngineIo *io, const VgwEngineConfig *config, const VgwDialect *dialect);
