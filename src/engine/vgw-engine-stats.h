/* What is counted over all networked engines, since the start. Plain data. */
#pragma once

#include "base/vgw-histogram.h"

typedef enum
{
  VGW_ENGINE_TIME_CONNECT,     /* of each connection to a bot, with name resolution, TLS and handshake */
  VGW_ENGINE_TIME_FIRST_AUDIO, /* from the start of the engine to its first audio */
  VGW_ENGINE_N_TIMES,
} VgwEngineTime;

typedef enum
{
  VGW_ENGINE_COUNT_FAILED_CONNECTIONS, /* that were not established, or lost */
  VGW_ENGINE_COUNT_DROPPED_AUDIO_MS,   /* of callers, beyond buffer-ms */
  VGW_ENGINE_COUNT_DROPPED_EVENTS,     /* of either side, because too many waited */
  VGW_ENGINE_N_COUNTS,
} VgwEngineCount;

typedef struct
{
  VgwHistogram times_s[VGW_ENGINE_N_TIMES];
  guint64 counts[VGW_ENGINE_N_COUNTS];
} VgwEngineStats;

void vgw_engine_stats_init (VgwEngineStats *self);
