/* Helpers for GSource. */
#pragma once

#include <glib.h>

/* Destroys *@source, drops the reference and sets it to NULL. No effect on NULL. On the thread that iterates its
 * context, or where the callback cannot be running. */
void vgw_source_clear (GSource **source);

/* Sets the callback of @source (transfer full) and attaches it to the thread's default context. Returns: (transfer
 * full) @source */
GSource *vgw_source_start (GSource *source, GSourceFunc func, gpointer user_data);

/* A timer in the thread's default context. Returns: (transfer full) */
GSource *vgw_source_start_timer (guint timeout_ms, GSourceFunc func, gpointer user_data);

/* A coalesced wake-up: a source in @context (nullable: the thread's default) that any thread makes ready with
 * g_source_set_ready_time (source, 0), or with a later time. @func runs once, however often that was done before the
 * dispatch. @func returns G_SOURCE_CONTINUE. Returns: (transfer full) */
GSource *vgw_source_new_wakeup (GMainContext *context, GSourceFunc func, gpointer user_data);
