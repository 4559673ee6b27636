#include "manager/vgw-redis-connection.h"

#include <gio/gunixsocketaddress.h>
#include <string.h>

#include "base/vgw-source.h"
#include "net/vgw-dialler.h"

#define UNIX_SCHEME "unix:"
#define PLAIN_SCHEME "redis://"
#define TLS_SCHEME "rediss://"
#define DEFAULT_PORT 6379
#define READ_BYTES 16384
#define MAX_REPLY_BYTES (4 * 1024 * 1024)

/* A command that has no reply yet. */
typedef struct
{
  VgwRedisReplyFunc func; /* (nullable) */
  gpointer user_data;
} Pending;

struct _VgwRedisConnection
{
  guint n_refs; /* the owner's, and one for each operation of GIO under way */
  const VgwRedisConnectionFuncs *funcs;
  gpointer user_data;
  GCancellable *cancellable;
  GSocketConnection *stream; /* NULL until connected */
  char *username, *password, *database;
  guint timeout_ms;

  enum
  {
    REDIS_CONNECTING, /* also while it authenticates */
    REDIS_OPEN,
    REDIS_FAILING, /* closed () follows */
    REDIS_CLOSED,
  } state;
  GError *error;     /* of FAILING */
  GSource *deadline; /* of connecting, or of the oldest pending command */
  GSource *end;      /* calls closed () */

  GQueue pending;      /* Pending*, in the order of the commands */
  GByteArray *output;  /* behind … */
  GByteArray *writing; /* (nullable) what is being written */
  redisReader *reader;
  gsize n_unread; /* bytes of a reply that is not complete */
  guint8 input[READ_BYTES];
};

/* --- addresses --- */

typedef struct
{
  char *host; /* or path, of unix: */
  gint port;  /* 0 for unix: */
  char *database;
} Address;

static void
address_clear (Address *address)
{
  g_free (address->host);
  g_free (address->database);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Address, address_clear)

static gboolean
parse_url (const char *url, Address *address)
{
  g_autoptr (GUri) uri = NULL;
  const char *path;

  if (g_str_has_prefix (url, UNIX_SCHEME))
    {
      address->host = g_strdup (url + strlen (UNIX_SCHEME));
      return *address->host == '/';
    }
  if (!g_str_has_prefix (url, PLAIN_SCHEME) && !g_str_has_prefix (url, TLS_SCHEME))
    return FALSE;
  uri = g_uri_parse (url, G_URI_FLAGS_NONE, NULL);
  if (uri == NULL || g_uri_get_userinfo (uri) != NULL || g_uri_get_query (uri) != NULL
      || g_uri_get_fragment (uri) != NULL || g_uri_get_host (uri) == NULL || *g_uri_get_host (uri) == '\0')
    return FALSE;
  path = g_uri_get_path (uri);
  address->host = g_strdup (g_uri_get_host (uri));
  address->port = g_uri_get_port (uri) == -1 ? DEFAULT_PORT : g_uri_get_port (uri);
  address->database = *path == '/' && path[1] != '\0' ? g_strdup (path + 1) : NULL;
  return address->port != 0
         && (address->database == NULL || g_ascii_string_to_unsigned (address->database, 10, 0, 65535, NULL, NULL));
}

gboolean
vgw_redis_url_check (const char *url)
{
  g_auto (Address) address = { 0 };

  return parse_url (url, &address);
}

gboolean
vgw_redis_url_has_tls (const char *url)
{
  return g_str_has_prefix (url, TLS_SCHEME);
}

/* --- life --- */

static VgwRedisConnection *
connection_ref (VgwRedisConnection *self)
{
  self->n_refs++;
  return self;
}

static void
connection_unref (VgwRedisConnection *self)
{
  if (--self->n_refs > 0)
    return;
  g_clear_object (&self->stream);
  g_object_unref (self->cancellable);
  g_byte_array_unref (self->output);
  redisReaderFree (self->reader);
  g_clear_error (&self->error);
  g_free (self->username);
  g_free (self->password);
  g_free (self->database);
  g_free (self);
}

