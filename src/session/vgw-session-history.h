/* The life of a session: when it began, its present phase, and what has changed when. A value, bounded. */
#pragma once

#include "session/vgw-session-state.h"

#define VGW_SESSION_HISTORY_MAX 64u /* changes that are kept */
#define VGW_SESSION_HISTORY_FIRST                                                                                      \
  16u /* of these the first ones, which are never replaced; the rest are the last ones */

typedef struct
{
  gint64 at_us;      /* g_get_real_time () */
  gint64 after_us;   /* since the start, monotonic */
  const char *type;  /* "state", "engine", "offer-refused" */
  const char *value; /* the phase, the name of the engine, an error code; constant */
} VgwSessionChange;

/* Zeroed: before the start, in phase NEW. */
typedef struct
{
  gint64 started_at_us;   /* g_get_real_time (); 0 before the start */
  gint64 started_mono_us; /* g_get_monotonic_time () */
  VgwSessionPhase phase;
  VgwSessionChange changes[VGW_SESSION_HISTORY_MAX];
  guint n_changes; /* in all */
} VgwSessionHistory;

/* Once. */
void vgw_session_history_begin (VgwSessionHistory *self);

/* Since the start; 0 before. */
gint64 vgw_session_history_get_duration_ms (const VgwSessionHistory *self);

/* Adds a change to @phase, and logs it. FALSE, and nothing is done, where that is the present one. */
gboolean vgw_session_history_enter (VgwSessionHistory *self, const char *session_id, VgwSessionPhase phase);

/* Both are static or interned. */
void vgw_session_history_add (VgwSessionHistory *self, const char *type, const char *value);

/* The changes that are kept, in order: @i counts from 0. NULL at their end. (transfer none) */
const VgwSessionChange *vgw_session_history_get (const VgwSessionHistory *self, guint i);

/* How many are not kept; they are missing after the first VGW_SESSION_HISTORY_FIRST. */
guint vgw_session_history_count_left_out (const VgwSessionHistory *self);
