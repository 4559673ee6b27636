/* The directory of call bundles: names, what is removed, the page. */
#include "session/vgw-call-bundles.h"

#include <check.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "run-suite.h"
#include "session/vgw-call-page.h"

#define NOW_US (G_GINT64_CONSTANT (1764363600) * G_USEC_PER_SEC) /* 2025-11-28T21:00:00Z */
#define OLD "20251027T100000.000Z-old"
#define NEWER "20251127T100000.000Z-newer"
#define NEWEST "20251128T200000.123Z-newest"

static char *directory;

static void
setup (void)
{
  directory = g_dir_make_tmp ("vgw-bundles-XXXXXX", NULL);
  ck_assert_ptr_nonnull (directory);
}

static void
teardown (void)
{
  const char *command[] = { "rm", "-rf", directory, NULL };

  ck_assert (g_spawn_sync (NULL, (char **) command, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL, NULL));
  g_free (directory);
}

static char *
path_of (const char *bundle, const char *file)
{
  return g_build_filename (directory, bundle, file, NULL);
}

static void
write_file (const char *bundle, const char *file, const char *text, gsize length)
{
  g_autofree char *folder = path_of (bundle, NULL);
  g_autofree char *path = path_of (bundle, file);

  g_mkdir (folder, 0700);
  ck_assert (g_file_set_contents (path, text, (gssize) length, NULL));
}

static void
make_bundle (const char *name, gsize n_bytes)
{
  g_autofree char *text = g_malloc0 (n_bytes);

  write_file (name, VGW_CALL_BUNDLE_AUDIO, text, n_bytes);
  write_file (name, VGW_CALL_BUNDLE_EVENTS, "{}\n", 3);
}

static gboolean
exists (const char *name)
{
  g_autofree char *path = path_of (name, NULL);

  return g_file_test (path, G_FILE_TEST_EXISTS);
}

static gboolean
is_in (const char *name, gpointer kept)
{
  return kept != NULL && g_strv_contains (kept, name);
}

static guint
clean (guint max_mb, guint max_days, const char *const *kept)
{
  return vgw_call_bundles_clean (
      &(VgwCallBundleSettings){ .directory = directory, .max_mb = max_mb, .max_days = max_days }, is_in,
      (gpointer) kept, NOW_US);
}

START_TEST (old_ones_are_removed)
{
  make_bundle (OLD, 100);
  make_bundle (NEWER, 100);
  ck_assert_uint_eq (clean (0, 30, NULL), 1);
  ck_assert (!exists (OLD));
  ck_assert (exists (NEWER));
  ck_assert_uint_eq (clean (0, 0, NULL), 0);
  ck_assert (exists (NEWER));
}
END_TEST

START_TEST (the_oldest_are_removed_until_there_is_room)
{
  make_bundle (OLD, 700 * 1024);
  make_bundle (NEWER, 700 * 1024);
  make_bundle (NEWEST, 700 * 1024);
  ck_assert_uint_eq (clean (3, 0, NULL), 0);
  ck_assert_uint_eq (clean (1, 0, NULL), 2);
  ck_assert (!exists (OLD) && !exists (NEWER) && exists (NEWEST));
}
END_TEST

/* … what makes room is what is gone. */
START_TEST (files_of_others_cost_no_other_bundle)
{
  make_bundle (OLD, 700 * 1024);
  make_bundle (NEWER, 700 * 1024);
  make_bundle (NEWEST, 700 * 1024);
  write_file (OLD, "transcript.json", "x", 1);
  write_file (NEWER, "transcript.json", "x", 1);
  write_file (NEWEST, "transcript.json", "x", 1);
  ck_assert_uint_eq (clean (2, 0, NULL), 0);
  ck_assert (!exists (OLD "/" VGW_CALL_BUNDLE_AUDIO) && exists (OLD "/transcript.json"));
  ck_assert (exists (NEWER "/" VGW_CALL_BUNDLE_AUDIO) && exists (NEWEST "/" VGW_CALL_BUNDLE_AUDIO));
}
END_TEST

START_TEST (calls_that_go_on_are_kept)
{
  const char *const kept[] = { OLD, NULL };

  make_bundle (OLD, 700 * 1024);
  make_bundle (NEWER, 700 * 1024);
  ck_assert_uint_eq (clean (1, 1, kept), 1);
  ck_assert (exists (OLD) && !exists (NEWER));
}
END_TEST

