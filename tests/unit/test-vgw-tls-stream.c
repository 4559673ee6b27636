/* The server's side of TLS against OpenSSL's client, on a pair of sockets, step by step in one thread. */
#include "net/vgw-tls-stream.h"

#include <check.h>
#include <glib/gstdio.h>
#include <openssl/ssl.h>
#include <string.h>
#include <sys/socket.h>

#include "base/vgw-error.h"
#include "identity-files.h"
#include "run-suite.h"
#include "wait-until.h"

#define RECORD_BYTES 16384
#define RECORD_HEADER_BYTES 5

static char *directory;

typedef struct
{
  VgwTlsIdentity *identity;
  VgwTlsStream *stream;
  GSocket *socket; /* of the server */
  GSocket *client_socket;
  SSL_CTX *context;
  SSL *client;
} Pair;

static VgwTlsIdentity *
load (const char *certificate, const char *key, GError **error)
{
  g_autofree char *certificate_path = g_build_filename (directory, certificate, NULL);
  g_autofree char *key_path = g_build_filename (directory, key, NULL);

  return vgw_tls_identity_new (certificate_path, key_path, error);
}

static void
setup (void)
{
  directory = g_dir_make_tmp ("vgw-tls-XXXXXX", NULL);
  write_identity (directory, "good", EVP_EC_gen ("P-256"), -DAY_S, DAY_S, NULL);
}

static void
teardown (void)
{
  g_autoptr (GDir) dir = g_dir_open (directory, 0, NULL);
  const char *name;

  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (directory, name, NULL);
      g_unlink (path);
    }
  g_rmdir (directory);
  g_clear_pointer (&directory, g_free);
}

static Pair *
pair_new (void)
{
  Pair *self = g_new0 (Pair, 1);
  int fds[2];

  ck_assert_int_eq (socketpair (AF_UNIX, SOCK_STREAM, 0, fds), 0);
  self->socket = g_socket_new_from_fd (fds[0], NULL);
  self->client_socket = g_socket_new_from_fd (fds[1], NULL);
  g_socket_set_blocking (self->socket, FALSE);
  g_socket_set_blocking (self->client_socket, FALSE);
  self->identity = load ("good.pem", "good.key", NULL);
  self->stream = vgw_tls_stream_new (self->socket, self->identity);
  self->context = SSL_CTX_new (TLS_client_method ());
  self->client = SSL_new (self->context);
  SSL_set_fd (self->client, fds[1]);
  SSL_set_connect_state (self->client);
  return self;
}

static void
pair_free (Pair *self)
{
  g_clear_object (&self->stream);
  g_object_unref (self->socket);
  SSL_free (self->client);
  SSL_CTX_free (self->context);
  g_object_unref (self->client_socket);
  vgw_tls_identity_unref (self->identity);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Pair, pair_free)

/* After the handshake. */
static Pair *
pair_new_connected (void)
{
  Pair *self = pair_new ();
  gboolean is_done = FALSE;
  GIOCondition wanted;
  char data;

  for (int i = 0; i < 10 && !(is_done && SSL_is_init_finished (self->client)); i++)
    {
      SSL_do_handshake (self->client);
      is_done = is_done || vgw_tls_stream_handshake (self->stream, &wanted, NULL);
    }
  ck_assert (is_done && SSL_is_init_finished (self->client));
  ck_assert_int_eq (SSL_read (self->client, &data, 1), -1); /* takes the session tickets */
  return self;
}

static gssize
read_some (Pair *self, void *buffer, gsize size, GError **error)
{
  GInputStream *input = g_io_stream_get_input_stream (G_IO_STREAM (self->stream));

  return g_pollable_input_stream_read_nonblocking (G_POLLABLE_INPUT_STREAM (input), buffer, size, NULL, error);
}

static gssize
write_some (Pair *self, const void *buffer, gsize size, GError **error)
{
  GOutputStream *output = g_io_stream_get_output_stream (G_IO_STREAM (self->stream));

  return g_pollable_output_stream_write_nonblocking (G_POLLABLE_OUTPUT_STREAM (output), buffer, size, NULL, error);
}

static gboolean
on_ready (GObject *stream, gpointer user_data)
{
  gboolean *is_ready = user_data;

  *is_ready = TRUE;
  return G_SOURCE_REMOVE;
}

