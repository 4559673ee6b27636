#include "app/vgw-app-capacity.h"

guint
vgw_app_count_tcp_files (const VgwConfig *config)
{
  gboolean has_tcp = config->media.ice_agent == VGW_ICE_AGENT_MUX && config->media.ice_tcp.port != 0;

  return has_tcp ? config->media.ice_tcp.max_connections : 0;
}

static guint
count_open_tcp (gpointer user_data)
{
  VgwIceStats stats = { 0 };

  vgw_media_get_ice_stats (user_data, &stats);
  return (guint) stats.tcp_connections;
}

/* The cost of a peer during its setup: the threads of webrtcbin and of four data channels; descriptors of a bus, a main
 * context, a bot's socket, two recordings. libnice adds a thread, and sockets for each local address. */
static VgwCapacityCost
get_peer_cost (const VgwConfig *config)
{
  gboolean is_mux = config->media.ice_agent == VGW_ICE_AGENT_MUX;

  return (VgwCapacityCost){ is_mux ? 6 : 24, is_mux ? 10 : 13 };
}

VgwCapacity *
vgw_app_make_capacity (const VgwConfig *config, VgwMedia *media)
{
  VgwCapacityCost peer = get_peer_cost (config);
  VgwCapacity *capacity = vgw_capacity_new (&peer);

  if (vgw_app_count_tcp_files (config) > 0)
    vgw_capacity_reserve_tcp_files (capacity, vgw_app_count_tcp_files (config), count_open_tcp, media);
  return capacity;
}

void
vgw_app_count_needed (const VgwConfig *config, VgwCapacityLimits *needed)
{
  VgwCapacityCost peer = get_peer_cost (config);

  vgw_capacity_count_needed (&peer, config->limits.max_sessions, config->http.max_connections,
                             vgw_app_count_tcp_files (config), needed);
}
