/* Text -> VgwMessage. Everything here may come from anybody. */
#include "signaling/vgw-message.h"

#include <string.h>

#include "base/vgw-error.h"
#include "base/vgw-json.h"

#define MAX_NAME_CHARS 64                       /* of an unknown type; it goes into one log line */
#define MAX_ICE_SERVERS 32                      /* urls in one `session` message, all entries together */
#define MAX_ENGINES 100                         /* names in one `session` message */
#define MAX_COUNT (G_GINT64_CONSTANT (1) << 53) /* integers that every reader of JSON has */
#define MAX_MLINE_INDEX 65535                   /* RTCIceCandidateInit.sdpMLineIndex is an unsigned short */

/* The member as a string; an absent or null one gives NULL and succeeds. */
static gboolean
read_string (JsonObject *payload, const char *name, char **value, GError **error)
{
  JsonNode *node = vgw_json_get (payload, name);

  *value = NULL;
  if (node == NULL || JSON_NODE_HOLDS_NULL (node))
    return TRUE;
  if (!JSON_NODE_HOLDS_VALUE (node) || json_node_get_value_type (node) != G_TYPE_STRING)
    {
      g_set_error (error, VGW_ERROR, VGW_ERROR_BAD_MESSAGE, "\"%s\" must be a string", name);
      return FALSE;
    }
  *value = g_strdup (json_node_get_string (node));
  return TRUE;
}

static gboolean
read_required_string (JsonObject *payload, const char *name, char **value, GError **error)
{
  if (!read_string (payload, name, value, error))
    return FALSE;
  if (*value != NULL && **value != '\0')
    return TRUE;
  g_clear_pointer (value, g_free);
  g_set_error (error, VGW_ERROR, VGW_ERROR_BAD_MESSAGE, "\"%s\" is missing or empty", name);
  return FALSE;
}

/* No line breaks, no other control characters: it ends up in one line of SDP, or is compared with one. */
static gboolean
is_token (const char *text)
{
  for (; *text != '\0'; text++)
    if (g_ascii_iscntrl (*text))
      return FALSE;
  return TRUE;
}

static gboolean
read_token (JsonObject *payload, const char *name, char **value, GError **error)
{
  if (!read_string (payload, name, value, error))
    return FALSE;
  if (*value == NULL || is_token (*value))
    return TRUE;
  g_clear_pointer (value, g_free);
  g_set_error (error, VGW_ERROR, VGW_ERROR_BAD_MESSAGE, "\"%s\" has a control character", name);
  return FALSE;
}

/* An integer of [0, max]; an absent or null one gives @fallback and succeeds. */
static gboolean
read_int (JsonObject *payload, const char *name, gint64 max, gint64 fallback, gint64 *value, GError **error)
{
  JsonNode *node = vgw_json_get (payload, name);

  *value = fallback;
  if (node == NULL || JSON_NODE_HOLDS_NULL (node))
    return TRUE;
  *value = vgw_json_get_int (payload, name, 0, max, -1);
  if (*value >= 0)
    return TRUE;
  *value = fallback;
  g_set_error (error, VGW_ERROR, VGW_ERROR_BAD_MESSAGE, "\"%s\" must be an integer from 0 to %" G_GINT64_FORMAT, name,
               max);
  return FALSE;
}

static gboolean
read_uint (JsonObject *payload, const char *name, guint *value, GError **error)
{
  gint64 number;

  if (!read_int (payload, name, G_MAXUINT32, 0, &number, error))
    return FALSE;
  *value = (guint) number;
  return TRUE;
}

static gboolean
read_boolean (JsonObject *payload, const char *name, gboolean *value, GError **error)
{
  JsonNode *node = vgw_json_get (payload, name);

  *value = FALSE;
  if (node == NULL || JSON_NODE_HOLDS_NULL (node))
    return TRUE;
  if (!JSON_NODE_HOLDS_VALUE (node) || json_node_get_value_type (node) != G_TYPE_BOOLEAN)
    {
      g_set_error (error, VGW_ERROR, VGW_ERROR_BAD_MESSAGE, "\"%s\" must be true or false", name);
      return FALSE;
    }
  *value = json_node_get_boolean (node);
  return TRUE;
}

static gboolean
parse_sdp (VgwMessage *message, JsonObject *payload, GError **error)
{
  const char *inner_type = vgw_json_get_string (payload, "type"); /* "OFFER" of Android; a number of Unity is none */

  if (!read_required_string (payload, "sdp", &message->sdp, error))
    return FALSE;
  if (inner_type == NULL || g_ascii_strcasecmp (inner_type, vgw_message_type_to_string (message->type)) == 0)
    return TRUE;
  g_set_error_literal (error, VGW_ERROR, VGW_ERROR_BAD_MESSAGE, "the type inside the payload is another one");
  return FALSE;
}

