"""OpenAI's Realtime door: offers as SDP and as forms, client secrets, the data channel, the sideband, and what is refused."""

import asyncio
import json

import websockets
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription

import audio
import harness
import tokens
import whip
from bots import Bot, engine, free_port
from rtc import Listener, Speech
from wire import HEADERS, WireTest, good_offer

CALLS = "/v1/realtime/calls"
SECRETS = "/v1/realtime/client_secrets"
ORIGIN = "https://page.example"
RATE = 16000
SPEECH_S = 20  # of the bot, at once
SILENT_S = 1.5
LOUD = 500
TIMEOUT_S = 20
ALL_SAID = {"type": "all-said"}  # the gateway has all of the bot's speech
MAX_SIDEBANDS = 4


def form(boundary="xyz", **parts):
    """The body of a form, and its type."""
    body = "".join(f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n'
                   for name, text in parts.items())
    return f"{body}--{boundary}--\r\n", f"multipart/form-data; boundary={boundary}"


def bearer(token):
    return {"Authorization": f"Bearer {token}"} if token is not None else {}


def post_form(gateway, path=CALLS, token=None, **parts):
    body, content_type = form(**parts)
    return whip.post(gateway, body, path, content_type, **bearer(token))


def post_json(gateway, path, value, token=None):
    return whip.post(gateway, json.dumps(value), path, "application/json", **bearer(token))


