/* Secrets of pages: how long they are good, and how many there can be. */
#include "access/vgw-client-secrets.h"

#include <string.h>

#include "base/vgw-error.h"
#include "run-suite.h"

#define NOW_S 1000
#define TTL_S 60

START_TEST (a_secret_is_good_until_it_expires)
{
  char *engines[] = { "echo", NULL };
  const VgwToken token = { "alice", engines, 90, "{}", 0 };
  g_autoptr (VgwClientSecrets) self = vgw_client_secrets_new (NULL);
  const VgwClientSecret *secret =
      vgw_client_secrets_add (self, &token, "alice", "{\"model\":\"echo\"}", TTL_S, NOW_S, NULL);
  g_autofree char *value = g_strdup (secret->value);

  ck_assert (g_str_has_prefix (value, "ek_"));
  ck_assert_int_eq (secret->expires_at_s, NOW_S + TTL_S);
  secret = vgw_client_secrets_find (self, value, NOW_S + TTL_S - 1);
  ck_assert_str_eq (secret->token->identity, "alice");
  ck_assert_str_eq (secret->token->engines[0], "echo");
  ck_assert_uint_eq (secret->token->max_duration_s, 90);
  ck_assert_str_eq (secret->session, "{\"model\":\"echo\"}");
  ck_assert_ptr_null (vgw_client_secrets_find (self, value, NOW_S + TTL_S));
  ck_assert_ptr_null (vgw_client_secrets_find (self, "ek_", NOW_S));
  vgw_client_secrets_clear (self);
  ck_assert_ptr_null (vgw_client_secrets_find (self, value, NOW_S));
}
END_TEST

START_TEST (a_secret_of_one_of_several_nodes_has_its_name)
{
  const char *const keys[] = { "0123456789abcdef0123456789abcdef", NULL };
  const VgwNodeSettings settings = { .name = "a", .keys = keys };
  g_autoptr (VgwNodeIds) ids = vgw_node_ids_new (&settings);
  g_autoptr (VgwClientSecrets) self = vgw_client_secrets_new (ids);
  const VgwClientSecret *secret = vgw_client_secrets_add (self, NULL, "alice", NULL, TTL_S, NOW_S, NULL);
  g_autofree char *node = vgw_node_ids_find_node (ids, secret->value);

  ck_assert_str_eq (node, "a");
  ck_assert (g_str_has_prefix (secret->value, "ek_"));
  ck_assert_ptr_eq (vgw_client_secrets_find (self, secret->value, NOW_S), secret);
}
END_TEST

START_TEST (one_owner_cannot_take_all)
{
  g_autoptr (VgwClientSecrets) self = vgw_client_secrets_new (NULL);
  g_autoptr (GError) error = NULL;
  guint n = 0;

  while (vgw_client_secrets_add (self, NULL, "a", NULL, TTL_S, NOW_S, &error) != NULL)
    n++;
  ck_assert (g_error_matches (error, VGW_ERROR, VGW_ERROR_BUSY));
  ck_assert_uint_gt (n, 1000);
  for (guint i = 0; i < 3 * n; i++)
    ck_assert_ptr_nonnull (vgw_client_secrets_add (self, NULL,
                                                   i % 3 == 0   ? "b"
                                                   : i % 3 == 1 ? "c"
                                                                : "d",
                                                   NULL, TTL_S, NOW_S, NULL));
  ck_assert_ptr_null (vgw_client_secrets_add (self, NULL, "e", NULL, TTL_S, NOW_S, NULL));
  /* those that have expired make room */
  ck_assert_ptr_nonnull (vgw_client_secrets_add (self, NULL, "a", NULL, TTL_S, NOW_S + TTL_S, NULL));
  ck_assert_ptr_nonnull (vgw_client_secrets_add (self, NULL, "e", NULL, TTL_S, NOW_S + TTL_S, NULL));
}
END_TEST

START_TEST (the_size_of_their_sessions_is_bounded)
{
  g_autoptr (VgwClientSecrets) self = vgw_client_secrets_new (NULL);
  g_autofree char *largest = g_strnfill (VGW_CLIENT_SECRET_MAX_SESSION_BYTES, ' ');
  g_autofree char *larger = g_strnfill (VGW_CLIENT_SECRET_MAX_SESSION_BYTES + 1, ' ');
  g_autoptr (GError) too_large = NULL, busy = NULL;
  guint n = 0;

  ck_assert_ptr_null (vgw_client_secrets_add (self, NULL, "a", larger, TTL_S, NOW_S, &too_large));
  ck_assert (g_error_matches (too_large, VGW_ERROR, VGW_ERROR_TOO_LARGE));
  while (vgw_client_secrets_add (self, NULL, "a", largest, TTL_S, NOW_S, &busy) != NULL)
    n++;
  ck_assert (g_error_matches (busy, VGW_ERROR, VGW_ERROR_BUSY));
  ck_assert_uint_eq (n, 4 * 1024 * 1024 / VGW_CLIENT_SECRET_MAX_SESSION_BYTES); /* of one owner, a quarter of all */
  for (const char *owner = "bcd"; *owner != '\0'; owner++)
    {
      const char name[] = { *owner, '\0' };

      while (vgw_client_secrets_add (self, NULL, name, largest, TTL_S, NOW_S, NULL) != NULL)
        n++;
    }
  ck_assert_uint_eq (n, 16 * 1024 * 1024 / VGW_CLIENT_SECRET_MAX_SESSION_BYTES);
  ck_assert_ptr_null (vgw_client_secrets_add (self, NULL, "e", largest, TTL_S, NOW_S, NULL));
  ck_assert_ptr_nonnull (vgw_client_secrets_add (self, NULL, "b", NULL, TTL_S, NOW_S, NULL));
}
END_TEST

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-client-secrets");
  TCase *tcase = tcase_create ("secrets");

  tcase_add_test (tcase, a_secret_is_good_until_it_expires);
  tcase_add_test (tcase, one_owner_cannot_take_all);
  tcase_add_test (tcase, a_secret_of_one_of_several_nodes_has_its_name);
  tcase_add_test (tcase, the_size_of_their_sessions_is_bounded);
  suite_add_tcase (suite, tcase);
  return suite;
}
