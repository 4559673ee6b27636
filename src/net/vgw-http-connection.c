#include "net/vgw-http-connection.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#include "base/vgw-log.h"
#include "base/vgw-source.h"
#include "net/vgw-http-head.h"
#include "net/vgw-http-origin.h"
#include "net/vgw-tls-stream.h"

#define USER_TIMEOUT_MS 30000    /* unacknowledged bytes, or a closed window: tcp(7), TCP_USER_TIMEOUT */
#define SEND_BUFFER_BYTES 131072 /* otherwise the kernel's buffer may grow to 4 MiB for a client that does not read */
#define LINGER_MS 2000           /* time for the client to read a refusal, or the end of a response */
#define DISCARD_BYTES 65536      /* read and dropped meanwhile: closing with unread bytes would send a reset */
#define TLS_HANDSHAKE 22         /* the first byte of a TLS client: RFC 8446 section 5.1 */
/* A handshake costs about a millisecond, with a large key several: the main loop handles everything of the calls in
 * progress before. It polls again for that once the handshakes of an iteration have taken this long. */
#define HANDSHAKE_PRIORITY (G_PRIORITY_DEFAULT + 10)
#define HANDSHAKES_MAX_US 5000

/* References: the stream's, and the remote address's, which libsoup may keep longer. */
struct _VgwHttpConnection
{
  VgwHttpConnectionLimits limits;
  VgwHttpReadyFunc ready;
  VgwHttpGoneFunc gone; /* NULL after the call, or detached */
  gpointer user_data;
  GSocket *socket;
  char *remote_text;
  GSource *deadline;
  gboolean has_failed_handshake;

  /* until it is handed over */
  GIOStream *stream;
  VgwTlsStream *tls; /* the same, during and after the handshake; else NULL */
  gboolean is_handshaking;
  GSocketAddress *local_address;
  GSocketAddress *remote_address;
  GSource *source;
  gsize n_peeked;
  gsize n_discarded;
};

static G_DEFINE_QUARK (vgw - http - connection, connection)

    static const struct
{
  const char *status;
  const char *text;
} refusals[] = {
  [VGW_HTTP_HEAD_BAD] = { "400 Bad Request", "not an HTTP request\n" },
  [VGW_HTTP_HEAD_METHOD] = { "405 Method Not Allowed", "this method is not allowed here\n" },
  [VGW_HTTP_HEAD_LENGTH] = { "411 Length Required", "a request body needs a Content-Length\n" },
  [VGW_HTTP_HEAD_BODY] = { "413 Content Too Large", "the request body is too large\n" },
  [VGW_HTTP_HEAD_EXPECT] = { "417 Expectation Failed", "Expect is not supported\n" },
  [VGW_HTTP_HEAD_TOO_LARGE] = { "431 Request Header Fields Too Large", "the head of the request is too long\n" },
};

static void
connection_clear (gpointer data)
{
  VgwHttpConnection *self = data;

  vgw_source_clear (&self->deadline);
  vgw_source_clear (&self->source);
  g_clear_object (&self->socket);
  g_free (self->remote_text);
}

static void
connection_unref (gpointer data)
{
  g_rc_box_release_full (data, connection_clear);
}

static void
on_stream_gone (gpointer user_data, GObject *stream)
{
  VgwHttpConnection *self = user_data;
  VgwHttpGoneFunc gone = g_steal_pointer (&self->gone);

  vgw_source_clear (&self->deadline);
  if (gone != NULL)
    gone (self, self->user_data);
  connection_unref (self);
}

void
vgw_http_connection_drop (VgwHttpConnection *self)
{
  g_autoptr (GIOStream) stream = g_steal_pointer (&self->stream);
  g_autoptr (GSocketAddress) remote_address = g_steal_pointer (&self->remote_address);

  vgw_source_clear (&self->source);
  g_clear_object (&self->local_address);
  self->tls = NULL;
  if (stream != NULL)
    g_io_stream_close (stream, NULL, NULL);
}

void
vgw_http_connection_abort (VgwHttpConnection *self)
{
  /* libsoup or the channel then reads the end of the stream */
  g_socket_shutdown (self->socket, TRUE, TRUE, NULL);
  vgw_http_connection_drop (self);
}

static void
fail_handshake (VgwHttpConnection *self, const char *why)
{
  vgw_debug (NULL, "http: the TLS handshake of %s failed: %s", self->remote_text, why);
  self->has_failed_handshake = TRUE;
}

static gboolean
on_deadline (gpointer user_data)
{
  VgwHttpConnection *self = user_data;

  if (self->is_handshaking)
    fail_handshake (self, "not complete in time");
  else
    vgw_debug (NULL, "http: %s took too long: connection closed", self->remote_text);
  vgw_source_clear (&self->deadline);
  vgw_http_connection_abort (self);
  return G_SOURCE_REMOVE;
}

