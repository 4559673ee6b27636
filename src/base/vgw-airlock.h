/* The way from GStreamer's threads to the main thread. A foreign thread never holds a reference to the object behind
 * it: it posts, and what it posted is looked at on the main thread, where the object is alive or it is not. */
#pragma once

#include <glib-object.h>

G_BEGIN_DECLS

typedef struct _VgwAirlock VgwAirlock; /* reference counted */

/* Runs on the main thread. @object is the one of vgw_airlock_new (). */
typedef void (*VgwAirlockFunc) (gpointer object, gpointer payload);

/* @object is held weakly. Main thread. Returns: (transfer full) */
VgwAirlock *vgw_airlock_new (GObject *object);
VgwAirlock *vgw_airlock_ref (VgwAirlock *self);
void vgw_airlock_unref (VgwAirlock *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VgwAirlock, vgw_airlock_unref)

/* Has @func called with @payload on the main thread, in the order of the posts, unless the airlock was closed or the
 * object has gone; @destroy (nullable) frees @payload in any case, on the main thread. Any thread. */
void vgw_airlock_post (VgwAirlock *self, VgwAirlockFunc func, gpointer payload, GDestroyNotify destroy);

/* The same for what a remote peer can cause at will: FALSE, and @payload is freed at once, while @max_pending posts
 * of this kind wait. */
gboolean vgw_airlock_post_bounded (VgwAirlock *self, guint max_pending, VgwAirlockFunc func, gpointer payload,
                                   GDestroyNotify destroy);

/* Nothing is called after this. Main thread. Idempotent. */
void vgw_airlock_close (VgwAirlock *self);

/* For g_signal_connect_data (). */
void vgw_airlock_unref_closure (gpointer self, GClosure *closure);

G_END_DECLS
