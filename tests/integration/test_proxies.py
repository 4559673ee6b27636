"""Callers behind a proxy: whose address counts in limits, sessions, log and the bot's start, and who can pretend. Real proxies
are in test_deploy.py."""

import asyncio
import json
import urllib.error
import urllib.request

import harness
from bots import Bot, engine
from wire import Wire, WireTest

CALLER, OTHER = "203.0.113.9", "203.0.113.10"


class Proxies(WireTest):
    def wire(self, gateway, **headers):
        return Wire(gateway.url, headers={name.replace("_", "-"): value for name, value in headers.items()})

    def addresses(self, gateway):
        with urllib.request.urlopen(gateway.admin_url + "sessions") as response:
            return [session["client_address"] for session in json.load(response)]

    def test_the_callers_address_is_the_one_that_counts(self):
        async def run():
            async with Bot() as bot:
                gateway = self.start(http__trusted_proxies="127.0.0.1;10.0.0.0/8", limits__max_sessions_per_address=1,
                                     engine__default="my-bot", **engine("my-bot", type="websocket", url=bot.url))
                async with self.wire(gateway, X_Forwarded_For=f"198.51.100.1, {CALLER}, 10.1.2.3") as first:
                    await first.wait("session")
                    self.assertEqual(self.addresses(gateway), [CALLER])
                    async with self.wire(gateway, X_Forwarded_For=CALLER) as second:
                        await second.expect_error("busy", fatal=True)
                        self.assertEqual(await second.wait_closed(), 1013)
                    async with self.wire(gateway, Forwarded=f"for={OTHER};proto=https") as third:
                        await third.wait("session")
                        self.assertEqual(sorted(self.addresses(gateway)), sorted([CALLER, OTHER]))
                    await first.expect_quiet()
                messages = [entry["message"] for entry in gateway.entries()]
                self.assertTrue(any(f"refused a session for {CALLER}" in message for message in messages))
                self.assertTrue(any(f"session started: client {OTHER}" in message for message in messages))
        self.run_async(run())

    def test_nobody_else_names_a_caller(self):
        gateway = self.start()

        async def run():
            async with self.wire(gateway, X_Forwarded_For=CALLER, Forwarded=f"for={OTHER}") as wire:
                await wire.wait("session")
                self.assertEqual(self.addresses(gateway), ["127.0.0.1"])
        self.run_async(run())

    def test_headers_that_contradict_each_other_are_refused(self):
        gateway = self.start(http__trusted_proxies="127.0.0.1")
        request = urllib.request.Request(gateway.http_url, headers={"X-Forwarded-For": CALLER, "Forwarded": f"for={OTHER}"})
        with self.assertRaises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(request)
        self.assertEqual(caught.exception.code, 400)
        caught.exception.close()

    def test_new_sessions_of_one_address_have_a_rate(self):
        gateway = self.start(http__trusted_proxies="127.0.0.1", limits__max_new_sessions_per_minute=3)

        async def run():
            async with self.wire(gateway, X_Forwarded_For=OTHER) as good:
                await good.wait("session")
                for i in range(3):
                    async with self.wire(gateway, X_Forwarded_For=f"2001:db8::{i}") as wire:
                        await wire.wait("session")
                async with self.wire(gateway, X_Forwarded_For="2001:db8::ffff") as wire:  # of the same /64
                    await wire.expect_error("busy", fatal=True)
                    self.assertEqual(await wire.wait_closed(), 1013)
                async with self.wire(gateway, X_Forwarded_For="2001:db8:0:1::1") as wire:
                    await wire.wait("session")
                await good.expect_quiet()
        self.run_async(run())
        self.assertEqual(gateway.metric('vgw_sessions_refused_total{cause="rate"}'), 1)


class Strangers(WireTest):
    N_HALF_OPEN = 300

    def test_half_open_requests_beside_a_good_call(self):
        reply = self.directory / "reply.wav"
        gateway = self.start(http__header_timeout_ms=4000, http__max_connections=200)
        call = harness.Call(gateway.url, "--out", reply, "--duration", 10)
        gateway.wait_log(lambda entry: "→ active" in entry["message"], 60)
        opened = []

        async def half_open(i):
            reader, writer = await asyncio.open_connection("127.0.0.1", gateway.http_port)
            writer.write([b"", b"G", b"GET /ws HTTP/1.1\r\nHost: x\r\nX: "][i % 3])
            opened.append(i)
            try:
                await reader.read()  # until it is closed
            except ConnectionError:
                pass
            writer.close()

        async def run():
            strangers = [asyncio.ensure_future(half_open(i)) for i in range(self.N_HALF_OPEN)]
            await harness.wait_until(lambda: len(opened) == self.N_HALF_OPEN)
            async with Wire(gateway.url) as wire:  # and another caller comes in beside them
                await wire.wait("session")
                await wire.expect_quiet()
            await asyncio.gather(*strangers)  # each is closed in the end
        self.run_async(run())
        self.assertGreater(gateway.metric("vgw_http_connections_displaced_total"), 0)
        result = call.finish()
        self.assertEqual(result.status, 0, result.errors)
        self.assert_same_speech(harness.PHRASE, reply)


if __name__ == "__main__":
    harness.main()
