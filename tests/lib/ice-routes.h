/* A router without sockets, and routes of it. */
#pragma once

#include "ice/vgw-ice-router.h"

#define PASSWORD "password"
#define REMOTE_PASSWORD "their-password"

typedef struct
{
  gint n_packets; /* atomic, as the next */
  gint n_checks;
} Seen;

/* From set up to tear down; at the end it must be empty. */
extern VgwIceRouter *router;
void router_set_up (void);
void router_tear_down (void);

/* Count in a Seen. */
extern const VgwIceRouteFuncs route_funcs;

/* A route with PASSWORD, that counts in @seen. (transfer full) */
VgwIceRoute *make_route (Seen *seen, const char *ufrag);

VgwIcePath path_from (guint16 remote_port);
