"""The admin API of the real gateway during a real call: every route of its OpenAPI description, each response held to it;
tokens, and what browsers' pages may not do."""

import asyncio
import json
import pathlib
import re
import socket
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

import jsonschema
import websockets

import harness

TOKEN = "a" * 40
OTHER_TOKEN = "b" * 40
JSON = {"Content-Type": "application/json"}
SOURCES = sorted((harness.SOURCE_ROOT / "src" / "admin").glob("*.c"))
ROUTE = re.compile(r'\{ "(/[^"*]*)"((?:, \.\w+ = \w+)+)')


def request(url, method="GET", body=None, **headers):
    """(status, headers, body)"""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    data = body if isinstance(body, (bytes, type(None))) else json.dumps(body).encode()
    message = urllib.request.Request(url, data, {name.replace("_", "-"): value for name, value in headers.items()},
                                     method=method)
    try:
        with opener.open(message, timeout=20) as response:
            return response.status, response.headers, response.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers, error.read()


class Description:
    """Holds responses to the description."""

    def __init__(self, url):
        self.url = url.rstrip("/")
        self.document = json.loads(request(url + "openapi.json")[2])
        self.used = set()
        for schema in self.document["components"]["schemas"].values():
            jsonschema.Draft202012Validator.check_schema(schema)

    def resolve(self, node):
        while "$ref" in node:
            names = node["$ref"].removeprefix("#/").split("/")
            node = self.document
            for name in names:
                node = node[name]
        return node

    def call(self, method, path, status, body=None, session=None, query="", **headers):
        """The parsed response, which has @status and is as described."""
        found, reply_headers, content = request(self.url + path.replace("{id}", session or "") + query, method, body, **headers)
        assert found == status, (method, path, found, content)
        described = self.resolve(self.document["paths"][path][method.lower()]["responses"][str(status)])
        self.used.add((method.lower(), path))
        if "content" not in described:
            assert not content, content
            return None
        kind = reply_headers.get_content_type()
        assert kind in described["content"], (method, path, status, kind)
        if kind != "application/json":
            return content.decode()
        value = json.loads(content)
        schema = {**described["content"][kind]["schema"], "components": self.document["components"]}
        jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker()).validate(value)
        return value


async def listen(url, n_bytes):
    """The first message, and for each direction the audio, until each has n_bytes."""
    audio = {0: b"", 1: b""}
    async with websockets.connect(url.replace("http", "ws", 1)) as socket:
        first = json.loads(await socket.recv())
        while min(map(len, audio.values())) < n_bytes:
            message = await socket.recv()
            audio[message[0]] += message[first["header_bytes"]:]
    return first, audio


def leave(url):
    """A listener that has sent its close frame, and whose connection is still open."""
    at = urllib.parse.urlsplit(url)
    listener = socket.create_connection((at.hostname, at.port), timeout=20)
    listener.sendall(f"GET {at.path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                     "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode())
    received = b""
    while len(received) < 4800:  # audio has come
        received += listener.recv(65536)
    time.sleep(0.05)  # half of the time between two messages: audio is waiting for the next one
    listener.sendall(b"\x88\x80\0\0\0\0")
    return listener


async def is_refused(url, **headers):
    try:
        async with websockets.connect(url.replace("http", "ws", 1), **headers):
            return None
    except websockets.exceptions.InvalidHandshake as error:
        # Debian 13's websockets has the response as a whole
        return error.response.status_code if hasattr(error, "response") else error.status_code


