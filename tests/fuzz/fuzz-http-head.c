#include "fuzz.h"

#include "net/vgw-http-head.h"

static void
handle (VgwHttpRequest *request, gpointer user_data)
{
}

/* What was said of the first bytes of a request is not taken back when more arrive. */
int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  static const VgwHttpRoute files = { "/*", .get = handle, .max_body_bytes = 100 };
  static const VgwHttpRoute upload = { "/a/{id}/b", .post = handle, .max_body_bytes = 100, .has_cors = TRUE };
  g_autoptr (VgwHttpRoutes) routes = vgw_http_routes_new ();
  VgwHttpHead whole;
  gsize step = size / 16 + 1;

  vgw_http_routes_add (routes, &files, NULL);
  vgw_http_routes_add (routes, &upload, NULL);
  whole = vgw_http_head_check ((const char *) data, size, routes, NULL);
  for (gsize n = 0; n < size; n += step)
    {
      g_autofree char *copy = g_memdup2 (data, n);
      g_autofree char *allow = NULL;
      VgwHttpHead part = vgw_http_head_check (copy, n, routes, &allow);

      g_assert (part == VGW_HTTP_HEAD_MORE || part == whole);
      g_assert ((allow != NULL) == (part == VGW_HTTP_HEAD_METHOD));
    }
  return 0;
}
