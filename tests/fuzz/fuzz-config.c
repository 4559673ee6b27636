/* Input: a configuration file, or after a line "---" settings, one on each line; those that begin with VGW_ are the
 * environment, the others --set. */
#include "fuzz.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "config/vgw-config-check.h"
#include "config/vgw-config-keys.h"
#include "config/vgw-config-text.h"
#include "config/vgw-config-value.h"
#include "config/vgw-config-load.h"
#include "base/vgw-error.h"

#define SEPARATOR "\n---\n"
#define MAX_ERROR_BYTES (101 * 2000) /* a line for each error, of which there are at most 100 */

static VgwConfig *
load (const char *text, gsize length, const char *const *lines)
{
  g_autoptr (GPtrArray) environment = g_ptr_array_new ();
  g_autoptr (GPtrArray) settings = g_ptr_array_new ();
  g_autoptr (GError) error = NULL;
  int fd = memfd_create ("config", MFD_CLOEXEC);
  g_autofree char *path = g_strdup_printf ("/proc/self/fd/%d", fd);
  VgwConfig *config;

  g_assert (fd >= 0 && write (fd, text, length) == (gssize) length);
  for (; lines != NULL && *lines != NULL; lines++)
    g_ptr_array_add (g_str_has_prefix (*lines, "VGW_") ? environment : settings, (gpointer) *lines);
  g_ptr_array_add (environment, NULL);
  g_ptr_array_add (settings, NULL);

  config =
      vgw_config_load (path, (const char *const *) environment->pdata, (const char *const *) settings->pdata, &error);
  close (fd);
  g_assert ((config == NULL) == (error != NULL));
  if (error != NULL)
    {
      g_assert_error (error, VGW_ERROR, VGW_ERROR_CONFIG);
      g_assert_cmpuint (strlen (error->message), <, MAX_ERROR_BYTES);
      g_assert (g_utf8_validate (error->message, -1, NULL));
    }
  return config;
}

/* What is printed loads as the same. */
static void
check_round_trip (const VgwConfig *config)
{
  g_autofree char *text = vgw_config_to_text (config);
  g_autoptr (VgwConfig) again = load (text, strlen (text), NULL);
  g_autofree char *text_again = NULL;
  GString *visible;

  g_assert_nonnull (again);
  text_again = vgw_config_to_text (again);
  /* Secrets are comments in the one, and their defaults in the other. */
  visible = g_string_new (text);
  for (char *line = strstr (visible->str, "\n# "); line != NULL; line = strstr (visible->str, "\n# "))
    {
      gsize start = (gsize) (line + 1 - visible->str);
      gsize name_length = strcspn (line + 3, " ");
      gsize line_length = strcspn (line + 1, "\n");
      g_string_erase (visible, (gssize) (start + 2 + name_length), (gssize) (line_length - 2 - name_length));
      g_string_insert (visible, (gssize) (start + 2 + name_length), " =");
      g_string_erase (visible, (gssize) start, 2);
    }
  g_assert_cmpstr (visible->str, ==, text_again);
  g_string_free (visible, TRUE);
}

static void
check_secret_file (const char *text)
{
  gboolean is_file;
  const VgwConfigKey *key = vgw_config_find_key ("ice", "client-servers", &is_file);
  g_autoptr (VgwConfig) config = g_new0 (VgwConfig, 1);

  if (!vgw_config_assign_file_text (config, key, text, NULL))
    return;
  for (const char *const *item = config->client_servers; *item != NULL; item++)
    {
      g_autofree char *url = NULL, *username = NULL, *credential = NULL;
      g_assert_true (vgw_config_split_server (*item, &url, &username, &credential));
      g_assert_true ((username == NULL) == (credential == NULL));
      g_assert_true (vgw_config_check (VGW_CONFIG_CHECK_CLIENT_SERVER, url, NULL));
    }
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree char *text = g_strndup ((const char *) data, size);
  const char *separator = strstr (text, SEPARATOR);
  g_auto (GStrv) lines = NULL;
  g_autoptr (VgwConfig) config = NULL;

  /* A file that a random name means may be a device that never ends or waits. */
  if (strstr (text, "-file") != NULL || strstr (text, "_FILE") != NULL)
    return 0;
  check_secret_file (text);
  if (separator != NULL)
    lines = g_strsplit (separator + strlen (SEPARATOR), "\n", -1);
  config = load ((const char *) data, separator != NULL ? (gsize) (separator - text) + 1 : size,
                 (const char *const *) lines);
  if (config != NULL)
    check_round_trip (config);
  return 0;
}
