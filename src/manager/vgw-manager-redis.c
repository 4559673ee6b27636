#include "manager/vgw-manager-redis.h"

#include <string.h>

#include "base/vgw-log.h"
#include "base/vgw-source.h"
#include "manager/vgw-manager-settings.h"
#include "manager/vgw-redis-nodes.h"
#include "manager/vgw-session-event.h"

#define MAX_PENDING 120 /* commands without a reply, before further ones wait */
#define HEARTBEATS_PER_TTL 3

/* A session, as its hash has it. */
typedef struct
{
  char *id;
  char **fields;      /* name, value, … */
  gboolean is_queued; /* in `dirty` */
  gboolean is_over;   /* not in `sessions` any more: its hash is removed */
} Entry;

/* For the stream. */
typedef struct
{
  const char *type; /* static */
  char *session_id;
  char *json;
} Event;

struct _VgwManagerRedis
{
  GObject parent_instance;

  VgwRedisClient *client;
  VgwRedisNodes *nodes;
  char *node, *prefix, *ttl_ms, *stream_length;
  char *node_key; /* of the set of this node's sessions */
  guint max_events;

  GHashTable *sessions; /* id (of the entry) → Entry */
  GQueue dirty;         /* Entry*, owned where they are over */
  guint n_writing;      /* entries whose reply is missing */
  GQueue events;        /* Event* */
  GQueue sent;          /* Event*, whose reply is missing */
  GSource *heartbeat;
  gboolean is_losing; /* and it was logged */
  gboolean is_hastened;
  VgwManagerStats stats;
};

static void pump (VgwManagerRedis *self);

static void
entry_free (gpointer data)
{
  Entry *entry = data;

  g_free (entry->id);
  g_strfreev (entry->fields);
  g_free (entry);
}

static void
event_free (gpointer data)
{
  Event *event = data;

  g_free (event->session_id);
  g_free (event->json);
  g_free (event);
}

/* --- replies --- */

/* Replies that are about the server and not about the command: another connection may be better. */
static gboolean
is_about_server (const char *text)
{
  static const char *const codes[] = { "LOADING", "READONLY", "MASTERDOWN", "NOAUTH", NULL };

  for (const char *const *code = codes; *code != NULL; code++)
    if (g_str_has_prefix (text, *code))
      return TRUE;
  return FALSE;
}

/* The error in @reply, or in one of its elements, or NULL. */
static const char *
find_error (const redisReply *reply)
{
  if (reply->type == REDIS_REPLY_ERROR)
    return reply->str;
  for (gsize i = 0; reply->type == REDIS_REPLY_ARRAY && i < reply->elements; i++)
    if (reply->element[i]->type == REDIS_REPLY_ERROR)
      return reply->element[i]->str;
  return NULL;
}

/* FALSE, logged once for each connection, where @reply is an error. */
static gboolean
check_reply (VgwManagerRedis *self, const redisReply *reply)
{
  const char *text = find_error (reply);
  g_autoptr (GError) error = NULL;

  if (text == NULL)
    return TRUE;
  if (is_about_server (text))
    {
      error = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_FAILED, text);
      vgw_redis_connection_fail (vgw_redis_client_get (self->client), error);
    }
  else if (!self->is_losing)
    vgw_warning (NULL, "redis: %s; what cannot be written is counted in vgw_manager_failed_total", text);
  self->is_losing = TRUE;
  return FALSE;
}

static void
on_reply (const redisReply *reply, gpointer user_data)
{
  if (reply != NULL)
    check_reply (user_data, reply);
}

static void
on_entry_written (const redisReply *reply, gpointer user_data)
{
  VgwManagerRedis *self = user_data;

  self->n_writing--;
  if (reply == NULL)
    return;
  if (!check_reply (self, reply))
    self->stats.n_failed++;
  pump (self);
}

static void
on_event_written (const redisReply *reply, gpointer user_data)
{
  VgwManagerRedis *self = user_data;

  if (reply == NULL) /* they are sent again */
    return;
  if (find_error (reply) != NULL && is_about_server (find_error (reply)))
    {
      check_reply (self, reply);
      return;
    }
  event_free (g_queue_pop_head (&self->sent));
  if (check_reply (self, reply))
    self->stats.n_delivered++;
  else
    self->stats.n_failed++;
  pump (self);
}

/* --- commands --- */

