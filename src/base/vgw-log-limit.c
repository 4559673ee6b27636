#include "base/vgw-log-limit.h"

#include "base/vgw-token-bucket.h"

#define MAX_NAMES 4096 /* names beyond that share one bucket */
#define SCALE 10u      /* tokens per line, for rates below one line a second */

static const struct
{
  guint burst;
  guint per_second; /* in tokens */
} rates[] = {
  [VGW_LOG_LIMIT_SESSION] = { 40 * SCALE, SCALE / 2 },
  [VGW_LOG_LIMIT_ADDRESS] = { 100 * SCALE, SCALE },
  [VGW_LOG_LIMIT_SHARED] = { 1000 * SCALE, 10 * SCALE },
};

typedef struct
{
  VgwTokenBucket bucket;
  gint64 used_us;
  guint64 n_left_out;
  gboolean is_muted;
} Allowance;

static GMutex lock;
static GHashTable *allowances; /* name → Allowance; guarded by lock, NULL where there are none */
static guint64 n_all;          /* guarded by lock */

#define IDLE_US (120 * G_USEC_PER_SEC)     /* the bucket is full again */
#define LEFT_US (10 * 60 * G_USEC_PER_SEC) /* the count of lines left out is discarded */

/* Whether the entry can be removed. */
static gboolean
is_idle (gpointer key, gpointer value, gpointer user_data)
{
  const Allowance *allowance = value;
  const gint64 *now_us = user_data;

  gint64 idle_us = *now_us - allowance->used_us;

  return !allowance->is_muted && idle_us > (allowance->n_left_out == 0 ? IDLE_US : LEFT_US);
}

/* The entry of @name, created where there is none. Lock held. */
static Allowance *
find (const char *name, gint64 now_us)
{
  Allowance *allowance;

  if (allowances == NULL)
    allowances = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  allowance = g_hash_table_lookup (allowances, name);
  if (allowance != NULL)
    return allowance;
  if (g_hash_table_size (allowances) >= MAX_NAMES)
    g_hash_table_foreach_remove (allowances, is_idle, &now_us);
  if (g_hash_table_size (allowances) >= MAX_NAMES)
    {
      name = "";
      allowance = g_hash_table_lookup (allowances, name);
    }
  if (allowance != NULL)
    return allowance;
  allowance = g_new0 (Allowance, 1);
  g_hash_table_insert (allowances, g_strdup (name), allowance);
  return allowance;
}

gboolean
vgw_log_limit_take (VgwLogLimitKind kind, const char *name, gint64 now_us, guint64 *n_left_out)
{
  Allowance *allowance;
  gboolean may_pass;

  g_mutex_lock (&lock);
  allowance = find (name, now_us);
  allowance->used_us = now_us;
  may_pass = !allowance->is_muted
             && vgw_token_bucket_take (&allowance->bucket, SCALE, rates[kind].per_second, rates[kind].burst, now_us);
  *n_left_out = may_pass ? allowance->n_left_out : 0;
  allowance->n_left_out = may_pass ? 0 : allowance->n_left_out + 1;
  n_all += !may_pass;
  g_mutex_unlock (&lock);
  return may_pass;
}

void
vgw_log_limit_mute (const char *name)
{
  Allowance *allowance;

  g_mutex_lock (&lock);
  allowance = find (name, g_get_monotonic_time ());
  if (g_hash_table_lookup (allowances, name) == allowance) /* not the shared one */
    {
      allowance->is_muted = TRUE; /* until vgw_log_limit_forget () */
      allowance->used_us = g_get_monotonic_time ();
    }
  g_mutex_unlock (&lock);
}

gboolean
vgw_log_limit_is_muted (const char *name)
{
  const Allowance *allowance;
  gboolean is_muted;

  g_mutex_lock (&lock);
  allowance = allowances != NULL ? g_hash_table_lookup (allowances, name) : NULL;
  is_muted = allowance != NULL && allowance->is_muted;
  g_mutex_unlock (&lock);
  return is_muted;
}

guint64
vgw_log_limit_forget (const char *name)
{
  Allowance *allowance;
  guint64 n_left_out = 0;

  g_mutex_lock (&lock);
  allowance = allowances != NULL ? g_hash_table_lookup (allowances, name) : NULL;
  if (allowance != NULL)
    n_left_out = allowance->is_muted ? 0 : allowance->n_left_out;
  if (allowance != NULL)
    g_hash_table_remove (allowances, name);
  if (allowances != NULL && g_hash_table_size (allowances) == 0)
    g_clear_pointer (&allowances, g_hash_table_unref);
  g_mutex_unlock (&lock);
  return n_left_out;
}

guint64
vgw_log_limit_count (void)
{
  guint64 n;

  g_mutex_lock (&lock);
  n = n_all;
  g_mutex_unlock (&lock);
  return n;
}
