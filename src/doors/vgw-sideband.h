/* WebSockets beside a call on which servers get the call's events and send theirs: bounded in number, and who reads
 * too slowly is cut off (vgw-ws-channel.h). Main thread. */
#pragma once

#include "net/vgw-ws-channel.h"

#define VGW_SIDEBANDS_MAX 4 /* of a call */

typedef struct _VgwSidebands VgwSidebands;
typedef struct _VgwSideband VgwSideband; /* one of them, until it is closed */

/* @text of @from; or NULL, and @error, for a message that is not text, or too long. Must not free the VgwSidebands. */
typedef void (*VgwSidebandFunc) (VgwSideband *from, const char *text, gsize length, const GError *error,
                                 gpointer user_data);

/* Returns: (transfer full) */
VgwSidebands *vgw_sidebands_new (VgwSidebandFunc func, gpointer user_data);

/* Closes all with 1000. */
void vgw_sidebands_free (VgwSidebands *self);

/* @channel (transfer none) is open. Returns: (transfer none), or NULL where there are VGW_SIDEBANDS_MAX: it is closed
 * with 1013 */
VgwSideband *vgw_sidebands_add (VgwSidebands *self, VgwWsChannel *channel);

guint vgw_sidebands_count (VgwSidebands *self);

/* To all. */
void vgw_sidebands_send (VgwSidebands *self, const char *text);

/* To one. */
void vgw_sideband_send (VgwSideband *self, const char *text);