class AdminApi(harness.GatewayTest):
    def test_a_call(self):
        gateway = self.start()
        api = Description(gateway.admin_url)
        call = harness.Call(gateway.url, "--duration", 60)

        def find():
            return [session for session in api.call("GET", "/sessions", 200)
                    if session["state"] == "active" and session["playout"]["played_ms"] > 500]
        name = harness.wait_for(find, 60, "a call that is heard")[0]["id"]
        self.check_session(api, name)
        self.check_events(api, name)
        self.check_listening(gateway, name)
        self.check_graph(api, name)
        self.check_log(gateway, api)
        self.check_drain(gateway, api)
        for path in ("/healthz", "/readyz", "/metrics", "/openapi.json", "/overview"):
            api.call("GET", path, 200)
        api.call("GET", "/sessions/{id}/samples", 200, session=name)

        with leave(f"{gateway.admin_url}sessions/{name}/listen"):  # nothing can be sent to it at the end
            api.call("DELETE", "/sessions/{id}", 204, session=name)
            call.finish()
        entry = gateway.wait_log(lambda entry: "hung up by 127.0.0.1" in entry["message"])
        self.assertEqual((entry["level"], entry["session"]), ("warning", name))
        for method, path in (("GET", ""), ("DELETE", ""), ("POST", "/events"), ("GET", "/listen"), ("GET", "/pipeline.dot"),
                             ("GET", "/pipeline.svg")):
            api.call(method, "/sessions/{id}" + path, 404, session=name, **(JSON if method == "POST" else {}))
        self.assertEqual(gateway.metric('vgw_sessions_ended_total{reason="operator"}'), 1)
        self.check_routes(api)

    def check_session(self, api, name):
        session = api.call("GET", "/sessions/{id}", 200, session=name)
        states = [change["value"] for change in session["history"] if change["type"] == "state"]
        self.assertEqual(states, ["new", "negotiating", "connecting", "active"])
        times = [change["after_ms"] for change in session["history"]]
        self.assertEqual(times, sorted(times))
        self.assertEqual({track["direction"] for track in session["tracks"]}, {"received", "sent"})
        self.assertEqual(session["sdp"]["codec"]["rtpmap"], "OPUS/48000/2")
        self.assertGreater(session["statistics"]["received"]["packets"], 0)
        self.assertEqual(session["engine_details"]["type"], "echo")

    def check_events(self, api, name):
        for to in ("client", "bot"):
            api.call("POST", "/sessions/{id}/events", 204, {"to": to, "event": {"type": "hello"}}, name, **JSON)
        for body in (b"", b"[]", b"{}", {"to": "cat", "event": {}}, {"to": "bot"}, {"to": "bot", "event": "x"}):
            api.call("POST", "/sessions/{id}/events", 400, body, name, **JSON)
        api.call("POST", "/sessions/{id}/events", 413, {"to": "bot", "event": {"text": "x" * 65530}}, name, **JSON)
        api.call("POST", "/sessions/{id}/events", 415, {"to": "bot", "event": {}}, name, Content_Type="text/plain")

    def check_listening(self, gateway, name):
        url = f"{gateway.admin_url}sessions/{name}/listen"
        first, audio = asyncio.run(asyncio.wait_for(listen(url, 24000), 60))
        self.assertEqual((first["sample_rate_hz"], first["format"]), (24000, "s16le"))
        for direction in audio.values():
            self.assertTrue(any(direction), "silence")
        entry = gateway.wait_log(lambda entry: entry["message"] == "admin: 127.0.0.1 listens in")
        self.assertEqual((entry["level"], entry["session"]), ("warning", name))
        gateway.wait_log(lambda entry: "no longer listens in" in entry["message"])
        self.assertEqual(asyncio.run(is_refused(url, origin="https://evil.example")), 403)

    def check_graph(self, api, name):
        self.assertIn("webrtcbin", api.call("GET", "/sessions/{id}/pipeline.dot", 200, session=name))
        self.assertIn("<svg", api.call("GET", "/sessions/{id}/pipeline.svg", 200, session=name))

    def check_log(self, gateway, api):
        self.assertEqual(api.call("GET", "/log", 200), {"level": "debug", "gst_debug": ""})
        for body in ({}, {"level": "loud"}, {"level": 1}, {"gst_debug": "webrtcbin:99"}, {"gst_debug": "x" * 600 + ":1"},
                     {"level": "info", "other": 1}, {"level": "info", "gst_debug": "$(id):5"}):
            api.call("PUT", "/log", 400, body)
        self.assertEqual(api.call("GET", "/log", 200), {"level": "debug", "gst_debug": ""})
        self.assertEqual(api.call("PUT", "/log", 200, {"gst_debug": "*:9,webrtcbin:1"})["gst_debug"], "*:4,webrtcbin:1")
        changed = api.call("PUT", "/log", 200, {"gst_debug": "rtpsession:7", "level": "info"})
        self.assertEqual(changed, {"level": "info", "gst_debug": "rtpsession:7,srtp*:4,dtls*:4"})
        self.assertEqual(api.call("GET", "/log", 200), changed)
        gateway.wait_log(lambda entry: entry["domain"] == "gst" and "rtpsession" in entry["message"])
        self.assertEqual(api.call("PUT", "/log", 200, {"gst_debug": ""}), {"level": "info", "gst_debug": ""})

    def check_drain(self, gateway, api):
        self.assertEqual(api.call("POST", "/drain", 200, {}, **JSON), {"state": "draining", "sessions": 1})
        self.assertEqual(api.call("GET", "/readyz", 503), "draining\n")
        self.assertNotEqual(harness.call(gateway.url, "--duration", 1).status, 0)
        self.assertEqual(api.call("DELETE", "/drain", 200), {"state": "open", "sessions": 1})
        # a machine that is too busy for the test makes it late for a while
        harness.wait_for(lambda: request(gateway.admin_url + "readyz")[0] == 200, 60, "a gateway that is ready")
        api.call("GET", "/readyz", 200)
        api.call("POST", "/drain", 415)
        for site, mode, status in (("cross-site", "no-cors", 403), ("same-site", "no-cors", 403),
                                   ("cross-site", "navigate", 200), ("same-origin", "cors", 200), ("none", "navigate", 200)):
            found = request(gateway.admin_url + "overview", Sec_Fetch_Site=site, Sec_Fetch_Mode=mode)[0]
            self.assertEqual(found, status, (site, mode))

    def check_routes(self, api):
        """All that is described was used above, but for WebSockets, and all routes of the source are described."""
        described = {(method, path) for path, item in api.document["paths"].items() for method in item
                     if method != "parameters"}
        self.assertEqual(described - api.used, set())
        routes = {(method, path) for source in SOURCES for path, handlers in ROUTE.findall(source.read_text())
                  for method in re.findall(r"\.(get|post|put|patch|delete) = ", handlers)}
        self.assertEqual({route for route in routes if not route[1].startswith("/ui/") and route[1] != "/"}
                         - described, set())

    def test_tokens(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "tokens"
            path.touch(0o600)
            path.write_text(f"{TOKEN}\n{OTHER_TOKEN}\n")
            gateway = self.start(admin__token_file=path)
            api = Description(gateway.admin_url)
            for name in ("healthz", "readyz", "", "ui/dashboard.js"):
                self.assertEqual(request(gateway.admin_url + name)[0], 200, name)
            for path_of in ("/sessions", "/metrics", "/overview", "/log"):
                api.call("GET", path_of, 401)
                for bad in ("Basic " + TOKEN, "Bearer ", "Bearer " + TOKEN[1:], "Bearer " + TOKEN + "a"):
                    api.call("GET", path_of, 401, Authorization=bad)
                for token in (TOKEN, OTHER_TOKEN):
                    api.call("GET", path_of, 200, Authorization="bearer " + token)
            api.call("POST", "/drain", 401, {}, **JSON)
            api.call("GET", "/readyz", 200)
            api.call("POST", "/drain", 200, Authorization="Bearer " + TOKEN)
            self.assertFalse([line for line in gateway.lines if TOKEN in line])
            url = gateway.admin_url + "sessions/none/listen"
            self.assertEqual(asyncio.run(is_refused(url)), 401)
            self.assertEqual(asyncio.run(is_refused(url, subprotocols=["voice-gateway", "voice-gateway.token." + TOKEN])),
                             404)

            path.write_text(f"{OTHER_TOKEN}\n")
            asyncio.run(asyncio.wait_for(self.check_revoked(gateway), 60))
            api.call("GET", "/log", 401, Authorization="Bearer " + TOKEN)
            api.call("GET", "/log", 200, Authorization="Bearer " + OTHER_TOKEN)


    async def check_revoked(self, gateway):
        """A reload that removes a token closes its listeners, and no others."""
        request(gateway.admin_url + "drain", "DELETE", Authorization="Bearer " + OTHER_TOKEN)
        call = harness.Call(gateway.url, "--duration", 60)

        def find():
            sessions = json.loads(request(gateway.admin_url + "sessions", Authorization="Bearer " + OTHER_TOKEN)[2])
            return [session for session in sessions if session["state"] == "active"]
        name = (await asyncio.to_thread(harness.wait_for, find, 60, "a call"))[0]["id"]
        url = f"{gateway.admin_url}sessions/{name}/listen".replace("http", "ws", 1)
        start = len(gateway.lines)
        async with websockets.connect(url, subprotocols=["voice-gateway", "voice-gateway.token." + TOKEN]) as gone, \
                websockets.connect(url, subprotocols=["voice-gateway", "voice-gateway.token." + OTHER_TOKEN]) as kept:
            await gone.recv()
            await kept.recv()
            gateway.process.send_signal(harness.signal.SIGHUP)
            await asyncio.to_thread(gateway.wait_log, lambda entry: "admin.token" in entry["message"], start=start)
            await gone.wait_closed()
            self.assertEqual(gone.close_code, 1008)
            while len(await kept.recv()) < 4800:  # audio goes on
                pass
            request(f"{gateway.admin_url}sessions/{name}", "DELETE", Authorization="Bearer " + OTHER_TOKEN)
            await kept.wait_closed()
            self.assertEqual(kept.close_code, 1000)
        call.finish()


if __name__ == "__main__":
    harness.main()
