"""Compares the committed sample file and man page with what config-docs makes of the table of keys.

    check.py CONFIG-DOCS SOURCE    VGW_TEST_UPDATE in the environment rewrites the files
"""

import difflib
import os
import pathlib
import subprocess
import sys

FILES = {"sample": "data/voice-gateway.conf", "man": "docs/man/voice-gateway.conf.5"}


def main(program, source):
    is_same = True
    for kind, name in FILES.items():
        path = pathlib.Path(source) / name
        expected = subprocess.run([program, kind], capture_output=True, text=True, check=True).stdout
        if "VGW_TEST_UPDATE" in os.environ:
            path.write_text(expected, encoding="utf-8")
        found = path.read_text(encoding="utf-8")
        is_same = is_same and found == expected
        sys.stdout.writelines(difflib.unified_diff(found.splitlines(True), expected.splitlines(True), name,
                                                   "made of the table: VGW_TEST_UPDATE=1 rewrites it", n=0))
    return 0 if is_same else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
