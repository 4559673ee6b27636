"""The manager `webhook`: what a receiver gets, in which order, and what its trouble costs: no call anything."""

import asyncio
import base64
import collections
import contextlib
import hashlib
import hmac
import http.server
import json
import pathlib
import signal
import tempfile
import threading

import harness
from wire import Wire, WireTest

SECRETS = [base64.b64encode(bytes([n] * 32)).decode() for n in (1, 2)]
N_SESSIONS = 6
TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


class Receiver(http.server.ThreadingHTTPServer):
    """Answers with `statuses`, in their order, and then with 204; `gate` keeps all replies back while it is not set."""

    daemon_threads = True

    def __init__(self, statuses=(), headers=()):
        super().__init__(("127.0.0.1", 0), Handler)
        self.statuses, self.extra_headers = collections.deque(statuses), headers
        self.requests, self.lock = [], threading.Lock()
        self.gate = threading.Event()
        self.gate.set()
        self.url = f"http://127.0.0.1:{self.server_port}/hook"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.gate.set()
        self.shutdown()
        self.server_close()

    def events(self, session_id=None):
        """(event, status) of what was answered, in order."""
        with self.lock:
            found = [(json.loads(body), status) for body, _, status in self.requests]
        return [pair for pair in found if session_id in (None, pair[0]["data"]["session_id"])]

    def types(self, session_id, status=204):
        return [event["type"] for event, answered in self.events(session_id) if answered == status]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.gate.wait()
        with self.server.lock:
            status = self.server.statuses.popleft() if self.server.statuses else 204
            self.server.requests.append((body, dict(self.headers), status))
        with contextlib.suppress(OSError):  # a client that has given up
            self.send_response(status)
            for name, value in self.server.extra_headers:
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

    def log_message(self, *_):
        pass


