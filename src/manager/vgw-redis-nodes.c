#include "manager/vgw-redis-nodes.h"

#include <string.h>

#include "base/vgw-error.h"
#include "base/vgw-log.h"
#include "vgw-build.h"

#define MAX_NODES 1000
#define TTLS_UNTIL_GONE 3 /* of a node whose hash is missing: a Redis that was emptied is no sign of its end */
/* Removes the name ARGV[1] from the set KEYS[2], where there is no hash KEYS[1]: at once, so that a node which is
 * written again in between stays. HGETALL is a right that there is already. */
#define REMOVE_SCRIPT                                                                                                  \
  "if #redis.call('HGETALL', KEYS[1]) == 0 then return redis.call('SREM', KEYS[2], ARGV[1]) end return 0"

struct _VgwRedisNodes
{
  GObject parent_instance;

  VgwRedisClient *client; /* (nullable) */
  const VgwNodeIds *ids;  /* (nullable) */
  VgwRedisReplyFunc check;
  gpointer user_data;
  char *prefix;
  char *set_key;
  char *ttl_ms;
  gint64 ttl_us;
  VgwNode *own;
  gboolean is_published;       /* `own` is of vgw_node_directory_publish () */
  gboolean is_removed;         /* at the end of the process */
  gboolean is_removal_refused; /* remove_name () lacks the right */
  GHashTable *known;           /* name → Known: for while Redis is away, or was emptied */
};

/* A node as it was last found. */
typedef struct
{
  VgwNode *node;
  gint64 missing_since_us; /* 0: it was not */
} Known;

static void
known_free (gpointer data)
{
  Known *known = data;

  vgw_node_free (known->node);
  g_free (known);
}

/* --- the hash of a node --- */

static const char *
or_empty (const char *text)
{
  return text != NULL ? text : "";
}

/* What is signed: Redis is not trusted to tell where requests are sent. */
static char *
make_signed_text (const VgwNode *node)
{
  return g_strjoin ("\n", "node", or_empty (node->name), or_empty (node->url), or_empty (node->admin_url), NULL);
}

/* Whether @node is that of @name, and its addresses are signed with a key of the nodes. */
static gboolean
is_genuine (VgwRedisNodes *self, const VgwNode *node, const char *name, const char *signature)
{
  g_autofree char *text = make_signed_text (node);

  if (g_strcmp0 (node->name, name) != 0)
    return FALSE;
  if (self->ids == NULL || vgw_node_ids_verify (self->ids, text, or_empty (signature)))
    return TRUE;
  vgw_info_about (name, "redis: the entry of node \"%s\" is not signed with a key of the nodes: it is ignored", name);
  return FALSE;
}

/* The members of VgwNode, in Redis under the same names, and the signature. NULL: there is none that can be used. */
static VgwNode *
read_node (VgwRedisNodes *self, const char *looked_up, const redisReply *reply)
{
  const char *signature = NULL;
  VgwNode *node;

  if (reply->type != REDIS_REPLY_ARRAY || reply->elements < 2)
    return NULL;
  node = g_new0 (VgwNode, 1);
  for (gsize i = 0; i + 1 < reply->elements; i += 2)
    {
      const char *name = reply->element[i]->str, *value = reply->element[i + 1]->str;
      char **text = g_strcmp0 (name, "name") == 0        ? &node->name
                    : g_strcmp0 (name, "url") == 0       ? &node->url
                    : g_strcmp0 (name, "admin_url") == 0 ? &node->admin_url
                    : g_strcmp0 (name, "state") == 0     ? &node->state
                    : g_strcmp0 (name, "version") == 0   ? &node->version
                                                         : NULL;

      if (name == NULL || value == NULL)
        continue;
      if (text != NULL && *text == NULL && *value != '\0')
        *text = g_utf8_make_valid (value, -1);
      else if (g_str_equal (name, "signature"))
        signature = value;
      else if (g_str_equal (name, "sessions"))
        node->n_sessions = (guint) g_ascii_strtoull (value, NULL, 10);
      else if (g_str_equal (name, "max_sessions"))
        node->max_sessions = (guint) g_ascii_strtoull (value, NULL, 10);
      else if (g_str_equal (name, "load"))
        node->load = g_ascii_strtod (value, NULL);
      else if (g_str_equal (name, "started_at_us"))
        node->started_at_us = g_ascii_strtoll (value, NULL, 10);
    }
  if (!is_genuine (self, node, looked_up, signature))
    g_clear_pointer (&node, vgw_node_free);
  return node;
}

