#include "net/vgw-http-listener.h"

#include <string.h>
#include <sys/socket.h>

#include "base/vgw-address-group.h"
#include "base/vgw-log.h"
#include "base/vgw-source.h"

#define ACCEPTS_PER_TURN 16 /* per iteration of the main loop */
#define ACCEPT_PAUSE_MS 250 /* after an error, usually for lack of file descriptors */
#define WARN_INTERVAL_US (10 * G_USEC_PER_SEC)

/* An address, or an IPv6 network, with its connections. */
typedef struct
{
  char *name;
  gboolean is_bounded;
  guint n_open;
  guint n_waiting;
} Client;

typedef struct
{
  VgwHttpConnection *connection;
  Client *client;
  GList waiting; /* link in the listener's queue; data is NULL once the request is complete */
} Entry;

struct _VgwHttpListener
{
  GSocket *socket;
  GSource *source; /* NULL during a pause */
  GSource *pause;  /* never NULL; its ready time ends a pause */
  guint max_connections;
  guint max_connections_per_address;
  VgwHttpProxies *proxies; /* (nullable) */
  VgwHttpConnectionLimits limits;
  VgwCapacity *capacity;
  guint16 port;
  GHashTable *entries; /* VgwHttpConnection* → Entry*, owned */
  GHashTable *clients; /* name → Client*, owned */
  GQueue waiting;      /* Entry, those without a complete request, the oldest first */
  VgwHttpListenerStats stats;
  gint64 warned_at_us; /* last warning about a limit */
  VgwHttpReadyFunc callback;
  gpointer user_data;
};

static void
client_free (gpointer data)
{
  Client *client = data;

  g_free (client->name);
  g_free (client);
}

static Client *
find_client (VgwHttpListener *self, const char *address)
{
  gboolean is_proxy = self->proxies != NULL && vgw_http_proxies_has (self->proxies, address);
  g_autofree char *name = is_proxy ? g_strdup (address) : vgw_address_group (address); /* not its neighbours */
  Client *client = g_hash_table_lookup (self->clients, name);

  if (client != NULL)
    return client;
  client = g_new0 (Client, 1);
  client->name = g_steal_pointer (&name);
  client->is_bounded = self->max_connections_per_address > 0 && !vgw_address_is_loopback (address) && !is_proxy;
  g_hash_table_insert (self->clients, client->name, client);
  return client;
}

static void
stop_waiting (VgwHttpListener *self, Entry *entry)
{
  if (entry->waiting.data == NULL)
    return;
  g_queue_unlink (&self->waiting, &entry->waiting);
  entry->waiting.data = NULL;
  entry->client->n_waiting--;
}

static void
on_gone (VgwHttpConnection *connection, gpointer user_data)
{
  VgwHttpListener *self = user_data;
  Entry *entry = g_hash_table_lookup (self->entries, connection);
  Client *client;

  if (entry == NULL)
    return;
  client = entry->client;
  stop_waiting (self, entry);
  self->stats.failed_handshakes += vgw_http_connection_has_failed_handshake (connection) ? 1 : 0;
  g_hash_table_remove (self->entries, connection);
  if (--client->n_open == 0)
    g_hash_table_remove (self->clients, client->name);
}

static void
on_ready (GIOStream *stream, GSocketAddress *local_address, GSocketAddress *remote_address, const char *head,
          gsize length, gpointer user_data)
{
  VgwHttpListener *self = user_data;

  self->callback (stream, local_address, remote_address, head, length, self->user_data);
}

void
vgw_http_listener_note_request (VgwHttpListener *self, VgwHttpConnection *connection)
{
  Entry *entry = g_hash_table_lookup (self->entries, connection);

  if (entry != NULL)
    stop_waiting (self, entry);
}

/* Closes the oldest connection without a complete request: of @client, or with NULL of the client that has the most of
 * them. FALSE where there is none. */
static gboolean
displace (VgwHttpListener *self, const Client *client)
{
  Entry *victim = NULL;

  for (GList *at = self->waiting.head; at != NULL; at = at->next)
    {
      Entry *entry = at->data;

      if (client != NULL ? entry->client == client && victim == NULL
                         : victim == NULL || entry->client->n_waiting > victim->client->n_waiting)
        victim = entry;
    }
  if (victim == NULL)
    return FALSE;
  self->stats.displaced++;
  stop_waiting (self, victim); /* one whose head is complete is open until libsoup has noticed */
  vgw_http_connection_abort (victim->connection);
  return TRUE;
}

const char *
vgw_http_refusal_to_string (VgwHttpRefusal refusal)
{
  switch (refusal)
    {
    case VGW_HTTP_FULL:
      return "full";
    case VGW_HTTP_FULL_ADDRESS:
      return "address";
    case VGW_HTTP_FULL_FILES:
      return "descriptors";
    }
  return "unknown";
}

