#include "doors/vgw-realtime-events.h"

#include <string.h>

#include "base/vgw-json.h"
#include "base/vgw-token-bucket.h"
#include "doors/vgw-realtime-response.h"
#include "doors/vgw-realtime-session.h"

#define ID_BYTES 10 /* of the call's id in other ids */
/* Each sends the whole session to all clients, however short the request is. */
#define UPDATES_PER_SECOND 1
#define UPDATES_BURST 8

struct _VgwRealtimeEvents
{
  VgwRealtimeWriter writer;
  JsonObject *session;
  gboolean has_wishes;    /* `session` has more than facts */
  VgwTokenBucket updates; /* of it, by requests that are not metered */
  gint64 started_us;      /* 0: the engine has not started */

  VgwRealtimeItems *items;
  VgwRealtimeItem *speech; /* (nullable) the last thing that the caller said, or is saying */
  gboolean is_speaking;
  GString *partial;              /* of the caller's transcript, as far as it was sent */
  VgwRealtimeResponse *response; /* (nullable) what the bot is saying */
};

/* --- events --- */

/* An event about an item: "item", or "item_id" and "content_index" where it is about its one content. (transfer full)
 */
static JsonObject *
new_content_event (VgwRealtimeEvents *self, const char *type, const VgwRealtimeItem *item)
{
  JsonObject *event = vgw_realtime_writer_new_event (&self->writer, type);

  json_object_set_string_member (event, "item_id", item->id);
  json_object_set_int_member (event, "content_index", 0);
  return event;
}

static void
send_item (VgwRealtimeEvents *self, const char *type, const VgwRealtimeItem *item, gboolean is_reply)
{
  JsonObject *event = vgw_realtime_writer_new_event (&self->writer, type);

  if (!is_reply)
    json_object_set_string_member (event, "previous_item_id", item->previous_id);
  json_object_set_object_member (event, "item", vgw_realtime_item_to_json (item));
  vgw_realtime_writer_send (&self->writer, event, is_reply);
}

/* --- the session --- */

static void
send_session (VgwRealtimeEvents *self, const char *type, gboolean is_reply)
{
  JsonObject *event = vgw_realtime_writer_new_event (&self->writer, type);

  json_object_set_object_member (event, "session", json_object_ref (self->session));
  vgw_realtime_writer_send (&self->writer, event, is_reply);
}

/* FALSE, and nothing is changed, where it would become too long. */
static gboolean
use_session (VgwRealtimeEvents *self, JsonObject *changes)
{
  JsonObject *merged = vgw_realtime_session_merge (self->session, changes);

  if (merged == NULL)
    return FALSE;
  json_object_unref (self->session);
  self->session = merged;
  self->has_wishes = TRUE;
  return TRUE;
}

VgwRealtimeEvents *
vgw_realtime_events_new (const char *id, const char *engine, JsonObject *session, VgwRealtimeFunc func,
                         gpointer user_data)
{
  VgwRealtimeEvents *self = g_new0 (VgwRealtimeEvents, 1);
  g_autofree char *session_id = g_strconcat ("sess_", id, NULL);

  self->writer = (VgwRealtimeWriter){ func, user_data, g_strndup (id, ID_BYTES), 0 };
  self->items = vgw_realtime_items_new ();
  self->partial = g_string_new (NULL);
  self->session = vgw_realtime_session_new (session_id, engine);
  if (session != NULL)
    use_session (self, session);
  return self;
}

void
vgw_realtime_events_greet (VgwRealtimeEvents *self, const char *engine, gboolean is_reply)
{
  if (engine != NULL)
    json_object_set_string_member (self->session, "model", engine);
  send_session (self, "session.created", is_reply);
}

/* --- the caller --- */

static guint64
get_ms (VgwRealtimeEvents *self, gint64 now_us)
{
  return self->started_us > 0 ? MAX (now_us - self->started_us, 0) / 1000 : 0;
}

static void
begin_speech (VgwRealtimeEvents *self)
{
  g_autofree char *id = vgw_realtime_writer_make_id (&self->writer, "item");

  g_clear_pointer (&self->speech, vgw_realtime_item_unref);
  self->speech = vgw_realtime_item_new (VGW_REALTIME_USER_AUDIO, id);
  self->speech->status = "completed";
  g_string_truncate (self->partial, 0);
}

