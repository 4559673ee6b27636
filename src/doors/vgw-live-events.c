#include "doors/vgw-live-events.h"

#include <string.h>

#include "base/vgw-error.h"
#include "base/vgw-json.h"

#define MAX_ALLOWED 64          /* types in a list */
#define MAX_SHOWN_TYPE_BYTES 64 /* in an error */
#define INPUT_TRANSCRIPT "session.input_transcript.delta"
#define OUTPUT_TRANSCRIPT "session.output_transcript.delta"

/* --- limits --- */

static gboolean
read_list (JsonObject *object, const char *name, char ***list, GError **error)
{
  JsonNode *node = vgw_json_get (object, name);
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  JsonArray *array = node != NULL && JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;
  guint n = array != NULL ? json_array_get_length (array) : 0;
  gboolean is_good = array != NULL && n <= MAX_ALLOWED;

  if (node == NULL || g_strcmp0 (vgw_json_get_string (object, name), "all") == 0)
    return TRUE;
  for (guint i = 0; is_good && i < n; i++)
    {
      JsonNode *item = json_array_get_element (array, i);

      is_good = json_node_get_value_type (item) == G_TYPE_STRING;
      if (is_good)
        g_strv_builder_add (builder, json_node_get_string (item));
    }
  if (is_good)
    *list = g_strv_builder_end (builder);
  else
    g_set_error (error, VGW_ERROR, VGW_ERROR_BAD_MESSAGE,
                 "client.data_channel.%s must be \"all\" or a list of at most %d types", name, MAX_ALLOWED);
  return is_good;
}

gboolean
vgw_live_limits_read (VgwLiveLimits *self, JsonObject *client, GError **error)
{
  JsonNode *node = client != NULL ? vgw_json_get (client, "data_channel") : NULL;

  *self = (VgwLiveLimits){ NULL, NULL };
  if (node == NULL)
    return TRUE;
  if (!JSON_NODE_HOLDS_OBJECT (node))
    {
      g_set_error_literal (error, VGW_ERROR, VGW_ERROR_BAD_MESSAGE, "client.data_channel must be an object");
      return FALSE;
    }
  return read_list (json_node_get_object (node), "allowed_client_events", &self->client_events, error)
         && read_list (json_node_get_object (node), "allowed_server_events", &self->server_events, error);
}

void
vgw_live_limits_clear (VgwLiveLimits *self)
{
  g_clear_pointer (&self->client_events, g_strfreev);
  g_clear_pointer (&self->server_events, g_strfreev);
}

gboolean
vgw_live_limits_allow_server (const VgwLiveLimits *self, const char *type)
{
  return self->server_events == NULL || g_str_equal (type, "session.started") || g_str_equal (type, "error")
         || g_strv_contains ((const char *const *) self->server_events, type);
}

gboolean
vgw_live_limits_allow_client (const VgwLiveLimits *self, const char *type)
{
  return self->client_events == NULL || g_strv_contains ((const char *const *) self->client_events, type);
}

/* --- events --- */

static JsonObject *
new_event (const char *type)
{
  JsonObject *event = json_object_new ();

  json_object_set_string_member (event, "type", type);
  return event;
}

char *
vgw_live_make_started (const char *id, const char *engine)
{
  g_autoptr (JsonObject) event = new_event ("session.started");
  JsonObject *session = json_object_new ();

  json_object_set_string_member (session, "id", id);
  json_object_set_string_member (session, "model", engine);
  json_object_set_string_member (session, "status", "active");
  json_object_set_object_member (event, "session", session);
  return vgw_json_object_to_text (event);
}

static const char *
describe_end (const char *reason, gboolean is_requested)
{
  if (g_str_equal (reason, vgw_end_reason_to_string (VGW_END_CLIENT_BYE)))
    return is_requested ? "close_requested" : "remote_hangup";
  if (g_str_equal (reason, vgw_end_reason_to_string (VGW_END_ENGINE)))
    return "close_requested";
  if (g_str_equal (reason, vgw_end_reason_to_string (VGW_END_MAX_DURATION))
      || g_str_equal (reason, vgw_end_reason_to_string (VGW_END_SHUTDOWN)))
    return "expired";
  return "connection_lost";
}

