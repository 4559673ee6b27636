#include "manager/vgw-redis-client.h"

#include "base/vgw-error.h"
#include "base/vgw-log.h"
#include "base/vgw-source.h"
#include "net/vgw-tls.h"

#define FIRST_PAUSE_MS 250
#define MAX_PAUSE_MS 30000
#define GOOD_US (5 * G_TIME_SPAN_SECOND) /* a connection that was open for so long was none that fails */

struct _VgwRedisClient
{
  const VgwRedisClientFuncs *funcs;
  gpointer user_data;
  char *url, *username, *password;
  GTlsDatabase *authorities; /* (nullable) */
  guint timeout_ms;

  VgwRedisConnection *connection; /* (nullable) during a pause */
  gboolean is_open;
  GSource *retry; /* connects */
  guint n_failed; /* attempts since the last good connection */
  gint64 opened_at_us;
};

static void
on_opened (gpointer user_data)
{
  VgwRedisClient *self = user_data;

  self->is_open = TRUE;
  vgw_info (NULL, "redis: connected to %s", self->url);
  self->opened_at_us = g_get_monotonic_time ();
  self->funcs->opened (self->user_data);
}

static guint
choose_pause_ms (guint n_failed)
{
  guint pause_ms = MIN (FIRST_PAUSE_MS << MIN (n_failed, 10), MAX_PAUSE_MS);

  return pause_ms / 2 + (guint) g_random_int_range (0, (gint32) pause_ms / 2 + 1);
}

/* The first of several failures is logged: while Redis is away, all attempts fail. */
static void
on_closed (const GError *error, gpointer user_data)
{
  VgwRedisClient *self = user_data;
  gboolean was_open = self->is_open;
  guint pause_ms;

  if (was_open && g_get_monotonic_time () - self->opened_at_us >= GOOD_US)
    self->n_failed = 0;
  pause_ms = choose_pause_ms (self->n_failed);
  if (was_open)
    vgw_warning (NULL, "redis: the connection is lost: %s; connecting again", error->message);
  else if (self->n_failed == 0)
    vgw_warning (NULL, "redis: cannot connect: %s; trying again", error->message);
  else
    vgw_debug (NULL, "redis: cannot connect: %s", error->message);
  self->is_open = FALSE;
  self->n_failed++;
  g_clear_pointer (&self->connection, vgw_redis_connection_free);
  g_source_set_ready_time (self->retry, g_get_monotonic_time () + pause_ms * G_TIME_SPAN_MILLISECOND);
  if (was_open)
    self->funcs->closed (self->user_data);
}

static gboolean
on_retry (gpointer user_data)
{
  static const VgwRedisConnectionFuncs funcs = { on_opened, on_closed };
  VgwRedisClient *self = user_data;
  const VgwRedisTarget target = { self->url, self->username, self->password, self->authorities, self->timeout_ms };

  self->connection = vgw_redis_connection_new (&target, &funcs, self);
  return G_SOURCE_CONTINUE;
}

/* --- the owner's --- */

VgwRedisConnection *
vgw_redis_client_get (VgwRedisClient *self)
{
  return self->is_open ? self->connection : NULL;
}

void
vgw_redis_client_reload (VgwRedisClient *self, const VgwRedisSettings *settings)
{
  g_free (self->username);
  g_free (self->password);
  self->username = g_strdup (settings->username);
  self->password = g_strdup (settings->password);
}

void
vgw_redis_client_free (VgwRedisClient *self)
{
  vgw_source_clear (&self->retry);
  self->is_open = FALSE;
  g_clear_pointer (&self->connection, vgw_redis_connection_free);
  g_clear_object (&self->authorities);
  g_free (self->url);
  g_free (self->username);
  g_free (self->password);
  g_free (self);
}

VgwRedisClient *
vgw_redis_client_new (const VgwRedisSettings *settings, const VgwRedisClientFuncs *funcs, gpointer user_data,
                      GError **error)
{
  g_autoptr (GTlsDatabase) authorities = NULL;
  VgwRedisClient *self;

  if (vgw_redis_url_has_tls (settings->url) && *settings->ca != '\0')
    {
      authorities = vgw_tls_load_authorities (settings->ca, error);
      if (authorities == NULL)
        {
          g_prefix_error (error, "manager.redis-ca: ");
          return NULL;
        }
    }
  else if (vgw_redis_url_has_tls (settings->url))
    authorities = vgw_tls_get_system_authorities (); /* reads files, so not at the first connection */
  self = g_new0 (VgwRedisClient, 1);
  self->funcs = funcs;
  self->user_data = user_data;
  self->url = g_strdup (settings->url);
  self->authorities = g_steal_pointer (&authorities);
  self->timeout_ms = settings->timeout_ms;
  vgw_redis_client_reload (self, settings);
  self->retry = vgw_source_new_wakeup (NULL, on_retry, self);
  g_source_set_ready_time (self->retry, 0);
  return self;
}
