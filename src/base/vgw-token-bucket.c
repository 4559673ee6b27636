#include "base/vgw-token-bucket.h"

static void
fill (VgwTokenBucket *self, guint per_second, guint burst, gint64 now_us)
{
  gint64 full = (gint64) burst * G_USEC_PER_SEC;
  gint64 elapsed_us = now_us - self->filled_us;

  if (self->filled_us == 0 || elapsed_us > (full - self->level) / MAX (per_second, 1))
    self->level = full;
  else if (elapsed_us > 0)
    self->level += elapsed_us * per_second;
  self->level = MIN (self->level, full);
  self->filled_us = now_us;
}

gboolean
vgw_token_bucket_take (VgwTokenBucket *self, guint n, guint per_second, guint burst, gint64 now_us)
{
  gint64 needed = (gint64) n * G_USEC_PER_SEC;

  fill (self, per_second, burst, now_us);
  if (self->level < needed)
    return FALSE;
  self->level -= needed;
  return TRUE;
}

gint64
vgw_token_bucket_charge (VgwTokenBucket *self, guint n, guint per_second, guint burst, gint64 now_us)
{
  fill (self, per_second, burst, now_us);
  self->level -= (gint64) n * G_USEC_PER_SEC;
  return self->level < 0 ? (-self->level + per_second - 1) / per_second : 0;
}
