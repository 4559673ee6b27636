#include "manager/vgw-manager-factory.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/vgw-error.h"
#include "base/vgw-log.h"
#include "run-suite.h"

static int saved_stderr = -1;
static FILE *captured = NULL;
static VgwManager *manager = NULL;

static VgwManager *
create (const char *const *types, GError **error)
{
  return vgw_manager_create (&(VgwManagerSettings){ .types = types }, error);
}

static void
set_up (void)
{
  fflush (stderr);
  captured = tmpfile ();
  ck_assert_ptr_nonnull (captured);
  saved_stderr = dup (STDERR_FILENO);
  dup2 (fileno (captured), STDERR_FILENO);
  vgw_log_configure (VGW_LOG_TEXT, G_LOG_LEVEL_INFO);
  manager = create ((const char *const[]){ "log", NULL }, NULL);
  ck_assert_ptr_nonnull (manager);
}

static void
tear_down (void)
{
  g_clear_object (&manager);
  ck_assert (vgw_log_flush (20000));
  dup2 (saved_stderr, STDERR_FILENO);
  close (saved_stderr);
  fclose (captured);
}

/* The lines that went to stderr since the fixture (transfer full). */
static char **
captured_lines (void)
{
  gboolean is_written = vgw_log_flush (20000);
  gsize length = (gsize) lseek (fileno (captured), 0, SEEK_END);
  g_autofree char *text = g_malloc0 (length + 1);

  ck_assert (is_written);
  ck_assert_int_eq (pread (fileno (captured), text, length, 0), (gssize) length);
  return g_strsplit (g_strchomp (text), "\n", -1);
}

static void
assert_says (const char *line, const char *const *words)
{
  for (; *words != NULL; words++)
    ck_assert_msg (strstr (line, *words) != NULL, "\"%s\" is not in: %s", *words, line);
}

START_TEST (each_step_of_a_session_is_one_line_with_its_facts)
{
  VgwSessionFacts facts = {
    .session_id = "session-id-1", .client_address = "192.0.2.7", .engine = "echo", .state = "new", .identity = "alice"
  };
  const char *const first[] = { "session-id-1", "192.0.2.7", "identity alice", "echo", NULL };
  const char *const second[] = { "session-id-1", "active", "OPUS", "123 ms", NULL };
  const char *const third[] = { "session-id-1", "client-bye", "OPUS", "4567 ms", NULL };
  g_auto (GStrv) lines = NULL;

  vgw_manager_register_session (manager, &facts);
  facts.state = "active";
  facts.codec = "OPUS";
  facts.duration_ms = 123;
  vgw_manager_update_session (manager, &facts);
  facts.state = "ended";
  facts.reason = "client-bye";
  facts.duration_ms = 4567;
  vgw_manager_deregister_session (manager, &facts);

  lines = captured_lines ();
  ck_assert_uint_eq (g_strv_length (lines), 3);
  assert_says (lines[0], first);
  assert_says (lines[1], second);
  assert_says (lines[2], third);
}
END_TEST

START_TEST (a_session_that_never_got_far_has_dashes_and_a_forged_address_no_line_of_its_own)
{
  VgwSessionFacts facts = { .session_id = "session-id-2", .client_address = "192.0.2.7\nforged" };
  g_auto (GStrv) lines = NULL;

  vgw_manager_register_session (manager, &facts);
  facts.client_address = NULL;
  vgw_manager_update_session (manager, &facts);
  vgw_manager_deregister_session (manager, &facts);

  lines = captured_lines ();
  ck_assert_uint_eq (g_strv_length (lines), 3);
  ck_assert_ptr_nonnull (strstr (lines[2], "reason -, codec -, client -, engine -"));
}
END_TEST

START_TEST (an_unknown_type_is_refused_and_the_known_ones_named)
{
  g_autoptr (GError) error = NULL;

  ck_assert_ptr_null (create ((const char *const[]){ "log", "ledger", NULL }, &error));
  ck_assert (g_error_matches (error, VGW_ERROR, VGW_ERROR_CONFIG));
  ck_assert_ptr_nonnull (strstr (error->message, "ledger"));
  ck_assert_ptr_nonnull (strstr (error->message, "log, webhook, redis"));
}
END_TEST

START_TEST (a_webhook_without_an_address_is_refused)
{
  g_autoptr (GError) error = NULL;

  ck_assert_ptr_null (create ((const char *const[]){ "webhook", NULL }, &error));
  ck_assert (g_error_matches (error, VGW_ERROR, VGW_ERROR_CONFIG));
  ck_assert_ptr_nonnull (strstr (error->message, "manager.webhook-url"));
}
END_TEST

START_TEST (all_managers_of_the_list_are_notified)
{
  g_autoptr (VgwManager) both = create ((const char *const[]){ "log", "log", NULL }, NULL);
  VgwSessionFacts facts = { .session_id = "session-id-3", .state = "new" };
  g_auto (GStrv) lines = NULL;

  vgw_manager_register_session (both, &facts);
  lines = captured_lines ();
  ck_assert_uint_eq (g_strv_length (lines), 2);
}
END_TEST

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-manager");
  TCase *tcase = tcase_create ("managers");

  vgw_log_init (VGW_LOG_TEXT, G_LOG_LEVEL_INFO);
  tcase_add_checked_fixture (tcase, set_up, tear_down);
  tcase_add_test (tcase, each_step_of_a_session_is_one_line_with_its_facts);
  tcase_add_test (tcase, a_session_that_never_got_far_has_dashes_and_a_forged_address_no_line_of_its_own);
  tcase_add_test (tcase, an_unknown_type_is_refused_and_the_known_ones_named);
  tcase_add_test (tcase, a_webhook_without_an_address_is_refused);
  tcase_add_test (tcase, all_managers_of_the_list_are_notified);
  suite_add_tcase (suite, tcase);

  return suite;
}
