#include "dialect-test.h"

SCRIPT_TEST (call, "jambonz")
SCRIPT_TEST (errors, "jambonz")

int
main (void)
{
  Suite *suite = suite_create ("vgw-dialect-jambonz");
  TCase *tcase = tcase_create ("jambonz");

  tcase_add_test (tcase, call_is_as_recorded);
  tcase_add_test (tcase, errors_is_as_recorded);
  suite_add_tcase (suite, tcase);
  return run_suite (suite);
}
