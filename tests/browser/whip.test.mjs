/* WHIP from pages of another origin than the gateway's: the client of docs/DOORS.md as it is there, and two that nobody
 * here wrote. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { launch, recordRemote, takeRecorded, waitForAsync, waitForRecorded } from './lib/browser.mjs';
import { bundle } from './lib/bundle.mjs';
import { Gateway } from './lib/gateway.mjs';
import { findSpeech, readWav, writeWav } from './lib/sound.mjs';

const RATE = 16000;
const PAUSE_S = 1;
const LEAST_OF_SPEECH = 0.6; // as in call.test.mjs
const MOST_OF_OTHER_SPEECH = 0.5; // the phrase backwards: 0.25 to 0.42 was seen
const ICE_SERVER = 'stun:127.0.0.1:9';
const CONFIGURATION = `
[engine]
default = echo

[engine recorder]
type = record
selectable = true
`;

const read = (path) => readFileSync(new URL(path, import.meta.url), 'utf8');
const [, minimal] = /```html\n([^]*?)```/.exec(read('../../docs/DOORS.md'));

const PAGES = {
  '/minimal': ['text/html', `<!doctype html><link rel="icon" href="data:,">${minimal}`],
  '/client': ['text/html', '<!doctype html><link rel="icon" href="data:,"><audio id="bot" autoplay></audio>'],
  '/eyevinn.js': ['text/javascript', await bundle("export { WHIPClient } from '@eyevinn/whip-web-client';")],
  '/whip.js': ['text/javascript', read('node_modules/@binbat/whip-whep/whip.js')],
};

const directory = mkdtempSync(join(tmpdir(), 'voice-gateway-whip-'));
const phrase = readWav(new URL('../../data/sounds/phrase.wav', import.meta.url).pathname).samples;
const loop = new Float32Array(phrase.length + PAUSE_S * RATE);
loop.set(phrase);

let site;
let origin;
let gateway;
let chromium;

before(async () => {
  const wav = join(directory, 'microphone.wav');
  writeWav(wav, RATE, loop);
  site = createServer(({ url }, response) => {
    const [type, text] = PAGES[url.split('?')[0]] ?? ['text/plain', ''];
    response.writeHead(text ? 200 : 404, { 'Content-Type': type }).end(text);
  }).listen(0, '127.0.0.1');
  await once(site, 'listening');
  origin = `http://127.0.0.1:${site.address().port}`;
  gateway = await Gateway.start([`access.origins=${origin}`, `ice.client-servers=${ICE_SERVER}`], { configuration: CONFIGURATION });
  chromium = await launch({ microphone: { wav } });
});

after(async () => {
  await chromium?.close();
  site?.close();
  rmSync(directory, { recursive: true, force: true });
  await gateway?.stopCleanly();
});

/* There is the phrase in `heard`, and no other. */
function assertPhrase(heard, where) {
  const found = findSpeech(phrase, heard, RATE);
  const other = findSpeech(phrase.slice().reverse(), heard, RATE);
  const told = `${where}: ${JSON.stringify(found)}, and of other speech ${other.pieces}`;
  console.log(told);
  assert.ok(found.pieces >= LEAST_OF_SPEECH && other.pieces < MOST_OF_OTHER_SPEECH, told);
}

/* What the page's <audio id=bot> plays in so many turns of the phrase has the phrase in it. */
async function assertHeard(page, where) {
  await page.waitForFunction(() => document.querySelector('#bot').srcObject !== null);
  await page.waitForFunction(() => window.vgwTest.opened.peers[0].connectionState === 'connected');
  await recordRemote(page, RATE, '#bot');
  await waitForRecorded(page, 2 * loop.length);
  assertPhrase(await takeRecorded(page), where);
}

