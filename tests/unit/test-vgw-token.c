/* Access tokens: which ones are good, and what a good one grants. Those that a client of bad will makes are put together
 * here by hand, since no library would. */
#include "access/vgw-token.h"

#include <check.h>
#include <string.h>

#include "base/vgw-error.h"
#include "run-suite.h"
#include "token-test.h"

#define NOW_S 1800000000
#define AUDIENCE "voice-gateway"
#define SECRET_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define SECRET_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define HEADER "{\"alg\":\"HS256\",\"typ\":\"JWT\"}"
#define CLAIMS "\"iss\":\"a\",\"aud\":\"voice-gateway\",\"exp\":1800000060"

static GHashTable *
get_keys (void)
{
  static const char *const lines[] = { "a: " SECRET_A, "b:" SECRET_B, NULL };

  return vgw_token_read_keys (lines, NULL);
}

/* (transfer full) */
static char *
forge (const char *header, const char *claims, const char *secret, GChecksumType hash)
{
  return forge_token (header, claims, strlen (claims), secret, hash);
}

static VgwToken *
verify (const char *text, GError **error)
{
  g_autoptr (GHashTable) keys = get_keys ();

  return vgw_token_verify (text, keys, AUDIENCE, NOW_S, error);
}

static void
assert_refused (const char *text, const char *why)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VgwToken) token = verify (text, &error);

  ck_assert_msg (token == NULL, "good: %.200s", text);
  ck_assert (g_error_matches (error, VGW_ERROR, VGW_ERROR_UNAUTHORIZED));
  ck_assert_msg (strstr (error->message, why) != NULL, "\"%s\", not \"%s\"", error->message, why);
}

/* --- forged and broken ones --- */

