#include "fuzz.h"

#include <string.h>

#include "base/vgw-error.h"
#include "base/vgw-json.h"
#include "doors/vgw-live-events.h"

/* What a client sends is an action that is complete, or refused with a reason that can be sent. */
static void
check_message (const char *text, gsize length)
{
  g_auto (VgwLiveAction) action = { 0 };
  g_autofree char *error = NULL;

  vgw_live_read_message (text, length, &action);
  g_assert ((action.type == VGW_LIVE_PASS) == (action.for_engine != NULL));
  g_assert ((action.type == VGW_LIVE_REFUSE) == (action.message != NULL));
  if (action.type != VGW_LIVE_REFUSE)
    return;
  error = vgw_live_make_error (action.code, action.message, action.event_id);
  g_assert (g_utf8_validate (error, -1, NULL));
}

static void
check_limits (const char *text, gsize length)
{
  g_autoptr (JsonObject) client = vgw_json_parse_object (text, length, NULL);
  g_autoptr (GError) error = NULL;
  VgwLiveLimits limits;

  g_assert (vgw_live_limits_read (&limits, client, &error) == (error == NULL));
  g_assert (vgw_live_limits_allow_server (&limits, "session.started"));
  vgw_live_limits_clear (&limits);
}

/* An event of an engine is a transcript, twice, or nothing. */
static void
check_transcripts (const char *text)
{
  VgwLiveTranscripts transcripts = { 0 };

  for (guint i = 0; i < 4; i++)
    {
      const VgwMoment moment = { i % 2 == 0 ? VGW_MOMENT_ENGINE_EVENT : VGW_MOMENT_ENGINE_HEARD, .json = text };
      const char *type = NULL;
      g_autofree char *event = vgw_live_handle_moment (&transcripts, &moment, i, &type);

      g_assert ((event == NULL) || (type != NULL && g_utf8_validate (event, -1, NULL)));
    }
  vgw_live_transcripts_clear (&transcripts);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree char *text = g_strndup ((const char *) data, size);

  check_message ((const char *) data, size);
  check_limits ((const char *) data, size);
  check_transcripts (text);
  return 0;
}
