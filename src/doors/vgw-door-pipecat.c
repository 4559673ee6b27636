#include "doors/vgw-door-pipecat.h"

#include <string.h>

#include "base/vgw-error.h"
#include "base/vgw-json.h"
#include "base/vgw-log.h"
#include "doors/vgw-door-http.h"
#include "doors/vgw-http-sessions.h"
#include "doors/vgw-pipecat-call.h"
#include "doors/vgw-pipecat-starts.h"

#define DOOR "pipecat"
#define EXPOSED_HEADERS "Retry-After, WWW-Authenticate"
#define CALL_IS_OVER "no such pc_id, or its call is over"
#define MAX_MLINE_INDEX 65535

struct _VgwDoorPipecat
{
  VgwHttpSessions *sessions;
  VgwAccess *access;
  VgwSessionTable *table;
  VgwPipecatStarts *starts;
};

/* --- replies --- */

/* As FastAPI has it, and as the client shows it. */
static void
reply_detail (VgwHttpRequest *request, guint status, const char *message)
{
  g_autoptr (JsonObject) object = json_object_new ();

  json_object_set_string_member (object, "detail", message);
  vgw_door_reply_json (request, status, object);
}

static void
on_refused (VgwHttpRequest *request, guint status, const GError *error, gpointer user_data)
{
  reply_detail (request, status, error->message);
}

/* What access and the session refuse they have logged. */
static void
reply_error (VgwHttpRequest *request, guint status, const char *message)
{
  const char *address = vgw_http_request_get_remote_address (request);

  vgw_info_about (address, "pipecat: %s: %s refused with %u: %s", address, vgw_http_request_get_method (request),
                  status, message);
  reply_detail (request, status, message);
}

/* NULL, and @request has its reply. (transfer full) */
static JsonObject *
read_body (VgwHttpRequest *request)
{
  g_autoptr (GError) error = NULL;
  guint status = 0;
  JsonObject *body = vgw_door_read_json (request, &status, &error);

  if (body == NULL)
    reply_error (request, status, error->message);
  return body;
}

/* --- access --- */

/* What @request may have, with @query (nullable) as its query. NULL, and it has its reply. (transfer full) */
static VgwGrant *
check_access (VgwDoorPipecat *self, VgwHttpRequest *request, const char *query)
{
  VgwAccessRequest asked = vgw_door_describe_request (request);
  g_autoptr (GError) error = NULL;
  VgwRefusal refusal;
  VgwGrant *grant;

  asked.door = DOOR;
  asked.query = query;
  grant = vgw_access_grant (self->access, &asked, &refusal, &error);
  if (grant == NULL)
    reply_detail (request, vgw_door_prepare_refusal (request, refusal), error->message);
  return grant;
}

/* The client sends @request again, to the same path with @pc_id in the query, by which it is sent on to the node of the
 * session: what is in the body comes too late for that. Only once. FALSE where @pc_id is not of another node. */
static gboolean
redirect (VgwDoorPipecat *self, VgwHttpRequest *request, const char *pc_id)
{
  const VgwNodeIds *ids = vgw_session_table_get_node_ids (self->table);
  g_autofree char *node = ids != NULL ? vgw_node_ids_find_node (ids, pc_id) : NULL;
  const char *query = vgw_http_request_get_query (request);
  g_autofree char *location = NULL, *escaped = NULL;

  if (node == NULL || g_str_equal (node, vgw_node_ids_get_name (ids))
      || (query != NULL && strstr (query, pc_id) != NULL))
    return FALSE;
  escaped = g_uri_escape_string (pc_id, NULL, FALSE);
  location = g_strdup_printf ("%s?%s%spc_id=%s", vgw_http_request_get_path (request), query != NULL ? query : "",
                              query != NULL ? "&" : "", escaped);
  vgw_http_request_set_header (request, "Location", location);
  reply_detail (request, VGW_HTTP_STATUS_TEMPORARY_REDIRECT, "the session is of another node");
  return TRUE;
}

/* The session of @pc_id, for the client that has made it: of the same identity, where access needs one. NULL, and
 * @request has its reply. (transfer none) */
static VgwHttpSession *
find_session (VgwDoorPipecat *self, VgwHttpRequest *request, const char *pc_id)
{
  const VgwAccessRequest asked = vgw_door_describe_request (request);
  gboolean has_reply;
  VgwHttpSession *session = vgw_http_sessions_find_for (self->sessions, request, &asked, pc_id, &has_reply);

  if (session == NULL && !has_reply && !redirect (self, request, pc_id))
    reply_error (request, VGW_HTTP_STATUS_NOT_FOUND, CALL_IS_OVER);
  return session;
}

/* --- sessions --- */

