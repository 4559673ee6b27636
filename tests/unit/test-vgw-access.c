/* Who may call and what for: engines by name, and what a page says of itself. */
#include "access/vgw-access.h"

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
  TCase *caller = tcase_create ("caller");

  tcase_add_checked_fixture (engines, set_up, tear_down);
  tcase_add_test (engines, a_client_chooses_among_those_that_are_selectable);
  tcase_add_test (engines, no_other_name_is_an_engine);
  suite_add_tcase (suite, engines);
  tcase_add_checked_fixture (caller, set_up, tear_down);
  tcase_add_loop_test (caller, an_engine_gets_the_parameters_that_it_may_have, 0, G_N_ELEMENTS (queries));
  tcase_add_test (caller, what_a_page_says_of_itself_is_bounded_and_valid);
  suite_add_tcase (suite, caller);
  return suite;
}
