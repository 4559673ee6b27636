/* The admin listener, asked by libsoup's client. */
#include "admin/vgw-admin-server.h"

#include <libsoup/soup.h>
#include <stdlib.h>

#include "admin/vgw-admin-metrics.h"
#include "admin/vgw-admin-process.h"
#include "app/vgw-readiness.h"
#include "base/vgw-histogram.h"
#include "base/vgw-json.h"
#include "base/vgw-log.h"
#include "metrics-page.h"
#include "net/vgw-http-origin.h"
#include "run-suite.h"
#include "session-table-test.h"

#define MAX_SESSIONS 4
#define MAX_PER_ADDRESS 2
#define N_HANGING 40 /* more than the listener takes */

static VgwSessionTable *table;
static VgwAdminServer *server;
static SoupSession *client;
static VgwLoopWatch *loop_watch;
static VgwReadiness *readiness;

static void
set_up (void)
{
  g_autoptr (GError) error = NULL;
  VgwAdminSettings settings = { .address = "127.0.0.1" };

  set_up_context ();
  test_context.limits.max_sessions = MAX_SESSIONS;
  test_context.limits.max_sessions_per_address = MAX_PER_ADDRESS;
  table = vgw_session_table_new (&test_context);
  settings.table = table;
  settings.loop_watch = loop_watch = vgw_loop_watch_new ();
  server = vgw_admin_server_new (&settings, &error);
  ck_assert_msg (server != NULL, "%s", error != NULL ? error->message : "");
  readiness = vgw_readiness_new (&(VgwReadinessSettings){ .table = table,
                                                          .loop_watch = loop_watch,
                                                          .limits = &test_context.limits,
                                                          .admin = vgw_admin_server_get_http (server) });
  client = soup_session_new ();
}

static void
tear_down (void)
{
  soup_session_abort (client);
  g_clear_object (&client);
  g_clear_pointer (&server, vgw_admin_server_free);
  g_clear_pointer (&readiness, vgw_readiness_free);
  g_clear_pointer (&loop_watch, vgw_loop_watch_free);
  g_clear_object (&table);
  settle ();
  tear_down_context ();
}

/* --- asking --- */

typedef struct
{
  SoupMessage *message;
  char *text; /* the body */
  gboolean is_done;
} Reply;

static void
reply_free (Reply *reply)
{
  g_object_unref (reply->message);
  g_free (reply->text);
  g_free (reply);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Reply, reply_free)

static void
on_reply (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Reply *reply = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) body = soup_session_send_and_read_finish (SOUP_SESSION (source), result, &error);

  ck_assert_msg (body != NULL, "%s", error != NULL ? error->message : "");
  reply->text = g_malloc0 (g_bytes_get_size (body) + 1);
  if (g_bytes_get_size (body) > 0)
    memcpy (reply->text, g_bytes_get_data (body, NULL), g_bytes_get_size (body));
  reply->is_done = TRUE;
}

/* @host (nullable): in place of the real one. */
static Reply *
ask (const char *method, const char *path, const char *host)
{
  Reply *reply = g_new0 (Reply, 1);
  g_autofree char *base = vgw_http_server_get_url (vgw_admin_server_get_http (server));
  g_autofree char *url = g_strconcat (base, path + 1, NULL);

  reply->message = soup_message_new (method, url);
  if (host != NULL)
    soup_message_headers_replace (soup_message_get_request_headers (reply->message), "Host", host);
  soup_session_send_and_read_async (client, reply->message, G_PRIORITY_DEFAULT, NULL, on_reply, reply);
  WAIT_UNTIL (reply->is_done);
  ck_assert_str_eq (soup_message_headers_get_one (soup_message_get_response_headers (reply->message), "Connection"),
                    "close");
  return reply;
}

static Reply *
get (const char *path, guint status)
{
  Reply *reply = ask ("GET", path, NULL);

  ck_assert_msg (soup_message_get_status (reply->message) == status, "%s: %u %s", path,
                 soup_message_get_status (reply->message), reply->text);
  return reply;
}

static void
assert_header (Reply *reply, const char *name, const char *value)
{
  ck_assert_pstr_eq (soup_message_headers_get_one (soup_message_get_response_headers (reply->message), name), value);
}

static MetricsPage *
get_metrics (void)
{
  g_autoptr (Reply) reply = get ("/metrics", 200);

  assert_header (reply, "Content-Type", VGW_ADMIN_METRICS_TYPE);
  return metrics_page_parse (reply->text);
}

