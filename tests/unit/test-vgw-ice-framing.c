/* Packets on a byte stream, and one TCP connection with a peer that does not read. */
#include <check.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "ice/vgw-ice-framing.h"
#include "ice/vgw-ice-tcp-connection.h"
#include "run-suite.h"
#include "wait-until.h"

#define MEDIA 0x80 /* the first byte of RTP */
#define DTLS 22
#define PACKET_BYTES 200

/* --- reading --- */

static void
on_frame (const guint8 *data, gsize length, gpointer user_data)
{
  g_string_append_printf (user_data, "%" G_GSIZE_FORMAT ":%.*s ", length, (int) MIN (length, 8), (const char *) data);
}

/* Feeds @bytes in pieces of @piece. */
static gboolean
feed (VgwIceFrameReader *reader, const char *bytes, gsize length, gsize piece, GString *seen)
{
  for (gsize at = 0; at < length; at += piece)
    {
      gsize n = MIN (piece, length - at), room;
      guint8 *to = vgw_ice_frame_reader_get_room (reader, &room);

      ck_assert_uint_ge (room, n);
      memcpy (to, bytes + at, n);
      if (!vgw_ice_frame_reader_take (reader, n, on_frame, seen))
        return FALSE;
    }
  return TRUE;
}

START_TEST (packets_come_whole_however_they_are_cut)
{
  static const char bytes[] = "\0\3abc\0\0\0\1d\0\2ef\0\5half";

  for (gsize piece = 1; piece < sizeof bytes; piece++)
    {
      VgwIceFrameReader reader = { .length = 0 };
      g_autoptr (GString) seen = g_string_new (NULL);

      ck_assert (feed (&reader, bytes, sizeof bytes - 1, piece, seen));
      ck_assert_str_eq (seen->str, "3:abc 0: 1:d 2:ef ");
      ck_assert_uint_eq (reader.length, 6);
    }
}
END_TEST

START_TEST (the_longest_packet_fits_and_a_longer_one_does_not)
{
  VgwIceFrameReader reader = { .length = 0 };
  g_autoptr (GString) seen = g_string_new (NULL);
  g_autofree char *longest = g_malloc0 (2 + VGW_ICE_FRAME_MAX_BYTES);

  longest[0] = (char) (VGW_ICE_FRAME_MAX_BYTES >> 8);
  longest[1] = (char) (VGW_ICE_FRAME_MAX_BYTES & 0xff);
  for (guint i = 0; i < 3; i++)
    ck_assert (feed (&reader, longest, 2 + VGW_ICE_FRAME_MAX_BYTES, 1000, seen));
  ck_assert_str_eq (seen->str, "2048: 2048: 2048: ");
  longest[1]++;
  ck_assert (!feed (&reader, longest, 2, 1, seen));
}
END_TEST

/* --- writing --- */

static guint
push (VgwIceFrameQueue *queue, guint8 first, guint8 mark)
{
  guint8 packet[PACKET_BYTES] = { first, mark };

  return vgw_ice_frame_queue_push (queue, packet, sizeof packet);
}

/* The mark of the first packet that waits whole. */
static guint8
get_mark (VgwIceFrameQueue *queue, guint index)
{
  return ((const guint8 *) g_bytes_get_data (g_queue_peek_nth (&queue->frames, index), NULL))[3];
}

