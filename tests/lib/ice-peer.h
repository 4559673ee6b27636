/* A peer on a plain UDP socket that asks and checks with libnice's stun library: what a browser's ICE does, by hand. */
#pragma once

#include <glib.h>
#include <netinet/in.h>
#include <stun/stunagent.h>
#include <sys/socket.h>

#define ICE_PEER_BUFFER_BYTES 2048

typedef struct
{
  int fd;
  int family;
  struct sockaddr_storage gateway;
  socklen_t gateway_length;
  StunAgent agent;
  guint8 request[ICE_PEER_BUFFER_BYTES];
  gsize request_length;
  const char *password; /* of the request: the library keeps a pointer */
  guint8 received[ICE_PEER_BUFFER_BYTES];
} IcePeer;

/* The loopback address of @family with @port; returns its length. */
socklen_t ice_peer_loopback (int family, guint16 port, struct sockaddr_storage *storage);

/* A socket on a loopback address of its own, for the gateway on @port. */
void ice_peer_init (IcePeer *self, int family, guint16 port);

void ice_peer_clear (IcePeer *self);

void ice_peer_send (IcePeer *self, gconstpointer data, gsize length);

/* Makes a check in self->request. */
void ice_peer_make_check (IcePeer *self, const char *username, const char *password, gboolean is_nominating,
                          gboolean is_controlling);

/* Sends a check made by ice_peer_make_check () with these arguments. */
void ice_peer_check (IcePeer *self, const char *username, const char *password, gboolean is_nominating);

/* The next packet, within the deadline; returns its length. */
gsize ice_peer_receive (IcePeer *self);

/* The next packet is a signed answer to the last check: its class, and in @mapped what the gateway saw. */
StunClass ice_peer_receive_answer (IcePeer *self, struct sockaddr_storage *mapped);

/* A check that must be answered with the peer's own address. */
void ice_peer_check_answered (IcePeer *self, const char *username, const char *password, gboolean is_nominating);

/* The next packet is a check of the gateway's for @username, which is answered with @password, right or wrong. */
void ice_peer_answer_check (IcePeer *self, const char *username, const char *password);
