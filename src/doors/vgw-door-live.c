#include "doors/vgw-door-live.h"

#include <string.h>

#include "doors/vgw-door-http.h"
#include "doors/vgw-http-sessions.h"
#include "doors/vgw-live-call.h"
#include "doors/vgw-openai-http.h"

#define SESSIONS_PATH "/v1/live/sessions"
#define ID_PREFIX "live_"
#define CHANNEL_LABEL "oai-events"
#define NO_PAGES "pages may not attach: they may be restricted"

struct _VgwDoorLive
{
  VgwHttpServer *server;
  VgwSessionTable *table;
  VgwHttpSessions *sessions;
};

/* --- replies --- */

static void
on_answered (VgwHttpSession *session, VgwHttpRequest *request, const char *answer, gpointer user_data)
{
  g_autoptr (JsonObject) reply = json_object_new ();
  g_autofree char *id = g_strconcat (ID_PREFIX, session->name, NULL);
  JsonObject *named = json_object_new (), *transport = json_object_new ();

  json_object_set_string_member (named, "id", id);
  json_object_set_string_member (transport, "type", "webrtc");
  json_object_set_string_member (transport, "sdp", answer);
  json_object_set_object_member (reply, "session", named);
  json_object_set_object_member (reply, "transport", transport);
  vgw_door_reply_json (request, VGW_HTTP_STATUS_OK, reply);
}

/* What access and the session refuse they have logged. */
static void
on_refused (VgwHttpRequest *request, guint status, const GError *error, gpointer user_data)
{
  gboolean is_about_offer = status == VGW_HTTP_STATUS_BAD_REQUEST || status == VGW_HTTP_STATUS_UNPROCESSABLE_CONTENT;

  vgw_openai_reply_error (request, status, is_about_offer ? "transport.sdp" : NULL, error->message);
}

static void
on_message (VgwHttpSession *session, const VgwMessage *message, gpointer user_data)
{
  if (session->data == NULL)
    return;
  if (message->type == VGW_MESSAGE_SESSION)
    vgw_live_call_begin (session->data, message->engine);
  else if (message->type == VGW_MESSAGE_ERROR)
    vgw_live_call_report_error (session->data, vgw_error_code_to_string (message->error_code), message->error_message);
  else if (message->type == VGW_MESSAGE_STATE && message->reason != NULL)
    vgw_live_call_report_end (session->data, message->reason);
}

static void
on_moment (VgwHttpSession *session, const VgwMoment *moment, gpointer user_data)
{
  if (session->data != NULL)
    vgw_live_call_handle_moment (session->data, moment);
}

static const VgwHttpSessionsFuncs session_funcs = {
  .door = "live",
  .has_one_offer = TRUE,
  .channel_label = CHANNEL_LABEL,
  .moment = on_moment,
  .answered = on_answered,
  .refused = on_refused,
  .message = on_message,
  .free_data = vgw_live_call_free,
};

/* --- POST /v1/live/sessions --- */

/* The member @name of @object (nullable), where it is an object, else NULL. (transfer none) */
static JsonObject *
get_object (JsonObject *object, const char *name)
{
  JsonNode *node = object != NULL ? vgw_json_get (object, name) : NULL;

  return node != NULL && JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
}

/* The offer, or NULL, and @request has its reply. (transfer none) */
static const char *
read_offer (VgwHttpRequest *request, JsonObject *body)
{
  JsonObject *transport = get_object (body, "transport");
  const char *type = transport != NULL ? vgw_json_get_string (transport, "type") : NULL;
  const char *sdp = transport != NULL ? vgw_json_get_string (transport, "sdp") : NULL;

  if (g_strcmp0 (type, "webrtc") != 0)
    vgw_openai_refuse (request, VGW_HTTP_STATUS_BAD_REQUEST, "transport.type", "transport.type must be \"webrtc\"");
  else if (sdp == NULL || *sdp == '\0')
    vgw_openai_refuse (request, VGW_HTTP_STATUS_BAD_REQUEST, "transport.sdp", "transport.sdp has no offer");
  else
    return sdp;
  return NULL;
}

