"""A bot that pauses, by sending nothing and by sending digital silence: what of it is on the wire (DTX, RFC 7587 section
3.1.3). The caller is aiortc, whose packets and reports are noted before it handles them. VGW_TEST_PAUSE_S makes the pauses
longer than they are in the suite."""

import asyncio
import os
import time

import numpy as np
from aiortc import RTCRtpReceiver
from aiortc.rtp import RtcpSrPacket

import audio
import bots
import harness
from rtc import Caller

RATE = 16000
CLOCK_HZ = 48000
FRAME_TICKS = 960
KEEP_ALIVE_S = 0.4
HANGOVER_S = 0.2
PAUSE_S = float(os.environ.get("VGW_TEST_PAUSE_S", "2.4"))
WORD_S = 0.6
ONSET_S = 0.04  # the first two frames of a talkspurt
MOST_LATE_S = 0.25  # of a packet, on a busy machine


def load_word():
    """Speech that begins with its first sample."""
    samples, rate = audio.read_wav(harness.PHRASE)
    samples = audio.resample(samples, rate, RATE)
    loud = np.flatnonzero(np.abs(samples) > 1500)[0]
    return samples[loud : loud + int(WORD_S * RATE)]


def pcm(samples):
    return np.clip(samples, -32768, 32767).astype("<i2").tobytes()


class PausingBot(bots.BotServer):
    """Says a word, nothing, the word, digital silence, the word, nothing."""

    def __init__(self, word):
        super().__init__()
        self.word, self.is_started, self.is_done = word, asyncio.Event(), asyncio.Event()

    async def on_message(self, connection, message):
        if message["type"] == "start":
            self.connection = connection
            self.is_started.set()

    async def converse(self):
        await self.is_started.wait()
        await asyncio.sleep(PAUSE_S)
        await self.connection.send(pcm(self.word))
        await asyncio.sleep(WORD_S + PAUSE_S)
        for part in (self.word, np.zeros(int(PAUSE_S * RATE)), self.word):
            await self.connection.send(pcm(part))
        await asyncio.sleep(2 * WORD_S + 2 * PAUSE_S)


class Packets:
    """What comes to aiortc, with the time when it came."""

    def __init__(self):
        self.rtp, self.reports = [], []

    def __enter__(self):
        self.originals = RTCRtpReceiver._handle_rtp_packet, RTCRtpReceiver._handle_rtcp_packet
        noted = self

        async def handle_rtp(receiver, packet, *arguments, **keys):
            noted.rtp.append((time.monotonic(), packet.sequence_number, packet.timestamp, packet.marker, packet.payload))
            return await noted.originals[0](receiver, packet, *arguments, **keys)

        async def handle_rtcp(receiver, packet):
            if isinstance(packet, RtcpSrPacket):
                noted.reports.append((time.monotonic(), packet.sender_info.ntp_timestamp / 2**32,
                                      packet.sender_info.rtp_timestamp, packet.sender_info.packet_count))
            return await noted.originals[1](receiver, packet)

        RTCRtpReceiver._handle_rtp_packet, RTCRtpReceiver._handle_rtcp_packet = handle_rtp, handle_rtcp
        return self

    def __exit__(self, *unused):
        RTCRtpReceiver._handle_rtp_packet, RTCRtpReceiver._handle_rtcp_packet = self.originals

    def media_s(self, timestamp):
        """Since the first packet, by the timestamps."""
        return ((timestamp - self.rtp[0][2]) % 2**32) / CLOCK_HZ


