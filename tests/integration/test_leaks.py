"""Both programs lose no memory: LeakSanitizer with full unwinding, on slow and short calls."""

import harness


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


if __name__ == "__main__":
    harness.main()
