"""The delay of a bot's audio in the playout queue: of a bot in real time that stalls and catches up, and of one that speaks
ahead; what was played is read from the records of the calls."""

import asyncio
import json
import time
import wave

import numpy as np

import harness
from bots import BotServer, engine

RATE = 16000
FRAME_S = 0.02
FRAME = int(RATE * FRAME_S)
STEP_S = 0.2  # of each tone of the stair
STEP_HZ, LOWEST_HZ, N_PITCHES = 75, 300, 16
STALL_AT_S, STALL_S, BACK_WITHIN_S, END_AT_S = 5.0, 0.3, 5.0, 12.0
AHEAD_S = 5.0
TAKEN_MS = 15  # out of speech with one frame, at most
LATE_MS = 60  # of a machine with other work


def pitch_of(step):
    return LOWEST_HZ + STEP_HZ * (step * 5 % N_PITCHES)  # no two neighbours are near each other


def stair(duration_s):
    """Tones of STEP_S, each of another pitch than the one before; the phase is continuous."""
    steps = np.arange(int(duration_s * RATE)) // int(STEP_S * RATE)
    pitches = LOWEST_HZ + STEP_HZ * (steps * 5 % N_PITCHES)
    return (8000 * np.sin(2 * np.pi * np.cumsum(pitches) / RATE)).astype("<i2")


def ahead_speech():
    """With pauses, in which a queue that has too much would be shortened."""
    samples = np.random.default_rng(1).integers(-9000, 9000, int(AHEAD_S * RATE))
    samples[int(1.0 * RATE):int(2.5 * RATE)] //= 200
    samples[samples == 0] = 1  # the record has zeros where nothing was played
    return samples.astype("<i2")


class RealTimeBot(BotServer):
    """Sends the stair in real time with a mark after each frame; pauses once, and sends at once what is due then."""

    def __init__(self):
        super().__init__()
        self.sent_at, self.delays_ms, self.played_ms = {}, {}, {}
        self.is_over = asyncio.Event()

    async def on_message(self, connection, message):
        if message["type"] == "start":
            self.talk = asyncio.ensure_future(self.stream(connection))
        elif message["type"] == "mark":
            frame = int(message["name"])
            self.delays_ms[frame] = 1000 * (time.monotonic() - self.sent_at[frame])
            self.played_ms[frame] = message["played_ms"]

    async def stream(self, connection):
        samples, begin = stair(END_AT_S), time.monotonic()
        for frame in range(int(END_AT_S / FRAME_S)):
            due = frame * FRAME_S
            due = STALL_AT_S + STALL_S if STALL_AT_S <= due < STALL_AT_S + STALL_S else due
            await asyncio.sleep(max(0, begin + due - time.monotonic()))
            await connection.send(samples[frame * FRAME:(frame + 1) * FRAME].tobytes())
            self.sent_at[frame] = time.monotonic()
            await connection.send(json.dumps({"type": "mark", "name": str(frame)}))
        await asyncio.sleep(1)
        self.is_over.set()

    def delay_ms(self, from_s, until_s):
        """The median over that part."""
        return float(np.median([self.delays_ms[frame] for frame in range(int(from_s / FRAME_S), int(until_s / FRAME_S))]))


class AheadBot(BotServer):
    async def on_message(self, connection, message):
        if message["type"] == "start":
            await connection.send(ahead_speech().tobytes())


def read_bot(path):
    with wave.open(str(path)) as file:
        assert file.getframerate() == RATE and file.getnchannels() == 2
        return np.frombuffer(file.readframes(file.getnframes()), "<i2")[1::2]


