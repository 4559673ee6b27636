"""A branch of a pipeline that writes a WAV: named by the session, and whole however the call ends."""

import os
import unittest.mock

import harness

PIPELINE = """
rtpopusdepay name=rtp_in ! vgwopusdec ! tee name=t ! queue ! appsink name=pcm_out
t. ! queue ! audioconvert ! wavenc ! filesink location={}/${{session}}.wav
appsrc name=pcm_in ! vgwopusenc ! rtpopuspay name=rtp_out
"""
WAV_HEADER_BYTES = 44


class PipelineFiles(harness.GatewayTest):
    def start_recording(self):
        self.recordings = self.directory / "recordings"
        self.recordings.mkdir()
        (self.directory / "tap.launch").write_text(PIPELINE.format(self.recordings))
        return self.start(media__pipeline_dir=self.directory, media__pipelines="tap", media__extra_elements="filesink",
                          session__resume_grace_ms=500)

    def begin_call(self, gateway):
        call = harness.Call(gateway.url, "--duration", 60)
        gateway.wait_log(lambda entry: "→ active" in entry["message"], 60)
        harness.wait_for(lambda: any(path.stat().st_size > 60_000 for path in self.recordings.glob("*.wav")), 60,
                         "a second of recording")
        return call

    def assert_whole(self):
        (path,) = self.recordings.glob("*.wav")
        data = path.read_bytes()
        self.assertEqual(data[:4] + data[8:12] + data[36:40], b"RIFFWAVEdata")
        self.assertEqual(int.from_bytes(data[4:8], "little"), len(data) - 8)
        self.assertEqual(int.from_bytes(data[40:44], "little"), len(data) - WAV_HEADER_BYTES)
        return path

    def test_the_graph_of_a_call(self):
        graphs = self.directory / "graphs"
        graphs.mkdir()
        with unittest.mock.patch.dict(os.environ, {"GST_DEBUG_DUMP_DOT_DIR": str(graphs)}):
            gateway = self.start()
        self.assertEqual(harness.call(gateway.url).status, 0)
        session_id = next(entry["session"] for entry in gateway.entries() if "→ active" in entry["message"])
        (path,) = harness.wait_for(lambda: list(graphs.glob(f"*-{session_id}.dot")), 20, "the graph")
        text = path.read_text()
        self.assertIn("GstWebRTCBin", text)
        for secret in ("pem", "srtp-key", "application/x-srtp, "):
            self.assertNotIn(secret, text)
        for unused in ("GstRtpRtxSend", "GstRtpRtxReceive", "GstRtpRedDec", "GstRtpUlpFecDec"):
            self.assertNotIn(unused, text)

    def test_after_a_hang_up_the_file_is_whole_and_has_the_sessions_name(self):
        gateway = self.start_recording()
        result = harness.call(gateway.url)
        self.assertEqual(result.status, 0, result.errors)
        self.assertEqual(gateway.stop(), (0, ""))
        path = self.assert_whole()
        self.assertEqual(path.stem, result.only["session_id"])
        self.assert_same_speech(harness.PHRASE, path)

    def test_after_a_closed_socket_the_file_is_whole(self):
        gateway = self.start_recording()
        call = self.begin_call(gateway)
        call.process.kill()
        call.process.communicate()
        gateway.wait_log(lambda entry: "websocket-closed" in entry["message"])
        self.assertEqual(gateway.stop(), (0, ""))
        self.assert_whole()

    def test_after_sigterm_the_file_is_whole(self):
        gateway = self.start_recording()
        call = self.begin_call(gateway)
        self.assertEqual(gateway.stop(), (0, ""))
        call.process.kill()
        call.process.communicate()
        self.assert_whole()


if __name__ == "__main__":
    harness.main()
