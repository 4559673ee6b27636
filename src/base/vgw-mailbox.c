#include "base/vgw-mailbox.h"

struct _VgwMailbox
{
  gatomicrefcount ref_count;
  GWeakRef object;
  GMutex lock;
  GHashTable *n_waiting; /* guarded by lock; VgwMailboxFunc → number of its pending bounded posts */
  gboolean is_closed;    /* main thread only */
};

typedef struct
{
  VgwMailbox *mailbox;
  VgwMailboxFunc func;
  gpointer payload;
  GDestroyNotify destroy;
  gboolean is_bounded; /* and counted in n_waiting */
} Post;

VgwMailbox *
vgw_mailbox_new (GObject *object)
{
  VgwMailbox *self = g_new0 (VgwMailbox, 1);
  g_atomic_ref_count_init (&self->ref_count);
  g_weak_ref_init (&self->object, object);
  g_mutex_init (&self->lock);
  self->n_waiting = g_hash_table_new (NULL, NULL);
  return self;
}

VgwMailbox *
vgw_mailbox_ref (VgwMailbox *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
vgw_mailbox_unref (VgwMailbox *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_weak_ref_clear (&self->object);
  g_mutex_clear (&self->lock);
  g_hash_table_unref (self->n_waiting);
  g_free (self);
}

/* FALSE, and nothing is counted, where @max_pending posts of @func are pending. */
static gboolean
count_waiting (VgwMailbox *self, VgwMailboxFunc func, guint max_pending)
{
  guint n;

  g_mutex_lock (&self->lock);
  n = GPOINTER_TO_UINT (g_hash_table_lookup (self->n_waiting, func));
  if (n < max_pending)
    g_hash_table_insert (self->n_waiting, func, GUINT_TO_POINTER (n + 1));
  g_mutex_unlock (&self->lock);
  return n < max_pending;
}

static void
uncount_waiting (Post *post)
{
  GHashTable *n_waiting = post->mailbox->n_waiting;
  guint n;

  if (!post->is_bounded)
    return;
  post->is_bounded = FALSE;
  g_mutex_lock (&post->mailbox->lock);
  n = GPOINTER_TO_UINT (g_hash_table_lookup (n_waiting, post->func));
  g_hash_table_insert (n_waiting, post->func, GUINT_TO_POINTER (n - 1));
  g_mutex_unlock (&post->mailbox->lock);
}

static gboolean
run_post (gpointer data)
{
  Post *post = data;

  uncount_waiting (post); /* before it runs: with a bound of 1, a post during the run must not be lost */
  if (post->mailbox->is_closed)
    return G_SOURCE_REMOVE;
  g_autoptr (GObject) object = g_weak_ref_get (&post->mailbox->object);
  if (object != NULL)
    post->func (object, post->payload);
  return G_SOURCE_REMOVE;
}

static void
free_post (gpointer data)
{
  Post *post = data;
  if (post->destroy != NULL)
    post->destroy (post->payload);
  uncount_waiting (post);
  vgw_mailbox_unref (post->mailbox);
  g_free (post);
}

static void
attach_post (VgwMailbox *self, VgwMailboxFunc func, gpointer payload, GDestroyNotify destroy, gboolean is_bounded)
{
  Post *post = g_new0 (Post, 1);
  post->mailbox = vgw_mailbox_ref (self);
  post->func = func;
  post->payload = payload;
  post->destroy = destroy;
  post->is_bounded = is_bounded;

  /* Not g_main_context_invoke (), which runs the function on this thread where the context has no owner. */
  g_autoptr (GSource) source = g_idle_source_new ();
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, run_post, post, free_post);
  g_source_attach (source, NULL);
}

void
vgw_mailbox_post (VgwMailbox *self, VgwMailboxFunc func, gpointer payload, GDestroyNotify destroy)
{
  attach_post (self, func, payload, destroy, FALSE);
}

gboolean
vgw_mailbox_post_bounded (VgwMailbox *self, guint max_pending, VgwMailboxFunc func, gpointer payload,
                          GDestroyNotify destroy)
{
  if (!count_waiting (self, func, max_pending))
    {
      if (destroy != NULL)
        destroy (payload);
      return FALSE;
    }
  attach_post (self, func, payload, destroy, TRUE);
  return TRUE;
}

void
vgw_mailbox_close (VgwMailbox *self)
{
  self->is_closed = TRUE;
}
