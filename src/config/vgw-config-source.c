#include "config/vgw-config-source.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "config/vgw-config-value.h"
#include "base/vgw-error.h"

#define MAX_FILE_BYTES (1024 * 1024)
#define READ_BLOCK_BYTES (64 * 1024)

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

char *
vgw_config_read_file (const char *path, GError **error)
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

/* The same without the where. */
static gboolean
take_text (gpointer values, const VgwConfigKey *key, const VgwConfigEntry *entry, GError **error)
{
  g_autofree char *path = NULL;
  g_autofree char *content = NULL;

  if (!entry->is_file)
    return vgw_config_assign (values, key, entry->text, error);

  path = entry->base == NULL || g_path_is_absolute (entry->text) ? g_strdup (entry->text)
                                                                 : g_build_filename (entry->base, entry->text, NULL);
  content = vgw_config_read_file (path, error);
  if (content == NULL)
    return FALSE;
  if (vgw_config_assign_file_text (values, key, content, error))
    return TRUE;
  g_prefix_error (error, "%s: ", path);
  return FALSE;
}

/* Whether @entry sets what its source has set already. The last --set of a key wins: it is what a person adds to a
 * command that is there. */
static gboolean
check_twice (const VgwConfigOrigin *origin, const VgwConfigKey *key, const VgwConfigEntry *entry, GError **error)
{
  if (origin->source != entry->source)
    return TRUE;
  if (origin->is_from_file != entry->is_file)
    g_set_error (error, VGW_ERROR, VGW_ERROR_CONFIG, "%s and %s-file are both set; keep one", key->name, key->name);
  else if (entry->source == VGW_CONFIG_FROM_FILE)
    g_set_error (error, VGW_ERROR, VGW_ERROR_CONFIG, "is set twice, first at %s; keep one", origin->where);
  else
    return TRUE;
  return FALSE;
}

gboolean
vgw_config_take (gpointer values, VgwConfigOrigin *origin, const VgwConfigKey *key, const VgwConfigEntry *entry,
                 GError **error)
{
  gboolean is_good = check_twice (origin, key, entry, error);

  g_free (origin->where);
  *origin = (VgwConfigOrigin){ entry->source, entry->is_file, g_strdup (entry->where) };
  if (is_good && take_text (values, key, entry, error))
    return TRUE;
  g_prefix_error (error, "%s: ", entry->where);
  return FALSE;
}

gboolean
vgw_config_fail_unknown (const char *where, const char *what, char *suggestion, GError **error)
{
  g_set_error (error, VGW_ERROR, VGW_ERROR_CONFIG, "%s: %s%s", where, what, suggestion);
  g_free (suggestion);
  return FALSE;
}
