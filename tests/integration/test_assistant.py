"""The offline assistant behind the gateway: what a caller says over its greeting interrupts it, and is understood."""

import json
import re
import signal
import subprocess

import numpy as np

import bots
import harness

PROGRAM = harness.BUILD_ROOT / "tools" / "assistant" / "voice-gateway-assistant"
GREETING_S = 2  # of the greeting's 5 s, before the caller speaks
QUIET_S = 8  # for the answer
STOP_TIMEOUT_S = 30


class Assistant:
    """One voice-gateway-assistant, on a free port where none is named."""

    def __init__(self, *arguments):
        self.process = subprocess.Popen([PROGRAM, "--listen", "127.0.0.1:0", "--log-format", "json", *arguments],
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=harness.environment(), text=True)
        self.url = self.process.stdout.readline().removeprefix("ready ").strip()

    def stop(self, signal_number=signal.SIGTERM):
        """Ends it; returns (exit status, what it has logged)."""
        self.process.send_signal(signal_number)
        try:
            _, log = self.process.communicate(timeout=STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            _, log = self.process.communicate()
        return self.process.returncode, log


class AssistantTest(harness.GatewayTest):
    def start_assistant(self, *arguments):
        assistant = Assistant(*arguments)
        self.addCleanup(self.stop_assistant, assistant)
        self.assertRegex(assistant.url, r"^ws://127\.0\.0\.1:\d+/$")
        return assistant

    def stop_assistant(self, assistant):
        status, log = assistant.stop()
        self.assertEqual(status, 0, log)
        self.assertEqual(harness.find_complaints(log), "")
        return log

    def start_with(self, assistant, **keys):
        """A gateway whose engine it is."""
        return self.start(engine__default="assistant",
                          **bots.engine("assistant", type="websocket", url=assistant.url, **keys))

    def make_question(self, words):
        speech, question = self.directory / "speech.wav", self.directory / "question.wav"
        subprocess.run(["flite", "-voice", "slt", "-t", words, "-o", speech], check=True)
        samples, rate = harness.audio.read_wav(speech)
        harness.audio.write_wav(question, np.concatenate([np.zeros(GREETING_S * rate), samples, np.zeros(QUIET_S * rate)]), rate)
        return question

    def call(self, gateway, question):
        """[(role, text), …] of a call."""
        result = harness.call(gateway.url, "--in", question, "--duration", GREETING_S + 2 + QUIET_S)
        events = [json.loads(text.replace('\\"', '"')) for text in re.findall(r"^event 1: (.*)$", result.errors, re.MULTILINE)]
        return [(event["role"], event["text"]) for event in events if event.get("type") == "transcript"]

    def assert_interrupted(self, gateway):
        transcript = self.call(gateway, self.make_question("count to three"))
        self.assertEqual([role for role, _ in transcript][:3], ["bot", "user", "bot"], transcript)
        self.assertTrue(transcript[0][1].startswith("Hello"), transcript)
        self.assertEqual(transcript[1:3], [("user", "count to three"), ("bot", "one, two, three.")])

    def test_the_greeting_can_be_interrupted(self):
        self.assert_interrupted(self.start_with(self.start_assistant()))

    def test_the_gateway_may_do_the_interrupting(self):
        self.assert_interrupted(self.start_with(self.start_assistant("--no-barge-in"), **{"barge-in": "flush"}))

    def test_the_operator_may_let_it_finish(self):
        gateway = self.start_with(self.start_assistant("--no-barge-in"))
        question = self.make_question("count to three")
        self.assertNotIn(("bot", "one, two, three."), self.call(gateway, question))

    def test_a_call_goes_on_with_an_assistant_that_was_started_again(self):
        assistant = Assistant()
        gateway = self.start_with(assistant, **{"grace-ms": 60000})
        call = harness.Call(gateway.url, "--duration", 60)
        gateway.wait_log(lambda entry: entry["message"] == "engine assistant: connected", 30)
        first_lines = len(gateway.lines)
        self.stop_assistant(assistant)
        another = Assistant("--listen", assistant.url.removeprefix("ws://").rstrip("/"), "--log-level", "debug")
        gateway.wait_log(lambda entry: entry["message"] == "engine assistant: connected", 60, first_lines)
        call.hang_up()
        call.finish()
        self.assertIn("call resumed", self.stop_assistant(another))

    def test_what_cannot_be_used_is_told_at_the_start(self):
        for arguments, status, words in (
                (["--listen", "localhost:1"], 64, "numeric"), (["--listen", "127.0.0.1:99999"], 64, "numeric"),
                (["--max-calls", "0"], 64, "--max-calls"), (["--log-level", "all"], 64, "--log-level"), (["x"], 64, '"x"'),
                (["--model-dir", "/nonexistent"], 78, "/nonexistent/en-us does not exist"),
                (["--grammar", "/nonexistent"], 78, "/nonexistent does not exist")):
            result = subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, check=False, env=harness.environment())
            self.assertEqual(result.returncode, status, result.stderr)
            self.assertIn(words, result.stderr)
            self.assertEqual(result.stdout, "")

    def test_an_address_that_is_taken(self):
        taken = self.start_assistant().url.removeprefix("ws://").rstrip("/")
        result = subprocess.run([PROGRAM, "--listen", taken], capture_output=True, text=True, check=False,
                                env=harness.environment())
        self.assertEqual(result.returncode, 78)
        self.assertIn(taken, result.stderr)


if __name__ == "__main__":
    harness.main()
