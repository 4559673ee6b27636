/* A Check program of one dialect: its scripts and its own cases. */
#pragma once

#include <check.h>

#include "dialect-script.h"
#include "run-suite.h"

#define SCRIPT_TEST(name, dialect)                                                                                     \
  START_TEST (name##_is_as_recorded)                                                                                   \
  {                                                                                                                    \
    dialect_script_run (dialect, dialect "/" #name ".txt");                                                            \
  }                                                                                                                    \
  END_TEST
