/* The groups [engine NAME]: where they come from, what they inherit, and what is refused. */
#include "config/vgw-config-load.h"

#include <check.h>
#include <string.h>

#include "base/vgw-error.h"
#include "config/vgw-config-text.h"
#include "config-fixture.h"
#include "run-suite.h"
#include "vgw-build.h"

#define SECURE_BOT "[engine bot]\ntype=websocket\nurl=wss://127.0.0.1:9000/\n"
#define BOT "[engine bot]\ntype=websocket\nurl=ws://127.0.0.1:9000/\n"

static const VgwEngineConfig *
find (const VgwConfig *config, const char *name)
{
  const VgwEngineConfig *engine = vgw_engine_config_find (config->engine.engines, name);

  ck_assert_msg (engine != NULL, "no engine %s", name);
  return engine;
}

static VgwOnFailure
get_on_failure (const VgwEngineConfig *engine, const char **fallback)
{
  return vgw_engine_config_get_on_failure (engine, fallback);
}

START_TEST (echo_and_record_need_no_group)
{
  g_autoptr (VgwConfig) config = config_load_good ("", NULL, NULL);
  const VgwEngineConfig *echo = find (config, "echo");
  const char *fallback = "";

  ck_assert_str_eq (echo->type, "echo");
  ck_assert (!echo->is_selectable);
  ck_assert_uint_eq (echo->sample_rate_hz, 16000);
  ck_assert_uint_eq (echo->max_playout_ms, 300000);
  ck_assert_int_eq (echo->overflow, VGW_OVERFLOW_WAIT);
  ck_assert_int_eq (echo->barge_in, VGW_BARGE_IN_NONE);
  ck_assert_uint_eq (echo->speech_start_ms, 120);
  ck_assert_uint_eq (echo->echo_margin_db, 24);
  ck_assert_uint_eq (echo->speech_stop_ms, 500);
  ck_assert_uint_eq (echo->connect_timeout_ms, 3000);
  ck_assert_uint_eq (echo->grace_ms, 10000);
  ck_assert_uint_eq (echo->buffer_ms, 2000);
  ck_assert_uint_eq (echo->stall_ms, 5000);
  ck_assert_int_eq (get_on_failure (echo, &fallback), VGW_ON_FAILURE_END);
  ck_assert_ptr_null (fallback);
  ck_assert_str_eq (find (config, "record")->record_directory, "recordings");
  ck_assert_str_eq (find (config, "record")->wraps, "");
}
END_TEST

START_TEST (the_struct_and_the_table_have_the_same_defaults)
{
  g_autoptr (VgwConfig) config = config_load_good ("", NULL, NULL);
  g_autoptr (VgwEngineConfig) fresh = vgw_engine_config_new ("echo", "echo");
  const VgwEngineConfig *echo = find (config, "echo");

  ck_assert_uint_eq (fresh->sample_rate_hz, echo->sample_rate_hz);
  ck_assert_uint_eq (fresh->max_playout_ms, echo->max_playout_ms);
  ck_assert_int_eq (fresh->overflow, echo->overflow);
  ck_assert_int_eq (fresh->barge_in, echo->barge_in);
  ck_assert_uint_eq (fresh->speech_start_ms, echo->speech_start_ms);
  ck_assert_uint_eq (fresh->echo_margin_db, echo->echo_margin_db);
  ck_assert_uint_eq (fresh->speech_stop_ms, echo->speech_stop_ms);
  ck_assert_uint_eq (fresh->connect_timeout_ms, echo->connect_timeout_ms);
  ck_assert_uint_eq (fresh->grace_ms, echo->grace_ms);
  ck_assert_uint_eq (fresh->buffer_ms, echo->buffer_ms);
  ck_assert_uint_eq (fresh->stall_ms, echo->stall_ms);
  ck_assert_str_eq (fresh->on_failure, echo->on_failure);
  ck_assert_str_eq (fresh->dialect, echo->dialect);
  ck_assert_str_eq (fresh->record_directory, echo->record_directory);
}
END_TEST

