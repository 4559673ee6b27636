"""Signaling that no honest client sends: the answer that docs/PROTOCOL.md promises, and never a dead gateway."""

import json
import re

import harness
from wire import Wire, WireTest, good_offer

MAX_MESSAGE_BYTES = 65536


def with_more_mlines(sdp, count):
    video = "m=video 9 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 0.0.0.0\r\na=mid:v{}\r\na=rtcp-mux\r\na=rtpmap:96 VP8/90000\r\n"
    return sdp + "".join(video.format(i) for i in range(count))


UNUSABLE_OFFERS = {
    "not SDP": lambda sdp: "hello",
    "empty": lambda sdp: "",
    "no audio": lambda sdp: sdp.replace("m=audio", "m=video"),
    "no fingerprint": lambda sdp: re.sub(r"a=fingerprint.*\r\n", "", sdp),
    "no profile of WebRTC": lambda sdp: sdp.replace("UDP/TLS/RTP/SAVPF", "UDP/TLS/UDPTL"),
    "no rtcp-mux": lambda sdp: re.sub(r"a=rtcp-mux\r\n", "", sdp),
    "no ICE credentials": lambda sdp: re.sub(r"a=ice-(ufrag|pwd).*\r\n", "", sdp),
    "no codec that a pipeline serves": lambda sdp: re.sub(r"SAVPF .*\r\n", "SAVPF 77\r\na=rtpmap:77 speex/8000\r\n", sdp, 1),
    "too many m-lines": lambda sdp: with_more_mlines(sdp, 9),
}


