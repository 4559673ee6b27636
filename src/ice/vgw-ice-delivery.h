/* What a route delivers to its transport, until it is stopped. Part of its owner's struct. Any thread. */
#pragma once

#include <glib.h>

/* Called on the thread that receives, never after vgw_ice_route_stop () returned; they must not block. */
typedef struct
{
  /* A packet from a path of the route. @data is valid during the call. */
  void (*packet) (const guint8 *data, gsize length, gpointer user_data);
  /* A valid check arrived; @is_nominated once the peer has nominated any path. */
  void (*checked) (gboolean is_nominated, gpointer user_data);
} VgwIceRouteFuncs;

typedef struct
{
  const VgwIceRouteFuncs *funcs; /* constant, as the next */
  gpointer user_data;
  GMutex lock;
  gboolean is_stopped; /* guarded by lock */
} VgwIceDelivery;

/* @funcs is static. */
void vgw_ice_delivery_init (VgwIceDelivery *self, const VgwIceRouteFuncs *funcs, gpointer user_data);
void vgw_ice_delivery_clear (VgwIceDelivery *self);

/* Waits for a callback that runs on another thread; none follows. Not from a callback. */
void vgw_ice_delivery_stop (VgwIceDelivery *self);

/* Call the functions, unless stopped. */
void vgw_ice_delivery_packet (VgwIceDelivery *self, const guint8 *data, gsize length);
void vgw_ice_delivery_checked (VgwIceDelivery *self, gboolean is_nominated);