START_TEST (a_group_is_an_engine)
{
  g_autoptr (VgwConfig) config = config_load_good (
      "[engine]\ndefault=bot\nsample-rate=8000\ngrace-ms=5000\nbarge-in=flush\non-failure=hold\n"
      "[engine bot]\ntype=websocket\nurl=wss://bot.example/voice?v=1\ndialect=native\nselectable=yes\n"
      "grace-ms=1s\nauthorization=Bearer x\noverflow=newest\n",
      NULL, NULL);
  const VgwEngineConfig *bot = find (config, "bot");
  const char *fallback;

  ck_assert_str_eq (config->engine.default_name, "bot");
  ck_assert_str_eq (bot->type, "websocket");
  ck_assert_str_eq (bot->url, "wss://bot.example/voice?v=1");
  ck_assert_str_eq (bot->authorization, "Bearer x");
  ck_assert (bot->is_selectable);
  ck_assert_uint_eq (bot->sample_rate_hz, 8000);
  ck_assert_uint_eq (bot->grace_ms, 1000);
  ck_assert_int_eq (bot->barge_in, VGW_BARGE_IN_FLUSH);
  ck_assert_int_eq (bot->overflow, VGW_OVERFLOW_NEWEST);
  ck_assert_int_eq (get_on_failure (bot, &fallback), VGW_ON_FAILURE_HOLD);
  ck_assert_uint_eq (find (config, "echo")->grace_ms, 5000);
  ck_assert_int_eq (find (config, "echo")->barge_in, VGW_BARGE_IN_FLUSH);
}
END_TEST

START_TEST (a_group_can_change_an_engine_that_needs_none)
{
  g_autoptr (VgwConfig) config = config_load_good ("[engine echo]\nselectable=true\nsample-rate=48000\n"
                                                   "[engine record]\nrecord-directory=/r\n",
                                                   NULL, NULL);

  ck_assert_str_eq (find (config, "echo")->type, "echo");
  ck_assert (find (config, "echo")->is_selectable);
  ck_assert_uint_eq (find (config, "echo")->sample_rate_hz, 48000);
  ck_assert_str_eq (find (config, "record")->record_directory, "/r");
  ck_assert_uint_eq (find (config, "record")->sample_rate_hz, 16000);
}
END_TEST

START_TEST (settings_go_before_environment_before_file_for_engines_too)
{
  g_autoptr (VgwConfig) config =
      config_load_good (BOT "grace-ms=1\nbuffer-ms=100\nstall-ms=100\n",
                        WORDS ("VGW_ENGINE_BOT__BUFFER_MS=200", "VGW_ENGINE_BOT__STALL_MS=200", "VGW_ENGINE_GRACE=7s"),
                        WORDS ("engine bot.stall-ms=300", "engine.stall-ms=999"));

  ck_assert_uint_eq (find (config, "bot")->grace_ms, 1); /* its own before that of all */
  ck_assert_uint_eq (find (config, "bot")->buffer_ms, 200);
  ck_assert_uint_eq (find (config, "bot")->stall_ms, 300);
  ck_assert_uint_eq (find (config, "echo")->stall_ms, 999);
  ck_assert_uint_eq (find (config, "echo")->grace_ms, 7000);
}
END_TEST

START_TEST (an_engine_can_come_from_the_environment_or_settings_alone)
{
  g_autofree char *path = config_write ("token", "Bearer hunter2\n", -1);
  g_autofree char *variable = g_strdup_printf ("VGW_ENGINE_MY_BOT__AUTHORIZATION_FILE=%s", path);
  g_autoptr (VgwConfig) config = NULL;

  config = config_load_good (
      "", WORDS ("VGW_ENGINE_MY_BOT__TYPE=websocket", "VGW_ENGINE_MY_BOT__URL=ws://h/", variable),
      WORDS ("engine tcp-1.type=audiosocket", "engine tcp-1.url=tcp://[::1]:9092", "engine.default=my-bot"));
  ck_assert_str_eq (find (config, "my-bot")->url, "ws://h/");
  ck_assert_str_eq (find (config, "my-bot")->authorization, "Bearer hunter2");
  ck_assert_str_eq (find (config, "tcp-1")->url, "tcp://[::1]:9092");
}
END_TEST

/* AudioSocket's bots are told of no rate, and most know only this one. */
START_TEST (an_audiosocket_has_8000_hz_where_nothing_is_said)
{
  g_autoptr (VgwConfig) config =
      config_load_good ("[engine]\nsample-rate=48000\n[engine a]\ntype=audiosocket\nurl=tcp://h:1\n"
                        "[engine b]\ntype=audiosocket\nurl=tcp://h:1\nsample-rate=16000\n"
                        "[engine c]\ntype=record\nwraps=a\n",
                        NULL, NULL);

  ck_assert_uint_eq (find (config, "a")->sample_rate_hz, 8000);
  ck_assert_uint_eq (find (config, "b")->sample_rate_hz, 16000);
  ck_assert_uint_eq (find (config, "c")->sample_rate_hz, 8000);
}
END_TEST

