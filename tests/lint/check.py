"""Holds the tree to the rules of the house that a script can see.

    check.py rules SOURCE          who includes what, sizes, words
    check.py headers SOURCE BUILD  every header compiles alone, with the flags of its own room
    check.py format SOURCE         the C files are as clang-format leaves them
    check.py tidy SOURCE BUILD     clang-tidy finds nothing of what .clang-tidy chooses in src and tools, but for the
                                   static analyzer, which takes longer than the rest
    check.py tidy-all SOURCE BUILD the same with the static analyzer, and in the tests

The last three end with 77 where the program is missing, or is another version than the tree is made with.

Prints one line for each breach, FILE:LINE: what, and ends with status 1 if there was any.
"""

import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
from concurrent import futures

# Where rooms are: each folder in one of these.
PLACES = ("src", "tools")

# What a room may include beside itself. Arrows never point up; net stands beside session. The rooms of tools/ are programs of
# their own, which no other room includes.
ROOMS = {
    "base": set(),
    "signaling": {"base"},
    "engine": {"base", "net"},
    "manager": {"base", "net"},
    "elements": set(),
    "ice": {"base", "elements"},
    "media": {"base", "elements", "ice"},
    "session": {"base", "signaling", "engine", "manager", "media"},
    "access": {"base", "net", "session"},
    "doors": {"access", "base", "net", "signaling"},
    "net": {"base"},
    "admin": {"base", "engine", "manager", "media", "net", "session"},
    "config": {"access", "admin", "base", "doors", "signaling", "engine", "manager", "media", "net", "session"},
    "app": {"access", "base", "config", "doors", "engine", "ice", "media", "session", "net", "admin"},
    "caller": {"base", "signaling", "elements"},
    "assistant": {"base"},
    "config-docs": {"config"},
}

# Single headers that a room may include all the same, with the reason.
EXCEPTIONS = {
    ("caller", "engine/builtin/vgw-wav-writer.h"),  # the one writer of WAV files
    ("caller", "media/vgw-pacer.h"),  # the one clock of 20 ms
    ("app", "manager/vgw-redis-connection.h"),  # the doctor asks Redis as the gateway does
}

GSTREAMER_ROOMS = {"media", "elements", "ice", "caller"}
LIBSOUP_ROOMS = {"net", "caller", "assistant"}

# Each program, and the man page that has its options.
PROGRAMS = {
    "src/main.c": "docs/man/voice-gateway.1",
    "src/app/vgw-token-command.c": "docs/man/voice-gateway-token.1",
    "src/app/vgw-doctor.c": "docs/man/voice-gateway-doctor.1",
    "tools/caller/voice-gateway-call.c": "docs/man/voice-gateway-call.1",
}
OPTION = re.compile(r'\{ "([a-z-]+)", (0|\'.\'), [^}]*?G_OPTION_ARG_')
MAN_OPTION = re.compile(r"^\.BR? .*?--([a-z-]+)", re.MULTILINE)

MAX_LINES = 600
MAX_COLUMNS = 120
CLANG = "14"  # Debian 12's: each version formats some things differently, and has other checks
INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]')
# Comments, strings and characters of C, which hold no code.
NOT_CODE = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.DOTALL)
UNFINISHED = re.compile(r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK")) + r")\b")
MERGE_MARKER = re.compile("(" + "<" * 7 + "|" + ">" * 7 + ") .*")
TEXT_SUFFIXES = {".c", ".h", ".md", ".py", ".js", ".mjs", ".ts", ".html", ".css", ".build", ".conf", ".launch", ".txt",
                 ".go", ".sh", ".1", ".5", ".service", ".yml", ".json", ""}


def without_comments(text):
    """The code of C text, with its lines kept."""
    return NOT_CODE.sub(lambda match: "\n" * match.group().count("\n") + " ", text)


def read(path):
    return path.read_text(encoding="utf-8", errors="replace")


def includes_of(path):
    """(line, is_system, name) for each include of a file."""
    found = []
    for number, line in enumerate(read(path).splitlines(), 1):
        match = INCLUDE.match(line)
        if match:
            found.append((number, match.group(1) == "<", match.group(2)))
    return found


def c_files(source):
    return sorted(path for place in PLACES for path in (source / place).rglob("*") if path.suffix in (".c", ".h"))


def name_of(path, source):
    """The name by which a file of a room is included: "media/vgw-peer.h" of src/media/vgw-peer.h."""
    return path.relative_to(source).as_posix().partition("/")[2]