char *
vgw_live_make_closed (const char *reason, gboolean is_requested, guint64 usage_s)
{
  g_autoptr (JsonObject) event = new_event ("session.closed");
  JsonObject *usage = json_object_new ();

  json_object_set_string_member (event, "reason", describe_end (reason, is_requested));
  json_object_set_int_member (usage, "seconds", (gint64) usage_s);
  json_object_set_object_member (event, "usage", usage);
  return vgw_json_object_to_text (event);
}

char *
vgw_live_make_error (const char *code, const char *message, const char *client_event_id)
{
  g_autoptr (JsonObject) event = new_event ("error");
  JsonObject *error = json_object_new ();

  json_object_set_string_member (error, "type", "invalid_request_error");
  json_object_set_string_member (error, "code", code);
  json_object_set_string_member (error, "message", message);
  if (client_event_id != NULL)
    json_object_set_string_member (error, "client_event_id", client_event_id);
  json_object_set_object_member (event, "error", error);
  return vgw_json_object_to_text (event);
}

/* Of base64 and numbers: nothing in it is to be escaped. */
char *
vgw_live_make_input_audio (const GByteArray *pcm)
{
  g_autofree char *text = g_base64_encode (pcm->data, pcm->len);

  return g_strdup_printf ("{\"type\":\"session.input_audio.append\",\"audio\":\"%s\"}", text);
}

char *
vgw_live_make_output_audio (const GByteArray *pcm, guint64 start_ms, guint64 end_ms)
{
  g_autofree char *text = g_base64_encode (pcm->data, pcm->len);

  return g_strdup_printf ("{\"type\":\"session.output_audio.delta\",\"delta\":\"%s\",\"start_ms\":%" G_GUINT64_FORMAT
                          ",\"end_ms\":%" G_GUINT64_FORMAT "}",
                          text, start_ms, end_ms);
}

/* --- transcripts --- */

void
vgw_live_transcripts_clear (VgwLiveTranscripts *self)
{
  if (self->input_partial != NULL)
    g_string_free (self->input_partial, TRUE);
  self->input_partial = NULL;
}

static char *
make_transcript (const char *type, const char *delta, guint64 start_ms, guint64 end_ms)
{
  g_autoptr (JsonObject) event = new_event (type);

  json_object_set_string_member (event, "delta", delta);
  json_object_set_int_member (event, "start_ms", (gint64) MIN (start_ms, end_ms));
  json_object_set_int_member (event, "end_ms", (gint64) end_ms);
  return vgw_json_object_to_text (event);
}

/* A transcript that replaces the one before is sent as what it adds; where it changes that, when it is final. */
static char *
handle_input (VgwLiveTranscripts *self, const char *text, gboolean is_final, guint64 now_ms)
{
  const char *sent = self->input_partial != NULL ? self->input_partial->str : "";
  gboolean is_longer = g_str_has_prefix (text, sent);
  const char *delta = is_longer ? text + strlen (sent) : text;
  char *event = NULL;

  if (*delta != '\0' && (is_longer || is_final))
    event = make_transcript (INPUT_TRANSCRIPT, delta, self->input_start_ms, now_ms);
  if (is_final)
    vgw_live_transcripts_clear (self);
  else if (is_longer)
    {
      vgw_live_transcripts_clear (self);
      self->input_partial = g_string_new (text);
    }
  return event;
}

static char *
handle_engine_event (VgwLiveTranscripts *self, const VgwMoment *moment, guint64 now_ms, const char **type)
{
  g_autoptr (JsonObject) object = vgw_json_parse_object (moment->json, strlen (moment->json), NULL);
  gboolean is_heard = moment->type == VGW_MOMENT_ENGINE_HEARD;
  const char *text = object != NULL ? vgw_json_get_string (object, "text") : NULL;
  const char *role = object != NULL ? vgw_json_get_string (object, "role") : NULL;
  JsonNode *final = object != NULL ? vgw_json_get (object, "final") : NULL;
  gboolean is_final =
      final == NULL || json_node_get_value_type (final) != G_TYPE_BOOLEAN || json_node_get_boolean (final);
  char *event;

  if (text == NULL || role == NULL || g_strcmp0 (vgw_json_get_string (object, "type"), "transcript") != 0)
    return NULL;
  if (!is_heard && g_str_equal (role, "user"))
    {
      *type = INPUT_TRANSCRIPT;
      return handle_input (self, text, is_final, now_ms);
    }
  if (!is_heard || moment->is_lost || !is_final || !g_str_equal (role, "bot"))
    return NULL;
  *type = OUTPUT_TRANSCRIPT;
  event = make_transcript (OUTPUT_TRANSCRIPT, text, self->output_start_ms, now_ms);
  self->output_start_ms = now_ms;
  return event;
}

