#include "ice/vgw-ice-framing.h"

#include <string.h>

guint8 *
vgw_ice_frame_reader_get_room (VgwIceFrameReader *self, gsize *room)
{
  *room = sizeof self->bytes - self->length;
  return self->bytes + self->length;
}

gboolean
vgw_ice_frame_reader_take (VgwIceFrameReader *self, gsize length, VgwIceFrameFunc func, gpointer user_data)
{
  gsize at = 0;

  g_return_val_if_fail (length <= sizeof self->bytes - self->length, FALSE);

  self->length += length;
  while (self->length - at >= VGW_ICE_FRAME_HEADER_BYTES)
    {
      gsize frame_length = ((gsize) self->bytes[at] << 8) | self->bytes[at + 1];

      if (frame_length > VGW_ICE_FRAME_MAX_BYTES)
        return FALSE;
      if (self->length - at < VGW_ICE_FRAME_HEADER_BYTES + frame_length)
        break;
      func (self->bytes + at + VGW_ICE_FRAME_HEADER_BYTES, frame_length, user_data);
      at += VGW_ICE_FRAME_HEADER_BYTES + frame_length;
    }
  self->length -= at;
  memmove (self->bytes, self->bytes + at, self->length);
  return TRUE;
}

void
vgw_ice_frame_write_header (guint8 *header, gsize length)
{
  header[0] = (guint8) (length >> 8);
  header[1] = (guint8) length;
}

static gboolean
is_media (GBytes *frame)
{
  gsize length;
  const guint8 *bytes = g_bytes_get_data (frame, &length);

  return length > VGW_ICE_FRAME_HEADER_BYTES && bytes[VGW_ICE_FRAME_HEADER_BYTES] >= VGW_ICE_RTP_FIRST_BYTE_MIN
         && bytes[VGW_ICE_FRAME_HEADER_BYTES] <= VGW_ICE_RTP_FIRST_BYTE_MAX;
}

/* The oldest media, but for a frame that is written in part. FALSE where there is none. */
static gboolean
drop_oldest (VgwIceFrameQueue *self)
{
  for (GList *i = self->frames.head; i != NULL; i = i->next)
    {
      if ((i == self->frames.head && self->n_written > 0) || !is_media (i->data))
        continue;
      self->n_bytes -= g_bytes_get_size (i->data);
      g_bytes_unref (i->data);
      g_queue_delete_link (&self->frames, i);
      return TRUE;
    }
  return FALSE;
}

guint
vgw_ice_frame_queue_push (VgwIceFrameQueue *self, gconstpointer data, gsize length)
{
  gsize frame_length = VGW_ICE_FRAME_HEADER_BYTES + length;
  guint n_dropped = 0;
  guint8 *frame;

  g_return_val_if_fail (length <= VGW_ICE_FRAME_MAX_BYTES, 1);

  while (self->n_bytes + frame_length > VGW_ICE_FRAME_QUEUE_BYTES)
    {
      n_dropped++;
      if (!drop_oldest (self))
        return n_dropped;
    }
  frame = g_malloc (frame_length);
  vgw_ice_frame_write_header (frame, length);
  memcpy (frame + VGW_ICE_FRAME_HEADER_BYTES, data, length);
  g_queue_push_tail (&self->frames, g_bytes_new_take (frame, frame_length));
  self->n_bytes += frame_length;
  return n_dropped;
}

guint
vgw_ice_frame_queue_peek (VgwIceFrameQueue *self, struct iovec *parts, guint max)
{
  guint n = 0;

  for (GList *i = self->frames.head; i != NULL && n < max; i = i->next, n++)
    {
      gsize offset = n == 0 ? self->n_written : 0;

      parts[n].iov_base = (guint8 *) g_bytes_get_data (i->data, NULL) + offset;
      parts[n].iov_len = g_bytes_get_size (i->data) - offset;
    }
  return n;
}

void
vgw_ice_frame_queue_written (VgwIceFrameQueue *self, gsize length)
{
  self->n_bytes -= length;
  self->n_written += length;
  while (self->frames.head != NULL && self->n_written >= g_bytes_get_size (self->frames.head->data))
    {
      self->n_written -= g_bytes_get_size (self->frames.head->data);
      g_bytes_unref (g_queue_pop_head (&self->frames));
    }
}

void
vgw_ice_frame_queue_clear (VgwIceFrameQueue *self)
{
  g_queue_clear_full (&self->frames, (GDestroyNotify) g_bytes_unref);
  self->n_bytes = self->n_written = 0;
}
