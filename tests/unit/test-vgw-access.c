/* Who may call and what for: engines by name, and what a page says of itself. */
#include "access/vgw-access.h"

#include "access/vgw-token.h"
#include "run-suite.h"
#include "session-table-test.h"

static VgwSessionTable *table;
static VgwAccess *access_; /* access () is POSIX's */

static void
set_up (void)
{
  VgwAccessSettings settings = { .default_engine = "echo" };

  set_up_context ();
  table = vgw_session_table_new (&test_context);
  settings.engines = test_context.engine_shared.engines;
  settings.table = table;
  access_ = vgw_access_new (&settings);
}

static void
tear_down (void)
{
  g_clear_pointer (&access_, vgw_access_free);
  g_clear_object (&table);
  tear_down_context ();
}

static VgwEngineConfig *
add_engine (const char *name)
{
  VgwEngineConfig *config = vgw_engine_config_new (name, "echo");

  g_ptr_array_add (test_context.engine_shared.engines, config);
  return config;
}

static gboolean
is_refused_origin (const char *origin, const char *host)
{
  const VgwAccessRequest request = { .address = "127.0.0.1", .host = host, .origin = origin };
  VgwRefusal refusal;
  g_autoptr (GError) error = NULL;
  g_autoptr (VgwGrant) grant = vgw_access_grant (access_, &request, &refusal, &error);

  ck_assert (grant != NULL || refusal == VGW_REFUSAL_ORIGIN);
  ck_assert (grant != NULL || g_error_matches (error, VGW_ERROR, VGW_ERROR_UNAUTHORIZED));
  return grant == NULL;
}

/* DNS rebinding: the name of a page is resolved to this machine, and its origin is the Host. */
START_TEST (a_name_is_no_own_origin_of_an_open_gateway)
{
  static const char *const origins[] = { "https://shop.example", NULL };
  VgwAccessSettings settings = {
    .default_engine = "echo", .origins = origins, .engines = test_context.engine_shared.engines, .table = table
  };

  vgw_access_configure (access_, &settings);
  ck_assert (is_refused_origin ("http://evil.example:8080", "evil.example:8080"));
  ck_assert (is_refused_origin ("http://evil.example", "evil.example"));
  ck_assert (is_refused_origin ("http://127.0.0.1.evil.example", "127.0.0.1.evil.example"));
  ck_assert (is_refused_origin ("http://evil.example:8080", NULL));
  ck_assert (is_refused_origin ("http://evil.example:8080", "127.0.0.1:8080"));
  ck_assert (!is_refused_origin ("http://127.0.0.1:8080", "127.0.0.1:8080"));
  ck_assert (!is_refused_origin ("http://localhost:8080", "localhost:8080"));
  ck_assert (!is_refused_origin ("http://[::1]:8080", "[::1]:8080"));
  ck_assert (!is_refused_origin ("https://shop.example", "shop.example"));
  ck_assert (!is_refused_origin (NULL, "evil.example"));
  settings.allows_open_network = TRUE;
  vgw_access_configure (access_, &settings);
  ck_assert (!is_refused_origin ("http://gateway.example", "gateway.example"));
}
END_TEST

static VgwGrant *
grant_query (const char *query, GError **error)
{
  const VgwAccessRequest request = { .address = "192.0.2.1", .query = query };
  VgwRefusal refusal;
  VgwGrant *grant = vgw_access_grant (access_, &request, &refusal, error);

  ck_assert (grant != NULL || refusal == VGW_REFUSAL_ENGINE);
  return grant;
}

/* --- engines --- */

