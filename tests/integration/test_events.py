"""Application events both ways: on the data channel, and on the WebSocket where there is none."""

import json

import harness
from bots import Bot, engine
from rtc import Caller
from wire import WireTest

N_LARGE = 12
N_BURST = 40  # as many as limits.max-events-per-second allows at once


class BurstingBot(Bot):
    """Sends all the events that a bot may send at once, each of n_bytes, as soon as it has a call."""

    def __init__(self, n_bytes):
        super().__init__()
        self.n_event_bytes = n_bytes

    async def handle(self, connection, *_):
        self.count += 1
        for i in range(N_BURST):
            await connection.send(json.dumps({"type": "event", "data": {"i": i, "x": "y" * self.n_event_bytes}}))
        async for _frame in connection:
            pass


class StrangeCaller(Caller):
    """Opens a data channel of its own, and none called "events"."""

    def _open(self):
        super()._open()
        self.channels = [self.peer.createDataChannel("other")]
        self.opened, self.on_channel = [], []
        self.peer.on("datachannel", self._on_channel)

    def _on_channel(self, channel):
        self.opened.append(channel.label)
        channel.on("message", lambda text: self.on_channel.append(json.loads(text)))


class TickingBot(Bot):
    """Sends an event for each half second of the caller's audio."""

    async def handle(self, connection, *_):
        n_frames = 0
        async for frame in connection:
            n_frames += isinstance(frame, bytes)
            if n_frames % 25 == 0:
                await connection.send(json.dumps({"type": "event", "data": {"n": n_frames}}))


