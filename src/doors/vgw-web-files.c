#include "doors/vgw-web-files.h"

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>

#include "base/vgw-error.h"
#include "net/vgw-http-content-type.h"
#include "vgw-web.h"

#define RESOURCE_PREFIX "/voice-gateway/web"
#define LIBRARY_PREFIX "voice-gateway" /* of its files' names: voice-gateway.js and what that imports */
#define MAX_FILES 256
#define MAX_BYTES (32 * 1024 * 1024) /* of all files together */
#define MAX_DEPTH 4
#define ETAG_CHARS 32 /* half a SHA-256 tells two versions apart */

struct _VgwWebFiles
{
  GHashTable *files; /* "/page.js" → VgwWebFile* */
  gsize n_bytes;
};

static void
file_free (gpointer data)
{
  VgwWebFile *file = data;

  g_bytes_unref (file->content);
  g_free (file->etag);
  g_free (file);
}

/* @path and @content (both transfer full) */
static gboolean
add_file (VgwWebFiles *self, char *path, GBytes *content, gboolean is_built_in, GError **error)
{
  VgwWebFile *file = g_new0 (VgwWebFile, 1);
  g_autofree char *sum = g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, content);

  file->content = content;
  file->is_built_in = is_built_in;
  file->content_type = vgw_http_content_type_of (path);
  file->etag = g_strdup_printf ("\"%.*s\"", ETAG_CHARS, sum);
  self->n_bytes += g_bytes_get_size (content);
  g_hash_table_insert (self->files, path, file);
  if (is_built_in || (g_hash_table_size (self->files) <= MAX_FILES && self->n_bytes <= MAX_BYTES))
    return TRUE;
  g_set_error (error, VGW_ERROR, VGW_ERROR_CONFIG, "at %s: more than %d files or %d bytes to serve", path, MAX_FILES,
               MAX_BYTES);
  return FALSE;
}

/* Those that begin with @prefix, and are not there yet. */
static gboolean
add_built_in (VgwWebFiles *self, const char *prefix, GError **error)
{
  GResource *resource = vgw_web_get_resource ();
  g_auto (GStrv) names = g_resource_enumerate_children (resource, RESOURCE_PREFIX, 0, error);

  for (char **name = names; name != NULL && *name != NULL; name++)
    {
      g_autofree char *full_path = g_strconcat (RESOURCE_PREFIX "/", *name, NULL);
      g_autofree char *path = g_strconcat ("/", *name, NULL);
      GBytes *content;

      if (!g_str_has_prefix (*name, prefix) || g_hash_table_contains (self->files, path))
        continue;
      content = g_resource_lookup_data (resource, full_path, 0, error);
      if (content == NULL || !add_file (self, g_steal_pointer (&path), content, TRUE, error))
        return FALSE;
    }
  return names != NULL;
}

static gboolean
add_from_disk (VgwWebFiles *self, const char *full_path, const char *path, GError **error)
{
  GStatBuf info;
  char *text;
  gsize length;

  /* its size first: the bound holds for a file that is larger than memory too */
  if (g_stat (full_path, &info) == 0 && info.st_size > MAX_BYTES)
    {
      g_set_error (error, VGW_ERROR, VGW_ERROR_CONFIG, "%s is larger than %d bytes", full_path, MAX_BYTES);
      return FALSE;
    }
  return g_file_get_contents (full_path, &text, &length, error)
         && add_file (self, g_strdup (path), g_bytes_new_take (text, length), FALSE, error);
}

static gboolean
add_directory (VgwWebFiles *self, const char *full_path, const char *path, guint depth, GError **error)
{
  g_autoptr (GDir) directory = g_dir_open (full_path, 0, error);
  const char *name;

  if (directory == NULL)
    return FALSE;
  if (depth > MAX_DEPTH)
    {
      g_set_error (error, VGW_ERROR, VGW_ERROR_CONFIG, "%s: more than %d levels of directories", full_path, MAX_DEPTH);
      return FALSE;
    }
  while ((name = g_dir_read_name (directory)) != NULL)
    {
      g_autofree char *child = g_build_filename (full_path, name, NULL);
      g_autofree char *child_path = g_strconcat (path, "/", name, NULL);

      if (name[0] == '.')
        continue;
      if (g_file_test (child, G_FILE_TEST_IS_DIR) && !add_directory (self, child, child_path, depth + 1, error))
        return FALSE;
      if (g_file_test (child, G_FILE_TEST_IS_REGULAR) && !add_from_disk (self, child, child_path, error))
        return FALSE;
    }
  return TRUE;
}

VgwWebFiles *
vgw_web_files_new (const char *directory, GError **error)
{
  g_autoptr (VgwWebFiles) self = g_new0 (VgwWebFiles, 1);
  gboolean is_loaded;

  self->files = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, file_free);
  is_loaded = directory != NULL && *directory != '\0'
                  ? add_directory (self, directory, "", 0, error) && add_built_in (self, LIBRARY_PREFIX, error)
                  : add_built_in (self, "", error);
  return is_loaded ? g_steal_pointer (&self) : NULL;
}

void
vgw_web_files_free (VgwWebFiles *self)
{
  if (self == NULL)
    return;
  g_hash_table_unref (self->files);
  g_free (self);
}

const VgwWebFile *
vgw_web_files_lookup (VgwWebFiles *self, const char *path)
{
  return g_hash_table_lookup (self->files, strcmp (path, "/") == 0 ? "/index.html" : path);
}
