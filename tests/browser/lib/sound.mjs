/* WAV files, and how alike two recordings are. Mono, samples as Float32Array from -1 to 1. */

import { readFileSync, writeFileSync } from 'node:fs';

const PCM = 1; // WAVE_FORMAT_PCM
const HEADER_BYTES = 44;
const BAND_HZ = [300, 3400]; // of a telephone: below it browsers and Opus as `voice` shift phases, by their high-pass filters

/** Reads a mono 16-bit WAV file, as { rate, samples, declaredSamples }: what is there, and what its header says. */
export function readWav(path) {
  const file = readFileSync(path);
  if (file.toString('latin1', 0, 4) !== 'RIFF' || file.toString('latin1', 8, 12) !== 'WAVE')
    throw new Error(`${path}: not a WAV file`);
  let format = null;
  for (let at = 12; at + 8 <= file.length;) {
    const name = file.toString('latin1', at, at + 4);
    const bytes = file.readUInt32LE(at + 4);
    if (name === 'fmt ')
      format = { tag: file.readUInt16LE(at + 8), channels: file.readUInt16LE(at + 10), rate: file.readUInt32LE(at + 12), bits: file.readUInt16LE(at + 22) };
    if (name === 'data') {
      if (format?.tag !== PCM || format.channels !== 1 || format.bits !== 16)
        throw new Error(`${path}: not 16-bit mono PCM`);
      const count = Math.floor(Math.min(bytes, file.length - at - 8) / 2);
      const samples = Float32Array.from({ length: count }, (_, i) => file.readInt16LE(at + 8 + 2 * i) / 32768);
      return { rate: format.rate, samples, declaredSamples: bytes / 2 };
    }
    at += 8 + bytes + (bytes % 2);
  }
  throw new Error(`${path}: no samples`);
}

/** Writes a mono 16-bit WAV file. */
export function writeWav(path, rate, samples) {
  const file = Buffer.alloc(HEADER_BYTES + 2 * samples.length);
  file.write('RIFF', 0, 'latin1');
  file.writeUInt32LE(file.length - 8, 4);
  file.write('WAVEfmt ', 8, 'latin1');
  file.writeUInt32LE(16, 16);
  file.writeUInt16LE(PCM, 20);
  file.writeUInt16LE(1, 22);
  file.writeUInt32LE(rate, 24);
  file.writeUInt32LE(2 * rate, 28);
  file.writeUInt16LE(2, 32);
  file.writeUInt16LE(16, 34);
  file.write('data', 36, 'latin1');
  file.writeUInt32LE(2 * samples.length, 40);
  samples.forEach((sample, i) => file.writeInt16LE(Math.max(-32768, Math.min(32767, Math.round(sample * 32768))), HEADER_BYTES + 2 * i));
  writeFileSync(path, file);
}

/** The root mean square. */
export function rms(samples) {
  let sum = 0;
  for (const sample of samples)
    sum += sample * sample;
  return samples.length > 0 ? Math.sqrt(sum / samples.length) : 0;
}

/* In-place radix-2 FFT; the inverse is not scaled. */
function fft(re, im, isInverse) {
  const n = re.length;
  for (let i = 1, j = 0; i < n; i++) {
    let bit = n >> 1;
    for (; j & bit; bit >>= 1)
      j ^= bit;
    j ^= bit;
    if (i < j) {
      [re[i], re[j]] = [re[j], re[i]];
      [im[i], im[j]] = [im[j], im[i]];
    }
  }
  for (let size = 2; size <= n; size *= 2)
    butterflies(re, im, size, (isInverse ? 2 : -2) * Math.PI / size);
}

function butterflies(re, im, size, angle) {
  const half = size / 2;
  for (let k = 0; k < half; k++) {
    const c = Math.cos(angle * k);
    const s = Math.sin(angle * k);
    for (let i = k; i < re.length; i += size) {
      const j = i + half;
      const x = re[j] * c - im[j] * s;
      const y = re[j] * s + im[j] * c;
      re[j] = re[i] - x;
      im[j] = im[i] - y;
      re[i] += x;
      im[i] += y;
    }
  }
}

