#include "fuzz.h"

#include <string.h>

#include "base/vgw-error.h"
#include "base/vgw-json.h"

/* Whatever is accepted can be written, and reads back as the same. */
static void
check_round_trip (JsonObject *object)
{
  g_autofree char *text = vgw_json_object_to_text (object);
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonObject) again = vgw_json_parse_object (text, strlen (text), &error);
  g_autofree char *text_again = NULL;

  g_assert_no_error (error);
  text_again = vgw_json_object_to_text (again);
  g_assert_cmpstr (text, ==, text_again);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonObject) object = vgw_json_parse_object ((const char *) data, size, &error);

  g_assert ((object == NULL) == (error != NULL));
  if (object == NULL)
    {
      g_assert (error->domain == VGW_ERROR);
      g_assert (error->code == VGW_ERROR_BAD_MESSAGE || error->code == VGW_ERROR_TOO_LARGE);
      return 0;
    }
  vgw_json_get_string (object, "type");
  vgw_json_get_int (object, "sdpMLineIndex", 0, G_MAXINT, -1);
  check_round_trip (object);
  return 0;
}
