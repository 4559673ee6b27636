#include "net/vgw-http-head.h"

#include <string.h>

#define MIN_REQUEST_LINE_BYTES 14 /* "GET / HTTP/1.1" */
#define HOST 0                    /* in single_fields */

/* Fields with one value. A proxy and libsoup may read two lines of one of them differently, so such a request is
 * refused (RFC 9112 sections 3.2 and 6.3; RFC 6455 section 11.3; RFC 6454 section 7.3). */
static const char *const single_fields[] = {
  [HOST] = "Host", "Content-Length", "Content-Type", "Origin", "Sec-WebSocket-Key", "Sec-WebSocket-Version", "Upgrade",
};

/* A line without its end, in the data. */
typedef struct
{
  const char *text;
  gsize length;
} Line;

/* RFC 9110 section 5.6.2 */
static gboolean
is_token_char (char c)
{
  return g_ascii_isalnum (c) || (c != '\0' && strchr ("!#$%&'*+-.^_`|~", c) != NULL);
}

static gboolean
has_control_char (const Line *line)
{
  for (gsize i = 0; i < line->length; i++)
    if (g_ascii_iscntrl (line->text[i]) && line->text[i] != '\t')
      return TRUE;
  return FALSE;
}

/* The line that starts at @data; FALSE where it is incomplete. It ends with LF or CR LF (RFC 9112 section 2.2). */
static gboolean
next_line (const char *data, gsize length, Line *line, gsize *n_taken)
{
  const char *end = memchr (data, '\n', length);

  if (end == NULL)
    return FALSE;
  line->text = data;
  line->length = end - data;
  if (line->length > 0 && end[-1] == '\r')
    line->length--;
  *n_taken = end - data + 1;
  return TRUE;
}

/* The path of the target "/path?query" or "http://host/path", undecoded. (transfer full) */
static char *
copy_path (const char *target, gsize length)
{
  const char *scheme_end = *target != '/' ? g_strstr_len (target, length, "://") : NULL;
  g_autofree char *text = g_strndup (target, length);
  const char *start = text;

  text[strcspn (text, "?")] = '\0';
  if (scheme_end != NULL && (gsize) (scheme_end - target) < strlen (text))
    start = strchr (text + (scheme_end - target) + strlen ("://"), '/');
  return g_strdup (start != NULL ? start : "/");
}

static VgwHttpHead
check_request_line (const Line *line, VgwHttpRoutes *routes, gsize *max_body_bytes, char **allow)
{
  const char *end = memchr (line->text, ' ', line->length);
  gsize n_method = end != NULL ? end - line->text : 0;
  g_autofree char *method = NULL;
  g_autofree char *path = NULL;
  const VgwHttpRoute *route;
  const char *target_end;

  for (gsize i = 0; i < n_method; i++)
    if (!is_token_char (line->text[i]))
      return VGW_HTTP_HEAD_BAD;
  if (n_method == 0 || line->length < MIN_REQUEST_LINE_BYTES || has_control_char (line)
      || g_strstr_len (line->text, line->length, " HTTP/1.") == NULL)
    return VGW_HTTP_HEAD_BAD;
  target_end = memchr (end + 1, ' ', line->length - n_method - 1);
  method = g_strndup (line->text, n_method);
  path = copy_path (end + 1, target_end != NULL ? target_end - end - 1 : 0);
  route = vgw_http_routes_find (routes, path, NULL, NULL);
  if (vgw_http_route_allows (route, method))
    {
      *max_body_bytes = vgw_http_route_get_handler (route, method) != NULL ? route->max_body_bytes : 0;
      return VGW_HTTP_HEAD_GOOD;
    }
  if (allow != NULL)
    *allow = vgw_http_route_list_methods (route);
  return VGW_HTTP_HEAD_METHOD;
}

static gboolean
is_named (const Line *line, gsize n_name, const char *name)
{
  return strlen (name) == n_name && g_ascii_strncasecmp (line->text, name, n_name) == 0;
}

static VgwHttpHead
check_content_length (const char *value, gsize length, gsize max_body_bytes)
{
  g_autofree char *text = g_strstrip (g_strndup (value, length));
  guint64 n_bytes;

  if (!g_ascii_string_to_unsigned (text, 10, 0, G_MAXINT64, &n_bytes, NULL))
    return VGW_HTTP_HEAD_BAD;
  return n_bytes <= max_body_bytes ? VGW_HTTP_HEAD_GOOD : VGW_HTTP_HEAD_BODY;
}

/* RFC 9110 section 7.2: a host with an optional port, or empty. */
static gboolean
is_host (const char *value, gsize length)
{
  g_autofree char *text = g_strstrip (g_strndup (value, length));

  for (const char *at = text; *at != '\0'; at++)
    if (!g_ascii_isalnum (*at) && strchr ("-._~%:[]", *at) == NULL)
      return FALSE;
  return TRUE;
}

