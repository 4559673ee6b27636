"""A peer whose certificate is not the one that its offer promised gets no media through."""

import re

import harness
from rtc import Caller
from wire import WireTest


def lie(sdp):
    """Turns over the first digit of each fingerprint."""
    def turn(match):
        return match[1] + ("0" if match[2] != "0" else "1")
    changed = re.sub(r"(a=fingerprint:\S+ )(\S)", turn, sdp)
    assert changed != sdp
    return changed


class Fingerprint(WireTest):
    def check(self, change_offer):
        self.gateway = self.start(engine__default="record", record__directory=self.directory)
        sent, rate = harness.audio.read_wav(harness.PHRASE)
        caller = Caller(self.gateway.url, sent, rate, change_offer)
        return caller

    def test_a_wrong_one_ends_the_session(self):
        caller = self.check(lie)
        reason = self.run_async(caller.run(Caller.wait_ended))
        self.assertEqual(reason, "fingerprint-mismatch")
        errors = [payload for kind, payload in caller.wire.received if kind == "error"]
        self.assertEqual([(error["code"], error["fatal"]) for error in errors], [("unauthorized", True)])
        self.assertNotIn(("state", {"state": "active"}), caller.wire.received)
        self.assertEqual(caller.heard, [])
        self.assertEqual(self.gateway.stop(), (0, ""))
        for path in self.directory.glob("*.wav"):
            self.assertEqual(len(harness.audio.read_wav(path)[0]), 0, "the engine heard something")

    def test_the_right_one_does_not(self):
        async def talk(caller):
            await caller.wait_connected()
            while len(caller.heard) < 50:
                await harness.asyncio_tick()
        caller = self.check(lambda sdp: sdp)
        self.assertEqual(self.run_async(caller.run(talk)), "client-bye")


if __name__ == "__main__":
    harness.main()
