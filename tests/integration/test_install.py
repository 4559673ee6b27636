"""`meson install` into a folder of its own: what is there, a call by an ordinary user, nothing left after uninstall but the
operator's configuration; and build trees that were moved."""

import json
import os
import pathlib
import shutil
import subprocess

import harness

# In the installation, whatever else there is.
FILES = ["bin/voice-gateway", "bin/voice-gateway-call", "etc/voice-gateway/voice-gateway.conf",
         "share/man/man1/voice-gateway.1", "share/man/man1/voice-gateway-doctor.1",
         "share/man/man1/voice-gateway-token.1", "share/man/man1/voice-gateway-call.1",
         "share/man/man5/voice-gateway.conf.5", "share/bash-completion/completions/voice-gateway",
         "share/bash-completion/completions/voice-gateway-call", "share/zsh/site-functions/_voice-gateway"]
ASSISTANT_FILES = ["bin/voice-gateway-assistant", "share/man/man1/voice-gateway-assistant.1",
                   "share/voice-gateway/assistant/assistant.gram"]
ORDINARY_USER = "nobody"


def run(*command, **options):
    return subprocess.run([*map(str, command)], capture_output=True, text=True, check=False,
                          env=harness.environment(), **options)


def option(name, build=harness.BUILD_ROOT):
    options = json.loads(run("meson", "introspect", "--buildoptions", build).stdout)
    return next(entry["value"] for entry in options if entry["name"] == name)


class Install(harness.GatewayTest):
    def setUp(self):
        super().setUp()
        self.directory.chmod(0o755)

    def as_ordinary_user(self, *command):
        """With a home that is not there, as system users have it, but a place for GStreamer's registry."""
        if os.geteuid() != 0:
            return command
        cache = self.directory / "cache"
        cache.mkdir(exist_ok=True)
        shutil.chown(cache, ORDINARY_USER)
        return ("setpriv", "--reuid", ORDINARY_USER, "--regid", "nogroup", "--clear-groups",
                "env", "HOME=/nonexistent", f"XDG_CACHE_HOME={cache}", *command)

    def install(self):
        """Returns the prefix in a DESTDIR of its own: the programs are then not where they were configured for."""
        destination = self.directory / "destination"
        result = run("meson", "install", "-C", harness.BUILD_ROOT, "--no-rebuild", "--destdir", destination)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        return destination / option("prefix").lstrip("/")

    def test_an_ordinary_user_makes_a_call_with_what_was_installed(self):
        prefix = self.install()
        for name in FILES:
            self.assertTrue((prefix / name).is_file(), name)
        has_assistant = (harness.BUILD_ROOT / "tools/assistant/voice-gateway-assistant").exists()
        for name in ASSISTANT_FILES:
            self.assertEqual((prefix / name).is_file(), has_assistant, name)
        for source in (harness.SOURCE_ROOT / "pipelines").iterdir():
            self.assertTrue((prefix / "share/voice-gateway/pipelines" / source.name).is_file(), source.name)
        self.assertTrue(list(prefix.glob("**/gstreamer-1.0/libgstvgw.so")))

        gateway = self.start(command=self.as_ordinary_user(prefix / "bin/voice-gateway"))
        result = harness.call(gateway.url, command=self.as_ordinary_user(prefix / "bin/voice-gateway-call"))
        self.assertEqual(result.status, 0, result.errors)
        self.assertGreater(result.only["packets_received"], 200)
        if os.geteuid() == 0:
            self.assertNotEqual(os.stat(f"/proc/{gateway.pid}").st_uid, 0)

    def test_the_installed_configuration_is_read_and_stays_the_operators(self):
        prefix = self.install()
        file = prefix / "etc/voice-gateway/voice-gateway.conf"
        file.write_text("[engine]\ndefault = record\n")
        printed = run(prefix / "bin/voice-gateway", "--print-config")
        self.assertIn("default = record", printed.stdout, printed.stderr)
        built = run(harness.GATEWAY, "--print-config")
        self.assertIn("default = echo", built.stdout, built.stderr)

        self.install()  # an upgrade
        self.assertEqual(file.read_text(), "[engine]\ndefault = record\n")

        result = run("ninja", "-C", harness.BUILD_ROOT, "uninstall")
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        self.assertEqual([path for path in prefix.rglob("*") if path.is_file()], [file])
        self.assertEqual(file.read_text(), "[engine]\ndefault = record\n")

    def test_another_prefix(self):
        """Configured only, which takes seconds: every file goes below the prefix, and the program is told of it."""
        build, prefix = self.directory / "build", self.directory / "other prefix"
        result = run("meson", "setup", build, harness.SOURCE_ROOT, "-Dtests=disabled", "--prefix", prefix)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        installed = json.loads(run("meson", "introspect", "--installed", build).stdout).values()
        self.assertTrue(installed)
        self.assertEqual([path for path in installed if not path.startswith(f"{prefix}/")], [])
        self.assertIn(f'"{prefix}/share/voice-gateway"', (build / "vgw-build.h").read_text())

    def check(self, program, *arguments):
        return run(program, "--check-config", *arguments)

    def test_a_copied_tree_uses_its_own_files(self):
        """Source and build tree together, as `cp -r` of a clone: the copy's pipelines are the ones in use."""
        relative = os.path.relpath(harness.SOURCE_ROOT, harness.BUILD_ROOT)
        build = self.directory / "copy" / os.path.relpath(harness.BUILD_ROOT, harness.SOURCE_ROOT)
        (build / "src").mkdir(parents=True)
        for name in ("vgw-build.h", "src/voice-gateway"):
            shutil.copy(harness.BUILD_ROOT / name, build / name)
        pipelines = pathlib.Path(os.path.normpath(build / relative)) / "pipelines"
        pipelines.mkdir()
        (pipelines / "opus.launch").write_text("nonsense\n")
        result = self.check(build / "src/voice-gateway", "--set", "media.pipelines=opus")
        self.assertEqual(result.returncode, 78)
        self.assertIn(str(pipelines / "opus.launch"), result.stderr)

    def test_a_program_without_its_files_says_what_to_do(self):
        program = self.directory / "bin" / "voice-gateway"
        program.parent.mkdir()
        shutil.copy(harness.GATEWAY, program)
        if pathlib.Path(option("prefix"), "share/voice-gateway").exists():
            self.skipTest("voice-gateway is installed on this machine, so that its files are found")
        result = self.check(program)
        self.assertEqual(result.returncode, 78)
        self.assertIn(f"meson install -C {harness.BUILD_ROOT}", result.stderr)
        self.assertIn("media.pipeline-dir", result.stderr)

        good = self.check(program, "--set", f"media.pipeline-dir={harness.SOURCE_ROOT}/pipelines")
        self.assertEqual(good.returncode, 0, good.stderr)
        bad = self.check(program, "--set", "media.pipeline-dir=/nonexistent")
        self.assertEqual(bad.returncode, 78)
        self.assertIn("media.pipeline-dir: the directory /nonexistent does not exist", bad.stderr)


if __name__ == "__main__":
    harness.main()
