/* The page of a call's record (docs/RECORDING.md): a real call is made, and its call.html is opened as a file, without a
 * network. */

import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { Bot } from './lib/bot.mjs';
import { BROWSER, launch, pressCall, waitForAsync, waitForState } from './lib/browser.mjs';
import { PHRASE } from './lib/fixture.mjs';
import { flushingBot, Gateway } from './lib/gateway.mjs';
import { readWav, writeWav } from './lib/sound.mjs';

const WAIT_MS = 20000; // under sanitizers, on a busy machine
const RATE = 16000; // of the phrase and of the engine
const SPOKEN_S = 1.8; // of the phrase
const PAUSE_S = 2.5; // of the caller, between two phrases
const REPLY_S = 0.8;
const LONG_REPLY_S = 20; // until it is interrupted
const KEYS = '47';
const WIDE = { width: 1280, height: 900 };
const PHONE = { width: 360, height: 740 };
const LENGTH_TOLERANCE_S = 0.3; // between the end of the audio and the last event

const directory = mkdtempSync(join(tmpdir(), 'voice-gateway-recording-'));
const phrase = readWav(PHRASE).samples;
let bot;
let gateway;
let browser;
let url; // of the record's page
let events; // of the file beside it

/* A call with a turn that is played, one that is interrupted, and keys. */
async function call() {
  const page = await browser.open(gateway.url);
  await pressCall(page);
  await waitForState(page, 'active');
  const botCall = await bot.call(0);
  const countStops = () => botCall.of('speech-stopped').length;
  await botCall.waitUntil(() => countStops() > 0, 'end of speech');
  botCall.play(phrase.subarray(0, REPLY_S * RATE));
  await page.click('#keypad-toggle');
  for (const key of KEYS)
    await page.click(`.key[data-key="${key}"]`);
  await botCall.waitUntil(() => botCall.of('dtmf').length === KEYS.length, 'the keys');
  await botCall.waitUntil(() => countStops() > 1, 'end of speech');
  botCall.play(Float32Array.from({ length: LONG_REPLY_S * RATE }, (_, i) => phrase[i % phrase.length]));
  botCall.tell({ type: 'transcript', text: '</script><img src=x onerror="window.hasRun = 1">' });
  await botCall.waitFor('cleared');
  await pressCall(page);
  await waitForState(page, 'ended');
  await page.context().close();
}

async function findPage() {
  const calls = join(directory, 'calls');
  const find = () => readdirSync(calls, { recursive: true }).find((name) => name.endsWith('call.html'));
  for (const deadline = Date.now() + WAIT_MS; !find();) {
    assert.ok(Date.now() < deadline, `no page in ${readdirSync(calls, { recursive: true })}`);
    await new Promise((resolve) => { setTimeout(resolve, 50); });
  }
  return join(calls, find());
}

/* `player`, `channels`, `rate`, `lanes` and `height` in functions for the page are the page's own. */

before(async () => {
  const wav = join(directory, 'microphone.wav');
  const loop = new Float32Array((SPOKEN_S + PAUSE_S) * RATE);
  loop.set(phrase.subarray(0, SPOKEN_S * RATE));
  writeWav(wav, RATE, loop);
  bot = await Bot.start();
  gateway = await Gateway.start([`record.call-bundle=${join(directory, 'calls')}`], { configuration: flushingBot(bot.url) });
  browser = await launch({ microphone: { wav } });
  await call();
  const path = await findPage();
  await gateway.stopCleanly();
  url = String(pathToFileURL(path));
  events = readFileSync(join(path, '..', 'events.jsonl'), 'utf8').trim().split('\n').map((line) => JSON.parse(line));
});
after(async () => {
  await browser?.close();
  if (gateway && !gateway.exit)
    await gateway.stop();
  await bot?.stop();
  rmSync(directory, { recursive: true, force: true });
});

/* Without a network; what it asks for is in `page.requests`. */
async function open(viewport, colorScheme = 'light') {
  const offline = BROWSER === 'chromium' ? { offline: true } : {};
  const page = await browser.open('about:blank', { viewport, colorScheme, ...offline });
  page.requests = [];
  page.on('request', (request) => page.requests.push(request.url()));
  await page.goto(url);
  return page;
}

async function close(page) {
  assert.deepEqual(page.problems, []);
  assert.deepEqual(page.requests.filter((request) => request !== url && !request.startsWith('blob:')), []);
  assert.equal(await page.evaluate(() => window.hasRun), undefined, 'text of the bot is no markup');
  await page.context().close();
}

/* How many pixels of the timeline have each of the colours. */
const countPixels = (page, names) => page.evaluate((wanted) => {
  const canvas = document.querySelector('#canvas');
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  const style = getComputedStyle(document.documentElement);
  const colors = wanted.map((name) => parseInt(style.getPropertyValue(`--${name}`).trim().slice(1), 16));
  const counts = wanted.map(() => 0);
  for (let i = 0; i < data.length; i += 4) {
    const found = colors.indexOf(data[i] << 16 | data[i + 1] << 8 | data[i + 2]);
    if (found >= 0 && data[i + 3] === 255)
      counts[found]++;
  }
  return counts;
}, names);

