"""Offers on a connection that is up, by aiortc: hold, more media, and an address that changes in mid-call."""

import asyncio
import time

import numpy as np
from aiortc import RTCSessionDescription

import audio
import harness
import rtc
from nat import call_behind_nat, wait_heard
from wire import WireTest

QUIET_S = 0.5
HOLD_S = 2
MOST_LATE_FRAMES = 25  # of 20 ms, that were on their way


class Renegotiate(WireTest):
    def call(self, gateway, during, **options):
        samples, rate = audio.read_wav(harness.PHRASE)
        caller = rtc.Caller(gateway.url, np.tile(samples, 30), rate, **options)

        async def connected(_):
            await caller.wait_connected()
            await wait_heard(caller)
            await during(caller)
        return self.run_async(caller.run(connected))

    async def wait_quiet(self, caller):
        """Until nothing has come for QUIET_S; run_async () bounds it."""
        count = None
        while len(caller.heard) != count:
            count = len(caller.heard)
            await asyncio.sleep(QUIET_S)

    async def offer(self, caller):
        """A further offer, and its answer."""
        n_answers = sum(kind == "answer" for kind, _ in caller.wire.received)
        await caller.peer.setLocalDescription(await caller.peer.createOffer())
        await caller.wire.offer(caller.peer.localDescription.sdp)
        answers = lambda: [payload for kind, payload in caller.wire.received if kind == "answer"]
        await harness.wait_until(lambda: len(answers()) > n_answers)
        await caller.peer.setRemoteDescription(RTCSessionDescription(answers()[-1]["sdp"], "answer"))

    def test_hold_and_resume(self):
        gateway = self.start(engine__default="echo")

        async def during(caller):
            transceiver = caller.peer.getTransceivers()[0]
            transceiver.direction = "sendonly"
            await self.offer(caller)
            await self.wait_quiet(caller)
            count = len(caller.heard)
            await asyncio.sleep(HOLD_S)
            self.assertLessEqual(len(caller.heard) - count, MOST_LATE_FRAMES)
            transceiver.direction = "sendrecv"
            await self.offer(caller)
            await wait_heard(caller)
            errors = [payload for kind, payload in caller.wire.received if kind == "error"]
            self.assertEqual(errors, [])
        self.assertEqual(self.call(gateway, during), "client-bye")
        self.assertEqual(gateway.metric("vgw_sessions_started_total"), 1)

    def test_video_made_later_is_answered_inactive(self):
        gateway = self.start(engine__default="echo")

        async def during(caller):
            video = caller.peer.addTransceiver("video")
            await self.offer(caller)
            self.assertEqual(video.currentDirection, "inactive")
            await wait_heard(caller)
        self.assertEqual(self.call(gateway, during), "client-bye")

    def test_a_changed_address_is_heard_and_sent_to_within_a_second_of_its_first_check(self):
        """As when a phone goes from one network to the other: the old address is dead, nothing restarts."""
        gateway = self.start(engine__default="echo", ice__advertise="127.0.0.1")
        gaps = []

        async def during(caller, nat):
            n_checks = gateway.metric("vgw_ice_checks_total")
            await nat.rebind("127.0.0.2")
            await harness.wait_until(lambda: gateway.metric("vgw_ice_checks_total") > n_checks)
            checked = time.monotonic()
            await wait_heard(caller, 1)
            gaps.append(time.monotonic() - checked)
            await wait_heard(caller)
        self.assertEqual(self.run_async(call_behind_nat(gateway, during)), "client-bye")
        print(f"heard again {gaps[0]:.2f} s after the first check")


if __name__ == "__main__":
    harness.main()
