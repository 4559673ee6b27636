#include "config/vgw-config-check.h"

#include <gio/gio.h>
#include <string.h>

#include "access/vgw-token.h"
#include "base/vgw-address-group.h"
#include "base/vgw-error.h"
#include "engine/vgw-engine-factory.h"
#include "manager/vgw-manager-factory.h"
#include "manager/vgw-redis-connection.h"
#include "manager/vgw-webhook-signature.h"
#include "net/vgw-http-proxies.h"

/* Parts of patterns. A host is a name (RFC 1035 section 2.3.4), an IPv4 address, or an IPv6 address in brackets. */
#define HOST "(?:[-._A-Za-z0-9]{1,253}|\\[(?<address>[^\\]]+)\\])"
#define PORT "(?::0*(?:[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])(?![0-9]))?"
#define ENCODED "%(?!00)[0-9A-Fa-f]{2}"
#define USER "(?<user>(?:[^\\x00-\\x20\\x7f%:]|" ENCODED ")++)"
#define PASSWORD "(?<password>(?:[^\\x00-\\x20\\x7f%]|" ENCODED ")+)"
#define STUN "stun:" HOST PORT
/* turn://… is not standard, and "//" would be part of the user name */
#define TURN "(?<scheme>turns?:)(?!//)(?:" USER ":" PASSWORD "@)?(?<server>" HOST PORT "(?:\\?transport=(?:udp|tcp))?)"
/* at most 32 bytes; no "--", which would be the separator in an environment variable */
#define ENGINE_NAME "(?![-a-z0-9]{33})[a-z0-9]+(?:-[a-z0-9]+)*"

#define NODE_NAME "[A-Za-z0-9](?:[-._A-Za-z0-9]{0,61}[A-Za-z0-9])?"
#define NODE_URL "https?://" HOST PORT
/* a pattern has one group of a name */
#define SECOND_URL "https?://(?:[-._A-Za-z0-9]{1,253}|\\[[0-9A-Fa-f:.]+\\])" PORT

#define CREDENTIALS_HINT                                                                                               \
  "or turns: for TLS; a ':', '@', '%' or ';' in the credentials is written as %3A, %40, %25 or %3B"

#define ADDRESS_MUST "must be an IP address, such as 127.0.0.1 or ::1"
#define ENGINE_NAME_MUST "must be an engine name: at most 32 lower-case letters, digits, and single dashes between them"

static gboolean
fail (GError **error, const char *what)
{
  g_set_error_literal (error, VGW_ERROR, VGW_ERROR_CONFIG, what);
  return FALSE;
}

/* The match of all of @text with @pattern, else NULL. (transfer full) (nullable) */
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

/* A name whose last label is a number (1.2.3) is an address that is written wrong. */
static gboolean
is_advertised (const char *text)
{
  g_autoptr (GInetAddress) address = g_inet_address_new_from_string (text);
  g_autoptr (GMatchInfo) info = match ("(?<server>" HOST ")" PORT, text);
  g_autofree char *host = info != NULL ? g_match_info_fetch_named (info, "server") : NULL;
  const char *label;

  if (address == NULL && host == NULL)
    return FALSE;
  if (address != NULL)
    return !g_inet_address_get_is_any (address);
  label = strrchr (host, '.') != NULL ? strrchr (host, '.') + 1 : host;
  if (label[strspn (label, "0123456789")] != '\0')
    return TRUE;
  return g_hostname_is_ip_address (host) && !g_str_equal (host, "0.0.0.0");
}

/* The part called @name, percent-decoded; NULL where it is empty. (transfer full) */
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

/* An absolute URI without credentials and fragment, else NULL. (transfer full) */
static GUri *
parse_url (const char *text)
{
  gboolean has_space = strpbrk (text, " \t") != NULL; /* accepted by g_uri_parse () */
  g_autoptr (GUri) uri = !has_space ? g_uri_parse (text, G_URI_FLAGS_NONE, NULL) : NULL;
  const char *host = uri != NULL ? g_uri_get_host (uri) : NULL;

  if (host == NULL || *host == '\0' || g_uri_get_userinfo (uri) != NULL || g_uri_get_fragment (uri) != NULL)
    return NULL;
  return g_steal_pointer (&uri);
}

static gboolean
is_client_server (const char *text)
{
  g_autofree char *url = NULL, *username = NULL, *credential = NULL;

  return vgw_config_split_server (text, &url, &username, &credential);
}

static gboolean
is_turn_server (const char *text)
{
  g_autofree char *url = NULL, *username = NULL, *credential = NULL;

  return vgw_config_split_server (text, &url, &username, &credential) && username != NULL;
}

static gboolean
is_websocket_url (const char *text)
{
  g_autoptr (GUri) uri = parse_url (text);

  return uri != NULL && matches ("wss?", g_uri_get_scheme (uri)) && g_uri_get_port (uri) != 0;
}

