/* Telephone events (RFC 4733): from the payloads of RTP packets, in order, to keys, each told once. Pure. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define VGW_DTMF_MAX_EVENT 15 /* RFC 4733 table 3: 0-9, *, #, A-D; others are no keys */

/* @duration: in RTP ticks, as far as the packets told. */
typedef void (*VgwDtmfFunc) (guint event, guint duration, gpointer user_data);

/* The key that is held down. All zero to begin with. */
typedef struct
{
  gboolean is_pending; /* seen, and not yet told */
  gboolean is_known;   /* `timestamp` is of an event that was seen */
  guint32 timestamp;   /* RTP, the same in all packets of one event */
  guint event;
  guint duration; /* in RTP ticks */
} VgwDtmf;

/* One packet: its RTP @timestamp and its payload. A key is told at the packet with the end bit, or at a packet of another
 * key where all three of those were lost. What is no key is dropped. */
void vgw_dtmf_take (VgwDtmf *self, guint32 timestamp, const guint8 *payload, gsize length, VgwDtmfFunc func,
                    gpointer user_data);

/* Tells the key that is held, if its end has not come: something else follows. */
void vgw_dtmf_finish (VgwDtmf *self, VgwDtmfFunc func, gpointer user_data);

G_END_DECLS
