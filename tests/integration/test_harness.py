"""The tests' own measures: what counts as the same speech, and as a complaint."""

import unittest

import numpy as np

import audio
import harness


class Similarity(unittest.TestCase):
    def setUp(self):
        self.speech, self.rate = audio.read_wav(harness.PHRASE)

    def test_delayed_and_scaled_speech_is_the_same(self):
        heard = np.concatenate((np.zeros(12345), self.speech * 0.5, np.zeros(4000)))
        self.assertGreater(audio.similarity(self.speech, heard, self.rate), 0.99)

    def test_a_lost_and_an_inserted_frame_change_little(self):
        cut, frame = self.rate * 2, self.rate // 50
        heard = np.concatenate((self.speech[:cut], self.speech[cut + frame : 2 * cut], np.zeros(frame),
                                self.speech[2 * cut :]))
        self.assertGreater(audio.similarity(self.speech, heard, self.rate), 0.9)

    def test_a_repetition_that_is_cut_off_does_not_hide_the_whole(self):
        pieces = []
        for piece in np.array_split(self.speech, 5):
            pieces += [piece, np.zeros(self.rate // 25)]  # 40 ms late again and again
        heard = np.concatenate((*pieces, np.zeros(self.rate), self.speech[: len(self.speech) // 2]))
        self.assertGreater(audio.similarity(self.speech, heard, self.rate), 0.9)

    def test_half_of_the_speech_is_not_the_same(self):
        heard = self.speech[: len(self.speech) // 2]
        self.assertLess(audio.similarity(self.speech, heard, self.rate), audio.SAME_SPEECH)

    def test_other_sounds_are_not_the_same(self):
        noise = np.random.default_rng(1).normal(0, 3000, len(self.speech))
        for other in (self.speech[::-1], noise, np.zeros(len(self.speech))):
            self.assertLess(audio.similarity(self.speech, other, self.rate), 0.4)

    def test_resampling_there_and_back_keeps_speech(self):
        narrow = audio.resample(self.speech, self.rate, 8000)
        self.assertEqual(len(narrow), round(len(self.speech) * 8000 / self.rate))
        self.assertGreater(audio.similarity(self.speech, audio.resample(narrow, 8000, self.rate), self.rate), 0.85)


class Complaints(unittest.TestCase):
    def test_a_clean_log_is_no_complaint(self):
        self.assertEqual(harness.find_complaints('{"ts":"x","level":"error","domain":"vgw-app","message":"m"}\n'), "")

    def test_a_leak_is_one(self):
        report = "==1==ERROR: LeakSanitizer: detected memory leaks\n\nDirect leak of 24 byte(s) in 1 object(s)\n"
        self.assertNotEqual(harness.find_complaints(report), "")

    def test_a_failed_assertion_of_a_library_is_one(self):
        line = '{"ts":"x","level":"error","domain":"GStreamer","message":"assertion failed"}'
        self.assertNotEqual(harness.find_complaints(line), "")
        self.assertNotEqual(harness.find_complaints("x.c:1:2: runtime error: signed integer overflow"), "")


if __name__ == "__main__":
    harness.main()
