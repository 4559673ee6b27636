/* The forms of values that are checked, and what is written of a configuration. */
#include "config/vgw-config-text.h"

#include <check.h>
#include <string.h>

#include "config/vgw-config-check.h"
#include "config/vgw-config-keys.h"
#include "config-fixture.h"
#include "run-suite.h"

START_TEST (stun_servers_have_one_form)
{
  static const char *const good[] = { "stun:h", "stun:stun.example.org:3478", "stun:192.0.2.1:1",
                                      "stun:[2001:db8::1]:9" };
  static const char *const bad[] = { "",          "stun:",    "stun:h:",  "stun:h:0",       "stun:h:65536",
                                     "stun:h:1x", "STUN:h",   "stun://h", "turn:h",         "stun:a b",
                                     "stun:h/x",  "stun:u@h", "stun:[1",  "stun:[1.2.3.4]", "stun:2001:db8::1",
                                     "stun:h?x" };

  for (guint i = 0; i < G_N_ELEMENTS (good); i++)
    ck_assert_msg (vgw_config_check (VGW_CONFIG_CHECK_STUN_SERVER, good[i], NULL), "%s", good[i]);
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    ck_assert_msg (!vgw_config_check (VGW_CONFIG_CHECK_STUN_SERVER, bad[i], NULL), "%s", bad[i]);
}
END_TEST

START_TEST (turn_servers_have_one_form)
{
  static const char *const good[] = { "turn:u:p@h", "turns:u:p@h:5349?transport=tcp", "turn:u:p:q@h:1?transport=udp",
                                      "turn:1700000000%3Auser:a%40b%2f@[::1]:3478", "turn:u:p@w@h" };
  static const char *const bad[] = { "turn:h",
                                     "turn:u@h",
                                     "turn::p@h",
                                     "turn:u:@h",
                                     "turn:u:p@",
                                     "turn:u:p@h?x=1",
                                     "stun:u:p@h",
                                     "turn:u:p%zz@h",
                                     "turn:u:p%00@h",
                                     "turn:u:p@h?transport=tls",
                                     "turn:u:p x@h",
                                     "turn",
                                     "",
                                     "turn:u:p%4@h",
                                     "turn://u:p@h" };

  for (guint i = 0; i < G_N_ELEMENTS (good); i++)
    ck_assert_msg (vgw_config_check (VGW_CONFIG_CHECK_TURN_SERVER, good[i], NULL), "%s", good[i]);
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    ck_assert_msg (!vgw_config_check (VGW_CONFIG_CHECK_TURN_SERVER, bad[i], NULL), "%s", bad[i]);
  ck_assert (vgw_config_check (VGW_CONFIG_CHECK_CLIENT_SERVER, "turn:h:3478", NULL));
  ck_assert (vgw_config_check (VGW_CONFIG_CHECK_CLIENT_SERVER, "turn:u:p@h:3478", NULL));
  ck_assert (vgw_config_check (VGW_CONFIG_CHECK_CLIENT_SERVER, "stun:h", NULL));
  ck_assert (!vgw_config_check (VGW_CONFIG_CHECK_CLIENT_SERVER, "turn:u@h", NULL));
  ck_assert (!vgw_config_check (VGW_CONFIG_CHECK_CLIENT_SERVER, "http://h", NULL));
}
END_TEST

static void
assert_split (const char *text, const char *url, const char *username, const char *credential)
{
  g_autofree char *real_url = NULL, *real_username = NULL, *real_credential = NULL;

  ck_assert_msg (vgw_config_split_server (text, &real_url, &real_username, &real_credential), "%s", text);
  ck_assert_str_eq (real_url, url);
  ck_assert_pstr_eq (real_username, username);
  ck_assert_pstr_eq (real_credential, credential);
}

START_TEST (client_servers_split_into_what_a_browser_wants)
{
  char *url, *username, *credential;

  assert_split ("stun:h:1", "stun:h:1", NULL, NULL);
  assert_split ("turn:h", "turn:h", NULL, NULL);
  assert_split ("turn:u:p@h:1?transport=udp", "turn:h:1?transport=udp", "u", "p");
  assert_split ("turns:a%3Ab:p%40q:r@[::1]", "turns:[::1]", "a:b", "p@q:r");
  ck_assert (!vgw_config_split_server ("http://h", &url, &username, &credential));
}
END_TEST

START_TEST (origins_have_one_form)
{
  static const char *const good[] = {
    "*", "https://shop.example", "http://127.0.0.1:8080", "capacitor://localhost", "https://[::1]:1", "null"
  };
  static const char *const bad[] = { "",
                                     "shop.example",
                                     "https://",
                                     "https://shop.example/",
                                     "https://Shop.example",
                                     "https://*.example",
                                     "://x",
                                     "https://h:0",
                                     "HTTP://h",
                                     "Null",
                                     "nul" };

  for (guint i = 0; i < G_N_ELEMENTS (good); i++)
    ck_assert_msg (vgw_config_check (VGW_CONFIG_CHECK_ORIGIN, good[i], NULL), "%s", good[i]);
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    ck_assert_msg (!vgw_config_check (VGW_CONFIG_CHECK_ORIGIN, bad[i], NULL), "%s", bad[i]);
}
END_TEST

