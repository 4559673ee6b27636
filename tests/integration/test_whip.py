"""WHIP: each status of RFC 9725, what is left of a session after it, and clients that mean no good."""

import asyncio
import concurrent.futures
import http.client
import os
import re
import socket
import urllib.parse

from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription

import audio
import harness
import tokens
import whip
from rtc import Speech
from wire import OFFERS, good_offer

CANDIDATE = "candidate:1 1 udp 2130706431 127.0.0.1 9 typ host"
ORIGIN = "https://page.example"
N_SESSIONS = int(os.environ.get("VGW_TEST_WHIP_SESSIONS", "200"))
N_WARM = 20
SPARE_THREADS = 2  # GLib keeps idle threads of its pool for some seconds


def offer_of(name):
    return (OFFERS / name).read_bytes().decode()


class Whip(harness.GatewayTest):
    def wait_ended(self, gateway, reason, count=1):
        harness.wait_for(lambda: len([entry for entry in gateway.entries()
                                      if f"session ended: reason {reason}" in entry["message"]]) >= count, 20, reason)

    def test_an_offer_becomes_a_session(self):
        gateway = self.start(ice__client_servers='stun:a.example;turn:user:p"w@b.example:3478?transport=udp')
        session = whip.Session(gateway, good_offer())
        headers, answer = session.reply.headers, session.reply.body
        self.assertEqual(headers["Content-Type"], "application/sdp")
        self.assertRegex(session.path, r"^/whip/session/[A-Za-z0-9_-]{22}$")
        self.assertRegex(session.etag, r'^"[A-Za-z0-9_-]+"$')
        self.assertEqual(headers["Accept-Patch"], "application/trickle-ice-sdpfrag")
        self.assertEqual(headers.get_all("Link"), [
            '<stun:a.example>; rel="ice-server"',
            '<turn:b.example:3478?transport=udp>; rel="ice-server"; username="user"; credential="p\\"w"; '
            'credential-type="password"'])
        for line in ("a=ice-lite", "a=candidate:1 ", "a=end-of-candidates", "a=sendrecv", "a=rtcp-mux", "a=group:BUNDLE 0 1"):
            self.assertIn(f"\r\n{line}", answer)
        # its address is no id that others get to see
        self.assertNotIn(session.path.rpartition("/")[2], "\n".join(gateway.lines))
        for _ in range(2):
            self.assertEqual((session.request("GET").status, session.request("GET").body), (204, ""))
        self.assertEqual(session.delete().status, 200)
        self.wait_ended(gateway, "client-bye")
        for method in ("GET", "DELETE", "PATCH"):
            self.assertEqual(session.request(method).status, 404)

    def test_each_session_has_an_address_and_a_tag_of_its_own(self):
        gateway = self.start()
        sessions = [whip.Session(gateway, good_offer()) for _ in range(3)]
        self.assertEqual(len({session.path for session in sessions} | {session.etag for session in sessions}), 6)
        sessions[0].delete()
        self.assertEqual([session.request("GET").status for session in sessions], [404, 204, 204])

    def test_directions(self):
        """The answer takes what the offer allows, unlike the RFC's, which is recvonly."""
        gateway = self.start()
        for offered, answered in (("sendrecv", "sendrecv"), ("sendonly", "recvonly"), ("recvonly", "sendonly")):
            session = whip.Session(gateway, good_offer().replace("a=sendrecv", f"a={offered}"))
            self.assertIn(f"\r\na={answered}\r\n", session.reply.body)

    def test_engines(self):
        configuration = self.directory / "voice-gateway.conf"
        configuration.write_text("[engine]\ndefault = echo\n[engine other-one]\ntype = echo\nselectable = true\n"
                                 "[engine hidden]\ntype = echo\n")
        gateway = self.start(command=(harness.GATEWAY, "--config", configuration))
        for path, engine in (("/whip", "echo"), ("/whip/echo", "echo"), ("/whip/other%2done", "other-one"),
                             ("/whip?engine=other%2done", "other-one"), ("/whip/echo?engine=hidden", "echo")):
            start = len(gateway.lines)
            self.assertEqual(whip.post(gateway, good_offer(), path).status, 201, path)
            gateway.wait_log(lambda entry: entry["message"].endswith(f"engine {engine}"), start=start)
        for path in ("/whip/absent", "/whip/hidden", "/whip?engine=hidden", "/whip/%ff"):
            reply = whip.post(gateway, good_offer(), path)
            self.assertEqual((reply.status, reply.body), (404, "no such engine, or it is not selectable\n"), path)
        self.assertEqual(whip.post(gateway, good_offer(), "/whip/%zz").status, 400)

    def test_offers_that_are_refused(self):
        gateway = self.start()
        video = offer_of("chromium-audio-video.sdp")
        for name, offer, status in (
                ("no SDP", "hello", 400),
                ("nothing", "", 400),
                ("no text", good_offer().encode() + b"\0", 400),
                ("no credentials", re.sub(r"a=ice-(ufrag|pwd).*\r\n", "", good_offer()), 400),
                ("no fingerprint", re.sub(r"a=fingerprint.*\r\n", "", good_offer()), 400),
                ("video", video, 422),
                ("no audio", good_offer().replace("m=audio", "m=video"), 422),
                ("no codec", re.sub(r"SAVPF .*\r\n", "SAVPF 77\r\na=rtpmap:77 speex/8000\r\n", good_offer(), 1), 422),
                ("no mux", good_offer().replace("a=rtcp-mux\r\n", ""), 422),
                ("too many m-lines", good_offer() + "m=video 0 UDP/TLS/RTP/SAVPF 96\r\n" * 8, 413),
                ("too large", good_offer() + "a=x\r\n" * 20000, 413)):
            with self.subTest(name):
                reply = whip.post(gateway, offer)
                self.assertEqual(reply.status, status, reply)
                self.assertIsNone(reply.headers["Location"])
                self.assertTrue(reply.body.endswith("\n"))
        # video that the client itself does not want is no part that is refused
        self.assertEqual(whip.post(gateway, video.replace("m=video 9", "m=video 0")).status, 201)
        harness.wait_for(lambda: gateway.metric('vgw_sessions{state="connecting"}') == 1, 20, "one session is left")

    def test_requests_that_are_refused(self):
        gateway = self.start()
        self.assertEqual(whip.post(gateway, good_offer(), content_type="text/plain").status, 415)
        reply = whip.request(gateway, "POST", "/whip", good_offer())
        self.assertEqual((reply.status, reply.headers["Accept-Post"]), (415, "application/sdp"))
        self.assertEqual(whip.post(gateway, good_offer(), content_type="Application/SDP; charset=utf-8").status, 201)
        for method in ("GET", "HEAD", "PUT", "PATCH", "DELETE"):
            reply = whip.request(gateway, method, "/whip")
            self.assertEqual((reply.status, reply.headers["Allow"]), (405, "POST, OPTIONS"), method)
        for method in ("POST", "PUT"):
            self.assertEqual(whip.request(gateway, method, "/whip/session/x").status, 405, method)

    def test_candidates(self):
        gateway = self.start(limits__max_candidates=5)
        session = whip.Session(gateway, good_offer())
        fragment = whip.fragment_of(session.offer, CANDIDATE)
        for name, status, reply in (
                ("trickle", 204, session.patch(fragment, If_Match=session.etag)),
                ("one of several tags", 204, session.patch(fragment, If_Match=f'"x", {session.etag}')),
                ("any tag", 204, session.patch(fragment, If_Match="*")),
                ("without credentials", 204, session.patch(f"a={CANDIDATE}\r\n", If_Match=session.etag)),
                ("no tag", 428, session.patch(fragment)),
                ("another tag", 412, session.patch(fragment, If_Match='"x"')),
                ("a weak tag", 412, session.patch(fragment, If_Match=f"W/{session.etag}")),
                ("a tag without quotes", 412, session.patch(fragment, If_Match=session.etag.strip('"'))),
                ("another type", 415, session.patch(fragment, content_type="application/sdp", If_Match=session.etag)),
                ("no fragment", 400, session.patch("hello", If_Match=session.etag)),
                ("an empty one", 400, session.patch("", If_Match=session.etag)),
                ("half of the credentials", 400, session.patch("a=ice-ufrag:abcd\r\n", If_Match="*")),
                ("too large", 413, session.patch(fragment + "a=x\r\n" * 20000, If_Match=session.etag))):
            with self.subTest(name):
                self.assertEqual(reply.status, status, reply)
                self.assertIsNone(reply.headers["ETag"])
        self.assertEqual(session.patch(fragment, content_type="x").headers["Accept-Patch"], whip.FRAGMENT)
        # candidates of no use are not the request's fault, and neither are too many
        useless = ("candidate:1 1 tcp 1 192.0.2.1 9 typ host tcptype active", "candidate:1 1 udp 1 x.local 9 typ host",
                   "candidate:1 1 udp 1 2001:db8::1 9 typ host", "candidate:nonsense")
        reply = session.patch(whip.fragment_of(session.offer, *useless, *[CANDIDATE] * 100, is_last=True), If_Match=session.etag)
        self.assertEqual(reply.status, 204, reply)
        self.assertEqual(session.request("GET").status, 204)

    def test_an_ice_restart(self):
        gateway = self.start()
        session = whip.Session(gateway, good_offer())
        other = "a=ice-ufrag:other\r\na=ice-pwd:abcdefghijklmnopqrstuv\r\n"
        self.assertEqual(session.patch(other).status, 428)
        self.assertEqual(session.patch(other, If_Match='"x"').status, 412)
        self.assertEqual(session.patch(other, If_Match=session.etag).status, 422)
        self.assertEqual(session.patch("a=ice-ufrag:other\r\na=ice-pwd:short\r\n", If_Match="*").status, 400)
        self.assertEqual(session.patch(whip.fragment_of(session.offer, CANDIDATE), If_Match=session.etag).status, 204)
        mline = "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\n"
        tags, credentials = {session.etag}, {whip.credentials_of(session.reply.body)}
        for number, any_tag in enumerate(("*", '"*"', "*")):
            fragment = other.replace("other", f"other{number}") + mline + f"a={CANDIDATE}\r\n"
            reply = session.patch(fragment, If_Match=any_tag)
            self.assertEqual((reply.status, reply.headers["Content-Type"]), (200, whip.FRAGMENT), reply)
            self.assertTrue(reply.body.startswith("a=ice-lite\r\n" + mline), reply)
            self.assertIn("\r\na=candidate:1 ", reply.body)
            tags.add(reply.headers["ETag"])
            credentials.add(whip.credentials_of(reply.body))
            self.assertEqual(session.patch(f"a={CANDIDATE}\r\n", If_Match=session.etag).status, 412)
            self.assertEqual(session.patch(fragment, If_Match=reply.headers["ETag"]).status, 204)
            # of a client to which the response was lost
            again = session.patch(fragment, If_Match=any_tag)
            self.assertEqual((again.status, again.headers["ETag"], again.body), (200, reply.headers["ETag"], reply.body))
        self.assertEqual((len(tags), len(credentials)), (4, 4))

    def test_too_many_ice_restarts(self):
        gateway = self.start()
        session = whip.Session(gateway, good_offer())
        replies = [session.patch(f"a=ice-ufrag:number{n}\r\na=ice-pwd:abcdefghijklmnopqrstuv\r\n", If_Match="*")
                   for n in range(40)]
        busy = [reply for reply in replies if reply.status != 200]
        self.assertGreaterEqual(len(replies) - len(busy), 8)
        self.assertTrue(busy)
        for reply in busy:
            self.assertEqual(reply.status, 503, reply)
            self.assertGreater(int(reply.headers["Retry-After"]), 0)
        self.assertEqual(session.request("GET").status, 204)

    def test_an_ice_restart_that_is_not_possible(self):
        gateway = self.start(ice__agent="nice", ice__stun_servers="")
        session = whip.Session(gateway, good_offer())
        reply = session.patch("a=ice-ufrag:other\r\na=ice-pwd:abcdefghijklmnopqrstuv\r\n", If_Match="*")
        self.assertEqual(reply.status, 422, reply)
        self.assertIn("ice.agent", reply.body)
        self.assertIsNone(reply.headers["ETag"])
        self.assertEqual(session.patch(whip.fragment_of(session.offer, CANDIDATE), If_Match=session.etag).status, 204)

    def test_options_and_other_origins(self):
        gateway = self.start(access__origins=ORIGIN, ice__client_servers="stun:a.example")
        preflight = whip.request(gateway, "OPTIONS", "/whip/echo", Origin=ORIGIN, Access_Control_Request_Method="POST",
                                 Access_Control_Request_Headers="authorization,content-type")
        self.assertEqual((preflight.status, preflight.headers["Accept-Post"]), (200, "application/sdp"))
        self.assertEqual(preflight.headers["Access-Control-Allow-Origin"], ORIGIN)
        self.assertEqual(preflight.headers["Access-Control-Allow-Headers"], "authorization,content-type")
        self.assertIsNone(preflight.headers["Link"])
        session = whip.Session(gateway, good_offer(), Origin=ORIGIN)
        self.assertEqual(session.reply.headers["Access-Control-Allow-Origin"], ORIGIN)
        for name in ("Location", "Link", "ETag"):
            self.assertIn(name, session.reply.headers["Access-Control-Expose-Headers"].split(", "))
        preflight = session.request("OPTIONS", Origin=ORIGIN, Access_Control_Request_Method="PATCH",
                                    Access_Control_Request_Headers="if-match,content-type")
        self.assertEqual(preflight.status, 204)
        self.assertEqual(preflight.headers["Access-Control-Allow-Methods"], "GET, HEAD, PATCH, DELETE, OPTIONS")
        self.assertEqual(session.request("DELETE", Origin=ORIGIN).headers["Access-Control-Allow-Origin"], ORIGIN)
        refused = whip.post(gateway, good_offer(), Origin="https://evil.example")
        self.assertEqual(refused.status, 403, refused)
        self.assertIsNone(refused.headers["Access-Control-Allow-Origin"])

    def test_tokens(self):
        keys = tokens.write_keys(self.directory / "keys", "a")
        gateway = self.start(access__mode="token", access__token_keys_file=keys)
        refused = whip.post(gateway, good_offer())
        self.assertEqual((refused.status, refused.headers["WWW-Authenticate"]), (401, 'Bearer realm="voice-gateway"'))
        refused = whip.post(gateway, good_offer(), Authorization="Bearer " + tokens.mint(aud="shop"))
        self.assertEqual(refused.status, 401, refused)
        self.assertIn('error="invalid_token"', refused.headers["WWW-Authenticate"])
        self.assertEqual(whip.post(gateway, good_offer(), f"/whip/echo?token={tokens.mint()}").status, 201)
        session = whip.Session(gateway, good_offer(), Authorization="Bearer " + tokens.mint())
        # a token that expires in mid-call keeps nobody from hanging up: its address is enough
        self.assertEqual(session.patch(whip.fragment_of(session.offer, CANDIDATE), If_Match=session.etag).status, 204)
        self.assertEqual(session.delete().status, 200)

    async def call(self, gateway, path):
        peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        peer.addTrack(Speech(*audio.read_wav(harness.PHRASE)))
        await peer.setLocalDescription(await peer.createOffer())
        session = await asyncio.to_thread(whip.Session, gateway, peer.localDescription.sdp, path)
        await peer.setRemoteDescription(RTCSessionDescription(session.reply.body, "answer"))
        await harness.wait_until(lambda: peer.connectionState == "connected")
        return peer, session, session.reply.headers

    def test_a_client_that_only_closes_its_connection_has_hung_up(self):
        gateway = self.start(session__resume_grace_ms=500)

        async def run():
            peer, _, _ = await self.call(gateway, "/whip")
            await asyncio.to_thread(gateway.wait_log, lambda entry: entry["message"].endswith("→ active"))
            await peer.close()
            await asyncio.to_thread(self.wait_ended, gateway, "client-bye")

        asyncio.run(asyncio.wait_for(run(), 120))
        self.assertFalse(any(entry["level"] == "warning" for entry in gateway.entries()))

    def test_a_session_is_resumed(self):
        gateway = self.start()

        async def run():
            first, old, headers = await self.call(gateway, "/whip")
            self.assertEqual(headers["X-Resume-Status"], "new")
            await asyncio.to_thread(gateway.wait_log, lambda entry: entry["message"].endswith("→ active"))
            token = headers["X-Resume-Token"]
            refused = await asyncio.to_thread(whip.post, gateway, "hello", f"/whip?resume={token}")
            self.assertEqual(refused.status, 400, refused)
            self.assertEqual(old.request("GET").status, 204)
            # a response that is lost: the client has its old token only
            lost = await asyncio.to_thread(whip.post, gateway, good_offer(), f"/whip?resume={token}")
            self.assertEqual((lost.status, lost.headers["X-Resume-Status"]), (201, "resumed"))
            second, session, headers = await self.call(gateway, f"/whip?resume={token}")
            self.assertEqual(headers["X-Resume-Status"], "resumed")
            await asyncio.to_thread(gateway.wait_log, lambda entry: "has taken over" in entry["message"])
            self.assertEqual((old.request("GET").status, session.request("GET").status), (404, 204))
            third, other, headers = await self.call(gateway, f"/whip?resume={token}")
            self.assertEqual(headers["X-Resume-Status"], "expired")
            self.assertEqual(session.request("GET").status, 204)
            self.assertEqual(gateway.metric('vgw_sessions_refused_total{cause="resume"}'), 1)
            for ended in (session, other):
                self.assertEqual(ended.delete().status, 200)
            await asyncio.to_thread(self.wait_ended, gateway, "client-bye", 2)
            for peer in (first, second, third):
                await peer.close()

        asyncio.run(asyncio.wait_for(run(), 120))

    def test_a_resumption_that_is_refused_leaves_the_call_alone(self):
        grace_ms = 500
        gateway = self.start(session__resume_grace_ms=grace_ms)

        async def run():
            peer, session, headers = await self.call(gateway, "/whip")
            await asyncio.to_thread(gateway.wait_log, lambda entry: entry["message"].endswith("→ active"))
            tokens_seen, video = [headers["X-Resume-Token"]], offer_of("chromium-audio-video.sdp")
            for offer, status in (("hello", 400), (video, 422), ("hello", 400)):
                refused = await asyncio.to_thread(whip.post, gateway, offer, f"/whip?resume={tokens_seen[-1]}")
                self.assertEqual(refused.status, status, refused)
                tokens_seen.append(refused.headers["X-Resume-Token"])
            self.assertEqual(len(set(tokens_seen)), len(tokens_seen))
            # it is there by its address, after more than the grace
            received = gateway.metric("vgw_rtp_received_packets_total")
            n_packets = 3 * grace_ms // 20
            await harness.wait_until(lambda: gateway.metric("vgw_rtp_received_packets_total") > received + n_packets)
            self.assertEqual(gateway.metric('vgw_sessions{state="active"}'), 1)
            self.assertEqual(session.request("GET").status, 204)
            self.assertEqual(session.delete().status, 200)
            await asyncio.to_thread(self.wait_ended, gateway, "client-bye")
            await peer.close()

        asyncio.run(asyncio.wait_for(run(), 120))

    def test_a_call_that_is_being_connected_is_not_resumed(self):
        gateway = self.start()
        session = whip.Session(gateway, good_offer())
        token = session.reply.headers["X-Resume-Token"]
        other = re.sub("sha-256 ..", "sha-256 00", good_offer())  # of the same connection it would be answered
        refused = whip.post(gateway, other, f"/whip?resume={token}")
        self.assertEqual(refused.status, 409, refused)
        self.assertEqual(session.request("GET").status, 204)
        self.assertEqual(session.delete().status, 200)

    def test_no_room(self):
        gateway = self.start(limits__max_sessions=1)
        session = whip.Session(gateway, good_offer())
        reply = whip.post(gateway, good_offer())
        self.assertEqual((reply.status, reply.body), (503, "limits.max-sessions (1) is reached\n"))
        self.assertGreater(int(reply.headers["Retry-After"]), 0)
        session.delete()
        self.assertEqual(whip.post(gateway, good_offer()).status, 201)

    def test_a_client_that_goes_away_while_it_waits(self):
        """The agent asks a STUN server that is not there, so that the answer takes its time."""
        gateway = self.start(ice__agent="nice", ice__stun_servers="stun:192.0.2.1:3478", ice__gather_timeout_ms=20000)
        url = urllib.parse.urlsplit(gateway.http_url)
        body = good_offer().encode()
        with socket.create_connection((url.hostname, url.port)) as client:
            client.sendall(b"POST /whip HTTP/1.1\r\nHost: x\r\nContent-Type: application/sdp\r\nContent-Length: %d\r\n\r\n%s"
                           % (len(body), body))
            gateway.wait_log(lambda entry: entry["message"] == "new → negotiating")
        self.wait_ended(gateway, "client-bye")

    def test_shutdown_while_a_client_waits(self):
        gateway = self.start(ice__agent="nice", ice__stun_servers="stun:192.0.2.1:3478", ice__gather_timeout_ms=20000)
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            reply = pool.submit(whip.post, gateway, good_offer())
            gateway.wait_log(lambda entry: entry["message"] == "new → negotiating")
            gateway.process.terminate()
            with self.assertRaises(http.client.RemoteDisconnected):
                reply.result()

    def test_many_sessions_leave_nothing_behind(self):
        gateway = self.start(log__level="info", limits__max_sessions=0)

        def call(_):
            session = whip.Session(gateway, good_offer())
            return session.delete().status

        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            idle = gateway.usage()
            self.assertEqual(set(pool.map(call, range(N_WARM))), {200})
            harness.wait_for(lambda: gateway.usage()["threads"] <= idle["threads"] + SPARE_THREADS, 60, "threads have gone")
            before = gateway.usage()
            self.assertEqual(set(pool.map(call, range(N_SESSIONS))), {200})
        harness.wait_for(lambda: gateway.usage()["threads"] <= before["threads"], 60, "threads have gone")
        harness.wait_for(lambda: gateway.usage()["fds"] <= before["fds"], 30, "files are closed")
        print(f"{N_SESSIONS} sessions: {before} before, {gateway.usage()} after")
        self.wait_ended(gateway, "client-bye", N_WARM + N_SESSIONS)

    def test_garbage(self):
        gateway = self.start()
        session = whip.Session(gateway, good_offer())
        random = os.urandom(2000)
        for body in (random, b"m=audio 9 UDP/TLS/RTP/SAVPF 0\r\n" * 2000, b"a=" + b"x" * 60000, b"\r\n" * 30000,
                     b"v=0\r\n" * 10000, b"[" * 60000, good_offer().encode()[:700], "ü".encode("latin-1") * 100):
            reply = whip.post(gateway, body)
            self.assertIn(reply.status, (400, 413, 422), reply)
            self.assertIn(session.patch(body, If_Match=session.etag).status, (204, 400), body[:20])
        for headers in ({f"X-{i}": "y" for i in range(4000)}, {"X": "y" * 20000}):
            self.assertEqual(whip.post(gateway, good_offer(), **headers).status, 431)
        for path in ("/whip/session/" + "x" * 5000, "/whip/session/%00", "/whip/session/..%2f.."):
            self.assertEqual(whip.request(gateway, "GET", path).status, 404)
        self.assertEqual(session.request("GET").status, 204)


if __name__ == "__main__":
    harness.main()