/* The source becomes ready for more than @n_bytes unread bytes (socket(7), SO_RCVLOWAT), and for the end of the stream.
 * */
static void
wait_beyond (VgwHttpConnection *self, gsize n_bytes)
{
  g_socket_set_option (self->socket, SOL_SOCKET, SO_RCVLOWAT, (int) n_bytes + 1, NULL);
}

static gboolean
on_discard (GSocket *socket, GIOCondition condition, gpointer user_data)
{
  VgwHttpConnection *self = user_data;
  char data[4096];
  gssize n = recv (g_socket_get_fd (socket), data, sizeof data, MSG_DONTWAIT);

  if (n < 0 && (errno == EAGAIN || errno == EINTR))
    return G_SOURCE_CONTINUE;
  self->n_discarded += MAX (n, 0);
  if (n > 0 && self->n_discarded < DISCARD_BYTES)
    return G_SOURCE_CONTINUE;
  vgw_http_connection_drop (self);
  return G_SOURCE_REMOVE;
}

static void
watch (VgwHttpConnection *self, GIOCondition condition, GSocketSourceFunc callback)
{
  vgw_source_clear (&self->source);
  self->source =
      vgw_source_start (g_socket_create_source (self->socket, condition, NULL), G_SOURCE_FUNC (callback), self);
}

/* The same below the priority of everything else: with TLS, until the request is complete. */
static void
watch_tls (VgwHttpConnection *self, GIOCondition condition, GSocketSourceFunc callback)
{
  watch (self, condition, callback);
  g_source_set_priority (self->source, HANDSHAKE_PRIORITY);
}

/* GLib dispatches all ready sources of a priority before it polls again. TRUE: the rest of them return, and are ready
 * in the next iteration, too. */
static gboolean
is_turn_over (VgwHttpConnection *self)
{
  return g_get_monotonic_time () - g_source_get_time (self->source) > HANDSHAKES_MAX_US;
}

/* What pages of other origins need to read a refusal of the request in @data, as lines of a head. (transfer full) */
static char *
describe_cors (VgwHttpConnection *self, const char *data, gsize length)
{
  g_autofree char *origin = vgw_http_head_find_field (data, length, "Origin");

  if (origin == NULL || !vgw_http_origin_is_listed (origin, self->limits.origins))
    return g_strdup ("");
  return g_strdup_printf ("Vary: Origin\r\nAccess-Control-Allow-Origin: %s\r\n"
                          "Access-Control-Expose-Headers: Allow\r\n",
                          origin);
}

/* Sends the end of the stream, and closes after the client has read it. */
static void
linger (VgwHttpConnection *self)
{
  g_socket_shutdown (self->socket, FALSE, TRUE, NULL);
  wait_beyond (self, 0);
  vgw_http_connection_set_deadline (self, LINGER_MS);
  watch (self, G_IO_IN, on_discard);
}

/* Sends the refusal, and closes after the client has read it. @fields: further lines of the head. */
static void
refuse (VgwHttpConnection *self, const char *status, const char *fields, const char *text)
{
  g_autofree char *answer = g_strdup_printf ("HTTP/1.1 %s\r\nConnection: close\r\n%s"
                                             "Content-Type: text/plain; charset=utf-8\r\nContent-Length: %zu\r\n\r\n%s",
                                             status, fields, strlen (text), text);

  /* the first bytes on this socket fit the kernel's buffer */
  if (self->tls != NULL)
    vgw_tls_stream_send_last (self->tls, answer, strlen (answer));
  else
    g_socket_send (self->socket, answer, strlen (answer), NULL, NULL);
  linger (self);
}

/* @data: what has arrived of the request; @methods (nullable): for the header Allow */
static void
refuse_head (VgwHttpConnection *self, VgwHttpHead verdict, const char *methods, const char *data, gsize length)
{
  g_autofree char *allow = methods != NULL ? g_strdup_printf ("Allow: %s\r\n", methods) : g_strdup ("");
  g_autofree char *cors = describe_cors (self, data, length);
  g_autofree char *fields = g_strconcat (allow, cors, NULL);

  refuse (self, refusals[verdict].status, fields, refusals[verdict].text);
}

static void
hand_over (VgwHttpConnection *self, const char *head, gsize length)
{
  g_autoptr (GIOStream) stream = g_steal_pointer (&self->stream);
  g_autoptr (GSocketAddress) local_address = g_steal_pointer (&self->local_address);
  g_autoptr (GSocketAddress) remote_address = g_steal_pointer (&self->remote_address);

  wait_beyond (self, 0);
  vgw_source_clear (&self->source);
  self->tls = NULL;
  if (self->gone != NULL)
    self->ready (stream, local_address, remote_address, head, length, self->user_data);
}