START_TEST (what_is_printed_loads_as_the_same)
{
  g_autoptr (VgwConfig) config =
      config_load_good ("", NULL,
                        WORDS ("http.address=::", "access.allow-open-network=true", "http.web-root=\\s a\\\\b;c\\t",
                               "record.directory=x\\ny", "access.origins=*;https://a.example", "ice.agent=nice",
                               "engine.sample-rate=8000", "log.level=error", "http.page=0",
                               "ice.stun-servers=", "limits.max-sessions=0"));
  g_autofree char *text = vgw_config_to_text (config);
  g_autoptr (VgwConfig) again = config_load_good (text, NULL, NULL);
  g_autofree char *text_again = vgw_config_to_text (again);

  ck_assert_str_eq (text, text_again);
  ck_assert_str_eq (again->pages.web_root, "  a\\b;c\t");
  ck_assert_str_eq (again->engine.defaults.record_directory, "x\ny");
  ck_assert_uint_eq (again->engine.defaults.sample_rate_hz, 8000);
  ck_assert (!again->pages.serves_page);
}
END_TEST

/* What config-docs has made, which the test of that name holds to the table. */
static char *
read_made (const char *relative)
{
  const char *root = g_getenv ("VGW_TEST_SOURCE_ROOT");
  g_autofree char *path = NULL;
  char *text = NULL;

  ck_assert_msg (root != NULL, "VGW_TEST_SOURCE_ROOT must name the source tree");
  path = g_build_filename (root, relative, NULL);
  ck_assert_msg (g_file_get_contents (path, &text, NULL, NULL), "%s is missing", relative);
  return text;
}

START_TEST (the_sample_uncommented_is_the_default)
{
  g_autofree char *sample = read_made ("data/voice-gateway.conf");
  g_auto (GStrv) lines = g_strsplit (sample, "\n", -1);
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (VgwConfig) defaults = config_load_good ("", NULL, NULL);
  g_autoptr (VgwConfig) config = NULL;
  g_autofree char *expected = vgw_config_to_text (defaults);
  g_autofree char *real = NULL;
  guint n_lines = 0, n_group_keys = 0;

  for (char **line = lines; *line != NULL; line++)
    {
      gboolean is_key = (*line)[0] == '#' && g_ascii_isalpha ((*line)[1]);
      n_lines += is_key;
      ck_assert_uint_le (strlen (*line), 101);
      g_string_append_printf (text, "%s\n", is_key ? *line + 1 : *line);
    }
  for (const VgwConfigKey *key = vgw_config_keys; key->name != NULL; key++)
    n_group_keys += vgw_config_has_group (key->group);
  ck_assert_uint_eq (n_lines, n_group_keys);
  config = config_load_good (text->str, NULL, NULL);
  real = vgw_config_to_text (config);
  ck_assert_str_eq (real, expected);
}
END_TEST

START_TEST (help_and_man_page_have_every_key_with_its_default)
{
  g_autofree char *help = vgw_config_help ();
  g_autofree char *man = read_made ("docs/man/voice-gateway.conf.5");
  g_auto (GStrv) parts = g_strsplit (man, "\\-", -1);
  g_autofree char *plain = g_strjoinv ("-", parts);

  for (const VgwConfigKey *key = vgw_config_keys; key->name != NULL; key++)
    {
      g_autofree char *in_help = g_strdup_printf ("  %s.%s=%s ", key->group, key->name, key->default_text);
      g_autofree char *in_man = g_strdup_printf (".B %s =%s%s\n%s", key->name, *key->default_text != '\0' ? " " : "",
                                                 key->default_text, key->brief);
      ck_assert_msg (strstr (help, in_help) != NULL, "%s", in_help);
      ck_assert_msg (strstr (plain, in_man) != NULL, "%s", in_man);
    }
}
END_TEST

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-config-text");
  TCase *checks = tcase_create ("checks");
  TCase *texts = tcase_create ("texts");

  tcase_add_test (checks, stun_servers_have_one_form);
  tcase_add_test (checks, turn_servers_have_one_form);
  tcase_add_test (checks, client_servers_split_into_what_a_browser_wants);
  tcase_add_test (checks, origins_have_one_form);
  suite_add_tcase (suite, checks);
  tcase_add_checked_fixture (texts, config_fixture_set_up, config_fixture_tear_down);
  tcase_add_test (texts, what_is_printed_loads_as_the_same);
  tcase_add_test (texts, the_sample_uncommented_is_the_default);
  tcase_add_test (texts, help_and_man_page_have_every_key_with_its_default);
  suite_add_tcase (suite, texts);
  return suite;
}
