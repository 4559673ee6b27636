/* A connection to Redis that is made again when it is lost, after growing pauses with jitter. Main thread. */
#pragma once

#include "manager/vgw-redis-connection.h"

/* The keys redis-* of the group [manager], and the name of this node. */
typedef struct
{
  const char *url; /* see vgw_redis_url_check (); empty: none */
  const char *username, *password;
  const char *ca;     /* path of a PEM file of authorities, empty: those of the system */
  const char *prefix; /* of all keys */
  guint ttl_s;        /* of what this node has written, refreshed in time */
  guint timeout_ms;
  guint max_stream_length; /* about so many events are kept; 0: none are written */
  guint max_events;        /* that wait for Redis */
} VgwRedisSettings;

typedef struct _VgwRedisClient VgwRedisClient;

typedef struct
{
  void (*opened) (gpointer user_data); /* as for a connection, each time */
  void (*closed) (gpointer user_data); /* an open connection was lost; all replies have come, or are NULL */
} VgwRedisClientFuncs;

/* @settings is copied, @funcs is static. Errors: VGW_ERROR_CONFIG for a file of authorities that cannot be used.
 * Returns: (transfer full) */
VgwRedisClient *vgw_redis_client_new (const VgwRedisSettings *settings, const VgwRedisClientFuncs *funcs,
                                      gpointer user_data, GError **error);

/* Replies that are missing are NULL; closed () does not follow. */
void vgw_redis_client_free (VgwRedisClient *self);

/* The connection while it is open, else NULL. (transfer none) */
VgwRedisConnection *vgw_redis_client_get (VgwRedisClient *self);

/* Other credentials: from the next connection on. */
void vgw_redis_client_reload (VgwRedisClient *self, const VgwRedisSettings *settings);