/* Idempotent. Not by g_io_stream_close (), which may wait for TLS. */
static void
close_socket (VgwRedisConnection *self)
{
  vgw_source_clear (&self->deadline);
  g_cancellable_cancel (self->cancellable);
  if (self->stream != NULL)
    g_socket_close (g_socket_connection_get_socket (self->stream), NULL);
}

static void
drop_pending (VgwRedisConnection *self)
{
  Pending *pending;

  while ((pending = g_queue_pop_head (&self->pending)) != NULL)
    {
      if (pending->func != NULL)
        pending->func (NULL, pending->user_data);
      g_free (pending);
    }
}

static gboolean
on_end (gpointer user_data)
{
  VgwRedisConnection *self = connection_ref (user_data);

  if (self->state == REDIS_FAILING)
    {
      self->state = REDIS_CLOSED;
      drop_pending (self);
      self->funcs->closed (self->error, self->user_data);
    }
  connection_unref (self);
  return G_SOURCE_CONTINUE;
}

void
vgw_redis_connection_fail (VgwRedisConnection *self, const GError *error)
{
  if (self->state == REDIS_FAILING || self->state == REDIS_CLOSED)
    return;
  self->state = REDIS_FAILING;
  self->error = g_error_copy (error);
  close_socket (self);
  g_source_set_ready_time (self->end, 0);
}

/* For the errors of this file. */
static void
fail (VgwRedisConnection *self, GIOErrorEnum code, const char *message)
{
  g_autoptr (GError) error = g_error_new_literal (G_IO_ERROR, code, message);

  vgw_redis_connection_fail (self, error);
}

void
vgw_redis_connection_free (VgwRedisConnection *self)
{
  self->state = REDIS_CLOSED;
  vgw_source_clear (&self->end);
  close_socket (self);
  drop_pending (self);
  connection_unref (self);
}

static gboolean
on_deadline (gpointer user_data)
{
  VgwRedisConnection *self = user_data;
  g_autofree char *message =
      g_strdup_printf ("no %s within %u ms", self->stream == NULL ? "connection" : "reply", self->timeout_ms);

  fail (self, G_IO_ERROR_TIMED_OUT, message);
  return G_SOURCE_CONTINUE;
}

/* A server that is stopped accepts commands and does not reply. */
static void
set_deadline (VgwRedisConnection *self, gboolean is_waiting)
{
  if (self->deadline != NULL)
    g_source_set_ready_time (self->deadline,
                             is_waiting ? g_get_monotonic_time () + self->timeout_ms * G_TIME_SPAN_MILLISECOND : -1);
}

/* --- commands --- */

static void write_output (VgwRedisConnection *self);

static void
on_written (GObject *source, GAsyncResult *result, gpointer user_data)
{
  VgwRedisConnection *self = user_data;
  g_autoptr (GError) error = NULL;

  g_clear_pointer (&self->writing, g_byte_array_unref);
  if (!g_output_stream_write_all_finish (G_OUTPUT_STREAM (source), result, NULL, &error))
    vgw_redis_connection_fail (self, error);
  else
    write_output (self);
  connection_unref (self);
}

static void
write_output (VgwRedisConnection *self)
{
  if (self->writing != NULL || self->output->len == 0 || self->state > REDIS_OPEN)
    return;
  self->writing = g_steal_pointer (&self->output);
  self->output = g_byte_array_new ();
  connection_ref (self);
  g_output_stream_write_all_async (g_io_stream_get_output_stream (G_IO_STREAM (self->stream)), self->writing->data,
                                   self->writing->len, G_PRIORITY_DEFAULT, self->cancellable, on_written, self);
}

