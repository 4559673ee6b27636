/* OpenAI's Realtime door, from pages of another origin than the gateway's: the unmodified @openai/agents-realtime with a
 * client secret, its transport for servers on the sideband, and the client of docs/DOORS.md as it is there. */

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, before, test } from 'node:test';
import { OpenAIRealtimeSIP } from '@openai/agents-realtime';
import { Bot } from './lib/bot.mjs';
import { launch, recordRemote, takeRecorded, waitForRecorded } from './lib/browser.mjs';
import { Gateway } from './lib/gateway.mjs';
import { findSpeech, readWav, writeWav } from './lib/sound.mjs';

const RATE = 16000;
const PAUSE_S = 1;
const SPEECH_S = 30; // of the bot, in one burst
const LEAST_OF_SPEECH = 0.6; // as in call.test.mjs
const SILENCE = 0.001; // root mean square: -60 dB of full scale
const SILENT_MS = 1500; // longer than a pause in the phrase
const MOST_UNTIL_SILENT_MS = 1000; // with the jitter buffer of the browser, on a busy machine
const WAIT_MS = 30000;
const KEY = 's'.repeat(48);

const SDK = new URL('node_modules/@openai/agents-realtime/dist/bundle/', import.meta.url);
const read = (path) => readFileSync(new URL(path, import.meta.url), 'utf8');
const [, minimal] = /## OpenAI Realtime[^]*?```html\n([^]*?)```/.exec(read('../../docs/DOORS.md'));
const PAGES = {
  '/minimal': `<!doctype html><link rel="icon" href="data:,">${minimal}`,
  '/sdk.html': '<!doctype html><link rel="icon" href="data:,"><audio id="bot" autoplay></audio>',
};

const directory = mkdtempSync(join(tmpdir(), 'voice-gateway-realtime-'));
const phrase = readWav(new URL('../../data/sounds/phrase.wav', import.meta.url).pathname).samples;
const loop = new Float32Array(phrase.length + PAUSE_S * RATE);
loop.set(phrase);
const speech = Float32Array.from({ length: SPEECH_S * RATE }, (_, i) => phrase[i % phrase.length]);

let site;
let origin;
let gateway;
let bot;
let chromium;

/* An access token, as a page's backend mints it. */
function mintToken() {
  const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const now = Math.floor(Date.now() / 1000);
  const text = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode({ iss: 'web', aud: 'voice-gateway', sub: 'shop', iat: now, exp: now + 600 })}`;
  return `${text}.${createHmac('sha256', KEY).update(text).digest('base64url')}`;
}

/* What the page's backend does: a client secret for one page. */
async function getSecret(session) {
  const response = await fetch(`${gateway.url}v1/realtime/client_secrets`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${mintToken()}` },
    body: JSON.stringify({ session }),
  });
  assert.equal(response.status, 200);
  return (await response.json()).value;
}

function serve({ url }, response) {
  const path = url.split('?')[0];
  const isScript = path.startsWith('/sdk/');
  const text = isScript ? readFileSync(new URL(basename(path), SDK)) : PAGES[path] ?? '';
  response.writeHead(text ? 200 : 404, { 'Content-Type': isScript ? 'text/javascript' : 'text/html' }).end(text);
}

before(async () => {
  const wav = join(directory, 'microphone.wav');
  const keys = join(directory, 'keys');
  writeWav(wav, RATE, loop);
  writeFileSync(keys, `web: ${KEY}\n`, { mode: 0o600 });
  site = createServer(serve).listen(0, '127.0.0.1');
  await once(site, 'listening');
  origin = `http://127.0.0.1:${site.address().port}`;
  bot = await Bot.start();
  gateway = await Gateway.start([`access.origins=${origin}`, 'access.mode=token', `access.token-keys-file=${keys}`], {
    configuration: `[engine]\ndefault = echo\n[engine bot]\ntype = websocket\nurl = ${bot.url}\nselectable = true\n` });
  chromium = await launch({ microphone: { wav } });
});

after(async () => {
  await chromium?.close();
  site?.close();
  rmSync(directory, { recursive: true, force: true });
  await gateway?.stopCleanly();
  await bot?.stop();
});

/* Runs in the page: a call with the SDK, as its documentation has it. */
async function connect({ baseUrl, secret }) {
  const { OpenAIRealtimeWebRTC, RealtimeAgent, RealtimeSession } = await import('/sdk/openai-realtime-agents.mjs');
  const transport = new OpenAIRealtimeWebRTC({ baseUrl, audioElement: document.querySelector('#bot') });
  const session = new RealtimeSession(new RealtimeAgent({ name: 'shop', instructions: 'Be kind.' }), { transport });
  const sdk = { session, transport, events: [], problems: [] };
  window.sdk = sdk;
  transport.on('*', (event) => sdk.events.push(event));
  session.on('error', (problem) => sdk.problems.push(JSON.stringify(problem)));
  await session.connect({ apiKey: secret });
  return { status: transport.status, callId: transport.callId };
}

