"""The record of a call: audio, events and page on one timeline, what a pause leaves out, and the call made again from it."""

import asyncio
import base64
import contextlib
import ctypes
import ctypes.util
import json
import pathlib
import re
import stat
import unittest.mock
import wave

import numpy as np
from aiortc import codecs
from aiortc.codecs import opus

import harness
from bots import BotServer, engine
from nat import call_behind_nat
from test_admin import metrics
from test_stats import BadNetwork
from wire import Wire, good_offer

RATE = 16000
LOUD = 1000
DELAY_S = 1.2  # after the caller's last loud sample
REPLY_MS, SECRET_MS = 700, 900
NAME = re.compile(r"\d{8}T\d{6}\.\d{3}Z-[A-Za-z0-9_-]+$")
LATE_MS = 150  # of a machine with other work
N_PACKETS = 300  # of the caller, on a bad network
OPUS_SET_BITRATE, OPUS_SET_INBAND_FEC, OPUS_SET_PACKET_LOSS_PERC = 4002, 4012, 4014  # opus_defines.h
HOLD_MS = 250  # of the voice detection


def tone(duration_ms, pitch_hz):
    n = np.arange(RATE * duration_ms // 1000)
    return (8000 * np.sin(2 * np.pi * pitch_hz * n / RATE)).astype("<i2").tobytes()


class Bot(BotServer):
    """Replies once; then it pauses the record, says and sends what is not to be in it, and resumes it."""

    def __init__(self):
        super().__init__()
        self.pending = None
        self.is_done = False

    async def on_audio(self, connection, samples):
        if self.is_done or np.max(np.abs(np.frombuffer(samples, "<i2").astype(int)), initial=0) < LOUD:
            return
        if self.pending is not None:
            self.pending.cancel()
        self.pending = asyncio.ensure_future(self.reply(connection))

    async def say(self, connection, **event):
        await connection.send(json.dumps({"type": "event", "data": event}))

    async def reply(self, connection):
        await asyncio.sleep(DELAY_S)
        self.is_done = True
        await self.say(connection, type="transcript", text="</script><b>hello")
        await connection.send(tone(REPLY_MS, 440))
        await asyncio.sleep(REPLY_MS / 1000 + 0.8)
        await self.say(connection, type="recording-pause")
        await self.say(connection, type="card", number="4000-1234")
        await connection.send(tone(SECRET_MS, 880))
        await asyncio.sleep(SECRET_MS / 1000 + 0.5)
        await self.say(connection, type="recording-resume")
        await self.say(connection, type="transcript", text="again")


class Listener(BotServer):
    """Keeps what it hears."""

    def __init__(self):
        super().__init__()
        self.heard = []

    async def on_audio(self, connection, samples):
        self.heard.append(np.frombuffer(samples, "<i2"))


def add_fec(encoder):
    """Of an OpusEncoder of aiortc: in-band FEC, and the bit rate of speech, at which there is any (RFC 6716 section 2.1.7)."""
    state = ctypes.c_void_p(int(opus.ffi.cast("uintptr_t", encoder.encoder)))
    library = ctypes.CDLL(ctypes.util.find_library("opus"))
    for request, value in ((OPUS_SET_BITRATE, 24000), (OPUS_SET_INBAND_FEC, 1), (OPUS_SET_PACKET_LOSS_PERC, 20)):
        if library.opus_encoder_ctl(state, request, ctypes.c_int(value)) != 0:
            raise OSError(f"opus_encoder_ctl {request}")


class FecEncoder(opus.OpusEncoder):
    def __init__(self):
        super().__init__()
        add_fec(self)


class Bundle:
    """What is in the folder `path` of a call that is over."""

    def __init__(self, path):
        self.path = path
        with wave.open(str(path / "audio.wav")) as file:
            self.rate, self.n_channels = file.getframerate(), file.getnchannels()
            samples = np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(float)
        self.caller, self.bot = samples[0::2], samples[1::2]
        self.text = (path / "events.jsonl").read_text()
        self.events = [json.loads(line) for line in self.text.splitlines()]
        self.page = (path / "call.html").read_text()

    def of(self, kind):
        return [event for event in self.events if event["type"] == kind]

    def loud_ms(self, samples):
        """The first and the last loud sample."""
        loud = np.flatnonzero(np.abs(samples) > LOUD)
        return 1000 * loud[0] / self.rate, 1000 * loud[-1] / self.rate


def find_piece(piece, samples):
    """Where exactly these samples are."""
    first = np.flatnonzero(samples[:len(samples) - len(piece)] == piece[0])
    found = [at for at in first if np.array_equal(samples[at:at + len(piece)], piece)]
    assert len(found) == 1, f"found {len(found)} times"
    return found[0]


class CallBundle(harness.GatewayTest):
    def find(self, directory, count):
        """The bundles, by time, once there are so many with a page."""
        harness.wait_for(lambda: len(list(directory.glob("*/call.html"))) >= count, 60, f"{count} pages")
        return [Bundle(path) for path in sorted(directory.iterdir())]

    def call_bot(self, directory):
        async def run():
            async with Bot() as bot:
                settings = {"record.call-bundle": directory, "engine.default": "bot"}
                gateway = self.start(**{key.replace(".", "__").replace("-", "_"): value for key, value in settings.items()},
                                     **engine("bot", type="websocket", url=bot.url))
                loop = asyncio.get_running_loop()
                result = await loop.run_in_executor(None, lambda: harness.call(gateway.url, "--duration", 11, "--dtmf", "42"))
                return gateway, result
        return asyncio.run(run())

    def test_a_call_its_record_and_the_call_again(self):
        directory = self.directory / "calls"
        gateway, result = self.call_bot(directory)
        self.assertEqual(result.status, 0, result.errors)
        bundle, = self.find(directory, 1)
        with self.subTest("files"):
            self.check_files(bundle, result.only["session_id"])
        with self.subTest("audio"):
            self.check_audio(bundle)
        with self.subTest("events"):
            self.check_events(bundle)
        with self.subTest("times"):
            self.check_times(bundle)
        with self.subTest("page"):
            self.check_page(bundle)
        with self.subTest("replay"):
            self.check_replay(bundle)

    def check_files(self, bundle, session_id):
        self.assertRegex(bundle.path.name, NAME)
        self.assertTrue(bundle.path.name.endswith("Z-" + session_id))
        self.assertEqual(sorted(path.name for path in bundle.path.iterdir()), ["audio.wav", "call.html", "events.jsonl"])
        for path in (bundle.path.parent, bundle.path):
            self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o700)
        for path in bundle.path.iterdir():
            self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600)

    def check_audio(self, bundle):
        self.assertEqual((bundle.rate, bundle.n_channels), (RATE, 2))
        phrase, rate = harness.audio.read_wav(harness.PHRASE)
        alike = harness.audio.similarity(harness.audio.resample(phrase, rate, RATE), bundle.caller, RATE)
        self.assertGreater(alike, harness.audio.SAME_SPEECH)
        duration_ms = 1000 * len(bundle.caller) / RATE
        self.assertAlmostEqual(duration_ms, bundle.of("ended")[0]["at_ms"], delta=LATE_MS)
        first, last = bundle.loud_ms(bundle.bot)
        self.assertAlmostEqual(last - first, REPLY_MS, delta=LATE_MS)  # and nothing of the pause

    def check_events(self, bundle):
        self.assertEqual(bundle.events[0]["type"], "call")
        self.assertEqual(bundle.of("call")[0]["engine"], "bot")
        self.assertEqual([event["value"] for event in bundle.of("state")][-1:], ["ended"])
        self.assertIn("answer", [event["sent"] for event in bundle.of("signaling")])
        self.assertEqual([event["digit"] for event in bundle.of("key")], ["*", "*"])
        self.assertEqual([event["event"]["text"] for event in bundle.of("engine-event")], ["</script><b>hello", "again"])
        self.assertNotIn("4000", bundle.text)
        self.assertNotIn("card", bundle.text)
        for kind in ("engine-connected", "engine-started", "recording-paused", "recording-resumed", "ended", "summary"):
            self.assertEqual(len(bundle.of(kind)), 1, kind)
        self.assertGreaterEqual(len(bundle.of("network")), 3)
        summary = bundle.of("summary")[0]
        self.assertGreater(summary["received"]["packets"], 100)
        self.assertEqual(summary["counts"]["turns"], len(bundle.of("turn")))
        self.assertEqual(summary["counts"]["keys"], 2)

    def check_times(self, bundle):
        """The events are where the audio is."""
        caller_first, caller_last = bundle.loud_ms(bundle.caller)
        bot_first, bot_last = bundle.loud_ms(bundle.bot)
        self.assertAlmostEqual(bundle.of("speech-started")[0]["at_ms"], caller_first, delta=HOLD_MS)
        first = [event["at_ms"] for event in bundle.of("speech-stopped") if event["at_ms"] < bot_first][-1]
        self.assertTrue(caller_first < first)
        self.assertAlmostEqual(bundle.of("bot-started")[0]["at_ms"], bot_first, delta=LATE_MS)
        self.assertAlmostEqual(bundle.of("bot-stopped")[0]["at_ms"], bot_last, delta=LATE_MS)
        turn = bundle.of("turn")[0]
        self.assertEqual(turn["end"], "played")
        self.assertAlmostEqual(turn["at_ms"], first, delta=LATE_MS)
        self.assertAlmostEqual(turn["at_ms"] + turn["first_sent_ms"], bot_first, delta=LATE_MS)
        self.assertTrue(caller_last > bot_first or turn["at_ms"] <= caller_last + HOLD_MS)

    def check_page(self, bundle):
        self.assertNotIn("</script><b>hello", bundle.page)
        self.assertNotRegex(bundle.page, r"(?:src|href)=")
        octets = base64.b64decode(re.search(r'id="audio" data-rate="16000">([^<]*)<', bundle.page).group(1))
        self.assertEqual(len(octets), 2 * len(bundle.caller))

    def check_replay(self, bundle):
        again = self.directory / "again"
        gateway = self.start(record__call_bundle=again)
        asyncio.run(self.have_no_media(gateway.url))
        result = harness.call(gateway.url, "--replay", bundle.path)
        self.assertEqual(result.status, 0, result.errors)
        replayed, = self.find(again, 1)
        alike = harness.audio.similarity(bundle.caller, replayed.caller, RATE)
        self.assertGreater(alike, harness.audio.SAME_SPEECH)
        start, other = (one.loud_ms(one.caller)[0] - one.of("engine-started")[0]["at_ms"] for one in (bundle, replayed))
        self.assertAlmostEqual(start, other, delta=2 * LATE_MS)
        missing = harness.call(gateway.url, "--replay", self.directory)
        self.assertEqual(missing.status, 2)
        self.assertIn("audio.wav", missing.errors)

    def test_of_a_caller_with_loss_it_has_what_the_bot_heard(self):
        """Recovered and made up audio, too, sample for sample and at its time."""
        async def run():
            async with Listener() as bot:
                gateway = self.start(record__call_bundle=self.directory / "calls", engine__default="bot",
                                     ice__advertise="127.0.0.1", **engine("bot", type="websocket", url=bot.url))

                async def during(_, nat):
                    nat.is_bad = True
                    await harness.wait_until(lambda: nat.sent["up"] >= N_PACKETS)
                await call_behind_nat(gateway, during, BadNetwork)
                return np.concatenate(bot.heard).astype(float), await asyncio.to_thread(metrics, gateway.admin_url)
        with unittest.mock.patch.object(codecs, "OpusEncoder", FecEncoder):
            heard, counts = asyncio.run(run())
        self.assertGreater(counts["vgw_rtp_concealed_seconds_total"], 0)
        self.assertGreater(counts["vgw_rtp_recovered_seconds_total"], 0)
        bundle, = self.find(self.directory / "calls", 1)
        offsets_ms = []
        for start in range(RATE // 2, len(heard) - RATE, RATE):
            piece = heard[start:start + RATE // 5]
            if np.max(np.abs(piece)) > LOUD:
                offsets_ms.append(1000 * (find_piece(piece, bundle.caller) - start) / RATE)
        print("offsets", offsets_ms)
        self.assertGreater(len(offsets_ms), 5)
        self.assertLess(max(offsets_ms) - min(offsets_ms), LATE_MS)
        self.assertAlmostEqual(offsets_ms[0], bundle.of("engine-connected")[0]["at_ms"], delta=2 * LATE_MS)

    async def have_no_media(self, url):
        """A session that leaves no folder."""
        async with Wire(url) as wire:
            await wire.offer(good_offer())
            await wire.wait("answer")

    def test_a_directory_that_goes_away_costs_no_call(self):
        directory = self.directory / "calls"
        gateway = self.start(record__call_bundle=directory)
        directory.write_text("in its place")
        result = harness.call(gateway.url)
        self.assertEqual(result.status, 0, result.errors)
        entry = gateway.wait_log(lambda entry: "the call continues without it" in entry["message"])
        self.assertIn(str(directory), entry["message"])


    def test_a_disk_that_is_full_for_a_while(self):
        """The call goes on, and what is missing is silent and marked; the next call is complete."""
        directory = self.directory / "calls"
        directory.mkdir(mode=0o700)
        mount = f'mount -t tmpfs -o size=3m,mode=700 none {directory} && exec "$0" "$@"'
        gateway = self.start(command=["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", mount, harness.GATEWAY],
                             record__call_bundle=directory, engine__default="echo", engine__barge_in="flush")
        inside = pathlib.Path(f"/proc/{gateway.process.pid}/root{directory}")
        ballast = inside / "ballast"
        with ballast.open("wb") as file, contextlib.suppress(OSError):
            file.write(bytes(3 * 2**20 - 200 * 1024))
        call = harness.Call(gateway.url, "--duration", 14)
        entry = gateway.wait_log(lambda entry: "No space left on device" in entry["message"], 60)
        self.assertIn("the call continues", entry["message"])
        missing = harness.wait_for(lambda: metrics(gateway.admin_url)["vgw_record_missing_seconds_total"] > 1, 60, "missing audio")
        ballast.unlink()
        result = call.finish()
        self.assertEqual((result.status, missing), (0, True), result.errors)
        bundle, = self.find(inside, 1)
        self.assertTrue((bundle.path / "incomplete").exists())
        self.assertIn('data-incomplete="yes"', bundle.page)
        self.assertEqual(gateway.metric("vgw_record_incomplete_files_total"), 1)
        warnings = [entry for entry in map(json.loads, gateway.lines) if "No space left" in entry["message"]]
        self.assertEqual(len(warnings), 1, warnings)
        self.assertAlmostEqual(1000 * len(bundle.caller) / RATE, bundle.of("ended")[0]["at_ms"], delta=LATE_MS)
        gap = bundle.of("recording-gap")[-1]
        self.assertGreater(gap["missing_ms"], 1000)
        self.check_gap(bundle, gap["at_ms"])
        for path in bundle.path.iterdir():
            path.unlink()
        bundle.path.rmdir()
        self.assertEqual(harness.call(gateway.url).status, 0)
        again = self.find(inside, 1)[-1]
        self.assertFalse((again.path / "incomplete").exists())
        self.assertIn('data-incomplete=""', again.page)

    def check_gap(self, bundle, end_ms):
        """After it, caller and echo are where the speech events are."""
        late = [event["at_ms"] for event in bundle.of("speech-started") if event["at_ms"] > end_ms + 500]
        self.assertTrue(late, bundle.of("speech-started"))
        after = bundle.caller[int((late[0] - 400) * RATE / 1000):]
        self.assertAlmostEqual(1000 * np.flatnonzero(np.abs(after) > LOUD)[0] / RATE, 400, delta=HOLD_MS)


if __name__ == "__main__":
    harness.main()
