"""TLS of the public listener: calls through wss: and https:, certificates that are refused or replaced, and clients that
never complete their handshake."""

import asyncio
import os
import signal
import socket
import ssl
import subprocess
import time
import urllib.parse
import urllib.request

import certificates
import harness
from certificates import Authority
from wire import Wire, WireTest, good_offer


class TlsTest(WireTest):
    def setUp(self):
        super().setUp()
        self.authority = Authority(self.directory)
        self.context = ssl.create_default_context(cafile=self.authority.certificate)
        self.certificate, self.key = self.directory / "server.pem", self.directory / "server.key"
        self.install(*self.authority.issue("127.0.0.1", kind="IP"))

    def install(self, certificate, key):
        """Makes them the files that the gateway reads."""
        self.certificate.write_bytes(certificate.read_bytes())
        self.key.write_bytes(key.read_bytes())
        self.key.chmod(0o600)

    def launch(self, **settings):
        gateway = self.start(http__tls_certificate=self.certificate, http__tls_key=self.key, **settings)
        self.assertTrue(gateway.http_url.startswith("https://"), gateway.http_url)
        return gateway

    def connect(self, gateway):
        """A connection without TLS."""
        return socket.create_connection(("127.0.0.1", self.port_of(gateway)), 30)

    def port_of(self, gateway):
        return int(gateway.http_url.rstrip("/").rpartition(":")[2])

    def get_certificate(self, gateway):
        with self.connect(gateway) as plain, self.context.wrap_socket(plain, server_hostname="127.0.0.1") as tls:
            return tls.getpeercert(binary_form=True)

    def reload(self, gateway):
        """Sends SIGHUP; returns what the log says until the end of the reload."""
        seen = len(gateway.lines)
        gateway.process.send_signal(signal.SIGHUP)
        gateway.wait_log(lambda entry: entry["message"].startswith("reload: ")
                         and any(word in entry["message"] for word in ("nothing", "in effect", "is valid")), start=seen)
        return "\n".join(gateway.lines[seen:])


