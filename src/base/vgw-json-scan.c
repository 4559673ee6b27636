#include "base/vgw-json-scan.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/vgw-error.h"

#define SCAN_DEPTH_LIMIT 64 /* bits of Scan.objects */

typedef enum
{
  EXPECT_VALUE,
  EXPECT_VALUE_OR_END, /* after '[' */
  EXPECT_NAME,
  EXPECT_NAME_OR_END, /* after '{' */
  EXPECT_COMMA_OR_END,
} Expect;

typedef struct
{
  const char *start;
  const char *at;
  const char *end;
  guint depth;
  guint max_depth;
  guint64 objects; /* bit n is set where the container at depth n + 1 is an object */
  Expect expect;
  GError **error;
} Scan;

static gboolean
fail (Scan *scan, const char *what)
{
  g_set_error (scan->error, VGW_ERROR, VGW_ERROR_BAD_MESSAGE, "not JSON: %s at byte %" G_GSIZE_FORMAT, what,
               (gsize) (scan->at - scan->start));
  return FALSE;
}

static void
skip_space (Scan *scan)
{
  while (scan->at < scan->end && (*scan->at == ' ' || *scan->at == '\t' || *scan->at == '\n' || *scan->at == '\r'))
    scan->at++;
}

/* The next byte, or NUL at the end: NUL itself is refused before the scan starts. */
static char
peek (const Scan *scan)
{
  return scan->at < scan->end ? *scan->at : '\0';
}

static gsize
skip_digits (Scan *scan)
{
  const char *first = scan->at;

  while (g_ascii_isdigit (peek (scan)))
    scan->at++;
  return (gsize) (scan->at - first);
}

static gboolean
check_number_range (Scan *scan, const char *first, gboolean is_integer)
{
  g_autofree char *number = g_strndup (first, (gsize) (scan->at - first));

  errno = 0;
  if (is_integer)
    {
      g_ascii_strtoll (number, NULL, 10);
      return errno != ERANGE || fail (scan, "integer out of range");
    }
  return isfinite (g_ascii_strtod (number, NULL)) || fail (scan, "number out of range");
}

static gboolean
scan_number (Scan *scan)
{
  const char *first = scan->at;
  gboolean is_integer = TRUE;

  if (peek (scan) == '-')
    scan->at++;
  if (peek (scan) == '0')
    scan->at++;
  else if (skip_digits (scan) == 0)
    return fail (scan, "bad number");

  if (peek (scan) == '.')
    {
      is_integer = FALSE;
      scan->at++;
      if (skip_digits (scan) == 0)
        return fail (scan, "bad number");
    }
  if (peek (scan) == 'e' || peek (scan) == 'E')
    {
      is_integer = FALSE;
      scan->at++;
      if (peek (scan) == '+' || peek (scan) == '-')
        scan->at++;
      if (skip_digits (scan) == 0)
        return fail (scan, "bad number");
    }
  return check_number_range (scan, first, is_integer);
}

/* Four hexadecimal digits after "\u", or -1. */
static int
scan_hex4 (Scan *scan)
{
  int unit = 0;

  if (scan->end - scan->at < 4)
    return -1;
  for (int i = 0; i < 4; i++)
    {
      int digit = g_ascii_xdigit_value (*scan->at);
      if (digit < 0)
        return -1;
      unit = unit * 16 + digit;
      scan->at++;
    }
  return unit;
}

static gboolean
scan_unicode_escape (Scan *scan)
{
  int unit = scan_hex4 (scan);

  if (unit < 0)
    return fail (scan, "bad \\u escape");
  if (unit == 0)
    return fail (scan, "\\u0000"); /* json-glib's strings would end there */
  if (unit < 0xd800 || unit > 0xdfff)
    return TRUE;

  if (unit >= 0xdc00 || scan->end - scan->at < 2 || scan->at[0] != '\\' || scan->at[1] != 'u')
    return fail (scan, "half a surrogate pair");
  scan->at += 2;
  unit = scan_hex4 (scan);
  return (unit >= 0xdc00 && unit <= 0xdfff) || fail (scan, "half a surrogate pair");
}

static gboolean
scan_escape (Scan *scan)
{
  char escape = peek (scan);

  if (escape == '\0' || strchr ("\"\\/bfnrtu", escape) == NULL)
    return fail (scan, "bad escape");
  scan->at++;
  return escape != 'u' || scan_unicode_escape (scan);
}

static gboolean
scan_string (Scan *scan)
{
  scan->at++;
  while (scan->at < scan->end)
    {
      char c = *scan->at;

      if ((guchar) c < 0x20)
        return fail (scan, "control character in a string");
      scan->at++;
      if (c == '"')
        return TRUE;
      if (c == '\\' && !scan_escape (scan))
        return FALSE;
    }
  return fail (scan, "incomplete string");
}

