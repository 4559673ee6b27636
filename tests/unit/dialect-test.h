/* A Check program of one dialect: its scripts and its own cases. */
#pragma once

#include <check.h>
#include <stdlib.h>

#include "dialect-script.h"

#define SCRIPT_TEST(name, dialect)                                                                                     \
  START_TEST (name##_is_as_recorded)                                                                                   \
  {                                                                                                                    \
    dialect_script_run (dialect, dialect "/" #name ".txt");                                                            \
  }                                                                                                                    \
  END_TEST

/* Runs @suite (transfer full); the exit status. */
static inline int
dialect_test_run (Suite *suite)
{
  SRunner *runner = srunner_create (suite);
  int n_failed;

  srunner_run_all (runner, CK_NORMAL);
  n_failed = srunner_ntests_failed (runner);
  srunner_free (runner);
  return n_failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
