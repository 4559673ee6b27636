#include "base/vgw-log-writer.h"

#include <check.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "run-suite.h"
#include "wait-until.h"

#define FLUSH_MS 20000
#define MAX_BYTES 10000
#define LINE_BYTES 100
#define DROPPED_PREFIX "dropped "

/* A writer on a pipe that is read only when the test says so. */
static int pipe_fds[2];
static VgwLogWriter *writer;

static GString *
make_dropped_line (guint64 n_dropped)
{
  GString *line = g_string_new (NULL);

  g_string_printf (line, DROPPED_PREFIX "%" G_GUINT64_FORMAT "\n", n_dropped);
  return line;
}

static void
set_up (void)
{
  ck_assert_int_eq (pipe (pipe_fds), 0);
  ck_assert_int_ge (fcntl (pipe_fds[1], F_SETPIPE_SZ, 4096), 4096); /* a page, so that little fills it */
  writer = vgw_log_writer_new (pipe_fds[1], MAX_BYTES, make_dropped_line);
}

static void
tear_down (void)
{
  if (pipe_fds[0] >= 0)
    close (pipe_fds[0]); /* first, so that the thread gets out of write () */
  ck_assert_ptr_null (writer);
  close (pipe_fds[1]);
}

static void
finish_writer (guint timeout_ms)
{
  vgw_log_writer_free (g_steal_pointer (&writer), timeout_ms);
}

/* "0000012 xxx…", LINE_BYTES long. */
static void
push_number (guint number)
{
  GString *line = g_string_new (NULL);

  g_string_printf (line, "%07u ", number);
  while (line->len < LINE_BYTES - 1)
    g_string_append_c (line, 'x');
  g_string_append_c (line, '\n');
  vgw_log_writer_push (writer, line);
}

/* Reads what the pipe has now, and appends it. TRUE, for use in a condition. */
static gboolean
read_some (GString *text)
{
  char data[4096];
  gssize n;

  fcntl (pipe_fds[0], F_SETFL, O_NONBLOCK);
  while ((n = read (pipe_fds[0], data, sizeof data)) > 0)
    g_string_append_len (text, data, n);
  return TRUE;
}

static gboolean
read_all (GString *text)
{
  read_some (text);
  return vgw_log_writer_flush (writer, 0);
}

/* Asserts that every line before @n_pushed is there once and in its place, or is one of those that a line at its place
 * says were dropped. Returns how many those are. */
static guint
assert_complete (const GString *text, guint n_pushed)
{
  g_auto (GStrv) lines = g_strsplit (text->str, "\n", -1);
  guint next = 0, n_dropped = 0;

  for (char **line = lines; *line != NULL && **line != '\0'; line++)
    {
      if (g_str_has_prefix (*line, DROPPED_PREFIX))
        {
          guint n = (guint) atoi (*line + strlen (DROPPED_PREFIX));
          next += n;
          n_dropped += n;
          continue;
        }
      ck_assert_uint_eq (strlen (*line), LINE_BYTES - 1);
      ck_assert_uint_eq ((guint) atoi (*line), next);
      next++;
    }
  ck_assert_uint_eq (next, n_pushed);
  return n_dropped;
}

START_TEST (lines_are_written_in_order)
{
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; i < 50; i++)
    push_number (i);
  POLL_UNTIL_WITHIN (FLUSH_MS * 1000, read_all (text));
  read_some (text);
  ck_assert_uint_eq (assert_complete (text, 50), 0);
  ck_assert_uint_eq (vgw_log_writer_count_dropped (writer), 0);
  finish_writer (FLUSH_MS);
}
END_TEST