/* --- health --- */

START_TEST (health_is_said_to_whoever_asks)
{
  g_autoptr (Reply) health = get ("/healthz", 200);
  g_autoptr (Reply) ready = get ("/readyz", 200);

  ck_assert_str_eq (health->text, "ok\n");
  ck_assert_str_eq (ready->text, "ok\n");
  assert_header (health, "Cache-Control", "no-store");
}
END_TEST

START_TEST (a_gateway_that_shuts_down_is_healthy_but_not_ready)
{
  g_autoptr (Reply) health = NULL;
  g_autoptr (Reply) ready = NULL;

  vgw_session_table_shutdown (table);
  health = get ("/healthz", 200);
  ready = get ("/readyz", 503);
  ck_assert_str_eq (ready->text, "shutting-down\n");
}
END_TEST

/* --- what is not there --- */

START_TEST (only_what_is_documented_is_there)
{
  static const char *const paths[] = {
    "/ui/",        "/ui/nothing.js", "/ui/..%2findex.html", "/sessions/x/samples",
    "/ws",         "/sessions/",     "/metrics/",           "/sessions/x",
    "/healthz%2f", "/Healthz",       "//metrics",           "/sessions/..%2fmetrics"
  };

  for (guint i = 0; i < G_N_ELEMENTS (paths); i++)
    {
      g_autoptr (Reply) reply = get (paths[i], 404);

      ck_assert_uint_gt (strlen (reply->text), 0);
    }
}
END_TEST

START_TEST (the_dashboard_loads_nothing_from_elsewhere)
{
  static const char *const files[][2] = { { "/", "text/html; charset=utf-8" },
                                          { "/ui/dashboard.js", "text/javascript; charset=utf-8" },
                                          { "/ui/dashboard.css", "text/css; charset=utf-8" },
                                          { "/ui/favicon.svg", "image/svg+xml" } };

  for (guint i = 0; i < G_N_ELEMENTS (files); i++)
    {
      g_autoptr (Reply) reply = get (files[i][0], 200);
      const char *policy =
          soup_message_headers_get_one (soup_message_get_response_headers (reply->message), "Content-Security-Policy");

      assert_header (reply, "Content-Type", files[i][1]);
      assert_header (reply, "X-Content-Type-Options", "nosniff");
      ck_assert (g_str_has_prefix (policy, "default-src 'none'; script-src 'self';"));
      ck_assert_ptr_nonnull (strstr (policy, "frame-ancestors 'none'"));
      ck_assert_ptr_null (strstr (reply->text, "https://"));
    }
}
END_TEST

START_TEST (an_overview_takes_any_number_to_begin_with)
{
  static const char *const queries[] = {
    "", "?since=0", "?since=9999999999999999999999", "?since=-1", "?since=x", "?since", "?since=1&since=2"
  };

  for (guint i = 0; i < G_N_ELEMENTS (queries); i++)
    {
      g_autofree char *path = g_strconcat ("/overview", queries[i], NULL);
      g_autoptr (Reply) reply = get (path, 200);

      assert_header (reply, "Content-Type", "application/json");
    }
}
END_TEST

START_TEST (other_methods_change_nothing)
{
  static const char *const methods[] = { "POST", "PUT", "PATCH", "OPTIONS" };
  VgwSession *session = open_session (table, "192.0.2.1");
  g_autofree char *path = g_strconcat ("/sessions/", vgw_session_get_id (session), NULL);

  for (guint i = 0; i < G_N_ELEMENTS (methods); i++)
    {
      g_autoptr (Reply) reply = ask (methods[i], path, NULL);

      ck_assert_uint_eq (soup_message_get_status (reply->message), 405);
      assert_header (reply, "Allow", "GET, HEAD, DELETE");
    }
  ck_assert_uint_eq (vgw_session_table_count (table), 1);
}
END_TEST

START_TEST (head_is_get_without_a_body)
{
  g_autoptr (Reply) reply = ask ("HEAD", "/healthz", NULL);

  ck_assert_uint_eq (soup_message_get_status (reply->message), 200);
  ck_assert_str_eq (reply->text, "");
  assert_header (reply, "Content-Length", "3");
}
END_TEST

