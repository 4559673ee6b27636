/* A response of OpenAI's Realtime protocol: what the bot says without a pause, with the transcripts of its sentences.
 * Pure. Main thread. */
#pragma once

#include "doors/vgw-realtime-items.h"

typedef struct
{
  char *id;
  VgwRealtimeItem *item;
  gboolean is_playing;   /* its audio goes out */
  gboolean is_cancelled; /* a client asked for its end */
  GPtrArray *sentences;
  GString *partial; /* the transcript, as far as it was sent, of the sentence that is not final yet */
} VgwRealtimeResponse;

/* @item: a reference is kept. Returns: (transfer full) */
VgwRealtimeResponse *vgw_realtime_response_new (const char *id, VgwRealtimeItem *item);
void vgw_realtime_response_free (VgwRealtimeResponse *self);

/* Adds what the engine reports as said; what is not final is replaced by the next one. Returns: what a client has to
 * append to what it has, or NULL for nothing (transfer full) */
char *vgw_realtime_response_add_transcript (VgwRealtimeResponse *self, const char *text, gboolean is_final);

/* The caller has heard the audio that came before the final transcript @text. */
void vgw_realtime_response_note_heard (VgwRealtimeResponse *self, const char *text);

/* All that was said, or what was heard of it. Returns: (transfer full) (nullable) */
char *vgw_realtime_response_get_text (const VgwRealtimeResponse *self, gboolean is_heard_only);

/* @status: "in_progress", "completed" or "cancelled", the last one with a @reason (nullable). Returns: (transfer full)
 */
JsonObject *vgw_realtime_response_to_json (const VgwRealtimeResponse *self, const char *status, const char *reason);

/* A delta cannot be taken back: what of @text follows on @sent, or NULL for nothing, also where it is another text. */
const char *vgw_realtime_find_delta (const GString *sent, const char *text);