/* Logs at most one line in ten seconds. */
static void
warn_full (VgwHttpListener *self, VgwHttpRefusal refusal, const char *address)
{
  static const char *const why[] = { "http.max-connections is reached", "http.max-connections-per-address is reached",
                                     "too few file descriptors" };
  gint64 now_us = g_get_monotonic_time ();

  if (self->warned_at_us != 0 && now_us - self->warned_at_us < WARN_INTERVAL_US)
    return;
  self->warned_at_us = now_us;
  vgw_warning (
      NULL,
      "http: port %u: %s: refusing connections%s, such as that of %s (%u open, %" G_GUINT64_FORMAT " refused so far)",
      self->port, why[refusal], self->limits.tls == NULL ? " with 503" : "", address, g_hash_table_size (self->entries),
      self->stats.refused[VGW_HTTP_FULL] + self->stats.refused[VGW_HTTP_FULL_ADDRESS]
          + self->stats.refused[VGW_HTTP_FULL_FILES]);
}

/* Answers with one small write, where there is no TLS, and closes at once. */
static void
refuse (VgwHttpListener *self, GSocket *socket, VgwHttpRefusal refusal, const char *address)
{
  static const char answer[] = "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: 5\r\n"
                               "Content-Type: text/plain\r\nContent-Length: 21\r\n\r\ntoo many connections\n";

  self->stats.refused[refusal]++;
  warn_full (self, refusal, address);
  g_socket_set_blocking (socket, FALSE);
  if (self->limits.tls == NULL)
    g_socket_send (socket, answer, sizeof answer - 1, NULL, NULL);
  g_socket_close (socket, NULL);
}

/* Whether there is room for the new connection of @client, which is counted already; may close another one for it. */
static gboolean
make_room (VgwHttpListener *self, const Client *client, VgwCapacityVerdict verdict, VgwHttpRefusal *refusal)
{
  if (client->is_bounded && client->n_open > self->max_connections_per_address)
    {
      *refusal = VGW_HTTP_FULL_ADDRESS;
      return displace (self, client);
    }
  if (g_hash_table_size (self->entries) >= self->max_connections)
    {
      *refusal = VGW_HTTP_FULL;
      return displace (self, NULL);
    }
  *refusal = VGW_HTTP_FULL_FILES;
  return verdict == VGW_CAPACITY_ACCEPT || displace (self, NULL);
}

static void
admit (VgwHttpListener *self, GSocket *socket, Client *client)
{
  VgwHttpConnection *connection = vgw_http_connection_new (socket, &self->limits, on_ready, on_gone, self);
  Entry *entry;

  if (connection == NULL)
    return;
  entry = g_new0 (Entry, 1);
  entry->connection = connection;
  entry->client = client;
  entry->waiting.data = entry;
  client->n_open++;
  client->n_waiting++;
  g_queue_push_tail_link (&self->waiting, &entry->waiting);
  g_hash_table_insert (self->entries, connection, entry);
}

static gboolean
accept_one (VgwHttpListener *self, VgwCapacityVerdict verdict, GError **error)
{
  g_autoptr (GSocket) socket = g_socket_accept (self->socket, NULL, error);
  g_autoptr (GSocketAddress) remote = NULL;
  g_autofree char *address = NULL;
  VgwHttpRefusal refusal;
  Client *client;

  if (socket == NULL)
    return FALSE;
  remote = g_socket_get_remote_address (socket, NULL);
  if (remote == NULL)
    return TRUE; /* disconnected already */
  address = vgw_http_address_to_string (remote);
  client = find_client (self, address);
  client->n_open++; /* the new one; also keeps @client while others are closed */
  if (make_room (self, client, verdict, &refusal))
    admit (self, socket, client);
  else
    refuse (self, socket, refusal, address);
  if (--client->n_open == 0)
    g_hash_table_remove (self->clients, client->name);
  return TRUE;
}

/* Stops polling the socket for a moment, since it stays readable. */
static void
pause_accepting (VgwHttpListener *self)
{
  g_source_set_ready_time (self->pause, g_get_monotonic_time () + ACCEPT_PAUSE_MS * 1000);
  vgw_source_clear (&self->source);
}

static VgwCapacityVerdict
judge (VgwHttpListener *self)
{
  return self->capacity != NULL ? vgw_capacity_judge_connection (self->capacity) : VGW_CAPACITY_ACCEPT;
}

static void
warn_not_accepting (VgwHttpListener *self, const char *why)
{
  gint64 now_us = g_get_monotonic_time ();

  if (self->warned_at_us != 0 && now_us - self->warned_at_us < WARN_INTERVAL_US)
    return;
  self->warned_at_us = now_us;
  vgw_warning (NULL, "http: port %u: cannot accept connections: %s", self->port, why);
}

static gboolean
on_incoming (GSocket *socket, GIOCondition condition, gpointer user_data)
{
  VgwHttpListener *self = user_data;

  for (int i = 0; i < ACCEPTS_PER_TURN; i++)
    {
      VgwCapacityVerdict verdict = judge (self);
      g_autoptr (GError) error = NULL;

      if (verdict == VGW_CAPACITY_WAIT && i > 0 && !(g_socket_condition_check (socket, G_IO_IN) & G_IO_IN))
        return G_SOURCE_CONTINUE; /* no connection is pending */
      if (verdict == VGW_CAPACITY_WAIT && displace (self, NULL))
        verdict = VGW_CAPACITY_REFUSE;
      if (verdict != VGW_CAPACITY_WAIT && accept_one (self, verdict, &error))
        continue;
      if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
        return G_SOURCE_CONTINUE;
      warn_not_accepting (self, error != NULL ? error->message : "too few file descriptors");
      pause_accepting (self);
      return G_SOURCE_REMOVE;
    }
  return G_SOURCE_CONTINUE;
}

