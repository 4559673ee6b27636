"""Compares the committed sample file and man page with what config-docs makes of the table of keys, and ADMIN.md's list of
the keys that a reload applies with the table.

    check.py CONFIG-DOCS SOURCE    VGW_TEST_UPDATE in the environment rewrites the files
"""

import difflib
import os
import pathlib
import re
import subprocess
import sys

FILES = {"sample": "data/voice-gateway.conf", "man": "docs/man/voice-gateway.conf.5"}
RELOAD = ("docs/ADMIN.md", "## Reloading the configuration")


def printed(program, kind):
    return subprocess.run([program, kind], capture_output=True, text=True, check=True).stdout


def check_reloadable(program, source):
    """The first column of the section's table."""
    name, heading = RELOAD
    section = (pathlib.Path(source) / name).read_text(encoding="utf-8").split(f"{heading}\n", 1)[1].split("\n## ", 1)[0]
    cells = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    documented = set(re.findall(r"`([a-z.-]+)`", " ".join(cells)))
    actual = set(printed(program, "reloadable").split())
    for key in sorted(documented ^ actual):
        print(f"{name}, \"{heading}\": {key} {'cannot be reloaded' if key in documented else 'is missing'}")
    return documented == actual


def main(program, source):
    is_same = check_reloadable(program, source)
    for kind, name in FILES.items():
        path = pathlib.Path(source) / name
        expected = printed(program, kind)
        if "VGW_TEST_UPDATE" in os.environ:
            path.write_text(expected, encoding="utf-8")
        found = path.read_text(encoding="utf-8")
        is_same = is_same and found == expected
        sys.stdout.writelines(difflib.unified_diff(found.splitlines(True), expected.splitlines(True), name,
                                                   "made of the table: VGW_TEST_UPDATE=1 rewrites it", n=0))
    return 0 if is_same else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
