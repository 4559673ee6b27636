/* A server on a free port with the pages, and raw clients for it. Its channels, of /ws, echo. */
#pragma once

#include <check.h>
#include <string.h>

#include "doors/vgw-pages.h"
#include "net/vgw-http-server.h"
#include "ws-peer.h"

typedef struct
{
  VgwHttpServer *server;
  VgwPages *pages;
  GPtrArray *channels; /* VgwWsChannel*, a reference each until closed */
  guint n_channels;    /* ever */
  guint n_closed;
  guint n_bad;
  gboolean is_shut_down;
} Fixture;

VgwHttpSettings default_settings (void);
Fixture *fixture_new_with_pages (const VgwHttpSettings *settings, const VgwPagesSettings *pages);
Fixture *fixture_new (const VgwHttpSettings *settings);
Fixture *fixture_new_default (void);
void fixture_free (Fixture *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Fixture, fixture_free)

WsPeer *dial (Fixture *self);
gboolean has_head (WsPeer *peer);

/* Sends @request as it is and returns all that came until the server closed. (transfer full) */
char *exchange (Fixture *self, const char *request);

char *get (Fixture *self, const char *path, const char *more_headers);
guint status_of (const char *response);
void assert_has (const char *response, const char *needle);
void assert_get (Fixture *self, const char *path, const char *more_headers, guint status);
void assert_received (WsPeer *peer, const char *needle);

#define WS_HANDSHAKE                                                                                                   \
  "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"                                         \
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"

gsize head_length (WsPeer *peer);

/* A raw WebSocket, past its handshake. */
WsPeer *dial_ws (Fixture *self, const char *more_headers);

guint count_fds (void);
