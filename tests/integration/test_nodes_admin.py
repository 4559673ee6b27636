"""The admin API of several gateways: each lists the sessions of all, and ends them, also where some do not answer."""

import http.server
import json
import signal
import threading
import time

import harness
import nodes
import whip
from certificates import Authority, server_context
from redis_server import Redis
from sweep_call import SweepTest
from test_admin_api import Description, request
from wire import good_offer

DEADLINE_S = 2  # VGW_ADMIN_NODES_TIMEOUT_MS
TTL_S = 3
LISTS = ("sessions?nodes=all", "overview?nodes=all")


def ask(gateway, path="sessions?nodes=all", **headers):
    """The nodes of the answer by their names, and how long it took."""
    start = time.monotonic()
    status, _, body = request(gateway.admin_url + path, **headers)
    assert status == 200, (status, body)
    return {node["name"]: node for node in json.loads(body)["nodes"]}, time.monotonic() - start


class Strange(http.server.BaseHTTPRequestHandler):
    """A node that answers something else."""

    def do_GET(self):
        self.server.asked.append((self.path, dict(self.headers)))
        status, headers, pieces = self.server.answer
        try:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            for piece in pieces:
                self.wfile.write(piece)
        except ConnectionError:  # the gateway has had enough
            pass

    def log_message(self, *_):
        pass


def drip():
    yield b"[1"
    while True:
        time.sleep(0.1)
        yield b",1"


def overview(api):
    """The numbers of sessions and of those that have ended, by node."""
    overviews = [node["overview"] for node in api.call("GET", "/overview", 200, query="?nodes=all")["nodes"]]
    assert [entry["samples"]["calls"] for entry in overviews] == [[], []], overviews
    return {entry["node"]: [len(entry[part]) for part in ("sessions", "ended")] for entry in overviews}