/* Whether this is the second line of one of single_fields. @seen (inout): a bit for each of them. */
static gboolean
is_repeated (const Line *line, gsize n_name, guint *seen)
{
  for (guint i = 0; i < G_N_ELEMENTS (single_fields); i++)
    {
      gboolean was_seen = (*seen & 1u << i) != 0;

      if (!is_named (line, n_name, single_fields[i]))
        continue;
      *seen |= 1u << i;
      return was_seen;
    }
  return FALSE;
}

static VgwHttpHead
check_field (const Line *line, gsize max_body_bytes, guint *seen)
{
  const char *colon = memchr (line->text, ':', line->length);
  gsize n_name = colon != NULL ? colon - line->text : 0;

  for (gsize i = 0; i < n_name; i++)
    if (!is_token_char (line->text[i]))
      return VGW_HTTP_HEAD_BAD;
  if (n_name == 0 || has_control_char (line) || is_repeated (line, n_name, seen))
    return VGW_HTTP_HEAD_BAD;
  if (is_named (line, n_name, "Host"))
    return is_host (colon + 1, line->length - n_name - 1) ? VGW_HTTP_HEAD_GOOD : VGW_HTTP_HEAD_BAD;
  if (is_named (line, n_name, "Transfer-Encoding"))
    return max_body_bytes > 0 ? VGW_HTTP_HEAD_LENGTH : VGW_HTTP_HEAD_BODY;
  if (is_named (line, n_name, "Expect"))
    return VGW_HTTP_HEAD_EXPECT;
  if (is_named (line, n_name, "Content-Length"))
    return check_content_length (colon + 1, line->length - n_name - 1, max_body_bytes);
  return VGW_HTTP_HEAD_GOOD;
}

/* RFC 9112 section 3.2: only HTTP/1.0 allows a request without Host. */
static gboolean
needs_host (const Line *request_line)
{
  return g_strstr_len (request_line->text, request_line->length, " HTTP/1.0") == NULL;
}

VgwHttpHead
vgw_http_head_check (const char *data, gsize length, VgwHttpRoutes *routes, char **allow)
{
  gsize n_done = 0, max_body_bytes = 0;
  guint n_lines = 0, seen = 0;
  gsize n_taken;
  Line line, request_line = { 0 };

  /* empty lines before a request, which RFC 9112 section 2.2 allows, are not supported: no client sends any */
  if (length > 0 && !g_ascii_isalpha (data[0]))
    return VGW_HTTP_HEAD_BAD;
  while (n_done < MIN (length, VGW_HTTP_HEAD_MAX_BYTES)
         && next_line (data + n_done, MIN (length, VGW_HTTP_HEAD_MAX_BYTES) - n_done, &line, &n_taken))
    {
      VgwHttpHead verdict;

      if (line.length == 0)
        return n_lines > 0 && needs_host (&request_line) && (seen & 1u << HOST) == 0 ? VGW_HTTP_HEAD_BAD
                                                                                     : VGW_HTTP_HEAD_GOOD;
      if (n_lines == 0)
        request_line = line;
      verdict = n_lines == 0 ? check_request_line (&line, routes, &max_body_bytes, allow)
                             : check_field (&line, max_body_bytes, &seen);
      if (verdict != VGW_HTTP_HEAD_GOOD)
        return verdict;
      n_done += n_taken;
      n_lines++;
    }
  return length >= VGW_HTTP_HEAD_MAX_BYTES ? VGW_HTTP_HEAD_TOO_LARGE : VGW_HTTP_HEAD_MORE;
}

gboolean
vgw_http_head_is_whole (const char *data, gsize length)
{
  Line line;
  gsize n_taken;

  for (gsize n_done = 0; next_line (data + n_done, length - n_done, &line, &n_taken); n_done += n_taken)
    if (line.length == 0)
      return TRUE;
  return FALSE;
}

/* The next line named @name from @n_done on, which is then after it: its colon, or NULL at the end of the head. */
static const char *
next_field (const char *data, gsize length, const char *name, gsize *n_done, Line *line)
{
  gsize n_taken;

  while (next_line (data + *n_done, length - *n_done, line, &n_taken) && line->length > 0)
    {
      const char *colon = memchr (line->text, ':', line->length);

      *n_done += n_taken;
      if (colon != NULL && is_named (line, colon - line->text, name))
        return colon;
    }
  return NULL;
}

char *
vgw_http_head_find_field (const char *data, gsize length, const char *name)
{
  const char *colon;
  gsize n_done = 0;
  Line line;

  while ((colon = next_field (data, length, name, &n_done, &line)) != NULL)
    if (!has_control_char (&line))
      return g_strstrip (g_strndup (colon + 1, line.text + line.length - colon - 1));
  return NULL;
}

char *
vgw_http_head_list_field (const char *data, gsize length, const char *name)
{
  GString *list = NULL;
  const char *colon;
  gsize n_done = 0;
  Line line;

  while ((colon = next_field (data, length, name, &n_done, &line)) != NULL)
    {
      if (list == NULL)
        list = g_string_new (NULL);
      else
        g_string_append (list, ", ");
      g_string_append_len (list, colon + 1, line.text + line.length - colon - 1);
    }
  return list != NULL ? g_strstrip (g_string_free (list, FALSE)) : NULL;
}
