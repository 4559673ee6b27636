"""Why a call ended: the first reason counts, in the gateway's log, its metrics and at the bot."""

import harness
from bots import BotServer, engine
from rtc import Caller
from wire import WireTest


class Bot(BotServer):
    """Keeps the reasons of its `stop` messages."""

    def __init__(self):
        super().__init__()
        self.reasons = []

    async def on_message(self, connection, message):
        if message["type"] == "stop":
            self.reasons.append(message["reason"])


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
