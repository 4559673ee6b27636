/* Many TLS clients at once, each at the same point of its handshake, against the connections of a listener. */
#include "net/vgw-http-connection.h"

#include <check.h>
#include <glib/gstdio.h>
#include <openssl/rsa.h>
#include <openssl/ssl.h>

#include "identity-files.h"
#include "run-suite.h"
#include "wait-until.h"

#define N_CLIENTS 60

typedef struct
{
  GSocket *socket;
  SSL *ssl;
} Client;

typedef struct
{
  char *directory;
  VgwTlsIdentity *identity;
  VgwHttpRoutes *routes;
  GSocket *listener;
  SSL_CTX *context;
  Client clients[N_CLIENTS];
  guint n_gone;
  guint n_ready;
} Crowd;

static void
on_ready (GIOStream *stream, GSocketAddress *local_address, GSocketAddress *remote_address, const char *head,
          gsize length, gpointer user_data)
{
  ((Crowd *) user_data)->n_ready++;
}

static void
on_gone (VgwHttpConnection *connection, gpointer user_data)
{
  ((Crowd *) user_data)->n_gone++;
}

static GSocket *
open_socket (void)
{
  GSocket *socket = g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, NULL);

  ck_assert_ptr_nonnull (socket);
  return socket;
}

/* Connects, and sends the first message of TLS. */
static void
start_client (Crowd *self, Client *client, GSocketAddress *address)
{
  const VgwHttpConnectionLimits limits = { .timeout_ms = 60000, .routes = self->routes, .tls = self->identity };
  g_autoptr (GSocket) accepted = NULL;

  client->socket = open_socket ();
  ck_assert (g_socket_connect (client->socket, address, NULL, NULL));
  accepted = g_socket_accept (self->listener, NULL, NULL);
  ck_assert_ptr_nonnull (vgw_http_connection_new (accepted, &limits, on_ready, on_gone, self));
  g_socket_set_blocking (client->socket, FALSE);
  client->ssl = SSL_new (self->context);
  SSL_set_fd (client->ssl, g_socket_get_fd (client->socket));
  SSL_set_connect_state (client->ssl);
  ck_assert_int_eq (SSL_do_handshake (client->ssl), -1);
}

/* The server has a key with which a handshake takes some milliseconds. */
static Crowd *
crowd_new (void)
{
  Crowd *self = g_new0 (Crowd, 1);
  g_autoptr (GSocketAddress) wanted = g_inet_socket_address_new_from_string ("127.0.0.1", 0);
  g_autoptr (GSocketAddress) address = NULL;
  g_autofree char *certificate = NULL, *key = NULL;

  self->directory = g_dir_make_tmp ("vgw-http-XXXXXX", NULL);
  write_identity (self->directory, "large", EVP_RSA_gen (4096), -DAY_S, DAY_S, NULL);
  certificate = g_build_filename (self->directory, "large.pem", NULL);
  key = g_build_filename (self->directory, "large.key", NULL);
  self->identity = vgw_tls_identity_new (certificate, key, NULL);
  g_unlink (certificate);
  g_unlink (key);
  g_rmdir (self->directory);
  ck_assert_ptr_nonnull (self->identity);
  self->routes = vgw_http_routes_new ();
  self->context = SSL_CTX_new (TLS_client_method ());
  self->listener = open_socket ();
  g_socket_set_listen_backlog (self->listener, N_CLIENTS);
  ck_assert (g_socket_bind (self->listener, wanted, TRUE, NULL) && g_socket_listen (self->listener, NULL));
  address = g_socket_get_local_address (self->listener, NULL);
  for (guint i = 0; i < N_CLIENTS; i++)
    start_client (self, &self->clients[i], address);
  return self;
}

static void
crowd_free (Crowd *self)
{
  for (guint i = 0; i < N_CLIENTS; i++)
    {
      SSL_free (self->clients[i].ssl);
      g_socket_close (self->clients[i].socket, NULL);
      g_object_unref (self->clients[i].socket);
    }
  WAIT_UNTIL (self->n_gone == N_CLIENTS);
  g_object_unref (self->listener);
  SSL_CTX_free (self->context);
  vgw_http_routes_free (self->routes);
  vgw_tls_identity_unref (self->identity);
  g_free (self->directory);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Crowd, crowd_free)

/* How many clients have the server's part of the handshake. */
static guint
count_answered (Crowd *self)
{
  guint n = 0;

  for (guint i = 0; i < N_CLIENTS; i++)
    n += g_socket_get_available_bytes (self->clients[i].socket) > 0;
  return n;
}

static gboolean
is_everyone_connected (Crowd *self)
{
  gboolean is_all = TRUE;

  for (guint i = 0; i < N_CLIENTS; i++)
    is_all = SSL_do_handshake (self->clients[i].ssl) == 1 && is_all;
  return is_all;
}

START_TEST (the_main_loop_polls_again_during_a_batch_of_handshakes)
{
  g_autoptr (Crowd) self = crowd_new ();
  guint n_answered = 0;

  while (n_answered < N_CLIENTS)
    {
      guint n;

      g_main_context_iteration (NULL, TRUE);
      n = count_answered (self);
      ck_assert_uint_le (n - n_answered, N_CLIENTS / 3);
      n_answered = n;
    }
  WAIT_UNTIL (is_everyone_connected (self));
  for (guint i = 0; i < N_CLIENTS; i++)
    ck_assert_int_gt (SSL_write (self->clients[i].ssl, "GET / HTTP/1.1\r\nHost: x\r\n\r\n", 27), 0);
  WAIT_UNTIL (self->n_ready == N_CLIENTS);
}
END_TEST

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-http-connection");
  TCase *tcase = tcase_create ("handshakes");

  tcase_set_timeout (tcase, 120);
  tcase_add_test (tcase, the_main_loop_polls_again_during_a_batch_of_handshakes);
  suite_add_tcase (suite, tcase);
  return suite;
}
