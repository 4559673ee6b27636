#include "config/vgw-config-load.h"

#include <check.h>
#include <glib/gstdio.h>
#include <string.h>

#include "config/vgw-config-keys.h"
#include "config/vgw-config-variables.h"
#include "config/vgw-config-text.h"
#include "base/vgw-error.h"
#include "config-fixture.h"
#include "run-suite.h"

#define TOKEN "0123456789abcdef0123456789abcdef"

#define KEY_LINE "a: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define OTHER_KEY_LINE "b: bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static void
assert_bad_file (const char *text, const char *const *words)
{
  config_assert_bad (text, NULL, NULL, WORDS ("a.conf"));
  config_assert_bad (text, NULL, NULL, words);
}

static void
assert_bad_setting (const char *setting, const char *const *words)
{
  config_assert_bad ("", NULL, WORDS (setting), WORDS ("--set"));
  config_assert_bad ("", NULL, WORDS (setting), words);
}

static void
assert_bad_variable (const char *variable, const char *const *words)
{
  config_assert_bad ("", WORDS (variable), NULL, WORDS ("environment"));
  config_assert_bad ("", WORDS (variable), NULL, words);
}

static void
assert_list (const char *const *list, const char *const *expected)
{
  ck_assert_ptr_nonnull (list);
  ck_assert_msg (g_strv_equal (list, expected), "list is %s", g_strjoinv ("|", (char **) list));
}

static const char *const none[] = { NULL };

START_TEST (defaults_are_those_of_the_design)
{
  g_autoptr (VgwConfig) config = config_load_good ("", NULL, NULL);

  ck_assert_str_eq (config->http.address, "127.0.0.1");
  ck_assert_uint_eq (config->http.port, 8080);
  ck_assert (config->pages.serves_page);
  ck_assert_str_eq (config->pages.web_root, "");
  ck_assert_uint_eq (config->http.header_timeout_ms, 10000);
  ck_assert_uint_eq (config->http.idle_timeout_ms, 60000);
  ck_assert_uint_eq (config->http.max_connections, 2000);
  ck_assert_uint_eq (config->access.mode, VGW_ACCESS_OPEN);
  ck_assert (!config->access.allows_open_network);
  assert_list (config->access.origins, none);
  ck_assert_int_eq (config->media.ice_agent, VGW_ICE_AGENT_MUX);
  ck_assert_uint_eq (config->media.udp_port, 10000);
  ck_assert_str_eq (config->media.bind_address, "");
  assert_list (config->media.advertise, none);
  assert_list (config->media.stun_servers, WORDS ("stun:stun.l.google.com:19302"));
  assert_list (config->media.turn_servers, none);
  assert_list (config->client_servers, none);
  ck_assert_uint_eq (config->media.min_port, 0);
  ck_assert_uint_eq (config->media.max_port, 0);
  ck_assert_uint_eq (config->media.gather_timeout_ms, 2000);
}
END_TEST

START_TEST (defaults_of_media_and_limits_are_those_of_the_design)
{
  g_autoptr (VgwConfig) config = config_load_good ("", NULL, NULL);

  assert_list (config->media.pipelines, WORDS ("opus", "pcmu", "pcma", "g722"));
  ck_assert_str_eq (config->media.pipeline_dir, "");
  assert_list (config->media.extra_elements, none);
  ck_assert_uint_eq (config->media.latency_ms, 40);
  ck_assert_str_eq (config->engine.default_name, "echo");
  ck_assert_uint_eq (config->engine.defaults.sample_rate_hz, 16000);
  ck_assert_uint_eq (config->engine.defaults.max_playout_ms, 300000);
  ck_assert_str_eq (config->engine.defaults.record_directory, "recordings");
  ck_assert_uint_eq (g_strv_length ((char **) config->manager.types), 1);
  ck_assert_str_eq (config->manager.types[0], "log");
  ck_assert_uint_eq (config->limits.max_sessions, 500);
  ck_assert_uint_eq (config->limits.max_sessions_per_address, 50);
  ck_assert_uint_eq (config->limits.offer_timeout_ms, 10000);
  ck_assert_uint_eq (config->limits.connect_timeout_ms, 20000);
  ck_assert_uint_eq (config->limits.media_timeout_ms, 30000);
  ck_assert_uint_eq (config->limits.max_duration_s, 14400);
  ck_assert_uint_eq (config->limits.max_candidates, 64);
  ck_assert_uint_eq (config->limits.max_data_channels, 4);
  ck_assert_uint_eq (config->limits.max_message_bytes, 65536);
  ck_assert_uint_eq (config->media.max_mlines, 8);
  ck_assert_int_eq (config->log.level, G_LOG_LEVEL_INFO);
  ck_assert_int_eq (config->log.format, VGW_LOG_TEXT);
}
END_TEST

