#include "net/vgw-tls.h"

#include <string.h>

#include "base/vgw-error.h"

#define SECURE_SCHEME "wss:"

static const struct
{
  GTlsCertificateFlags flag;
  const char *words;
} fault_words[] = {
  { G_TLS_CERTIFICATE_UNKNOWN_CA, "it is signed by an unknown authority" },
  { G_TLS_CERTIFICATE_BAD_IDENTITY, "it is for another host name than" },
  { G_TLS_CERTIFICATE_NOT_ACTIVATED, "it is not valid yet" },
  { G_TLS_CERTIFICATE_EXPIRED, "it has expired" },
  { G_TLS_CERTIFICATE_REVOKED, "it was revoked" },
  { G_TLS_CERTIFICATE_INSECURE, "its algorithms are insecure" },
  { G_TLS_CERTIFICATE_GENERIC_ERROR, "it cannot be verified" },
};

gboolean
vgw_tls_is_wanted (const char *url)
{
  return g_ascii_strncasecmp (url, SECURE_SCHEME, strlen (SECURE_SCHEME)) == 0;
}

static void
free_certificates (gpointer list)
{
  g_list_free_full (list, g_object_unref);
}

/* GLib tells a file without a certificate from a good one only by the empty list, and wants an absolute path. */
static gboolean
check_certificates (const char *path, GError **error)
{
  g_autoptr (GError) cause = NULL;
  GList *certificates = g_tls_certificate_list_new_from_file (path, &cause);
  gboolean is_good = certificates != NULL;

  free_certificates (certificates);
  if (!is_good)
    g_set_error (error, VGW_ERROR, VGW_ERROR_CONFIG, "must be a file of certificates in PEM: %s",
                 cause != NULL ? cause->message : "there is none in it");
  return is_good;
}

GTlsDatabase *
vgw_tls_load_authorities (const char *path, GError **error)
{
  g_autofree char *absolute_path = g_canonicalize_filename (path, NULL);
  g_autoptr (GError) cause = NULL;
  GTlsDatabase *database;

  if (!check_certificates (absolute_path, error))
    return NULL;
  database = g_tls_file_database_new (absolute_path, &cause);
  if (database == NULL)
    g_set_error (error, VGW_ERROR, VGW_ERROR_CONFIG, "must be a file of certificates in PEM: %s", cause->message);
  return database;
}

GTlsDatabase *
vgw_tls_get_system_authorities (void)
{
  return g_tls_backend_get_default_database (g_tls_backend_get_default ());
}

/* --- the handshake --- */

typedef struct
{
  GSocketConnection *tcp;
  GNetworkAddress *address;
  GTlsDatabase *authorities; /* (nullable) without TLS on this machine */
  GIOStream *tls;
  GTlsCertificateFlags faults; /* of a certificate that was refused */
} Handshake;

static void
handshake_free (gpointer data)
{
  Handshake *self = data;

  g_clear_object (&self->tls);
  g_object_unref (self->tcp);
  g_object_unref (self->address);
  g_clear_object (&self->authorities);
  g_free (self);
}

static char *
explain_certificate (GTlsCertificateFlags faults, const char *host)
{
  GString *text = g_string_new ("the bot's certificate is refused: ");
  const char *separator = "";

  for (gsize i = 0; i < G_N_ELEMENTS (fault_words); i++)
    {
      if (!(faults & fault_words[i].flag))
        continue;
      g_string_append_printf (text, "%s%s", separator, fault_words[i].words);
      if (fault_words[i].flag == G_TLS_CERTIFICATE_BAD_IDENTITY)
        g_string_append_printf (text, " %s", host);
      separator = ", ";
    }
  return g_string_free (text, FALSE);
}

/* What GLib says, for people; what it makes of HTTP in the place of a ServerHello is no help. */
static char *
explain (Handshake *self, const GError *error)
{
  if (g_error_matches (error, G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE) && self->faults != 0)
    return explain_certificate (self->faults, g_network_address_get_hostname (self->address));
  if (g_error_matches (error, G_TLS_ERROR, G_TLS_ERROR_UNAVAILABLE))
    return g_strdup_printf ("%s (glib-networking is not installed)", error->message);
  if (g_error_matches (error, G_TLS_ERROR, G_TLS_ERROR_MISC)
      || g_error_matches (error, G_TLS_ERROR, G_TLS_ERROR_NOT_TLS))
    return g_strdup_printf ("%s (a bot without TLS needs a url with ws:)", error->message);
  return g_strdup (error->message);
}

/* Refuses what is not found good here: the connection itself knows no authority. */
static gboolean
on_accept_certificate (GTlsConnection *tls, GTlsCertificate *certificate, GTlsCertificateFlags unused, Handshake *self)
{
  g_autoptr (GError) error = NULL;

  self->faults = g_tls_database_verify_chain (
      self->authorities, certificate, G_TLS_DATABASE_PURPOSE_AUTHENTICATE_SERVER, G_SOCKET_CONNECTABLE (self->address),
      NULL, G_TLS_DATABASE_VERIFY_NONE, NULL, &error);
  if (error != NULL)
    self->faults |= G_TLS_CERTIFICATE_GENERIC_ERROR;
  return self->faults == 0;
}

static void
on_handshaken (GObject *tls, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Handshake *self = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;
  g_autofree char *why = NULL;

  g_signal_handlers_disconnect_by_data (tls, self);
  if (g_tls_connection_handshake_finish (G_TLS_CONNECTION (tls), result, &error))
    {
      GSocket *socket = g_socket_connection_get_socket (self->tcp);
      g_task_return_pointer (task, g_tcp_wrapper_connection_new (G_IO_STREAM (tls), socket), g_object_unref);
      return;
    }
  why = explain (self, error);
  g_task_return_new_error (task, VGW_ERROR, VGW_ERROR_ENGINE, "%s", why);
}

/* The connection has no database of its own: GLib reads all authorities of the system for each that has one, 15 ms in
 * which nobody else on this thread has a turn. Those of on_accept_certificate () are read once. */
void
vgw_tls_handshake_async (GSocketConnection *tcp, GNetworkAddress *address, GTlsDatabase *authorities,
                         GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  GType type = g_tls_backend_get_client_connection_type (g_tls_backend_get_default ());
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user_data);
  g_autoptr (GError) error = NULL;
  Handshake *self = g_new0 (Handshake, 1);

  self->tcp = g_object_ref (tcp);
  self->address = g_object_ref (address);
  self->authorities = authorities != NULL ? g_object_ref (authorities) : vgw_tls_get_system_authorities ();
  g_task_set_task_data (task, self, handshake_free);
  self->tls =
      g_initable_new (type, NULL, &error, "base-io-stream", tcp, "server-identity", address, "database", NULL, NULL);
  if (self->tls == NULL)
    {
      g_autofree char *why = explain (self, error);
      g_task_return_new_error (task, VGW_ERROR, VGW_ERROR_ENGINE, "%s", why);
      return;
    }
  g_signal_connect (self->tls, "accept-certificate", G_CALLBACK (on_accept_certificate), self);
  g_tls_connection_handshake_async (G_TLS_CONNECTION (self->tls), G_PRIORITY_DEFAULT, cancellable, on_handshaken,
                                    g_steal_pointer (&task));
}

GSocketConnection *
vgw_tls_handshake_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}