/* The candidate is a line of SDP where a client cut it out of its description: "a=candidate:…\r\n". */
static gboolean
read_candidate (JsonObject *payload, char **value, GError **error)
{
  g_autofree char *line = NULL;
  const char *text;

  if (!read_string (payload, "candidate", &line, error))
    return FALSE;
  *value = NULL;
  if (line == NULL)
    return TRUE;
  text = g_strstrip (line);
  if (g_str_has_prefix (text, "a="))
    text += strlen ("a=");
  if (!is_token (text))
    {
      g_set_error_literal (error, VGW_ERROR, VGW_ERROR_BAD_MESSAGE, "\"candidate\" has a control character");
      return FALSE;
    }
  *value = g_strdup (text);
  return TRUE;
}

/* An absent `candidate` is an empty one, as in RTCIceCandidateInit: it ends the candidates. */
static gboolean
parse_candidate (VgwMessage *message, JsonObject *payload, GError **error)
{
  gint64 index;

  if (!read_candidate (payload, &message->candidate, error) || !read_token (payload, "sdpMid", &message->sdp_mid, error)
      || !read_token (payload, "usernameFragment", &message->username_fragment, error)
      || !read_int (payload, "sdpMLineIndex", MAX_MLINE_INDEX, -1, &index, error))
    return FALSE;
  message->sdp_mline_index = (int) index;
  return TRUE;
}

static gboolean
add_ice_url (GPtrArray *servers, JsonNode *url, const char *username, const char *credential, GError **error)
{
  if (!JSON_NODE_HOLDS_VALUE (url) || json_node_get_value_type (url) != G_TYPE_STRING)
    {
      g_set_error_literal (error, VGW_ERROR, VGW_ERROR_BAD_MESSAGE, "\"urls\" must hold strings");
      return FALSE;
    }
  if (servers->len >= MAX_ICE_SERVERS)
    {
      g_set_error (error, VGW_ERROR, VGW_ERROR_TOO_LARGE, "more than %d ICE servers", MAX_ICE_SERVERS);
      return FALSE;
    }
  g_ptr_array_add (servers, vgw_ice_server_new (json_node_get_string (url), username, credential));
  return TRUE;
}

/* One RTCIceServer: `urls` is a string or a list of them; each url becomes a VgwIceServer of its own. */
static gboolean
parse_ice_server (GPtrArray *servers, JsonObject *entry, GError **error)
{
  JsonNode *urls = vgw_json_get (entry, "urls");
  g_autofree char *username = NULL;
  g_autofree char *credential = NULL;
  JsonArray *list;

  if (!read_string (entry, "username", &username, error) || !read_string (entry, "credential", &credential, error))
    return FALSE;
  if (urls == NULL)
    {
      g_set_error_literal (error, VGW_ERROR, VGW_ERROR_BAD_MESSAGE, "an ICE server without \"urls\"");
      return FALSE;
    }
  if (!JSON_NODE_HOLDS_ARRAY (urls))
    return add_ice_url (servers, urls, username, credential, error);

  list = json_node_get_array (urls);
  for (guint i = 0; i < json_array_get_length (list); i++)
    if (!add_ice_url (servers, json_array_get_element (list, i), username, credential, error))
      return FALSE;
  return TRUE;
}

static gboolean
parse_ice_servers (VgwMessage *message, JsonObject *payload, GError **error)
{
  JsonNode *node = vgw_json_get (payload, "iceServers");
  JsonArray *list = node != NULL && JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;

  if (node == NULL || JSON_NODE_HOLDS_NULL (node))
    return TRUE;
  message->ice_servers = g_ptr_array_new_with_free_func ((GDestroyNotify) vgw_ice_server_free);
  for (guint i = 0; list != NULL && i < json_array_get_length (list); i++)
    {
      JsonNode *entry = json_array_get_element (list, i);

      if (!JSON_NODE_HOLDS_OBJECT (entry))
        list = NULL;
      else if (!parse_ice_server (message->ice_servers, json_node_get_object (entry), error))
        return FALSE;
    }
  if (list == NULL)
    g_set_error_literal (error, VGW_ERROR, VGW_ERROR_BAD_MESSAGE, "\"iceServers\" must be a list of objects");
  return list != NULL;
}