static void
on_answered (VgwHttpSession *session, VgwHttpRequest *request, const char *answer, gpointer user_data)
{
  g_autoptr (JsonObject) object = json_object_new ();

  json_object_set_string_member (object, "sdp", answer);
  json_object_set_string_member (object, "type", "answer");
  json_object_set_string_member (object, "pc_id", session->name);
  vgw_door_reply_json (request, VGW_HTTP_STATUS_OK, object);
}

static void
on_message (VgwHttpSession *session, const VgwMessage *message, gpointer user_data)
{
  if (session->data != NULL)
    vgw_pipecat_call_handle_message (session->data, message);
}

static void
on_moment (VgwHttpSession *session, const VgwMoment *moment, gpointer user_data)
{
  if (session->data == NULL)
    session->data = vgw_pipecat_call_new (session->session, session->name);
  vgw_pipecat_call_handle_moment (session->data, moment);
}

static void
free_call (gpointer data)
{
  vgw_pipecat_call_free (data);
}

static const VgwHttpSessionsFuncs session_funcs = {
  .door = DOOR,
  .answered = on_answered,
  .refused = on_refused,
  .message = on_message,
  .channel_label = VGW_PIPECAT_CHANNEL,
  .moment = on_moment,
  .ends_calls = TRUE,
  .free_data = free_call,
};

/* --- parameters --- */

/* A member of a client's object that can be a parameter, as text; NULL for another. (transfer full) */
static char *
read_parameter (const char *name, JsonNode *node)
{
  if (strcmp (name, "token") == 0 || strcmp (name, "resume") == 0 || !JSON_NODE_HOLDS_VALUE (node))
    return NULL;
  return json_node_get_value_type (node) == G_TYPE_STRING ? json_node_dup_string (node) : vgw_json_to_text (node);
}

/* @parameters (nullable), an object of the client, in the form of a query. NULL where they are too long.
 * (transfer full) */
static char *
write_parameters (JsonNode *parameters)
{
  g_autoptr (GString) query = g_string_new (NULL);
  JsonObjectIter iter;
  const char *name;
  JsonNode *node;

  if (parameters == NULL || !JSON_NODE_HOLDS_OBJECT (parameters))
    return g_strdup ("");
  json_object_iter_init_ordered (&iter, json_node_get_object (parameters));
  while (json_object_iter_next_ordered (&iter, &name, &node))
    {
      g_autofree char *value = read_parameter (name, node);

      if (value == NULL)
        continue;
      if (query->len > 0)
        g_string_append_c (query, '&');
      g_string_append_uri_escaped (query, name, NULL, FALSE);
      g_string_append_c (query, '=');
      g_string_append_uri_escaped (query, value, NULL, FALSE);
      if (query->len > VGW_PIPECAT_MAX_PARAMETERS_BYTES)
        return NULL;
    }
  return g_string_free (g_steal_pointer (&query), FALSE);
}

/* The request's own query, and @parameters, which count where both have one. (transfer full) */
static char *
join_query (VgwHttpRequest *request, const char *parameters)
{
  const char *query = vgw_http_request_get_query (request);

  if (query == NULL || *query == '\0' || *parameters == '\0')
    return g_strdup (query == NULL || *query == '\0' ? parameters : query);
  return g_strconcat (query, "&", parameters, NULL);
}

/* NULL, and @request has its reply. (transfer full) */
static char *
read_parameters (VgwHttpRequest *request, JsonNode *node)
{
  char *parameters = write_parameters (node);

  if (parameters == NULL)
    reply_error (request, VGW_HTTP_STATUS_CONTENT_TOO_LARGE, "the data for the bot is too long");
  return parameters;
}

/* --- offers --- */

/* What the client has to say for its engine: with the offer, else with /start. NULL, and @request has its reply.
 * (transfer full) */
static char *
find_parameters (VgwDoorPipecat *self, VgwHttpRequest *request, JsonObject *body)
{
  const char *name = vgw_http_request_get_capture (request, 0);
  JsonNode *data = vgw_json_get (body, "requestData");
  const char *kept = name != NULL ? vgw_pipecat_starts_find (self->starts, name, g_get_monotonic_time ()) : "";

  if (data == NULL)
    data = vgw_json_get (body, "request_data");
  if (kept == NULL)
    {
      reply_error (request, VGW_HTTP_STATUS_NOT_FOUND, "no such session, or its time is over: POST /start again");
      return NULL;
    }
  return data != NULL && JSON_NODE_HOLDS_OBJECT (data) ? read_parameters (request, data) : g_strdup (kept);
}

