/* A token bucket: a bound on a burst, and on the rate in the long run. Pure; one thread. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* All zero to begin with: full at the first use. */
typedef struct
{
  gint64 level;     /* in millionths of a token; below 0 after a charge that was larger than the rest */
  gint64 filled_us; /* when that was computed; 0: never */
} VgwTokenBucket;

/* Takes @n tokens at @now_us (monotonic, not 0) from a bucket of @burst tokens that fills with @per_second. FALSE, and
 * nothing is taken, where it has fewer. */
gboolean vgw_token_bucket_take (VgwTokenBucket *self, guint n, guint per_second, guint burst, gint64 now_us);

/* Takes @n tokens for what was done already, even where it has fewer. Returns in how many µs it has tokens again,
 * rounded up; 0: now. With @n 0 it only computes that. @per_second is not 0. */
gint64 vgw_token_bucket_charge (VgwTokenBucket *self, guint n, guint per_second, guint burst, gint64 now_us);

G_END_DECLS