START_TEST (a_page_that_took_this_address_reads_nothing)
{
  g_autoptr (Reply) reply = ask ("GET", "/sessions", "evil.example:8081");
  g_autoptr (Reply) proxied = ask ("GET", "/sessions", "localhost");

  ck_assert_uint_eq (soup_message_get_status (reply->message), 403);
  ck_assert_ptr_nonnull (strstr (reply->text, "Host"));
  ck_assert_uint_eq (soup_message_get_status (proxied->message), 200);
}
END_TEST

START_TEST (a_local_host_is_an_address_or_localhost)
{
  static const char *const good[] = { "127.0.0.1", "127.0.0.1:8081", "localhost", "LocalHost:1",
                                      "[::1]",     "[::1]:8081",     "192.0.2.1" };
  static const char *const bad[] = {
    NULL,   "",       ":8081", "evil.example", "127.0.0.1.evil.example", "127.0.0.1:80x", "localhost.",
    "[::1", "[::1]x", "[]",    "[evil]:1",     "localhost evil",         "1.2.3"
  };

  for (guint i = 0; i < G_N_ELEMENTS (good); i++)
    ck_assert_msg (vgw_http_host_is_local (good[i]), "%s", good[i]);
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    ck_assert_msg (!vgw_http_host_is_local (bad[i]), "%s", bad[i] != NULL ? bad[i] : "none");
}
END_TEST

static GSocket *
hang (void)
{
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new_from_string (
      "127.0.0.1", vgw_http_server_get_port (vgw_admin_server_get_http (server)));
  GSocket *socket = g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, NULL);

  ck_assert (g_socket_connect (socket, address, NULL, NULL));
  ck_assert_int_gt (g_socket_send (socket, "GET ", 4, NULL, NULL), 0);
  return socket;
}

/* The oldest of those that hang goes for whoever asks. */
START_TEST (connections_that_hang_keep_nobody_out)
{
  g_autoptr (GPtrArray) sockets = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (Reply) served = NULL;

  for (guint i = 0; i < 2 * N_HANGING; i++)
    g_ptr_array_add (sockets, hang ());
  served = get ("/healthz", 200);
}
END_TEST

START_TEST (a_server_goes_while_it_is_asked)
{
  g_autoptr (GPtrArray) sockets = g_ptr_array_new_with_free_func (g_object_unref);

  for (guint i = 0; i < 5; i++)
    g_ptr_array_add (sockets, hang ());
  for (guint i = 0; i < 3; i++)
    ck_assert_int_gt (g_socket_send (sockets->pdata[i], "/metrics HTTP/1.1\r\nHost: ::1\r\n\r\n", 32, NULL, NULL), 0);
  g_main_context_iteration (NULL, FALSE);
  g_clear_pointer (&server, vgw_admin_server_free);
  settle ();
}
END_TEST

START_TEST (a_busy_port_is_an_error_that_names_it)
{
  g_autoptr (GError) error = NULL;
  const VgwAdminSettings settings = {
    .address = "127.0.0.1",
    .port = vgw_http_server_get_port (vgw_admin_server_get_http (server)),
    .table = table,
  };
  g_autofree char *port = g_strdup_printf ("port %u", settings.port);

  ck_assert_ptr_null (vgw_admin_server_new (&settings, &error));
  ck_assert_ptr_nonnull (strstr (error->message, port));
}
END_TEST

/* --- sessions --- */

static JsonArray *
parse_array (const char *text, JsonNode **node)
{
  *node = json_from_string (text, NULL);
  ck_assert_msg (*node != NULL && JSON_NODE_HOLDS_ARRAY (*node), "no array: %s", text);
  return json_node_get_array (*node);
}

static void
assert_session (JsonObject *object, VgwSession *session, const char *address)
{
  g_autoptr (GDateTime) started =
      g_date_time_new_from_iso8601 (json_object_get_string_member (object, "started"), NULL);
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  JsonObject *playout = json_object_get_object_member (object, "playout");
  GTimeSpan age_us;

  ck_assert_str_eq (json_object_get_string_member (object, "id"), vgw_session_get_id (session));
  ck_assert_str_eq (json_object_get_string_member (object, "state"), "new");
  ck_assert_str_eq (json_object_get_string_member (object, "engine"), "echo");
  ck_assert (json_object_get_null_member (object, "codec"));
  if (address != NULL)
    ck_assert_str_eq (json_object_get_string_member (object, "client_address"), address);
  else
    ck_assert (json_object_get_null_member (object, "client_address"));
  ck_assert_ptr_nonnull (started);
  age_us = g_date_time_difference (now, started);
  ck_assert (age_us >= 0 && age_us < DEADLINE_US);
  ck_assert_int_ge (json_object_get_int_member (object, "duration_ms"), 0);
  ck_assert_int_eq (json_object_get_int_member (playout, "queued_ms"), 0);
  ck_assert_int_eq (json_object_get_int_member (playout, "played_ms"), 0);
  ck_assert_int_eq (json_object_get_int_member (playout, "dropped_ms"), 0);
}

