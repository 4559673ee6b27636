/* The addresses that callers get for media. */
#include <ifaddrs.h>
#include <net/if.h>
#include <string.h>

#include "app/vgw-doctor-checks.h"
#include "ice/vgw-ice-advertise.h"
#include "ice/vgw-ice-candidate.h"
#include "ice/vgw-stun-probe.h"

#define TOPIC "addresses"
#define STUN_TIMEOUT_MS 3000
#define RESOLVE_TIMEOUT_MS 5000
#define CARRIER_NAT_FIRST 0x64400000u /* 100.64.0.0/10, RFC 6598 */
#define CARRIER_NAT_MASK 0xffc00000u

/* Interfaces of containers and virtual machines on this machine, which no caller can reach. */
static const char *const inner_interfaces[] = {
  "docker", "br-", "veth", "virbr", "lxcbr", "lxdbr", "cni", "podman", "flannel", "cali", "kube", NULL,
};

static gboolean
is_inner_interface (const char *name)
{
  for (const char *const *prefix = inner_interfaces; *prefix != NULL; prefix++)
    {
      if (g_str_has_prefix (name, *prefix))
        return TRUE;
    }
  return FALSE;
}

/* The interface that has the address, where it is one for containers. (transfer full) (nullable) */
static char *
find_inner_interface (const struct ifaddrs *interfaces, const VgwIceAddress *address)
{
  for (const struct ifaddrs *i = interfaces; i != NULL; i = i->ifa_next)
    {
      VgwIceAddress own;

      if (i->ifa_addr == NULL || !vgw_ice_address_from_sockaddr (&own, i->ifa_addr))
        continue;
      own.port = address->port;
      if (vgw_ice_address_equal (&own, address) && is_inner_interface (i->ifa_name))
        return g_strdup (i->ifa_name);
    }
  return NULL;
}

static gboolean
is_private (const VgwIceAddress *address)
{
  g_autoptr (GInetAddress) inet = g_inet_address_new_from_bytes (
      address->ip, address->family == AF_INET ? G_SOCKET_FAMILY_IPV4 : G_SOCKET_FAMILY_IPV6);
  guint32 number;

  memcpy (&number, address->ip, sizeof number);
  if (address->family == AF_INET6 && (address->ip[0] & 0xfe) == 0xfc) /* RFC 4193 */
    return TRUE;
  return g_inet_address_get_is_site_local (inet) || g_inet_address_get_is_loopback (inet)
         || (address->family == AF_INET && (g_ntohl (number) & CARRIER_NAT_MASK) == CARRIER_NAT_FIRST);
}

static gboolean
has_ip (const GArray *addresses, const VgwIceAddress *wanted)
{
  for (guint i = 0; i < addresses->len; i++)
    {
      VgwIceAddress address = g_array_index (addresses, VgwIceAddress, i);

      address.port = wanted->port;
      if (vgw_ice_address_equal (&address, wanted))
        return TRUE;
    }
  return FALSE;
}

/* "192.0.2.1;2001:db8::1" */
static void
append_ip (GString *list, const VgwIceAddress *address)
{
  char ip[VGW_ICE_ADDRESS_TEXT_MAX];

  g_string_append_printf (list, "%s%s", list->len > 0 ? ";" : "", vgw_ice_address_ip_to_string (address, ip));
}

/* The addresses of interfaces, for a gateway without ice.advertise. */
static void
check_found (VgwDoctorReport *report, const GArray *addresses)
{
  struct ifaddrs *interfaces = NULL;
  g_autoptr (GString) good = g_string_new (NULL), inner = g_string_new (NULL), advice = g_string_new (NULL);

  if (getifaddrs (&interfaces) != 0)
    return;
  for (guint i = 0; i < addresses->len; i++)
    {
      const VgwIceAddress *address = &g_array_index (addresses, VgwIceAddress, i);
      g_autofree char *name = find_inner_interface (interfaces, address);

      append_ip (name != NULL ? inner : good, address);
      if (name != NULL)
        g_string_append_printf (inner, " (%s)", name);
    }
  freeifaddrs (interfaces);
  if (good->len > 0)
    vgw_doctor_report_add (report, VGW_FINDING_OK, TOPIC, NULL, "callers get this machine's addresses: %s", good->str);
  g_string_printf (advice,
                   good->len > 0 ? "set ice.advertise = %s"
                                 : "set ice.advertise to the addresses that callers "
                                   "reach%s",
                   good->str);
  if (inner->len > 0)
    vgw_doctor_report_add (report, VGW_FINDING_WARNING, TOPIC, advice->str,
                           "callers also get addresses of containers on this machine, which they cannot reach: %s",
                           inner->str);
}

static gboolean
is_only_loopback (const GArray *addresses)
{
  for (guint i = 0; i < addresses->len; i++)
    {
      if (!vgw_ice_address_is_loopback (&g_array_index (addresses, VgwIceAddress, i)))
        return FALSE;
    }
  return TRUE;
}

