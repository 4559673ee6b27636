"""The package voice-gateway under a running systemd, in the virtual machine of scripts/boot: it is installed, started, stopped,
killed, upgraded and purged.

    booted.py [TEST…]
"""

import json
import os
import pathlib
import pwd
import re
import shutil
import ssl
import subprocess
import sys
import time
import unittest

UNIT = "voice-gateway.service"
PACKAGES = pathlib.Path(__file__).parent
CONFIGURATION = pathlib.Path("/etc/voice-gateway/voice-gateway.conf")
DROP_IN = pathlib.Path(f"/etc/systemd/system/{UNIT}.d/check.conf")
STATE = pathlib.Path("/var/lib/voice-gateway")
SECRETS_GROUP = "voice-gateway-secrets"
DYNAMIC_USERS = range(61184, 65520)  # systemd.exec(5), DynamicUser=
TIMEOUT_S = 180  # for what takes a moment, on a machine that is emulated


def run(*command, check=True, **options):
    """What a command prints, standard error first; fails with it."""
    result = subprocess.run(list(map(str, command)), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                            text=True, check=False, **options)
    if check and result.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, command))}: status {result.returncode}\n{result.stdout}")
    return result.stdout


def wait(condition, timeout_s=TIMEOUT_S):
    """The first true value of `condition ()`."""
    end = time.monotonic() + timeout_s
    while not (value := condition()):
        if time.monotonic() > end:
            raise AssertionError(f"not within {timeout_s} s: {condition.__doc__ or condition}")
        time.sleep(0.2)
    return value


def package(name):
    return next(PACKAGES.glob(f"{name}_*.deb"))


def apt(*arguments):
    run("dpkg", "--force-confdef", "--force-confold", *arguments, env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"})


def show(name):
    return run("systemctl", "show", "--value", "--property", name, UNIT).strip()


def status():
    return run("systemctl", "status", "--no-pager", "--full", "--lines", "30", UNIT, check=False)


def journal(*arguments):
    """The lines of the present process, as objects."""
    run("journalctl", "--sync")
    lines = run("journalctl", "--output", "json", *arguments, f"_SYSTEMD_INVOCATION_ID={show('InvocationID')}").splitlines()
    return [json.loads(line) for line in lines if line.startswith("{")]


def has_logged(text):
    return any(text in str(entry["MESSAGE"]) for entry in journal())


def write(path, text, mode=0o640, group=SECRETS_GROUP):
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)
    shutil.chown(path, "root", group)
    return path


def start(configuration="", drop_in=None, check=True):
    """Starts the unit anew; with the lines of [Service] in `drop_in`."""
    run("systemctl", "stop", UNIT, check=False)
    CONFIGURATION.write_text(configuration)
    shutil.rmtree(DROP_IN.parent, ignore_errors=True)
    if drop_in is not None:
        write(DROP_IN, f"[Service]\n{drop_in}\n", 0o644, "root")
    run("systemctl", "daemon-reload")
    run("systemctl", "reset-failed", UNIT, check=False)
    run("systemctl", "start", UNIT, check=check)


def call_command(duration_s, url):
    return ["voice-gateway-call", "--insecure", "--timeout", "60000", "--duration", str(duration_s), url]


def call(duration_s=2, url="ws://127.0.0.1:8080/ws"):
    """Makes a call with echo: its status is 0 only where audio was received."""
    return run(*call_command(duration_s, url))


def refuse(url):
    """Makes a call that is refused: its status is that of failed signaling."""
    result = subprocess.run(call_command(2, url), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if result.returncode != 3:
        raise AssertionError(f"status {result.returncode}, not 3\n{result.stdout}{result.stderr}")


def token(keys):
    return run("voice-gateway", "token", "--keys-file", keys, "--config", "/dev/null").strip()


def make_certificate(certificate, key):
    write(key, "")
    write(certificate, "")
    run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=localhost",
        "-days", "2", "-keyout", key, "-out", certificate)
    key.chmod(0o640)
    return certificate.read_text()


def certificate_of_the_listener():
    return ssl.get_server_certificate(("127.0.0.1", 8080))


