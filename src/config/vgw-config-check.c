#include "config/vgw-config-check.h"

#include <gio/gio.h>
#include <string.h>

#include "base/vgw-error.h"
#include "engine/vgw-engine-factory.h"

/* Parts of patterns. A host is a name (RFC 1035 section 2.3.4), an IPv4 address, or an IPv6 address in brackets. */
#define HOST "(?:[-._A-Za-z0-9]{1,253}|\\[(?<address>[^\\]]+)\\])"
#define PORT "(?::0*(?:[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])(?![0-9]))?"
#define ENCODED "%(?!00)[0-9A-Fa-f]{2}"
#define USER "(?<user>(?:[^\\x00-\\x20\\x7f%:]|" ENCODED ")++)"
#define PASSWORD "(?<password>(?:[^\\x00-\\x20\\x7f%]|" ENCODED ")+)"
#define STUN "stun:" HOST PORT
/* turn://… was never standard, and is easily taken for a user's name */
#define TURN "(?<scheme>turns?:)(?!//)(?:" USER ":" PASSWORD "@)?(?<server>" HOST PORT "(?:\\?transport=(?:udp|tcp))?)"
#define ORIGIN "\\*|null|(?!.*[A-Z])[-+.a-z0-9]+://" HOST PORT
#define ENGINE_NAME "[a-z0-9]+(?:-[a-z0-9]+)*" /* "--" is what separates a name in an environment variable */
#define MAX_ENGINE_NAME_BYTES 32

#define CREDENTIALS_HINT                                                                                               \
  "or turns: for TLS; a ':', '@', '%' or ';' in the credentials is written as %3A, %40, %25 or %3B"

static gboolean
fail (GError **error, const char *what)
{
  g_set_error_literal (error, VGW_ERROR, VGW_ERROR_CONFIG, what);
  return FALSE;
}

/* The parts of @text where all of it matches @pattern, else NULL. (transfer full) (nullable) */
static GMatchInfo *
match (const char *pattern, const char *text)
{
  g_autofree char *whole = g_strconcat ("\\A(?:", pattern, ")\\z", NULL);
  g_autoptr (GRegex) regex = g_regex_new (whole, G_REGEX_DEFAULT, G_REGEX_MATCH_DEFAULT, NULL);
  g_autoptr (GMatchInfo) info = NULL;
  g_autofree char *address = NULL;

  if (!g_regex_match (regex, text, G_REGEX_MATCH_DEFAULT, &info))
    return NULL;
  address = g_match_info_fetch_named (info, "address");
  if (address != NULL && *address != '\0' && (strchr (address, ':') == NULL || !g_hostname_is_ip_address (address)))
    return NULL;
  return g_steal_pointer (&info);
}