START_TEST (every_type_is_read_from_a_file)
{
  g_autoptr (VgwConfig) config = config_load_good ("# comment\n[http]\nport = 0\n page=no\nweb-root = a dir\\\\x \n\n"
                                                   "[ice]\nagent=nice\nadvertise= 192.0.2.1 ; 2001:db8::1;\n"
                                                   "stun-servers=\nmin-port=20000\nmax-port=20000\n"
                                                   "[engine]\nsample-rate=48000\ndefault=record\n"
                                                   "[http]\nidle-timeout-ms=1000\n"
                                                   "[log]\nlevel=error\nformat=json\n",
                                                   NULL, NULL);

  ck_assert_uint_eq (config->http.port, 0);
  ck_assert (!config->pages.serves_page);
  ck_assert_str_eq (config->pages.web_root, "a dir\\x");
  ck_assert_uint_eq (config->http.idle_timeout_ms, 1000);
  ck_assert_int_eq (config->media.ice_agent, VGW_ICE_AGENT_NICE);
  assert_list (config->media.advertise, WORDS ("192.0.2.1", "2001:db8::1"));
  assert_list (config->media.stun_servers, none);
  ck_assert_uint_eq (config->media.min_port, 20000);
  ck_assert_uint_eq (config->engine.defaults.sample_rate_hz, 48000);
  ck_assert_str_eq (config->engine.default_name, "record");
  ck_assert_int_eq (config->log.level, G_LOG_LEVEL_CRITICAL);
  ck_assert_int_eq (config->log.format, VGW_LOG_JSON);
}
END_TEST

START_TEST (settings_go_before_environment_before_file_before_default)
{
  const char *text = "[http]\nport=1\n[limits]\nmax-sessions=2\nmax-mlines=3\n";
  g_autoptr (VgwConfig) config = config_load_good (
      text, WORDS ("PATH=/bin", "VGW_LIMITS_MAX_SESSIONS=20", "VGW_LIMITS_MAX_MLINES=30", "VGW_TEST_X=1"),
      WORDS ("limits.max-mlines=60", "limits.max-mlines=61"));

  ck_assert_uint_eq (config->http.port, 1);
  ck_assert_uint_eq (config->limits.max_sessions, 20);
  ck_assert_uint_eq (config->media.max_mlines, 61);
  ck_assert_uint_eq (config->limits.max_candidates, 64);
}
END_TEST

START_TEST (every_key_has_a_variable_and_a_setting)
{

  for (const VgwConfigKey *key = vgw_config_keys; key->name != NULL; key++)
    {
      g_autofree char *name = vgw_config_variable_name (key, FALSE);
      g_autofree char *variable = g_strdup_printf ("%s=%s", name, key->default_text);
      g_autofree char *setting = g_strdup_printf ("%s.%s=%s", key->group, key->name, key->default_text);
      g_autoptr (VgwConfig) config = NULL;

      if (strcmp (key->group, VGW_CONFIG_ENGINE_GROUP) == 0)
        continue; /* a variable of each engine: test-vgw-config-engines.c */
      ck_assert_msg (vgw_config_has_group (key->group), "%s", key->group);
      config = config_load_good ("", WORDS (variable), WORDS (setting));
    }
}
END_TEST

