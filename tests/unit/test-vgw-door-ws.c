/* The door /ws over a real listener: who is let in, and how a refusal is told. What a session says is tested elsewhere. */
#include "doors/vgw-door-ws.h"

#include "base/vgw-error.h"
#include "http-fixture.h"
#include "manager/vgw-manager-factory.h"
#include "run-suite.h"
#include "signaling/vgw-message.h"

typedef struct
{
  Fixture http;
  VgwSessionContext context;
  VgwSessionTable *table;
  VgwAccess *access;
  VgwDoorWs *door;
} Door;

/* @origins (nullable) outlives it. */
static Door *
door_new (const char *const *origins, guint max_sessions)
{
  VgwHttpSettings settings = default_settings ();
  Door *self = g_new0 (Door, 1);
  GPtrArray *engines = g_ptr_array_new_with_free_func ((GDestroyNotify) vgw_engine_config_free);
  VgwAccessSettings access_settings = {
    .origins = origins, .engines = engines, .default_engine = "echo", .allows_open_network = TRUE
  };

  g_ptr_array_add (engines, vgw_engine_config_new ("echo", "echo"));
  self->context.engine_shared.engines = engines;
  self->context.limits.max_message_bytes = VGW_MESSAGE_MAX_BYTES;
  self->context.manager = vgw_manager_create (&(VgwManagerSettings){ 0 }, NULL);
  self->context.limits.max_sessions = max_sessions;
  self->table = vgw_session_table_new (&self->context);
  access_settings.table = self->table;
  self->access = vgw_access_new (&access_settings);
  settings.origins = origins;
  self->http.channels = g_ptr_array_new ();
  self->http.server = vgw_http_server_new (&settings, NULL);
  ck_assert_ptr_nonnull (self->http.server);
  self->door = vgw_door_ws_new (self->http.server, self->access, self->table);
  return self;
}

