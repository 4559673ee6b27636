#include "fuzz.h"

#include "net/vgw-http-head.h"

#define MAX_BODY_BYTES 100

/* What was said of the first bytes of a request is not taken back when more arrive. */
int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  VgwHttpHead whole = vgw_http_head_check ((const char *) data, size, "GET, HEAD", MAX_BODY_BYTES);
  gsize step = size / 16 + 1;

  for (gsize n = 0; n < size; n += step)
    {
      g_autofree char *copy = g_memdup2 (data, n);
      VgwHttpHead part = vgw_http_head_check (copy, n, "GET, HEAD", MAX_BODY_BYTES);

      g_assert (part == VGW_HTTP_HEAD_MORE || part == whole);
    }
  return 0;
}