/* The speech becomes an item of the conversation. */
static void
commit_speech (VgwRealtimeEvents *self)
{
  JsonObject *event;

  if (self->speech->is_added)
    return;
  vgw_realtime_items_add (self->items, self->speech);
  event = vgw_realtime_writer_new_event (&self->writer, "input_audio_buffer.committed");
  json_object_set_string_member (event, "item_id", self->speech->id);
  json_object_set_string_member (event, "previous_item_id", self->speech->previous_id);
  vgw_realtime_writer_send (&self->writer, event, FALSE);
  send_item (self, "conversation.item.added", self->speech, FALSE);
  send_item (self, "conversation.item.done", self->speech, FALSE);
}

static void
send_speech (VgwRealtimeEvents *self, const char *type, const char *time_name, guint64 ms)
{
  JsonObject *event = vgw_realtime_writer_new_event (&self->writer, type);

  json_object_set_string_member (event, "item_id", self->speech->id);
  json_object_set_int_member (event, time_name, (gint64) ms);
  vgw_realtime_writer_send (&self->writer, event, FALSE);
}

static void
send_caller_transcript (VgwRealtimeEvents *self, const char *text, gboolean is_final)
{
  static const char *const type = "conversation.item.input_audio_transcription";
  g_autofree char *name = g_strconcat (type, is_final ? ".completed" : ".delta", NULL);
  const char *delta;
  JsonObject *event;

  /* a further transcript without further speech, or speech that was not detected */
  if (self->speech == NULL || self->speech->text != NULL)
    begin_speech (self);
  delta = vgw_realtime_find_delta (self->partial, text);
  if (is_final)
    {
      commit_speech (self);
      vgw_realtime_item_set_text (self->speech, text);
    }
  else if (delta == NULL)
    return;
  event = new_content_event (self, name, self->speech);
  json_object_set_string_member (event, is_final ? "transcript" : "delta", is_final ? self->speech->text : delta);
  g_string_assign (self->partial, text);
  vgw_realtime_writer_send (&self->writer, event, FALSE);
}

/* --- responses --- */

/* (transfer full) */
static JsonObject *
new_response_event (VgwRealtimeEvents *self, const char *type)
{
  JsonObject *event = new_content_event (self, type, self->response->item);

  json_object_set_string_member (event, "response_id", self->response->id);
  json_object_set_int_member (event, "output_index", 0);
  return event;
}

static void
send_output_item (VgwRealtimeEvents *self, const char *type)
{
  JsonObject *event = vgw_realtime_writer_new_event (&self->writer, type);

  json_object_set_string_member (event, "response_id", self->response->id);
  json_object_set_int_member (event, "output_index", 0);
  json_object_set_object_member (event, "item", vgw_realtime_item_to_json (self->response->item));
  vgw_realtime_writer_send (&self->writer, event, FALSE);
}

static void
send_content_part (VgwRealtimeEvents *self, const char *type, const char *transcript)
{
  JsonObject *event = new_response_event (self, type), *part = json_object_new ();

  json_object_set_string_member (part, "type", "audio");
  json_object_set_string_member (part, "transcript", transcript);
  json_object_set_object_member (event, "part", part);
  vgw_realtime_writer_send (&self->writer, event, FALSE);
}

/* @reason (nullable): why it was cancelled */
static void
send_response (VgwRealtimeEvents *self, const char *type, const char *status, const char *reason)
{
  JsonObject *event = vgw_realtime_writer_new_event (&self->writer, type);

  json_object_set_object_member (event, "response", vgw_realtime_response_to_json (self->response, status, reason));
  vgw_realtime_writer_send (&self->writer, event, FALSE);
}

static void
send_output_buffer (VgwRealtimeEvents *self, const char *type)
{
  JsonObject *event = vgw_realtime_writer_new_event (&self->writer, type);

  json_object_set_string_member (event, "response_id", self->response->id);
  vgw_realtime_writer_send (&self->writer, event, FALSE);
}

static void
begin_response (VgwRealtimeEvents *self)
{
  g_autofree char *item_id = NULL, *id = NULL;
  VgwRealtimeItem *item;

  if (self->response != NULL)
    return;
  id = vgw_realtime_writer_make_id (&self->writer, "resp");
  item_id = vgw_realtime_writer_make_id (&self->writer, "item");
  item = vgw_realtime_item_new (VGW_REALTIME_BOT_AUDIO, item_id);
  self->response = vgw_realtime_response_new (id, item);
  send_response (self, "response.created", "in_progress", NULL);
  send_output_item (self, "response.output_item.added");
  vgw_realtime_items_add (self->items, item);
  send_item (self, "conversation.item.added", item, FALSE);
  send_content_part (self, "response.content_part.added", "");
  vgw_realtime_item_unref (item);
}

