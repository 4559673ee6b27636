/* How every unit test begins and ends. */
#pragma once

#include <check.h>
#include <glib.h>

/* Runs @suite, and frees it. Returns what main () returns: 0 where something ran and nothing failed. */
int run_suite (Suite *suite);

/* Each unit test defines it, and the main () of tests/lib runs what it returns. (transfer full) */
Suite *test_suite (void);