START_TEST (a_client_chooses_among_those_that_are_selectable)
{
  g_autoptr (VgwGrant) open = NULL, own = NULL, plain = NULL;
  g_autoptr (VgwSession) session = NULL;
  VgwRefusal refusal;
  Client *client;

  add_engine ("hidden");
  add_engine ("open")->is_selectable = TRUE;
  open = grant_query ("a=b&engine=open", NULL);
  session = g_object_ref (vgw_session_table_create (table, open, &refusal, NULL));
  client = client_watch (session);
  vgw_session_start (session);
  client_flush (client);
  ck_assert_str_eq (client_last (client)->engine, "open");
  ck_assert_uint_eq (g_strv_length (client_last (client)->engines), 2);
  ck_assert_str_eq (client_last (client)->engines[0], "echo"); /* the default is always there to ask for */
  ck_assert_str_eq (client_last (client)->engines[1], "open");
  ck_assert_str_eq (open->address, "192.0.2.1");
  own = grant_query ("engine=echo", NULL);
  ck_assert_str_eq (own->engine->name, "echo");
  plain = grant_query (NULL, NULL);
  ck_assert_str_eq (plain->engine->name, "echo");
  vgw_session_table_shutdown (table);
  client_free (client);
}
END_TEST

START_TEST (no_other_name_is_an_engine)
{
  static const char *const queries[] = { "engine=hidden", "engine=absent",  "engine=",    "engine=ws://evil.example/",
                                         "engine=ECHO",   "engine=echo%20", "engine=%00", "%" };
  VgwSessionStats stats;

  add_engine ("hidden");
  for (guint i = 0; i < G_N_ELEMENTS (queries); i++)
    {
      g_autoptr (GError) error = NULL;

      ck_assert_ptr_null (grant_query (queries[i], &error));
      ck_assert (g_error_matches (error, VGW_ERROR, VGW_ERROR_BAD_REQUEST));
      ck_assert_str_eq (vgw_error_to_wire (error), "bad-request");
      ck_assert_str_eq (error->message,
                        "no such engine, or it is not selectable"); /* the same whether it is there or not */
    }
  vgw_session_table_get_stats (table, &stats);
  ck_assert_uint_eq (stats.refused[VGW_REFUSAL_ENGINE], G_N_ELEMENTS (queries));
}
END_TEST

/* --- tokens --- */

#define KEY "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define OTHER_KEY "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static const char *const keys_a[] = { "a: " KEY, NULL };
static const char *const keys_b[] = { "b: " OTHER_KEY, NULL };

/* Tokens are needed from here on, signed with one of @keys. */
static void
need_tokens_for (const char *audience, const char *const *keys)
{
  const VgwAccessSettings settings = {
    .mode = VGW_ACCESS_TOKEN,
    .token_keys = keys,
    .token_audience = audience,
    .engines = test_context.engine_shared.engines,
    .default_engine = "echo",
    .table = table,
  };

  vgw_access_configure (access_, &settings);
}

static void
need_tokens (const char *const *keys)
{
  need_tokens_for ("voice-gateway", keys);
}

/* A good token that grants @token, signed with the first of @keys. (transfer full) */
static char *
mint (const VgwToken *token, const char *const *lines)
{
  g_autoptr (GHashTable) keys = vgw_token_read_keys (lines, NULL);
  g_autofree char *id = g_strndup (lines[0], 1);
  char *text = vgw_token_mint (token, keys, id, "voice-gateway", g_get_real_time () / G_USEC_PER_SEC, 60, NULL);

  ck_assert_ptr_nonnull (text);
  return text;
}

static VgwGrant *
grant_with_token (const char *text, const char *query, VgwRefusal *refusal)
{
  g_autofree char *header = text != NULL ? g_strconcat ("Bearer ", text, NULL) : NULL;
  const VgwAccessRequest request = { .address = "192.0.2.1", .authorization = header, .query = query };

  return vgw_access_grant (access_, &request, refusal, NULL);
}

START_TEST (a_token_comes_in_three_ways)
{
  g_autofree char *text = mint (&(VgwToken){ .identity = "alice" }, keys_a);
  g_autofree char *header = g_strconcat ("bearer  ", text, NULL);
  g_autofree char *subprotocols = g_strconcat ("voice-gateway, voice-gateway.token.", text, NULL);
  g_autofree char *query = g_strconcat ("engine=echo&token=", text, NULL);
  const VgwAccessRequest requests[] = { { .authorization = header },
                                        { .subprotocols = subprotocols },
                                        { .query = query } };

  need_tokens (keys_a);
  for (guint i = 0; i < G_N_ELEMENTS (requests); i++)
    {
      VgwRefusal refusal;
      g_autoptr (VgwGrant) grant = vgw_access_grant (access_, &requests[i], &refusal, NULL);

      ck_assert_msg (grant != NULL, "way %u", i);
      ck_assert_str_eq (grant->identity, "alice");
      ck_assert (grant->parameters == NULL || !g_hash_table_contains (grant->parameters, "token"));
    }
}
END_TEST