async function callWithSdk(model) {
  const page = await chromium.open(`${origin}/sdk.html`);
  const secret = await getSecret({ type: 'realtime', model });
  const { status, callId } = await page.evaluate(connect, { baseUrl: `${gateway.url}v1/realtime/calls`, secret });
  assert.equal(status, 'connected');
  assert.match(callId, /^rtc_[\w-]{22}$/);
  return { page, callId };
}

const waitForEvent = (page, type) => page.waitForFunction((wanted) => window.sdk.events.find((event) => event.type === wanted), type, { timeout: WAIT_MS })
  .then((handle) => handle.jsonValue());

/* What the bot sends after its speech: the gateway has all of that then. */
const ALL_SAID = { type: 'all-said' };
const hasAllSaid = () => window.sdk.events.some(({ type, event }) => type === 'gateway.event' && event.type === 'all-said');

/* Until the caller's speech is over. */
async function mute(page, botCall) {
  await page.evaluate(() => window.sdk.session.mute(true));
  const before = botCall.samples;
  await botCall.waitUntil(({ samples }) => samples >= before + RATE, 'silence of the caller');
  await page.waitForFunction(() => {
    const count = (kind) => window.sdk.events.filter(({ type }) => type === `input_audio_buffer.${kind}`).length;
    return count('speech_started') === count('speech_stopped');
  }, null, { timeout: WAIT_MS });
}

async function hangUp(page) {
  await page.evaluate(() => window.sdk.session.close());
  assert.deepEqual(await page.evaluate(() => window.sdk.problems), []);
  assert.deepEqual(page.problems, []);
  await page.context().close();
}

/* Runs in the page: notes when the bot was last heard. */
function watch(silence) {
  window.watched = { lastLoudAt: 0 };
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  context.createMediaStreamSource(document.querySelector('#bot').srcObject).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  setInterval(() => {
    analyser.getFloatTimeDomainData(samples);
    if (Math.sqrt(samples.reduce((sum, x) => sum + x * x, 0) / samples.length) > silence)
      window.watched.lastLoudAt = performance.now();
  }, 20);
}

const waitForSound = (page) => page.waitForFunction(() => performance.now() - window.watched.lastLoudAt < 100, null, { timeout: WAIT_MS });
const waitForSilence = (page) => page.waitForFunction((ms) => performance.now() - window.watched.lastLoudAt > ms, SILENT_MS, { timeout: WAIT_MS });

async function assertHeard(page) {
  await page.waitForFunction(() => document.querySelector('#bot').srcObject !== null);
  await page.waitForFunction(() => window.vgwTest.opened.peers[0].connectionState === 'connected');
  await recordRemote(page, RATE, '#bot');
  await waitForRecorded(page, 2 * loop.length);
  const found = findSpeech(phrase, await takeRecorded(page), RATE);
  assert.ok(found.pieces >= LEAST_OF_SPEECH, JSON.stringify(found));
}

test('the SDK talks to the echo engine', async () => {
  const { page } = await callWithSdk('echo');
  await assertHeard(page);
  await waitForEvent(page, 'input_audio_buffer.speech_started');
  const { item_id: itemId } = await waitForEvent(page, 'input_audio_buffer.speech_stopped');
  const [first] = await page.evaluate(() => window.sdk.events);
  assert.equal(first.type, 'session.created');
  assert.equal(first.session.model, 'echo');
  assert.equal((await waitForEvent(page, 'session.updated')).session.instructions, 'Be kind.');
  await waitForEvent(page, 'output_audio_buffer.started');
  const history = await page.evaluate(() => window.sdk.session.history);
  assert.ok(history.some((item) => item.itemId === itemId && item.role === 'user'), JSON.stringify(history));
  await hangUp(page);
  await gateway.waitForLog(/session ended: reason client-bye/);
});

