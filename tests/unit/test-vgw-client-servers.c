#include "session/vgw-client-servers.h"

#include <check.h>

#include "run-suite.h"
#include "signaling/vgw-message.h"

static GPtrArray *
make_servers (const char *secret)
{
  VgwSessionContext context = { .client_turn_secret = secret, .client_turn_ttl_s = 3600 };
  g_autoptr (GPtrArray) configured = g_ptr_array_new_with_free_func ((GDestroyNotify) vgw_ice_server_free);

  g_ptr_array_add (configured, vgw_ice_server_new ("stun:a.example", NULL, NULL));
  g_ptr_array_add (configured, vgw_ice_server_new ("turn:b.example", NULL, NULL));
  g_ptr_array_add (configured, vgw_ice_server_new ("turns:c.example", "user", "password"));
  context.client_ice_servers = configured;
  return vgw_client_servers_make (&context, "SESSION", 1800000000);
}

static void
assert_server (GPtrArray *servers, guint i, const char *url, const char *username, const char *credential)
{
  const VgwIceServer *server = g_ptr_array_index (servers, i);

  ck_assert_str_eq (server->url, url);
  ck_assert_pstr_eq (server->username, username);
  ck_assert_pstr_eq (server->credential, credential);
}

/* The password by another implementation:
 * printf 1800003600:SESSION | openssl dgst -sha1 -hmac north -binary | base64 */
START_TEST (a_turn_server_without_credentials_gets_some_that_expire)
{
  g_autoptr (GPtrArray) servers = make_servers ("north");

  ck_assert_uint_eq (servers->len, 3);
  assert_server (servers, 0, "stun:a.example", NULL, NULL);
  assert_server (servers, 1, "turn:b.example", "1800003600:SESSION", "DHcIbDwifLPkRwPjHhATe1g2Iok=");
  assert_server (servers, 2, "turns:c.example", "user", "password");
}
END_TEST

START_TEST (without_a_secret_a_turn_server_without_credentials_is_left_out)
{
  const char *const secrets[] = { NULL, "" };

  for (guint i = 0; i < G_N_ELEMENTS (secrets); i++)
    {
      g_autoptr (GPtrArray) servers = make_servers (secrets[i]);

      ck_assert_uint_eq (servers->len, 2);
      assert_server (servers, 1, "turns:c.example", "user", "password");
    }
}
END_TEST

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-client-servers");
  TCase *tcase = tcase_create ("servers");

  tcase_add_test (tcase, a_turn_server_without_credentials_gets_some_that_expire);
  tcase_add_test (tcase, without_a_secret_a_turn_server_without_credentials_is_left_out);
  suite_add_tcase (suite, tcase);
  return suite;
}
