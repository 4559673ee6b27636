/* Connectivity checks, answered and sent with libnice's STUN library. Unauthenticated requests get no answer: the 400
 * and 401 of RFC 8489 are of no use to a peer with the right password, reveal the port to a scanner, and would be sent
 * to an unproved address. */
#pragma once

#include "ice/vgw-ice-address.h"

#include <stun/stunagent.h>

#define VGW_STUN_HEADER_BYTES 20
#define VGW_STUN_ID_BYTES 12
#define VGW_STUN_MAX_CHECK_BYTES 640 /* header, USERNAME (513), 48 for the rest */
#define VGW_STUN_MAX_REPLY_BYTES                                                                                       \
  1024 /* header, mapped address, the request's USERNAME (513), integrity, fingerprint                                 \
        */

typedef enum
{
  VGW_STUN_VALID,           /* a check with the right password: success reply */
  VGW_STUN_REFUSED,         /* the right password, but an error reply (420, 487) */
  VGW_STUN_UNAUTHENTICATED, /* unknown user, wrong password, or no integrity: no reply */
  VGW_STUN_MALFORMED,       /* not STUN, or without its fingerprint: no reply */
  VGW_STUN_IGNORED,         /* responses and indications: see vgw_stun_get_answer () for the former */
} VgwStunVerdict;

typedef struct
{
  StunAgent agent; /* one thread only */
} VgwStun;

/* Looks up the password for the @length bytes (not terminated) of a local ufrag; it must stay valid until
 * vgw_stun_answer () returns. FALSE: unknown ufrag. */
typedef gboolean (*VgwStunLookup) (const char *ufrag, gsize length, const char *peer_ufrag, gsize peer_length,
                                   const char **password, gpointer user_data);

void vgw_stun_init (VgwStun *self);

/* Whether @data is STUN, on a port shared with DTLS and SRTP (RFC 7983). */
gboolean vgw_stun_is_stun (const guint8 *data, gsize length);

/* Checks @request from @source. @reply: VGW_STUN_MAX_REPLY_BYTES; @reply_length is 0 where there is no reply.
 * @is_nominated: the check has USE-CANDIDATE. RFC 8445 section 7.3, for a controlled lite agent. */
VgwStunVerdict vgw_stun_answer (VgwStun *self, const guint8 *request, gsize length, const VgwIceAddress *source,
                                VgwStunLookup lookup, gpointer user_data, guint8 *reply, gsize *reply_length,
                                gboolean *is_nominated);

/* Writes a check of a controlled agent, with transaction @id, to @packet of VGW_STUN_MAX_CHECK_BYTES. @username is
 * "theirs:ours". Returns its length, 0 where it does not fit. Any thread, as the next functions. */
gsize vgw_stun_make_check (guint8 *packet, const guint8 *id, const char *username, const char *password);

/* The transaction of @packet where it has the form of a success response to a check, else NULL. */
const guint8 *vgw_stun_get_answer (const guint8 *packet, gsize length);

/* Whether @packet is the answer to the check with @id, signed with @password. */
gboolean vgw_stun_is_answer (const guint8 *packet, gsize length, const guint8 *id, const char *password);
