#include "doors/vgw-rtvi.h"

#include <string.h>

#include "base/vgw-error.h"
#include "base/vgw-json.h"

#define LABEL "rtvi-ai"
#define PING "ping"
#define SIGNALLING "signalling"
#define KEYS "0123456789*#"
#define MAX_QUOTED_CHARS 64 /* of a type, in an error */

/* --- of the client --- */

static VgwRtviMessage *
message_new (VgwRtviType type, const char *id)
{
  VgwRtviMessage *message = g_new0 (VgwRtviMessage, 1);

  message->type = type;
  message->id = g_strdup (id);
  message->version_major = -1;
  return message;
}

void
vgw_rtvi_message_free (VgwRtviMessage *message)
{
  g_free (message->id);
  g_free (message->event_json);
  g_free (message->keys);
  g_free (message->problem);
  g_free (message);
}

/* @problem (transfer full) */
static VgwRtviMessage *
refuse (VgwRtviMessage *message, char *problem)
{
  message->type = VGW_RTVI_REFUSED;
  message->problem = problem;
  return message;
}

/* The member @name as an object, or NULL. (transfer none) */
static JsonObject *
get_object (JsonObject *object, const char *name)
{
  JsonNode *node = vgw_json_get (object, name);

  return node != NULL && JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
}

/* @is_set (out): whether there is a boolean of that name. */
static gboolean
get_boolean (JsonObject *object, const char *name, gboolean fallback, gboolean *is_set)
{
  JsonNode *node = object != NULL ? vgw_json_get (object, name) : NULL;

  *is_set = node != NULL && JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_BOOLEAN;
  return *is_set ? json_node_get_boolean (node) : fallback;
}

static void
read_client_ready (VgwRtviMessage *message, JsonObject *data)
{
  const char *version = data != NULL ? vgw_json_get_string (data, "version") : NULL;
  char *end = NULL;
  guint64 major = version != NULL && g_ascii_isdigit (*version) ? g_ascii_strtoull (version, &end, 10) : 0;

  if (end != NULL && *end == '.' && major <= G_MAXINT)
    message->version_major = (int) major;
}

static VgwRtviMessage *
read_client_message (VgwRtviMessage *message, JsonObject *data)
{
  const char *name = data != NULL ? vgw_json_get_string (data, "t") : NULL;
  JsonNode *value = data != NULL ? vgw_json_get (data, "d") : NULL;
  g_autoptr (JsonObject) event = NULL;

  if (name == NULL)
    return refuse (message, g_strdup ("client-message: data.t must be a string"));
  event = json_object_new ();
  json_object_set_string_member (event, "type", "client-message");
  json_object_set_string_member (event, "id", message->id);
  json_object_set_string_member (event, "t", name);
  if (value != NULL)
    json_object_set_member (event, "d", json_node_copy (value));
  message->event_json = vgw_json_object_to_text (event);
  return message;
}

static VgwRtviMessage *
read_send_text (VgwRtviMessage *message, JsonObject *data)
{
  const char *content = data != NULL ? vgw_json_get_string (data, "content") : NULL;
  JsonObject *options = data != NULL ? get_object (data, "options") : NULL;
  g_autoptr (JsonObject) event = NULL;
  gboolean has_audio_response, is_set;
  gboolean audio_response = get_boolean (options, "audio_response", TRUE, &has_audio_response);

  if (content == NULL)
    return refuse (message, g_strdup ("send-text: data.content must be a string"));
  message->run_immediately = get_boolean (options, "run_immediately", TRUE, &is_set);
  event = json_object_new ();
  json_object_set_string_member (event, "type", "text");
  json_object_set_string_member (event, "text", content);
  if (is_set)
    json_object_set_boolean_member (event, "run_immediately", message->run_immediately);
  if (has_audio_response)
    json_object_set_boolean_member (event, "audio_response", audio_response);
  message->event_json = vgw_json_object_to_text (event);
  return message;
}

/* One key of "buttons", or "button" of versions before 2.1; 0 for none. */
static char
read_key (JsonNode *node)
{
  const char *text = node != NULL && JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_STRING
                         ? json_node_get_string (node)
                         : "";

  return strlen (text) == 1 && strchr (KEYS, *text) != NULL ? *text : '\0';
}

static VgwRtviMessage *
read_dtmf (VgwRtviMessage *message, JsonObject *data)
{
  JsonNode *list = data != NULL ? vgw_json_get (data, "buttons") : NULL;
  JsonArray *buttons = list != NULL && JSON_NODE_HOLDS_ARRAY (list) ? json_node_get_array (list) : NULL;
  guint n_buttons = buttons != NULL ? json_array_get_length (buttons) : 0;
  g_autoptr (GString) keys = g_string_new (NULL);

  if (n_buttons > VGW_RTVI_MAX_KEYS)
    return refuse (message, g_strdup_printf ("dtmf: more than %d keys", VGW_RTVI_MAX_KEYS));
  if (buttons == NULL)
    g_string_append_c (keys, read_key (data != NULL ? vgw_json_get (data, "button") : NULL));
  for (guint i = 0; i < n_buttons; i++)
    g_string_append_c (keys, read_key (json_array_get_element (buttons, i)));
  if (keys->len == 0 || strlen (keys->str) < keys->len)
    return refuse (message, g_strdup ("dtmf: data.buttons must be a list of \"0\" to \"9\", \"*\" and \"#\""));
  message->keys = g_string_free (g_steal_pointer (&keys), FALSE);
  return message;
}

