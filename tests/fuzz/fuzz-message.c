#include "fuzz.h"

#include <string.h>

#include "base/vgw-error.h"
#include "signaling/vgw-message.h"

/* What was accepted can be written; what was written is accepted, and reads as the same message. A message that only
 * fits the bound without the quoting of a payload in a string may be too large the second time. */
static void
check_round_trip (const VgwMessage *message)
{
  g_autofree char *text = vgw_message_to_text (message);
  g_autoptr (GError) error = NULL;
  g_autoptr (VgwMessage) again = vgw_message_parse (text, strlen (text), &error);
  g_autofree char *text_again = NULL;

  g_assert (g_utf8_validate (text, -1, NULL));
  if (again == NULL)
    {
      g_assert (strlen (text) > VGW_MESSAGE_MAX_BYTES);
      return;
    }
  g_assert (again->type == message->type);
  text_again = vgw_message_to_text (again);
  g_assert_cmpstr (text, ==, text_again);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VgwMessage) message = vgw_message_parse ((const char *) data, size, &error);

  g_assert ((message == NULL) == (error != NULL));
  if (message == NULL)
    {
      g_assert (error->domain == VGW_ERROR);
      g_assert (error->code == VGW_ERROR_BAD_MESSAGE || error->code == VGW_ERROR_TOO_LARGE);
      return 0;
    }
  g_assert (message->name == NULL || g_utf8_validate (message->name, -1, NULL));
  check_round_trip (message);
  return 0;
}
