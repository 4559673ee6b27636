"""OpenAI's Live protocol: the page's side over WebRTC (the client of docs/DOORS.md, and one that means no good), and the
server's side over the WebSocket of the session, with the audio of both directions."""

import asyncio
import base64
import json
import re
import subprocess
import sys

import numpy as np
import websockets
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription

import audio
import harness
import tokens
import whip
from bots import BotServer, engine
from rtc import Speech
from wire import good_offer

DOORS = harness.SOURCE_ROOT / "docs" / "DOORS.md"
PATH = "/v1/live/sessions"
RATE = 24000
WAIT_S = 30


class Talker(BotServer):
    """Says a tone and what it is as soon as it is asked with a text, and is silent otherwise."""

    def __init__(self):
        super().__init__()
        self.events = []

    async def on_message(self, connection, message):
        if message["type"] != "event":
            return
        self.events.append(message["data"])
        if message["data"].get("type") == "text":
            for role in ("user", "bot"):
                event = {"type": "transcript", "role": role, "text": f"{role} words", "final": True}
                if role == "bot":
                    tone = 8000 * np.sin(2 * np.pi * 440 * np.arange(8000) / 16000)
                    await connection.send(tone.astype("<i2").tobytes())
                await connection.send(json.dumps({"type": "event", "data": event}))


def post(gateway, body, **headers):
    return whip.request(gateway, "POST", PATH, body if isinstance(body, str) else json.dumps(body),
                        **{"Content_Type": "application/json", **headers})


def body_of(sdp, **more):
    return {"session": {"model": "gpt-live-1"}, "transport": {"type": "webrtc", "sdp": sdp}, **more}


class Page:
    """A page with the data channel of the protocol."""

    def __init__(self, gateway):
        self.gateway, self.events = gateway, []
        samples, rate = audio.read_wav(harness.PHRASE)
        self.peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.peer.addTrack(Speech(samples, rate))
        self.channel = self.peer.createDataChannel("oai-events")
        self.channel.on("message", lambda text: self.events.append(json.loads(text)))

    async def call(self, **more):
        await self.peer.setLocalDescription(await self.peer.createOffer())
        reply = await asyncio.to_thread(post, self.gateway, body_of(self.peer.localDescription.sdp, **more))
        assert reply.status == 200, reply
        self.reply = json.loads(reply.body)
        self.id = self.reply["session"]["id"]
        await self.peer.setRemoteDescription(RTCSessionDescription(self.reply["transport"]["sdp"], "answer"))

    def send(self, **event):
        self.channel.send(json.dumps(event))

    def types(self):
        return [event["type"] for event in self.events]

    async def wait(self, type):
        async with asyncio.timeout(WAIT_S):
            while type not in self.types():
                await harness.asyncio_tick()
        return next(event for event in self.events if event["type"] == type)