def room_of(name):
    """The room of "media/vgw-peer.h" and of "engine/dialects/vgw-dialect.h"; None for what is outside the rooms."""
    head, slash, _ = name.partition("/")
    return head if slash else None


def library_of(name):
    if name.startswith("gst/"):
        return "GStreamer"
    return "libsoup" if name.startswith("libsoup/") else None


def may_use(library, relative):
    room = room_of(relative.partition("/")[2])
    if library == "GStreamer":
        return room in GSTREAMER_ROOMS
    return room in LIBSOUP_ROOMS


def check_arrows(source, breaches):
    for path in c_files(source):
        relative = path.relative_to(source).as_posix()
        room = room_of(name_of(path, source))
        if room is None:
            continue  # a main () may include any room
        if room not in ROOMS:
            breaches.append(f"{relative}:1: no room of that name in tests/lint/check.py")
            continue
        for number, is_system, name in includes_of(path):
            other = room_of(name)
            if is_system or other is None or other == room or other in ROOMS[room] or (room, name) in EXCEPTIONS:
                continue
            breaches.append(f"{relative}:{number}: {room} must not include {other} ({name})")


def check_unused_arrows(source, breaches):
    """An arrow that no include needs any more is taken off the picture."""
    used = {}
    for path in c_files(source):
        room = room_of(name_of(path, source))
        used.setdefault(room, set()).update(room_of(name) for _, is_system, name in includes_of(path) if not is_system)
    for room, allowed in ROOMS.items():
        breaches += [f"tests/lint/check.py:1: {room} may include {other}, and no file does"
                     for other in sorted(allowed - used.get(room, set()))]


def unit_of(name):
    """What "media/vgw-peer.h" and "media/vgw-peer.c" are together."""
    return name.rpartition(".")[0]


def circle_through(unit, graph):
    """The units that @unit needs and that need @unit, itself among them; empty where it is in no circle."""
    def reached(start, edges):
        seen, todo = set(), list(edges.get(start, ()))
        while todo:
            at = todo.pop()
            if at not in seen:
                seen.add(at)
                todo += edges.get(at, ())
        return seen

    back = {}
    for start, ends in graph.items():
        for end in ends:
            back.setdefault(end, set()).add(start)
    return reached(unit, graph) & reached(unit, back)


def check_circles(source, breaches):
    """Files of one room that include each other, a header and its .c file being one."""
    graph = {}
    for path in c_files(source):
        name = name_of(path, source)
        for _, is_system, other in includes_of(path):
            if not is_system and room_of(name) and room_of(other) == room_of(name) and unit_of(other) != unit_of(name):
                graph.setdefault(unit_of(name), set()).add(unit_of(other))
    seen = set()
    for unit in sorted(graph):
        circle = circle_through(unit, graph)
        if circle and unit not in seen:
            seen |= circle
            breaches.append(f"{unit}:1: includes in a circle: {', '.join(sorted(circle))}")


def libraries_through(source, name, seen):
    """(library, chain) for each library that the project's header @name brings along, itself or through others."""
    path = next((source / place / name for place in PLACES if (source / place / name).is_file()), None)
    if name in seen or path is None:
        return []
    seen.add(name)
    found = []
    for _, is_system, other in includes_of(path):
        if is_system and library_of(other):
            found.append((library_of(other), name))
        elif not is_system:
            found += [(library, f"{name} → {chain}") for library, chain in libraries_through(source, other, seen)]
    return found


def check_libraries(source, breaches):
    for path in c_files(source):
        relative = path.relative_to(source).as_posix()
        for number, is_system, name in includes_of(path):
            if is_system:
                brought = [(library_of(name), name)] if library_of(name) else []
            else:
                brought = libraries_through(source, name, set())
            for library, chain in brought:
                if not may_use(library, relative):
                    breaches.append(f"{relative}:{number}: {library} must not be known here (by {chain})")


def check_text(source, breaches):
    for path in c_files(source):
        relative = path.relative_to(source).as_posix()
        text = read(path)
        n_lines = text.count("\n")
        if n_lines > MAX_LINES:
            breaches.append(f"{relative}:{MAX_LINES}: {n_lines} lines; past {MAX_LINES} a file is two things")
        if path.suffix == ".h" and not re.search(r"^#pragma once$", text, re.MULTILINE):
            breaches.append(f"{relative}:1: no #pragma once")
        for number, line in enumerate(text.splitlines(), 1):
            if len(line) > MAX_COLUMNS:
                breaches.append(f"{relative}:{number}: {len(line)} columns, of {MAX_COLUMNS} at most")
        for number, line in enumerate(without_comments(text).splitlines(), 1):
            if re.search(r"\bgoto\b", line):
                breaches.append(f"{relative}:{number}: goto")


