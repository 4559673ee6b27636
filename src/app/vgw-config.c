#include "app/vgw-config.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <string.h>
#include <unistd.h>

#include "app/vgw-config-keys.h"
#include "app/vgw-config-value.h"
#include "base/vgw-error.h"
#include "vgw-build.h"

#define MAX_FILE_BYTES (1024 * 1024)
#define READ_BLOCK_BYTES (64 * 1024)
#define VARIABLE_PREFIX "VGW_"
#define TEST_VARIABLE_PREFIX "VGW_TEST_" /* for the tests' own use */

/* VGW_CONFIG_CHOICE writes a guint. */
G_STATIC_ASSERT (sizeof (VgwIceAgentKind) == sizeof (guint));
G_STATIC_ASSERT (sizeof (GLogLevelFlags) == sizeof (guint));
G_STATIC_ASSERT (sizeof (VgwLogFormat) == sizeof (guint));

typedef enum
{
  SOURCE_DEFAULT,
  SOURCE_FILE,
  SOURCE_ENVIRONMENT,
  SOURCE_SETTING,
} Source;

/* Where the value of a key comes from. */
typedef struct
{
  Source source;
  gboolean is_from_file; /* by its "-file" name */
  char *where;           /* (nullable) as errors say it */
} KeyState;

typedef struct
{
  VgwConfig *config;
  const VgwConfigKey *keys;
  guint n_keys;
  KeyState *states; /* one for each key */
} Loader;

static void
loader_init (Loader *loader)
{
  loader->config = g_new0 (VgwConfig, 1);
  loader->keys = vgw_config_keys (&loader->n_keys);
  loader->states = g_new0 (KeyState, loader->n_keys);
}

static void
loader_clear (Loader *loader)
{
  for (guint i = 0; i < loader->n_keys; i++)
    g_free (loader->states[i].where);
  g_free (loader->states);
  loader->states = NULL;
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
  g_free (config);
}

static gboolean
fail_io (const char *path, int number, GError **error)
{
  g_set_error (error, VGW_ERROR, VGW_ERROR_CONFIG, "%s: %s", path, g_strerror (number));
  return FALSE;
}

/* Reads @path, a pipe too, but never without end. */
static gboolean
read_fd (int fd, const char *path, GString *text, GError **error)
{
  g_autofree char *block = g_malloc (READ_BLOCK_BYTES);

  for (;;)
    {
      gssize n = read (fd, block, READ_BLOCK_BYTES);
      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        return fail_io (path, errno, error);
      if (n == 0)
        return TRUE;
      g_string_append_len (text, block, n);
      if (text->len > MAX_FILE_BYTES)
        {
          g_set_error (error, VGW_ERROR, VGW_ERROR_CONFIG, "%s: larger than %d bytes", path, MAX_FILE_BYTES);
          return FALSE;
        }
    }
}

/* The text of @path: valid UTF-8 and without NUL. Returns: (transfer full) */
static char *
read_file (const char *path, GError **error)
{
  GString *text = g_string_new (NULL);
  int fd = open (path, O_RDONLY | O_CLOEXEC);
  gboolean is_read = fd >= 0 ? read_fd (fd, path, text, error) : fail_io (path, errno, error);

  if (fd >= 0)
    close (fd);
  if (is_read && !g_utf8_validate_len (text->str, text->len, NULL))
    {
      g_set_error (error, VGW_ERROR, VGW_ERROR_CONFIG, "%s: no UTF-8 text", path);
      is_read = FALSE;
    }
  return g_string_free (text, !is_read);
}

/* Gives @key the value that @text says, or that the file @text has. @base (nullable): the directory that a relative
 * file name is relative to. */
static gboolean
set_value (Loader *loader, Source source, const VgwConfigKey *key, gboolean is_file, const char *base, const char *text,
           GError **error)
{
  KeyState *state = &loader->states[key - loader->keys];
  g_autofree char *path = NULL;
  g_autofree char *content = NULL;

  if (state->source == source && state->is_from_file != is_file)
    {
      g_set_error (error, VGW_ERROR, VGW_ERROR_CONFIG, "%s and %s-file are both set; keep one", key->name, key->name);
      return FALSE;
    }
  state->source = source;
  state->is_from_file = is_file;
  if (!is_file)
    return vgw_config_assign (loader->config, key, text, error);

  path = base == NULL || g_path_is_absolute (text) ? g_strdup (text) : g_build_filename (base, text, NULL);
  content = read_file (path, error);
  if (content == NULL)
    return FALSE;
  if (vgw_config_assign_file_text (loader->config, key, content, error))
    return TRUE;
  g_prefix_error (error, "%s: ", path);
  return FALSE;
}

