/* The shared port, asked by peers on plain sockets. What must not be answered is shown by the counters, and by the fact
 * that the next thing received is the answer to a later check. */
#include "ice/vgw-ice-mux.h"

#include <check.h>
#include <gio/gio.h>

#include "ice-peer.h"
#include "run-suite.h"
#include "wait-until.h"

#define PASSWORD "the-password-of-this-test"
#define OTHER_PASSWORD "another-password-entirely"
#define REMOTE_PASSWORD "the-password-of-the-peer"
#define OTHER_REMOTE_PASSWORD "the-password-of-another-peer"
#define DTLS_BYTE 22  /* handshake */
#define RTP_BYTE 0x80 /* version 2 */
#define N_CROWD 60
#define N_FUZZ 3000
#define FUZZ_SEED 20261124

/* What a route was given. */
typedef struct
{
  gint n_packets; /* atomic, as all here */
  gint last_mark; /* the second byte of the last packet */
  gint n_checks;
  gint is_nominated;
} Seen;

static VgwIceMux *mux;

static void
on_packet (const guint8 *data, gsize length, gpointer user_data)
{
  Seen *seen = user_data;

  g_atomic_int_set (&seen->last_mark, length > 1 ? data[1] : -1);
  g_atomic_int_inc (&seen->n_packets);
}

static void
on_checked (gboolean is_nominated, gpointer user_data)
{
  Seen *seen = user_data;

  g_atomic_int_set (&seen->is_nominated, is_nominated);
  g_atomic_int_inc (&seen->n_checks);
}

static const VgwIceRouteFuncs FUNCS = { on_packet, on_checked };

static void
setup (void)
{
  g_autoptr (GError) error = NULL;

  mux = vgw_ice_mux_new (0, NULL, &error);
  ck_assert_msg (mux != NULL, "%s", error != NULL ? error->message : "no error");
}

static void
teardown (void)
{
  vgw_ice_mux_shutdown (mux);
  g_clear_object (&mux);
}

static VgwIceRoute *
make_route (Seen *seen, const char *ufrag, const char *password)
{
  VgwIceRoute *route = vgw_ice_route_new (vgw_ice_mux_get_router (mux), &FUNCS, seen);

  memset (seen, 0, sizeof *seen);
  ck_assert (vgw_ice_route_set_credentials (route, ufrag, password));
  return route;
}

static void
drop_route (VgwIceRoute *route)
{
  vgw_ice_route_stop (route);
  vgw_ice_route_unref (route);
}

static VgwIceStats
get_stats (void)
{
  VgwIceStats stats;

  vgw_ice_mux_get_stats (mux, &stats);
  return stats;
}

static void
send_marked (IcePeer *peer, guint8 first, guint8 mark)
{
  guint8 packet[100] = { first, mark };

  ice_peer_send (peer, packet, sizeof packet);
}

/* Sends over the route's current path; the peer must get it. */
static void
assert_sends_to (VgwIceRoute *route, IcePeer *peer)
{
  VgwIcePath path;
  const guint8 packet[] = { RTP_BYTE, 7 };

  ck_assert (vgw_ice_route_get_path (route, &path));
  ck_assert (vgw_ice_mux_send (mux, &path, packet, sizeof packet, 0xb8));
  ck_assert_uint_eq (ice_peer_receive (peer), sizeof packet);
  ck_assert_mem_eq (peer->received, packet, sizeof packet);
}

static gboolean
has_ipv6 (void)
{
  struct sockaddr_storage storage;
  socklen_t length = ice_peer_loopback (AF_INET6, 0, &storage);
  int fd = socket (AF_INET6, SOCK_DGRAM, 0);
  gboolean is_bound = fd >= 0 && bind (fd, (struct sockaddr *) &storage, length) == 0;

  if (fd >= 0)
    close (fd);
  return is_bound;
}

