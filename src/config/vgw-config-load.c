#include "config/vgw-config-load.h"

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <stdarg.h>
#include <string.h>

#include "access/vgw-token.h"
#include "base/vgw-data-path.h"
#include "base/vgw-error.h"
#include "config/vgw-config-engines.h"
#include "config/vgw-config-errors.h"
#include "config/vgw-config-file.h"
#include "config/vgw-config-keys.h"
#include "config/vgw-config-suggest.h"
#include "config/vgw-config-value.h"
#include "config/vgw-config-variables.h"
#include "net/vgw-tls.h"

#define VARIABLE_PREFIX "VGW_"
#define TEST_VARIABLE_PREFIX "VGW_TEST_" /* for the tests' own use */
#define ENGINE_VARIABLE_PREFIX "VGW_ENGINE_"
#define ENGINE_VARIABLE_SEPARATOR "__"

typedef struct
{
  VgwConfig *config;
  GPtrArray *engines;      /* VgwEngineDraft */
  VgwConfigErrors *errors; /* all of them, so that one start shows them */
  const char *path;        /* of the present file; its directory: */
  const char *directory;
  gboolean is_open; /* the present group exists; otherwise its own line has the error */
} Loader;

/* The text of a key, and its position. */
typedef struct
{
  VgwConfigSource source;
  const char *where; /* for errors: "a.conf:3: [http] port" */
  const char *base;  /* (nullable) the base directory of relative file names */
  const char *text;
} Entry;

static void
loader_init (Loader *loader)
{
  g_autoptr (GError) error = NULL;

  loader->config = g_new0 (VgwConfig, 1);
  loader->config->origins = vgw_config_origins_new ();
  loader->engines = vgw_config_engines_new ();
  loader->errors = vgw_config_errors_new ();
  for (const VgwConfigKey *key = vgw_config_keys; key->name != NULL; key++)
    {
      if (vgw_config_has_group (key->group)
          && !vgw_config_assign (vgw_config_get_values (loader->config, key), key, key->default_text, &error))
        /* a wrong row of the table: no configuration causes it, and every start and test would show it */
        g_error ("default of %s.%s: %s", key->group, key->name, error->message);
    }
}

