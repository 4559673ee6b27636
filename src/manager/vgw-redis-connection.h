/* One connection to a Redis server: commands are sent in order, and each has its reply. It uses GLib's sockets and
 * TLS, so that neither the look-up of a name nor a server that does not answer blocks the main loop (hiredis 0.14, of
 * Debian 12, has no TLS and blocks for names); hiredis formats commands and parses replies. Main thread. */
#pragma once

#include <gio/gio.h>
#include <hiredis/hiredis.h>

typedef struct _VgwRedisConnection VgwRedisConnection;

/* Where the server is, and who the gateway is to it. */
typedef struct
{
  const char *url;           /* see vgw_redis_url_check () */
  const char *username;      /* empty: none, the user "default" */
  const char *password;      /* empty: none */
  GTlsDatabase *authorities; /* (nullable: those of the system) that sign the certificate of a rediss: server */
  guint timeout_ms;          /* to connect, and for the reply to a command */
} VgwRedisTarget;

typedef struct
{
  void (*opened) (gpointer user_data);                      /* commands may be sent; must not free the connection */
  void (*closed) (const GError *error, gpointer user_data); /* once; the owner frees the connection, now or later */
} VgwRedisConnectionFuncs;

/* The words of a command. */
#define VGW_REDIS_WORDS(...) ((const char *const[]){ __VA_ARGS__, NULL })

/* @reply: (nullable) NULL where the connection was closed before; then the command may have been executed or not. It
 * must not free the connection. */
typedef void (*VgwRedisReplyFunc) (const redisReply *reply, gpointer user_data);

/* Whether @url is redis://HOST[:PORT][/DATABASE], rediss:// for TLS, or unix:/PATH, without a password. */
gboolean vgw_redis_url_check (const char *url);
gboolean vgw_redis_url_has_tls (const char *url);

/* Connects. @target is copied, @funcs is static. opened () or closed () follows later. Returns: (transfer full) */
VgwRedisConnection *vgw_redis_connection_new (const VgwRedisTarget *target, const VgwRedisConnectionFuncs *funcs,
                                              gpointer user_data);

/* Replies that are missing are NULL; closed () does not follow. */
void vgw_redis_connection_free (VgwRedisConnection *self);

/* Sends @words, the NULL-terminated words of a command; once opened. @func: (nullable). */
void vgw_redis_connection_send (VgwRedisConnection *self, const char *const *words, VgwRedisReplyFunc func,
                                gpointer user_data);

/* Closes it for @error, which a reply has shown; closed () follows later. */
void vgw_redis_connection_fail (VgwRedisConnection *self, const GError *error);

/* How many replies are missing: the owner bounds them, and so what waits to be sent. */
guint vgw_redis_connection_count_pending (VgwRedisConnection *self);
