/* Calls from other threads, GStreamer's and that of the engines, to an object on the main thread. The posting thread
 * holds no reference to the object: a post is dropped where the object no longer exists. */
#pragma once

#include <glib-object.h>

typedef struct _VgwMailbox VgwMailbox; /* reference counted */

/* Runs on the main thread. @object is the one of vgw_mailbox_new (). */
typedef void (*VgwMailboxFunc) (gpointer object, gpointer payload);

/* @object is held weakly. Main thread. Returns: (transfer full) */
VgwMailbox *vgw_mailbox_new (GObject *object);
VgwMailbox *vgw_mailbox_ref (VgwMailbox *self);
void vgw_mailbox_unref (VgwMailbox *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VgwMailbox, vgw_mailbox_unref)

/* Calls @func with @payload on the main thread, in the order of the posts, unless the mailbox is closed or the object
 * no longer exists; @destroy (nullable) frees @payload in any case, on the main thread. Any thread. */
void vgw_mailbox_post (VgwMailbox *self, VgwMailboxFunc func, gpointer payload, GDestroyNotify destroy);

/* The same for what a remote peer can cause at any rate: FALSE, and @payload is freed at once, while @max_pending posts
 * of @func are pending. Each @func has its own bound. With @max_pending 1 it is a coalesced notification: @func runs
 * once for all posts before it. */
gboolean vgw_mailbox_post_bounded (VgwMailbox *self, guint max_pending, VgwMailboxFunc func, gpointer payload,
                                   GDestroyNotify destroy);

/* Drops all posts, pending and future. Main thread. Idempotent. */
void vgw_mailbox_close (VgwMailbox *self);