class NodesAdmin(SweepTest):
    def test_sessions_of_all_nodes(self):
        redis = Redis()
        self.addCleanup(redis.__exit__)
        a, b = nodes.start_nodes(self, ("a", "b"), redis=redis, manager__redis_ttl_s=TTL_S).values()
        session_a, session_b = whip.Session(a, good_offer()), whip.Session(b, good_offer())
        for gateway, name, other in ((a, "a", "b"), (b, "b", "a")):
            harness.wait_for(lambda at=gateway: len(ask(at)[0]) == 2, 20, "both nodes")
            api = Description(gateway.admin_url)
            found = {node["name"]: node for node in api.call("GET", "/sessions", 200, query="?nodes=all")["nodes"]}
            self.assertEqual([(node["is_this"], node["error"], len(node["sessions"]))
                              for node in (found[name], found[other])], [(True, None, 1), (False, None, 1)])
            self.assertIn(found[other]["state"], ("ready", "late"))
            self.assertEqual(len(api.call("GET", "/sessions", 200)), 1)  # this node's
            # an overview has what was there at its last sample, one a second
            harness.wait_for(lambda of=api: overview(of) == {"a": [1, 0], "b": [1, 0]}, 20, "the sessions in the overview")

        name = ask(a)[0]["b"]["sessions"][0]["id"]
        self.assertEqual(json.loads(request(f"{a.admin_url}sessions/{name}")[2])["id"], name)
        self.assertEqual(json.loads(request(f"{a.admin_url}sessions/{name}/samples")[2])["id"], name)
        self.assertEqual(request(f"{a.admin_url}sessions/{name}", "DELETE")[0], 204)
        b.wait_log(lambda entry: "admin: hung up by 127.0.0.1" in entry["message"])
        self.assertEqual(ask(a)[0]["b"]["sessions"], [])
        self.assertEqual(session_b.request("GET").status, 404)
        self.check_marked(a)

        redis.stop()  # both go on with what they know
        self.assertEqual(ask(a)[0]["b"]["error"], None)
        self.check_stopped(a, b)
        nodes.kill(b)
        found = ask(a)[0]
        self.assertEqual((found["b"]["sessions"], len(found["a"]["sessions"])), (None, 1))
        self.assertIn("refused", found["b"]["error"])
        redis.start()  # empty: b is forgotten some time later
        harness.wait_for(lambda: list(ask(a)[0]) == ["a"], 8 * TTL_S, "the end of b")
        self.assertEqual(session_a.delete().status, 200)

    def check_marked(self, gateway):
        """What another node asks for is answered by this one alone."""
        for path, status in (("/sessions?nodes=all", 400), ("/overview?nodes=all&since=0", 400), ("/sessions", 200)):
            mark = nodes.sign("b", "a", "GET " + path)
            for expected in (status, 403):  # once
                found = request(gateway.admin_url.rstrip("/") + path, Voice_Gateway_Node=mark)
                self.assertEqual(found[0], expected, (path, found))
        self.assertEqual(request(gateway.admin_url + "sessions?nodes=b")[0], 400)

    def check_stopped(self, a, b):
        """A node that hangs is in the answer, which is not late, and meanwhile nothing else waits."""
        b.process.send_signal(signal.SIGSTOP)
        self.addCleanup(b.process.send_signal, signal.SIGCONT)
        for path in LISTS:
            found = {}
            asking = threading.Thread(target=lambda at=path: found.update(zip(("nodes", "s"), ask(a, at))))
            asking.start()
            n_asked, longest_s = 0, 0
            while asking.is_alive():
                start = time.monotonic()
                self.assertEqual(request(a.admin_url + "healthz")[0], 200)
                longest_s = max(longest_s, time.monotonic() - start)
                n_asked += 1
            asking.join()
            self.assertGreater(n_asked, 3)
            self.assertLess(longest_s, DEADLINE_S / 2)
            self.assertGreater(found["s"], DEADLINE_S * 0.9)
            self.assertLess(found["s"], DEADLINE_S + 2)
            self.assertEqual(found["nodes"]["b"]["error"], "no reply in time")
            self.assertEqual(found["nodes"]["a"]["error"], None)
        b.process.send_signal(signal.SIGCONT)
        self.assertEqual(ask(a)[0]["b"]["error"], None)

    def test_tokens_and_peers(self):
        """The client's token is sent on; a node that has others refuses it, which is in the answer."""
        tokens = {"same": "s" * 40, "other": "o" * 40}
        for name, token in tokens.items():
            (self.directory / name).write_text(token + "\n")
            (self.directory / name).chmod(0o600)
        a, b = nodes.start_nodes(self, ("a", "b"), admin__token_file=self.directory / "same").values()
        (self.directory / "same").write_text(tokens["same"] + "\n" + tokens["other"] + "\n")
        a.process.send_signal(signal.SIGHUP)
        a.wait_log(lambda entry: "admin.token" in entry["message"])
        self.assertEqual(request(a.admin_url + "sessions?nodes=all")[0], 401)
        self.assertEqual(ask(a, Authorization="Bearer " + tokens["same"])[0]["b"]["sessions"], [])
        found = ask(a, Authorization="Bearer " + tokens["other"])[0]
        self.assertEqual((found["a"]["sessions"], found["b"]["sessions"]), ([], None))
        self.assertIn("it has answered 401: this token is not valid", found["b"]["error"])
        self.assertNotIn(tokens["other"], "\n".join([*a.lines, *b.lines]))

    def test_answers_that_are_none(self):
        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Strange) as server:
            server.asked, server.answer = [], (200, {}, [b"[]"])
            threading.Thread(target=server.serve_forever, daemon=True).start()
            self.addCleanup(server.shutdown)
            port = server.server_address[1]
            gateway = self.start(node__name="a", node__keys_file=nodes.write_key(self.directory),
                                 node__peers=f"b=http://127.0.0.1:1;c=http://127.0.0.1:1,http://127.0.0.1:{port}")
            self.assertIn("has no address of its admin listener", ask(gateway)[0]["b"]["error"])
            for answer, error in (
                    ((200, {}, [b"["]), "not JSON"), ((200, {}, [b"[] "]), "not JSON"), ((200, {}, [b'"x"']), "not JSON"),
                    ((200, {}, [b"[\xff]"]), "not JSON"), ((200, {}, [b"[" * 100 + b"]" * 100]), "not JSON"),
                    ((200, {}, [b"[]],[]"]), "not JSON"), ((200, {}, []), "not JSON"),
                    ((200, {}, [b"["] + [b"1," * 32768] * 65 + [b"1]"]), "too long"),
                    ((302, {"Location": f"http://127.0.0.1:{port}/elsewhere"}, [b"there\nand more"]), "answered 302: there"),
                    ((500, {}, [b"x" * 1000]), "answered 500: " + "x" * 200), ((200, {}, drip()), "no reply in time")):
                server.answer = answer
                found, seconds = ask(gateway)
                self.assertIn(error, found["c"]["error"])
                self.assertLess(len(found["c"]["error"]), 250)
                self.assertEqual((found["c"]["sessions"], found["a"]["sessions"]), (None, []))
                self.assertLess(seconds, DEADLINE_S + 2)
            server.answer = (200, {}, [b'[{"id":"x"}]'])
            self.assertEqual(ask(gateway)[0]["c"]["sessions"], [{"id": "x"}])
            self.assertEqual({path for path, _ in server.asked}, {"/sessions"})  # no redirect was followed
            for gateway in (gateway, self.start()):  # a gateway alone has the same form
                answer = json.loads(request(gateway.admin_url + "sessions?nodes=all")[2])
                self.assertTrue(answer["nodes"][0]["is_this"])
            self.assertEqual([(node["name"], node["sessions"]) for node in answer["nodes"]], [(None, [])])

    def test_a_node_behind_tls(self):
        authority = Authority(self.directory)
        context = server_context(*authority.issue("localhost"))
        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Strange) as server:
            server.socket = context.wrap_socket(server.socket, server_side=True)
            server.asked, server.answer = [], (200, {}, [b"[]"])
            threading.Thread(target=server.serve_forever, daemon=True).start()
            self.addCleanup(server.shutdown)
            peers = f"b=http://127.0.0.1:1,https://localhost:{server.server_address[1]}"
            settings = {"node__name": "a", "node__keys_file": nodes.write_key(self.directory), "node__peers": peers}
            self.assertIn("ertificate", ask(self.start(**settings))[0]["b"]["error"])
            self.assertEqual(server.asked, [])
            gateway = self.start(node__tls_ca=authority.certificate, **settings)
            self.assertEqual(ask(gateway)[0]["b"]["error"], None)


if __name__ == "__main__":
    harness.main()
