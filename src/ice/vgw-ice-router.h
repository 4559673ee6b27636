/* The routes of all transports: tables from local ufrag, path and transaction to the route, for received packets and
 * for sending. No sockets. */
#pragma once

#include "ice/vgw-ice-address.h"
#include "ice/vgw-ice-check.h"
#include "ice/vgw-ice-delivery.h"
#include "ice/vgw-ice-path-set.h"

#include <gst/gst.h>

typedef struct _VgwIceRouter VgwIceRouter;
typedef struct _VgwIceRoute VgwIceRoute;

typedef struct
{
  guint64 moved;         /* changes of a route from a proved address to another */
  guint64 consents_lost; /* routes that stopped sending */
  guint64 foreign;       /* valid checks from an address that belongs to another route */
  guint64 restarts;      /* of ICE, that have come to media on a path with the new credentials */
} VgwIceRouterCounts;

/* Returns: (transfer full), to be given to vgw_ice_router_unref (). Any thread, as everything here. */
VgwIceRouter *vgw_ice_router_new (void);
VgwIceRouter *vgw_ice_router_ref (VgwIceRouter *self);
void vgw_ice_router_unref (VgwIceRouter *self);

/* A route without credentials. @funcs is static. Returns: (transfer full) */
VgwIceRoute *vgw_ice_route_new (VgwIceRouter *router, const VgwIceRouteFuncs *funcs, gpointer user_data);
VgwIceRoute *vgw_ice_route_ref (VgwIceRoute *self);
void vgw_ice_route_unref (VgwIceRoute *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VgwIceRoute, vgw_ice_route_unref)

/* Makes the route findable by @ufrag; other credentials than before replace them. FALSE where another route has
 * @ufrag, or this one is stopped. */
gboolean vgw_ice_route_set_credentials (VgwIceRoute *self, const char *ufrag, const char *password);

/* The peer's, for the gateway's checks; none are sent before. */
void vgw_ice_route_set_remote_credentials (VgwIceRoute *self, const char *ufrag, const char *password);

/* An ICE restart: the route is found by the new ufrag too, and checks a path with the pair that the peer's last check
 * there had, until media is sent over a path with the new pair; then the old ones are gone. Of restarts that have not
 * come so far the last are kept, and what the path in use needs (vgw-ice-generations.h). FALSE where any route has
 * @ufrag, or this one is stopped or has no credentials yet. */
gboolean vgw_ice_route_restart (VgwIceRoute *self, const char *ufrag, const char *password, const char *remote_ufrag,
                                const char *remote_password);

/* Removes the route from the tables and waits for a callback that runs on another thread. Idempotent. Not from a
 * callback. The path to send on is kept for the closing alert of DTLS. */
void vgw_ice_route_stop (VgwIceRoute *self);

/* The path to send on. FALSE for none. */
gboolean vgw_ice_route_get_path (VgwIceRoute *self, VgwIcePath *path);

/* The same for sending @length bytes now. FALSE where that is not allowed: there is no path, no consent, or the limit
 * without a proof is reached. */
gboolean vgw_ice_route_take_path (VgwIceRoute *self, gsize length, VgwIcePath *path);

/* g_get_monotonic_time () of the last valid check or answer, 0 for none. */
gint64 vgw_ice_route_get_last_check_us (VgwIceRoute *self);

/* The time since which nothing is sent for lack of consent; 0: sending is allowed. */
gint64 vgw_ice_route_get_silent_since_us (VgwIceRoute *self);

/* A DTLS packet of @length bytes was received on @path of the route: until there is a proof, the handshake stays on the
 * path where it began. */
void vgw_ice_route_note_handshake (VgwIceRoute *self, const VgwIcePath *path, gsize length, gint64 now_us);

/* The handshake is complete, which is a proof for its path: our packets were received there. */
void vgw_ice_route_confirm_handshake (VgwIceRoute *self, gint64 now_us);

/* The route with local @ufrag (@length bytes, not terminated) and its password, both (transfer full), or NULL.
 * @generation: of these credentials. */
VgwIceRoute *vgw_ice_router_find_ufrag (VgwIceRouter *self, const char *ufrag, gsize length, char **password,
                                        guint *generation);

/* The route of @path, or NULL. Counts as use of the path. Returns: (transfer full) (nullable) */
VgwIceRoute *vgw_ice_router_find_path (VgwIceRouter *self, const VgwIcePath *path, gint64 now_us);

/* A valid check of @length bytes for @route was received on @path, which is added to its set, instead of the longest
 * unused one where VGW_ICE_MAX_PATHS are known. Calls checked () where the route has a path to send on. */
void vgw_ice_router_validate (VgwIceRouter *self, VgwIceRoute *route, const VgwIcePath *path, guint generation,
                              gboolean is_nominated, gsize length, gint64 now_us);

/* The check over @path had @ufrag as the peer's half of its USERNAME. After an ICE restart Chromium checks from its new
 * port with its new ufrag and our old one, also once our answer is there, if that works before: own checks over @path
 * need the peer's new credentials then. */
void vgw_ice_route_note_peer (VgwIceRoute *self, const VgwIcePath *path, const char *ufrag);

/* Whether any route has @path. A route has VGW_ICE_MAX_PATHS at most, and none once it is stopped. */
gboolean vgw_ice_router_has_path (VgwIceRouter *self, const VgwIcePath *path);

/* The connection that @path was is closed: nothing can be sent or come there. */
void vgw_ice_router_lose_path (VgwIceRouter *self, const VgwIcePath *path, gint64 now_us);

/* Moves what has to move by now, and fills @checks with at most @max of the own checks that are due, each for
 * vgw_ice_check_clear (). Returns their number; with @max there may be more. For one route, and for all. */
guint vgw_ice_route_take_due (VgwIceRoute *self, gint64 now_us, VgwIceCheck *checks, guint max);
guint vgw_ice_router_take_due (VgwIceRouter *self, gint64 now_us, VgwIceCheck *checks, guint max);

/* The password for the integrity of the answer to transaction @id on @path, a GRefString (transfer full), or NULL where
 * there is no such transaction. */
char *vgw_ice_router_find_transaction (VgwIceRouter *self, const guint8 *id, const VgwIcePath *path);

/* A valid answer to @id was received on @path, which now belongs to that route. Calls checked (). */
void vgw_ice_router_prove (VgwIceRouter *self, const guint8 *id, const VgwIcePath *path, gint64 now_us);

/* Calls packet (), unless stopped. */
void vgw_ice_route_deliver (VgwIceRoute *self, const guint8 *data, gsize length);

/* The number of paths and ufrags in the tables, for metrics and tests. */
guint vgw_ice_router_count_paths (VgwIceRouter *self);
guint vgw_ice_router_count_routes (VgwIceRouter *self);

void vgw_ice_router_get_counts (VgwIceRouter *self, VgwIceRouterCounts *counts);