class Webhook(WireTest):
    def start_with(self, receiver, **settings):
        return self.start(manager__types="log;webhook", manager__webhook_url=receiver.url, **settings)

    async def visit(self, gateway, headers=None):
        """A session that begins and ends; its id."""
        async with Wire(gateway.url, headers) as wire:
            session = await wire.wait("session")
            await wire.send("bye", {})
            await wire.wait_closed()
            return session["id"]

    async def wait(self, condition, timeout_s=30):
        await asyncio.wait_for(harness.wait_until(condition), timeout_s)

    def test_events_are_signed_by_each_secret_and_tell_the_session(self):
        with tempfile.TemporaryDirectory() as directory, Receiver() as receiver:
            path = pathlib.Path(directory, "secrets")
            path.write_text("# while one replaces the other\n" + "".join(f"whsec_{secret}\n" for secret in SECRETS))
            path.chmod(0o600)
            gateway = self.start_with(receiver, manager__webhook_secret_file=path)
            session_id = self.run_async(self.visit(gateway, {"traceparent": TRACEPARENT}))
            self.run_async(self.wait(lambda: "session.deregister" in receiver.types(session_id)))
            types = receiver.types(session_id)
            self.assertEqual((types[0], types[-1]), ("session.register", "session.deregister"))
            first, last = receiver.events(session_id)[0][0], receiver.events(session_id)[-1][0]
            self.assertEqual(first["data"] | {"started_at": None, "duration_ms": 0}, {
                "session_id": session_id, "state": "new", "engine": "echo", "identity": None,
                "client_address": "127.0.0.1", "traceparent": TRACEPARENT, "door": "ws", "origin": None, "codec": None,
                "started_at": None, "duration_ms": 0})
            self.assertRegex(first["timestamp"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
            self.assertEqual((last["data"]["state"], last["data"]["reason"]), ("ended", "client-bye"))
            ids = set()
            for body, headers, _ in receiver.requests:
                signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
                self.assertEqual(headers["webhook-signature"].split(), [
                    "v1," + base64.b64encode(hmac.digest(base64.b64decode(secret), signed, hashlib.sha256)).decode()
                    for secret in SECRETS])
                self.assertEqual(headers["Content-Type"], "application/json")
                ids.add(headers["webhook-id"])
            self.assertEqual(len(ids), len(receiver.requests))

    def test_trouble_is_repeated_and_keeps_the_order_of_each_session(self):
        with Receiver(statuses=[500, 503, 429, 500, 503]) as receiver:
            gateway = self.start_with(receiver)

            async def run():
                ids = await asyncio.gather(*(self.visit(gateway) for _ in range(N_SESSIONS)))
                for session_id in ids:
                    await self.wait(lambda: "session.deregister" in receiver.types(session_id))
                    types = receiver.types(session_id)
                    self.assertEqual((types[0], types[-1]), ("session.register", "session.deregister"))
                    answered = [event["type"] for event, _ in receiver.events(session_id)]
                    self.assertEqual(answered, sorted(answered, key=["session.register", "session.update",
                                                                    "session.deregister"].index))
                await self.wait(lambda: gateway.metric('vgw_manager_queued{manager="webhook"}') == 0)
            self.run_async(run())
            repeated = [headers["webhook-id"] for _, headers, status in receiver.requests if status != 204]
            delivered = [headers["webhook-id"] for _, headers, status in receiver.requests if status == 204]
            self.assertLessEqual(set(repeated), set(delivered), "an event has the same id each time")
            self.assertEqual(len(delivered), len(set(delivered)))
            self.assertEqual(gateway.metric('vgw_manager_retried_total{manager="webhook"}'), 5)
            self.assertEqual(gateway.metric('vgw_manager_delivered_total{manager="webhook"}'), len(delivered))
            self.assertTrue(any("webhook: events are delivered again" in entry["message"] for entry in gateway.entries()))

    def test_a_receiver_that_hangs_costs_no_call_anything_and_the_queue_is_bounded(self):
        with Receiver() as receiver:
            gateway = self.start_with(receiver, manager__webhook_queue=8, manager__webhook_timeout_ms=60000)
            receiver.gate.clear()

            async def run():
                await asyncio.gather(*(self.visit(gateway) for _ in range(10)))
                await self.wait(lambda: gateway.metric('vgw_manager_queued{manager="webhook"}') == 8)
            self.run_async(run())
            self.assertGreaterEqual(gateway.metric('vgw_manager_dropped_total{manager="webhook"}'), 12)
            result = harness.call(gateway.url)
            self.assertEqual(result.summary["ok"], 1)
            receiver.gate.set()
            self.run_async(self.wait(lambda: gateway.metric('vgw_manager_queued{manager="webhook"}') == 0))

    def test_a_refused_event_is_not_repeated_and_no_redirect_is_followed(self):
        with Receiver() as elsewhere, Receiver(statuses=[307, 400], headers=[("Location", elsewhere.url)]) as receiver:
            gateway = self.start_with(receiver)
            self.run_async(self.visit(gateway))
            self.run_async(self.wait(lambda: gateway.metric('vgw_manager_queued{manager="webhook"}') == 0))
            self.assertEqual(gateway.metric('vgw_manager_failed_total{manager="webhook"}'), 2)
            self.assertEqual(gateway.metric('vgw_manager_retried_total{manager="webhook"}'), 0)
            self.assertEqual(elsewhere.requests, [])

    def test_410_disables_the_webhook_until_a_reload(self):
        with Receiver(statuses=[410]) as receiver:
            gateway = self.start_with(receiver)
            self.run_async(self.visit(gateway))
            self.run_async(self.wait(lambda: gateway.metric('vgw_manager_dropped_total{manager="webhook"}') > 0))
            self.run_async(self.visit(gateway))
            self.assertEqual(len(receiver.requests), 1)
            self.assertEqual(gateway.metric('vgw_manager_queued{manager="webhook"}'), 0)
            self.assertTrue(any("answered 410" in entry["message"] for entry in gateway.entries()))
            gateway.process.send_signal(signal.SIGHUP)
            gateway.wait_log(lambda entry: "reload: nothing has changed" in entry["message"])
            session_id = self.run_async(self.visit(gateway))
            self.run_async(self.wait(lambda: "session.deregister" in receiver.types(session_id)))

    def test_a_secret_is_replaced_by_a_reload(self):
        with tempfile.TemporaryDirectory() as directory, Receiver() as receiver:
            path = pathlib.Path(directory, "secrets")
            path.write_text(f"whsec_{SECRETS[0]}\n")
            path.chmod(0o600)
            gateway = self.start_with(receiver, manager__webhook_secret_file=path)
            self.run_async(self.visit(gateway))
            path.write_text("".join(f"whsec_{secret}\n" for secret in SECRETS))
            gateway.process.send_signal(signal.SIGHUP)
            gateway.wait_log(lambda entry: entry["message"].startswith("reload: "))
            session_id = self.run_async(self.visit(gateway))
            self.run_async(self.wait(lambda: "session.deregister" in receiver.types(session_id)))
            self.assertEqual([len(headers["webhook-signature"].split()) for _, headers, _ in
                              (receiver.requests[0], receiver.requests[-1])], [1, 2])

    def test_the_end_of_the_process_is_delivered(self):
        with Receiver() as receiver:
            gateway = self.start_with(receiver)

            async def run():
                async with Wire(gateway.url) as wire:
                    session = await wire.wait("session")
                    self.assertEqual(await asyncio.to_thread(gateway.stop), (0, ""))
                    return session["id"]
            session_id = self.run_async(run())
            last = receiver.events(session_id)[-1][0]
            self.assertEqual((last["type"], last["data"]["reason"]), ("session.deregister", "shutdown"))

    def test_a_receiver_that_is_away_does_not_keep_the_process(self):
        with Receiver() as receiver:
            gateway = self.start_with(receiver)
            receiver.gate.clear()
            self.run_async(self.visit(gateway))
            self.assertEqual(gateway.stop(), (0, ""))
            self.assertTrue(any("notifications of session managers were not delivered" in entry["message"]
                                for entry in gateway.entries()))


if __name__ == "__main__":
    harness.main()
