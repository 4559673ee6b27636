"""voice-gateway-call: its recording is the call as it was heard, its keys arrive, and what it says when it is refused."""

import asyncio
import json
import os
import socket
import subprocess

import numpy as np

import bots
import certificates
import harness

RATE = 16000
WORD_S = 0.5
PAUSE_S = 1.5
WINDOW_S = 0.02


def word():
    return (6000 * np.sin(2 * np.pi * 440 * np.arange(int(WORD_S * RATE)) / RATE)).astype("<i2").tobytes()


class PausingBot(bots.BotServer):
    """Says a word, and when it was heard and PAUSE_S of the caller's samples have come, another; keeps the keys."""

    def __init__(self):
        super().__init__()
        self.keys, self.n_samples, self.second_at = [], 0, None

    async def on_audio(self, connection, samples):
        self.n_samples += len(samples) // 2
        if self.second_at is not None and self.n_samples >= self.second_at:
            self.second_at = None
            await connection.send(word())

    async def on_message(self, connection, message):
        if message["type"] == "start":
            await connection.send(word())
            await connection.send(json.dumps({"type": "mark", "name": "said"}))
        elif message["type"] == "mark":
            self.second_at = self.n_samples + int(PAUSE_S * RATE)
        elif message["type"] == "dtmf":
            self.keys.append((message["digit"], message["duration_ms"]))


def runs(flags):
    """[(value, how many in a row), …]"""
    edges = np.flatnonzero(np.diff(flags)) + 1
    return [(bool(part[0]), len(part)) for part in np.split(flags, edges)]


class CallerTest(harness.GatewayTest):
    async def call(self, bot, *arguments):
        gateway = await asyncio.to_thread(self.start, **bots.engine("bot", type="websocket", url=bot.url), engine__default="bot")
        return await asyncio.to_thread(harness.call, gateway.url, *arguments)

    def test_the_pauses_of_the_bot_are_in_the_recording(self):
        async def scenario():
            async with PausingBot() as bot:
                return await self.call(bot, "--out", self.directory / "out.wav", "--duration", 6)

        result = asyncio.run(scenario())
        self.assertEqual(result.status, 0, result.errors)
        samples, rate = harness.audio.read_wav(self.directory / "out.wav")
        size = int(WINDOW_S * rate)
        parts = samples[: len(samples) // size * size].reshape(-1, size)
        heard = [run for run in runs(np.sqrt(np.mean(np.square(parts), axis=1)) > 300) if run[1] > 2]
        loud = [length * WINDOW_S for is_loud, length in heard if is_loud]
        self.assertEqual(len(loud), 2, heard)
        for length in loud:
            self.assertAlmostEqual(length, WORD_S, delta=0.1)
        first = heard.index(next(run for run in heard if run[0]))
        self.assertGreaterEqual(heard[first + 1][1] * WINDOW_S, PAUSE_S - 0.1, heard)
        self.assertLess(heard[first + 1][1] * WINDOW_S, PAUSE_S + 3, heard)

    def test_keys_arrive(self):
        for codec in ("opus", "pcmu"):
            async def scenario():
                async with PausingBot() as bot:
                    return await self.call(bot, "--codec", codec, "--dtmf", "11,2#d", "--duration", 5), bot.keys

            result, keys = asyncio.run(scenario())
            self.assertEqual(result.status, 0, result.errors)
            self.assertEqual("".join(key for key, _ in keys), "112#D", keys)
            for _, duration_ms in keys:
                self.assertEqual(duration_ms, 160)

    def test_ctrl_c_ends_it_between_two_calls(self):
        with socket.create_server(("127.0.0.1", 0)) as server:
            call = harness.Call(f"ws://127.0.0.1:{server.getsockname()[1]}/ws", "--calls", 3, "--ramp", 600000)
            server.settimeout(30)
            connection = server.accept()[0]
            with connection:
                connection.settimeout(30)
                connection.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                while connection.recv(4096):
                    pass  # until the first call has failed
            call.hang_up()
        result = call.finish()
        self.assertEqual(result.status, 3, result.errors)
        self.assertEqual(len(result.calls), 1)

    def test_a_device_is_not_replaced(self):
        fifo = self.directory / "fifo"
        os.mkfifo(fifo)
        result = harness.call(self.start().url, "--out", fifo)
        self.assertEqual(result.status, 6, result.errors)
        self.assertIn("is not a regular file", result.only["failure"])
        self.assertTrue(fifo.is_fifo())

    def test_an_event_may_be_in_any_language(self):
        gateway = self.start()
        result = harness.call(gateway.url, "--event", "Grüße", "--duration", 1, command=("env", "LC_ALL=C.UTF-8", harness.CALLER))
        self.assertEqual(result.status, 0, result.errors)

    def test_other_keys_are_a_usage_error(self):
        for keys in ("12x", "", ","):
            result = subprocess.run([harness.CALLER, "--dtmf", keys, "ws://127.0.0.1:1/ws"], capture_output=True, text=True)
            self.assertEqual(result.returncode, 2, result)
            self.assertIn("--dtmf: keys are 0 to 9", result.stderr)

    def test_a_refused_certificate_names_the_option_that_accepts_it(self):
        async def scenario():
            async with bots.Bot(certificates.server_context(*certificates.self_signed(self.directory)), "localhost") as bot:
                return await asyncio.to_thread(harness.call, bot.url)

        result = asyncio.run(scenario())
        self.assertEqual(result.status, 3)
        self.assertIn("-k (--insecure) accepts any certificate", result.only["failure"])


if __name__ == "__main__":
    harness.main()