START_TEST (numbers_out_of_range_name_the_range)
{
  assert_bad_file ("[http]\nport=65536\n", WORDS ("[http] port", "\"65536\"", "whole number from 0 to 65535"));
  assert_bad_file ("[http]\nport=-1\n", WORDS ("[http] port", "from 0 to 65535"));
  assert_bad_file ("[http]\nport=80a\n", WORDS ("[http] port", "\"80a\""));
  assert_bad_file ("[http]\nport=\n", WORDS ("[http] port", "\"\""));
  assert_bad_file ("[http]\nport=8080 # mine\n", WORDS ("[http] port", "a comment must be on a line of its own"));
  assert_bad_file ("[limits]\nmax-candidates=0\n", WORDS ("[limits] max-candidates", "from 1 to"));
  assert_bad_file ("[limits]\nmax-message-bytes=65537\n", WORDS ("[limits] max-message-bytes", "to 65536"));
  assert_bad_file ("[limits]\nmax-sessions=99999999999999999999\n", WORDS ("[limits] max-sessions"));
}
END_TEST

START_TEST (wrong_words_name_the_right_ones)
{
  assert_bad_file ("[http]\npage=maybe\n", WORDS ("[http] page", "\"maybe\"", "true or false"));
  assert_bad_file ("[ice]\nagent=Mux\n", WORDS ("[ice] agent", "\"Mux\"", "one of mux, nice"));
  assert_bad_file ("[engine]\nsample-rate=44100\n", WORDS ("sample-rate", "one of 8000, 16000, 24000, 48000"));
  assert_bad_file ("[engine]\ndefault=parrot\n",
                   WORDS ("[engine] default", "\"parrot\"", "no such engine", "echo, record"));
  assert_bad_file ("[log]\nlevel=verbose\n", WORDS ("[log] level", "one of debug, info, warning, error"));
  assert_bad_file ("[log]\nformat=xml\n", WORDS ("[log] format", "one of text, json"));
  assert_bad_file ("[access]\nmode=closed\n", WORDS ("[access] mode", "must be one of open, token"));
  assert_bad_file ("[manager]\ntypes=log;http\n",
                   WORDS ("[manager] types", "\"http\"", "must be one of log, webhook, redis"));
  assert_bad_file ("[manager]\nwebhook-url=ftp://example.org/\n", WORDS ("[manager] webhook-url", "must be https://"));
  assert_bad_file ("[record]\ndirectory=\n", WORDS ("[record] directory", "must not be empty"));
}
END_TEST

START_TEST (addresses_are_checked)
{
  assert_bad_file ("[http]\naddress=localhost\n", WORDS ("[http] address", "\"localhost\"", "IP address"));
  assert_bad_file ("[http]\naddress=\n", WORDS ("[http] address", "IP address"));
  assert_bad_file ("[ice]\nadvertise=192.0.2.1;192.0.2\n", WORDS ("[ice] advertise", "\"192.0.2\"", "a host name"));
  assert_bad_file ("[ice]\nadvertise=gw.example:0\n", WORDS ("[ice] advertise", "\"gw.example:0\""));
  assert_bad_file ("[ice]\nbind-address=1.2.3\n", WORDS ("[ice] bind-address", "\"1.2.3\""));
}
END_TEST