static void
loader_clear (Loader *loader)
{
  g_clear_pointer (&loader->errors, vgw_config_errors_free);
  g_clear_pointer (&loader->engines, g_ptr_array_unref);
  g_clear_pointer (&loader->config, vgw_config_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Loader, loader_clear)

void
vgw_config_free (VgwConfig *config)
{

  if (config == NULL)
    return;
  for (const VgwConfigKey *key = vgw_config_keys; key->name != NULL; key++)
    vgw_config_clear_value (vgw_config_get_values (config, key), key);
  vgw_config_origins_free (config->origins);
  g_clear_pointer (&config->engine.engines, g_ptr_array_unref);
  g_clear_pointer (&config->http.tls, vgw_tls_identity_unref);
  g_clear_object (&config->node.authorities);
  g_free (config);
}

char *
vgw_config_where (const VgwConfig *config, const char *group, const char *name)
{
  const char *where = vgw_config_origins_find (config->origins, group, name)->where;

  return where != NULL ? g_strdup (where) : g_strdup_printf ("%s.%s", group, name);
}

/* --- one value --- */

/* Sets @error to "WHERE: WHAT SUGGESTION". Takes @suggestion. Returns FALSE. */
static gboolean
fail_unknown (const char *where, const char *what, char *suggestion, GError **error)
{
  g_set_error (error, VGW_ERROR, VGW_ERROR_CONFIG, "%s: %s%s", where, what, suggestion);
  g_free (suggestion);
  return FALSE;
}

/* FALSE where @entry sets a key that its source has set already. Of several --set the last one is used, so that a
 * command line can be extended. */
static gboolean
check_twice (const VgwConfigOrigin *origin, const VgwConfigKey *key, const Entry *entry, gboolean is_file,
             GError **error)
{
  if (origin->source != entry->source)
    return TRUE;
  if (origin->is_from_file != is_file)
    g_set_error (error, VGW_ERROR, VGW_ERROR_CONFIG, "%s and %s-file are both set; remove one", key->name, key->name);
  else if (entry->source == VGW_CONFIG_FROM_FILE)
    g_set_error (error, VGW_ERROR, VGW_ERROR_CONFIG, "is set twice, first at %s; remove one", origin->where);
  else
    return TRUE;
  return FALSE;
}

/* Whether the file @path, where it is there, can neither be read by other users nor changed by its group. */
static gboolean
check_private (const char *path, GError **error)
{
  GStatBuf info;

  if (g_stat (path, &info) != 0 || (info.st_mode & (S_IWGRP | S_IRWXO)) == 0)
    return TRUE;
  g_set_error (error, VGW_ERROR, VGW_ERROR_CONFIG,
               "%s: has mode %03o, so that other users can read or change it; use chmod 600, or 640 with a group of "
               "the service's own",
               path, (guint) info.st_mode & 0777);
  return FALSE;
}

/* Gives @key the content of the file that @entry names. */
static gboolean
assign_file (gpointer values, const VgwConfigKey *key, const Entry *entry, GError **error)
{
  g_autofree char *path = vgw_config_file_find (entry->text, entry->base, error);
  g_autofree char *content = NULL;

  if (path == NULL)
    return FALSE;
  if (key->flags & VGW_CONFIG_PRIVATE && !check_private (path, error))
    return FALSE;
  content = vgw_config_file_read (path, error);
  if (content == NULL)
    return FALSE;
  if (vgw_config_assign_file_text (values, key, content, error))
    return TRUE;
  g_prefix_error (error, "%s: ", path);
  return FALSE;
}

/* Gives @key, whose value is the name of a file, the text of @entry, or the path of the credential that it names. */
static gboolean
assign_path (gpointer values, const VgwConfigKey *key, const Entry *entry, GError **error)
{
  g_autofree char *path = vgw_config_file_find (entry->text, NULL, error);

  if (path == NULL)
    return FALSE;
  /* the path of a credential has no escapes: systemd has \x2d in names of units */
  return g_str_equal (path, entry->text) ? vgw_config_assign (values, key, entry->text, error)
                                         : vgw_config_assign_file_text (values, key, path, error);
}

/* Sets @key in @values to the value of @entry, and @origin to its origin. */
static gboolean
assign (gpointer values, VgwConfigOrigin *origin, const VgwConfigKey *key, gboolean is_file, const Entry *entry,
        GError **error)
{
  gboolean is_first = check_twice (origin, key, entry, is_file, error);
  gboolean is_good = FALSE;

  g_free (origin->where);
  *origin = (VgwConfigOrigin){ .source = entry->source, .is_from_file = is_file, .where = g_strdup (entry->where) };
  if (is_first && is_file)
    is_good = assign_file (values, key, entry, error);
  else if (is_first && key->flags & VGW_CONFIG_FILE_NAME)
    is_good = assign_path (values, key, entry, error);
  else if (is_first)
    is_good = vgw_config_assign (values, key, entry->text, error);
  origin->is_bad = !is_good;
  if (!is_good)
    g_prefix_error (error, "%s: ", entry->where);
  return is_good;
}

/* Sets the key @name of the existing @group, or of an engine, to the value of @entry. */
static gboolean
load_value (Loader *loader, const char *group, const char *name, const Entry *entry, GError **error)
{
  const char *engine = vgw_config_get_engine_name (group);
  VgwEngineDraft *draft = NULL;
  gboolean is_file, is_good;
  const VgwConfigKey *key = vgw_config_find_key (group, name, &is_file);

  if (engine != NULL)
    {
      draft = vgw_config_engines_open (loader->engines, engine, entry->where, error);
      if (draft == NULL)
        return FALSE;
    }
  if (key == NULL)
    is_good = fail_unknown (entry->where, "no such key", vgw_config_suggest_key (group, name), error);
  else if (draft != NULL)
    is_good = assign (draft->config, &draft->origins[key - vgw_config_keys], key, is_file, entry, error);
  else
    is_good = assign (vgw_config_get_values (loader->config, key), &loader->config->origins[key - vgw_config_keys], key,
                      is_file, entry, error);
  if (draft != NULL && !is_good)
    draft->is_bad = TRUE;
  return is_good;
}

/* Unknown names are quoted and truncated in errors. */
static gboolean
is_known_group (const char *group)
{
  const char *engine = vgw_config_get_engine_name (group);

  return engine != NULL ? vgw_config_check (VGW_CONFIG_CHECK_ENGINE_NAME, engine, NULL) : vgw_config_has_group (group);
}

static gboolean
is_known_key (const char *group, const char *name)
{
  gboolean is_file;

  return is_known_group (group) && vgw_config_find_key (group, name, &is_file) != NULL;
}

/* --- the file --- */

static gboolean
load_group_line (Loader *loader, const VgwConfigLine *line, GError **error)
{
  const char *engine = vgw_config_get_engine_name (line->group);
  g_autofree char *shown =
      is_known_group (line->group) ? g_strdup_printf ("[%s]", line->group) : vgw_config_quote (line->group);
  g_autofree char *where = g_strdup_printf ("%s:%u: %s", loader->path, line->number, shown);

  if (engine != NULL)
    loader->is_open = vgw_config_engines_open (loader->engines, engine, where, error) != NULL;
  else
    loader->is_open = vgw_config_has_group (line->group)
                      || fail_unknown (where, "no such group", vgw_config_suggest_group (line->group), error);
  return loader->is_open;
}

static gboolean
load_key_line (Loader *loader, const VgwConfigLine *line, GError **error)
{
  g_autofree char *shown =
      is_known_key (line->group, line->name) ? g_strdup (line->name) : vgw_config_quote (line->name);
  g_autofree char *where = g_strdup_printf ("%s:%u: [%s] %s", loader->path, line->number, line->group, shown);
  Entry entry = { VGW_CONFIG_FROM_FILE, where, loader->directory, line->text };

  return !loader->is_open || load_value (loader, line->group, line->name, &entry, error);
}

static void
on_line (const VgwConfigLine *line, gpointer user_data)
{
  Loader *loader = user_data;
  GError *error = NULL;

  if (line->problem != NULL)
    g_set_error (&error, VGW_ERROR, VGW_ERROR_CONFIG, "%s:%u: %s", loader->path, line->number, line->problem);
  else if (line->name == NULL)
    load_group_line (loader, line, &error);
  else
    load_key_line (loader, line, &error);
  vgw_config_errors_add (loader->errors, error);
}

static gboolean
load_file (Loader *loader, const char *path, GError **error)
{
  g_autofree char *own_path = path == NULL ? vgw_data_path_config (NULL) : NULL;
  g_autofree char *text = NULL, *directory = NULL;

  if (path == NULL && (own_path == NULL || !g_file_test (own_path, G_FILE_TEST_EXISTS)))
    return TRUE;
  loader->path = path != NULL ? path : own_path;
  loader->directory = directory = g_path_get_dirname (loader->path);
  text = vgw_config_file_read (loader->path, error);
  if (text != NULL)
    vgw_config_file_parse (text, on_line, loader);
  return text != NULL;
}

/* --- environment and --set --- */

/* The group and the key of VGW_ENGINE_MY_BOT__URL, "engine my-bot" and "url": a '-' is written as '_', and the mapping
 * is unambiguous. NULL for another variable. (transfer full) */
static char *
split_engine_variable (const char *variable, char **key_name)
{
  const char *name =
      g_str_has_prefix (variable, ENGINE_VARIABLE_PREFIX) ? variable + strlen (ENGINE_VARIABLE_PREFIX) : "";
  const char *end = strstr (name, ENGINE_VARIABLE_SEPARATOR);
  g_autofree char *lower = NULL;

  if (end == NULL || end == name)
    return NULL;
  lower = g_strdelimit (g_ascii_strdown (name, -1), "_", '-');
  *key_name = g_strdup (lower + (end - name) + strlen (ENGINE_VARIABLE_SEPARATOR));
  return g_strdup_printf ("engine %.*s", (int) (end - name), lower);
}

static gboolean
load_variable (Loader *loader, const char *variable, GError **error)
{
  const char *equals = strchr (variable, '=');
  g_autofree char *name = equals != NULL ? g_strndup (variable, (gsize) (equals - variable)) : NULL;
  g_autofree char *quoted = NULL, *where = NULL, *engine_group = NULL, *engine_key = NULL;
  Entry entry = { VGW_CONFIG_FROM_ENVIRONMENT, NULL, NULL, equals != NULL ? equals + 1 : NULL };
  gboolean is_file;
  const VgwConfigKey *key;

  if (name == NULL || !g_str_has_prefix (name, VARIABLE_PREFIX) || g_str_has_prefix (name, TEST_VARIABLE_PREFIX))
    return TRUE;
  key = vgw_config_find_variable (name, &is_file);
  quoted = vgw_config_quote (name);
  entry.where = where = g_strdup_printf ("environment: %s", key != NULL ? name : quoted);
  if (key != NULL)
    return assign (vgw_config_get_values (loader->config, key), &loader->config->origins[key - vgw_config_keys], key,
                   is_file, &entry, error);
  engine_group = split_engine_variable (name, &engine_key);
  if (engine_group != NULL)
    return load_value (loader, engine_group, engine_key, &entry, error);
  return fail_unknown (where, "no such variable", vgw_config_suggest_variable (name), error);
}

static gboolean
load_setting (Loader *loader, const char *setting, GError **error)
{
  const char *equals = strchr (setting, '=');
  g_autofree char *left = equals != NULL ? g_strndup (setting, (gsize) (equals - setting)) : g_strdup (setting);
  g_autofree char *quoted = vgw_config_quote (strstr (left, "//") != NULL ? setting : left); /* a URL without its key */
  g_autofree char *where = g_strdup_printf ("--set %s", quoted);
  char *dot = strrchr (g_strstrip (left), '.');
  Entry entry = { VGW_CONFIG_FROM_SETTING, where, NULL, equals != NULL ? equals + 1 : NULL };

  if (equals == NULL || dot == NULL)
    return fail_unknown (where, "must be group.key=value", g_strdup (""), error);
  *dot = '\0';
  if (is_known_key (left, dot + 1))
    {
      g_free (where);
      entry.where = where = g_strdup_printf ("--set %s.%s", left, dot + 1);
    }
  if (vgw_config_get_engine_name (left) == NULL && !vgw_config_has_group (left))
    return fail_unknown (where, "no such group", vgw_config_suggest_setting (left, dot + 1), error);
  return load_value (loader, left, dot + 1, &entry, error);
}

/* --- checks that need all values --- */

/* Whether two sockets with the same port cannot be bound to @a and @b: they are equal, or one is a wildcard. */
static gboolean
do_addresses_meet (const char *a, const char *b)
{
  g_autoptr (GInetAddress) first = g_inet_address_new_from_string (a);
  g_autoptr (GInetAddress) second = g_inet_address_new_from_string (b);

  if (first == NULL || second == NULL)
    return FALSE;
  return g_inet_address_equal (first, second) || g_inet_address_get_is_any (first)
         || g_inet_address_get_is_any (second);
}

/* Sets @error to the position of @group.@name and the text. Returns FALSE. */
static gboolean G_GNUC_PRINTF (5, 6)
    fail (const Loader *loader, const char *group, const char *name, GError **error, const char *format, ...)
{
  g_autofree char *where = vgw_config_where (loader->config, group, name);
  g_autofree char *text = NULL;
  va_list args;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error (error, VGW_ERROR, VGW_ERROR_CONFIG, "%s: %s", where, text);
  return FALSE;
}

static gboolean
check_default_engine (const Loader *loader, GError **error)
{
  const char *name = loader->config->engine.default_name;
  g_autofree char *missing = NULL;

  if (vgw_config_engines_find (loader->engines, name) != NULL)
    return TRUE;
  missing = vgw_config_engines_describe_missing (loader->engines, name);
  return fail (loader, "engine", "default", error, "%s", missing);
}

static gboolean
check_access (const Loader *loader, GError **error)
{
  const char *address = loader->config->http.address;

  return loader->config->access.mode != VGW_ACCESS_OPEN || loader->config->access.allows_open_network
         || vgw_config_check (VGW_CONFIG_CHECK_LOOPBACK_OR_NONE, address, NULL)
         || fail (loader, "http", "address", error,
                  "other machines can reach %s, and with access.mode = open everyone may call; set access.mode = token "
                  "and access.token-keys-file, or access.allow-open-network = true",
                  address);
}

/* Whether the key was set, and has an error that was reported: not another one where it is missing. */
static gboolean
is_bad (const Loader *loader, const char *group, const char *name)
{
  return vgw_config_origins_find (loader->config->origins, group, name)->is_bad;
}

static gboolean
check_admin (const Loader *loader, GError **error)
{
  const VgwAdminSettings *admin = &loader->config->admin;

  return vgw_config_check (VGW_CONFIG_CHECK_LOOPBACK_OR_NONE, admin->address, NULL) || *admin->tokens != NULL
         || is_bad (loader, "admin", "token")
         || fail (loader, "admin", "address", error,
                  "other machines can reach %s, so that a token is needed: set admin.token-file, or use a loopback "
                  "address such as 127.0.0.1",
                  admin->address);
}

static gboolean
check_token_keys (const Loader *loader, GError **error)
{
  const VgwAccessSettings *access = &loader->config->access;
  GError *cause = NULL;
  g_autoptr (GHashTable) keys = vgw_token_read_keys (access->token_keys, &cause);

  if (keys == NULL)
    {
      fail (loader, "access", "token-keys", error, "%s", cause->message);
      g_error_free (cause);
      return FALSE;
    }
  return access->mode != VGW_ACCESS_TOKEN || g_hash_table_size (keys) > 0 || is_bad (loader, "access", "token-keys")
         || fail (loader, "access", "mode", error,
                  "token needs access.token-keys-file, a file with a line KEYID: SECRET for each key");
}

static gboolean
check_ports (const Loader *loader, GError **error)
{
  guint min = loader->config->media.min_port, max = loader->config->media.max_port;

  return ((min == 0) == (max == 0) && min <= max)
         || fail (loader, "ice", min != 0 ? "min-port" : "max-port", error,
                  "ice.min-port (%u) must not be above ice.max-port (%u), and neither may be 0 unless both are", min,
                  max);
}

static gboolean
check_pipelines (const Loader *loader, GError **error)
{
  return loader->config->media.pipelines[0] != NULL
         || fail (loader, "media", "pipelines", error, "must name at least one pipeline");
}

/* Also reads the certificate: a start or a reload with one that cannot be used is refused. */
static gboolean
check_tls (const Loader *loader, GError **error)
{
  VgwHttpSettings *http = &loader->config->http;
  g_autoptr (GError) cause = NULL;

  if (*http->tls_certificate == '\0' && *http->tls_key == '\0')
    return TRUE;
  if (*http->tls_certificate == '\0')
    return fail (loader, "http", "tls-key", error, "needs http.tls-certificate, the certificate of this key");
  if (*http->tls_key == '\0')
    return fail (loader, "http", "tls-certificate", error, "needs http.tls-key, the private key of this certificate");
  if (!check_private (http->tls_key, &cause))
    return fail (loader, "http", "tls-key", error, "%s", cause->message);
  http->tls = vgw_tls_identity_new (http->tls_certificate, http->tls_key, &cause);
  return http->tls != NULL || fail (loader, "http", "tls-certificate", error, "%s", cause->message);
}

/* TCP alone: the UDP port of ICE may have the same number. */
static gboolean
check_listeners (const Loader *loader, GError **error)
{
  const VgwConfig *config = loader->config;
  g_autofree char *http = vgw_config_where (config, "http", "port");

  return config->http.port == 0 || config->http.port != config->admin.port || *config->admin.address == '\0'
         || !do_addresses_meet (config->http.address, config->admin.address)
         || fail (loader, "admin", "port", error, "%u is also the port of %s; two listeners cannot share a port",
                  config->admin.port, http);
}

/* A name alone could be forged. */
static gboolean
check_node (const Loader *loader, GError **error)
{
  VgwNodeSettings *node = &loader->config->node;
  g_autoptr (GError) cause = NULL;

  if (*node->name != '\0' && node->keys[0] == NULL && !is_bad (loader, "node", "keys"))
    return fail (loader, "node", "name", error, "needs node.keys-file, with a key that all gateways share");
  if (*node->name == '\0' && node->peers[0] != NULL)
    return fail (loader, "node", "peers", error, "needs node.name, the name of this gateway");
  if (*node->name == '\0' && *node->url != '\0')
    return fail (loader, "node", "url", error, "needs node.name, the name of this gateway");
  if (*node->tls_ca == '\0')
    return TRUE;
  node->authorities = vgw_tls_load_authorities (node->tls_ca, &cause);
  return node->authorities != NULL || fail (loader, "node", "tls-ca", error, "%s", cause->message);
}

static void
check_whole (Loader *loader)
{
  static gboolean (*const checks[]) (const Loader *, GError **) = {
    check_default_engine, check_access,    check_admin, check_token_keys, check_ports,
    check_pipelines,      check_listeners, check_tls,   check_node,
  };

  vgw_config_engines_finish (loader->engines, loader->config, loader->errors);
  for (gsize i = 0; i < G_N_ELEMENTS (checks); i++)
    {
      GError *error = NULL;
      checks[i](loader, &error);
      vgw_config_errors_add (loader->errors, error);
    }
}

VgwConfig *
vgw_config_load_valid (const char *path, const char *const *environment, const char *const *settings, GError **error)
{
  g_auto (Loader) loader = { 0 };
  GError *cause = NULL;

  loader_init (&loader);
  if (!load_file (&loader, path, error))
    {
      check_whole (&loader); /* its errors would be about values that are in the file */
      return g_steal_pointer (&loader.config);
    }
  for (; environment != NULL && *environment != NULL; environment++)
    {
      load_variable (&loader, *environment, &cause);
      vgw_config_errors_add (loader.errors, g_steal_pointer (&cause));
    }
  for (; settings != NULL && *settings != NULL; settings++)
    {
      load_setting (&loader, *settings, &cause);
      vgw_config_errors_add (loader.errors, g_steal_pointer (&cause));
    }
  check_whole (&loader);
  vgw_config_errors_raise (loader.errors, error);
  return g_steal_pointer (&loader.config);
}

VgwConfig *
vgw_config_load (const char *path, const char *const *environment, const char *const *settings, GError **error)
{
  GError *cause = NULL;
  g_autoptr (VgwConfig) config = vgw_config_load_valid (path, environment, settings, &cause);

  if (cause == NULL)
    return g_steal_pointer (&config);
  g_propagate_error (error, cause);
  return NULL;
}