static gboolean
parse_engines (VgwMessage *message, JsonObject *payload, GError **error)
{
  JsonNode *node = vgw_json_get (payload, "engines");
  JsonArray *list = node != NULL && JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;
  guint n = list != NULL ? json_array_get_length (list) : 0;
  gboolean is_good = list != NULL && n <= MAX_ENGINES;

  if (node == NULL || JSON_NODE_HOLDS_NULL (node))
    return TRUE;
  message->engines = g_new0 (char *, MAX_ENGINES + 1);
  for (guint i = 0; is_good && i < n; i++)
    {
      JsonNode *name = json_array_get_element (list, i);

      is_good = JSON_NODE_HOLDS_VALUE (name) && json_node_get_value_type (name) == G_TYPE_STRING;
      message->engines[i] = is_good ? g_strdup (json_node_get_string (name)) : NULL;
    }
  if (!is_good)
    g_set_error (error, VGW_ERROR, VGW_ERROR_BAD_MESSAGE, "\"engines\" must be a list of at most %d strings",
                 MAX_ENGINES);
  return is_good;
}

static gboolean
parse_session (VgwMessage *message, JsonObject *payload, GError **error)
{
  JsonNode *limits = vgw_json_get (payload, "limits");
  JsonObject *object;
  gint64 n_missed;

  if (!read_required_string (payload, "id", &message->session_id, error)
      || !read_string (payload, "resumeToken", &message->resume_token, error)
      || !read_boolean (payload, "resumed", &message->is_resumed, error)
      || !read_int (payload, "missed", MAX_COUNT, 0, &n_missed, error)
      || !read_string (payload, "engine", &message->engine, error) || !parse_engines (message, payload, error)
      || !parse_ice_servers (message, payload, error))
    return FALSE;
  message->n_missed = (guint64) n_missed;
  if (limits == NULL || JSON_NODE_HOLDS_NULL (limits))
    return TRUE;
  if (!JSON_NODE_HOLDS_OBJECT (limits))
    {
      g_set_error_literal (error, VGW_ERROR, VGW_ERROR_BAD_MESSAGE, "\"limits\" must be an object");
      return FALSE;
    }
  object = json_node_get_object (limits);
  return read_uint (object, "maxMessageBytes", &message->limits.max_message_bytes, error)
         && read_uint (object, "maxCandidates", &message->limits.max_candidates, error)
         && read_uint (object, "maxDataChannels", &message->limits.max_data_channels, error)
         && read_uint (object, "maxDurationS", &message->limits.max_duration_s, error);
}

static gboolean
parse_state (VgwMessage *message, JsonObject *payload, GError **error)
{
  return read_required_string (payload, "state", &message->name, error)
         && read_string (payload, "reason", &message->reason, error);
}

static gboolean
parse_track (VgwMessage *message, JsonObject *payload, GError **error)
{
  return read_required_string (payload, "kind", &message->kind, error)
         && read_string (payload, "codec", &message->codec, error)
         && read_string (payload, "mid", &message->sdp_mid, error)
         && read_uint (payload, "clockRate", &message->clock_rate_hz, error)
         && read_uint (payload, "ssrc", &message->ssrc, error);
}

/* A code that this build does not know yet reads as internal. */
static int
error_code_from_string (const char *name)
{
  for (int code = VGW_ERROR_BAD_MESSAGE; code <= VGW_ERROR_INTERNAL; code++)
    if (strcmp (vgw_error_code_to_string (code), name) == 0)
      return code;
  return VGW_ERROR_INTERNAL;
}

static gboolean
parse_error (VgwMessage *message, JsonObject *payload, GError **error)
{
  g_autofree char *code = NULL;

  if (!read_required_string (payload, "code", &code, error)
      || !read_string (payload, "message", &message->error_message, error)
      || !read_boolean (payload, "fatal", &message->is_fatal, error)
      || !read_string (payload, "about", &message->about, error))
    return FALSE;
  message->error_code = error_code_from_string (code);
  return TRUE;
}

static gboolean
parse_payload (VgwMessage *message, JsonObject *payload, GError **error)
{
  switch (message->type)
    {
    case VGW_MESSAGE_OFFER:
    case VGW_MESSAGE_ANSWER:
      return parse_sdp (message, payload, error);
    case VGW_MESSAGE_CANDIDATE:
      return parse_candidate (message, payload, error);
    case VGW_MESSAGE_SESSION:
      return parse_session (message, payload, error);
    case VGW_MESSAGE_STATE:
      return parse_state (message, payload, error);
    case VGW_MESSAGE_TRACK:
      return parse_track (message, payload, error);
    case VGW_MESSAGE_ERROR:
      return parse_error (message, payload, error);
    case VGW_MESSAGE_EVENT:
    case VGW_MESSAGE_BYE:
    case VGW_MESSAGE_PING:
    case VGW_MESSAGE_PONG:
    case VGW_MESSAGE_UNKNOWN:
      return TRUE;
    }
  g_return_val_if_reached (FALSE);
}

