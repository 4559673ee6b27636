"""aiortc as the caller: Debian's Python package; Opus and both kinds of G.711."""

import harness
from rtc import Caller
from wire import WireTest

CODECS = {"opus": "OPUS", "pcmu": "PCMU", "pcma": "PCMA"}


class Aiortc(WireTest):
    def check(self, codec="opus", **settings):
        gateway = self.start(media__pipelines=codec, **settings)
        sent, rate = harness.audio.read_wav(harness.PHRASE)

        async def talk(caller):
            await caller.wait_connected()
            wanted = len(sent) / rate + 1.5
            while sum(map(len, caller.heard)) < wanted * caller.heard_rate:
                if caller.channels[0].readyState == "open" and not caller.events and not talk.has_sent:
                    caller.channels[0].send('{"from":"aiortc"}')
                    talk.has_sent = True
                await harness.asyncio_tick()
        talk.has_sent = False

        caller = Caller(gateway.url, sent, rate)
        self.assertEqual(self.run_async(caller.run(talk)), "client-bye")
        tracks = [payload for kind, payload in caller.wire.received if kind == "track"]
        self.assertEqual([(track["kind"], track["codec"]) for track in tracks], [("audio", CODECS[codec])])
        self.assertEqual(caller.events, [{"from": "aiortc"}])
        reply = self.directory / "reply.wav"
        harness.audio.write_wav(reply, caller.recording(), 16000)
        self.assert_same_speech(harness.PHRASE, reply)

    def test_opus(self):
        self.check()

    def test_pcmu(self):
        self.check("pcmu")

    def test_pcma(self):
        self.check("pcma")

    def test_libnice(self):
        self.check(ice__agent="nice", ice__stun_servers="")


if __name__ == "__main__":
    harness.main()