START_TEST (unknown_names_get_a_suggestion)
{
  assert_bad_file ("[http]\nprot=1\n", WORDS ("[http] \"prot\"", "no such key", "did you mean port?"));
  assert_bad_file ("[limits]\nmax-session=1\n", WORDS ("did you mean max-sessions?"));
  assert_bad_file ("[http]\nudp-port=1\n", WORDS ("[http] \"udp-port\"", "it belongs to [ice]"));
  assert_bad_file ("[ice]\nturn-servers-fil=x\n", WORDS ("did you mean turn-servers-file?"));
  assert_bad_file ("[htttp]\nport=1\n", WORDS ("\"htttp\"", "no such group", "did you mean http?"));
  assert_bad_setting ("http.prot=1", WORDS ("http.prot", "no such key", "did you mean port?"));
  assert_bad_setting ("htp.port=1", WORDS ("htp.port", "no such group", "did you mean http?"));
  assert_bad_variable ("VGW_HTTP_PROT=1", WORDS ("VGW_HTTP_PROT", "did you mean VGW_HTTP_PORT?"));
  assert_bad_variable ("VGW_ICE_TURN_SERVER_FILE=1", WORDS ("did you mean VGW_ICE_TURN_SERVERS_FILE?"));
}
END_TEST

START_TEST (far_names_get_no_suggestion)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VgwConfig) config = config_load ("[http]\nflubberwock=1\n", NULL, NULL, &error);

  ck_assert_ptr_null (config);
  ck_assert_ptr_null (strstr (error->message, "did you mean"));
  assert_bad_file ("[http]\naddress-file=x\n", WORDS ("no such key")); /* only secrets have files */
}
END_TEST

START_TEST (settings_need_a_group_a_key_and_a_value)
{
  assert_bad_setting ("port=1", WORDS ("must be group.key=value"));
  assert_bad_setting ("http.port", WORDS ("must be group.key=value"));
  assert_bad_setting ("", WORDS ("must be group.key=value"));
  assert_bad_setting ("=", WORDS ("must be group.key=value"));
  assert_bad_setting (".=", WORDS ("no such group"));
  assert_bad_setting ("http.=", WORDS ("no such key"));
  assert_bad_setting ("http.port=x", WORDS ("--set http.port", "\"x\""));
}
END_TEST

START_TEST (values_may_hold_what_separates)
{
  g_autoptr (VgwConfig) config = config_load_good (
      "", NULL, WORDS ("record.directory=/a.b/c=d;e", "http.web-root=\\sx\\s", "access.origins= * ;; *;"));

  ck_assert_str_eq (config->engine.defaults.record_directory, "/a.b/c=d;e");
  ck_assert_str_eq (config->pages.web_root, " x ");
  assert_list (config->access.origins, WORDS ("*", "*"));
}
END_TEST

START_TEST (bad_text_is_refused)
{
  assert_bad_setting ("http.web-root=a\\qb", WORDS ("backslash"));
  assert_bad_setting ("http.web-root=a\\", WORDS ("backslash"));
  assert_bad_setting ("http.web-root=\xff", WORDS ("UTF-8"));
  assert_bad_setting ("http.web-root=a\nb", WORDS ("control characters"));
  assert_bad_file ("[http]\nport\n", WORDS ("key = value"));
  assert_bad_file ("port=1\n", WORDS ("[group]"));
  assert_bad_file ("[http\nport=1\n", WORDS ("[group]"));
}
END_TEST

