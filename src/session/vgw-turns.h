/* The turns of a call: made from the caller's speech and the playout of the engine's audio. Main thread.
 *
 * A turn begins when the caller stops speaking. Its reply is the engine's next utterance; those that follow within
 * VGW_TURNS_PAUSE_MS belong to it, as the sentences of a synthesis that is slow do. The turn is over when the reply was
 * cut off, or played and followed by that pause or by the caller's speech. A caller who goes on speaking before the
 * reply, and within the pause, was not finished: the turn begins anew, with all of the speech. What the engine says
 * before the first turn, or later than the pause, belongs to none. A caller who speaks during a reply that is not cut
 * off begins the next turn, which waits for the end of the reply; of several such speeches, the last one gets the
 * engine's next reply, and the others none. */
#pragma once

#include "base/vgw-call-stats.h"
#include "base/vgw-playout-event.h"
#include "base/vgw-turn.h"
#include "media/vgw-voice.h"

#define VGW_TURNS_PAUSE_MS 2000

typedef struct _VgwTurns VgwTurns;

/* @turn is over. Its heard_ms is not known here; the function may add it. */
typedef void (*VgwTurnsFunc) (VgwTurn *turn, gpointer user_data);

/* Returns: (transfer full) */
VgwTurns *vgw_turns_new (VgwTurnsFunc func, gpointer user_data);

/* Reports nothing. */
void vgw_turns_free (VgwTurns *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VgwTurns, vgw_turns_free)

/* The caller has begun or ended to speak. */
void vgw_turns_handle_speech (VgwTurns *self, const VgwVoice *speech);

/* STARTED, DRAINED or CLEARED, in order; others are ignored. */
void vgw_turns_handle_playout (VgwTurns *self, const VgwPlayoutEvent *event);

/* Fills heard_ms of a @turn: half of the round trip of @call, and its jitter as the caller reports it, after
 * first_sent_ms; unknown where one of them is. */
void vgw_turns_add_network (VgwTurn *turn, const VgwCallStats *call);

/* The call is over: reports the turns that are not. @played_ms: of the engine's audio since the call began. @is_empty:
 * whether none of it waits. */
void vgw_turns_end (VgwTurns *self, guint64 played_ms, gboolean is_empty);
