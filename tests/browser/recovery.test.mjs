/* The client library when something breaks in mid-call, against a far side that this test plays: the WebSocket is opened
 * anew with the resume token, ICE is restarted, a new connection takes over, a page that is loaded again goes on. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { only } from './lib/browser.mjs';
import { openFarSide } from './lib/far-side.mjs';
import { browser, gateway, startGatewayAndBrowser } from './lib/fixture.mjs';
import { waitForPackets, waitForState, waitUntil } from './lib/library-call.mjs';

startGatewayAndBrowser(); // the gateway serves the files

/* A far side that lets its session be resumed. `greet (n, session)` is what it does with socket number n (0, 1, …), whose
 * session message would be `session`; without it all are greeted. Its messages are numbered; those in `kept` are sent again. */
function resumable(script = {}, greet = (n, session, say) => say('session', session)) {
  const side = { kept: [], seq: 0, sockets: 0 };
  const wrap = (sendRaw) => (type, payload) => {
    const text = JSON.stringify({ type, payload: JSON.stringify(payload), seq: ++side.seq });
    side.kept.push({ seq: side.seq, text });
    sendRaw(text);
  };
  side.script = {
    offer: async (_, offer, { answer }) => side.say('answer', await answer(offer)),
    ...Object.fromEntries(Object.entries(script).map(([type, act]) => [type, (_, payload, tools) => act(side, payload, tools)])),
    open: (_, __, tools) => {
      const n = side.sockets++;
      side.say = wrap(tools.sendRaw);
      greet(n, { id: 'an-id', iceServers: [], resumeToken: `token-${n}`, ...(n > 0 && { resumed: true }) }, side.say, tools);
    },
  };
  return side;
}

/* Runs in the page: a call, and all that it says. */
async function makeCall(options) {
  const library = await import('/voice-gateway.js');
  const tokens = [];
  const token = options.tokens && (async () => {
    const next = options.tokens[Math.min(tokens.length, options.tokens.length - 1)];
    tokens.push(next);
    if (next === null)
      throw new Error('no token today');
    return next;
  });
  const call = new library.VoiceGatewayCall(options.url ?? '/ws', { ...options, ...(token && { token }) });
  Object.assign(window, { call, library });
  window.said = { states: [], errors: [], events: [], sessions: [], reconnecting: [], n_answers: 0 };
  call.on('signal', ({ direction, type }) => { window.said.n_answers += direction === 'in' && type === 'answer'; });
  call.on('state', ({ state, reason }) => window.said.states.push(state === 'recovering' ? `${state} ${reason}` : state));
  call.on('error', ({ code, fatal, reason }) => window.said.errors.push({ code, fatal, reason }));
  call.on('event', (event) => window.said.events.push(event));
  call.on('session', (session) => window.said.sessions.push(session));
  call.on('reconnecting', ({ attempt, delayMs, isAudioRunning }) => window.said.reconnecting.push({ attempt, delayMs, isAudioRunning }));
  window.outcome = call.connect().then(() => 'connected', (error) => error.code);
  return window.outcome;
}

async function openCall(side, options = {}) {
  const farSide = await openFarSide(browser, gateway.url, side.script);
  assert.equal(await farSide.page.evaluate(makeCall, options), 'connected');
  return farSide;
}

const said = (page) => page.evaluate(() => window.said);
const waitForStates = (page, n) => waitUntil(page, (count) => window.said.states.length >= count, n);
const offersOf = ({ received }) => received.filter(({ type }) => type === 'offer').map(({ payload }) => payload.sdp);
const ufragOf = (sdp) => /a=ice-ufrag:(\S+)/.exec(sdp)[1];
const originOf = (sdp) => /^o=\S+ (\S+)/m.exec(sdp)[1];
const ACTIVE = ['microphone', 'signaling', 'connecting', 'active'];

/* Not that of the gateway's page, which would take the call over itself. */
const OWN_URL = '/ws?of=this-test';

const assertAudioRuns = (page) => waitForPackets(page, 10);