/* Copies to @data what has arrived of the request; libsoup reads it again. FALSE where nothing more will arrive. */
static gboolean
peek (VgwHttpConnection *self, char *data, gsize *n)
{
  gssize n_received;

  if (self->tls != NULL)
    return vgw_tls_stream_peek (self->tls, data, VGW_HTTP_HEAD_MAX_BYTES, n);
  n_received = recv (g_socket_get_fd (self->socket), data, VGW_HTTP_HEAD_MAX_BYTES, MSG_PEEK | MSG_DONTWAIT);
  *n = (gsize) MAX (n_received, 0);
  if (n_received < 0 && (errno == EAGAIN || errno == EINTR))
    return TRUE;
  return *n > self->n_peeked; /* else woken without a byte more: the client has closed its half */
}

static gboolean
on_head (GSocket *socket, GIOCondition condition, gpointer user_data)
{
  VgwHttpConnection *self = user_data;
  char data[VGW_HTTP_HEAD_MAX_BYTES];
  g_autofree char *methods = NULL;
  gsize n;
  gboolean is_open = peek (self, data, &n);
  VgwHttpHead verdict = n > 0 ? vgw_http_head_check (data, n, self->limits.routes, &methods) : VGW_HTTP_HEAD_MORE;

  /* a page needs the header Origin in what it may read of a refusal, so the refusal waits for it */
  if (verdict >= VGW_HTTP_HEAD_METHOD && verdict <= VGW_HTTP_HEAD_EXPECT && n < VGW_HTTP_HEAD_MAX_BYTES
      && !vgw_http_head_is_whole (data, n))
    verdict = VGW_HTTP_HEAD_MORE;
  if (verdict == VGW_HTTP_HEAD_GOOD)
    hand_over (self, data, n);
  else if (verdict != VGW_HTTP_HEAD_MORE)
    refuse_head (self, verdict, methods, data, n);
  else if (!is_open)
    vgw_http_connection_drop (self);
  else
    {
      if (self->tls == NULL && n > 0)
        {
          self->n_peeked = n;
          wait_beyond (self, n);
        }
      return G_SOURCE_CONTINUE;
    }
  return G_SOURCE_REMOVE;
}

/* A new source is the last of its priority: the steps of one client do not delay those of the others. */
static gboolean
on_tls_head (GSocket *socket, GIOCondition condition, gpointer user_data)
{
  VgwHttpConnection *self = user_data;

  if (is_turn_over (self))
    return G_SOURCE_CONTINUE;
  if (on_head (socket, condition, self) == G_SOURCE_CONTINUE)
    watch_tls (self, G_IO_IN, on_tls_head);
  return G_SOURCE_REMOVE;
}

static gboolean
on_handshake (GSocket *socket, GIOCondition condition, gpointer user_data)
{
  VgwHttpConnection *self = user_data;
  g_autoptr (GError) error = NULL;
  GIOCondition wanted;

  if (is_turn_over (self))
    return G_SOURCE_CONTINUE;
  if (vgw_tls_stream_handshake (self->tls, &wanted, &error))
    {
      self->is_handshaking = FALSE;
      watch_tls (self, G_IO_IN, on_tls_head);
      return G_SOURCE_REMOVE;
    }
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    {
      watch_tls (self, wanted, on_handshake);
      return G_SOURCE_REMOVE;
    }
  fail_handshake (self, error->message);
  vgw_http_connection_drop (self);
  return G_SOURCE_REMOVE;
}

/* The first byte where TLS is expected. */
static gboolean
on_first_byte (GSocket *socket, GIOCondition condition, gpointer user_data)
{
  VgwHttpConnection *self = user_data;
  guint8 byte;
  gssize n = recv (g_socket_get_fd (socket), &byte, 1, MSG_PEEK | MSG_DONTWAIT);

  if (n < 0 && (errno == EAGAIN || errno == EINTR))
    return G_SOURCE_CONTINUE;
  if (n <= 0)
    vgw_http_connection_drop (self);
  else if (byte == TLS_HANDSHAKE)
    {
      self->is_handshaking = TRUE;
      self->tls = VGW_TLS_STREAM (self->stream);
      watch_tls (self, G_IO_IN, on_handshake);
    }
  else
    {
      fail_handshake (self, "not TLS");
      refuse (self, refusals[VGW_HTTP_HEAD_BAD].status, "", "this address needs TLS: https: or wss:\n");
    }
  return G_SOURCE_REMOVE;
}

