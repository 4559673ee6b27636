/* Connectivity checks, answered and sent with libnice's STUN library. Silence is the answer to everything that is not
 * authenticated: RFC 8489 would send 400 and 401, but those help no peer with the right password, tell a scanner
 * that something is here, and would go to an address that nobody has proved to own. */
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
  VGW_STUN_VALID,           /* a check with the right password: reply, and the address is proved */
  VGW_STUN_REFUSED,         /* the right password, but an error: the reply says which (420, 487) */
  VGW_STUN_UNAUTHENTICATED, /* unknown user, wrong password, or no integrity: no reply */
  VGW_STUN_MALFORMED,       /* not STUN after all, or without its fingerprint: no reply */
  VGW_STUN_IGNORED,         /* responses and indications: see vgw_stun_get_answer () for the former */
} VgwStunVerdict;

typedef struct
{
  StunAgent agent; /* one thread only */
} VgwStun;

/* Looks up the password for the @length bytes (not terminated) of a local ufrag. What it returns stays valid until
 * vgw_stun_answer () returns. FALSE: nobody has that ufrag. */
typedef gboolean (*VgwStunLookup) (const char *ufrag, gsize length, const char **password, gpointer user_data);

void vgw_stun_init (VgwStun *self);

/* Whether @data is to be taken for STUN where it shares a port with DTLS and SRTP (RFC 7983). */
gboolean vgw_stun_is_stun (const guint8 *data, gsize length);

/* Judges @request from @source. @reply holds VGW_STUN_MAX_REPLY_BYTES; @reply_length is 0 where nothing is to be sent.
 * @is_nominated: the check carries USE-CANDIDATE. RFC 8445 section 7.3, for a controlled lite agent. */
VgwStunVerdict vgw_stun_answer (VgwStun *self, const guint8 *request, gsize length, const VgwIceAddress *source,
                                VgwStunLookup lookup, gpointer user_data, guint8 *reply, gsize *reply_length,
                                gboolean *is_nominated);

/* Makes a check of a controlled agent, with transaction @id, in @packet of VGW_STUN_MAX_CHECK_BYTES. @username is
 * "theirs:ours". Returns its length, 0 where it does not fit. Any thread, as the next ones. */
gsize vgw_stun_make_check (guint8 *packet, const guint8 *id, const char *username, const char *password);

/* The transaction of @packet where it looks like a success response to a check, else NULL. */
const guint8 *vgw_stun_get_answer (const guint8 *packet, gsize length);

/* Whether @packet is the answer to the check with @id, signed with @password. */
gboolean vgw_stun_is_answer (const guint8 *packet, gsize length, const guint8 *id, const char *password);