static void
door_free (Door *self)
{
  vgw_session_table_shutdown (self->table);
  g_clear_object (&self->http.server);
  g_ptr_array_unref (self->http.channels);
  vgw_door_ws_free (self->door);
  vgw_access_free (self->access);
  g_object_unref (self->table);
  g_object_unref (self->context.manager);
  g_ptr_array_unref (self->context.engine_shared.engines);
  g_free (self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Door, door_free)

static VgwSessionStats
get_stats (Door *self)
{
  VgwSessionStats stats;

  vgw_session_table_get_stats (self->table, &stats);
  return stats;
}

START_TEST (origins_are_checked_at_ws)
{
  static const char *const origins[] = { "https://good.example", "http://localhost:5173", NULL };
  g_autoptr (Door) door = door_new (origins, 0);
  Fixture *self = &door->http;
  g_autofree char *refused = NULL;

  refused = get (self, "/ws", WS_HANDSHAKE "Origin: https://evil.example\r\n");
  ck_assert_uint_eq (status_of (refused), 403);
  assert_has (refused, "access.origins");
  assert_has (refused, "https://evil.example");
  assert_get (self, "/ws", WS_HANDSHAKE "Origin: null\r\n", 403);
  assert_get (self, "/ws", WS_HANDSHAKE "Origin: http://gateway.test\r\n", 403);
  assert_get (self, "/ws", WS_HANDSHAKE "Origin: https://good.example.evil\r\n", 403);
  assert_get (self, "/ws", WS_HANDSHAKE "Origin: https://good.example\r\nOrigin: https://evil.example\r\n", 400);
  ck_assert_uint_eq (get_stats (door).started, 0);
  ck_assert_uint_eq (get_stats (door).refused[VGW_REFUSAL_ORIGIN], 4);
  ws_peer_free (dial_ws (self, ""));
  ws_peer_free (dial_ws (self, "Origin: http://gateway.test:8080\r\n"));
  ws_peer_free (dial_ws (self, "Origin: https://good.example\r\n"));
  ws_peer_free (dial_ws (self, "Origin: http://localhost:5173\r\n"));
  ck_assert_uint_eq (get_stats (door).started, 4);
}
END_TEST

/* What a sandboxed frame, a file and some apps send. Anybody can, so it is for the operator to allow. */
START_TEST (an_origin_without_a_name_can_be_listed)
{
  static const char *const origins[] = { "null", NULL };
  g_autoptr (Door) door = door_new (origins, 0);
  Fixture *self = &door->http;

  ws_peer_free (dial_ws (self, "Origin: null\r\n"));
  ck_assert_uint_eq (get_stats (door).started, 1);
}
END_TEST

/* The client library asks with a plain request why its WebSocket was not opened: that is no call that was refused. */
START_TEST (a_page_can_ask_why_it_was_refused)
{
  g_autoptr (Door) door = door_new (NULL, 0);
  Fixture *self = &door->http;

  assert_get (self, "/ws", "Page-Origin: https://evil.example\r\n", 403);
  assert_get (self, "/ws", "Page-Origin: http://gateway.test:8080\r\n", 426);
  assert_get (self, "/ws?engine=absent", "", 426);
  ck_assert_uint_eq (get_stats (door).refused[VGW_REFUSAL_ORIGIN], 0);
  ck_assert_uint_eq (get_stats (door).refused[VGW_REFUSAL_ENGINE], 0);
}
END_TEST

/* The page of another origin reads the answer only where its origin is listed. */
START_TEST (a_listed_page_can_read_why)
{
  static const char *const origins[] = { "https://good.example", NULL };
  g_autoptr (Door) door = door_new (origins, 0);
  g_autofree char *good = get (&door->http, "/ws", "Origin: https://good.example\r\n");
  g_autofree char *bad = get (&door->http, "/ws", "Origin: https://evil.example\r\n");

  ck_assert_uint_eq (status_of (good), 426);
  assert_has (good, "Access-Control-Allow-Origin: https://good.example\r\n");
  ck_assert_uint_eq (status_of (bad), 403);
  ck_assert_ptr_null (strstr (bad, "Access-Control-Allow-Origin"));
}
END_TEST

START_TEST (an_open_websocket_is_a_session)
{
  g_autoptr (Door) door = door_new (NULL, 0);
  g_autoptr (WsPeer) peer = dial_ws (&door->http, "");
  g_autofree char *first = ws_peer_expect (peer, WS_TEXT);

  assert_has (first, "\"type\":\"session\"");
  ck_assert_uint_eq (vgw_session_table_count (door->table), 1);
  ws_peer_send_frame (peer, WS_FIN | WS_TEXT, "{\"type\":\"bye\"}");
  g_free (ws_peer_expect (peer, WS_TEXT)); /* state: ended */
  ws_peer_expect_close (peer, 1000);
  ck_assert_uint_eq (get_stats (door).ended[VGW_END_CLIENT_BYE], 1);
}
END_TEST

START_TEST (a_lost_websocket_ends_the_session)
{
  g_autoptr (Door) door = door_new (NULL, 0);
  WsPeer *peer = dial_ws (&door->http, "");

  ck_assert_uint_eq (vgw_session_table_count (door->table), 1);
  ws_peer_free (peer);
  WAIT_UNTIL (get_stats (door).ended[VGW_END_WEBSOCKET_CLOSED] == 1);
}
END_TEST

START_TEST (a_refusal_is_told_on_the_websocket)
{
  g_autoptr (Door) door = door_new (NULL, 1);
  g_autoptr (WsPeer) first = NULL, full = NULL, no_engine = dial (&door->http);
  g_autofree char *busy = NULL, *bad = NULL;
  const char *request = "GET /ws?engine=absent HTTP/1.1\r\nHost: x\r\n" WS_HANDSHAKE "\r\n";

  ws_peer_send (no_engine, request, strlen (request));
  WAIT_UNTIL (has_head (no_engine));
  g_byte_array_remove_range (no_engine->received, 0, head_length (no_engine));
  bad = ws_peer_expect (no_engine, WS_TEXT);
  assert_has (bad, "\\\"code\\\":\\\"bad-request\\\"");
  ws_peer_expect_close (no_engine, 1008);
  first = dial_ws (&door->http, "");
  full = dial_ws (&door->http, "");
  busy = ws_peer_expect (full, WS_TEXT);
  assert_has (busy, "\\\"code\\\":\\\"busy\\\"");
  ws_peer_expect_close (full, 1013);
  ck_assert_uint_eq (get_stats (door).started, 1);
}
END_TEST

START_TEST (a_call_needs_a_token_where_the_operator_says_so)
{
  static const char *const keys[] = { "a: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", NULL };
  g_autoptr (Door) door = door_new (NULL, 0);
  g_autoptr (WsPeer) without = NULL, bad = NULL;
  g_autofree char *told = NULL, *told_bad = NULL, *asked = NULL;
  VgwAccessSettings settings = { .mode = VGW_ACCESS_TOKEN,
                                 .token_keys = keys,
                                 .token_audience = "voice-gateway",
                                 .engines = door->context.engine_shared.engines,
                                 .default_engine = "echo",
                                 .table = door->table };

  vgw_access_configure (door->access, &settings);
  without = dial_ws (&door->http, "");
  told = ws_peer_expect (without, WS_TEXT);
  assert_has (told, "\\\"code\\\":\\\"unauthorized\\\"");
  assert_has (told, "\\\"fatal\\\":true");
  ws_peer_expect_close (without, 1008);
  bad = dial_ws (&door->http, "Authorization: Bearer a.b.c\r\n");
  told_bad = ws_peer_expect (bad, WS_TEXT);
  assert_has (told_bad, "unauthorized");
  ws_peer_expect_close (bad, 1008);
  ck_assert_uint_eq (get_stats (door).refused[VGW_REFUSAL_NO_TOKEN], 1);
  ck_assert_uint_eq (get_stats (door).refused[VGW_REFUSAL_TOKEN], 1);
  asked = get (&door->http, "/ws", "");
  ck_assert_uint_eq (status_of (asked), 401);
  assert_has (asked, "WWW-Authenticate: Bearer");
  ck_assert_uint_eq (get_stats (door).refused[VGW_REFUSAL_NO_TOKEN], 1);
  ck_assert_uint_eq (get_stats (door).started, 0);
}
END_TEST

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-door-ws");
  TCase *door = tcase_create ("door");

  tcase_add_test (door, origins_are_checked_at_ws);
  tcase_add_test (door, an_origin_without_a_name_can_be_listed);
  tcase_add_test (door, a_page_can_ask_why_it_was_refused);
  tcase_add_test (door, a_listed_page_can_read_why);
  tcase_add_test (door, an_open_websocket_is_a_session);
  tcase_add_test (door, a_lost_websocket_ends_the_session);
  tcase_add_test (door, a_refusal_is_told_on_the_websocket);
  tcase_add_test (door, a_call_needs_a_token_where_the_operator_says_so);
  suite_add_tcase (suite, door);
  return suite;
}
