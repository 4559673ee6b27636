#include "doors/vgw-http-sessions.h"

#include "base/vgw-error.h"
#include "base/vgw-log.h"
#include "doors/vgw-door-http.h"

struct _VgwHttpSessions
{
  VgwAccess *access;
  VgwSessionTable *table;
  const VgwHttpSessionsFuncs *funcs;
  gpointer door;
  GHashTable *sessions;      /* name, owned by the value → VgwHttpSession */
  VgwHttpSession **replaced; /* (nullable) while a session is being resumed: what becomes of the one that it had */
};

/* What a session has refused, or its end. */
static void
refuse (VgwHttpSessions *self, VgwHttpRequest *request, VgwErrorCode code, const char *message)
{
  g_autoptr (GError) error = g_error_new_literal (VGW_ERROR, code, message);

  self->funcs->refused (request, vgw_door_prepare_error (request, code), error, self->door);
}

static void session_free (gpointer data);
static void insert (VgwHttpSession *self);

/* --- the request whose offer is being answered --- */

/* (transfer full) */
static VgwHttpRequest *
take_request (VgwHttpSession *session)
{
  g_signal_handlers_disconnect_by_data (session->request, session);
  return g_steal_pointer (&session->request);
}

/* The client of a session that has had no answer here does not know its name: that of before counts again. The call of
 * a resumed one may be in order, and goes on; if not, the timeouts of media and of the state `recovering` end it. */
static void
drop_unanswered (VgwHttpSession *session, VgwEndReason reason)
{
  VgwHttpSession *previous;

  if (session->is_answered)
    return;
  if (session->origin != VGW_HTTP_SESSION_RESUMED)
    {
      g_autoptr (VgwSession) held = g_object_ref (session->session);

      vgw_session_end (held, reason);
      return;
    }
  previous = g_steal_pointer (&session->previous);
  if (previous != NULL)
    {
      g_free (previous->resume_token);
      previous->resume_token = g_steal_pointer (&session->resume_token);
      previous->is_restored = TRUE;
      insert (previous);
    }
  g_hash_table_remove (session->owner->sessions, session->name);
}

static void
refuse_offer (VgwHttpSession *session, VgwErrorCode code, const char *message)
{
  g_autoptr (VgwHttpRequest) request = take_request (session);

  g_clear_pointer (&session->offer, g_free);
  if (session->origin == VGW_HTTP_SESSION_RESUMED && session->resume_token != NULL)
    vgw_http_request_set_header (request, "X-Resume-Token", session->resume_token);
  refuse (session->owner, request, code, message);
  drop_unanswered (session, VGW_END_ERROR);
}

static void
handle_answer (VgwHttpSession *session, const char *answer)
{
  const VgwHttpSessionsFuncs *funcs = session->owner->funcs;
  g_autoptr (VgwHttpRequest) request = NULL;
  g_autoptr (GError) error = NULL;

  if (funcs->check != NULL && !funcs->check (session->offer, answer, &error))
    {
      vgw_info (vgw_session_get_id (session->session), "refused the offer: %s", error->message);
      vgw_legs_drop_next (vgw_session_get_report (session->session)->legs);
      refuse_offer (session, error->code, error->message);
      return;
    }
  request = take_request (session);
  session->is_answered = TRUE;
  g_clear_pointer (&session->previous, session_free);
  funcs->answered (session, request, answer, session->owner->door);
  g_clear_pointer (&session->offer, g_free);
}

static void
on_request_gone (VgwHttpRequest *request, gpointer user_data)
{
  VgwHttpSession *session = user_data;

  g_object_unref (take_request (session));
  g_clear_pointer (&session->offer, g_free);
  drop_unanswered (session, VGW_END_CLIENT_BYE);
}

/* --- the session's signals --- */

static void
on_session_outgoing (VgwSession *source, const VgwMessage *message, gpointer user_data)
{
  VgwHttpSession *session = user_data;
  gboolean is_about_offer = message->type == VGW_MESSAGE_ERROR && (message->is_fatal || message->about != NULL);

  if (message->type == VGW_MESSAGE_SESSION)
    {
      g_clear_pointer (&session->ice_servers, g_ptr_array_unref);
      session->ice_servers = message->ice_servers != NULL ? g_ptr_array_ref (message->ice_servers) : NULL;
      g_free (session->resume_token);
      session->resume_token = g_strdup (message->resume_token);
    }
  if (message->type == VGW_MESSAGE_ANSWER && session->request != NULL)
    handle_answer (session, message->sdp);
  else if (is_about_offer && session->request != NULL)
    refuse_offer (session, message->error_code, message->error_message);
  else if (session->owner->funcs->message != NULL)
    session->owner->funcs->message (session, message, session->owner->door);
}

