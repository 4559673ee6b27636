"""A call for each codec: what the caller says comes back."""

import harness


class Echo(harness.GatewayTest):
    def check(self, codec, *arguments, **settings):
        gateway = self.start(**settings)
        reply = self.directory / "reply.wav"
        result = harness.call(gateway.url, "--codec", codec, "--out", reply, *arguments)
        self.assertEqual(result.status, 0, result.errors)
        measured = result.only
        self.assertEqual(measured["end_reason"], "client-bye")
        self.assertEqual(measured["packets_lost"], 0)
        self.assertGreater(measured["packets_received"], 200)
        self.assert_same_speech(harness.PHRASE, reply)
        gateway.wait_log(lambda entry: "client-bye" in entry["message"])
        return gateway, measured

    def test_opus(self):
        self.check("opus")

    def test_pcmu(self):
        self.check("pcmu")

    def test_pcma(self):
        self.check("pcma")

    def test_g722(self):
        self.check("g722")

    def test_without_a_data_channel(self):
        self.check("opus", "--audio-only")

    def test_engine_at_48_khz(self):
        self.check("opus", engine__sample_rate=48000)

    def test_with_libnice(self):
        gateway, measured = self.check("opus", ice__agent="nice", ice__stun_servers="")
        self.assertEqual(gateway.udp_port, 0)

    def test_ten_calls_on_one_port(self):
        gateway = self.start()
        result = harness.call(gateway.url, "--calls", 10, "--ramp", 50, "--duration", 3)
        self.assertEqual(result.status, 0, result.errors)
        self.assertEqual(result.summary["ok"], 10)
        self.assertEqual(len({call["session_id"] for call in result.calls}), 10)


if __name__ == "__main__":
    harness.main()
