/* Where a route sends, for the threads that send: they need not lock the tables of the router. */
#pragma once

#include "ice/vgw-ice-address.h"

#include <stdatomic.h>

typedef struct
{
  GMutex lock;
  VgwIcePath path;      /* guarded by lock, as the next; remote.family is 0 for none */
  gboolean is_proved;   /* without a bound to what is sent */
  gboolean is_silent;   /* nothing is sent */
  gsize unproved_bytes; /* that may still be sent */
  _Atomic gint64 silent_since_us;
} VgwIceSendPath;

void vgw_ice_send_path_init (VgwIceSendPath *self);
void vgw_ice_send_path_clear (VgwIceSendPath *self);

/* The path; FALSE for none. Any thread, as the rest. */
gboolean vgw_ice_send_path_get (VgwIceSendPath *self, VgwIcePath *path);

/* The same for sending @length bytes now, FALSE where they may not be sent. */
gboolean vgw_ice_send_path_take (VgwIceSendPath *self, gsize length, VgwIcePath *path);

/* @length bytes came from an address that has not proved itself: they pay for what is sent there. */
void vgw_ice_send_path_pay (VgwIceSendPath *self, gsize length);

/* @path: (nullable) for none. TRUE where it ceases to send now. */
gboolean vgw_ice_send_path_set (VgwIceSendPath *self, const VgwIcePath *path, gboolean is_proved, gboolean is_silent,
                                gint64 now_us);