/* Of the table's entry. */
static void
session_free (gpointer data)
{
  VgwHttpSession *session = data;

  if (session->request != NULL)
    g_object_unref (take_request (session));
  g_clear_pointer (&session->previous, session_free);
  if (session->owner->funcs->free_data != NULL && session->data != NULL)
    session->owner->funcs->free_data (session->data);
  g_signal_handlers_disconnect_by_data (session->session, session);
  g_object_unref (session->session);
  g_clear_pointer (&session->ice_servers, g_ptr_array_unref);
  g_free (session->resume_token);
  g_free (session->offer);
  g_free (session->name);
  g_free (session);
}

/* A request that still waits is refused. */
static void
drop_session (VgwHttpSession *session, VgwErrorCode code, const char *message)
{
  if (session->request != NULL)
    {
      g_autoptr (VgwHttpRequest) request = take_request (session);

      refuse (session->owner, request, code, message);
    }
  g_hash_table_remove (session->owner->sessions, session->name);
}

static void
on_session_ended (VgwSession *source, VgwEndReason reason, gpointer user_data)
{
  drop_session (user_data, reason == VGW_END_SHUTDOWN ? VGW_ERROR_BUSY : VGW_ERROR_INTERNAL,
                vgw_end_reason_to_string (reason));
}

/* The client goes on with another door, or another request to this one: the name is of no use any more, unless that
 * request is refused. */
static void
on_session_replaced (VgwSession *source, gpointer user_data)
{
  VgwHttpSession *session = user_data;
  VgwHttpSession **replaced = session->owner->replaced;

  if (replaced != NULL && session->is_answered && session->request == NULL)
    {
      g_signal_handlers_disconnect_by_data (source, session);
      g_hash_table_steal (session->owner->sessions, session->name);
      *replaced = session;
      return;
    }
  if (replaced != NULL)
    *replaced = g_steal_pointer (&session->previous);
  drop_session (session, VGW_ERROR_GONE, "the session was resumed by another request");
}

static void
insert (VgwHttpSession *self)
{
  g_signal_connect (self->session, "outgoing", G_CALLBACK (on_session_outgoing), self);
  g_signal_connect (self->session, "ended", G_CALLBACK (on_session_ended), self);
  g_signal_connect (self->session, "replaced", G_CALLBACK (on_session_replaced), self);
  g_hash_table_insert (self->owner->sessions, self->name, self);
}

/* --- sessions --- */

VgwHttpSessions *
vgw_http_sessions_new (VgwAccess *access, VgwSessionTable *table, const VgwHttpSessionsFuncs *funcs, gpointer door)
{
  VgwHttpSessions *self = g_new0 (VgwHttpSessions, 1);

  self->access = access;
  self->table = table;
  self->funcs = funcs;
  self->door = door;
  self->sessions = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, session_free);
  return self;
}

void
vgw_http_sessions_free (VgwHttpSessions *self)
{
  g_hash_table_unref (self->sessions);
  g_free (self);
}

static void
on_moment (VgwSession *source, const VgwMoment *moment, gpointer user_data)
{
  VgwHttpSession *session = user_data;

  session->owner->funcs->moment (session, moment, session->owner->door);
}

/* @session: (transfer none) */
static VgwHttpSession *
add_session (VgwHttpSessions *self, VgwSession *session)
{
  VgwHttpSession *added = g_new0 (VgwHttpSession, 1);

  added->owner = self;
  added->name = vgw_node_ids_make (vgw_session_table_get_node_ids (self->table));
  added->session = g_object_ref (session);
  insert (added);
  return added;
}

/* The session that @grant's query has a resume token of, with what it was here in @replaced (out) (transfer full), else
 * a new one. (transfer none) */
static VgwSession *
find_session (VgwHttpSessions *self, VgwGrant *grant, VgwHttpSessionOrigin *origin, VgwHttpSession **replaced,
              VgwRefusal *refusal, GError **error)
{
  const char *token = self->funcs->channel_label == NULL ? vgw_grant_get_parameter (grant, "resume") : NULL;
  VgwSession *session;

  self->replaced = replaced;
  session = token != NULL ? vgw_session_table_resume (self->table, token, grant, NULL) : NULL;
  self->replaced = NULL;
  *origin = session != NULL ? VGW_HTTP_SESSION_RESUMED : VGW_HTTP_SESSION_EXPIRED;
  if (session != NULL)
    return session;
  if (token == NULL)
    *origin = VGW_HTTP_SESSION_NEW;
  return vgw_session_table_create (self->table, grant, refusal, error);
}

