#include "config/vgw-config.h"

#include <gio/gio.h>
#include <string.h>

#include "config/vgw-config-check.h"
#include "config/vgw-config-engines.h"
#include "config/vgw-config-errors.h"
#include "config/vgw-config-file.h"
#include "config/vgw-config-keys.h"
#include "config/vgw-config-source.h"
#include "config/vgw-config-value.h"
#include "base/vgw-data-path.h"
#include "base/vgw-error.h"
#include "engine/vgw-engine-factory.h"

#define VARIABLE_PREFIX "VGW_"
#define TEST_VARIABLE_PREFIX "VGW_TEST_" /* for the tests' own use */

/* VGW_CONFIG_CHOICE writes a guint. */
G_STATIC_ASSERT (sizeof (VgwIceAgentKind) == sizeof (guint));
G_STATIC_ASSERT (sizeof (GLogLevelFlags) == sizeof (guint));
G_STATIC_ASSERT (sizeof (VgwLogFormat) == sizeof (guint));

typedef struct
{
  VgwConfig *config;
  const VgwConfigKey *keys;
  guint n_keys;
  VgwConfigEngines *engines;
  VgwConfigErrors *errors; /* all of them: nobody should have to start again for each */
} Loader;

static void
loader_init (Loader *loader)
{
  loader->config = g_new0 (VgwConfig, 1);
  loader->keys = vgw_config_keys (&loader->n_keys);
  loader->config->origins = g_new0 (VgwConfigOrigin, loader->n_keys);
  loader->engines = vgw_config_engines_new ();
  loader->errors = vgw_config_errors_new ();
}

