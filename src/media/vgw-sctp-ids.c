#include "media/vgw-sctp-ids.h"

#define N_IDS 65535 /* guint16; 0: none, 65535 is in sctpdec's own default range */

struct _VgwSctpIds
{
  GMutex lock;
  guint8 is_taken[N_IDS]; /* guarded by lock */
  guint last;             /* guarded by lock */
};

VgwSctpIds *
vgw_sctp_ids_new (void)
{
  VgwSctpIds *self = g_new0 (VgwSctpIds, 1);
  g_mutex_init (&self->lock);
  return self;
}

void
vgw_sctp_ids_free (VgwSctpIds *self)
{
  g_mutex_clear (&self->lock);
  g_free (self);
}

guint
vgw_sctp_ids_take (VgwSctpIds *self)
{
  guint taken = 0;
  g_mutex_lock (&self->lock);
  for (guint i = 0; i < N_IDS - 1 && taken == 0; i++)
    {
      self->last = self->last % (N_IDS - 1) + 1;
      if (!self->is_taken[self->last])
        taken = self->last;
    }
  if (taken != 0)
    self->is_taken[taken] = TRUE;
  g_mutex_unlock (&self->lock);
  return taken;
}

void
vgw_sctp_ids_give_back (VgwSctpIds *self, guint id)
{
  g_return_if_fail (id < N_IDS);
  g_mutex_lock (&self->lock);
  self->is_taken[id] = FALSE;
  g_mutex_unlock (&self->lock);
}
