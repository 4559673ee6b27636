/* A bot that pauses: by sending nothing, and by sending digital silence. The gateway sends keep-alives meanwhile (DTX), of
 * which the browser must not count any as lost or conceal anything but silence; and each talkspurt begins with its first
 * sample. VGW_TEST_PAUSE_S makes the pauses longer than they are in the suite. Then a caller who pauses, where the gateway
 * asks for DTX: the bot hears the pause while it lasts. */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Bot } from './lib/bot.mjs';
import {
  countRecorded, launch, only, pressCall, recordRemote, takeRecorded, waitForRecorded, waitForState,
} from './lib/browser.mjs';
import { PHRASE } from './lib/fixture.mjs';
import { Gateway } from './lib/gateway.mjs';
import { correlate, readWav, rms, writeWav } from './lib/sound.mjs';

const RATE = 16000;
const PAUSE_S = Number(process.env.VGW_TEST_PAUSE_S ?? 2);
const WORD_S = 0.6;
const ONSET_MS = 60; // the first frames of a talkspurt
const LEAST_ONSET = 0.7; // correlation
const MOST_CONCEALED_S = 0.15; // not of silence: what a busy machine delivers late
const MOST_BUFFER_MS = 250;
const MOST_UNEVEN_MS = 250; // DTX packets come each 400 ms
const LOUD = 0.02;

const phrase = readWav(PHRASE).samples;
const word = phrase.subarray(findOnset(phrase), findOnset(phrase) + WORD_S * RATE);

const directory = mkdtempSync(join(tmpdir(), 'vgw-pauses-'));
let bot;
let gateway;
let browser;

before(async () => {
  bot = await Bot.start();
  gateway = await Gateway.start([], { configuration: configuration() });
  browser = await launch({ microphone: { wav: PHRASE } });
});

after(async () => {
  await browser?.close();
  await gateway?.stopCleanly();
  await bot?.stop();
  rmSync(directory, { recursive: true });
});

const configuration = () => `[engine]\ndefault = bot\n[engine bot]\ntype = websocket\nurl = ${bot.url}\n`;

function findOnset(samples) {
  const at = samples.findIndex((_, i) => rms(samples.subarray(i, i + 160)) > LOUD);
  assert.ok(at >= 0);
  return at;
}

const readStats = (page) => page.evaluate(async () => {
  const reports = [...(await window.vgwTest.opened.peers[0].getStats()).values()];
  return reports.find(({ type, kind }) => type === 'inbound-rtp' && kind === 'audio');
});

/* More of the recording, by `seconds` from now on. */
const record = async (page, seconds) => waitForRecorded(page, await countRecorded(page) + seconds * RATE, 60000 + 1000 * seconds);

/* What came between two reports. */
function assertUndisturbed(t, what, first, last) {
  const seconds = (name) => (last[name] - first[name]) / 48000;
  const found = {
    packets: last.packetsReceived - first.packetsReceived,
    lost: last.packetsLost,
    concealedS: seconds('concealedSamples'),
    silentConcealedS: seconds('silentConcealedSamples'),
    totalS: seconds('totalSamplesReceived'),
    jitterMs: 1000 * last.jitter,
    bufferMs: 1000 * (last.jitterBufferDelay - first.jitterBufferDelay) / (last.jitterBufferEmittedCount - first.jitterBufferEmittedCount),
  };
  t.diagnostic(`${what}: ${JSON.stringify(found)}`);
  assert.equal(found.lost, 0);
  assert.ok(found.concealedS - found.silentConcealedS < MOST_CONCEALED_S, `${what}: ${found.concealedS} s were concealed`);
  assert.ok(found.bufferMs < MOST_BUFFER_MS);
  return found;
}

test('pauses are neither lost nor concealed, and words are complete', async (t) => {
  const page = await browser.open(gateway.url);
  await pressCall(page);
  await waitForState(page, 'active');
  const call = await bot.call(0);
  await call.waitFor('start');
  await recordRemote(page, RATE);
  await record(page, 0.5);
  const begun = await readStats(page);
  await record(page, PAUSE_S); // silent from the beginning
  const silent = await readStats(page);

  call.play(word);
  call.say({ type: 'mark', name: 'first' });
  await call.waitFor('mark');
  await record(page, PAUSE_S); // absent audio
  call.play(word);
  call.play(new Float32Array(PAUSE_S * RATE)); // digital silence
  call.play(word);
  call.say({ type: 'mark', name: 'last' });
  await record(page, PAUSE_S);
  await call.waitUntil(({ messages }) => messages.find(({ name }) => name === 'last'), 'last mark');
  await record(page, 1);
  const ended = await readStats(page);
  const heard = await takeRecorded(page);
  const { packets } = assertUndisturbed(t, 'silence', begun, silent);
  assert.ok(packets >= PAUSE_S && packets <= 4 * PAUSE_S, 'a packet each 400 ms');
  assertUndisturbed(t, 'conversation', silent, ended);

  const onset = word.subarray(0, ONSET_MS * RATE / 1000);
  for (let n = 0, from = 0; n < 3; n++) {
    const end = Math.min(heard.length, from + (PAUSE_S + 2) * RATE);
    const whole = correlate(word, heard.subarray(from, end));
    const begin = Math.max(0, from + whole.lag - RATE / 10);
    const first = correlate(onset, heard.subarray(begin, begin + RATE / 5 + onset.length));
    t.diagnostic(`word ${n}: ${JSON.stringify({ at: (from + whole.lag) / RATE, whole: whole.peak, onset: first.peak })}`);
    assert.ok(first.peak > LEAST_ONSET, `word ${n} has no beginning`);
    from += whole.lag + word.length;
  }
  await pressCall(page);
  await waitForState(page, 'ended');
});

test('a caller who is asked for DTX sends little in a pause, which the bot hears in real time', only('chromium', 'Firefox does not use DTX'), async (t) => {
  const silentS = 4;
  const wav = join(directory, 'pause.wav');
  writeWav(wav, RATE, Float32Array.of(...word, ...new Float32Array(silentS * RATE)));
  const asking = await Gateway.start(['media.caller-dtx=true'], { configuration: configuration() });
  const caller = await launch({ microphone: { wav } });
  try {
    const page = await caller.open(asking.url);
    await pressCall(page);
    await waitForState(page, 'active');
    const call = await bot.call(bot.calls.length - 1);
    await call.waitUntil(({ samples }) => samples > 10 * RATE, 'ten seconds of the caller');
    const found = await page.evaluate(async () => {
      const [peer] = window.vgwTest.opened.peers;
      const { packetsSent } = [...(await peer.getStats()).values()].find(({ type }) => type === 'outbound-rtp');
      return { packetsSent, parameters: peer.remoteDescription.sdp.match(/a=fmtp:111 (.*)/)[1] };
    });
    const late = call.late.slice(call.late.length / 4); // after what the connection had queued
    const unevenMs = Math.max(...late) - Math.min(...late);
    t.diagnostic(JSON.stringify({ ...found, unevenMs }));
    assert.match(found.parameters, /(^|;)usedtx=1/);
    assert.ok(found.packetsSent < 25 * 10, 'half of the packets, with all of the time');
    assert.ok(unevenMs < MOST_UNEVEN_MS, 'silence is heard while it lasts');
    await pressCall(page);
    await waitForState(page, 'ended');
  } finally {
    await caller.close();
    await asking.stopCleanly();
  }
});