static void
write_entry (VgwManagerRedis *self, VgwRedisConnection *connection, Entry *entry)
{
  g_autofree char *key = g_strconcat (self->prefix, "session:", entry->id, NULL);
  g_autoptr (GPtrArray) set = g_ptr_array_new ();

  self->n_writing++;
  vgw_redis_connection_send (connection, VGW_REDIS_WORDS ("MULTI"), on_reply, self);
  if (entry->is_over)
    {
      vgw_redis_connection_send (connection, VGW_REDIS_WORDS ("DEL", key), on_reply, self);
      vgw_redis_connection_send (connection, VGW_REDIS_WORDS ("SREM", self->node_key, entry->id), on_reply, self);
      entry_free (entry);
    }
  else
    {
      g_ptr_array_add (set, (gpointer) "HSET");
      g_ptr_array_add (set, key);
      for (char **word = entry->fields; *word != NULL; word++)
        g_ptr_array_add (set, *word);
      g_ptr_array_add (set, NULL);
      vgw_redis_connection_send (connection, (const char *const *) set->pdata, on_reply, self);
      vgw_redis_connection_send (connection, VGW_REDIS_WORDS ("PEXPIRE", key, self->ttl_ms), on_reply, self);
      vgw_redis_connection_send (connection, VGW_REDIS_WORDS ("SADD", self->node_key, entry->id), on_reply, self);
      vgw_redis_connection_send (connection, VGW_REDIS_WORDS ("PEXPIRE", self->node_key, self->ttl_ms), on_reply, self);
    }
  vgw_redis_connection_send (connection, VGW_REDIS_WORDS ("EXEC"), on_entry_written, self);
}

static void
write_event (VgwManagerRedis *self, VgwRedisConnection *connection, Event *event)
{
  g_autofree char *key = g_strconcat (self->prefix, "events", NULL);

  g_queue_push_tail (&self->sent, event);
  vgw_redis_connection_send (connection,
                             VGW_REDIS_WORDS ("XADD", key, "MAXLEN", "~", self->stream_length, "*", "type", event->type,
                                              "session_id", event->session_id, "node", self->node, "event",
                                              event->json),
                             on_event_written, self);
}

/* Sends what waits, as far as Redis keeps up. */
static void
pump (VgwManagerRedis *self)
{
  VgwRedisConnection *connection = vgw_redis_client_get (self->client);

  while (connection != NULL && vgw_redis_connection_count_pending (connection) < MAX_PENDING)
    {
      Entry *entry = g_queue_pop_head (&self->dirty);
      Event *event = entry == NULL ? g_queue_pop_head (&self->events) : NULL;

      if (entry != NULL)
        {
          entry->is_queued = FALSE;
          write_entry (self, connection, entry);
        }
      else if (event != NULL)
        write_event (self, connection, event);
      else
        break;
    }
}

static void
queue_entry (VgwManagerRedis *self, Entry *entry)
{
  if (!entry->is_queued)
    g_queue_push_tail (&self->dirty, entry);
  entry->is_queued = TRUE;
}

/* All sessions are written again: their expiry is put off, and what is missing in Redis is there again. */
static void
refresh (VgwManagerRedis *self)
{
  GHashTableIter iter;
  gpointer entry;

  if (vgw_redis_client_get (self->client) == NULL)
    return;
  vgw_redis_nodes_refresh (self->nodes, g_hash_table_size (self->sessions));
  vgw_redis_nodes_read (self->nodes);
  g_hash_table_iter_init (&iter, self->sessions);
  while (g_hash_table_iter_next (&iter, NULL, &entry))
    queue_entry (self, entry);
  pump (self);
}

static gboolean
on_heartbeat (gpointer user_data)
{
  refresh (user_data);
  return G_SOURCE_CONTINUE;
}

/* --- the connection --- */

static void
on_opened (gpointer user_data)
{
  VgwManagerRedis *self = user_data;

  self->is_losing = FALSE;
  /* of a process that had this name before; the hashes of its sessions expire */
  vgw_redis_connection_send (vgw_redis_client_get (self->client), VGW_REDIS_WORDS ("DEL", self->node_key), on_reply,
                             self);
  refresh (self);
}

/* The entry of a session that is over is not kept: its hash expires. */
static void
drop_over (VgwManagerRedis *self)
{
  GList *next;

  for (GList *at = self->dirty.head; at != NULL; at = next)
    {
      Entry *entry = at->data;

      next = at->next;
      if (!entry->is_over)
        continue;
      g_queue_delete_link (&self->dirty, at);
      entry_free (entry);
    }
}

