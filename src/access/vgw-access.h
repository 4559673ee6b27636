/* Who may call, and what for: a request becomes a VgwGrant or a refusal, here and nowhere else. The limits over all
 * sessions are the table's. Main thread. */
#pragma once

#include "access/vgw-client-secrets.h"
#include "session/vgw-session-table.h"

typedef struct _VgwAccess VgwAccess;

typedef enum
{
  VGW_ACCESS_OPEN,  /* whoever may send a request may call */
  VGW_ACCESS_TOKEN, /* … with a token (vgw-token.h) */
} VgwAccessMode;

/* The group [access] of the configuration; the last three the app adds. All of it outlives the access, or is replaced
 * by vgw_access_configure (). */
typedef struct
{
  guint mode;                    /* VgwAccessMode */
  gboolean allows_open_network;  /* open is good for an address that other machines can reach */
  const char *const *origins;    /* (nullable) allowed beside the gateway's own; "*" for any */
  const char *const *token_keys; /* (nullable) see vgw_token_read_keys () */
  const char *token_audience;
  GPtrArray *engines;         /* VgwEngineConfig, all that there are */
  const char *default_engine; /* the name of one of them */
  VgwSessionTable *table;     /* which counts the refusals */
} VgwAccessSettings;

/* What is known of a request, as it came; each (nullable). */
typedef struct
{
  const char *address; /* "192.0.2.1" */
  const char *host;    /* the header */
  const char *origin;  /* … */
  const char *user_agent;
  const char *traceparent;   /* … */
  const char *authorization; /* … "Bearer TOKEN" */
  const char *subprotocols;  /* Sec-WebSocket-Protocol; one of them may be voice-gateway.token.TOKEN */
  const char *query;      /* what followed the "?", undecoded; engine=NAME asks for an engine, token=TOKEN is a token */
  const char *door;       /* static: the name of the one that it came to */
  gboolean may_return;    /* with a resume token, after its connection was closed without a hang-up */
  gboolean has_one_offer; /* the door takes no offer after the first */
  const char *engine;     /* the one that the path names, decoded; else that of the query counts */
  const char *model;      /* an engine that the client would like; where it may not have it, it gets the default */
  gboolean has_secrets;   /* a client secret may stand in the place of a token */
  gboolean is_question;   /* the client asks whether it may call, and does not call: neither counted nor logged */
} VgwAccessRequest;

/* @settings is copied. Returns: (transfer full) */
VgwAccess *vgw_access_new (const VgwAccessSettings *settings);
void vgw_access_free (VgwAccess *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VgwAccess, vgw_access_free)

/* Takes over other keys, audience and origins; @settings is copied. Calls in progress are not touched. */
void vgw_access_configure (VgwAccess *self, const VgwAccessSettings *settings);

/* What @request may have. A refusal is counted and logged, and @refusal (out) is its cause. Errors:
 * VGW_ERROR_UNAUTHORIZED for the pages of an origin that may not call, and for a token that is missing or not good;
 * VGW_ERROR_BAD_REQUEST where a client may not ask for that engine: the message does not tell whether it is there.
 * Returns: (transfer full) */
VgwGrant *vgw_access_grant (VgwAccess *self, const VgwAccessRequest *request, VgwRefusal *refusal, GError **error);

/* A secret that grants for @ttl_s what @request may have now, for requests with has_secrets; @session (nullable) is
 * kept with it. With VGW_ACCESS_OPEN it grants nothing that the caller would not have without it. Errors: those of
 * vgw_access_grant (), and those of vgw_client_secrets_add (): too many are counted as VGW_REFUSAL_RATE, and what
 * is too large as none. Returns: (transfer none), good until the next call here */
const VgwClientSecret *vgw_access_issue_secret (VgwAccess *self, const VgwAccessRequest *request, const char *session,
                                                guint ttl_s, VgwRefusal *refusal, GError **error);

/* The secret that @request has in the place of a token, or NULL. (transfer none), good until the next call here */
const VgwClientSecret *vgw_access_find_secret (VgwAccess *self, const VgwAccessRequest *request);

/* The names that a client without a token may ask for, the default among them. Returns: (transfer full) */
char **vgw_access_list_engines (VgwAccess *self);