START_TEST (parameters_are_passed_by_name_and_no_secrets)
{
  static const char *const bad[] = { "token", "Access_Token", "customer;password", "a b", "ä" };
  g_autoptr (VgwConfig) config = config_load_good (
      "[engine]\npass-parameters=customer;lang.x_y-z\n" BOT "[engine own]\ntype=echo\npass-parameters=\n", NULL, NULL);

  ck_assert_uint_eq (g_strv_length (find (config, "bot")->pass_parameters), 2);
  ck_assert_str_eq (find (config, "bot")->pass_parameters[1], "lang.x_y-z");
  ck_assert_uint_eq (g_strv_length (find (config, "own")->pass_parameters), 0);
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autofree char *text = g_strdup_printf (BOT "pass-parameters=%s\n", bad[i]);
      config_assert_bad (text, NULL, NULL, WORDS ("[engine bot] pass-parameters"));
    }
}
END_TEST

START_TEST (grace_of_the_issue_is_understood)
{
  g_autoptr (VgwConfig) config = config_load_good ("[engine]\ngrace = 10s\n" BOT "grace=1500ms\n", NULL, NULL);

  ck_assert_uint_eq (find (config, "echo")->grace_ms, 10000);
  ck_assert_uint_eq (find (config, "bot")->grace_ms, 1500);
  config_assert_bad ("[engine]\ngrace=10x\n", NULL, NULL, WORDS ("[engine] grace", "\"10x\"", "whole number"));
  config_assert_bad ("[engine]\ngrace=s\n", NULL, NULL, WORDS ("[engine] grace"));
  config_assert_bad ("[engine]\ngrace=9999999999999s\n", NULL, NULL, WORDS ("[engine] grace"));
  config_assert_bad ("[engine]\ngrace=-1s\n", NULL, NULL, WORDS ("[engine] grace"));
}
END_TEST

START_TEST (a_recorder_has_what_it_does_not_say_from_the_engine_that_it_wraps)
{
  g_autoptr (VgwConfig) config = config_load_good ("[engine rec]\ntype=record\nwraps=bot\nstall-ms=700\n" BOT
                                                   "sample-rate=24000\ngrace-ms=0\nbarge-in=duck\n",
                                                   NULL, NULL);

  ck_assert_str_eq (find (config, "rec")->wraps, "bot");
  ck_assert_uint_eq (find (config, "rec")->sample_rate_hz, 24000);
  ck_assert_uint_eq (find (config, "rec")->grace_ms, 0);
  ck_assert_int_eq (find (config, "rec")->barge_in, VGW_BARGE_IN_DUCK);
  ck_assert_uint_eq (find (config, "rec")->stall_ms, 700);
  ck_assert_str_eq (find (config, "rec")->record_directory, "recordings");
}
END_TEST

START_TEST (fallbacks_are_checked)
{
  g_autoptr (VgwConfig) for_all = config_load_good ("[engine]\non-failure=fallback:echo\n" BOT, NULL, NULL);
  const char *fallback;

  ck_assert_int_eq (get_on_failure (find (for_all, "bot"), &fallback), VGW_ON_FAILURE_FALLBACK);
  ck_assert_str_eq (fallback, "echo");
  /* what holds for all the others is no fallback of itself */
  ck_assert_int_eq (get_on_failure (find (for_all, "echo"), &fallback), VGW_ON_FAILURE_END);

  config_assert_bad (BOT "on-failure=fallback:bot\n", NULL, NULL,
                     WORDS ("[engine bot] on-failure", "its own fallback"));
  config_assert_bad (
      BOT "on-failure=fallback:parrot\n", NULL, NULL,
      WORDS ("a.conf:4: [engine bot] on-failure", "\"parrot\"", "no such engine", "echo, record", "bot"));
  config_assert_bad (BOT "on-failure=fallback:\n", NULL, NULL, WORDS ("on-failure", "end, hold or fallback:NAME"));
  config_assert_bad (BOT "on-failure=retry\n", NULL, NULL, WORDS ("on-failure", "end, hold or fallback:NAME"));
  config_assert_bad (BOT "on-failure=fallback:echo\nsample-rate=8000\n", NULL, NULL,
                     WORDS ("[engine bot] on-failure", "8000", "echo", "16000"));
  config_assert_bad (BOT "on-failure=fallback:echo\n[engine echo]\non-failure=fallback:record\n[engine record]\n"
                         "on-failure=fallback:bot\n",
                     NULL, NULL, WORDS ("on-failure", "form a loop"));
  config_assert_bad ("[engine]\non-failure=fallback:parrot\n", NULL, NULL, WORDS ("on-failure", "\"parrot\""));
}
END_TEST