test('the minimal client of docs/DOORS.md', async () => {
  const page = await chromium.open(`${origin}/minimal?gateway=${gateway.url.replace(/\/$/, '')}`);
  await page.click('#call');
  await assertHeard(page, 'minimal client');
  await page.click('#hang-up');
  await gateway.waitForLog(/session ended: reason client-bye/);
  await page.waitForFunction(() => window.vgwTest.leftOpen().peers === 0);
  assert.deepEqual(await page.evaluate(() => window.vgwTest.leftOpen().tracks), 0);
  assert.deepEqual(page.problems, []);
  await page.context().close();
});

test('a page of an origin that is not listed cannot call', async () => {
  const strict = await Gateway.start();
  const page = await chromium.open(`${origin}/minimal?gateway=${strict.url.replace(/\/$/, '')}`);
  const problem = page.waitForEvent('pageerror');
  await page.click('#call');
  assert.match(String(await problem), /Failed to fetch/);
  assert.ok(page.problems.some((text) => /blocked by CORS policy/.test(text)), page.problems.join('\n'));
  assert.doesNotMatch(strict.log, /session started/);
  await page.context().close();
  await strict.stopCleanly();
});

/* Runs in the page: a call with @binbat/whip-whep, with a data channel. */
async function publish(url) {
  const { WHIPClient } = await import('/whip.js');
  const peer = new RTCPeerConnection();
  const microphone = await navigator.mediaDevices.getUserMedia({ audio: true });
  const client = new WHIPClient();
  const events = [];
  peer.ontrack = ({ streams }) => { document.querySelector('#bot').srcObject = streams[0]; };
  peer.addTransceiver(microphone.getTracks()[0], { direction: 'sendrecv', streams: [microphone] });
  const channel = peer.createDataChannel('events');
  channel.onmessage = ({ data }) => events.push(data);
  window.whip = { client, peer, channel, events };
  await client.publish(peer, url);
  return { resource: String(client.resourceURL), etag: client.etag, iceServers: peer.getConfiguration().iceServers };
}

test('@binbat/whip-whep calls, trickles, and has events', async () => {
  const page = await chromium.open(`${origin}/client`);
  const { resource, etag, iceServers } = await page.evaluate(publish, `${gateway.url}whip/echo`);
  assert.ok(resource.startsWith(`${gateway.url}whip/session/`), resource);
  assert.match(etag, /^"[\w-]+"$/);
  assert.deepEqual(iceServers.map(({ urls }) => urls).flat(), [ICE_SERVER]);
  await page.waitForFunction(() => window.whip.channel.readyState === 'open');
  await page.evaluate(() => window.whip.channel.send('{"from":"whip"}'));
  await assertHeard(page, '@binbat/whip-whep');
  assert.deepEqual(await page.evaluate(() => window.whip.events), ['{"from":"whip"}']);

  const before = await page.evaluate(() => window.whip.peer.remoteDescription.sdp);
  await page.evaluate(() => window.whip.client.restart());
  const after = await page.evaluate(() => window.whip.peer.remoteDescription.sdp);
  const ufragOf = (sdp) => /a=ice-ufrag:(.*)/.exec(sdp)[1];
  assert.notEqual(ufragOf(after), ufragOf(before));
  await waitForAsync(page, async (ufrag) => {
    const reports = [...(await window.whip.peer.getStats()).values()];
    const { selectedCandidatePairId } = reports.find(({ type }) => type === 'transport');
    const pair = reports.find(({ id }) => id === selectedCandidatePairId);
    return reports.find(({ id }) => id === pair?.remoteCandidateId)?.usernameFragment === ufrag;
  }, ufragOf(after));
  assert.notEqual(await page.evaluate(() => window.whip.client.etag), etag);
  await assertHeard(page, '@binbat/whip-whep after an ICE restart');
  assert.deepEqual(page.problems, []); // a PATCH that was refused would be one
  assert.equal((await fetch(resource)).status, 204);
  await page.evaluate(() => window.whip.client.stop());
  await gateway.waitForLog(/session ended: reason client-bye[^]*session ended: reason client-bye/);
  assert.equal((await fetch(resource)).status, 404);
  await page.context().close();
});

