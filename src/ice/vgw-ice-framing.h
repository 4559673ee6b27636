/* Packets on a byte stream, each behind its length in two bytes (RFC 4571 section 2): what has been read and is not yet
 * a whole one, and what is to be written. Values without sockets and locks. */
#pragma once

#include <glib.h>
#include <sys/uio.h>

#define VGW_ICE_FRAME_MAX_BYTES 2048 /* of a packet; as with UDP, WebRTC keeps below 1500 */
#define VGW_ICE_FRAME_HEADER_BYTES 2
#define VGW_ICE_RTP_FIRST_BYTE_MIN 128 /* of an RTP or RTCP packet, RFC 7983 section 7 */
#define VGW_ICE_RTP_FIRST_BYTE_MAX 191

/* What waits to be written, at most: half a second of the busiest call. */
#define VGW_ICE_FRAME_QUEUE_BYTES (16 * 1024)

typedef struct
{
  guint8 bytes[2 * (VGW_ICE_FRAME_HEADER_BYTES + VGW_ICE_FRAME_MAX_BYTES)];
  gsize length;
} VgwIceFrameReader;

typedef void (*VgwIceFrameFunc) (const guint8 *data, gsize length, gpointer user_data);

/* Where to read to, and how much there is room for; never 0. */
guint8 *vgw_ice_frame_reader_get_room (VgwIceFrameReader *self, gsize *room);

/* @length bytes were read there. Calls @func for each whole packet, also for an empty one. FALSE where one is longer
 * than VGW_ICE_FRAME_MAX_BYTES: the rest cannot be read. */
gboolean vgw_ice_frame_reader_take (VgwIceFrameReader *self, gsize length, VgwIceFrameFunc func, gpointer user_data);

/* The two bytes before a packet of @length. */
void vgw_ice_frame_write_header (guint8 *header, gsize length);

typedef struct
{
  GQueue frames;   /* GBytes, with their header */
  gsize n_bytes;   /* of them, without what has been written */
  gsize n_written; /* of the first one */
} VgwIceFrameQueue;

/* Queues a copy of @data, of at most VGW_ICE_FRAME_MAX_BYTES. Where it does not fit, the oldest media goes; nothing is
 * taken out that is written in part, and no STUN and DTLS. Returns how many were dropped, @data being perhaps one. */
guint vgw_ice_frame_queue_push (VgwIceFrameQueue *self, gconstpointer data, gsize length);

/* What is to be written next, in up to @max parts. Returns their number. */
guint vgw_ice_frame_queue_peek (VgwIceFrameQueue *self, struct iovec *parts, guint max);

/* @length bytes of that were written. */
void vgw_ice_frame_queue_written (VgwIceFrameQueue *self, gsize length);

void vgw_ice_frame_queue_clear (VgwIceFrameQueue *self);