static void
loader_clear (Loader *loader)
{
  g_clear_pointer (&loader->errors, vgw_config_errors_free);
  g_clear_pointer (&loader->engines, vgw_config_engines_free);
  g_clear_pointer (&loader->config, vgw_config_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Loader, loader_clear)

void
vgw_config_free (VgwConfig *config)
{
  guint n_keys;
  const VgwConfigKey *keys = vgw_config_keys (&n_keys);

  if (config == NULL)
    return;
  for (guint i = 0; i < n_keys; i++)
    {
      vgw_config_clear_value (config, &keys[i]);
      if (config->origins != NULL)
        g_free (config->origins[i].where);
    }
  g_free (config->origins);
  g_clear_pointer (&config->engines, g_ptr_array_unref);
  g_free (config);
}

static gboolean
set_defaults (Loader *loader, GError **error)
{
  for (guint i = 0; i < loader->n_keys; i++)
    {
      if (vgw_config_assign (loader->config, &loader->keys[i], loader->keys[i].default_text, error))
        continue;
      g_prefix_error (error, "default of %s.%s: ", loader->keys[i].group, loader->keys[i].name);
      return FALSE;
    }
  return TRUE;
}

/* Whether it is not of somebody's making: such a name is told in quotation marks, and cut. */
static gboolean
is_known_key (const char *group, const char *name)
{
  const char *engine = vgw_config_engines_get_name (group);
  gboolean is_file;

  if (engine != NULL)
    return vgw_config_check_engine_name (engine, NULL) && vgw_config_find_engine_row (name, &is_file) != NULL;
  return vgw_config_find_key (group, name, &is_file) != NULL;
}

static gboolean
take (Loader *loader, const VgwConfigKey *key, const VgwConfigEntry *entry, GError **error)
{
  return vgw_config_take (loader->config, &loader->config->origins[key - loader->keys], key, entry, error);
}

/* One line of @group; @engine (nullable): the name of the engine that the group is about. */
static gboolean
load_line (Loader *loader, const char *group, const char *engine, const char *name, VgwConfigEntry *entry,
           GError **error)
{
  const VgwConfigKey *key;

  if (engine != NULL)
    return vgw_config_engines_take (loader->engines, engine, name, entry, error);
  key = vgw_config_find_key (group, name, &entry->is_file);
  if (key == NULL)
    return vgw_config_fail_unknown (entry->where, "no such key", vgw_config_suggest_key (group, name), error);
  return take (loader, key, entry, error);
}

/* Whether there is such a group; that of an engine is there from now on. */
static gboolean
open_group (Loader *loader, const char *where, const char *group, GError **error)
{
  const char *engine = vgw_config_engines_get_name (group);

  if (engine != NULL)
    return vgw_config_engines_add (loader->engines, engine, where, error);
  return vgw_config_has_group (group)
         || vgw_config_fail_unknown (where, "no such group", vgw_config_suggest_group (group), error);
}

/* A file that is being read. */
typedef struct
{
  Loader *loader;
  const char *path;
  const char *directory;
  gboolean is_open; /* whether the group of the lines that follow is one; else its own line has the error */
} FileReader;

static void
load_group_line (FileReader *reader, const VgwConfigLine *line)
{
  const char *engine = vgw_config_engines_get_name (line->group);
  gboolean is_good = engine != NULL && vgw_config_check_engine_name (engine, NULL);
  g_autofree char *shown = is_good ? g_strdup_printf ("[%s]", line->group) : vgw_config_quote (line->group);
  g_autofree char *where = g_strdup_printf ("%s:%u: %s", reader->path, line->number, shown);
  GError *error = NULL;

  reader->is_open = open_group (reader->loader, where, line->group, &error);
  vgw_config_errors_add (reader->loader->errors, error);
}

static void
load_key_line (FileReader *reader, const VgwConfigLine *line)
{
  g_autofree char *shown =
      is_known_key (line->group, line->name) ? g_strdup (line->name) : vgw_config_quote (line->name);
  g_autofree char *where = g_strdup_printf ("%s:%u: [%s] %s", reader->path, line->number, line->group, shown);
  VgwConfigEntry entry = { VGW_CONFIG_FROM_FILE, where, FALSE, reader->directory, line->text };
  GError *error = NULL;

  load_line (reader->loader, line->group, vgw_config_engines_get_name (line->group), line->name, &entry, &error);
  vgw_config_errors_add (reader->loader->errors, error);
}

static void
on_line (const VgwConfigLine *line, gpointer user_data)
{
  FileReader *reader = user_data;

  if (line->problem != NULL)
    vgw_config_errors_add (reader->loader->errors, g_error_new (VGW_ERROR, VGW_ERROR_CONFIG, "%s:%u: %s", reader->path,
                                                                line->number, line->problem));
  else if (line->name == NULL)
    load_group_line (reader, line);
  else if (reader->is_open)
    load_key_line (reader, line);
}

static gboolean
load_file (Loader *loader, const char *path, GError **error)
{
  g_autofree char *text = NULL, *directory = NULL;
  FileReader reader = { .loader = loader };

  g_autofree char *own_path = path == NULL ? vgw_data_path_config () : NULL;
  if (path == NULL && (own_path == NULL || !g_file_test (own_path, G_FILE_TEST_EXISTS)))
    return TRUE;
  reader.path = path != NULL ? path : own_path;
  reader.directory = directory = g_path_get_dirname (reader.path);
  text = vgw_config_read_file (reader.path, error);
  if (text != NULL)
    vgw_config_file_parse (text, on_line, &reader);
  return text != NULL;
}

/* VGW_ENGINE_NAME__KEY. */
static gboolean
load_engine_variable (Loader *loader, const char *engine, const char *key_name, const VgwConfigEntry *entry,
                      GError **error)
{
  return vgw_config_engines_add (loader->engines, engine, entry->where, error)
         && vgw_config_engines_take (loader->engines, engine, key_name, entry, error);
}

static gboolean
load_variable (Loader *loader, const char *variable, GError **error)
{
  const char *equals = strchr (variable, '=');
  g_autofree char *name = equals != NULL ? g_strndup (variable, (gsize) (equals - variable)) : NULL;
  g_autofree char *quoted = NULL, *where = NULL, *engine = NULL, *key_name = NULL;
  VgwConfigEntry entry = { VGW_CONFIG_FROM_ENVIRONMENT, NULL, FALSE, NULL, equals != NULL ? equals + 1 : NULL };
  const VgwConfigKey *key;

  if (name == NULL || !g_str_has_prefix (name, VARIABLE_PREFIX) || g_str_has_prefix (name, TEST_VARIABLE_PREFIX))
    return TRUE;
  key = vgw_config_find_variable (name, &entry.is_file);
  quoted = vgw_config_quote (name);
  entry.where = where = g_strdup_printf ("environment: %s", key != NULL ? name : quoted);
  if (key != NULL)
    return take (loader, key, &entry, error);
  if (vgw_config_engines_split_variable (name, &engine, &key_name))
    return load_engine_variable (loader, engine, key_name, &entry, error);
  return vgw_config_fail_unknown (where, "no such setting", vgw_config_suggest_variable (name), error);
}

static gboolean
load_setting (Loader *loader, const char *setting, GError **error)
{
  const char *equals = strchr (setting, '=');
  g_autofree char *left = equals != NULL ? g_strndup (setting, (gsize) (equals - setting)) : g_strdup (setting);
  g_autofree char *quoted = vgw_config_quote (left);
  g_autofree char *where = g_strdup_printf ("--set %s", quoted);
  char *dot = strrchr (g_strstrip (left), '.');
  VgwConfigEntry entry = { VGW_CONFIG_FROM_SETTING, where, FALSE, NULL, equals != NULL ? equals + 1 : NULL };
  const char *engine;

  if (equals == NULL || dot == NULL)
    return vgw_config_fail_unknown (where, "must be group.key=value", g_strdup (""), error);
  *dot = '\0';
  if (is_known_key (left, dot + 1))
    {
      g_free (where);
      entry.where = where = g_strdup_printf ("--set %s.%s", left, dot + 1);
    }
  engine = vgw_config_engines_get_name (left);
  if (engine != NULL && !vgw_config_engines_add (loader->engines, engine, where, error))
    return FALSE;
  if (engine == NULL && !vgw_config_has_group (left))
    return vgw_config_fail_unknown (where, "no such group", vgw_config_suggest_setting (left, dot + 1), error);
  return load_line (loader, left, engine, dot + 1, &entry, error);
}

/* "a.conf:3: [http] port", or "http.port" where nobody has set it (transfer full). */
char *
vgw_config_where (const VgwConfig *config, const char *group, const char *name)
{
  gboolean is_file;
  guint n_keys;
  const VgwConfigKey *key = vgw_config_find_key (group, name, &is_file);
  const char *where = config->origins[key - vgw_config_keys (&n_keys)].where;

  return where != NULL ? g_strdup (where) : g_strdup_printf ("%s.%s", group, name);
}

gboolean
vgw_config_is_set (const VgwConfig *config, const char *group, const char *name)
{
  gboolean is_file;
  guint n_keys;
  const VgwConfigKey *key = vgw_config_find_key (group, name, &is_file);

  return config->origins[key - vgw_config_keys (&n_keys)].source != VGW_CONFIG_FROM_DEFAULT;
}

static gboolean
is_loopback (const char *address)
{
  g_autoptr (GInetAddress) inet = g_inet_address_new_from_string (address);

  return inet != NULL && g_inet_address_get_is_loopback (inet);
}

/* Whether one socket cannot be bound to each of the two with the same port: they are the same, or one is of all. */
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

static gboolean
check_access (const Loader *loader, GError **error)
{
  const char *address = loader->config->http_address;
  g_autofree char *where = NULL;

  if (vgw_config_is_set (loader->config, "access", "mode") || is_loopback (address))
    return TRUE;
  where = vgw_config_where (loader->config, "http", "address");
  g_set_error (error, VGW_ERROR, VGW_ERROR_CONFIG,
               "%s: other machines can reach %s, so who may call has to be said: set access.mode (\"mode = open\" in "
               "[access], VGW_ACCESS_MODE=open or --set access.mode=open admits everyone)",
               where, address);
  return FALSE;
}

static gboolean
check_ports (const Loader *loader, GError **error)
{
  guint min = loader->config->ice_min_port;
  guint max = loader->config->ice_max_port;
  g_autofree char *where = NULL;

  if ((min == 0) == (max == 0) && min <= max)
    return TRUE;
  where = vgw_config_where (loader->config, "ice", min != 0 ? "min-port" : "max-port");
  g_set_error (error, VGW_ERROR, VGW_ERROR_CONFIG,
               "%s: ice.min-port (%u) must not be above ice.max-port (%u), and both are 0 or neither", where, min, max);
  return FALSE;
}

static gboolean
check_pipelines (const Loader *loader, GError **error)
{
  g_autofree char *where = NULL;

  if (loader->config->media_pipelines[0] != NULL)
    return TRUE;
  where = vgw_config_where (loader->config, "media", "pipelines");
  g_set_error (error, VGW_ERROR, VGW_ERROR_CONFIG, "%s: must name at least one pipeline", where);
  return FALSE;
}

static gboolean
check_default_engine (const Loader *loader, GError **error)
{
  const char *name = loader->config->engine_default;
  g_autofree char *names = NULL, *quoted = NULL, *where = NULL;

  if (vgw_config_engines_has (loader->engines, name))
    return TRUE;
  names = vgw_config_engines_join_names (loader->engines);
  quoted = vgw_config_quote (name);
  where = vgw_config_where (loader->config, "engine", "default");
  g_set_error (error, VGW_ERROR, VGW_ERROR_CONFIG, "%s: %s: no such engine; there are %s%s", where, quoted, names,
               vgw_engine_type_lack (name));
  return FALSE;
}

/* TCP alone: the UDP port of ICE may have the same number. */
static gboolean
check_listeners (const Loader *loader, GError **error)
{
  const VgwConfig *config = loader->config;
  g_autofree char *http = NULL, *admin = NULL;

  if (config->http_port == 0 || config->http_port != config->admin_port || *config->admin_address == '\0'
      || !do_addresses_meet (config->http_address, config->admin_address))
    return TRUE;
  http = vgw_config_where (config, "http", "port");
  admin = vgw_config_where (config, "admin", "port");
  g_set_error (error, VGW_ERROR, VGW_ERROR_CONFIG,
               "%s: %u is also the port of %s; two listeners cannot share one, so choose another for either", admin,
               config->admin_port, http);
  return FALSE;
}

typedef gboolean (*FinalCheck) (const Loader *loader, GError **error);

/* What only shows when all values are there. */
static void
check_whole (Loader *loader)
{
  static const FinalCheck checks[] = { check_default_engine, check_access, check_ports, check_pipelines,
                                       check_listeners };

  vgw_config_engines_finish (loader->engines, loader->config, loader->errors);
  for (gsize i = 0; i < G_N_ELEMENTS (checks); i++)
    {
      GError *error = NULL;
      checks[i](loader, &error);
      vgw_config_errors_add (loader->errors, error);
    }
}

VgwConfig *
vgw_config_load (const char *path, const char *const *environment, const char *const *settings, GError **error)
{
  g_auto (Loader) loader = { 0 };

  loader_init (&loader);
  if (!set_defaults (&loader, error) || !load_file (&loader, path, error))
    return NULL;
  for (; environment != NULL && *environment != NULL; environment++)
    {
      GError *cause = NULL;
      load_variable (&loader, *environment, &cause);
      vgw_config_errors_add (loader.errors, cause);
    }
  for (; settings != NULL && *settings != NULL; settings++)
    {
      GError *cause = NULL;
      load_setting (&loader, *settings, &cause);
      vgw_config_errors_add (loader.errors, cause);
    }
  check_whole (&loader);
  return vgw_config_errors_raise (loader.errors, error) ? g_steal_pointer (&loader.config) : NULL;
}
