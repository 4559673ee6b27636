"""A sound that tells where in it one is: a sweep from 400 to 2400 Hz, twice a second. What was lost of it is measured."""

import numpy as np

PERIOD_S = 0.5
LOW_HZ, HIGH_HZ = 400.0, 2400.0
AMPLITUDE = 9000.0
WINDOW_S, STEP_S = 0.04, 0.005
EDGE_S = 0.03  # where one sweep ends and the next begins nothing is measured
MIN_RMS = 1000.0


def make(first, count, rate):
    """Samples first to first + count of it."""
    t = (first + np.arange(count)) / rate % PERIOD_S
    return AMPLITUDE * np.sin(2 * np.pi * (LOW_HZ * t + (HIGH_HZ - LOW_HZ) / PERIOD_S * t * t / 2))


def locate(samples, rate):
    """[(time in the recording, place in the sweep)], both in s and of the middle of a window, in order; windows that are
    not wholly within one sweep are left out."""
    size, step = int(WINDOW_S * rate), int(STEP_S * rate)
    found = []
    for start in range(0, len(samples) - size, step):
        part = samples[start : start + size]
        half = size // 2
        if min(np.sqrt(np.mean(part[:half] ** 2)), np.sqrt(np.mean(part[half:] ** 2))) < MIN_RMS:
            continue
        spectrum = np.abs(np.fft.rfft(part * np.hanning(size), 8 * size))
        peak = int(np.argmax(spectrum[1:-1])) + 1
        left, middle, right = np.log(spectrum[peak - 1 : peak + 2] + 1e-9)
        peak += 0.5 * (left - right) / (left - 2 * middle + right - 1e-12)
        place = (peak * rate / (8 * size) - LOW_HZ) / (HIGH_HZ - LOW_HZ) * PERIOD_S
        if EDGE_S <= place <= PERIOD_S - EDGE_S:
            found.append(((start + half) / rate, place))
    return found


def difference(a, b):
    """b - a of two places, in [-PERIOD_S / 2, PERIOD_S / 2)."""
    return (b - a + PERIOD_S / 2) % PERIOD_S - PERIOD_S / 2


def lag(located):
    """How far the places are ahead of the times, modulo PERIOD_S: the median."""
    raw = [place - at for at, place in located]
    assert raw, "nothing of the sweep was heard"
    return raw[0] + float(np.median([difference(raw[0], value) for value in raw]))


def silence_s(samples, rate, begin, end):
    """How much of the samples between two times is silent."""
    size = int(STEP_S * rate)
    part = samples[int(begin * rate) : int(end * rate)]
    frames = part[: len(part) // size * size].reshape(-1, size)
    return float(np.sum(np.sqrt(np.mean(frames**2, axis=1)) < MIN_RMS) * STEP_S)


def missing_s(samples, rate, begin, end):
    """How much of the sweep is missing between two times of a recording: what its places went on by more than sound
    was heard. Negative where something was heard twice."""
    located = locate(samples, rate)
    before = lag([entry for entry in located if begin - 0.5 <= entry[0] < begin])
    after = lag([entry for entry in located if end <= entry[0] < end + 0.5])
    return difference(before, after) + silence_s(samples, rate, begin, end)


def place_at_end(samples, rate):
    """The place of the last sound of a recording."""
    sounding = np.flatnonzero(np.abs(samples) > MIN_RMS)
    end = sounding[-1] / rate
    return end + lag([entry for entry in locate(samples, rate) if end - 0.5 <= entry[0]])


def place_at_start(samples, rate):
    """The place of the first sound of a recording."""
    start = np.flatnonzero(np.abs(samples) > MIN_RMS)[0] / rate
    return start + lag([entry for entry in locate(samples, rate) if entry[0] < start + 0.5])
