"""What a caller may do to its streams: other SSRCs, other payload types, long keys, far too much of everything."""

import asyncio
import contextlib
import random
import re
import struct
import urllib.request

import bots
import harness
from raw_rtp import FRAME, Listener, RawCaller, Sender, tone
from wire import WireTest

EVENT_TYPE = 101
SR, RR, SDES, BYE, RTPFB = 200, 201, 202, 203, 205


def with_events(sdp):
    return (sdp.replace("RTP/SAVPF 0", f"RTP/SAVPF 0 {EVENT_TYPE}")
            .replace("a=rtpmap:0 PCMU/8000\r\n", f"a=rtpmap:0 PCMU/8000\r\na=rtpmap:{EVENT_TYPE} telephone-event/8000\r\n"))


def without_events(sdp):
    lines = sdp.replace(f" {EVENT_TYPE}\r\n", "\r\n").split("\r\n")
    return "\r\n".join(line for line in lines if f":{EVENT_TYPE} " not in line)


def blocks_of(compound):
    """The report blocks of a compound packet, as (ssrc, fraction and lost, highest sequence number)."""
    found = []
    while len(compound) >= 8:
        first, kind, words = struct.unpack("!BBH", compound[:4])
        offset = 28 if kind == SR else 8
        for i in range(first & 31 if kind in (SR, RR) else 0):
            found.append(struct.unpack("!III", compound[offset + 24 * i : offset + 24 * i + 12]))
        compound = compound[4 + 4 * words :]
    return found


def reports_of(caller):
    """All report blocks that the caller got so far."""
    return [block for data in caller.rtcp for block in blocks_of(data)]


