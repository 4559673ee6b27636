#include "doors/vgw-realtime-writer.h"

#include "base/vgw-json.h"

char *
vgw_realtime_writer_make_id (VgwRealtimeWriter *self, const char *prefix)
{
  return g_strdup_printf ("%s_%s%" G_GUINT64_FORMAT, prefix, self->id, ++self->n_ids);
}

JsonObject *
vgw_realtime_writer_new_event (VgwRealtimeWriter *self, const char *type)
{
  JsonObject *event = json_object_new ();
  g_autofree char *id = vgw_realtime_writer_make_id (self, "event");

  json_object_set_string_member (event, "type", type);
  json_object_set_string_member (event, "event_id", id);
  return event;
}

void
vgw_realtime_writer_send (VgwRealtimeWriter *self, JsonObject *event, gboolean is_reply)
{
  g_autofree char *text = vgw_json_object_to_text (event);

  json_object_unref (event);
  self->func (text, is_reply, self->user_data);
}

void
vgw_realtime_writer_send_error (VgwRealtimeWriter *self, const VgwRealtimeRequest *request, const char *code,
                                const char *param, const char *message)
{
  JsonObject *event = vgw_realtime_writer_new_event (self, "error"), *error = json_object_new ();

  json_object_set_string_member (error, "type", request != NULL ? "invalid_request_error" : "server_error");
  json_object_set_string_member (error, "code", code);
  json_object_set_string_member (error, "message", message);
  json_object_set_string_member (error, "param", param);
  json_object_set_string_member (error, "event_id", request != NULL ? request->event_id : NULL);
  json_object_set_object_member (event, "error", error);
  vgw_realtime_writer_send (self, event, request != NULL);
}
