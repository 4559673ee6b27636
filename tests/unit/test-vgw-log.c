#include "base/vgw-log.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/vgw-json.h"
#include "run-suite.h"

#define TIME_US G_GINT64_CONSTANT (1700000000123456) /* 2023-11-14T22:13:20.123Z */
#define N_THREADS 4
#define N_LINES_PER_THREAD 200
#define FLUSH_MS 20000

static int saved_stderr = -1;
static FILE *captured = NULL;

static void
start_capture (void)
{
  fflush (stderr);
  ck_assert (vgw_log_flush (FLUSH_MS));
  captured = tmpfile ();
  ck_assert_ptr_nonnull (captured);
  saved_stderr = dup (STDERR_FILENO);
  dup2 (fileno (captured), STDERR_FILENO);
  vgw_log_configure (VGW_LOG_TEXT, G_LOG_LEVEL_INFO);
}

/* What went to stderr since the fixture (transfer full). */
static char *
end_capture (void)
{
  gsize length;
  char *text;

  fflush (stderr);
  ck_assert (vgw_log_flush (FLUSH_MS));
  length = (gsize) lseek (fileno (captured), 0, SEEK_END);
  text = g_malloc0 (length + 1);
  ck_assert_int_eq (pread (fileno (captured), text, length, 0), (gssize) length);
  return text;
}

static void
restore (void)
{
  ck_assert (vgw_log_flush (FLUSH_MS));
  dup2 (saved_stderr, STDERR_FILENO);
  close (saved_stderr);
  fclose (captured);
}

static guint
count_lines (const char *text)
{
  guint n = 0;

  for (const char *at = text; *at != '\0'; at++)
    n += *at == '\n';
  return n;
}

static JsonObject *
parse_line (const char *line)
{
  g_autoptr (GError) error = NULL;
  JsonObject *object = vgw_json_parse_object (line, strlen (line), &error);

  ck_assert_msg (object != NULL, "%s: %s", line, error != NULL ? error->message : "");
  return object;
}

START_TEST (a_text_line_has_time_level_domain_session_and_message)
{
  g_autofree char *line = vgw_log_format_line (VGW_LOG_TEXT, TIME_US, G_LOG_LEVEL_INFO, "vgw-session", "AbC_1-", "up");
  g_autofree char *bare = vgw_log_format_line (VGW_LOG_TEXT, TIME_US, G_LOG_LEVEL_CRITICAL, "vgw-app", NULL, "down");

  ck_assert_str_eq (line, "2023-11-14 22:13:20.123 info    vgw-session [AbC_1-]: up");
  ck_assert_str_eq (bare, "2023-11-14 22:13:20.123 error   vgw-app: down");
}
END_TEST

START_TEST (a_json_line_has_the_same_facts)
{
  g_autofree char *line = vgw_log_format_line (VGW_LOG_JSON, TIME_US, G_LOG_LEVEL_WARNING, "vgw-ice", "AbC", "a \"b\"");
  g_autofree char *bare = vgw_log_format_line (VGW_LOG_JSON, TIME_US, G_LOG_LEVEL_DEBUG, NULL, NULL, NULL);

  ck_assert_str_eq (line, "{\"ts\":\"2023-11-14T22:13:20.123Z\",\"level\":\"warning\",\"domain\":\"vgw-ice\","
                          "\"session\":\"AbC\",\"message\":\"a \\\"b\\\"\"}");
  ck_assert_str_eq (bare, "{\"ts\":\"2023-11-14T22:13:20.123Z\",\"level\":\"debug\",\"domain\":\"\",\"message\":\"\"}");
}
END_TEST

START_TEST (a_client_cannot_forge_a_line)
{
  const char *evil = "a\nb\r\tc\033[31m\x7f\xc2\x85\xe2\x80\xa8\xe2\x80\xae\\n\xff\xf0\x9f\x98\x80";
  g_autofree char *line = vgw_log_format_line (VGW_LOG_TEXT, TIME_US, G_LOG_LEVEL_INFO, "d\n", "s\n", evil);

  ck_assert_str_eq (line, "2023-11-14 22:13:20.123 info    d\\n [s\\n]: a\\nb\\r\\tc\\x1b[31m\\x7f\\x85\\u2028\\u202e"
                          "\\\\n\\xff\xf0\x9f\x98\x80");
}
END_TEST

