"""The engine `record`: one WAV for each direction, with the speech in it."""

import harness


class Record(harness.GatewayTest):
    def test_both_directions(self):
        gateway = self.start(engine__default="record", record__directory=self.directory)
        reply = self.directory / "reply.wav"
        result = harness.call(gateway.url, "--out", reply)
        self.assertEqual(result.status, 0, result.errors)
        recordings = [self.directory / f"{result.only['session_id']}-{direction}.wav" for direction in ("caller", "bot")]
        self.assertEqual(gateway.stop(), (0, ""))
        self.assertEqual(sorted(self.directory.glob("*.wav")), sorted([*recordings, reply]))
        for path in recordings:
            self.assert_same_speech(harness.PHRASE, path)
        self.assert_same_speech(harness.PHRASE, reply)

    def test_a_killed_caller_leaves_playable_files(self):
        gateway = self.start(engine__default="record", record__directory=self.directory, session__resume_grace_ms=500)
        call = harness.Call(gateway.url, "--duration", 60)
        gateway.wait_log(lambda entry: "→ active" in entry["message"], 60)
        harness.wait_for(lambda: any(path.stat().st_size > 100_000 for path in self.directory.glob("*-caller.wav")), 60,
                         "three seconds of recording")
        call.process.kill()
        call.process.communicate()
        gateway.wait_log(lambda entry: "websocket-closed" in entry["message"])
        self.assertEqual(gateway.stop(), (0, ""))
        self.assertEqual(len(list(self.directory.glob("*.wav"))), 2)
        for path in self.directory.glob("*.wav"):
            sent, _ = harness.audio.read_wav(harness.PHRASE)
            heard, rate = harness.audio.read_wav(path)
            self.assertGreater(harness.audio.similarity(sent[: 2 * rate], heard, rate), harness.audio.SAME_SPEECH)


if __name__ == "__main__":
    harness.main()