test('the SDK talks to a bot, and interrupts it', async () => {
  const { page } = await callWithSdk('bot');
  const botCall = await bot.call(0);
  await botCall.waitUntil(({ messages }) => messages.some(({ type, data }) => type === 'event' && data.type === 'session.update'
    && data.session.instructions === 'Be kind.'), 'instructions');
  await page.waitForFunction(() => document.querySelector('#bot').srcObject !== null);
  await page.evaluate(watch, SILENCE);
  await waitForEvent(page, 'input_audio_buffer.committed');
  botCall.tell({ type: 'transcript', role: 'user', text: 'What time is it?', final: true });
  await waitForEvent(page, 'conversation.item.input_audio_transcription.completed');
  await page.waitForFunction(() => window.sdk.session.history.some(({ content }) => content?.[0].transcript === 'What time is it?'));

  await page.evaluate(() => window.sdk.session.sendMessage('Hello'));
  await botCall.waitUntil(({ messages }) => messages.some(({ type, data }) => type === 'event' && data.type === 'text'
    && data.text === 'Hello'), 'text');
  botCall.tell({ type: 'transcript', role: 'bot', text: 'It is ten.', final: true });
  botCall.play(speech);
  botCall.tell({ type: 'transcript', role: 'bot', text: 'And so on.', final: true });
  botCall.tell(ALL_SAID);
  const { response_id: responseId } = await waitForEvent(page, 'output_audio_buffer.started');
  await waitForSound(page);
  assert.equal((await waitForEvent(page, 'response.output_audio_transcript.delta')).delta, 'It is ten.');
  await page.waitForFunction(hasAllSaid, null, { timeout: WAIT_MS });

  const interruptedAt = await page.evaluate(() => {
    window.sdk.session.interrupt();
    return performance.now();
  });
  const { played_ms: playedMs } = await botCall.waitFor('cleared');
  assert.equal((await waitForEvent(page, 'output_audio_buffer.cleared')).response_id, responseId);
  await waitForSilence(page);
  const silentMs = await page.evaluate((at) => window.watched.lastLoudAt - at, interruptedAt);
  console.log(`# interrupted after ${playedMs} ms of speech; silent ${Math.round(silentMs)} ms later`);
  assert.ok(playedMs < (SPEECH_S - 10) * 1000, `there was more to say than ${playedMs} ms`);
  assert.ok(silentMs < MOST_UNTIL_SILENT_MS, `silent after ${silentMs} ms`);
  const { response } = await waitForEvent(page, 'response.done');
  assert.deepEqual([response.status, response.status_details.reason], ['cancelled', 'client_cancelled']);
  await page.waitForFunction(() => window.sdk.session.history.some(({ role, status, content }) => role === 'assistant'
    && status === 'incomplete' && content[0].transcript === 'It is ten.')); // what was heard

  botCall.play(speech.subarray(0, RATE)); // what is said afterwards is heard
  await waitForSound(page);
  await waitForEvent(page, 'output_audio_buffer.stopped');
  await hangUp(page);
  await botCall.waitFor('stop');
});

test('the SDK of a server follows a call, and interrupts the bot', async () => {
  const { page, callId } = await callWithSdk('bot');
  const botCall = await bot.call(1);
  const beside = new OpenAIRealtimeSIP();
  const events = [];
  beside.on('*', (event) => events.push(event));
  beside.on('error', (problem) => events.push({ type: 'problem', problem }));
  await beside.connect({ apiKey: mintToken(), callId, url: `${gateway.url.replace('http', 'ws')}v1/realtime?call_id=${callId}` });
  await botCall.waitFor('start');
  await page.waitForFunction(() => document.querySelector('#bot').srcObject !== null);
  await page.evaluate(watch, SILENCE);
  await mute(page, botCall); // this SDK interrupts the bot itself when the caller speaks
  const disconnected = new Promise((resolve) => beside.on('disconnected', resolve));
  const cleared = new Promise((resolve) => beside.on('output_audio_buffer.cleared', resolve));
  botCall.play(speech);
  botCall.tell(ALL_SAID);
  await waitForSound(page);
  await page.waitForFunction(hasAllSaid, null, { timeout: WAIT_MS });
  beside.interrupt();
  await cleared;
  await waitForSilence(page);
  assert.equal(events[0].type, 'session.created');
  assert.ok(events.some(({ type }) => type === 'output_audio_buffer.started'));
  await hangUp(page);
  await disconnected;
  assert.deepEqual(events.filter(({ type }) => ['error', 'problem'].includes(type)), []);
});

test('the minimal client of docs/DOORS.md', async () => {
  const secret = await getSecret({ type: 'realtime', model: 'echo' });
  const page = await chromium.open(`${origin}/minimal?gateway=${gateway.url.replace(/\/$/, '')}&secret=${secret}`);
  await page.click('#call');
  await page.waitForFunction(() => document.querySelector('#bot').srcObject !== null);
  await page.evaluate(watch, SILENCE);
  await waitForSound(page);
  await page.waitForFunction(() => document.querySelector('#events').innerText.startsWith('session.created\n'));
  await page.click('#interrupt');
  await page.waitForFunction(() => /output_audio_buffer.cleared/.test(document.querySelector('#events').innerText), null, { timeout: WAIT_MS });
  assert.deepEqual(page.problems, []);
  await page.context().close();
});

test('a page without a good secret is told why', async () => {
  const page = await chromium.open(`${origin}/sdk.html`);
  await assert.rejects(page.evaluate(connect, { baseUrl: `${gateway.url}v1/realtime/calls`, secret: 'ek_nothing' }),
    /status 401: the client secret is not known, or has expired/);
  await page.context().close();
});