START_TEST (what_is_no_bundle_stays)
{
  g_autofree char *target = path_of ("target", NULL);
  g_autofree char *link_path = path_of ("20200101T000000.000Z-link", NULL);

  make_bundle ("target", 10);
  make_bundle ("notes", 10);
  make_bundle ("20200101T000000.000Z-", 10);
  make_bundle ("20200101T000000.000Z-a b", 10);
  make_bundle ("20209999T000000.000Z-a", 10);
  ck_assert_int_eq (symlink (target, link_path), 0);
  write_file ("20200101T000000.000Z-more", "mine.txt", "x", 1);
  ck_assert_uint_eq (clean (0, 1, NULL), 0);
  ck_assert (exists ("target/" VGW_CALL_BUNDLE_AUDIO));
  ck_assert (exists ("notes") && exists ("20200101T000000.000Z-") && exists ("20200101T000000.000Z-a b"));
  ck_assert (exists ("20200101T000000.000Z-more/mine.txt"));
}
END_TEST

START_TEST (a_missing_directory_is_empty)
{
  ck_assert_uint_eq (
      vgw_call_bundles_clean (&(VgwCallBundleSettings){ .directory = "/nonexistent/calls" }, NULL, NULL, NOW_US), 0);
}
END_TEST

START_TEST (names_are_safe)
{
  g_autoptr (VgwWavWriter) writer = vgw_wav_writer_new ();
  VgwCallBundles *bundles = vgw_call_bundles_new (&(VgwCallBundleSettings){ .directory = directory }, writer);
  g_autofree char *name = vgw_call_bundles_reserve (bundles, NOW_US + 123456, "a/../b\n\xc3\xa4-_9.x");

  ck_assert_str_eq (name, "20251128T210000.123Z-a____b___-_9_x");
  vgw_call_bundles_free (bundles);
  ck_assert_ptr_null (vgw_call_bundles_new (&(VgwCallBundleSettings){ .directory = "" }, writer));
}
END_TEST

static void
wait_for_page (const char *name)
{
  g_autofree char *path = path_of (name, VGW_CALL_BUNDLE_PAGE);

  while (!g_file_test (path, G_FILE_TEST_EXISTS)) /* the test's time limit ends it */
    g_usleep (1000);
}

START_TEST (missing_pages_are_made_at_the_start)
{
  g_autoptr (VgwWavWriter) writer = vgw_wav_writer_new ();
  g_autofree char *target = path_of ("target", NULL);
  g_autofree char *link_path = path_of ("20200101T000000.000Z-link", NULL);
  VgwCallBundles *bundles;

  make_bundle ("target", 10);
  ck_assert_int_eq (symlink (target, link_path), 0);
  make_bundle (OLD, 100);
  make_bundle (NEWER, 100);
  bundles = vgw_call_bundles_new (&(VgwCallBundleSettings){ .directory = directory }, writer);
  wait_for_page (OLD);
  wait_for_page (NEWER);
  vgw_call_bundles_free (bundles);
  ck_assert (!exists ("target/" VGW_CALL_BUNDLE_PAGE));
}
END_TEST

/* The writer goes on, with a file of another. */
START_TEST (a_call_that_ends_at_the_shutdown_gets_its_page)
{
  g_autoptr (VgwWavWriter) writer = vgw_wav_writer_new ();
  g_autofree char *other_path = path_of ("other.txt", NULL);
  VgwWavFile *other = vgw_wav_writer_begin_text (writer, other_path, NULL);
  const VgwCallBundleSettings settings = { .directory = directory };
  VgwCallBundles *bundles = vgw_call_bundles_new (&settings, writer);
  g_autofree char *name = vgw_call_bundles_reserve (bundles, NOW_US, "last");
  g_autofree char *path = path_of (name, VGW_CALL_BUNDLE_EVENTS);
  VgwWavFile *events = vgw_wav_writer_begin_text (writer, path, NULL);

  vgw_wav_file_push_text (events, "{}\n");
  vgw_wav_file_close (events);
  vgw_call_bundles_release (bundles, name, TRUE);
  vgw_call_bundles_free (bundles);
  ck_assert (g_file_test (path, G_FILE_TEST_EXISTS));
  bundles = vgw_call_bundles_new (&settings, writer);
  wait_for_page (name);
  vgw_call_bundles_free (bundles);
  vgw_wav_file_close (other);
}
END_TEST