START_TEST (an_open_listener_must_be_wanted)
{
  const char *const words[] = { "0.0.0.0", "access.mode = token", "access.token-keys-file",
                                "access.allow-open-network = true", NULL };
  g_autoptr (VgwConfig) in_file =
      config_load_good ("[http]\naddress=0.0.0.0\n[access]\nallow-open-network=true\n", NULL, NULL);
  g_autoptr (VgwConfig) in_environment =
      config_load_good ("[http]\naddress=::\n", WORDS ("VGW_ACCESS_ALLOW_OPEN_NETWORK=true"), WORDS ("http.port=0"));
  g_autoptr (VgwConfig) with_token = config_load_good ("[http]\naddress=192.0.2.1\n", NULL,
                                                       WORDS ("access.mode=token", "access.token-keys=" KEY_LINE));
  g_autoptr (VgwConfig) loopback = config_load_good ("[http]\naddress=::1\n", NULL, NULL);
  g_autoptr (VgwConfig) other_loopback = config_load_good ("[http]\naddress=127.9.9.9\n", NULL, NULL);

  ck_assert_str_eq (in_environment->http.address, "::");
  assert_bad_file ("[http]\naddress=0.0.0.0\n", WORDS ("[http] address"));
  assert_bad_file ("[http]\naddress=0.0.0.0\n", words);
  assert_bad_file ("[http]\naddress=0.0.0.0\n[access]\nmode=open\n", words);
  ck_assert_uint_eq (with_token->access.mode, VGW_ACCESS_TOKEN);
  assert_bad_setting ("http.address=0.0.0.0", words);
  assert_bad_setting ("http.address=2001:db8::1", WORDS ("2001:db8::1", "access.mode"));
  assert_bad_variable ("VGW_HTTP_ADDRESS=::", WORDS ("VGW_HTTP_ADDRESS", "access.mode"));
}
END_TEST

START_TEST (token_mode_needs_keys_that_only_the_gateway_can_read)
{
  g_autofree char *keys = config_write ("keys", "# rotated in May\n\n" KEY_LINE "\n" OTHER_KEY_LINE "\n", -1);
  g_autofree char *twice = config_write ("twice", KEY_LINE "\n" KEY_LINE "\n", -1);
  g_autoptr (VgwConfig) config = NULL;
  static const int bad_modes[] = { 0644, 0604, 0620, 0602, 0601 };

  assert_bad_setting ("access.mode=token", WORDS ("access.mode", "access.token-keys-file", "KEYID: SECRET"));
  for (guint i = 0; i < G_N_ELEMENTS (bad_modes); i++)
    {
      g_chmod (keys, bad_modes[i]);
      assert_bad_file ("[access]\ntoken-keys-file=keys\n",
                       WORDS ("[access] token-keys-file", "keys", "mode", "chmod 600"));
    }
  g_chmod (keys, 0640);
  config = config_load_good ("[access]\nmode=token\ntoken-keys-file=keys\n", NULL, NULL);
  ck_assert_uint_eq (g_strv_length ((char **) config->access.token_keys), 2);
  g_chmod (twice, 0600);
  assert_bad_file ("[access]\ntoken-keys-file=twice\n", WORDS ("token-keys", "\"a\" has two"));
  assert_bad_setting ("access.token-keys=a: short", WORDS ("access.token-keys", "item 1", "32 to 512"));
}
END_TEST

START_TEST (the_admin_listener_is_for_this_machine_or_needs_a_token)
{
  static const char *const good[] = { "127.0.0.1", "127.9.9.9", "::1", "", NULL };
  static const char *const others[] = { "0.0.0.0", "::", "192.0.2.1", "2001:db8::1", NULL };
  static const char *const bad[] = { "localhost", "127.0.0.1:81", NULL };

  for (guint i = 0; good[i] != NULL; i++)
    {
      g_autofree char *setting = g_strdup_printf ("admin.address=%s", good[i]);
      g_autoptr (VgwConfig) config = config_load_good ("", WORDS ("VGW_ACCESS_MODE=open"), WORDS (setting));

      ck_assert_str_eq (config->admin.address, good[i]);
    }
  for (guint i = 0; bad[i] != NULL; i++)
    {
      g_autofree char *setting = g_strdup_printf ("admin.address=%s", bad[i]);

      assert_bad_setting (setting, WORDS ("admin.address", "must be an IP address"));
    }
  for (guint i = 0; others[i] != NULL; i++)
    {
      g_autofree char *setting = g_strdup_printf ("admin.address=%s", others[i]);
      g_autoptr (VgwConfig) config = NULL;

      assert_bad_setting (setting, WORDS ("admin.address", "other machines can reach", "admin.token-file"));
      config = config_load_good ("", WORDS ("VGW_ACCESS_MODE=open", "VGW_ADMIN_TOKEN=" TOKEN), WORDS (setting));
      ck_assert_str_eq (config->admin.address, others[i]);
      ck_assert_str_eq (config->admin.tokens[0], TOKEN);
    }
  assert_bad_setting ("admin.token=short", WORDS ("admin.token", "32 to 512"));
}
END_TEST

