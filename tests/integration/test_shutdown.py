"""SIGTERM and SIGINT: every session is notified, every WebSocket is closed with 1001, and the status is 0. A drain."""

import asyncio
import signal
import urllib.error
import urllib.request

import harness
from wire import Wire, WireTest

N_DRAINED = 8


def ready(gateway):
    try:
        with urllib.request.urlopen(gateway.admin_url + "readyz") as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


class Shutdown(WireTest):
    def check(self, signal_number):
        gateway = self.start()
        calls = [harness.Call(gateway.url, "--duration", 60) for _ in range(3)]
        for i in range(3):
            harness.wait_for(lambda: sum("→ active" in entry["message"] for entry in gateway.entries()) > i, 60,
                             "three active calls")

        async def run():
            async with Wire(gateway.url) as wire:
                await wire.wait("session")
                gateway.process.send_signal(signal_number)
                code = await wire.wait_closed()
                return wire.received[-1], code
        last, code = asyncio.run(run())
        self.assertEqual(last, ("state", {"state": "ended", "reason": "shutdown"}))
        self.assertEqual(code, 1001)
        for call in calls:
            self.assertEqual(call.finish().only["end_reason"], "shutdown")
        self.assertEqual(gateway.process.wait(harness.STOP_TIMEOUT_S), 0)

    def test_sigterm(self):
        self.check(signal.SIGTERM)

    def test_sigint(self):
        self.check(signal.SIGINT)

    def test_a_drain_refuses_new_calls_and_ends_with_the_last_one(self):
        gateway = self.start(shutdown__drain_timeout_s=600)

        async def run():
            async with Wire(gateway.url) as wire:
                await wire.wait("session")
                gateway.process.send_signal(signal.SIGTERM)
                await harness.wait_until(lambda: ready(gateway) == (503, "draining\n"))
                async with Wire(gateway.url) as late:
                    await late.expect_error("busy", fatal=True)
                    self.assertEqual(await late.wait_closed(), 1013)
                await wire.expect_quiet()
                self.assertIsNone(gateway.process.poll())
        self.run_async(run())
        self.assertEqual(gateway.process.wait(harness.STOP_TIMEOUT_S), 0)
        self.assertTrue(any("shutting down sessions=0" in entry["message"] for entry in gateway.entries()))

    def test_the_calls_in_a_drain_are_heard_to_their_end(self):
        gateway = self.start(shutdown__drain_timeout_s=600)
        running = harness.Call(gateway.url, "--calls", N_DRAINED, "--duration", 6)
        harness.wait_for(lambda: sum("→ active" in entry["message"] for entry in gateway.entries()) == N_DRAINED, 60,
                         "active calls")
        gateway.process.send_signal(signal.SIGTERM)
        result = running.finish()
        self.assertEqual((result.status, len(result.calls)), (0, N_DRAINED), result.errors)
        for call in result.calls:
            self.assertNotEqual(call.get("end_reason"), "shutdown")
            self.assertGreater(call["packets_received"], 200)
        self.assertEqual(gateway.process.wait(harness.STOP_TIMEOUT_S), 0)

    def check_drain_ends(self, timeout_s, signal_number=None):
        gateway = self.start(shutdown__drain_timeout_s=timeout_s)

        async def run():
            async with Wire(gateway.url) as wire:
                await wire.wait("session")
                gateway.process.send_signal(signal.SIGTERM)
                await harness.wait_until(lambda: any("draining" in entry["message"] for entry in gateway.entries()))
                if signal_number is not None:
                    gateway.process.send_signal(signal_number)
                code = await wire.wait_closed()
                return wire.received[-1], code
        self.assertEqual(self.run_async(run()), (("state", {"state": "ended", "reason": "shutdown"}), 1001))
        self.assertEqual(gateway.process.wait(harness.STOP_TIMEOUT_S), 0)

    def test_a_drain_has_an_end(self):
        self.check_drain_ends(1)

    def test_a_second_signal_ends_a_drain(self):
        self.check_drain_ends(600, signal.SIGTERM)
        self.check_drain_ends(600, signal.SIGINT)


if __name__ == "__main__":
    harness.main()
