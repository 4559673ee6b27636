/* A token bucket: limits bursts and the average rate. Pure; one thread. */
#pragma once

#include <glib.h>

/* Zero-initialised; full at the first use. */
typedef struct
{
  gint64 level;     /* in millionths of a token; negative after a charge beyond the level */
  gint64 filled_us; /* time of that level; 0: unused so far */
} VgwTokenBucket;

/* Takes @n tokens at @now_us (monotonic, not 0) from a bucket of @burst tokens that is refilled with @per_second.
 * FALSE, and nothing is taken, where it has fewer. */
gboolean vgw_token_bucket_take (VgwTokenBucket *self, guint n, guint per_second, guint burst, gint64 now_us);

/* Takes @n tokens even where it has fewer, for work that is done already. Returns the time in µs until the level is
 * positive again, rounded up; 0: it is. @n may be 0. @per_second is not 0. */
gint64 vgw_token_bucket_charge (VgwTokenBucket *self, guint n, guint per_second, guint burst, gint64 now_us);
