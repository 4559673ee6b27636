/* A moment of a call, for a door that speaks a protocol of its own with its client. A value; pointers are borrowed. */
#pragma once

#include "session/vgw-session-state.h"

typedef enum
{
  VGW_MOMENT_CHANNEL_OPEN,   /* the client's data channel is open; again after each takeover */
  VGW_MOMENT_CLIENT_TEXT,    /* json: a text of the client, bounded in size and rate, JSON or not */
  VGW_MOMENT_ENGINE_STARTED, /* the conversation has begun */
  VGW_MOMENT_ENGINE_EVENT,   /* json: an event of the engine, at once */
  VGW_MOMENT_ENGINE_HEARD,   /* json: the same event again, once the audio that came before it has been played; is_lost
                              * where that audio was cleared, or too much waits to follow the event */
  VGW_MOMENT_NOTICE,         /* json: an event of the gateway, but for those of speech and playout */
  VGW_MOMENT_CALLER_STARTED, /* speech of the caller, where the engine's speech-start-ms is not 0 */
  VGW_MOMENT_CALLER_STOPPED,
  VGW_MOMENT_BOT_STARTED, /* the first audio of an utterance goes out; STOPPED or CLEARED follows */
  VGW_MOMENT_BOT_STOPPED, /* it has been played to its end: utterance_ms */
  VGW_MOMENT_BOT_CLEARED, /* it was cut off: utterance_ms were played, cleared_ms dropped */
  VGW_MOMENT_HUNG_UP, /* only where the door ends_calls: the engine has hung up, or failed for good (is_lost), or the
                       * call has lasted for its max-duration. The door ends the session, with end_reason, when its
                       * client has been notified */
} VgwMomentType;

typedef struct
{
  VgwMomentType type;
  const char *json;
  gboolean is_lost;
  VgwEndReason end_reason;
  guint64 utterance_ms, cleared_ms;
} VgwMoment;