class Tls(TlsTest):
    def test_the_page_whip_and_a_call(self):
        gateway = self.launch()
        with urllib.request.urlopen(gateway.http_url, context=self.context) as answer:
            self.assertIn(b"<title>", answer.read())
        request = urllib.request.Request(gateway.http_url + "whip", good_offer().encode(),
                                         {"Content-Type": "application/sdp"})
        with urllib.request.urlopen(request, context=self.context) as answer:
            self.assertEqual(answer.status, 201)
            location = urllib.parse.urljoin(gateway.http_url, answer.headers["Location"])
        urllib.request.urlopen(urllib.request.Request(location, method="DELETE"), context=self.context).close()
        reply = self.directory / "reply.wav"
        result = harness.call(gateway.url, "--insecure", "--out", reply)
        self.assertEqual(result.status, 0, result.errors)
        self.assert_same_speech(harness.PHRASE, reply)
        self.assertEqual(gateway.metric("vgw_http_tls_handshakes_failed_total"), 0)
        self.assertGreater(gateway.metric("vgw_http_tls_certificate_expiry_seconds"), time.time())

    def test_requests_in_pieces_and_refusals(self):
        gateway = self.launch()

        def exchange(*pieces):
            with self.connect(gateway) as plain, self.context.wrap_socket(plain, server_hostname="127.0.0.1") as tls:
                for piece in pieces:
                    tls.sendall(piece)
                answer = b""
                while data := tls.recv(65536):
                    answer += data
                return answer  # and the end is TLS's own, or recv () had raised
        whole = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
        self.assertIn(b" 200 ", exchange(whole))
        self.assertIn(b" 200 ", exchange(*(whole[i:i + 1] for i in range(len(whole)))))
        self.assertIn(b" 405 ", exchange(b"DELETE / HTTP/1.1\r\nHost: x\r\n\r\n"))
        self.assertIn(b" 431 ", exchange(b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 40000))
        body = b"x" * 300000
        self.assertIn(b" 413 ", exchange(b"POST /whip HTTP/1.1\r\nHost: x\r\nContent-Type: application/sdp\r\n"
                                         b"Content-Length: %d\r\n\r\n" % len(body) + body[:30000]))
        offer = good_offer().encode()
        head = (b"POST /whip HTTP/1.1\r\nHost: x\r\nContent-Type: application/sdp\r\nContent-Length: %d\r\n\r\n"
                % len(offer))
        self.assertIn(b" 201 ", exchange(head + offer))  # the body's beginning arrives with the head
        self.assertIn(b" 201 ", exchange(head, offer[:100], offer[100:]))

    def test_a_large_file_to_a_slow_reader(self):
        """More than the socket's buffer takes at once, in records that are written in parts."""
        content = os.urandom(6_000_000)
        root = self.directory / "web"
        root.mkdir()
        (root / "index.html").write_text("hello")
        (root / "large.wasm").write_bytes(content)
        gateway = self.launch(http__web_root=root)
        with socket.socket() as plain:
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            plain.connect(("127.0.0.1", self.port_of(gateway)))
            with self.context.wrap_socket(plain, server_hostname="127.0.0.1") as tls:
                tls.sendall(b"GET /large.wasm HTTP/1.1\r\nHost: x\r\n\r\n")
                answer = bytearray()
                while data := tls.recv(10000):
                    answer += data
        head, _, body = bytes(answer).partition(b"\r\n\r\n")
        self.assertIn(b" 200 ", head)
        self.assertEqual(len(body), len(content))
        self.assertEqual(body, content)

    def test_what_is_no_tls_or_an_old_one(self):
        gateway = self.launch()
        with self.connect(gateway) as plain:
            plain.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            answer = plain.recv(65536)
        self.assertIn(b" 400 ", answer)
        self.assertIn(b"needs TLS", answer)
        with self.connect(gateway) as plain:
            plain.sendall(b"\x16\x03\x01\x00\x05hello")
            self.assertLess(len(plain.recv(65536)), 100)  # an alert
        with self.connect(gateway) as plain:
            plain.close()  # as a health check of TCP: no failure
        for option, is_good in ("-tls1_1", False), ("-tls1_2", True), ("-tls1_3", True):
            with self.subTest(option):
                result = subprocess.run(["openssl", "s_client", option, "-cipher", "DEFAULT@SECLEVEL=0", "-brief",
                                         "-connect", f"127.0.0.1:{self.port_of(gateway)}"], input=b"",
                                        capture_output=True, timeout=30)
                self.assertEqual(b"CONNECTION ESTABLISHED" in result.stderr, is_good, result.stderr)
        harness.wait_for(lambda: gateway.metric("vgw_http_tls_handshakes_failed_total") == 3, 20, "failed handshakes")

    def test_start_is_refused_without_a_good_certificate(self):
        other = self.authority.issue("localhost")
        expired = self.authority.issue("localhost", days=-1)
        garbage, readable, locked = (self.directory / name for name in ("garbage", "readable", "locked"))
        garbage.write_text("hello\n")
        readable.write_bytes(self.key.read_bytes())
        readable.chmod(0o644)
        certificates.openssl("ec", "-in", self.key, "-aes128", "-passout", "pass:1234", "-out", locked)
        for path in (other[1], expired[1], garbage, locked):
            path.chmod(0o600)
        missing = self.directory / "missing"
        cases = [
            ("http.tls-certificate: needs http.tls-key", self.certificate, ""),
            ("http.tls-key: needs http.tls-certificate", "", self.key),
            ("No such file", missing, self.key),
            ("No such file", self.certificate, missing),
            ("must be a certificate in PEM", garbage, self.key),
            ("must be a private key in PEM", self.certificate, garbage),
            ("without a passphrase", self.certificate, locked),
            ("is not the private key of the certificate", self.certificate, other[1]),
            ("the certificate expired at 20", *expired),
            ("chmod 600", self.certificate, readable),
        ]
        for words, certificate, key in cases:
            for option in ([], ["--check-config"]) if "expired" in words else ([],):
                with self.subTest(words, option=option):
                    result = subprocess.run([harness.GATEWAY, *option, "--set", f"http.tls-certificate={certificate}",
                                             "--set", f"http.tls-key={key}", "--set", "http.port=0"], timeout=60,
                                            capture_output=True, text=True, env=harness.environment(),
                                            stdin=subprocess.DEVNULL)
                    self.assertEqual(result.returncode, os.EX_CONFIG, result.stderr)
                    self.assertIn(words, result.stderr)
                    self.assertEqual(len(result.stderr.splitlines()), 1, result.stderr)

    def test_a_new_certificate_in_mid_call(self):
        gateway = self.launch(http__header_timeout_ms=60000)
        reply = self.directory / "reply.wav"
        call = harness.Call(gateway.url, "--insecure", "--out", reply, "--duration", 8)
        gateway.wait_log(lambda entry: "→ active" in entry["message"], 60)
        first = self.get_certificate(gateway)
        with self.connect(gateway) as plain, self.context.wrap_socket(plain, server_hostname="127.0.0.1") as opened:
            self.install(*self.authority.issue("127.0.0.1", days=20, kind="IP"))
            self.assertIn("http.tls-certificate: the certificate is valid until", self.reload(gateway))
            second = self.get_certificate(gateway)
            self.assertNotEqual(first, second)
            self.install(*self.authority.issue("127.0.0.1", days=-1, kind="IP"))
            log = self.reload(gateway)
            self.assertIn("nothing was changed: --set http.tls-certificate", log)
            self.assertIn("expired at", log)
            self.key.write_text("hello\n")
            self.assertIn("nothing was changed", self.reload(gateway))
            self.assertEqual(self.get_certificate(gateway), second)
            opened.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            self.assertIn(b" 200 ", opened.recv(65536))
        self.assertNotIn("nothing has changed", "\n".join(gateway.lines))
        result = call.finish()
        self.assertEqual(result.status, 0, result.errors)
        self.assert_same_speech(harness.PHRASE, reply)

    def test_tls_can_be_switched_on_by_a_reload(self):
        path = self.directory / "gateway.conf"
        path.write_text("[http]\n")
        gateway = self.start(command=(harness.GATEWAY, "--config", path))
        path.write_text(f"[http]\ntls-certificate={self.certificate}\ntls-key={self.key}\n")
        gateway.process.send_signal(signal.SIGHUP)
        gateway.wait_log(lambda entry: entry["message"].startswith("reload: new connections: url=https://"))
        self.assertTrue(self.get_certificate(gateway))


