/* The paths on which a route has received valid checks, and the one that it sends on. A value, without locks, sockets
 * and clock.
 *
 * Before the first proof (see vgw-ice-consent.h) that is the one nominated last, or checked last where none is, or that
 * which the DTLS handshake comes from. Afterwards it is a proved one: the one whose nomination began last, or the
 * present one for as long as it answers. A peer behind a NAT that rebinds in mid-call may check without USE-CANDIDATE
 * ever after (Firefox, aiortc): once the old address is dead, or left for the new one, that is taken for a
 * nomination. */
#pragma once

#include "ice/vgw-ice-address.h"
#include "ice/vgw-ice-consent.h"

/* Per route. A caller has a few interfaces, each with IPv4 and IPv6. */
#define VGW_ICE_MAX_PATHS 8

typedef struct
{
  VgwIcePath path;
  gpointer route; /* the owner of the set */
  VgwIceConsent consent;
  guint generation;      /* of the route's credentials that its last check had, see vgw_ice_route_restart () */
  guint peer_generation; /* the same of the peer's half: the peer may use its new ufrag with our old one */
  gint64 last_used_us;
  gint64 nominated_us;    /* when its nomination began; 0: never */
  gboolean is_nominating; /* the last check had USE-CANDIDATE */
  gboolean is_owned;      /* packets from there belong to the route */
} VgwIceKnownPath;

typedef struct
{
  VgwIceKnownPath *known[VGW_ICE_MAX_PATHS]; /* allocated one by one: tables point to them */
  guint n_known;
  VgwIceKnownPath *current;   /* (nullable) to send on */
  VgwIceKnownPath *handshake; /* (nullable) of the first DTLS packet, until there is a proof */
  gboolean has_nominated;     /* any path so far */
  gboolean has_proof;         /* any path so far */
} VgwIcePathSet;

/* NULL for an unknown path. */
VgwIceKnownPath *vgw_ice_path_set_find (VgwIcePathSet *self, const VgwIcePath *path);

/* Where the set is full: the path to remove, which is the longest unused one that is not sent on, preferably without a
 * proof. NULL where there is room. */
VgwIceKnownPath *vgw_ice_path_set_find_excess (VgwIcePathSet *self, gint64 now_us);

/* There must be room, and @path must be unknown. */
VgwIceKnownPath *vgw_ice_path_set_add (VgwIcePathSet *self, const VgwIcePath *path, gint64 now_us);

/* Removes and frees @known. */
void vgw_ice_path_set_remove (VgwIcePathSet *self, VgwIceKnownPath *known);

/* A valid check was received on @known, with or without USE-CANDIDATE. */
void vgw_ice_path_set_checked (VgwIcePathSet *self, VgwIceKnownPath *known, gboolean is_nominated, gint64 now_us);

/* There is a proof for @known. */
void vgw_ice_path_set_proved (VgwIcePathSet *self, VgwIceKnownPath *known, VgwIceProof proof, gint64 now_us);

/* Selects the path to send on. TRUE where that changed from a proved one to another. */
gboolean vgw_ice_path_set_choose (VgwIcePathSet *self, gint64 now_us);

/* Nothing may be sent: there was a proof, and the present path has no recent one. */
gboolean vgw_ice_path_set_is_silent (const VgwIcePathSet *self, gint64 now_us);

/* Whether packets from @known are delivered to the session. While it has a proved path, packets from others are not:
 * their checks may be captured ones. */
gboolean vgw_ice_path_set_may_deliver (const VgwIcePathSet *self, const VgwIceKnownPath *known);
