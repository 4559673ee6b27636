/* The addresses that one route has heard valid checks from, and which of them it sends to. A value, without locks,
 * sockets and clock.
 *
 * Before the first proof (see vgw-ice-consent.h) that is the one nominated last, or checked last where none is, or that
 * which the DTLS handshake comes from. Afterwards it is a proved one: the one whose nomination began last, or the
 * present one for as long as it answers. A peer behind a NAT that rebinds in mid-call may check without USE-CANDIDATE
 * ever after (Firefox, aiortc): once the old address is dead, or left for the new one, that is taken for a
 * nomination. */
#pragma once

#include "ice/vgw-ice-address.h"
#include "ice/vgw-ice-consent.h"

/* Paths kept for one route. A caller has a few interfaces, each with IPv4 and IPv6. */
#define VGW_ICE_MAX_PATHS 8

typedef struct
{
  VgwIcePath path;
  gpointer route; /* the one whose set this is in */
  VgwIceConsent consent;
  guint generation; /* of the route's credentials that its last check had, see vgw_ice_route_restart () */
  gint64 last_used_us;
  gint64 nominated_us;    /* when its nomination began; 0: never */
  gboolean is_nominating; /* the last check had USE-CANDIDATE */
  gboolean is_owned;      /* packets from there are the route's, not another one's */
} VgwIceKnownPath;

typedef struct
{
  VgwIceKnownPath *known[VGW_ICE_MAX_PATHS]; /* allocated one by one: tables point to them */
  guint n_known;
  VgwIceKnownPath *current;   /* (nullable) to send to */
  VgwIceKnownPath *handshake; /* (nullable) that DTLS came from first, until there is a proof */
  gboolean has_nominated;     /* any, at some time */
  gboolean has_proof;         /* any, at some time */
} VgwIcePathSet;

/* NULL where it is not known. */
VgwIceKnownPath *vgw_ice_path_set_find (VgwIcePathSet *self, const VgwIcePath *path);

/* Where the set is full: what to take out first, the longest unused that is not sent on, one without a proof before one
 * with. NULL where there is room. */
VgwIceKnownPath *vgw_ice_path_set_find_excess (VgwIcePathSet *self, gint64 now_us);

/* There must be room, and @path must not be known. */
VgwIceKnownPath *vgw_ice_path_set_add (VgwIcePathSet *self, const VgwIcePath *path, gint64 now_us);

/* Takes @known out and frees it. */
void vgw_ice_path_set_remove (VgwIcePathSet *self, VgwIceKnownPath *known);

/* A valid check came over @known, with USE-CANDIDATE or without. */
void vgw_ice_path_set_checked (VgwIcePathSet *self, VgwIceKnownPath *known, gboolean is_nominated, gint64 now_us);

/* @known proved itself. */
void vgw_ice_path_set_proved (VgwIcePathSet *self, VgwIceKnownPath *known, VgwIceProof proof, gint64 now_us);

/* Chooses again, as time has passed. TRUE where it left a path that had been proved for another one. */
gboolean vgw_ice_path_set_choose (VgwIcePathSet *self, gint64 now_us);

/* Nothing may be sent: there was a proof, and the present path has none that is fresh. */
gboolean vgw_ice_path_set_is_silent (const VgwIcePathSet *self, gint64 now_us);

/* Whether what comes from @known is given to the session: a check can be captured and sent again from anywhere, so that
 * nothing is from where nobody has answered, while the session has an address that has. */
gboolean vgw_ice_path_set_may_deliver (const VgwIcePathSet *self, const VgwIceKnownPath *known);