START_TEST (port_ranges_are_ranges)
{
  assert_bad_file ("[ice]\nmin-port=2000\nmax-port=1999\n", WORDS ("[ice] min-port", "2000", "1999"));
  assert_bad_file ("[ice]\nmin-port=2000\n", WORDS ("[ice] min-port"));
  assert_bad_file ("[ice]\nmax-port=2000\n", WORDS ("[ice] max-port"));
}
END_TEST

START_TEST (pipelines_are_names)
{
  assert_bad_file ("[media]\npipelines=\n", WORDS ("[media] pipelines", "at least one"));
  assert_bad_file ("[media]\npipelines=opus,pcmu\n", WORDS ("\"opus,pcmu\"", "separated by ';'"));
  assert_bad_file ("[media]\npipelines=opus;../pcmu\n", WORDS ("\"../pcmu\""));
  assert_bad_file ("[media]\npipelines=..\n", WORDS ("\"..\""));
  assert_bad_file ("[media]\nextra-elements=file src\n", WORDS ("\"file src\""));
}
END_TEST

START_TEST (secrets_come_from_files)
{
  g_autofree char *path = config_write ("turn", "# mine\n\nturn:u:a\\b;c@h\r\n  turns:u:p@h?transport=tcp  \n", -1);
  g_autofree char *variable = g_strdup_printf ("VGW_ICE_CLIENT_SERVERS_FILE=%s", path);
  g_autofree char *setting = g_strdup_printf ("ice.turn-servers-file=%s", path);
  /* A relative name is relative to the configuration file. */
  g_autoptr (VgwConfig) in_file = config_load_good ("[ice]\nturn-servers-file = turn\n", NULL, NULL);
  g_autoptr (VgwConfig) elsewhere = config_load_good ("", WORDS (variable), WORDS (setting));

  assert_list (in_file->media.turn_servers, WORDS ("turn:u:a\\b;c@h", "turns:u:p@h?transport=tcp"));
  assert_list (elsewhere->media.turn_servers, WORDS ("turn:u:a\\b;c@h", "turns:u:p@h?transport=tcp"));
  assert_list (elsewhere->client_servers, WORDS ("turn:u:a\\b;c@h", "turns:u:p@h?transport=tcp"));
}
END_TEST

START_TEST (credentials_are_files_of_the_service_manager)
{
  g_autofree char *path = config_write ("turn\\x2dkeys", "turn:u:p@h\n", -1);
  g_autofree char *directory = g_path_get_dirname (path);
  const char *text = "[ice]\nturn-servers-file = credential:turn\\x2dkeys\n";
  g_autoptr (VgwConfig) secret = NULL, name = NULL;

  g_unsetenv ("CREDENTIALS_DIRECTORY");
  assert_bad_file (text, WORDS ("a.conf:2: [ice] turn-servers-file: credential:turn", "no $CREDENTIALS_DIRECTORY",
                                "LoadCredential=turn"));
  g_setenv ("CREDENTIALS_DIRECTORY", directory, TRUE);
  secret = config_load_good (text, NULL, NULL);
  assert_list (secret->media.turn_servers, WORDS ("turn:u:p@h"));

  /* a key whose value is the name of a file: the path, in which a backslash is no escape */
  name = config_load_good ("[manager]\nredis-ca = credential:turn\\x2dkeys\n", NULL, NULL);
  ck_assert_str_eq (name->manager.redis.ca, path);

  assert_bad_file ("[http]\ntls-key = credential:nothing\n",
                   WORDS ("[http] tls-key: credential:nothing: there is no", "LoadCredential=nothing:FILE"));
  assert_bad_file ("[http]\ntls-key = credential:\n", WORDS ("[http] tls-key", "name of a credential"));
  assert_bad_file ("[http]\ntls-key = credential:../turn\n", WORDS ("[http] tls-key", "name of a credential"));
  g_unsetenv ("CREDENTIALS_DIRECTORY");
}
END_TEST