START_TEST (certificates_that_cannot_be_used_are_errors_with_the_reason)
{
  static const struct
  {
    const char *certificate, *key, *words;
  } cases[] = {
    { "none.pem", "good.key", "none.pem: must be a certificate in PEM: No such file" },
    { "good.pem", "none.key", "none.key: must be a private key in PEM without a passphrase: No such file" },
    { "good.key", "good.key", "good.key: must be a certificate in PEM" },
    { "good.pem", "good.pem", "good.pem: must be a private key in PEM" },
    { "good.pem", "locked.key", "locked.key: must be a private key in PEM without a passphrase" },
    { "good.pem", "late.key", "late.key: is not the private key of the certificate" },
    { "late.pem", "late.key", "late.pem: the certificate expired at " },
    { "early.pem", "early.key", "early.pem: the certificate is not valid before " },
  };
  g_autoptr (VgwTlsIdentity) good = load ("good.pem", "good.key", NULL);

  write_identity (directory, "late", EVP_EC_gen ("P-256"), -2 * DAY_S, -DAY_S, NULL);
  write_identity (directory, "early", EVP_EC_gen ("P-256"), DAY_S, 2 * DAY_S, NULL);
  write_identity (directory, "locked", EVP_EC_gen ("P-256"), -DAY_S, DAY_S, "1234");
  ck_assert_ptr_nonnull (good);
  ck_assert_int_gt (vgw_tls_identity_get_expiry_s (good), g_get_real_time () / G_USEC_PER_SEC + DAY_S - 3600);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;

      ck_assert_ptr_null (load (cases[i].certificate, cases[i].key, &error));
      ck_assert (g_error_matches (error, VGW_ERROR, VGW_ERROR_CONFIG));
      ck_assert_msg (strstr (error->message, cases[i].words) != NULL, "%s", error->message);
    }
}
END_TEST

START_TEST (a_handshake_waits_for_the_client_and_fails_on_garbage)
{
  g_autoptr (Pair) self = pair_new ();
  g_autoptr (GError) early = NULL, late = NULL;
  GIOCondition wanted = 0;

  ck_assert (!vgw_tls_stream_handshake (self->stream, &wanted, &early));
  ck_assert (g_error_matches (early, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK));
  ck_assert_int_eq (wanted, G_IO_IN);
  ck_assert_int_eq (g_socket_send (self->client_socket, "\x16\x03\x01\x00\x05hello", 10, NULL, NULL), 10);
  ck_assert (!vgw_tls_stream_handshake (self->stream, &wanted, &late));
  ck_assert_ptr_nonnull (late);
  ck_assert (!g_error_matches (late, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK));
}
END_TEST

/* @message (n bytes) of TLS's handshake in records of a byte each, as a client may send it. */
static GByteArray *
cut_into_records (const guint8 *message, gsize n)
{
  GByteArray *records = g_byte_array_new ();

  for (gsize i = 0; i < n; i++)
    {
      guint8 record[] = { 22, 3, 1, 0, 1, message[i] };

      g_byte_array_append (records, record, sizeof record);
    }
  return records;
}

START_TEST (a_handshake_in_tiny_records_completes_in_small_steps)
{
  g_autoptr (Pair) self = pair_new ();
  g_autoptr (GByteArray) records = NULL;
  g_autoptr (GError) error = NULL;
  guint8 hello[4096];
  gssize n, before;
  guint n_steps = 0;
  GIOCondition wanted;

  SSL_do_handshake (self->client);
  n = g_socket_receive (self->socket, (char *) hello, sizeof hello, NULL, NULL);
  records = cut_into_records (hello + RECORD_HEADER_BYTES, (gsize) n - RECORD_HEADER_BYTES);
  n = g_socket_send (self->client_socket, (char *) records->data, records->len, NULL, NULL);
  ck_assert_int_eq (n, records->len);
  while ((before = g_socket_get_available_bytes (self->socket)) > 0)
    {
      ck_assert (!vgw_tls_stream_handshake (self->stream, &wanted, &error));
      ck_assert (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK));
      ck_assert_int_eq (wanted, G_IO_IN);
      ck_assert_int_le (before - g_socket_get_available_bytes (self->socket), 32 * 6);
      g_clear_error (&error);
      n_steps++;
    }
  ck_assert_uint_ge (n_steps, (guint) n / (32 * 6));
  SSL_do_handshake (self->client);
  ck_assert (vgw_tls_stream_handshake (self->stream, &wanted, NULL));
}
END_TEST

