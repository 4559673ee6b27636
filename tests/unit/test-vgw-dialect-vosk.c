#include "dialect-script.h"
#include "run-suite.h"

SCRIPT_TEST (call, "vosk")
SCRIPT_TEST (errors, "vosk")

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-dialect-vosk");
  TCase *tcase = tcase_create ("vosk");

  tcase_add_test (tcase, call_is_as_recorded);
  tcase_add_test (tcase, errors_is_as_recorded);
  suite_add_tcase (suite, tcase);
  return suite;
}
