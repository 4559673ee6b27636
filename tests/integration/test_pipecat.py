"""Pipecat's door: what each request is answered, bad ones among them, RTVI, and clients that go away and come back."""

import asyncio
import contextlib
import json
import re

from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription

import bots
import harness
import tokens
import whip
from rtc import Speech
from wire import OFFERS, good_offer

ORIGIN = "https://page.example"
CANDIDATE = {"candidate": "candidate:1 1 udp 2130706431 127.0.0.1 9 typ host", "sdp_mid": "0", "sdp_mline_index": 0}
DOOR = "/api/offer"
MANY = "more than 20 events in a second; some were dropped"
BYTES_PER_S = 2 * 16000  # of a bot


def post(gateway, path, body, method="POST", **headers):
    """One request with JSON; its reply has `json`."""
    text = body if isinstance(body, (str, bytes)) else json.dumps(body)
    reply = whip.request(gateway, method, path, text, **{"Content_Type": "application/json", **headers})
    reply.json = json.loads(reply.body) if reply.body.startswith("{") else None
    return reply


def offer(sdp=None, **more):
    return {"sdp": good_offer() if sdp is None else sdp, "type": "offer", **more}


class Requests(harness.GatewayTest):
    def configure(self, text):
        configuration = self.directory / "voice-gateway.conf"
        configuration.write_text(text)
        return harness.GATEWAY, "--config", configuration

    def assert_refused(self, reply, status, detail):
        self.assertEqual(reply.status, status, reply)
        self.assertRegex(reply.json["detail"], detail)

    def test_an_offer_becomes_a_session(self):
        gateway = self.start()
        video = (OFFERS / "chromium-audio-video.sdp").read_bytes().decode()
        reply = post(gateway, DOOR, offer(video, pc_id=None, restart_pc=False))
        self.assertEqual((reply.status, reply.json["type"]), (200, "answer"))
        self.assertRegex(reply.json["pc_id"], r"^[A-Za-z0-9_-]{22}$")
        self.assertNotIn(reply.json["pc_id"], "\n".join(gateway.lines))
        # as many m-lines as were offered, and the video is not taken
        kinds = [re.findall(r"^m=(\w+) ", sdp, re.MULTILINE) for sdp in (video, reply.json["sdp"])]
        self.assertEqual(*kinds)
        picture = reply.json["sdp"].split("m=video")[1].split("m=")[0]
        self.assertTrue("a=inactive" in picture or picture.startswith(" 0 "), picture)
        patch = {"pc_id": reply.json["pc_id"], "candidates": [CANDIDATE, {"candidate": "", "sdp_mid": None}]}
        reply = post(gateway, DOOR, patch, "PATCH")
        self.assertEqual((reply.status, reply.json), (200, {"status": "success"}))
        # candidates of no use are not the request's fault
        self.assertEqual(post(gateway, DOOR, {**patch, "candidates": [{"candidate": "candidate:nonsense"}] * 50}, "PATCH").status, 200)

    def test_start(self):
        gateway = self.start(ice__client_servers="stun:a.example;turn:user:pw@b.example:3478")
        reply = post(gateway, "/start", {"transport": "webrtc", "enableDefaultIceServers": True, "body": {}})
        self.assertEqual(reply.status, 200)
        self.assertEqual(reply.json["iceConfig"], {"iceServers": [
            {"urls": ["stun:a.example"]}, {"urls": ["turn:b.example:3478"], "username": "user", "credential": "pw"}]})
        self.assertEqual(set(reply.json), {"sessionId", "iceConfig"})
        path = f"/sessions/{reply.json['sessionId']}/api/offer"
        pc_id = post(gateway, path, offer()).json["pc_id"]
        self.assertEqual(post(gateway, path, {"pc_id": pc_id, "candidates": []}, "PATCH").status, 200)
        for method, body in (("POST", offer()), ("PATCH", {"pc_id": "x", "candidates": []})):
            self.assert_refused(post(gateway, "/sessions/unknown/api/offer", body, method), 404, "^no such ")
        self.assertEqual(set(post(self.start(), "/start", {}).json), {"sessionId"})
        reply = whip.request(gateway, "GET", "/status")
        self.assertEqual((reply.status, json.loads(reply.body)), (200, {"status": "ready", "transports": ["webrtc"]}))

    def test_engines(self):
        command = self.configure("[engine]\ndefault = echo\n[engine other]\ntype = echo\nselectable = true\n"
                                 "[engine hidden]\ntype = echo\n")
        gateway = self.start(command=command)

        def start(body, path="/start"):
            return f"/sessions/{post(gateway, path, body).json['sessionId']}/api/offer"

        for path, body, engine in (
                (DOOR, offer(), "echo"), (f"{DOOR}?engine=other", offer(), "other"),
                (DOOR, offer(requestData={"engine": "other"}), "other"), (DOOR, offer(request_data={"engine": "other"}), "other"),
                (f"{DOOR}?engine=other", offer(requestData={"engine": "echo"}), "echo"),
                (start({"body": {"engine": "other"}}), offer(), "other"),
                (start({"body": {"engine": "other"}}), offer(requestData={}), "echo"),
                (start({}, "/start?engine=other") + "?engine=other", offer(), "other")):
            since = len(gateway.lines)
            self.assertEqual(post(gateway, path, body).status, 200, path)
            gateway.wait_log(lambda entry: entry["message"].endswith(f"engine {engine}"), start=since)
        refusals = gateway.metric('vgw_sessions_refused_total{cause="engine"}')
        for reply in (post(gateway, DOOR, offer(requestData={"engine": "hidden"})), post(gateway, "/start", {"body": {"engine": "hidden"}}),
                      post(gateway, "/start?engine=absent", {})):
            self.assert_refused(reply, 404, "^no such engine, or it is not selectable$")
        self.assertEqual(gateway.metric('vgw_sessions_refused_total{cause="engine"}'), refusals + 3)

    def test_requests_that_are_refused(self):
        gateway = self.start()
        pc_id = post(gateway, DOOR, offer()).json["pc_id"]
        for name, method, body, status, detail in (
                ("no JSON", "POST", "hello", 400, "JSON|invalid|expected"), ("no object", "POST", "[]", 400, "."),
                ("deep", "POST", '{"a":' * 40 + "1" + "}" * 40, 413, "."),
                ("no sdp", "POST", {"type": "offer"}, 400, '^an offer has "sdp"'),
                ("no type", "POST", {"sdp": good_offer()}, 400, '^an offer has "sdp"'),
                ("an answer", "POST", {"sdp": good_offer(), "type": "answer"}, 400, '^an offer has "sdp"'),
                ("no SDP", "POST", offer("hello"), 400, "."),
                ("no audio", "POST", offer(good_offer().replace("m=audio", "m=video")), 422, "."),
                ("unknown pc_id", "POST", offer(pc_id="x", restart_pc=True), 404, "^no such pc_id"),
                ("long data", "POST", offer(requestData={"a": "x" * 5000}), 413, "^the data for the bot is too long$"),
                ("unknown pc_id", "PATCH", {"pc_id": "x", "candidates": []}, 404, "^no such pc_id"),
                ("no pc_id", "PATCH", {"candidates": []}, 400, '^candidates have a "pc_id"'),
                ("no candidates", "PATCH", {"pc_id": pc_id}, 400, '^candidates have a "pc_id"'),
                ("no candidate", "PATCH", {"pc_id": pc_id, "candidates": [CANDIDATE, 7]}, 400, '^candidates have a "pc_id"'),
                ("no text", "PATCH", {"pc_id": pc_id, "candidates": [{"candidate": None}]}, 400, '^candidates have a "pc_id"')):
            with self.subTest(name, method=method):
                self.assert_refused(post(gateway, DOOR, body, method), status, detail)
        self.assert_refused(post(gateway, DOOR, offer(), Content_Type="text/plain"), 415, "^the Content-Type must be application/json$")
        self.assertEqual(post(gateway, DOOR, offer("a" * 100000)).status, 413)
        self.assertEqual(whip.request(gateway, "DELETE", DOOR).headers["Allow"], "POST, PATCH, OPTIONS")
        self.assertEqual(post(gateway, DOOR, {"pc_id": pc_id, "candidates": []}, "PATCH").status, 200)

    def test_access(self):
        keys = tokens.write_keys(self.directory / "keys", "a")
        gateway = self.start(access__mode="token", access__token_keys_file=keys, access__origins=ORIGIN)
        bearer = {"Authorization": f"Bearer {tokens.mint()}"}
        for path, body in (("/start", {}), (DOOR, offer())):
            reply = post(gateway, path, body)
            self.assert_refused(reply, 401, "^an access token is required$")
            self.assertEqual(reply.headers["WWW-Authenticate"], 'Bearer realm="voice-gateway"')
            self.assert_refused(post(gateway, path, body, Authorization="Bearer x.y.z"), 401, ".")
            # a token is no data for a bot
            inside = {"body": {"token": tokens.mint()}} if path == "/start" else offer(requestData={"token": tokens.mint()})
            self.assert_refused(post(gateway, path, inside), 401, "^an access token is required$")
            self.assertEqual(post(gateway, path, body, **bearer).status, 200)
            self.assertEqual(post(gateway, f"{path}?token={tokens.mint()}", body).status, 200)
            self.assert_refused(post(gateway, path, body, Origin="https://other.example", **bearer), 403, "may not call")
            reply = post(gateway, path, body, Origin=ORIGIN, **bearer)
            self.assertEqual((reply.status, reply.headers["Access-Control-Allow-Origin"]), (200, ORIGIN))
            reply = whip.request(gateway, "OPTIONS", path, Origin=ORIGIN, Access_Control_Request_Method="POST",
                                 Access_Control_Request_Headers="authorization, content-type")
            self.assertEqual((reply.status, reply.headers["Access-Control-Allow-Headers"]), (204, "authorization, content-type"))
        self.assertEqual(gateway.metric('vgw_sessions_refused_total{cause="no-token"}'), 4)

    def test_a_pc_id_is_of_use_to_its_client_only(self):
        keys = tokens.write_keys(self.directory / "keys", "a")
        gateway = self.start(access__mode="token", access__token_keys_file=keys, access__origins=ORIGIN)
        owner = {"Authorization": f"Bearer {tokens.mint(sub='owner')}"}
        pc_id = post(gateway, DOOR, offer(), **owner).json["pc_id"]
        for method, body in (("PATCH", {"pc_id": pc_id, "candidates": [CANDIDATE]}), ("POST", offer(pc_id=pc_id, restart_pc=True))):
            with self.subTest(method):
                self.assert_refused(post(gateway, DOOR, body, method), 401, "^an access token is required$")
                self.assert_refused(post(gateway, DOOR, body, method, Authorization=f"Bearer {tokens.mint(sub='other')}"), 404, "^no such pc_id")
                self.assert_refused(post(gateway, DOOR, body, method, Origin="https://other.example", **owner), 403, "may not call")
        self.assertEqual(gateway.metric("vgw_sessions_started_total"), 1)
        for method, body in (("PATCH", {"pc_id": pc_id, "candidates": [CANDIDATE]}), ("POST", offer(pc_id=pc_id, restart_pc=True))):
            self.assertEqual(post(gateway, DOOR, body, method, **owner).status, 200, method)

    def test_limits(self):
        gateway = self.start(limits__max_sessions=1)
        pc_id = post(gateway, DOOR, offer()).json["pc_id"]
        reply = post(gateway, DOOR, offer())
        self.assert_refused(reply, 503, ".")
        self.assertEqual(reply.headers["Retry-After"], "5")
        self.assertEqual(post(gateway, DOOR, {"pc_id": pc_id, "candidates": []}, "PATCH").status, 200)
        # nor is anything promised to who starts
        reply = post(gateway, "/start", {})
        self.assert_refused(reply, 503, "^limits.max-sessions ")
        self.assertEqual(reply.headers["Retry-After"], "5")
        # a restart before the first connection takes the place of its own session
        self.assertEqual(post(gateway, DOOR, offer(pc_id=pc_id, restart_pc=True)).status, 200)

    def test_starts_have_a_rate(self):
        gateway = self.start(http__trusted_proxies="127.0.0.1", limits__max_new_sessions_per_minute=3)
        caller, other = {"X_Forwarded_For": "2001:db8::1"}, {"X_Forwarded_For": "2001:db8:0:1::1"}
        names = [post(gateway, "/start", {}, **caller).json["sessionId"] for _ in range(3)]
        reply = post(gateway, "/start", {}, X_Forwarded_For="2001:db8::2")
        self.assert_refused(reply, 429, "^limits.max-new-sessions-per-minute ")
        self.assertEqual(reply.headers["Retry-After"], "5")
        self.assertEqual(gateway.metric('vgw_sessions_refused_total{cause="rate"}'), 1)
        self.assertEqual(post(gateway, "/start", {}, **other).status, 200)
        for name in names:  # the calls themselves have their own
            self.assertEqual(post(gateway, f"/sessions/{name}/api/offer", offer(), **caller).status, 200)

    def test_a_call_that_was_never_connected_begins_anew(self):
        """The client has had no answer, or no connection: there is nothing to go on with."""
        gateway = self.start()
        first = post(gateway, DOOR, offer()).json["pc_id"]
        second = post(gateway, DOOR, offer(pc_id=first, restart_pc=True)).json["pc_id"]
        self.assertNotEqual(first, second)
        harness.wait_for(lambda: post(gateway, DOOR, {"pc_id": first, "candidates": []}, "PATCH").status == 404, 20, "its end")
        self.assertEqual(post(gateway, DOOR, {"pc_id": second, "candidates": []}, "PATCH").status, 200)
        # nor is one that got lost on the way: the client has no pc_id then
        self.assertEqual(post(gateway, DOOR, offer(pc_id=None, restart_pc=True)).status, 200)


