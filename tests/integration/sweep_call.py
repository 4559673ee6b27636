"""A caller of aiortc and a bot that say the sweep of sweep.py, so that what is missing of either can be measured."""

import asyncio
import fractions
import json

import numpy as np
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamTrack
from av import AudioFrame

import bots
import harness
import sweep
from rtc import Listener
from wire import WireTest

RATE = 48000
BOT_RATE = 16000
FRAME = RATE // 50


class SweepTrack(MediaStreamTrack):
    """The sweep in real time, on the clock of the loop: all tracks say the same at the same time."""

    kind = "audio"

    def __init__(self):
        super().__init__()
        self.count = None

    async def recv(self):
        now = asyncio.get_running_loop().time()
        self.count = int(now * RATE / FRAME) if self.count is None else self.count + 1
        await asyncio.sleep(max(0.0, self.count * FRAME / RATE - now))
        first = self.count * FRAME
        samples = sweep.make(first % int(sweep.PERIOD_S * RATE), FRAME, RATE).astype(np.int16)
        frame = AudioFrame(format="s16", layout="mono", samples=FRAME)
        frame.planes[0].update(samples.tobytes())
        frame.sample_rate, frame.time_base, frame.pts = RATE, fractions.Fraction(1, RATE), first
        return frame


class Peer(Listener):
    """One connection of a caller, and what is heard on it."""

    def __init__(self):
        super().__init__()
        self.peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        receiver = self.peer.addTransceiver(SweepTrack(), "sendrecv").receiver
        receiver._RTCRtpReceiver__jitter_buffer._prefetch = 0  # or the last 80 ms of a stream that ends are never heard
        self._watch()

    def recording(self):
        return np.concatenate(self.heard or [np.zeros(1)])

    async def offer(self, wire, change=lambda sdp: sdp):
        await self.peer.setLocalDescription(await self.peer.createOffer())
        await wire.offer(change(self.peer.localDescription.sdp))

    async def connect(self, wire):
        await self.offer(wire)
        answer = await wire.wait("answer")
        await self.peer.setRemoteDescription(RTCSessionDescription(answer["sdp"], "answer"))
        await asyncio.wait_for(self.connected.wait(), 30)

    def freeze(self):
        """Nothing leaves or is received any more, and nothing is closed."""
        for transport in self.peer._RTCPeerConnection__iceTransports:
            for protocol in transport._connection._protocols:
                protocol.transport.sendto = lambda *_: None

    async def close(self):
        await self.peer.close()


class SweepTest(WireTest):
    def start_with(self, bot, **settings):
        return self.start(engine__default="bot", **settings,
                          **bots.engine("bot", type="websocket", url=bot.url, dialect="native"))


class SweepBot(bots.BotServer):
    """Says the sweep for a minute, all at once, and keeps what it hears."""

    def __init__(self):
        super().__init__()
        self.heard, self.messages = bytearray(), []

    async def on_audio(self, connection, samples):
        self.heard += samples

    async def on_message(self, connection, message):
        self.messages.append(message)
        if message["type"] == "start":
            self.connection = connection
            for part in range(60):
                samples = sweep.make(part * BOT_RATE, BOT_RATE, BOT_RATE).astype("<i2").tobytes()
                for at in range(0, len(samples), 8000):
                    await connection.send(samples[at : at + 8000])
                await connection.send(json.dumps({"type": "mark", "name": str(part + 1)}))

    async def send_event(self, **data):
        await self.wait_message("start")
        await self.connection.send(json.dumps({"type": "event", "data": data}))

    def count(self, kind):
        return sum(message["type"] == kind for message in self.messages)

    async def wait_message(self, kind, timeout_s=20):
        """The first message of that kind."""
        await asyncio.wait_for(harness.wait_until(lambda: self.count(kind) > 0), timeout_s)
        return next(message for message in self.messages if message["type"] == kind)

    @property
    def heard_s(self):
        return len(self.heard) / 2 / BOT_RATE

    def recording(self):
        return np.frombuffer(bytes(self.heard), "<i2").astype(np.float64)

    async def wait_heard(self, more_s):
        until = self.heard_s + more_s
        await harness.wait_until(lambda: self.heard_s >= until)
