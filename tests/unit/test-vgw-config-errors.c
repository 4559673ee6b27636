/* What is said about a configuration with errors: all of them at once, each with file and line, and what would be
 * right. */
#include "config/vgw-config-load.h"

#include <check.h>
#include <string.h>

#include "app/vgw-app.h"
#include "config/vgw-config-errors.h"
#include "config/vgw-config-file.h"
#include "base/vgw-error.h"
#include "config-fixture.h"
#include "run-suite.h"

/* The lines of the error of a.conf with @text; NULL where there is none. */
static char **
load_bad (const char *text, const char *const *environment, const char *const *settings)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VgwConfig) config = config_load (text, environment, settings, &error);

  ck_assert ((config == NULL) == (error != NULL));
  return error != NULL ? config_error_lines (error) : NULL;
}

/* Line N of the errors begins with the Nth of @starts, and there are no more. */
static void
assert_errors (char **lines, const char *const *starts)
{
  ck_assert_ptr_nonnull (lines);
  for (guint i = 0; starts[i] != NULL; i++)
    {
      ck_assert_msg (lines[i] != NULL, "no error that begins: %s", starts[i]);
      ck_assert_msg (g_str_has_prefix (lines[i], starts[i]), "\"%s\" does not begin \"%s\"", lines[i], starts[i]);
    }
  ck_assert_msg (g_strv_length (lines) == g_strv_length ((char **) starts), "one more: %s",
                 lines[g_strv_length ((char **) starts)]);
}

static void
assert_one_error (const char *text, const char *environment, const char *setting, const char *expected)
{
  g_auto (GStrv) lines = load_bad (text, WORDS (environment), WORDS (setting));

  ck_assert_msg (lines != NULL, "accepted: %s %s %s", text, environment, setting);
  ck_assert_msg (g_strv_length (lines) == 1, "also: %s", lines[1]);
  ck_assert_msg (strstr (lines[0], expected) != NULL, "no \"%s\" in: %s", expected, lines[0]);
}

START_TEST (every_error_is_told_with_its_line)
{
  g_auto (GStrv) lines = load_bad ("# a comment\n"
                                   "[http]\n"
                                   "port = eighty\n"
                                   "  page=maybe\n"
                                   "\n"
                                   "[htp]\n"
                                   "port = 1\n" /* its group has the error */
                                   "[limits]\n"
                                   "max-sessions\n"
                                   "max-candidates = 0\n"
                                   "[engine bot]\n"
                                   "type = websocket\n"
                                   "url = http://x/\n",
                                   WORDS ("VGW_LOG_LEVEL=loud"), WORDS ("ice.agent=none"));

  assert_errors (lines, WORDS ("a.conf:3: [http] port: \"eighty\": must be a whole number",
                               "a.conf:4: [http] page: \"maybe\": must be true or false",
                               "a.conf:6: \"htp\": no such group; did you mean http?",
                               "a.conf:9: neither a [group], a key = value pair nor a # comment",
                               "a.conf:10: [limits] max-candidates: \"0\"", "environment: VGW_LOG_LEVEL: \"loud\"",
                               "--set ice.agent: \"none\"", "a.conf:13: [engine bot] url: must be ws://"));
}
END_TEST

