#include "manager/vgw-verdict.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/vgw-error.h"
#include "run-suite.h"

static VgwVerdict *
parse (const char *text, GError **error)
{
  g_autoptr (GBytes) bytes = g_bytes_new_static (text, strlen (text));

  return vgw_verdict_parse (bytes, error);
}

START_TEST (a_verdict_has_what_the_receiver_says)
{
  g_autoptr (VgwVerdict) admitted =
      parse ("{\"admit\":true,\"engine\":\"my-bot\",\"metadata\":{\"plan\":\"gold\"}}", NULL);
  g_autoptr (VgwVerdict) refused = parse ("{\"admit\":false,\"reason\":\"closed\",\"engine\":null}", NULL);

  ck_assert (admitted->is_admitted && !admitted->is_default);
  ck_assert_str_eq (admitted->engine, "my-bot");
  ck_assert_str_eq (admitted->metadata, "{\"plan\":\"gold\"}");
  ck_assert_ptr_null (admitted->reason);
  ck_assert (!refused->is_admitted && !refused->is_default);
  ck_assert_str_eq (refused->reason, "closed");
  ck_assert_ptr_null (refused->engine);
}
END_TEST

static const struct
{
  const char *text;
  int code;
} bad_texts[] = {
  { "", VGW_ERROR_BAD_MESSAGE },
  { "true", VGW_ERROR_BAD_MESSAGE },
  { "{}", VGW_ERROR_BAD_MESSAGE },
  { "{\"admit\":null}", VGW_ERROR_BAD_MESSAGE },
  { "{\"admit\":1}", VGW_ERROR_BAD_MESSAGE },
  { "{\"admit\":[true]}", VGW_ERROR_BAD_MESSAGE },
  { "{\"admit\":true,\"engine\":1}", VGW_ERROR_BAD_MESSAGE },
  { "{\"admit\":true,\"metadata\":\"gold\"}", VGW_ERROR_BAD_MESSAGE },
  { "{\"admit\":false,\"reason\":{}}", VGW_ERROR_BAD_MESSAGE },
  { "{\"admit\":true} {\"admit\":false}", VGW_ERROR_BAD_MESSAGE },
};

START_TEST (what_is_no_verdict_is_an_error)
{
  g_autoptr (GError) error = NULL;

  ck_assert_ptr_null (parse (bad_texts[_i].text, &error));
  ck_assert (g_error_matches (error, VGW_ERROR, bad_texts[_i].code));
}
END_TEST

START_TEST (long_members_are_an_error)
{
  g_autofree char *reason = g_strnfill (VGW_VERDICT_MAX_REASON_BYTES + 1, 'x');
  g_autofree char *metadata = g_strnfill (VGW_VERDICT_MAX_METADATA_BYTES, 'x');
  g_autofree char *long_reason = g_strdup_printf ("{\"admit\":false,\"reason\":\"%s\"}", reason);
  g_autofree char *good_reason = g_strdup_printf ("{\"admit\":false,\"reason\":\"%s\"}", reason + 1);
  g_autofree char *long_metadata = g_strdup_printf ("{\"admit\":true,\"metadata\":{\"a\":\"%s\"}}", metadata);
  g_autoptr (VgwVerdict) good = parse (good_reason, NULL);
  g_autoptr (GError) error = NULL, other = NULL;

  ck_assert_ptr_nonnull (good);
  ck_assert_ptr_null (parse (long_reason, &error));
  ck_assert (g_error_matches (error, VGW_ERROR, VGW_ERROR_TOO_LARGE));
  ck_assert_ptr_null (parse (long_metadata, &other));
  ck_assert (g_error_matches (other, VGW_ERROR, VGW_ERROR_TOO_LARGE));
}
END_TEST

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-verdict");
  TCase *tcase = tcase_create ("parse");

  tcase_add_test (tcase, a_verdict_has_what_the_receiver_says);
  tcase_add_loop_test (tcase, what_is_no_verdict_is_an_error, 0, G_N_ELEMENTS (bad_texts));
  tcase_add_test (tcase, long_members_are_an_error);
  suite_add_tcase (suite, tcase);
  return suite;
}
