/* The thread `vgw-engine`, shared by all networked engines: their sockets are in its main context, so that neither a
 * media thread nor the main loop waits for one. */
#pragma once

#include <gio/gio.h>

#include "engine/vgw-engine-stats.h"

typedef struct _VgwEngineIo VgwEngineIo; /* reference counted */

/* A job for the thread. */
typedef void (*VgwEngineIoFunc) (gpointer user_data);

/* Starts the thread. Returns: (transfer full) */
VgwEngineIo *vgw_engine_io_new (void);
VgwEngineIo *vgw_engine_io_ref (VgwEngineIo *self);

/* The last reference joins the thread, once all holds are released; not on the thread itself. */
void vgw_engine_io_unref (VgwEngineIo *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VgwEngineIo, vgw_engine_io_unref)

/* A hold keeps the thread running after the last reference is dropped, for a connection that is being closed. It must
 * be released within a bounded time. On the thread. */
void vgw_engine_io_hold (VgwEngineIo *self);
void vgw_engine_io_release (VgwEngineIo *self);

/* Calls @func on the thread, in the order of the calls, then @destroy (nullable) for @user_data, there too. Any thread.
 * Pending jobs share one wake-up. */
void vgw_engine_io_invoke (VgwEngineIo *self, VgwEngineIoFunc func, gpointer user_data, GDestroyNotify destroy);

/* Counts for the statistics. Any thread. */
void vgw_engine_io_observe (VgwEngineIo *self, VgwEngineTime which, gint64 time_us);
void vgw_engine_io_count (VgwEngineIo *self, VgwEngineCount which, guint64 n);

/* Any thread. */
void vgw_engine_io_get_stats (VgwEngineIo *self, VgwEngineStats *stats);