class Streams(WireTest):
    @contextlib.asynccontextmanager
    async def call(self, **options):
        async with Listener() as bot:
            gateway = self.start(engine__default="bot", **bots.engine("bot", type="websocket", url=bot.url,
                                                                      sample_rate=16000))
            async with RawCaller(gateway.url, **options) as caller:
                yield gateway, bot, caller

    def metric(self, gateway, name):
        with urllib.request.urlopen(gateway.admin_url + "metrics", timeout=10) as page:
            return float(re.search(rf"^{name} (\S+)$", page.read().decode(), re.MULTILINE).group(1))

    def test_the_source_that_is_sent_is_heard(self):
        async def run():
            async with self.call() as (gateway, bot, caller):
                first, second = Sender(), Sender()
                await caller.talk(first, 440, 2)
                await caller.talk(second, 700, 2)  # at once
                bye = struct.pack("!BBHI", 0x80, RR, 1, second.ssrc) + struct.pack("!BBHI", 0x81, BYE, 1, second.ssrc)
                await caller.send(bye)
                third = Sender()
                await caller.talk(third, 1000, 6)
                for _ in range(15):  # a receiver reports every 2 to 6 s
                    if any(ssrc == third.ssrc for ssrc, _, _ in reports_of(caller)):
                        break
                    await caller.talk(third, 1000, 1)
                await caller.talk(first, 1300, 2)  # back to the first
                await caller.wait(lambda: bot.seconds_of(1300) > 1.8)
                heard = {hz: bot.seconds_of(hz) for hz in (440, 700, 1000)}
                self.assertGreater(heard[440], 1.8)
                self.assertGreater(heard[700], 1.8)
                self.assertGreater(heard[1000], 5.8)
                self.assertEqual([track["ssrc"] for track in caller.tracks],
                                 [first.ssrc, second.ssrc, third.ssrc, first.ssrc])
                self.assertEqual(self.metric(gateway, "vgw_rtp_source_changes_total"), 3)
                reported = reports_of(caller)
                of_third = [block for block in reported if block[0] == third.ssrc]
                self.assertTrue(of_third, reported)
                self.assertLess((third.seq - of_third[-1][2]) & 0xFFFF, 400)
                self.assertEqual(of_third[-1][1] & 0xFFFFFF, 0, "packets lost")
            gateway.wait_log(lambda entry: "RTP: ssrc-changes=3" in entry["message"])
        self.run_async(run())

    def test_many_sources_cost_no_more_than_one(self):
        async def run():
            async with self.call() as (gateway, bot, caller):
                await caller.talk(Sender(), 440, 1)
                before = gateway.usage()
                for _ in range(25):  # faster than new ones are let in, so that some are not heard
                    await caller.talk(Sender(), 700, 0.2)
                last = Sender()
                await caller.talk(last, 1000, 3)
                await caller.wait(lambda: bot.seconds_of(1000) > 1)
                after = gateway.usage()
                self.assertLessEqual(after["threads"], before["threads"])
                self.assertIsNone(caller.ended)
        self.run_async(run())

    def test_rtcp_names_no_sources_and_requests_nothing(self):
        """rtpsession would keep a source for each SSRC, and make 17 events of each word of a NACK."""
        def random_ssrc():
            return random.randrange(1, 1 << 32)

        async def run():
            async with self.call() as (gateway, bot, caller):
                sender = Sender()
                own_ssrc = int(re.search(r"a=ssrc:(\d+)", caller.answer).group(1))
                await caller.talk(sender, 440, 1)
                before = gateway.usage()
                first = struct.pack("!BBHI", 0x80, RR, 1, sender.ssrc)
                for _ in range(80):
                    reports = [struct.pack("!BBHI", 0x80, RR, 1, random_ssrc()) for _ in range(140)]
                    await caller.send(first + b"".join(reports))
                    chunks = [struct.pack("!II", random_ssrc(), 0) for _ in range(31)]
                    descriptions = struct.pack("!BBH", 0x9f, SDES, 62) + b"".join(chunks)
                    await caller.send(first + descriptions * 4)
                    requests = [struct.pack("!HH", random.randrange(1 << 16), 0xffff) for _ in range(280)]
                    await caller.send(struct.pack("!BBHII", 0x81, RTPFB, 2 + 280, sender.ssrc, own_ssrc) + b"".join(requests))
                await caller.talk(sender, 700, 2)
                await caller.wait(lambda: bot.seconds_of(700) > 1.8)
                self.assertLess(gateway.usage()["rss_kb"] - before["rss_kb"], 8000)
                self.assertIsNone(caller.ended)
        self.run_async(run())

    def test_unknown_payload_types_and_empty_packets_are_ignored(self):
        async def run():
            async with self.call() as (gateway, bot, caller):
                sender, noise = Sender(), Sender()
                for payload_type in (13, 63, 120):
                    await caller.send(sender.next(b"\x40" * 20, payload_type))
                for i in range(100):
                    await caller.send(sender.next(tone(440, FRAME, i * FRAME)))
                    if i % 10 == 9:
                        await caller.send(sender.next(b"\x40", 13, step=0))
                        await caller.send(sender.next(b"", step=0))
                        await caller.send(noise.next(b"\x40", 120))
                    await asyncio.sleep(0.02)
                await caller.wait(lambda: bot.seconds_of(440) > 1.9)
                self.assertEqual(self.metric(gateway, "vgw_rtp_ignored_packets_total"), 33)
        self.run_async(run())

    def test_stamps_that_jitter_insert_nothing_and_a_pause_is_silence(self):
        async def run():
            async with self.call() as (gateway, bot, caller):
                sender, rng = Sender(), random.Random(3)
                loop = asyncio.get_running_loop()
                start, pause = loop.time(), 0
                for i in range(200):  # 2 s, a pause of 0.8 s as DTX makes it, 2 s
                    pause = 0.8 if i >= 100 else 0
                    await asyncio.sleep(max(0, start + pause + i * 0.02 - loop.time()))
                    stamp = sender.timestamp + int(pause * 8000) + i * FRAME + rng.randint(-80, 80)  # 10 ms
                    await caller.send(sender.at(sender.seq + i, stamp, tone(440, FRAME, i * FRAME)))
                await caller.wait(lambda: bot.seconds_of(440) > 3.9)
                heard = bot.heard()
                silent = [len(run) / 16000 for run in re.findall(b"\0{16,}", (heard != 0).tobytes())]
                inner = [duration for duration in silent if duration > 0.005]
                self.assertEqual(len(inner), 1, silent)
                self.assertAlmostEqual(inner[0], 0.8, delta=0.06)
        self.run_async(run())

    def test_a_long_key_of_a_source_of_its_own_is_one_key(self):
        async def run():
            async with self.call(change_offer=with_events, change_answer=without_events) as (gateway, bot, caller):
                audio, keys = Sender(), Sender()
                self.assertIn(f"a=rtpmap:{EVENT_TYPE} telephone-event/8000", caller.answer)
                await caller.talk(audio, 440, 0.5)
                start = keys.timestamp
                for segment in range(3):  # 20 s in three segments, told in fewer packets than a phone would send
                    for duration in (20000, 40000, 0xFFFF) if segment < 2 else (20000, 160000 - 2 * 0xFFFF):
                        payload = struct.pack("!BBH", 5, 10, duration)
                        await caller.send(keys.at(keys.seq, start + segment * 0xFFFF, payload, EVENT_TYPE))
                        keys.seq += 1
                for _ in range(3):
                    payload = struct.pack("!BBH", 5, 0x8A, 160000 - 2 * 0xFFFF)
                    await caller.send(keys.at(keys.seq, start + 2 * 0xFFFF, payload, EVENT_TYPE))
                    keys.seq += 1
                await caller.talk(audio, 700, 0.5)
                await caller.wait(lambda: bot.seconds_of(700) > 0.4)
                self.assertEqual(bot.keys, [("5", 20000)])
        self.run_async(run())

    def test_a_flood_ends_its_own_call_and_no_other(self):
        async def run():
            async with self.call() as (gateway, bot, caller):
                async with RawCaller(gateway.url) as flooder:
                    sender = Sender()
                    talk = asyncio.ensure_future(caller.talk(Sender(), 440, 8))
                    payload = tone(700, 8 * FRAME)  # 160 ms each
                    while flooder.ended is None:
                        for _ in range(60):
                            await flooder.send(sender.next(payload, step=8 * FRAME))
                        await asyncio.sleep(0.02)
                    await talk
                    self.assertEqual(flooder.ended, "flood")
                    self.assertEqual([error["code"] for error in flooder.errors], ["flood"])
                    self.assertTrue(flooder.errors[0]["fatal"])
                await caller.wait(lambda: bot.seconds_of(440) > 7.8)
                self.assertIsNone(caller.ended)
                # what both bots heard of the flood: a burst of 5 s and real time
                self.assertLess(bot.seconds_of(700), 20)
                self.assertGreater(self.metric(gateway, "vgw_rtp_audio_dropped_packets_total"), 0)
                self.assertEqual(self.metric(gateway, "vgw_rtp_floods_total"), 1)
                self.assertEqual(self.metric(gateway, "vgw_opus_complexity_ceiling"), 10)
        self.run_async(run())

    def test_a_clock_at_twice_the_rate_is_bounded_and_not_ended(self):
        async def run():
            async with self.call() as (gateway, bot, caller):
                sender = Sender()
                for i in range(600):  # 12 s of audio in 6 s
                    await caller.send(sender.next(tone(440, FRAME, i * FRAME)))
                    await asyncio.sleep(0.01)
                await caller.talk(sender, 1000, 1)
                await caller.wait(lambda: bot.seconds_of(1000) > 0.8)
                self.assertIsNone(caller.ended)
        self.run_async(run())


if __name__ == "__main__":
    harness.main()
