#include "admin/vgw-admin-control.h"

#include <string.h>

#include "admin/vgw-admin-sessions.h"
#include "base/vgw-json.h"
#include "base/vgw-log.h"
#include "engine/vgw-engine.h"
#include "media/vgw-gst-debug.h"

#define MAX_EVENT_BODY_BYTES (VGW_EVENT_MAX_BYTES + 1024)
#define MAX_BODY_BYTES 4096

struct _VgwAdminControl
{
  VgwSessionTable *table;
  VgwAdminHistory *history;
  char *gst_debug; /* in effect, as in GST_DEBUG */
};

static void
refuse (VgwHttpRequest *request, guint status, const char *text)
{
  g_autofree char *line = g_strconcat (text, "\n", NULL);

  vgw_http_request_reply (request, status, VGW_HTTP_TEXT_PLAIN, line);
}

/* The body as a JSON object, or NULL where it has replied. (transfer full) */
static JsonObject *
read_body (VgwHttpRequest *request)
{
  g_autoptr (GBytes) body = vgw_http_request_get_body (request);
  g_autoptr (GError) error = NULL;
  gsize length = 0;
  const char *text = g_bytes_get_data (body, &length);
  JsonObject *object = vgw_json_parse_object (text != NULL ? text : "", length, &error);

  if (object == NULL)
    refuse (request, VGW_HTTP_STATUS_BAD_REQUEST, error->message);
  return object;
}

/* The session of the path, or NULL where it has replied. (transfer none) */
static VgwSession *
find_session (VgwAdminControl *self, VgwHttpRequest *request)
{
  VgwSession *session = vgw_session_table_find (self->table, vgw_http_request_get_capture (request, 0));

  if (session == NULL)
    refuse (request, VGW_HTTP_STATUS_NOT_FOUND, "no such session");
  return session;
}

/* --- sessions --- */

static void
serve_session (VgwHttpRequest *request, gpointer user_data)
{
  VgwAdminControl *self = user_data;
  VgwSession *session = find_session (self, request);
  g_autofree char *json = NULL;

  if (session == NULL)
    return;
  json = vgw_admin_session_to_json (session, vgw_admin_history_find (self->history, vgw_session_get_id (session)));
  vgw_http_request_reply (request, VGW_HTTP_STATUS_OK, VGW_HTTP_JSON, json);
}

static void
hang_up (VgwHttpRequest *request, gpointer user_data)
{
  VgwSession *session = find_session (user_data, request);

  if (session == NULL)
    return;
  vgw_warning (vgw_session_get_id (session), "admin: hung up by %s", vgw_http_request_get_remote_address (request));
  vgw_session_end (session, VGW_END_OPERATOR);
  vgw_http_request_reply_bytes (request, VGW_HTTP_STATUS_NO_CONTENT, NULL, NULL);
}

/* FALSE where the engine is not running. */
static gboolean
send_to_bot (VgwSession *session, const char *json)
{
  VgwEngine *engine = vgw_conversation_get_engine (vgw_session_get_conversation (session));
  VgwSessionPhase phase = vgw_session_get_phase (session);

  if (engine == NULL || (phase != VGW_PHASE_ACTIVE && phase != VGW_PHASE_DETACHED && phase != VGW_PHASE_RECOVERING))
    return FALSE;
  vgw_engine_send (engine, &(VgwEngineInput){ VGW_ENGINE_INPUT_EVENT, .json = json });
  return TRUE;
}

/* {"to": "client" or "bot", "event": {…}} */
static void
send_event (VgwHttpRequest *request, gpointer user_data)
{
  VgwSession *session = find_session (user_data, request);
  g_autoptr (JsonObject) body = session != NULL ? read_body (request) : NULL;
  const char *to = body != NULL ? vgw_json_get_string (body, "to") : NULL;
  JsonNode *event = body != NULL ? vgw_json_get (body, "event") : NULL;
  gboolean is_to_client = g_strcmp0 (to, "client") == 0;
  g_autofree char *json = NULL;

  if (body == NULL)
    return;
  if ((!is_to_client && g_strcmp0 (to, "bot") != 0) || event == NULL || !JSON_NODE_HOLDS_OBJECT (event))
    {
      refuse (request, VGW_HTTP_STATUS_BAD_REQUEST, "the body is {\"to\": \"client\" or \"bot\", \"event\": {…}}");
      return;
    }
  json = vgw_json_to_text (event);
  if (strlen (json) > VGW_EVENT_MAX_BYTES)
    refuse (request, VGW_HTTP_STATUS_CONTENT_TOO_LARGE, "the event is too large");
  else if (is_to_client && !vgw_session_send_event (session, json))
    refuse (request, VGW_HTTP_STATUS_CONFLICT,
            "the client gets no event: its door has none, too much waits for it, or the call has ended");
  else if (!is_to_client && !send_to_bot (session, json))
    refuse (request, VGW_HTTP_STATUS_CONFLICT, "the bot gets no event: it is not running");
  else
    {
      vgw_info (vgw_session_get_id (session), "admin: %s has sent an event of %zu bytes to the %s",
                vgw_http_request_get_remote_address (request), strlen (json), to);
      vgw_http_request_reply_bytes (request, VGW_HTTP_STATUS_NO_CONTENT, NULL, NULL);
    }
}