static gboolean
is_only_private (const GArray *addresses)
{
  for (guint i = 0; i < addresses->len; i++)
    {
      if (!is_private (&g_array_index (addresses, VgwIceAddress, i)))
        return FALSE;
    }
  return TRUE;
}

/* @addresses (nullable): what callers get; NULL where libnice finds them. @is_configured: by ice.advertise. */
static void
check_nat (VgwDoctorReport *report, const char *stun_server, const GArray *addresses, gboolean is_configured)
{
  char ip[VGW_ICE_ADDRESS_TEXT_MAX], own_ip[VGW_ICE_ADDRESS_TEXT_MAX];
  VgwIceAddress local, seen;
  g_autoptr (GError) error = NULL;
  g_autofree char *advice = NULL;

  if (!vgw_stun_probe (stun_server, STUN_TIMEOUT_MS, &local, &seen, &error))
    {
      gboolean matters = addresses != NULL && !is_configured && is_only_private (addresses);
      vgw_doctor_report_add (report, VGW_FINDING_WARNING, TOPIC,
                             matters ? "for callers on the internet set ice.advertise to the public address; or use "
                                       "--stun=HOST:PORT with another server"
                                     : "use --stun=HOST:PORT with another server, or --stun= for none",
                             "the STUN server %s was asked for the public address: %s", stun_server, error->message);
      return;
    }
  vgw_ice_address_ip_to_string (&seen, ip);
  vgw_ice_address_ip_to_string (&local, own_ip);
  advice = g_strdup_printf ("set ice.advertise = %s, and let the NAT or cloud forward the ports to %s", ip, own_ip);
  if (addresses == NULL)
    vgw_doctor_report_add (report, VGW_FINDING_OK, TOPIC, NULL, "the STUN server %s sees %s", stun_server, ip);
  else if (has_ip (addresses, &seen))
    vgw_doctor_report_add (report, VGW_FINDING_OK, TOPIC, NULL, "the STUN server %s sees %s, which callers get",
                           stun_server, ip);
  else
    vgw_doctor_report_add (report, VGW_FINDING_WARNING, TOPIC, advice,
                           "this machine is behind a NAT: the STUN server %s sees %s, which callers do not get%s",
                           stun_server, ip, is_configured ? " (it is not in ice.advertise)" : "");
}

/* The addresses of ice.advertise. (transfer full) (nullable) */
static GArray *
check_configured (VgwDoctorReport *report, const char *const *entries)
{
  g_autoptr (GError) error = NULL;
  GArray *addresses = vgw_ice_advertise_resolve (entries, RESOLVE_TIMEOUT_MS, &error);
  g_autoptr (GString) list = g_string_new (NULL);

  if (addresses == NULL)
    {
      vgw_doctor_report_add (report, VGW_FINDING_PROBLEM, TOPIC, "correct ice.advertise, or the name in the DNS",
                             "ice.advertise: %s", error->message);
      return NULL;
    }
  for (guint i = 0; i < addresses->len; i++)
    append_ip (list, &g_array_index (addresses, VgwIceAddress, i));
  vgw_doctor_report_add (report, VGW_FINDING_OK, TOPIC, NULL, "callers get the addresses of ice.advertise: %s",
                         list->str);
  return addresses;
}

/* What the gateway advertises without ice.advertise. @bind_address (nullable) */
static GArray *
find_addresses (const char *bind_address)
{
  VgwIceAddress bound = { 0 };
  gboolean is_bound = bind_address != NULL && vgw_ice_address_parse (&bound, bind_address);

  return vgw_ice_candidate_find_bound (&bound, 0, !is_bound || bound.family == AF_INET,
                                       !is_bound || bound.family == AF_INET6);
}

void
vgw_doctor_check_addresses (VgwDoctorReport *report, const VgwConfig *config, const char *stun_server)
{
  const VgwMediaSettings *media = &config->media;
  gboolean is_configured = media->advertise != NULL && *media->advertise != NULL;
  g_autoptr (GArray) addresses = NULL;

  if (stun_server == NULL)
    stun_server = media->stun_servers != NULL && *media->stun_servers != NULL ? *media->stun_servers : "";
  if (media->ice_agent == VGW_ICE_AGENT_MUX)
    {
      addresses = is_configured ? check_configured (report, media->advertise) : find_addresses (media->bind_address);
      if (addresses == NULL)
        return;
      if (!is_configured)
        check_found (report, addresses);
      if (is_only_loopback (addresses))
        vgw_doctor_report_add (report, VGW_FINDING_WARNING, TOPIC, "set ice.advertise, or configure the network",
                               "callers get loopback addresses only: no other machine can send audio");
    }
  if (*stun_server != '\0')
    check_nat (report, stun_server, addresses, is_configured);
}
