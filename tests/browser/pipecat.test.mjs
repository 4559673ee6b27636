/* Pipecat's door with Pipecat's own packages in a page of another origin: the client of docs/DOORS.md as it is there, and
 * one that does everything, against a bot that does what the test says. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Bot } from './lib/bot.mjs';
import { launch, recordRemote, takeRecorded, waitForRecorded } from './lib/browser.mjs';
import { bundle } from './lib/bundle.mjs';
import { Gateway } from './lib/gateway.mjs';
import { PHRASE } from './lib/fixture.mjs';
import { findSpeech, readWav, writeWav } from './lib/sound.mjs';

const RATE = 16000;
const PHRASE_S = 2; // of a longer one
const PAUSE_S = 1;
const LEAST_OF_SPEECH = 0.6; // as in call.test.mjs
const ICE_SERVER = 'stun:127.0.0.1:9';
const TIMEOUT = { timeout: 30000 };

const read = (path) => readFileSync(new URL(path, import.meta.url), 'utf8');
const doors = read('../../docs/DOORS.md');
const [, minimalPage, minimalScript] = /```html\n([^]*?)<script type="module">\n([^]*?)<\/script>/.exec(doors.slice(doors.indexOf("## Pipecat's small WebRTC")));
const phrase = readWav(PHRASE).samples.subarray(0, PHRASE_S * RATE);
const directory = mkdtempSync(join(tmpdir(), 'voice-gateway-pipecat-'));

const everything = `
import * as client from '@pipecat-ai/client-js';
import * as transport from '@pipecat-ai/small-webrtc-transport';
window.pipecat = { ...client, ...transport };
`;

const CONFIGURATION = (url) => `
[engine]
default = echo

[engine bot]
type = websocket
url = ${url}
pass-parameters = customer
selectable = true
`;

let pages;
let site;
let origin;
let bot;
let gateway;
let chromium;

before(async () => {
  const head = '<!doctype html><link rel="icon" href="data:,">';
  pages = {
    '/minimal': ['text/html', `${head}${minimalPage}<script type="module" src="/minimal.js"></script>`],
    '/minimal.js': ['text/javascript', await bundle(minimalScript)],
    '/client': ['text/html', `${head}<audio id="bot" autoplay></audio><script type="module" src="/client.js"></script>`],
    '/client.js': ['text/javascript', await bundle(everything)],
  };
  site = createServer(({ url }, response) => {
    const [type, text] = pages[url.split('?')[0]] ?? ['text/plain', ''];
    response.writeHead(text ? 200 : 404, { 'Content-Type': type }).end(text);
  }).listen(0, '127.0.0.1');
  await once(site, 'listening');
  origin = `http://127.0.0.1:${site.address().port}`;
  bot = await Bot.start();
  gateway = await Gateway.start([`access.origins=${origin}`, `ice.client-servers=${ICE_SERVER}`], { configuration: CONFIGURATION(bot.url) });
  const wav = join(directory, 'microphone.wav');
  const loop = new Float32Array(phrase.length + PAUSE_S * RATE);
  loop.set(phrase);
  writeWav(wav, RATE, loop);
  chromium = await launch({ microphone: { wav } });
});

after(async () => {
  await chromium?.close();
  site?.close();
  rmSync(directory, { recursive: true, force: true });
  await gateway?.stopCleanly();
  await bot?.stop();
});

async function assertHeard(page, where) {
  await page.waitForFunction(() => document.querySelector('#bot').srcObject !== null, null, TIMEOUT);
  await recordRemote(page, RATE, '#bot');
  await waitForRecorded(page, 3 * phrase.length); // a turn of it, wherever that begins, and the delay
  const found = findSpeech(phrase, await takeRecorded(page), RATE);
  console.log(`${where}: ${JSON.stringify(found)}`);
  assert.ok(found.pieces >= LEAST_OF_SPEECH, `${where}: ${JSON.stringify(found)}`);
}

test('the minimal client of docs/DOORS.md', async () => {
  const page = await chromium.open(`${origin}/minimal?gateway=${gateway.url.replace(/\/$/, '')}`);
  await page.click('#call');
  await page.waitForFunction(() => document.querySelector('#state').textContent === 'ready', null, TIMEOUT);
  await assertHeard(page, 'minimal client');
  assert.deepEqual(await page.evaluate(() => window.vgwTest.opened.peers[0].getConfiguration().iceServers.map(({ urls }) => urls).flat()), [ICE_SERVER]);
  await page.click('#hang-up');
  await gateway.waitForLog(/session ended: reason client-bye/);
  await page.waitForFunction(() => window.vgwTest.leftOpen().peers === 0);
  assert.deepEqual(page.problems, []);
  await page.context().close();
});

/* Runs in the page: a client whose events, and the messages under them, are in window.call. */
function begin() {
  const { PipecatClient, SmallWebRTCTransport, WavMediaManager, RTVIEvent } = window.pipecat;
  const events = [];
  const transport = new SmallWebRTCTransport({ mediaManager: new WavMediaManager() });
  const client = new PipecatClient({ transport, enableMic: true });
  for (const name of Object.values(RTVIEvent))
    client.on(name, (...data) => events.push({ name, data: data[0] ?? null, at: performance.now() }));
  client.on(RTVIEvent.TrackStarted, (track, participant) => {
    if (!participant?.local && track.kind === 'audio')
      document.querySelector('#bot').srcObject = new MediaStream([track]);
  });
  const { handleMessage } = transport;
  const messages = [];
  transport.handleMessage = function (text) {
    messages.push(JSON.parse(text));
    return handleMessage.call(this, text);
  };
  window.call = { client, transport, events, messages };
}

