#include "doors/vgw-realtime-request.h"

#include <string.h>

#include "base/vgw-json.h"

#define MAX_ID_BYTES 512
#define MAX_SHOWN_BYTES 64 /* of a client's text in a message */

static void
refuse (VgwRealtimeRequest *self, const char *code, const char *param, const char *message)
{
  self->type = VGW_REALTIME_REFUSED;
  self->code = code;
  self->param = param;
  g_free (self->message);
  self->message = g_strdup (message);
}

/* The string member @name, which is no id where it is too long. (transfer full) (nullable) */
static char *
read_id (JsonObject *object, const char *name)
{
  const char *id = vgw_json_get_string (object, name);

  return id != NULL && *id != '\0' && strlen (id) <= MAX_ID_BYTES ? g_strdup (id) : NULL;
}

/* (transfer none) (nullable) */
static JsonObject *
get_object (JsonObject *object, const char *name)
{
  JsonNode *node = vgw_json_get (object, name);

  return node != NULL && JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
}

static void
read_object (VgwRealtimeRequest *self, JsonObject *event, const char *name)
{
  JsonObject *object = get_object (event, name);

  if (object != NULL)
    self->object = json_object_ref (object);
  else
    refuse (self, "missing_required_parameter", name, "an object is missing");
}

static void
read_session (VgwRealtimeRequest *self, JsonObject *event)
{
  read_object (self, event, "session");
}

static void
read_event (VgwRealtimeRequest *self, JsonObject *event)
{
  read_object (self, event, "event");
}

static void
read_response (VgwRealtimeRequest *self, JsonObject *event)
{
  JsonObject *response = get_object (event, "response");

  self->object = response != NULL ? json_object_ref (response) : NULL;
}

static void
read_item_id (VgwRealtimeRequest *self, JsonObject *event)
{
  self->item_id = read_id (event, "item_id");
  if (self->item_id == NULL)
    refuse (self, "missing_required_parameter", "item_id", "item_id must be a string of 1 to 512 bytes");
}

/* FALSE where it is not text. */
static gboolean
append_content (GString *text, JsonNode *node)
{
  JsonObject *part = JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
  const char *type = part != NULL ? vgw_json_get_string (part, "type") : NULL;
  const char *content = part != NULL ? vgw_json_get_string (part, "text") : NULL;

  if (g_strcmp0 (type, "input_text") != 0 || content == NULL)
    return FALSE;
  g_string_append_printf (text, "%s%s", text->len > 0 ? "\n" : "", content);
  return TRUE;
}

static void
read_content (VgwRealtimeRequest *self, JsonObject *item)
{
  JsonNode *node = vgw_json_get (item, "content");
  JsonArray *content = node != NULL && JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;
  guint n = content != NULL ? json_array_get_length (content) : 0;
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; i < n; i++)
    if (!append_content (text, json_array_get_element (content, i)))
      {
        refuse (self, "unsupported_value", "item.content", "only content of type input_text is supported");
        return;
      }
  if (text->len == 0)
    refuse (self, "missing_required_parameter", "item.content", "the item has no text");
  else
    self->text = g_strdup (text->str);
}

static void
read_item (VgwRealtimeRequest *self, JsonObject *event)
{
  JsonObject *item = get_object (event, "item");

  if (item == NULL)
    refuse (self, "missing_required_parameter", "item", "an object is missing");
  else if (g_strcmp0 (vgw_json_get_string (item, "type"), "message") != 0)
    refuse (self, "unsupported_value", "item.type", "only items of type message are supported");
  else if (g_strcmp0 (vgw_json_get_string (item, "role"), "user") != 0)
    refuse (self, "unsupported_value", "item.role", "only messages of the role user are supported");
  else
    {
      self->item_id = read_id (item, "id");
      read_content (self, item);
    }
}

static const struct
{
  const char *name;
  VgwRealtimeRequestType type;
  void (*read) (VgwRealtimeRequest *self, JsonObject *event); /* (nullable) */
} types[] = {
  { "session.update", VGW_REALTIME_UPDATE, read_session },
  { "output_audio_buffer.clear", VGW_REALTIME_CLEAR, NULL },
  { "response.cancel", VGW_REALTIME_CANCEL, NULL },
  { "response.create", VGW_REALTIME_RESPOND, read_response },
  { "conversation.item.create", VGW_REALTIME_CREATE_ITEM, read_item },
  { "conversation.item.retrieve", VGW_REALTIME_RETRIEVE_ITEM, read_item_id },
  { "conversation.item.truncate", VGW_REALTIME_TRUNCATE_ITEM, read_item_id },
  { "gateway.event", VGW_REALTIME_PASS_ON, read_event },
};

/* Known, and not possible here. */
static const struct
{
  const char *name, *message;
} impossible[] = {
  { "input_audio_buffer.append", "audio is received over WebRTC only" },
  { "input_audio_buffer.commit", "the gateway detects speech itself" },
  { "input_audio_buffer.clear", "the engine has received the audio already" },
  { "conversation.item.delete", "the engine's conversation cannot be changed" },
};

static void
read_type (VgwRealtimeRequest *self, JsonObject *event, const char *name)
{
  g_autofree char *shown = NULL;
  g_autofree char *valid = NULL;
  g_autofree char *message = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (types); i++)
    if (g_str_equal (types[i].name, name))
      {
        self->type = types[i].type;
        if (types[i].read != NULL)
          types[i].read (self, event);
        return;
      }
  for (guint i = 0; i < G_N_ELEMENTS (impossible); i++)
    if (g_str_equal (impossible[i].name, name))
      {
        refuse (self, "unsupported_event", "type", impossible[i].message);
        return;
      }
  shown = g_strndup (name, MAX_SHOWN_BYTES);
  valid = g_utf8_make_valid (shown, -1);
  message = g_strdup_printf ("unknown event type \"%s\"", valid);
  refuse (self, "invalid_value", "type", message);
}

VgwRealtimeRequest *
vgw_realtime_request_parse (const char *text, gsize length)
{
  VgwRealtimeRequest *self = g_new0 (VgwRealtimeRequest, 1);
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonObject) event = vgw_json_parse_object (text, length, &error);
  const char *type = event != NULL ? vgw_json_get_string (event, "type") : NULL;

  if (event == NULL)
    {
      refuse (self, "invalid_json", NULL, error->message);
      return self;
    }
  self->event_id = read_id (event, "event_id");
  if (type != NULL)
    read_type (self, event, type);
  else
    refuse (self, "missing_required_parameter", "type", "type must be a string");
  return self;
}

void
vgw_realtime_request_free (VgwRealtimeRequest *self)
{
  g_free (self->event_id);
  g_free (self->item_id);
  g_free (self->text);
  g_free (self->message);
  g_clear_pointer (&self->object, json_object_unref);
  g_free (self);
}