static const struct
{
  const char *header, *claims, *secret;
  GChecksumType hash;
  const char *why; /* NULL: it is good */
} tokens[] = {
  { HEADER, "{" CLAIMS "}", SECRET_A, G_CHECKSUM_SHA256, NULL },
  { "{\"alg\":\"HS256\"}", "{" CLAIMS "}", SECRET_A, G_CHECKSUM_SHA256, NULL },
  { "{\"alg\":\"HS256\",\"kid\":\"b\"}", "{" CLAIMS "}", SECRET_B, G_CHECKSUM_SHA256, NULL }, /* kid goes first */
  /* signatures */
  { HEADER, "{" CLAIMS "}", SECRET_B, G_CHECKSUM_SHA256, "signature" },
  { HEADER, "{" CLAIMS "}", "", G_CHECKSUM_SHA256, "signature" },
  { "{\"alg\":\"HS256\",\"kid\":\"b\"}", "{" CLAIMS "}", SECRET_A, G_CHECKSUM_SHA256, "signature" },
  /* algorithms */
  { "{\"alg\":\"none\"}", "{" CLAIMS "}", SECRET_A, G_CHECKSUM_SHA256, "algorithm" },
  { "{\"alg\":\"NONE\"}", "{" CLAIMS "}", SECRET_A, G_CHECKSUM_SHA256, "algorithm" },
  { "{\"alg\":\"hs256\"}", "{" CLAIMS "}", SECRET_A, G_CHECKSUM_SHA256, "algorithm" },
  { "{\"alg\":\"RS256\"}", "{" CLAIMS "}", SECRET_A, G_CHECKSUM_SHA256, "algorithm" },
  { "{\"alg\":\"HS512\"}", "{" CLAIMS "}", SECRET_A, G_CHECKSUM_SHA512, "algorithm" },
  { "{\"alg\":\"HS384\"}", "{" CLAIMS "}", SECRET_A, G_CHECKSUM_SHA384, "algorithm" },
  { "{\"alg\":[\"HS256\"]}", "{" CLAIMS "}", SECRET_A, G_CHECKSUM_SHA256, "algorithm" },
  { "{\"typ\":\"JWT\"}", "{" CLAIMS "}", SECRET_A, G_CHECKSUM_SHA256, "algorithm" },
  { "{\"alg\":\"HS256\",\"crit\":[\"exp\"]}", "{" CLAIMS "}", SECRET_A, G_CHECKSUM_SHA256, "extensions" },
  /* keys */
  { "{\"alg\":\"HS256\",\"kid\":\"c\"}", "{" CLAIMS "}", SECRET_A, G_CHECKSUM_SHA256, "the unknown key \"c\"" },
  { "{\"alg\":\"HS256\",\"kid\":7}", "{" CLAIMS "}", SECRET_A, G_CHECKSUM_SHA256, "names no key" },
  { "{\"alg\":\"HS256\",\"kid\":\"../a\"}", "{" CLAIMS "}", SECRET_A, G_CHECKSUM_SHA256, "names an unknown key" },
  { HEADER, "{\"aud\":\"voice-gateway\",\"exp\":1800000060}", SECRET_A, G_CHECKSUM_SHA256, "names no key" },
  /* times */
  { HEADER, "{\"iss\":\"a\",\"aud\":\"voice-gateway\"}", SECRET_A, G_CHECKSUM_SHA256,
    "\"exp\" is missing or not valid" },
  { HEADER, "{\"iss\":\"a\",\"aud\":\"voice-gateway\",\"exp\":\"1800000060\"}", SECRET_A, G_CHECKSUM_SHA256,
    "\"exp\"" },
  { HEADER, "{\"iss\":\"a\",\"aud\":\"voice-gateway\",\"exp\":1e300}", SECRET_A, G_CHECKSUM_SHA256, "\"exp\"" },
  { HEADER, "{\"iss\":\"a\",\"aud\":\"voice-gateway\",\"exp\":-1}", SECRET_A, G_CHECKSUM_SHA256, "\"exp\"" },
  { HEADER, "{\"iss\":\"a\",\"aud\":\"voice-gateway\",\"exp\":1799999990}", SECRET_A, G_CHECKSUM_SHA256, "expired" },
  { HEADER, "{\"iss\":\"a\",\"aud\":\"voice-gateway\",\"exp\":1799999990.5}", SECRET_A, G_CHECKSUM_SHA256,
    NULL }, /* skew */
  { HEADER, "{" CLAIMS ",\"nbf\":1800000010}", SECRET_A, G_CHECKSUM_SHA256, NULL },
  { HEADER, "{" CLAIMS ",\"nbf\":1800000011}", SECRET_A, G_CHECKSUM_SHA256, "not valid yet" },
  { HEADER, "{" CLAIMS ",\"nbf\":\"soon\"}", SECRET_A, G_CHECKSUM_SHA256, "\"nbf\"" },
  /* audiences */
  { HEADER, "{\"iss\":\"a\",\"exp\":1800000060}", SECRET_A, G_CHECKSUM_SHA256, "no \"aud\"" },
  { HEADER, "{\"iss\":\"a\",\"aud\":\"shop\",\"exp\":1800000060}", SECRET_A, G_CHECKSUM_SHA256, "audience" },
  { HEADER, "{\"iss\":\"a\",\"aud\":null,\"exp\":1800000060}", SECRET_A, G_CHECKSUM_SHA256, "audience" },
  { HEADER, "{\"iss\":\"a\",\"aud\":[\"shop\",[]],\"exp\":1800000060}", SECRET_A, G_CHECKSUM_SHA256, "audience" },
  { HEADER, "{\"iss\":\"a\",\"aud\":[\"shop\",\"voice-gateway\"],\"exp\":1800000060}", SECRET_A, G_CHECKSUM_SHA256,
    NULL },
  /* what it grants */
  { HEADER, "{" CLAIMS ",\"sub\":7}", SECRET_A, G_CHECKSUM_SHA256, "\"sub\"" },
  { HEADER, "{" CLAIMS ",\"sub\":\"\"}", SECRET_A, G_CHECKSUM_SHA256, "\"sub\"" },
  { HEADER, "{" CLAIMS ",\"voice\":true}", SECRET_A, G_CHECKSUM_SHA256, "\"voice\"" },
  { HEADER, "{" CLAIMS ",\"voice\":{\"engines\":\"echo\"}}", SECRET_A, G_CHECKSUM_SHA256, "voice.engines" },
  { HEADER, "{" CLAIMS ",\"voice\":{\"engines\":[7]}}", SECRET_A, G_CHECKSUM_SHA256, "voice.engines" },
  { HEADER, "{" CLAIMS ",\"voice\":{\"max_duration_s\":0}}", SECRET_A, G_CHECKSUM_SHA256, "max_duration_s" },
  { HEADER, "{" CLAIMS ",\"voice\":{\"max_duration_s\":1.5}}", SECRET_A, G_CHECKSUM_SHA256, "max_duration_s" },
  { HEADER, "{" CLAIMS ",\"voice\":{\"metadata\":[]}}", SECRET_A, G_CHECKSUM_SHA256, "metadata" },
  { HEADER, "{" CLAIMS ",\"voice\":{\"later\":1}}", SECRET_A, G_CHECKSUM_SHA256, NULL },
  /* no JSON */
  { "{\"alg\":\"HS256\"", "{" CLAIMS "}", SECRET_A, G_CHECKSUM_SHA256, "is not an access token" },
  { HEADER, "[" CLAIMS "]", SECRET_A, G_CHECKSUM_SHA256, "is not an access token" },
  { HEADER, "{" CLAIMS ",\"sub\":\"a\\u0000b\"}", SECRET_A, G_CHECKSUM_SHA256, "is not an access token" },
};

