/* Telephone events (RFC 4733): decodes the payloads of RTP packets, in order, to keys, each reported once. Pure. */
#pragma once

#include <glib.h>

#define VGW_DTMF_MAX_EVENT 15 /* RFC 4733 table 3: 0-9, *, #, A-D; others, such as a hook flash, are not keys */

/* @duration: in ticks of the event's RTP clock, of all segments together, as far as received. */
typedef void (*VgwDtmfFunc) (guint event, guint duration, gpointer user_data);

/* The key that is pressed. Zero-initialised. */
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

/* Handles one packet: RTP @timestamp, marker bit, payload, arrival time. A key is reported with the first packet that
 * has the end bit, or, where all three are lost, with a packet of another key. The segments of an event that is too
 * long for 16 bits of duration (RFC 4733 section 2.5.1.3) are one key. Other events are dropped. */
void vgw_dtmf_handle (VgwDtmf *self, guint32 timestamp, gboolean is_marked, const guint8 *payload, gsize length,
                      gint64 now_us, VgwDtmfFunc func, gpointer user_data);

/* To be called for every other packet, which arrived at @now_us: reports the pressed key where it has had no packet for
 * some time, since its end was lost. There may be audio between the packets of a key. */
void vgw_dtmf_expire (VgwDtmf *self, gint64 now_us, VgwDtmfFunc func, gpointer user_data);

/* Reports the pressed key, if its end was not received. */
void vgw_dtmf_finish (VgwDtmf *self, VgwDtmfFunc func, gpointer user_data);
