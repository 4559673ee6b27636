/* The way to the main thread from others, GStreamer's and that of the engines. A foreign thread never holds a reference
 * to the object behind it: it posts, and what it posted is looked at on the main thread, where the object is alive
 * or it is not. */
#pragma once

#include <glib-object.h>

G_BEGIN_DECLS

typedef struct _VgwMailbox VgwMailbox; /* reference counted */

/* Runs on the main thread. @object is the one of vgw_mailbox_new (). */
typedef void (*VgwMailboxFunc) (gpointer object, gpointer payload);

/* @object is held weakly. Main thread. Returns: (transfer full) */
VgwMailbox *vgw_mailbox_new (GObject *object);
VgwMailbox *vgw_mailbox_ref (VgwMailbox *self);
void vgw_mailbox_unref (VgwMailbox *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VgwMailbox, vgw_mailbox_unref)

/* Has @func called with @payload on the main thread, in the order of the posts, unless the mailbox was closed or the
 * object has gone; @destroy (nullable) frees @payload in any case, on the main thread. Any thread. */
void vgw_mailbox_post (VgwMailbox *self, VgwMailboxFunc func, gpointer payload, GDestroyNotify destroy);

/* The same for what a remote peer can cause at will: FALSE, and @payload is freed at once, while @max_pending posts of
 * @func wait. Each @func has a bound of its own, so that a flood of one kind takes no room from another one. With 1
 * it is a coalesced notification: @func runs once, after the last of the posts. */
gboolean vgw_mailbox_post_bounded (VgwMailbox *self, guint max_pending, VgwMailboxFunc func, gpointer payload,
                                   GDestroyNotify destroy);

/* Nothing is called after this. Main thread. Idempotent. */
void vgw_mailbox_close (VgwMailbox *self);

G_END_DECLS