static void
open_session (VgwDoorPipecat *self, VgwHttpRequest *request, JsonObject *body, const char *offer)
{
  g_autofree char *parameters = find_parameters (self, request, body);
  g_autofree char *query = parameters != NULL ? join_query (request, parameters) : NULL;
  VgwAccessRequest asked = vgw_door_describe_request (request);

  asked.query = query;
  if (query != NULL)
    vgw_http_sessions_open (self->sessions, request, &asked, offer);
}

/* Whether media has passed, so that there is something to go on with. */
static gboolean
has_begun (VgwHttpSession *session)
{
  switch (vgw_session_get_phase (session->session))
    {
    case VGW_PHASE_NEW:
    case VGW_PHASE_NEGOTIATING:
    case VGW_PHASE_CONNECTING:
      return FALSE;
    case VGW_PHASE_ACTIVE:
    case VGW_PHASE_DETACHED:
    case VGW_PHASE_RECOVERING:
    case VGW_PHASE_ENDING:
    case VGW_PHASE_ENDED:
      return TRUE;
    }
  return TRUE;
}

static gboolean
is_restart (JsonObject *body)
{
  JsonNode *node = vgw_json_get (body, "restart_pc");

  return node != NULL && JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_BOOLEAN
         && json_node_get_boolean (node);
}

/* What was kept for a client that was lost comes before its offer, and may end the session. */
static void
offer_again (VgwDoorPipecat *self, VgwHttpSession *session, VgwHttpRequest *request, const char *offer)
{
  g_autofree char *pc_id = g_strdup (session->name);

  if (session->data != NULL)
    vgw_pipecat_call_note_life (session->data);
  vgw_outbox_flush (vgw_session_get_outbox (session->session));
  session = vgw_http_sessions_find (self->sessions, pc_id);
  if (session != NULL)
    vgw_http_session_offer (session, request, offer);
  else
    reply_error (request, VGW_HTTP_STATUS_NOT_FOUND, CALL_IS_OVER);
}

/* For a new one in its place: it leaves the table at once, and is not counted any more when limits are checked. */
static void
end_now (VgwHttpSession *session)
{
  g_autoptr (VgwSession) held = g_object_ref (session->session); /* @session is freed at its end */

  vgw_session_end (held, VGW_END_CLIENT_BYE);
  vgw_outbox_flush (vgw_session_get_outbox (held));
}

/* An offer for the session of @pc_id. A call that has never been connected begins anew with its next connection: there
 * is no engine yet. */
static void
continue_session (VgwDoorPipecat *self, VgwHttpRequest *request, JsonObject *body, const char *pc_id, const char *offer)
{
  VgwHttpSession *session = find_session (self, request, pc_id);

  if (session == NULL)
    return;
  if (has_begun (session) || !is_restart (body))
    offer_again (self, session, request, offer);
  else
    {
      end_now (session);
      open_session (self, request, body, offer);
    }
}

static void
on_offer (VgwHttpRequest *request, gpointer user_data)
{
  VgwDoorPipecat *self = user_data;
  g_autoptr (JsonObject) body = read_body (request);
  const char *sdp = body != NULL ? vgw_json_get_string (body, "sdp") : NULL;
  const char *pc_id = body != NULL ? vgw_json_get_string (body, "pc_id") : NULL;

  if (body == NULL)
    return;
  if (sdp == NULL || g_strcmp0 (vgw_json_get_string (body, "type"), "offer") != 0)
    reply_error (request, VGW_HTTP_STATUS_BAD_REQUEST, "an offer has \"sdp\", and \"type\": \"offer\"");
  else if (pc_id != NULL)
    continue_session (self, request, body, pc_id, sdp);
  else
    open_session (self, request, body, sdp);
}

/* --- candidates --- */

/* One of the list; NULL where it is none. (transfer full) */
static VgwMessage *
read_candidate (JsonNode *node)
{
  JsonObject *object = node != NULL && JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
  const char *candidate = object != NULL ? vgw_json_get_string (object, "candidate") : NULL;

  if (candidate == NULL)
    return NULL;
  return vgw_message_new_candidate (candidate, vgw_json_get_string (object, "sdp_mid"),
                                    (int) vgw_json_get_int (object, "sdp_mline_index", 0, MAX_MLINE_INDEX, -1));
}

/* All of the list, or NULL where it is none, or has one that is none. (element-type VgwMessage) (transfer full) */
static GPtrArray *
read_candidates (JsonObject *body)
{
  JsonNode *node = vgw_json_get (body, "candidates");
  JsonArray *list = node != NULL && JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;
  g_autoptr (GPtrArray) messages = g_ptr_array_new_with_free_func ((GDestroyNotify) vgw_message_free);

  for (guint i = 0; list != NULL && i < json_array_get_length (list); i++)
    {
      VgwMessage *message = read_candidate (json_array_get_element (list, i));

      if (message == NULL)
        return NULL;
      g_ptr_array_add (messages, message);
    }
  return list != NULL ? g_steal_pointer (&messages) : NULL;
}