static void
on_closed (gpointer user_data)
{
  VgwManagerRedis *self = user_data;
  Event *event;

  while ((event = g_queue_pop_tail (&self->sent)) != NULL)
    {
      g_queue_push_head (&self->events, event);
      self->stats.n_retried++;
    }
  drop_over (self);
}

/* --- notifications --- */

static void
add_event (VgwManagerRedis *self, VgwSessionEventType type, const VgwSessionFacts *facts, const VgwTurn *turn)
{
  gboolean is_update = type == VGW_SESSION_EVENT_UPDATE;
  guint n_queued = self->events.length + self->sent.length;
  Event *event;

  if (self->stream_length == NULL)
    return;
  if (n_queued >= (is_update ? self->max_events - self->max_events / 4 : self->max_events))
    {
      if (self->stats.n_dropped++ == 0)
        vgw_warning (facts->session_id,
                     "redis: an event was dropped, since %u are queued; further ones are counted only", n_queued);
      return;
    }
  event = g_new0 (Event, 1);
  event->type = vgw_session_event_type_to_string (type);
  event->session_id = g_strdup (facts->session_id);
  event->json = vgw_session_event_to_json (type, facts, turn, g_get_real_time ());
  g_queue_push_tail (&self->events, event);
}

static void
write_session (VgwManagerRedis *self, const VgwSessionFacts *facts)
{
  Entry *entry = g_hash_table_lookup (self->sessions, facts->session_id);

  if (entry == NULL)
    {
      entry = g_new0 (Entry, 1);
      entry->id = g_strdup (facts->session_id);
      g_hash_table_insert (self->sessions, entry->id, entry);
    }
  g_strfreev (entry->fields);
  entry->fields = vgw_session_event_to_fields (facts, self->node);
  if (vgw_redis_client_get (self->client) != NULL)
    queue_entry (self, entry);
}

static void
vgw_manager_redis_register (VgwManager *manager, const VgwSessionFacts *facts)
{
  VgwManagerRedis *self = VGW_MANAGER_REDIS (manager);

  write_session (self, facts);
  add_event (self, VGW_SESSION_EVENT_REGISTER, facts, NULL);
  pump (self);
}

static void
vgw_manager_redis_update (VgwManager *manager, const VgwSessionFacts *facts)
{
  VgwManagerRedis *self = VGW_MANAGER_REDIS (manager);

  write_session (self, facts);
  add_event (self, VGW_SESSION_EVENT_UPDATE, facts, NULL);
  pump (self);
}

static void
vgw_manager_redis_deregister (VgwManager *manager, const VgwSessionFacts *facts)
{
  VgwManagerRedis *self = VGW_MANAGER_REDIS (manager);
  Entry *entry = NULL;

  g_hash_table_steal_extended (self->sessions, facts->session_id, NULL, (gpointer *) &entry);
  if (entry != NULL)
    {
      entry->is_over = TRUE;
      queue_entry (self, entry);
    }
  if (vgw_redis_client_get (self->client) == NULL)
    drop_over (self);
  add_event (self, VGW_SESSION_EVENT_DEREGISTER, facts, NULL);
  pump (self);
}

static void
vgw_manager_redis_turn (VgwManager *manager, const VgwSessionFacts *facts, const VgwTurn *turn)
{
  VgwManagerRedis *self = VGW_MANAGER_REDIS (manager);

  add_event (self, VGW_SESSION_EVENT_TURN, facts, turn);
  pump (self);
}

static void
vgw_manager_redis_reload (VgwManager *manager, const struct _VgwManagerSettings *settings)
{
  VgwManagerRedis *self = VGW_MANAGER_REDIS (manager);

  self->max_events = settings->redis.max_events;
  vgw_redis_client_reload (self->client, &settings->redis);
}

static void
vgw_manager_redis_get_stats (VgwManager *manager, VgwManagerStats *stats)
{
  VgwManagerRedis *self = VGW_MANAGER_REDIS (manager);

  stats += VGW_MANAGER_TYPE_REDIS;
  stats->n_delivered += self->stats.n_delivered;
  stats->n_retried += self->stats.n_retried;
  stats->n_failed += self->stats.n_failed;
  stats->n_dropped += self->stats.n_dropped;
  stats->n_queued += self->events.length + self->sent.length;
  if (self->is_hastened) /* the sessions' removal, too */
    stats->n_queued += self->dirty.length + self->n_writing;
}

