"""aiortc as the caller: Debian's Python package; Opus and both kinds of G.711."""

import harness
from rtc import Caller, Speech
from wire import WireTest

HEARD_AFTER_S = 0.15  # of silence: Opus sends 200 ms of it, and then nearly nothing

CODECS = {"opus": "OPUS", "pcmu": "PCMU", "pcma": "PCMA"}


class TwoSections(Caller):
    """Sends on one m-line and listens on another."""

    def add_audio(self):
        self.peer.addTransceiver(Speech(self.samples, self.rate), direction="sendonly")
        self.peer.addTransceiver("audio", direction="recvonly")


def without_bundle(sdp):
    assert "a=group:BUNDLE 0\r\n" in sdp
    return sdp.replace("a=group:BUNDLE 0\r\n", "")


def with_another_number(sdp):
    """Opus has another payload type where the caller listens than where it speaks."""
    first, second, third = sdp.split("m=audio")
    assert "96 " in third and "a=rtpmap:96 opus" in third
    third = third.replace(" 96 ", " 111 ", 1).replace("a=rtpmap:96 opus", "a=rtpmap:111 opus")
    return "m=audio".join((first, second, third))


class Aiortc(WireTest):
    def check(self, codec="opus", make_caller=Caller, **settings):
        gateway = self.start(media__pipelines=codec, **settings)
        sent, rate = harness.audio.read_wav(harness.PHRASE)

        async def talk(caller):
            await caller.wait_connected()
            wanted = len(sent) / rate + HEARD_AFTER_S
            while sum(map(len, caller.heard)) < wanted * caller.heard_rate:
                for channel in caller.channels:
                    if channel.readyState == "open" and not talk.has_sent:
                        channel.send('{"from":"aiortc"}')
                        talk.has_sent = True
                await harness.asyncio_tick()
        talk.has_sent = False

        caller = make_caller(gateway.url, sent, rate)
        self.assertEqual(self.run_async(caller.run(talk)), "client-bye")
        tracks = [payload for kind, payload in caller.wire.received if kind == "track"]
        self.assertEqual([(track["kind"], track["codec"]) for track in tracks], [("audio", CODECS[codec])])
        self.assertEqual(caller.events, [{"from": "aiortc"}] * len(caller.channels))
        reply = self.directory / "reply.wav"
        harness.audio.write_wav(reply, caller.recording(), 16000)
        self.assert_same_speech(harness.PHRASE, reply)

    def test_opus(self):
        self.check()

    def test_pcmu(self):
        self.check("pcmu")

    def test_pcma(self):
        self.check("pcma")

    def test_without_a_bundle(self):
        self.check(make_caller=lambda *call: Caller(*call, change_offer=without_bundle, n_channels=0))

    def test_an_m_line_for_each_direction(self):
        self.check(make_caller=lambda *call: TwoSections(*call, change_offer=with_another_number))

    def test_libnice(self):
        self.check(ice__agent="nice", ice__stun_servers="")


if __name__ == "__main__":
    harness.main()
