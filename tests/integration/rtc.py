"""A caller made of aiortc: WebRTC that nobody here wrote, and the one that can be told to lie."""

import asyncio
import fractions
import json

import numpy as np
import websockets
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from aiortc.sdp import candidate_from_sdp
from av import AudioFrame

import audio
import harness
from wire import Wire

FRAME_S = 0.02
RATE = 48000
CONNECT_TIMEOUT_S = 60


class Speech(MediaStreamTrack):
    """Plays samples in real time, then silence."""

    kind = "audio"

    def __init__(self, samples, rate):
        super().__init__()
        self.samples = np.clip(audio.resample(samples, rate, RATE), -32768, 32767).astype(np.int16)
        self.count, self.start = 0, None

    async def recv(self):
        loop = asyncio.get_running_loop()
        size = int(RATE * FRAME_S)
        if self.start is None:
            self.start = loop.time()
        await asyncio.sleep(max(0, self.start + self.count * FRAME_S - loop.time()))
        part = self.samples[self.count * size : (self.count + 1) * size]
        frame = AudioFrame(format="s16", layout="mono", samples=size)
        frame.planes[0].update(np.pad(part, (0, size - len(part))).tobytes())
        frame.sample_rate, frame.time_base, frame.pts = RATE, fractions.Fraction(1, RATE), self.count * size
        self.count += 1
        return frame


class Listener:
    """What is heard on the tracks of `peer`."""

    def __init__(self):
        self.peer = self.connected = self.listener = None
        self.heard, self.heard_rate = [], RATE

    def _watch(self):
        self.connected = asyncio.Event()
        self.peer.on("track", self._on_track)
        self.peer.on("connectionstatechange", self._on_state)

    def _on_track(self, track):
        self.listener = asyncio.ensure_future(self._listen(track))

    def _on_state(self):
        if self.peer.connectionState == "connected":
            self.connected.set()

    async def _listen(self, track):
        try:
            while True:
                frame = await track.recv()
                self.heard_rate = frame.sample_rate
                samples = frame.to_ndarray().reshape(-1, len(frame.layout.channels))
                self.heard.append(samples[:, 0].astype(np.float64))
        except MediaStreamError:
            pass


class Caller(Listener):
    """One call through the gateway's own signaling. change_offer and change_answer may rewrite the SDP
    that is sent and received. All but the constructor inside of a running loop."""

    def __init__(self, url, samples, rate, change_offer=lambda sdp: sdp, n_channels=1,
                 change_answer=lambda sdp: sdp):
        super().__init__()
        self.url, self.samples, self.rate = url, samples, rate
        self.change_offer, self.change_answer, self.n_channels = change_offer, change_answer, n_channels
        self.events, self.ended = [], None
        self.wire_options = {}  # of websockets.connect

    def _open(self):
        self.peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        # as an offerer aiortc 1.4 writes data channels as the drafts had them: DTLS/SCTP, a=sctpmap
        self.add_audio()
        self.channels = [self.peer.createDataChannel("events" if i == 0 else f"extra-{i}")
                         for i in range(self.n_channels)]
        for channel in self.channels[:1]:
            channel.on("message", lambda text: self.events.append(json.loads(text)))
        self._watch()

    def add_audio(self):
        self.peer.addTrack(Speech(self.samples, self.rate))

    def recording(self):
        """What was heard, at 16 kHz."""
        return audio.resample(np.concatenate(self.heard or [np.zeros(1)]), self.heard_rate, 16000)

    async def run(self, during):
        """Connects, awaits during (self), says bye. Returns the reason that the gateway gave for the end."""
        self._open()
        async with Wire(self.url, **self.wire_options) as self.wire:
            await self.wire.wait("session")
            await self.peer.setLocalDescription(await self.peer.createOffer())
            await self.wire.offer(self.change_offer(self.peer.localDescription.sdp))
            answer = await self.wire.wait("answer")
            reader = asyncio.ensure_future(self._read())
            try:
                await self.peer.setRemoteDescription(RTCSessionDescription(self.change_answer(answer["sdp"]), "answer"))
                await during(self)
                if self.ended is None:
                    await self.wire.send("bye", {})
                await asyncio.wait_for(reader, 20)
            finally:
                reader.cancel()
                await self.peer.close()
        if self.listener is not None:
            await self.listener
        return self.ended

    async def wait_connected(self):
        await asyncio.wait_for(self.connected.wait(), CONNECT_TIMEOUT_S)

    async def wait_channel(self):
        """Until the first data channel is open."""
        await harness.wait_until(lambda: self.channels[0].readyState == "open")

    async def wait_event(self, event):
        await harness.wait_until(lambda: event in self.events)

    async def wait_ended(self):
        await harness.wait_until(lambda: self.ended is not None)

    async def _read(self):
        """Until the WebSocket closes."""
        try:
            while True:
                kind, payload = await self.wire.receive(timeout_s=None)
                if kind == "state" and payload["state"] == "ended":
                    self.ended = payload["reason"]
                elif kind == "event":
                    self.events.append(payload)
                elif kind == "candidate" and payload.get("candidate"):
                    candidate = candidate_from_sdp(payload["candidate"].removeprefix("candidate:"))
                    candidate.sdpMLineIndex = payload.get("sdpMLineIndex") or 0
                    await self.peer.addIceCandidate(candidate)
        except websockets.ConnectionClosed:
            pass
