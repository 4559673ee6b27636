"""scripts/run as people use it: from any directory, as an ordinary user, in a tree that is somebody else's or was copied."""

import json
import os
import pathlib
import pwd
import re
import shutil
import subprocess
import unittest
import urllib.request

import certificates
import harness

ORDINARY_USER = "nobody"
ASSISTANT = harness.BUILD_ROOT / "tools" / "assistant" / "voice-gateway-assistant"


class Scripts(harness.GatewayTest):
    def setUp(self):
        super().setUp()
        self.directory.chmod(0o755)

    def run_script(self, *arguments, cwd=None, prefix=(), script=harness.SOURCE_ROOT / "scripts" / "run", **variables):
        """With VGW_TEST_BUILD_ROOT that is the build tree of the tests, which is up to date."""
        return subprocess.run([*map(str, prefix), str(script), *map(str, arguments)], capture_output=True, text=True,
                              check=False, cwd=cwd or self.directory, env={**harness.environment(), **variables})

    def test_file_names_count_from_where_the_user_stands(self):
        (self.directory / "bot.conf").write_text("[engine]\ndefault = record\n[record]\ndirectory = calls\n")
        result = self.run_script("--config", "bot.conf", "--print-config")
        self.assertIn("default = record", result.stdout, result.stderr)

        shutil.copy(harness.SOURCE_ROOT / "pipelines" / "opus.launch", self.directory / "mine.launch")
        result = self.run_script("--check-pipeline", "mine.launch")
        self.assertEqual(result.returncode, 0, result.stderr)
        result = self.run_script("--pipeline", "mine.launch", "--check-config")
        self.assertEqual(result.returncode, 0, result.stderr)

        (self.directory / "servers").write_text("turn:user:word@turn.example:3478\n")
        result = self.run_script("--set", "ice.turn-servers-file=servers", "--set", "ice.agent=nice", "--check-config")
        self.assertEqual(result.returncode, 0, result.stderr)

    def test_a_name_that_is_wrong_is_told_as_the_user_wrote_it(self):
        result = self.run_script("--config", "no-such.conf", "--check-config")
        self.assertEqual(result.returncode, 78)
        self.assertIn("no-such.conf", result.stderr)

    def test_the_configurations_of_the_documents_are_good(self):
        pages = [harness.SOURCE_ROOT / "README.md", *sorted((harness.SOURCE_ROOT / "docs").glob("*.md"))]
        blocks = [(page.name, block) for page in pages for block in re.findall(r"^```ini\n(.*?)^```", page.read_text(), re.M | re.S)]
        self.assertTrue(blocks)
        certificate, key = certificates.self_signed(self.directory)
        files = {"internal-ca.pem": certificate.read_text(), "fullchain.pem": certificate.read_text(),
                 "privkey.pem": key.read_text(), "token-keys": "web: " + "x" * 32, "turn-secret": "x" * 32,
                 "webhook-secrets": "whsec_" + "eHh4" * 8, "node-keys": "x" * 32, "redis-password": "x" * 32,
                 "redis-ca.pem": certificate.read_text()}
        for name, text in files.items():
            (self.directory / name).write_text(text)
            (self.directory / name).chmod(0o600)
        for name, block in blocks:
            with self.subTest(page=name, block=block):
                (self.directory / "page.conf").write_text(block.replace("/etc/voice-gateway/", f"{self.directory}/"))
                result = subprocess.run([harness.GATEWAY, "--config", self.directory / "page.conf", "--check-config"],
                                        capture_output=True, text=True, check=False, env=harness.environment())
                self.assertEqual(result.returncode, 0, result.stderr)

    def run_for_a_page(self, *arguments):
        """The engines that the page offers while scripts/run runs, and the programs whose parent it is; ends it."""
        gateway = harness.Gateway(command=(harness.SOURCE_ROOT / "scripts" / "run", *arguments))
        try:
            with urllib.request.urlopen(f"{gateway.http_url}engines") as response:
                engines = json.load(response)
            result = subprocess.run(["pgrep", "-P", str(gateway.pid)], capture_output=True, text=True, check=False)
            children = [int(pid) for pid in result.stdout.split()]
        finally:
            status, complaints = gateway.stop()
        self.assertEqual((status, complaints), (0, ""))
        return engines, children

    @unittest.skipUnless(ASSISTANT.exists(), "not built")
    def test_the_assistant_runs_beside_the_gateway(self):
        engines, children = self.run_for_a_page()
        self.assertEqual(engines, {"default": "echo", "engines": ["echo", "assistant"]})
        self.assertEqual(len(children), 1)
        harness.wait_for(lambda: not pathlib.Path(f"/proc/{children[0]}").exists(), harness.STOP_TIMEOUT_S,
                         "the assistant ends with the gateway")

    def test_with_a_configuration_of_the_user_there_is_no_assistant(self):
        (self.directory / "mine.conf").write_text("[engine]\ndefault = record\n[record]\ndirectory = /tmp\n")
        engines, children = self.run_for_a_page("--config", self.directory / "mine.conf")
        self.assertEqual(engines, {"default": "record", "engines": ["record"]})
        self.assertEqual(children, [])

    @unittest.skipUnless(os.geteuid() == 0, "nobody else can become another user")
    def test_somebody_elses_build_says_what_to_do(self):
        build = self.directory / "theirs"
        build.mkdir()
        result = self.run_script("--version", prefix=("setpriv", "--reuid", ORDINARY_USER, "--clear-groups"),
                                 VGW_TEST_BUILD_ROOT=str(build))
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertIn(f"{build} belongs to {pwd.getpwuid(os.geteuid()).pw_name}", result.stderr)
        self.assertIn(f"git clone {harness.SOURCE_ROOT}", result.stderr)

    @unittest.skipUnless(os.geteuid() == 0, "nobody else can become another user")
    def test_another_debian_is_for_root(self):
        result = self.run_script("--on", "debian13", "--suite", "lint", script=harness.SOURCE_ROOT / "scripts" / "test",
                                 prefix=("setpriv", "--reuid", ORDINARY_USER, "--clear-groups"))
        self.assertEqual(result.returncode, 1)
        self.assertIn("run this as root", result.stderr)

    def test_an_unknown_debian(self):
        result = self.run_script("--on", "debian3", script=harness.SOURCE_ROOT / "scripts" / "test")
        self.assertEqual(result.returncode, 2)
        self.assertIn("debian13", result.stderr)

    def test_a_copied_build_folder_is_made_anew(self):
        """Only as far as meson's complaint that there is no project: what matters is that it is called."""
        copy = self.directory / "copy"
        (copy / "build" / "meson-info").mkdir(parents=True)
        shutil.copytree(harness.SOURCE_ROOT / "scripts", copy / "scripts")
        (copy / "build" / "build.ninja").touch()
        shutil.copy(harness.BUILD_ROOT / "meson-info" / "meson-info.json", copy / "build" / "meson-info")
        result = self.run_script("--version", script=copy / "scripts" / "run", VGW_TEST_BUILD_ROOT="", VGW_TEST_ON="")
        self.assertNotEqual(result.returncode, 0)
        self.assertIn("was moved or copied here: setting it up again", result.stderr)


