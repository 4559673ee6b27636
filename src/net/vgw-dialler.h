/* Connects to a server: its name, TCP, TLS where the url asks for it, and the handshake of a WebSocket. A certificate
 * is always verified, and what goes wrong is explained for people. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* What to connect to. Copied. */
typedef struct
{
  const char *url;           /* ws://, wss:// or tcp://host:port, as the configuration checks it */
  gboolean is_stream;        /* no WebSocket over it */
  const char *subprotocol;   /* (nullable) of a WebSocket */
  const char *authorization; /* (nullable) of a WebSocket: the value of the header */
  GTlsDatabase *authorities; /* (nullable: those of the system) that sign the certificate of a wss: server */
  guint stall_ms;            /* the kernel ends a connection that takes nothing for so long */
} VgwDialTarget;

/* A server may never answer: the deadline is the caller's, by @cancellable, without which GLib keeps a thread waiting.
 * In the thread's default context. */
void vgw_dial_async (const VgwDialTarget *target, GCancellable *cancellable, GAsyncReadyCallback callback,
                     gpointer user_data);

/* @rest (out) (transfer full) (nullable): what came behind the answer to the handshake. Errors: G_IO_ERROR,
 * G_RESOLVER_ERROR; VGW_ERROR_ENGINE for TLS and for the handshake. Returns: (transfer full) */
GSocketConnection *vgw_dial_finish (GAsyncResult *result, GBytes **rest, GError **error);

G_END_DECLS
