"""Whose `check` the unit tests are linked with. libgstcheck has one of its own, of another version, that exports the same
names: a test that gets those runs nothing, and passes.  programs.py PROGRAM…"""

import subprocess
import sys


def list_symbols(program):
    """Names by kind, as nm has them: T is defined in the program, U comes from a library."""
    lines = subprocess.run(["nm", program], capture_output=True, text=True, check=True).stdout.splitlines()
    return {parts[-1]: parts[-2] for parts in map(str.split, lines) if len(parts) >= 2}


def has_wrong_check(program):
    libraries = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
    if "libgstcheck" not in libraries or "libcheck.so" in libraries:
        return False
    return list_symbols(program).get("srunner_run_all") != "T"


wrong = [program for program in sys.argv[1:] if has_wrong_check(program)]
for program in wrong:
    print(f"{program}: runs with the check of libgstcheck, which runs no test; check_dep must come first")
sys.exit(1 if wrong or len(sys.argv) < 2 else 0)