static gboolean
is_tcp_url (const char *text)
{
  g_autoptr (GUri) uri = parse_url (text);

  return uri != NULL && strcmp (g_uri_get_scheme (uri), "tcp") == 0 && g_uri_get_port (uri) > 0
         && *g_uri_get_path (uri) == '\0' && g_uri_get_query (uri) == NULL;
}

static gboolean
check_engine_type (const char *text, GError **error)
{
  g_autofree char *known = vgw_engine_type_list ();
  g_autofree char *what = g_strdup_printf ("must be one of %s%s", known, vgw_engine_type_lack (text));

  return vgw_engine_type_find (text) != NULL || fail (error, what);
}

static gboolean
check_dialect (const char *text, GError **error)
{
  g_autoptr (GString) what = g_string_new ("must be one of");

  for (const VgwDialect *const *dialect = vgw_dialects (); *dialect != NULL; dialect++)
    {
      if ((*dialect)->is_stream)
        continue;
      if (strcmp ((*dialect)->name, text) == 0)
        return TRUE;
      g_string_append_printf (what, "%s %s", g_str_has_suffix (what->str, " of") ? "" : ",", (*dialect)->name);
    }
  return fail (error, what->str);
}

/* Credentials of callers are not passed to engines. */
static gboolean
check_no_secret (const char *text, GError **error)
{
  return !matches ("(?i)(?:access[-_])?token|authorization|password|secret|resume", text)
         || fail (error, "must not name a secret: credentials are not passed on");
}

static gboolean
check_token_key (const char *text, GError **error)
{
  const char *const lines[] = { text, NULL };
  g_autoptr (GHashTable) keys = vgw_token_read_keys (lines, error);

  return keys != NULL;
}

static gboolean
check_manager_type (const char *text, GError **error)
{
  g_autofree char *known = vgw_manager_list_types ();
  g_autofree char *what = g_strdup_printf ("must be one of %s", known);

  return vgw_manager_has_type (text) || fail (error, what);
}

static gboolean
check_webhook_secret (const char *text, GError **error)
{
  g_autoptr (GBytes) secret = vgw_webhook_secret_parse (text, error);

  return secret != NULL;
}

static gboolean
is_http_url (const char *text)
{
  g_autoptr (GUri) uri = parse_url (text);

  return uri != NULL && matches ("https?", g_uri_get_scheme (uri)) && g_uri_get_port (uri) != 0;
}