START_TEST (a_handshake_without_end_is_refused)
{
  g_autoptr (Pair) self = pair_new ();
  g_autofree guint8 *hello = g_malloc0 (20000); /* the begin of a ClientHello of 131000 bytes */
  g_autoptr (GByteArray) records = NULL;
  g_autoptr (GError) error = NULL;
  gssize n;
  GIOCondition wanted;

  memcpy (hello, "\x01\x01\xff\xb8\x03\x03", 6);
  records = cut_into_records (hello, 20000);
  n = g_socket_send (self->client_socket, (char *) records->data, records->len, NULL, NULL);
  ck_assert_int_gt (n, 64 * 1024);
  while (!vgw_tls_stream_handshake (self->stream, &wanted, &error)
         && g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    {
      ck_assert_int_gt (g_socket_get_available_bytes (self->socket), 0);
      g_clear_error (&error);
    }
  ck_assert_str_eq (error->message, "too long");
  ck_assert_int_le (n - g_socket_get_available_bytes (self->socket), 33 * 1024);
}
END_TEST

START_TEST (bytes_in_records_of_their_own_are_taken_in_small_steps)
{
  g_autoptr (Pair) self = pair_new_connected ();
  g_autoptr (GError) error = NULL;
  char data[256];
  gsize n = 0, n_steps = 0;

  for (int i = 0; i < 100; i++)
    ck_assert_int_eq (SSL_write (self->client, "A", 1), 1);
  for (gsize before = 0; n < 100; before = n, n_steps++)
    {
      ck_assert_int_gt (g_socket_get_available_bytes (self->socket), 0); /* the main loop continues at once */
      ck_assert (vgw_tls_stream_peek (self->stream, data, sizeof data, &n));
      ck_assert_uint_gt (n, before);
      ck_assert_uint_le (n - before, 32);
    }
  ck_assert_uint_ge (n_steps, 4);
  ck_assert_int_eq (read_some (self, data, sizeof data, NULL), 100);
  for (int i = 0; i < 100; i++) /* a loop that reads until the stream would block, as libsoup's for a body */
    ck_assert_int_eq (SSL_write (self->client, "B", 1), 1);
  for (n = n_steps = 0; n < 100; n_steps++)
    {
      gsize before = n;

      while (read_some (self, data, sizeof data, &error) == 1)
        n++;
      ck_assert (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK));
      ck_assert_uint_le (n - before, 32);
      g_clear_error (&error);
    }
  ck_assert_uint_ge (n_steps, 4);
}
END_TEST

START_TEST (what_is_peeked_at_is_read_again_across_records)
{
  g_autoptr (Pair) self = pair_new_connected ();
  g_autoptr (GError) error = NULL;
  char data[64] = { 0 };
  gsize n = 99;

  ck_assert (vgw_tls_stream_peek (self->stream, data, sizeof data, &n));
  ck_assert_uint_eq (n, 0);
  SSL_write (self->client, "one", 3);
  ck_assert (vgw_tls_stream_peek (self->stream, data, sizeof data, &n));
  ck_assert_uint_eq (n, 3);
  SSL_write (self->client, "two", 3);
  SSL_write (self->client, "three", 5);
  ck_assert (vgw_tls_stream_peek (self->stream, data, 8, &n));
  ck_assert_uint_eq (n, 8);
  ck_assert_mem_eq (data, "onetwoth", 8);
  ck_assert_int_eq (read_some (self, data, 4, &error), 4);
  ck_assert_mem_eq (data, "onet", 4);
  ck_assert_int_eq (read_some (self, data, sizeof data, &error), 4);
  ck_assert_mem_eq (data, "woth", 4);
  ck_assert_int_eq (read_some (self, data, sizeof data, &error), 3);
  ck_assert_mem_eq (data, "ree", 3);
  ck_assert_int_eq (read_some (self, data, sizeof data, &error), -1);
  ck_assert (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK));
}
END_TEST

START_TEST (a_source_is_ready_for_what_openssl_has_already_read)
{
  g_autoptr (Pair) self = pair_new_connected ();
  GInputStream *input = g_io_stream_get_input_stream (G_IO_STREAM (self->stream));
  gboolean is_ready = FALSE;
  char data[4];

  SSL_write (self->client, "a record of several reads", 25);
  ck_assert_int_eq (read_some (self, data, sizeof data, NULL), sizeof data); /* the socket has nothing more */
  {
    g_autoptr (GSource) source = g_pollable_input_stream_create_source (G_POLLABLE_INPUT_STREAM (input), NULL);

    g_source_set_callback (source, G_SOURCE_FUNC (on_ready), &is_ready, NULL);
    g_source_attach (source, NULL);
    WAIT_UNTIL (is_ready);
  }
}
END_TEST

START_TEST (key_updates_without_end_do_not_hold_the_reader)
{
  g_autoptr (Pair) self = pair_new_connected ();
  guint n_blocked = 0;
  char data[8];

  for (int i = 0; i < 10; i++)
    {
      ck_assert_int_eq (SSL_key_update (self->client, SSL_KEY_UPDATE_NOT_REQUESTED), 1);
      ck_assert_int_eq (SSL_do_handshake (self->client), 1);
    }
  SSL_write (self->client, "x", 1);
  while (read_some (self, data, sizeof data, NULL) != 1)
    n_blocked++;
  ck_assert_uint_ge (n_blocked, 10); /* the main loop runs in between */
}
END_TEST

