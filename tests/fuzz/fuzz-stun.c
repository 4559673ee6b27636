/* Connectivity checks: any bytes as a packet (first byte of the input even), or as the attributes of a request that is
 * signed with the right password (odd), so that what lies behind the integrity check is reached too. */
#include "fuzz.h"

#include <string.h>

#include "ice/vgw-stun.h"

#define PASSWORD "the-password"
#define USERNAME "ours:theirs"
#define MAX_GROWTH_BYTES 64 /* no amplifier: mapped address, or error code and text */
#define HEADER_LENGTH_OFFSET 2

static gboolean
look_up (const char *ufrag, gsize length, const char *peer_ufrag, gsize peer_length, const char **password,
         gpointer user_data)
{
  *password = PASSWORD;
  return length == strlen ("ours") && memcmp (ufrag, "ours", length) == 0;
}

/* A signed request with @attributes, which need not make sense, in @packet. Returns its length, 0 where it does not
 * fit. */
static gsize
sign (const uint8_t *attributes, size_t size, guint8 *packet, gsize packet_size)
{
  StunAgent agent;
  StunMessage message;
  gsize length;

  stun_agent_init (&agent, STUN_ALL_KNOWN_ATTRIBUTES, STUN_COMPATIBILITY_RFC5389,
                   STUN_AGENT_USAGE_SHORT_TERM_CREDENTIALS | STUN_AGENT_USAGE_USE_FINGERPRINT);
  stun_agent_init_request (&agent, &message, packet, packet_size, STUN_BINDING);
  stun_message_append_bytes (&message, STUN_ATTRIBUTE_USERNAME, USERNAME, strlen (USERNAME));
  length = stun_message_length (&message);
  size &= ~(size_t) 3;
  if (length + size + 64 > packet_size)
    return 0;
  memcpy (packet + length, attributes, size);
  length += size - VGW_STUN_HEADER_BYTES;
  packet[HEADER_LENGTH_OFFSET] = (guint8) (length >> 8);
  packet[HEADER_LENGTH_OFFSET + 1] = (guint8) length;
  return stun_agent_finish_message (&agent, &message, (const uint8_t *) PASSWORD, strlen (PASSWORD));
}

static void
check_answer (const guint8 *packet, gsize length, const VgwIceAddress *source)
{
  VgwStun stun;
  g_autofree guint8 *exact = g_memdup2 (packet, length); /* so that a read past the end is seen */
  guint8 reply[VGW_STUN_MAX_REPLY_BYTES];
  gsize reply_length = 1;
  gboolean is_nominated = TRUE;
  VgwStunVerdict verdict;
  const guint8 *id;

  vgw_stun_init (&stun);
  verdict = vgw_stun_answer (&stun, exact, length, source, look_up, NULL, reply, &reply_length, &is_nominated);
  id = vgw_stun_get_answer (exact, length);
  g_assert (id == NULL || !vgw_stun_is_answer (exact, length, id, "another password"));
  g_assert (id == NULL || verdict == VGW_STUN_IGNORED || verdict == VGW_STUN_MALFORMED);
  if (id != NULL) /* whether it is or not */
    vgw_stun_is_answer (exact, length, id, PASSWORD);
  g_assert (reply_length <= sizeof reply && reply_length <= length + MAX_GROWTH_BYTES);
  g_assert (verdict == VGW_STUN_VALID || !is_nominated);
  switch (verdict)
    {
    case VGW_STUN_VALID:
      g_assert (reply_length > 0);
      g_assert (vgw_stun_is_stun (reply, reply_length));
      break;
    case VGW_STUN_REFUSED:
      break;
    case VGW_STUN_UNAUTHENTICATED:
    case VGW_STUN_MALFORMED:
    case VGW_STUN_IGNORED:
      g_assert (reply_length == 0);
      break;
    }
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  guint8 packet[2048];
  VgwIceAddress source;
  gsize length;

  if (size == 0)
    return 0;
  g_assert (vgw_ice_address_parse (&source, data[0] & 2 ? "[2001:db8::1]:5000" : "192.0.2.1:5000"));
  if ((data[0] & 1) == 0)
    {
      check_answer (data + 1, size - 1, &source);
      return 0;
    }
  stun_debug_disable ();
  length = sign (data + 1, size - 1, packet, sizeof packet);
  if (length > 0)
    check_answer (packet, length, &source);
  return 0;
}