START_TEST (without_a_good_token_there_is_no_grant)
{
  static const VgwAccessRequest without[] = { { .address = "192.0.2.1" },
                                              { .authorization = "Basic YTpi" },
                                              { .authorization = "Bearer" },
                                              { .subprotocols = "voice-gateway" },
                                              { .query = "engine=echo" } };
  static const VgwAccessRequest bad[] = { { .authorization = "Bearer x" },
                                          { .authorization = "Bearer " },
                                          { .subprotocols = "voice-gateway.token., voice-gateway" },
                                          { .query = "token=" },
                                          { .query = "token=%" } };
  g_autofree char *other = mint (&(VgwToken){ 0 }, keys_b);
  VgwSessionStats stats;
  VgwRefusal refusal;

  need_tokens (keys_a);
  for (guint i = 0; i < G_N_ELEMENTS (without); i++)
    {
      g_autoptr (GError) error = NULL;

      ck_assert_ptr_null (vgw_access_grant (access_, &without[i], &refusal, &error));
      ck_assert_uint_eq (refusal, VGW_REFUSAL_NO_TOKEN);
      ck_assert_str_eq (vgw_error_to_wire (error), "unauthorized");
    }
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      ck_assert_ptr_null (vgw_access_grant (access_, &bad[i], &refusal, NULL));
      ck_assert_uint_eq (refusal, VGW_REFUSAL_TOKEN);
    }
  ck_assert_ptr_null (grant_with_token (other, NULL, &refusal));
  ck_assert_uint_eq (refusal, VGW_REFUSAL_TOKEN);
  vgw_session_table_get_stats (table, &stats);
  ck_assert_uint_eq (stats.refused[VGW_REFUSAL_NO_TOKEN], G_N_ELEMENTS (without));
  ck_assert_uint_eq (stats.refused[VGW_REFUSAL_TOKEN], G_N_ELEMENTS (bad) + 1);
}
END_TEST

START_TEST (keys_rotate)
{
  static const char *const both[] = { "a: " KEY, "b: " OTHER_KEY, NULL };
  g_autofree char *old = mint (&(VgwToken){ 0 }, keys_a), *fresh = mint (&(VgwToken){ 0 }, keys_b);
  VgwRefusal refusal;

  need_tokens (both);
  vgw_grant_unref (grant_with_token (old, NULL, &refusal));
  vgw_grant_unref (grant_with_token (fresh, NULL, &refusal));
  need_tokens (keys_b);
  ck_assert_ptr_null (grant_with_token (old, NULL, &refusal));
  vgw_grant_unref (grant_with_token (fresh, NULL, &refusal));
  need_tokens (NULL);
  ck_assert_ptr_null (grant_with_token (fresh, NULL, &refusal));
}
END_TEST

/* The grant of a client that has @secret, and would like @model (nullable). */
static VgwGrant *
grant_with_secret (const char *secret, const char *model, gboolean has_secrets, VgwRefusal *refusal)
{
  g_autofree char *header = g_strconcat ("Bearer ", secret, NULL);
  const VgwAccessRequest request = {
    .address = "192.0.2.1", .authorization = header, .model = model, .has_secrets = has_secrets
  };

  return vgw_access_grant (access_, &request, refusal, NULL);
}

/* (transfer full) */
static char *
issue_secret (const char *token, VgwRefusal *refusal)
{
  g_autofree char *header = token != NULL ? g_strconcat ("Bearer ", token, NULL) : NULL;
  const VgwAccessRequest request = { .address = "192.0.2.9", .authorization = header };
  const VgwClientSecret *secret = vgw_access_issue_secret (access_, &request, "{}", 60, refusal, NULL);

  return secret != NULL ? g_strdup (secret->value) : NULL;
}