class Completion(harness.GatewayTest):
    """What the shells complete is what --help lists."""

    FILES = harness.SOURCE_ROOT / "data" / "completion"
    PROGRAMS = f"{harness.GATEWAY.parent}:{harness.CALLER.parent}"

    def run_shell(self, shell, script):
        env = {**harness.environment(), "PATH": f"{self.PROGRAMS}:{os.environ['PATH']}"}
        result = subprocess.run([shell, *(["-f"] if shell == "zsh" else []), "-c", script], capture_output=True, text=True,
                                check=False, env=env)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        return sorted(set(result.stdout.split()))

    def bash(self, *words):
        return self.run_shell("bash", f""". {self.FILES}/voice-gateway.bash
            COMP_WORDS=({' '.join(f"'{word}'" for word in words)}) COMP_CWORD={len(words) - 1}
            _voice_gateway; printf '%s\\n' "${{COMPREPLY[@]}}" """)

    def zsh(self, *words):
        """All candidates: the shell itself leaves out those that do not fit."""
        return self.run_shell("zsh", f"""compadd () {{ while [[ $1 != -- ]]; do shift; done; shift; print -l -- "$@" }}
            words=({' '.join(f"'{word}'" for word in words)}) CURRENT={len(words)}
            complete_it () {{ {(self.FILES / '_voice-gateway').read_text()} }}; complete_it""")

    def options(self, *command):
        text = subprocess.run([*command, "--help"], capture_output=True, text=True, check=True,
                              env={**harness.environment(), "PATH": self.PROGRAMS}).stdout
        found = set(re.findall(r"^ +(?:-., )?(--[a-z][a-z-]*)", text, re.MULTILINE))
        self.assertGreater(len(found), 4)
        return found, sorted(set(re.findall(r"^ +([a-z]+\.[a-z-]+)=", text, re.MULTILINE)))

    def test_options_and_keys(self):
        for command in (["voice-gateway"], ["voice-gateway", "token"], ["voice-gateway", "doctor"], ["voice-gateway-call"]):
            options, keys = self.options(*command)
            self.assertEqual(self.bash(*command, "--"), sorted(options))
            commands = {"token", "doctor"} if command == ["voice-gateway"] else set()
            self.assertEqual(self.zsh(*command, "--"), sorted(options | commands))
        keys = self.options("voice-gateway")[1]
        self.assertGreater(len(keys), 50)
        self.assertEqual(self.bash("voice-gateway", "doctor", "--set", ""), sorted(f"{key}=" for key in keys))
        self.assertEqual(self.zsh("voice-gateway", "--set", ""), keys)
        self.assertEqual(self.bash("voice-gateway", "do"), ["doctor"])
        (self.directory / "my.conf").touch()
        self.assertEqual(self.bash("voice-gateway", "--config", "=", f"{self.directory}/m"), [f"{self.directory}/my.conf"])


if __name__ == "__main__":
    harness.main()