static void
check_one_family (int family)
{
  Seen seen;
  IcePeer peer;
  g_autoptr (VgwIceRoute) route = make_route (&seen, "ours", PASSWORD);
  gint64 before_us = g_get_monotonic_time ();

  ice_peer_init (&peer, family, vgw_ice_mux_get_port (mux));
  ck_assert_int_eq (vgw_ice_route_get_last_check_us (route), 0);
  ice_peer_check_answered (&peer, "ours:theirs", PASSWORD, FALSE);
  POLL_UNTIL (g_atomic_int_get (&seen.n_checks) == 1);
  ck_assert (!g_atomic_int_get (&seen.is_nominated));
  ck_assert_int_ge (vgw_ice_route_get_last_check_us (route), before_us);
  ice_peer_check_answered (&peer, "ours:theirs", PASSWORD, TRUE);
  POLL_UNTIL (g_atomic_int_get (&seen.is_nominated));

  send_marked (&peer, DTLS_BYTE, 1);
  POLL_UNTIL (g_atomic_int_get (&seen.last_mark) == 1);
  send_marked (&peer, RTP_BYTE, 2);
  POLL_UNTIL (g_atomic_int_get (&seen.last_mark) == 2);
  assert_sends_to (route, &peer);
  vgw_ice_route_stop (route);
  ice_peer_clear (&peer);
}

START_TEST (a_valid_check_opens_the_way_over_ipv4)
{
  check_one_family (AF_INET);
}
END_TEST

START_TEST (a_valid_check_opens_the_way_over_ipv6)
{
  if (has_ipv6 ())
    check_one_family (AF_INET6);
  else
    ck_assert_uint_gt (vgw_ice_mux_get_port (mux), 0); /* and it runs without */
}
END_TEST

/* The socket reads one peer's packets in order: once the last check is answered, all before it were handled. */
START_TEST (what_is_not_authenticated_is_not_answered)
{
  Seen seen;
  IcePeer peer;
  VgwIceStats stats;
  g_autoptr (VgwIceRoute) route = make_route (&seen, "ours", PASSWORD);

  ice_peer_init (&peer, AF_INET, vgw_ice_mux_get_port (mux));
  ice_peer_check (&peer, "ours:theirs", OTHER_PASSWORD, TRUE);
  ice_peer_check (&peer, "nobody:theirs", PASSWORD, TRUE);
  ice_peer_check (&peer, "ours", PASSWORD, TRUE);       /* no colon */
  ice_peer_check (&peer, ":theirs", PASSWORD, TRUE);    /* no ufrag */
  ice_peer_check (&peer, "our:theirs", PASSWORD, TRUE); /* a prefix */
  ice_peer_check (&peer, "oursx:theirs", PASSWORD, TRUE);
  send_marked (&peer, RTP_BYTE, 3);

  ice_peer_check_answered (&peer, "ours:theirs", PASSWORD, FALSE); /* the first packet that comes back */
  POLL_UNTIL (get_stats ().sent == 1);                             /* a packet is counted after it was sent */
  stats = get_stats ();
  ck_assert_uint_eq (stats.unauthenticated, 6);
  ck_assert_uint_eq (stats.unknown_source, 1);
  ck_assert_uint_eq (stats.sent, 1);
  ck_assert_int_eq (g_atomic_int_get (&seen.n_packets), 0);
  vgw_ice_route_stop (route);
  ice_peer_clear (&peer);
}
END_TEST