static void
watch (VgwHttpListener *self)
{
  self->source =
      vgw_source_start (g_socket_create_source (self->socket, G_IO_IN, NULL), G_SOURCE_FUNC (on_incoming), self);
}

static gboolean
on_pause_over (gpointer user_data)
{
  VgwHttpListener *self = user_data;

  watch (self);
  return G_SOURCE_CONTINUE;
}

static GSocket *
listen_on (GSocketAddress *address, GError **error)
{
  g_autoptr (GSocket) socket =
      g_socket_new (g_socket_address_get_family (address), G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, error);

  if (socket == NULL)
    return NULL;
  g_socket_set_blocking (socket, FALSE);
  g_socket_set_listen_backlog (socket, SOMAXCONN);
  if (!g_socket_bind (socket, address, TRUE, error) || !g_socket_listen (socket, error))
    return NULL;
  return g_steal_pointer (&socket);
}

VgwHttpListener *
vgw_http_listener_new (const VgwHttpListenerSettings *settings, VgwHttpReadyFunc callback, gpointer user_data,
                       GError **error)
{
  g_autoptr (GSocketAddress) wanted = g_inet_socket_address_new_from_string (settings->address, settings->port);
  g_autoptr (GSocketAddress) real = NULL;
  g_autoptr (GSocket) socket = NULL;
  VgwHttpListener *self;

  if (wanted == NULL)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "\"%s\" is not an IP address to listen on",
                   settings->address);
      return NULL;
    }
  socket = listen_on (wanted, error);
  if (socket != NULL)
    real = g_socket_get_local_address (socket, error);
  if (real == NULL)
    {
      g_prefix_error (error, "listening on %s port %u: ", settings->address, settings->port);
      return NULL;
    }

  self = g_new0 (VgwHttpListener, 1);
  self->socket = g_steal_pointer (&socket);
  self->port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (real));
  self->max_connections = settings->max_connections;
  self->max_connections_per_address = settings->max_connections_per_address;
  self->proxies = settings->proxies;
  self->limits = settings->limits;
  if (self->limits.tls != NULL)
    vgw_tls_identity_ref (self->limits.tls);
  self->capacity = settings->capacity;
  self->entries = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  self->clients = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, client_free);
  g_queue_init (&self->waiting);
  self->callback = callback;
  self->user_data = user_data;
  self->pause = vgw_source_new_wakeup (NULL, on_pause_over, self);
  watch (self);
  return self;
}

void
vgw_http_listener_free (VgwHttpListener *self)
{
  GHashTableIter iter;
  gpointer connection;

  if (self == NULL)
    return;
  vgw_source_clear (&self->source);
  vgw_source_clear (&self->pause);
  g_socket_close (self->socket, NULL);
  g_clear_object (&self->socket);
  g_hash_table_iter_init (&iter, self->entries);
  while (g_hash_table_iter_next (&iter, &connection, NULL))
    vgw_http_connection_detach (connection);
  g_hash_table_unref (self->entries);
  g_hash_table_unref (self->clients);
  vgw_tls_identity_unref (self->limits.tls);
  g_free (self);
}

void
vgw_http_listener_get_stats (VgwHttpListener *self, VgwHttpListenerStats *stats)
{
  *stats = self->stats;
  stats->open = g_hash_table_size (self->entries);
  if (self->limits.tls != NULL)
    stats->certificate_expiry_s = (guint64) MAX (vgw_tls_identity_get_expiry_s (self->limits.tls), 0);
}

guint16
vgw_http_listener_get_port (VgwHttpListener *self)
{
  return self->port;
}

void
vgw_http_listener_set_tls (VgwHttpListener *self, VgwTlsIdentity *identity)
{
  VgwTlsIdentity *old = self->limits.tls;

  self->limits.tls = identity != NULL ? vgw_tls_identity_ref (identity) : NULL;
  vgw_tls_identity_unref (old);
}

char *
vgw_http_listener_get_url (VgwHttpListener *self)
{
  g_autoptr (GSocketAddress) address = g_socket_get_local_address (self->socket, NULL);
  GInetAddress *host = address != NULL ? g_inet_socket_address_get_address (G_INET_SOCKET_ADDRESS (address)) : NULL;
  gboolean is_v6 = host != NULL && g_inet_address_get_family (host) == G_SOCKET_FAMILY_IPV6;
  g_autofree char *text = NULL;

  if (host == NULL || g_inet_address_get_is_any (host))
    text = g_strdup (is_v6 ? "::1" : "127.0.0.1");
  else
    text = g_inet_address_to_string (host);
  return g_strdup_printf (is_v6 ? "%s://[%s]:%u/" : "%s://%s:%u/", self->limits.tls != NULL ? "https" : "http", text,
                          self->port);
}
