/* What ICE over TCP may take. No GStreamer here. */
#pragma once

#include <glib.h>

typedef struct
{
  guint16 port;
  guint16 advertised_port;           /* in candidates; 0: port */
  guint max_connections;             /* of all clients */
  guint max_connections_per_address; /* of one IPv4 address, or of one IPv6 network of 64 bits */
} VgwIceTcpSettings;
