#include "config/vgw-config-check.h"

#include <gio/gio.h>
#include <string.h>

#include "base/vgw-error.h"

#define MAX_PORT 65535
#define MAX_HOST_BYTES 253 /* RFC 1035 section 2.3.4, without the root's dot */

#define NAME_CHARACTERS "-_." G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS

/* Where the parts of a server are in its text; the text is not terminated there. */
typedef struct
{
  const char *user, *user_end;         /* user is NULL for none */
  const char *password, *password_end; /* NULL for none */
  const char *host, *host_end;
  const char *port_end;
  const char *transport; /* NULL for none, else to the end of the text */
} Server;

static gboolean
fail (GError **error, const char *what)
{
  g_set_error_literal (error, VGW_ERROR, VGW_ERROR_CONFIG, what);
  return FALSE;
}

gboolean
vgw_config_check_not_empty (const char *text, GError **error)
{
  return *text != '\0' || fail (error, "must not be empty");
}

gboolean
vgw_config_check_address (const char *text, GError **error)
{
  return g_hostname_is_ip_address (text) || fail (error, "must be an IP address, such as 127.0.0.1 or ::1");
}

gboolean
vgw_config_check_address_or_none (const char *text, GError **error)
{
  return *text == '\0' || vgw_config_check_address (text, error);
}

gboolean
vgw_config_check_loopback_or_none (const char *text, GError **error)
{
  g_autoptr (GInetAddress) address = *text != '\0' ? g_inet_address_new_from_string (text) : NULL;

  if (*text == '\0' || (address != NULL && g_inet_address_get_is_loopback (address)))
    return TRUE;
  return fail (error,
               "must be an address that only this machine can reach, such as 127.0.0.1 or ::1, or empty for none; "
               "to let other machines in, put a proxy in front that asks who they are");
}

/* A host name, an IPv4 address, or an IPv6 address in brackets, from @at on. Returns its end, or NULL. */
static const char *
skip_host (const char *at)
{
  const char *end = at;
  g_autofree char *address = NULL;

  if (*at == '[')
    {
      end = strchr (at, ']');
      if (end == NULL)
        return NULL;
      address = g_strndup (at + 1, (gsize) (end - at - 1));
      return strchr (address, ':') != NULL && g_hostname_is_ip_address (address) ? end + 1 : NULL;
    }
  while (g_ascii_isalnum (*end) || (*end != '\0' && strchr ("-._", *end) != NULL))
    end++;
  return end > at && end - at <= MAX_HOST_BYTES ? end : NULL;
}

/* ":PORT" or nothing, from @at on. Returns its end, or NULL. */
static const char *
skip_port (const char *at)
{
  guint64 port;
  char *end;

  if (*at != ':')
    return at;
  if (!g_ascii_isdigit (at[1]))
    return NULL;
  port = g_ascii_strtoull (at + 1, &end, 10);
  return port > 0 && port <= MAX_PORT ? end : NULL;
}

gboolean
vgw_config_check_origin (const char *text, GError **error)
{
  const char *host = strstr (text, "://");
  const char *end;

  if (strcmp (text, "*") == 0 || strcmp (text, "null") == 0)
    return TRUE;
  if (host == NULL || host == text || strspn (text, "+-." G_CSET_a_2_z G_CSET_DIGITS) != (gsize) (host - text))
    return fail (error, "must be *, null or SCHEME://HOST[:PORT] in lower case, such as https://shop.example");
  end = skip_host (host + strlen ("://"));
  end = end != NULL ? skip_port (end) : NULL;
  if (end == NULL || *end != '\0' || strpbrk (text, G_CSET_A_2_Z) != NULL)
    return fail (error, "must be *, null or SCHEME://HOST[:PORT] in lower case and without a path, such as "
                        "https://shop.example");
  return TRUE;
}

gboolean
vgw_config_check_stun_server (const char *text, GError **error)
{
  const char *at = g_str_has_prefix (text, "stun:") ? text + strlen ("stun:") : NULL;

  at = at != NULL ? skip_host (at) : NULL;
  at = at != NULL ? skip_port (at) : NULL;
  return (at != NULL && *at == '\0') || fail (error, "must be stun:HOST[:PORT], such as stun:stun.example.org:3478");
}

