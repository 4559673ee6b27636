#include "doors/vgw-door-realtime.h"

#include <string.h>

#include "base/vgw-json.h"
#include "base/vgw-log.h"
#include "doors/vgw-door-http.h"
#include "doors/vgw-http-sessions.h"
#include "doors/vgw-openai-http.h"
#include "doors/vgw-realtime-call.h"
#include "doors/vgw-realtime-session.h"
#include "net/vgw-http-multipart.h"

#define SDP "application/sdp"
#define FORM "multipart/form-data"
#define CALLS_PATH "/v1/realtime/calls"
#define CALL_PREFIX "rtc_"
#define EXPOSED_HEADERS "Location, Retry-After, WWW-Authenticate"

/* Of a client secret, as OpenAI has them. */
#define DEFAULT_TTL_S 600
#define MIN_TTL_S 10
#define MAX_TTL_S 7200

struct _VgwDoorRealtime
{
  VgwHttpServer *server;
  VgwAccess *access;
  VgwHttpSessions *sessions;
};

/* --- replies --- */

static void
on_answered (VgwHttpSession *session, VgwHttpRequest *request, const char *answer, gpointer user_data)
{
  g_autofree char *location = g_strconcat (CALLS_PATH "/" CALL_PREFIX, session->name, NULL);

  vgw_http_request_set_header (request, "Location", location);
  vgw_http_request_reply (request, VGW_HTTP_STATUS_CREATED, SDP, answer);
}

/* What access and the session refuse they have logged. */
static void
on_refused (VgwHttpRequest *request, guint status, const GError *error, gpointer user_data)
{
  gboolean is_about_offer = status == VGW_HTTP_STATUS_BAD_REQUEST || status == VGW_HTTP_STATUS_UNPROCESSABLE_CONTENT;

  vgw_openai_reply_error (request, status, is_about_offer ? "sdp" : NULL, error->message);
}

static void
on_message (VgwHttpSession *session, const VgwMessage *message, gpointer user_data)
{
  if (session->data == NULL)
    return;
  if (message->type == VGW_MESSAGE_SESSION)
    vgw_realtime_call_begin (session->data, message->engine);
  else if (message->type == VGW_MESSAGE_ERROR)
    vgw_realtime_call_report_error (session->data, vgw_error_code_to_string (message->error_code),
                                    message->error_message);
}

static void
on_moment (VgwHttpSession *session, const VgwMoment *moment, gpointer user_data)
{
  if (session->data != NULL)
    vgw_realtime_call_handle_moment (session->data, moment);
}

static const VgwHttpSessionsFuncs session_funcs = {
  .door = "realtime",
  .has_one_offer = TRUE,
  .answered = on_answered,
  .refused = on_refused,
  .message = on_message,
  .channel_label = "oai-events",
  .moment = on_moment,
  .free_data = vgw_realtime_call_free,
};

/* --- POST /v1/realtime/calls --- */

/* What a request for a call has in it. */
typedef struct
{
  char *offer;
  JsonObject *session; /* (nullable) */
} Body;

static void
body_clear (Body *body)
{
  g_free (body->offer);
  g_clear_pointer (&body->session, json_object_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Body, body_clear)

/* Whether @session is of a kind that there is here; else @request has its reply. */
static gboolean
check_session (VgwHttpRequest *request, JsonObject *session)
{
  JsonNode *type = vgw_json_get (session, "type");

  if (type == NULL || g_strcmp0 (vgw_json_get_string (session, "type"), "realtime") == 0)
    return TRUE;
  vgw_openai_refuse (request, VGW_HTTP_STATUS_BAD_REQUEST, "session.type", "session.type must be \"realtime\"");
  return FALSE;
}

static gboolean
read_form (VgwHttpRequest *request, const char *text, gsize length, Body *body)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) parts =
      vgw_http_multipart_parse (vgw_http_request_get_header (request, "Content-Type"), text, length, &error);
  const VgwHttpPart *sdp = parts != NULL ? vgw_http_multipart_find (parts, "sdp") : NULL;
  const VgwHttpPart *session = parts != NULL ? vgw_http_multipart_find (parts, "session") : NULL;

  if (parts == NULL)
    {
      vgw_openai_refuse (request, vgw_door_prepare_error (request, error->code), NULL, error->message);
      return FALSE;
    }
  if (session != NULL)
    {
      body->session = vgw_json_parse_object (session->text, session->length, &error);
      if (body->session == NULL)
        {
          vgw_openai_refuse (request, VGW_HTTP_STATUS_BAD_REQUEST, "session", error->message);
          return FALSE;
        }
    }
  body->offer = sdp != NULL ? g_strdup (sdp->text) : NULL;
  return body->session == NULL || check_session (request, body->session);
}

