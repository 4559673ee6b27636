/* The one thread, `vgw-engine`, that all engines behind a network share: their sockets live in its main context, and
 * neither a media thread nor the main loop ever waits for one. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct _VgwEngineIo VgwEngineIo; /* reference counted */

/* Something that has work for the thread, such as audio to send. */
typedef void (*VgwEngineIoFunc) (gpointer user_data);

/* Starts the thread. Returns: (transfer full) */
VgwEngineIo *vgw_engine_io_new (void);
VgwEngineIo *vgw_engine_io_ref (VgwEngineIo *self);

/* The last reference joins the thread, once nothing is held; never drop it there. */
void vgw_engine_io_unref (VgwEngineIo *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VgwEngineIo, vgw_engine_io_unref)

/* What is held keeps the thread going after the last reference has gone: a connection that is being closed. It must be
 * released within a bound. On the thread. */
void vgw_engine_io_hold (VgwEngineIo *self);
void vgw_engine_io_release (VgwEngineIo *self);

/* Has @func called on the thread, once, in the order of the calls; @destroy (nullable) frees @user_data afterwards,
 * there too. Any thread. A wake-up serves all that is waiting: many sessions that have audio cost one. */
void vgw_engine_io_invoke (VgwEngineIo *self, VgwEngineIoFunc func, gpointer user_data, GDestroyNotify destroy);

G_END_DECLS
