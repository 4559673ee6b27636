"""The configurations of deploy/ in the real proxies: the page, WHIP and whole calls through TLS, callers' addresses, calls that
outlive the proxy's timeouts and its reload, requests that are refused, and what is not logged."""

import asyncio
import http.client
import json
import shutil
import socket
import ssl
import subprocess
import time
import unittest
import urllib.error
import urllib.parse
import urllib.request

import websockets

import haproxy
import harness
import nginx
import wire
from certificates import Authority
from sweep_call import Peer, SweepBot, SweepTest
from wire import Wire, good_offer

PINGS_MS = 3000  # http.idle-timeout-ms: a ping each second


class BehindProxy:
    """The tests of both; `proxy` is the module."""

    def start_proxy(self, gateway, **options):
        self.directory.chmod(0o755)
        authority = Authority(self.directory)
        self.context = ssl.create_default_context(cafile=authority.certificate)
        server = self.Proxy(self.directory, gateway.http_url, *authority.issue(), **options)
        self.addCleanup(lambda: self.assertEqual(server.stop(), ""))
        harness.wait_for(lambda: self.is_up(server), 30, "the proxy and the gateway behind it")
        return server

    def is_up(self, server):
        try:
            return self.read(f"{server.origin}/healthz") == b"ok\n"
        except urllib.error.HTTPError as error:  # HAProxy has not checked the gateway yet
            error.close()
            return False

    def read(self, url):
        with urllib.request.urlopen(url, context=self.context, timeout=30) as answer:
            return answer.read()

    def get_redirection(self, server):
        """The status of a plain request for the page, and its new address without the port, which is another one here."""
        connection = http.client.HTTPConnection(urllib.parse.urlsplit(server.plain_url).netloc, timeout=30)
        connection.request("GET", "/")
        response = connection.getresponse()
        location = urllib.parse.urlsplit(response.headers["Location"])
        connection.close()
        return response.status, f"{location.scheme}://{location.hostname}"

    def connect(self, server):
        plain = socket.create_connection(("127.0.0.1", server.port), 30)
        return self.context.wrap_socket(plain, server_hostname="localhost")

    def addresses(self, gateway):
        entry = gateway.wait_log(lambda entry: entry["message"].startswith("listening admin="))
        with urllib.request.urlopen(entry["message"].partition("=")[2] + "sessions") as response:
            return [session["client_address"] for session in json.load(response)]

    def wire(self, server, query="", **options):
        return Wire(f"wss://localhost:{server.port}/ws{query}", ssl=self.context, **options)

    def test_the_page_and_a_long_call(self):
        """Longer than the proxy's timeouts, which are shorter here: the gateway's pings keep the WebSocket open."""
        gateway = self.start(http__idle_timeout_ms=PINGS_MS)
        server = self.start_proxy(gateway, changes=self.SHORT_TIMEOUTS)
        page = self.read(f"{server.origin}/")
        self.assertIn(b"<title>", page)
        self.assertEqual(page, self.read(gateway.http_url))
        self.assertEqual(self.get_redirection(server), (301, "https://localhost"))
        self.assertIn("engines", json.loads(self.read(f"{server.origin}/engines")))

        reply = self.directory / "reply.wav"
        result = harness.call(f"wss://localhost:{server.port}/ws", "--insecure", "--origin", server.origin, "--out", reply,
                              "--duration", 7)
        self.assertEqual(result.status, 0, result.errors)
        self.assertEqual(result.only["end_reason"], "client-bye")
        self.assert_same_speech(harness.PHRASE, reply)

    def test_a_call_outlives_a_reload_of_the_proxy(self):
        """Its old process closes the WebSocket; media continues, and the client returns with its resume token."""
        async def run():
            async with SweepBot() as bot:
                gateway = self.start_with(bot, http__trusted_proxies="127.0.0.1")
                server = self.start_proxy(gateway)
                async with self.wire(server) as first:
                    token = (await first.wait("session"))["resumeToken"]
                    peer = Peer()
                    await peer.connect(first)
                    await first.wait_state("active")
                    server.reload()
                    await first.wait_closed()
                await bot.wait_heard(0.5)
                async with self.wire(server, f"?resume={token}&seq={first.seqs[-1]}") as second:
                    self.assertTrue((await second.wait("session"))["resumed"])
                    await bot.wait_heard(0.5)
                    await second.send("bye", {})
                    self.assertEqual((await second.wait_state("ended"))["reason"], "client-bye")
                await peer.close()
                self.assertNotIn(token, server.read_access_log())
        self.run_async(run())

    def test_whip_addresses_and_origins(self):
        """What a client claims itself does not count."""
        gateway = self.start(http__trusted_proxies="127.0.0.1")
        server = self.start_proxy(gateway)
        request = urllib.request.Request(f"{server.origin}/whip", good_offer().encode(),
                                         {"Content-Type": "application/sdp", "X-Forwarded-For": "203.0.113.9"})
        with urllib.request.urlopen(request, context=self.context) as answer:
            self.assertEqual(answer.status, 201)
            location = urllib.parse.urljoin(f"{server.origin}/whip", answer.headers["Location"])
        self.assertEqual(self.addresses(gateway), ["127.0.0.1"])
        urllib.request.urlopen(urllib.request.Request(location, method="DELETE"), context=self.context).close()

        async def run():
            async with self.wire(server, local_addr=("127.0.0.2", 0), headers={
                    "X-Forwarded-For": "203.0.113.9", "Forwarded": "for=203.0.113.10"}) as caller:
                await caller.wait("session")
                await harness.wait_until(lambda: self.addresses(gateway) == ["127.0.0.2"])  # WHIP's session has ended
            self.assertEqual(await self.knock(server, server.origin), "session")
            self.assertEqual(await self.knock(server, "https://elsewhere.example"), 403)
        self.run_async(run())

    def test_large_and_slow_requests_are_refused(self):
        gateway = self.start()
        server = self.start_proxy(gateway, changes=self.SHORT_REQUESTS)
        post = b"POST /whip HTTP/1.1\r\nHost: x\r\nContent-Type: application/sdp\r\nContent-Length: %d\r\n\r\nv=0"
        began = time.monotonic()
        for request, statuses in [(post % 70000, [b"413"]), (b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow", [b"", b"408"]),
                                  (post % 1000, [b"", b"408"])]:
            with self.subTest(request), self.connect(server) as client:
                client.sendall(request)
                answer = b""
                while b"\r\n\r\n" not in answer and (data := client.recv(65536)):
                    answer += data
                self.assertIn(answer[9:12], statuses)
        self.assertLess(time.monotonic() - began, 20)
        self.assertEqual(gateway.metric("vgw_http_connections"), 0)

    async def knock(self, server, origin):
        """The status of a refused upgrade, or the type of the first message."""
        url = f"wss://localhost:{server.port}/ws"
        try:
            connection = await websockets.connect(url, ssl=self.context, origin=origin)
        except websockets.exceptions.InvalidHandshake as error:
            # websockets 10 has it in the exception, 15 in its response
            return error.status_code if hasattr(error, "status_code") else error.response.status_code
        try:
            return json.loads(await asyncio.wait_for(connection.recv(), 30))["type"]
        finally:
            await connection.close()


@unittest.skipUnless(nginx.is_installed(), "nginx is not installed")
class BehindNginx(BehindProxy, SweepTest):
    Proxy = nginx.Nginx
    SHORT_TIMEOUTS = [("proxy_read_timeout 60s", "proxy_read_timeout 3s"), ("proxy_send_timeout 60s", "proxy_send_timeout 3s")]
    SHORT_REQUESTS = [("client_header_timeout 10s", "client_header_timeout 2s"),
                      ("client_body_timeout 10s", "client_body_timeout 2s")]

    def test_without_the_line_for_host_nobody_may(self):
        """What the comment in the recipe says."""
        gateway = self.start()
        server = self.start_proxy(gateway, changes=[("proxy_set_header Host $http_host;", "")])
        self.assertEqual(self.run_async(self.knock(server, server.origin)), 403)


@unittest.skipUnless(haproxy.is_installed(), "HAProxy is not installed")
class BehindHaproxy(BehindProxy, SweepTest):
    Proxy = haproxy.Haproxy
    SHORT_TIMEOUTS = [("timeout client 30s", "timeout client 3s"), ("timeout server 40s", "timeout server 3s"),
                      ("timeout tunnel 60s", "timeout tunnel 3s")]
    SHORT_REQUESTS = [("timeout http-request 10s", "timeout http-request 2s"),
                      ("wait-for-body time 10s", "wait-for-body time 2s")]


class Unit(wire.WireTest):
    @unittest.skipUnless(shutil.which("systemd-analyze"), "systemd is not installed")
    def test_systemd_knows_every_line_of_the_unit(self):
        unit = self.directory / "voice-gateway.service"
        text = (harness.SOURCE_ROOT / "deploy" / unit.name).read_text()
        unit.write_text(text.replace("/usr/local/bin/voice-gateway", "/bin/true"))
        result = subprocess.run(["systemd-analyze", "verify", "--man=no", unit], capture_output=True, text=True, timeout=60)
        self.assertNotIn(unit.name, result.stderr)

    @unittest.skipUnless(shutil.which("systemd-analyze"), "systemd is not installed")
    def test_the_unit_has_few_rights(self):
        unit = harness.SOURCE_ROOT / "deploy" / "voice-gateway.service"
        result = subprocess.run(["systemd-analyze", "security", "--offline=yes", "--threshold=20", unit],  # 2.0 of 10
                                capture_output=True, text=True, timeout=60)
        self.assertEqual(result.returncode, 0, result.stdout[-400:] + result.stderr)


if __name__ == "__main__":
    harness.main()