class Live(harness.GatewayTest):
    def start_with(self, bot, **settings):
        return self.start(engine__default="talker", **engine("talker", type="websocket", url=bot.url), **settings)

    def test_a_page_and_its_server(self):
        async def run():
            async with Talker() as bot:
                gateway = await asyncio.to_thread(self.start_with, bot)
                page = Page(gateway)
                await page.call(client={"data_channel": {"allowed_client_events": ["session.commentary.append"],
                                                         "allowed_server_events": ["session.output_transcript.delta"]}})
                self.assertRegex(page.id, r"^live_[A-Za-z0-9_-]{22}$")
                self.assertEqual(page.reply["transport"]["type"], "webrtc")
                started = await page.wait("session.started")
                self.assertEqual(started, page.events[0])
                self.assertEqual((started["session"]["id"], started["session"]["status"]), (page.id, "active"))

                address = f"{gateway.http_url.replace('http', 'ws', 1)}v1/live/sessions/{page.id}/attach"
                with self.assertRaises(Exception) as refused:  # of a page, which is restricted
                    await websockets.connect(address, origin=gateway.http_url.rstrip("/"))
                self.assertIn("403", str(refused.exception))
                async with websockets.connect(address) as server:
                    self.assertEqual(json.loads(await asyncio.wait_for(server.recv(), WAIT_S))["type"],
                                     "session.input_audio.append")
                async with websockets.connect(address, max_size=None) as server:  # and again after it has left
                    page.send(type="session.close", event_id="e1")  # not this page's
                    error = await page.wait("error")
                    self.assertEqual((error["error"]["code"], error["error"]["client_event_id"]), ("event_not_allowed", "e1"))
                    page.send(type="session.commentary.append", content="hello")
                    said = await page.wait("session.output_transcript.delta")
                    self.assertEqual(said["delta"], "bot words")
                    self.assertLess(said["start_ms"] + 400, said["end_ms"])  # at the end of half a second of tone
                    self.assertNotIn("session.input_transcript.delta", page.types())

                    seen, heard, sent = [], b"", b""
                    while "session.output_transcript.delta" not in seen or len(heard) < RATE or len(sent) < RATE // 2:
                        event = json.loads(await asyncio.wait_for(server.recv(), WAIT_S))
                        seen.append(event["type"])
                        if event["type"] == "session.input_audio.append":
                            heard += base64.b64decode(event["audio"])
                        elif event["type"] == "session.output_audio.delta":
                            part = base64.b64decode(event["delta"])
                            self.assertAlmostEqual(len(part) / 2 / RATE * 1000, event["end_ms"] - event["start_ms"], delta=5)
                            sent += part
                    self.assertNotIn("session.started", seen)  # no replay
                    self.assertIn("session.input_transcript.delta", seen)
                    tone = np.frombuffer(sent, "<i2").astype(float)
                    spectrum = np.abs(np.fft.rfft(tone[: RATE // 4]))
                    self.assertAlmostEqual(np.argmax(spectrum) * 4, 440, delta=8)
                    self.assertGreater(np.abs(np.frombuffer(heard, "<i2")).max(), 500)

                    await server.send("{}")
                    await server.send(json.dumps({"type": "session.thinking.append", "content": "quietly"}))
                    await server.send(json.dumps({"type": "session.close"}))
                    rest = []
                    async for text in server:
                        rest.append(json.loads(text))
                    self.assertEqual(rest[-1]["type"], "session.closed")
                    self.assertEqual(rest[-1]["reason"], "close_requested")
                    self.assertGreaterEqual(rest[-1]["usage"]["seconds"], 0)
                    self.assertIn("invalid_value", [event["error"]["code"] for event in rest if event["type"] == "error"])
                self.assertIn({"type": "session.thinking.append", "content": "quietly"}, bot.events)
                await page.peer.close()
                with self.assertRaises(Exception) as refused:
                    await websockets.connect(address)
                self.assertIn("404", str(refused.exception))

        asyncio.run(run())

    def test_the_minimal_client_of_the_document(self):
        client = re.search(r"```python\n(.*?)```", DOORS.read_text(), re.DOTALL)[1]

        async def run():
            async with Talker() as bot:
                gateway = await asyncio.to_thread(self.start_with, bot)
                process = await asyncio.create_subprocess_exec(
                    sys.executable, "-c", client, gateway.http_url.rstrip("/"), str(harness.PHRASE),
                    stdout=subprocess.PIPE, stderr=subprocess.PIPE)
                out, err = await asyncio.wait_for(process.communicate(), WAIT_S)
                self.assertEqual(process.returncode, 0, err.decode())
                lines = out.decode().splitlines()
                self.assertEqual(lines[0], "session.started")
                self.assertIn("bot words", lines)

        asyncio.run(run())

    def test_requests_that_are_refused(self):
        gateway = self.start(access__mode="token", access__token_keys_file=tokens.write_keys(self.directory / "keys", "a"),
                             access__origins="https://page.example")
        good = {"Authorization": "Bearer " + tokens.mint()}
        for body, headers, status, code, param in (
                (body_of(good_offer()), {}, 401, "invalid_api_key", None),
                (body_of(good_offer()), {**good, "Origin": "https://other.example"}, 403, "forbidden", None),
                ("{", good, 400, "invalid_value", None),
                ({"session": {}}, good, 400, "invalid_value", "transport.type"),
                ({"transport": {"type": "webrtc"}}, good, 400, "invalid_value", "transport.sdp"),
                (body_of("v=0"), good, 422, "unsupported_offer", "transport.sdp"),
                (body_of(good_offer(), client={"data_channel": {"allowed_client_events": "some"}}), good, 400,
                 "invalid_value", "client.data_channel"),
                (body_of(good_offer()), {**good, "Content_Type": "application/sdp"}, 415, "unsupported_content_type", None)):
            reply = post(gateway, body, **headers)
            error = json.loads(reply.body)["error"]
            self.assertEqual((reply.status, error["code"], error["param"]), (status, code, param), reply)
        self.assertEqual(gateway.metric('vgw_sessions_refused_total{cause="no-token"}'), 1)
        # of another identity than the session's
        reply = post(gateway, body_of(good_offer()), **good, Origin="https://page.example")
        self.assertEqual(reply.headers["Access-Control-Allow-Origin"], "https://page.example")
        path = f"{PATH}/{json.loads(reply.body)['session']['id']}/attach"
        handshake = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec_WebSocket_Version": "13",
                     "Sec_WebSocket_Key": "AAAAAAAAAAAAAAAAAAAAAA=="}
        self.assertEqual(whip.request(gateway, "GET", path, **handshake).status, 401)
        other = {"Authorization": "Bearer " + tokens.mint(sub="somebody else")}
        self.assertEqual(whip.request(gateway, "GET", path, **handshake, **other).status, 404)


if __name__ == "__main__":
    harness.main()
