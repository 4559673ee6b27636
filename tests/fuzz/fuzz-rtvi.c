#include "fuzz.h"

#include <string.h>

#include "base/vgw-error.h"
#include "base/vgw-json.h"
#include "doors/vgw-rtvi.h"

static void
assert_json (const char *text)
{
  g_autoptr (JsonObject) object = vgw_json_parse_object (text, strlen (text), NULL);

  g_assert (object != NULL);
}

static void
check_message (const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VgwRtviMessage) message = vgw_rtvi_parse (text, &error);

  g_assert ((message == NULL) == (error != NULL));
  if (message == NULL)
    {
      g_assert (error->domain == VGW_ERROR);
      return;
    }
  g_assert (strlen (message->id) <= VGW_RTVI_MAX_ID_BYTES);
  g_assert ((message->type == VGW_RTVI_REFUSED) == (message->problem != NULL));
  g_assert ((message->type == VGW_RTVI_DTMF) == (message->keys != NULL));
  if (message->keys != NULL)
    g_assert (*message->keys != '\0' && strspn (message->keys, "0123456789*#") == strlen (message->keys));
  if (message->event_json != NULL)
    assert_json (message->event_json);
  if (message->problem != NULL)
    {
      g_autofree char *reply = vgw_rtvi_error_response (message->id, message->problem);

      assert_json (reply);
    }
}

/* What is sent for an event is JSON, whatever the engine has put into it. */
static void
check_event (const char *text)
{
  g_auto (VgwRtviEvent) event = { 0 };
  g_autofree char *other = vgw_rtvi_server_message (text);

  vgw_rtvi_event_read (&event, text);
  if (other != NULL)
    assert_json (other);
  g_assert ((event.type == VGW_RTVI_EVENT_RESPONSE) == (event.reply != NULL));
  if (event.reply != NULL)
    assert_json (event.reply);
  if (event.text != NULL)
    {
      g_autofree char *output = vgw_rtvi_bot_output (event.text, 1, VGW_RTVI_SPOKEN_COMPLETED, 0);
      g_autofree char *transcription = vgw_rtvi_user_transcription (event.text, "", "", event.is_final);

      assert_json (output);
      assert_json (transcription);
    }
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree char *text = g_strndup ((const char *) data, size);

  check_message (text);
  check_event (text);
  return 0;
}
