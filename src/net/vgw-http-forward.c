#include "net/vgw-http-forward.h"

#include <string.h>

#include "base/vgw-error.h"
#include "base/vgw-log.h"
#include "base/vgw-source.h"
#include "net/vgw-dialler.h"
#include "net/vgw-http-connection.h"
#include "net/vgw-http-head.h"
#include "net/vgw-http-hop.h"
#include "net/vgw-http-request.h"
#include "net/vgw-http-splice.h"

#define REACH_TIMEOUT_MS 4000     /* from the request to the connection with the other node */
#define RESPONSE_TIMEOUT_MS 40000 /* the other node's own is shorter (vgw-http-server.c) */
#define STALL_MS 30000            /* a node that accepts nothing for that long is lost */
#define WARN_INTERVAL_US (10 * G_TIME_SPAN_SECOND)
#define MAX_DIALS 4 /* to one node at a time, with their look-ups: GLib's threads for TLS and names are shared */
#define MAX_WAITING 64
#define FOUND_US G_TIME_SPAN_SECOND        /* so long an address is used again */
#define FAILED_US (2 * G_TIME_SPAN_SECOND) /* so long after a failure no request is sent to a node */
#define MAX_TARGETS 1000

struct _VgwHttpForward
{
  VgwHttpForwardSettings settings;
  VgwHttpForwardServeFunc serve;
  gpointer user_data;
  GHashTable *relays;  /* Relay, a reference each */
  GHashTable *targets; /* name → Target, a reference each */
  VgwHttpHopNonces *nonces;
  VgwHttpForwardStats stats;
  gint64 warned_at_us;
};

/* A node that requests were for. References: the table's, and the relays'. */
typedef struct
{
  char *url;                        /* (nullable) as it was found */
  gint64 found_at_us, failed_at_us; /* 0: never */
  guint n_dials;
  GQueue waiting; /* Relay, of the owner's table */
} Target;

/* A connection that was taken. References: the table's, and that of the look-up or of the dialler. */
typedef struct
{
  VgwHttpForward *owner; /* NULL once it is not in the table any more */
  GIOStream *stream;
  GSocketAddress *local_address, *remote_address;
  gsize head_length;
  char *request; /* the head for the other node */
  char *node;
  Target *target;
  gboolean is_dialling;      /* counted in `target` */
  const char *why_late;      /* static */
  GCancellable *cancellable; /* of the look-up and the dialler */
  GSource *deadline;         /* of both */
  VgwHttpSplice *splice;     /* (nullable) */
} Relay;

static G_DEFINE_QUARK (vgw_http_forward_mark, mark)

    const char *vgw_http_forward_result_to_string (VgwHttpForwardResult result)
{
  switch (result)
    {
    case VGW_HTTP_FORWARD_SENT:
      return "sent";
    case VGW_HTTP_FORWARD_UNREACHABLE:
      return "unreachable";
    case VGW_HTTP_FORWARD_STOPPED:
      return "stopped";
    case VGW_HTTP_FORWARD_REFUSED:
      return "refused";
    }
  return "unknown";
}

/* --- marks --- */

static void
mark_free (gpointer data)
{
  VgwHttpForwardMark *mark = data;

  g_free (mark->client);
  g_free (mark);
}

static void
set_mark (GSocketAddress *remote_address, char *client, const char *refusal, guint status)
{
  VgwHttpForwardMark *mark = g_new (VgwHttpForwardMark, 1);

  *mark = (VgwHttpForwardMark){ client, refusal, status };
  g_object_set_qdata_full (G_OBJECT (remote_address), mark_quark (), mark, mark_free);
}

const VgwHttpForwardMark *
vgw_http_forward_get_mark (GSocketAddress *remote_address)
{
  return remote_address != NULL ? g_object_get_qdata (G_OBJECT (remote_address), mark_quark ()) : NULL;
}

/* --- a connection that was taken --- */

static void
target_clear (gpointer data)
{
  Target *target = data;

  g_free (target->url);
}

static void
target_unref (gpointer target)
{
  g_rc_box_release_full (target, target_clear);
}

static void
relay_clear (gpointer data)
{
  Relay *relay = data;

  vgw_source_clear (&relay->deadline);
  g_clear_pointer (&relay->splice, vgw_http_splice_free);
  g_object_unref (relay->cancellable);
  g_object_unref (relay->stream);
  g_object_unref (relay->local_address);
  g_object_unref (relay->remote_address);
  g_free (relay->request);
  g_free (relay->node);
  target_unref (relay->target);
}

