/* What the doors do with a request: what a refusal looks like in HTTP. */
#include "doors/vgw-door-http.h"

#include "http-fixture.h"
#include "run-suite.h"

static const struct
{
  VgwRefusal refusal;
  guint status;
  const char *header; /* (nullable) */
} refusals[] = {
  { VGW_REFUSAL_SHUTDOWN, 503, "Retry-After: 5\r\n" },
  { VGW_REFUSAL_MAX_SESSIONS, 503, "Retry-After: 5\r\n" },
  { VGW_REFUSAL_MAX_SESSIONS_PER_ADDRESS, 429, "Retry-After: 5\r\n" },
  { VGW_REFUSAL_RATE, 429, "Retry-After: 5\r\n" },
  { VGW_REFUSAL_ORIGIN, 403, NULL },
  { VGW_REFUSAL_NO_TOKEN, 401, "WWW-Authenticate: Bearer realm=\"voice-gateway\"\r\n" },
  { VGW_REFUSAL_TOKEN, 401, "WWW-Authenticate: Bearer realm=\"voice-gateway\", error=\"invalid_token\"\r\n" },
  { VGW_REFUSAL_ENGINE, 404, NULL },
  { VGW_REFUSAL_RESUME, 410, NULL },
};

G_STATIC_ASSERT (G_N_ELEMENTS (refusals) == VGW_SESSION_N_REFUSALS);

static void
refuse (VgwHttpRequest *request, gpointer user_data)
{
  const VgwRefusal *refusal = user_data;

  vgw_http_request_reply (request, vgw_door_prepare_refusal (request, *refusal), VGW_HTTP_TEXT_PLAIN, "no\n");
}

static const struct
{
  VgwErrorCode code;
  guint status;
} errors[] = {
  { VGW_ERROR_BAD_MESSAGE, 400 }, { VGW_ERROR_UNSUPPORTED, 422 },  { VGW_ERROR_BAD_REQUEST, 404 },
  { VGW_ERROR_BAD_STATE, 409 },   { VGW_ERROR_UNAUTHORIZED, 403 }, { VGW_ERROR_TOO_LARGE, 413 },
  { VGW_ERROR_BUSY, 503 },        { VGW_ERROR_ENGINE, 503 },       { VGW_ERROR_FLOOD, 500 },
  { VGW_ERROR_TIMEOUT, 500 },     { VGW_ERROR_INTERNAL, 500 },     { VGW_ERROR_CONFIG, 500 },
};

static void
report (VgwHttpRequest *request, gpointer user_data)
{
  const VgwErrorCode *code = user_data;

  vgw_http_request_reply (request, vgw_door_prepare_error (request, *code), VGW_HTTP_TEXT_PLAIN, "no\n");
}

START_TEST (an_error_of_a_session_has_its_status_and_headers)
{
  static const VgwHttpRoute route = { "/failed", .get = report };
  g_autoptr (Fixture) self = fixture_new_default ();
  g_autofree char *response = NULL;

  vgw_http_server_add_route (self->server, &route, (gpointer) &errors[_i].code);
  response = get (self, "/failed", "");
  ck_assert_uint_eq (status_of (response), errors[_i].status);
  ck_assert_int_eq (strstr (response, "Retry-After: 5\r\n") != NULL, errors[_i].status == 503);
}
END_TEST

START_TEST (a_refusal_has_its_status_and_headers)
{
  static const VgwHttpRoute route = { "/refused", .get = refuse };
  g_autoptr (Fixture) self = fixture_new_default ();
  g_autofree char *response = NULL;

  vgw_http_server_add_route (self->server, &route, (gpointer) &refusals[_i].refusal);
  response = get (self, "/refused", "");
  ck_assert_uint_eq (status_of (response), refusals[_i].status);
  if (refusals[_i].header != NULL)
    assert_has (response, refusals[_i].header);
  ck_assert_int_eq (strstr (response, "Retry-After") != NULL, refusals[_i].status == 503 || refusals[_i].status == 429);
  ck_assert_int_eq (strstr (response, "WWW-Authenticate") != NULL, refusals[_i].status == 401);
}
END_TEST

static const struct
{
  const char *headers_and_body;
  guint status;
  const char *part; /* of the response */
} bodies[] = {
  { "Content-Type: application/json\r\nContent-Length: 9\r\n\r\n{\"a\":[1]}", 201, "{\"a\":[1]}" },
  { "Content-Type: Application/JSON; charset=utf-8\r\nContent-Length: 2\r\n\r\n{}", 201, "{}" },
  { "Content-Type: text/plain\r\nContent-Length: 2\r\n\r\n{}", 415, "application/json" },
  { "Content-Length: 2\r\n\r\n{}", 415, "application/json" },
  { "Content-Type: application/json\r\nContent-Length: 0\r\n\r\n", 400, "" },
  { "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n[]", 400, "" },
  { "Content-Type: application/json\r\nContent-Length: 7\r\n\r\n{\"a\":1]", 400, "" },
};

static void
repeat (VgwHttpRequest *request, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  guint status = VGW_HTTP_STATUS_CREATED;
  g_autoptr (JsonObject) object = vgw_door_read_json (request, &status, &error);

  if (object != NULL)
    vgw_door_reply_json (request, status, object);
  else
    vgw_door_reply_text (request, status, error->message);
}

START_TEST (a_body_is_one_json_object)
{
  static const VgwHttpRoute route = { "/repeat", .post = repeat, .max_body_bytes = 100 };
  g_autoptr (Fixture) self = fixture_new_default ();
  g_autofree char *request = g_strconcat ("POST /repeat HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n",
                                          bodies[_i].headers_and_body, NULL);
  g_autofree char *response = NULL;

  vgw_http_server_add_route (self->server, &route, NULL);
  response = exchange (self, request);
  ck_assert_uint_eq (status_of (response), bodies[_i].status);
  assert_has (response, bodies[_i].part);
}
END_TEST

static Suite *
door_suite (void)
{
  Suite *suite = suite_create ("vgw-door-http");
  TCase *refused = tcase_create ("refused");
  TCase *json = tcase_create ("json");

  tcase_add_loop_test (refused, a_refusal_has_its_status_and_headers, 0, G_N_ELEMENTS (refusals));
  tcase_add_loop_test (refused, an_error_of_a_session_has_its_status_and_headers, 0, G_N_ELEMENTS (errors));
  suite_add_tcase (suite, refused);
  tcase_add_loop_test (json, a_body_is_one_json_object, 0, G_N_ELEMENTS (bodies));
  suite_add_tcase (suite, json);
  return suite;
}

int
main (void)
{
  return run_suite (door_suite ());
}
