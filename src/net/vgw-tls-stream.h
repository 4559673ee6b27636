/* The server's side of a TLS connection as a GIOStream, over a non-blocking socket. Every function returns at once, so
 * that a handshake that never completes occupies a socket and no thread. It processes some dozen records at most
 * (vgw-tls-bio.h): after G_IO_ERROR_WOULD_BLOCK the socket may have more. GIO's own GTlsServerConnection runs each
 * handshake on a thread of GLib's pool; many such handshakes would delay the others, connections to bots, and name
 * resolution. Main thread only. */
#pragma once

#include <gio/gio.h>

#include "net/vgw-tls-identity.h"

#define VGW_TYPE_TLS_STREAM (vgw_tls_stream_get_type ())
G_DECLARE_FINAL_TYPE (VgwTlsStream, vgw_tls_stream, VGW, TLS_STREAM, GIOStream)

/* References @socket, which is non-blocking, and closes it when it is closed itself. It keeps the certificate of
 * @identity. Its input and output streams are pollable, and only complete without blocking. Returns: (transfer full) */
VgwTlsStream *vgw_tls_stream_new (GSocket *socket, VgwTlsIdentity *identity);

/* Continues the handshake as far as the socket allows. TRUE: it is complete. Errors: G_IO_ERROR_WOULD_BLOCK, with the
 * condition of the socket to wait for in @wanted; others are final, such as that of a client that sends too much. */
gboolean vgw_tls_stream_handshake (VgwTlsStream *self, GIOCondition *wanted, GError **error);

/* Copies to @data the next bytes, at most @size; they stay in the input stream. FALSE at the end of the stream, with
 * the bytes before it. Otherwise, if there are fewer than @size, the caller waits until the socket is readable, which
 * it may be already. */
gboolean vgw_tls_stream_peek (VgwTlsStream *self, char *data, gsize size, gsize *n);

/* Sends @data and the closing alert, as far as the socket accepts them at once. */
void vgw_tls_stream_send_last (VgwTlsStream *self, gconstpointer data, gsize length);