START_TEST (urls_fit_their_type)
{
  static const char *const bad_websocket[] = { "",          "http://h/", "tcp://h:1", "ws://",         "ws:/h",
                                               "h:9000",    "ws://h:0/", "ws://u@h/", "ws://h:65536/", "ws://h/#x",
                                               "ws://h:x/", "ws:// h/" };
  static const char *const bad_tcp[] = { "", "ws://h:1", "tcp://h", "tcp://h:1/x", "tcp://:1", "tcp://h:0", "h:1" };

  for (guint i = 0; i < G_N_ELEMENTS (bad_websocket); i++)
    {
      g_autofree char *text = g_strdup_printf ("[engine bot]\ntype=websocket\nurl=%s\n", bad_websocket[i]);
      config_assert_bad (text, NULL, NULL, WORDS ("a.conf:3: [engine bot] url", "ws://HOST"));
    }
  for (guint i = 0; i < G_N_ELEMENTS (bad_tcp); i++)
    {
      g_autofree char *text = g_strdup_printf ("[engine bot]\ntype=audiosocket\nurl=%s\n", bad_tcp[i]);
      config_assert_bad (text, NULL, NULL, WORDS ("a.conf:3: [engine bot] url", "tcp://HOST:PORT"));
    }
  config_assert_bad ("[engine bot]\ntype=websocket\n", NULL, NULL, WORDS ("a.conf:1: [engine bot]: url", "ws://HOST"));
  config_assert_bad ("[engine echo]\nurl=ws://h/\n", NULL, NULL,
                     WORDS ("[engine echo] url", "type = echo", "do not have this key"));
}
END_TEST

START_TEST (types_and_dialects_are_checked)
{
  config_assert_bad ("[engine bot]\n", NULL, NULL, WORDS ("a.conf:1: [engine bot]: type", "must be set", "websocket"));
  config_assert_bad ("[engine bot]\ntype=parrot\n", NULL, NULL,
                     WORDS ("[engine bot] type", "\"parrot\"", "one of echo"));
  config_assert_bad (BOT "dialect=klingon\n", NULL, NULL,
                     WORDS ("[engine bot] dialect", "\"klingon\"", "one of native"));
  config_assert_bad (BOT "dialect=audiosocket\n", NULL, NULL, WORDS ("[engine bot] dialect"));
  config_assert_bad ("[engine echo]\ndialect=native\n", NULL, NULL,
                     WORDS ("[engine echo] dialect", "type = websocket"));
  config_assert_bad ("[engine echo]\ntls-ca=x\n", NULL, NULL, WORDS ("[engine echo] tls-ca", "type = websocket"));
  config_assert_bad (BOT "tls-ca=x\n", NULL, NULL, WORDS ("[engine bot] tls-ca", "begins with wss:"));
  config_assert_bad (SECURE_BOT "tls-ca=/nowhere/ca.pem\n", NULL, NULL,
                     WORDS ("[engine bot] tls-ca", "must be a file of certificates in PEM", "No such file"));
  config_assert_bad (SECURE_BOT "tls-ca=/dev/null\n", NULL, NULL, WORDS ("[engine bot] tls-ca", "it contains none"));
  config_assert_bad ("[engine echo]\nauthorization=x\n", NULL, NULL,
                     WORDS ("[engine echo] authorization", "type = websocket"));
  config_assert_bad ("[engine echo]\nwraps=record\n", NULL, NULL, WORDS ("[engine echo] wraps", "type = record"));
}
END_TEST

