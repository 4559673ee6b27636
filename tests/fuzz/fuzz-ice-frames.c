/* A byte stream of packets, cut as the first byte says. */
#include "fuzz.h"

#include <string.h>

#include "ice/vgw-ice-framing.h"

typedef struct
{
  gsize n_bytes;
} Seen;

static void
on_frame (const guint8 *data, gsize length, gpointer user_data)
{
  g_assert (length <= VGW_ICE_FRAME_MAX_BYTES);
  ((Seen *) user_data)->n_bytes += VGW_ICE_FRAME_HEADER_BYTES + length;
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  VgwIceFrameReader reader = { .length = 0 };
  gsize piece = size > 0 ? 1 + data[0] : 1;
  gboolean is_good = TRUE;
  Seen seen = { 0 };

  for (gsize at = 1; at < size && is_good; at += piece)
    {
      gsize n = MIN (piece, size - at), room;
      guint8 *to = vgw_ice_frame_reader_get_room (&reader, &room);

      g_assert (room >= n);
      memcpy (to, data + at, n);
      is_good = vgw_ice_frame_reader_take (&reader, n, on_frame, &seen);
    }
  g_assert (!is_good || size == 0 || seen.n_bytes + reader.length == size - 1);
  return 0;
}