class Client:
    """A client as Pipecat's: async with Client (gateway) as client. Its pings can be stopped, and it can go silently."""

    def __init__(self, gateway, pc_id=None, **request):
        self.gateway, self.pc_id, self.request = gateway, pc_id, request
        self.messages, self.news = [], asyncio.Event()
        self.pings = None

    async def __aenter__(self):
        self.peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.peer.addTrack(Speech([0] * 16000, 16000))
        self.channel = self.peer.createDataChannel("chat", ordered=True)
        self.is_open = asyncio.Event()
        self.channel.on("open", self.is_open.set)
        self.channel.on("message", self._on_message)
        await self.peer.setLocalDescription(await self.peer.createOffer())
        body = offer(self.peer.localDescription.sdp, pc_id=self.pc_id, restart_pc=self.pc_id is not None, requestData=self.request)
        reply = await asyncio.to_thread(post, self.gateway, DOOR, body)
        assert reply.status == 200, reply
        self.pc_id = reply.json["pc_id"]
        await self.peer.setRemoteDescription(RTCSessionDescription(reply.json["sdp"], "answer"))
        await asyncio.wait_for(self.is_open.wait(), 30)
        return self

    async def __aexit__(self, *unused):
        self.stop_pings()
        await self.peer.close()

    def _on_message(self, text):
        self.messages.append(json.loads(text))
        self.news.set()

    def start_pings(self):
        async def ping():
            while True:
                self.channel.send("ping: 1764348077000")
                await asyncio.sleep(1)
        self.pings = asyncio.ensure_future(ping())

    def stop_pings(self):
        if self.pings is not None:
            self.pings.cancel()

    def go_silent(self):
        """As one whose network is gone: it sends nothing any more, and closes nothing."""
        self.stop_pings()
        transport = self.peer.getTransceivers()[0].sender.transport.transport
        for pair in list(transport._connection._nominated.values()):
            pair.protocol.transport.close()

    def send(self, type, data=None, id="a1"):
        self.channel.send(json.dumps({"label": "rtvi-ai", "type": type, "id": id, "data": data}))

    async def wait(self, type, **members):
        """The first message of that type with these members."""
        async def search():
            while True:
                for message in self.messages:
                    if message["type"] == type and all(message.get(name) == value for name, value in members.items()):
                        return message
                self.news.clear()
                await self.news.wait()
        return await asyncio.wait_for(search(), 30)