/* clang-format off */
static const struct
{
  gboolean (*check) (const char *text, GError **error); /* (nullable) first, with an error of its own */
  const char *pattern;                                  /* (nullable) */
  gboolean (*is_good) (const char *text);               /* (nullable) */
  const char *must;
  gboolean may_be_empty;
} checks[] = {
  [VGW_CONFIG_CHECK_NOT_EMPTY] = { .pattern = "(?s).+", .must = "must not be empty" },
  [VGW_CONFIG_CHECK_ADDRESS] = { .is_good = g_hostname_is_ip_address, .must = ADDRESS_MUST },
  [VGW_CONFIG_CHECK_ADDRESS_OR_PREFIX] = { .is_good = vgw_http_proxies_is_item,
    .must = "must be an IP address or a prefix, such as 127.0.0.1, 10.0.0.0/8 or fd00::/8" },
  [VGW_CONFIG_CHECK_ADDRESS_OR_NONE] = { .is_good = g_hostname_is_ip_address, .must = ADDRESS_MUST,
    .may_be_empty = TRUE },
  [VGW_CONFIG_CHECK_ADVERTISED] = { .is_good = is_advertised,
    .must = "must be an IP address or a host name, with or without a port, such as 192.0.2.1, 192.0.2.1:10000, "
            "[2001:db8::1]:10000 or voice.example.org" },
  [VGW_CONFIG_CHECK_LOOPBACK_OR_NONE] = { .is_good = vgw_address_is_loopback, .may_be_empty = TRUE,
    .must = "must be a loopback address, such as 127.0.0.1 or ::1, or empty to disable the listener; to give other "
            "machines access, put a proxy with authentication in front" },
  [VGW_CONFIG_CHECK_ORIGIN] = { .pattern = "\\*|null|(?!.*[A-Z])[-+.a-z0-9]+://" HOST PORT,
    .must = "must be *, null or SCHEME://HOST[:PORT] in lower case and without a path, such as https://shop.example" },
  [VGW_CONFIG_CHECK_STUN_SERVER] = { .pattern = STUN,
    .must = "must be stun:HOST[:PORT], such as stun:stun.example.org:3478" },
  [VGW_CONFIG_CHECK_TURN_SERVER] = { .is_good = is_turn_server,
    .must = "must be turn:USER:PASSWORD@HOST[:PORT][?transport=udp|tcp], " CREDENTIALS_HINT },
  [VGW_CONFIG_CHECK_CLIENT_SERVER] = { .is_good = is_client_server,
    .must = "must be stun:HOST[:PORT] or turn:[USER:PASSWORD@]HOST[:PORT][?transport=udp|tcp], " CREDENTIALS_HINT },
  [VGW_CONFIG_CHECK_PIPELINE_NAME] = { .pattern = "(?!\\.)[-._A-Za-z0-9]*",
    .must = "must be the name of a pipeline, without a directory and without \".launch\"" },
  [VGW_CONFIG_CHECK_ELEMENT_NAME] = { .pattern = "[-._A-Za-z0-9]*", .must = "must be the name of a GStreamer element" },
  [VGW_CONFIG_CHECK_ENGINE_TYPE] = { .check = check_engine_type },
  [VGW_CONFIG_CHECK_ENGINE_NAME] = { .pattern = ENGINE_NAME, .must = ENGINE_NAME_MUST },
  [VGW_CONFIG_CHECK_ENGINE_NAME_OR_NONE] = { .pattern = ENGINE_NAME, .must = ENGINE_NAME_MUST, .may_be_empty = TRUE },
  [VGW_CONFIG_CHECK_DIALECT] = { .check = check_dialect },
  [VGW_CONFIG_CHECK_ON_FAILURE] = { .pattern = "end|hold|fallback:" ENGINE_NAME,
    .must = "must be end, hold or fallback:NAME" },
  [VGW_CONFIG_CHECK_PARAMETER_NAME] = { .check = check_no_secret, .pattern = "[-._A-Za-z0-9]{1,64}",
    .must = "must be a name of 1 to 64 letters, digits, '.', '_' or '-'" },
  [VGW_CONFIG_CHECK_HEADER] = { .pattern = "[ -~]*", .must = "must be printable ASCII" },
  [VGW_CONFIG_CHECK_TOKEN_KEY] = { .check = check_token_key },
  [VGW_CONFIG_CHECK_ADMIN_TOKEN] = { .pattern = "[-._~A-Za-z0-9]{32,512}",
    .must = "must have 32 to 512 letters, digits and - . _ ~, such as the output of openssl rand -hex 32" },
  [VGW_CONFIG_CHECK_MANAGER_TYPE] = { .check = check_manager_type },
  [VGW_CONFIG_CHECK_WEBHOOK_SECRET] = { .check = check_webhook_secret },
  [VGW_CONFIG_CHECK_HTTP_URL_OR_NONE] = { .is_good = is_http_url, .may_be_empty = TRUE,
    .must = "must be https://HOST[:PORT]/PATH or http://, such as https://app.example.org/hooks/calls" },
  [VGW_CONFIG_CHECK_NODE_NAME_OR_NONE] = { .pattern = NODE_NAME, .may_be_empty = TRUE,
    .must = "must be a name of at most 63 letters, digits, '.', '_' and '-', such as a host name" },
  [VGW_CONFIG_CHECK_NODE_URL_OR_NONE] = { .pattern = NODE_URL, .may_be_empty = TRUE,
    .must = "must be http://HOST[:PORT] or https://, without a path, such as http://10.0.0.7:8080" },
  [VGW_CONFIG_CHECK_NODE_KEY] = { .pattern = "[!-~]{32,512}",
    .must = "must have 32 to 512 characters without spaces; \"openssl rand -hex 32\" makes one" },
  [VGW_CONFIG_CHECK_NODE_PEER] = { .pattern = NODE_NAME "=" NODE_URL "(?:," SECOND_URL ")?",
    .must = "must be NAME=URL or NAME=URL,ADMIN-URL, such as b=http://10.0.0.8:8080,http://10.0.0.8:8081" },
  [VGW_CONFIG_CHECK_REDIS_URL_OR_NONE] = { .is_good = vgw_redis_url_check, .may_be_empty = TRUE,
    .must = "must be redis://HOST[:PORT][/DATABASE], rediss:// for TLS, or unix:/PATH, without user name and password, "
            "which are manager.redis-username and manager.redis-password-file" },
  [VGW_CONFIG_CHECK_WEBSOCKET_URL] = { .is_good = is_websocket_url,
    .must = "must be ws://HOST[:PORT]/PATH or wss://, such as ws://127.0.0.1:9000/; put a secret into "
            "authorization" },
  [VGW_CONFIG_CHECK_TCP_URL] = { .is_good = is_tcp_url,
    .must = "must be tcp://HOST:PORT, such as tcp://127.0.0.1:9092" },
};
/* clang-format on */

gboolean
vgw_config_check (VgwConfigCheck check, const char *text, GError **error)
{
  if (checks[check].may_be_empty && *text == '\0')
    return TRUE;
  if (checks[check].check != NULL && !checks[check].check (text, error))
    return FALSE;
  if ((checks[check].pattern == NULL || matches (checks[check].pattern, text))
      && (checks[check].is_good == NULL || checks[check].is_good (text)))
    return TRUE;
  return fail (error, checks[check].must);
}
