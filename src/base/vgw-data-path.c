#include "base/vgw-data-path.h"

#include "vgw-build.h"

/* In the root of every build tree. */
#define BUILD_STAMP "vgw-build.h"
#define MAX_DEPTH 2 /* of a program's folder below it */

/* The root of the build tree of @program, BUILD/src/NAME or BUILD/tools/TOOL/NAME, also where the tree was moved; NULL
 * for an installed program. (transfer full) */
static char *
find_build_root (const char *program)
{
  if (g_str_has_prefix (program, VGW_BUILD_ROOT "/"))
    return g_strdup (VGW_BUILD_ROOT);
  g_autofree char *directory = g_path_get_dirname (program);
  for (guint depth = 1; depth <= MAX_DEPTH; depth++)
    {
      g_autofree char *root = g_path_get_dirname (directory);
      g_autofree char *stamp = g_build_filename (root, BUILD_STAMP, NULL);
      if (g_file_test (stamp, G_FILE_TEST_EXISTS))
        return g_steal_pointer (&root);
      g_free (directory);
      directory = g_steal_pointer (&root);
    }
  return NULL;
}

/* "a/b/../c" is "a/c". (transfer full) */
static char *
join (const char *base, const char *relative, const char *name)
{
  g_autofree char *path = g_build_filename (base, relative, name, NULL);
  return g_canonicalize_filename (path, "/");
}

/* @program, or for NULL this one. (transfer full) */
static char *
get_program (const char *program)
{
  char *own = program == NULL ? g_file_read_link ("/proc/self/exe", NULL) : NULL;

  return own != NULL ? own : g_strdup (program != NULL ? program : "/");
}

char *
vgw_data_path (const char *program, const char *in_source, const char *installed)
{
  g_autofree char *path = get_program (program);
  g_autofree char *build_root = find_build_root (path);
  g_autofree char *directory = g_path_get_dirname (path);
  g_autofree char *near = build_root != NULL ? join (build_root, VGW_SOURCE_FROM_BUILD, in_source)
                                             : join (directory, VGW_DATA_FROM_BIN, installed);

  if (g_file_test (near, G_FILE_TEST_EXISTS))
    return g_steal_pointer (&near);
  return build_root != NULL ? join (VGW_SOURCE_ROOT, ".", in_source) : join (VGW_DATA_DIR, ".", installed);
}

char *
vgw_data_path_config (const char *program)
{
  g_autofree char *path = get_program (program);
  g_autofree char *build_root = find_build_root (path);
  g_autofree char *directory = g_path_get_dirname (path);
  g_autofree char *near = join (directory, VGW_CONFIG_FROM_BIN, "voice-gateway.conf");

  if (build_root != NULL)
    return NULL;
  return g_file_test (near, G_FILE_TEST_EXISTS) ? g_steal_pointer (&near)
                                                : join (VGW_CONFIG_DIR, ".", "voice-gateway.conf");
}

char *
vgw_data_path_hint (const char *program)
{
  g_autofree char *path = get_program (program);
  g_autofree char *build_root = find_build_root (path);

  if (build_root != NULL)
    return g_strdup_printf (
        "%s cannot find its files: it was built from the source in %s, in %s; if these were moved, build it again",
        path, VGW_SOURCE_ROOT, VGW_BUILD_ROOT);
  return g_strdup_printf ("%s cannot find its files: install them together (meson install -C %s)", path,
                          VGW_BUILD_ROOT);
}
