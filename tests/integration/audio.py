"""WAV files as numpy arrays, and how alike two recordings are."""

import wave

import numpy as np

WINDOW_S = 0.5
SEARCH_S = 0.25  # how far one window may lie from the lag of the whole: lost or inserted frames move what follows
VOICED_RMS = 300.0

BAND_HZ = (300, 3400)  # of a telephone: below it Opus as `voice` shifts phases, by its high-pass filter

# Two passes through Opus as `voice` leave 0.96 of the waveform's correlation in the band (0.78 without the limits), with
# a tenth of the packets lost 0.85. Half of the speech has 0.57, reversed speech 0.23, noise 0.06 (test_harness.py holds
# both ends).
SAME_SPEECH = 0.65


def read_wav(path):
    """Returns (samples as float64, rate)."""
    with wave.open(str(path), "rb") as file:
        assert file.getsampwidth() == 2 and file.getnchannels() == 1, f"{path}: not s16 mono"
        data = file.readframes(file.getnframes())
        return np.frombuffer(data, dtype="<i2").astype(np.float64), file.getframerate()


def write_wav(path, samples, rate):
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(np.clip(samples, -32768, 32767).astype("<i2").tobytes())


def resample(samples, rate, new_rate):
    """Band-limited, by way of the spectrum."""
    if rate == new_rate:
        return samples
    count = int(round(len(samples) * new_rate / rate))
    spectrum = np.fft.rfft(samples)
    resized = np.zeros(count // 2 + 1, dtype=complex)
    shared = min(len(spectrum), len(resized))
    resized[:shared] = spectrum[:shared]
    return np.fft.irfft(resized, count) * (count / len(samples))


def rms(samples):
    return float(np.sqrt(np.mean(np.square(samples)))) if len(samples) else 0.0


def limit_band(samples, rate):
    """What of it is in BAND_HZ, with edges of a fifth."""
    if not len(samples):
        return samples
    low, high = BAND_HZ
    frequencies = np.fft.rfftfreq(len(samples), 1 / rate)
    gains = np.clip((frequencies / low - 0.8) / 0.2, 0, 1) * np.clip((1.2 - frequencies / high) / 0.2, 0, 1)
    return np.fft.irfft(np.fft.rfft(samples) * gains, len(samples))


def correlate(needle, haystack):
    """Normalised correlation of needle with each part of haystack. Returns (best value, its offset)."""
    if len(haystack) < len(needle) or not len(needle):
        return 0.0, 0
    size = 1 << int(np.ceil(np.log2(len(haystack) + len(needle))))
    product = np.fft.irfft(np.fft.rfft(haystack, size) * np.conj(np.fft.rfft(needle, size)), size)
    product = product[: len(haystack) - len(needle) + 1]
    sums = np.concatenate(([0.0], np.cumsum(np.square(haystack))))
    energy = sums[len(needle):] - sums[: -len(needle)]
    scale = np.sqrt(np.maximum(energy, 1.0) * max(float(np.sum(np.square(needle))), 1.0))
    values = product / scale
    offset = int(np.argmax(values))
    return float(values[offset]), offset


def similarity(sent, heard, rate):
    """How much of the speech in sent is in heard, 0 to 1: the mean over the voiced half seconds of sent of the best
    correlation near where that half second is expected. Expected by the half second that explains most: with frames
    lost or inserted in the middle no single lag fits the whole, and a second, incomplete repetition could win."""
    window, search = int(WINDOW_S * rate), int(SEARCH_S * rate)
    padding = np.zeros(len(sent))
    padded = np.concatenate((padding, limit_band(heard, rate), padding))
    starts = [start for start in range(0, len(sent) - window + 1, window)
              if rms(sent[start : start + window]) >= VOICED_RMS]
    sent = limit_band(sent, rate)
    parts = [(start, sent[start : start + window]) for start in starts]

    def find(start, part, lag):
        begin = max(0, lag + start - search)
        return correlate(part, padded[begin : max(0, lag + start + window + search)])[0]

    def explain(lag):
        return float(np.mean([find(start, part, lag) for start, part in parts]))

    step = search // 2  # lags nearer to each other explain the same
    lags = {round((correlate(part, padded)[1] - start) / step) * step for start, part in parts}
    return max(map(explain, lags), default=0.0)