class ScriptedBot(bots.BotServer):
    """Keeps what the gateway told, and can tell something."""

    def __init__(self):
        super().__init__()
        self.told, self.news, self.n_bytes = [], asyncio.Event(), 0

    async def on_audio(self, connection, samples):
        self.n_bytes += len(samples)

    async def hear(self, seconds):
        """Waits until the caller has been heard for so much longer."""
        enough = self.n_bytes + seconds * BYTES_PER_S
        await harness.wait_until(lambda: self.n_bytes >= enough)

    async def handle(self, connection, *_):
        self.connection = connection
        with contextlib.suppress(Exception):
            await super().handle(connection)

    async def on_message(self, connection, message):
        self.told.append(message)
        self.news.set()

    async def wait(self, type):
        async def search():
            while type not in [message["type"] for message in self.told]:
                self.news.clear()
                await self.news.wait()
            return next(message for message in self.told if message["type"] == type)
        return await asyncio.wait_for(search(), 30)

    async def tell(self, data):
        await self.connection.send(json.dumps({"type": "event", "data": data}))


class Calls(harness.GatewayTest):
    def with_bot(self, run, **settings):
        async def go():
            async with ScriptedBot() as bot:
                configuration = self.directory / "voice-gateway.conf"
                configuration.write_text(f"[engine]\ndefault = bot\n[engine bot]\ntype = websocket\nurl = {bot.url}\n")
                gateway = await asyncio.to_thread(lambda: self.start(command=(harness.GATEWAY, "--config", configuration), **settings))
                await run(gateway, bot)
        asyncio.run(asyncio.wait_for(go(), 120))

    def test_messages(self):
        async def run(gateway, bot):
            async with Client(gateway) as client:
                client.send("client-ready", {"version": "2.1.0", "about": {"library": "x"}}, "r1")
                ready = await client.wait("bot-ready", id="r1")
                self.assertEqual(ready["data"]["version"], "2.1.0")
                self.assertEqual(ready["data"]["about"]["library"], "voice-gateway")
                client.send("client-ready", {"version": "3.0.0"}, "r3")
                self.assertRegex((await client.wait("error-response", id="r3"))["data"]["error"], "version is not compatible")
                await client.wait("bot-ready", id="r3")
                for id, type, data, problem in (("1", "raw-audio", {}, "unsupported type"), ("2", "dtmf", {"buttons": ["A"]}, "^dtmf: "),
                                                ("3", "send-text", {}, "^send-text: "), ("4", "client-message", {}, "^client-message: ")):
                    client.send(type, data, id)
                    self.assertRegex((await client.wait("error-response", id=id))["data"]["error"], problem)
                for text in ("hello", "{}", "[1]", '{"label":"rtvi-ai"}'):
                    before = len(client.messages)
                    client.channel.send(text)
                    while not [m for m in client.messages[before:] if m["type"] == "error"]:
                        client.news.clear()
                        await asyncio.wait_for(client.news.wait(), 30)
                error = await client.wait("error")
                self.assertEqual((error["data"]["fatal"], error["data"]["error"]), (False, error["data"]["message"]))
                # an old client
                client.send("client-ready", {"version": "1.2.0"}, "r2")
                await client.wait("bot-ready", id="r2")
                await bot.tell({"type": "transcript", "role": "bot", "text": "Old."})
                await bot.connection.send(bytes(16000))
                output = await client.wait("bot-output")
                self.assertEqual(output["data"], {"text": "Old.", "spoken": True, "aggregated_by": "sentence"})
                client.send("dtmf", {"button": "5"})
                self.assertEqual((await bot.wait("dtmf"))["digit"], "5")
                client.send("disconnect-bot", {})
                await client.wait("signalling", message={"type": "peerLeft"})
                self.assertEqual((await bot.wait("stop"))["reason"], "client-bye")
        self.with_bot(run)

    def test_an_engine_that_fails(self):
        async def run(gateway, bot):
            async with Client(gateway) as client:
                client.send("client-ready", {"version": "2.1.0"})
                await client.wait("bot-ready")
                await bot.close()
                error = await client.wait("error")
                self.assertEqual(error["data"], {"error": "the bot has failed", "message": "the bot has failed", "fatal": True})
                await client.wait("signalling", message={"type": "peerLeft"})
                await asyncio.to_thread(gateway.wait_log, lambda entry: "session ended: reason engine" in entry["message"])
        self.with_bot(run, engine__grace_ms=300)

    def test_a_call_that_has_lasted_long_enough(self):
        async def run(gateway, bot):
            async with Client(gateway) as client:
                client.send("client-ready", {"version": "2.1.0"})
                await client.wait("bot-ready")
                await client.wait("signalling", message={"type": "peerLeft"})
                await asyncio.to_thread(gateway.wait_log, lambda entry: "session ended: reason max-duration" in entry["message"])
                self.assertFalse([message for message in client.messages if message["type"] == "error"])
        self.with_bot(run, limits__max_duration_s=5)

    def test_messages_that_are_too_many_or_too_long(self):
        async def run(gateway, bot):
            async with Client(gateway) as client, Client(gateway) as other:
                for _ in range(200):
                    client.channel.send("ping: 1")
                await client.wait("error", data={"error": MANY, "message": MANY, "fatal": False})
                other.send("client-ready", {"version": "2.1.0"}, "o")  # it costs nobody else anything
                await other.wait("bot-ready", id="o")
                other.channel.send("x" * 70000)
                self.assertFalse((await other.wait("error"))["data"]["fatal"])
                while not [message for message in client.messages if message.get("id") == "c"]:
                    client.send("client-ready", {"version": "2.1.0"}, "c")  # there is room again after a while
                    await asyncio.sleep(0.2)
        self.with_bot(run)

    def test_another_connection_takes_over(self):
        async def run(gateway, bot):
            async with Client(gateway) as first:
                first.start_pings()
                first.send("client-ready", {"version": "2.1.0"})
                await first.wait("bot-ready")
                # one that cannot be used leaves the call as it is
                for sdp, status in (("hello", 400), (good_offer().replace("m=audio", "m=video"), 422)):
                    reply = await asyncio.to_thread(post, gateway, DOOR, offer(sdp, pc_id=first.pc_id, restart_pc=True))
                    self.assertEqual(reply.status, status, reply)
                async with Client(gateway, pc_id=first.pc_id) as second:
                    self.assertEqual(second.pc_id, first.pc_id)
                    second.send("client-message", {"t": "there?"})
                    self.assertEqual((await bot.wait("event"))["data"]["t"], "there?")
                    await bot.tell({"type": "yes"})
                    await second.wait("server-message", data={"type": "yes"})
                    self.assertEqual([message["type"] for message in bot.told].count("start"), 1)
        self.with_bot(run)

    def test_a_client_that_is_gone_is_waited_for(self):
        async def run(gateway, bot):
            async with contextlib.AsyncExitStack() as stack:
                first = await stack.enter_async_context(Client(gateway))
                first.start_pings()
                first.send("client-ready", {"version": "2.1.0"})
                await first.wait("bot-ready")
                first.go_silent()
                await bot.wait("paused")
                await bot.tell({"type": "meanwhile"})
                second = await stack.enter_async_context(Client(gateway, pc_id=first.pc_id))
                second.start_pings()
                await bot.wait("resumed")
                await second.wait("server-message", data={"type": "meanwhile"})
        self.with_bot(run)

    def test_a_client_that_does_not_return(self):
        async def run(gateway, bot):
            async with Client(gateway) as client:
                client.start_pings()
                client.send("client-ready", {"version": "2.1.0"})
                await client.wait("bot-ready")
                client.go_silent()
                await bot.wait("stop")
                reply = await asyncio.to_thread(post, gateway, DOOR, offer(pc_id=client.pc_id, restart_pc=True))
                self.assertEqual(reply.status, 404, reply)
        self.with_bot(run, session__resume_grace_ms=1000)

    def test_pings_that_stop_while_audio_goes_on(self):
        async def run(gateway, bot):
            async with Client(gateway) as client:
                client.start_pings()
                client.send("client-ready", {"version": "2.1.0"})
                await client.wait("bot-ready")
                client.stop_pings()
                await bot.hear(5)  # longer than pings may be missing, and the grace
                client.send("client-message", {"t": "still there"})
                await bot.wait("event")
                self.assertNotIn("paused", [message["type"] for message in bot.told])
        self.with_bot(run, session__resume_grace_ms=500)


if __name__ == "__main__":
    harness.main()
