#include "app/vgw-config.h"

#include <gio/gio.h>
#include <string.h>

#include "app/vgw-config-check.h"
#include "app/vgw-config-engines.h"
#include "app/vgw-config-keys.h"
#include "app/vgw-config-source.h"
#include "app/vgw-config-value.h"
#include "base/vgw-error.h"
#include "engine/vgw-engine-factory.h"
#include "vgw-build.h"

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
  VgwConfigOrigin *origins; /* one for each key */
  VgwConfigEngines *engines;
} Loader;

static void
loader_init (Loader *loader)
{
  loader->config = g_new0 (VgwConfig, 1);
  loader->keys = vgw_config_keys (&loader->n_keys);
  loader->origins = g_new0 (VgwConfigOrigin, loader->n_keys);
  loader->engines = vgw_config_engines_new ();
}

static void
loader_clear (Loader *loader)
{
  for (guint i = 0; i < loader->n_keys; i++)
    g_free (loader->origins[i].where);
  g_clear_pointer (&loader->origins, g_free);
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
    vgw_config_clear_value (config, &keys[i]);
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
  return vgw_config_take (loader->config, &loader->origins[key - loader->keys], key, entry, error);
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

static gboolean
load_group (Loader *loader, GKeyFile *file, const char *path, const char *group, GError **error)
{
  g_auto (GStrv) names = g_key_file_get_keys (file, group, NULL, NULL);
  g_autofree char *directory = g_path_get_dirname (path);
  const char *engine = vgw_config_engines_get_name (group);

  for (char **name = names; name != NULL && *name != NULL; name++)
    {
      g_autofree char *text = g_key_file_get_value (file, group, *name, NULL);
      g_autofree char *shown = is_known_key (group, *name) ? g_strdup (*name) : vgw_config_quote (*name);
      g_autofree char *where = g_strdup_printf ("%s: [%s] %s", path, group, shown);
      VgwConfigEntry entry = { VGW_CONFIG_FROM_FILE, where, FALSE, directory, text != NULL ? text : "" };

      if (!load_line (loader, group, engine, *name, &entry, error))
        return FALSE;
    }
  return TRUE;
}

/* Whether there is such a group; that of an engine is there from now on. */
static gboolean
open_group (Loader *loader, const char *path, const char *group, GError **error)
{
  const char *engine = vgw_config_engines_get_name (group);
  gboolean is_good = engine != NULL && vgw_config_check_engine_name (engine, NULL);
  g_autofree char *shown = is_good ? g_strdup_printf ("[%s]", group) : vgw_config_quote (group);
  g_autofree char *where = g_strdup_printf ("%s: %s", path, shown);

  if (engine != NULL)
    return vgw_config_engines_add (loader->engines, engine, where, error);
  return vgw_config_has_group (group) ||
         vgw_config_fail_unknown (where, "no such group", vgw_config_suggest_group (group), error);
}

static gboolean
load_text (Loader *loader, const char *path, const char *text, GError **error)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autoptr (GError) cause = NULL;
  g_auto (GStrv) groups = NULL;

  if (!g_key_file_load_from_data (file, text, strlen (text), G_KEY_FILE_NONE, &cause))
    {
      g_autofree char *quoted = vgw_config_quote (cause->message);
      g_set_error (error, VGW_ERROR, VGW_ERROR_CONFIG, "%s: no [group], key = value or # comment: %s", path, quoted);
      return FALSE;
    }
  groups = g_key_file_get_groups (file, NULL);
  for (char **group = groups; *group != NULL; group++)
    {
      if (!open_group (loader, path, *group, error) || !load_group (loader, file, path, *group, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
load_file (Loader *loader, const char *path, GError **error)
{
  g_autofree char *text = NULL;

  if (path == NULL && !g_file_test (VGW_SYSCONF_FILE, G_FILE_TEST_EXISTS))
    return TRUE;
  path = path != NULL ? path : VGW_SYSCONF_FILE;
  text = vgw_config_read_file (path, error);
  return text != NULL && load_text (loader, path, text, error);
}

/* VGW_ENGINE_NAME__KEY. */
static gboolean
load_engine_variable (Loader *loader, const char *engine, const char *key_name, const VgwConfigEntry *entry,
                      GError **error)
{
  return vgw_config_engines_add (loader->engines, engine, entry->where, error) &&
         vgw_config_engines_take (loader->engines, engine, key_name, entry, error);
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
    return vgw_config_fail_unknown (where, "no such group", vgw_config_suggest_group (left), error);
  return load_line (loader, left, engine, dot + 1, &entry, error);
}

static const char *
where_is (const Loader *loader, const char *group, const char *name, VgwConfigSource *source)
{
  gboolean is_file;
  const VgwConfigKey *key = vgw_config_find_key (group, name, &is_file);
  const VgwConfigOrigin *origin = &loader->origins[key - loader->keys];

  *source = origin->source;
  return origin->where;
}

static gboolean
is_loopback (const char *address)
{
  g_autoptr (GInetAddress) inet = g_inet_address_new_from_string (address);

  return inet != NULL && g_inet_address_get_is_loopback (inet);
}

static gboolean
check_access (const Loader *loader, GError **error)
{
  const char *address = loader->config->http_address;
  const char *where;
  VgwConfigSource source;

  where_is (loader, "access", "mode", &source);
  if (source != VGW_CONFIG_FROM_DEFAULT || is_loopback (address))
    return TRUE;
  where = where_is (loader, "http", "address", &source);
  g_set_error (error, VGW_ERROR, VGW_ERROR_CONFIG,
               "%s: other machines can reach %s, so who may call has to be said: set access.mode (\"mode = open\" in "
               "[access], VGW_ACCESS_MODE=open or --set access.mode=open admits everyone)",
               where != NULL ? where : "http.address", address);
  return FALSE;
}

static gboolean
check_ports (const Loader *loader, GError **error)
{
  guint min = loader->config->ice_min_port;
  guint max = loader->config->ice_max_port;
  const char *where;
  VgwConfigSource source;

  if ((min == 0) == (max == 0) && min <= max)
    return TRUE;
  where = where_is (loader, "ice", min != 0 ? "min-port" : "max-port", &source);
  g_set_error (error, VGW_ERROR, VGW_ERROR_CONFIG,
               "%s: ice.min-port (%u) must not be above ice.max-port (%u), and both are 0 or neither", where, min, max);
  return FALSE;
}

static gboolean
check_pipelines (const Loader *loader, GError **error)
{
  const char *where;
  VgwConfigSource source;

  if (loader->config->media_pipelines[0] != NULL)
    return TRUE;
  where = where_is (loader, "media", "pipelines", &source);
  g_set_error (error, VGW_ERROR, VGW_ERROR_CONFIG, "%s: must name at least one pipeline", where);
  return FALSE;
}

/* After the engines are complete. */
static gboolean
check_default_engine (const Loader *loader, GError **error)
{
  const char *name = loader->config->engine_default;
  g_autoptr (GString) names = g_string_new (NULL);
  g_autofree char *quoted = vgw_config_quote (name);
  VgwConfigSource source;

  if (vgw_engine_config_find (loader->config->engines, name) != NULL)
    return TRUE;
  for (guint i = 0; i < loader->config->engines->len; i++)
    g_string_append_printf (names, "%s%s", i > 0 ? ", " : "",
                            ((VgwEngineConfig *) loader->config->engines->pdata[i])->name);
  g_set_error (error, VGW_ERROR, VGW_ERROR_CONFIG, "%s: %s: no such engine; there are %s%s",
               where_is (loader, "engine", "default", &source), quoted, names->str, vgw_engine_type_lack (name));
  return FALSE;
}

static gboolean
finish_engines (Loader *loader, GError **error)
{
  loader->config->engines = vgw_config_engines_finish (loader->engines, loader->config, error);
  return loader->config->engines != NULL && check_default_engine (loader, error);
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
      if (!load_variable (&loader, *environment, error))
        return NULL;
    }
  for (; settings != NULL && *settings != NULL; settings++)
    {
      if (!load_setting (&loader, *settings, error))
        return NULL;
    }
  if (!finish_engines (&loader, error) || !check_access (&loader, error) || !check_ports (&loader, error) || !check_pipelines (&loader, error))
    return NULL;
  return g_steal_pointer (&loader.config);
}
