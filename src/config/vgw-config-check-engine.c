/* Checks of what an engine can be told. */
#include "config/vgw-config-check.h"

#include <gio/gio.h>
#include <string.h>

#include "base/vgw-error.h"
#include "engine/vgw-engine-factory.h"

#define MAX_NAME_BYTES 32
#define NAME_CHARACTERS "-" G_CSET_a_2_z G_CSET_DIGITS
#define MAX_PARAMETER_NAME_BYTES 64
#define PARAMETER_CHARACTERS G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "._-"
#define FALLBACK_PREFIX "fallback:"

static gboolean
fail (GError **error, const char *what)
{
  g_set_error_literal (error, VGW_ERROR, VGW_ERROR_CONFIG, what);
  return FALSE;
}

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

/* Two dashes would be the separator in the name of an environment variable. */
gboolean
vgw_config_check_engine_name (const char *text, GError **error)
{
  gsize length = strlen (text);

  if (length > 0 && length <= MAX_NAME_BYTES && strspn (text, NAME_CHARACTERS) == length && text[0] != '-'
      && text[length - 1] != '-' && strstr (text, "--") == NULL)
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
  if (strcmp (text, "end") == 0 || strcmp (text, "hold") == 0)
    return TRUE;
  if (g_str_has_prefix (text, FALLBACK_PREFIX) && vgw_config_check_engine_name (text + strlen (FALLBACK_PREFIX), NULL))
    return TRUE;
  return fail (error, "must be end, hold or fallback:NAME");
}

/* What lets a caller in is for the gateway alone. */
gboolean
vgw_config_check_parameter_name (const char *text, GError **error)
{
  static const char *const secrets[] = { "token",    "access_token", "access-token", "authorization",
                                         "password", "secret",       "resume",       NULL };
  g_autofree char *lower = g_ascii_strdown (text, -1);

  if (g_strv_contains (secrets, lower))
    return fail (error, "must not name a secret: what lets a caller in is not passed on");
  if (*text == '\0' || strlen (text) > MAX_PARAMETER_NAME_BYTES || text[strspn (text, PARAMETER_CHARACTERS)] != '\0')
    return fail (error, "must be names of 1 to 64 letters, digits, '.', '_' or '-'");
  return TRUE;
}

gboolean
vgw_config_check_header (const char *text, GError **error)
{
  for (; *text != '\0'; text++)
    {
      if (!g_ascii_isprint (*text))
        return fail (error, "must be printable ASCII");
    }
  return TRUE;
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
  const char *scheme = uri != NULL ? g_uri_get_scheme (uri) : "";

  if ((strcmp (scheme, "ws") == 0 || strcmp (scheme, "wss") == 0) && g_uri_get_port (uri) != 0)
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