/* Runs in the page: the headers of the answers to its requests are in window.answers. */
function keepAnswers() {
  const { fetch } = window;
  window.answers = [];
  window.fetch = async (...args) => {
    const answer = await fetch(...args);
    window.answers.push(Object.fromEntries(answer.headers));
    return answer;
  };
}

const sessionIds = async () => (await gateway.sessions()).map(({ id }) => id);

/* The id of the session that `work` makes. */
async function idOfNewSession(work) {
  const before = await sessionIds();
  await work();
  return (await sessionIds()).find((id) => !before.includes(id));
}

test('a page that is loaded again continues its call with the resume token, once', async () => {
  const page = await chromium.open(`${origin}/client`);
  await page.addInitScript(keepAnswers);
  await page.reload();
  const call = async (query, status) => {
    const { iceServers } = await page.evaluate(publish, `${gateway.url}whip/echo${query}`);
    assert.deepEqual(iceServers.map(({ urls }) => urls).flat(), [ICE_SERVER]);
    const { 'x-resume-token': token, 'x-resume-status': told } = await page.evaluate(() =>
      window.answers.find((headers) => headers['x-resume-token']));
    assert.equal(told, status);
    await page.waitForFunction(() => window.whip.peer.connectionState === 'connected');
    return token;
  };
  let first;
  const id = await idOfNewSession(async () => { first = await call('', 'new'); });
  await gateway.waitForLog(new RegExp(`${id}.*session is active`));
  await page.reload();
  await gateway.waitForLog(new RegExp(`${id}.*session is recovering`)); // the page takes its time
  const ids = await sessionIds();
  const second = await call(`?resume=${first}`, 'resumed');
  assert.notEqual(second, first);
  assert.deepEqual(await sessionIds(), ids);
  await assertHeard(page, '@binbat/whip-whep after a reload');
  const resource = await page.evaluate(() => String(window.whip.client.resourceURL));

  await page.reload();
  await call(`?resume=${first}`, 'expired'); // which makes another call
  assert.equal((await sessionIds()).length, ids.length + 1);
  await page.evaluate(() => window.whip.client.stop());
  assert.equal((await fetch(resource, { method: 'DELETE' })).status, 200);
  await gateway.waitForLog(new RegExp(`${id}.*session ended: reason client-bye`));
  assert.deepEqual(page.problems, []);
  await page.context().close();
});

/* Runs in the page: a call with @eyevinn/whip-web-client, as its README does it. It sends, and receives nothing. */
async function ingest(endpoint) {
  const { WHIPClient } = await import('/eyevinn.js');
  window.whip = new WHIPClient({ endpoint, opts: { iceServers: [] } });
  await window.whip.setIceServersFromEndpoint();
  await window.whip.ingest(await navigator.mediaDevices.getUserMedia({ audio: true }));
  return window.whip.getResourceUrl();
}

test('@eyevinn/whip-web-client is heard, and hangs up', async () => {
  const page = await chromium.open(`${origin}/client`);
  let resource;
  const id = await idOfNewSession(async () => { resource = await page.evaluate(ingest, `${gateway.url}whip/recorder`); });
  assert.ok(resource.startsWith(`${gateway.url}whip/session/`), resource);
  await page.waitForFunction(() => window.whip.getICEConnectionState() === 'connected');
  await waitForAsync(page, async (seconds) => [...(await window.vgwTest.opened.peers[0].getStats()).values()]
    .some(({ type, packetsSent }) => type === 'outbound-rtp' && packetsSent > 50 * seconds), 2 * loop.length / RATE);
  await page.evaluate(() => window.whip.destroy());
  assert.equal((await fetch(resource)).status, 404);
  await gateway.waitForLog(new RegExp(`recorded \\S*${id}-caller\\.wav`));
  assertPhrase(readWav(join(gateway.directory, `${id}-caller.wav`)).samples, '@eyevinn/whip-web-client');
  const remark = /No authkey is provided/; // its own
  assert.deepEqual(page.problems.filter((text) => !remark.test(text)), []);
  await page.context().close();
});