/* FALSE, and @request has its reply, where there is no offer in it. */
static gboolean
read_body (VgwHttpRequest *request, Body *body)
{
  g_autoptr (GBytes) bytes = vgw_http_request_get_body (request);
  gsize length;
  const char *text = g_bytes_get_data (bytes, &length);

  if (vgw_http_request_has_content_type (request, FORM))
    {
      if (!read_form (request, text, length, body))
        return FALSE;
    }
  else if (vgw_http_request_has_content_type (request, SDP))
    body->offer = length > 0 && memchr (text, '\0', length) == NULL ? g_strndup (text, length) : NULL;
  else
    {
      vgw_http_request_set_header (request, "Accept-Post", SDP ", " FORM);
      vgw_openai_refuse (request, VGW_HTTP_STATUS_UNSUPPORTED_MEDIA_TYPE, NULL,
                         "the Content-Type must be " SDP " or " FORM);
      return FALSE;
    }
  if (body->offer != NULL && *body->offer != '\0')
    return TRUE;
  vgw_openai_refuse (request, VGW_HTTP_STATUS_BAD_REQUEST, "sdp", "the request has no offer");
  return FALSE;
}

/* What the client's server wants of the session, and the client itself. (transfer full) (nullable) */
static JsonObject *
find_session_wanted (VgwDoorRealtime *self, const VgwAccessRequest *asked, const Body *body)
{
  const VgwClientSecret *secret = vgw_access_find_secret (self->access, asked);
  JsonObject *session = secret != NULL && secret->session != NULL
                            ? vgw_json_parse_object (secret->session, strlen (secret->session), NULL)
                            : NULL;
  g_autoptr (JsonObject) base = session;

  if (body->session == NULL)
    return g_steal_pointer (&base);
  return base != NULL ? vgw_realtime_session_override (body->session, base) : json_object_ref (body->session);
}

static void
on_post_call (VgwHttpRequest *request, gpointer user_data)
{
  VgwDoorRealtime *self = user_data;
  VgwAccessRequest asked = vgw_door_describe_request (request);
  g_auto (Body) body = { NULL, NULL };
  g_autofree char *model = NULL;
  g_autoptr (JsonObject) wanted = NULL;
  VgwHttpSession *session;

  if (!read_body (request, &body))
    return;
  wanted = find_session_wanted (self, &asked, &body);
  model = vgw_http_request_get_parameter (request, "model");
  asked.has_secrets = TRUE;
  asked.model = wanted != NULL ? vgw_json_get_string (wanted, "model") : NULL;
  if (asked.model == NULL)
    asked.model = model;
  session = vgw_http_sessions_open (self->sessions, request, &asked, body.offer);
  if (session != NULL)
    session->data = vgw_realtime_call_new (session->session, wanted);
}

/* --- calls --- */

/* NULL where there is none of this name, "rtc_…", for the client of @request, which has its reply. @has_secrets: a
 * client secret is enough. */
static VgwHttpSession *
find_call (VgwDoorRealtime *self, VgwHttpRequest *request, const char *name, gboolean has_secrets)
{
  VgwAccessRequest asked = vgw_door_describe_request (request);
  gboolean is_name = g_str_has_prefix (name, CALL_PREFIX), has_reply;
  VgwHttpSession *session;

  asked.has_secrets = has_secrets;
  session = vgw_http_sessions_find_for (self->sessions, request, &asked, is_name ? name + strlen (CALL_PREFIX) : "",
                                        &has_reply);
  if (session != NULL && session->data != NULL)
    return session;
  if (!has_reply)
    vgw_openai_refuse (request, VGW_HTTP_STATUS_NOT_FOUND, "call_id", "no such call");
  return NULL;
}

static void
on_hang_up (VgwHttpRequest *request, gpointer user_data)
{
  VgwHttpSession *session = find_call (user_data, request, vgw_http_request_get_capture (request, 0), TRUE);

  if (session == NULL)
    return;
  vgw_session_end (session->session, VGW_END_CLIENT_BYE);
  vgw_http_request_reply_bytes (request, VGW_HTTP_STATUS_OK, NULL, NULL);
}

/* --- the sideband --- */

static void
on_get (VgwHttpRequest *request, gpointer user_data)
{
  VgwDoorRealtime *self = user_data;
  g_autofree char *name = vgw_http_request_get_parameter (request, "call_id");
  VgwHttpSession *session;

  if (name == NULL)
    {
      vgw_openai_refuse (request, VGW_HTTP_STATUS_BAD_REQUEST, "call_id",
                         "call_id is missing: audio is received over WebRTC only");
      return;
    }
  session = find_call (self, request, name, FALSE);
  if (session != NULL)
    vgw_http_session_open_websocket (session, self->server, request, vgw_realtime_call_add_sideband);
}

/* --- POST /v1/realtime/client_secrets --- */

