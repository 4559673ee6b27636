/* Writes lines to a file descriptor on its own thread, so that logging never blocks: not on a full pipe, a stopped
 * terminal or a slow disk. The queue is bounded; lines beyond the bound are dropped, and a line in their place has
 * their number. Lines keep their order. The descriptor's flags are not changed, since it may be shared with other
 * processes. */
#pragma once

#include <glib.h>

typedef struct _VgwLogWriter VgwLogWriter;

/* Formats the line that replaces @n_dropped lines, with its newline. Any thread. Returns: (transfer full) */
typedef GString *(*VgwLogDroppedFunc) (guint64 n_dropped);

/* @fd belongs to the caller, and must stay open. Where no thread can be created, push () writes what the descriptor
 * accepts without blocking and drops the rest. Returns: (transfer full) */
VgwLogWriter *vgw_log_writer_new (int fd, gsize max_bytes, VgwLogDroppedFunc make_dropped_line);

/* Waits until all is written, for @timeout_ms at most, and releases the writer; its thread ends as soon as write ()
 * returns. */
void vgw_log_writer_free (VgwLogWriter *self, guint timeout_ms);

/* Queues @line (transfer full), with its newline. Any thread; never blocks. */
void vgw_log_writer_push (VgwLogWriter *self, GString *line);

/* Waits until all queued lines are written or dropped, for @timeout_ms at most. FALSE on timeout. */
gboolean vgw_log_writer_flush (VgwLogWriter *self, guint timeout_ms);

/* Lines dropped so far, because the queue was full or write () failed. */
guint64 vgw_log_writer_count_dropped (VgwLogWriter *self);