START_TEST (a_configuration_with_the_old_assistant_says_what_to_do)
{
  const char *const lack = "start voice-gateway-assistant, and add the group [engine assistant]";

  config_assert_bad ("[engine]\ndefault=assistant\n", NULL, NULL, WORDS ("[engine] default", lack));
  config_assert_bad ("[engine]\non-failure=fallback:assistant\n", NULL, NULL, WORDS ("on-failure", lack));
  config_assert_bad ("[engine bot]\ntype=assistant\n", NULL, NULL, WORDS ("[engine bot] type", lack));
  config_assert_bad ("[engine assistant]\nselectable=true\n", NULL, NULL, WORDS ("type", "must be set", lack));
  config_assert_bad ("[engine rec]\ntype=record\nwraps=assistant\n", NULL, NULL, WORDS ("[engine rec] wraps", lack));
}
END_TEST

START_TEST (recorders_are_checked)
{
  config_assert_bad ("[engine rec]\ntype=record\nwraps=parrot\n", NULL, NULL,
                     WORDS ("[engine rec] wraps", "\"parrot\"", "echo"));
  config_assert_bad ("[engine rec]\ntype=record\nwraps=record\n", NULL, NULL,
                     WORDS ("[engine rec] wraps", "another type"));
  config_assert_bad ("[engine rec]\ntype=record\nwraps=rec\n", NULL, NULL,
                     WORDS ("[engine rec] wraps", "another type"));
  config_assert_bad ("[engine rec]\ntype=record\nwraps=echo\nsample-rate=8000\n", NULL, NULL,
                     WORDS ("[engine rec] sample-rate", "echo", "16000"));
}
END_TEST

START_TEST (names_are_checked)
{
  config_assert_bad ("[engine ]\ntype=echo\n", NULL, NULL, WORDS ("name", "lower-case"));
  config_assert_bad ("[engine A]\ntype=echo\n", NULL, NULL, WORDS ("a.conf:1: \"engine A\"", "name", "lower-case"));
  config_assert_bad ("[engine a--b]\ntype=echo\n", NULL, NULL, WORDS ("single dashes"));
  config_assert_bad ("[engine -a]\ntype=echo\n", NULL, NULL, WORDS ("lower-case"));
  config_assert_bad ("[engine a.b]\ntype=echo\n", NULL, NULL, WORDS ("lower-case"));
  config_assert_bad ("[engine abcdefghijklmnopqrstuvwxyz0123456]\ntype=echo\n", NULL, NULL, WORDS ("at most 32"));
  config_assert_bad ("", NULL, WORDS ("engine A.type=echo"), WORDS ("--set \"engine A.type\"", "lower-case"));
  config_assert_bad ("", WORDS ("VGW_ENGINE_A__=x"), NULL, WORDS ("VGW_ENGINE_A__", "no such key"));
  config_assert_bad ("", WORDS ("VGW_ENGINE___TYPE=x"), NULL, WORDS ("VGW_ENGINE___TYPE"));
}
END_TEST

START_TEST (unknown_keys_get_a_suggestion)
{
  config_assert_bad (BOT "selectabel=1\n", NULL, NULL,
                     WORDS ("[engine bot] \"selectabel\"", "did you mean selectable?"));
  config_assert_bad (BOT "grace-m=1\n", NULL, NULL, WORDS ("did you mean grace-ms?"));
  config_assert_bad (BOT "authorization-fil=1\n", NULL, NULL, WORDS ("did you mean authorization-file?"));
  config_assert_bad (BOT "default=1\n", NULL, NULL, WORDS ("[engine bot] \"default\"", "no such key"));
  config_assert_bad ("[engine]\nurl=ws://h/\n", NULL, NULL, WORDS ("[engine] \"url\"", "it belongs to [engine NAME]"));
  config_assert_bad ("", WORDS ("VGW_ENGINE_BOT__URLS=x"), NULL, WORDS ("VGW_ENGINE_BOT__URLS", "did you mean url?"));
  config_assert_bad ("", NULL, WORDS ("engine bot.uri=x"), WORDS ("--set", "did you mean url?"));
}
END_TEST

START_TEST (the_secret_of_an_engine_is_never_told)
{
  g_autoptr (VgwConfig) config = config_load_good (BOT "authorization=Bearer hunter2\n", NULL, NULL);
  g_autofree char *text = vgw_config_to_text (config);
  g_autoptr (GError) error = NULL;

  ck_assert_ptr_null (strstr (text, "hunter2"));
  ck_assert_ptr_nonnull (strstr (text, "# authorization is set (1) and hidden\n"));
  ck_assert_ptr_null (config_load (BOT "authorization=hunter2\\n\n", NULL, NULL, &error));
  ck_assert_ptr_nonnull (strstr (error->message, "[engine bot] authorization"));
  ck_assert_ptr_null (strstr (error->message, "hunter2"));
  config_assert_bad (BOT "authorization=x\nauthorization-file=y\n", NULL, NULL, WORDS ("authorization", "both set"));
}
END_TEST