void
vgw_redis_connection_send (VgwRedisConnection *self, const char *const *words, VgwRedisReplyFunc func,
                           gpointer user_data)
{
  Pending *pending;
  char *text = NULL;
  int length;

  g_return_if_fail (self->stream != NULL);

  length = redisFormatCommandArgv (&text, (int) g_strv_length ((char **) words), (const char **) words, NULL);
  g_return_if_fail (length > 0);
  pending = g_new (Pending, 1);
  *pending = (Pending){ func, user_data };
  g_queue_push_tail (&self->pending, pending);
  g_byte_array_append (self->output, (const guint8 *) text, (guint) length);
  redisFreeCommand (text);
  if (self->pending.length == 1 && self->state == REDIS_OPEN)
    set_deadline (self, TRUE);
  write_output (self);
}

guint
vgw_redis_connection_count_pending (VgwRedisConnection *self)
{
  return self->pending.length;
}

/* --- replies --- */

static void
handle_reply (VgwRedisConnection *self, const redisReply *reply)
{
  Pending *pending = g_queue_pop_head (&self->pending);

  if (pending == NULL)
    {
      fail (self, G_IO_ERROR_INVALID_DATA, "the server has sent a reply to no command");
      return;
    }
  if (self->state == REDIS_OPEN)
    set_deadline (self, self->pending.length > 0);
  if (pending->func != NULL)
    pending->func (reply, pending->user_data);
  g_free (pending);
}

static void
feed (VgwRedisConnection *self, gsize n)
{
  void *reply = NULL;
  gboolean is_valid = redisReaderFeed (self->reader, (const char *) self->input, n) == REDIS_OK;

  self->n_unread += n;
  while (is_valid && self->state <= REDIS_OPEN)
    {
      is_valid = redisReaderGetReply (self->reader, &reply) == REDIS_OK;
      if (reply == NULL)
        break;
      self->n_unread = 0;
      handle_reply (self, reply);
      freeReplyObject (reply);
    }
  if (!is_valid)
    fail (self, G_IO_ERROR_INVALID_DATA, "the server does not speak the protocol of Redis");
  else if (self->n_unread > MAX_REPLY_BYTES)
    fail (self, G_IO_ERROR_MESSAGE_TOO_LARGE, "the server has sent a reply that is too large");
}

static void read_input (VgwRedisConnection *self);

static void
on_read (GObject *source, GAsyncResult *result, gpointer user_data)
{
  VgwRedisConnection *self = user_data;
  g_autoptr (GError) error = NULL;
  gssize n = g_input_stream_read_finish (G_INPUT_STREAM (source), result, &error);

  if (n > 0 && self->state <= REDIS_OPEN)
    feed (self, (gsize) n);
  else if (n == 0)
    fail (self, G_IO_ERROR_CONNECTION_CLOSED, "the server has closed the connection");
  else if (n < 0)
    vgw_redis_connection_fail (self, error);
  if (self->state <= REDIS_OPEN)
    read_input (self);
  connection_unref (self);
}

static void
read_input (VgwRedisConnection *self)
{
  connection_ref (self);
  g_input_stream_read_async (g_io_stream_get_input_stream (G_IO_STREAM (self->stream)), self->input, READ_BYTES,
                             G_PRIORITY_DEFAULT, self->cancellable, on_read, self);
}

/* --- the beginning --- */

/* The reply to one of the commands before opened (). */
static void
on_greeted (const redisReply *reply, gpointer user_data)
{
  VgwRedisConnection *self = user_data;

  if (reply == NULL || self->state != REDIS_CONNECTING)
    return;
  if (reply->type == REDIS_REPLY_ERROR)
    fail (self, G_IO_ERROR_PERMISSION_DENIED, reply->str);
  else if (self->pending.length == 0)
    {
      self->state = REDIS_OPEN;
      set_deadline (self, FALSE);
      self->funcs->opened (self->user_data);
    }
}