START_TEST (passwords_of_urls_are_not_told)
{
  static const struct
  {
    const char *text, *setting, *shown;
  } cases[] = {
    { "[manager]\nredis-url = redis://u:s3cret@h/", NULL, "\"redis://***@h/\": must be redis://" },
    { "[manager]\nredis-url = redis://:s3cret@h:6379/x@y", NULL, "\"redis://***@y\": must be" },
    { "[manager]\nredis-url = redis:u:s3cret@h", NULL, "\"***@h\": must be" },
    { "[manager]\nwebhook-url = https://u:s3cret@h/?key=s3cret", NULL, "\"https://***@h/?***\": must be" },
    { "[manager]\nwebhook-url = hooks.example.com/x?key=s3cret", NULL, "\"hooks.example.com/x?***\": must be" },
    { "[manager]\nwebhook-url = https:// h/?key=s3cret", NULL, "\"https:// h/?***\": must be" },
    { "[node]\nname = a\nkeys = 0123456789abcdef0123456789abcdef\npeers = b=http://u:s3cret@h", NULL,
      "\"b=http://***@h\": must be" },
    { "[engine bot]\ntype = websocket\nurl = ws://u:s3cret@h/", NULL, "[engine bot] url: must be ws://" },
    { "", "redis://u:s3cret@h", "--set \"redis://***@h\": must be group.key=value" },
    { "", "redis://u:s3cret=1@h", "--set \"redis://***@h\": " },
    { "", "manager.redis-url=redis://u:s3cret@h", "\"redis://***@h\": must be" },
  };
  g_autofree char *padding = g_strnfill (300, 'x');
  g_autofree char *is_long = g_strdup_printf ("manager.redis-url=redis://u:s3cret%s@h", padding);

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_auto (GStrv) lines = load_bad (cases[i].text, NULL, WORDS (cases[i].setting));
      g_autofree char *all = lines != NULL ? g_strjoinv ("\n", lines) : g_strdup ("accepted");

      ck_assert_msg (strstr (all, cases[i].shown) != NULL && strstr (all, "s3cret") == NULL, "%u: %s", i, all);
    }
  assert_one_error ("", NULL, is_long, "\"redis://***@h\": must be");
}
END_TEST

START_TEST (an_error_does_not_bring_others)
{
  /* without a type that is good, nothing else can be said about the engine, nor about one that falls back to it */
  g_auto (GStrv) lines = load_bad ("[engine]\ndefault=bot\n[engine bot]\ntype=websockets\nurl=ws://127.0.0.1:9/\n"
                                   "[engine other]\ntype=echo\non-failure=fallback:bot\nsample-rate=8000\n",
                                   NULL, NULL);

  assert_errors (lines, WORDS ("a.conf:4: [engine bot] type: \"websockets\": must be one of"));
}
END_TEST

START_TEST (very_many_errors_are_counted)
{
  g_autoptr (GString) text = g_string_new ("[http]\n");
  g_auto (GStrv) lines = NULL;

  for (guint i = 0; i < 150; i++)
    g_string_append_printf (text, "x%u = 1\n", i);
  lines = load_bad (text->str, NULL, NULL);
  ck_assert_uint_eq (g_strv_length (lines), 101);
  ck_assert_str_eq (lines[100], "and 50 more");
}
END_TEST

START_TEST (a_key_that_a_file_sets_twice_is_an_error)
{
  g_auto (GStrv) lines = load_bad ("[http]\nport=1\n[ice]\nudp-port=2\n[http]\nport=3\n"
                                   "[engine bot]\ntype=echo\ngrace=1s\ngrace-ms=5\n",
                                   NULL, NULL);

  assert_errors (lines, WORDS ("a.conf:6: [http] port: is set twice, first at ",
                               "a.conf:10: [engine bot] grace-ms: is set twice, first at "));
  ck_assert_ptr_nonnull (strstr (lines[0], "a.conf:2: [http] port; remove one"));
  /* what a person adds to a command that is there replaces it */
  ck_assert_ptr_null (load_bad ("[http]\nport=1\n", WORDS ("VGW_HTTP_PORT=2"), WORDS ("http.port=3", "http.port=4")));
}
END_TEST

START_TEST (two_listeners_on_one_port_are_an_error)
{
  assert_one_error ("[http]\nport=8081\n", NULL, NULL, "admin.port: 8081 is also the port of ");
  assert_one_error ("[admin]\nport=8080\n", NULL, NULL, "a.conf:2: [admin] port: 8080 is also the port of http.port");
  assert_one_error ("[http]\nport=8081\naddress=0.0.0.0\n[access]\nallow-open-network=true\n", NULL, NULL,
                    "8081 is also the port");
  ck_assert_ptr_null (load_bad ("[http]\nport=8081\naddress=127.0.0.2\n", NULL, NULL));
  ck_assert_ptr_null (load_bad ("[http]\nport=8081\n[admin]\naddress=\n", NULL, NULL));
  ck_assert_ptr_null (load_bad ("[http]\nport=0\n[admin]\nport=0\n", NULL, NULL)); /* any free ports */
  ck_assert_ptr_null (load_bad ("[ice]\nudp-port=8080\n", NULL, NULL));            /* UDP has ports of its own */
}
END_TEST