class PausesTest(harness.GatewayTest):
    async def call(self, change_offer=lambda sdp: sdp, **settings):
        """Returns the packets, and what was heard."""
        async with PausingBot(load_word()) as bot:
            gateway = self.start(**bots.engine("bot", type="websocket", url=bot.url), engine__default="bot", **settings)
            caller = Caller(gateway.url, np.zeros(RATE), RATE, change_offer=change_offer)
            packets = Packets()
            with packets:
                async def during(caller):
                    await caller.wait_connected()
                    await bot.converse()
                    stats = [report for report in (await caller.peer.getStats()).values() if report.type == "inbound-rtp"]
                    self.assertEqual([report.packetsLost for report in stats], [0])
                self.assertEqual(await caller.run(during), "client-bye")
            return packets, caller.recording()

    def check_stream(self, packets):
        """Sequence numbers without a gap; timestamps that follow the time; reports that agree with them."""
        for (_, first, *_), (_, second, *_) in zip(packets.rtp, packets.rtp[1:]):
            self.assertEqual((second - first) % 2**16, 1)
        delays = [came - packets.rtp[0][0] - packets.media_s(timestamp) for came, _, timestamp, _, _ in packets.rtp]
        self.assertLess(max(delays) - min(delays), MOST_LATE_S)
        self.assertGreaterEqual(len(packets.reports), 1)
        for came, _, timestamp, _ in packets.reports:
            self.assertAlmostEqual(came - packets.rtp[0][0], packets.media_s(timestamp), delta=MOST_LATE_S)
        first, last = packets.reports[0], packets.reports[-1]
        self.assertAlmostEqual(last[1] - first[1], packets.media_s(last[2]) - packets.media_s(first[2]), delta=0.02)

    def check_words(self, heard, n_words):
        """Each is there from its first sample."""
        word = load_word()
        for _ in range(n_words):
            likeness, at = audio.correlate(word, heard)
            self.assertGreater(likeness, 0.8)
            begin = max(0, at - RATE // 20)
            onset, _ = audio.correlate(word[: int(ONSET_S * RATE)], heard[begin : at + int((ONSET_S + 0.05) * RATE)])
            self.assertGreater(onset, 0.7)
            heard = np.concatenate((heard[:at], np.zeros(len(word)), heard[at + len(word) :]))

    def test_pauses_are_keep_alives_of_one_byte(self):
        packets, heard = asyncio.run(self.call())
        self.check_stream(packets)
        self.check_words(heard, 3)
        steps = [(second[2] - first[2]) % 2**32 // FRAME_TICKS for first, second in zip(packets.rtp, packets.rtp[1:])]
        begins = [i for i, packet in enumerate(packets.rtp) if i > 0 and packet[3]]
        self.assertEqual(len(begins), 3, "each word has a marker, and nothing else but the first packet")
        for begin in begins:
            frames = packets.rtp[begin : begin + int((WORD_S + HANGOVER_S) * 50)]
            self.assertTrue(all(step == 1 for step in steps[begin : begin + len(frames) - 1]))
            self.assertTrue(all(len(packet[4]) > 1 for packet in frames))
        # the last word has a pause after it, and 200 ms of silence before that
        after = packets.rtp[begins[-1] + int((WORD_S + HANGOVER_S) * 50) :]
        self.assertGreaterEqual(len(after), int((PAUSE_S - 1) / KEEP_ALIVE_S))
        self.assertTrue(all(len(packet[4]) == 1 for packet in after))
        self.assertEqual([len(packet[4]) == 1 for packet in packets.rtp[:2]], [False, True], "silent at first")
        n_expected = 3 * (WORD_S + HANGOVER_S) * 50 + 4 * PAUSE_S / KEEP_ALIVE_S
        self.assertLess(len(packets.rtp), n_expected + 10)

    def test_a_caller_may_refuse(self):
        def refuse(sdp):
            return sdp.replace("a=rtpmap:96 opus/48000/2\r\n", "a=rtpmap:96 opus/48000/2\r\na=fmtp:96 usedtx=0\r\n")

        packets, heard = asyncio.run(self.call(change_offer=refuse))
        self.check_stream(packets)
        self.check_words(heard, 3)
        self.assertTrue(all(len(packet[4]) > 1 for packet in packets.rtp))
        self.assertGreaterEqual(len(packets.rtp), (3 * WORD_S + PAUSE_S) * 50)


if __name__ == "__main__":
    harness.main()