START_TEST (sessions_are_listed_the_oldest_first)
{
  g_autoptr (Reply) none = get ("/sessions", 200);
  g_autoptr (JsonNode) node = NULL;
  g_autoptr (Reply) reply = NULL;
  VgwSession *sessions[3];
  JsonArray *array;

  ck_assert_str_eq (none->text, "[]");
  assert_header (none, "Content-Type", "application/json");
  for (guint i = 0; i < G_N_ELEMENTS (sessions); i++)
    {
      gint64 at_us = g_get_real_time ();

      while (g_get_real_time () == at_us) /* no two in the same microsecond */
        continue;
      sessions[i] = open_session (table, i == 2 ? NULL : "2001:db8::1");
    }
  reply = get ("/sessions", 200);
  array = parse_array (reply->text, &node);
  ck_assert_uint_eq (json_array_get_length (array), G_N_ELEMENTS (sessions));
  for (guint i = 0; i < G_N_ELEMENTS (sessions); i++)
    assert_session (json_array_get_object_element (array, i), sessions[i], i == 2 ? NULL : "2001:db8::1");
}
END_TEST

START_TEST (one_session_is_found_by_its_id_until_it_ends)
{
  VgwSession *session = open_session (table, "192.0.2.7");
  g_autofree char *path = g_strconcat ("/sessions/", vgw_session_get_id (session), NULL);
  g_autoptr (Reply) reply = get (path, 200);
  g_autoptr (JsonObject) object = vgw_json_parse_object (reply->text, strlen (reply->text), NULL);
  g_autoptr (Reply) gone = NULL;

  ck_assert_ptr_nonnull (object);
  assert_session (object, session, "192.0.2.7");
  ck_assert_ptr_nonnull (json_object_get_array_member (object, "diagnosis"));
  end_session (session, VGW_END_CLIENT_BYE);
  gone = get (path, 404);
}
END_TEST

/* --- metrics --- */

START_TEST (sessions_are_counted_by_state_reason_and_cause)
{
  g_autoptr (MetricsPage) before = get_metrics ();
  g_autoptr (MetricsPage) page = NULL;
  g_autoptr (MetricsPage) later = NULL;

  ck_assert_double_eq (metrics_get (before, "vgw_sessions_started_total"), 0);
  open_session (table, "192.0.2.1");
  end_session (open_session (table, "192.0.2.1"), VGW_END_OFFER_TIMEOUT);
  vgw_session_table_refuse (table, VGW_REFUSAL_ENGINE, "192.0.2.1", NULL, "test");
  open_session (table, "192.0.2.1");
  assert_busy (table, "192.0.2.1");
  open_session (table, "192.0.2.2");
  open_session (table, "192.0.2.3");
  assert_busy (table, "192.0.2.4");
  assert_busy (table, "192.0.2.4");
  page = get_metrics ();
  ck_assert_double_eq (metrics_get (page, "vgw_sessions{state=\"new\"}"), 4);
  ck_assert_double_eq (metrics_get (page, "vgw_sessions{state=\"active\"}"), 0);
  ck_assert_double_eq (metrics_get (page, "vgw_sessions_started_total"), 5);
  ck_assert_double_eq (metrics_get (page, "vgw_sessions_ended_total{reason=\"offer-timeout\"}"), 1);
  ck_assert_double_eq (metrics_get (page, "vgw_sessions_refused_total{cause=\"engine\"}"), 1);
  ck_assert_double_eq (metrics_get (page, "vgw_sessions_refused_total{cause=\"max-sessions\"}"), 2);
  ck_assert_double_eq (metrics_get (page, "vgw_sessions_refused_total{cause=\"max-sessions-per-address\"}"), 1);

  vgw_session_table_shutdown (table);
  assert_busy (table, "192.0.2.1");
  later = get_metrics ();
  ck_assert_double_eq (metrics_get (later, "vgw_sessions{state=\"new\"}"), 0);
  ck_assert_double_eq (metrics_get (later, "vgw_sessions_ended_total{reason=\"shutdown\"}"), 4);
  ck_assert_double_eq (metrics_get (later, "vgw_sessions_refused_total{cause=\"shutdown\"}"), 1);
}
END_TEST