START_TEST (a_page_has_the_events_and_the_audio)
{
  static const guint8 wav[] = { 'R', 'I', 'F', 'F', 40,  0,   0,   0,   'W',  'A',  'V', 'E', 'f',  'm',  't',  ' ',
                                16,  0,   0,   0,   1,   0,   2,   0,   0x80, 0x3e, 0,   0,   0,    0xfa, 0,    0,
                                4,   0,   16,  0,   'd', 'a', 't', 'a', 4,    0,    0,   0,   0x00, 0x00, 0x84, 0x82 };
  g_autofree char *folder = path_of (NEWER, NULL);
  g_autofree char *path = path_of (NEWER, VGW_CALL_BUNDLE_PAGE);
  g_autofree char *part = path_of (NEWER, VGW_CALL_BUNDLE_PAGE ".part");
  g_autofree char *page = NULL;
  struct stat status;

  write_file (NEWER, VGW_CALL_BUNDLE_AUDIO, (const char *) wav, sizeof wav);
  write_file (NEWER, VGW_CALL_BUNDLE_EVENTS, "{\"a\":\"</script>\"}\n", 18);
  ck_assert (vgw_call_page_write (folder, NULL));
  ck_assert_int_eq (g_stat (path, &status), 0);
  ck_assert_uint_eq (status.st_mode & 0777, 0600);
  ck_assert (!g_file_test (part, G_FILE_TEST_EXISTS));
  ck_assert (g_file_get_contents (path, &page, NULL, NULL));
  ck_assert_ptr_nonnull (strstr (page, "{\"a\":\"\\u003c/script>\"}\n</script>"));
  ck_assert_ptr_nonnull (strstr (page, "data-rate=\"16000\">/wA=</script>")); /* 0 and -32124, μ-law */
}
END_TEST

START_TEST (a_page_of_a_long_call_has_no_audio_in_it)
{
  static const guint8 header[44] = { [24] = 0x80, [25] = 0x3e };
  g_autofree char *folder = path_of (NEWER, NULL);
  g_autofree char *audio = path_of (NEWER, VGW_CALL_BUNDLE_AUDIO);
  g_autofree char *path = path_of (NEWER, VGW_CALL_BUNDLE_PAGE);
  g_autofree char *page = NULL;

  write_file (NEWER, VGW_CALL_BUNDLE_AUDIO, (const char *) header, sizeof header);
  write_file (NEWER, VGW_CALL_BUNDLE_EVENTS, "{}\n", 3);
  ck_assert_int_eq (truncate (audio, VGW_CALL_PAGE_MAX_AUDIO_BYTES + 1), 0);
  ck_assert (vgw_call_page_write (folder, NULL));
  ck_assert (g_file_get_contents (path, &page, NULL, NULL));
  ck_assert_ptr_nonnull (strstr (page, "data-rate=\"16000\"></script>"));
}
END_TEST

START_TEST (a_page_without_audio)
{
  g_autofree char *folder = path_of (NEWER, NULL);
  g_autofree char *path = path_of (NEWER, VGW_CALL_BUNDLE_PAGE);
  g_autofree char *page = NULL;

  write_file (NEWER, VGW_CALL_BUNDLE_EVENTS, "{}\n", 3);
  ck_assert (vgw_call_page_write (folder, NULL));
  ck_assert (g_file_get_contents (path, &page, NULL, NULL));
  ck_assert_ptr_nonnull (strstr (page, "data-rate=\"0\"></script>"));
}
END_TEST

START_TEST (a_page_without_events_is_an_error)
{
  g_autofree char *folder = path_of (NEWER, NULL);
  g_autofree char *part = path_of (NEWER, VGW_CALL_BUNDLE_PAGE ".part");
  g_autoptr (GError) error = NULL;

  ck_assert (!vgw_call_page_write (folder, &error));
  ck_assert (error->domain == G_FILE_ERROR);
  g_clear_error (&error);
  write_file (NEWER, VGW_CALL_BUNDLE_AUDIO, "", 0);
  ck_assert (!vgw_call_page_write (folder, &error));
  ck_assert (error->domain == G_FILE_ERROR);
  ck_assert (!g_file_test (part, G_FILE_TEST_EXISTS));
}
END_TEST

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-call-bundles");
  TCase *tcase = tcase_create ("bundles");

  tcase_add_checked_fixture (tcase, setup, teardown);
  tcase_add_test (tcase, old_ones_are_removed);
  tcase_add_test (tcase, the_oldest_are_removed_until_there_is_room);
  tcase_add_test (tcase, files_of_others_cost_no_other_bundle);
  tcase_add_test (tcase, calls_that_go_on_are_kept);
  tcase_add_test (tcase, what_is_no_bundle_stays);
  tcase_add_test (tcase, a_missing_directory_is_empty);
  tcase_add_test (tcase, names_are_safe);
  tcase_add_test (tcase, a_page_has_the_events_and_the_audio);
  tcase_add_test (tcase, missing_pages_are_made_at_the_start);
  tcase_add_test (tcase, a_call_that_ends_at_the_shutdown_gets_its_page);
  tcase_add_test (tcase, a_page_of_a_long_call_has_no_audio_in_it);
  tcase_add_test (tcase, a_page_without_audio);
  tcase_add_test (tcase, a_page_without_events_is_an_error);
  suite_add_tcase (suite, tcase);
  return suite;
}