static void
relay_unref (gpointer relay)
{
  g_rc_box_release_full (relay, relay_clear);
}

/* Of the table. */
static void
relay_stop (gpointer data)
{
  Relay *relay = data;

  relay->owner = NULL;
  g_queue_remove (&relay->target->waiting, relay);
  vgw_source_clear (&relay->deadline);
  g_cancellable_cancel (relay->cancellable);
  relay_unref (relay);
}

/* Gives the connection back. */
static void
serve_here (Relay *relay)
{
  VgwHttpForward *self = relay->owner;
  VgwHttpConnection *connection = vgw_http_connection_from_address (relay->remote_address);
  Relay *held = g_rc_box_acquire (relay);

  g_hash_table_remove (self->relays, relay);
  vgw_http_connection_set_deadline (connection, self->settings.header_timeout_ms);
  self->serve (held->stream, held->local_address, held->remote_address, self->user_data);
  relay_unref (held);
}

/* The node's sessions are over: as for an unknown session. */
static void
forget (Relay *relay, const char *why)
{
  g_autofree char *sender = vgw_http_address_to_string (relay->remote_address);

  relay->owner->stats.requests[VGW_HTTP_FORWARD_STOPPED]++;
  vgw_info_about (sender, "nodes: node \"%s\" %s: a request for one of its sessions is for an unknown session",
                  relay->node, why);
  serve_here (relay);
}

static void
give_up (Relay *relay, const char *why)
{
  VgwHttpForward *self = relay->owner;
  gint64 now_us = g_get_monotonic_time ();

  self->stats.requests[VGW_HTTP_FORWARD_UNREACHABLE]++;
  if (self->warned_at_us == 0 || now_us - self->warned_at_us >= WARN_INTERVAL_US)
    {
      self->warned_at_us = now_us;
      vgw_warning (NULL, "nodes: node \"%s\" cannot be reached: %s: its requests are answered with 503", relay->node,
                   why);
    }
  set_mark (relay->remote_address, NULL, "the node that has this session cannot be reached\n",
            VGW_HTTP_STATUS_UNAVAILABLE);
  serve_here (relay);
}

/* For all that wait for the node, too. */
static void
fail_target (Relay *relay, const char *why)
{
  Target *target = g_rc_box_acquire (relay->target);
  Relay *waiting;

  target->failed_at_us = g_get_monotonic_time ();
  give_up (relay, why);
  while ((waiting = g_queue_peek_head (&target->waiting)) != NULL)
    give_up (waiting, "an attempt before has failed");
  target_unref (target);
}

static gboolean
on_late (gpointer user_data)
{
  Relay *relay = user_data;

  if (relay->is_dialling)
    fail_target (relay, relay->why_late);
  else
    give_up (relay, relay->why_late);
  return G_SOURCE_REMOVE;
}

static void
on_closed (VgwHttpSplice *splice, gboolean is_client_left, gpointer user_data)
{
  Relay *relay = user_data;

  if (is_client_left)
    vgw_http_connection_end (vgw_http_connection_from_address (relay->remote_address), relay->stream);
  g_hash_table_remove (relay->owner->relays, relay);
}

/* Takes the head from the stream, in which it was only peeked at. */
static gboolean
skip_head (Relay *relay)
{
  GPollableInputStream *in = G_POLLABLE_INPUT_STREAM (g_io_stream_get_input_stream (relay->stream));
  char data[VGW_HTTP_HEAD_MAX_BYTES];

  while (relay->head_length > 0)
    {
      gssize n = g_pollable_input_stream_read_nonblocking (in, data, relay->head_length, NULL, NULL);

      if (n <= 0)
        return FALSE;
      relay->head_length -= (gsize) n;
    }
  return TRUE;
}

static void
start_splice (Relay *relay, GSocketConnection *server)
{
  VgwHttpForward *self = relay->owner;
  const VgwHttpSpliceSettings settings = {
    .client = relay->stream,
    .server = server,
    .request = relay->request,
    .timeout_ms = RESPONSE_TIMEOUT_MS,
    .idle_timeout_ms = self->settings.idle_timeout_ms,
  };

  vgw_source_clear (&relay->deadline);
  if (!skip_head (relay)) /* the client has disconnected */
    {
      g_hash_table_remove (self->relays, relay);
      return;
    }
  self->stats.requests[VGW_HTTP_FORWARD_SENT]++;
  vgw_debug (NULL, "nodes: a request is sent on to node \"%s\"", relay->node);
  relay->splice = vgw_http_splice_new (&settings, on_closed, relay);
}