test('a WebSocket that breaks is opened again, with what was missed, in order and once', async () => {
  const side = resumable({}, (n, session, say, { sendRaw }) => {
    const missed = side.kept.filter(({ seq }) => seq > 3); // of which the client has the first already
    say('session', session);
    if (n > 0)
      missed.forEach(({ text }) => sendRaw(text));
  });
  const farSide = await openCall(side, { dataChannel: false, tokens: ['first', 'second'] });
  const { page } = farSide;
  for (const k of [1, 2])
    side.say('event', { k });
  await waitUntil(page, () => window.said.events.length === 2);
  side.kept.push({ seq: ++side.seq, text: JSON.stringify({ type: 'event', payload: { k: 3 }, seq: side.seq }) }); // lost on its way
  farSide.close({ code: 1012, reason: 'restart' });
  await waitUntil(page, () => window.said.events.length === 3);
  side.say('event', { k: 4 });
  await waitUntil(page, () => window.said.events.length === 4);
  assert.deepEqual((await said(page)).events.map(({ k }) => k), [1, 2, 3, 4]);
  assert.deepEqual((await said(page)).states, [...ACTIVE, 'recovering signaling-lost', 'active']);
  assert.deepEqual((await said(page)).reconnecting, [{ attempt: 1, delayMs: 0, isAudioRunning: true }]);
  assert.deepEqual((await said(page)).sessions, [{ id: 'an-id', isResumed: false, missed: 0 }, { id: 'an-id', isResumed: true, missed: 0 }]);
  assert.equal(offersOf(farSide).length, 1, 'the audio went on');
  assert.deepEqual([...farSide.urls[1].searchParams], [['resume', 'token-0'], ['seq', '4']]);
  assert.equal(side.sockets, 2);
  await assertAudioRuns(page);
  assert.ok(!farSide.received.some(({ type }) => type === 'bye'));
  assert.deepEqual(page.problems, []);
  await page.context().close();
});

/* A far side that greets its second socket, which has `returned`, only with greet (). */
function slowToGreet() {
  let hasReturned;
  const returned = new Promise((resolve) => { hasReturned = resolve; });
  const side = resumable({}, (n, session, say) => {
    side.greet = () => say('session', session);
    if (n === 1)
      hasReturned();
    else
      side.greet();
  });
  return Object.assign(side, { returned });
}

test('events that the page sends while the gateway is out of reach wait for it', async () => {
  const side = slowToGreet();
  const farSide = await openCall(side, { dataChannel: false });
  farSide.close({ code: 1011 });
  await waitForState(farSide.page, 'recovering');
  await farSide.page.evaluate(() => [1, 2].forEach((n) => window.call.sendEvent({ n })));
  await side.returned;
  side.greet();
  await waitForState(farSide.page, 'active');
  const refused = await farSide.page.evaluate(() => {
    window.call.sendEvent({ n: 3 });
    window.call.hangUp();
    try {
      window.call.sendEvent({ n: 4 });
    } catch ({ code }) {
      return code;
    }
    return null;
  });
  assert.equal(refused, 'bad-state');
  assert.deepEqual(farSide.received.filter(({ type }) => type === 'event').map(({ payload }) => payload.n), [1, 2, 3]);
  await farSide.page.context().close();
});

test('an event that waited and is too long for the data channel is an error, and not the end of the call', async () => {
  const side = slowToGreet();
  const farSide = await openCall(side);
  const { page } = farSide;
  await waitUntil(page, () => window.farSide.label === 'events');
  farSide.close({ code: 1011 });
  await waitForState(page, 'recovering');
  await page.evaluate(() => {
    window.call.sendEvent('x'.repeat(1024 * 1024));
    window.call.sendEvent({ n: 2 });
  });
  await side.returned;
  side.greet();
  await waitForState(page, 'active');
  await waitUntil(page, () => window.said.events.some(({ n }) => n === 2)); // the far side sends back what it gets
  assert.deepEqual((await said(page)).errors, [{ code: 'bad-state', fatal: false, reason: null }]);
  await page.context().close();
});