/* A call to the bot by /api/offer, as { page, botCall, ready }. */
async function callBot() {
  const n = bot.calls.length;
  const page = await chromium.open(`${origin}/client`);
  await page.waitForFunction(() => window.pipecat !== undefined);
  await page.evaluate(begin);
  const ready = page.evaluate((endpoint) => window.call.client.connect({ webrtcRequestParams: { endpoint, requestData: { engine: 'bot', customer: 42 } } }),
    `${gateway.url}api/offer`);
  const botCall = await bot.call(n);
  const start = await botCall.waitFor('start');
  assert.deepEqual(start.parameters, { customer: '42' });
  return { page, botCall, ready: await ready };
}

/* Resolves with the data of the client's first event `name` that has the members of `part` in its data. */
async function eventOf(page, name, part = {}) {
  const handle = await page.waitForFunction(([wanted, members]) => window.call.events.find((event) => event.name === wanted
    && Object.entries(members).every(([key, value]) => JSON.stringify(event.data?.[key]) === JSON.stringify(value))), [name, part], TIMEOUT);
  return (await handle.jsonValue()).data;
}

const eventsOf = (page, ...names) => page.evaluate((wanted) => window.call.events.filter(({ name }) => wanted.includes(name)), names);

const countOf = async (page, name) => (await eventsOf(page, name)).length;

const waitForCount = (page, name, n) => page.waitForFunction(([wanted, count]) =>
  window.call.events.filter((event) => event.name === wanted).length >= count, [name, n], TIMEOUT);

/* Waits for a level of sound in the messages of `type`: the client has no event for them. */
const waitForLevel = (page, type) => page.waitForFunction((wanted) =>
  window.call.messages.some((message) => message.type === wanted && message.data.value > 0.01 && message.data.value <= 1), type, TIMEOUT);

const say = (role, text) => ({ type: 'transcript', role, text, final: true });

async function end({ page, botCall }) {
  await page.evaluate(() => window.call.client.disconnect());
  assert.equal((await botCall.waitFor('stop')).reason, 'client-bye');
  assert.deepEqual(page.problems, []);
  await page.context().close();
}