/* Of the hash of the node @name. (transfer full) */
static char *
make_key (VgwRedisNodes *self, const char *name)
{
  return g_strconcat (self->prefix, "node:", name, NULL);
}

/* Whether there is no such hash. */
static gboolean
is_missing (const redisReply *reply)
{
  return reply->type == REDIS_REPLY_ARRAY && reply->elements == 0;
}

static void
write_own (VgwRedisNodes *self, VgwRedisConnection *connection)
{
  const VgwNode *own = self->own;
  g_autofree char *key = make_key (self, own->name);
  g_autofree char *n_sessions = g_strdup_printf ("%u", own->n_sessions);
  g_autofree char *max_sessions = g_strdup_printf ("%u", own->max_sessions);
  g_autofree char *started_at_us = g_strdup_printf ("%" G_GINT64_FORMAT, own->started_at_us);
  g_autofree char *text = make_signed_text (own);
  g_autofree char *signature = self->ids != NULL ? vgw_node_ids_sign (self->ids, text) : NULL;
  char load[G_ASCII_DTOSTR_BUF_SIZE];

  g_ascii_formatd (load, sizeof (load), "%.3f", own->load);
  vgw_redis_connection_send (connection, VGW_REDIS_WORDS ("MULTI"), self->check, self->user_data);
  vgw_redis_connection_send (connection,
                             VGW_REDIS_WORDS ("HSET", key, "name", own->name, "url", or_empty (own->url), "admin_url",
                                              or_empty (own->admin_url), "state", or_empty (own->state), "version",
                                              or_empty (own->version), "sessions", n_sessions, "max_sessions",
                                              max_sessions, "load", load, "started_at_us", started_at_us, "signature",
                                              or_empty (signature)),
                             self->check, self->user_data);
  vgw_redis_connection_send (connection, VGW_REDIS_WORDS ("PEXPIRE", key, self->ttl_ms), self->check, self->user_data);
  vgw_redis_connection_send (connection, VGW_REDIS_WORDS ("SADD", self->set_key, own->name), self->check,
                             self->user_data);
  vgw_redis_connection_send (connection, VGW_REDIS_WORDS ("EXEC"), self->check, self->user_data);
}

void
vgw_redis_nodes_refresh (VgwRedisNodes *self, guint n_sessions)
{
  VgwRedisConnection *connection = self->client != NULL ? vgw_redis_client_get (self->client) : NULL;

  if (!self->is_published)
    self->own->n_sessions = n_sessions;
  if (connection != NULL && !self->is_removed)
    write_own (self, connection);
}

void
vgw_redis_nodes_remove (VgwRedisNodes *self)
{
  VgwRedisConnection *connection = self->client != NULL ? vgw_redis_client_get (self->client) : NULL;
  g_autofree char *key = make_key (self, self->own->name);

  self->is_removed = TRUE;
  if (connection == NULL)
    return;
  vgw_redis_connection_send (connection, VGW_REDIS_WORDS ("DEL", key), self->check, self->user_data);
  vgw_redis_connection_send (connection, VGW_REDIS_WORDS ("SREM", self->set_key, self->own->name), self->check,
                             self->user_data);
}

/* --- what is known --- */

static void
remember (VgwRedisNodes *self, const VgwNode *node)
{
  Known *known;

  if (g_hash_table_size (self->known) >= MAX_NODES && !g_hash_table_contains (self->known, node->name))
    return;
  known = g_new0 (Known, 1);
  known->node = vgw_node_copy (node);
  g_hash_table_replace (self->known, g_strdup (node->name), known);
}

/* The hash of @known is missing. FALSE: the node may run all the same, at its known address. */
static gboolean
is_missing_for_long (VgwRedisNodes *self, Known *known)
{
  gint64 now_us = g_get_monotonic_time ();

  if (known->missing_since_us == 0)
    known->missing_since_us = now_us;
  return now_us - known->missing_since_us >= TTLS_UNTIL_GONE * self->ttl_us;
}

/* The same of @name, which is forgotten then. */
static gboolean
is_gone (VgwRedisNodes *self, const char *name)
{
  Known *known = g_hash_table_lookup (self->known, name);

  if (known != NULL && !is_missing_for_long (self, known))
    return FALSE;
  g_hash_table_remove (self->known, name);
  return TRUE;
}

/* --- look-ups --- */