test('a gateway that is busy or closes at once is tried again', async () => {
  const side = resumable({}, (n, session, say, { sendRaw, close }) => {
    if (n === 1)
      sendRaw('{"type":"error","payload":{"code":"busy","message":"full","fatal":true}}');
    if (n === 1 || n === 2)
      close({ code: n === 1 ? 1013 : 1011 });
    else
      say('session', session);
  });
  const farSide = await openCall(side);
  farSide.close({ code: 1001 });
  await waitForStates(farSide.page, 6);
  const { states, errors, reconnecting } = await said(farSide.page);
  assert.deepEqual([states, errors], [[...ACTIVE, 'recovering signaling-lost', 'active'], []]);
  assert.deepEqual(reconnecting.map(({ attempt }) => attempt), [1, 2, 3]);
  assert.ok(reconnecting[1].delayMs >= 225 && reconnecting[2].delayMs >= 900, JSON.stringify(reconnecting));
  assert.deepEqual(farSide.urls.map((url) => url.searchParams.get('resume')), [null, 'token-0', 'token-0', 'token-0']);
  await farSide.page.context().close();
});

const GONE = '{"type":"error","payload":{"code":"gone","message":"no such session","fatal":true}}';

test('a session that is gone ends the call with that as its reason', async () => {
  const side = resumable({}, (n, session, say, { sendRaw, close }) => {
    if (n === 0) {
      say('session', session);
      return;
    }
    sendRaw(GONE);
    close({ code: 1008 });
  });
  const farSide = await openCall(side);
  farSide.close({ code: 1011 });
  await waitForState(farSide.page, 'ended');
  assert.deepEqual((await said(farSide.page)).errors, [{ code: 'session-gone', fatal: true, reason: 'gone' }]);
  await farSide.page.context().close();
});

test('or begins a new one, where the page wants that', async () => {
  const side = resumable({}, (n, session, say, { sendRaw, close }) => {
    if (n === 1) {
      sendRaw(GONE);
      close({ code: 1008 });
    } else {
      say('session', { ...session, id: `id-${n}`, resumed: false });
    }
  });
  const farSide = await openCall(side, { sessionGone: 'new-call' });
  const { page } = farSide;
  farSide.close({ code: 1011 });
  await waitUntil(page, () => window.said.sessions.length === 2);
  await waitForState(page, 'active');
  assert.equal(await page.evaluate(() => window.call.sessionId), 'id-2');
  assert.deepEqual((await said(page)).sessions.map(({ id, isResumed }) => [id, isResumed]), [['id-0', false], ['id-2', false]]);
  const { states, errors } = await said(page);
  assert.deepEqual([states, errors], [[...ACTIVE, 'recovering signaling-lost', 'active'], []]);
  assert.equal(farSide.urls[2].searchParams.get('resume'), null);
  assert.equal(new Set(offersOf(farSide).map(originOf)).size, 2, 'a new connection');
  await assertAudioRuns(page);
  await page.context().close();
});

test('a call that another page has taken over ends here', async () => {
  const side = resumable();
  const farSide = await openCall(side);
  farSide.close({ code: 4001, reason: 'replaced' });
  await waitForState(farSide.page, 'ended');
  assert.deepEqual((await said(farSide.page)).errors, [{ code: 'replaced', fatal: true, reason: 'replaced' }]);
  assert.equal(side.sockets, 1);
  await farSide.page.context().close();
});

test('a gateway that does not come back ends the call after the time for that', async () => {
  const side = resumable({}, (n, session, say, { close }) => (n === 0 ? say('session', session) : close({ code: 1011 })));
  const farSide = await openCall(side, { recoverTimeoutMs: 1500 });
  farSide.close({ code: 1011 });
  await waitForState(farSide.page, 'ended');
  assert.deepEqual((await said(farSide.page)).errors.map(({ code }) => code), ['gateway-lost']);
  await farSide.page.context().close();
});

test('without the option, and without a resume token, a broken WebSocket ends the call', async () => {
  for (const [options, greet] of [[{ reconnect: false }, undefined], [{}, (n, { id }, say) => say('session', { id })]]) {
    const side = resumable({}, greet);
    const farSide = await openCall(side, options);
    farSide.close({ code: 1011 });
    await waitForState(farSide.page, 'ended');
    assert.deepEqual((await said(farSide.page)).errors.map(({ code }) => code), ['gateway-lost']);
    assert.equal(side.sockets, 1);
    await farSide.page.context().close();
  }
});

