#include "base/vgw-capacity.h"

#include <check.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/vgw-error.h"
#include "run-suite.h"

#define N_ALLOWED 200 /* descriptors, in the tests that are about their end */

static const VgwCapacityCost PEER = { .files = 6, .threads = 10 };

static struct rlimit saved_limit;
static GArray *opened; /* of int */

static void
set_up (void)
{
  struct rlimit limit;

  ck_assert_int_eq (getrlimit (RLIMIT_NOFILE, &saved_limit), 0);
  limit = saved_limit;
  limit.rlim_cur = N_ALLOWED;
  ck_assert_int_eq (setrlimit (RLIMIT_NOFILE, &limit), 0);
  opened = g_array_new (FALSE, FALSE, sizeof (int));
}

static void
close_some (guint n)
{
  for (guint i = 0; i < n && opened->len > 0; i++)
    {
      close (g_array_index (opened, int, opened->len - 1));
      g_array_set_size (opened, opened->len - 1);
    }
}

static void
tear_down (void)
{
  close_some (opened->len);
  g_array_unref (opened);
  setrlimit (RLIMIT_NOFILE, &saved_limit);
}

/* Opens files until @n_free are left. */
static void
leave_free (guint n_free)
{
  while (N_ALLOWED - vgw_capacity_count_files () > n_free)
    {
      int fd = open ("/dev/null", O_RDONLY | O_CLOEXEC);

      ck_assert_int_ge (fd, 0);
      g_array_append_val (opened, fd);
    }
  while (N_ALLOWED - vgw_capacity_count_files () < n_free)
    close_some (1);
}

START_TEST (files_and_threads_are_counted)
{
  guint64 n_files = vgw_capacity_count_files ();
  int fd = open ("/dev/null", O_RDONLY | O_CLOEXEC);

  ck_assert_uint_eq (vgw_capacity_count_files (), n_files + 1);
  close (fd);
  ck_assert_uint_eq (vgw_capacity_count_files (), n_files);
  ck_assert_uint_ge (vgw_capacity_count_threads (), 1);
}
END_TEST

START_TEST (a_peer_is_refused_before_descriptors_run_out)
{
  g_autoptr (VgwCapacity) capacity = vgw_capacity_new (&PEER);
  g_autoptr (GError) error = NULL;
  guint n = 0;

  leave_free (60);
  while (vgw_capacity_begin_peer (capacity,
                                  NULL)) /* none of them has opened anything yet: they are counted all the same */
    n++;
  ck_assert_uint_ge (n, 1);
  ck_assert_uint_le (n, 60 / PEER.files);
  ck_assert (!vgw_capacity_begin_peer (capacity, &error));
  ck_assert (g_error_matches (error, VGW_ERROR, VGW_ERROR_BUSY));
  ck_assert_ptr_null (strpbrk (error->message, "0123456789"));
  ck_assert_uint_eq (vgw_capacity_count_refused (capacity, VGW_CAPACITY_FILES), 2);
  ck_assert_uint_eq (vgw_capacity_count_refused (capacity, VGW_CAPACITY_THREADS), 0);

  vgw_capacity_end_peer (capacity); /* one is up, or gone */
  ck_assert (vgw_capacity_begin_peer (capacity, NULL));
  leave_free (10);
  vgw_capacity_end_peer (capacity);
  ck_assert (!vgw_capacity_begin_peer (capacity, NULL));
  leave_free (100);
  ck_assert (vgw_capacity_begin_peer (capacity, NULL));
}
END_TEST

START_TEST (connections_leave_room_for_calls)
{
  g_autoptr (VgwCapacity) capacity = vgw_capacity_new (&PEER);
  guint n = 0;

  leave_free (100);
  while (vgw_capacity_judge_connection (capacity) == VGW_CAPACITY_ACCEPT) /* counted though they are not there */
    n++;
  ck_assert_uint_ge (n, 30);
  ck_assert_uint_le (n, 60);
  leave_free (100 - n);
  ck_assert (vgw_capacity_begin_peer (capacity, NULL));
}
END_TEST

static guint
count_open_tcp (gpointer user_data)
{
  return *(guint *) user_data;
}

/* Connections of ICE over TCP that are open are in use, and no longer reserved. */
START_TEST (reserved_connections_are_counted_once)
{
  g_autoptr (VgwCapacity) capacity = vgw_capacity_new (&PEER);
  guint n_open = 0;

  vgw_capacity_reserve_tcp_files (capacity, 60, count_open_tcp, &n_open);
  leave_free (60);
  ck_assert (!vgw_capacity_begin_peer (capacity, NULL));
  leave_free (100);
  ck_assert (vgw_capacity_begin_peer (capacity, NULL));
  vgw_capacity_end_peer (capacity);
  leave_free (40);
  n_open = 60;
  ck_assert (vgw_capacity_begin_peer (capacity, NULL));
  vgw_capacity_end_peer (capacity);
  n_open = 61; /* one that is being refused */
  ck_assert (vgw_capacity_begin_peer (capacity, NULL));
  leave_free (10);
  ck_assert (!vgw_capacity_begin_peer (capacity, NULL));
}
END_TEST

