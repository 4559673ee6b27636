/* How often something may happen for each address, of IPv6 for each /64: token buckets of a bounded number of
 * addresses. One thread. */
#pragma once

#include <glib.h>

typedef struct _VgwAddressBuckets VgwAddressBuckets;

VgwAddressBuckets *vgw_address_buckets_new (void);
void vgw_address_buckets_free (VgwAddressBuckets *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VgwAddressBuckets, vgw_address_buckets_free)

/* Whether it may happen once more at @now_us (monotonic, not 0) for @group, of vgw_address_group (): @per_minute times
 * in a minute, and as often at once. Of more than 10,000 addresses in a minute the rest is not bounded. */
gboolean vgw_address_buckets_take (VgwAddressBuckets *self, const char *group, guint per_minute, gint64 now_us);

/* The addresses that are known now. */
guint vgw_address_buckets_count (VgwAddressBuckets *self);