test('a token is asked for at each connection; without one there is no call, and a running one tries again', async () => {
  const side = resumable();
  const farSide = await openCall(side, { tokens: ['a', null, 'b'] });
  farSide.close({ code: 1011 });
  await waitForStates(farSide.page, 6);
  assert.equal(side.sockets, 2);
  assert.deepEqual((await said(farSide.page)).reconnecting.map(({ attempt }) => attempt), [1, 2]);
  assert.deepEqual((await said(farSide.page)).errors, []);
  await farSide.page.context().close();

  const refused = await browser.open(gateway.url);
  for (const tokens of [[null], ['no token, by its spaces']]) {
    assert.equal(await refused.evaluate(makeCall, { tokens }), 'unauthorized');
    assert.deepEqual((await said(refused)).errors, [{ code: 'unauthorized', fatal: true, reason: 'no-token' }]);
  }
  assert.equal(await refused.evaluate(() => window.vgwTest.opened.sockets.length), 0);
  await refused.context().close();
});

test('when the network is back, ICE is restarted on the same connection', async () => {
  const side = resumable();
  const farSide = await openCall(side);
  const { page } = farSide;
  await page.evaluate(() => window.dispatchEvent(new Event('online')));
  await waitUntil(page, () => window.said.n_answers === 2);
  const offers = offersOf(farSide);
  assert.equal(offers.length, 2);
  assert.equal(originOf(offers[0]), originOf(offers[1]));
  assert.notEqual(ufragOf(offers[0]), ufragOf(offers[1]));
  await waitForState(page, 'active');
  await assertAudioRuns(page);
  assert.equal(await page.evaluate(() => window.vgwTest.opened.peers.length), 2, 'one on each side');
  await page.context().close();
});

test('an offer that nobody answers is sent again on another WebSocket', async () => {
  let n_offers = 0;
  const side = resumable({ offer: async (self, offer, { answer }) => {
    n_offers++;
    if (n_offers !== 2)
      self.say('answer', await answer(offer));
  } });
  const farSide = await openCall(side);
  await farSide.page.evaluate(() => window.call.retryNow());
  await waitForStates(farSide.page, 6);
  await waitForState(farSide.page, 'active');
  await waitUntil(farSide.page, () => window.vgwTest.opened.peers[0].signalingState === 'stable');
  const offers = offersOf(farSide);
  assert.equal(offers.length, 3);
  assert.equal(ufragOf(offers[1]), ufragOf(offers[2]), 'the same offer');
  assert.equal(side.sockets, 2);
  await assertAudioRuns(farSide.page);
  await farSide.page.context().close();
});

test('a restart that the gateway refuses leaves the connection as it was', async () => {
  let n_offers = 0;
  const side = resumable({ offer: async (self, offer, { answer }) => {
    if (n_offers++ === 0)
      self.say('answer', await answer(offer));
    else
      self.say('error', { code: 'bad-state', message: 'no restart here', fatal: false, about: 'offer' });
  } });
  const { page } = await openCall(side);
  await page.evaluate(() => window.call.retryNow());
  await waitUntil(page, () => window.said.errors.length === 1);
  await waitUntil(page, () => window.vgwTest.opened.peers[0].signalingState === 'stable');
  assert.deepEqual((await said(page)).errors, [{ code: 'gateway-error', fatal: false, reason: 'bad-state' }]);
  assert.deepEqual((await said(page)).states, ACTIVE);
  await assertAudioRuns(page);
  await page.context().close();
});

test('a connection that the gateway has lost is replaced by a new one', async () => {
  const side = resumable();
  const farSide = await openCall(side);
  const { page } = farSide;
  await page.evaluate(() => window.farSide.pc.close());
  side.say('state', { state: 'recovering', reason: 'media-lost' });
  await waitForState(page, 'recovering');
  assert.equal(await page.evaluate(() => window.call.sendDtmf('1').catch(({ code }) => code)), 'bad-state',
    'keys are not pressed into the void');
  await waitUntil(page, () => window.farSide.peers.length >= 2 && window.farSide.pc.connectionState === 'connected');
  side.say('state', { state: 'active' });
  await waitForState(page, 'active');
  await assertAudioRuns(page);
  assert.equal(new Set(offersOf(farSide).map(originOf)).size, 2);
  await page.evaluate(() => window.call.hangUp());
  await waitUntil(page, () => window.vgwTest.opened.peers.filter(({ connectionState }) => connectionState !== 'closed').length <= 1);
  assert.deepEqual(page.problems, []);
  await page.context().close();
});