START_TEST (what_is_printed_loads_as_the_same_engines)
{
  g_autoptr (VgwConfig) config =
      config_load_good ("[engine]\ndefault=rec\non-failure=fallback:echo\nbarge-in=pause\n" BOT "selectable=true\n"
                        "[engine rec]\ntype=record\nwraps=bot\nrecord-directory=a\\\\b\n"
                        "[engine tcp]\ntype=audiosocket\nurl=tcp://h:1\nsample-rate=16000\n",
                        NULL, NULL);
  g_autofree char *text = vgw_config_to_text (config);
  g_autoptr (VgwConfig) again = config_load_good (text, NULL, NULL);
  g_autofree char *text_again = vgw_config_to_text (again);

  ck_assert_str_eq (text, text_again);
  ck_assert_str_eq (find (again, "rec")->record_directory, "a\\b");
}
END_TEST

START_TEST (the_number_of_engines_is_bounded)
{
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; i < 101; i++)
    g_string_append_printf (text, "[engine e%u]\ntype=echo\n", i);
  config_assert_bad (text->str, NULL, NULL, WORDS ("more than 100 engines"));
}
END_TEST

START_TEST (long_names_are_cut_in_errors)
{
  g_autofree char *name = g_strnfill (100000, 'x');
  g_autofree char *text = g_strdup_printf ("[engine %s]\ntype=echo\n", name);
  g_autofree char *setting = g_strdup_printf ("engine %s.type=echo", name);
  g_autofree char *variable = g_strdup_printf ("VGW_ENGINE_%s__TYPE=echo", name);
  g_autofree char *fallback = g_strdup_printf (BOT "on-failure=fallback:%s\n", name);
  const char *texts[] = { text, fallback };
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      ck_assert_ptr_null (config_load (texts[i], NULL, NULL, &error));
      ck_assert_uint_lt (strlen (error->message), 500);
      g_clear_error (&error);
    }
  ck_assert_ptr_null (config_load ("", WORDS (variable), NULL, &error));
  ck_assert_uint_lt (strlen (error->message), 500);
  g_clear_error (&error);
  ck_assert_ptr_null (config_load ("", NULL, WORDS (setting), &error));
  ck_assert_uint_lt (strlen (error->message), 500);
}
END_TEST

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-config-engines");
  TCase *engines = tcase_create ("engines");

  tcase_add_checked_fixture (engines, config_fixture_set_up, config_fixture_tear_down);
  tcase_add_test (engines, echo_and_record_need_no_group);
  tcase_add_test (engines, the_struct_and_the_table_have_the_same_defaults);
  tcase_add_test (engines, a_group_is_an_engine);
  tcase_add_test (engines, a_group_can_change_an_engine_that_needs_none);
  tcase_add_test (engines, settings_go_before_environment_before_file_for_engines_too);
  tcase_add_test (engines, an_engine_can_come_from_the_environment_or_settings_alone);
  tcase_add_test (engines, an_audiosocket_has_8000_hz_where_nothing_is_said);
  tcase_add_test (engines, parameters_are_passed_by_name_and_no_secrets);
  tcase_add_test (engines, grace_of_the_issue_is_understood);
  tcase_add_test (engines, a_recorder_has_what_it_does_not_say_from_the_engine_that_it_wraps);
  tcase_add_test (engines, fallbacks_are_checked);
  tcase_add_test (engines, urls_fit_their_type);
  tcase_add_test (engines, types_and_dialects_are_checked);
  tcase_add_test (engines, a_configuration_with_the_old_assistant_says_what_to_do);
  tcase_add_test (engines, recorders_are_checked);
  tcase_add_test (engines, names_are_checked);
  tcase_add_test (engines, unknown_keys_get_a_suggestion);
  tcase_add_test (engines, the_secret_of_an_engine_is_never_told);
  tcase_add_test (engines, what_is_printed_loads_as_the_same_engines);
  tcase_add_test (engines, the_number_of_engines_is_bounded);
  tcase_add_test (engines, long_names_are_cut_in_errors);
  suite_add_tcase (suite, engines);

  return suite;
}