START_TEST (the_oldest_media_goes_first_and_nothing_that_has_begun)
{
  VgwIceFrameQueue queue = { .n_bytes = 0 };
  struct iovec parts[4];
  guint n = 0;

  ck_assert_uint_eq (push (&queue, MEDIA, 1), 0);
  ck_assert_uint_eq (push (&queue, DTLS, 2), 0);
  while (queue.n_bytes + PACKET_BYTES + 2 <= VGW_ICE_FRAME_QUEUE_BYTES)
    ck_assert_uint_eq (push (&queue, MEDIA, (guint8) (3 + n++)), 0);
  ck_assert_uint_eq (vgw_ice_frame_queue_peek (&queue, parts, 4), 4);
  vgw_ice_frame_queue_written (&queue, 100); /* of the first: it must be finished */
  ck_assert_uint_eq (push (&queue, MEDIA, 200), 1);
  ck_assert_uint_eq (get_mark (&queue, 0), 1);
  ck_assert_uint_eq (get_mark (&queue, 1), 2); /* DTLS stays */
  ck_assert_uint_eq (get_mark (&queue, 2), 4); /* number 3 is gone */
  ck_assert_uint_le (queue.n_bytes, VGW_ICE_FRAME_QUEUE_BYTES);
  ck_assert_uint_eq (vgw_ice_frame_queue_peek (&queue, parts, 1), 1);
  ck_assert_uint_eq (parts[0].iov_len, PACKET_BYTES + 2 - 100);
  vgw_ice_frame_queue_clear (&queue);
}
END_TEST

START_TEST (where_there_is_no_media_to_drop_the_new_packet_goes)
{
  VgwIceFrameQueue queue = { .n_bytes = 0 };

  while (queue.n_bytes + PACKET_BYTES + 2 <= VGW_ICE_FRAME_QUEUE_BYTES)
    ck_assert_uint_eq (push (&queue, DTLS, 1), 0);
  ck_assert_uint_eq (push (&queue, DTLS, 2), 1);
  ck_assert_uint_eq (push (&queue, MEDIA, 3), 1);
  ck_assert_uint_le (queue.n_bytes, VGW_ICE_FRAME_QUEUE_BYTES);
  vgw_ice_frame_queue_clear (&queue);
  ck_assert_uint_eq (queue.n_bytes, 0);
}
END_TEST

/* --- a connection --- */

static int client_fd, epoll_fd;
static VgwIceTcpConnection *connection;

static void
connect_client (void)
{
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  socklen_t length = sizeof address;
  int listen_fd = socket (AF_INET, SOCK_STREAM, 0), small = 4096;

  epoll_fd = epoll_create1 (0);
  client_fd = socket (AF_INET, SOCK_STREAM, 0);
  ck_assert_int_eq (setsockopt (client_fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small), 0);
  ck_assert_int_eq (bind (listen_fd, (struct sockaddr *) &address, sizeof address), 0);
  ck_assert_int_eq (listen (listen_fd, 1), 0);
  ck_assert_int_eq (getsockname (listen_fd, (struct sockaddr *) &address, &length), 0);
  ck_assert_int_eq (connect (client_fd, (struct sockaddr *) &address, sizeof address), 0);
  connection = vgw_ice_tcp_connection_new (accept (listen_fd, NULL, NULL), epoll_fd, 0);
  ck_assert_ptr_nonnull (connection);
  close (listen_fd);
}

static void
disconnect_client (void)
{
  vgw_ice_tcp_connection_close (connection);
  g_clear_pointer (&connection, vgw_ice_tcp_connection_unref);
  close (client_fd);
  close (epoll_fd);
}

static guint
send_packet (guint8 first, guint8 mark)
{
  guint8 packet[PACKET_BYTES] = { first, mark };
  guint n_dropped;

  ck_assert (vgw_ice_tcp_connection_send (connection, packet, sizeof packet, &n_dropped));
  return n_dropped;
}

static void
note_mark (const guint8 *data, gsize length, gpointer user_data)
{
  ck_assert_uint_eq (length, PACKET_BYTES);
  *(guint *) user_data = data[1];
}