/* @type of an RTVI message. */
static VgwRtviMessage *
read_message (JsonObject *object, const char *type)
{
  const char *id = vgw_json_get_string (object, "id");
  JsonObject *data = get_object (object, "data");
  VgwRtviMessage *message =
      message_new (VGW_RTVI_REFUSED, id != NULL && strlen (id) <= VGW_RTVI_MAX_ID_BYTES ? id : "");

  if (strcmp (type, "client-ready") == 0)
    {
      message->type = VGW_RTVI_CLIENT_READY;
      read_client_ready (message, data);
      return message;
    }
  if (strcmp (type, "disconnect-bot") == 0)
    {
      message->type = VGW_RTVI_DISCONNECT_BOT;
      return message;
    }
  if (strcmp (type, "client-message") == 0)
    {
      message->type = VGW_RTVI_CLIENT_MESSAGE;
      return read_client_message (message, data);
    }
  if (strcmp (type, "send-text") == 0)
    {
      message->type = VGW_RTVI_SEND_TEXT;
      return read_send_text (message, data);
    }
  if (strcmp (type, "dtmf") == 0)
    {
      message->type = VGW_RTVI_DTMF;
      return read_dtmf (message, data);
    }
  return refuse (
      message,
      g_strdup_printf ("unsupported type \"%.*s\"",
                       (int) (g_utf8_offset_to_pointer (type, MIN (g_utf8_strlen (type, -1), MAX_QUOTED_CHARS)) - type),
                       type));
}

VgwRtviMessage *
vgw_rtvi_parse (const char *text, GError **error)
{
  g_autoptr (JsonObject) object = NULL;
  const char *type;

  if (g_str_has_prefix (text, PING))
    return message_new (VGW_RTVI_PING, "");
  object = vgw_json_parse_object (text, strlen (text), error);
  if (object == NULL)
    return NULL;
  type = vgw_json_get_string (object, "type");
  if (g_strcmp0 (type, SIGNALLING) == 0)
    return message_new (VGW_RTVI_SIGNALLING, "");
  if (type != NULL && g_strcmp0 (vgw_json_get_string (object, "label"), LABEL) == 0)
    return read_message (object, type);
  g_set_error_literal (error, VGW_ERROR, VGW_ERROR_BAD_MESSAGE,
                       "a message has \"label\": \"" LABEL "\" and a \"type\"");
  return NULL;
}

/* --- to the client --- */

/* @id (nullable), @data (nullable) (transfer full) */
static char *
write_message (const char *type, const char *id, JsonObject *data)
{
  g_autoptr (JsonObject) object = json_object_new ();

  json_object_set_string_member (object, "label", LABEL);
  json_object_set_string_member (object, "type", type);
  if (id != NULL)
    json_object_set_string_member (object, "id", id);
  if (data != NULL)
    json_object_set_object_member (object, "data", data);
  return vgw_json_object_to_text (object);
}

char *
vgw_rtvi_signal (const char *type)
{
  return write_message (type, NULL, NULL);
}

char *
vgw_rtvi_bot_ready (const char *id, const char *library_version)
{
  JsonObject *data = json_object_new ();
  JsonObject *about = json_object_new ();

  json_object_set_string_member (about, "library", "voice-gateway");
  json_object_set_string_member (about, "library_version", library_version);
  json_object_set_string_member (data, "version", VGW_RTVI_VERSION);
  json_object_set_object_member (data, "about", about);
  return write_message ("bot-ready", id, data);
}

char *
vgw_rtvi_error_response (const char *id, const char *error)
{
  JsonObject *data = json_object_new ();

  json_object_set_string_member (data, "error", error);
  return write_message ("error-response", id, data);
}

char *
vgw_rtvi_error (const char *error, gboolean is_fatal)
{
  JsonObject *data = json_object_new ();

  json_object_set_string_member (data, "error", error);
  json_object_set_string_member (data, "message", error); /* of clients before 1.0 */
  json_object_set_boolean_member (data, "fatal", is_fatal);
  return write_message ("error", NULL, data);
}

char *
vgw_rtvi_server_message (const char *json)
{
  JsonObject *data = vgw_json_parse_object (json, strlen (json), NULL);

  return data != NULL ? write_message ("server-message", NULL, data) : NULL;
}

