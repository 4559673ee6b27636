"""The times of turns against those of a bot that measures on its own, with real speech."""

import asyncio
import re
import time

import numpy as np

import harness
from bots import BotServer, engine
from rtc import Caller
from test_webhook import Receiver
from wire import WireTest

RATE = 16000
LOUD = 1000  # of 32767: the phrase, but not what a codec makes of silence
DELAY_S = 1.2  # the bot's, after the last loud sample
REPLY_MS = 700
CUT_AFTER_S = 1.0
HOLD_MS = 250  # for which the voice detection may go on after the last loud sample
LATE_MS = 120  # of a machine with other work
LINE = re.compile(r"turn (?P<number>\d+): (?P<end>[a-z-]+); after the caller's (?P<speech>-?\d+) ms: to engine "
                  r"(?P<to_engine>-?\d+) ms, first byte (?P<first_byte>-?\d+) ms, first sent (?P<first_sent>-?\d+) ms, "
                  r"heard (?P<heard>-?\d+) ms; reply (?P<reply>-?\d+) ms")


def tone(duration_ms):
    n = np.arange(RATE * duration_ms // 1000)
    return (8000 * np.sin(2 * np.pi * 440 * n / RATE)).astype("<i2").tobytes()


class Bot(BotServer):
    """Replies once to each phrase, DELAY_S after its end: the first time in full, the second time it cuts itself off."""

    def __init__(self):
        super().__init__()
        self.loud_at = self.pending = None
        self.ends, self.replies, self.cleared = [], [], []

    async def on_audio(self, connection, samples):
        if np.max(np.abs(np.frombuffer(samples, "<i2").astype(int)), initial=0) < LOUD:
            return
        self.loud_at = time.monotonic()
        if self.pending is not None:
            self.pending.cancel()
        self.pending = asyncio.ensure_future(self.reply(connection))

    async def reply(self, connection):
        await asyncio.sleep(DELAY_S)
        self.pending = None
        self.ends.append(self.loud_at)
        self.replies.append(time.monotonic())
        if len(self.replies) == 1:
            await connection.send(tone(REPLY_MS))
            return
        await connection.send(tone(5000))
        await asyncio.sleep(CUT_AFTER_S)
        await connection.send('{"type":"clear"}')

    async def on_message(self, connection, message):
        if message["type"] == "cleared":
            self.cleared.append(message)


class Turns(WireTest):
    def test_the_times_of_turns(self):
        phrase, rate = harness.audio.read_wav(harness.PHRASE)
        quiet = np.zeros(int(1.5 * rate))
        pause = np.zeros(int((DELAY_S + 3.5) * rate))  # the reply, and the pause that ends the turn

        receiver = self.enterContext(Receiver())

        async def run():
            async with Bot() as bot:
                gateway = self.start(engine__default="bot", manager__types="log;webhook", manager__webhook_url=receiver.url,
                                     **engine("bot", type="websocket", url=bot.url))
                caller = Caller(gateway.url, np.concatenate((quiet, phrase, pause, phrase, pause)), rate)
                heard = []  # when the caller hears the beginning of a reply

                async def during(caller):
                    await caller.wait_connected()
                    n_seen, last_loud = 0, 0
                    while not bot.cleared:
                        for frame in caller.heard[n_seen:]:
                            if np.max(np.abs(frame)) > LOUD:
                                if time.monotonic() - last_loud > 1:
                                    heard.append(time.monotonic())
                                last_loud = time.monotonic()
                        n_seen = len(caller.heard)
                        await asyncio.sleep(0.005)
                self.assertEqual(await caller.run(during), "client-bye")
                return gateway, bot, heard
        gateway, bot, heard = self.run_async(run())
        lines = [LINE.match(entry["message"]) for entry in gateway.entries()]
        turns = [{name: value if name == "end" else int(value) for name, value in line.groupdict().items()}
                 for line in lines if line]
        self.assertEqual([(turn["number"], turn["end"]) for turn in turns], [(1, "played"), (2, "interrupted")])
        harness.wait_for(lambda: any(event["type"] == "session.deregister" for event, _ in receiver.events()), 20, "its end")
        reported = [event["data"]["turn"] for event, _ in receiver.events() if event["type"] == "session.turn"]
        self.assertEqual([{name: str(reported_turn[f"{name}_ms" if name not in ("number", "end") else name])
                           for name in turn} for turn, reported_turn in zip(turns, reported, strict=True)],
                         [{name: str(value) if value != -1 else "None" for name, value in turn.items()} for turn in turns])
        for i, turn in enumerate(turns):
            with self.subTest(turn=i + 1):
                self.check_times(turn, 1000 * (bot.replies[i] - bot.ends[i]))
                heard_ms = 1000 * (heard[i] - bot.replies[i])  # after it was sent by the bot
                self.assertTrue(turn["first_sent"] - turn["first_byte"] - 10 <= heard_ms <= 40 + 2 * LATE_MS)
                self.assertAlmostEqual(turn["speech"], 1000 * len(phrase) / rate, delta=1000)
        self.assertAlmostEqual(turns[0]["reply"], REPLY_MS, delta=1)
        self.assertEqual(turns[1]["reply"], bot.cleared[0]["utterance_ms"])
        self.assertAlmostEqual(turns[1]["reply"], 1000 * CUT_AFTER_S, delta=LATE_MS)
        self.assertEqual(gateway.metric('vgw_turns_total{end="played"}'), 1)
        self.assertEqual(gateway.metric('vgw_turns_total{end="interrupted"}'), 1)
        self.assertEqual(gateway.metric('vgw_turns_total{end="none"}'), 0)
        self.assertEqual(gateway.metric("vgw_turn_first_sent_seconds_count"), 2)

    def check_times(self, turn, bot_ms):
        """bot_ms: from the last loud sample to the reply, as the bot has measured it."""
        self.assertTrue(0 <= turn["to_engine"] <= LATE_MS)
        self.assertTrue(bot_ms - HOLD_MS <= turn["first_byte"] - turn["to_engine"] <= bot_ms + LATE_MS)
        self.assertTrue(0 <= turn["first_sent"] - turn["first_byte"] <= 40 + LATE_MS)  # prebuffer-ms, a frame
        self.assertTrue(turn["heard"] == -1 or turn["first_sent"] <= turn["heard"] <= turn["first_sent"] + LATE_MS)


if __name__ == "__main__":
    harness.main()
