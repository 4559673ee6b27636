"""The bots of scripts/bench --engines."""

import asyncio
import json
import pathlib
import subprocess
import threading
import time

import numpy as np
import websockets

SUBPROTOCOL = "voice-gateway.v1"
TONE_HZ = 440
TONE_PEAK = 8000
TONE_S = 25  # in one frame, below the 1 MiB that a frame may have


def clock_ms():
    """The machine's monotonic clock, as in `clock_ms` of voice-gateway-call."""
    return time.monotonic() * 1000


class EchoBot:
    """bench/echo-bot.c, which carries many calls on little CPU."""

    def __init__(self, directory):
        program = pathlib.Path(directory) / "echo-bot"
        flags = subprocess.run(["pkg-config", "--cflags", "--libs", "libsoup-3.0", "json-glib-1.0"], check=True,
                               capture_output=True, text=True).stdout.split()
        source = pathlib.Path(__file__).with_name("echo-bot.c")
        subprocess.run(["cc", "-O2", source, "-o", program, *flags], check=True)
        self.process = subprocess.Popen([program], stdout=subprocess.PIPE, text=True)
        self.pid = self.process.pid
        self.url = self.process.stdout.readline().split()[1]

    def stop(self):
        """Returns what it has heard of each call that has ended: session id → (audio, time, longest gap), in ms."""
        self.process.terminate()
        output, _ = self.process.communicate()
        return {fields[1]: tuple(map(int, fields[2:])) for fields in map(str.split, output.splitlines())
                if fields[0] == "call"}


class TalkingBot:
    """Says a tone without end, and notes on the monotonic clock what happens when the caller speaks."""

    def __init__(self, clears=False):
        self.clears = clears  # says `clear` at `speech-started`
        self.moments_ms = {}  # session id → {"speech-started": …, "clear": …, "cleared": …}, the first of each
        self.loop = asyncio.new_event_loop()
        self.is_listening = threading.Event()
        self.thread = threading.Thread(target=self.loop.run_until_complete, args=(self._serve(),))
        self.thread.start()
        self.is_listening.wait()

    async def _serve(self):
        self.is_over = asyncio.Event()
        async with websockets.serve(self._handle_call, "127.0.0.1", 0, subprotocols=[SUBPROTOCOL],
                                    compression=None) as server:
            self.url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
            self.is_listening.set()
            await self.is_over.wait()

    async def _handle_call(self, socket, *_):
        moments = {}
        async for frame in socket:
            if isinstance(frame, bytes):
                continue
            now_ms = clock_ms()
            message = json.loads(frame)
            moments.setdefault(message["type"], now_ms)
            if message["type"] == "start":
                self.moments_ms[message["session_id"]] = moments
                await socket.send(make_tone(message["audio"]["sample_rate"]))
            elif message["type"] == "speech-started" and self.clears and "clear" not in moments:
                moments["clear"] = clock_ms()
                await socket.send(json.dumps({"type": "clear"}))

    def stop(self):
        self.loop.call_soon_threadsafe(self.is_over.set)
        self.thread.join()
        self.loop.close()


def make_tone(rate):
    phases = 2 * np.pi * TONE_HZ * np.arange(int(TONE_S * rate)) / rate
    return (TONE_PEAK * np.sin(phases)).astype("<i2").tobytes()