test('what the client sends reaches the bot, and the other way round', async () => {
  const call = await callBot();
  const { page, botCall, ready } = call;
  assert.equal(ready.version, '2.1.0');
  assert.equal(ready.about.library, 'voice-gateway');
  assert.equal(await page.evaluate(() => window.call.client.state), 'ready');

  await page.evaluate(() => window.call.client.sendText('hello', { run_immediately: false }));
  assert.deepEqual((await botCall.waitFor('event')).data, { type: 'text', text: 'hello', run_immediately: false });
  await page.evaluate(() => window.call.client.sendDTMF('1*#'));
  await botCall.waitUntil((self) => self.of('dtmf').length >= 3, 'three keys');
  assert.equal(botCall.of('dtmf').map(({ digit }) => digit).join(''), '1*#');

  const requestOf = (name) => botCall.waitUntil((self) => self.of('event').map(({ data }) => data).find(({ t }) => t === name), name);
  const answer = page.evaluate(() => window.call.client.sendClientRequest('weather', { city: 'Ulm' }));
  const request = await requestOf('weather');
  assert.deepEqual([request.type, request.d], ['client-message', { city: 'Ulm' }]);
  botCall.tell({ type: 'server-response', id: request.id, t: 'weather', d: { rain: true } });
  assert.deepEqual(await answer, { rain: true });
  const refusal = page.evaluate(() => window.call.client.sendClientRequest('tea').catch(({ data }) => data.error));
  botCall.tell({ type: 'error-response', id: (await requestOf('tea')).id, error: 'no tea' });
  assert.equal(await refusal, 'no tea');

  botCall.tell({ type: 'order', items: [1] });
  assert.deepEqual(await eventOf(page, 'serverMessage', { type: 'order' }), { type: 'order', items: [1] });
  await page.evaluate(() => window.call.client.sendUIEvent('click'));
  await eventOf(page, 'messageError', { data: { error: 'unsupported type "ui-event"' } });
  await end(call);
});

test('what the bot says is reported when it is heard', async () => {
  const call = await callBot();
  const { page, botCall } = call;
  await waitForCount(page, 'userStartedSpeaking', 1);
  await waitForCount(page, 'userStoppedSpeaking', 1);
  botCall.tell(say('user', 'Who is there?'));
  const { text, final, timestamp } = await eventOf(page, 'userTranscript');
  assert.deepEqual([text, final], ['Who is there?', true]);
  assert.ok(Math.abs(Date.parse(timestamp) - Date.now()) < 60000, timestamp);

  botCall.tell(say('bot', 'One.'));
  botCall.play(phrase);
  botCall.tell(say('bot', 'Two.'));
  botCall.play(phrase);
  await waitForCount(page, 'botStoppedSpeaking', 1);
  const said = await eventsOf(page, 'botOutput', 'botStartedSpeaking', 'botStoppedSpeaking');
  const outputs = said.filter(({ name }) => name === 'botOutput').map(({ data }) => data);
  assert.deepEqual(outputs.map((data) => [data.segment_id, data.text, data.spoken_status, data.spoken_progress.remaining_text]),
    [[1, 'One.', 'new', 'One.'], [1, 'One.', 'completed', ''], [2, 'Two.', 'new', 'Two.'], [2, 'Two.', 'completed', '']]);
  assert.equal(said.at(-1).name, 'botStoppedSpeaking');
  assert.equal(said.filter(({ name }) => name === 'botStartedSpeaking').length, 1);
  const at = said.filter(({ name }) => name === 'botOutput').map((event) => event.at);
  const seconds = phrase.length / RATE;
  for (const [from, to] of [[0, 1], [2, 3]]) // the second also has the 200 ms of silence after which the bot has stopped
    assert.ok(Math.abs((at[to] - at[from]) / 1000 - seconds) < 0.7, `${at.map((ms) => Math.round(ms))} for ${seconds} s each`);
  await waitForLevel(page, 'bot-audio-level');
  await waitForLevel(page, 'user-audio-level');
  await end(call);
});