static void
send_truncated (VgwRealtimeEvents *self, const VgwRealtimeItem *item)
{
  JsonObject *event = new_content_event (self, "conversation.item.truncated", item);

  json_object_set_int_member (event, "audio_end_ms", (gint64) item->played_ms);
  vgw_realtime_writer_send (&self->writer, event, FALSE);
}

/* @status: "completed" or "cancelled"; in the latter case the item keeps what was heard of it. */
static void
end_response (VgwRealtimeEvents *self, const char *status)
{
  gboolean is_complete = g_str_equal (status, "completed");
  const char *reason = self->response->is_cancelled ? "client_cancelled" : self->is_speaking ? "turn_detected" : NULL;
  VgwRealtimeItem *item = self->response->item;
  g_autofree char *said = vgw_realtime_response_get_text (self->response, FALSE);
  g_autofree char *heard = vgw_realtime_response_get_text (self->response, TRUE);
  JsonObject *event;

  vgw_realtime_writer_send (&self->writer, new_response_event (self, "response.output_audio.done"), FALSE);
  if (said != NULL)
    {
      event = new_response_event (self, "response.output_audio_transcript.done");
      json_object_set_string_member (event, "transcript", said);
      vgw_realtime_writer_send (&self->writer, event, FALSE);
    }
  item->status = is_complete ? "completed" : "incomplete";
  vgw_realtime_item_set_text (item, is_complete ? said : heard);
  send_content_part (self, "response.content_part.done", said != NULL ? said : "");
  send_output_item (self, "response.output_item.done");
  send_item (self, "conversation.item.done", item, FALSE);
  send_response (self, "response.done", status, reason);
  if (self->response->is_playing)
    send_output_buffer (self, is_complete ? "output_audio_buffer.stopped" : "output_audio_buffer.cleared");
  if (self->response->is_playing && !is_complete)
    send_truncated (self, item);
  g_clear_pointer (&self->response, vgw_realtime_response_free);
}

/* A response of which no audio has gone out ends with the next turn: nothing else shows its end. */
static void
end_silent_response (VgwRealtimeEvents *self)
{
  if (self->response != NULL && !self->response->is_playing)
    end_response (self, "completed");
}

static void
send_bot_transcript (VgwRealtimeEvents *self, const char *text, gboolean is_final)
{
  g_autofree char *delta = NULL;
  JsonObject *event;

  begin_response (self);
  delta = vgw_realtime_response_add_transcript (self->response, text, is_final);
  if (delta == NULL)
    return;
  event = new_response_event (self, "response.output_audio_transcript.delta");
  json_object_set_string_member (event, "delta", delta);
  vgw_realtime_writer_send (&self->writer, event, FALSE);
}

/* --- moments --- */

/* @event: of the engine or of the gateway, to be passed on as it is. */
static void
send_gateway_event (VgwRealtimeEvents *self, JsonObject *source)
{
  JsonObject *event = vgw_realtime_writer_new_event (&self->writer, "gateway.event");

  json_object_set_object_member (event, "event", json_object_ref (source));
  vgw_realtime_writer_send (&self->writer, event, FALSE);
}

static void
handle_engine_event (VgwRealtimeEvents *self, const VgwMoment *moment)
{
  g_autoptr (JsonObject) event = vgw_json_parse_object (moment->json, strlen (moment->json), NULL);
  gboolean is_heard = moment->type == VGW_MOMENT_ENGINE_HEARD;
  const char *text = event != NULL ? vgw_json_get_string (event, "text") : NULL;
  const char *role = event != NULL ? vgw_json_get_string (event, "role") : NULL;
  JsonNode *final_node = event != NULL ? vgw_json_get (event, "final") : NULL;
  gboolean is_final = final_node == NULL || json_node_get_value_type (final_node) != G_TYPE_BOOLEAN
                      || json_node_get_boolean (final_node);

  if (event == NULL)
    return;
  if (g_strcmp0 (vgw_json_get_string (event, "type"), "transcript") != 0 || text == NULL || role == NULL)
    {
      if (!is_heard)
        send_gateway_event (self, event);
    }
  else if (is_heard && is_final && !moment->is_lost && g_str_equal (role, "bot") && self->response != NULL)
    vgw_realtime_response_note_heard (self->response, text);
  else if (!is_heard && g_str_equal (role, "bot"))
    send_bot_transcript (self, text, is_final);
  else if (!is_heard && g_str_equal (role, "user"))
    send_caller_transcript (self, text, is_final);
}