class HalfOpen(TlsTest):
    N_HALF_OPEN = 300

    def client_hello(self):
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        client = self.context.wrap_bio(incoming, outgoing, server_hostname="127.0.0.1")
        with self.assertRaises(ssl.SSLWantReadError):
            client.do_handshake()
        return outgoing.read()

    def test_half_open_handshakes_beside_a_good_call(self):
        reply = self.directory / "reply.wav"
        gateway = self.launch(http__header_timeout_ms=4000, http__max_connections=100)
        call = harness.Call(gateway.url, "--insecure", "--out", reply, "--duration", 8)
        gateway.wait_log(lambda entry: "→ active" in entry["message"], 60)
        n_threads = gateway.usage()["threads"]
        opened = []

        async def half_open(i):
            hello = self.client_hello()
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port_of(gateway))
            writer.write([b"", hello[:50], hello][i % 3])
            opened.append(i)
            try:
                while await reader.read(65536):  # until it is closed
                    pass
            except ConnectionError:
                pass
            writer.close()

        async def run():
            strangers = [asyncio.ensure_future(half_open(i)) for i in range(self.N_HALF_OPEN)]
            while len(opened) < self.N_HALF_OPEN:
                await harness.asyncio_tick()
            self.assertLessEqual(gateway.usage()["threads"], n_threads + 5)  # no handshake has a thread
            for _ in range(3):
                async with Wire(gateway.url, ssl=self.context) as wire:  # other callers come in beside them
                    await wire.wait("session")
            await asyncio.gather(*strangers)  # each is closed in the end
        self.run_async(run())
        self.assertGreater(gateway.metric("vgw_http_connections_displaced_total"), 0)
        self.assertGreater(gateway.metric("vgw_http_tls_handshakes_failed_total"), 0)
        result = call.finish()
        self.assertEqual(result.status, 0, result.errors)
        self.assert_same_speech(harness.PHRASE, reply)


if __name__ == "__main__":
    harness.main()
