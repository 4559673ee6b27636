#include "net/vgw-http-origin.h"

#include <gio/gio.h>
#include <string.h>

/* Host and port of "scheme://host:port", with the default port of the scheme; NULL for anything else. */
static char *
authority_of_origin (const char *origin)
{
  g_autoptr (GUri) uri = g_uri_parse (origin, G_URI_FLAGS_PARSE_RELAXED, NULL);
  const char *scheme = uri != NULL ? g_uri_get_scheme (uri) : NULL;
  const char *host = uri != NULL ? g_uri_get_host (uri) : NULL;
  int port;

  if (host == NULL || host[0] == '\0' || g_uri_get_userinfo (uri) != NULL)
    return NULL;
  port = g_uri_get_port (uri);
  if (port <= 0 && g_str_equal (scheme, "http"))
    port = 80;
  if (port <= 0 && g_str_equal (scheme, "https"))
    port = 443;
  return g_strdup_printf ("%s|%d", host, port);
}

/* The Host header has no scheme; behind a TLS proxy the origin's applies. */
static char *
authority_of_host (const char *host, const char *origin)
{
  g_autofree char *scheme = g_uri_parse_scheme (origin);
  g_autofree char *url = g_strconcat (scheme != NULL ? scheme : "http", "://", host, NULL);

  return authority_of_origin (url);
}

static gboolean
is_same_authority (const char *origin, const char *host)
{
  g_autofree char *of_origin = authority_of_origin (origin);
  g_autofree char *of_host = authority_of_host (host, origin);

  return of_origin != NULL && of_host != NULL && g_ascii_strcasecmp (of_origin, of_host) == 0;
}

gboolean
vgw_http_origin_is_listed (const char *origin, const char *const *allowed)
{
  for (gsize i = 0; allowed != NULL && allowed[i] != NULL; i++)
    if (strcmp (allowed[i], "*") == 0 || g_ascii_strcasecmp (allowed[i], origin) == 0)
      return TRUE;
  return FALSE;
}

gboolean
vgw_http_origin_is_allowed (const char *origin, const char *host, const char *const *allowed)
{
  if (origin == NULL)
    return TRUE;
  return (host != NULL && is_same_authority (origin, host)) || vgw_http_origin_is_listed (origin, allowed);
}

gboolean
vgw_http_host_is_local (const char *host)
{
  g_autofree char *name = NULL;
  const char *end;

  if (host == NULL)
    return FALSE;
  end = *host == '[' ? strchr (host, ']') : host + strcspn (host, ":");
  if (end == NULL)
    return FALSE;
  name = *host == '[' ? g_strndup (host + 1, end - host - 1) : g_strndup (host, end - host);
  if (*host == '[')
    end++;
  if (*end != '\0' && (*end != ':' || strspn (end + 1, "0123456789") != strlen (end + 1)))
    return FALSE;
  return g_ascii_strcasecmp (name, "localhost") == 0 || g_hostname_is_ip_address (name);
}