START_TEST (setup_times_are_a_histogram)
{
  g_autoptr (MetricsPage) page = NULL;
  VgwSession *session = open_session (table, "192.0.2.1");

  g_signal_emit_by_name (session, "active", (gint64) (30 * 1000));
  g_signal_emit_by_name (session, "active", (gint64) (50 * 1000));
  g_signal_emit_by_name (session, "active", (gint64) (60 * G_USEC_PER_SEC));
  page = get_metrics ();
  ck_assert_str_eq (g_hash_table_lookup (page->types, "vgw_setup_seconds"), "histogram");
  ck_assert_double_eq (metrics_get (page, "vgw_setup_seconds_bucket{le=\"0.025\"}"), 0);
  ck_assert_double_eq (metrics_get (page, "vgw_setup_seconds_bucket{le=\"0.05\"}"), 2);
  ck_assert_double_eq (metrics_get (page, "vgw_setup_seconds_bucket{le=\"20\"}"), 2);
  ck_assert_double_eq (metrics_get (page, "vgw_setup_seconds_bucket{le=\"+Inf\"}"), 3);
  ck_assert_double_eq_tol (metrics_get (page, "vgw_setup_seconds_sum"), 60.08, 1e-9);
}
END_TEST

START_TEST (a_histogram_counts_each_value_once)
{
  static const double bounds[] = { 1, 2 };
  VgwHistogram histogram;

  vgw_histogram_init (&histogram, bounds, G_N_ELEMENTS (bounds));
  ck_assert_uint_eq (vgw_histogram_count (&histogram), 0);
  for (int i = 0; i <= 6; i++)
    vgw_histogram_observe (&histogram, i * 0.5);
  ck_assert_uint_eq (histogram.counts[0], 3); /* 0, 0.5, 1 */
  ck_assert_uint_eq (histogram.counts[1], 2); /* 1.5, 2 */
  ck_assert_uint_eq (histogram.counts[2], 2); /* 2.5, 3 */
  ck_assert_uint_eq (vgw_histogram_count (&histogram), 7);
  ck_assert_double_eq (histogram.sum, 10.5);
}
END_TEST

START_TEST (the_process_is_measured)
{
  g_autoptr (MetricsPage) page = get_metrics ();
  g_autoptr (MetricsPage) again = get_metrics ();
  double now_s = (double) g_get_real_time () / G_USEC_PER_SEC;
  double started_s = metrics_get (page, "process_start_time_seconds");

  ck_assert_double_gt (metrics_get (page, "process_resident_memory_bytes"), 1e6);
  ck_assert_double_gt (metrics_get (page, "process_virtual_memory_bytes"),
                       metrics_get (page, "process_resident_memory_bytes"));
  ck_assert_double_ge (metrics_get (page, "process_threads"), 1);
  ck_assert_double_gt (metrics_get (page, "process_open_fds"), 3);
  ck_assert_double_gt (metrics_get (page, "process_max_fds"), metrics_get (page, "process_open_fds"));
  ck_assert_double_ge (metrics_get (again, "process_cpu_seconds_total"),
                       metrics_get (page, "process_cpu_seconds_total"));
  ck_assert (started_s < now_s + 1 && started_s > now_s - 3600);
  ck_assert_double_eq (started_s, metrics_get (again, "process_start_time_seconds"));
}
END_TEST

START_TEST (a_process_may_have_any_name)
{
  VgwAdminProcess process = { 0 };
  const char *evil = "1 (a) R) S 1 (b) S 1 2 3 4 5 6 7 8 9 10 300 100 13 14 15 16 7 18 1000 4096 2 0 0 0\n";
  const char *cut = "1 (a) S 1 2 3";

  ck_assert (vgw_admin_process_parse_stat (evil, &process));
  ck_assert_uint_eq (process.threads, 7);
  ck_assert_uint_eq (process.virtual_bytes, 4096);
  ck_assert_double_gt (process.cpu_s, 0);
  ck_assert (!vgw_admin_process_parse_stat (cut, &process));
  ck_assert (!vgw_admin_process_parse_stat ("", &process));
  ck_assert (!vgw_admin_process_parse_stat ("1 (a)", &process));
}
END_TEST

