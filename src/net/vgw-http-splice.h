/* Passes the bytes of two streams on to each other, without a look at them but for the status line of a response.
 * Neither side is read while what came from it has not been written to the other, so that little is kept. Main thread.
 */
#pragma once

#include <gio/gio.h>

typedef struct _VgwHttpSplice VgwHttpSplice;

typedef struct
{
  GIOStream *client;         /* its streams are pollable and do not block, as those of: */
  GSocketConnection *server; /* … which the request in @request is sent to first */
  const char *request;       /* copied */
  guint timeout_ms;          /* of a response that does not open a WebSocket, and of what follows a client's end */
  guint idle_timeout_ms;     /* how long a WebSocket's server may send nothing; it sends pings. 0: no limit */
} VgwHttpSpliceSettings;

/* It is over. @is_client_left: the server's stream has ended and all of it has been written to the client's, which is
 * left open for the owner to end; otherwise vgw_http_splice_free () closes both. The end of the client's stream alone
 * is passed on, and the response is waited for. */
typedef void (*VgwHttpSpliceClosedFunc) (VgwHttpSplice *self, gboolean is_client_left, gpointer user_data);

/* References both streams. Returns: (transfer full) */
VgwHttpSplice *vgw_http_splice_new (const VgwHttpSpliceSettings *settings, VgwHttpSpliceClosedFunc closed,
                                    gpointer user_data);

/* Closes the streams, see above, and nothing is called afterwards. */
void vgw_http_splice_free (VgwHttpSplice *self);
