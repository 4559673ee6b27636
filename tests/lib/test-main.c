/* Of every unit test that has no main () of its own. */
#include "run-suite.h"

int
main (void)
{
  return run_suite (test_suite ());
}