static void
handle_notice (VgwRealtimeEvents *self, const char *text)
{
  g_autoptr (JsonObject) event = vgw_json_parse_object (text, strlen (text), NULL);

  if (event != NULL)
    send_gateway_event (self, event);
}

static void
handle_bot (VgwRealtimeEvents *self, const VgwMoment *moment)
{
  if (moment->type == VGW_MOMENT_BOT_STARTED)
    {
      begin_response (self);
      self->response->is_playing = TRUE;
      send_output_buffer (self, "output_audio_buffer.started");
    }
  else if (self->response != NULL)
    {
      self->response->item->played_ms = moment->utterance_ms;
      end_response (self, moment->type == VGW_MOMENT_BOT_STOPPED ? "completed" : "cancelled");
    }
}

static void
handle_caller (VgwRealtimeEvents *self, gboolean is_started, guint64 ms)
{
  if (is_started)
    {
      end_silent_response (self);
      begin_speech (self);
      self->is_speaking = TRUE;
      send_speech (self, "input_audio_buffer.speech_started", "audio_start_ms", ms);
    }
  else if (self->is_speaking)
    {
      self->is_speaking = FALSE;
      send_speech (self, "input_audio_buffer.speech_stopped", "audio_end_ms", ms);
      commit_speech (self);
    }
}

void
vgw_realtime_events_handle_moment (VgwRealtimeEvents *self, const VgwMoment *moment, gint64 now_us)
{
  switch (moment->type)
    {
    case VGW_MOMENT_CHANNEL_OPEN:
    case VGW_MOMENT_CLIENT_TEXT:
    case VGW_MOMENT_HUNG_UP: /* the end of the call follows */
      break;
    case VGW_MOMENT_ENGINE_STARTED:
      self->started_us = now_us;
      break;
    case VGW_MOMENT_ENGINE_EVENT:
    case VGW_MOMENT_ENGINE_HEARD:
      handle_engine_event (self, moment);
      break;
    case VGW_MOMENT_NOTICE:
      handle_notice (self, moment->json);
      break;
    case VGW_MOMENT_CALLER_STARTED:
    case VGW_MOMENT_CALLER_STOPPED:
      handle_caller (self, moment->type == VGW_MOMENT_CALLER_STARTED, get_ms (self, now_us));
      break;
    case VGW_MOMENT_BOT_STARTED:
    case VGW_MOMENT_BOT_STOPPED:
    case VGW_MOMENT_BOT_CLEARED:
      handle_bot (self, moment);
      break;
    }
}

/* --- requests --- */

/* {"type":@type,@name:@object} for the engine. (transfer full) */
static char *
make_engine_event (const char *type, const char *name, JsonObject *object)
{
  g_autoptr (JsonObject) event = json_object_new ();

  json_object_set_string_member (event, "type", type);
  if (object != NULL)
    json_object_set_object_member (event, name, json_object_ref (object));
  return vgw_json_object_to_text (event);
}

char *
vgw_realtime_make_session_event (JsonObject *session)
{
  return make_engine_event ("session.update", "session", session);
}

char *
vgw_realtime_events_repeat_session (VgwRealtimeEvents *self)
{
  return self->has_wishes ? vgw_realtime_make_session_event (self->session) : NULL;
}

static void
update_session (VgwRealtimeEvents *self, const VgwRealtimeRequest *request, gint64 now_us, VgwRealtimeAction *action)
{
  if (!request->is_metered && !vgw_token_bucket_take (&self->updates, 1, UPDATES_PER_SECOND, UPDATES_BURST, now_us))
    {
      vgw_realtime_writer_send_error (&self->writer, request, "rate_limit_exceeded", NULL,
                                      "the session was updated too often; this update was dropped");
      return;
    }
  if (!use_session (self, request->object))
    {
      vgw_realtime_writer_send_error (&self->writer, request, "too_large", "session",
                                      "the session would have more than 64 KiB");
      return;
    }
  action->event = vgw_realtime_make_session_event (request->object);
  send_session (self, "session.updated", FALSE);
}

/* The bot is silenced at once, and what it was saying ends as soon as that is so. */
static void
cancel (VgwRealtimeEvents *self, VgwRealtimeAction *action)
{
  action->interrupts = TRUE;
  if (self->response == NULL)
    return;
  self->response->is_cancelled = TRUE;
  if (!self->response->is_playing)
    end_response (self, "cancelled");
}