START_TEST (a_reader_that_stopped_costs_lines_and_no_time)
{
  g_autoptr (GString) text = g_string_new (NULL);
  guint n_told;

  for (guint i = 0; i < 1000; i++)
    push_number (i); /* returns, though nobody reads */
  ck_assert (!vgw_log_writer_flush (writer, 0));
  ck_assert_uint_ge (vgw_log_writer_count_dropped (writer), 1000 - (MAX_BYTES + 2 * 4096) / LINE_BYTES - 1);

  /* the reader is back: what waited, and how much is missing, without another line having to come */
  POLL_UNTIL_WITHIN (FLUSH_MS * 1000, read_all (text));
  read_some (text);
  n_told = assert_complete (text, 1000);
  ck_assert_uint_eq (n_told, vgw_log_writer_count_dropped (writer));

  push_number (1000);
  POLL_UNTIL_WITHIN (FLUSH_MS * 1000, read_all (text));
  read_some (text);
  ck_assert_uint_eq (assert_complete (text, 1001), n_told);
  finish_writer (FLUSH_MS);
}
END_TEST

START_TEST (drops_are_told_where_they_happened)
{
  g_autoptr (GString) text = g_string_new (NULL);
  guint n = 0, n_at_half;

  while (vgw_log_writer_count_dropped (writer) == 0)
    push_number (n++);
  n_at_half = n;
  while (text->len < MAX_BYTES * 2 / 3) /* room for some, while more waits */
    read_some (text);
  for (; n < n_at_half + 20; n++)
    push_number (n);
  POLL_UNTIL_WITHIN (FLUSH_MS * 1000, read_all (text));
  read_some (text);
  ck_assert_uint_ge (assert_complete (text, n), 1);
  finish_writer (FLUSH_MS);
}
END_TEST

START_TEST (the_end_does_not_wait_for_a_reader_that_stopped)
{
  for (guint i = 0; i < 1000; i++)
    push_number (i);
  finish_writer (1); /* returns; the thread goes when the pipe is closed */
}
END_TEST

START_TEST (a_reader_that_is_gone_costs_lines_only)
{
  close (pipe_fds[0]);
  pipe_fds[0] = -1;
  push_number (0); /* SIGPIPE would end the process */
  ck_assert (vgw_log_writer_flush (writer, FLUSH_MS));
  ck_assert_uint_eq (vgw_log_writer_count_dropped (writer), 1);
  finish_writer (FLUSH_MS);
}
END_TEST

/* The flag belongs to the open file, which the parent and its other children may share. */
START_TEST (a_descriptor_that_somebody_made_non_blocking_loses_nothing)
{
  g_autoptr (GString) text = g_string_new (NULL);

  ck_assert_int_eq (fcntl (pipe_fds[1], F_SETFL, O_NONBLOCK), 0);
  for (guint i = 0; i < 90; i++)
    push_number (i);
  POLL_UNTIL_WITHIN (FLUSH_MS * 1000, read_all (text));
  read_some (text);
  ck_assert_uint_eq (assert_complete (text, 90), 0);
  ck_assert_int_ne (fcntl (pipe_fds[1], F_GETFL) & O_NONBLOCK, 0);
  finish_writer (FLUSH_MS);
}
END_TEST

START_TEST (a_line_beyond_the_bound_is_dropped_and_told)
{
  g_autoptr (GString) text = g_string_new (NULL);
  GString *line = g_string_new (NULL);

  g_string_set_size (line, MAX_BYTES + 1);
  vgw_log_writer_push (writer, line);
  POLL_UNTIL_WITHIN (FLUSH_MS * 1000, read_all (text));
  read_some (text);
  ck_assert_str_eq (text->str, DROPPED_PREFIX "1\n");
  finish_writer (FLUSH_MS);
}
END_TEST

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-log-writer");
  TCase *tcase = tcase_create ("writer");

  tcase_add_checked_fixture (tcase, set_up, tear_down);
  tcase_add_test (tcase, lines_are_written_in_order);
  tcase_add_test (tcase, a_reader_that_stopped_costs_lines_and_no_time);
  tcase_add_test (tcase, drops_are_told_where_they_happened);
  tcase_add_test (tcase, the_end_does_not_wait_for_a_reader_that_stopped);
  tcase_add_test (tcase, a_reader_that_is_gone_costs_lines_only);
  tcase_add_test (tcase, a_descriptor_that_somebody_made_non_blocking_loses_nothing);
  tcase_add_test (tcase, a_line_beyond_the_bound_is_dropped_and_told);
  suite_add_tcase (suite, tcase);
  return suite;
}