static void
set_socket_options (GSocket *socket)
{
  g_socket_set_blocking (socket, FALSE);
  g_socket_set_option (socket, IPPROTO_TCP, TCP_NODELAY, TRUE, NULL);
  g_socket_set_option (socket, IPPROTO_TCP, TCP_USER_TIMEOUT, USER_TIMEOUT_MS, NULL);
  g_socket_set_option (socket, SOL_SOCKET, SO_SNDBUF, SEND_BUFFER_BYTES, NULL);
}

/* A copy without what is attached to the original: that holds the socket, which holds the original. */
static GSocketAddress *
copy_remote_address (GSocket *socket)
{
  g_autoptr (GSocketAddress) address = g_socket_get_remote_address (socket, NULL);
  GInetSocketAddress *inet = G_IS_INET_SOCKET_ADDRESS (address) ? G_INET_SOCKET_ADDRESS (address) : NULL;

  if (inet == NULL)
    return NULL;
  return g_inet_socket_address_new (g_inet_socket_address_get_address (inet), g_inet_socket_address_get_port (inet));
}

VgwHttpConnection *
vgw_http_connection_new (GSocket *socket, const VgwHttpConnectionLimits *limits, VgwHttpReadyFunc ready,
                         VgwHttpGoneFunc gone, gpointer user_data)
{
  g_autoptr (GSocketAddress) local_address = g_socket_get_local_address (socket, NULL);
  g_autoptr (GSocketAddress) remote_address = copy_remote_address (socket);
  VgwHttpConnection *self;

  if (local_address == NULL || remote_address == NULL)
    return NULL;
  set_socket_options (socket);
  self = g_rc_box_new0 (VgwHttpConnection);
  self->limits = *limits;
  self->ready = ready;
  self->gone = gone;
  self->user_data = user_data;
  self->socket = g_object_ref (socket);
  self->remote_text = vgw_http_address_to_string (remote_address);
  self->stream = limits->tls != NULL ? G_IO_STREAM (vgw_tls_stream_new (socket, limits->tls))
                                     : G_IO_STREAM (g_socket_connection_factory_create_connection (socket));
  g_object_weak_ref (G_OBJECT (self->stream), on_stream_gone, self);
  g_object_set_qdata_full (G_OBJECT (remote_address), connection_quark (), g_rc_box_acquire (self), connection_unref);
  self->local_address = g_steal_pointer (&local_address);
  self->remote_address = g_steal_pointer (&remote_address);
  self->limits.tls = NULL; /* not kept: the stream has what it needs */
  vgw_http_connection_set_deadline (self, limits->timeout_ms);
  watch (self, G_IO_IN, limits->tls != NULL ? on_first_byte : on_head);
  return self;
}

void
vgw_http_connection_end (VgwHttpConnection *self, GIOStream *stream)
{
  self->stream = g_object_ref (stream);
  if (VGW_IS_TLS_STREAM (stream))
    vgw_tls_stream_send_last (VGW_TLS_STREAM (stream), NULL, 0);
  linger (self);
}

void
vgw_http_connection_detach (VgwHttpConnection *self)
{
  self->gone = NULL;
  vgw_http_connection_drop (self);
}

VgwHttpConnection *
vgw_http_connection_from_address (GSocketAddress *remote_address)
{
  return remote_address != NULL ? g_object_get_qdata (G_OBJECT (remote_address), connection_quark ()) : NULL;
}

void
vgw_http_connection_set_deadline (VgwHttpConnection *self, guint timeout_ms)
{
  vgw_source_clear (&self->deadline);
  if (timeout_ms == 0)
    return;
  self->deadline = vgw_source_start_timer (timeout_ms, on_deadline, self);
}

gboolean
vgw_http_connection_has_failed_handshake (VgwHttpConnection *self)
{
  return self->has_failed_handshake;
}

GSocket *
vgw_http_connection_get_socket (VgwHttpConnection *self)
{
  return self->socket;
}

char *
vgw_http_address_to_string (GSocketAddress *address)
{
  static const guint8 v4_prefix[12] = { [10] = 0xff, [11] = 0xff }; /* ::ffff:0:0/96, RFC 4291 section 2.5.5.2 */
  g_autoptr (GInetAddress) v4 = NULL;
  GInetAddress *host;
  const guint8 *bytes;

  if (!G_IS_INET_SOCKET_ADDRESS (address))
    return g_strdup ("unknown");
  host = g_inet_socket_address_get_address (G_INET_SOCKET_ADDRESS (address));
  bytes = g_inet_address_to_bytes (host);
  if (g_inet_address_get_family (host) != G_SOCKET_FAMILY_IPV6 || memcmp (bytes, v4_prefix, sizeof v4_prefix) != 0)
    return g_inet_address_to_string (host);
  v4 = g_inet_address_new_from_bytes (bytes + sizeof v4_prefix, G_SOCKET_FAMILY_IPV4);
  return g_inet_address_to_string (v4);
}
