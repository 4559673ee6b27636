#include "base/vgw-address-buckets.h"

#include "base/vgw-token-bucket.h"

#define MAX_ADDRESSES 10000
#define SECONDS_PER_MINUTE 60
#define FULL_AFTER_US (SECONDS_PER_MINUTE * G_USEC_PER_SEC) /* at any rate */
#define SWEEP_INTERVAL_US G_USEC_PER_SEC

struct _VgwAddressBuckets
{
  GHashTable *buckets; /* group → VgwTokenBucket */
  gint64 swept_at_us;
};

VgwAddressBuckets *
vgw_address_buckets_new (void)
{
  VgwAddressBuckets *self = g_new0 (VgwAddressBuckets, 1);

  self->buckets = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  return self;
}

void
vgw_address_buckets_free (VgwAddressBuckets *self)
{
  if (self == NULL)
    return;
  g_hash_table_unref (self->buckets);
  g_free (self);
}

/* A bucket that is full again is as good as none. */
static gboolean
is_full (gpointer group, gpointer bucket, gpointer now_us)
{
  return *(gint64 *) now_us - ((VgwTokenBucket *) bucket)->filled_us >= FULL_AFTER_US;
}

/* The bucket of @group; NULL where there is no room for one. */
static VgwTokenBucket *
find_bucket (VgwAddressBuckets *self, const char *group, gint64 now_us)
{
  VgwTokenBucket *bucket = g_hash_table_lookup (self->buckets, group);

  if (bucket != NULL)
    return bucket;
  if (g_hash_table_size (self->buckets) >= MAX_ADDRESSES && now_us - self->swept_at_us >= SWEEP_INTERVAL_US)
    {
      self->swept_at_us = now_us;
      g_hash_table_foreach_remove (self->buckets, is_full, &now_us);
    }
  if (g_hash_table_size (self->buckets) >= MAX_ADDRESSES)
    return NULL;
  bucket = g_new0 (VgwTokenBucket, 1);
  g_hash_table_insert (self->buckets, g_strdup (group), bucket);
  return bucket;
}

gboolean
vgw_address_buckets_take (VgwAddressBuckets *self, const char *group, guint per_minute, gint64 now_us)
{
  VgwTokenBucket *bucket = find_bucket (self, group, now_us);

  /* in sixtieths, so that a rate for each minute is a whole number of them for each second */
  return bucket == NULL
         || vgw_token_bucket_take (bucket, SECONDS_PER_MINUTE, per_minute, per_minute * SECONDS_PER_MINUTE, now_us);
}

guint
vgw_address_buckets_count (VgwAddressBuckets *self)
{
  return g_hash_table_size (self->buckets);
}
