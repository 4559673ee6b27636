/* A call to a networked engine, and the wait for what becomes of it. The test's main loop stands for the gateway's, the
 * engine's connection is on its own thread. */
#pragma once

#include <check.h>
#include <gio/gio.h>
#include <string.h>

#include "base/vgw-error.h"
#include "engine/vgw-bot-channel.h"
#include "engine/vgw-engine-net.h"
#include "wait-until.h"

#define RATE_HZ 16000
#define FRAME_SAMPLES (RATE_HZ * VGW_FRAME_MS / 1000)
/* --- the call ----------------------------------------------------------------------------------------------------- */

extern VgwEngineIo *io;

typedef struct
{
  VgwEngineConfig *config;
  VgwEngine *engine;
  GMutex lock;
  GArray *heard; /* guarded by lock; gint16, the bot's voice */
  GString *statuses;
  GString *events;
  guint n_failed, n_hangups;
  char *failure;
} Call;

guint get_heard (Call *call);
void replace (char **slot, char *text);

/* Not started: a test may change the configuration before. */
Call *call_new (const char *type, const char *url);

void call_start (Call *call);

/* 20 ms whose samples all have @value. */
void call_speak (Call *call, gint16 value);

void call_free (Call *call);
