#include "ice-routes.h"

#include <check.h>
#include <string.h>

VgwIceRouter *router;

static void
on_packet (const guint8 *data, gsize length, gpointer user_data)
{
  g_atomic_int_inc (&((Seen *) user_data)->n_packets);
}

static void
on_checked (gboolean is_nominated, gpointer user_data)
{
  g_atomic_int_inc (&((Seen *) user_data)->n_checks);
}

const VgwIceRouteFuncs route_funcs = { on_packet, on_checked };

void
router_set_up (void)
{
  router = vgw_ice_router_new ();
}

void
router_tear_down (void)
{
  ck_assert_uint_eq (vgw_ice_router_count_routes (router), 0);
  ck_assert_uint_eq (vgw_ice_router_count_paths (router), 0);
  g_clear_pointer (&router, vgw_ice_router_unref);
}

VgwIceRoute *
make_route (Seen *seen, const char *ufrag)
{
  VgwIceRoute *route = vgw_ice_route_new (router, &route_funcs, seen);

  memset (seen, 0, sizeof *seen);
  ck_assert (vgw_ice_route_set_credentials (route, ufrag, PASSWORD));
  vgw_ice_route_set_remote_credentials (route, "theirs", REMOTE_PASSWORD);
  return route;
}

VgwIcePath
path_from (guint16 remote_port)
{
  VgwIcePath path;

  memset (&path, 0, sizeof path);
  ck_assert (vgw_ice_address_parse (&path.remote, "192.0.2.1"));
  ck_assert (vgw_ice_address_parse (&path.local, "198.51.100.1:10000"));
  path.remote.port = remote_port;
  return path;
}
