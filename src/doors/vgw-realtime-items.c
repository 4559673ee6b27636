#include "doors/vgw-realtime-items.h"

struct _VgwRealtimeItems
{
  GQueue items; /* VgwRealtimeItem, a reference each */
};

static void
item_clear (gpointer data)
{
  VgwRealtimeItem *self = data;

  g_free (self->id);
  g_free (self->previous_id);
  g_free (self->text);
}

VgwRealtimeItem *
vgw_realtime_item_new (VgwRealtimeItemKind kind, const char *id)
{
  VgwRealtimeItem *self = g_rc_box_new0 (VgwRealtimeItem);

  self->id = g_strdup (id);
  self->kind = kind;
  self->status = "in_progress";
  return self;
}

VgwRealtimeItem *
vgw_realtime_item_ref (VgwRealtimeItem *self)
{
  return g_rc_box_acquire (self);
}

void
vgw_realtime_item_unref (VgwRealtimeItem *self)
{
  g_rc_box_release_full (self, item_clear);
}

void
vgw_realtime_item_set_text (VgwRealtimeItem *self, const char *text)
{
  g_autofree char *head = g_strndup (text, VGW_REALTIME_MAX_ITEM_BYTES);

  g_free (self->text);
  self->text = head != NULL ? g_utf8_make_valid (head, -1) : NULL;
}

/* (transfer full) */
static JsonArray *
describe_content (const VgwRealtimeItem *self)
{
  JsonArray *content = json_array_new ();
  JsonObject *part = json_object_new ();

  switch (self->kind)
    {
    case VGW_REALTIME_USER_AUDIO:
      json_object_set_string_member (part, "type", "input_audio");
      json_object_set_string_member (part, "transcript", self->text);
      break;
    case VGW_REALTIME_USER_TEXT:
      json_object_set_string_member (part, "type", "input_text");
      json_object_set_string_member (part, "text", self->text != NULL ? self->text : "");
      break;
    case VGW_REALTIME_BOT_AUDIO:
      json_object_set_string_member (part, "type", "output_audio");
      json_object_set_string_member (part, "transcript", self->text);
      break;
    }
  json_array_add_object_element (content, part);
  return content;
}

JsonObject *
vgw_realtime_item_to_json (const VgwRealtimeItem *self)
{
  gboolean is_of_bot = self->kind == VGW_REALTIME_BOT_AUDIO;
  gboolean has_content = !is_of_bot || self->text != NULL || g_str_equal (self->status, "completed");
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "id", self->id);
  json_object_set_string_member (object, "object", "realtime.item");
  json_object_set_string_member (object, "type", "message");
  json_object_set_string_member (object, "status", self->status);
  json_object_set_string_member (object, "role", is_of_bot ? "assistant" : "user");
  json_object_set_array_member (object, "content", has_content ? describe_content (self) : json_array_new ());
  return object;
}

VgwRealtimeItems *
vgw_realtime_items_new (void)
{
  return g_new0 (VgwRealtimeItems, 1);
}

static void
unref_item (gpointer item)
{
  vgw_realtime_item_unref (item);
}

void
vgw_realtime_items_free (VgwRealtimeItems *self)
{
  g_queue_clear_full (&self->items, unref_item);
  g_free (self);
}

void
vgw_realtime_items_add (VgwRealtimeItems *self, VgwRealtimeItem *item)
{
  const VgwRealtimeItem *last = g_queue_peek_tail (&self->items);

  item->is_added = TRUE;
  item->previous_id = last != NULL ? g_strdup (last->id) : NULL;
  g_queue_push_tail (&self->items, vgw_realtime_item_ref (item));
  if (g_queue_get_length (&self->items) > VGW_REALTIME_MAX_ITEMS)
    vgw_realtime_item_unref (g_queue_pop_head (&self->items));
}

VgwRealtimeItem *
vgw_realtime_items_find (VgwRealtimeItems *self, const char *id)
{
  for (GList *link = self->items.tail; link != NULL; link = link->prev)
    if (g_str_equal (((VgwRealtimeItem *) link->data)->id, id))
      return link->data;
  return NULL;
}
