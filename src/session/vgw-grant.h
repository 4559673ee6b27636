/* Who calls and what the call may have. access/ makes it of a request, once; nothing changes it afterwards but the
 * verdict of a session manager, before the session begins. Counted by references. Main thread. */
#pragma once

#include "engine/vgw-engine-config.h"
#include "engine/vgw-engine.h"

typedef struct
{
  char *identity;                /* (nullable) of the caller, where something has proved it */
  char *address;                 /* (nullable) "192.0.2.1": for limits, the log and the engine */
  const VgwEngineConfig *engine; /* the one to begin with; it outlives the grant */
  char **engines;                /* names that the caller may ask for; never NULL */
  guint max_duration_s;          /* 0: no other bound than the configuration's */
  char *metadata; /* (nullable) text of a JSON object for the engine, from what has proved the identity */

  /* what the request brought, each (nullable) */
  const char *door;          /* static: the name of the one that it came to */
  gboolean may_return;       /* a client that closes its connection may be a page that is loaded again; its door has no
                              * socket whose end would tell */
  gboolean has_one_offer;    /* its door takes no offer after the first: a connection that is lost is the end */
  char *traceparent;         /* of W3C Trace Context, valid */
  char *origin, *user_agent; /* valid UTF-8 of bounded length */
  GHashTable *parameters;    /* of its query, decoded: name → value */
} VgwGrant;

/* @engine (transfer none) must outlive the grant. @engines (transfer full). Returns: (transfer full) */
VgwGrant *vgw_grant_new (const char *address, const VgwEngineConfig *engine, char **engines);
VgwGrant *vgw_grant_ref (VgwGrant *self);
void vgw_grant_unref (VgwGrant *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VgwGrant, vgw_grant_unref)

/* The Origin and User-Agent of the request, and what followed the "?" of its address, undecoded; each (nullable), as it
 * came. An origin that is too long is none, a user agent is cut; a query that cannot be decoded has no parameters, and
 * a token in it is left out. */
void vgw_grant_set_page (VgwGrant *self, const char *origin, const char *user_agent, const char *query);

/* The trace of the client: @header (nullable), else that of the query, which a browser's WebSocket can set. What is not
 * valid is ignored. After vgw_grant_set_page (). */
void vgw_grant_set_trace (VgwGrant *self, const char *header);

/* The parameter @name of the query, decoded, or NULL. (transfer none) */
const char *vgw_grant_get_parameter (const VgwGrant *self, const char *name);

/* What a token grants: @identity and @metadata (nullable). */
void vgw_grant_set_token (VgwGrant *self, const char *identity, guint max_duration_s, const char *metadata);

/* What a session manager has decided: @engine (nullable), also one that the caller may not ask for, and more @metadata
 * (nullable), the text of an object, whose members replace those of the same names. */
void vgw_grant_decide (VgwGrant *self, const VgwEngineConfig *engine, const char *metadata);

/* The bound of a session: the configuration's @limit_s (0: none) or the grant's, whichever is shorter; 0: none. */
guint vgw_grant_get_max_duration_s (const VgwGrant *self, guint limit_s);

/* Those of the parameters that @config's engine gets: name, value, …, NULL. @session_id (nullable) is for the log.
 * Returns: (transfer full) */
char **vgw_grant_pick_parameters (const VgwGrant *self, const VgwEngineConfig *config, const char *session_id);

/* Starts @engine, which @config describes, with what it may know about the caller. Errors: VGW_ERROR_ENGINE. */
gboolean vgw_grant_start_engine (const VgwGrant *self, VgwEngine *engine, const VgwEngineConfig *config,
                                 const char *session_id, const VgwAudioFormat *format, GError **error);
