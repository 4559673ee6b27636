"""Several gateways behind one address: requests for a session of another node are sent on to it."""

import asyncio
import http.client
import json
import signal
import socket
import time
import urllib.error
import urllib.request

import websockets

import bots
import harness
import nodes
import tokens
import whip
from certificates import Authority
from redis_server import Redis
from sweep_call import Peer, SweepBot, SweepTest
from wire import Wire, good_offer

MARK = "Voice-Gateway-Node"
KNOCK = ("GET /ws?resume={token} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
         "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")


def addresses(gateway):
    with urllib.request.urlopen(gateway.admin_url + "sessions") as response:
        return [session["client_address"] for session in json.load(response)]


def read(url):
    """Status and body."""
    try:
        with urllib.request.urlopen(url) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def exchange(gateway, data, is_half_closed):
    """All that the gateway sends until it closes."""
    with socket.create_connection(("127.0.0.1", gateway.http_port), timeout=30) as sock:
        sock.sendall(data)
        if is_half_closed:
            sock.shutdown(socket.SHUT_WR)
        pieces = []
        while not pieces or pieces[-1]:
            pieces.append(sock.recv(65536))
        return b"".join(pieces).decode()


class DeafServer:
    """A port that accepts no connection, and does not refuse any either: its queue is full."""

    def __init__(self):
        self.listener = socket.socket()
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen(0)
        self.port = self.listener.getsockname()[1]
        self.waiting = []
        for _ in range(4):
            waiting = socket.socket()
            waiting.setblocking(False)
            waiting.connect_ex(("127.0.0.1", self.port))
            self.waiting.append(waiting)

    def close(self):
        for sock in [self.listener, *self.waiting]:
            sock.close()