/* The far side answers the ICE restart with another peer connection. Firefox keeps its DTLS association all the same; a
 * gateway that has lost the connection says so (state: recovering), and gets an offer of a new one: the test before. */
test('a path that fails by itself is replaced, too', only('chromium', 'the far side is another one without a word'), async () => {
  const side = resumable();
  const farSide = await openCall(side);
  const { page } = farSide;
  await page.evaluate(() => window.farSide.pc.close()); // and nobody says so
  await waitForState(page, 'recovering');
  await waitForState(page, 'active');
  assert.ok(offersOf(farSide).length >= 2);
  await assertAudioRuns(page);
  await page.context().close();
});

test('a page that is loaded again goes on with its call, once', async () => {
  const side = resumable();
  const farSide = await openCall(side, { resumeAfterReload: true, url: OWN_URL });
  const { page } = farSide;
  const canResume = () => page.evaluate(async (url) => (await import('/voice-gateway.js')).canResume(url), OWN_URL);
  await page.reload();
  assert.equal(await canResume(), true);
  assert.equal(await page.evaluate(makeCall, { resumeAfterReload: true, url: OWN_URL }), 'connected');
  assert.deepEqual(await page.evaluate(() => [window.call.resumed, window.call.sessionId]), [true, 'an-id']);
  assert.equal(await canResume(), false);
  assert.equal(farSide.urls[1].searchParams.get('resume'), 'token-0');
  assert.ok(!farSide.received.some(({ type }) => type === 'bye'));
  await assertAudioRuns(page);
  await page.evaluate(() => window.call.hangUp());
  await page.reload();
  assert.equal(await canResume(), false, 'a call that is over is not kept');
  await page.context().close();
});

test('a gateway that greets and closes is not asked again at once', async () => {
  const side = resumable({}, (n, session, say, { close }) => {
    say('session', session);
    if (n >= 1 && n <= 3)
      close({ code: 1011 });
  });
  const farSide = await openCall(side);
  const { page } = farSide;
  farSide.close({ code: 1011 });
  await waitUntil(page, () => window.said.sessions.length === 5);
  const { reconnecting } = await said(page);
  assert.deepEqual(reconnecting.map(({ attempt }) => attempt), [1, 2, 3, 4]);
  assert.ok(reconnecting[0].delayMs === 0 && reconnecting[1].delayMs >= 200 && reconnecting[3].delayMs >= 2000, JSON.stringify(reconnecting));
  await waitForState(page, 'active');
  await page.evaluate(() => {
    const { now } = performance;
    performance.now = () => now.call(performance) + 5000; // the socket is a good one after that time
  });
  farSide.close({ code: 1011 });
  await waitUntil(page, () => window.said.sessions.length === 6);
  assert.deepEqual((await said(page)).reconnecting.at(-1).attempt, 1);
  await page.context().close();
});

test('a new call in place of one that is gone is tried again where the gateway is busy', async () => {
  const refuse = ({ sendRaw, close }, code, closeCode) => {
    sendRaw(JSON.stringify({ type: 'error', payload: { code, message: code, fatal: true } }));
    close({ code: closeCode });
  };
  const side = resumable({}, (n, session, say, tools) => {
    if (n === 1)
      refuse(tools, 'gone', 1008);
    else if (n === 2 || n === 3)
      refuse(tools, 'busy', 1013);
    else
      say('session', { ...session, id: `id-${n}`, resumed: false });
  });
  const farSide = await openCall(side, { sessionGone: 'new-call' });
  const { page } = farSide;
  farSide.close({ code: 1011 });
  await waitUntil(page, () => window.call.sessionId === 'id-4');
  await waitForState(page, 'active');
  assert.deepEqual(farSide.urls.map(({ searchParams }) => searchParams.get('resume')), [null, 'token-0', null, null, null]);
  assert.deepEqual((await said(page)).errors, []);
  await assertAudioRuns(page);
  await page.context().close();
});

/* A call whose pings come ten times as often. */
async function openHastyCall(side) {
  const farSide = await openFarSide(browser, gateway.url, side.script);
  await farSide.page.evaluate(() => {
    const { setInterval } = window;
    window.setInterval = (act, ms) => setInterval(act, ms / 10);
  });
  assert.equal(await farSide.page.evaluate(makeCall, {}), 'connected');
  return farSide;
}

