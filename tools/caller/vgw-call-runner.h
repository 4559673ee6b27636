/* Runs many calls: starts them at a constant rate, counts them, collects the reports. Main thread only.
 *
 * Signals:
 *   "progress" (void)                     a count has changed
 *   "event"    (guint call, const char *text)   an application event; calls count from 1
 *   "finished" (void)                     every call has ended
 */
#pragma once

#include "caller/vgw-call.h"

#define VGW_TYPE_CALL_RUNNER (vgw_call_runner_get_type ())
G_DECLARE_FINAL_TYPE (VgwCallRunner, vgw_call_runner, VGW, CALL_RUNNER, GObject)

typedef struct
{
  guint n_calls;
  guint n_started, n_talking, n_ended, n_failed;
} VgwCallCounts;

/* Starts @n_calls calls, one each @ramp_ms. @out_path (nullable): the WAV for the received audio; with more than one
 * call the number of the call is inserted before its suffix. An existing file is replaced. @settings must outlive the
 * runner. Returns: (transfer full) */
VgwCallRunner *vgw_call_runner_new (const VgwCallSettings *settings, guint n_calls, guint ramp_ms,
                                    const char *out_path);

void vgw_call_runner_start (VgwCallRunner *self);

/* Starts no more calls, and hangs up the present ones. Idempotent. */
void vgw_call_runner_hang_up (VgwCallRunner *self);

void vgw_call_runner_get_counts (VgwCallRunner *self, VgwCallCounts *counts);

/* After "finished": the reports, in the order of starting; owned by the runner. */
const VgwCallReport *const *vgw_call_runner_get_reports (VgwCallRunner *self, gsize *n_reports);
