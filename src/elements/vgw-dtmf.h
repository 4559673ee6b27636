/* Telephone events (RFC 4733): from the payloads of RTP packets, in order, to keys, each reported once. Pure. */
#pragma once

#include <glib.h>

#define VGW_DTMF_MAX_EVENT 15 /* RFC 4733 table 3: 0-9, *, #, A-D; others, such as a hook flash, are no keys */

/* @duration: in RTP ticks of the event's own clock, all segments together, as far as the packets say. */
typedef void (*VgwDtmfFunc) (guint event, guint duration, gpointer user_data);

/* The key that is held down. All zero to begin with. */
typedef struct
{
  gboolean is_pending; /* seen, and not yet reported */
  gboolean is_known;   /* `timestamp` is of an event that was seen */
  gboolean has_ended;  /* with the end bit */
  guint32 timestamp;   /* RTP, the same in all packets of one segment */
  guint event;
  guint earlier;  /* ticks of the segments before this one */
  guint duration; /* ticks of this segment */
  gint64 last_us; /* when the last packet arrived */
} VgwDtmf;

/* One packet: its RTP @timestamp, its marker bit, its payload, and when it arrived. A key is reported at the packet
 * with the end bit, or at a packet of another key where all three of those were lost. An event that is too long for 16
 * bits of duration comes in segments (RFC 4733 section 2.5.1.3), which are one key. What is no key is dropped. */
void vgw_dtmf_take (VgwDtmf *self, guint32 timestamp, gboolean is_marked, const guint8 *payload, gsize length,
                    gint64 now_us, VgwDtmfFunc func, gpointer user_data);

/* Another packet arrived at @now_us: the key that is held is reported if it has not been renewed for a while, since its
 * end was lost then. Audio may come between the packets of a key. */
void vgw_dtmf_pass (VgwDtmf *self, gint64 now_us, VgwDtmfFunc func, gpointer user_data);

/* Reports the key that is held, if its end has not come: nothing of it will follow. */
void vgw_dtmf_finish (VgwDtmf *self, VgwDtmfFunc func, gpointer user_data);
