"""The webhook decides who is admitted: what the clients of each door get, and what a receiver that is slow, away or wrong
does to them."""

import asyncio
import http.client
import http.server
import json
import socket
import urllib.parse

import harness
import whip
from bots import Bot, engine
from test_webhook import Receiver
from wire import Wire, WireTest, good_offer

REASON = "closed until Monday"
ADMITTED, REFUSED, UNDECIDED = (f'vgw_admissions_total{{verdict="{verdict}"}}'
                                for verdict in ("admitted", "refused", "undecided"))


class Judge(Receiver):
    """Answers session.register with `verdict`, an object or (status, text), and everything else with 204."""

    def __init__(self, verdict, **options):
        super().__init__(**options)
        self.RequestHandlerClass = JudgeHandler
        self.verdict = verdict


class JudgeHandler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    doors_without_gate = ()

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        event = json.loads(body)
        if event["data"]["door"] not in self.doors_without_gate:
            self.server.gate.wait()
        status, text = 204, ""
        if event["type"] == "session.register":
            verdict = self.server.verdict
            status, text = verdict if isinstance(verdict, tuple) else (200, json.dumps(verdict))
        with self.server.lock:
            self.server.requests.append((body, dict(self.headers), status))
        try:
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())
        except OSError:  # the gateway has given up
            pass

    def log_message(self, *_):
        pass


def post_json(gateway, path, value):
    return whip.post(gateway, json.dumps(value), path, "application/json")


DOORS = {  # each one's request, the status of its answer, and where the text of a refusal is
    "whip": (lambda gateway: whip.post(gateway, good_offer()), 201, str.strip),
    "pipecat": (lambda gateway: post_json(gateway, "/api/offer", {"type": "offer", "sdp": good_offer()}), 200,
                lambda body: json.loads(body)["detail"]),
    "realtime": (lambda gateway: whip.post(gateway, good_offer(), "/v1/realtime/calls"), 201,
                 lambda body: json.loads(body)["error"]["message"]),
    "live": (lambda gateway: post_json(gateway, "/v1/live/sessions", {
        "session": {"model": "gpt-live-1"}, "transport": {"type": "webrtc", "sdp": good_offer()}}), 200,
             lambda body: json.loads(body)["error"]["message"]),
}