test('text interrupts the bot', async () => {
  const call = await callBot();
  const { page, botCall } = call;
  botCall.tell(say('bot', 'A long story.'));
  for (let i = 0; i < 10; i++)
    botCall.play(phrase);
  botCall.tell(say('bot', 'Its end.'));
  await waitForCount(page, 'botStartedSpeaking', 1);
  await page.evaluate(() => window.call.client.sendText('stop'));
  assert.deepEqual((await botCall.waitFor('event')).data, { type: 'text', text: 'stop' });
  await botCall.waitFor('cleared');
  await waitForCount(page, 'botStoppedSpeaking', 1);
  assert.ok(await page.evaluate(() => window.call.messages.some(({ type }) => type === 'bot-interrupted')));
  assert.deepEqual((await eventsOf(page, 'botOutput')).map(({ data }) => [data.text, data.spoken_status]), [['A long story.', 'new']]);
  await end(call);
});

test('the client makes another connection, and goes on', async () => {
  const n = bot.calls.length;
  const call = await callBot();
  const { page, botCall } = call;
  const pcId = await page.evaluate(() => window.call.transport.pc_id);
  const tookOver = gateway.waitForLog(/a new connection has taken over/);
  await page.evaluate(() => { // as where ICE fails
    const [peer] = window.vgwTest.opened.peers;
    Object.defineProperty(peer, 'iceConnectionState', { value: 'failed' });
    peer.dispatchEvent(new Event('iceconnectionstatechange'));
  });
  await tookOver;
  await page.waitForFunction(() => window.vgwTest.leftOpen().peers === 1 && window.call.transport.dc.readyState === 'open', null, TIMEOUT);
  assert.deepEqual(await page.evaluate(() => [window.vgwTest.opened.peers.length, window.call.transport.pc_id, window.call.client.state]), [2, pcId, 'ready']);
  await page.evaluate(() => window.call.client.sendText('again', { run_immediately: false }));
  assert.equal((await botCall.waitFor('event')).data.text, 'again');
  botCall.tell({ type: 'after' });
  await eventOf(page, 'serverMessage', { type: 'after' });
  for (let i = 0; i < 6; i++)
    botCall.play(phrase);
  await page.evaluate(() => { // client-js 1.13 has no TrackStarted for it: its "ended" of the old track takes the new one away
    document.querySelector('#bot').srcObject = new MediaStream([window.vgwTest.opened.peers[1].getReceivers()[0].track]);
  });
  await assertHeard(page, 'after the restart');
  assert.equal(botCall.of('start').length, 1);
  assert.equal(bot.calls.length, n + 1);
  await end(call);
});

test('the bot leaves', async () => {
  const hangUp = ({ botCall }) => botCall.hangUp();
  const disconnectBot = ({ page }) => page.evaluate(() => window.call.client.disconnectBot());
  for (const [leave, reason] of [[hangUp, 'engine'], [disconnectBot, 'client-bye']]) {
    const call = await callBot();
    const { page, botCall } = call;
    await leave(call);
    await waitForCount(page, 'botDisconnected', 1);
    await page.waitForFunction(() => window.call.client.state === 'disconnected', null, TIMEOUT);
    const { reason: told } = await botCall.waitFor('stop');
    assert.ok([reason, 'client-bye'].includes(told), told);
    assert.deepEqual(page.problems, []);
    await page.context().close();
  }
});

test('refusals are shown', async () => {
  const page = await chromium.open(`${origin}/client`);
  await page.waitForFunction(() => window.pipecat !== undefined);
  await page.evaluate(begin);
  assert.deepEqual(await page.evaluate((endpoint) => window.call.client.startBot({ endpoint, requestData: { body: { engine: 'absent' } } })
    .catch(({ message, status }) => [message, status]), `${gateway.url}start`), ['no such engine, or it is not selectable', 404]);
  await page.evaluate(begin);
  assert.match(await page.evaluate((endpoint) => window.call.client.connect({ webrtcRequestParams: { endpoint } }).catch(({ message }) => message),
    `${gateway.url}api/offer?engine=absent`), /rejected with status 404/);
  await page.context().close();
});
