#include "doors/vgw-realtime-response.h"

#define MAX_SENTENCES 256 /* what is said beyond is in no transcript but in deltas */

typedef struct
{
  char *text;
  gboolean is_heard;
} Sentence;

static void
sentence_free (gpointer data)
{
  Sentence *sentence = data;

  g_free (sentence->text);
  g_free (sentence);
}

VgwRealtimeResponse *
vgw_realtime_response_new (const char *id, VgwRealtimeItem *item)
{
  VgwRealtimeResponse *self = g_new0 (VgwRealtimeResponse, 1);

  self->id = g_strdup (id);
  self->item = vgw_realtime_item_ref (item);
  self->sentences = g_ptr_array_new_with_free_func (sentence_free);
  self->partial = g_string_new (NULL);
  return self;
}

void
vgw_realtime_response_free (VgwRealtimeResponse *self)
{
  g_free (self->id);
  vgw_realtime_item_unref (self->item);
  g_ptr_array_unref (self->sentences);
  g_string_free (self->partial, TRUE);
  g_free (self);
}

const char *
vgw_realtime_find_delta (const GString *sent, const char *text)
{
  return g_str_has_prefix (text, sent->str) && text[sent->len] != '\0' ? text + sent->len : NULL;
}

char *
vgw_realtime_response_add_transcript (VgwRealtimeResponse *self, const char *text, gboolean is_final)
{
  gboolean is_next = self->partial->len == 0 && self->sentences->len > 0;
  const char *rest = vgw_realtime_find_delta (self->partial, text);
  char *delta = rest != NULL ? g_strconcat (is_next ? " " : "", rest, NULL) : NULL;

  if (rest != NULL)
    g_string_assign (self->partial, text);
  if (!is_final)
    return delta;
  g_string_truncate (self->partial, 0);
  if (self->sentences->len < MAX_SENTENCES)
    {
      Sentence *sentence = g_new0 (Sentence, 1);

      sentence->text = g_strndup (text, VGW_REALTIME_MAX_ITEM_BYTES);
      g_ptr_array_add (self->sentences, sentence);
    }
  return delta;
}

void
vgw_realtime_response_note_heard (VgwRealtimeResponse *self, const char *text)
{
  g_autofree char *head = g_strndup (text, VGW_REALTIME_MAX_ITEM_BYTES);

  for (guint i = 0; i < self->sentences->len; i++)
    {
      Sentence *sentence = g_ptr_array_index (self->sentences, i);

      if (!sentence->is_heard && g_str_equal (sentence->text, head))
        {
          sentence->is_heard = TRUE;
          return;
        }
    }
}

static void
append (GString *text, const char *sentence)
{
  if (text->len < VGW_REALTIME_MAX_ITEM_BYTES)
    g_string_append_printf (text, "%s%s", text->len > 0 ? " " : "", sentence);
}

char *
vgw_realtime_response_get_text (const VgwRealtimeResponse *self, gboolean is_heard_only)
{
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; i < self->sentences->len; i++)
    {
      const Sentence *sentence = g_ptr_array_index (self->sentences, i);

      if (!is_heard_only || sentence->is_heard)
        append (text, sentence->text);
    }
  if (!is_heard_only && self->partial->len > 0)
    append (text, self->partial->str);
  if (text->len == 0)
    return NULL;
  g_string_truncate (text, MIN (text->len, VGW_REALTIME_MAX_ITEM_BYTES));
  return g_utf8_make_valid (text->str, -1);
}

JsonObject *
vgw_realtime_response_to_json (const VgwRealtimeResponse *self, const char *status, const char *reason)
{
  JsonObject *object = json_object_new ();
  JsonArray *output = json_array_new (), *modalities = json_array_new ();

  json_object_set_string_member (object, "id", self->id);
  json_object_set_string_member (object, "object", "realtime.response");
  json_object_set_string_member (object, "status", status);
  json_object_set_null_member (object, "status_details");
  if (g_str_equal (status, "cancelled"))
    {
      JsonObject *details = json_object_new ();

      json_object_set_string_member (details, "type", status);
      if (reason != NULL)
        json_object_set_string_member (details, "reason", reason);
      json_object_set_object_member (object, "status_details", details);
    }
  if (!g_str_equal (status, "in_progress"))
    json_array_add_object_element (output, vgw_realtime_item_to_json (self->item));
  json_array_add_string_element (modalities, "audio");
  json_object_set_array_member (object, "output", output);
  json_object_set_array_member (object, "output_modalities", modalities);
  json_object_set_null_member (object, "usage");
  return object;
}