START_TEST (a_start_needs_what_is_reserved)
{
  g_autoptr (GError) error = NULL;

  leave_free (100);
  ck_assert (vgw_capacity_check_start (0, NULL));
  ck_assert (vgw_capacity_check_start (30, NULL));
  ck_assert (!vgw_capacity_check_start (60, &error));
  ck_assert (g_error_matches (error, VGW_ERROR, VGW_ERROR_BUSY));
  ck_assert_ptr_nonnull (strstr (error->message, "ice.tcp-max-connections"));
}
END_TEST

START_TEST (without_a_descriptor_nothing_is_accepted)
{
  g_autoptr (VgwCapacity) capacity = vgw_capacity_new (&PEER);

  leave_free (0);
  ck_assert_int_eq (vgw_capacity_judge_connection (capacity), VGW_CAPACITY_WAIT);
  ck_assert (!vgw_capacity_begin_peer (capacity, NULL));
  ck_assert (!vgw_capacity_check_start (0, NULL));
}
END_TEST

START_TEST (the_soft_bound_is_raised)
{
  VgwCapacityLimits limits;

  vgw_capacity_raise_limits ();
  vgw_capacity_read_limits (&limits);
  ck_assert_uint_ge (limits.files, MIN (saved_limit.rlim_max, 1024));
  ck_assert_uint_gt (limits.files, N_ALLOWED);
}
END_TEST

START_TEST (what_is_allowed_is_enough_for_so_many_calls)
{
  static const struct
  {
    VgwCapacityLimits used, limits;
    guint64 n_calls;
  } cases[] = {
    { { 13, 9 }, { VGW_CAPACITY_NO_LIMIT, VGW_CAPACITY_NO_LIMIT }, VGW_CAPACITY_NO_LIMIT },
    { { 13, 9 }, { 1024, VGW_CAPACITY_NO_LIMIT }, (1024 - 13 - 24) / 7 },
    { { 13, 9 }, { 1024, 60 }, (60 - 9 - 12) / 10 },
    { { 13, 9 }, { 20, 60 }, 0 },
    { { 0, 0 }, { 0, 0 }, 0 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    ck_assert_uint_eq (vgw_capacity_count_calls (&PEER, &cases[i].used, &cases[i].limits), cases[i].n_calls);
}
END_TEST

static void
write_group (const char *root, const char *path, const char *max, const char *current)
{
  g_autofree char *directory = g_build_filename (root, path, NULL);
  g_autofree char *max_path = g_build_filename (directory, "pids.max", NULL);
  g_autofree char *current_path = g_build_filename (directory, "pids.current", NULL);

  ck_assert_int_eq (g_mkdir_with_parents (directory, 0700), 0);
  ck_assert (g_file_set_contents (max_path, max, -1, NULL));
  ck_assert (g_file_set_contents (current_path, current, -1, NULL));
}

static void
remove_all (const char *path)
{
  g_autoptr (GDir) directory = g_dir_open (path, 0, NULL);
  const char *name;

  while (directory != NULL && (name = g_dir_read_name (directory)) != NULL)
    {
      g_autofree char *child = g_build_filename (path, name, NULL);
      remove_all (child);
    }
  g_remove (path);
}

START_TEST (the_strictest_cgroup_counts)
{
  g_autofree char *root = g_dir_make_tmp ("vgw-test-XXXXXX", NULL);

  write_group (root, "system.slice", "500\n", "420\n");
  write_group (root, "system.slice/gateway.service", "max\n", "30\n");
  write_group (root, "user.slice", "60\n", "70\n");
  write_group (root, "pids/docker/abc", "40\n", "39\n");
  ck_assert_uint_eq (vgw_capacity_read_cgroup (root, "0::/system.slice/gateway.service\n"), 80);
  ck_assert_uint_eq (vgw_capacity_read_cgroup (root, "0::/user.slice\n"), 0);
  ck_assert_uint_eq (vgw_capacity_read_cgroup (root, "0::/\n"), VGW_CAPACITY_NO_LIMIT);
  ck_assert_uint_eq (vgw_capacity_read_cgroup (root, "9:cpu,cpuacct:/\n8:pids:/docker/abc\n0::/system.slice\n"), 1);
  ck_assert_uint_eq (vgw_capacity_read_cgroup (root, "0::/not/there\n"), VGW_CAPACITY_NO_LIMIT);
  ck_assert_uint_eq (vgw_capacity_read_cgroup (root, ""), VGW_CAPACITY_NO_LIMIT);
  ck_assert_uint_eq (vgw_capacity_read_cgroup (root, "garbage\n::\n0:"), VGW_CAPACITY_NO_LIMIT);
  remove_all (root);
}
END_TEST

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-capacity");
  TCase *files = tcase_create ("files");
  TCase *reading = tcase_create ("reading");

  tcase_add_checked_fixture (files, set_up, tear_down);
  tcase_add_test (files, files_and_threads_are_counted);
  tcase_add_test (files, a_peer_is_refused_before_descriptors_run_out);
  tcase_add_test (files, connections_leave_room_for_calls);
  tcase_add_test (files, without_a_descriptor_nothing_is_accepted);
  tcase_add_test (files, reserved_connections_are_counted_once);
  tcase_add_test (files, a_start_needs_what_is_reserved);
  tcase_add_test (files, the_soft_bound_is_raised);
  suite_add_tcase (suite, files);
  tcase_add_test (reading, what_is_allowed_is_enough_for_so_many_calls);
  tcase_add_test (reading, the_strictest_cgroup_counts);
  suite_add_tcase (suite, reading);
  return suite;
}
