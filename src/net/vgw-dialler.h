/* Connects to a server: name lookup, TCP, TLS for wss:, and the handshake of a WebSocket. Certificates are always
 * verified. */
#pragma once

#include <gio/gio.h>

/* Copied. */
typedef struct
{
  const char *url;           /* ws://, wss:// or tcp://host:port, checked by the configuration; http:// or https:// of a
                              * node, as a stream */
  gboolean is_stream;        /* without a handshake of a WebSocket */
  const char *subprotocol;   /* (nullable) of a WebSocket */
  const char *authorization; /* (nullable) of a WebSocket: the value of the header */
  const char *traceparent;   /* (nullable) of a WebSocket: the value of the header */
  GTlsDatabase *authorities; /* (nullable: those of the system) that sign the certificate of a wss: server */
  guint stall_ms;            /* the kernel ends a connection that accepts nothing for that long */
} VgwDialTarget;

/* There is no deadline: a server may never answer, so the caller must cancel, or GLib keeps a thread waiting. In the
 * thread's default context. */
void vgw_dial_async (const VgwDialTarget *target, GCancellable *cancellable, GAsyncReadyCallback callback,
                     gpointer user_data);

/* @rest (out) (transfer full) (nullable): bytes after the answer to the handshake. Errors: G_IO_ERROR,
 * G_RESOLVER_ERROR; VGW_ERROR_ENGINE for TLS and for the handshake. Returns: (transfer full) */
GSocketConnection *vgw_dial_finish (GAsyncResult *result, GBytes **rest, GError **error);