/* Cuts and changes a good check everywhere it can be: only the whole one is answered. */
START_TEST (a_check_with_any_byte_cut_or_changed_is_not_answered)
{
  Seen seen;
  IcePeer peer;
  guint8 changed[ICE_PEER_BUFFER_BYTES];
  gsize length;
  VgwIceStats stats;
  g_autoptr (VgwIceRoute) route = make_route (&seen, "ours", PASSWORD);

  ice_peer_init (&peer, AF_INET, vgw_ice_mux_get_port (mux));
  ice_peer_make_check (&peer, "ours:theirs", PASSWORD, TRUE, TRUE);
  length = peer.request_length;
  for (gsize i = 0; i < length; i++)
    {
      ice_peer_send (&peer, peer.request, i);
      memcpy (changed, peer.request, length);
      changed[i] ^= 0x55;
      ice_peer_send (&peer, changed, length);
    }
  ice_peer_send (&peer, peer.request, length);
  ck_assert_int_eq (ice_peer_receive_answer (&peer, &(struct sockaddr_storage){ 0 }), STUN_RESPONSE);
  POLL_UNTIL (get_stats ().sent == 1);
  stats = get_stats ();
  ck_assert_uint_eq (stats.received, 2 * length + 1);
  ck_assert_uint_eq (stats.sent, 1);
  ck_assert_uint_eq (stats.checks, 1);
  vgw_ice_route_stop (route);
  ice_peer_clear (&peer);
}
END_TEST

/* Random bytes, bare and behind a header that looks like STUN; from a validated address, so that they get far. */
START_TEST (random_packets_do_no_harm)
{
  Seen seen;
  IcePeer peer;
  VgwIceStats stats;
  g_autoptr (VgwIceRoute) route = make_route (&seen, "ours", PASSWORD);
  g_autoptr (GRand) random = g_rand_new_with_seed (FUZZ_SEED);
  g_autofree guint8 *large = g_malloc0 (60000);

  ice_peer_init (&peer, AF_INET, vgw_ice_mux_get_port (mux));
  ice_peer_check_answered (&peer, "ours:theirs", PASSWORD, TRUE);
  for (guint i = 0; i < N_FUZZ; i++)
    {
      guint8 packet[600];
      gsize length = (gsize) g_rand_int_range (random, 0, sizeof packet);

      for (gsize j = 0; j < length; j++)
        packet[j] = (guint8) g_rand_int (random);
      if (i % 2 == 0 && length >= 20)
        {
          const guint8 header[] = {
            0, 1, (guint8) ((length - 20) >> 8), (guint8) (length - 20), 0x21, 0x12, 0xa4, 0x42
          };

          memcpy (packet, header, sizeof header);
        }
      ice_peer_send (&peer, packet, length);
      if (i % 100 == 0) /* lets the other side keep up: nothing is dropped unseen */
        ice_peer_check_answered (&peer, "ours:theirs", PASSWORD, TRUE);
    }
  ice_peer_send (&peer, large, 60000);
  ice_peer_check_answered (&peer, "ours:theirs", PASSWORD, TRUE);
  POLL_UNTIL (get_stats ().sent == get_stats ().checks); /* a packet is counted after it was sent */
  stats = get_stats ();
  ck_assert_uint_eq (stats.received,
                     stats.delivered + stats.checks + stats.unauthenticated + stats.malformed + stats.ignored);
  ck_assert_uint_gt (stats.malformed, N_FUZZ / 2 - 100);
  ck_assert_uint_gt (stats.delivered, 0);
  ck_assert_uint_eq (stats.sent, stats.checks);
  vgw_ice_route_stop (route);
  ice_peer_clear (&peer);
}
END_TEST

