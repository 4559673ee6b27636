/* Who may call, and what for: a request becomes a VgwGrant or a refusal, here and nowhere else. The limits over all
 * sessions are the table's. Main thread. */
#pragma once

#include "session/vgw-session-table.h"

typedef struct _VgwAccess VgwAccess;

/* origins is a key of the configuration, the rest the app adds. All of it outlives the access. */
typedef struct
{
  const char *mode;           /* "open": whom an origin lets in may call */
  const char *const *origins; /* (nullable) allowed beside the gateway's own; "*" for any */
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
  const char *query;    /* what followed the "?", undecoded; engine=NAME asks for an engine */
  const char *engine;   /* the one that the path names, decoded; else that of the query counts */
  gboolean is_question; /* the client asks whether it may call, and does not call: neither counted nor logged */
} VgwAccessRequest;

/* @settings is copied. Returns: (transfer full) */
VgwAccess *vgw_access_new (const VgwAccessSettings *settings);
void vgw_access_free (VgwAccess *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VgwAccess, vgw_access_free)

/* What @request may have. A refusal is counted and logged, and @refusal (out) is its cause. Errors:
 * VGW_ERROR_UNAUTHORIZED for the pages of an origin that may not call; VGW_ERROR_BAD_REQUEST where a client may not ask
 * for that engine: the message does not tell whether it is there. Returns: (transfer full) */
VgwGrant *vgw_access_grant (VgwAccess *self, const VgwAccessRequest *request, VgwRefusal *refusal, GError **error);

/* The names that a client may ask for, the default among them. Returns: (transfer full) */
char **vgw_access_list_engines (VgwAccess *self);
