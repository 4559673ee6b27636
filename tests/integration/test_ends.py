"""Why a call ended: the first reason counts, in the gateway's log, its metrics and at the bot."""

import json

import websockets

import harness
from bots import engine
from rtc import Caller
from wire import WireTest


class Bot:
    """Keeps the reasons of its `stop` messages."""

    async def __aenter__(self):
        self.reasons = []
        self.server = await websockets.serve(self._handle, "127.0.0.1", 0, subprotocols=["voice-gateway.v1"])
        self.url = f"ws://127.0.0.1:{self.server.sockets[0].getsockname()[1]}/"
        return self

    async def __aexit__(self, *unused):
        self.server.close()
        await self.server.wait_closed()

    async def _handle(self, connection, *_):
        async for frame in connection:
            if isinstance(frame, str) and json.loads(frame)["type"] == "stop":
                self.reasons.append(json.loads(frame)["reason"])


class Ends(WireTest):
    def check(self, end, reason):
        sent, rate = harness.audio.read_wav(harness.PHRASE)

        async def run():
            async with Bot() as bot:
                gateway = self.start(engine__default="bot", **engine("bot", type="websocket", url=bot.url))

                async def talk(caller):
                    await caller.wait_connected()
                    while caller.channels[0].readyState != "open":
                        await harness.asyncio_tick()
                    await end(caller)
                    while not bot.reasons:
                        await harness.asyncio_tick()
                    caller.ended = caller.ended or "the test's end"  # no bye after it
                await Caller(gateway.url, sent, rate).run(talk)
                self.assertEqual(bot.reasons, [reason])
                self.assertEqual(len([line for line in gateway.lines if f"reason {reason}" in line]), 1, gateway.lines)
        self.run_async(run())

    def test_a_closed_peer_connection_is_the_clients_hang_up(self):
        self.check(lambda caller: caller.peer.close(), "client-bye")

    def test_a_closed_peer_connection_and_then_a_closed_socket(self):
        async def end(caller):
            await caller.peer.close()
            await caller.wait_ended()
            await caller.wire.socket.close()
        self.check(end, "client-bye")

    def test_a_hang_up_and_then_all_else(self):
        async def end(caller):
            await caller.wire.send("bye", {})
            await caller.wire.socket.close()
            await caller.peer.close()
        self.check(end, "client-bye")

    def test_a_closed_socket_and_then_a_closed_peer_connection(self):
        async def end(caller):
            await caller.wire.socket.close()
            await caller.peer.close()
        self.check(end, "websocket-closed")


if __name__ == "__main__":
    harness.main()
