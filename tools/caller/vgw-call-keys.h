/* The keys of a caller as telephone events (RFC 4733): for each frame of speech the packet that replaces it, if any.
 * Pure; one thread at a time. */
#pragma once

#include <glib.h>

#define VGW_CALL_KEYS_PAYLOAD_TYPE 101 /* dynamic; what browsers offer at 8000 Hz is 126 or 101 */

typedef struct _VgwCallKeys VgwCallKeys;

/* One packet. */
typedef struct
{
  guint8 event;      /* RFC 4733 table 3 */
  gboolean is_first; /* of its key: has the marker */
  gboolean is_end;
  guint n_frames; /* frames of 20 ms since the key went down, this one included: its duration */
} VgwCallKeyPacket;

/* @text: digits, '*', '#', A to D; a ',' is a pause of half a second; anything else is an error (VGW_ERROR_CONFIG). The
 * first key begins half a second after the first frame. Returns: (transfer full) */
VgwCallKeys *vgw_call_keys_new (const char *text, GError **error);
void vgw_call_keys_free (VgwCallKeys *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VgwCallKeys, vgw_call_keys_free)

/* From the first frame to the end of the last key. */
guint vgw_call_keys_get_duration_ms (const VgwCallKeys *self);

/* For the next frame: TRUE with the @packet that replaces it, or FALSE where it is sent unchanged. */
gboolean vgw_call_keys_next (VgwCallKeys *self, VgwCallKeyPacket *packet);