START_TEST (a_json_line_stays_json_whatever_it_says)
{
  const char *evil = "a\nb\t\x01\x7f\xe2\x80\xae\\\"\xff\xc3\xf3\xa0\x80\x81";
  g_autofree char *line = vgw_log_format_line (VGW_LOG_JSON, TIME_US, G_LOG_LEVEL_INFO, "d\"", "s\\", evil);
  g_autoptr (JsonObject) object = parse_line (line);

  for (const char *at = line; *at != '\0'; at++)
    ck_assert_int_ge ((guchar) *at, 0x20);
  ck_assert_str_eq (vgw_json_get_string (object, "domain"), "d\"");
  ck_assert_str_eq (vgw_json_get_string (object, "session"), "s\\");
  ck_assert_str_eq (vgw_json_get_string (object, "message"),
                    "a\nb\t\x01\x7f\xe2\x80\xae\\\"\xef\xbf\xbd\xef\xbf\xbd\xf3\xa0\x80\x81");
}
END_TEST

START_TEST (a_line_is_bounded)
{
  gsize length = 1024 * 1024;
  g_autofree char *flood = g_malloc (length + 1);
  g_autofree char *line = NULL;

  memset (flood, 'x', length);
  flood[length] = '\0';
  line = vgw_log_format_line (VGW_LOG_TEXT, TIME_US, G_LOG_LEVEL_INFO, "d", NULL, flood);
  ck_assert_uint_lt (strlen (line), 70 * 1024);
  ck_assert (g_str_has_suffix (line, "x..."));
}
END_TEST

START_TEST (a_time_before_1970_is_no_crash)
{
  g_autofree char *early = vgw_log_format_line (VGW_LOG_JSON, -1, G_LOG_LEVEL_INFO, "d", NULL, "m");
  g_autofree char *late = vgw_log_format_line (VGW_LOG_JSON, G_MAXINT64, G_LOG_LEVEL_INFO, "d", NULL, "m");

  ck_assert_ptr_nonnull (strstr (early, "\"ts\":\"1969-12-31T23:59:59.999Z\""));
  ck_assert_ptr_nonnull (strstr (late, "\"message\":\"m\""));
}
END_TEST

START_TEST (own_lines_reach_stderr_with_their_session)
{
  g_autofree char *text = NULL;

  vgw_info ("AbC", "n=%d", 7);
  vgw_warning (NULL, "%s", "x\ny");
  text = end_capture ();
  ck_assert_uint_eq (count_lines (text), 2);
  ck_assert_ptr_nonnull (strstr (text, " info    test-vgw-log [AbC]: n=7\n"));
  ck_assert_ptr_nonnull (strstr (text, " warning test-vgw-log: x\\ny\n"));
  ck_assert_ptr_null (strchr (text, '\033')); /* a file is no terminal */
}
END_TEST

START_TEST (lines_of_libraries_take_the_same_form)
{
  g_autofree char *text = NULL;

  vgw_log_configure (VGW_LOG_JSON, G_LOG_LEVEL_INFO);
  g_log ("Foreign", G_LOG_LEVEL_WARNING, "from a\nlibrary %d", 1);
  g_log_structured ("Other", G_LOG_LEVEL_MESSAGE, "MESSAGE", "structured");
  text = end_capture ();
  ck_assert_uint_eq (count_lines (text), 2);
  ck_assert_ptr_nonnull (
      strstr (text, "\"level\":\"warning\",\"domain\":\"Foreign\",\"message\":\"from a\\nlibrary 1\"}"));
  ck_assert_ptr_nonnull (strstr (text, "\"level\":\"info\",\"domain\":\"Other\",\"message\":\"structured\"}"));
}
END_TEST

START_TEST (the_level_hides_what_is_less_severe)
{
  g_autofree char *text = NULL;

  vgw_log_configure (VGW_LOG_TEXT, G_LOG_LEVEL_WARNING);
  vgw_log_event ("vgw-x", G_LOG_LEVEL_INFO, NULL, "hidden info");
  g_log ("Foreign", G_LOG_LEVEL_MESSAGE, "hidden message");
  vgw_log_event ("vgw-x", G_LOG_LEVEL_WARNING, NULL, "shown warning");
  vgw_log_event ("vgw-x", G_LOG_LEVEL_CRITICAL, NULL, "shown critical");
  vgw_log_configure (VGW_LOG_TEXT, G_LOG_LEVEL_DEBUG);
  vgw_log_event ("vgw-x", G_LOG_LEVEL_DEBUG, NULL, "shown debug");
  text = end_capture ();
  ck_assert_ptr_null (strstr (text, "hidden"));
  ck_assert_uint_eq (count_lines (text), 3);
}
END_TEST