VgwHttpSession *
vgw_http_sessions_open (VgwHttpSessions *self, VgwHttpRequest *request, const VgwAccessRequest *asked,
                        const char *offer)
{
  VgwAccessRequest named = *asked;
  g_autoptr (VgwGrant) grant = NULL;
  g_autoptr (GError) error = NULL;
  VgwSession *session = NULL;
  VgwHttpSession *opened, *replaced = NULL;
  VgwHttpSessionOrigin origin;
  VgwRefusal refusal;

  named.door = self->funcs->door;
  named.may_return = self->funcs->channel_label == NULL;
  named.has_one_offer = self->funcs->has_one_offer;
  grant = vgw_access_grant (self->access, &named, &refusal, &error);
  if (grant != NULL)
    session = find_session (self, grant, &origin, &replaced, &refusal, &error);
  if (session == NULL)
    {
      self->funcs->refused (request, vgw_door_prepare_refusal (request, refusal), error, self->door);
      return NULL;
    }
  opened = add_session (self, session);
  opened->origin = origin;
  opened->previous = replaced;
  if (origin == VGW_HTTP_SESSION_RESUMED)
    {
      g_autofree char *name = g_strdup (opened->name);

      vgw_session_attach (session, -1);
      /* what was kept comes before the offer: an answer among it is not the one to this offer */
      vgw_outbox_flush (vgw_session_get_outbox (session));
      opened = vgw_http_sessions_find (self, name);
      if (opened == NULL)
        {
          refuse (self, request, VGW_ERROR_GONE, "the session has ended");
          return NULL;
        }
    }
  else
    {
      if (self->funcs->channel_label != NULL)
        vgw_session_use_channel (session, &(VgwClientChannelSetup){ self->funcs->channel_label, on_moment, opened,
                                                                    self->funcs->ends_calls });
      vgw_session_start (session);
    }
  vgw_http_session_offer (opened, request, offer);
  return opened;
}

void
vgw_http_session_offer (VgwHttpSession *self, VgwHttpRequest *request, const char *offer)
{
  g_autoptr (VgwMessage) message = NULL;

  if (self->request != NULL)
    {
      refuse (self->owner, request, VGW_ERROR_BAD_STATE, "another offer is being answered");
      return;
    }
  self->request = g_object_ref (request);
  self->offer = g_strdup (offer);
  g_signal_connect (request, "gone", G_CALLBACK (on_request_gone), self);
  message = vgw_message_new_sdp (VGW_MESSAGE_OFFER, offer);
  vgw_session_handle (self->session, message);
}

VgwHttpSession *
vgw_http_sessions_find (VgwHttpSessions *self, const char *name)
{
  return g_hash_table_lookup (self->sessions, name);
}

VgwHttpSession *
vgw_http_sessions_find_for (VgwHttpSessions *self, VgwHttpRequest *request, const VgwAccessRequest *asked,
                            const char *name, gboolean *has_reply)
{
  VgwAccessRequest named = *asked;
  g_autoptr (GError) error = NULL;
  g_autoptr (VgwGrant) grant = NULL;
  VgwHttpSession *session = vgw_http_sessions_find (self, name);
  VgwRefusal refusal;

  named.door = self->funcs->door;
  grant = vgw_access_grant (self->access, &named, &refusal, &error);
  *has_reply = grant == NULL;
  if (grant == NULL)
    {
      self->funcs->refused (request, vgw_door_prepare_refusal (request, refusal), error, self->door);
      return NULL;
    }
  return session != NULL && g_strcmp0 (grant->identity, vgw_session_get_grant (session->session)->identity) == 0
             ? session
             : NULL;
}

/* A request that is becoming a WebSocket. */
typedef struct
{
  VgwHttpSessions *sessions;
  char *name;
  void (*opened) (gpointer data, VgwWsChannel *channel);
} Opening;

static void
opening_free (gpointer data)
{
  Opening *opening = data;

  g_free (opening->name);
  g_free (opening);
}

static void
on_websocket (VgwWsChannel *channel, gpointer user_data)
{
  const Opening *opening = user_data;
  const VgwHttpSession *session = vgw_http_sessions_find (opening->sessions, opening->name);

  if (session != NULL)
    opening->opened (session->data, channel);
  else
    vgw_ws_channel_close (channel, VGW_WS_CLOSE_NORMAL, "the call has ended");
}

void
vgw_http_session_open_websocket (VgwHttpSession *self, VgwHttpServer *server, VgwHttpRequest *request,
                                 void (*opened) (gpointer data, VgwWsChannel *channel))
{
  Opening *opening = g_new (Opening, 1);

  *opening = (Opening){ self->owner, g_strdup (self->name), opened };
  vgw_http_server_open_websocket (server, request, on_websocket, opening, opening_free);
}