START_TEST (a_node_has_a_name_and_a_key)
{
  const char *key = "node.keys=0123456789abcdef0123456789abcdef";
  g_auto (GStrv) lines = load_bad ("[node]\nname=a\nurl=https://a.example:8080\npeers=b=http://[2001:db8::1]:80\n",
                                   WORDS (NULL), WORDS (key));

  ck_assert_ptr_null (lines);
  assert_one_error ("[node]\nname=a\n", NULL, NULL, "[node] name: needs node.keys-file");
  assert_one_error ("[node]\npeers=b=http://b:80\n", NULL, NULL, "[node] peers: needs node.name");
  assert_one_error ("[node]\nurl=http://b:80\n", NULL, NULL, "[node] url: needs node.name");
  assert_one_error ("[node]\nname=a b\n", NULL, key, "must be a name of at most 63 letters");
  assert_one_error ("[node]\nname=a\nurl=http://b:80/path\n", NULL, key, "without a path");
  assert_one_error ("[node]\nname=a\npeers=http://b:80\n", NULL, key, "must be NAME=URL");
  assert_one_error ("[node]\nname=a\npeers=b=ws://b:80\n", NULL, key, "must be NAME=URL");
  assert_one_error ("[node]\nname=a\n", NULL, "node.keys=short", "32 to 512 characters");
  assert_one_error ("[node]\nname=a\ntls-ca=/dev/null\n", NULL, key,
                    "[node] tls-ca: must be a file of certificates in PEM: it contains none");
}
END_TEST

START_TEST (values_get_the_hint_that_they_need)
{
  assert_one_error ("[http]\nidle-timeout-ms=10 seconds\n", NULL, NULL, "; write milliseconds, or a unit: 1500ms, 10s");
  assert_one_error ("[http]\nidle-timeout-ms=1.5s\n", NULL, NULL, "or a unit: 1500ms, 10s");
  assert_one_error ("[limits]\nmax-duration-s=2h\n", NULL, NULL, "; write seconds: 60 or 60s");
  assert_one_error ("[media]\npipelines=opus,pcmu\n", NULL, NULL, "separated by ';'");
  assert_one_error ("[access]\norigins=https://a.example, https://b.example\n", NULL, NULL, "separated by ';'");
  assert_one_error ("[ice]\nadvertise=192.0.2.1,192.0.2.2\n", NULL, NULL, "separated by ';'");
  ck_assert_ptr_null (load_bad ("[limits]\nmax-duration-s=60s\n", NULL, NULL));
}
END_TEST

START_TEST (keys_of_an_engine_in_other_forms_get_a_hint)
{
  const char *bot = "[engine bot]\ntype=websocket\nurl=ws://127.0.0.1:9/\n";

  assert_one_error (bot, NULL, "engine.bot.url=ws://h/", "is written \"engine bot.url\", with a space and in quotes");
  assert_one_error (bot, "VGW_ENGINE_BOT_URL=ws://h/", NULL, "did you mean VGW_ENGINE_BOT__URL, with two underscores");
  assert_one_error (bot, "VGW_ENGINE_MY_BOT_TLS_CA=x", NULL, "did you mean VGW_ENGINE_MY_BOT__TLS_CA");
  assert_one_error ("[engine.bot]\nurl=ws://h/\n", NULL, NULL,
                    "a.conf:1: \"engine.bot\": no such group; the group of the "
                    "engine bot is [engine bot]");
  assert_one_error ("[engine]\nbot.url=ws://h/\n", NULL, NULL, "belongs to the group [engine bot]");
}
END_TEST

static void
on_line (const VgwConfigLine *line, gpointer user_data)
{
  GString *seen = user_data;

  g_string_append_printf (seen, "%u|%s|%s|%s|%s\n", line->number, line->group, line->name != NULL ? line->name : "-",
                          line->text, line->problem != NULL ? "bad" : "");
}