START_TEST (a_client_secret_grants_what_the_token_did)
{
  char *names[] = { "hidden", "echo", NULL };
  g_autofree char *token = mint (&(VgwToken){ "alice", names, 90, "{\"id\":1}", 0 }, keys_a);
  g_autofree char *secret = NULL, *again = NULL, *without = NULL;
  g_autoptr (VgwGrant) plain = NULL, liked = NULL, unknown = NULL;
  VgwRefusal refusal;

  add_engine ("hidden");
  add_engine ("open")->is_selectable = TRUE;
  need_tokens (keys_a);
  secret = issue_secret (token, &refusal);
  plain = grant_with_secret (secret, NULL, TRUE, &refusal);
  ck_assert_str_eq (plain->engine->name, "echo");
  ck_assert_str_eq (plain->identity, "alice");
  ck_assert_uint_eq (plain->max_duration_s, 90);
  ck_assert_str_eq (plain->metadata, "{\"id\":1}");
  ck_assert_str_eq (plain->address, "192.0.2.1"); /* of the page, not of the server */
  liked = grant_with_secret (secret, "hidden", TRUE, &refusal);
  ck_assert_str_eq (liked->engine->name, "hidden");
  unknown = grant_with_secret (secret, "open", TRUE, &refusal); /* not of the token */
  ck_assert_str_eq (unknown->engine->name, "echo");
  ck_assert_ptr_null (grant_with_secret (secret, NULL, FALSE, &refusal));
  ck_assert_uint_eq (refusal, VGW_REFUSAL_TOKEN);
  ck_assert_ptr_null (grant_with_secret ("ek_x", NULL, TRUE, &refusal));
  ck_assert_uint_eq (refusal, VGW_REFUSAL_TOKEN);
  /* no secret for who has none but a secret, or nothing */
  again = issue_secret (secret, &refusal);
  ck_assert_ptr_null (again);
  ck_assert_uint_eq (refusal, VGW_REFUSAL_TOKEN);
  without = issue_secret (NULL, &refusal);
  ck_assert_ptr_null (without);
  ck_assert_uint_eq (refusal, VGW_REFUSAL_NO_TOKEN);
}
END_TEST

/* A page with a token of a minute gets no secret of two hours. */
START_TEST (a_client_secret_does_not_outlive_its_token)
{
  g_autofree char *token = mint (&(VgwToken){ 0 }, keys_a);
  g_autofree char *header = g_strconcat ("Bearer ", token, NULL);
  const VgwAccessRequest asked = { .address = "192.0.2.1", .authorization = header };
  const VgwAccessRequest nobody = { .address = "192.0.2.1" };
  gint64 now_s = g_get_real_time () / G_USEC_PER_SEC;
  const VgwClientSecret *secret;
  VgwRefusal refusal;

  secret = vgw_access_issue_secret (access_, &nobody, NULL, 7200, &refusal, NULL);
  ck_assert_int_le (secret->expires_at_s, now_s + 602);
  need_tokens (keys_a);
  secret = vgw_access_issue_secret (access_, &asked, NULL, 7200, &refusal, NULL);
  ck_assert_ptr_nonnull (secret);
  ck_assert_int_le (secret->expires_at_s, now_s + 62);
  secret = vgw_access_issue_secret (access_, &asked, NULL, 10, &refusal, NULL);
  ck_assert_int_le (secret->expires_at_s, now_s + 12);
}
END_TEST

START_TEST (client_secrets_end_with_the_audience_of_their_token)
{
  g_autofree char *token = mint (&(VgwToken){ 0 }, keys_a);
  g_autofree char *secret = NULL;
  VgwRefusal refusal;

  need_tokens (keys_a);
  secret = issue_secret (token, &refusal);
  need_tokens_for ("voice-gateway", keys_a);
  vgw_grant_unref (grant_with_secret (secret, NULL, TRUE, &refusal));
  need_tokens_for ("shop", keys_a);
  ck_assert_ptr_null (grant_with_secret (secret, NULL, TRUE, &refusal));
}
END_TEST

START_TEST (there_are_no_client_secrets_while_the_gateway_drains)
{
  g_autofree char *secret = NULL;
  VgwRefusal refusal;

  vgw_session_table_drain (table);
  secret = issue_secret (NULL, &refusal);
  ck_assert_ptr_null (secret);
  ck_assert_uint_eq (refusal, VGW_REFUSAL_SHUTDOWN);
}
END_TEST