static void
on_post (VgwHttpRequest *request, gpointer user_data)
{
  VgwDoorLive *self = user_data;
  VgwAccessRequest asked = vgw_door_describe_request (request);
  g_autoptr (GError) error = NULL;
  VgwLiveLimits limits = { NULL, NULL };
  guint status;
  g_autoptr (JsonObject) body = vgw_door_read_json (request, &status, &error);
  JsonObject *wanted = get_object (body, "session");
  JsonObject *client = get_object (body, "client");
  const char *offer;
  VgwHttpSession *session = NULL;

  if (body == NULL)
    {
      vgw_openai_refuse (request, status, NULL, error->message);
      return;
    }
  offer = read_offer (request, body);
  if (offer == NULL)
    return;
  if (!vgw_live_limits_read (&limits, client != NULL ? client : get_object (wanted, "client"), &error))
    vgw_openai_refuse (request, VGW_HTTP_STATUS_BAD_REQUEST, "client.data_channel", error->message);
  else
    {
      asked.model = wanted != NULL ? vgw_json_get_string (wanted, "model") : NULL;
      session = vgw_http_sessions_open (self->sessions, request, &asked, offer);
    }
  if (session != NULL)
    {
      g_autofree char *id = g_strconcat (ID_PREFIX, session->name, NULL);

      session->data = vgw_live_call_new (session->session, id, &limits);
    }
  vgw_live_limits_clear (&limits);
}

/* --- the sideband --- */

/* Of the same identity as the session: who made it. */
static void
on_attach (VgwHttpRequest *request, gpointer user_data)
{
  VgwDoorLive *self = user_data;
  const char *id = vgw_http_request_get_capture (request, 0);
  const VgwAccessRequest asked = vgw_door_describe_request (request);
  gboolean is_id = g_str_has_prefix (id, ID_PREFIX), has_reply;
  VgwHttpSession *session =
      vgw_http_sessions_find_for (self->sessions, request, &asked, is_id ? id + strlen (ID_PREFIX) : "", &has_reply);

  if (has_reply)
    return;
  if (session == NULL || session->data == NULL || !session->is_answered)
    vgw_openai_refuse (request, VGW_HTTP_STATUS_NOT_FOUND, "id", "no such session");
  else if (asked.origin != NULL)
    {
      vgw_session_table_refuse (self->table, VGW_REFUSAL_ORIGIN, asked.address, NULL, NO_PAGES);
      vgw_openai_reply_error (request, VGW_HTTP_STATUS_FORBIDDEN, NULL, NO_PAGES);
    }
  else
    vgw_http_session_open_websocket (session, self->server, request, vgw_live_call_add_sideband);
}

/* --- the door --- */

VgwDoorLive *
vgw_door_live_new (VgwHttpServer *server, VgwAccess *access, VgwSessionTable *table, gsize max_body_bytes)
{
  VgwHttpRoute post = { SESSIONS_PATH, .post = on_post, .has_cors = TRUE, .max_body_bytes = max_body_bytes,
                        .exposed_headers = "Retry-After, WWW-Authenticate" };
  const VgwHttpRoute attach = { SESSIONS_PATH "/{id}/attach", .get = on_attach };
  VgwDoorLive *self = g_new0 (VgwDoorLive, 1);

  self->server = server;
  self->table = table;
  self->sessions = vgw_http_sessions_new (access, table, &session_funcs, self);
  vgw_http_server_add_route (server, &post, self);
  vgw_http_server_add_route (server, &attach, self);
  return self;
}

void
vgw_door_live_free (VgwDoorLive *self)
{
  vgw_http_sessions_free (self->sessions);
  g_free (self);
}
