#include "config-fixture.h"

#include <glib/gstdio.h>
#include <string.h>

#include "base/vgw-error.h"

char *config_directory = NULL;

void
config_fixture_set_up (void)
{
  config_directory = g_dir_make_tmp ("vgw-config-XXXXXX", NULL);
  ck_assert_ptr_nonnull (config_directory);
}

void
config_fixture_tear_down (void)
{
  g_autoptr (GDir) dir = g_dir_open (config_directory, 0, NULL);
  const char *name;

  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (config_directory, name, NULL);
      g_remove (path);
    }
  g_rmdir (config_directory);
  g_clear_pointer (&config_directory, g_free);
}

char *
config_write (const char *name, const char *bytes, gssize length)
{
  char *path = g_build_filename (config_directory, name, NULL);

  ck_assert (g_file_set_contents (path, bytes, length, NULL));
  return path;
}

VgwConfig *
config_load (const char *text, const char *const *environment, const char *const *settings, GError **error)
{
  g_autofree char *path = config_write ("a.conf", text, -1);

  return vgw_config_load (path, environment, settings, error);
}

VgwConfig *
config_load_good (const char *text, const char *const *environment, const char *const *settings)
{
  g_autoptr (GError) error = NULL;
  VgwConfig *config = config_load (text, environment, settings, &error);

  ck_assert_msg (config != NULL, "%s: %s", text, error != NULL ? error->message : "no error");
  ck_assert_ptr_null (error);
  return config;
}

char **
config_error_lines (const GError *error)
{
  g_autofree char *prefix = g_strconcat (config_directory, "/", NULL);
  g_autoptr (GString) message = g_string_new (error->message);

  ck_assert (g_error_matches (error, VGW_ERROR, VGW_ERROR_CONFIG));
  g_string_replace (message, prefix, "", 0);
  return g_strsplit (message->str, "\n", -1);
}

void
config_assert_error (const GError *error, const char *const *words)
{
  ck_assert_ptr_nonnull (error);
  ck_assert (g_error_matches (error, VGW_ERROR, VGW_ERROR_CONFIG));
  for (; *words != NULL; words++)
    ck_assert_msg (strstr (error->message, *words) != NULL, "no \"%s\" in: %s", *words, error->message);
}

void
config_assert_bad (const char *text, const char *const *environment, const char *const *settings,
                   const char *const *words)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VgwConfig) config = config_load (text, environment, settings, &error);

  ck_assert_msg (config == NULL, "accepted: %s %s", text, settings != NULL ? settings[0] : "");
  config_assert_error (error, words);
}
