#include "fuzz.h"

#include <string.h>

#include "net/vgw-http-head.h"
#include "net/vgw-http-hop.h"

#define NOW_S 1764363000
#define CLIENT "192.0.2.1"

static void
handle (VgwHttpRequest *request, gpointer user_data)
{
}

static VgwNodeIds *
make_ids (const char *name)
{
  static const char *const keys[] = { "0123456789abcdef0123456789abcdef", NULL };
  const VgwNodeSettings settings = { .name = name, .keys = keys };

  return vgw_node_ids_new (&settings);
}

/* A head that is good is good when it is sent on, too, and the receiver reads the client's address from it. */
static void
check_sent (const VgwNodeIds *sender, const VgwNodeIds *receiver, VgwHttpRoutes *routes, const char *head, gsize length)
{
  g_autofree char *written = vgw_http_hop_write_head (sender, head, length, "b", FALSE, CLIENT, NOW_S);
  g_autoptr (VgwHttpHopNonces) nonces = vgw_http_hop_nonces_new ();
  g_autofree char *client = vgw_http_hop_read_client (receiver, nonces, written, strlen (written), FALSE, NOW_S, NULL);
  VgwHttpHead verdict = vgw_http_head_check (written, strlen (written), routes, NULL);

  g_assert_cmpstr (client, ==, CLIENT);
  g_assert (verdict == VGW_HTTP_HEAD_GOOD || verdict == VGW_HTTP_HEAD_TOO_LARGE);
}

/* The head alone, of what may have a body. */
static gsize
measure (const char *head, gsize size)
{
  for (gsize n = 1; n < size; n++)
    if (!vgw_http_head_is_whole (head, n - 1) && vgw_http_head_is_whole (head, n))
      return n;
  return size;
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  static const VgwHttpRoute files = { "/*", .get = handle, .max_body_bytes = 100 };
  static const VgwHttpRoute upload = { "/a/{id}/b", .post = handle, .max_body_bytes = 100, .has_cors = TRUE };
  g_autoptr (VgwHttpRoutes) routes = vgw_http_routes_new ();
  g_autoptr (VgwNodeIds) sender = make_ids ("a");
  g_autoptr (VgwNodeIds) receiver = make_ids ("b");
  g_autoptr (VgwHttpHopNonces) nonces = vgw_http_hop_nonces_new ();
  g_autofree char *head = g_memdup2 (data, size);
  g_autofree char *node = NULL, *client = NULL;

  vgw_http_routes_add (routes, &files, NULL);
  vgw_http_routes_add (routes, &upload, NULL);
  if (size == 0 || vgw_http_head_check (head, size, routes, NULL) != VGW_HTTP_HEAD_GOOD)
    return 0;
  size = measure (head, size);
  node = vgw_http_hop_find_node (sender, head, size);
  g_assert (g_strcmp0 (node, "a") != 0);
  client = vgw_http_hop_read_client (receiver, nonces, head, size, FALSE, NOW_S, NULL);
  g_assert (client == NULL || vgw_http_hop_is_marked (head, size));
  if (!vgw_http_hop_is_marked (head, size) && memchr (head, '\0', size) == NULL)
    check_sent (sender, receiver, routes, head, size);
  return 0;
}