/* The client reads nothing for a while: sending goes on without waiting, and what it reads then is whole, and new. */
START_TEST (a_peer_that_does_not_read_makes_nobody_wait_and_gets_whole_packets_later)
{
  VgwIceFrameReader reader = { .length = 0 };
  guint n_dropped = 0, last = 0, n_sent = 0;
  struct epoll_event event;

  while (n_dropped < 100)
    {
      n_dropped += send_packet (MEDIA, (guint8) (n_sent++ % 100));
      ck_assert_uint_lt (n_sent, 100000);
    }
  ck_assert_uint_eq (send_packet (DTLS, 222), 1);
  while (last != 222)
    {
      gsize room;
      guint8 *bytes = vgw_ice_frame_reader_get_room (&reader, &room);
      gssize n = recv (client_fd, bytes, room, MSG_DONTWAIT);

      if (n > 0)
        ck_assert (vgw_ice_frame_reader_take (&reader, (gsize) n, note_mark, &last));
      if (epoll_wait (epoll_fd, &event, 1, n > 0 ? 0 : 1000) > 0)
        ck_assert (vgw_ice_tcp_connection_flush (connection));
    }
  ck_assert_uint_eq (reader.length, 0);
  ck_assert_int_eq (epoll_wait (epoll_fd, &event, 1, 0), 0); /* nothing waits for room */
}
END_TEST

START_TEST (a_stranger_has_few_bytes_and_a_short_time)
{
  guint8 zeros[4096] = { 0 }; /* empty packets */
  g_autoptr (GString) seen = g_string_new (NULL);
  guint n_reads = 0;

  ck_assert (!vgw_ice_tcp_connection_is_expired (connection, 9 * G_USEC_PER_SEC));
  ck_assert (vgw_ice_tcp_connection_is_expired (connection, 11 * G_USEC_PER_SEC));
  for (guint i = 0; i < 5; i++)
    ck_assert_int_eq (send (client_fd, zeros, sizeof zeros, MSG_DONTWAIT), sizeof zeros);
  while (vgw_ice_tcp_connection_read (connection, on_frame, seen))
    ck_assert_uint_lt (n_reads++, 1000000);
  vgw_ice_tcp_connection_confirm (connection, G_USEC_PER_SEC);
  ck_assert (vgw_ice_tcp_connection_read (connection, on_frame, seen));
  ck_assert (!vgw_ice_tcp_connection_is_expired (connection, 30 * G_USEC_PER_SEC));
  ck_assert (vgw_ice_tcp_connection_is_expired (connection, 32 * G_USEC_PER_SEC));
}
END_TEST

START_TEST (a_closed_connection_takes_nothing)
{
  guint8 packet[PACKET_BYTES] = { MEDIA };
  guint n_dropped;

  vgw_ice_tcp_connection_close (connection);
  vgw_ice_tcp_connection_close (connection);
  ck_assert (!vgw_ice_tcp_connection_send (connection, packet, sizeof packet, &n_dropped));
  ck_assert (vgw_ice_tcp_connection_is_closed (connection));
}
END_TEST

START_TEST (a_peer_that_is_gone_is_noticed)
{
  g_autoptr (GString) seen = g_string_new (NULL);

  shutdown (client_fd, SHUT_RDWR);
  WAIT_UNTIL (!vgw_ice_tcp_connection_read (connection, on_frame, seen));
}
END_TEST

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-ice-framing");
  TCase *frames = tcase_create ("frames"), *connections = tcase_create ("connections");

  tcase_add_test (frames, packets_come_whole_however_they_are_cut);
  tcase_add_test (frames, the_longest_packet_fits_and_a_longer_one_does_not);
  tcase_add_test (frames, the_oldest_media_goes_first_and_nothing_that_has_begun);
  tcase_add_test (frames, where_there_is_no_media_to_drop_the_new_packet_goes);
  suite_add_tcase (suite, frames);
  tcase_add_checked_fixture (connections, connect_client, disconnect_client);
  tcase_set_timeout (connections, 60);
  tcase_add_test (connections, a_peer_that_does_not_read_makes_nobody_wait_and_gets_whole_packets_later);
  tcase_add_test (connections, a_stranger_has_few_bytes_and_a_short_time);
  tcase_add_test (connections, a_closed_connection_takes_nothing);
  tcase_add_test (connections, a_peer_that_is_gone_is_noticed);
  suite_add_tcase (suite, connections);
  return suite;
}