START_TEST (a_secret_set_twice_is_refused)
{
  g_autofree char *path = config_write ("turn", "turn:u:p@h\n", -1);
  g_autofree char *setting = g_strdup_printf ("ice.turn-servers-file=%s", path);
  /* From two places the stronger one wins. */
  g_autoptr (VgwConfig) config = config_load_good ("[ice]\nturn-servers=turn:a:b@c\n", NULL, WORDS (setting));

  assert_list (config->media.turn_servers, WORDS ("turn:u:p@h"));
  assert_bad_file ("[ice]\nturn-servers=turn:a:b@c\nturn-servers-file=turn\n", WORDS ("turn-servers", "both set"));
}
END_TEST

START_TEST (secrets_are_never_told)
{
  g_autofree char *path = config_write ("turn", "turn:u:hunter2@h\nturn:u:hunter3\n", -1);
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) file_error = NULL;
  g_autoptr (VgwConfig) bad = config_load ("[ice]\nturn-servers=turn:u:hunter2@h;turn:u:hunter3\n", NULL, NULL, &error);
  g_autoptr (VgwConfig) bad_file = config_load ("[ice]\nturn-servers-file=turn\n", NULL, NULL, &file_error);
  g_autoptr (VgwConfig) good =
      config_load_good ("[ice]\nturn-servers=turn:u:hunter2@h\nclient-servers=turn:h\n", NULL, NULL);
  g_autofree char *text = vgw_config_to_text (good);

  ck_assert_ptr_null (bad);
  config_assert_error (error, WORDS ("a.conf:2: [ice] turn-servers: item 2: must be turn:"));
  ck_assert_ptr_null (strstr (error->message, "hunter"));
  ck_assert_ptr_null (bad_file);
  config_assert_error (file_error, WORDS ("[ice] turn-servers-file", path, "item 2"));
  ck_assert_ptr_null (strstr (file_error->message, "hunter"));
  ck_assert_ptr_null (strstr (text, "hunter"));
  ck_assert_ptr_nonnull (strstr (text, "# turn-servers is set (1) and hidden\n"));
}
END_TEST

START_TEST (files_that_cannot_be_read_are_named)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VgwConfig) absent = vgw_config_load ("/nonexistent/x.conf", NULL, NULL, &error);

  ck_assert_ptr_null (absent);
  config_assert_error (error, WORDS ("/nonexistent/x.conf", "No such file"));
  g_clear_error (&error);
  ck_assert_ptr_null (vgw_config_load (config_directory, NULL, NULL, &error));
  config_assert_error (error, WORDS (config_directory));
  assert_bad_file ("[ice]\nturn-servers-file=absent\n", WORDS ("[ice] turn-servers-file", "absent", "No such file"));
  assert_bad_file ("[ice]\nturn-servers-file=\n", WORDS ("[ice] turn-servers-file"));
  assert_bad_setting ("ice.turn-servers-file=/dev/zero", WORDS ("/dev/zero", "larger than"));
}
END_TEST

static void
assert_bad_bytes (const char *bytes, gsize length, const char *const *words)
{
  g_autofree char *path = config_write ("b.conf", bytes, (gssize) length);
  g_autoptr (GError) error = NULL;

  ck_assert_ptr_null (vgw_config_load (path, NULL, NULL, &error));
  config_assert_error (error, words);
}