/* --- the log --- */

static void
reply_with_log (VgwAdminControl *self, VgwHttpRequest *request)
{
  g_autoptr (JsonObject) object = json_object_new ();
  g_autofree char *json = NULL;

  json_object_set_string_member (object, "level", vgw_log_level_to_string (vgw_log_get_level ()));
  json_object_set_string_member (object, "gst_debug", self->gst_debug);
  json = vgw_json_object_to_text (object);
  vgw_http_request_reply (request, VGW_HTTP_STATUS_OK, VGW_HTTP_JSON, json);
}

static void
serve_log (VgwHttpRequest *request, gpointer user_data)
{
  reply_with_log (user_data, request);
}

/* {"level": …, "gst_debug": …}, one of them or both: all, or nothing. */
static void
set_log (VgwHttpRequest *request, gpointer user_data)
{
  VgwAdminControl *self = user_data;
  g_autoptr (JsonObject) body = read_body (request);
  const char *level_name = body != NULL ? vgw_json_get_string (body, "level") : NULL;
  const char *gst_debug = body != NULL ? vgw_json_get_string (body, "gst_debug") : NULL;
  g_autofree char *in_effect = NULL;
  g_autoptr (GError) error = NULL;
  GLogLevelFlags level = 0;

  if (body == NULL)
    return;
  if (json_object_get_size (body) != (level_name != NULL) + (guint) (gst_debug != NULL)
      || (level_name == NULL && gst_debug == NULL)
      || (level_name != NULL && !vgw_log_level_from_string (level_name, &level)))
    {
      refuse (request, VGW_HTTP_STATUS_BAD_REQUEST,
              "the body is {\"level\": \"debug\", \"info\", \"warning\" or \"error\", \"gst_debug\": "
              "\"CATEGORY:LEVEL,…\"}, "
              "or one of the two");
      return;
    }
  if (gst_debug != NULL)
    in_effect = vgw_gst_debug_set (gst_debug, &error);
  if (error != NULL)
    {
      refuse (request, VGW_HTTP_STATUS_BAD_REQUEST, error->message);
      return;
    }
  if (in_effect != NULL)
    {
      g_free (self->gst_debug);
      self->gst_debug = g_steal_pointer (&in_effect);
    }
  if (level_name != NULL)
    vgw_log_set_level (level);
  vgw_warning (NULL, "admin: %s has set the log: level=%s gst_debug=\"%s\"",
               vgw_http_request_get_remote_address (request), vgw_log_level_to_string (vgw_log_get_level ()),
               self->gst_debug);
  reply_with_log (self, request);
}

/* --- drain --- */

static void
set_drain (VgwAdminControl *self, VgwHttpRequest *request, gboolean is_draining)
{
  g_autofree char *json = NULL;

  vgw_session_table_hold (self->table, is_draining);
  if (!is_draining && vgw_session_table_get_state (self->table) != VGW_SESSION_TABLE_OPEN)
    {
      refuse (request, VGW_HTTP_STATUS_CONFLICT, "the gateway is shutting down");
      return;
    }
  vgw_warning (NULL, "admin: %s %s; sessions=%u", vgw_http_request_get_remote_address (request),
               is_draining ? "drains the gateway: new sessions are refused" : "has ended the draining",
               vgw_session_table_count (self->table));
  json = g_strdup_printf ("{\"state\":\"%s\",\"sessions\":%u}",
                          vgw_session_table_state_to_string (vgw_session_table_get_state (self->table)),
                          vgw_session_table_count (self->table));
  vgw_http_request_reply (request, VGW_HTTP_STATUS_OK, VGW_HTTP_JSON, json);
}

static void
start_drain (VgwHttpRequest *request, gpointer user_data)
{
  set_drain (user_data, request, TRUE);
}

static void
end_drain (VgwHttpRequest *request, gpointer user_data)
{
  set_drain (user_data, request, FALSE);
}

static const VgwHttpRoute routes[] = {
  { "/sessions/{id}", .get = serve_session, .delete = hang_up },
  { "/sessions/{id}/events", .post = send_event, .max_body_bytes = MAX_EVENT_BODY_BYTES },
  { "/log", .get = serve_log, .put = set_log, .max_body_bytes = MAX_BODY_BYTES },
  { "/drain", .post = start_drain, .delete = end_drain, .max_body_bytes = MAX_BODY_BYTES },
};

VgwAdminControl *
vgw_admin_control_new (VgwHttpServer *server, VgwSessionTable *table, VgwAdminHistory *history)
{
  VgwAdminControl *self = g_new0 (VgwAdminControl, 1);
  const char *gst_debug = g_getenv ("GST_DEBUG");

  self->table = table;
  self->history = history;
  self->gst_debug = g_strdup (gst_debug != NULL ? gst_debug : "");
  for (gsize i = 0; i < G_N_ELEMENTS (routes); i++)
    vgw_http_server_add_route (server, &routes[i], self);
  return self;
}

void
vgw_admin_control_free (VgwAdminControl *self)
{
  if (self == NULL)
    return;
  g_free (self->gst_debug);
  g_free (self);
}
