#include "base/vgw-turn.h"

#include "base/vgw-time.h"

const char *
vgw_turn_end_to_string (VgwTurnEnd end)
{
  switch (end)
    {
    case VGW_TURN_PLAYED:
      return "played";
    case VGW_TURN_INTERRUPTED:
      return "interrupted";
    case VGW_TURN_NONE:
      return "none";
    case VGW_TURN_CALL_ENDED:
      return "call-ended";
    }
  return "unknown";
}

static void
set_ms (JsonObject *object, const char *name, gint64 value_ms)
{
  if (value_ms == VGW_TURN_UNKNOWN)
    json_object_set_null_member (object, name);
  else
    json_object_set_int_member (object, name, value_ms);
}

void
vgw_turn_to_json (const VgwTurn *self, JsonObject *object)
{
  g_autofree char *started_at = vgw_time_to_text (self->started_at_us);

  json_object_set_int_member (object, "number", self->number);
  json_object_set_string_member (object, "started_at", started_at);
  set_ms (object, "speech_ms", self->speech_ms);
  set_ms (object, "to_engine_ms", self->to_engine_ms);
  set_ms (object, "first_byte_ms", self->first_byte_ms);
  set_ms (object, "first_sent_ms", self->first_sent_ms);
  set_ms (object, "heard_ms", self->heard_ms);
  set_ms (object, "reply_ms", self->reply_ms);
  set_ms (object, "interrupted_at_ms", self->interrupted_at_ms);
  json_object_set_string_member (object, "end", vgw_turn_end_to_string (self->end));
}