START_TEST (a_full_socket_holds_the_writer_and_loses_nothing)
{
  g_autoptr (Pair) self = pair_new_connected ();
  g_autoptr (GByteArray) received = g_byte_array_new ();
  g_autoptr (GError) error = NULL;
  gsize size = 4 * 1024 * 1024, n_sent = 0;
  g_autofree guint8 *sent = g_malloc (size);
  guint8 record[RECORD_BYTES];
  guint n_blocked = 0;

  for (gsize i = 0; i < size; i++)
    sent[i] = (guint8) (i * 2654435761u >> 24);
  while (received->len < size)
    {
      gssize n = n_sent < size ? write_some (self, sent + n_sent, size - n_sent, &error) : 0;
      int n_read;

      n_sent += (gsize) MAX (n, 0);
      if (n < 0)
        ck_assert (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK));
      n_blocked += n < 0;
      g_clear_error (&error);
      if (n > 0)
        continue;
      n_read = SSL_read (self->client, record, sizeof record);
      ck_assert_int_gt (n_read, 0);
      g_byte_array_append (received, record, (guint) n_read);
    }
  ck_assert_uint_gt (n_blocked, 0);
  ck_assert_mem_eq (received->data, sent, size);
}
END_TEST

START_TEST (the_end_of_the_client_is_the_end_of_the_stream)
{
  g_autoptr (Pair) orderly = pair_new_connected ();
  g_autoptr (Pair) cut = pair_new_connected ();
  char data[8];
  gsize n;

  SSL_write (orderly->client, "last", 4);
  SSL_shutdown (orderly->client);
  ck_assert (!vgw_tls_stream_peek (orderly->stream, data, sizeof data, &n));
  ck_assert_uint_eq (n, 4);
  ck_assert_int_eq (read_some (orderly, data, sizeof data, NULL), 4);
  ck_assert_int_eq (read_some (orderly, data, sizeof data, NULL), 0);
  g_socket_close (cut->client_socket, NULL); /* no closing alert */
  ck_assert_int_eq (read_some (cut, data, sizeof data, NULL), 0);
}
END_TEST

START_TEST (a_closed_socket_is_not_used_any_more)
{
  g_autoptr (Pair) self = pair_new_connected ();
  g_autoptr (GError) error = NULL;
  GIOCondition wanted;
  char data[8];
  gsize n;

  g_socket_close (self->socket, NULL); /* its descriptor may be another one's now */
  ck_assert_int_eq (read_some (self, data, sizeof data, &error), -1);
  ck_assert (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CLOSED));
  ck_assert_int_eq (write_some (self, "x", 1, NULL), -1);
  ck_assert (!vgw_tls_stream_peek (self->stream, data, sizeof data, &n));
  ck_assert (!vgw_tls_stream_handshake (self->stream, &wanted, NULL));
  ck_assert (g_io_stream_close (G_IO_STREAM (self->stream), NULL, NULL));
}
END_TEST

START_TEST (closing_sends_the_alert)
{
  g_autoptr (Pair) self = pair_new_connected ();
  char data[16];

  vgw_tls_stream_send_last (self->stream, "refused", 7);
  ck_assert_int_eq (SSL_read (self->client, data, sizeof data), 7);
  ck_assert_int_eq (SSL_read (self->client, data, sizeof data), 0);
  ck_assert_int_eq (SSL_get_shutdown (self->client) & SSL_RECEIVED_SHUTDOWN, SSL_RECEIVED_SHUTDOWN);
  ck_assert (g_io_stream_close (G_IO_STREAM (self->stream), NULL, NULL));
  ck_assert (g_socket_is_closed (self->socket));
}
END_TEST

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-tls-stream");
  TCase *tcase = tcase_create ("tls");

  tcase_set_timeout (tcase, 60);
  tcase_add_checked_fixture (tcase, setup, teardown);
  tcase_add_test (tcase, certificates_that_cannot_be_used_are_errors_with_the_reason);
  tcase_add_test (tcase, a_handshake_waits_for_the_client_and_fails_on_garbage);
  tcase_add_test (tcase, a_handshake_in_tiny_records_completes_in_small_steps);
  tcase_add_test (tcase, a_handshake_without_end_is_refused);
  tcase_add_test (tcase, bytes_in_records_of_their_own_are_taken_in_small_steps);
  tcase_add_test (tcase, what_is_peeked_at_is_read_again_across_records);
  tcase_add_test (tcase, a_source_is_ready_for_what_openssl_has_already_read);
  tcase_add_test (tcase, key_updates_without_end_do_not_hold_the_reader);
  tcase_add_test (tcase, a_full_socket_holds_the_writer_and_loses_nothing);
  tcase_add_test (tcase, the_end_of_the_client_is_the_end_of_the_stream);
  tcase_add_test (tcase, a_closed_socket_is_not_used_any_more);
  tcase_add_test (tcase, closing_sends_the_alert);
  suite_add_tcase (suite, tcase);
  return suite;
}
