"""Engines by name: which one a caller may ask for, a bot behind a WebSocket, and what takes over when it is not there."""

import asyncio
import json
import subprocess
import time
import urllib.request

import harness
from bots import Bot, engine, free_port
from rtc import Caller
from wire import Wire, WireTest

BYTES_PER_S = 2 * 16000
TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
TRACEPARENT = f"00-{TRACE_ID}-00f067aa0ba902b7-01"
SILENT_S = 6  # longer than the bridge fills in one go


class Engines(WireTest):
    def test_a_caller_talks_to_a_bot(self):
        reply = self.directory / "reply.wav"

        async def run():
            async with Bot() as bot:
                gateway = self.start(**engine("my-bot", type="websocket", url=bot.url, selectable="true"))
                call = await asyncio.to_thread(harness.call, gateway.url + "?engine=my-bot", "--out", reply)
                self.assertEqual(call.status, 0, call.errors)
                self.assertEqual(bot.count, 1)
                self.assertEqual(bot.starts[0]["audio"]["sample_rate"], 16000)
        self.run_async(run())
        self.assert_same_speech(harness.PHRASE, reply)

    def test_a_caller_talks_to_a_bot_on_openais_twilio_adapter(self):
        reply = self.directory / "reply.wav"
        bot = subprocess.Popen(["node", harness.SOURCE_ROOT / "tests" / "bots" / "twilio.mjs"], stdout=subprocess.PIPE,
                               text=True)
        self.addCleanup(bot.stdout.close)
        self.addCleanup(bot.wait)
        self.addCleanup(bot.kill)
        ready, url = bot.stdout.readline().split()
        self.assertEqual(ready, "ready")
        gateway = self.start(engine__default="my-bot", **engine("my-bot", type="websocket", dialect="twilio", url=url))
        call = harness.call(gateway.url, "--out", reply)
        self.assertEqual(call.status, 0, call.errors)
        printed = []
        while not printed or not printed[-1].startswith("heard "):
            printed.append(bot.stdout.readline())
            self.assertNotEqual(printed[-1], "", "the bot has died: " + "".join(printed))
        self.assertEqual([line for line in printed if line.startswith(("fault", "error"))], [])
        messages = [json.loads(line) for line in printed if line.startswith("{")]
        self.assertEqual([message["event"] for message in messages[:2]], ["connected", "start"])
        self.assertEqual(messages[1]["start"]["streamSid"], messages[1]["streamSid"])
        self.assertEqual(messages[-1]["event"], "stop")
        self.assertEqual(messages[-1]["stop"]["callSid"], messages[1]["start"]["callSid"])
        self.assertIn("mark", [message["event"] for message in messages])
        self.assert_same_speech(harness.PHRASE, reply)

    def test_a_bot_learns_who_calls(self):
        sent, rate = harness.audio.read_wav(harness.PHRASE)

        async def talk(caller):
            await caller.wait_connected()
            while not self.bot.starts:
                await harness.asyncio_tick()

        async def call():
            async with Bot() as self.bot:
                gateway = self.start(engine__default="my-bot", access__origins="https://shop.example", **engine(
                    "my-bot", type="websocket", url=self.bot.url, pass_parameters="customer;language"))
                caller = Caller(f"{gateway.url}?customer=4%C3%BC&token=hunter2&traceparent={TRACEPARENT}", sent, rate)
                caller.wire_options = {"origin": "https://shop.example"}
                await caller.run(talk)
                return self.bot.starts[0]
        start = self.run_async(call())
        self.assertEqual(start["client"]["origin"], "https://shop.example")
        self.assertIn("websockets", start["client"]["user_agent"])  # the module's own
        self.assertEqual(start["parameters"], {"customer": "4ü"})
        self.assertEqual((start["trace_id"], start["traceparent"]), (TRACE_ID, TRACEPARENT))
        self.assertEqual(self.bot.headers["traceparent"], TRACEPARENT)
        self.assertNotIn("hunter2", json.dumps(start))

    def test_a_recorded_bot(self):
        recordings = self.directory / "recordings"

        async def run():
            async with Bot() as bot:
                gateway = self.start(
                    engine__default="rec", record__directory=recordings,
                    **engine("my-bot", type="websocket", url=bot.url), **engine("rec", type="record", wraps="my-bot"))
                call = await asyncio.to_thread(harness.call, gateway.url)
                self.assertEqual(call.status, 0, call.errors)
                gateway.wait_log(lambda entry: "client-bye" in entry["message"])
                gateway.stop()
        self.run_async(run())
        [bot_file] = recordings.glob("*-bot.wav")
        self.assert_same_speech(harness.PHRASE, bot_file)

    def test_a_caller_who_sends_nothing_more_is_silence(self):
        samples, rate = harness.audio.read_wav(harness.PHRASE)

        async def run():
            async with Bot() as bot:
                gateway = self.start(engine__default="my-bot", **engine("my-bot", type="websocket", url=bot.url))
                caller = Caller(gateway.url, samples, rate)

                async def during(caller):
                    await caller.wait_connected()
                    while bot.n_bytes < BYTES_PER_S:
                        await harness.asyncio_tick()
                    caller.peer.getSenders()[0].replaceTrack(None)
                    n_before, begin = bot.n_bytes, time.monotonic()
                    while bot.n_bytes < n_before + SILENT_S * BYTES_PER_S:
                        await harness.asyncio_tick()
                    self.assertGreater(time.monotonic() - begin, SILENT_S - 0.5, "in real time")
                self.assertEqual(await caller.run(during), "client-bye")
        self.run_async(run())

    def test_no_other_name_is_an_engine(self):
        async def run():
            async with Bot() as bot:
                gateway = self.start(**engine("hidden", type="websocket", url=bot.url))
                for name in ("hidden", "absent", "", bot.url, "%00", "a%0d%0aforged"):
                    async with Wire(gateway.url + "?engine=" + name) as wire:
                        await wire.expect_error("bad-request", fatal=True)
                        self.assertEqual(await wire.wait_closed(), 1008)
                self.assertEqual(bot.count, 0)
                refusals = [entry for entry in gateway.entries() if "refused a session" in entry["message"]]
                self.assertEqual(len(refusals), 6)
                self.assertIn('engine "hidden"', refusals[0]["message"])
                [line] = [line for line in gateway.lines if "forged" in line]
                self.assertIn(r"a\r\nforged", line)
        self.run_async(run())

    def test_the_session_tells_what_may_be_asked_for(self):
        gateway = self.start(**engine("other", type="echo", selectable="true"))

        async def run():
            async with Wire(gateway.url + "?x=1&engine=other") as wire:
                session = await wire.wait("session")
                self.assertEqual(session["engine"], "other")
                self.assertEqual(sorted(session["engines"]), ["echo", "other"])
        self.run_async(run())

    def test_a_page_learns_the_names_before_it_calls(self):
        gateway = self.start(**engine("other", type="echo", selectable="true"), **engine("hidden", type="echo"))
        with urllib.request.urlopen(gateway.http_url + "engines", timeout=20) as answer:
            self.assertEqual(answer.headers["Content-Type"], "application/json")
            listing = json.load(answer)
        self.assertEqual(set(listing), {"default", "engines"})
        self.assertEqual(listing["default"], "echo")
        self.assertEqual(sorted(listing["engines"]), ["echo", "other"])

    def test_echo_takes_over_from_a_bot_that_is_not_there(self):
        reply = self.directory / "reply.wav"
        gateway = self.start(engine__default="my-bot", **engine(
            "my-bot", type="websocket", url=f"ws://127.0.0.1:{free_port()}/", grace="0s", on_failure="fallback:echo"))
        call = harness.call(gateway.url, "--out", reply)
        self.assertEqual(call.status, 0, call.errors)
        self.assertIn('{"type":"engine-fallback","engine":"echo"}', call.errors)
        self.assert_same_speech(harness.PHRASE, reply)

    def test_a_bot_that_is_not_there_ends_the_call(self):
        gateway = self.start(engine__default="my-bot", **engine(
            "my-bot", type="websocket", url=f"ws://127.0.0.1:{free_port()}/", grace="0s"))
        call = harness.call(gateway.url)
        self.assertNotEqual(call.status, 0)
        self.assertIn("engine", json.dumps(call.only))

    def test_a_slip_in_a_group_is_told(self):
        path = self.directory / "a.conf"
        path.write_text("[engine my-bot]\ntype = websocket\nurl = http://127.0.0.1:9000/\n")
        result = subprocess.run([harness.GATEWAY, "--config", path, "--check-config"], capture_output=True, text=True,
                                env=harness.environment(False))
        self.assertEqual(result.returncode, 78)
        self.assertIn(f"{path}:3: [engine my-bot] url: must be ws://HOST", result.stderr)


if __name__ == "__main__":
    harness.main()