static void look_up (Relay *relay);

/* The dial of @relay is over, or will not be. */
static void
finish_dial (Relay *relay)
{
  Target *target = relay->target;
  Relay *next;

  relay->is_dialling = FALSE;
  target->n_dials--;
  next = g_queue_pop_head (&target->waiting);
  if (next != NULL)
    look_up (next);
}

static void
on_dialled (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Relay *relay = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) rest = NULL;
  g_autoptr (GSocketConnection) server = vgw_dial_finish (result, &rest, &error);

  if (server == NULL) /* it may be somewhere else meanwhile */
    g_clear_pointer (&relay->target->url, g_free);
  if (relay->owner == NULL)
    vgw_debug (NULL, "nodes: connected too late");
  else if (server != NULL)
    start_splice (relay, server);
  else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED))
    forget (relay, "has stopped");
  else
    fail_target (relay, error->message);
  finish_dial (relay);
  relay_unref (relay);
}

static void
dial (Relay *relay)
{
  const VgwDialTarget target = { .url = relay->target->url,
                                 .is_stream = TRUE,
                                 .authorities = relay->owner->settings.authorities,
                                 .stall_ms = STALL_MS };

  vgw_dial_async (&target, relay->cancellable, on_dialled, g_rc_box_acquire (relay));
}

/* @url: (nullable) */
static void
set_url (Target *target, const char *url)
{
  g_free (target->url);
  target->url = g_strdup (url);
  target->found_at_us = g_get_monotonic_time ();
}

static void
on_found (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Relay *relay = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (VgwNode) node = vgw_node_directory_find_finish (VGW_NODE_DIRECTORY (source), result, &error);
  const char *url = NULL;

  if (node != NULL && relay->owner != NULL)
    url = relay->owner->settings.is_admin ? node->admin_url : node->url;
  if (relay->owner == NULL)
    vgw_debug (NULL, "nodes: found too late");
  else if (url != NULL && *url != '\0')
    {
      set_url (relay->target, url);
      dial (relay);
      relay_unref (relay);
      return;
    }
  else if (node != NULL)
    give_up (relay, "it has reported no address");
  else if (g_error_matches (error, VGW_ERROR, VGW_ERROR_GONE))
    forget (relay, "is not known");
  else
    give_up (relay, error->message);
  finish_dial (relay);
  relay_unref (relay);
}

static void
look_up (Relay *relay)
{
  Target *target = relay->target;

  relay->is_dialling = TRUE;
  target->n_dials++;
  if (target->url != NULL && g_get_monotonic_time () - target->found_at_us < FOUND_US)
    dial (relay);
  else
    vgw_node_directory_find_async (relay->owner->settings.directory, relay->node, relay->cancellable, on_found,
                                   g_rc_box_acquire (relay));
}

/* (transfer full) */
static Target *
get_target (VgwHttpForward *self, const char *node)
{
  Target *target = g_hash_table_lookup (self->targets, node);

  if (target == NULL)
    {
      if (g_hash_table_size (self->targets) >= MAX_TARGETS)
        g_hash_table_remove_all (self->targets);
      target = g_rc_box_new0 (Target);
      g_hash_table_insert (self->targets, g_strdup (node), target);
    }
  return g_rc_box_acquire (target);
}

/* Reaches the node, now or when others are done, or gives up in the next iteration. */
static void
start (Relay *relay)
{
  Target *target = relay->target;
  gboolean has_failed = target->failed_at_us != 0 && g_get_monotonic_time () - target->failed_at_us < FAILED_US;
  gboolean is_refused = has_failed || target->waiting.length >= MAX_WAITING;

  relay->why_late = has_failed   ? "an attempt before has failed"
                    : is_refused ? "too many requests wait for it"
                                 : "no connection in time";
  relay->deadline = vgw_source_start_timer (is_refused ? 0 : REACH_TIMEOUT_MS, on_late, relay);
  if (!is_refused && target->n_dials < MAX_DIALS)
    look_up (relay);
  else if (!is_refused)
    g_queue_push_tail (&target->waiting, relay);
}

/* --- public --- */

