/* Who speaks: the gateway hears the caller, silences a bot that is interrupted, and does not take the bot's own voice
 * for the caller's. */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Bot } from './lib/bot.mjs';
import { launch, pressCall, waitForState } from './lib/browser.mjs';
import { flushingBot, Gateway } from './lib/gateway.mjs';
import { readWav, writeWav } from './lib/sound.mjs';

const PHRASE = new URL('../../data/sounds/phrase.wav', import.meta.url).pathname;
const RATE = 16000; // of the phrase and of the engine
const SPEECH_S = 50; // of the bot, in one burst; less than engine.max-playout-ms
const SILENT_MS = 1500; // longer than a pause in the phrase
const SILENCE = 0.001; // root mean square: -60 dB of full scale
const LISTEN_MS = 6000;

const phrase = readWav(PHRASE).samples;
const speech = Float32Array.from({ length: SPEECH_S * RATE }, (_, i) => phrase[i % phrase.length]);

let bot;
let gateway;

before(async () => {
  bot = await Bot.start();
  gateway = await Gateway.start([], { configuration: flushingBot(bot.url) });
});

after(async () => {
  await gateway?.stopCleanly();
  await bot?.stop();
});

/* Runs `body` with a browser whose microphone plays `samples` again and again. */
async function withMicrophone(samples, body) {
  const directory = mkdtempSync(join(tmpdir(), 'voice-gateway-speech-'));
  const wav = join(directory, 'microphone.wav');
  writeWav(wav, RATE, samples);
  const chromium = await launch({ microphone: { wav } });
  try {
    await body(chromium);
  } finally {
    await chromium.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

/* Runs in the page: notes when the sign for speech lights up, and when the bot was last heard. */
function watch(silence) {
  window.watched = { heard: 0, lastLoudAt: 0 };
  new MutationObserver(() => {
    if (document.querySelector('#heard').classList.contains('lit'))
      window.watched.heard++;
  }).observe(document.querySelector('#heard'), { attributes: true, attributeFilter: ['class'] });
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  context.createMediaStreamSource(document.querySelector('#remote-audio').srcObject).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  setInterval(() => {
    analyser.getFloatTimeDomainData(samples);
    if (Math.sqrt(samples.reduce((sum, x) => sum + x * x, 0) / samples.length) > silence)
      window.watched.lastLoudAt = performance.now();
  }, 20);
}

async function callBot(chromium, isMuted) {
  const n = bot.calls.length;
  const page = await chromium.open(gateway.url);
  await pressCall(page);
  if (isMuted)
    await page.click('#mute');
  await waitForState(page, 'active');
  await page.evaluate(watch, SILENCE);
  const botCall = await bot.call(n);
  await botCall.waitFor('start');
  return { page, botCall };
}

async function hangUp(page, botCall) {
  await pressCall(page);
  await waitForState(page, 'ended');
  await botCall.waitFor('stop');
  await page.context().close();
}

const waitForSound = (page) => page.waitForFunction(() => performance.now() - window.watched.lastLoudAt < 100, null, { timeout: 20000 });

test('the voice of the bot is not taken for the caller’s', () => withMicrophone(new Float32Array(2 * RATE), async (chromium) => {
  const { page, botCall } = await callBot(chromium, false);
  const isCancelling = await page.evaluate(() => window.vgwTest.opened.tracks[0].getSettings().echoCancellation);
  assert.equal(isCancelling, true);
  botCall.play(speech);
  await waitForSound(page);
  const heardBefore = botCall.samples;
  await botCall.waitUntil(({ samples }) => samples >= heardBefore + LISTEN_MS * RATE / 1000, 'silence of the caller');
  await waitForSound(page); // the bot still speaks
  assert.deepEqual(botCall.of('speech-started'), []);
  assert.deepEqual(botCall.of('cleared'), []);
  assert.equal(await page.evaluate(() => window.watched.heard), 0);
  await hangUp(page, botCall);
}));

test('a caller who speaks silences the bot', () => withMicrophone(phrase, async (chromium) => {
  const { page, botCall } = await callBot(chromium, true);
  const startedAt = Date.now();
  botCall.play(speech);
  await waitForSound(page);
  assert.deepEqual(botCall.of('speech-started'), [], 'a muted caller does not speak');

  const unmutedAt = await page.evaluate(() => {
    document.querySelector('#mute').click();
    return performance.now();
  });
  await botCall.waitFor('speech-started');
  const { played_ms } = await botCall.waitFor('cleared');
  await page.waitForFunction((silentMs) => performance.now() - window.watched.lastLoudAt > silentMs, SILENT_MS, { timeout: 20000 });
  const { heard, lastLoudAt } = await page.evaluate(() => window.watched);
  console.log(`# cleared after ${played_ms} ms of speech; silent ${Math.round(lastLoudAt - unmutedAt)} ms after the unmuting`);
  assert.ok(heard > 0, 'the page shows that the caller is heard');
  assert.ok(played_ms > 0 && played_ms <= Date.now() - startedAt, `${played_ms} ms of the speech were played`);
  assert.ok(Date.now() - startedAt < SPEECH_S * 1000 - 5000, 'there was more to say');

  await page.click('#mute');
  await botCall.waitFor('speech-stopped');
  await page.waitForFunction(() => !document.querySelector('#heard').classList.contains('lit'));
  botCall.play(speech.subarray(0, 2 * RATE)); // what is said afterwards is heard
  await waitForSound(page);
  await hangUp(page, botCall);
}));