/* null, "", "null": a browser's JSON.stringify (event.candidate) at the end of gathering. */
static gboolean
is_empty_payload (JsonNode *node)
{
  const char *text;

  if (node == NULL || JSON_NODE_HOLDS_NULL (node))
    return TRUE;
  if (!JSON_NODE_HOLDS_VALUE (node) || json_node_get_value_type (node) != G_TYPE_STRING)
    return FALSE;
  text = json_node_get_string (node);
  return *text == '\0' || strcmp (text, "null") == 0;
}

/* The payload as an object, parsed from its string where it is one. An event's text is kept as it was sent. */
static JsonObject *
open_payload (VgwMessage *message, JsonNode *node, GError **error)
{
  JsonObject *payload;
  const char *text;

  if (node != NULL && JSON_NODE_HOLDS_OBJECT (node))
    {
      if (message->type == VGW_MESSAGE_EVENT)
        message->event_json = vgw_json_to_text (node);
      return json_object_ref (json_node_get_object (node));
    }
  if (node == NULL || !JSON_NODE_HOLDS_VALUE (node) || json_node_get_value_type (node) != G_TYPE_STRING)
    {
      g_set_error_literal (error, VGW_ERROR, VGW_ERROR_BAD_MESSAGE,
                           "\"payload\" must be JSON in a string, or an object");
      return NULL;
    }
  text = json_node_get_string (node);
  payload = vgw_json_parse_object (text, strlen (text), error);
  if (payload != NULL && message->type == VGW_MESSAGE_EVENT)
    message->event_json = g_strdup (text);
  return payload;
}

static VgwMessageType
type_from_string (const char *name)
{
  for (VgwMessageType type = VGW_MESSAGE_OFFER; type <= VGW_MESSAGE_EVENT; type++)
    if (strcmp (vgw_message_type_to_string (type), name) == 0)
      return type;
  return VGW_MESSAGE_UNKNOWN;
}

static gboolean
parse_body (VgwMessage *message, JsonNode *node, GError **error)
{
  gboolean may_be_empty = message->type == VGW_MESSAGE_CANDIDATE || message->type == VGW_MESSAGE_BYE
                          || message->type == VGW_MESSAGE_PING || message->type == VGW_MESSAGE_PONG;
  g_autoptr (JsonObject) payload = NULL;

  /* an unknown message is ignored by whoever gets it: whatever it carries need not be looked at */
  if (message->type == VGW_MESSAGE_UNKNOWN || (may_be_empty && is_empty_payload (node)))
    return TRUE;
  payload = open_payload (message, node, error);
  return payload != NULL && parse_payload (message, payload, error);
}

VgwMessage *
vgw_message_parse (const char *text, gsize length, GError **error)
{
  g_autoptr (JsonObject) root = NULL;
  g_autoptr (VgwMessage) message = NULL;
  const char *name;

  if (length > VGW_MESSAGE_MAX_BYTES)
    {
      g_set_error (error, VGW_ERROR, VGW_ERROR_TOO_LARGE, "the message is longer than %d bytes", VGW_MESSAGE_MAX_BYTES);
      return NULL;
    }
  root = vgw_json_parse_object (text, length, error);
  if (root == NULL)
    return NULL;
  name = vgw_json_get_string (root, "type");
  if (name == NULL || *name == '\0')
    {
      g_set_error_literal (error, VGW_ERROR, VGW_ERROR_BAD_MESSAGE, "\"type\" is missing or not a string");
      return NULL;
    }

  message = vgw_message_new (type_from_string (name));
  message->seq = (guint64) vgw_json_get_int (root, "seq", 0, MAX_COUNT, 0);
  if (message->type == VGW_MESSAGE_UNKNOWN)
    message->name = g_utf8_substring (name, 0, MIN (g_utf8_strlen (name, -1), MAX_NAME_CHARS));
  if (!parse_body (message, vgw_json_get (root, "payload"), error))
    {
      if (message->type != VGW_MESSAGE_UNKNOWN)
        g_prefix_error (error, "%s: ", vgw_message_type_to_string (message->type));
      return NULL;
    }
  return g_steal_pointer (&message);
}
