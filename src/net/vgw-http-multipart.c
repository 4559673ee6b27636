#include "net/vgw-http-multipart.h"

#include <string.h>

#include "base/vgw-error.h"

#define MAX_BOUNDARY_BYTES 70 /* RFC 2046 section 5.1.1 */

/* What is still to be read. */
typedef struct
{
  const char *at, *end;
} Rest;

static void
part_free (gpointer data)
{
  VgwHttpPart *part = data;

  g_free (part->name);
  g_free (part->content_type);
  g_free (part->text);
  g_free (part);
}

static gboolean
fail (GError **error, const char *message)
{
  g_set_error (error, VGW_ERROR, VGW_ERROR_BAD_MESSAGE, "the body is not multipart/form-data: %s", message);
  return FALSE;
}

/* The end of the text that begins at @text: the next ';' outside of a quoted string. */
static const char *
find_end_of_parameter (const char *text)
{
  gboolean is_quoted = FALSE;

  for (; *text != '\0' && (is_quoted || *text != ';'); text++)
    {
      if (*text == '"')
        is_quoted = !is_quoted;
      else if (is_quoted && *text == '\\' && text[1] != '\0')
        text++;
    }
  return text;
}

/* @text: a token or a quoted-string (RFC 9110 section 5.6.4). (transfer full) */
static char *
unquote (const char *text, gsize length)
{
  g_autoptr (GString) value = g_string_new (NULL);

  if (length < 2 || text[0] != '"' || text[length - 1] != '"')
    return g_strndup (text, length);
  for (gsize i = 1; i < length - 1; i++)
    {
      if (text[i] == '\\' && i + 1 < length - 1)
        i++;
      g_string_append_c (value, text[i]);
    }
  return g_string_free (g_steal_pointer (&value), FALSE);
}

/* The parameter @name of a header's @value, "form-data; name=\"sdp\"", or NULL. (transfer full) */
static char *
find_parameter (const char *value, const char *name)
{
  gsize n = strlen (name);

  for (const char *at = find_end_of_parameter (value); *at != '\0'; at = find_end_of_parameter (at))
    {
      const char *end;

      at += 1 + strspn (at + 1, " \t");
      end = find_end_of_parameter (at);
      if (g_ascii_strncasecmp (at, name, n) != 0 || at[n] != '=')
        continue;
      while (end > at + n + 1 && g_ascii_isspace (end[-1]))
        end--;
      return unquote (at + n + 1, end - (at + n + 1));
    }
  return NULL;
}

/* One line of a part's head. */
static void
read_header (VgwHttpPart *part, const char *line)
{
  const char *colon = strchr (line, ':');
  g_autofree char *name = colon != NULL ? g_strchomp (g_strndup (line, colon - line)) : NULL;
  const char *value = colon != NULL ? colon + 1 + strspn (colon + 1, " \t") : NULL;

  if (name == NULL)
    return;
  if (g_ascii_strcasecmp (name, "Content-Disposition") == 0 && part->name == NULL)
    part->name = find_parameter (value, "name");
  else if (g_ascii_strcasecmp (name, "Content-Type") == 0 && part->content_type == NULL)
    part->content_type = g_strchomp (g_strndup (value, strcspn (value, ";")));
}

/* Behind the next "\r\n--BOUNDARY" of @rest; @before (out): what came before it. FALSE where there is none. */
static gboolean
skip_delimiter (Rest *rest, const char *delimiter, Rest *before)
{
  gsize n = strlen (delimiter);
  const char *found = memmem (rest->at, rest->end - rest->at, delimiter, n);

  if (found == NULL)
    return FALSE;
  *before = (Rest){ rest->at, found };
  rest->at = found + n;
  return TRUE;
}

/* Behind the boundary: "--" ends the form, else a line break follows. */
static gboolean
read_after_delimiter (Rest *rest, gboolean *is_last, GError **error)
{
  *is_last = rest->end - rest->at >= 2 && memcmp (rest->at, "--", 2) == 0;
  if (*is_last)
    return TRUE;
  while (rest->at < rest->end && (*rest->at == ' ' || *rest->at == '\t'))
    rest->at++;
  if (rest->end - rest->at < 2 || memcmp (rest->at, "\r\n", 2) != 0)
    return fail (error, "no line break after a boundary");
  return TRUE; /* it is the first one of the head's, which ends with an empty line */
}

/* (transfer full) (nullable) */
static VgwHttpPart *
read_part (const Rest *text, GError **error)
{
  VgwHttpPart *part = g_new0 (VgwHttpPart, 1);
  const char *body = memmem (text->at, text->end - text->at, "\r\n\r\n", 4);
  g_autofree char *head = NULL;
  g_auto (GStrv) lines = NULL;

  if (body != NULL)
    {
      head = g_strndup (text->at, body - text->at);
      lines = g_strsplit (head, "\r\n", -1);
      for (char **line = lines; *line != NULL; line++)
        read_header (part, *line);
    }
  if (part->name == NULL)
    {
      fail (error, "a part has no name");
      part_free (part);
      return NULL;
    }
  body += 4;
  part->length = text->end - body;
  part->text = g_malloc (part->length + 1);
  memcpy (part->text, body, part->length);
  part->text[part->length] = '\0';
  return part;
}

GPtrArray *
vgw_http_multipart_parse (const char *content_type, const char *body, gsize length, GError **error)
{
  g_autoptr (GPtrArray) parts = g_ptr_array_new_with_free_func (part_free);
  g_autofree char *boundary = find_parameter (content_type, "boundary");
  g_autofree char *delimiter = g_strconcat ("\r\n--", boundary, NULL);
  /* the first boundary needs no line break before it */
  gboolean is_first =
      boundary != NULL && length >= strlen (delimiter) - 2 && memcmp (body, delimiter + 2, strlen (delimiter) - 2) == 0;
  Rest rest = { body, body + length }, text = { 0 };
  gboolean is_last = FALSE;

  if (boundary == NULL || *boundary == '\0' || strlen (boundary) > MAX_BOUNDARY_BYTES)
    {
      fail (error, "Content-Type has no boundary");
      return NULL;
    }
  if (is_first)
    rest.at += strlen (delimiter) - 2;
  else if (!skip_delimiter (&rest, delimiter, &text))
    {
      fail (error, "it has no boundary");
      return NULL;
    }
  while (read_after_delimiter (&rest, &is_last, error) && !is_last)
    {
      VgwHttpPart *part;

      if (parts->len == VGW_HTTP_MULTIPART_MAX_PARTS)
        {
          g_set_error_literal (error, VGW_ERROR, VGW_ERROR_TOO_LARGE, "the form has too many parts");
          return NULL;
        }
      if (!skip_delimiter (&rest, delimiter, &text))
        {
          fail (error, "it has no last boundary");
          return NULL;
        }
      part = read_part (&text, error);
      if (part == NULL)
        return NULL;
      g_ptr_array_add (parts, part);
    }
  return is_last ? g_steal_pointer (&parts) : NULL;
}

const VgwHttpPart *
vgw_http_multipart_find (GPtrArray *parts, const char *name)
{
  for (guint i = 0; i < parts->len; i++)
    {
      const VgwHttpPart *part = g_ptr_array_index (parts, i);

      if (g_str_equal (part->name, name))
        return part;
    }
  return NULL;
}
