/* How every unit test ends. */
#pragma once

#include <check.h>

/* Runs @suite, and frees it. Returns what main () returns: 0 where something ran and nothing failed. */
static inline int
run_suite (Suite *suite)
{
  SRunner *runner = srunner_create (suite);
  int n_failed, n_run;

  srunner_run_all (runner, CK_NORMAL);
  n_failed = srunner_ntests_failed (runner);
  n_run = srunner_ntests_run (runner);
  srunner_free (runner);
  return n_failed == 0 && n_run > 0 ? 0 : 1;
}
