"""The offline assistant in a whole call: what a caller says over its greeting interrupts it, and is understood."""

import json
import re
import subprocess

import numpy as np

import harness

GREETING_S = 2  # of the greeting's 5 s, before the caller speaks
QUIET_S = 8  # for the answer


class AssistantTest(harness.GatewayTest):
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

    def test_the_greeting_can_be_interrupted(self):
        gateway = self.start(engine__default="assistant")
        question = self.make_question("count to three")
        first = harness.Call(gateway.url, "--duration", 60)  # loads the models, which takes seconds under sanitizers
        gateway.wait_log(lambda entry: "loaded decoder" in entry["message"], 60)
        first.hang_up()
        first.finish()
        transcript = self.call(gateway, question)
        self.assertEqual([role for role, _ in transcript][:3], ["bot", "user", "bot"], transcript)
        self.assertTrue(transcript[0][1].startswith("Hello"), transcript)
        self.assertEqual(transcript[1:3], [("user", "count to three"), ("bot", "one, two, three.")])

    def test_the_operator_may_let_it_finish(self):
        gateway = self.start(**{"engine__default": "assistant", "engine assistant__barge-in": "none"})
        question = self.make_question("count to three")
        self.assertNotIn(("bot", "one, two, three."), self.call(gateway, question))


if __name__ == "__main__":
    harness.main()