START_TEST (a_token_is_good_or_refused_with_a_reason)
{
  g_autofree char *text = forge (tokens[_i].header, tokens[_i].claims, tokens[_i].secret, tokens[_i].hash);
  g_autoptr (GError) error = NULL;
  g_autoptr (VgwToken) token = NULL;

  if (tokens[_i].why != NULL)
    {
      assert_refused (text, tokens[_i].why);
      return;
    }
  token = verify (text, &error);
  ck_assert_msg (token != NULL, "%s: %s", tokens[_i].claims, error != NULL ? error->message : "");
}
END_TEST

START_TEST (what_is_no_token_is_refused)
{
  static const char *const bad[] = {
    "", ".", "..", "...", "a.b", "a.b.c", "a.b.c.d", "e30.e30.", "e30.e30.AA", " ", "%", "eyJhbGciOiJIUzI1NiJ9.e30=.AA"
  };
  g_autofree char *good = forge (HEADER, "{" CLAIMS "}", SECRET_A, G_CHECKSUM_SHA256);
  g_autofree char *spaced = g_strconcat (good, " ", NULL);
  g_autofree char *unsigned_one = g_strndup (good, strrchr (good, '.') + 1 - good);
  g_autofree char *large = g_strnfill (1024 * 1024, 'a');
  g_autofree char *large_parts = g_strconcat (large, ".", large, ".", large, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GError) error = NULL;

      ck_assert_msg (verify (bad[i], &error) == NULL, "%s", bad[i]);
      ck_assert (g_error_matches (error, VGW_ERROR, VGW_ERROR_UNAUTHORIZED));
    }
  assert_refused (spaced, "is not an access token");
  assert_refused (unsigned_one, "is not an access token");
  assert_refused (large, "is not an access token");
  assert_refused (large_parts, "is not an access token");
}
END_TEST

/* One bit of any part is another token. */
START_TEST (a_changed_token_is_refused)
{
  g_autofree char *good = forge (HEADER, "{" CLAIMS "}", SECRET_A, G_CHECKSUM_SHA256);
  gsize length = strlen (good);

  /* not the last character: some of its bits are none of the signature's */
  for (gsize i = 0; i < length - 1; i++)
    {
      g_autofree char *changed = g_strdup (good);

      changed[i] = changed[i] == 'A' ? 'B' : 'A';
      if (good[i] != '.')
        ck_assert_msg (verify (changed, NULL) == NULL, "%" G_GSIZE_FORMAT ": %s", i, changed);
    }
}
END_TEST

/* --- what a good one grants --- */