START_TEST (chatter_of_libraries_needs_to_be_asked_for)
{
  g_autofree char *text = NULL;

  vgw_log_configure (VGW_LOG_TEXT, G_LOG_LEVEL_DEBUG);
  g_log ("Foreign", G_LOG_LEVEL_DEBUG, "chatter");
  vgw_log_event ("vgw-x", G_LOG_LEVEL_DEBUG, NULL, "ours");
  text = end_capture ();
  ck_assert_ptr_null (strstr (text, "chatter"));
  ck_assert_ptr_nonnull (strstr (text, "ours"));
}
END_TEST

START_TEST (logging_keeps_errno)
{
  g_autofree char *text = NULL;

  errno = ERANGE;
  vgw_warning (NULL, "x");
  ck_assert_int_eq (errno, ERANGE);
  text = end_capture ();
  ck_assert_uint_eq (count_lines (text), 1);
}
END_TEST

/* What a terminal on standard error gets to see of a warning (transfer full). */
static char *
log_to_terminal (const char *no_color)
{
  int leader = posix_openpt (O_RDWR | O_NOCTTY);
  char text[256] = "";
  int terminal;

  ck_assert_int_ge (leader, 0);
  ck_assert_int_eq (grantpt (leader) | unlockpt (leader), 0);
  terminal = open (ptsname (leader), O_RDWR | O_NOCTTY);
  ck_assert_int_ge (terminal, 0);
  dup2 (terminal, STDERR_FILENO);
  if (no_color != NULL)
    g_setenv ("NO_COLOR", no_color, TRUE);
  vgw_log_configure (VGW_LOG_TEXT, G_LOG_LEVEL_INFO);
  vgw_warning (NULL, "x");
  ck_assert (vgw_log_flush (FLUSH_MS));
  g_unsetenv ("NO_COLOR");
  ck_assert_int_gt (read (leader, text, sizeof text - 1), 0);
  close (terminal);
  close (leader);
  return g_strdup (text);
}

START_TEST (a_terminal_gets_colours_unless_they_are_unwanted)
{
  g_autofree char *coloured = log_to_terminal (NULL);
  g_autofree char *plain = log_to_terminal ("1");

  ck_assert_ptr_nonnull (strstr (coloured, "\033[1;33mwarning\033[0m test-vgw-log: x"));
  ck_assert_ptr_null (strchr (plain, '\033'));
  ck_assert_ptr_nonnull (strstr (plain, " warning test-vgw-log: x"));
}
END_TEST

static gpointer
log_many (gpointer data)
{
  for (int i = 0; i < N_LINES_PER_THREAD; i++)
    {
      vgw_landmark ((const char *) data, "line %d", i);
      if (i % 50 == 0)
        vgw_log_configure (VGW_LOG_JSON, G_LOG_LEVEL_INFO);
    }
  return NULL;
}

START_TEST (lines_of_several_threads_do_not_mix)
{
  static const char *const names[N_THREADS] = { "s0", "s1", "s2", "s3" };
  GThread *threads[N_THREADS];
  g_autofree char *text = NULL;
  g_auto (GStrv) lines = NULL;

  vgw_log_configure (VGW_LOG_JSON, G_LOG_LEVEL_INFO);
  for (int i = 0; i < N_THREADS; i++)
    threads[i] = g_thread_new (names[i], log_many, (gpointer) names[i]);
  for (int i = 0; i < N_THREADS; i++)
    g_thread_join (threads[i]);

  text = end_capture ();
  ck_assert_uint_eq (count_lines (text), N_THREADS * N_LINES_PER_THREAD);
  lines = g_strsplit (text, "\n", -1);
  for (int i = 0; i < N_THREADS * N_LINES_PER_THREAD; i++)
    {
      g_autoptr (JsonObject) object = parse_line (lines[i]);
      ck_assert (g_str_has_prefix (vgw_json_get_string (object, "message"), "line "));
    }
}
END_TEST

