#include "ice/vgw-stun.h"

#include <stun/usages/ice.h>
#include <string.h>

#define STUN_FIRST_BYTE_MAX 3 /* RFC 7983 section 7 */

static const guint8 magic_cookie[4] = { 0x21, 0x12, 0xa4, 0x42 }; /* RFC 8489 section 5 */

#define CHECK_PRIORITY 0x6effffff /* of a peer reflexive candidate (RFC 8445 section 7.1.1) */
#define TIE_BREAKER 0             /* a lite agent never becomes the controlling one */
#define SUCCESS_TYPE_HIGH 0x01    /* of a binding response (RFC 8489 section 5) */
#define SUCCESS_TYPE_LOW 0x01

G_STATIC_ASSERT (VGW_STUN_ID_BYTES + 8 == VGW_STUN_HEADER_BYTES);

typedef struct
{
  VgwStunLookup lookup;
  gpointer user_data;
} LookupClosure;

/* USERNAME is "ours:theirs" (RFC 8445 section 7.2.2). */
static bool
find_password (StunAgent *agent, StunMessage *message, uint8_t *username, uint16_t username_length, uint8_t **password,
               size_t *password_length, void *user_data)
{
  const LookupClosure *closure = user_data;
  const guint8 *colon = memchr (username, ':', username_length);
  const char *found = NULL;

  if (colon == NULL || colon == username)
    return false;
  if (!closure->lookup ((const char *) username, (gsize) (colon - username), (const char *) colon + 1,
                        username_length - (gsize) (colon - username) - 1, &found, closure->user_data)
      || found == NULL || *found == '\0')
    return false;
  *password = (uint8_t *) found;
  *password_length = strlen (found);
  return true;
}

static gsize
build_error (VgwStun *self, StunMessage *request, guint8 *reply, StunError code)
{
  StunMessage message;

  if (!stun_agent_init_error (&self->agent, &message, reply, VGW_STUN_MAX_REPLY_BYTES, request, code))
    return 0;
  return stun_agent_finish_message (&self->agent, &message, request->key, request->key_len);
}

static VgwStunVerdict
answer_authenticated (VgwStun *self, StunMessage *request, const VgwIceAddress *source, guint8 *reply,
                      gsize *reply_length, gboolean *is_nominated)
{
  StunMessage message;
  struct sockaddr_storage storage;
  socklen_t storage_length = vgw_ice_address_to_sockaddr (source, &storage);
  size_t length = VGW_STUN_MAX_REPLY_BYTES;
  uint64_t tie_breaker;
  bool is_controlling = false;

  /* A lite agent is always controlled, independent of the tie-breakers (RFC 8445 section 6.1.1). */
  if (stun_message_find64 (request, STUN_ATTRIBUTE_ICE_CONTROLLED, &tie_breaker) == STUN_MESSAGE_RETURN_SUCCESS)
    {
      *reply_length = build_error (self, request, reply, STUN_ERROR_ROLE_CONFLICT);
      return VGW_STUN_REFUSED;
    }
  if (stun_usage_ice_conncheck_create_reply (&self->agent, request, &message, reply, &length, &storage, storage_length,
                                             &is_controlling, 0, STUN_USAGE_ICE_COMPATIBILITY_RFC5245)
      != STUN_USAGE_ICE_RETURN_SUCCESS)
    return VGW_STUN_MALFORMED;
  *reply_length = length;
  *is_nominated = stun_usage_ice_conncheck_use_candidate (request);
  return VGW_STUN_VALID;
}

void
vgw_stun_init (VgwStun *self)
{
  stun_agent_init (&self->agent, STUN_ALL_KNOWN_ATTRIBUTES, STUN_COMPATIBILITY_RFC5389,
                   STUN_AGENT_USAGE_SHORT_TERM_CREDENTIALS | STUN_AGENT_USAGE_USE_FINGERPRINT);
  /* Without this the library prints every message to stderr. */
  if (g_getenv ("NICE_DEBUG") == NULL)
    stun_debug_disable ();
}

gboolean
vgw_stun_is_stun (const guint8 *data, gsize length)
{
  return length >= VGW_STUN_HEADER_BYTES && data[0] <= STUN_FIRST_BYTE_MAX
         && memcmp (data + 4, magic_cookie, sizeof magic_cookie) == 0;
}

