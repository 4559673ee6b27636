#include "fuzz.h"

#include <string.h>

#include "base/vgw-json.h"
#include "base/vgw-log.h"

#define TIME_US G_GINT64_CONSTANT (1700000000123456)

/* Whatever a client says, a line stays one line of printable UTF-8. */
static void
check_line (const char *line)
{
  g_assert_true (g_utf8_validate (line, -1, NULL));
  for (const char *at = line; *at != '\0'; at = g_utf8_next_char (at))
    g_assert_true (g_unichar_isprint (g_utf8_get_char (at)));
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree char *text = g_strndup ((const char *) data, size);
  g_autofree char *line = vgw_log_format_line (VGW_LOG_TEXT, TIME_US, G_LOG_LEVEL_INFO, text, text, text);
  g_autofree char *json = vgw_log_format_line (VGW_LOG_JSON, TIME_US, G_LOG_LEVEL_INFO, text, text, text);
  g_autofree char *valid = g_utf8_make_valid (text, -1);
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonObject) object = vgw_json_parse_object (json, strlen (json), &error);

  check_line (line);
  check_line (json);
  g_assert_no_error (error);
  /* The message arrives whole, but for bytes that are no UTF-8 and what is past the bound of a line. */
  if (strlen (text) < 64 * 1024 && strcmp (valid, text) == 0)
    g_assert_cmpstr (vgw_json_get_string (object, "message"), ==, text);
  return 0;
}
