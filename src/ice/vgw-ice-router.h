/* Who gets a packet: the tables from local ufrag and from validated path to the route of a transport. No sockets. */
#pragma once

#include "ice/vgw-ice-address.h"

#include <gst/gst.h>

G_BEGIN_DECLS

/* Validated paths kept for one route. A caller has a few interfaces, each with IPv4 and IPv6. */
#define VGW_ICE_MAX_PATHS 8

typedef struct _VgwIceRouter VgwIceRouter;
typedef struct _VgwIceRoute VgwIceRoute;

/* Called on the thread that receives, never after vgw_ice_route_stop () returned; they must not block. */
typedef struct
{
  /* A packet from a validated path. @data is valid during the call. */
  void (*packet) (const guint8 *data, gsize length, gpointer user_data);
  /* A valid check arrived; @is_nominated once the peer has nominated any path. */
  void (*checked) (gboolean is_nominated, gpointer user_data);
} VgwIceRouteFuncs;

/* Returns: (transfer full), to be given to vgw_ice_router_unref (). Any thread, as everything here. */
VgwIceRouter *vgw_ice_router_new (void);
VgwIceRouter *vgw_ice_router_ref (VgwIceRouter *self);
void vgw_ice_router_unref (VgwIceRouter *self);

/* A route that no packet finds yet. @funcs is static. Returns: (transfer full) */
VgwIceRoute *vgw_ice_route_new (VgwIceRouter *router, const VgwIceRouteFuncs *funcs, gpointer user_data);
VgwIceRoute *vgw_ice_route_ref (VgwIceRoute *self);
void vgw_ice_route_unref (VgwIceRoute *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VgwIceRoute, vgw_ice_route_unref)

/* Makes the route findable by @ufrag; other credentials than before replace them. FALSE where another route has
 * @ufrag, or this one is stopped. */
gboolean vgw_ice_route_set_credentials (VgwIceRoute *self, const char *ufrag, const char *password);

/* Takes the route out of the tables and waits for a callback that runs on another thread. Idempotent. Not from a
 * callback. The path to send on stays, so that DTLS can say goodbye. */
void vgw_ice_route_stop (VgwIceRoute *self);

/* Where to send: the path nominated last, before that the one validated last. FALSE for none. */
gboolean vgw_ice_route_get_path (VgwIceRoute *self, VgwIcePath *path);

/* g_get_monotonic_time () of the last valid check, 0 for none. */
gint64 vgw_ice_route_get_last_check_us (VgwIceRoute *self);

/* The route with local @ufrag (@length bytes, not terminated) and its password, both (transfer full), or NULL. */
VgwIceRoute *vgw_ice_router_find_ufrag (VgwIceRouter *self, const char *ufrag, gsize length, char **password);

/* The route that validated @path, or NULL. Counts as use of the path. Returns: (transfer full) (nullable) */
VgwIceRoute *vgw_ice_router_find_path (VgwIceRouter *self, const VgwIcePath *path, gint64 now_us);

/* A valid check for @route came over @path: the path is the route's from now on, taken from another route that had
 * it, in place of the longest unused where VGW_ICE_MAX_PATHS are known. Calls checked (). */
void vgw_ice_router_validate (VgwIceRouter *self, VgwIceRoute *route, const VgwIcePath *path, gboolean is_nominated,
                              gint64 now_us);

/* Calls packet (), unless stopped. */
void vgw_ice_route_deliver (VgwIceRoute *self, const guint8 *data, gsize length);

/* The number of paths and ufrags in the tables, for metrics and tests. */
guint vgw_ice_router_count_paths (VgwIceRouter *self);
guint vgw_ice_router_count_routes (VgwIceRouter *self);

G_END_DECLS