START_TEST (a_peer_that_is_controlled_too_is_told)
{
  Seen seen;
  IcePeer peer;
  StunMessage message;
  int code = 0;
  gsize length;
  g_autoptr (VgwIceRoute) route = make_route (&seen, "ours", PASSWORD);

  ice_peer_init (&peer, AF_INET, vgw_ice_mux_get_port (mux));
  ice_peer_make_check (&peer, "ours:theirs", PASSWORD, TRUE, FALSE);
  ice_peer_send (&peer, peer.request, peer.request_length);
  length = ice_peer_receive (&peer);
  ck_assert_int_eq (stun_agent_validate (&peer.agent, &message, peer.received, length, NULL, NULL),
                    STUN_VALIDATION_SUCCESS);
  ck_assert_int_eq (stun_message_find_error (&message, &code), STUN_MESSAGE_RETURN_SUCCESS);
  ck_assert_int_eq (code, STUN_ERROR_ROLE_CONFLICT);
  ck_assert_uint_eq (get_stats ().refused, 1);

  send_marked (&peer, RTP_BYTE, 1); /* it proved nothing */
  ice_peer_check_answered (&peer, "ours:theirs", PASSWORD, FALSE);
  ck_assert_uint_eq (get_stats ().unknown_source, 1);
  vgw_ice_route_stop (route);
  ice_peer_clear (&peer);
}
END_TEST

START_TEST (sending_follows_the_newest_nomination)
{
  Seen seen;
  IcePeer first, second;
  g_autoptr (VgwIceRoute) route = make_route (&seen, "ours", PASSWORD);

  ice_peer_init (&first, AF_INET, vgw_ice_mux_get_port (mux));
  ice_peer_init (&second, has_ipv6 () ? AF_INET6 : AF_INET, vgw_ice_mux_get_port (mux));
  ice_peer_check_answered (&first, "ours:theirs", PASSWORD, TRUE);
  POLL_UNTIL (g_atomic_int_get (&seen.n_checks) == 1);
  assert_sends_to (route, &first);

  /* the other address is good for receiving, but not where we send */
  ice_peer_check_answered (&second, "ours:theirs", PASSWORD, FALSE);
  send_marked (&second, RTP_BYTE, 5);
  POLL_UNTIL (g_atomic_int_get (&seen.last_mark) == 5);
  assert_sends_to (route, &first);

  /* the phone has changed networks */
  ice_peer_check_answered (&second, "ours:theirs", PASSWORD, TRUE);
  POLL_UNTIL (g_atomic_int_get (&seen.n_checks) == 3);
  assert_sends_to (route, &second);
  send_marked (&first, RTP_BYTE, 6); /* what is still under way is not lost */
  POLL_UNTIL (g_atomic_int_get (&seen.last_mark) == 6);
  vgw_ice_route_stop (route);
  ice_peer_clear (&first);
  ice_peer_clear (&second);
}
END_TEST

/* 127.0.0.0/8 is all here: a gateway with two addresses. A connected socket hears only whom it asked. */
START_TEST (the_answer_leaves_from_the_address_that_was_asked)
{
  Seen seen;
  IcePeer peer;
  VgwIcePath path;
  g_autoptr (VgwIceRoute) route = make_route (&seen, "ours", PASSWORD);

  ice_peer_init (&peer, AF_INET, vgw_ice_mux_get_port (mux));
  ((struct sockaddr_in *) &peer.gateway)->sin_addr.s_addr = htonl (INADDR_LOOPBACK + 1);
  ck_assert_int_eq (connect (peer.fd, (struct sockaddr *) &peer.gateway, peer.gateway_length), 0);
  ice_peer_check_answered (&peer, "ours:theirs", PASSWORD, TRUE);
  POLL_UNTIL (vgw_ice_route_get_path (route, &path));
  ck_assert_int_eq (path.local.ip[3], 2);
  assert_sends_to (route, &peer);
  vgw_ice_route_stop (route);
  ice_peer_clear (&peer);
}
END_TEST