/* As the gateway answers it: without a number. */
const pong = (_, __, { sendRaw }) => sendRaw('{"type":"pong","payload":"{}"}');

test('a WebSocket on which a ping is not answered is replaced, where the gateway answers pings', async () => {
  const side = resumable({ ping: (self, payload, tools) => self.sockets !== 1 || self.n_pings++ === 0 ? pong(self, payload, tools) : null });
  side.n_pings = 0;
  const farSide = await openHastyCall(side);
  const { page } = farSide;
  await waitUntil(page, () => window.said.sessions.length === 2);
  await waitForState(page, 'active');
  assert.deepEqual((await said(page)).states, [...ACTIVE, 'recovering signaling-lost', 'active']);
  assert.deepEqual(farSide.urls.map(({ searchParams }) => searchParams.get('resume')), [null, 'token-0']);
  assert.equal(offersOf(farSide).length, 1, 'the audio went on');
  await page.context().close();
});

test('a gateway that does not know pings is left in peace', async () => {
  let n_pings = 0;
  const side = resumable({ ping: () => { n_pings++; } });
  const { page } = await openHastyCall(side);
  const deadline = Date.now() + 30000;
  while (n_pings < 3 && Date.now() < deadline) // the third is sent in spite of the second
    await page.evaluate(() => new Promise((resolve) => { setTimeout(resolve, 100); }));
  assert.ok(n_pings >= 3);
  assert.deepEqual((await said(page)).states, ACTIVE);
  assert.equal(side.sockets, 1);
  await page.context().close();
});

test('an ICE restart after a resumption uses the servers that came with it', async () => {
  const server = (n) => ({ urls: ['turn:127.0.0.1:3478'], username: `user-${n}`, credential: 'c' });
  const side = resumable({}, (n, session, say) => say('session', { ...session, iceServers: [server(n)] }));
  const farSide = await openCall(side, { iceServers: [{ urls: ['stun:127.0.0.1:3479'] }] });
  const { page } = farSide;
  farSide.close({ code: 1011 });
  await waitUntil(page, () => window.said.sessions.length === 2);
  await waitForState(page, 'active');
  await page.evaluate(() => window.call.retryNow());
  await waitUntil(page, () => window.said.n_answers === 2);
  const servers = await page.evaluate(() => window.vgwTest.opened.peers[0].getConfiguration().iceServers);
  assert.deepEqual(servers.map(({ urls, username }) => [[urls].flat()[0], username || null]),
    [['turn:127.0.0.1:3478', 'user-1'], ['stun:127.0.0.1:3479', null]]);
  assert.equal(new Set(offersOf(farSide).map(ufragOf)).size, 2);
  await assertAudioRuns(page);
  await page.context().close();
});

test('an access token in the address is not kept for the page after a reload', async () => {
  const { page } = await openFarSide(browser, gateway.url, resumable().script);
  const call = (token) => page.evaluate(async (address) => {
    const { VoiceGatewayCall } = await import('/voice-gateway.js');
    window.call = new VoiceGatewayCall(address, { resumeAfterReload: true });
    await window.call.connect();
    return window.call.resumed;
  }, `${OWN_URL}&token=${token}`);
  assert.equal(await call('first-token'), false);
  await page.reload();
  const kept = await page.evaluate(() => JSON.stringify({ ...sessionStorage }));
  assert.ok(kept.includes('token-0') && !kept.includes('first-token'), kept);
  assert.equal(await call('second-token'), true);
  await page.context().close();
});

test('what storage holds is not trusted', async () => {
  const { page } = await openFarSide(browser, gateway.url);
  const found = await page.evaluate(async () => {
    const { canResume } = await import('/voice-gateway.js');
    const key = `voice-gateway.resume:${new URL('/ws', location.href).href.replace('http', 'ws')}`;
    return ['', '{', 'null', '7', '{"token":7,"at":1}', JSON.stringify({ token: 'x', seq: 1, at: Date.now() - 60000 }),
      JSON.stringify({ token: 'x', seq: 'y', at: Date.now() })].map((text) => {
      sessionStorage.setItem(key, text);
      return canResume('/ws');
    });
  });
  assert.deepEqual(found, [false, false, false, false, false, false, true]);
  await page.context().close();
});
