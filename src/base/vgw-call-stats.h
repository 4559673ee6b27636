/* The figures of one call at a moment, over all of its connections. A value. */
#pragma once

#include <json-glib/json-glib.h>

/* Of a member that is not known, or not known yet: null in JSON. */
#define VGW_CALL_STATS_UNKNOWN -1

typedef struct
{
  struct
  {
    gint64 packets;              /* audio, in order or not; without duplicates */
    gint64 bytes;                /* of their payload */
    gint64 lost;                 /* missing when they were due to be decoded */
    gint64 late;                 /* of these: received afterwards */
    gint64 reordered;            /* received after a later one, in time */
    gint64 duplicated;           /* received again */
    gint64 concealed_ms, fec_ms; /* of lost audio: made up by the decoder; recovered from the next packet */
    double jitter_ms;            /* RFC 3550 section 6.4.1 */
  } received;

  struct
  {
    gint64 packets, bytes;
    gint64 lost;      /* as the caller reports */
    double jitter_ms; /* as the caller reports */
  } sent;

  double round_trip_ms; /* from the caller's last report */

  struct
  {
    gint64 caller_ms;                                /* passed to the engine; without the silence between packets */
    gint64 played_ms, dropped_ms, queued_ms;         /* of the engine: sent, dropped, waiting */
    gint64 shortened_pauses_ms, shortened_speech_ms; /* of played_ms: taken out to reduce delay */
    double caller_level, bot_level;                  /* 0 to 1 */
  } audio;

  /* Of the first connection; consecutive parts: their sum is the time from the offer to the first audio. */
  struct
  {
    gint64 signaling_ms;   /* offer → answer */
    gint64 ice_ms;         /* → an address is verified */
    gint64 dtls_ms;        /* → connected */
    gint64 first_audio_ms; /* → the first audio of the engine is sent */
  } setup;

  struct
  {
    gint64 turns; /* that are over */
    gint64 barge_ins, engine_failures, keys;
  } counts;
} VgwCallStats;

/* All members unknown. */
void vgw_call_stats_init (VgwCallStats *self);

/* Adds what @other, of a later connection of the same call, has: received and sent are summed, but jitter and round
 * trip are the last that are known, and setup the first. */
void vgw_call_stats_add (VgwCallStats *self, const VgwCallStats *other);

/* Adds the members received, sent, round_trip_ms, audio, setup and counts to @object, all of them in each case. */
void vgw_call_stats_to_json (const VgwCallStats *self, JsonObject *object);
