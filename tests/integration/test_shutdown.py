"""SIGTERM and SIGINT: every session hears of it, every WebSocket is closed with 1001, and the status is 0."""

import asyncio
import signal

import harness
from wire import Wire, WireTest


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


if __name__ == "__main__":
    harness.main()
