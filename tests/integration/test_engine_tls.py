"""Bots behind wss: whose certificate is taken, whose is not, and what the log says then."""

import asyncio
import contextlib
import subprocess

import harness
from bots import Bot, engine
from certificates import Authority, self_signed, server_context
from wire import WireTest

GRACE = "2s"
MAX_TRIES = 8  # within the grace: the pauses begin with 200 ms, and double


class Listener:
    """A TCP server on a port of its own that counts who comes, and does with each what it is told."""

    def __init__(self, handle):
        self.handle, self.count, self.received = handle, 0, b""

    async def __aenter__(self):
        self.server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.address = f"127.0.0.1:{self.server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *unused):
        self.server.close()

    async def _accept(self, reader, writer):
        self.count += 1
        with contextlib.suppress(ConnectionError):
            await self.handle(self, reader, writer)
        writer.close()


async def keep_silent(listener, reader, writer):
    while data := await reader.read(4096):
        listener.received += data


def warnings_of(gateway):
    """What the room of the engines has warned of."""
    return [entry["message"] for entry in gateway.entries()
            if entry["domain"] == "vgw-engine" and entry["level"] == "warning"]


class EngineTls(WireTest):
    def start_with(self, url, **keys):
        return self.start(engine__default="my-bot", **engine("my-bot", **{
            "type": "websocket", "url": url, "grace": GRACE, **keys}))

    async def assert_talks(self, tls, tls_ca, host="localhost"):
        reply = self.directory / "reply.wav"
        async with Bot(tls, host) as bot:
            gateway = self.start_with(bot.url, tls_ca=tls_ca)
            call = await asyncio.to_thread(harness.call, gateway.url, "--out", reply)
            self.assertEqual(call.status, 0, call.errors)
            self.assertEqual(bot.count, 1)
            self.assertEqual(warnings_of(gateway), [])
        self.assert_same_speech(harness.PHRASE, reply)

    async def assert_refused(self, certificate, words, host="localhost", **keys):
        """The call ends for the engine's sake, the bot has seen no request, and the log has told why, once."""
        async with Bot(server_context(*certificate), host) as bot:
            gateway = self.start_with(bot.url, **keys)
            call = await asyncio.to_thread(harness.call, gateway.url)
            self.assertNotEqual(call.status, 0)
            self.assertIn("engine", str(call.only))
            self.assertEqual(bot.count, 0)
            self.assert_told_once(gateway, "cannot connect: the bot's certificate is refused: " + words)

    def assert_told_once(self, gateway, words):
        [line] = [line for line in warnings_of(gateway) if words + "; retrying in " in line]
        self.assertTrue(line.startswith("engine my-bot, ws"), line)
        tries = [entry for entry in gateway.entries() if words + "; retrying" in entry["message"]]
        self.assertGreaterEqual(len(tries), 2)
        self.assertLessEqual(len(tries), MAX_TRIES)

    def test_a_private_authority_that_the_operator_trusts(self):
        authority = Authority(self.directory)
        tls = server_context(*authority.issue())
        self.run_async(self.assert_talks(tls, authority.certificate))

    def test_an_address_in_the_place_of_a_name(self):
        authority = Authority(self.directory)
        tls = server_context(*authority.issue("127.0.0.1", kind="IP"))
        self.run_async(self.assert_talks(tls, authority.certificate, host="127.0.0.1"))

    def test_a_bot_that_signs_its_own_and_is_trusted(self):
        certificate, key = self_signed(self.directory)
        self.run_async(self.assert_talks(server_context(certificate, key), certificate))

    def test_an_authority_that_the_system_does_not_know(self):
        self.run_async(self.assert_refused(Authority(self.directory).issue(),
                                           "it is signed by an unknown authority"))

    def test_another_authority_than_the_one_that_is_trusted(self):
        other = Authority(self.directory, "other")
        self.run_async(self.assert_refused(Authority(self.directory).issue(), "it is signed by an unknown authority",
                                           tls_ca=other.certificate))

    def test_a_bot_that_signs_its_own(self):
        self.run_async(self.assert_refused(self_signed(self.directory), "it is signed by an unknown authority"))

    def test_a_certificate_for_another_host(self):
        authority = Authority(self.directory)
        self.run_async(self.assert_refused(authority.issue("bot.example"), "it is for another host name than localhost",
                                           tls_ca=authority.certificate))

    def test_a_certificate_that_has_expired(self):
        authority = Authority(self.directory)
        self.run_async(self.assert_refused(authority.issue(days=-1), "it has expired", tls_ca=authority.certificate))

    def test_a_bot_that_comes_back_with_a_bad_certificate_is_lost(self):
        """The call is up; the bot restarts with a certificate that has expired meanwhile."""
        authority = Authority(self.directory)
        tls = server_context(*authority.issue())
        expired = authority.issue(days=-1)

        async def run():
            async with Bot(tls, "localhost") as bot:
                gateway = self.start_with(bot.url, tls_ca=authority.certificate, on_failure="fallback:echo")
                call = harness.Call(gateway.url, "--duration", 60)
                while not bot.starts:
                    await harness.asyncio_tick()
                await bot.restart(server_context(*expired))
                await asyncio.to_thread(gateway.wait_log, lambda entry: "continuing with engine echo" in entry["message"])
                call.hang_up()
                result = await asyncio.to_thread(call.finish)
                self.assertIn('{"type":"engine-lost"', result.errors)
                self.assertTrue(any("it has expired" in line for line in warnings_of(gateway)))
                self.assertEqual(bot.count, 1)
        self.run_async(run())

    def test_a_bot_without_tls_behind_wss(self):
        async def run():
            async with Bot() as bot:
                gateway = self.start_with(bot.url.replace("ws:", "wss:"))
                call = await asyncio.to_thread(harness.call, gateway.url)
                self.assertNotEqual(call.status, 0)
                self.assert_told_once(gateway, "(a bot without TLS needs a url with ws:)")
                self.assertEqual(bot.count, 0)
        self.run_async(run())

    def test_a_bot_with_tls_behind_ws(self):
        async def run():
            async with Bot(server_context(*self_signed(self.directory))) as bot:
                gateway = self.start_with(bot.url.replace("wss:", "ws:"))
                call = await asyncio.to_thread(harness.call, gateway.url)
                self.assertNotEqual(call.status, 0)
                self.assert_told_once(gateway, "the connection was closed during the handshake (a bot with TLS needs a url with wss:)")
                self.assertEqual(bot.count, 0)
        self.run_async(run())

    def test_a_bot_that_never_answers_the_handshake(self):
        async def run():
            async with Listener(keep_silent) as bot:
                gateway = self.start_with(f"wss://{bot.address}/", connect_timeout_ms=300,
                                          authorization="Bearer secret")
                call = await asyncio.to_thread(harness.call, gateway.url)
                self.assertNotEqual(call.status, 0)
                self.assert_told_once(gateway, "cannot connect: no response in time")
                self.assertLessEqual(bot.count, MAX_TRIES)
                self.assertNotIn(b"secret", bot.received)
        self.run_async(run())

    def test_a_file_that_is_no_certificate_is_told_at_the_start(self):
        garbage = self.directory / "garbage.pem"
        garbage.write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
        for path, words in ((self.directory / "absent.pem", "No such file"), (garbage, "Could not parse")):
            result = subprocess.run(
                [harness.GATEWAY, "--check-config", "--set", "engine my-bot.type=websocket", "--set",
                 "engine my-bot.url=wss://localhost:9000/", "--set", f"engine my-bot.tls-ca={path}"],
                capture_output=True, text=True, env=harness.environment(False))
            self.assertEqual(result.returncode, 78, result.stderr)
            self.assertIn("tls-ca: must be a file of certificates in PEM: ", result.stderr)
            self.assertIn(words, result.stderr)


if __name__ == "__main__":
    harness.main()
