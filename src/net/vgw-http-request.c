#include "net/vgw-http-request.h"

#include <errno.h>
#include <libsoup/soup.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "base/vgw-source.h"
#include "net/vgw-http-connection.h"

#define CLOSED_BY_CLIENT ((GIOCondition) POLLRDHUP) /* GLib has no name for it */

struct _VgwHttpRequest
{
  GObject parent_instance;

  SoupServerMessage *message; /* NULL once it has a reply or was dropped */
  char *method, *path, *query;
  char *remote_address;
  char **captures;
  gboolean is_waiting; /* libsoup is paused until there is a reply */
  GSource *watch;      /* while it waits, on the socket */
};

enum
{
  SIGNAL_GONE,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (VgwHttpRequest, vgw_http_request, G_TYPE_OBJECT)

/* The phrases of RFC 6585, which libsoup does not have; NULL for other statuses. */
static const char *
phrase_of (guint status)
{
  switch (status)
    {
    case VGW_HTTP_STATUS_PRECONDITION_REQUIRED:
      return "Precondition Required";
    case VGW_HTTP_STATUS_TOO_MANY_REQUESTS:
      return "Too Many Requests";
    default:
      return NULL;
    }
}

SoupServerMessage *
vgw_http_request_steal_message (VgwHttpRequest *self)
{
  vgw_source_clear (&self->watch);
  g_signal_handlers_disconnect_by_data (self->message, self);
  return g_steal_pointer (&self->message);
}

/* Unpauses libsoup, which writes the reply. */
static void
finish (VgwHttpRequest *self)
{
  g_autoptr (SoupServerMessage) message = vgw_http_request_steal_message (self);

  if (self->is_waiting)
    soup_server_message_unpause (message);
}

static void
on_disconnected (SoupServerMessage *message, gpointer user_data)
{
  g_autoptr (VgwHttpRequest) self = g_object_ref (VGW_HTTP_REQUEST (user_data));

  g_object_unref (vgw_http_request_steal_message (self));
  g_signal_emit (self, signals[SIGNAL_GONE], 0);
}

static void
give_up (VgwHttpRequest *self)
{
  g_autoptr (VgwHttpRequest) held = g_object_ref (self);

  /* libsoup has to write something before it closes */
  soup_server_message_set_status (self->message, VGW_HTTP_STATUS_UNAVAILABLE, NULL);
  finish (self);
  g_signal_emit (self, signals[SIGNAL_GONE], 0);
}

/* The client has closed its end, or the connection's deadline has passed. Bytes after the request are not read, such as
 * the close_notify of a TLS client; where there are any, the kernel reports the close (tcp(7)). */
static gboolean
on_socket (GSocket *socket, GIOCondition condition, gpointer user_data)
{
  VgwHttpRequest *self = user_data;
  char byte;
  gssize n = recv (g_socket_get_fd (socket), &byte, 1, MSG_PEEK | MSG_DONTWAIT);

  if (n < 0 && (errno == EAGAIN || errno == EINTR))
    return G_SOURCE_CONTINUE;
  if (n > 0 && (condition & (G_IO_HUP | G_IO_ERR | CLOSED_BY_CLIENT)) == 0)
    {
      vgw_source_clear (&self->watch);
      self->watch =
          vgw_source_start (g_socket_create_source (socket, CLOSED_BY_CLIENT, NULL), G_SOURCE_FUNC (on_socket), self);
      return G_SOURCE_REMOVE;
    }
  give_up (self);
  return G_SOURCE_REMOVE;
}

static void
vgw_http_request_dispose (GObject *object)
{
  VgwHttpRequest *self = VGW_HTTP_REQUEST (object);

  if (self->message != NULL)
    vgw_http_request_reply (self, VGW_HTTP_STATUS_INTERNAL_ERROR, VGW_HTTP_TEXT_PLAIN, "no reply\n");
  G_OBJECT_CLASS (vgw_http_request_parent_class)->dispose (object);
}

static void
vgw_http_request_finalize (GObject *object)
{
  VgwHttpRequest *self = VGW_HTTP_REQUEST (object);

  g_free (self->method);
  g_free (self->path);
  g_free (self->query);
  g_free (self->remote_address);
  g_strfreev (self->captures);
  G_OBJECT_CLASS (vgw_http_request_parent_class)->finalize (object);
}

static void
vgw_http_request_init (VgwHttpRequest *self)
{
}

static void
vgw_http_request_class_init (VgwHttpRequestClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = vgw_http_request_dispose;
  object_class->finalize = vgw_http_request_finalize;
  signals[SIGNAL_GONE] =
      g_signal_new ("gone", VGW_TYPE_HTTP_REQUEST, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

VgwHttpRequest *
vgw_http_request_new (SoupServerMessage *message, char **captures, char *remote_address)
{
  VgwHttpRequest *self = g_object_new (VGW_TYPE_HTTP_REQUEST, NULL);
  GUri *uri = soup_server_message_get_uri (message);

  self->message = g_object_ref (message);
  self->method = g_strdup (soup_server_message_get_method (message));
  self->path = g_strdup (g_uri_get_path (uri));
  self->query = g_strdup (g_uri_get_query (uri));
  self->remote_address = remote_address;
  self->captures = captures;
  g_signal_connect (message, "disconnected", G_CALLBACK (on_disconnected), self);
  return self;
}

void
vgw_http_request_wait (VgwHttpRequest *self)
{
  VgwHttpConnection *connection;

  if (self->message == NULL)
    return;
  connection = vgw_http_connection_from_address (soup_server_message_get_remote_address (self->message));
  soup_server_message_pause (self->message);
  self->is_waiting = TRUE;
  self->watch = vgw_source_start (g_socket_create_source (vgw_http_connection_get_socket (connection), G_IO_IN, NULL),
                                  G_SOURCE_FUNC (on_socket), self);
}

SoupServerMessage *
vgw_http_request_get_message (VgwHttpRequest *self)
{
  return self->message;
}

gboolean
vgw_http_request_is_open (VgwHttpRequest *self)
{
  return self->message != NULL;
}

void
vgw_http_request_reply_bytes (VgwHttpRequest *self, guint status, const char *content_type, GBytes *body)
{
  if (self->message == NULL)
    return;
  vgw_http_request_set_header (self, "X-Content-Type-Options", "nosniff");
  if (content_type != NULL)
    vgw_http_request_set_header (self, "Content-Type", content_type);
  if (body != NULL && g_bytes_get_size (body) > 0) /* libsoup asserts that it is not empty */
    soup_message_body_append_bytes (soup_server_message_get_response_body (self->message), body);
  soup_server_message_set_status (self->message, status, phrase_of (status));
  finish (self);
}

void
vgw_http_request_reply (VgwHttpRequest *self, guint status, const char *content_type, const char *text)
{
  g_autoptr (GBytes) body = g_bytes_new (text, strlen (text));

  vgw_http_request_reply_bytes (self, status, content_type, body);
}

void
vgw_http_request_set_header (VgwHttpRequest *self, const char *name, const char *value)
{
  if (self->message != NULL)
    soup_message_headers_replace (soup_server_message_get_response_headers (self->message), name, value);
}

void
vgw_http_request_add_header (VgwHttpRequest *self, const char *name, const char *value)
{
  if (self->message != NULL)
    soup_message_headers_append (soup_server_message_get_response_headers (self->message), name, value);
}

const char *
vgw_http_request_get_header (VgwHttpRequest *self, const char *name)
{
  if (self->message == NULL)
    return NULL;
  return soup_message_headers_get_list (soup_server_message_get_request_headers (self->message), name);
}

gboolean
vgw_http_request_has_content_type (VgwHttpRequest *self, const char *type)
{
  return vgw_http_is_content_type (vgw_http_request_get_header (self, "Content-Type"), type);
}

gboolean
vgw_http_is_content_type (const char *value, const char *type)
{
  gsize length = strlen (type);

  return value != NULL && g_ascii_strncasecmp (value, type, length) == 0
         && (value[length] == '\0' || strchr ("; \t", value[length]) != NULL);
}

gboolean
vgw_http_request_is_handshake (VgwHttpRequest *self)
{
  return self->message != NULL && soup_websocket_server_check_handshake (self->message, NULL, NULL, NULL, NULL);
}

GBytes *
vgw_http_request_get_body (VgwHttpRequest *self)
{
  if (self->message == NULL)
    return g_bytes_new (NULL, 0);
  return soup_message_body_flatten (soup_server_message_get_request_body (self->message));
}

const char *
vgw_http_request_get_method (VgwHttpRequest *self)
{
  return self->method;
}

const char *
vgw_http_request_get_path (VgwHttpRequest *self)
{
  return self->path;
}

const char *
vgw_http_request_get_query (VgwHttpRequest *self)
{
  return self->query;
}

char *
vgw_http_request_get_parameter (VgwHttpRequest *self, const char *name)
{
  g_autoptr (GHashTable) parameters =
      self->query != NULL ? g_uri_parse_params (self->query, -1, "&", G_URI_PARAMS_WWW_FORM, NULL) : NULL;

  return parameters != NULL ? g_strdup (g_hash_table_lookup (parameters, name)) : NULL;
}

const char *
vgw_http_request_get_capture (VgwHttpRequest *self, guint n)
{
  return self->captures[n];
}

const char *
vgw_http_request_get_remote_address (VgwHttpRequest *self)
{
  return self->remote_address;
}
