"""A call outlives its WebSocket, and for a time its connection: a client returns with its resume token."""

import asyncio
import sys

import harness
import sweep
from sweep_call import BOT_RATE, Peer, SweepBot, SweepTest
from wire import Wire

GOING_AWAY = 1001
POLICY_VIOLATION = 1008
REPLACED = 4001
N_EVENTS = 5
REFUSED = 'vgw_sessions_refused_total{cause="resume"}'

HANDSHAKE = ("GET /ws?resume={token}&seq={seq} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
             "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")


def resume_url(gateway, token, seq=None):
    return f"{gateway.url}?resume={token}" + (f"&seq={seq}" if seq is not None else "")


class Relay:
    """Between a WebSocket and the gateway. Once it is silent it passes nothing on and closes nothing, as a network that
    is gone."""

    def __init__(self, port):
        self.port, self.is_silent = port, False
        self.writers = []

    async def __aenter__(self):
        self.server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"ws://127.0.0.1:{self.server.sockets[0].getsockname()[1]}/ws"
        return self

    async def __aexit__(self, *unused):
        self.server.close()
        for writer in self.writers:
            writer.close()

    async def _serve(self, reader, writer):
        up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self.port)
        self.writers += [writer, up_writer]
        await asyncio.gather(self._pump(reader, up_writer), self._pump(up_reader, writer), return_exceptions=True)

    async def _pump(self, reader, writer):
        while data := await reader.read(4096):
            if not self.is_silent:
                writer.write(data)


