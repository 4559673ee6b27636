/* GSources as every room uses them: started, woken and cleared in one way. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Destroys *@source, drops the reference and sets it to NULL. Nothing for NULL. The thread that iterates its context,
 * or any thread where the callback cannot run at the moment. */
void vgw_source_clear (GSource **source);

/* Sets the callback of @source (transfer full) and attaches it to the thread's default context. Returns: (transfer
 * full) @source */
GSource *vgw_source_start (GSource *source, GSourceFunc func, gpointer user_data);

/* A timer in the thread's default context. Returns: (transfer full) */
GSource *vgw_source_start_timer (guint timeout_ms, GSourceFunc func, gpointer user_data);

/* A source in @context (nullable: the thread's default) that calls @func once for each time that it becomes ready:
 * g_source_set_ready_time (source, 0), from any thread, or with a time later. However many threads do so before it is
 * dispatched, @func runs once. @func returns G_SOURCE_CONTINUE. Returns: (transfer full) */
GSource *vgw_source_new_wakeup (GMainContext *context, GSourceFunc func, gpointer user_data);

G_END_DECLS