static void
create_item (VgwRealtimeEvents *self, const VgwRealtimeRequest *request, VgwRealtimeAction *action)
{
  g_autoptr (JsonObject) event = NULL;
  g_autofree char *made = NULL;
  VgwRealtimeItem *item;

  if (request->item_id != NULL && vgw_realtime_items_find (self->items, request->item_id) != NULL)
    {
      vgw_realtime_writer_send_error (&self->writer, request, "invalid_value", "item.id",
                                      "there is an item with this id");
      return;
    }
  end_silent_response (self);
  made = vgw_realtime_writer_make_id (&self->writer, "item");
  item = vgw_realtime_item_new (VGW_REALTIME_USER_TEXT, request->item_id != NULL ? request->item_id : made);
  item->status = "completed";
  vgw_realtime_item_set_text (item, request->text);
  vgw_realtime_items_add (self->items, item);
  send_item (self, "conversation.item.added", item, FALSE);
  send_item (self, "conversation.item.done", item, FALSE);
  vgw_realtime_item_unref (item);
  event = json_object_new ();
  json_object_set_string_member (event, "type", "text");
  json_object_set_string_member (event, "text", request->text);
  action->event = vgw_json_object_to_text (event);
}

/* The client says how much it has heard; what was played is what counts. */
static void
truncate_item (VgwRealtimeEvents *self, const VgwRealtimeItem *item, const VgwRealtimeRequest *request,
               VgwRealtimeAction *action)
{
  if (item->kind != VGW_REALTIME_BOT_AUDIO)
    vgw_realtime_writer_send_error (&self->writer, request, "invalid_value", "item_id",
                                    "only what the bot has said can be truncated");
  else if (self->response != NULL && self->response->item == item)
    {
      cancel (self, action);
      if (self->response == NULL) /* nothing of it was played: no moment of the playout follows */
        send_truncated (self, item);
    }
  else
    send_truncated (self, item);
}

static void
handle_item (VgwRealtimeEvents *self, const VgwRealtimeRequest *request, VgwRealtimeAction *action)
{
  const VgwRealtimeItem *item = vgw_realtime_items_find (self->items, request->item_id);

  if (item == NULL)
    vgw_realtime_writer_send_error (&self->writer, request, "item_not_found", "item_id",
                                    "no such item, or it is not kept any more");
  else if (request->type == VGW_REALTIME_RETRIEVE_ITEM)
    send_item (self, "conversation.item.retrieved", item, TRUE);
  else
    truncate_item (self, item, request, action);
}

void
vgw_realtime_events_handle_request (VgwRealtimeEvents *self, const VgwRealtimeRequest *request, gint64 now_us,
                                    VgwRealtimeAction *action)
{
  *action = (VgwRealtimeAction){ FALSE, NULL };
  switch (request->type)
    {
    case VGW_REALTIME_REFUSED:
      vgw_realtime_writer_send_error (&self->writer, request, request->code, request->param, request->message);
      break;
    case VGW_REALTIME_UPDATE:
      update_session (self, request, now_us, action);
      break;
    case VGW_REALTIME_CLEAR:
      cancel (self, action);
      break;
    case VGW_REALTIME_CANCEL:
      if (self->response != NULL)
        cancel (self, action);
      else
        vgw_realtime_writer_send_error (&self->writer, request, "response_cancel_not_active", NULL,
                                        "there is no response to cancel");
      break;
    case VGW_REALTIME_RESPOND:
      end_silent_response (self);
      action->event = make_engine_event ("response.create", "response", request->object);
      break;
    case VGW_REALTIME_CREATE_ITEM:
      create_item (self, request, action);
      break;
    case VGW_REALTIME_RETRIEVE_ITEM:
    case VGW_REALTIME_TRUNCATE_ITEM:
      handle_item (self, request, action);
      break;
    case VGW_REALTIME_PASS_ON:
      action->event = vgw_json_object_to_text (request->object);
      break;
    }
}

void
vgw_realtime_events_report_error (VgwRealtimeEvents *self, const char *code, const char *message)
{
  vgw_realtime_writer_send_error (&self->writer, NULL, code, NULL, message);
}

void
vgw_realtime_events_free (VgwRealtimeEvents *self)
{
  g_clear_pointer (&self->response, vgw_realtime_response_free);
  g_clear_pointer (&self->speech, vgw_realtime_item_unref);
  vgw_realtime_items_free (self->items);
  json_object_unref (self->session);
  g_string_free (self->partial, TRUE);
  g_free (self->writer.id);
  g_free (self);
}