START_TEST (lines_are_read_as_written)
{
  g_autoptr (GString) seen = g_string_new (NULL);

  vgw_config_file_parse ("a=1\n[b]\r\n c = d = e \r\n#=\n  # x\n\n[]\n[x\n=\nno\nf=\n[g h] \nlast=[1]", on_line, seen);
  ck_assert_str_eq (seen->str, "1||-||bad\n"
                               "2|b|-||\n"
                               "3|b|c|d = e|\n"
                               "7||-||bad\n"
                               "8||-||bad\n"
                               "9||-||bad\n"
                               "10||-||bad\n"
                               "11|b|f||\n"
                               "12|g h|-||\n"
                               "13|g h|last|[1]|\n");
}
END_TEST

/* What shows only when a gateway is about to start with it: vgw_app_check (), for --check-config. */
static char **
check_app (const char *text)
{
  g_autoptr (VgwConfig) config = config_load_good (text, NULL, NULL);
  g_autoptr (GError) error = NULL;

  return vgw_app_check (config, NULL, &error) ? NULL : config_error_lines (error);
}

START_TEST (a_missing_pipeline_is_told_with_the_key_that_names_it)
{
  g_autofree char *bad = config_write ("bad.launch", "nosuchelement\n", -1);
  g_autofree char *text = g_strdup_printf ("[media]\npipeline-dir=%s\npipelines=bad;absent;other\n", config_directory);
  g_auto (GStrv) lines = check_app (text);

  assert_errors (lines, WORDS ("bad.launch:1: there is no element nosuchelement",
                               "a.conf:3: [media] pipelines: \"absent\": absent.launch: No such file",
                               "a.conf:3: [media] pipelines: \"other\": other.launch: No such file"));
}
END_TEST

START_TEST (a_record_directory_that_cannot_be_written_is_an_error)
{
  g_autofree char *file = config_write ("file", "", -1);
  g_autofree char *used = g_strdup_printf ("[engine]\ndefault=record\n[record]\ndirectory=%s/recordings\n", file);
  g_autofree char *unused = g_strdup_printf ("[record]\ndirectory=%s\n", file);
  g_autofree char *own = g_strdup_printf ("[engine tape]\ntype=record\nselectable=true\nrecord-directory=%s\n", file);
  g_autofree char *good = g_strdup_printf ("[engine]\ndefault=record\n[record]\ndirectory=%s/a/b\n", config_directory);
  g_auto (GStrv) lines = check_app (used);
  g_auto (GStrv) own_lines = check_app (own);

  assert_errors (lines, WORDS ("a.conf:4: [record] directory: file/recordings: recordings cannot be written here"));
  assert_errors (own_lines, WORDS ("[engine tape] record-directory: file: recordings cannot be written here"));
  ck_assert_ptr_null (check_app (unused)); /* nobody gets there */
  ck_assert_ptr_null (check_app (good));
}
END_TEST

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-config-errors");
  TCase *loading = tcase_create ("loading");
  TCase *checking = tcase_create ("checking");

  vgw_media_prepare_process (NULL);
  tcase_add_checked_fixture (loading, config_fixture_set_up, config_fixture_tear_down);
  tcase_add_test (loading, every_error_is_told_with_its_line);
  tcase_add_test (loading, passwords_of_urls_are_not_told);
  tcase_add_test (loading, an_error_does_not_bring_others);
  tcase_add_test (loading, very_many_errors_are_counted);
  tcase_add_test (loading, a_key_that_a_file_sets_twice_is_an_error);
  tcase_add_test (loading, two_listeners_on_one_port_are_an_error);
  tcase_add_test (loading, a_node_has_a_name_and_a_key);
  tcase_add_test (loading, values_get_the_hint_that_they_need);
  tcase_add_test (loading, keys_of_an_engine_in_other_forms_get_a_hint);
  tcase_add_test (loading, lines_are_read_as_written);
  suite_add_tcase (suite, loading);
  tcase_add_checked_fixture (checking, config_fixture_set_up, config_fixture_tear_down);
  tcase_set_timeout (checking, 60);
  tcase_add_test (checking, a_missing_pipeline_is_told_with_the_key_that_names_it);
  tcase_add_test (checking, a_record_directory_that_cannot_be_written_is_an_error);
  suite_add_tcase (suite, checking);
  return suite;
}
