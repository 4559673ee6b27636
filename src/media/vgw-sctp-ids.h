/* A pool of SCTP association ids. webrtcbin before 1.27.1 uses random ids of 16 bits for the whole process; two
 * sessions with the same one lose their audio and hang in teardown. So every peer gets a free one from here. */
#pragma once

#include <glib.h>

typedef struct _VgwSctpIds VgwSctpIds;

VgwSctpIds *vgw_sctp_ids_new (void);
void vgw_sctp_ids_free (VgwSctpIds *self);

/* A free id in 1 … 65534, or 0 where there is none. Ids are not reused soon. Any thread. */
guint vgw_sctp_ids_take (VgwSctpIds *self);
void vgw_sctp_ids_give_back (VgwSctpIds *self, guint id);
