#include "ice-peer.h"

#include <check.h>
#include <poll.h>
#include <stun/usages/ice.h>
#include <string.h>
#include <unistd.h>

#define ICE_PEER_TIMEOUT_MS 20000

socklen_t
ice_peer_loopback (int family, guint16 port, struct sockaddr_storage *storage)
{
  memset (storage, 0, sizeof *storage);
  if (family == AF_INET)
    {
      struct sockaddr_in *in = (struct sockaddr_in *) storage;

      in->sin_family = AF_INET;
      in->sin_port = htons (port);
      in->sin_addr.s_addr = htonl (INADDR_LOOPBACK);
      return sizeof *in;
    }

  struct sockaddr_in6 *in6 = (struct sockaddr_in6 *) storage;

  in6->sin6_family = AF_INET6;
  in6->sin6_port = htons (port);
  in6->sin6_addr = in6addr_loopback;
  return sizeof *in6;
}

void
ice_peer_init (IcePeer *self, int family, guint16 port)
{
  struct sockaddr_storage own;
  socklen_t own_length = ice_peer_loopback (family, 0, &own);

  memset (self, 0, sizeof *self);
  self->family = family;
  self->gateway_length = ice_peer_loopback (family, port, &self->gateway);
  self->fd = socket (family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  ck_assert_int_ge (self->fd, 0);
  ck_assert_int_eq (bind (self->fd, (struct sockaddr *) &own, own_length), 0);
  stun_debug_disable ();
  stun_agent_init (&self->agent, STUN_ALL_KNOWN_ATTRIBUTES, STUN_COMPATIBILITY_RFC5389,
                   STUN_AGENT_USAGE_SHORT_TERM_CREDENTIALS | STUN_AGENT_USAGE_USE_FINGERPRINT);
}

void
ice_peer_clear (IcePeer *self)
{
  close (self->fd);
}

void
ice_peer_send (IcePeer *self, gconstpointer data, gsize length)
{
  gssize sent = sendto (self->fd, data, length, 0, (struct sockaddr *) &self->gateway, self->gateway_length);

  ck_assert_int_eq (sent, (gssize) length);
}

void
ice_peer_make_check (IcePeer *self, const char *username, const char *password, gboolean is_nominating,
                     gboolean is_controlling)
{
  StunMessage message;

  self->password = password;
  self->request_length = stun_usage_ice_conncheck_create (
      &self->agent, &message, self->request, sizeof self->request, (const guint8 *) username, strlen (username),
      (const guint8 *) password, strlen (password), is_nominating, is_controlling, 1, 42, NULL,
      STUN_USAGE_ICE_COMPATIBILITY_RFC5245);
  ck_assert_uint_gt (self->request_length, 0);
}

void
ice_peer_check (IcePeer *self, const char *username, const char *password, gboolean is_nominating)
{
  ice_peer_make_check (self, username, password, is_nominating, TRUE);
  ice_peer_send (self, self->request, self->request_length);
}

gsize
ice_peer_receive (IcePeer *self)
{
  struct pollfd wait = { .fd = self->fd, .events = POLLIN };
  gssize length;

  ck_assert_msg (poll (&wait, 1, ICE_PEER_TIMEOUT_MS) == 1, "nothing was received");
  length = recv (self->fd, self->received, sizeof self->received, 0);
  ck_assert_int_gt (length, 0);
  return (gsize) length;
}

StunClass
ice_peer_receive_answer (IcePeer *self, struct sockaddr_storage *mapped)
{
  StunMessage message;
  socklen_t mapped_length = sizeof *mapped;
  gsize length = ice_peer_receive (self);
  StunValidationStatus status;

  /* checks the transaction, the fingerprint, and the integrity with the password of the request */
  status = stun_agent_validate (&self->agent, &message, self->received, length, NULL, NULL);
  ck_assert_int_eq (status, STUN_VALIDATION_SUCCESS);
  ck_assert (stun_message_has_attribute (&message, STUN_ATTRIBUTE_MESSAGE_INTEGRITY));
  if (stun_message_get_class (&message) == STUN_RESPONSE)
    ck_assert_int_eq (
        stun_usage_ice_conncheck_process (&message, mapped, &mapped_length, STUN_USAGE_ICE_COMPATIBILITY_RFC5245),
        STUN_USAGE_ICE_RETURN_SUCCESS);
  return stun_message_get_class (&message);
}

void
ice_peer_check_answered (IcePeer *self, const char *username, const char *password, gboolean is_nominating)
{
  struct sockaddr_storage mapped;
  struct sockaddr_storage own;
  socklen_t own_length = sizeof own;

  memset (&mapped, 0, sizeof mapped);
  memset (&own, 0, sizeof own);
  ice_peer_check (self, username, password, is_nominating);
  ck_assert_int_eq (ice_peer_receive_answer (self, &mapped), STUN_RESPONSE);
  ck_assert_int_eq (getsockname (self->fd, (struct sockaddr *) &own, &own_length), 0);
  ck_assert_mem_eq (&mapped, &own, own_length);
}

static bool
ice_peer_give_password (StunAgent *agent, StunMessage *message, uint8_t *username, uint16_t length, uint8_t **password,
                        size_t *password_length, void *user_data)
{
  const char *const *expected = user_data; /* username, password */

  ck_assert_uint_eq (length, strlen (expected[0]));
  ck_assert_mem_eq (username, expected[0], length);
  *password = (uint8_t *) expected[1];
  *password_length = strlen (expected[1]);
  return true;
}

void
ice_peer_answer_check (IcePeer *self, const char *username, const char *password)
{
  const char *expected[] = { username, password };
  guint8 reply[ICE_PEER_BUFFER_BYTES];
  size_t reply_length = sizeof reply;
  StunMessage request, message;
  gsize length = ice_peer_receive (self);
  bool is_controlling = true;
  StunValidationStatus status =
      stun_agent_validate (&self->agent, &request, self->received, length, ice_peer_give_password, expected);

  ck_assert (status == STUN_VALIDATION_SUCCESS || status == STUN_VALIDATION_UNAUTHORIZED);
  ck_assert_int_eq (stun_message_get_class (&request), STUN_REQUEST);
  ck_assert (!stun_usage_ice_conncheck_use_candidate (&request)); /* a lite agent is controlled */
  request.key = (uint8_t *) password;
  request.key_len = strlen (password);
  ck_assert_int_eq (stun_usage_ice_conncheck_create_reply (&self->agent, &request, &message, reply, &reply_length,
                                                           &self->gateway, self->gateway_length, &is_controlling, 1,
                                                           STUN_USAGE_ICE_COMPATIBILITY_RFC5245),
                    STUN_USAGE_ICE_RETURN_SUCCESS);
  ck_assert (is_controlling);
  ice_peer_send (self, reply, reply_length);
}