class Booted(unittest.TestCase):
    def setUp(self):
        if not CONFIGURATION.exists():
            apt("--install", package("voice-gateway"), package("voice-gateway-tools"))
        start()

    def run(self, result=None):
        started = time.monotonic()
        n_bad = len(result.failures) + len(result.errors)
        super().run(result)
        print(f"  {time.monotonic() - started:.0f} s", file=sys.stderr)
        if len(result.failures) + len(result.errors) > n_bad:
            print(status(), run("journalctl", "--no-pager", "--lines", "40", "--unit", UNIT), file=sys.stderr)

    def assert_runs(self):
        self.assertEqual(show("ActiveState"), "active", status())

    def start_call(self, duration_s):
        process = subprocess.Popen(call_command(duration_s, "ws://127.0.0.1:8080/ws"), stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.kill)
        wait(lambda: has_logged("→ active"))
        return process

    def assert_call_ended_well(self, process):
        output = process.communicate(timeout=TIMEOUT_S)[0]
        self.assertEqual(process.returncode, 0, output)

    def wait_failed(self):
        wait(lambda: show("ActiveState") == "failed")
        self.assertEqual((show("Result"), show("ExecMainStatus"), show("NRestarts")), ("exit-code", "78", "0"))
        time.sleep(1)  # RestartSec= is 100 ms
        self.assertEqual((show("ActiveState"), show("NRestarts")), ("failed", "0"))

    # --- running ---

    def test_the_unit_is_active_when_the_gateway_listens(self):
        self.assertEqual(show("Type"), "notify")
        self.assert_runs()
        self.assertIn("active (running)", status())
        self.assertRegex(status(), r'Status: "0 sessions"')
        call()
        self.assertTrue(pathlib.Path("/var/cache/voice-gateway/gstreamer.registry").is_file())

    def test_the_unit_runs_as_a_user_of_its_own_with_few_rights(self):
        self.assertNotIn("voice-gateway:", pathlib.Path("/etc/passwd").read_text())
        self.assertIn(pathlib.Path(f"/proc/{show('MainPID')}").stat().st_uid, DYNAMIC_USERS)
        exposure = run("systemd-analyze", "security", UNIT).strip().splitlines()[-1]
        print(f"  {exposure}", file=sys.stderr)
        self.assertLessEqual(float(re.search(r"Overall exposure level for \S+: ([\d.]+)", exposure).group(1)), 2.0)

    def test_the_watchdog_restarts_a_gateway_that_hangs(self):
        pid = show("MainPID")
        watchdog_s = 30
        self.assertEqual(show("WatchdogUSec"), f"{watchdog_s}s")
        os.kill(int(pid), 19)  # SIGSTOP
        stopped = time.monotonic()
        wait(lambda: show("NRestarts") == "1", watchdog_s + TIMEOUT_S)
        print(f"  restarted after {time.monotonic() - stopped:.0f} s", file=sys.stderr)
        wait(lambda: show("ActiveState") == "active")
        self.assertNotEqual(show("MainPID"), pid)
        self.assertIn("Watchdog timeout", run("journalctl", "--no-pager", "--boot", "--unit", UNIT))
        call()

    def test_the_journal_has_the_priorities_of_the_log(self):
        start("[limits]\nmax-sessions = 1000000\n")
        warnings = [entry for entry in journal("--priority", "warning") if entry["_PID"] == show("MainPID")]
        self.assertTrue(any("limits.max-sessions = 1000000" in entry["MESSAGE"] for entry in warnings), journal())
        self.assertEqual({entry["PRIORITY"] for entry in warnings}, {"4"})
        listening = [entry for entry in journal() if "listening url" in entry["MESSAGE"]]
        self.assertEqual([entry["PRIORITY"] for entry in listening], ["6"] * len(listening))
        self.assertTrue(listening)
        self.assertEqual([entry for entry in journal() if entry["MESSAGE"].startswith("<")], [])

    # --- reload ---

    def test_a_reload_reads_secrets_again(self):
        keys = write("/etc/voice-gateway/token-keys", "a: " + "x" * 32 + "\n")
        start(f"[access]\nmode = token\ntoken-keys-file = {keys}\n")
        old = token(keys)
        call(url=f"ws://127.0.0.1:8080/ws?token={old}")
        write(keys, "b: " + "y" * 32 + "\n")
        run("systemctl", "reload", UNIT)
        wait(lambda: has_logged("reload: in effect now"))
        call(url=f"ws://127.0.0.1:8080/ws?token={token(keys)}")
        refuse(f"ws://127.0.0.1:8080/ws?token={old}")
        self.assert_runs()

    def test_a_reload_reads_the_certificate_again(self):
        certificate, key = pathlib.Path("/etc/voice-gateway/c.pem"), pathlib.Path("/etc/voice-gateway/k.pem")
        first = make_certificate(certificate, key)
        start(f"[http]\ntls-certificate = {certificate}\ntls-key = {key}\n")
        self.assertEqual(certificate_of_the_listener(), first)
        second = make_certificate(certificate, key)
        run("systemctl", "reload", UNIT)
        wait(lambda: certificate_of_the_listener() == second)
        call(url="wss://127.0.0.1:8080/ws")

    # --- the end ---

    def test_a_stop_waits_for_the_call(self):
        start("[shutdown]\ndrain-timeout-s = 200\n")
        self.assertEqual(show("TimeoutStopUSec"), "15s")
        process = self.start_call(30)
        stopped = time.monotonic()
        run("systemctl", "stop", UNIT)
        print(f"  stopped after {time.monotonic() - stopped:.0f} s", file=sys.stderr)
        self.assertGreater(time.monotonic() - stopped, 15 + 5)  # TimeoutStopSec, after which systemd would kill it
        self.assert_call_ended_well(process)
        self.assertEqual((show("ActiveState"), show("Result")), ("inactive", "success"))

    def test_a_stop_waits_no_longer_than_it_may(self):
        start("[shutdown]\ndrain-timeout-s = 20\n")
        process = self.start_call(300)
        stopped = time.monotonic()
        run("systemctl", "stop", UNIT)
        elapsed_s = time.monotonic() - stopped
        print(f"  stopped after {elapsed_s:.0f} s", file=sys.stderr)
        self.assertTrue(19 < elapsed_s < 60, elapsed_s)
        self.assertEqual((show("ActiveState"), show("Result")), ("inactive", "success"))
        process.communicate(timeout=TIMEOUT_S)

    # --- what an operator has to correct ---

    def test_an_error_in_the_configuration_is_not_tried_again(self):
        start("[http]\nprot = 1\n", check=False)
        self.wait_failed()
        self.assertRegex(status(), r"status=78/CONFIG")
        self.assertRegex(status(), r'voice-gateway\.conf:2: \[http\] "prot": no such key.*did you mean port\?')
        self.assertEqual([entry["PRIORITY"] for entry in journal() if "no such key" in entry["MESSAGE"]], ["3"])

    def test_too_few_descriptors_for_the_sessions(self):
        start("[limits]\nmax-sessions = 500\n", "LimitNOFILE=256")
        self.assert_runs()
        warnings = [entry["MESSAGE"] for entry in journal("--priority", "warning")]
        self.assertTrue(any("limits.max-sessions = 500" in text and "LimitNOFILE=" in text for text in warnings), warnings)
        call()
        start("", "LimitNOFILE=64", check=False)
        self.wait_failed()
        self.assertRegex(status(), r"cannot start: .*LimitNOFILE=")

    # --- secrets, state ---

    def test_credentials_are_secrets_that_only_root_can_read(self):
        keys = write("/root/token-keys", "a: " + "x" * 32 + "\n", 0o600, "root")
        certificate, key = pathlib.Path("/etc/voice-gateway/c.pem"), pathlib.Path("/root/k.pem")
        first = make_certificate(certificate, key)
        run("systemd-creds", "encrypt", "--with-key=host", "--name=tls-key", key, "/etc/voice-gateway/tls-key.cred")
        configuration = ("[access]\nmode = token\ntoken-keys-file = credential:token-keys\n"
                         f"[http]\ntls-certificate = {certificate}\ntls-key = credential:tls-key\n")
        start(configuration, f"LoadCredential=token-keys:{keys}\n"
                             "LoadCredentialEncrypted=tls-key:/etc/voice-gateway/tls-key.cred")
        self.assertEqual(certificate_of_the_listener(), first)
        call(url=f"wss://127.0.0.1:8080/ws?token={token(keys)}")
        run("systemctl", "reload", UNIT)
        wait(lambda: has_logged("reload: "))
        self.assertEqual([entry["MESSAGE"] for entry in journal("--priority", "warning") if "reload" in entry["MESSAGE"]], [])
        run("voice-gateway", "--check-config", env={**os.environ, "CREDENTIALS_DIRECTORY": f"/run/credentials/{UNIT}"})

        start(configuration, f"LoadCredential=token-keys:{keys}", check=False)
        self.wait_failed()
        self.assertRegex(status(), r"\[http\] tls-key: credential:tls-key: .*LoadCredential=tls-key:FILE")
        start(configuration, check=False)
        self.wait_failed()
        self.assertRegex(status(), r"token-keys-file: credential:token-keys: .*LoadCredential=token-keys:FILE")

    RECORD = f"[engine]\ndefault = record\n[record]\ndirectory = {STATE}/recordings\ncall-bundle = {STATE}/calls\n"

    def assert_records(self):
        patterns = ("recordings/*.wav", "calls/*/*.html")
        before = [set(STATE.glob(pattern)) for pattern in patterns]
        call()
        wait(lambda: [len(set(STATE.glob(pattern)) - known) for pattern, known in zip(patterns, before)] == [2, 1])

    def test_recordings_are_below_private(self):
        start(self.RECORD)
        self.assert_records()
        self.assertEqual(os.readlink(STATE), "private/voice-gateway")
        run("systemctl", "restart", UNIT)
        self.assert_records()

    def test_files_of_the_fixed_user_of_before(self):
        apt("--purge", "voice-gateway")
        run("adduser", "--system", "--group", "--no-create-home", "voice-gateway")
        self.addCleanup(run, "userdel", "voice-gateway", check=False)
        (STATE / "recordings").mkdir(parents=True)
        (STATE / "recordings" / "old.wav").write_text("old")
        run("chown", "-R", "voice-gateway:voice-gateway", STATE)
        keys = write("/etc/voice-gateway/token-keys", "a: " + "x" * 32 + "\n", 0o640, "voice-gateway")
        own = write("/etc/voice-gateway/turn-secret", "x" * 32, 0o600)
        shutil.chown(own, "voice-gateway", "voice-gateway")
        apt("--install", package("voice-gateway"))

        secrets = f"[access]\ntoken-keys-file = {keys}\n[ice]\nclient-turn-secret-file = {own}\n"
        start(self.RECORD + secrets)
        self.assertEqual(pathlib.Path(f"/proc/{show('MainPID')}").stat().st_uid, pwd.getpwnam("voice-gateway").pw_uid)
        self.assert_records()
        self.assertEqual((STATE / "recordings" / "old.wav").read_text(), "old")

        # without that user the state is the dynamic one's, and the group of the secrets has to be changed
        run("systemctl", "stop", UNIT)
        run("userdel", "voice-gateway")
        start(self.RECORD + secrets, check=False)
        self.wait_failed()
        self.assertRegex(status(), r"token-keys-file: .*Permission denied")
        for path in (keys, own):
            write(path, path.read_text())
        start(self.RECORD + secrets)
        uid = pathlib.Path(f"/proc/{show('MainPID')}").stat().st_uid
        self.assertIn(uid, DYNAMIC_USERS)
        self.assertEqual((STATE / "recordings" / "old.wav").stat().st_uid, uid)
        self.assert_records()

    # --- the package ---

    def test_an_upgrade_ends_no_call(self):
        pid = show("MainPID")
        tree = pathlib.Path("/tmp/next")
        shutil.rmtree(tree, ignore_errors=True)
        run("dpkg-deb", "--raw-extract", package("voice-gateway"), tree)
        control = tree / "DEBIAN" / "control"
        control.write_text(re.sub(r"^(Version: .*)$", r"\1+next", control.read_text(), flags=re.M))
        run("dpkg-deb", "--build", "-Znone", tree, "/tmp/next.deb")
        CONFIGURATION.write_text("[limits]\nmax-sessions = 7\n")
        process = self.start_call(60)
        apt("--install", "/tmp/next.deb")
        self.assertIsNone(process.poll(), "the call should have lasted longer than the upgrade")
        self.assertEqual((show("ActiveState"), show("MainPID")), ("active", pid))
        self.assert_call_ended_well(process)
        self.assertTrue(run("dpkg-query", "-W", "-f", "${Version}", "voice-gateway").endswith("+next"))
        self.assertIn("max-sessions = 7", CONFIGURATION.read_text())
        run("systemctl", "restart", UNIT)
        self.assertNotEqual(show("MainPID"), pid)
        call()
        apt("--install", package("voice-gateway"))  # for the other tests

    def test_purge_leaves_nothing_but_the_group(self):
        start(self.RECORD)
        self.assert_records()
        apt("--purge", "voice-gateway")
        self.assertEqual(run("systemctl", "is-active", UNIT, check=False).strip(), "inactive")
        for path in (STATE, pathlib.Path("/var/lib/private/voice-gateway"), pathlib.Path("/var/cache/voice-gateway"),
                     pathlib.Path("/var/cache/private/voice-gateway"), CONFIGURATION, pathlib.Path("/usr/lib/systemd/system", UNIT), pathlib.Path("/etc/systemd/system/multi-user.target.wants", UNIT)):
            self.assertFalse(os.path.lexists(path), path)
        self.assertRaises(KeyError, pwd.getpwnam, "voice-gateway")
        self.assertIn(SECRETS_GROUP, run("getent", "group", SECRETS_GROUP))


def main():
    run("sh", "-c", "ip link show v0 || { ip link add v0 type veth peer name v1 && ip address add 192.0.2.1/24 dev v0 "
                    "&& ip link set v0 up && ip link set v1 up; }")
    print(run("systemctl", "--version").splitlines()[0], run("uname", "-r").strip(), run("systemd-detect-virt", check=False).strip(),
          file=sys.stderr)
    unittest.main(defaultTest=None, argv=[sys.argv[0], "-v", *(f"-k={name}" for name in sys.argv[1:])])


if __name__ == "__main__":
    main()