static gboolean
scan_word (Scan *scan, const char *word)
{
  gsize length = strlen (word);

  if ((gsize) (scan->end - scan->at) < length || memcmp (scan->at, word, length) != 0)
    return fail (scan, "unknown literal");
  scan->at += length;
  return TRUE;
}

static gboolean
open_container (Scan *scan, gboolean is_object)
{
  if (scan->depth == scan->max_depth)
    {
      g_set_error (scan->error, VGW_ERROR, VGW_ERROR_TOO_LARGE, "JSON nested deeper than %u at byte %" G_GSIZE_FORMAT,
                   scan->max_depth, (gsize) (scan->at - scan->start));
      return FALSE;
    }
  if (is_object)
    scan->objects |= G_GUINT64_CONSTANT (1) << scan->depth;
  else
    scan->objects &= ~(G_GUINT64_CONSTANT (1) << scan->depth);
  scan->depth++;
  scan->at++;
  scan->expect = is_object ? EXPECT_NAME_OR_END : EXPECT_VALUE_OR_END;
  return TRUE;
}

static gboolean
is_in_object (const Scan *scan)
{
  return (scan->objects >> (scan->depth - 1)) & 1;
}

static gboolean
close_container (Scan *scan)
{
  if (peek (scan) != (is_in_object (scan) ? '}' : ']'))
    return fail (scan, scan->at < scan->end ? "unexpected character" : "incomplete text");
  scan->at++;
  scan->depth--;
  scan->expect = EXPECT_COMMA_OR_END;
  return TRUE;
}

static gboolean
scan_value (Scan *scan)
{
  char c = peek (scan);

  scan->expect = EXPECT_COMMA_OR_END;
  switch (c)
    {
    case '{':
    case '[':
      return open_container (scan, c == '{');
    case '"':
      return scan_string (scan);
    case 't':
      return scan_word (scan, "true");
    case 'f':
      return scan_word (scan, "false");
    case 'n':
      return scan_word (scan, "null");
    case '\0':
      return fail (scan, "incomplete text");
    default:
      if (c == '-' || g_ascii_isdigit (c))
        return scan_number (scan);
      return fail (scan, "unexpected character");
    }
}

static gboolean
scan_name (Scan *scan)
{
  if (peek (scan) != '"')
    return fail (scan, scan->at < scan->end ? "missing member name" : "incomplete text");
  if (!scan_string (scan))
    return FALSE;
  skip_space (scan);
  if (peek (scan) != ':')
    return fail (scan, "missing ':' after a member name");
  scan->at++;
  scan->expect = EXPECT_VALUE;
  return TRUE;
}

/* Scans one token, according to what is expected. */
static gboolean
scan_step (Scan *scan)
{
  char c = peek (scan);

  switch (scan->expect)
    {
    case EXPECT_VALUE_OR_END:
      return c == ']' ? close_container (scan) : scan_value (scan);
    case EXPECT_VALUE:
      return scan_value (scan);
    case EXPECT_NAME_OR_END:
      return c == '}' ? close_container (scan) : scan_name (scan);
    case EXPECT_NAME:
      return scan_name (scan);
    case EXPECT_COMMA_OR_END:
      if (c != ',')
        return close_container (scan);
      scan->at++;
      scan->expect = is_in_object (scan) ? EXPECT_NAME : EXPECT_VALUE;
      return TRUE;
    }
  return FALSE;
}

gboolean
vgw_json_scan (const char *text, gsize length, guint max_depth, GError **error)
{
  Scan scan = { .start = text, .at = text, .end = text + length, .max_depth = max_depth, .error = error };
  const char *bad = NULL;

  g_return_val_if_fail (max_depth > 0 && max_depth <= SCAN_DEPTH_LIMIT, FALSE);

  /* With a length given, g_utf8_validate () refuses NUL too. */
  if (!g_utf8_validate_len (text, length, &bad))
    {
      scan.at = bad;
      return fail (&scan, "NUL or invalid UTF-8");
    }
  skip_space (&scan);
  if (scan.at == scan.end)
    return fail (&scan, "empty text");
  if (*scan.at != '{')
    {
      g_set_error_literal (error, VGW_ERROR, VGW_ERROR_BAD_MESSAGE, "not a JSON object");
      return FALSE;
    }
  if (!open_container (&scan, TRUE))
    return FALSE;

  while (scan.depth > 0)
    {
      skip_space (&scan);
      if (!scan_step (&scan))
        return FALSE;
    }
  skip_space (&scan);
  return scan.at == scan.end || fail (&scan, "text after the object");
}