class Hostile(WireTest):
    def setUp(self):
        super().setUp()
        self.gateway = self.start()

    def wire(self):
        return Wire(self.gateway.url)

    def test_text_that_is_not_a_message(self):
        async def run():
            async with self.wire() as wire:
                for text in ("hello", "", "null", "[]", "{}", '{"payload":"{}"}', '{"type":1}', '{"type":"offer"}',
                             '{"type":"offer","payload":"{"}', '{"type":"offer","payload":"{\\"sdp\\":7}"}',
                             '{"type":"offer","payload":"{}"} trailing', "/* c */ {}", "var x = {}", '{"a":"\\u0000"}'):
                    await wire.socket.send(text)
                    await wire.expect_error("bad-message")
                await wire.expect_quiet()
        self.run_async(run())

    def test_nesting(self):
        async def run():
            async with self.wire() as wire:
                await wire.socket.send('{"type":' + "[" * 33 + "]" * 33 + "}")
                await wire.expect_error("too-large")
                await wire.socket.send('{"type":' + "[" * 60000)
                await wire.expect_error("too-large")
                await wire.send("event", {"deep": json.loads("[" * 33 + "]" * 33)})
                await wire.expect_error("too-large")
                await wire.expect_quiet()
        self.run_async(run())

    def test_a_message_that_is_too_large(self):
        async def run():
            text = json.dumps({"type": "event", "payload": "x" * MAX_MESSAGE_BYTES})
            fragments = [text[i : i + 1000] for i in range(0, len(text), 1000)]
            for message in (text, fragments):
                async with self.wire() as wire:
                    await wire.socket.send(message)
                    await wire.expect_error("too-large", fatal=True)
                    self.assertEqual(await wire.wait_closed(), 1009)
        self.run_async(run())

    def test_the_largest_message_is_not_too_large(self):
        async def run():
            async with self.wire() as wire:
                text = '{"type":"unheard-of","payload":"%s"}'
                await wire.socket.send(text % ("x" * (MAX_MESSAGE_BYTES - len(text) + 2)))
                await wire.expect_quiet()
        self.run_async(run())

    def test_a_binary_frame(self):
        async def run():
            async with self.wire() as wire:
                await wire.socket.send(b'{"type":"bye","payload":"{}"}')
                await wire.expect_error("bad-message")
                await wire.expect_quiet()
        self.run_async(run())

    def test_an_unknown_type_is_ignored_with_one_line(self):
        async def run():
            async with self.wire() as wire:
                await wire.send("make\ncoffee", {})
                await wire.expect_quiet()
        self.run_async(run())
        self.gateway.wait_log(lambda entry: "coffee" in entry["message"])
        lines = [entry for entry in self.gateway.entries() if "coffee" in entry["message"]]
        self.assertEqual(len(lines), 1, lines)

    def test_types_of_the_gateway_from_a_client(self):
        async def run():
            async with self.wire() as wire:
                for kind, payload in (("answer", {"type": "answer", "sdp": "v=0"}), ("state", {"state": "active"}),
                                      ("session", {"id": "x"}), ("track", {"kind": "audio"}),
                                      ("error", {"code": "busy", "message": "", "fatal": True})):
                    await wire.send(kind, payload)
                    error = await wire.wait("error")
                    self.assertIn(error["code"], ("bad-state", "bad-message"), kind)
                    self.assertFalse(error["fatal"])
                await wire.expect_quiet()
        self.run_async(run())

    def test_unusable_offers(self):
        async def run(change):
            async with self.wire() as wire:
                await wire.offer(change(good_offer()))
                error = await wire.wait("error")
                self.assertIn(error["code"], ("bad-message", "too-large"))
                self.assertFalse(error["fatal"])
                await wire.offer(good_offer())
                self.assertIn("m=audio", (await wire.wait("answer"))["sdp"])
        for name, change in UNUSABLE_OFFERS.items():
            with self.subTest(name):
                self.run_async(run(change))

    def test_the_fourth_unusable_offer_is_fatal(self):
        async def run():
            async with self.wire() as wire:
                for i in range(4):
                    await wire.offer("v=0")
                    await wire.expect_error("bad-message", fatal=i == 3)
                await wire.wait_closed()
                self.assertEqual(wire.received[-1], ("state", {"state": "ended", "reason": "error"}))
        self.run_async(run())

    def test_a_second_offer_leaves_the_call_alone(self):
        async def run():
            async with self.wire() as wire:
                await wire.offer(good_offer())
                await wire.wait("answer")
                await wire.offer(good_offer())  # of the same connection
                await wire.wait("answer")
                await wire.offer(re.sub("sha-256 ..", "sha-256 00", good_offer()))
                await wire.expect_error("bad-state")
                await wire.expect_quiet()
        self.run_async(run())

    def test_candidates(self):
        candidate = "candidate:1 1 udp 2130706431 192.0.2.9 9 typ host"

        async def run():
            async with self.wire() as wire:
                await wire.send("candidate", {"candidate": candidate, "sdpMid": "0", "sdpMLineIndex": 0})
                await wire.expect_quiet()
                await wire.offer(good_offer())
                await wire.wait("answer")
                await wire.send("candidate", {"candidate": candidate, "sdpMLineIndex": 7})  # ignored
                await wire.send("candidate", {"candidate": f"a={candidate}\r\n", "sdpMLineIndex": 0})
                await wire.expect_quiet()
                for odd in ("", "garbage", "candidate:" + "9" * 5000, "candidate:1 1 udp 1 x.local 9 typ host"):
                    await wire.send("candidate", {"candidate": odd, "sdpMLineIndex": 0})
                for _ in range(100):
                    await wire.send("candidate", {"candidate": candidate, "sdpMLineIndex": 0})
                while "more than 64 candidates" not in (await wire.wait("error"))["message"]:
                    pass
                await wire.expect_quiet()
        self.run_async(run())

    def test_odd_spelling_is_accepted(self):
        async def run():
            async with self.wire() as wire:
                payload = {"Type": "offer", "SDP": good_offer()}
                await wire.socket.send(json.dumps({"Type": "OFFER".lower(), "Payload": payload}))
                await wire.wait("answer")
        self.run_async(run())

    def test_others_do_not_notice(self):
        reply = self.directory / "reply.wav"
        call = harness.Call(self.gateway.url, "--out", reply)
        self.gateway.wait_log(lambda entry: "→ active" in entry["message"], 60)

        async def run():
            for text in ("x", "[" * 60000, '{"type":"offer","payload":"{}"}', "y" * 70000, b"\0" * 1000):
                async with self.wire() as wire:
                    await wire.socket.send(text)
                    await wire.wait("error")
        self.run_async(run())
        result = call.finish()
        self.assertEqual((result.status, result.only["end_reason"]), (0, "client-bye"), result.errors)
        self.assert_same_speech(harness.PHRASE, reply)


if __name__ == "__main__":
    harness.main()