/* Whether the credential from @at to @end is printable, not empty, and has '%' only before two hexadecimal digits. */
static gboolean
is_credential (const char *at, const char *end)
{
  if (at == end)
    return FALSE;
  for (; at < end; at++)
    {
      if ((guchar) *at <= ' ' || *at == 0x7f)
        return FALSE;
      if (*at != '%')
        continue;
      if (end - at < 3 || !g_ascii_isxdigit (at[1]) || !g_ascii_isxdigit (at[2]) || strncmp (at, "%00", 3) == 0)
        return FALSE;
    }
  return TRUE;
}

static gboolean
find_credentials (const char *at, const char *end, Server *server)
{
  const char *colon = memchr (at, ':', (gsize) (end - at));

  if (colon == NULL || !is_credential (at, colon) || !is_credential (colon + 1, end))
    return FALSE;
  server->user = at;
  server->user_end = colon;
  server->password = colon + 1;
  server->password_end = end;
  return TRUE;
}

/* Finds the parts of "turn:…" or "turns:…". */
static gboolean
find_turn_parts (const char *text, Server *server)
{
  gboolean is_tls = g_str_has_prefix (text, "turns:");
  const char *at = strchr (text, ':');
  const char *at_sign = strrchr (text, '@');

  memset (server, 0, sizeof *server);
  if (!is_tls && !g_str_has_prefix (text, "turn:"))
    return FALSE;
  at++;
  if (g_str_has_prefix (at, "//")) /* a form that was never standard, and easily taken for a user's name */
    return FALSE;
  if (at_sign != NULL && !find_credentials (at, at_sign, server))
    return FALSE;

  server->host = at_sign != NULL ? at_sign + 1 : at;
  server->host_end = skip_host (server->host);
  server->port_end = server->host_end != NULL ? skip_port (server->host_end) : NULL;
  if (server->port_end == NULL)
    return FALSE;
  if (*server->port_end == '\0')
    return TRUE;
  server->transport = server->port_end;
  return strcmp (server->transport, "?transport=udp") == 0 || strcmp (server->transport, "?transport=tcp") == 0;
}

gboolean
vgw_config_check_turn_server (const char *text, GError **error)
{
  Server server;

  if (find_turn_parts (text, &server) && server.user != NULL)
    return TRUE;
  return fail (
      error, "must be turn:USER:PASSWORD@HOST[:PORT][?transport=udp|tcp], or turns: for TLS; a ':', '@', '%' or ';' in "
             "the credentials is written as %3A, %40, %25 or %3B");
}

gboolean
vgw_config_check_client_server (const char *text, GError **error)
{
  Server server;

  if (vgw_config_check_stun_server (text, NULL) || find_turn_parts (text, &server))
    return TRUE;
  return fail (error,
               "must be stun:HOST[:PORT] or turn:[USER:PASSWORD@]HOST[:PORT][?transport=udp|tcp], or turns: for TLS; a "
               "':', '@', '%' or ';' in the credentials is written as %3A, %40, %25 or %3B");
}

gboolean
vgw_config_check_pipeline_name (const char *text, GError **error)
{
  if (strspn (text, NAME_CHARACTERS) == strlen (text) && *text != '.')
    return TRUE;
  return fail (error, "must be the name of a pipeline, without directory and \".launch\"");
}

gboolean
vgw_config_check_element_name (const char *text, GError **error)
{
  if (strspn (text, NAME_CHARACTERS) == strlen (text))
    return TRUE;
  return fail (error, "must be the name of a GStreamer element");
}

static char *
decode (const char *start, const char *end)
{
  return start != NULL ? g_uri_unescape_segment (start, end, NULL) : NULL;
}

gboolean
vgw_config_split_server (const char *text, char **url, char **username, char **credential)
{
  Server server;

  *url = *username = *credential = NULL;
  if (vgw_config_check_stun_server (text, NULL))
    {
      *url = g_strdup (text);
      return TRUE;
    }
  if (!find_turn_parts (text, &server))
    return FALSE;
  *url = g_strdup_printf ("%s%s", g_str_has_prefix (text, "turns:") ? "turns:" : "turn:", server.host);
  *username = decode (server.user, server.user_end);
  *credential = decode (server.password, server.password_end);
  return TRUE;
}