class Nodes(SweepTest):
    def nodes(self, *names, **settings):
        return nodes.start_nodes(self, names, **settings).values()

    def test_whip_through_the_wrong_node(self):
        a, b = self.nodes("a", "b", access__origins="https://page.example")
        session = whip.Session(a, good_offer())
        self.assertGreater(len(session.path), len("/whip/session/") + 22)
        session.gateway = b
        self.assertEqual((session.request("GET").status, session.request("GET").body), (204, ""))
        reply = session.patch(whip.fragment_of(session.offer, "candidate:1 1 udp 2130706431 127.0.0.1 9 typ host"),
                              If_Match=session.etag, Origin="https://page.example")
        self.assertEqual(reply.status, 204, reply)
        self.assertEqual(reply.headers["Access-Control-Allow-Origin"], "https://page.example")
        reply = session.patch(whip.fragment_of(session.offer), If_Match='"other"')
        self.assertEqual(reply.status, 412)
        for path, status in (("/whip/session/" + nodes.make_id("a"), 404),  # not made by a
                             ("/whip/session/" + nodes.make_id("a", "x" * 32), 404),  # of another key
                             ("/whip/session/" + nodes.make_id("c"), 404)):  # of a node that there is not
            self.assertEqual(whip.request(b, "DELETE", path).status, status, path)
        self.assertEqual(session.delete().status, 200)
        a.wait_log(lambda entry: "session ended: reason client-bye" in entry["message"])
        self.assertEqual(session.request("GET").status, 404)
        self.assertEqual(addresses(a), [])

    def test_the_clients_address_is_kept(self):
        a, b = self.nodes("a", "b", http__trusted_proxies="127.0.0.3")
        gone = whip.Session(a, good_offer())
        gone.delete()
        harness.wait_for(lambda: addresses(a) == [], 20, "the first session's end")
        path = f"/whip?resume={gone.reply.headers['X-Resume-Token']}"
        for source, forwarded_for, client in (("127.0.0.2", "203.0.113.9", "127.0.0.2"),
                                              ("127.0.0.3", "203.0.113.9", "203.0.113.9")):
            connection = http.client.HTTPConnection("127.0.0.1", b.http_port, timeout=30, source_address=(source, 0))
            connection.request("POST", path, good_offer(), {"Content-Type": "application/sdp",
                                                            "X-Forwarded-For": forwarded_for})
            reply = whip.Reply(connection.getresponse())
            connection.close()
            self.assertEqual((reply.status, reply.headers["X-Resume-Status"]), (201, "expired"), reply)
            self.assertEqual(addresses(a), [client])
            self.assertEqual(addresses(b), [])
            self.assertEqual(whip.request(b, "DELETE", reply.headers["Location"]).status, 200)
            harness.wait_for(lambda: addresses(a) == [], 20, "the session's end")

    def test_requests_that_no_node_has_signed_are_refused(self):
        a, b = self.nodes("a", "b")
        session = whip.Session(a, good_offer())
        for value in ("b 192.0.2.1 1764363000 AAAA AAAA",
                      f"b 192.0.2.1 {int(time.time())} AAAA {nodes.encode(bytes(32))}", "x", ""):
            for gateway in (a, b):
                reply = whip.request(gateway, "DELETE", session.path, **{MARK.replace("-", "_"): value})
                self.assertEqual(reply.status, 403, reply)
                self.assertIn("not signed", reply.body)
        a.wait_log(lambda entry: "nodes: refused a request of 127.0.0.1" in entry["message"])
        self.assertEqual(session.request("GET").status, 204)

    def test_a_call_returns_through_the_wrong_node(self):
        async def run():
            async with SweepBot() as bot:
                a, b = self.nodes("a", "b", engine__default="bot",
                                  **bots.engine("bot", type="websocket", url=bot.url, dialect="native"))
                async with Wire(a.url) as first:
                    token = (await first.wait("session"))["resumeToken"]
                    peer = Peer()
                    await peer.connect(first)
                    await first.wait_state("active")
                    first.cut()
                await harness.wait_until(lambda: a.metric('vgw_sessions{state="detached"}') == 1)
                await bot.send_event(number=0)
                async with Wire(f"{b.url}?resume={token}&seq={first.seqs[-1]}") as second:
                    self.assertTrue((await second.wait("session"))["resumed"])
                    token = second.received[0][1]["resumeToken"]
                    while (await second.wait("event")).get("number") != 0:
                        pass
                    await second.expect_quiet()
                    await asyncio.wait_for(await second.socket.ping(), 20)
                    second.cut()
                await harness.wait_until(lambda: a.metric('vgw_sessions{state="detached"}') == 1)
                async with Wire(f"{b.url}?resume={token}&seq={second.seqs[-1]}") as third:
                    await bot.wait_heard(0.5)
                    await third.send("bye", {})
                    self.assertEqual((await third.wait_state("ended"))["reason"], "client-bye")
                    self.assertEqual(await third.wait_closed(), 1000)
                await peer.close()
                self.assertEqual((addresses(a), addresses(b)), ([], []))
                harness.wait_for(lambda: b.metric("vgw_http_connections") == 0, 20, "nothing is left open")
                self.assertNotIn(token, "\n".join([*a.lines, *b.lines]))

        self.run_async(run())

    def test_the_ends_of_both_directions(self):
        """A client gets the response after its own end, and where the other node closes without reading all."""
        a, b = self.nodes("a", "b")
        for is_half_closed, rest in ((True, b""), (False, b"x" * 50000), (True, b"x" * 50000)):
            with self.subTest(is_half_closed=is_half_closed, rest=len(rest)):
                path = whip.Session(a, good_offer()).path
                request = f"DELETE {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
                reply = exchange(b, request.encode() + rest, is_half_closed)
                self.assertTrue(reply.startswith("HTTP/1.1 200 "), reply)
        harness.wait_for(lambda: b.metric("vgw_http_connections") == 0, 20, "nothing is left open")

    def test_the_sideband_through_the_wrong_node(self):
        a, b = self.nodes("a", "b")
        reply = whip.request(a, "POST", "/v1/live/sessions",
                             json.dumps({"transport": {"type": "webrtc", "sdp": good_offer()}}),
                             Content_Type="application/json")
        self.assertEqual(reply.status, 200, reply)
        name = json.loads(reply.body)["session"]["id"]

        async def run():
            async with websockets.connect(f"ws://127.0.0.1:{b.http_port}/v1/live/sessions/{name}/attach") as sideband:
                await sideband.send(json.dumps({"type": "session.close"}))
                message = {}
                while message.get("type") != "session.closed":
                    message = json.loads(await asyncio.wait_for(sideband.recv(), 20))
        self.run_async(run())

    def test_a_client_secret_at_every_node(self):
        """It is good at each node while the one that has created it runs, any number of times, with its session."""
        keys = tokens.write_keys(self.directory / "keys", "a")
        a, b = self.nodes("a", "b", access__mode="token", access__token_keys_file=keys)
        wanted = {"type": "realtime", "model": "echo", "instructions": "Be kind. " + "x" * 8000}
        reply = whip.post(a, json.dumps({"session": wanted}), "/v1/realtime/client_secrets", "application/json",
                          Authorization=f"Bearer {tokens.mint(sub='alice')}")
        self.assertEqual(reply.status, 200, reply)
        secret = {"Authorization": f"Bearer {json.loads(reply.body)['value']}"}
        calls = []
        for gateway in (b, a, b):
            reply = whip.post(gateway, good_offer(), "/v1/realtime/calls", **secret)
            self.assertEqual(reply.status, 201, reply)
            calls.append(reply.headers["Location"])
        self.assertEqual((addresses(a), addresses(b)), (["127.0.0.1"] * 3, []))
        self.assertEqual(b.metric('vgw_node_requests_total{result="sent"}'), 2)
        for gateway, call in zip((a, b, a), calls):
            self.assertEqual(whip.post(gateway, "", f"{call}/hangup", **secret).status, 200)
        self.assertNotIn(secret["Authorization"][7:], "\n".join([*a.lines, *b.lines]))
        forged = {"Authorization": f"Bearer ek_{nodes.make_id('a')}"}
        self.assertEqual(whip.post(b, good_offer(), "/v1/realtime/calls", **forged).status, 401)
        nodes.kill(a)
        self.assertEqual(whip.post(b, good_offer(), "/v1/realtime/calls", **secret).status, 401)

    def test_a_node_that_is_killed(self):
        """Its sessions are over: clients get to know at once, and begin anew."""
        a, b = self.nodes("a", "b")
        session = whip.Session(a, good_offer())
        nodes.kill(a)
        session.gateway = b
        self.assertEqual((session.delete().status, session.request("GET").status), (404, 404))
        reply = whip.post(b, good_offer(), f"/whip?resume={session.reply.headers['X-Resume-Token']}")
        self.assertEqual((reply.status, reply.headers["X-Resume-Status"]), (201, "expired"))

        async def run():
            async with Wire(f"{b.url}?resume={nodes.make_id('a')}") as refused:
                await refused.expect_error("gone", fatal=True)
        self.run_async(run())

    def test_a_node_that_does_not_answer(self):
        deaf = DeafServer()
        self.addCleanup(deaf.close)
        gateway = self.start(node__name="a", node__keys_file=nodes.write_key(self.directory),
                             node__peers=f"b=http://127.0.0.1:{deaf.port}")
        reply = whip.request(gateway, "DELETE", f"/whip/session/{nodes.make_id('b')}")
        self.assertEqual((reply.status, reply.headers["Retry-After"]), (503, "5"), reply)
        self.assertIn("cannot be reached", reply.body)
        gateway.wait_log(lambda entry: 'node "b" cannot be reached' in entry["message"])
        start = time.monotonic()  # no other attempt soon
        reply = whip.request(gateway, "DELETE", f"/whip/session/{nodes.make_id('b')}")
        self.assertEqual((reply.status, reply.headers["Retry-After"]), (503, "5"), reply)
        self.assertLess(time.monotonic() - start, 3)
        self.assertEqual(whip.Session(gateway, good_offer()).delete().status, 200)

    def test_many_requests_for_one_node_at_a_time(self):
        a, b = self.nodes("a", "b")
        session = whip.Session(a, good_offer())
        waiting = []
        for _ in range(40):
            waiting.append(socket.create_connection(("127.0.0.1", b.http_port), timeout=30))
            self.addCleanup(waiting[-1].close)
        for sock in waiting:
            sock.sendall(f"GET {session.path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        for sock in waiting:
            self.assertEqual(sock.recv(12), b"HTTP/1.1 204")
        self.assertEqual(b.metric('vgw_node_requests_total{result="sent"}'), 40)

    def test_redis_as_the_directory(self):
        """Admin requests are sent on, too; and what was looked up once is known while Redis is away."""
        redis = Redis()
        self.addCleanup(redis.__exit__)
        a, b = self.nodes("a", "b", redis=redis)
        session = whip.Session(a, good_offer())
        with urllib.request.urlopen(a.admin_url + "sessions") as response:
            name = json.load(response)[0]["id"]
        session.gateway = b
        self.assertEqual(session.request("GET").status, 204)
        node = dict(zip(*[iter(redis.command("HGETALL", "vgw:node:a"))] * 2)) if isinstance(
            redis.command("HGETALL", "vgw:node:a"), list) else redis.command("HGETALL", "vgw:node:a")
        self.assertEqual((node["url"] + "/", node["admin_url"] + "/"), (a.http_url, a.admin_url))
        self.assertIn(node["state"], ("ready", "late"))  # of a machine that is too busy for the test
        redis.command("HSET", "vgw:node:c", "name", "c", "url", a.http_url.rstrip("/"), "signature", node["signature"])
        self.assertEqual(whip.request(b, "GET", "/whip/session/" + nodes.make_id("c")).status, 503)
        b.wait_log(lambda entry: 'the entry of node "c" is not signed' in entry["message"])
        redis.command("FLUSHALL")  # no sign that a has stopped
        self.assertEqual(json.loads(read(f"{b.admin_url}sessions/{name}")[1])["id"], name)
        self.assertEqual(read(f"{b.admin_url}sessions/{nodes.make_id('a')}")[0], 404)
        self.check_admin_refusals(a, b, name)
        redis.stop()
        self.assertEqual(session.request("GET").status, 204)
        self.assertEqual(session.delete().status, 200)
        self.assertEqual(b.metric('vgw_node_requests_total{result="sent"}'), 3)

    def test_addresses_that_others_do_not_reach_are_not_reported(self):
        redis = Redis()
        self.addCleanup(redis.__exit__)
        self.start(node__name="a", node__keys_file=nodes.write_key(self.directory), manager__types="redis",
                   manager__redis_url=redis.url)
        node = harness.wait_for(lambda: redis.command("HGETALL", "vgw:node:a"), 20, "the node")
        self.assertEqual((node["url"], node["admin_url"]), ("", ""))

    def check_admin_refusals(self, a, b, name):
        """What this node refuses, and an id elsewhere, is not sent on: node a sees none of it."""
        def sent():
            return [line for line in b.lines if "is sent on to node" in line]
        harness.wait_for(lambda: len(sent()) == 3, 20, "the log of the requests before")
        self.assertEqual(read(f"{b.admin_url}healthz?x={name}"), (200, "ok\n"))
        for headers in ({"Origin": "https://evil.example"}, {"Host": "evil.example"}):
            start = len(b.lines)
            wanted = urllib.request.Request(f"{b.admin_url}sessions/{name}", headers=headers)
            self.assertEqual(read(wanted)[0], 403, headers)
            b.wait_log(lambda entry: "admin: refused GET" in entry["message"], start=start)
        self.assertEqual(len(sent()), 3)

    def test_a_node_with_another_certificate_gets_nothing(self):
        a = self.start(**dict(zip(("http__tls_certificate", "http__tls_key"), Authority(self.directory).issue())))
        b = self.start(node__name="b", node__keys_file=nodes.write_key(self.directory),
                       node__peers=f"a=https://localhost:{a.http_port}")
        self.assertEqual(whip.request(b, "DELETE", f"/whip/session/{nodes.make_id('a')}").status, 503)
        b.wait_log(lambda entry: "the server's certificate is refused: it is signed by an unknown authority" in entry["message"])
        self.assertEqual(b.metric('vgw_node_requests_total{result="unreachable"}'), 1)

    def test_nodes_with_a_private_authority(self):
        authority, other = Authority(self.directory), Authority(self.directory, "other")
        key = nodes.write_key(self.directory)
        a = self.start(node__name="a", node__keys_file=key,
                       **dict(zip(("http__tls_certificate", "http__tls_key"), authority.issue())))
        for host, ca, why in (("localhost", authority, None),
                              ("localhost", other, "it is signed by an unknown authority"),
                              ("127.0.0.1", authority, "it is for another host name than 127.0.0.1")):
            with self.subTest(host=host, ca=ca.name):
                b = self.start(node__name="b", node__keys_file=key, node__tls_ca=ca.certificate,
                               node__peers=f"a=https://{host}:{a.http_port}")
                status = whip.request(b, "DELETE", f"/whip/session/{nodes.make_id('a')}").status
                self.assertEqual(status, 404 if why is None else 503)
                self.assertEqual(b.metric('vgw_node_requests_total{result="sent"}'), 1 if why is None else 0)
                if why is not None:
                    b.wait_log(lambda entry: f'node "a" cannot be reached: the server\'s certificate is refused: {why}'
                               in entry["message"])

    def test_a_node_that_stops_while_it_passes_a_websocket_on(self):
        async def run():
            a, b = self.nodes("a", "b")
            async with Wire(a.url) as first:
                token = (await first.wait("session"))["resumeToken"]
                async with Wire(f"{b.url}?resume={token}") as second:
                    await second.wait("session")
                    b.process.send_signal(signal.SIGTERM)
                    self.assertIn(await second.wait_closed(), (1006, None))
                a.wait_log(lambda entry: "session ended: reason websocket-closed" in entry["message"])
            self.assertEqual(b.process.wait(harness.STOP_TIMEOUT_S), 0)

        self.run_async(run())

    def test_pipecat_through_the_wrong_node(self):
        a, b = self.nodes("a", "b")
        offer = {"sdp": good_offer(), "type": "offer"}
        reply = whip.request(a, "POST", "/api/offer", json.dumps(offer), Content_Type="application/json")
        self.assertEqual(reply.status, 200, reply)
        pc_id = json.loads(reply.body)["pc_id"]
        body = json.dumps({"pc_id": pc_id, "candidates": []})
        reply = whip.request(b, "PATCH", "/api/offer?engine=echo", body, Content_Type="application/json")
        self.assertEqual((reply.status, reply.headers["Location"]), (307, f"/api/offer?engine=echo&pc_id={pc_id}"))
        reply = whip.request(b, "PATCH", reply.headers["Location"], body, Content_Type="application/json")
        self.assertEqual(reply.status, 200, reply)
        gone = json.dumps({"pc_id": nodes.make_id("a"), "candidates": []})
        location = whip.request(b, "PATCH", "/api/offer", gone, Content_Type="application/json").headers["Location"]
        self.assertEqual(whip.request(b, "PATCH", location, gone, Content_Type="application/json").status, 404)

    def test_readyz_of_a_full_node(self):
        gateway = self.start(limits__max_sessions=1)
        urls = [gateway.http_url + "readyz", gateway.admin_url + "readyz"]
        # a machine that is too busy for the test makes it late for a while
        harness.wait_for(lambda: [read(url) for url in urls] == [(200, "ok\n")] * 2, 60, "a gateway that is ready")
        session = whip.Session(gateway, good_offer())
        self.assertEqual([read(url) for url in urls], [(503, "full\n")] * 2)
        self.assertEqual(whip.post(gateway, good_offer()).status, 503)
        self.assertEqual(session.delete().status, 200)
        harness.wait_for(lambda: [read(url) for url in urls] == [(200, "ok\n")] * 2, 60, "room for a call")

    def test_a_node_alone_ignores_all_of_it(self):
        gateway = self.start()
        session = whip.Session(gateway, good_offer())
        self.assertEqual(len(session.path), len("/whip/session/") + 22)
        self.assertEqual(whip.request(gateway, "GET", session.path, **{MARK.replace("-", "_"): "x"}).status, 204)
        self.assertEqual(whip.request(gateway, "GET", "/whip/session/" + nodes.make_id("b")).status, 404)


if __name__ == "__main__":
    harness.main()
