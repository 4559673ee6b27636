#include "ice/vgw-stun-probe.h"

#include <stun/usages/bind.h>

#include "ice/vgw-ice-advertise.h"

#define DEFAULT_PORT 3478 /* RFC 8489 section 18.6 */
#define RETRY_US (500 * G_TIME_SPAN_MILLISECOND)
#define PACKET_BYTES 1500

static gboolean
read_local (GSocket *socket, VgwIceAddress *local)
{
  struct sockaddr_storage storage = { 0 };
  socklen_t length = sizeof storage;

  return getsockname (g_socket_get_fd (socket), (struct sockaddr *) &storage, &length) == 0
         && vgw_ice_address_from_sockaddr (local, (struct sockaddr *) &storage);
}

/* Whether @packet answers the request that @agent has sent. */
static gboolean
read_answer (StunAgent *agent, const guint8 *packet, gsize length, VgwIceAddress *seen)
{
  struct sockaddr_storage mapped = { 0 }, alternate = { 0 };
  socklen_t mapped_length = sizeof mapped, alternate_length = sizeof alternate;
  StunMessage message;

  return stun_agent_validate (agent, &message, packet, length, NULL, NULL) == STUN_VALIDATION_SUCCESS
         && stun_usage_bind_process (&message, (struct sockaddr *) &mapped, &mapped_length,
                                     (struct sockaddr *) &alternate, &alternate_length)
                == STUN_USAGE_BIND_RETURN_SUCCESS
         && vgw_ice_address_from_sockaddr (seen, (struct sockaddr *) &mapped);
}

/* Sends @request until there is an answer. */
static gboolean
exchange (GSocket *socket, StunAgent *agent, const guint8 *request, gsize length, guint timeout_ms, VgwIceAddress *seen,
          GError **error)
{
  gint64 now_us = g_get_monotonic_time (), end_us = now_us + timeout_ms * G_TIME_SPAN_MILLISECOND;
  guint8 packet[PACKET_BYTES];

  for (; now_us < end_us; now_us = g_get_monotonic_time ())
    {
      gssize n = g_socket_send (socket, (const char *) request, length, NULL, error);

      if (n < 0)
        return FALSE;
      if (!g_socket_condition_timed_wait (socket, G_IO_IN, MIN (RETRY_US, end_us - now_us), NULL, NULL))
        continue;
      n = g_socket_receive (socket, (char *) packet, sizeof packet, NULL, error);
      if (n < 0)
        return FALSE;
      if (read_answer (agent, packet, (gsize) n, seen))
        return TRUE;
    }
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "no answer in %u ms", timeout_ms);
  return FALSE;
}

static gboolean
ask (const VgwIceAddress *server, guint timeout_ms, VgwIceAddress *local, VgwIceAddress *seen, GError **error)
{
  struct sockaddr_storage storage;
  socklen_t storage_length = vgw_ice_address_to_sockaddr (server, &storage);
  g_autoptr (GSocketAddress) address = g_socket_address_new_from_native (&storage, storage_length);
  g_autoptr (GSocket) socket =
      g_socket_new (g_socket_address_get_family (address), G_SOCKET_TYPE_DATAGRAM, G_SOCKET_PROTOCOL_UDP, error);
  guint8 request[PACKET_BYTES];
  StunAgent agent;
  StunMessage message;
  gsize length;

  if (socket == NULL || !g_socket_connect (socket, address, NULL, error))
    return FALSE;
  stun_agent_init (&agent, STUN_ALL_KNOWN_ATTRIBUTES, STUN_COMPATIBILITY_RFC5389, 0);
  length = stun_usage_bind_create (&agent, &message, request, sizeof request);
  if (!read_local (socket, local))
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_FAILED, "the socket has no address");
      return FALSE;
    }
  return exchange (socket, &agent, request, length, timeout_ms, seen, error);
}

gboolean
vgw_stun_probe (const char *server, guint timeout_ms, VgwIceAddress *local, VgwIceAddress *seen, GError **error)
{
  const char *entries[] = { g_str_has_prefix (server, "stun:") ? server + strlen ("stun:") : server, NULL };
  g_autoptr (GArray) addresses = vgw_ice_advertise_resolve (entries, timeout_ms, NULL);
  VgwIceAddress *address = addresses != NULL ? &g_array_index (addresses, VgwIceAddress, 0) : NULL;

  if (address == NULL)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_HOST_NOT_FOUND, "its name cannot be resolved");
      return FALSE;
    }
  for (guint i = 0; i < addresses->len; i++) /* most NATs are of IPv4 */
    {
      VgwIceAddress *other = &g_array_index (addresses, VgwIceAddress, i);
      if (address->family != AF_INET && other->family == AF_INET)
        address = other;
    }
  if (address->port == 0)
    address->port = DEFAULT_PORT;
  return ask (address, timeout_ms, local, seen, error);
}