START_TEST (a_minted_token_grants_what_was_asked)
{
  char *engines[] = { "echo", "bot", NULL };
  const VgwToken asked = { "alice", engines, 90, "{\"customer\":42}", 0 };
  g_autoptr (GHashTable) keys = get_keys ();
  g_autoptr (GError) error = NULL;
  g_autofree char *text = vgw_token_mint (&asked, keys, "b", AUDIENCE, NOW_S - 100, 200, &error);
  g_autoptr (VgwToken) token = NULL;

  ck_assert_msg (text != NULL, "%s", error != NULL ? error->message : "");
  token = verify (text, &error);
  ck_assert_msg (token != NULL, "%s", error != NULL ? error->message : "");
  ck_assert_str_eq (token->identity, "alice");
  ck_assert_uint_eq (g_strv_length (token->engines), 2);
  ck_assert_str_eq (token->engines[1], "bot");
  ck_assert_uint_eq (token->max_duration_s, 90);
  ck_assert_str_eq (token->metadata, "{\"customer\":42}");
  ck_assert_int_eq (token->expires_at_s, NOW_S + 100);
  ck_assert_ptr_null (vgw_token_verify (text, keys, "shop", NOW_S, NULL));
  ck_assert_ptr_null (vgw_token_verify (text, keys, AUDIENCE, NOW_S + 111, NULL));
}
END_TEST

START_TEST (a_token_that_would_be_refused_is_not_minted)
{
  g_autoptr (GHashTable) keys = get_keys ();
  g_autofree char *long_text = g_strnfill (5000, 'x');
  g_autofree char *long_metadata = g_strdup_printf ("{\"a\":\"%s\"}", long_text);
  const VgwToken asked[] = { { .metadata = "[]" },
                             { .metadata = "{" },
                             { .identity = long_text },
                             { .identity = "" },
                             { .metadata = long_metadata } };

  for (guint i = 0; i < G_N_ELEMENTS (asked); i++)
    {
      g_autoptr (GError) error = NULL;

      ck_assert_ptr_null (vgw_token_mint (&asked[i], keys, "a", AUDIENCE, NOW_S, 60, &error));
      ck_assert (g_error_matches (error, VGW_ERROR, VGW_ERROR_BAD_REQUEST));
    }
  ck_assert_ptr_null (vgw_token_mint (&(VgwToken){ 0 }, keys, "absent", AUDIENCE, NOW_S, 60, NULL));
}
END_TEST

/* --- keys --- */

START_TEST (keys_are_lines_of_an_id_and_a_long_secret)
{
  static const char *const bad[] = { "",
                                     "a",
                                     "a:",
                                     ": " SECRET_A,
                                     "a: short",
                                     "a b: " SECRET_A,
                                     "a: " SECRET_A " x",
                                     "ü: " SECRET_A,
                                     "a: üaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" };
  static const char *const twice[] = { "a: " SECRET_A, "a: " SECRET_B, NULL };
  g_autoptr (GHashTable) keys = get_keys ();
  g_autoptr (GError) error = NULL;

  ck_assert_str_eq (g_hash_table_lookup (keys, "a"), SECRET_A);
  ck_assert_str_eq (g_hash_table_lookup (keys, "b"), SECRET_B);
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      const char *const lines[] = { bad[i], NULL };
      g_autoptr (GError) cause = NULL;

      ck_assert_msg (vgw_token_read_keys (lines, &cause) == NULL, "%s", bad[i]);
      ck_assert (g_error_matches (cause, VGW_ERROR, VGW_ERROR_CONFIG));
      ck_assert_ptr_null (strstr (cause->message, "aaaa"));
    }
  ck_assert_ptr_null (vgw_token_read_keys (twice, &error));
  ck_assert (strstr (error->message, "\"a\" has two") != NULL && strstr (error->message, "bbbb") == NULL);
}
END_TEST

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-token");
  TCase *refused = tcase_create ("refused");
  TCase *granted = tcase_create ("granted");
  TCase *keys = tcase_create ("keys");

  tcase_add_loop_test (refused, a_token_is_good_or_refused_with_a_reason, 0, G_N_ELEMENTS (tokens));
  tcase_add_test (refused, what_is_no_token_is_refused);
  tcase_add_test (refused, a_changed_token_is_refused);
  suite_add_tcase (suite, refused);
  tcase_add_test (granted, a_minted_token_grants_what_was_asked);
  tcase_add_test (granted, a_token_that_would_be_refused_is_not_minted);
  suite_add_tcase (suite, granted);
  tcase_add_test (keys, keys_are_lines_of_an_id_and_a_long_secret);
  suite_add_tcase (suite, keys);
  return suite;
}
