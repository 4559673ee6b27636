#include "ice/vgw-ice-demux.h"

#include "ice/vgw-ice-framing.h"

#define TICK_US (G_USEC_PER_SEC / 10) /* how often own checks are looked for; whichever thread is awake then does it */
#define TICK_BATCH 64u

#define DTLS_FIRST_BYTE_MIN 20 /* RFC 7983 section 7 */
#define DTLS_FIRST_BYTE_MAX 63

typedef struct
{
  const VgwIcePath *path;
  const guint8 *data;
  gsize length;
} Packet;

typedef struct
{
  VgwIceRouter *router;
  VgwIceRoute *route; /* (transfer full) found by the ufrag */
  char *password;     /* (transfer full) a GRefString */
  guint generation;   /* of the credentials */
  char *peer_ufrag;   /* (transfer full) (nullable) of the other side, as it says */
} CheckLookup;

static gboolean
look_up (const char *ufrag, gsize length, const char *peer_ufrag, gsize peer_length, const char **password,
         gpointer user_data)
{
  CheckLookup *lookup = user_data;

  lookup->route = vgw_ice_router_find_ufrag (lookup->router, ufrag, length, &lookup->password, &lookup->generation);
  lookup->peer_ufrag = lookup->route != NULL ? g_strndup (peer_ufrag, peer_length) : NULL;
  *password = lookup->password;
  return lookup->route != NULL;
}

/* Sends own checks, and clears them. */
static void
send_checks (VgwIceDemux *self, VgwIceCheck *checks, guint n)
{
  guint8 packet[VGW_STUN_MAX_CHECK_BYTES];

  for (guint i = 0; i < n; i++)
    {
      gsize length = vgw_stun_make_check (packet, checks[i].id, checks[i].username, checks[i].password);

      if (length > 0 && self->shared->send (self->shared->mux, &checks[i].path, packet, length, 0))
        vgw_ice_shared_count (self->shared, VGW_ICE_COUNT_OWN_CHECKS, 1);
      vgw_ice_check_clear (&checks[i]);
    }
}

/* Returns FALSE where @packet is no answer to a check that is under way. */
static gboolean
take_answer (VgwIceDemux *self, const Packet *packet, gint64 now_us)
{
  const guint8 *id = vgw_stun_get_answer (packet->data, packet->length);
  char *password = id != NULL ? vgw_ice_router_find_transaction (self->shared->router, id, packet->path) : NULL;
  gboolean is_right = password != NULL && vgw_stun_is_answer (packet->data, packet->length, id, password);

  g_clear_pointer (&password, g_ref_string_release);
  if (!is_right)
    return FALSE;
  vgw_ice_shared_count (self->shared, VGW_ICE_COUNT_ANSWERS, 1);
  vgw_ice_router_prove (self->shared->router, id, packet->path, now_us);
  return TRUE;
}

static gboolean
handle_stun (VgwIceDemux *self, const Packet *packet, gint64 now_us)
{
  static const VgwIceCount count_of[] = {
    [VGW_STUN_VALID] = VGW_ICE_COUNT_CHECKS,
    [VGW_STUN_REFUSED] = VGW_ICE_COUNT_REFUSED,
    [VGW_STUN_UNAUTHENTICATED] = VGW_ICE_COUNT_UNAUTHENTICATED,
    [VGW_STUN_MALFORMED] = VGW_ICE_COUNT_MALFORMED,
    [VGW_STUN_IGNORED] = VGW_ICE_COUNT_IGNORED,
  };
  guint8 reply[VGW_STUN_MAX_REPLY_BYTES];
  gsize reply_length;
  CheckLookup lookup = { .router = self->shared->router };
  gboolean is_nominated;
  VgwStunVerdict verdict;

  if (take_answer (self, packet, now_us))
    return TRUE;
  verdict = vgw_stun_answer (&self->stun, packet->data, packet->length, &packet->path->remote, look_up, &lookup, reply,
                             &reply_length, &is_nominated);
  vgw_ice_shared_count (self->shared, count_of[verdict], 1);
  if (reply_length > 0)
    self->shared->send (self->shared->mux, packet->path, reply, reply_length, 0);
  if (verdict == VGW_STUN_VALID && lookup.route != NULL)
    {
      VgwIceCheck checks[VGW_ICE_MAX_PATHS];

      vgw_ice_router_validate (self->shared->router, lookup.route, packet->path, lookup.generation, is_nominated,
                               packet->length, now_us);
      vgw_ice_route_note_peer (lookup.route, packet->path, lookup.peer_ufrag);
      send_checks (self, checks, vgw_ice_route_take_due (lookup.route, now_us, checks, G_N_ELEMENTS (checks)));
    }
  g_clear_pointer (&lookup.route, vgw_ice_route_unref);
  g_clear_pointer (&lookup.password, g_ref_string_release);
  g_free (lookup.peer_ufrag);
  return verdict == VGW_STUN_VALID;
}

static gboolean
is_media (const Packet *packet)
{
  guint8 first;

  if (packet->length == 0)
    return FALSE;
  first = packet->data[0];
  return (first >= DTLS_FIRST_BYTE_MIN && first <= DTLS_FIRST_BYTE_MAX)
         || (first >= VGW_ICE_RTP_FIRST_BYTE_MIN && first <= VGW_ICE_RTP_FIRST_BYTE_MAX);
}

static gboolean
handle_media (VgwIceDemux *self, const Packet *packet, gint64 now_us)
{
  g_autoptr (VgwIceRoute) route = vgw_ice_router_find_path (self->shared->router, packet->path, now_us);

  if (route == NULL)
    {
      vgw_ice_shared_count (self->shared, VGW_ICE_COUNT_UNKNOWN_SOURCE, 1);
      return FALSE;
    }
  vgw_ice_shared_count (self->shared, VGW_ICE_COUNT_DELIVERED, 1);
  if (packet->data[0] <= DTLS_FIRST_BYTE_MAX)
    vgw_ice_route_note_handshake (route, packet->path, packet->length, now_us);
  vgw_ice_route_deliver (route, packet->data, packet->length);
  return TRUE;
}

void
vgw_ice_demux_init (VgwIceDemux *self, VgwIceShared *shared)
{
  self->shared = shared;
  vgw_stun_init (&self->stun);
}

gboolean
vgw_ice_demux_handle (VgwIceDemux *self, const VgwIcePath *path, const guint8 *data, gsize length, gint64 now_us)
{
  Packet packet = { path, data, length };

  if (vgw_stun_is_stun (data, length))
    return handle_stun (self, &packet, now_us);
  if (is_media (&packet))
    return handle_media (self, &packet, now_us);
  vgw_ice_shared_count (self->shared, VGW_ICE_COUNT_MALFORMED, 1);
  return FALSE;
}

void
vgw_ice_demux_tick (VgwIceDemux *self, gint64 now_us)
{
  VgwIceCheck checks[TICK_BATCH];
  guint n;

  if (!vgw_ice_shared_take_turn (self->shared, now_us, TICK_US))
    return;
  do
    {
      n = vgw_ice_router_take_due (self->shared->router, now_us, checks, TICK_BATCH);
      send_checks (self, checks, n);
    }
  while (n == TICK_BATCH);
}

int
vgw_ice_demux_get_timeout_ms (VgwIceDemux *self)
{
  return vgw_ice_router_count_paths (self->shared->router) > 0 ? (int) (TICK_US / G_TIME_SPAN_MILLISECOND) : -1;
}