static guint
count_with (const char *text, const char *needle)
{
  guint n = 0;

  for (const char *at = strstr (text, needle); at != NULL; at = strstr (at + 1, needle))
    n++;
  return n;
}

START_TEST (a_session_that_floods_is_counted_and_its_landmarks_stay)
{
  g_autofree char *text = NULL;

  for (int i = 0; i < 500; i++)
    vgw_info ("flood", "refused: no. %d", i);
  vgw_info ("quiet", "another session");
  vgw_landmark ("flood", "session ended");
  vgw_log_end_session ("flood");
  vgw_log_end_session ("quiet");
  text = end_capture ();
  ck_assert_uint_ge (count_with (text, "refused: no. "), 40);
  ck_assert_uint_le (count_with (text, "refused: no. "), 60); /* some may come back while a slow machine is at it */
  ck_assert_uint_eq (count_with (text, "another session"), 1);
  ck_assert_uint_eq (count_with (text, "session ended"), 1);
  ck_assert_uint_ge (count_with (text, "lines about this session were left out"), 1);
}
END_TEST

START_TEST (an_address_that_floods_is_counted)
{
  g_autofree char *text = NULL;

  for (int i = 0; i < 500; i++)
    {
      vgw_info_about ("192.0.2.66", "refused far");
      vgw_info_about (i % 2 ? "2001:db8::1" : "2001:db8::2", "refused six");
      vgw_info_about ("127.0.0.1", "refused near"); /* perhaps a proxy, with many behind it */
    }
  text = end_capture ();
  ck_assert_uint_ge (count_with (text, "refused far"), 100);
  ck_assert_uint_le (count_with (text, "refused far"), 120);
  ck_assert_uint_le (count_with (text, "refused six"), 120);
  ck_assert_uint_eq (count_with (text, "refused near"), 500);
}
END_TEST

START_TEST (sessions_without_end_of_one_address_are_not_logged)
{
  g_autofree char *text = NULL;

  for (int i = 0; i < 500; i++)
    {
      g_autofree char *id = g_strdup_printf ("churn%d", i);

      vgw_log_begin_session (id, "192.0.2.77");
      vgw_landmark (id, "session started");
      vgw_info (id, "refused churn");
      vgw_log_end_session (id);
    }
  text = end_capture ();
  ck_assert_uint_ge (count_with (text, "session started"), 100);
  ck_assert_uint_le (count_with (text, "session started"), 120);
  ck_assert_uint_eq (count_with (text, "refused churn"), count_with (text, "session started"));
}
END_TEST

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-log");
  TCase *format = tcase_create ("format");
  TCase *writer = tcase_create ("writer");

  g_setenv ("TZ", "UTC", TRUE);
  g_setenv ("TERM", "xterm", TRUE);
  g_unsetenv ("NO_COLOR");
  g_unsetenv ("G_MESSAGES_DEBUG");
  vgw_log_init (VGW_LOG_TEXT, G_LOG_LEVEL_INFO);
  tcase_add_test (format, a_text_line_has_time_level_domain_session_and_message);
  tcase_add_test (format, a_json_line_has_the_same_facts);
  tcase_add_test (format, a_client_cannot_forge_a_line);
  tcase_add_test (format, a_json_line_stays_json_whatever_it_says);
  tcase_add_test (format, a_line_is_bounded);
  tcase_add_test (format, a_time_before_1970_is_no_crash);
  suite_add_tcase (suite, format);
  tcase_add_checked_fixture (writer, start_capture, restore);
  tcase_add_test (writer, own_lines_reach_stderr_with_their_session);
  tcase_add_test (writer, lines_of_libraries_take_the_same_form);
  tcase_add_test (writer, the_level_hides_what_is_less_severe);
  tcase_add_test (writer, chatter_of_libraries_needs_to_be_asked_for);
  tcase_add_test (writer, logging_keeps_errno);
  tcase_add_test (writer, a_terminal_gets_colours_unless_they_are_unwanted);
  tcase_add_test (writer, lines_of_several_threads_do_not_mix);
  tcase_add_test (writer, a_session_that_floods_is_counted_and_its_landmarks_stay);
  tcase_add_test (writer, an_address_that_floods_is_counted);
  tcase_add_test (writer, sessions_without_end_of_one_address_are_not_logged);
  suite_add_tcase (suite, writer);
  return suite;
}
