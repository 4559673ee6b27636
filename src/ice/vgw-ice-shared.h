/* The part of a mux that its receiving threads use; it outlives them. */
#pragma once

#include <stdatomic.h>

#include "ice/vgw-ice-router.h"

typedef enum
{
  VGW_ICE_COUNT_RECEIVED,
  VGW_ICE_COUNT_DELIVERED,
  VGW_ICE_COUNT_CHECKS,
  VGW_ICE_COUNT_REFUSED,
  VGW_ICE_COUNT_UNAUTHENTICATED,
  VGW_ICE_COUNT_MALFORMED,
  VGW_ICE_COUNT_IGNORED,
  VGW_ICE_COUNT_UNKNOWN_SOURCE,
  VGW_ICE_COUNT_OWN_CHECKS,
  VGW_ICE_COUNT_ANSWERS,
  VGW_ICE_COUNT_KERNEL_DROPPED,
  VGW_ICE_COUNT_SENT,
  VGW_ICE_COUNT_SEND_DROPPED,
  VGW_ICE_COUNT_TCP_ACCEPTED,
  VGW_ICE_COUNT_TCP_REFUSED,
  VGW_ICE_COUNT_TCP_EXPIRED,
  VGW_ICE_COUNT_TCP_UNUSED,
  VGW_ICE_COUNT_TCP_DROPPED,
  VGW_ICE_N_COUNTS,
} VgwIceCount;

/* Sends one packet over @path, UDP or TCP. FALSE where it was dropped, which is counted. Any thread. */
typedef gboolean (*VgwIceSendFunc) (gpointer mux, const VgwIcePath *path, gconstpointer data, gsize length, guint8 tos);

typedef struct
{
  guint16 port;         /* of UDP; constant, as the next */
  VgwIceRouter *router; /* the tables to look up packets in */
  VgwIceSendFunc send;
  gpointer mux; /* for send () */
  _Atomic guint64 counts[VGW_ICE_N_COUNTS];
  _Atomic gint64 next_turn_us;
} VgwIceShared;

/* Any thread. */
static inline void
vgw_ice_shared_count (VgwIceShared *self, VgwIceCount count, guint64 n)
{
  atomic_fetch_add_explicit (&self->counts[count], n, memory_order_relaxed);
}

/* TRUE for one of the threads that call it, once in @interval_us. */
static inline gboolean
vgw_ice_shared_take_turn (VgwIceShared *self, gint64 now_us, gint64 interval_us)
{
  gint64 next_us = atomic_load_explicit (&self->next_turn_us, memory_order_relaxed);

  return now_us >= next_us && atomic_compare_exchange_strong (&self->next_turn_us, &next_us, now_us + interval_us);
}