class ResumeTest(SweepTest):
    async def call(self, wire):
        """A call that runs. Returns (peer, resume token)."""
        token = (await wire.wait("session"))["resumeToken"]
        peer = Peer()
        await peer.connect(wire)
        await wire.wait_state("active")
        return peer, token

    async def wait_detached(self, gateway):
        await harness.wait_until(lambda: gateway.metric('vgw_sessions{state="detached"}') == 1)

    async def expect_numbers(self, wire, count):
        """The bot's events in order, each once; those of the gateway itself may be between them."""
        got = []
        while len(got) < count:
            event = await wire.wait("event")
            if "number" in event:
                got.append(event["number"])
        self.assertEqual(got, list(range(count)))

    async def hang_up(self, wire):
        await wire.send("bye", {})
        self.assertEqual((await wire.wait_state("ended"))["reason"], "client-bye")

    def test_a_websocket_that_is_cut_costs_nothing(self):
        async def run():
            async with SweepBot() as bot:
                gateway = self.start_with(bot)
                async with Wire(gateway.url) as first:
                    peer, token = await self.call(first)
                    await bot.wait_heard(1.0)
                    begin = bot.heard_s
                    first.cut()
                await self.wait_detached(gateway)
                for number in range(N_EVENTS):
                    await bot.send_event(number=number)
                await bot.wait_heard(0.5)
                async with Wire(resume_url(gateway, token, first.seqs[-1])) as second:
                    session = await second.wait("session")
                    self.assertTrue(session["resumed"])
                    self.assertNotIn("missed", session)
                    self.assertNotEqual(session["resumeToken"], token)
                    await self.expect_numbers(second, N_EVENTS)
                    self.assertEqual(second.seqs, list(range(first.seqs[-1], first.seqs[-1] + len(second.seqs))))
                    end = bot.heard_s
                    await bot.wait_heard(0.8)
                    await self.hang_up(second)
                    await peer.close()
                self.assertEqual(gateway.metric("vgw_sessions_resumed_total"), 1)
                self.assertEqual(bot.count("paused"), 0)
                missing_s = sweep.missing_s(bot.recording(), BOT_RATE, begin, end)
                self.assertLessEqual(missing_s, 0.06)

        self.run_async(run())

    def test_tokens_that_are_not_good_are_refused_and_counted_and_the_call_goes_on(self):
        async def run():
            async with SweepBot() as bot:
                gateway = self.start_with(bot)
                async with Wire(gateway.url) as other:
                    ended = (await other.wait("session"))["resumeToken"]
                    await self.hang_up(other)
                async with Wire(gateway.url) as first:
                    peer, used = await self.call(first)
                    first.cut()
                await self.wait_detached(gateway)
                async with Wire(resume_url(gateway, used)) as second:
                    good = (await second.wait("session"))["resumeToken"]
                    await second.expect_quiet()
                    for count, token in enumerate((used, ended, "x" * 22, ""), 1):
                        async with Wire(resume_url(gateway, token)) as refused:
                            await refused.expect_error("gone", fatal=True)
                            self.assertEqual(await refused.wait_closed(), POLICY_VIOLATION)
                        self.assertEqual(gateway.metric(REFUSED), count)
                    self.assertNotIn(used, "\n".join(gateway.lines))
                    self.assertNotIn(good, "\n".join(gateway.lines))
                    heard = bot.heard_s
                    await bot.wait_heard(0.5)
                    self.assertGreater(bot.heard_s, heard)
                    await second.expect_quiet()
                    await self.hang_up(second)
                    await peer.close()

        self.run_async(run())

    def test_a_client_returns_while_its_old_tcp_is_silently_dead(self):
        async def run():
            async with SweepBot() as bot:
                gateway = self.start_with(bot)
                async with Relay(gateway.http_port) as relay, Wire(relay.url) as first:
                    peer, token = await self.call(first)
                    await bot.wait_heard(0.5)
                    relay.is_silent = True
                    await bot.send_event(number=0)
                    await bot.send_event(number=1)
                    await bot.wait_heard(0.3)
                    async with Wire(resume_url(gateway, token, first.seqs[-1])) as second:
                        await second.wait("session")
                        await self.expect_numbers(second, 2)
                        gateway.wait_log(lambda entry: "the client has returned" in entry["message"])
                        await bot.wait_heard(0.3)
                        await self.hang_up(second)
                        await peer.close()
                    first.cut()

        self.run_async(run())

    def test_a_lost_reply_to_a_resume_costs_nothing(self):
        """The new WebSocket opens and dies before `session` arrives: the client still has the old token only."""
        async def run():
            async with SweepBot() as bot:
                gateway = self.start_with(bot)
                port = int(gateway.http_url.rsplit(":", 1)[1].strip("/"))
                async with Wire(gateway.url) as first:
                    peer, token = await self.call(first)
                    first.cut()
                await self.wait_detached(gateway)
                seq = first.seqs[-1]
                for attempt in (1, 2):
                    reader, writer = await asyncio.open_connection("127.0.0.1", port)
                    writer.write(HANDSHAKE.format(token=token, seq=seq).encode())
                    while gateway.metric("vgw_sessions_resumed_total") < attempt:
                        await harness.asyncio_tick()
                    writer.transport.abort()
                await bot.send_event(number=0)
                await bot.send_event(number=1)
                async with Wire(resume_url(gateway, token, seq)) as second:
                    self.assertTrue((await second.wait("session"))["resumed"])
                    await self.expect_numbers(second, 2)
                    # the pong of this client, which sends nothing else, confirms the new token
                    for _ in range(2):  # the second one arrives behind the pong that this client sends by itself
                        await (await second.socket.ping())
                    async with Wire(resume_url(gateway, token)) as refused:
                        await refused.expect_error("gone", fatal=True)
                    self.assertEqual(gateway.metric(REFUSED), 1)
                    await self.hang_up(second)
                await peer.close()

        self.run_async(run())

    def test_the_old_websocket_is_closed_as_replaced(self):
        async def run():
            async with SweepBot() as bot:
                gateway = self.start_with(bot)
                async with Wire(gateway.url) as first:
                    peer, token = await self.call(first)
                    async with Wire(resume_url(gateway, token)) as second:
                        self.assertEqual(await first.wait_closed(), REPLACED)
                        await second.wait("session")
                        await self.hang_up(second)
                        await peer.close()

        self.run_async(run())

    def reload(self, closes_websocket_first):
        """A page that is loaded again: WebSocket and connection are lost in either order, then both are new."""
        async def run():
            async with SweepBot() as bot:
                gateway = self.start_with(bot)
                async with Wire(gateway.url) as wire:
                    peer, token = await self.call(wire)
                    await bot.wait_heard(1.5)
                    if closes_websocket_first:
                        await wire.socket.close(GOING_AWAY)
                    await peer.close()
                    if not closes_websocket_first:
                        await wire.socket.close(GOING_AWAY)
                    gateway.wait_log(lambda entry: entry["message"].endswith("→ recovering"))
                    await bot.wait_message("paused")
                    heard_s = bot.heard_s
                async with Wire(resume_url(gateway, token)) as wire:
                    self.assertTrue((await wire.wait("session"))["resumed"])
                    following = Peer()
                    await following.connect(wire)
                    await wire.wait_state("active")
                    resumed = await bot.wait_message("resumed")
                    self.assertGreater(resumed["paused_ms"], 0)
                    await bot.wait_heard(2.0)
                    self.assertLess(bot.heard_s - heard_s, 3.0)  # no silence for the time that was paused
                    await self.hang_up(wire)
                    await following.close()
                to_caller = sweep.difference(sweep.place_at_end(peer.recording(), peer.heard_rate),
                                             sweep.place_at_start(following.recording(), following.heard_rate))
                print(f"missing to the caller: {to_caller * 1000:.1f} ms", file=sys.stderr)
                self.check_ledger(bot)

        self.run_async(run())

    def check_ledger(self, bot):
        """All marks so far, in order, each after exactly the audio before it."""
        marks = [message for message in bot.messages if message["type"] == "mark"]
        self.assertGreaterEqual(len(marks), 3)
        self.assertEqual([message["name"] for message in marks], [str(i + 1) for i in range(len(marks))])
        for number, message in enumerate(marks, 1):
            self.assertAlmostEqual(message["played_ms"], number * 1000, delta=20)
        self.assertEqual(bot.count("start"), 1)
        self.assertEqual(bot.count("cleared"), 0)
        types = [message["type"] for message in bot.messages]
        paused, resumed = types.index("paused"), types.index("resumed")
        self.assertNotIn("mark", types[paused + 1 : resumed])

    def test_a_page_is_loaded_again_and_its_websocket_closes_first(self):
        self.reload(True)

    def test_a_page_is_loaded_again_and_its_connection_closes_first(self):
        self.reload(False)

    def test_a_client_that_does_not_return_ends_the_call(self):
        async def run():
            async with SweepBot() as bot:
                gateway = self.start_with(bot, session__resume_grace_ms=1500)
                async with Wire(gateway.url) as wire:
                    peer, token = await self.call(wire)
                    wire.cut()
                self.assertEqual((await bot.wait_message("stop"))["reason"], "websocket-closed")
                async with Wire(resume_url(gateway, token)) as late:
                    await late.expect_error("gone", fatal=True)
                self.assertEqual(gateway.metric(REFUSED), 1)
                await peer.close()

        self.run_async(run())

    def test_a_websocket_that_is_closed_in_good_order_ends_the_call(self):
        async def run():
            async with SweepBot() as bot:
                gateway = self.start_with(bot)
                async with Wire(gateway.url) as wire:
                    peer, _ = await self.call(wire)
                    await bot.wait_message("start")
                self.assertEqual((await bot.wait_message("stop"))["reason"], "websocket-closed")
                await peer.close()

        self.run_async(run())

    def test_without_a_grace_a_lost_websocket_ends_the_call(self):
        async def run():
            async with SweepBot() as bot:
                gateway = self.start_with(bot, session__resume_grace_ms=0)
                async with Wire(gateway.url) as wire:
                    self.assertNotIn("resumeToken", await wire.wait("session"))
                    peer = Peer()
                    await peer.connect(wire)
                    await wire.wait_state("active")
                    await bot.wait_message("start")
                    wire.cut()
                self.assertEqual((await bot.wait_message("stop"))["reason"], "websocket-closed")
                await peer.close()

        self.run_async(run())

    def test_a_silent_client_without_a_websocket_pauses_the_engine(self):
        async def run():
            async with SweepBot() as bot:
                gateway = self.start_with(bot)
                async with Wire(gateway.url) as wire:
                    peer, token = await self.call(wire)
                    await bot.wait_heard(1.0)
                    wire.cut()
                # gone without a word: no media, no checks
                peer.freeze()
                await bot.wait_message("paused")
                async with Wire(resume_url(gateway, token)) as wire:
                    await wire.wait("session")
                    following = Peer()
                    await following.connect(wire)
                    await wire.wait_state("active")
                    await bot.wait_message("resumed")
                    await bot.wait_heard(1.0)
                    await self.hang_up(wire)
                    await following.close()
                await peer.close()

        self.run_async(run())


if __name__ == "__main__":
    harness.main()