def check_tests(source, breaches):
    """Tests are as long as other files, share what they share as a library, and see no more of a room than others do."""
    for path in sorted((source / "tests").glob("*/*.[ch]")):
        relative = path.relative_to(source).as_posix()
        text = read(path)
        n_lines = text.count("\n")
        if n_lines > MAX_LINES:
            breaches.append(f"{relative}:{MAX_LINES}: {n_lines} lines; past {MAX_LINES} a file is two things")
        for number, _, name in includes_of(path):
            if name.endswith("-private.h"):
                breaches.append(f"{relative}:{number}: a test must not include {name}")
        if path.suffix == ".h":
            breaches += [f"{relative}:{number}: a function in a header; it belongs into a .c file of tests/lib"
                         for number, line in enumerate(text.splitlines(), 1) if line.startswith("static inline")]


def text_files(source):
    """The files under version control; in a tree without it, all that look like text."""
    listing = subprocess.run(["git", "-C", str(source), "ls-files", "-z"], capture_output=True, text=True, check=False)
    if listing.returncode == 0:
        paths = [source / name for name in listing.stdout.split("\0") if name]
    else:
        paths = [path for path in source.rglob("*") if "build" not in path.parts and "node_modules" not in path.parts]
    return sorted(path for path in paths if path.is_file() and path.suffix in TEXT_SUFFIXES and "corpus" not in path.parts)


def check_words(source, breaches):
    for path in text_files(source):
        for number, line in enumerate(read(path).splitlines(), 1):
            match = UNFINISHED.search(line) or MERGE_MARKER.match(line)
            if match:
                breaches.append(f"{path.relative_to(source).as_posix()}:{number}: {match.group()}")


def check_options(source, breaches):
    for program, page in PROGRAMS.items():
        if not (source / program).is_file():
            continue
        options = {match.group(1) for match in OPTION.finditer(read(source / program))} - {"help"}
        text = read(source / page).replace("\\-", "-") if (source / page).is_file() else ""
        text = text.partition(".SH OPTIONS")[2].partition(".SH ")[0]
        told = set(MAN_OPTION.findall(text)) - {"help"}
        breaches += [f"{page}:1: --{name} of {program} is not told" for name in sorted(options - told)]
        breaches += [f"{page}:1: {program} has no --{name}" for name in sorted(told - options)]


def room_flags(source, build):
    """Compiler and flags of each room, from any file of its own."""
    rooms = {}
    for entry in json.loads((build / "compile_commands.json").read_text(encoding="utf-8")):
        path = pathlib.Path(entry["directory"], entry["file"]).resolve()
        if path.suffix != ".c" or not any(path.is_relative_to(source / place) for place in PLACES):
            continue
        room = room_of(name_of(path, source))
        if room is None or room in rooms:
            continue
        words = shlex.split(entry["command"])
        keep = [words[0]]
        # Without what writes files or asks for code.
        drop_next = False
        for word in words[1:]:
            if drop_next or word in ("-MD", "-c", entry["file"]) or word.startswith(("-fsanitize", "-O", "-g")):
                drop_next = False
            elif word in ("-o", "-MF", "-MQ"):
                drop_next = True
            else:
                keep.append(word)
        rooms[room] = (keep, entry["directory"])
    return rooms


def compile_header(name, flags, directory):
    # Twice, so that #pragma once is seen to work.
    text = f'#include "{name}"\n#include "{name}"\n'
    result = subprocess.run(flags + ["-fsyntax-only", "-x", "c", "-"], input=text, cwd=directory, capture_output=True,
                            text=True, check=False)
    return None if result.returncode == 0 else f"{name}:1: does not compile alone\n{result.stderr.strip()}"


def check_headers(source, build, breaches):
    rooms = room_flags(source, build)
    jobs = []
    with futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for path in c_files(source):
            name = name_of(path, source)
            if path.suffix == ".h" and room_of(name) in rooms:
                jobs.append(pool.submit(compile_header, name, *rooms[room_of(name)]))
            elif path.suffix == ".h":
                breaches.append(f"{path.relative_to(source)}:1: its room compiles no .c file, so nothing is known of its flags")
    breaches += [job.result() for job in jobs if job.result()]
    return len(jobs)


