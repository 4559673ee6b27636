"""Both programs lose no memory: LeakSanitizer with full unwinding, on slow and short calls."""

import harness
import whip
from wire import good_offer


class Leaks(harness.GatewayTest):
    def check(self, *calls, **settings):
        gateway = self.start(finds_leaks=True, **settings)
        for arguments in calls:
            result = harness.call(gateway.url, "--duration", 2, *arguments, finds_leaks=True)
            self.assertIsNotNone(result.only["dtls_ms"], result.errors)
            self.assertEqual(result.only["end_reason"], "client-bye")

    def test_each_codec(self):
        self.check(("--event", "hello"), *(("--codec", codec) for codec in ("pcmu", "pcma", "g722")))

    def test_libnice(self):
        self.check((), ice__agent="nice", ice__stun_servers="")

    def test_recording(self):
        self.check(("--audio-only",), engine__default="record", record__directory=self.directory)

    def test_whip(self):
        gateway = self.start(finds_leaks=True, ice__client_servers="turn:user:pw@a.example")
        session = whip.Session(gateway, good_offer())
        fragment = whip.fragment_of(session.offer, "candidate:1 1 udp 1 192.0.2.1 9 typ host", is_last=True)
        self.assertEqual(session.patch(fragment, If_Match=session.etag).status, 204)
        self.assertEqual(session.patch(fragment.replace("ufrag:", "ufrag:other"), If_Match="*").status, 200)
        self.assertEqual(session.patch("a=x", If_Match="*").status, 400)
        self.assertEqual(session.patch(fragment).status, 428)
        self.assertEqual(session.delete().status, 200)
        self.assertEqual(whip.post(gateway, good_offer().replace("m=audio", "m=video")).status, 422)
        self.assertEqual(whip.post(gateway, "hello", "/whip/absent").status, 404)
        whip.Session(gateway, good_offer(), "/whip/echo")  # there is a session at the end


if __name__ == "__main__":
    harness.main()
