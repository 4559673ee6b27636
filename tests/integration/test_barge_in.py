"""What a caller hears of a bot whose speech is turned down or held while the caller speaks: the level, and where it goes on."""

import asyncio

import numpy as np

import harness
from bots import BotServer
from rtc import Caller
from wire import WireTest

RATE = 16000
BOT_S = 50  # of speech, sent in one burst
QUIET_S = 3.0  # of the caller before and after the phrase
WINDOW_S = 0.1
DUCKED_DB = -18.0
TOLERANCE_DB = 2.5  # of a tone through Opus
SILENT_DB = -40.0
TONE_HZ = 500
CHIRP_HZ, CHIRP_HZ_PER_S = 300, 30  # where in the bot's speech a moment is can be told from its pitch


def tone():
    return 6000 * np.sin(2 * np.pi * TONE_HZ * np.arange(BOT_S * RATE) / RATE)


def chirp():
    time = np.arange(BOT_S * RATE) / RATE
    return 6000 * np.sin(2 * np.pi * (CHIRP_HZ * time + CHIRP_HZ_PER_S * time * time / 2))


class Bot(BotServer):
    """Says everything at once, and notes what it is told; how long the caller spoke is counted in the caller's samples."""

    def __init__(self, samples):
        super().__init__()
        self.samples = samples.astype("<i2").tobytes()
        self.told, self.n_heard = [], 0

    async def on_audio(self, connection, samples):
        self.n_heard += len(samples) // 2

    async def on_message(self, connection, message):
        self.told.append((message["type"], self.n_heard / RATE))
        if message["type"] == "start":
            for start in range(0, len(self.samples), 1 << 19):
                await connection.send(self.samples[start : start + (1 << 19)])

    def times(self, kind):
        return [time for told, time in self.told if told == kind]

    def speech_s(self):
        return sum(self.times("speech-stopped")) - sum(self.times("speech-started"))


def levels(samples):
    """In dB of the loudest, one for each window."""
    size = int(WINDOW_S * RATE)
    parts = samples[: len(samples) // size * size].reshape(-1, size)
    level = np.sqrt(np.mean(np.square(parts), axis=1))
    return 20 * np.log10(np.maximum(level, 1) / np.percentile(level, 90))


def is_near(values, level):
    return np.abs(values - level) <= TOLERANCE_DB


def pitches(samples):
    """In Hz, one for each window that is not silent."""
    size = int(WINDOW_S * RATE)
    parts = samples[: len(samples) // size * size].reshape(-1, size)
    parts = parts[levels(samples) > SILENT_DB / 2]
    spectra = np.abs(np.fft.rfft(parts * np.hanning(size), 8 * size, axis=1))
    return np.argmax(spectra, axis=1) * RATE / (8 * size)


class BargeIn(WireTest):
    def converse(self, speech, barge_in):
        """A caller who is silent, speaks, and is silent. Returns the bot, and what the caller heard."""
        phrase, rate = harness.audio.read_wav(harness.PHRASE)
        quiet = np.zeros(int(QUIET_S * rate))

        async def run():
            async with Bot(speech) as bot:
                settings = {"engine bot__type": "websocket", "engine bot__url": bot.url, "engine bot__barge-in": barge_in}
                self.gateway = self.start(engine__default="bot", **settings)
                caller = Caller(self.gateway.url, np.concatenate((quiet, phrase, quiet)), rate)

                async def during(caller):
                    await caller.wait_connected()
                    length_s = len(phrase) / rate + 2 * QUIET_S
                    while bot.n_heard < length_s * RATE or len(bot.times("speech-stopped")) < 1:
                        await harness.asyncio_tick()
                self.assertEqual(await caller.run(during), "client-bye")
                return bot, caller.recording()
        bot, heard = self.run_async(run())
        self.assertEqual(len(bot.times("speech-started")), len(bot.times("speech-stopped")))
        self.assertEqual(bot.times("cleared"), [])
        self.assertEqual(self.gateway.metric("vgw_barge_in_seconds_count"), len(bot.times("speech-started")))
        self.assertGreater(bot.speech_s(), 1)
        voiced = np.flatnonzero(np.abs(heard) > 1000)
        return bot, heard[voiced[0] : voiced[-1]]

    def test_a_ducked_bot_is_heard_quietly_and_comes_back(self):
        bot, heard = self.converse(tone(), "duck")
        values = levels(heard)
        loud, ducked = is_near(values, 0), is_near(values, DUCKED_DB)
        n_turns = 2 * len(bot.times("speech-started"))
        self.assertLessEqual(int(np.sum(~loud & ~ducked)), n_turns + 2, "it is loud or turned down, and nothing else")
        self.assertAlmostEqual(np.sum(ducked) * WINDOW_S, bot.speech_s(), delta=(n_turns + 1) * WINDOW_S)
        self.assertTrue(all(loud[1:10]), "loud before the caller speaks")
        self.assertTrue(all(loud[-10:-1]), "and afterwards")

    def test_a_paused_bot_is_silent_and_goes_on_where_it_was(self):
        bot, heard = self.converse(chirp(), "pause")
        pitch = pitches(heard)
        self.assertTrue(is_steady(pitch), f"no step in the pitch: {np.round(pitch).tolist()}")
        said_s = (pitch[-1] - pitch[0]) / CHIRP_HZ_PER_S
        self.assertGreater(said_s, QUIET_S)
        self.assertLess(said_s, bot.n_heard / RATE - bot.speech_s() + 1, "it did not speak meanwhile")


def is_steady(pitch):
    """Each window goes on where the one before has ended, but for what the codec blurs."""
    return bool(np.all(np.abs(np.diff(pitch) - CHIRP_HZ_PER_S * WINDOW_S) < 3 * CHIRP_HZ_PER_S * WINDOW_S))


if __name__ == "__main__":
    harness.main()