def why_not(program):
    """Why @program of the version CLANG cannot run here; None where it can."""
    try:
        version = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
    except FileNotFoundError:
        return f"there is no {program}, of which version {CLANG} is needed"
    if f" version {CLANG}." in version:
        return None
    return f"{program} is {' '.join(version.split())}, and the tree is held to version {CLANG}"


def skip_unless_installed(program):
    if why_not(program):
        print(f"not checked: {why_not(program)}")
        sys.exit(77)


def check_format(source, breaches):
    skip_unless_installed("clang-format")
    paths = [path for path in text_files(source) if path.suffix in (".c", ".h")]
    result = subprocess.run(["clang-format", "--dry-run", *paths], cwd=source, capture_output=True, text=True, check=True)
    for line in result.stderr.splitlines():
        if "[-Wclang-format-violations]" in line:
            breaches.append(line.removeprefix(f"{source}/") + f"; clang-format-{CLANG} -i puts it right")
    return len(paths)


def tidy_file(path, source, build, *options):
    """What clang-tidy finds in one file and in the headers that it includes, a line each."""
    result = subprocess.run(["clang-tidy", "--quiet", *options, "-p", build, path], capture_output=True, text=True, check=False)
    found = re.findall(r"^(\S+?)(:\d+:\d+: (?:error|warning): .*\[[\w.,-]+\])$", result.stdout, re.MULTILINE)
    if result.returncode != 0 and not found:
        found = [(path, f":1: clang-tidy failed: {result.stderr.strip()}")]
    return [os.path.relpath((build / name).resolve(), source) + what for name, what in found]


def check_tidy(source, build, breaches, is_all):
    skip_unless_installed("clang-tidy")
    options = [] if is_all else ["--checks=-clang-analyzer-*"]
    commands = json.loads((build / "compile_commands.json").read_text(encoding="utf-8"))
    paths = {pathlib.Path(entry["directory"], entry["file"]).resolve() for entry in commands}
    paths = sorted(path for path in paths if path.is_relative_to(source) and not path.is_relative_to(build)
                   and (is_all or not path.is_relative_to(source / "tests")))
    with futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        found = list(pool.map(lambda path: tidy_file(path, source, build, *options), paths))
    breaches += sorted(set(line for lines in found for line in lines))
    return len(paths)


CATEGORY = re.compile(r'GST_DEBUG_CATEGORY_INIT \(\w+, "(\w+)"')
CATEGORY_PAGE = "docs/PIPELINES.md"


def check_categories(source, breaches):
    """Each category of GST_DEBUG has a row in its table, and each row a category."""
    page = source / CATEGORY_PAGE
    found = {name for path in c_files(source) for name in CATEGORY.findall(read(path))}
    table = (read(page) if page.is_file() else "").partition("| category |")[2].partition("\n\n")[0]
    described = set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE))
    breaches += [f"{CATEGORY_PAGE}:1: the category {name} of GST_DEBUG has no row" for name in sorted(found - described)]
    breaches += [f"{CATEGORY_PAGE}:1: there is no category {name} of GST_DEBUG" for name in sorted(described - found)]


def check_rules(source, breaches):
    check_arrows(source, breaches)
    check_circles(source, breaches)
    check_libraries(source, breaches)
    check_text(source, breaches)
    check_tests(source, breaches)
    check_words(source, breaches)
    check_options(source, breaches)
    check_categories(source, breaches)
    return len(c_files(source))


def main(arguments):
    mode, source = arguments[0], pathlib.Path(arguments[1]).resolve()
    breaches = []
    if mode == "rules":
        n_files = check_rules(source, breaches)
        check_unused_arrows(source, breaches)
    elif mode == "headers":
        n_files = check_headers(source, pathlib.Path(arguments[2]).resolve(), breaches)
    elif mode == "format":
        n_files = check_format(source, breaches)
    elif mode in ("tidy", "tidy-all"):
        n_files = check_tidy(source, pathlib.Path(arguments[2]).resolve(), breaches, mode == "tidy-all")
    else:
        sys.exit(__doc__)
    print("\n".join(breaches + [f"{n_files} files, {len(breaches)} breaches"]))
    return 1 if breaches or n_files == 0 else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
