/* The host candidates of the gateway: the addresses of this machine, or those configured by the operator. */
#pragma once

#include "ice/vgw-ice-address.h"

#define VGW_ICE_MAX_CANDIDATES 16 /* per session; with more addresses, ice.advertise should select some */

/* The addresses of the interfaces that are up, without loopback and link-local ones, IPv6 first; the loopback addresses
 * where there are no others. Only families that are listened on. Every address has @port. Any thread.
 * Returns: (transfer full) (element-type VgwIceAddress) */
GArray *vgw_ice_candidate_find (guint16 port, gboolean has_ipv4, gboolean has_ipv6);

/* The same of a socket that is bound to @bound: that address, as it is, unless it is any address, or none. */
GArray *vgw_ice_candidate_find_bound (const VgwIceAddress *bound, guint16 port, gboolean has_ipv4, gboolean has_ipv6);

/* The priority of host candidate number @index, first is best: RFC 8445, for TCP RFC 6544. */
guint32 vgw_ice_candidate_priority (guint index, const VgwIceAddress *address);

/* "candidate:…" for host candidate number @index (RFC 8839 section 5.1; RFC 6544 section 4.5).
 * Returns: (transfer full) */
char *vgw_ice_candidate_to_text (guint index, const VgwIceAddress *address);
