/* What bounds a session in time: each phase, the silence of its media, the time without a client, and all of it. Main
 * thread. */
#pragma once

#include "session/vgw-session-context.h"
#include "session/vgw-session-state.h"

typedef struct _VgwSessionTimers VgwSessionTimers;

/* A bound was reached. @message: for the client (nullable) where it is no error. May call
 * vgw_session_timers_enter (), but not free. */
typedef void (*VgwSessionTimeoutFunc) (VgwEndReason reason, const char *message, gpointer user_data);

/* g_get_monotonic_time () of the last sign of life of the client; asked while the phase is ACTIVE. */
typedef gint64 (*VgwSessionActivityFunc) (gpointer user_data);

/* @context must outlive the timers; no timer runs yet. Returns: (transfer full) */
VgwSessionTimers *vgw_session_timers_new (const VgwSessionContext *context, VgwSessionTimeoutFunc func,
                                          VgwSessionActivityFunc get_activity, gpointer user_data);
void vgw_session_timers_free (VgwSessionTimers *self);

/* Bounds the whole session; 0: no bound. Once. */
void vgw_session_timers_set_duration (VgwSessionTimers *self, guint max_duration_s);

/* Bounds @phase from now on; from ENDING on nothing is bounded any more. DETACHED and RECOVERING share one bound, from
 * the first of them on: VGW_END_WEBSOCKET_CLOSED. */
void vgw_session_timers_enter (VgwSessionTimers *self, VgwSessionPhase phase);

/* The bound of DETACHED and RECOVERING begins again, where it has begun. */
void vgw_session_timers_renew_grace (VgwSessionTimers *self);

/* The client has closed its connection: VGW_END_CLIENT_BYE, unless another phase is entered within 250 ms. */
void vgw_session_timers_expect_end (VgwSessionTimers *self);