VgwStunVerdict
vgw_stun_answer (VgwStun *self, const guint8 *request, gsize length, const VgwIceAddress *source, VgwStunLookup lookup,
                 gpointer user_data, guint8 *reply, gsize *reply_length, gboolean *is_nominated)
{
  LookupClosure closure = { lookup, user_data };
  StunMessage message;
  StunMessage error;
  StunValidationStatus status;

  *reply_length = 0;
  *is_nominated = FALSE;
  if (!vgw_stun_is_stun (request, length))
    return VGW_STUN_MALFORMED;
  status = stun_agent_validate (&self->agent, &message, request, length, find_password, &closure);
  switch (status)
    {
    case STUN_VALIDATION_SUCCESS:
    case STUN_VALIDATION_UNKNOWN_REQUEST_ATTRIBUTE:
      break;
    case STUN_VALIDATION_UNAUTHORIZED:
    case STUN_VALIDATION_UNAUTHORIZED_BAD_REQUEST:
    case STUN_VALIDATION_FORBIDDEN:
      return VGW_STUN_UNAUTHENTICATED;
    case STUN_VALIDATION_UNMATCHED_RESPONSE:
    case STUN_VALIDATION_UNKNOWN_ATTRIBUTE:
      return VGW_STUN_IGNORED;
    case STUN_VALIDATION_NOT_STUN:
    case STUN_VALIDATION_INCOMPLETE_STUN:
    case STUN_VALIDATION_BAD_REQUEST:
    default: /* unknown results of later versions of libnice are not trusted */
      return VGW_STUN_MALFORMED;
    }

  if (stun_message_get_class (&message) != STUN_REQUEST)
    return VGW_STUN_IGNORED;
  if (message.key == NULL) /* without integrity there is no answer */
    return VGW_STUN_UNAUTHENTICATED;
  if (stun_message_get_method (&message) != STUN_BINDING)
    return VGW_STUN_MALFORMED;
  if (status == STUN_VALIDATION_UNKNOWN_REQUEST_ATTRIBUTE)
    {
      *reply_length =
          stun_agent_build_unknown_attributes_error (&self->agent, &error, reply, VGW_STUN_MAX_REPLY_BYTES, &message);
      return VGW_STUN_REFUSED;
    }
  return answer_authenticated (self, &message, source, reply, reply_length, is_nominated);
}

gsize
vgw_stun_make_check (guint8 *packet, const guint8 *id, const char *username, const char *password)
{
  VgwStun self;
  StunMessage message;

  vgw_stun_init (&self);
  if (!stun_agent_init_request (&self.agent, &message, packet, VGW_STUN_MAX_CHECK_BYTES, STUN_BINDING))
    return 0;
  /* not stored in the agent: the answer may arrive on another thread, with another agent */
  memcpy (packet + VGW_STUN_HEADER_BYTES - VGW_STUN_ID_BYTES, id, VGW_STUN_ID_BYTES);
  if (stun_message_append32 (&message, STUN_ATTRIBUTE_PRIORITY, CHECK_PRIORITY) != STUN_MESSAGE_RETURN_SUCCESS
      || stun_message_append64 (&message, STUN_ATTRIBUTE_ICE_CONTROLLED, TIE_BREAKER) != STUN_MESSAGE_RETURN_SUCCESS
      || stun_message_append_string (&message, STUN_ATTRIBUTE_USERNAME, username) != STUN_MESSAGE_RETURN_SUCCESS)
    return 0;
  return stun_agent_finish_message (&self.agent, &message, (const uint8_t *) password, strlen (password));
}

const guint8 *
vgw_stun_get_answer (const guint8 *packet, gsize length)
{
  if (!vgw_stun_is_stun (packet, length) || packet[0] != SUCCESS_TYPE_HIGH || packet[1] != SUCCESS_TYPE_LOW)
    return NULL;
  return packet + VGW_STUN_HEADER_BYTES - VGW_STUN_ID_BYTES;
}

gboolean
vgw_stun_is_answer (const guint8 *packet, gsize length, const guint8 *id, const char *password)
{
  VgwStun self;
  StunMessage message;
  StunAgentSavedIds *saved;

  vgw_stun_init (&self);
  /* as if this agent had sent the check */
  saved = &self.agent.sent_ids[0];
  memcpy (saved->id + sizeof saved->id - VGW_STUN_ID_BYTES, id, VGW_STUN_ID_BYTES);
  memcpy (saved->id, magic_cookie, sizeof magic_cookie);
  saved->method = STUN_BINDING;
  saved->key = (uint8_t *) password;
  saved->key_len = strlen (password);
  saved->valid = true;
  return stun_agent_validate (&self.agent, &message, packet, length, NULL, NULL) == STUN_VALIDATION_SUCCESS
         && stun_message_get_class (&message) == STUN_RESPONSE && stun_message_get_method (&message) == STUN_BINDING
         && stun_message_has_attribute (&message, STUN_ATTRIBUTE_MESSAGE_INTEGRITY);
}
