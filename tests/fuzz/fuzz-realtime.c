#include "fuzz.h"

#include <string.h>

#include "base/vgw-json.h"
#include "doors/vgw-realtime-events.h"

static void
on_sent (const char *json, gboolean is_reply, gpointer user_data)
{
  g_autoptr (JsonObject) event = vgw_json_parse_object (json, strlen (json), NULL);

  g_assert (event != NULL || strlen (json) > VGW_EVENT_MAX_BYTES);
}

/* Each line is a request of a client, or after "!" an event of the engine, or one of the letters below: a moment. */
static void
handle_line (VgwRealtimeEvents *events, const char *line, gsize length)
{
  static const char letters[] = "SCcBbx";
  static const VgwMomentType moments[] = { VGW_MOMENT_ENGINE_STARTED, VGW_MOMENT_CALLER_STARTED,
                                           VGW_MOMENT_CALLER_STOPPED, VGW_MOMENT_BOT_STARTED,
                                           VGW_MOMENT_BOT_STOPPED,    VGW_MOMENT_BOT_CLEARED };
  const char *letter = length == 1 && *line != '\0' ? strchr (letters, *line) : NULL;
  g_autofree char *text = g_strndup (line, length);

  if (letter != NULL)
    {
      vgw_realtime_events_handle_moment (events, &(VgwMoment){ .type = moments[letter - letters] }, 1);
      return;
    }
  if (*text == '!')
    {
      /* what is no object never comes from an engine, and is not passed on */
      vgw_realtime_events_handle_moment (events, &(VgwMoment){ .type = VGW_MOMENT_ENGINE_EVENT, .json = text + 1 }, 2);
      vgw_realtime_events_handle_moment (events, &(VgwMoment){ .type = VGW_MOMENT_ENGINE_HEARD, .json = text + 1 }, 3);
      return;
    }
  g_autoptr (VgwRealtimeRequest) request = vgw_realtime_request_parse (line, length);
  VgwRealtimeAction action;

  vgw_realtime_events_handle_request (events, request, 3, &action);
  g_assert (action.event == NULL || *action.event == '{');
  g_free (action.event);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (VgwRealtimeEvents) events = vgw_realtime_events_new ("0123456789", "echo", NULL, on_sent, NULL);
  const char *at = (const char *) data, *end = at + size;

  while (at < end)
    {
      const char *newline = memchr (at, '\n', end - at);
      const char *line_end = newline != NULL ? newline : end;

      handle_line (events, at, line_end - at);
      at = line_end + 1;
    }
  return 0;
}
