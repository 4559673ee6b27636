#!/usr/bin/python3
"""A voice bot for voice-gateway that sends the caller's audio back, until the caller interrupts.

Speaks voice-gateway.v1 (docs/ENGINE.md). Needs websockets (Debian: python3-websockets).  bot-python.py [PORT]
"""

import asyncio
import json
import sys

import websockets


async def handle_call(socket, *_):
    n_utterances = 0

    async def send(**message):
        await socket.send(json.dumps(message))

    async for frame in socket:
        if isinstance(frame, bytes):  # the caller's audio: s16le, mono
            await socket.send(frame)
            continue
        message = json.loads(frame)
        kind = message["type"]
        if kind == "start":
            await send(type="ready", sample_rate=message["audio"]["sample_rate"])
        elif kind == "speech-started":  # the caller interrupts: drop the queued audio
            await send(type="clear")
        elif kind == "speech-stopped":
            n_utterances += 1
            await send(type="mark", name=f"utterance-{n_utterances}")
        elif kind == "mark":
            await send(type="event", data={"type": "heard", "name": message["name"], "ms": message["utterance_ms"]})
        elif kind == "event":
            await send(type="event", data={"type": "echo", "of": message["data"]})
        elif kind == "dtmf" and message["digit"] == "#":
            await send(type="hangup")
        elif kind in ("cleared", "error", "stop"):
            print(frame, flush=True)


async def main():
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 9000
    async with websockets.serve(handle_call, "127.0.0.1", port, subprotocols=["voice-gateway.v1"]) as server:
        print(f"ready ws://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
        await asyncio.Future()


asyncio.run(main())