VgwHttpForward *
vgw_http_forward_new (const VgwHttpForwardSettings *settings, VgwHttpForwardServeFunc serve, gpointer user_data)
{
  VgwHttpForward *self = g_new0 (VgwHttpForward, 1);

  self->settings = *settings;
  g_object_ref (self->settings.directory);
  if (self->settings.authorities != NULL)
    g_object_ref (self->settings.authorities);
  self->serve = serve;
  self->user_data = user_data;
  self->relays = g_hash_table_new_full (NULL, NULL, relay_stop, NULL);
  self->targets = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, target_unref);
  self->nonces = vgw_http_hop_nonces_new ();
  return self;
}

void
vgw_http_forward_free (VgwHttpForward *self)
{
  if (self == NULL)
    return;
  g_hash_table_unref (self->relays);
  g_hash_table_unref (self->targets);
  vgw_http_hop_nonces_free (self->nonces);
  g_object_unref (self->settings.directory);
  g_clear_object (&self->settings.authorities);
  g_free (self);
}

/* The whole head at the beginning of @data, which may have more after it. */
static gsize
find_head_end (const char *data, gsize length)
{
  const char *end = data;

  while ((end = memchr (end, '\n', data + length - end)) != NULL)
    {
      end++;
      if (end < data + length && *end == '\n')
        return end + 1 - data;
      if (end + 1 < data + length && end[0] == '\r' && end[1] == '\n')
        return end + 2 - data;
    }
  return length;
}

/* A request that another node has sent: its client, or a refusal. */
static void
check_marked (VgwHttpForward *self, GSocketAddress *remote_address, const char *head, gsize length)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *sender = vgw_http_address_to_string (remote_address);
  char *client = vgw_http_hop_read_client (self->settings.ids, self->nonces, head, length, self->settings.is_admin,
                                           g_get_real_time () / G_USEC_PER_SEC, &error);

  if (client == NULL)
    {
      self->stats.requests[VGW_HTTP_FORWARD_REFUSED]++;
      vgw_info_about (sender, "nodes: refused a request of %s: %s", sender, error->message);
    }
  set_mark (remote_address, client, client == NULL ? "this request is not signed by a node of this service\n" : NULL,
            VGW_HTTP_STATUS_FORBIDDEN);
}

/* The node to which the request may be sent on. (transfer full) (nullable) */
static char *
find_node (VgwHttpForward *self, const char *head, gsize length)
{
  const VgwHttpForwardSettings *settings = &self->settings;

  if (settings->check != NULL && !settings->check (head, length, settings->check_data))
    return NULL;
  return settings->is_admin ? vgw_http_hop_find_admin_node (settings->ids, head, length)
                            : vgw_http_hop_find_node (settings->ids, head, length);
}

gboolean
vgw_http_forward_take (VgwHttpForward *self, GIOStream *stream, GSocketAddress *local_address,
                       GSocketAddress *remote_address, const char *head, gsize length)
{
  gsize head_length = find_head_end (head, length);
  g_autofree char *node = NULL, *client = NULL, *peer = NULL, *forwarded_for = NULL, *forwarded = NULL;
  Relay *relay;

  if (vgw_http_hop_is_marked (head, head_length))
    {
      check_marked (self, remote_address, head, head_length);
      return FALSE;
    }
  node = find_node (self, head, head_length);
  if (node == NULL)
    return FALSE;
  peer = vgw_http_address_to_string (remote_address);
  forwarded_for = vgw_http_head_list_field (head, head_length, "X-Forwarded-For");
  forwarded = vgw_http_head_list_field (head, head_length, "Forwarded");
  client = vgw_http_proxies_find_client (self->settings.proxies, peer, forwarded_for, forwarded);
  if (client == NULL) /* is refused when it is served */
    return FALSE;

  relay = g_rc_box_new0 (Relay);
  relay->owner = self;
  relay->stream = g_object_ref (stream);
  relay->local_address = g_object_ref (local_address);
  relay->remote_address = g_object_ref (remote_address);
  relay->head_length = head_length;
  relay->request = vgw_http_hop_write_head (self->settings.ids, head, head_length, node, self->settings.is_admin,
                                            client, g_get_real_time () / G_USEC_PER_SEC);
  relay->target = get_target (self, node);
  relay->node = g_steal_pointer (&node);
  relay->cancellable = g_cancellable_new ();
  g_hash_table_add (self->relays, relay);
  vgw_http_connection_set_deadline (vgw_http_connection_from_address (remote_address), 0);
  start (relay);
  return TRUE;
}

void
vgw_http_forward_get_stats (VgwHttpForward *self, VgwHttpForwardStats *stats)
{
  *stats = self->stats;
}