/* The end of the process: the node is removed, and nothing waits for a Redis that is away. */
static void
vgw_manager_redis_hasten (VgwManager *manager)
{
  VgwManagerRedis *self = VGW_MANAGER_REDIS (manager);

  self->is_hastened = TRUE;
  vgw_source_clear (&self->heartbeat);
  vgw_redis_nodes_remove (self->nodes);
  if (vgw_redis_client_get (self->client) != NULL)
    {
      pump (self);
      return;
    }
  if (self->events.length > 0)
    vgw_warning (NULL, "redis: %u events are lost, since it is not connected", self->events.length);
  self->stats.n_failed += self->events.length;
  g_queue_clear_full (&self->events, event_free);
}

static VgwNodeDirectory *
vgw_manager_redis_get_nodes (VgwManager *manager)
{
  return VGW_NODE_DIRECTORY (VGW_MANAGER_REDIS (manager)->nodes);
}

static void
vgw_manager_redis_iface_init (VgwManagerInterface *iface)
{
  iface->register_session = vgw_manager_redis_register;
  iface->update_session = vgw_manager_redis_update;
  iface->deregister_session = vgw_manager_redis_deregister;
  iface->turn = vgw_manager_redis_turn;
  iface->reload = vgw_manager_redis_reload;
  iface->get_stats = vgw_manager_redis_get_stats;
  iface->hasten = vgw_manager_redis_hasten;
  iface->get_nodes = vgw_manager_redis_get_nodes;
}

G_DEFINE_TYPE_WITH_CODE (VgwManagerRedis, vgw_manager_redis, G_TYPE_OBJECT,
                         G_IMPLEMENT_INTERFACE (VGW_TYPE_MANAGER, vgw_manager_redis_iface_init))

static void
vgw_manager_redis_dispose (GObject *object)
{
  VgwManagerRedis *self = VGW_MANAGER_REDIS (object);

  vgw_source_clear (&self->heartbeat);
  if (self->nodes != NULL)
    vgw_redis_nodes_detach (self->nodes);
  g_clear_pointer (&self->client, vgw_redis_client_free);
  g_clear_object (&self->nodes);
  G_OBJECT_CLASS (vgw_manager_redis_parent_class)->dispose (object);
}

static void
vgw_manager_redis_finalize (GObject *object)
{
  VgwManagerRedis *self = VGW_MANAGER_REDIS (object);

  drop_over (self);
  g_queue_clear (&self->dirty);
  g_hash_table_unref (self->sessions);
  g_queue_clear_full (&self->events, event_free);
  g_queue_clear_full (&self->sent, event_free);
  g_free (self->node);
  g_free (self->prefix);
  g_free (self->ttl_ms);
  g_free (self->stream_length);
  g_free (self->node_key);
  G_OBJECT_CLASS (vgw_manager_redis_parent_class)->finalize (object);
}

static void
vgw_manager_redis_class_init (VgwManagerRedisClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = vgw_manager_redis_dispose;
  G_OBJECT_CLASS (klass)->finalize = vgw_manager_redis_finalize;
}

static void
vgw_manager_redis_init (VgwManagerRedis *self)
{
  self->sessions = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, entry_free);
}

VgwManager *
vgw_manager_redis_new (const VgwRedisSettings *settings, const char *node, const VgwNodeIds *ids, GError **error)
{
  static const VgwRedisClientFuncs funcs = { on_opened, on_closed };
  g_autoptr (VgwManagerRedis) self = g_object_new (VGW_TYPE_MANAGER_REDIS, NULL);

  self->node = g_strdup (node != NULL && *node != '\0' ? node : g_get_host_name ());
  self->prefix = g_strdup (settings->prefix);
  self->ttl_ms = g_strdup_printf ("%u000", settings->ttl_s);
  self->stream_length = settings->max_stream_length > 0 ? g_strdup_printf ("%u", settings->max_stream_length) : NULL;
  self->node_key = g_strconcat (settings->prefix, "sessions:", self->node, NULL);
  self->max_events = settings->max_events;
  self->client = vgw_redis_client_new (settings, &funcs, self, error);
  if (self->client == NULL)
    return NULL;
  self->nodes = vgw_redis_nodes_new (self->client, ids, settings->prefix, self->node, settings->ttl_s, on_reply, self);
  self->heartbeat = vgw_source_start_timer (settings->ttl_s * 1000 / HEARTBEATS_PER_TTL, on_heartbeat, self);
  return VGW_MANAGER (g_steal_pointer (&self));
}