class TalkingBot(Bot):
    """Says a transcript and much speech when it is asked to; notes what it is told."""

    def __init__(self):
        super().__init__()
        self.messages = []
        samples, rate = audio.read_wav(harness.PHRASE)
        phrase = audio.resample(samples, rate, RATE).astype("<i2").tobytes()
        self.speech = phrase * (SPEECH_S * RATE * 2 // len(phrase) + 1)

    async def on_audio(self, connection, samples):
        self.n_bytes += len(samples)

    async def on_message(self, connection, message):
        await super().on_message(connection, message)
        self.messages.append(message)
        data = message.get("data", {})
        if message["type"] == "event" and data.get("type") == "text":
            for text in ("One.", "Two."):
                await connection.send(json.dumps({"type": "event", "data": {
                    "type": "transcript", "role": "bot", "text": text, "final": True}}))
                await connection.send(self.speech)
            await connection.send(json.dumps({"type": "event", "data": ALL_SAID}))
        elif message["type"] == "event" and data.get("type") == "speak":
            await connection.send(json.dumps({"type": "event", "data": data["event"]}))

    def events(self):
        return [message["data"] for message in self.messages if message["type"] == "event"]


class Events:
    """The events that a client has received."""

    def __init__(self):
        self.events = []

    def of(self, kind):
        return [event for event in self.events if event["type"] == kind]

    def types(self):
        return [event["type"] for event in self.events]

    async def wait(self, kind, count=1):
        await harness.wait_until(lambda: len(self.of(kind)) >= count)
        return self.of(kind)[count - 1]


class RealtimeCaller(Listener, Events):
    """A call by a POST of the offer."""

    def __init__(self, gateway, samples, rate, path=CALLS, token=None, **parts):
        Listener.__init__(self)
        Events.__init__(self)
        self.gateway, self.samples, self.rate, self.path, self.token, self.parts = gateway, samples, rate, path, token, parts

    async def __aenter__(self):
        self.peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.peer.addTrack(Speech(self.samples, self.rate))
        self.channel = self.peer.createDataChannel("oai-events")
        self.channel.on("message", lambda text: self.events.append(json.loads(text)))
        self._watch()
        await self.peer.setLocalDescription(await self.peer.createOffer())
        self.reply = await asyncio.to_thread(post_form, self.gateway, self.path, self.token,
                                             sdp=self.peer.localDescription.sdp, **self.parts)
        assert self.reply.status == 201, self.reply
        self.location = self.reply.headers["Location"]
        self.id = self.location.rpartition("/")[2]
        await self.peer.setRemoteDescription(RTCSessionDescription(self.reply.body, "answer"))
        await harness.wait_until(lambda: self.channel.readyState == "open")
        return self

    async def __aexit__(self, *unused):
        await self.peer.close()

    def send(self, kind, **members):
        self.channel.send(json.dumps({"type": kind, **members}))

    async def wait_silent(self):
        """Until nothing has been heard for a while, though packets may come."""
        loop = asyncio.get_running_loop()
        n_seen, last_loud = len(self.heard), loop.time()
        while loop.time() < last_loud + SILENT_S:
            await harness.asyncio_tick()
            if any(abs(block).max() > LOUD for block in self.heard[n_seen:]):
                last_loud = loop.time()
            n_seen = len(self.heard)

    async def wait_all_said(self, count):
        await harness.wait_until(lambda: [event["event"] for event in self.of("gateway.event")].count(ALL_SAID) >= count)

    async def wait_loud(self):
        await harness.wait_until(lambda: self.heard and abs(self.heard[-1]).max() > LOUD)


class Sideband(Events):
    """async with Sideband (gateway, id): what a server has of a call."""

    def __init__(self, gateway, call_id, token=None):
        super().__init__()
        self.url = f"{gateway.http_url.replace('http', 'ws', 1)}v1/realtime?call_id={call_id}"
        self.headers, self.close_code = bearer(token), None

    async def __aenter__(self):
        self.socket = await websockets.connect(self.url, max_size=None, **{HEADERS: self.headers})
        self.reader = asyncio.ensure_future(self._read())
        return self

    async def __aexit__(self, *unused):
        await self.socket.close()
        await self.reader

    async def _read(self):
        try:
            while True:
                self.events.append(json.loads(await self.socket.recv()))
        except websockets.ConnectionClosed:
            self.close_code = self.socket.close_code

    async def send(self, kind, **members):
        await self.socket.send(json.dumps({"type": kind, **members}))


class Realtime(WireTest):
    def error_of(self, reply, status, code, param=None):
        self.assertEqual((reply.status, reply.headers["Content-Type"]), (status, "application/json"), reply)
        error = json.loads(reply.body)["error"]
        self.assertEqual(set(error), {"type", "code", "message", "param"})
        self.assertEqual((error["code"], error["param"]), (code, param), error)
        return error

    def start_locked(self, **settings):
        keys = tokens.write_keys(self.directory / "keys", "a")
        return self.start(access__mode="token", access__token_keys_file=keys, **settings)

    def wait_ended(self, gateway, reason):
        gateway.wait_log(lambda entry: f"session ended: reason {reason}" in entry["message"])

    # --- offers ---

    def test_offers_as_sdp_and_as_forms(self):
        configuration = self.directory / "voice-gateway.conf"
        configuration.write_text("[engine]\ndefault = echo\n[engine other]\ntype = echo\nselectable = true\n"
                                 "[engine hidden]\ntype = echo\n")
        gateway = self.start(command=(harness.GATEWAY, "--config", configuration))
        offer, session = good_offer(), lambda model: json.dumps({"type": "realtime", "model": model})
        for name, engine_name, reply in (
                ("sdp", "echo", lambda: whip.post(gateway, offer, CALLS)),
                ("with a placeholder", "echo", lambda: whip.post(gateway, offer, CALLS, **bearer("ek_nothing"))),
                ("of the beta", "other", lambda: whip.post(gateway, offer, "/v1/realtime?model=other")),
                ("form", "echo", lambda: post_form(gateway, sdp=offer)),
                ("model", "other", lambda: post_form(gateway, sdp=offer, session=session("other"))),
                ("other model", "echo", lambda: post_form(gateway, sdp=offer, session=session("gpt-realtime"))),
                ("hidden model", "echo", lambda: post_form(gateway, sdp=offer, session=session("hidden")))):
            with self.subTest(name):
                start = len(gateway.lines)
                answer = reply()
                self.assertEqual((answer.status, answer.headers["Content-Type"]), (201, "application/sdp"), answer)
                self.assertRegex(answer.headers["Location"], r"^/v1/realtime/calls/rtc_[A-Za-z0-9_-]{22}$")
                self.assertIn("\r\na=ice-lite", answer.body)
                gateway.wait_log(lambda entry: entry["message"].endswith(f"engine {engine_name}"), start=start)
                self.assertNotIn(answer.headers["Location"].partition("rtc_")[2], "\n".join(gateway.lines))

    def test_bad_requests_touch_nothing(self):
        gateway = self.start()
        location = whip.post(gateway, good_offer(), CALLS).headers["Location"]
        offer = good_offer()
        for name, status, code, param, reply in (
                ("type", 415, "unsupported_content_type", None, whip.post(gateway, offer, CALLS, "text/plain")),
                ("nothing", 400, "invalid_value", "sdp", whip.post(gateway, "", CALLS)),
                ("NUL", 400, "invalid_value", "sdp", whip.post(gateway, offer.encode() + b"\0", CALLS)),
                ("no SDP", 400, "invalid_value", "sdp", whip.post(gateway, "hello", CALLS)),
                ("no audio", 422, "unsupported_offer", "sdp",
                 whip.post(gateway, offer.replace("m=audio", "m=video"), CALLS)),
                ("no form", 400, "invalid_value", None, whip.post(gateway, "x", CALLS, "multipart/form-data; boundary=y")),
                ("no boundary", 400, "invalid_value", None, whip.post(gateway, "x", CALLS, "multipart/form-data")),
                ("no part", 400, "invalid_value", "sdp", post_form(gateway, session="{}")),
                ("bad session", 400, "invalid_value", "session", post_form(gateway, sdp=offer, session="[]")),
                ("deep session", 400, "invalid_value", "session",
                 post_form(gateway, sdp=offer, session='{"a":' * 40 + "1" + "}" * 40)),
                ("other session", 400, "invalid_value", "session.type",
                 post_form(gateway, sdp=offer, session='{"type":"transcription"}')),
                ("no such engine", 404, "not_found", None, whip.post(gateway, offer, f"{CALLS}?engine=absent")),
                ("no call", 404, "not_found", "call_id", whip.post(gateway, "", f"{CALLS}/rtc_x/hangup")),
                ("no prefix", 404, "not_found", "call_id",
                 whip.post(gateway, "", f"{CALLS}/{location.rpartition('_')[2]}/hangup")),
                ("no call_id", 400, "invalid_value", "call_id", whip.request(gateway, "GET", "/v1/realtime")),
                ("no such call", 404, "not_found", "call_id", whip.request(gateway, "GET", "/v1/realtime?call_id=rtc_x")),
                ("no JSON", 400, "invalid_value", None, whip.post(gateway, "{", SECRETS, "application/json")),
                ("not JSON", 415, "unsupported_content_type", None, whip.post(gateway, "{}", SECRETS)),
                ("bad time", 400, "invalid_value", "expires_after",
                 post_json(gateway, SECRETS, {"expires_after": {"seconds": 9}})),
                ("bad anchor", 400, "invalid_value", "expires_after",
                 post_json(gateway, SECRETS, {"expires_after": {"anchor": "now", "seconds": 60}})),
                ("no time", 400, "invalid_value", "expires_after", post_json(gateway, SECRETS, {"expires_after": 60})),
                ("bad wish", 400, "invalid_value", "session", post_json(gateway, SECRETS, {"session": "x"})),
                ("large wish", 413, "too_large", "session",
                 post_json(gateway, SECRETS, {"session": {"instructions": "x" * 20000}}))):
            with self.subTest(name):
                self.error_of(reply, status, code, param)
        self.assertEqual(whip.post(gateway, "x" * 70000, CALLS).status, 413)
        reply = whip.request(gateway, "GET", CALLS)
        self.assertEqual((reply.status, reply.headers["Allow"]), (405, "POST, OPTIONS"))
        harness.wait_for(lambda: gateway.metric('vgw_sessions{state="connecting"}') == 1, TIMEOUT_S, "one is left")
        self.assertEqual(whip.post(gateway, "", f"{location}/hangup").status, 200)
        self.wait_ended(gateway, "client-bye")
        self.error_of(whip.post(gateway, "", f"{location}/hangup"), 404, "not_found", "call_id")

    def test_pages_of_other_origins(self):
        gateway = self.start(access__origins=ORIGIN)
        preflight = whip.request(gateway, "OPTIONS", CALLS, Origin=ORIGIN, Access_Control_Request_Method="POST",
                                 Access_Control_Request_Headers="authorization,content-type,x-openai-agents-sdk")
        self.assertEqual(preflight.status, 204)
        self.assertEqual(preflight.headers["Access-Control-Allow-Origin"], ORIGIN)
        self.assertIn("authorization", preflight.headers["Access-Control-Allow-Headers"])
        reply = whip.post(gateway, good_offer(), CALLS, Origin=ORIGIN)
        self.assertEqual((reply.status, reply.headers["Access-Control-Allow-Origin"]), (201, ORIGIN))
        self.assertIn("Location", reply.headers["Access-Control-Expose-Headers"])
        for path, body, content_type in ((CALLS, good_offer(), whip.SDP), (SECRETS, "{}", "application/json")):
            refused = whip.post(gateway, body, path, content_type, Origin="https://evil.example")
            self.error_of(refused, 403, "forbidden")
            self.assertIsNone(refused.headers["Access-Control-Allow-Origin"])
        self.assertEqual(gateway.metric('vgw_sessions_refused_total{cause="origin"}'), 2)

    def test_limits_are_those_of_other_doors(self):
        gateway = self.start(limits__max_sessions=1)
        self.assertEqual(whip.post(gateway, good_offer(), CALLS).status, 201)
        refused = whip.post(gateway, good_offer(), CALLS)
        self.error_of(refused, 503, "overloaded")
        self.assertTrue(refused.headers["Retry-After"])
        self.assertEqual(gateway.metric('vgw_sessions_refused_total{cause="max-sessions"}'), 1)

    # --- access ---

    def test_a_client_secret_is_what_a_page_needs(self):
        gateway = self.start_locked(**{"engine other__type": "echo", "engine hidden__type": "echo"})
        token = tokens.mint(sub="alice", voice={"engines": ["echo", "other"]})
        wanted = {"type": "realtime", "model": "other", "instructions": "Be kind."}
        for secret, cause in ((None, "no-token"), ("ek_x", "token"), ("hunter2", "token")):
            self.error_of(post_json(gateway, SECRETS, {}, secret), 401, "invalid_api_key")
            self.error_of(whip.post(gateway, good_offer(), CALLS, **bearer(secret)), 401, "invalid_api_key")
        self.assertEqual(gateway.metric('vgw_sessions_refused_total{cause="token"}'), 4)
        self.assertEqual(gateway.metric('vgw_sessions_refused_total{cause="no-token"}'), 2)
        reply = post_json(gateway, SECRETS, {"expires_after": {"anchor": "created_at", "seconds": 60}, "session": wanted}, token)
        self.assertEqual((reply.status, reply.headers["Cache-Control"]), (200, "no-store"), reply)
        secret = json.loads(reply.body)
        self.assertEqual(secret["session"], {**wanted, "object": "realtime.session"})
        self.assertRegex(secret["value"], "^ek_[A-Za-z0-9_-]{32}$")
        start = len(gateway.lines)
        page = whip.post(gateway, good_offer(), f"{CALLS}?model=echo", **bearer(secret["value"]))
        self.assertEqual(page.status, 201, page)
        entry = gateway.wait_log(lambda entry: entry["message"].endswith("engine other"), start=start)
        self.assertIn("identity alice", entry["message"])
        # it is good for calls, and for nothing else
        self.assertEqual(whip.post(gateway, good_offer(), "/whip", **bearer(secret["value"])).status, 401)
        self.error_of(post_json(gateway, SECRETS, {}, secret["value"]), 401, "invalid_api_key")
        call_id = page.headers["Location"].rpartition("/")[2]
        self.error_of(whip.request(gateway, "GET", f"/v1/realtime?call_id={call_id}", **bearer(secret["value"])),
                      401, "invalid_api_key")
        # somebody else's token finds no call
        other = tokens.mint(sub="bob")
        self.error_of(whip.post(gateway, "", f"{CALLS}/{call_id}/hangup", **bearer(other)), 404, "not_found", "call_id")
        self.error_of(whip.request(gateway, "GET", f"/v1/realtime?call_id={call_id}", **bearer(other)),
                      404, "not_found", "call_id")
        self.assertEqual(whip.post(gateway, "", f"{CALLS}/{call_id}/hangup", **bearer(token)).status, 200)
        self.wait_ended(gateway, "client-bye")
        log = "\n".join(gateway.lines)
        for text in (secret["value"], token, "Be kind."):
            self.assertNotIn(text, log)

    # --- calls ---

    def test_a_call_has_its_events(self):
        samples, rate = audio.read_wav(harness.PHRASE)

        async def call():
            async with TalkingBot() as bot:
                gateway = self.start(engine__default="my-bot", **engine("my-bot", type="websocket", url=bot.url))
                async with RealtimeCaller(gateway, samples, rate, session='{"type":"realtime","instructions":"Hi."}') as caller:
                    await self.talk(bot, caller)
                    async with Sideband(gateway, caller.id) as one, Sideband(gateway, caller.id) as other:
                        await self.talk_beside(bot, caller, one, other)
                        reply = await asyncio.to_thread(whip.post, gateway, "", f"{caller.location}/hangup")
                        self.assertEqual(reply.status, 200)
                        await harness.wait_until(lambda: one.close_code is not None and other.close_code is not None)
                        self.assertEqual((one.close_code, other.close_code), (1000, 1000))
                self.wait_ended(gateway, "client-bye")
        self.run_async(call())

    def test_an_engine_that_takes_over_has_the_session(self):
        samples, rate = audio.read_wav(harness.PHRASE)

        async def call():
            async with TalkingBot() as bot:
                gateway = self.start(
                    engine__default="dead", **engine("my-bot", type="websocket", url=bot.url),
                    **engine("dead", type="websocket", url=f"ws://127.0.0.1:{free_port()}/", grace="0s",
                             on_failure="fallback:my-bot"))
                async with RealtimeCaller(gateway, samples, rate, session='{"type":"realtime","instructions":"Hi."}'):
                    await harness.wait_until(lambda: [event["session"]["instructions"] for event in bot.events()
                                                      if event["type"] == "session.update"] == ["Hi."])
        self.run_async(call())

    async def talk(self, bot, caller):
        created = await caller.wait("session.created")
        self.assertEqual(caller.events[0], created)
        self.assertEqual((created["session"]["model"], created["session"]["instructions"]), ("my-bot", "Hi."))
        await harness.wait_until(lambda: {"type": "session.update", "session": {"type": "realtime", "instructions": "Hi."}}
                                 in bot.events())
        # the caller's phrase
        stopped = await caller.wait("input_audio_buffer.speech_stopped")
        started = caller.of("input_audio_buffer.speech_started")[0]
        self.assertGreater(stopped["audio_end_ms"], started["audio_start_ms"])
        self.assertEqual((await caller.wait("input_audio_buffer.committed"))["item_id"], started["item_id"])
        caller.send("gateway.event", event={"type": "speak", "event": {
            "type": "transcript", "role": "user", "text": "What now?", "final": True}})
        completed = await caller.wait("conversation.item.input_audio_transcription.completed")
        self.assertEqual(completed["transcript"], "What now?")
        # text, the bot's answer, and an interruption
        caller.send("conversation.item.create", event_id="c1", item={
            "type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hello"}]})
        await harness.wait_until(lambda: {"type": "text", "text": "Hello"} in bot.events())
        buffer = await caller.wait("output_audio_buffer.started")
        self.assertEqual(caller.of("response.created")[0]["response"]["id"], buffer["response_id"])
        deltas = [(await caller.wait("response.output_audio_transcript.delta", n))["delta"] for n in (1, 2)]
        self.assertEqual(deltas, ["One.", " Two."])
        await caller.wait_loud()
        await caller.wait_all_said(1)
        caller.send("response.cancel")
        caller.send("output_audio_buffer.clear")
        cleared = await caller.wait("output_audio_buffer.cleared")
        self.assertEqual(cleared["response_id"], buffer["response_id"])
        truncated = await caller.wait("conversation.item.truncated")
        self.assertLess(truncated["audio_end_ms"], SPEECH_S * 1000)
        await harness.wait_until(lambda: any(message["type"] == "cleared" for message in bot.messages))
        await caller.wait_silent()
        done = (await caller.wait("response.done"))["response"]
        self.assertEqual((done["status"], done["status_details"]["reason"]), ("cancelled", "client_cancelled"))
        caller.send("conversation.item.retrieve", item_id=truncated["item_id"])
        item = (await caller.wait("conversation.item.retrieved"))["item"]
        self.assertEqual((item["status"], item["content"][0]["transcript"]), ("incomplete", "One."))
        # what is not good costs nothing but its error
        caller.send("dance", event_id="c2")
        caller.channel.send("{")
        errors = [(await caller.wait("error", n))["error"] for n in (1, 2)]
        self.assertEqual([(error["code"], error["event_id"]) for error in errors],
                         [("invalid_value", "c2"), ("invalid_json", None)])

    async def talk_beside(self, bot, caller, one, other):
        self.assertEqual((await one.wait("session.created"))["session"], (await other.wait("session.created"))["session"])
        n_errors, n_started = len(caller.of("error")), len(caller.of("output_audio_buffer.started"))
        await one.send("dance", event_id="s1")
        self.assertEqual((await one.wait("error"))["error"]["event_id"], "s1")
        await one.socket.send(b"audio?")
        await one.wait("error", 2)
        await one.send("session.update", session={"tools": []})
        for client in (caller, one, other):
            self.assertEqual((await client.wait("session.updated"))["session"]["tools"], [])
        await other.send("conversation.item.create", item={
            "type": "message", "role": "user", "content": [{"type": "input_text", "text": "Again"}]})
        await caller.wait("output_audio_buffer.started", n_started + 1)
        await caller.wait_loud()
        await caller.wait_all_said(2)
        await one.send("response.cancel")
        for client in (caller, one, other):
            await client.wait("output_audio_buffer.cleared", n_started + 1 if client is caller else 1)
        await caller.wait_silent()
        self.assertEqual((len(caller.of("error")), len(other.of("error"))), (n_errors, 0))
        self.assertIn({"type": "text", "text": "Again"}, bot.events())
        # bounded in number
        gateway = caller.gateway
        extra = [Sideband(gateway, caller.id) for _ in range(MAX_SIDEBANDS - 1)]
        for sideband in extra:
            await sideband.__aenter__()
        await harness.wait_until(lambda: extra[-1].close_code is not None)
        self.assertEqual(extra[-1].close_code, 1013)
        for sideband in extra:
            await sideband.__aexit__()


if __name__ == "__main__":
    harness.main()