class Admission(WireTest):
    def start_with(self, judge, **settings):
        values = {"manager__types": "log;webhook", "manager__webhook_url": judge.url, "manager__webhook_admission": "true",
                  "manager__webhook_admission_timeout_s": 20} | settings
        return self.start(**values)

    def wait(self, condition, what="the receiver"):
        return harness.wait_for(condition, 20, what)

    async def wait_async(self, condition):
        await asyncio.wait_for(harness.wait_until(condition), 20)

    def events(self, judge, kind):
        return [event for event, _ in judge.events() if event["type"] == kind]

    def test_each_door_refuses_with_the_reason(self):
        with Judge({"admit": False, "reason": REASON}) as judge:
            gateway = self.start_with(judge)
            for door, (post, _, read) in DOORS.items():
                with self.subTest(door):
                    reply = post(gateway)
                    self.assertEqual((reply.status, read(reply.body)), (403, REASON), reply)

            async def run():
                async with Wire(gateway.url) as wire:
                    error = await wire.expect_error("unauthorized", fatal=True)
                    self.assertEqual(error["message"], REASON)
                    self.assertEqual((await wire.wait_state("ended"))["reason"], "refused")
                    self.assertEqual(await wire.wait_closed(), 1008)
                    self.assertNotIn("session", [kind for kind, _ in wire.received])
            self.run_async(run())
            self.wait(lambda: len(self.events(judge, "session.deregister")) == 5)
            self.assertEqual({event["data"]["door"] for event in self.events(judge, "session.register")},
                             {*DOORS, "ws"})
            self.assertEqual({event["data"]["reason"] for event in self.events(judge, "session.deregister")}, {"refused"})
            self.assertEqual((gateway.metric(REFUSED), gateway.metric('vgw_sessions_ended_total{reason="refused"}')), (5, 5))

    def test_each_door_gets_the_engine_that_was_chosen(self):
        with Judge({"admit": True, "engine": "hidden"}) as judge:
            gateway = self.start_with(judge, **engine("hidden", type="echo"))
            for door, (post, status, _) in DOORS.items():
                with self.subTest(door):
                    self.assertEqual(post(gateway).status, status)

            async def run():
                async with Wire(gateway.url) as wire:
                    await wire.offer(good_offer())  # before there is a session
                    self.assertEqual((await wire.wait("session"))["engine"], "hidden")
                    await wire.wait("answer")
                    self.assertEqual([kind for kind, _ in wire.received], ["session", "answer"])
            self.run_async(run())
            self.assertEqual(gateway.metric(ADMITTED), 5)
            self.wait(lambda: len([event for event in self.events(judge, "session.update")
                                   if event["data"]["engine"] == "hidden"]) >= 5)
            self.assertEqual({event["data"]["engine"] for event in self.events(judge, "session.register")}, {"echo"})

    def test_a_call_with_the_engine_and_the_metadata_of_the_verdict(self):
        async def run():
            async with Bot() as bot:
                with Judge({"admit": True, "engine": "my-bot", "metadata": {"plan": "gold"}}) as judge:
                    gateway = await asyncio.to_thread(
                        self.start_with, judge, manager__update_interval_s=1,
                        **engine("my-bot", type="websocket", url=bot.url))
                    result = await asyncio.to_thread(harness.call, gateway.url)
                    self.assertEqual(result.summary["ok"], 1, result.errors)
                    self.assertEqual(bot.starts[0]["metadata"], {"plan": "gold"})
                    await self.wait_async(lambda: self.events(judge, "session.deregister"))
                    summary = self.events(judge, "session.deregister")[0]["data"]["statistics"]
                    self.assertGreater(summary["received"]["packets"], 50)
                    self.assertGreater(summary["audio"]["played_ms"], 1000)
                    active = [event["data"] for event in self.events(judge, "session.update")
                              if event["data"]["state"] == "active"]
                    self.assertGreaterEqual(len(active), 2, "one is about no change")
                    self.assertGreater(active[-1]["statistics"]["audio"]["caller_ms"], 0)
        self.run_async(run())

    def test_an_engine_that_does_not_exist_is_an_error_of_the_gateway(self):
        with Judge({"admit": True, "engine": "nowhere"}) as judge:
            gateway = self.start_with(judge)
            self.assertEqual(whip.post(gateway, good_offer()).status, 500)
            gateway.wait_log(lambda entry: 'the engine "nowhere", which does not exist' in entry["message"])

    def test_without_a_verdict_the_default_counts(self):
        answers = [(204, ""), (200, "no"), (200, '{"admit":"yes"}'), (400, ""), (200, '{"admit":true,"metadata":[]}')]
        with Judge(None) as judge:
            gateway = self.start_with(judge)
            for judge.verdict in answers:
                with self.subTest(judge.verdict):
                    reply = whip.post(gateway, good_offer())
                    self.assertEqual((reply.status, reply.headers["Retry-After"]), (503, "5"), reply)
            self.assertEqual(gateway.metric(UNDECIDED), len(answers))
        with Judge(None) as judge:
            gateway = self.start_with(judge, manager__webhook_admission_default="allow")
            for judge.verdict in [*answers, (410, "")]:
                with self.subTest(judge.verdict):
                    self.assertEqual(whip.post(gateway, good_offer()).status, 201)
            n_requests = len(judge.events())
            self.assertEqual(whip.post(gateway, good_offer()).status, 201, "it is not asked after 410")
            self.assertEqual(len(judge.events()), n_requests)

    def test_a_receiver_that_hangs(self):
        with Judge({"admit": True}) as judge:
            judge.gate.clear()
            gateway = self.start_with(judge, manager__webhook_admission_timeout_s=1)

            async def run():
                async with Wire(gateway.url) as wire:
                    await wire.expect_error("busy", fatal=True)
                    self.assertEqual((await wire.wait_state("ended"))["reason"], "admission-timeout")
                    self.assertEqual(await wire.wait_closed(), 1013)
            self.run_async(run())
            self.assertEqual(whip.post(gateway, good_offer()).status, 503)
            judge.gate.set()  # what comes now is too late, but the order is kept
            self.wait(lambda: len(self.events(judge, "session.deregister")) == 2)
            for event in self.events(judge, "session.register"):
                self.assertEqual(judge.types(event["data"]["session_id"], 200), ["session.register"])
                self.assertEqual(judge.types(event["data"]["session_id"]), ["session.deregister"])
            judge.gate.clear()
            other = self.start_with(judge, manager__webhook_admission_timeout_s=1,
                                    manager__webhook_admission_default="allow")
            self.assertEqual(whip.post(other, good_offer()).status, 201)
            judge.gate.set()

    def test_a_receiver_that_is_away_or_comes_back_in_time(self):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        with Judge({"admit": True}) as judge:
            gateway = self.start_with(judge, manager__webhook_url=f"http://127.0.0.1:{port}/",
                                      manager__webhook_admission_timeout_s=1)
            self.assertEqual(whip.post(gateway, good_offer()).status, 503)
        with Receiver(statuses=[503]) as receiver:  # repeated within the deadline
            receiver.RequestHandlerClass = FlakyHandler
            gateway = self.start_with(receiver)
            self.assertEqual(whip.post(gateway, good_offer()).status, 201)
            ids = [headers["webhook-id"] for _, headers, _ in receiver.requests[:2]]
            self.assertEqual(ids[0], ids[1])

    def test_a_client_that_goes_away_and_the_bounds_meanwhile(self):
        with Judge({"admit": True}) as judge:
            judge.gate.clear()
            gateway = self.start_with(judge, limits__max_sessions=2)
            url = urllib.parse.urlsplit(gateway.http_url)
            connection = http.client.HTTPConnection(url.hostname, url.port)
            connection.request("POST", "/whip", good_offer(), {"Content-Type": whip.SDP})

            async def run():
                async with Wire(gateway.url) as wire:
                    await self.wait_async(lambda: gateway.metric('vgw_sessions{state="new"}') == 2)
                    self.assertEqual((await asyncio.to_thread(whip.post, gateway, good_offer())).status, 503)
                    for _ in range(100):  # more than are kept
                        await wire.send("candidate", {"candidate": "", "sdpMid": "0"})
                    await wire.send("bye", {})
                    await wire.wait_closed()
            self.run_async(run())
            connection.close()
            self.wait(lambda: gateway.metric('vgw_sessions{state="new"}') == 0, "the end of both")
            judge.gate.set()
            self.wait(lambda: len(self.events(judge, "session.deregister")) == 2)
            self.assertEqual(len(self.events(judge, "session.register")), 2)
            self.assertEqual(gateway.metric(UNDECIDED), 0)

    def test_the_questions_of_clients_that_are_gone_do_not_delay_others(self):
        n_gone = 32  # if they were asked first, 4 at a time with a timeout of 1 s each, it would take 8 s
        with Judge({"admit": True}) as judge:
            judge.RequestHandlerClass = PromptHandler
            judge.gate.clear()
            gateway = self.start_with(judge, manager__webhook_timeout_ms=1000, manager__webhook_admission_timeout_s=3)
            url = urllib.parse.urlsplit(gateway.http_url)
            gone = [http.client.HTTPConnection(url.hostname, url.port) for _ in range(n_gone)]
            for connection in gone:
                connection.request("POST", "/whip", good_offer(), {"Content-Type": whip.SDP})
            self.wait(lambda: gateway.metric('vgw_sessions{state="new"}') == n_gone)
            for connection in gone:
                connection.close()
            self.wait(lambda: gateway.metric('vgw_sessions{state="new"}') == 0, "the end of all")
            post, status, _ = DOORS["pipecat"]
            self.assertEqual(post(gateway).status, status)
            judge.gate.set()
            self.wait(lambda: len({event["data"]["session_id"] for event in self.events(judge, "session.deregister")})
                      == n_gone, "the events of all, in the end")


class PromptHandler(JudgeHandler):
    doors_without_gate = ("pipecat",)


class FlakyHandler(JudgeHandler):
    """The first status is of `statuses`, as Receiver has it."""

    def do_POST(self):
        with self.server.lock:
            status = self.server.statuses.popleft() if self.server.statuses else None
        self.server.verdict = (status, "") if status is not None else {"admit": True}
        super().do_POST()


if __name__ == "__main__":
    harness.main()