/**
 * What of `samples` is in BAND_HZ, with edges of a fifth.
 */
export function limitBand(samples, rate) {
  const n = 2 ** Math.ceil(Math.log2(Math.max(samples.length, 2)));
  const [re, im] = [new Float64Array(n), new Float64Array(n)];
  const [low, high] = BAND_HZ;
  re.set(samples);
  fft(re, im, false);
  for (let i = 0; i < n; i++) {
    const hz = Math.min(i, n - i) * rate / n;
    const gain = Math.max(0, Math.min(1, (hz / low - 0.8) / 0.2, (1.2 - hz / high) / 0.2));
    re[i] *= gain;
    im[i] *= gain;
  }
  fft(re, im, true);
  return Float32Array.from(re.subarray(0, samples.length), (sample) => sample / n);
}

/**
 * Where `needle` is in `haystack`: the peak of the normalised cross-correlation, as { peak, lag }. 1 is the same
 * signal at any loudness, 0 is nothing in common.
 */
export function correlate(needle, haystack) {
  const lags = haystack.length - needle.length + 1;
  if (lags < 1)
    return { peak: 0, lag: 0 };
  const n = 2 ** Math.ceil(Math.log2(haystack.length + needle.length));
  const [hr, hi, nr, ni] = [0, 1, 2, 3].map(() => new Float64Array(n));
  hr.set(haystack);
  nr.set(needle);
  fft(hr, hi, false);
  fft(nr, ni, false);
  for (let i = 0; i < n; i++)
    [hr[i], hi[i]] = [hr[i] * nr[i] + hi[i] * ni[i], hi[i] * nr[i] - hr[i] * ni[i]];
  fft(hr, hi, true);
  return findPeak(hr, n, needle, haystack, lags);
}

function findPeak(products, scale, needle, haystack, lags) {
  const norm = rms(needle) * Math.sqrt(needle.length);
  let energy = 0;
  for (let i = 0; i < needle.length; i++)
    energy += haystack[i] ** 2;
  let best = { peak: 0, lag: 0 };
  for (let lag = 0; lag < lags; lag++) {
    const peak = products[lag] / scale / (norm * Math.sqrt(Math.max(energy, 1e-6)));
    if (peak > best.peak)
      best = { peak, lag };
    energy += (haystack[lag + needle.length] ?? 0) ** 2 - haystack[lag] ** 2;
  }
  return best;
}

/**
 * How well the speech is found in the recording (same rate), in the band. Both ends of a call may stretch time by a few milliseconds
 * (jitter buffers), so the speech is looked for as a whole first, and then piece by piece near that place.
 * Returns { whole, pieces: median correlation of the pieces, stretchMs: of the last piece against the first,
 * lagMs: where it begins }. Pieces that are silent in the speech are left out.
 */
export function findSpeech(wholeSpeech, wholeRecording, rate, { pieceMs = 500, marginMs = 300 } = {}) {
  const [speech, recording] = [limitBand(wholeSpeech, rate), limitBand(wholeRecording, rate)];
  const piece = Math.round(rate * pieceMs / 1000);
  const margin = Math.round(rate * marginMs / 1000);
  const whole = correlate(speech, recording);
  const found = [];
  for (let at = 0; at + piece <= speech.length; at += piece) {
    const needle = speech.subarray(at, at + piece);
    const from = Math.max(0, whole.lag + at - margin);
    if (rms(needle) < 0.1 * rms(speech))
      continue;
    const { peak, lag } = correlate(needle, recording.subarray(from, from + piece + 2 * margin));
    found.push({ peak, shift: from + lag - (whole.lag + at) });
  }
  const peaks = found.map(({ peak }) => peak).sort((a, b) => a - b);
  return {
    whole: whole.peak,
    pieces: peaks[Math.floor(peaks.length / 2)] ?? 0,
    worst: peaks[0] ?? 0,
    stretchMs: found.length > 0 ? (found.at(-1).shift - found[0].shift) * 1000 / rate : 0,
    lagMs: whole.lag * 1000 / rate,
  };
}