/* The node as it was last found. */
static void
return_known (VgwRedisNodes *self, GTask *task)
{
  const Known *known = g_hash_table_lookup (self->known, g_task_get_task_data (task));

  if (known != NULL)
    g_task_return_pointer (task, vgw_node_copy (known->node), (GDestroyNotify) vgw_node_free);
  else
    g_task_return_new_error (task, VGW_ERROR, VGW_ERROR_BUSY, "its address cannot be looked up in Redis");
  g_object_unref (task);
}

static void
on_found (const redisReply *reply, gpointer user_data)
{
  GTask *task = user_data;
  VgwRedisNodes *self = g_task_get_source_object (task);
  VgwNode *node;

  node = reply != NULL ? read_node (self, g_task_get_task_data (task), reply) : NULL;
  if (node != NULL)
    {
      remember (self, node);
      g_task_return_pointer (task, node, (GDestroyNotify) vgw_node_free);
      g_object_unref (task);
    }
  else if (reply == NULL || !is_missing (reply) || !is_gone (self, g_task_get_task_data (task)))
    return_known (self, task);
  else
    {
      g_task_return_new_error (task, VGW_ERROR, VGW_ERROR_GONE, "there is no such node");
      g_object_unref (task);
    }
}

static void
vgw_redis_nodes_find (VgwNodeDirectory *directory, const char *name, GTask *task)
{
  VgwRedisNodes *self = VGW_REDIS_NODES (directory);
  VgwRedisConnection *connection = self->client != NULL ? vgw_redis_client_get (self->client) : NULL;
  g_autofree char *key = make_key (self, name);

  g_task_set_task_data (task, g_strdup (name), g_free);
  if (connection == NULL)
    return_known (self, task);
  else
    vgw_redis_connection_send (connection, VGW_REDIS_WORDS ("HGETALL", key), on_found, task);
}

/* --- all nodes --- */

/* The hash of one of the names. */
typedef struct
{
  VgwRedisNodes *self; /* referenced */
  char *name;
} Named;

static void
on_name_removed (const redisReply *reply, gpointer user_data)
{
  VgwRedisNodes *self = user_data;

  if (reply != NULL && reply->type == REDIS_REPLY_ERROR && !self->is_removal_refused)
    {
      self->is_removal_refused = TRUE;
      vgw_warning (NULL, "redis: the names of nodes that have stopped stay in %s: %s", self->set_key, reply->str);
    }
  else if (reply != NULL && reply->type == REDIS_REPLY_INTEGER && reply->integer > 0)
    vgw_info (NULL, "redis: a node has stopped without taking its name out of %s", self->set_key);
  g_object_unref (self);
}

/* Takes the name of a node whose hash has expired out of the set, unless the node has written itself again. */
static void
remove_name (VgwRedisNodes *self, const char *name)
{
  VgwRedisConnection *connection = self->client != NULL ? vgw_redis_client_get (self->client) : NULL;
  g_autofree char *key = make_key (self, name);

  if (connection != NULL && !self->is_removal_refused)
    vgw_redis_connection_send (connection, VGW_REDIS_WORDS ("EVAL", REMOVE_SCRIPT, "2", key, self->set_key, name),
                               on_name_removed, g_object_ref (self));
}

static void
on_named (const redisReply *reply, gpointer user_data)
{
  Named *named = user_data;
  VgwNode *node = reply != NULL ? read_node (named->self, named->name, reply) : NULL;

  if (node != NULL)
    remember (named->self, node);
  else if (reply != NULL && is_missing (reply))
    {
      is_gone (named->self, named->name); /* also where the name cannot be removed */
      remove_name (named->self, named->name);
    }
  g_clear_pointer (&node, vgw_node_free);
  g_object_unref (named->self);
  g_free (named->name);
  g_free (named);
}

/* Those that are not in the set are missing; the others have their reply. */
static void
forget_others (VgwRedisNodes *self, const redisReply *names)
{
  g_autoptr (GHashTable) present = g_hash_table_new (g_str_hash, g_str_equal);
  GHashTableIter iter;
  gpointer name, known;

  for (gsize i = 0; i < names->elements; i++)
    if (names->element[i]->str != NULL)
      g_hash_table_add (present, names->element[i]->str);
  g_hash_table_iter_init (&iter, self->known);
  while (g_hash_table_iter_next (&iter, &name, &known))
    if (!g_hash_table_contains (present, name) && is_missing_for_long (self, known))
      g_hash_table_iter_remove (&iter);
}