def find_pitches(samples):
    """The steps of the stair in `samples`: pitches that last, each with its duration in s."""
    size, hop = RATE // 25, RATE // 200
    blocks = np.lib.stride_tricks.sliding_window_view(samples.astype(float), size)[::hop]
    loud = np.sqrt(np.mean(np.square(blocks), axis=1)) > 1000
    peaks = np.argmax(np.abs(np.fft.rfft(blocks * np.hanning(size), 4 * size)), axis=1) * RATE / (4 * size)
    found = []
    for pitch in peaks[loud]:
        nearest = LOWEST_HZ + STEP_HZ * round((pitch - LOWEST_HZ) / STEP_HZ)
        if abs(pitch - nearest) > STEP_HZ / 4:
            continue
        if found and found[-1][0] == nearest:
            found[-1][1] += hop / RATE
        else:
            found.append([nearest, hop / RATE])
    return [(pitch, duration) for pitch, duration in found if duration >= STEP_S / 4]


class PlayoutLevel(harness.GatewayTest):
    def test_a_stall_leaves_no_delay_and_speech_ahead_is_untouched(self):
        directory = self.directory / "calls"

        async def run():
            async with RealTimeBot() as live, AheadBot() as ahead:
                gateway = self.start(record__call_bundle=directory, engine__speed_up="true",
                                     limits__max_sessions_per_address=0,
                                     **engine("live", type="websocket", url=live.url, selectable="true"),
                                     **engine("ahead", type="websocket", url=ahead.url, selectable="true"))
                calls = [asyncio.to_thread(harness.call, f"{gateway.url}?engine={name}", "--audio-only", "--duration", seconds)
                         for name, seconds in (("live", END_AT_S + 2), ("ahead", AHEAD_S + 2))]
                results = await asyncio.gather(*calls)
                for result in results:
                    self.assertEqual(result.status, 0, result.errors)
                return live, [result.only["session_id"] for result in results]
        live, session_ids = asyncio.run(run())
        harness.wait_for(lambda: len(list(directory.glob("*/call.html"))) == 2, 60, "2 pages")
        audio = [read_bot(next(directory.glob(f"*{session_id}/audio.wav"))) for session_id in session_ids]
        with self.subTest("delay"):
            self.check_delay(live)
        with self.subTest("ledger"):
            self.check_ledger(live.played_ms)
        with self.subTest("speech"):
            self.check_speech(audio[0])
        with self.subTest("ahead"):
            self.check_ahead(audio[1])

    def check_ledger(self, played_ms):
        """Each mark is reached with the frame of 20 ms that ends the audio before it, and the sum is exact."""
        self.assertEqual(sorted(played_ms), list(range(int(END_AT_S / FRAME_S))))
        for frame, played in played_ms.items():
            self.assertIn(played - (frame + 1) * 20, range(0, 20 + TAKEN_MS))
        self.assertEqual(played_ms[max(played_ms)], 1000 * END_AT_S)

    def check_delay(self, bot):
        before = bot.delay_ms(STALL_AT_S - 0.5, STALL_AT_S)  # what was queued during the setup is gone
        after = bot.delay_ms(STALL_AT_S + STALL_S, STALL_AT_S + STALL_S + 0.2)
        back = bot.delay_ms(STALL_AT_S + STALL_S + BACK_WITHIN_S - 0.5, STALL_AT_S + STALL_S + BACK_WITHIN_S)
        self.assertLess(before, 60 + LATE_MS)
        self.assertGreater(after, before + 1000 * STALL_S / 2)
        self.assertLess(back, before + 40 + LATE_MS)

    def check_speech(self, samples):
        """Every tone of the stair was played, with its pitch, and at most a quarter faster."""
        found = find_pitches(samples)
        steps = [pitch for number, (pitch, _) in enumerate(found) if number == 0 or found[number - 1][0] != pitch]
        self.assertEqual(steps, [pitch_of(step) for step in range(int(END_AT_S / STEP_S))])
        self.assertGreater(min(duration for _, duration in found), STEP_S * 0.75 - 0.05)  # the blocks overlap the steps

    def check_ahead(self, samples):
        """Bit by bit; where the machine was late, the record has zeros between two frames."""
        np.testing.assert_array_equal(samples[samples != 0], ahead_speech())


if __name__ == "__main__":
    harness.main()