START_TEST (files_that_are_no_text_are_refused)
{
  static const char with_nul[] = "[http]\nport=1\0"
                                 "2\n";
  gsize too_large = 1024 * 1024 + 1;
  g_autofree char *large = g_malloc (too_large);

  assert_bad_bytes (with_nul, sizeof with_nul - 1, WORDS ("b.conf", "UTF-8"));
  assert_bad_bytes ("[http]\n#\xff\n", 10, WORDS ("b.conf", "UTF-8"));
  memset (large, '#', too_large);
  assert_bad_bytes (large, too_large, WORDS ("b.conf", "larger than 1048576"));
}
END_TEST

START_TEST (a_huge_list_is_refused)
{
  g_autofree char *setting = g_malloc0 (20000);

  strcpy (setting, "access.origins=");
  for (int i = 0; i < 5000; i++)
    strcpy (setting + strlen ("access.origins=") + 2 * i, "*;");
  assert_bad_setting (setting, WORDS ("--set access.origins", "at most 1000"));
}
END_TEST

START_TEST (long_values_are_cut_in_errors)
{
  g_autofree char *value = g_strnfill (100000, 'x');
  g_autofree char *setting = g_strconcat ("http.port=", value, NULL);
  g_autofree char *key = g_strconcat ("http.", value, "=1", NULL);
  g_autofree char *variable = g_strconcat ("VGW_", value, "=1", NULL);
  g_autoptr (GError) error = NULL;

  ck_assert_ptr_null (config_load ("", NULL, WORDS (setting), &error));
  ck_assert_uint_lt (strlen (error->message), 300);
  g_clear_error (&error);
  ck_assert_ptr_null (config_load ("", NULL, WORDS (key), &error));
  ck_assert_uint_lt (strlen (error->message), 300);
  g_clear_error (&error);
  ck_assert_ptr_null (config_load ("", WORDS (variable), NULL, &error));
  ck_assert_uint_lt (strlen (error->message), 300);
}
END_TEST

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-config");
  TCase *parsing = tcase_create ("parsing");

  tcase_add_checked_fixture (parsing, config_fixture_set_up, config_fixture_tear_down);
  tcase_add_test (parsing, defaults_are_those_of_the_design);
  tcase_add_test (parsing, defaults_of_media_and_limits_are_those_of_the_design);
  tcase_add_test (parsing, every_type_is_read_from_a_file);
  tcase_add_test (parsing, settings_go_before_environment_before_file_before_default);
  tcase_add_test (parsing, every_key_has_a_variable_and_a_setting);
  tcase_add_test (parsing, numbers_out_of_range_name_the_range);
  tcase_add_test (parsing, wrong_words_name_the_right_ones);
  tcase_add_test (parsing, addresses_are_checked);
  tcase_add_test (parsing, unknown_names_get_a_suggestion);
  tcase_add_test (parsing, far_names_get_no_suggestion);
  tcase_add_test (parsing, settings_need_a_group_a_key_and_a_value);
  tcase_add_test (parsing, values_may_hold_what_separates);
  tcase_add_test (parsing, bad_text_is_refused);
  tcase_add_test (parsing, an_open_listener_must_be_wanted);
  tcase_add_test (parsing, token_mode_needs_keys_that_only_the_gateway_can_read);
  tcase_add_test (parsing, the_admin_listener_is_for_this_machine_or_needs_a_token);
  tcase_add_test (parsing, port_ranges_are_ranges);
  tcase_add_test (parsing, pipelines_are_names);
  tcase_add_test (parsing, secrets_come_from_files);
  tcase_add_test (parsing, credentials_are_files_of_the_service_manager);
  tcase_add_test (parsing, a_secret_set_twice_is_refused);
  tcase_add_test (parsing, secrets_are_never_told);
  tcase_add_test (parsing, files_that_cannot_be_read_are_named);
  tcase_add_test (parsing, files_that_are_no_text_are_refused);
  tcase_add_test (parsing, a_huge_list_is_refused);
  tcase_add_test (parsing, long_values_are_cut_in_errors);
  suite_add_tcase (suite, parsing);
  return suite;
}