START_TEST (client_secrets_end_with_the_key_that_signed_the_token)
{
  static const char *const both[] = { "a: " KEY, "b: " OTHER_KEY, NULL };
  g_autofree char *token = mint (&(VgwToken){ 0 }, keys_a);
  g_autofree char *open = NULL, *secret = NULL;
  VgwRefusal refusal;

  open = issue_secret (NULL, &refusal); /* it grants nothing that all do not have */
  need_tokens (keys_a);
  ck_assert_ptr_null (grant_with_secret (open, NULL, TRUE, &refusal));
  secret = issue_secret (token, &refusal);
  need_tokens (both);
  vgw_grant_unref (grant_with_secret (secret, NULL, TRUE, &refusal));
  need_tokens (keys_b);
  ck_assert_ptr_null (grant_with_secret (secret, NULL, TRUE, &refusal));
}
END_TEST

START_TEST (a_verdict_changes_engine_and_metadata)
{
  const VgwEngineConfig one = { .name = (char *) "one" }, other = { .name = (char *) "other" };
  g_autoptr (VgwGrant) grant = vgw_grant_new ("192.0.2.1", &one, g_strsplit ("one", ",", -1));

  vgw_grant_decide (grant, NULL, NULL);
  ck_assert_ptr_eq (grant->engine, &one);
  ck_assert_ptr_null (grant->metadata);
  vgw_grant_set_token (grant, "alice", 0, "{\"plan\":\"free\"}");
  vgw_grant_decide (grant, &other, "{\"plan\":{\"name\":\"gold\"},\"vip\":true}");
  ck_assert_ptr_eq (grant->engine, &other);
  ck_assert_str_eq (grant->metadata, "{\"plan\":{\"name\":\"gold\"},\"vip\":true}");
}
END_TEST

START_TEST (a_token_decides_about_engines_duration_and_metadata)
{
  char *names[] = { "hidden", "absent", NULL }, *none[] = { NULL };
  g_autofree char *text = mint (&(VgwToken){ "alice", names, 90, "{\"id\":1}", 0 }, keys_a);
  g_autofree char *plain = mint (&(VgwToken){ 0 }, keys_a);
  g_autofree char *for_nothing = mint (&(VgwToken){ .engines = none }, keys_a);
  g_autoptr (VgwGrant) first = NULL, asked = NULL, other = NULL;
  VgwRefusal refusal;

  add_engine ("hidden");
  add_engine ("open")->is_selectable = TRUE;
  need_tokens (keys_a);
  first = grant_with_token (text, NULL, &refusal); /* its first engine, since the default is not one of them */
  ck_assert_str_eq (first->engine->name, "hidden");
  ck_assert_uint_eq (g_strv_length (first->engines), 1);
  ck_assert_uint_eq (first->max_duration_s, 90);
  ck_assert_str_eq (first->metadata, "{\"id\":1}");
  asked = grant_with_token (text, "engine=hidden", &refusal);
  ck_assert_str_eq (asked->engine->name, "hidden");
  ck_assert_ptr_null (grant_with_token (text, "engine=echo", &refusal));
  ck_assert_uint_eq (refusal, VGW_REFUSAL_ENGINE);
  ck_assert_ptr_null (grant_with_token (text, "engine=absent", &refusal));
  ck_assert_ptr_null (grant_with_token (for_nothing, NULL, &refusal));
  ck_assert_uint_eq (refusal, VGW_REFUSAL_ENGINE);
  other = grant_with_token (plain, "engine=open", &refusal);
  ck_assert_str_eq (other->engine->name, "open");
  ck_assert_ptr_null (grant_with_token (plain, "engine=hidden", &refusal));
}
END_TEST

/* --- who calls --- */

static const struct
{
  const char *query;
  const char *picked; /* joined by ' ' */
} queries[] = {
  { NULL, "" },
  { "", "" },
  { "customer=42&token=secret&language=de", "customer 42 language de" }, /* in the operator's order, and no others */
  { "language=de&customer=a+b%20%C3%BC&engine=x", "customer a b ü language de" },
  { "Customer=42", "" },
  { "customer=", "customer " },
  { "customer=1&customer=2", "customer 2" },
  { "customer=%FF", "" },
  { "customer=%00x", "" },
  { "customer", "" },
  { "&&=&customer=42&%", "" }, /* what cannot be read has nothing */
};