static gboolean
matches (const char *pattern, const char *text)
{
  g_autoptr (GMatchInfo) info = match (pattern, text);

  return info != NULL;
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

gboolean
vgw_config_check_origin (const char *text, GError **error)
{
  return matches (ORIGIN, text)
         || fail (error, "must be *, null or SCHEME://HOST[:PORT] in lower case and without a path, such as "
                         "https://shop.example");
}

gboolean
vgw_config_check_stun_server (const char *text, GError **error)
{
  return matches (STUN, text) || fail (error, "must be stun:HOST[:PORT], such as stun:stun.example.org:3478");
}

gboolean
vgw_config_check_turn_server (const char *text, GError **error)
{
  g_autofree char *url = NULL, *username = NULL, *credential = NULL;

  if (vgw_config_split_server (text, &url, &username, &credential) && username != NULL)
    return TRUE;
  return fail (error, "must be turn:USER:PASSWORD@HOST[:PORT][?transport=udp|tcp], " CREDENTIALS_HINT);
}

gboolean
vgw_config_check_client_server (const char *text, GError **error)
{
  return matches (STUN, text) || matches (TURN, text)
         || fail (
             error,
             "must be stun:HOST[:PORT] or turn:[USER:PASSWORD@]HOST[:PORT][?transport=udp|tcp], " CREDENTIALS_HINT);
}

/* The part called @name without its percent signs; NULL where there is none. (transfer full) */
static char *
decode (const GMatchInfo *info, const char *name)
{
  g_autofree char *part = g_match_info_fetch_named (info, name);

  return part != NULL && *part != '\0' ? g_uri_unescape_string (part, NULL) : NULL;
}

gboolean
vgw_config_split_server (const char *text, char **url, char **username, char **credential)
{
  g_autoptr (GMatchInfo) info = match (TURN, text);
  g_autofree char *scheme = info != NULL ? g_match_info_fetch_named (info, "scheme") : NULL;
  g_autofree char *server = info != NULL ? g_match_info_fetch_named (info, "server") : NULL;

  *username = info != NULL ? decode (info, "user") : NULL;
  *credential = info != NULL ? decode (info, "password") : NULL;
  *url = info != NULL ? g_strconcat (scheme, server, NULL) : matches (STUN, text) ? g_strdup (text) : NULL;
  return *url != NULL;
}

gboolean
vgw_config_check_pipeline_name (const char *text, GError **error)
{
  return matches ("(?!\\.)[-._A-Za-z0-9]*", text)
         || fail (error, "must be the name of a pipeline, without directory and \".launch\"");
}

gboolean
vgw_config_check_element_name (const char *text, GError **error)
{
  return matches ("[-._A-Za-z0-9]*", text) || fail (error, "must be the name of a GStreamer element");
}

/* --- engines --- */

gboolean
vgw_config_check_engine_type (const char *text, GError **error)
{
  const char *const *types = vgw_engine_types ();
  g_autofree char *known = NULL;

  if (g_strv_contains (types, text))
    return TRUE;
  known = g_strjoinv (", ", (char **) types);
  g_set_error (error, VGW_ERROR, VGW_ERROR_CONFIG, "must be one of %s%s", known, vgw_engine_type_lack (text));
  return FALSE;
}

gboolean
vgw_config_check_dialect (const char *text, GError **error)
{
  g_autoptr (GString) known = g_string_new (NULL);

  for (const char *const *name = vgw_dialect_names (); *name != NULL; name++)
    {
      if (vgw_dialect_find (*name)->is_stream)
        continue;
      if (strcmp (*name, text) == 0)
        return TRUE;
      g_string_append_printf (known, "%s%s", known->len > 0 ? ", " : "", *name);
    }
  g_set_error (error, VGW_ERROR, VGW_ERROR_CONFIG, "must be one of %s", known->str);
  return FALSE;
}

gboolean
vgw_config_check_engine_name (const char *text, GError **error)
{
  if (strlen (text) <= MAX_ENGINE_NAME_BYTES && matches (ENGINE_NAME, text))
    return TRUE;
  return fail (error,
               "must be that of an engine: at most 32 lower-case letters, digits and single dashes between them");
}

gboolean
vgw_config_check_engine_name_or_none (const char *text, GError **error)
{
  return *text == '\0' || vgw_config_check_engine_name (text, error);
}

gboolean
vgw_config_check_on_failure (const char *text, GError **error)
{
  const char *name = g_str_has_prefix (text, "fallback:") ? text + strlen ("fallback:") : "";

  return matches ("end|hold", text) || vgw_config_check_engine_name (name, NULL)
         || fail (error, "must be end, hold or fallback:NAME");
}

/* What lets a caller in is for the gateway alone. */
gboolean
vgw_config_check_parameter_name (const char *text, GError **error)
{
  if (matches ("(?i)(?:access[-_])?token|authorization|password|secret|resume", text))
    return fail (error, "must not name a secret: what lets a caller in is not passed on");
  return matches ("[-._A-Za-z0-9]{1,64}", text)
         || fail (error, "must be names of 1 to 64 letters, digits, '.', '_' or '-'");
}

gboolean
vgw_config_check_header (const char *text, GError **error)
{
  return matches ("[ -~]*", text) || fail (error, "must be printable ASCII");
}

/* An absolute URI without credentials and fragment. NULL where @text is none. (transfer full) */
static GUri *
parse_url (const char *text)
{
  gboolean has_space = strpbrk (text, " \t") != NULL; /* g_uri_parse () lets it pass */
  g_autoptr (GUri) uri = !has_space ? g_uri_parse (text, G_URI_FLAGS_NONE, NULL) : NULL;
  const char *host = uri != NULL ? g_uri_get_host (uri) : NULL;

  if (host == NULL || *host == '\0' || g_uri_get_userinfo (uri) != NULL || g_uri_get_fragment (uri) != NULL)
    return NULL;
  return g_steal_pointer (&uri);
}

gboolean
vgw_config_check_websocket_url (const char *text, GError **error)
{
  g_autoptr (GUri) uri = parse_url (text);

  if (uri != NULL && matches ("wss?", g_uri_get_scheme (uri)) && g_uri_get_port (uri) != 0)
    return TRUE;
  return fail (error, "must be ws://HOST[:PORT]/PATH or wss://, such as ws://127.0.0.1:9000/; a secret belongs in "
                      "authorization");
}

gboolean
vgw_config_check_tcp_url (const char *text, GError **error)
{
  g_autoptr (GUri) uri = parse_url (text);

  if (uri != NULL && strcmp (g_uri_get_scheme (uri), "tcp") == 0 && g_uri_get_port (uri) > 0
      && *g_uri_get_path (uri) == '\0' && g_uri_get_query (uri) == NULL)
    return TRUE;
  return fail (error, "must be tcp://HOST:PORT, such as tcp://127.0.0.1:9092");
}