char *
vgw_live_handle_moment (VgwLiveTranscripts *self, const VgwMoment *moment, guint64 now_ms, const char **type)
{
  switch (moment->type)
    {
    case VGW_MOMENT_ENGINE_EVENT:
    case VGW_MOMENT_ENGINE_HEARD:
      return handle_engine_event (self, moment, now_ms, type);
    case VGW_MOMENT_CALLER_STARTED:
      self->input_start_ms = now_ms;
      break;
    case VGW_MOMENT_BOT_STARTED:
      self->output_start_ms = now_ms;
      break;
    case VGW_MOMENT_CHANNEL_OPEN:
    case VGW_MOMENT_CLIENT_TEXT:
    case VGW_MOMENT_ENGINE_STARTED:
    case VGW_MOMENT_NOTICE:
    case VGW_MOMENT_HUNG_UP:
    case VGW_MOMENT_CALLER_STOPPED:
    case VGW_MOMENT_BOT_STOPPED:
    case VGW_MOMENT_BOT_CLEARED:
      break;
    }
  return NULL;
}

/* --- messages --- */

void
vgw_live_action_clear (VgwLiveAction *self)
{
  g_free (self->event_type);
  g_free (self->event_id);
  g_free (self->for_engine);
  g_free (self->message);
}

static void
refuse (VgwLiveAction *action, const char *code, char *message)
{
  action->type = VGW_LIVE_REFUSE;
  action->code = code;
  action->message = message;
}

/* An engine may read names without regard to case, and the last of several: there is one type, which was allowed. */
static void
set_type (JsonObject *object, const char *type)
{
  g_autoptr (GList) names = json_object_get_members (object);

  for (GList *at = names; at != NULL; at = at->next)
    if (g_ascii_strcasecmp (at->data, "type") == 0 && !g_str_equal (at->data, "type"))
      json_object_remove_member (object, at->data);
  json_object_set_string_member (object, "type", type);
}

/* What is to be spoken is a text to any engine; the rest is for an engine that knows this protocol. */
static void
read_known (JsonObject *object, VgwLiveAction *action)
{
  const char *type = action->event_type;
  const char *content = vgw_json_get_string (object, "content");

  if (g_str_equal (type, "session.close"))
    action->type = VGW_LIVE_CLOSE;
  else if (g_str_equal (type, "session.commentary.append") && content != NULL)
    {
      g_autoptr (JsonObject) event = new_event ("text");

      json_object_set_string_member (event, "text", content);
      action->for_engine = vgw_json_object_to_text (event);
    }
  else if (g_str_equal (type, "session.commentary.append"))
    refuse (action, "invalid_value", g_strdup ("content must be a string"));
  else if (g_str_equal (type, "session.instructions.append") || g_str_equal (type, "session.thinking.append")
           || g_str_equal (type, "response.item.create") || g_str_equal (type, "response.create")
           || g_str_equal (type, "session.update"))
    {
      set_type (object, type);
      action->for_engine = vgw_json_object_to_text (object);
    }
  else
    {
      g_autofree char *valid = g_utf8_make_valid (type, (gssize) strnlen (type, MAX_SHOWN_TYPE_BYTES));

      refuse (action, "unsupported_event", g_strdup_printf ("the gateway does not handle \"%s\"", valid));
    }
}

void
vgw_live_read_message (const char *text, gsize length, VgwLiveAction *action)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonObject) object = vgw_json_parse_object (text, length, &error);

  *action = (VgwLiveAction){ .type = VGW_LIVE_PASS };
  if (object == NULL)
    {
      refuse (action, "invalid_json", g_strdup (error->message));
      return;
    }
  action->event_type = g_strdup (vgw_json_get_string (object, "type"));
  action->event_id = g_strdup (vgw_json_get_string (object, "event_id"));
  if (action->event_type != NULL)
    read_known (object, action);
  else
    refuse (action, "invalid_value", g_strdup ("type must be a string"));
}
