/* Programs at made-up places in a real folder: installed, moved, in a build tree, alone. */
#include "base/vgw-data-path.h"

#include <check.h>
#include <glib/gstdio.h>

#include "run-suite.h"
#include "vgw-build.h"

#define IN_SOURCE "pipelines"
#define INSTALLED "pipelines"

static char *folder;

static void
setup (void)
{
  folder = g_dir_make_tmp ("vgw-data-path-XXXXXX", NULL);
  ck_assert_ptr_nonnull (folder);
}

static void
remove_tree (const char *path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *entry = g_build_filename (path, name, NULL);
      remove_tree (entry);
    }
  g_remove (path);
}

static void
teardown (void)
{
  remove_tree (folder);
  g_clear_pointer (&folder, g_free);
}

/* The path of @relative in the folder; a directory is made there. (transfer full) */
static char *
make_directory (const char *relative)
{
  g_autofree char *path = g_build_filename (folder, relative, NULL);
  g_autofree char *canonical = g_canonicalize_filename (path, "/");

  ck_assert_int_eq (g_mkdir_with_parents (canonical, 0700), 0);
  return g_steal_pointer (&canonical);
}

static void
make_file (const char *directory, const char *name)
{
  g_autofree char *path = g_build_filename (directory, name, NULL);

  ck_assert (g_file_set_contents (path, "", -1, NULL));
}

static void
assert_path (char *path, const char *expected)
{
  ck_assert_str_eq (path, expected);
  g_free (path);
}

START_TEST (a_program_of_the_build_tree_uses_its_source)
{
  const char *program = VGW_BUILD_ROOT "/src/voice-gateway";

  assert_path (vgw_data_path (program, IN_SOURCE, INSTALLED), VGW_SOURCE_ROOT "/pipelines");
  assert_path (vgw_data_path (program, "data/assistant/assistant.gram", "assistant/assistant.gram"),
               VGW_SOURCE_ROOT "/data/assistant/assistant.gram");
  ck_assert_ptr_null (vgw_data_path_config (program));
}
END_TEST

START_TEST (this_test_is_a_program_of_the_build_tree)
{
  assert_path (vgw_data_path (NULL, IN_SOURCE, INSTALLED), VGW_SOURCE_ROOT "/pipelines");
  ck_assert_ptr_null (vgw_data_path_config (NULL));
}
END_TEST

START_TEST (an_installed_program_uses_its_prefix_wherever_that_was_moved_to)
{
  g_autofree char *bin = make_directory ("usr/bin");
  g_autofree char *program = g_build_filename (bin, "voice-gateway", NULL);
  g_autofree char *data = make_directory ("usr/bin/" VGW_DATA_FROM_BIN "/pipelines");
  g_autofree char *config = make_directory ("usr/bin/" VGW_CONFIG_FROM_BIN);
  g_autofree char *config_file = g_build_filename (config, "voice-gateway.conf", NULL);

  make_file (config, "voice-gateway.conf");
  assert_path (vgw_data_path (program, IN_SOURCE, INSTALLED), data);
  assert_path (vgw_data_path_config (program), config_file);
}
END_TEST

START_TEST (a_program_without_a_prefix_looks_where_it_was_configured_for)
{
  g_autofree char *bin = make_directory ("elsewhere/bin");
  g_autofree char *program = g_build_filename (bin, "voice-gateway", NULL);
  g_autofree char *hint = vgw_data_path_hint (program);

  assert_path (vgw_data_path (program, IN_SOURCE, INSTALLED), VGW_DATA_DIR "/pipelines");
  assert_path (vgw_data_path_config (program), VGW_CONFIG_DIR "/voice-gateway.conf");
  ck_assert_msg (g_strrstr (hint, "meson install -C " VGW_BUILD_ROOT) != NULL, "%s", hint);
}
END_TEST

START_TEST (a_build_tree_that_was_copied_with_its_source_uses_the_copy)
{
  g_autofree char *build = make_directory ("copy/build");
  g_autofree char *program = g_build_filename (build, "src", "voice-gateway", NULL);
  g_autofree char *tool = g_build_filename (build, "tools", "assistant", "voice-gateway-assistant", NULL);
  g_autofree char *pipelines = make_directory ("copy/build/" VGW_SOURCE_FROM_BUILD "/pipelines");

  make_file (build, "vgw-build.h");
  assert_path (vgw_data_path (program, IN_SOURCE, INSTALLED), pipelines);
  assert_path (vgw_data_path (tool, IN_SOURCE, INSTALLED), pipelines);
  ck_assert_ptr_null (vgw_data_path_config (program));
}
END_TEST

START_TEST (a_build_tree_that_was_moved_away_from_its_source_uses_the_old_one_and_says_what_to_do)
{
  g_autofree char *build = make_directory ("alone/build");
  g_autofree char *program = g_build_filename (build, "src", "voice-gateway", NULL);
  g_autofree char *hint = NULL;

  make_file (build, "vgw-build.h");
  hint = vgw_data_path_hint (program);
  assert_path (vgw_data_path (program, IN_SOURCE, INSTALLED), VGW_SOURCE_ROOT "/pipelines");
  ck_assert_msg (g_strrstr (hint, program) != NULL, "%s", hint);
  ck_assert_msg (g_strrstr (hint, VGW_SOURCE_ROOT) != NULL, "%s", hint);
}
END_TEST

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-data-path");
  TCase *tcase = tcase_create ("paths");

  tcase_add_checked_fixture (tcase, setup, teardown);
  tcase_add_test (tcase, a_program_of_the_build_tree_uses_its_source);
  tcase_add_test (tcase, this_test_is_a_program_of_the_build_tree);
  tcase_add_test (tcase, an_installed_program_uses_its_prefix_wherever_that_was_moved_to);
  tcase_add_test (tcase, a_program_without_a_prefix_looks_where_it_was_configured_for);
  tcase_add_test (tcase, a_build_tree_that_was_copied_with_its_source_uses_the_copy);
  tcase_add_test (tcase, a_build_tree_that_was_moved_away_from_its_source_uses_the_old_one_and_says_what_to_do);
  suite_add_tcase (suite, tcase);
  return suite;
}