static void
on_candidates (VgwHttpRequest *request, gpointer user_data)
{
  VgwDoorPipecat *self = user_data;
  g_autoptr (JsonObject) body = read_body (request);
  g_autoptr (JsonObject) reply = json_object_new ();
  g_autoptr (GPtrArray) candidates = body != NULL ? read_candidates (body) : NULL;
  const char *pc_id = body != NULL ? vgw_json_get_string (body, "pc_id") : NULL;
  VgwHttpSession *session;

  if (body == NULL)
    return;
  if (candidates == NULL || pc_id == NULL)
    {
      reply_error (
          request, VGW_HTTP_STATUS_BAD_REQUEST,
          "candidates have a \"pc_id\", and \"candidates\": [{\"candidate\", \"sdp_mid\", \"sdp_mline_index\"}]");
      return;
    }
  session = find_session (self, request, pc_id);
  if (session == NULL)
    return;
  for (guint i = 0; i < candidates->len; i++)
    vgw_session_handle (session->session, candidates->pdata[i]);
  json_object_set_string_member (reply, "status", "success");
  vgw_door_reply_json (request, VGW_HTTP_STATUS_OK, reply);
}

/* --- /start and /status --- */

/* Whether the client may call as it will ask to, and there is room for its call. FALSE, and @request has its reply. */
static gboolean
check_start (VgwDoorPipecat *self, VgwHttpRequest *request, const char *query)
{
  g_autoptr (VgwGrant) grant = check_access (self, request, query);
  g_autoptr (GError) error = NULL;
  VgwRefusal refusal;

  if (grant == NULL)
    return FALSE;
  if (vgw_session_table_check (self->table, grant, &refusal, &error))
    return TRUE;
  reply_detail (request, vgw_door_prepare_refusal (request, refusal), error->message);
  return FALSE;
}

static void
on_start (VgwHttpRequest *request, gpointer user_data)
{
  VgwDoorPipecat *self = user_data;
  g_autoptr (GBytes) bytes = vgw_http_request_get_body (request);
  g_autoptr (JsonObject) body = g_bytes_get_size (bytes) > 0 ? read_body (request) : json_object_new ();
  g_autofree char *parameters = body != NULL ? read_parameters (request, vgw_json_get (body, "body")) : NULL;
  g_autofree char *query = parameters != NULL ? join_query (request, parameters) : NULL;
  g_autoptr (JsonObject) reply = json_object_new ();
  g_autoptr (GPtrArray) servers = NULL;
  const char *name;

  if (query == NULL || !check_start (self, request, query))
    return;
  name = vgw_pipecat_starts_add (self->starts, vgw_http_request_get_remote_address (request),
                                 g_steal_pointer (&parameters), g_get_monotonic_time ());
  servers = vgw_session_table_make_client_servers (self->table, name);
  json_object_set_string_member (reply, "sessionId", name);
  if (servers->len > 0)
    {
      JsonObject *config = json_object_new ();

      json_object_set_array_member (config, "iceServers", vgw_ice_servers_to_json (servers));
      json_object_set_object_member (reply, "iceConfig", config);
    }
  vgw_door_reply_json (request, VGW_HTTP_STATUS_OK, reply);
}

static void
on_status (VgwHttpRequest *request, gpointer user_data)
{
  vgw_http_request_reply (request, VGW_HTTP_STATUS_OK, VGW_HTTP_JSON,
                          "{\"status\":\"ready\",\"transports\":[\"webrtc\"]}");
}

/* --- public --- */

VgwDoorPipecat *
vgw_door_pipecat_new (VgwHttpServer *server, VgwAccess *access, VgwSessionTable *table, gsize max_body_bytes)
{
  const VgwHttpRoute routes[] = {
    { "/start", .post = on_start },
    { "/api/offer", .post = on_offer, .patch = on_candidates },
    { "/sessions/{name}/api/offer", .post = on_offer, .patch = on_candidates },
    { "/status", .get = on_status },
  };
  VgwDoorPipecat *self = g_new0 (VgwDoorPipecat, 1);

  self->sessions = vgw_http_sessions_new (access, table, &session_funcs, self);
  self->access = access;
  self->table = table;
  self->starts = vgw_pipecat_starts_new (vgw_session_table_get_node_ids (table));
  vgw_door_add_routes (server, routes, G_N_ELEMENTS (routes), max_body_bytes, EXPOSED_HEADERS, self);
  return self;
}

void
vgw_door_pipecat_free (VgwDoorPipecat *self)
{
  vgw_http_sessions_free (self->sessions);
  vgw_pipecat_starts_free (self->starts);
  g_free (self);
}