char *
vgw_rtvi_user_transcription (const char *text, const char *user_id, const char *timestamp, gboolean is_final)
{
  JsonObject *data = json_object_new ();

  json_object_set_string_member (data, "text", text);
  json_object_set_string_member (data, "user_id", user_id);
  json_object_set_string_member (data, "timestamp", timestamp);
  json_object_set_boolean_member (data, "final", is_final);
  return write_message ("user-transcription", NULL, data);
}

char *
vgw_rtvi_bot_output (const char *text, guint segment_id, VgwRtviSpokenStatus status, gsize n_spoken_bytes)
{
  static const char *const names[] = {
    [VGW_RTVI_SPOKEN_NEW] = "new",
    [VGW_RTVI_SPOKEN_IN_PROGRESS] = "in-progress",
    [VGW_RTVI_SPOKEN_COMPLETED] = "completed",
  };
  JsonObject *data = json_object_new ();
  JsonObject *progress = json_object_new ();
  gsize n_spoken = status == VGW_RTVI_SPOKEN_NEW         ? 0
                   : status == VGW_RTVI_SPOKEN_COMPLETED ? strlen (text)
                                                         : n_spoken_bytes;
  g_autofree char *spoken = g_strndup (text, n_spoken);

  json_object_set_string_member (progress, "accumulated_text", spoken);
  json_object_set_string_member (progress, "remaining_text", text + n_spoken);
  json_object_set_string_member (data, "text", text);
  json_object_set_string_member (data, "aggregated_by", "sentence");
  json_object_set_int_member (data, "segment_id", segment_id);
  json_object_set_boolean_member (data, "will_be_spoken", TRUE);
  json_object_set_string_member (data, "spoken_status", names[status]);
  json_object_set_object_member (data, "spoken_progress", progress);
  return write_message ("bot-output", NULL, data);
}

char *
vgw_rtvi_bot_output_v1 (const char *text)
{
  JsonObject *data = json_object_new ();

  json_object_set_string_member (data, "text", text);
  json_object_set_boolean_member (data, "spoken", TRUE);
  json_object_set_string_member (data, "aggregated_by", "sentence");
  return write_message ("bot-output", NULL, data);
}

char *
vgw_rtvi_level (const char *type, double level)
{
  JsonObject *data = json_object_new ();

  json_object_set_double_member (data, "value", level);
  return write_message (type, NULL, data);
}

char *
vgw_rtvi_peer_left (void)
{
  return g_strdup ("{\"type\":\"" SIGNALLING "\",\"message\":{\"type\":\"peerLeft\"}}");
}

/* --- of the engine --- */

/* {"type":"server-response","id","t"?,"d"?} or {"type":"error-response","id","error"}; NULL where it has no id.
 * (transfer full) */
static char *
write_response (JsonObject *object, gboolean is_error)
{
  const char *id = vgw_json_get_string (object, "id");
  const char *text = vgw_json_get_string (object, is_error ? "error" : "t");
  JsonNode *value = vgw_json_get (object, "d");
  JsonObject *data;

  if (id == NULL)
    return NULL;
  if (is_error)
    return vgw_rtvi_error_response (id, text != NULL ? text : "refused by the bot");
  data = json_object_new ();
  json_object_set_string_member (data, "t", text != NULL ? text : "");
  if (value != NULL)
    json_object_set_member (data, "d", json_node_copy (value));
  return write_message ("server-response", id, data);
}

static void
read_transcript (VgwRtviEvent *event, JsonObject *object)
{
  const char *role = vgw_json_get_string (object, "role");
  const char *text = vgw_json_get_string (object, "text");
  gboolean is_set;

  if (text == NULL || (g_strcmp0 (role, "user") != 0 && g_strcmp0 (role, "bot") != 0))
    return;
  event->type = *role == 'u' ? VGW_RTVI_EVENT_USER_TRANSCRIPT : VGW_RTVI_EVENT_BOT_TRANSCRIPT;
  event->text = g_strdup (text);
  event->is_final = get_boolean (object, "final", TRUE, &is_set);
}

void
vgw_rtvi_event_read (VgwRtviEvent *event, const char *json)
{
  g_autoptr (JsonObject) object = vgw_json_parse_object (json, strlen (json), NULL);
  const char *type = object != NULL ? vgw_json_get_string (object, "type") : NULL;
  gboolean is_error = g_strcmp0 (type, "error-response") == 0;

  *event = (VgwRtviEvent){ .type = VGW_RTVI_EVENT_OTHER };
  if (g_strcmp0 (type, "transcript") == 0)
    read_transcript (event, object);
  else if (is_error || g_strcmp0 (type, "server-response") == 0)
    event->reply = write_response (object, is_error);
  if (event->reply != NULL)
    event->type = VGW_RTVI_EVENT_RESPONSE;
}

void
vgw_rtvi_event_clear (VgwRtviEvent *event)
{
  g_clear_pointer (&event->text, g_free);
  g_clear_pointer (&event->reply, g_free);
}