class Events(WireTest):
    def call(self, gateway, talk, **options):
        """A call with the phrase, as long as talk (caller) takes; the caller as it was at the end."""
        caller = Caller(gateway.url, *harness.audio.read_wav(harness.PHRASE), **options)
        self.assertEqual(self.run_async(caller.run(talk)), "client-bye")
        return caller

    def test_the_gateway_opens_the_channel_that_the_client_has_not(self):
        sent, rate = harness.audio.read_wav(harness.PHRASE)

        async def talk(caller):
            await harness.wait_until(lambda: caller.on_channel or caller.ended is not None)

        async def call():
            async with TickingBot() as bot:
                gateway = self.start(engine__default="my-bot", **engine("my-bot", type="websocket", url=bot.url))
                caller = StrangeCaller(gateway.url, sent, rate, n_channels=0)
                self.assertEqual(await caller.run(talk), "client-bye")
                self.assertEqual(caller.opened, ["events"])
                self.assertTrue(caller.events, "before that they came as messages")
        self.run_async(call())

    def check(self, *arguments):
        gateway = self.start()
        result = harness.call(gateway.url, "--duration", 3, "--event", "bon jour", *arguments)
        self.assertEqual(result.status, 0, result.errors)
        self.assertIn('event 1: {"text":"bon jour"}', result.errors)

    def test_on_the_data_channel(self):
        self.check()

    def test_on_the_websocket(self):
        self.check("--audio-only")

    def check_burst(self, n_channels, n_bytes):
        sent, rate = harness.audio.read_wav(harness.PHRASE)

        async def talk(caller):
            n_events = lambda: sum("i" in event for event in caller.events)
            await harness.wait_until(lambda: n_events() >= N_BURST or caller.ended is not None)

        async def call():
            async with BurstingBot(n_bytes) as bot:
                gateway = self.start(engine__default="my-bot", **engine("my-bot", type="websocket", url=bot.url))
                caller = Caller(gateway.url, sent, rate, n_channels=n_channels)
                self.assertEqual(await caller.run(talk), "client-bye")
                self.assertEqual([event["i"] for event in caller.events if "i" in event], list(range(N_BURST)))
        self.run_async(call())

    def test_all_that_a_bot_may_send_at_once_arrives_on_the_websocket(self):
        self.check_burst(0, 60000)

    def test_a_burst_keeps_its_order_while_the_data_channel_opens(self):
        self.check_burst(1, 20000)

    def test_a_channel_too_many_is_refused_and_the_call_goes_on(self):
        gateway = self.start(limits__max_data_channels=4)

        async def talk(caller):
            await caller.wait_connected()
            await harness.wait_until(lambda: sum(channel.readyState == "closed" for channel in caller.channels) >= 8)
            left = [channel for channel in caller.channels if channel.readyState == "open"]
            self.assertEqual(len(left), 4)

            async def echoed(name):
                await harness.wait_until(lambda: name in [event.get("from") for event in caller.events])

            left[-1].send('{"from":"the last"}')
            await echoed("the last")
            left[0].close()  # a place is free again when one is closed
            await harness.wait_until(lambda: left[0].readyState == "closed")
            for turn in ("a turn", "another turn"):  # aiortc takes the stream's number again, so its reset must be over
                left[-1].send(json.dumps({"from": turn}))
                await echoed(turn)
            another = caller.peer.createDataChannel("another")
            another.on("open", lambda: another.send('{"from":"another"}'))
            await echoed("another")
        self.call(gateway, talk, n_channels=12)

    def test_a_broken_control_message_harms_nobody(self):
        gateway = self.start()

        async def talk(caller):
            await caller.wait_connected()
            await caller.wait_channel()
            for data in (b"", b"\x03", b"\x03" + bytes(8) + b"\xff\xff\xff", b"\x07abc", b"\x03" + bytes(11)):
                await caller.peer.sctp._send(101, 50, data)  # RFC 8831 section 8: control
            caller.channels[0].send('{"last":1}')
            await caller.wait_event({"last": 1})
        self.call(gateway, talk)

    def test_events_after_the_end_of_sctp_come_on_the_websocket(self):
        gateway = self.start()

        async def talk(caller):
            await caller.wait_connected()
            await caller.wait_channel()
            await caller.peer.sctp._abort()
            await harness.wait_until(lambda: any("data channels are closed" in line for line in gateway.lines))
            heard = sum(map(len, caller.heard))
            await caller.wire.send("event", {"late": 1})
            await caller.wait_event({"late": 1})
            await harness.wait_until(lambda: sum(map(len, caller.heard)) >= heard + caller.heard_rate)
        self.call(gateway, talk)

    def test_an_event_before_the_session_is_active_waits(self):
        gateway = self.start()

        async def talk(caller):
            await caller.wire.send("event", {"early": 1})
            await caller.wait_connected()
            await caller.wait_event({"early": 1})
        caller = self.call(gateway, talk)
        self.assertEqual([payload for kind, payload in caller.wire.received if kind == "error"], [])

    def test_text_that_is_not_json_harms_nobody(self):
        gateway = self.start()

        async def talk(caller):
            await caller.wait_connected()
            await caller.wait_channel()
            for text in ("hello", "", "[" * 10000, "{}" * 3, '{"last":1}'):
                caller.channels[0].send(text)
            await caller.wait_event({"last": 1})
        self.call(gateway, talk)

    def test_texts_that_are_too_large_are_told_and_do_not_fill_the_log(self):
        gateway = self.start()

        async def talk(caller):
            await caller.wait_connected()
            await caller.wait_channel()
            for _ in range(N_LARGE):
                caller.channels[0].send(json.dumps({"text": "x" * 65536}))
            caller.channels[0].send('{"last":1}')
            await caller.wait_event({"last": 1})
        caller = self.call(gateway, talk)
        self.assertEqual(caller.events, [{"last": 1}])
        errors = [payload for kind, payload in caller.wire.received if kind == "error"]
        self.assertGreater(len(errors), 0)
        self.assertEqual({error["code"] for error in errors}, {"too-large"})
        gateway.wait_log(lambda entry: entry["message"] == f"events dropped client={N_LARGE} engine=0")
        warnings = [entry["message"] for entry in gateway.entries() if entry["level"] == "warning" and "session" in entry]
        self.assertEqual(warnings, ["event of the client: an event of more than 65536 bytes was dropped"])


if __name__ == "__main__":
    harness.main()
