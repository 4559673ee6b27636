#include "base/vgw-traceparent.h"

#include <string.h>

/* "00-TRACE-PARENT-FLAGS" */
#define VERSION_DIGITS 2
#define TRACE_AT 3
#define TRACE_DIGITS 32
#define PARENT_AT 36
#define PARENT_DIGITS 16
#define FLAGS_AT 53
#define LENGTH 55
#define FLAG_SAMPLED 1

static gboolean
is_hexadecimal (const char *text, gsize n_digits)
{
  return strspn (text, "0123456789abcdef") >= n_digits;
}

static gboolean
is_id (const char *text, gsize n_digits)
{
  return is_hexadecimal (text, n_digits) && strspn (text, "0") < n_digits;
}

char *
vgw_traceparent_parse (const char *text)
{
  gboolean is_known, is_sampled;

  if (text == NULL || strlen (text) < LENGTH || !is_hexadecimal (text, VERSION_DIGITS) || g_str_has_prefix (text, "ff"))
    return NULL;
  is_known = g_str_has_prefix (text, "00");
  if (text[LENGTH] != '\0' && (is_known || text[LENGTH] != '-'))
    return NULL;
  if (text[TRACE_AT - 1] != '-' || text[PARENT_AT - 1] != '-' || text[FLAGS_AT - 1] != '-'
      || !is_id (text + TRACE_AT, TRACE_DIGITS) || !is_id (text + PARENT_AT, PARENT_DIGITS)
      || !is_hexadecimal (text + FLAGS_AT, LENGTH - FLAGS_AT))
    return NULL;
  is_sampled = (g_ascii_xdigit_value (text[LENGTH - 1]) & FLAG_SAMPLED) != 0;
  return g_strdup_printf ("00-%.*s-%.*s-%02x", TRACE_DIGITS, text + TRACE_AT, PARENT_DIGITS, text + PARENT_AT,
                          is_sampled);
}

char *
vgw_traceparent_get_trace_id (const char *traceparent)
{
  return traceparent != NULL ? g_strndup (traceparent + TRACE_AT, TRACE_DIGITS) : NULL;
}