START_TEST (an_engine_gets_the_parameters_that_it_may_have)
{
  const char *const names[] = { "customer", "language", NULL };
  VgwEngineConfig *config = get_engine_config ();
  g_autoptr (VgwGrant) grant = make_grant (NULL, "echo");
  g_auto (GStrv) picked = NULL;
  g_autofree char *joined = NULL;

  g_strfreev (config->pass_parameters);
  config->pass_parameters = g_strdupv ((char **) names);
  vgw_grant_set_page (grant, NULL, NULL, queries[_i].query);
  picked = vgw_grant_pick_parameters (grant, config, NULL);
  joined = g_strjoinv (" ", picked);
  ck_assert_str_eq (joined, queries[_i].picked);
}
END_TEST

START_TEST (what_a_page_says_of_itself_is_bounded_and_valid)
{
  g_autoptr (VgwGrant) grant = make_grant (NULL, "echo");
  g_autofree char *long_text = g_strnfill (511, 'x');
  g_autofree char *agent = g_strconcat (long_text, "üüü", NULL);
  g_autofree char *value = g_strnfill (1025, 'v');
  g_autofree char *query = g_strdup_printf ("customer=%s", value);
  const char *const names[] = { "customer", NULL };
  VgwEngineConfig *config = get_engine_config ();
  g_auto (GStrv) picked = NULL;

  g_strfreev (config->pass_parameters);
  config->pass_parameters = g_strdupv ((char **) names);
  vgw_grant_set_page (grant, "https://\xff.example", agent, query);
  ck_assert_str_eq (grant->origin, "https://\xef\xbf\xbd.example");
  ck_assert_str_eq (grant->user_agent, long_text); /* no half of a character */
  picked = vgw_grant_pick_parameters (grant, config, NULL);
  ck_assert_uint_eq (g_strv_length (picked), 0);
  vgw_grant_set_page (grant, agent, NULL, query + strlen ("customer="));
  ck_assert_ptr_null (grant->origin); /* a part of an origin is another one */
  ck_assert_ptr_null (grant->user_agent);
}
END_TEST

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-access");
  TCase *engines = tcase_create ("engines");
  TCase *tokens = tcase_create ("tokens");
  TCase *caller = tcase_create ("caller");

  tcase_add_checked_fixture (engines, set_up, tear_down);
  tcase_add_test (engines, a_name_is_no_own_origin_of_an_open_gateway);
  tcase_add_test (engines, a_client_chooses_among_those_that_are_selectable);
  tcase_add_test (engines, no_other_name_is_an_engine);
  suite_add_tcase (suite, engines);
  tcase_add_checked_fixture (tokens, set_up, tear_down);
  tcase_add_test (tokens, a_token_comes_in_three_ways);
  tcase_add_test (tokens, without_a_good_token_there_is_no_grant);
  tcase_add_test (tokens, keys_rotate);
  tcase_add_test (tokens, a_client_secret_grants_what_the_token_did);
  tcase_add_test (tokens, a_client_secret_does_not_outlive_its_token);
  tcase_add_test (tokens, client_secrets_end_with_the_audience_of_their_token);
  tcase_add_test (tokens, there_are_no_client_secrets_while_the_gateway_drains);
  tcase_add_test (tokens, client_secrets_end_with_the_key_that_signed_the_token);
  tcase_add_test (tokens, a_verdict_changes_engine_and_metadata);
  tcase_add_test (tokens, a_token_decides_about_engines_duration_and_metadata);
  suite_add_tcase (suite, tokens);
  tcase_add_checked_fixture (caller, set_up, tear_down);
  tcase_add_loop_test (caller, an_engine_gets_the_parameters_that_it_may_have, 0, G_N_ELEMENTS (queries));
  tcase_add_test (caller, what_a_page_says_of_itself_is_bounded_and_valid);
  suite_add_tcase (suite, caller);
  return suite;
}