/* A row of the table in docs/ADMIN.md. */
static char *
document (const VgwAdminMetricInfo *info)
{
  g_autofree char *label = info->label != NULL ? g_strdup_printf ("`%s`", info->label) : g_strdup ("");

  return g_strdup_printf ("| `%s` | %s | %s | %s |\n", info->name, info->type, label, info->help);
}

START_TEST (the_table_and_its_documentation_agree)
{
  g_autofree char *path = g_build_filename (g_getenv ("VGW_TEST_SOURCE_ROOT"), "docs", "ADMIN.md", NULL);
  g_autoptr (GString) rows = g_string_new ("| metric | type | label | |\n|---|---|---|---|\n");
  g_autoptr (MetricsPage) page = get_metrics ();
  g_autofree char *text = NULL;
  g_auto (GStrv) wanted = NULL;
  VgwAdminMetricInfo info;
  const char *start;
  guint n_shown = 0;

  for (guint i = 0; vgw_admin_metrics_get_info (i, &info); i++)
    {
      g_autofree char *row = document (&info);
      const char *help = g_hash_table_lookup (page->helps, info.name);

      g_string_append (rows, row);
      if (help == NULL) /* without media there are none of these */
        {
          ck_assert_msg (g_str_has_prefix (info.name, "vgw_ice_") || g_str_has_prefix (info.name, "vgw_pacer_")
                             || g_str_has_prefix (info.name, "vgw_opus_") || g_str_has_prefix (info.name, "vgw_rtp_")
                             || g_str_has_prefix (info.name, "vgw_barge_in_") || strcmp (info.name, "vgw_peers") == 0,
                         "%s", info.name);
          continue;
        }
      n_shown++;
      ck_assert_str_eq (help, info.help);
      ck_assert_str_eq (g_hash_table_lookup (page->types, info.name), info.type);
    }
  ck_assert_uint_eq (n_shown, g_hash_table_size (page->types));
  ck_assert_msg (g_file_get_contents (path, &text, NULL, NULL), "cannot read %s", path);
  start = strstr (text, "| metric |");
  ck_assert_ptr_nonnull (start);
  wanted = g_strsplit (rows->str, "\n", -1);
  for (char **row = wanted; **row != '\0'; row++)
    {
      ck_assert_msg (g_str_has_prefix (start, *row), "docs/ADMIN.md must go on with:\n%s\nand not:\n%.300s", *row,
                     start);
      start += strlen (*row) + 1;
    }
  ck_assert_msg (*start == '\n', "docs/ADMIN.md has metrics that are not there");
}
END_TEST

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-admin");
  TCase *tcase = tcase_create ("admin");

  vgw_log_init (VGW_LOG_TEXT, G_LOG_LEVEL_CRITICAL);
  tcase_add_checked_fixture (tcase, set_up, tear_down);
  tcase_set_timeout (tcase, 60);
  tcase_add_test (tcase, health_is_said_to_whoever_asks);
  tcase_add_test (tcase, a_gateway_that_shuts_down_is_healthy_but_not_ready);
  tcase_add_test (tcase, only_what_is_documented_is_there);
  tcase_add_test (tcase, the_dashboard_loads_nothing_from_elsewhere);
  tcase_add_test (tcase, an_overview_takes_any_number_to_begin_with);
  tcase_add_test (tcase, other_methods_change_nothing);
  tcase_add_test (tcase, head_is_get_without_a_body);
  tcase_add_test (tcase, a_page_that_took_this_address_reads_nothing);
  tcase_add_test (tcase, a_local_host_is_an_address_or_localhost);
  tcase_add_test (tcase, connections_that_hang_keep_nobody_out);
  tcase_add_test (tcase, a_server_goes_while_it_is_asked);
  tcase_add_test (tcase, a_busy_port_is_an_error_that_names_it);
  tcase_add_test (tcase, sessions_are_listed_the_oldest_first);
  tcase_add_test (tcase, one_session_is_found_by_its_id_until_it_ends);
  tcase_add_test (tcase, sessions_are_counted_by_state_reason_and_cause);
  tcase_add_test (tcase, setup_times_are_a_histogram);
  tcase_add_test (tcase, a_histogram_counts_each_value_once);
  tcase_add_test (tcase, the_process_is_measured);
  tcase_add_test (tcase, a_process_may_have_any_name);
  tcase_add_test (tcase, the_table_and_its_documentation_agree);
  suite_add_tcase (suite, tcase);

  return suite;
}
