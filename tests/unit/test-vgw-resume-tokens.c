#include "session/vgw-resume-tokens.h"

#include <check.h>
#include <string.h>

#include "run-suite.h"

#define TOKEN_LENGTH 22 /* 128 bits in base64 without padding */
#define N_TOKENS 1000

START_TEST (a_token_is_good_for_its_session_until_the_next_one)
{
  VgwResumeTokens *tokens = vgw_resume_tokens_new (NULL);
  g_autofree char *first = g_strdup (vgw_resume_tokens_issue (tokens, "one"));
  g_autofree char *other = g_strdup (vgw_resume_tokens_issue (tokens, "two"));
  g_autofree char *second = NULL;

  ck_assert_str_eq (vgw_resume_tokens_find (tokens, first), "one");
  ck_assert_str_eq (vgw_resume_tokens_find (tokens, other), "two");
  second = g_strdup (vgw_resume_tokens_issue (tokens, "one"));
  ck_assert_ptr_null (vgw_resume_tokens_find (tokens, first));
  ck_assert_str_eq (vgw_resume_tokens_find (tokens, second), "one");
  vgw_resume_tokens_revoke (tokens, "one");
  vgw_resume_tokens_revoke (tokens, "one");
  ck_assert_ptr_null (vgw_resume_tokens_find (tokens, second));
  ck_assert_str_eq (vgw_resume_tokens_find (tokens, other), "two");
  ck_assert_ptr_null (vgw_resume_tokens_find (tokens, ""));
  vgw_resume_tokens_free (tokens);
}
END_TEST

START_TEST (a_used_token_is_good_until_the_next_one_is_known_to_have_come)
{
  VgwResumeTokens *tokens = vgw_resume_tokens_new (NULL);
  g_autofree char *first = g_strdup (vgw_resume_tokens_issue (tokens, "one"));
  g_autofree char *lost = NULL, *second = NULL, *third = NULL;

  vgw_resume_tokens_use (tokens, first);
  lost = g_strdup (vgw_resume_tokens_issue (tokens, "one"));
  ck_assert_str_eq (vgw_resume_tokens_find (tokens, first), "one");
  ck_assert_str_eq (vgw_resume_tokens_find (tokens, lost), "one");

  vgw_resume_tokens_use (tokens, first); /* that of the reply that was lost goes */
  second = g_strdup (vgw_resume_tokens_issue (tokens, "one"));
  ck_assert_ptr_null (vgw_resume_tokens_find (tokens, lost));
  vgw_resume_tokens_use (tokens, second); /* whoever has the next one needs the first one no more */
  ck_assert_ptr_null (vgw_resume_tokens_find (tokens, first));

  third = g_strdup (vgw_resume_tokens_issue (tokens, "one"));
  ck_assert_str_eq (vgw_resume_tokens_find (tokens, second), "one");
  vgw_resume_tokens_confirm (tokens, "one");
  vgw_resume_tokens_confirm (tokens, "one");
  vgw_resume_tokens_confirm (tokens, "unknown");
  ck_assert_ptr_null (vgw_resume_tokens_find (tokens, second));
  ck_assert_str_eq (vgw_resume_tokens_find (tokens, third), "one");
  vgw_resume_tokens_free (tokens);
}
END_TEST

START_TEST (both_tokens_of_a_session_go_with_it)
{
  VgwResumeTokens *tokens = vgw_resume_tokens_new (NULL);
  g_autofree char *used = g_strdup (vgw_resume_tokens_issue (tokens, "one"));
  g_autofree char *next = NULL;

  vgw_resume_tokens_use (tokens, used);
  next = g_strdup (vgw_resume_tokens_issue (tokens, "one"));
  vgw_resume_tokens_revoke (tokens, "one");
  ck_assert_ptr_null (vgw_resume_tokens_find (tokens, used));
  ck_assert_ptr_null (vgw_resume_tokens_find (tokens, next));
  vgw_resume_tokens_free (tokens);
}
END_TEST

START_TEST (tokens_are_url_safe_and_never_the_same)
{
  VgwResumeTokens *tokens = vgw_resume_tokens_new (NULL);
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  for (int i = 0; i < N_TOKENS; i++)
    {
      const char *token = vgw_resume_tokens_issue (tokens, "one");

      ck_assert_uint_eq (strlen (token), TOKEN_LENGTH);
      ck_assert_uint_eq (strspn (token, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "-_"), TOKEN_LENGTH);
      ck_assert (g_hash_table_add (seen, g_strdup (token)));
    }
  vgw_resume_tokens_free (tokens);
}
END_TEST

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-resume-tokens");
  TCase *tcase = tcase_create ("tokens");

  tcase_add_test (tcase, a_token_is_good_for_its_session_until_the_next_one);
  tcase_add_test (tcase, a_used_token_is_good_until_the_next_one_is_known_to_have_come);
  tcase_add_test (tcase, both_tokens_of_a_session_go_with_it);
  tcase_add_test (tcase, tokens_are_url_safe_and_never_the_same);
  suite_add_tcase (suite, tcase);
  return suite;
}
