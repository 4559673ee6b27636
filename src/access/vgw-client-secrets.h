/* Short-lived secrets, "ek_…", which a server gets for a page that is about to call: each grants what the server's
 * token does. In memory only, bounded in number and size. Where several gateways share the calls, a secret has the name
 * of the node that has it, and a request with it is sent on to that one (vgw-http-hop.h). Main thread. */
#pragma once

#include "access/vgw-token.h"
#include "base/vgw-node-ids.h"

#define VGW_CLIENT_SECRET_PREFIX "ek_"
#define VGW_CLIENT_SECRET_MAX_SESSION_BYTES 16384

typedef struct
{
  char *value;
  VgwToken *token;     /* (nullable) what it grants; NULL: what everybody may have */
  char *session;       /* (nullable) text of a JSON object, for the call */
  gint64 expires_at_s; /* Unix time */
  char *owner;         /* whose number of secrets is bounded */
} VgwClientSecret;

typedef struct _VgwClientSecrets VgwClientSecrets;

/* @node_ids (nullable) outlives it. Returns: (transfer full) */
VgwClientSecrets *vgw_client_secrets_new (const VgwNodeIds *node_ids);
void vgw_client_secrets_free (VgwClientSecrets *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VgwClientSecrets, vgw_client_secrets_free)

/* Makes one that is good from @now_s (Unix time) on for @ttl_s; everything is copied. @owner: who asks, of whose
 * secrets there may be a quarter of all. Errors: VGW_ERROR_TOO_LARGE for a @session (nullable) of more than
 * VGW_CLIENT_SECRET_MAX_SESSION_BYTES, VGW_ERROR_BUSY where there are too many. Returns: (transfer none), good
 * until the next call here */
const VgwClientSecret *vgw_client_secrets_add (VgwClientSecrets *self, const VgwToken *token, const char *owner,
                                               const char *session, guint ttl_s, gint64 now_s, GError **error);

/* The secret that @value is, or NULL where there is none, or it is too old. (transfer none), good until the next call
 * here */
const VgwClientSecret *vgw_client_secrets_find (VgwClientSecrets *self, const char *value, gint64 now_s);

/* None is good any more. */
void vgw_client_secrets_clear (VgwClientSecrets *self);
