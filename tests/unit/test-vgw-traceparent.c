/* W3C Trace Context: which headers are valid, and what is passed on. */
#include <check.h>

#include "base/vgw-traceparent.h"
#include "run-suite.h"

#define TRACE "4bf92f3577b34da6a3ce929d0e0e4736"
#define PARENT "00f067aa0ba902b7"
#define VALID "00-" TRACE "-" PARENT "-01"

static const char *const invalid[] = {
  "",
  "00",
  "00-" TRACE "-" PARENT,
  "00-" TRACE "-" PARENT "-0",
  "00-" TRACE "-" PARENT "-01-more",
  "00-" TRACE "-" PARENT "-011",
  "ff-" TRACE "-" PARENT "-01",
  "0g-" TRACE "-" PARENT "-01",
  "cc-" TRACE "-" PARENT "-01more",
  "00-4BF92F3577B34DA6A3CE929D0E0E4736-" PARENT "-01",
  "00-00000000000000000000000000000000-" PARENT "-01",
  "00-" TRACE "-0000000000000000-01",
  "00-" TRACE "_" PARENT "-01",
  "00-" TRACE "-" PARENT "-zz",
  " " VALID,
  VALID " ",
  VALID ", " VALID, /* the header twice */
  "00-4bf92f3577b34da6a3ce929d0e0e473\xff-" PARENT "-01",
};

START_TEST (what_is_not_valid_is_no_trace)
{
  ck_assert_ptr_null (vgw_traceparent_parse (invalid[_i]));
}
END_TEST

START_TEST (a_valid_one_is_passed_on)
{
  static const struct
  {
    const char *given, *expected;
  } cases[] = {
    { VALID, VALID },
    { "00-" TRACE "-" PARENT "-00", "00-" TRACE "-" PARENT "-00" },
    /* only the flag that version 00 has; of later versions the part that it has */
    { "00-" TRACE "-" PARENT "-ff", VALID },
    { "cc-" TRACE "-" PARENT "-03-more", VALID },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *parsed = vgw_traceparent_parse (cases[i].given);
      g_autofree char *trace_id = vgw_traceparent_get_trace_id (parsed);

      ck_assert_str_eq (parsed, cases[i].expected);
      ck_assert_str_eq (trace_id, TRACE);
    }
  ck_assert_ptr_null (vgw_traceparent_parse (NULL));
  ck_assert_ptr_null (vgw_traceparent_get_trace_id (NULL));
}
END_TEST

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-traceparent");
  TCase *tcase = tcase_create ("headers");

  tcase_add_loop_test (tcase, what_is_not_valid_is_no_trace, 0, G_N_ELEMENTS (invalid));
  tcase_add_test (tcase, a_valid_one_is_passed_on);
  suite_add_tcase (suite, tcase);
  return suite;
}