/* The same, with what errors call it. Takes @where. */
static gboolean
set_value_from (Loader *loader, Source source, const VgwConfigKey *key, gboolean is_file, const char *base, char *where,
                const char *text, GError **error)
{
  KeyState *state = &loader->states[key - loader->keys];

  g_free (state->where);
  state->where = where;
  if (set_value (loader, source, key, is_file, base, text, error))
    return TRUE;
  g_prefix_error (error, "%s: ", where);
  return FALSE;
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

static gboolean
fail_unknown (const char *where, const char *what, char *suggestion, GError **error)
{
  g_set_error (error, VGW_ERROR, VGW_ERROR_CONFIG, "%s: %s%s", where, what, suggestion);
  g_free (suggestion);
  return FALSE;
}

static gboolean
load_group (Loader *loader, GKeyFile *file, const char *path, const char *group, GError **error)
{
  g_auto (GStrv) names = g_key_file_get_keys (file, group, NULL, NULL);
  g_autofree char *directory = g_path_get_dirname (path);

  for (char **name = names; name != NULL && *name != NULL; name++)
    {
      gboolean is_file = FALSE;
      const VgwConfigKey *key = vgw_config_find_key (group, *name, &is_file);
      g_autofree char *text = g_key_file_get_value (file, group, *name, NULL);
      g_autofree char *quoted = vgw_config_quote (*name);
      g_autofree char *where = g_strdup_printf ("%s: [%s] %s", path, group, key != NULL ? *name : quoted);

      if (key == NULL)
        return fail_unknown (where, "no such key", vgw_config_suggest_key (group, *name), error);
      if (!set_value_from (loader, SOURCE_FILE, key, is_file, directory, g_steal_pointer (&where),
                           text != NULL ? text : "", error))
        return FALSE;
    }
  return TRUE;
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
      g_autofree char *quoted = vgw_config_quote (*group);
      g_autofree char *where = g_strdup_printf ("%s: %s", path, quoted);
      if (!vgw_config_has_group (*group))
        return fail_unknown (where, "no such group", vgw_config_suggest_group (*group), error);
      if (!load_group (loader, file, path, *group, error))
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
  text = read_file (path, error);
  return text != NULL && load_text (loader, path, text, error);
}

static gboolean
load_variable (Loader *loader, const char *variable, GError **error)
{
  const char *equals = strchr (variable, '=');
  g_autofree char *name = equals != NULL ? g_strndup (variable, (gsize) (equals - variable)) : NULL;
  gboolean is_file = FALSE;
  const VgwConfigKey *key;

  if (name == NULL || !g_str_has_prefix (name, VARIABLE_PREFIX) || g_str_has_prefix (name, TEST_VARIABLE_PREFIX))
    return TRUE;
  key = vgw_config_find_variable (name, &is_file);
  if (key == NULL)
    {
      g_autofree char *quoted = vgw_config_quote (name);
      g_autofree char *where = g_strdup_printf ("environment: %s", quoted);
      return fail_unknown (where, "no such setting", vgw_config_suggest_variable (name), error);
    }
  return set_value_from (loader, SOURCE_ENVIRONMENT, key, is_file, NULL, g_strdup_printf ("environment: %s", name),
                         equals + 1, error);
}

static gboolean
load_setting (Loader *loader, const char *setting, GError **error)
{
  const char *equals = strchr (setting, '=');
  g_autofree char *left = equals != NULL ? g_strndup (setting, (gsize) (equals - setting)) : g_strdup (setting);
  g_autofree char *quoted = vgw_config_quote (left);
  g_autofree char *where = g_strdup_printf ("--set %s", quoted);
  char *dot = strrchr (g_strstrip (left), '.');
  const VgwConfigKey *key;
  gboolean is_file = FALSE;

  if (equals == NULL || dot == NULL)
    return fail_unknown (where, "must be group.key=value", g_strdup (""), error);
  *dot = '\0';
  if (!vgw_config_has_group (left))
    return fail_unknown (where, "no such group", vgw_config_suggest_group (left), error);
  key = vgw_config_find_key (left, dot + 1, &is_file);
  if (key == NULL)
    return fail_unknown (where, "no such key", vgw_config_suggest_key (left, dot + 1), error);
  return set_value_from (loader, SOURCE_SETTING, key, is_file, NULL,
                         g_strdup_printf ("--set %s.%s", key->group, dot + 1), equals + 1, error);
}

static const char *
where_is (const Loader *loader, const char *group, const char *name, Source *source)
{
  gboolean is_file;
  const VgwConfigKey *key = vgw_config_find_key (group, name, &is_file);
  const KeyState *state = &loader->states[key - loader->keys];

  *source = state->source;
  return state->where;
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
  Source source;

  where_is (loader, "access", "mode", &source);
  if (source != SOURCE_DEFAULT || is_loopback (address))
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
  Source source;

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
  Source source;

  if (loader->config->media_pipelines[0] != NULL)
    return TRUE;
  where = where_is (loader, "media", "pipelines", &source);
  g_set_error (error, VGW_ERROR, VGW_ERROR_CONFIG, "%s: must name at least one pipeline", where);
  return FALSE;
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
  if (!check_access (&loader, error) || !check_ports (&loader, error) || !check_pipelines (&loader, error))
    return NULL;
  return g_steal_pointer (&loader.config);
}
