/* Whether a load balancer should send new calls here. Pure: no clock, no thread. */
#pragma once

#include <glib.h>

typedef enum
{
  VGW_READINESS_READY,
  VGW_READINESS_FULL,     /* limits.max-sessions is reached, and a twentieth of it is not free again; or a call was
                             refused for lack of descriptors or threads in the last ten seconds */
  VGW_READINESS_LATE,     /* the main loop or the audio is late: more calls would harm those in progress */
  VGW_READINESS_DRAINING, /* it ends with its last call */
  VGW_READINESS_SHUT_DOWN,
} VgwReadinessState;

const char *vgw_readiness_state_to_string (VgwReadinessState state); /* "ready", "full", … */

/* The last second. */
typedef struct
{
  gint64 loop_lag_us; /* the longest */
  guint64 n_frames;   /* of 20 ms, that were due */
  guint64 n_late;     /* of these, 20 ms late or more */
  guint64 n_refused;  /* calls, for lack of descriptors or threads */
} VgwReadinessSecond;

/* Zeroed: ready. */
typedef struct
{
  gboolean is_full;
  gboolean is_late;
  guint n_refusing_s; /* seconds that a refusal still counts */
  guint n_late_s;     /* consecutive seconds with a lag */
  guint n_calm_s;     /* … without */
} VgwReadinessRule;

/* It is late after three such seconds, and no longer after ten without; a refusal counts for ten. To be called each
 * second. */
void vgw_readiness_rule_step (VgwReadinessRule *self, const VgwReadinessSecond *second);

/* @max_sessions: 0 for no limit. */
void vgw_readiness_rule_count (VgwReadinessRule *self, guint n_sessions, guint max_sessions);
