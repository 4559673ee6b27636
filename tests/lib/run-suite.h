/* How every unit test ends. */
#pragma once

#include <check.h>
#include <glib.h>

/* Runs @suite, and frees it. Returns what main () returns: 0 where something ran and nothing failed. */
int run_suite (Suite *suite);
