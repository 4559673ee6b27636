"""A caller that writes its own RTP and RTCP, any header, any rate, over aiortc's transport; and a bot that keeps what it
hears. PCMU, so that samples can be counted."""

import asyncio
import random
import struct

import numpy as np
import websockets
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamTrack
from aiortc.rtcrtpsender import RTCRtpSender

import harness
from bots import BotServer
from wire import Wire

RATE = 8000
FRAME_S = 0.02
FRAME = int(RATE * FRAME_S)
CONNECT_TIMEOUT_S = 60


class Mute(MediaStreamTrack):
    kind = "audio"

    async def recv(self):
        await asyncio.Event().wait()


def to_mulaw(samples):
    """ITU-T G.711."""
    clipped = np.clip(np.asarray(samples, dtype=float), -32635, 32635)
    sign = np.where(clipped < 0, 0x80, 0)
    biased = np.abs(clipped).astype(int) + 132
    exponent = np.clip(np.floor(np.log2(biased)).astype(int) - 7, 0, 7)
    return ((~(sign | (exponent << 4) | ((biased >> (exponent + 3)) & 15))) & 0xFF).astype(np.uint8).tobytes()


def tone(hz, count, first=0):
    return to_mulaw(8000 * np.sin(2 * np.pi * hz * (np.arange(count) + first) / RATE))


class Sender:
    """One synchronization source."""

    def __init__(self, ssrc=None):
        self.ssrc = random.randrange(1, 1 << 32) if ssrc is None else ssrc
        self.seq, self.timestamp = random.randrange(1 << 16), random.randrange(1 << 32)

    def next(self, payload, payload_type=0, step=FRAME, marker=0):
        packet = self.at(self.seq, self.timestamp, payload, payload_type, marker)
        self.seq, self.timestamp = self.seq + 1, self.timestamp + step
        return packet

    def at(self, seq, timestamp, payload, payload_type=0, marker=0):
        return struct.pack("!BBHII", 0x80, payload_type | marker << 7, seq & 0xFFFF, timestamp & 0xFFFFFFFF,
                           self.ssrc) + payload


class RawCaller:
    """async with RawCaller (url) as caller: … connected. send () takes whole packets."""

    def __init__(self, url, codec="pcmu", change_offer=lambda sdp: sdp, change_answer=lambda sdp: sdp):
        self.url, self.codec = url, codec
        self.change_offer, self.change_answer = change_offer, change_answer
        self.tracks, self.errors, self.rtcp, self.n_heard = [], [], [], 0
        self.ended = None

    async def __aenter__(self):
        self.peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        transceiver = self.peer.addTransceiver(Mute(), direction="sendrecv")
        transceiver.setCodecPreferences([codec for codec in RTCRtpSender.getCapabilities("audio").codecs
                                         if codec.mimeType.lower() == "audio/" + self.codec])
        transceiver.sender._send_rtcp = self._say_nothing  # ours alone
        connected = asyncio.Event()
        self.peer.on("connectionstatechange",
                     lambda: self.peer.connectionState == "connected" and connected.set())
        self.wire = await Wire(self.url).__aenter__()
        await self.peer.setLocalDescription(await self.peer.createOffer())
        await self.wire.offer(self.change_offer(self.peer.localDescription.sdp))
        self.answer = (await self.wire.wait("answer"))["sdp"]
        self.reader = asyncio.ensure_future(self._read())
        self.transport = transceiver.sender.transport
        self.transport._handle_rtp_data = self._on_rtp
        self.transport._handle_rtcp_data = self._on_rtcp
        await self.peer.setRemoteDescription(RTCSessionDescription(self.change_answer(self.answer), "answer"))
        await asyncio.wait_for(connected.wait(), CONNECT_TIMEOUT_S)
        return self

    async def __aexit__(self, *unused):
        if self.ended is None:
            await self.wire.send("bye", {})
        await asyncio.wait_for(self.reader, 20)
        await self.wire.socket.close()
        await self.peer.close()

    async def _say_nothing(self, *unused):
        pass

    async def _on_rtp(self, data, arrival_time_ms):
        self.n_heard += 1

    async def _on_rtcp(self, data):
        self.rtcp.append(data)

    async def _read(self):
        try:
            while True:
                kind, payload = await self.wire.receive(timeout_s=None)
                if kind == "track":
                    self.tracks.append(payload)
                elif kind == "error":
                    self.errors.append(payload)
                elif kind == "state" and payload["state"] == "ended":
                    self.ended = payload["reason"]
        except websockets.ConnectionClosed:
            pass

    async def send(self, packet):
        try:
            await self.transport._send_rtp(packet)
        except ConnectionError:
            pass  # the gateway has ended the call

    async def talk(self, sender, hz, seconds):
        """A tone in real time; packets of it from one source."""
        loop = asyncio.get_running_loop()
        start = loop.time()
        for i in range(int(seconds / FRAME_S)):
            await self.send(sender.next(tone(hz, FRAME, i * FRAME)))
            await asyncio.sleep(max(0, start + (i + 1) * FRAME_S - loop.time()))

    async def wait(self, condition, timeout_s=20):
        await asyncio.wait_for(harness.wait_until(condition), timeout_s)


class Listener(BotServer):
    """async with Listener () as bot: … A bot that keeps what it hears, as float64 at 16 kHz, and its keys."""

    def __init__(self):
        super().__init__()
        self.parts, self.keys = [], []

    async def on_audio(self, connection, samples):
        self.parts.append(np.frombuffer(samples, "<i2").astype(float))

    async def on_message(self, connection, message):
        if message["type"] == "dtmf":
            self.keys.append((message["digit"], message["duration_ms"]))

    def heard(self):
        return np.concatenate(self.parts or [np.zeros(0)])

    def seconds_of(self, hz):
        """How much of what was heard is a tone of about that frequency."""
        size = 16000 // 50
        heard = self.heard()
        blocks = heard[: len(heard) // size * size].reshape(-1, size)
        spectrum = np.abs(np.fft.rfft(blocks * np.hanning(size), 4 * size))
        peaks = np.argmax(spectrum, axis=1) * 16000 / (4 * size)
        is_loud = np.sqrt(np.mean(np.square(blocks), axis=1)) > 1000
        return float(np.sum(is_loud & (np.abs(peaks - hz) < 40))) / 50