/* The seconds that a secret is to be good for; 0, and @request has its reply, where they are not good. */
static guint
read_ttl_s (VgwHttpRequest *request, JsonObject *body)
{
  JsonNode *node = vgw_json_get (body, "expires_after");
  JsonObject *after = node != NULL && JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
  const char *anchor = after != NULL ? vgw_json_get_string (after, "anchor") : NULL;
  gint64 ttl_s = 0;

  if (node == NULL)
    return DEFAULT_TTL_S;
  if (after != NULL && (anchor == NULL || g_str_equal (anchor, "created_at")))
    ttl_s = vgw_json_get (after, "seconds") != NULL ? vgw_json_get_int (after, "seconds", MIN_TTL_S, MAX_TTL_S, 0)
                                                    : DEFAULT_TTL_S;
  if (ttl_s == 0)
    vgw_openai_refuse (request, VGW_HTTP_STATUS_BAD_REQUEST, "expires_after",
                       "expires_after must have the anchor \"created_at\", and 10 to 7200 seconds");
  return (guint) ttl_s;
}

/* The body, or an empty object for none; NULL where @request has its reply. (transfer full) */
static JsonObject *
read_json (VgwHttpRequest *request)
{
  g_autoptr (GBytes) bytes = vgw_http_request_get_body (request);
  g_autoptr (GError) error = NULL;
  guint status;
  JsonObject *body;

  if (g_bytes_get_size (bytes) == 0)
    return json_object_new ();
  body = vgw_door_read_json (request, &status, &error);
  if (body == NULL)
    vgw_openai_refuse (request, status, NULL, error->message);
  return body;
}

/* @session: (nullable) */
static void
reply_secret (VgwHttpRequest *request, const VgwClientSecret *secret, JsonObject *session)
{
  g_autoptr (JsonObject) reply = json_object_new ();
  g_autoptr (JsonObject) kind = json_object_new ();

  json_object_set_string_member (kind, "type", "realtime");
  json_object_set_string_member (kind, "object", "realtime.session");
  json_object_set_string_member (reply, "value", secret->value);
  json_object_set_int_member (reply, "expires_at", secret->expires_at_s);
  json_object_set_object_member (
      reply, "session", session != NULL ? vgw_realtime_session_override (session, kind) : json_object_ref (kind));
  vgw_http_request_set_header (request, "Cache-Control", "no-store");
  vgw_door_reply_json (request, VGW_HTTP_STATUS_OK, reply);
}

static void
issue_secret (VgwDoorRealtime *self, VgwHttpRequest *request, JsonObject *session, guint ttl_s)
{
  VgwAccessRequest asked = vgw_door_describe_request (request);
  g_autofree char *text = session != NULL ? vgw_json_object_to_text (session) : NULL;
  g_autoptr (GError) error = NULL;
  VgwRefusal refusal;
  const VgwClientSecret *secret;

  asked.model = session != NULL ? vgw_json_get_string (session, "model") : NULL;
  secret = vgw_access_issue_secret (self->access, &asked, text, ttl_s, &refusal, &error);
  if (secret != NULL)
    reply_secret (request, secret, session);
  else if (g_error_matches (error, VGW_ERROR, VGW_ERROR_TOO_LARGE))
    vgw_openai_refuse (request, VGW_HTTP_STATUS_CONTENT_TOO_LARGE, "session", error->message);
  else
    on_refused (request, vgw_door_prepare_refusal (request, refusal), error, self);
}

static void
on_post_secret (VgwHttpRequest *request, gpointer user_data)
{
  g_autoptr (JsonObject) body = read_json (request);
  JsonNode *node = body != NULL ? vgw_json_get (body, "session") : NULL;
  JsonObject *session = node != NULL && JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
  guint ttl_s = body != NULL ? read_ttl_s (request, body) : 0;

  if (ttl_s == 0)
    return;
  if (node != NULL && session == NULL)
    vgw_openai_refuse (request, VGW_HTTP_STATUS_BAD_REQUEST, "session", "session must be an object");
  else if (session == NULL || check_session (request, session))
    issue_secret (user_data, request, session, ttl_s);
}

/* --- the door --- */

VgwDoorRealtime *
vgw_door_realtime_new (VgwHttpServer *server, VgwAccess *access, VgwSessionTable *table, gsize max_body_bytes)
{
  const VgwHttpRoute routes[] = {
    { "/v1/realtime", .get = on_get, .post = on_post_call }, /* POST: of pages of the beta */
    { CALLS_PATH, .post = on_post_call },
    { CALLS_PATH "/{id}/hangup", .post = on_hang_up },
    { "/v1/realtime/client_secrets", .post = on_post_secret },
  };
  VgwDoorRealtime *self = g_new0 (VgwDoorRealtime, 1);

  self->server = server;
  self->access = access;
  self->sessions = vgw_http_sessions_new (access, table, &session_funcs, self);
  vgw_door_add_routes (server, routes, G_N_ELEMENTS (routes), max_body_bytes, EXPOSED_HEADERS, self);
  return self;
}

void
vgw_door_realtime_free (VgwDoorRealtime *self)
{
  vgw_http_sessions_free (self->sessions);
  g_free (self);
}