/* The reply to AUTH: an error's first word alone, since what follows may have the command's words, the password. */
static void
on_authenticated (const redisReply *reply, gpointer user_data)
{
  g_autofree char *code = NULL;

  if (reply == NULL || reply->type != REDIS_REPLY_ERROR)
    {
      on_greeted (reply, user_data);
      return;
    }
  code = g_strndup (reply->str, strcspn (reply->str, " "));
  fail (user_data, G_IO_ERROR_PERMISSION_DENIED, code);
}

static void
greet (VgwRedisConnection *self)
{
  if (*self->username != '\0')
    vgw_redis_connection_send (self, VGW_REDIS_WORDS ("AUTH", self->username, self->password), on_authenticated, self);
  else if (*self->password != '\0')
    vgw_redis_connection_send (self, VGW_REDIS_WORDS ("AUTH", self->password), on_authenticated, self);
  if (self->database != NULL)
    vgw_redis_connection_send (self, VGW_REDIS_WORDS ("SELECT", self->database), on_greeted, self);
  vgw_redis_connection_send (self, VGW_REDIS_WORDS ("PING"), on_greeted, self);
}

/* @stream: (transfer full) (nullable), then @error. */
static void
take_stream (VgwRedisConnection *self, GSocketConnection *stream, const GError *error)
{
  if (stream != NULL && self->state == REDIS_CONNECTING)
    {
      self->stream = stream;
      read_input (self);
      greet (self);
    }
  else if (stream != NULL)
    g_object_unref (stream);
  else
    vgw_redis_connection_fail (self, error);
  connection_unref (self);
}

static void
on_dialled (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) rest = NULL;
  GSocketConnection *stream = vgw_dial_finish (result, &rest, &error);

  take_stream (user_data, stream, error);
}

static void
on_unix_connected (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  GSocketConnection *stream = g_socket_client_connect_finish (G_SOCKET_CLIENT (source), result, &error);

  take_stream (user_data, stream, error);
}

static void
dial (VgwRedisConnection *self, const VgwRedisTarget *target)
{
  g_auto (Address) address = { 0 };

  connection_ref (self);
  parse_url (target->url, &address);
  self->database = g_steal_pointer (&address.database);
  if (address.port == 0)
    {
      g_autoptr (GSocketClient) client = g_socket_client_new ();
      g_autoptr (GSocketAddress) path = g_unix_socket_address_new (address.host);

      g_socket_client_connect_async (client, G_SOCKET_CONNECTABLE (path), self->cancellable, on_unix_connected, self);
    }
  else
    {
      const char *scheme = vgw_redis_url_has_tls (target->url) ? "wss" : "ws"; /* the dialler's, for TLS and TCP */
      g_autofree char *url = g_uri_join (G_URI_FLAGS_NONE, scheme, NULL, address.host, address.port, "", NULL, NULL);

      vgw_dial_async (
          &(VgwDialTarget){
              .url = url, .is_stream = TRUE, .authorities = target->authorities, .stall_ms = target->timeout_ms },
          self->cancellable, on_dialled, self);
    }
}

VgwRedisConnection *
vgw_redis_connection_new (const VgwRedisTarget *target, const VgwRedisConnectionFuncs *funcs, gpointer user_data)
{
  VgwRedisConnection *self = g_new0 (VgwRedisConnection, 1);

  self->n_refs = 1;
  self->funcs = funcs;
  self->user_data = user_data;
  self->username = g_strdup (target->username);
  self->password = g_strdup (target->password);
  self->timeout_ms = target->timeout_ms;
  self->cancellable = g_cancellable_new ();
  self->output = g_byte_array_new ();
  self->reader = redisReaderCreate ();
  self->end = vgw_source_new_wakeup (NULL, on_end, self);
  self->deadline = vgw_source_new_wakeup (NULL, on_deadline, self);
  set_deadline (self, TRUE);
  dial (self, target);
  return self;
}
