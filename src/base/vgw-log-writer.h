/* Writes lines to a file descriptor from a thread of its own, so that nobody who logs waits for the reader: a pipe that
 * nobody empties, a terminal that was stopped, a slow disk. What waits is bounded; beyond the bound lines are dropped,
 * and a line at their place says how many. Lines keep their order. The descriptor's flags are left alone, since it may
 * be shared with the parent's terminal. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _VgwLogWriter VgwLogWriter;

/* Makes the line that stands for @n_dropped lines, its newline included. Any thread. Returns: (transfer full) */
typedef GString *(*VgwLogDroppedFunc) (guint64 n_dropped);

/* @fd stays the caller's, who keeps it open. Where no thread can be had, push () writes what the descriptor takes at
 * once and drops the rest. Returns: (transfer full) */
VgwLogWriter *vgw_log_writer_new (int fd, gsize max_bytes, VgwLogDroppedFunc make_dropped_line);

/* Waits until all is written, for @timeout_ms at most, and releases the writer; its thread goes as soon as the
 * descriptor lets it. */
void vgw_log_writer_free (VgwLogWriter *self, guint timeout_ms);

/* Takes @line (transfer full), its newline included. Any thread; never blocks. */
void vgw_log_writer_push (VgwLogWriter *self, GString *line);

/* Waits until all that was pushed is written or lost, for @timeout_ms at most. FALSE where something still waits. */
gboolean vgw_log_writer_flush (VgwLogWriter *self, guint timeout_ms);

/* Lines dropped so far, for want of room or because the descriptor is broken. */
guint64 vgw_log_writer_count_dropped (VgwLogWriter *self);

G_END_DECLS
