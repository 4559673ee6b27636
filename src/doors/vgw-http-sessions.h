/* The sessions of a door whose clients send requests: an offer comes in one, and its answer is the reply. WHIP's,
 * Pipecat's and the OpenAI-style door are each a VgwHttpSessions, the paths of their requests and the form of their
 * replies. An HTTP door has no socket that could be lost: its sessions end by a request, by the client's peer, or by
 * their own timeouts, and where the client goes away while it waits for its first answer. With resume=TOKEN in its
 * query a client goes on with a session of the same door; where the token is no good (any more), it gets a new one.
 * Main thread. */
#pragma once

#include "access/vgw-access.h"
#include "net/vgw-http-server.h"

typedef struct _VgwHttpSessions VgwHttpSessions;

typedef enum
{
  VGW_HTTP_SESSION_NEW,     /* no token came */
  VGW_HTTP_SESSION_RESUMED, /* the session of the token */
  VGW_HTTP_SESSION_EXPIRED, /* the token is no good: this is a new session */
} VgwHttpSessionOrigin;

/* One of them; it is there until its session has ended. To be read only, but for `data`. */
typedef struct _VgwHttpSession
{
  char *name; /* of vgw_node_ids_make (), for URLs: who has it may change and end the session. Not the session's id,
               * which is in logs and goes to engines */
  VgwSession *session;
  VgwHttpSessionOrigin origin;
  GPtrArray *ice_servers; /* (nullable) VgwIceServer*, for this client */
  char *resume_token;     /* (nullable) for the client to come back with, once */
  char *offer;            /* (nullable) while it is being answered */
  gpointer data;          /* the door's, freed by its free_data () */
  gboolean is_restored;   /* a request that resumed the session was refused, and `name` counts again */

  /* for VgwHttpSessions only */
  VgwHttpSessions *owner;
  VgwHttpRequest *request;          /* (nullable) of `offer` */
  gboolean is_answered;             /* it has had an answer */
  struct _VgwHttpSession *previous; /* (nullable) whose place it takes with its answer */
} VgwHttpSession;

typedef struct
{
  const char *door; /* its name: a session is resumed by the same door only */

  /* (nullable) The client's data channel, which it opens with this label, is the door's: see
   * vgw_session_use_channel (). Such a session is not resumed at all: its client makes another offer. */
  const char *channel_label;

  gboolean has_one_offer; /* its clients cannot make another */

  /* Where there is a channel_label: what becomes of the call, and the client's texts. May end the session. */
  void (*moment) (VgwHttpSession *self, const VgwMoment *moment, gpointer door);
  gboolean ends_calls; /* see VGW_MOMENT_HUNG_UP */

  /* (nullable) Whether the door takes @answer. Errors: VGW_ERROR, and the offer is refused with it. */
  gboolean (*check) (const char *offer, const char *answer, GError **error);

  /* @request wants its reply, of which @answer is a part. May end the session. */
  void (*answered) (VgwHttpSession *self, VgwHttpRequest *request, const char *answer, gpointer door);

  /* @request wants its reply, with @status (an HTTP status): there is no session for it, or no answer to its offer.
   * Headers that go with the status are set. @error: its message is for the client. */
  void (*refused) (VgwHttpRequest *request, guint status, const GError *error, gpointer door);

  /* (nullable) Any other message of the session for its client, `session`, `state`, `track` and `event` among them; the
   * last one
   * is `state: ended`. May end the session. */
  void (*message) (VgwHttpSession *self, const VgwMessage *message, gpointer door);

  GDestroyNotify free_data; /* (nullable) */
} VgwHttpSessionsFuncs;

/* @access and @table outlive it, @funcs is static. Returns: (transfer full) */
VgwHttpSessions *vgw_http_sessions_new (VgwAccess *access, VgwSessionTable *table, const VgwHttpSessionsFuncs *funcs,
                                        gpointer door);

/* After the table's shutdown. */
void vgw_http_sessions_free (VgwHttpSessions *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VgwHttpSessions, vgw_http_sessions_free)

/* Makes a session for @request, or resumes one, and handles @offer there. @asked: what access/ looks at, of
 * vgw_door_describe_request (), with what the door makes of it. A resumed one goes on as it was, also by its name,
 * where the offer is refused or its client goes away, and X-Resume-Token of that reply is for the next try. answered ()
 * or refused () follows, the latter perhaps before this returns; neither where the client goes away before. Returns:
 * the session (transfer none), or NULL after refused () */
VgwHttpSession *vgw_http_sessions_open (VgwHttpSessions *self, VgwHttpRequest *request, const VgwAccessRequest *asked,
                                        const char *offer);

/* Handles one more offer, of @request; answered () or refused () follows as above, and the session goes on in either
 * case. Refused with 409 while another one is being answered. */
void vgw_http_session_offer (VgwHttpSession *self, VgwHttpRequest *request, const char *offer);

/* (transfer none) (nullable) */
VgwHttpSession *vgw_http_sessions_find (VgwHttpSessions *self, const char *name);

/* The same for the client of @request, which @asked describes: it has to have the identity of the one that the session
 * was made for. NULL with *@has_reply (out) after refused (), and without where there is no such session. */
VgwHttpSession *vgw_http_sessions_find_for (VgwHttpSessions *self, VgwHttpRequest *request,
                                            const VgwAccessRequest *asked, const char *name, gboolean *has_reply);

/* Makes a WebSocket of @request, which @opened gets with the session's data; it is closed where the session has ended
 * meanwhile. */
void vgw_http_session_open_websocket (VgwHttpSession *self, VgwHttpServer *server, VgwHttpRequest *request,
                                      void (*opened) (gpointer data, VgwWsChannel *channel));
