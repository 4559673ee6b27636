"""Each rule of check.py is broken once, and must be seen."""

import json
import pathlib
import tempfile
import unittest

import check


class RulesTest(unittest.TestCase):
    def breaches(self, files):
        with tempfile.TemporaryDirectory() as directory:
            source = pathlib.Path(directory)
            for name, text in files.items():
                path = source / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
            found = []
            check.check_rules(source, found)
            return found

    def assert_breach(self, files, *words):
        found = self.breaches(files)
        self.assertEqual(len(found), 1, found)
        for word in words:
            self.assertIn(word, found[0])

    def test_a_good_tree_has_no_breach(self):
        self.assertEqual(self.breaches({
            "src/base/a.h": '#pragma once\n#include <glib.h>\n',
            "src/media/a.c": '#include "base/a.h"\n#include <gst/gst.h>\n/* goto */ const char *x = "goto \\" goto";\n',
            "src/session/b.c": '#include "base/a.h"\n#include "vgw-build.h"\n',
            "src/main.c": '#include "session/b.h"\n',
        }), [])

    def test_arrows_never_point_up(self):
        self.assert_breach({"src/base/a.c": '\n#include "session/a.h"\n'}, "src/base/a.c:2", "must not include session")

    def test_net_stands_beside_session(self):
        self.assert_breach({"src/net/a.c": '#include "session/a.h"\n'}, "src/net/a.c:1")
        self.assert_breach({"src/session/a.c": '#include "net/a.h"\n'}, "src/session/a.c:1")

    def test_an_exception_is_one_header(self):
        self.assertEqual(self.breaches({"tools/caller/a.c": '#include "media/vgw-pacer.h"\n'}), [])
        self.assert_breach({"tools/caller/a.c": '#include "media/vgw-peer.h"\n'}, "must not include media")

    def test_a_new_room_is_asked_about(self):
        self.assert_breach({"src/attic/a.c": "\n"}, "src/attic/a.c", "no room")

    def test_a_folder_below_a_room_belongs_to_the_room(self):
        self.assertEqual(self.breaches({"src/engine/a.c": '#include "engine/below/b.h"\n',
                                        "src/engine/below/b.c": '#include "base/a.h"\n'}), [])
        self.assert_breach({"src/engine/below/a.c": '#include "session/a.h"\n'}, "engine must not include session")
        self.assert_breach({"src/engine/below/a.c": "#include <gst/gst.h>\n"}, "GStreamer must not be known here")
        self.assert_breach({
            "src/engine/a.h": '#pragma once\n#include "engine/below/b.h"\n',
            "src/engine/below/b.h": '#pragma once\n#include "engine/a.h"\n',
        }, "circle: engine/a, engine/below/b")

    def test_no_merge_is_left_half_way(self):
        self.assert_breach({"docs/A.md": "a\n" + "<" * 7 + " HEAD\nb\n"}, "docs/A.md:2")

    def test_gstreamer_stays_in_its_rooms(self):
        self.assert_breach({"src/session/a.c": "#include <gst/gst.h>\n"}, "GStreamer must not be known here")
        self.assert_breach({"src/main.c": "#include <gst/gst.h>\n"}, "src/main.c:1")

    def test_gstreamer_is_seen_through_headers(self):
        self.assert_breach({
            "src/media/a.h": '#pragma once\n#include "media/b.h"\n',
            "src/media/b.h": "#pragma once\n#include <gst/gst.h>\n",
            "src/session/a.c": '#include "media/a.h"\n',
        }, "src/session/a.c:1", "media/a.h → media/b.h")

    def test_headers_in_a_circle_end(self):
        self.assert_breach({
            "src/media/a.h": '#pragma once\n#include "media/b.h"\n',
            "src/media/b.h": '#pragma once\n#include "media/a.h"\n',
        }, "circle: media/a, media/b")

    def test_files_of_a_room_in_a_circle(self):
        self.assertEqual(self.breaches({
            "src/base/a.h": "#pragma once\n",
            "src/base/a.c": '#include "base/a.h"\n#include "base/b.h"\n',
            "src/base/b.h": "#pragma once\n",
            "src/base/b.c": '#include "base/b.h"\n#include "base/c.h"\n',
            "src/base/c.h": '#pragma once\n',
        }), [])
        self.assert_breach({
            "src/base/a.h": "#pragma once\n",
            "src/base/a.c": '#include "base/a.h"\n#include "base/b.h"\n',
            "src/base/b.h": "#pragma once\n",
            "src/base/b.c": '#include "base/b.h"\n#include "base/c.h"\n',
            "src/base/c.h": '#pragma once\n#include "base/a.h"\n',
        }, "circle: base/a, base/b, base/c")

    def test_an_arrow_that_nothing_uses(self):
        with tempfile.TemporaryDirectory() as directory:
            source = pathlib.Path(directory)
            (source / "src/ice").mkdir(parents=True)
            (source / "src/ice/a.c").write_text('#include "base/a.h"\n', encoding="utf-8")
            found = []
            check.check_unused_arrows(source, found)
            self.assertTrue(any("ice may include elements, and no file does" in breach for breach in found), found)
            self.assertFalse(any("ice may include base" in breach for breach in found), found)

    def test_libsoup_stays_in_its_rooms(self):
        self.assert_breach({"src/engine/a.c": "#include <libsoup/soup.h>\n"}, "libsoup must not be known here")

    def test_goto_and_length(self):
        self.assert_breach({"src/base/a.c": "void f (void)\n{\n  goto out;\n}\n"}, "src/base/a.c:3: goto")
        self.assert_breach({"src/base/a.c": "\n" * (check.MAX_LINES + 1)}, "601 lines")
        self.assert_breach({"src/base/a.h": "int x;\n"}, "#pragma once")
        self.assert_breach({"src/base/a.c": "/* " + "→" * 120 + " */\n"}, "src/base/a.c:1: 126 columns")

    def test_tests_are_short_and_share_a_library(self):
        self.assert_breach({"tests/unit/a.c": "\n" * (check.MAX_LINES + 1)}, "tests/unit/a.c", "601 lines")
        self.assert_breach({"tests/unit/a.c": '\n#include "ice/x-private.h"\n'}, "tests/unit/a.c:2", "x-private.h")
        self.assert_breach({"tests/lib/a.h": "#pragma once\nstatic inline int\nf (void)\n"}, "tests/lib/a.h:2")

    def test_unfinished_words_anywhere(self):
        word = "TO" + "DO"
        self.assert_breach({"src/base/a.c": f"/* {word}: x */\n"}, "src/base/a.c:1", word)
        self.assert_breach({"docs/x.md": f"a\nb {word}\n"}, "docs/x.md:2")

    def test_categories_of_debug_output_are_described(self):
        code = {"src/ice/a.c": 'static void f (void) { GST_DEBUG_CATEGORY_INIT (debug, "vgwa", 0, "a"); }\n'}
        row = "| category | lines about |\n|---|---|\n| `vgw{}` | a |\n\n| `vgwc` | of another table |\n"
        self.assertEqual(self.breaches({**code, "docs/PIPELINES.md": row.format("a")}), [])
        self.assert_breach(code, "vgwa", "has no row")
        self.assert_breach({"docs/PIPELINES.md": row.format("b")}, "no category vgwb")

    def test_man_pages_tell_the_options_and_no_others(self):
        program = 'entries[] = {\n    { "config", \'c\', 0, G_OPTION_ARG_FILENAME, &x, "…",\n "FILE" },\n' \
                  '    { "dry-run", 0, 0, G_OPTION_ARG_NONE, &x, "…", NULL },\n'
        page = ".SH OPTIONS\n.TP\n.BR \\-c \", \" \\-\\-config =FILE\n.TP\n.B \\-\\-{}\n.SH NOTES\n.B \\-\\-none\n"
        self.assertEqual(self.breaches({"src/main.c": program, "docs/man/voice-gateway.1": page.format("dry\\-run")}), [])
        found = self.breaches({"src/main.c": program, "docs/man/voice-gateway.1": page.format("dry\\-ran")})
        self.assertEqual(len(found), 2, found)
        self.assertIn("--dry-run of src/main.c is not told", found[0])
        self.assertIn("src/main.c has no --dry-ran", found[1])

    def test_clang_tidy_bites(self):
        if check.why_not("clang-tidy"):
            self.skipTest(check.why_not("clang-tidy"))
        root = pathlib.Path(__file__).resolve().parents[2]
        with tempfile.TemporaryDirectory() as directory:
            source = pathlib.Path(directory).resolve()
            (source / ".clang-tidy").write_bytes((root / ".clang-tidy").read_bytes())
            (source / "good.c").write_text("int f (int x);\nint\nf (int x)\n{\n  return x + 1;\n}\n", encoding="utf-8")
            (source / "bad.c").write_text("int f (int x);\nint\nf (int x)\n{\n  int y;\n\n  if (x)\n    y = 1;\n"
                                          "  return y == y;\n}\n", encoding="utf-8")
            commands = [{"directory": directory, "file": name, "command": f"cc -c {name}"} for name in ("good.c", "bad.c")]
            (source / "compile_commands.json").write_text(json.dumps(commands), encoding="utf-8")
            self.assertEqual(check.tidy_file(source / "good.c", source, source), [])
            found = check.tidy_file(source / "bad.c", source, source)
            self.assertTrue(any(breach.startswith("bad.c:9:") and "misc-redundant-expression" in breach
                                for breach in found), found)
            self.assertTrue(any("clang-analyzer-core" in breach for breach in found), found)

    def test_a_header_that_needs_another_does_not_compile_alone(self):
        with tempfile.TemporaryDirectory() as directory:
            (pathlib.Path(directory) / "bad.h").write_text("#pragma once\nint f (gsize x);\n", encoding="utf-8")
            (pathlib.Path(directory) / "good.h").write_text("#pragma once\nint f (int x);\n", encoding="utf-8")
            self.assertIsNone(check.compile_header("good.h", ["cc", "-I."], directory))
            self.assertIn("bad.h:1", check.compile_header("bad.h", ["cc", "-I."], directory))


if __name__ == "__main__":
    unittest.main()
