/* One thread, `vgw-pacer`, that calls every registered function each 20 ms, on absolute deadlines of the monotonic
 * clock: a late tick catches up, it does not drift. */
#pragma once

#include <glib-object.h>

G_BEGIN_DECLS

typedef struct _VgwPacer VgwPacer;

/* Called on the pacer thread once per tick; @tick counts 20 ms steps since the pacer started, with no step left out
 * unless the process stood still for more than a second.
 * Must not block and must not call vgw_pacer_remove (). */
typedef void (*VgwPacerFunc) (guint64 tick, gpointer user_data);

/* Starts the thread. Returns: (transfer full); free with vgw_pacer_free (), which joins it. */
VgwPacer *vgw_pacer_new (void);
void vgw_pacer_free (VgwPacer *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VgwPacer, vgw_pacer_free)

/* Adds @func; any thread but the pacer's. Returns an id > 0. */
guint vgw_pacer_add (VgwPacer *self, VgwPacerFunc func, gpointer user_data);

/* When it returns, the function is not running and will not run again. Any thread but the pacer's. */
void vgw_pacer_remove (VgwPacer *self, guint id);

G_END_DECLS
