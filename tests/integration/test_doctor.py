"""voice-gateway doctor: a machine in order, and a broken set-up for each finding."""

import asyncio
import contextlib
import json
import os
import pathlib
import shutil
import socket
import subprocess
import threading
import unittest

from aioice import stun

import bots
import certificates
import harness
import netns
from coturn import ADDRESS, Coturn
from redis_server import Redis, free_port

OK, WARNING, PROBLEM = "ok", "warning", "problem"
ORDINARY_USER = "nobody"
PUBLIC_ADDRESS = "198.51.100.7"


class NatView(asyncio.DatagramProtocol):
    """A STUN server that sees its client behind a NAT."""

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, address):
        request = stun.parse_message(data)
        answer = stun.Message(message_method=stun.Method.BINDING, message_class=stun.Class.RESPONSE,
                              transaction_id=request.transaction_id)
        answer.attributes["XOR-MAPPED-ADDRESS"] = (PUBLIC_ADDRESS, 40000)
        self.transport.sendto(bytes(answer), address)


class Silent:
    """Accepts TCP connections, and never answers."""

    def __enter__(self):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        return self

    def __exit__(self, *unused):
        self.socket.close()


class Doctor(harness.GatewayTest):
    def examine(self, *arguments, command=(harness.GATEWAY,), env=None, **settings):
        """Its exit status, and its findings as (status, topic, message, advice)."""
        values = {"http.port": 0, "admin.port": 0, "ice.udp-port": 0, "ice.stun-servers": ""}
        values.update({key.replace("__", ".").replace("_", "-"): value for key, value in settings.items()})
        options = [part for key, value in values.items() for part in ("--set", f"{key}={value}")]
        result = subprocess.run([*map(str, command), "doctor", "--json", *options, *map(str, arguments)],
                                capture_output=True, text=True, check=False, env=env or harness.environment(), timeout=120)
        self.assertEqual(harness.find_complaints(result.stderr), "", result.stderr)
        document = json.loads(result.stdout)
        findings = [(entry["status"], entry["topic"], entry["message"], entry.get("advice", ""))
                    for entry in document["findings"]]
        statuses = {status for status, *_ in findings}
        worst = PROBLEM if PROBLEM in statuses else WARNING if WARNING in statuses else OK
        self.assertEqual((document["status"], result.returncode), (worst, int(worst == PROBLEM)), result.stdout)
        return findings

    def assert_finding(self, findings, status, topic, message, advice=""):
        self.assertTrue([entry for entry in findings if entry[:2] == (status, topic) and message in entry[2]
                         and advice in entry[3]],
                        f"no {status} {topic}: {message} → {advice} in:\n" + "\n".join(map(str, findings)))

    def as_ordinary_user(self):
        self.directory.chmod(0o755)
        return ("setpriv", "--reuid", ORDINARY_USER, "--regid", "nogroup", "--clear-groups",
                "env", "HOME=/nonexistent", f"XDG_CACHE_HOME={self.directory}/none", harness.GATEWAY)

    def test_while_the_gateway_runs_with_everything_in_order(self):
        async def run():
            async with bots.Bot() as bot:
                await asyncio.to_thread(self.check_in_order, bot)
        asyncio.run(run())

    def check_in_order(self, bot):
        keys, config = self.directory / "keys", self.directory / "gateway.conf"
        keys.write_text("web: 0123456789abcdef0123456789abcdef\n")
        keys.chmod(0o600)
        http, admin, udp = bots.free_port(), bots.free_port(), bots.free_port()
        receiver = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(receiver.close)
        config.write_text(f"""
[http]
port = {http}
[admin]
port = {admin}
[ice]
udp-port = {udp}
advertise = {ADDRESS}
[access]
mode = token
token-keys-file = {keys}
[engine]
default = parrot
[engine parrot]
type = websocket
url = {bot.url}
[manager]
types = log;webhook
webhook-url = http://127.0.0.1:{receiver.getsockname()[1]}/
webhook-secret = whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw
""")
        gateway = self.start(command=(harness.GATEWAY, "--config", config), http__port=http, admin__port=admin,
                             ice__udp_port=udp)
        turn = Coturn(self.directory)
        self.addCleanup(turn.stop)
        result = subprocess.run([harness.GATEWAY, "doctor", "--config", config, f"--stun={ADDRESS}:{turn.port}"],
                                capture_output=True, text=True, check=False, env=harness.environment())
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        self.assertIn(" 0 problems\n", result.stdout)
        running = f"in use by the running gateway (process {gateway.pid})"
        for expected in (f"TCP port {http} (http.port): {running}", f"UDP port {udp} (ice.udp-port): {running}",
                         "webrtcbin ", "parrot: ws://127.0.0.1:", "accepts connections",
                         f"sees {ADDRESS}, which callers get", f"of the running gateway (process {gateway.pid})",
                         "webhook       http://127.0.0.1:"):
            self.assertIn(expected, result.stdout)
        self.check_as_another_user(config, gateway, turn)

    def check_as_another_user(self, config, gateway, turn):
        """It may read neither the keys nor what belongs to the gateway's process, and connects to the bots all the same."""
        if os.geteuid() != 0:
            return
        config.chmod(0o644)
        result = subprocess.run([*map(str, self.as_ordinary_user()), "doctor", "--json", "--config", config,
                                 f"--stun={ADDRESS}:{turn.port}"],
                                capture_output=True, text=True, check=False, env=harness.environment())
        findings = [tuple(entry.get(name, "") for name in ("status", "topic", "message", "advice"))
                    for entry in json.loads(result.stdout)["findings"]]
        self.assert_finding(findings, WARNING, "configuration", "keys: ", "as root or as the gateway's user")
        self.assert_finding(findings, OK, "ports", "probably by the running gateway (process ")
        self.assert_finding(findings, OK, "engines", "parrot: ws://")
        self.assertEqual(gateway.process.poll(), None)

    def examine_bots(self, closed, secure_url):
        with Silent() as silent:
            engines = {"refused": f"ws://127.0.0.1:{closed}/", "unknown": "ws://nobody.invalid/",
                       "silent": f"ws://127.0.0.1:{silent.port}/", "untrusted": secure_url,
                       "plain": secure_url.replace("wss", "ws")}
            settings = {}
            for name, url in engines.items():
                settings.update(bots.engine(name, type="websocket", url=url, connect_timeout_ms=500))
            settings.update(bots.engine("keyed", type="websocket", url=f"ws://me:hush@127.0.0.1:{closed}/bot?key=hush"))
            settings.update(bots.engine("stream", type="audiosocket", url=f"tcp://127.0.0.1:{closed}"))
            return engines, self.examine(**settings, manager__types="webhook",
                                         manager__webhook_url=f"http://127.0.0.1:{closed}/hooks/hush",
                                         manager__redis_url=f"redis://127.0.0.1:{closed}/1",
                                         manager__webhook_secret="whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")

    def test_bots_and_webhooks_that_cannot_be_reached(self):
        closed = bots.free_port()
        certificate, key = certificates.self_signed(self.directory)

        async def run():
            async with bots.Bot(tls=certificates.server_context(certificate, key), host="localhost") as secure:
                return await asyncio.to_thread(self.examine_bots, closed, secure.url)
        engines, findings = asyncio.run(run())
        for name, message in (("refused", "name and TCP: "), ("unknown", "name and TCP: "),
                              ("silent", "handshake: no answer to the handshake"),
                              ("untrusted", "TLS and handshake: "), ("plain", "handshake: "), ("stream", "name and TCP: ")):
            self.assert_finding(findings, PROBLEM, "engines", f"{name}: {engines.get(name, 'tcp://')}", "[engine NAME]")
            self.assert_finding(findings, PROBLEM, "engines", message)
        self.assert_finding(findings, PROBLEM, "engines", f"keyed: ws://127.0.0.1:{closed}/bot: name and TCP: ")
        self.assert_finding(findings, PROBLEM, "webhook", "refused", "manager.webhook-url")
        self.assertNotIn("hush", " ".join(message for _, _, message, _ in findings))
        self.assert_finding(findings, PROBLEM, "redis", "refused", "manager.redis-url")
        server = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(server.close)
        self.assert_finding(self.examine(manager__redis_url=f"redis://127.0.0.1:{server.getsockname()[1]}"), PROBLEM, "redis",
                            "no reply within", "manager.redis-url")
        missing = self.examine(manager__redis_url=f"unix:{self.directory}/none")
        self.assert_finding(missing, PROBLEM, "redis", "none")

    def test_redis_with_what_the_gateway_needs(self):
        authority, stranger = (certificates.Authority(self.directory, name) for name in ("authority", "stranger"))
        certificate, key = authority.issue("localhost")
        password = self.directory / "password"
        password.touch(0o600)

        def check(status, message, advice, word, **settings):
            password.write_text(word + "\n")
            if word:
                settings["manager__redis_password_file"] = password
            findings = self.examine(**settings)
            self.assert_finding(findings, status, "redis", message, advice)
            if word:
                self.assertNotIn(word, str(findings))

        with Redis(tls_port=free_port(), tls_cert_file=certificate, tls_key_file=key, tls_auth_clients="no",
                   tls_ca_cert_file=authority.certificate, requirepass="5esame") as redis, \
                Redis(replicaof=("127.0.0.1", str(redis.port)), masterauth="5esame") as replica:
            secure = {"manager__redis_url": f"rediss://localhost:{redis.options['tls-port']}"}
            check(OK, "accepts what the gateway writes", "", "5esame", **secure, manager__redis_ca=authority.certificate)
            check(PROBLEM, "unknown authority", "manager.redis-ca", "5esame", **secure, manager__redis_ca=stranger.certificate)
            check(PROBLEM, "certificate", "manager.redis-ca", "5esame", **secure)
            plain = {"manager__redis_url": redis.url}
            check(PROBLEM, "WRONGPASS", "manager.redis-password-file", "s3cret", **plain)
            check(PROBLEM, "NOAUTH", "manager.redis-password-file", "", **plain)
            check(PROBLEM, "out of range", "manager.redis-url", "5esame", manager__redis_url=redis.url + "/99")
            self.assertEqual(redis.command("KEYS", "*"), [])
            harness.wait_for(lambda: replica.command("ROLE")[3] == "connected", 20, "the replica")
            check(PROBLEM, "read-only replica", "manager.redis-url", "", manager__redis_url=replica.url)
            redis.command("ACL", "SETUSER", "gateway", "on", ">5esame", "~vgw:*", "+@all", "-xadd", "-info")
            check(PROBLEM, "the user may not use XADD", "ACL SETUSER", "5esame", **plain, manager__redis_username="gateway")
            redis.command("ACL", "SETUSER", "gateway", "reset", "on", ">5esame", "~vgw:*", "+@hash", "+@set", "+@stream",
                          "+@keyspace", "+@connection", "+@transaction")
            check(PROBLEM, "the user may not use EVAL", "+eval", "5esame", **plain, manager__redis_username="gateway")
            redis.command("ACL", "SETUSER", "gateway", "+eval")
            check(OK, "version unknown", "", "5esame", **plain, manager__redis_username="gateway")
            self.assertEqual(redis.command("KEYS", "*"), [])

    def test_the_certificate_of_a_webhook(self):
        certificate, key = certificates.self_signed(self.directory)
        context = certificates.server_context(certificate, key)
        with context.wrap_socket(socket.create_server(("127.0.0.1", 0)), server_side=True) as server:
            def refuse():
                with contextlib.suppress(OSError):
                    server.accept()[0].close()
            thread = threading.Thread(target=refuse)
            thread.start()
            findings = self.examine(manager__types="webhook", manager__webhook_secret="whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
                                    manager__webhook_url=f"https://localhost:{server.getsockname()[1]}/hook")
            thread.join(20)
        self.assert_finding(findings, PROBLEM, "webhook", "it is signed by an unknown authority", "certificate")

    def test_ports_and_addresses_that_are_not_ours(self):
        with socket.create_server(("127.0.0.1", 0)) as other, socket.socket(type=socket.SOCK_DGRAM) as media:
            media.bind(("", 0))
            findings = self.examine(http__port=other.getsockname()[1], admin__address="192.0.2.99", admin__port=8081,
                                    admin__allow_open_network="true", ice__udp_port=media.getsockname()[1],
                                    ice__advertise="nobody.invalid")
        for key in ("http.port", "ice.udp-port"):
            self.assert_finding(findings, PROBLEM, "ports", f"({key}): in use by ", f"set {key} to another port")
            self.assert_finding(findings, PROBLEM, "ports", f"(process {os.getpid()})")
        self.assert_finding(findings, PROBLEM, "addresses", "nobody.invalid", "correct ice.advertise")

    def test_certificates(self):
        authority = certificates.Authority(self.directory)
        for days, status, topic, message in ((2, WARNING, "certificates", "belong together"),
                                             (40, OK, "certificates", "belong together"),
                                             (-1, PROBLEM, "configuration", "expired")):
            certificate, key = authority.issue(days=days)
            key.chmod(0o600)
            findings = self.examine(http__tls_certificate=certificate, http__tls_key=key)
            self.assert_finding(findings, status, topic, message, "renew it" if status == WARNING else "")
        _, other = certificates.self_signed(self.directory)
        other.chmod(0o600)
        findings = self.examine(http__tls_certificate=authority.issue(days=40)[0], http__tls_key=other)
        self.assert_finding(findings, PROBLEM, "configuration", str(other))

    def test_every_error_of_the_configuration_and_the_rest_as_well(self):
        closed = bots.free_port()
        findings = self.examine("--set", "limits.max-session=3", "--set", "media.latency-ms=many",
                                **bots.engine("parrot", type="websocket", url=f"ws://127.0.0.1:{closed}/"))
        self.assert_finding(findings, PROBLEM, "configuration", "did you mean max-sessions")
        self.assert_finding(findings, PROBLEM, "configuration", "media.latency-ms")
        self.assert_finding(findings, PROBLEM, "engines", "parrot")
        findings = self.examine("--config", self.directory / "none.conf")
        self.assert_finding(findings, PROBLEM, "configuration", "none.conf")
        findings = self.examine(media__pipelines="opus;nonsense")
        self.assert_finding(findings, PROBLEM, "configuration", "nonsense")

    def test_limits(self):
        findings = self.examine(command=("prlimit", "--nofile=1000:1000", harness.GATEWAY))
        self.assert_finding(findings, WARNING, "limits", "the limit of this shell", "LimitNOFILE=")

    @unittest.skipUnless(os.geteuid() == 0, "root may raise a priority")
    def test_priority(self):
        may_not = ("setpriv", "--bounding-set=-sys_nice", "--inh-caps=-sys_nice", harness.GATEWAY)
        may = (harness.GATEWAY,)
        self.assert_finding(self.examine(command=may_not), WARNING, "limits", "cannot raise it", "LimitNICE=-10")
        self.assert_finding(self.examine(command=may), OK, "limits", "can raise it")
        # of a gateway that runs, its own
        for command, status in ((may_not, WARNING), (may, OK)):
            gateway = self.start(command=command)
            self.assert_finding(self.examine(http__port=gateway.http_port), status, "limits", "the priority of audio: the running gateway")
            gateway.stop()

    def test_missing_plugins(self):
        plugins = self.directory / "plugins"
        plugins.mkdir()
        found = subprocess.run(["pkg-config", "--variable=pluginsdir", "gstreamer-1.0"], check=True, capture_output=True,
                               text=True).stdout.strip()
        for path in pathlib.Path(found).glob("*.so"):
            if path.name != "libgstnice.so":
                (plugins / path.name).symlink_to(path)
        env = {**harness.environment(), "GST_PLUGIN_SYSTEM_PATH": str(plugins), "GST_REGISTRY": f"{self.directory}/registry"}
        findings = self.examine(env=env)
        self.assert_finding(findings, PROBLEM, "plugins", "no element nicesrc", "apt-get install gstreamer1.0-nice")

    def check_nat(self, server):
        self.assert_finding(self.examine(server), WARNING, "addresses", "behind a NAT",
                            f"set ice.advertise = {PUBLIC_ADDRESS}")
        self.assert_finding(self.examine(server, ice__advertise="192.0.2.9"), WARNING, "addresses",
                            "it is not in ice.advertise")
        self.assert_finding(self.examine(server, ice__advertise=PUBLIC_ADDRESS), OK, "addresses", "which callers get")

    def test_behind_a_nat(self):
        async def run():
            transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(NatView, local_addr=("127.0.0.1", 0))
            await asyncio.to_thread(self.check_nat, f"--stun=127.0.0.1:{transport.get_extra_info('sockname')[1]}")
            transport.close()
        asyncio.run(run())
        with Silent() as silent:  # nothing on that UDP port
            self.assert_finding(self.examine(f"--stun=127.0.0.1:{silent.port}"), WARNING, "addresses", "public address: ")

    @unittest.skipUnless(netns.is_possible(), "needs root, and network namespaces")
    def test_containers_on_this_machine(self):
        with contextlib.closing(netns.Machine()) as machine:
            alone = self.examine(command=machine.inside(harness.GATEWAY))
            self.assert_finding(alone, WARNING, "addresses", "loopback addresses only")
            for name, address in (("docker0", "172.17.0.1/16"), ("lan0", "192.0.2.20/24")):
                machine.run("ip", "link", "add", name, "type", "bridge")
                machine.run("ip", "address", "add", address, "dev", name)
                machine.run("ip", "link", "set", name, "up")
            findings = self.examine(command=machine.inside(harness.GATEWAY))
        self.assert_finding(findings, WARNING, "addresses", "172.17.0.1 (docker0)", "set ice.advertise = 192.0.2.20")

    def test_options(self):
        for arguments, status in ((["--help"], 0), (["--nonsense"], 64), (["more"], 64)):
            result = subprocess.run([harness.GATEWAY, "doctor", *arguments], capture_output=True, check=False,
                                    env=harness.environment())
            self.assertEqual(result.returncode, status, arguments)


if __name__ == "__main__":
    assert shutil.which("prlimit")
    harness.main()