/* A browser was restarted, and the NAT gave its new call the address of the old one. */
START_TEST (a_new_session_that_answers_takes_over_the_address_of_an_old_one)
{
  Seen old_seen, new_seen;
  IcePeer peer;
  VgwIcePath path;
  g_autoptr (VgwIceRoute) old_route = make_route (&old_seen, "old", PASSWORD);
  g_autoptr (VgwIceRoute) new_route = make_route (&new_seen, "new", OTHER_PASSWORD);

  vgw_ice_route_set_remote_credentials (old_route, "theirs", REMOTE_PASSWORD);
  ice_peer_init (&peer, AF_INET, vgw_ice_mux_get_port (mux));
  ice_peer_check_answered (&peer, "old:theirs", PASSWORD, TRUE);
  ice_peer_answer_check (&peer, "theirs:old", REMOTE_PASSWORD);
  POLL_UNTIL (get_stats ().answers == 1);
  ice_peer_check (&peer, "new:theirs", PASSWORD, TRUE); /* the old password does not do it */
  ice_peer_check_answered (&peer, "new:theirs", OTHER_PASSWORD,
                           TRUE); /* nor does a check alone, which may be spoofed */
  send_marked (&peer, RTP_BYTE, 1);
  POLL_UNTIL (g_atomic_int_get (&old_seen.last_mark) == 1);
  ck_assert_uint_eq (get_stats ().foreign, 1);

  vgw_ice_route_set_remote_credentials (new_route, "theirs", OTHER_REMOTE_PASSWORD);
  ice_peer_check_answered (&peer, "new:theirs", OTHER_PASSWORD, TRUE);
  ice_peer_answer_check (&peer, "theirs:new", OTHER_REMOTE_PASSWORD);
  POLL_UNTIL (get_stats ().answers == 2);
  send_marked (&peer, RTP_BYTE, 2);
  POLL_UNTIL (g_atomic_int_get (&new_seen.last_mark) == 2);
  ck_assert_int_eq (g_atomic_int_get (&old_seen.last_mark), 1);
  ck_assert (!vgw_ice_route_get_path (old_route, &path));
  assert_sends_to (new_route, &peer);

  vgw_ice_route_stop (old_route);
  send_marked (&peer, RTP_BYTE, 3); /* the old one's end takes nothing with it */
  POLL_UNTIL (g_atomic_int_get (&new_seen.last_mark) == 3);
  vgw_ice_route_stop (new_route);
  ice_peer_clear (&peer);
}
END_TEST

/* The same check, byte for byte, from somewhere else: the integrity is right, and proves nothing about the address. */
START_TEST (a_replayed_check_does_not_move_the_path_before_it_is_answered)
{
  Seen seen;
  IcePeer peer, replayer;
  g_autoptr (VgwIceRoute) route = make_route (&seen, "ours", PASSWORD);
  int family = has_ipv6 () ? AF_INET6 : AF_INET;

  vgw_ice_route_set_remote_credentials (route, "theirs", REMOTE_PASSWORD);
  ice_peer_init (&peer, AF_INET, vgw_ice_mux_get_port (mux));
  ice_peer_init (&replayer, family, vgw_ice_mux_get_port (mux));
  ice_peer_check_answered (&peer, "ours:theirs", PASSWORD, TRUE);
  ice_peer_answer_check (&peer, "theirs:ours", REMOTE_PASSWORD);
  POLL_UNTIL (get_stats ().answers == 1);

  ice_peer_send (&replayer, peer.request, peer.request_length);
  ice_peer_receive (&replayer);                                            /* the answer to the check */
  ice_peer_answer_check (&replayer, "theirs:ours", OTHER_REMOTE_PASSWORD); /* that is not the client's */
  POLL_UNTIL (get_stats ().ignored == 1);
  ck_assert_uint_eq (get_stats ().moved, 0);
  assert_sends_to (route, &peer);

  vgw_ice_route_stop (route);
  ice_peer_clear (&peer);
  ice_peer_clear (&replayer);
}
END_TEST

