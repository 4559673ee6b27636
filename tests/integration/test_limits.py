"""The bounds of the configuration, and the reason that each gives for the end of a session."""

import asyncio
import unittest

import websockets

import harness
from wire import Wire, WireTest, good_offer


class Limits(WireTest):
    async def expect_end(self, wire, reason):
        while True:
            state = await wire.wait("state")
            if state["state"] == "ended":
                break
        self.assertEqual(state["reason"], reason)
        await wire.wait_closed()

    def check_busy(self, url):
        async def run():
            async with Wire(url) as first, Wire(url) as second:
                await first.wait("session")
                await second.wait("session")
                async with Wire(url) as third:
                    await third.expect_error("busy", fatal=True)
                    self.assertEqual(await third.wait_closed(), 1013)
                await first.expect_quiet()
                await first.send("bye", {})
                await self.expect_end(first, "client-bye")
                async with Wire(url) as fourth:
                    await fourth.wait("session")
        self.run_async(run())

    def test_sessions(self):
        self.check_busy(self.start(limits__max_sessions=2).url)

    @unittest.skipUnless(harness.find_own_address(), "this machine has no address but loopback")
    def test_sessions_per_address(self):
        gateway = self.start(limits__max_sessions_per_address=2, http__address="0.0.0.0", access__allow_open_network="true")
        gateway.wait_log(lambda entry: entry["level"] == "warning" and "access.allow-open-network" in entry["message"])
        self.check_busy(gateway.url.replace("127.0.0.1", harness.find_own_address()))

    @unittest.skipUnless(harness.find_own_address(), "this machine has no address but loopback")
    def test_connections_per_address(self):
        gateway = self.start(http__max_connections_per_address=2, http__address="0.0.0.0", access__allow_open_network="true")
        url = gateway.url.replace("127.0.0.1", harness.find_own_address())

        async def run():
            async with Wire(url) as first, Wire(url) as second:
                with self.assertRaisesRegex(websockets.WebSocketException, "503"):
                    async with Wire(url):
                        pass
                async with Wire(gateway.url) as local:  # another address
                    await local.wait("session")
                await first.expect_quiet()
                await second.expect_quiet()
        self.run_async(run())

    def test_a_proxy_on_this_machine_is_not_one_caller(self):
        gateway = self.start(limits__max_sessions_per_address=1, http__max_connections_per_address=1)

        async def run():
            async with Wire(gateway.url) as first, Wire(gateway.url) as second:
                await first.wait("session")
                await second.wait("session")
        self.run_async(run())

    def test_the_caller_says_busy(self):
        gateway = self.start(limits__max_sessions=1)

        async def run():
            async with Wire(gateway.url) as first:
                await first.wait("session")
                call = await asyncio.to_thread(harness.call, gateway.url)
                self.assertEqual(call.status, 3)
                self.assertIn("busy", call.only["failure"])
        self.run_async(run())

    def test_no_offer(self):
        gateway = self.start(limits__offer_timeout_ms=300)

        async def run():
            async with Wire(gateway.url) as wire:
                await self.expect_end(wire, "offer-timeout")
        self.run_async(run())

    def test_no_connection(self):
        gateway = self.start(limits__connect_timeout_ms=500)

        async def run():
            async with Wire(gateway.url) as wire:
                await wire.offer(good_offer())
                await wire.wait("answer")
                await self.expect_end(wire, "connect-timeout")
        self.run_async(run())

    def test_duration(self):
        gateway = self.start(limits__max_duration_s=6)
        result = harness.call(gateway.url, "--duration", 30)
        self.assertEqual(result.only["end_reason"], "max-duration")
        self.assertEqual(result.status, 0, result.only)

    def test_a_lost_websocket_ends_the_session_after_its_grace(self):
        gateway = self.start(session__resume_grace_ms=500)
        call = harness.Call(gateway.url, "--duration", 60)
        gateway.wait_log(lambda entry: "→ active" in entry["message"], 60)
        call.process.kill()
        call.process.communicate()
        gateway.wait_log(lambda entry: "websocket-closed" in entry["message"])


if __name__ == "__main__":
    harness.main()
