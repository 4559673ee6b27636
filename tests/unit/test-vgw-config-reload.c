#include <check.h>
#include <stdlib.h>

#include "config/vgw-config-load.h"
#include "config/vgw-config-reload.h"
#include "run-suite.h"

static VgwConfig *
load (const char *const *settings)
{
  const char *const environment[] = { NULL };
  g_autoptr (GError) error = NULL;
  VgwConfig *config = vgw_config_load (NULL, environment, settings, &error);
  ck_assert_msg (config != NULL, "%s", error ? error->message : "");
  return config;
}

/* What differs between @before and @settings, as "reloadable|fixed" with commas. */
static char *
diff_of (const char *const *before, const char *const *settings)
{
  g_autoptr (VgwConfig) old_config = load (before);
  g_autoptr (VgwConfig) new_config = load (settings);
  g_autoptr (GPtrArray) reloadable = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GPtrArray) fixed = g_ptr_array_new_with_free_func (g_free);
  vgw_config_reload (old_config, new_config, reloadable, fixed);
  g_ptr_array_add (reloadable, NULL);
  g_ptr_array_add (fixed, NULL);
  g_autofree char *left = g_strjoinv (",", (char **) reloadable->pdata);
  g_autofree char *right = g_strjoinv (",", (char **) fixed->pdata);
  return g_strdup_printf ("%s|%s", left, right);
}

/* The same, with the defaults before. */
static char *
diff (const char *const *settings)
{
  return diff_of (NULL, settings);
}

START_TEST (the_same_differs_in_nothing)
{
  g_autofree char *text = diff (NULL);
  ck_assert_str_eq (text, "|");
}
END_TEST

START_TEST (keys_are_told_by_what_a_reload_can_do)
{
  const char *const settings[] = { "log.level=debug", "limits.max-sessions=7", "http.port=1234", NULL };
  g_autofree char *text = diff (settings);
  ck_assert_str_eq (text, "limits.max-sessions,log.level|http.port");
}
END_TEST

START_TEST (a_new_engine_needs_a_restart)
{
  const char *const settings[] = { "engine bot.type=websocket", "engine bot.url=ws://127.0.0.1:1/",
                                   "engine bot.dialect=native", NULL };
  g_autofree char *text = diff (settings);
  ck_assert (g_str_has_prefix (text, "|engine bot."));
}
END_TEST

START_TEST (only_what_is_flagged_is_taken_over)
{
  const char *const settings[] = { "log.level=debug", "limits.max-sessions=7",      "limits.max-duration-s=60s",
                                   "http.port=1234",  "limits.max-data-channels=9", NULL };
  g_autoptr (VgwConfig) config = load (NULL);
  g_autoptr (VgwConfig) loaded = load (settings);
  g_autoptr (GPtrArray) in_force = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GPtrArray) fixed = g_ptr_array_new_with_free_func (g_free);

  vgw_config_reload (config, loaded, in_force, fixed);
  ck_assert_uint_eq (in_force->len, 3);
  ck_assert_uint_eq (fixed->len, 2);
  ck_assert_int_eq (config->log.level, G_LOG_LEVEL_DEBUG);
  ck_assert_uint_eq (config->limits.max_sessions, 7);
  ck_assert_uint_eq (config->limits.max_duration_s, 60);
  ck_assert_uint_eq (config->http.port, 8080);
  ck_assert_uint_eq (config->limits.max_data_channels, 4);
}
END_TEST

START_TEST (a_changed_secret_is_named_without_its_value)
{
  const char *const before[] = { "ice.client-turn-secret=first",
                                 "ice.client-servers=turn:a:first@turn.example",
                                 "access.token-keys=web: 11111111111111111111111111111111",
                                 "engine bot.type=websocket",
                                 "engine bot.url=ws://127.0.0.1:1/",
                                 "engine bot.authorization=Bearer first",
                                 NULL };
  const char *const after[] = { "ice.client-turn-secret=second",
                                "ice.client-servers=turn:a:second@turn.example",
                                "access.token-keys=web: 22222222222222222222222222222222",
                                "engine bot.type=websocket",
                                "engine bot.url=ws://127.0.0.1:1/",
                                "engine bot.authorization=Bearer second",
                                NULL };
  g_autofree char *same = diff_of (before, before);
  g_autofree char *changed = diff_of (before, after);
  g_autofree char *removed = diff_of (before, before + 1);

  ck_assert_str_eq (same, "|");
  ck_assert_str_eq (changed, "access.token-keys,ice.client-turn-secret|ice.client-servers,engine bot.authorization");
  ck_assert_str_eq (removed, "ice.client-turn-secret|");
}
END_TEST

/* access.mode needs a restart: until then clients come with tokens. */
START_TEST (keys_of_tokens_stay_where_the_new_configuration_has_none)
{
  static const char *const before[] = { "access.mode=token", "access.token-keys=web: 11111111111111111111111111111111",
                                        NULL };
  static const char *const to_open[][3] = { { NULL }, { "access.mode=open", NULL } };
  static const char *const other_key[] = { "access.token-keys=web: 22222222222222222222222222222222", NULL };
  g_autofree char *dropped = diff_of (before, to_open[_i]);
  g_autofree char *other = diff_of (before, other_key);
  g_autoptr (VgwConfig) config = load (before);
  g_autoptr (VgwConfig) loaded = load (to_open[_i]);
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);

  ck_assert_str_eq (dropped, "|access.mode,access.token-keys");
  ck_assert_str_eq (other, "access.token-keys|access.mode");
  vgw_config_reload (config, loaded, names, names);
  ck_assert_int_eq (config->access.mode, VGW_ACCESS_TOKEN);
  ck_assert_str_eq (config->access.token_keys[0], "web: 11111111111111111111111111111111");
  ck_assert_ptr_null (config->access.token_keys[1]);
}
END_TEST

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-config-reload");
  TCase *tcase = tcase_create ("reload");
  tcase_add_test (tcase, the_same_differs_in_nothing);
  tcase_add_test (tcase, keys_are_told_by_what_a_reload_can_do);
  tcase_add_test (tcase, only_what_is_flagged_is_taken_over);
  tcase_add_test (tcase, a_changed_secret_is_named_without_its_value);
  tcase_add_loop_test (tcase, keys_of_tokens_stay_where_the_new_configuration_has_none, 0, 2);
  tcase_add_test (tcase, a_new_engine_needs_a_restart);
  suite_add_tcase (suite, tcase);
  return suite;
}