/* As after a rebinding where the client nominates again: at once, once it has answered. */
START_TEST (a_nominated_address_is_followed_as_soon_as_it_has_answered)
{
  Seen seen;
  IcePeer first, second;
  g_autoptr (VgwIceRoute) route = make_route (&seen, "ours", PASSWORD);

  vgw_ice_route_set_remote_credentials (route, "theirs", REMOTE_PASSWORD);
  ice_peer_init (&first, AF_INET, vgw_ice_mux_get_port (mux));
  ice_peer_init (&second, has_ipv6 () ? AF_INET6 : AF_INET, vgw_ice_mux_get_port (mux));
  ice_peer_check_answered (&first, "ours:theirs", PASSWORD, TRUE);
  ice_peer_answer_check (&first, "theirs:ours", REMOTE_PASSWORD);
  POLL_UNTIL (get_stats ().answers == 1);
  ice_peer_check_answered (&second, "ours:theirs", PASSWORD, TRUE);
  send_marked (&second, RTP_BYTE, 5); /* anybody could have sent the check again: nothing from here is heard yet */
  POLL_UNTIL (get_stats ().unknown_source == 1);
  ck_assert_int_ne (g_atomic_int_get (&seen.last_mark), 5);
  ck_assert_uint_eq (get_stats ().moved, 0);
  ice_peer_answer_check (&second, "theirs:ours", REMOTE_PASSWORD);
  POLL_UNTIL (get_stats ().moved == 1);
  send_marked (&second, RTP_BYTE, 6);
  POLL_UNTIL (g_atomic_int_get (&seen.last_mark) == 6);
  assert_sends_to (route, &second);
  vgw_ice_route_stop (route);
  ice_peer_clear (&first);
  ice_peer_clear (&second);
}
END_TEST

/* Nobody checks any more, and yet the thread asks by itself. */
START_TEST (a_silent_peer_is_asked_again_and_stays_as_long_as_it_answers)
{
  Seen seen;
  IcePeer peer;
  g_autoptr (VgwIceRoute) route = make_route (&seen, "ours", PASSWORD);

  vgw_ice_route_set_remote_credentials (route, "theirs", REMOTE_PASSWORD);
  ice_peer_init (&peer, AF_INET, vgw_ice_mux_get_port (mux));
  ice_peer_check_answered (&peer, "ours:theirs", PASSWORD, TRUE);
  for (guint i = 0; i < 3; i++)
    ice_peer_answer_check (&peer, "theirs:ours", REMOTE_PASSWORD);
  POLL_UNTIL (get_stats ().answers == 3);
  ck_assert_uint_eq (get_stats ().consents_lost, 0);
  POLL_UNTIL (get_stats ().consents_lost == 1); /* it is heard no more */
  vgw_ice_route_stop (route);
  ice_peer_clear (&peer);
}
END_TEST

START_TEST (a_stopped_route_hears_and_answers_nothing)
{
  Seen seen, witness_seen;
  IcePeer peer, witness;
  g_autoptr (VgwIceRoute) route = make_route (&seen, "ours", PASSWORD);
  g_autoptr (VgwIceRoute) witness_route = make_route (&witness_seen, "witness", PASSWORD);

  ice_peer_init (&peer, AF_INET, vgw_ice_mux_get_port (mux));
  ice_peer_init (&witness, AF_INET, vgw_ice_mux_get_port (mux));
  ice_peer_check_answered (&peer, "ours:theirs", PASSWORD, TRUE);
  vgw_ice_route_stop (route);
  vgw_ice_route_stop (route);
  ck_assert (!vgw_ice_route_set_credentials (route, "ours", PASSWORD));
  send_marked (&peer, RTP_BYTE, 1);
  ice_peer_check (&peer, "ours:theirs", PASSWORD, TRUE);
  ice_peer_check_answered (&witness, "witness:theirs", PASSWORD, TRUE);
  ck_assert_int_eq (g_atomic_int_get (&seen.n_packets), 0);
  ck_assert_uint_eq (get_stats ().unknown_source, 1);
  ck_assert_uint_eq (get_stats ().unauthenticated, 1);
  vgw_ice_route_stop (witness_route);
  ice_peer_clear (&peer);
  ice_peer_clear (&witness);
}
END_TEST