/* Both voices, and where the bot is interrupted: a line, beside that of the position in the call. */
async function assertIsDrawn(page) {
  const [caller, robot, cut] = await countPixels(page, ['caller', 'bot', 'cut']);
  const lineHeight = await page.evaluate(() => Math.round(lanes.bot * devicePixelRatio));
  const position = await page.evaluate(() => Math.round((height - 12) * devicePixelRatio)); // half of it, at the left edge
  assert.ok(caller > 1000 && robot > 1000, `caller ${caller}, bot ${robot} pixels`);
  assert.ok(cut >= position + lineHeight, `${cut} pixels, of which ${position} are the position's`);
}

test('it shows the call', async () => {
  const page = await open(WIDE);
  await assertIsDrawn(page);
  const { session_id } = events.find(({ type }) => type === 'call');
  assert.equal(await page.title(), `Call ${session_id}`);
  const facts = await page.innerText('#facts');
  for (const text of ['client-bye', 'bot', '127.0.0.1'])
    assert.ok(facts.includes(text), facts);

  const turns = await page.locator('#turns tbody tr').allInnerTexts();
  assert.equal(turns.length, events.filter(({ type }) => type === 'turn').length);
  assert.ok(turns.some((turn) => /played/.test(turn)) && turns.some((turn) => /interrupted/.test(turn)), turns.join('\n'));

  const rows = await page.locator('#events tbody tr').allInnerTexts();
  assert.equal(rows.length, events.filter(({ type }) => type !== 'network').length);
  for (const type of ['call', 'signaling', 'state', 'engine-started', 'speech-started', 'speech-stopped', 'bot-started', 'bot-stopped',
    'bot-interrupted', 'turn', 'engine-event', 'ended', 'summary'])
    assert.ok(rows.some((row) => row.split('\t')[1] === type), `${type} in ${rows.join('\n')}`);
  const keys = rows.filter((row) => row.split('\t')[1] === 'key');
  assert.deepEqual(keys.map((row) => row.split('\t')[2]), Array(KEYS.length).fill('digit *'));
  await close(page);
});

test('it plays the whole call, as long as it was', async () => {
  const page = await open(WIDE);
  await waitForAsync(page, () => player.duration > 0, null, WAIT_MS);
  const { duration, decoded, peaks } = await page.evaluate(() => ({
    duration: player.duration,
    decoded: channels[0].length / rate,
    peaks: channels.map((samples) => samples.reduce((peak, sample) => Math.max(peak, Math.abs(sample)), 0)),
  }));
  const ended_s = events.find(({ type }) => type === 'ended').at_ms / 1000;
  assert.ok(Math.abs(duration - ended_s) < LENGTH_TOLERANCE_S, `${duration} s of a call of ${ended_s} s`);
  assert.ok(Math.abs(duration - decoded) < 0.001, `${duration} s, ${decoded} s in the page`);
  assert.ok(peaks.every((peak) => peak > 3000), `loudest samples ${peaks}`);

  await page.click('#play');
  await waitForAsync(page, () => player.currentTime > 0.5, null, WAIT_MS);
  assert.equal(await page.innerText('#play'), 'Pause');
  assert.notEqual((await page.innerText('#clock')).split(' ')[0], '0:00.0');
  await page.locator('#events tbody tr', { hasText: 'bot-interrupted' }).first().click();
  const cut_s = events.find(({ type }) => type === 'bot-interrupted').at_ms / 1000;
  await waitForAsync(page, (at) => player.currentTime > at, cut_s, WAIT_MS);
  await page.selectOption('#ear', '1');
  await waitForAsync(page, (at) => !player.paused && player.currentTime > at, cut_s, WAIT_MS);
  await page.click('#play');
  await waitForAsync(page, () => player.paused, null, WAIT_MS);
  await page.focus('#canvas');
  await page.keyboard.press('PageDown');
  await page.keyboard.press('ArrowLeft');
  assert.ok(Number(await page.getAttribute('#canvas', 'aria-valuenow')) > 0);
  await close(page);
});

test('in the dark, and on a phone', async () => {
  for (const scheme of ['dark', 'light']) {
    const page = await open(PHONE, scheme);
    await assertIsDrawn(page);
    const look = await page.evaluate(() => ({
      background: getComputedStyle(document.body).backgroundColor,
      overflow: document.documentElement.scrollWidth - window.innerWidth,
      small: [...document.querySelectorAll('button:not(.jump), select')].filter((one) => one.checkVisibility() && one.getBoundingClientRect().height < 38).map(({ id }) => id),
    }));
    const [red] = look.background.match(/\d+/g).map(Number);
    assert.equal(red < 64, scheme === 'dark', look.background);
    assert.ok(look.overflow <= 0, `${look.overflow} px too wide`);
    assert.deepEqual(look.small, []);
    await close(page);
  }
});
