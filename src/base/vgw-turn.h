/* A turn of a call: the caller has spoken, and the engine replies or does not. A value without pointers.
 *
 * Its zero of time is the end of the caller's speech in the time of the audio: the arrival of the last packet with
 * voice, not the moment some hundred ms later at which the speech detector is certain. A reply that begins before that
 * has no negative times; they are 0. */
#pragma once

#include <json-glib/json-glib.h>

#define VGW_TURN_UNKNOWN (-1) /* of a time in ms: it was not reached, or cannot be measured; null in JSON */

typedef enum
{
  VGW_TURN_PLAYED,      /* the reply was played to its end */
  VGW_TURN_INTERRUPTED, /* the reply was cut off by barge-in, by the client or by the engine */
  VGW_TURN_NONE,        /* the caller spoke again before any reply */
  VGW_TURN_CALL_ENDED,  /* the call ended before the reply did, or without one */
} VgwTurnEnd;

typedef struct
{
  guint number;         /* from 1 */
  gint64 started_at_us; /* g_get_real_time () of the turn's zero of time */
  gint64 zero_us;       /* the same, monotonic: a clock may be set in the middle of a call. Not in JSON */
  gint64 speech_ms;     /* duration of the caller's speech before */
  gint64 to_engine_ms;  /* until the engine had the last of it; this and the next three are from the zero of time */
  gint64 first_byte_ms; /* … the first audio of the reply was queued */
  gint64 first_sent_ms; /* … its first packet was sent */
  gint64 heard_ms;      /* … the caller heard it: half a round trip and the caller's jitter buffer (estimate) later */
  gint64 reply_ms;      /* of the reply that was sent */
  gint64 interrupted_at_ms; /* INTERRUPTED: of the reply that was sent by then; else unknown */
  VgwTurnEnd end;
} VgwTurn;

const char *vgw_turn_end_to_string (VgwTurnEnd end); /* "played", "interrupted", "none", "call-ended" */

/* Adds the members of the same names as above to @object; `started_at` is RFC 3339 in UTC with ms. */
void vgw_turn_to_json (const VgwTurn *self, JsonObject *object);