START_TEST (sixty_sessions_on_one_port_get_their_own_packets)
{
  Seen seen[N_CROWD];
  IcePeer peers[N_CROWD];
  VgwIceRoute *routes[N_CROWD];

  for (guint i = 0; i < N_CROWD; i++)
    {
      g_autofree char *ufrag = g_strdup_printf ("ours%u", i);
      g_autofree char *username = g_strdup_printf ("%s:theirs", ufrag);

      routes[i] = make_route (&seen[i], ufrag, PASSWORD);
      ice_peer_init (&peers[i], AF_INET, vgw_ice_mux_get_port (mux));
      ice_peer_check_answered (&peers[i], username, PASSWORD, TRUE);
    }
  for (guint i = 0; i < N_CROWD; i++)
    send_marked (&peers[i], RTP_BYTE, (guint8) (i + 1));
  for (guint i = 0; i < N_CROWD; i++)
    {
      POLL_UNTIL (g_atomic_int_get (&seen[i].n_packets) == 1);
      ck_assert_int_eq (g_atomic_int_get (&seen[i].last_mark), (gint) i + 1);
      assert_sends_to (routes[i], &peers[i]);
      drop_route (routes[i]);
      ice_peer_clear (&peers[i]);
    }
}
END_TEST

START_TEST (after_the_shutdown_sending_fails_and_nothing_hangs)
{
  Seen seen;
  IcePeer peer;
  VgwIcePath path;
  guint8 packet[] = { RTP_BYTE, 1 };
  g_autoptr (VgwIceRoute) route = make_route (&seen, "ours", PASSWORD);

  ice_peer_init (&peer, AF_INET, vgw_ice_mux_get_port (mux));
  ice_peer_check_answered (&peer, "ours:theirs", PASSWORD, TRUE);
  vgw_ice_mux_shutdown (mux);
  vgw_ice_mux_shutdown (mux);
  ck_assert (vgw_ice_route_get_path (route, &path));
  ck_assert (!vgw_ice_mux_send (mux, &path, packet, sizeof packet, 0));
  ck_assert (!vgw_ice_mux_defer (mux, (GFunc) abort, NULL));
  vgw_ice_route_stop (route);
  ice_peer_clear (&peer);
}
END_TEST

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-ice-mux");
  TCase *tcase = tcase_create ("mux");

  tcase_set_timeout (tcase, 60);
  tcase_add_checked_fixture (tcase, setup, teardown);
  tcase_add_test (tcase, a_valid_check_opens_the_way_over_ipv4);
  tcase_add_test (tcase, a_valid_check_opens_the_way_over_ipv6);
  tcase_add_test (tcase, what_is_not_authenticated_is_not_answered);
  tcase_add_test (tcase, a_check_with_any_byte_cut_or_changed_is_not_answered);
  tcase_add_test (tcase, random_packets_do_no_harm);
  tcase_add_test (tcase, a_peer_that_is_controlled_too_is_told);
  tcase_add_test (tcase, sending_follows_the_newest_nomination);
  tcase_add_test (tcase, the_answer_leaves_from_the_address_that_was_asked);
  tcase_add_test (tcase, a_new_session_that_answers_takes_over_the_address_of_an_old_one);
  tcase_add_test (tcase, a_replayed_check_does_not_move_the_path_before_it_is_answered);
  tcase_add_test (tcase, a_nominated_address_is_followed_as_soon_as_it_has_answered);
  tcase_add_test (tcase, a_silent_peer_is_asked_again_and_stays_as_long_as_it_answers);
  tcase_add_test (tcase, a_stopped_route_hears_and_answers_nothing);
  tcase_add_test (tcase, sixty_sessions_on_one_port_get_their_own_packets);
  tcase_add_test (tcase, after_the_shutdown_sending_fails_and_nothing_hangs);
  suite_add_tcase (suite, tcase);
  return suite;
}