static void
on_names (const redisReply *reply, gpointer user_data)
{
  VgwRedisNodes *self = user_data;
  VgwRedisConnection *connection = self->client != NULL ? vgw_redis_client_get (self->client) : NULL;
  gsize n_names = 0;

  if (reply != NULL && reply->type == REDIS_REPLY_ARRAY && connection != NULL)
    {
      n_names = MIN (reply->elements, MAX_NODES);
      forget_others (self, reply);
    }
  for (gsize i = 0; i < n_names; i++)
    {
      const char *name = reply->element[i]->str;
      g_autofree char *key = make_key (self, name);
      Named *named;

      if (name == NULL || g_strcmp0 (name, self->own->name) == 0)
        continue;
      named = g_new (Named, 1);
      *named = (Named){ g_object_ref (self), g_strdup (name) };
      vgw_redis_connection_send (connection, VGW_REDIS_WORDS ("HGETALL", key), on_named, named);
    }
  g_object_unref (self);
}

void
vgw_redis_nodes_read (VgwRedisNodes *self)
{
  VgwRedisConnection *connection = self->client != NULL ? vgw_redis_client_get (self->client) : NULL;

  if (connection != NULL && !self->is_removed)
    vgw_redis_connection_send (connection, VGW_REDIS_WORDS ("SMEMBERS", self->set_key), on_names, g_object_ref (self));
}

static void
vgw_redis_nodes_list (VgwNodeDirectory *directory, GPtrArray *nodes)
{
  VgwRedisNodes *self = VGW_REDIS_NODES (directory);
  GHashTableIter iter;
  gpointer known;

  g_ptr_array_add (nodes, vgw_node_copy (self->own));
  g_hash_table_iter_init (&iter, self->known);
  while (g_hash_table_iter_next (&iter, NULL, &known))
    if (g_strcmp0 (((Known *) known)->node->name, self->own->name) != 0)
      g_ptr_array_add (nodes, vgw_node_copy (((Known *) known)->node));
}

static void
vgw_redis_nodes_publish (VgwNodeDirectory *directory, const VgwNode *node)
{
  VgwRedisNodes *self = VGW_REDIS_NODES (directory);
  VgwNode *own = vgw_node_copy (node);

  g_free (own->name);
  own->name = g_steal_pointer (&self->own->name);
  vgw_node_free (self->own);
  self->own = own;
  self->is_published = TRUE;
  vgw_redis_nodes_refresh (self, 0);
}

/* --- life --- */

static void
vgw_redis_nodes_directory_iface_init (VgwNodeDirectoryInterface *iface)
{
  iface->find = vgw_redis_nodes_find;
  iface->list = vgw_redis_nodes_list;
  iface->publish = vgw_redis_nodes_publish;
}

G_DEFINE_TYPE_WITH_CODE (VgwRedisNodes, vgw_redis_nodes, G_TYPE_OBJECT,
                         G_IMPLEMENT_INTERFACE (VGW_TYPE_NODE_DIRECTORY, vgw_redis_nodes_directory_iface_init))

static void
vgw_redis_nodes_finalize (GObject *object)
{
  VgwRedisNodes *self = VGW_REDIS_NODES (object);

  g_hash_table_unref (self->known);
  g_clear_pointer (&self->own, vgw_node_free);
  g_free (self->prefix);
  g_free (self->set_key);
  g_free (self->ttl_ms);
  G_OBJECT_CLASS (vgw_redis_nodes_parent_class)->finalize (object);
}

static void
vgw_redis_nodes_class_init (VgwRedisNodesClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = vgw_redis_nodes_finalize;
}

static void
vgw_redis_nodes_init (VgwRedisNodes *self)
{
  self->own = g_new0 (VgwNode, 1);
  self->own->version = g_strdup (VGW_VERSION);
  self->own->state = g_strdup ("ready");
  self->own->started_at_us = g_get_real_time ();
  self->known = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, known_free);
}

void
vgw_redis_nodes_detach (VgwRedisNodes *self)
{
  self->client = NULL;
}

VgwRedisNodes *
vgw_redis_nodes_new (VgwRedisClient *client, const VgwNodeIds *ids, const char *prefix, const char *name, guint ttl_s,
                     VgwRedisReplyFunc check, gpointer user_data)
{
  VgwRedisNodes *self = g_object_new (VGW_TYPE_REDIS_NODES, NULL);

  self->client = client;
  self->ids = ids;
  self->check = check;
  self->user_data = user_data;
  self->prefix = g_strdup (prefix);
  self->set_key = g_strconcat (prefix, "nodes", NULL);
  self->ttl_ms = g_strdup_printf ("%u000", ttl_s);
  self->ttl_us = ttl_s * G_USEC_PER_SEC;
  self->own->name = g_strdup (name);
  return self;
}
