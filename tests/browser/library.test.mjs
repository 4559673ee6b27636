/* The client library against a far side that this test plays, for what a good gateway does not do on demand: engine
 * failures, silence, nonsense. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openFarSide } from './lib/far-side.mjs';
import { browser as chromium, gateway, startGatewayAndBrowser } from './lib/fixture.mjs';

startGatewayAndBrowser(); // the gateway serves the files

/* Runs in the page: a call, and all that it says. */
async function makeCall({ url, options }) {
  const { VoiceGatewayCall } = await import('/voice-gateway.js');
  const call = new VoiceGatewayCall(url, options);
  window.call = call;
  window.said = { states: [], errors: [], events: [], tracks: [], end: null };
  call.on('state', ({ state, reason, error }) => {
    window.said.states.push(state);
    if (state === 'ended')
      window.said.end = { reason, error: error && { code: error.code, message: error.message, reason: error.reason } };
  });
  call.on('error', ({ code, fatal, reason }) => window.said.errors.push({ code, fatal, reason }));
  call.on('event', (event) => window.said.events.push(event));
  call.on('track', ({ direction, codec }) => window.said.tracks.push([direction, codec ?? null]));
  window.outcome = call.connect().then(() => 'connected', (error) => error.code);
}

/* A page with a call to a far side that follows `script`. */
async function openWith(script = {}, options = {}, url = '/ws') {
  const farSide = await openFarSide(chromium, gateway.url, script);
  await farSide.page.evaluate(makeCall, { url, options });
  return farSide;
}

const outcome = (page) => page.evaluate(() => window.outcome);
const said = (page) => page.evaluate(() => window.said);
const waitUntil = (page, check, argument) => page.waitForFunction(check, argument, { timeout: 20000 });

async function endOf(page) {
  await waitUntil(page, () => window.said.end);
  await waitUntil(page, () => {
    const { peers, ...rest } = window.vgwTest.leftOpen();
    return peers <= (window.farSide.pc ? 1 : 0) && Object.values(rest).every((n) => n === 0); // the far side's stays
  });
  return said(page);
}

test('events pass on the data channel, in both directions', async () => {
  const { page, received } = await openWith();
  assert.equal(await outcome(page), 'connected');
  await waitUntil(page, () => window.farSide.label === 'events');
  await waitUntil(page, () => {
    window.call.sendEvent({ type: 'greeting', text: 'grüß dich' });
    return window.said.events.length > 0;
  });
  assert.deepEqual((await said(page)).events.at(-1), { type: 'greeting', text: 'grüß dich' });
  assert.deepEqual((await said(page)).tracks, [['in', null]]);
  await page.evaluate(() => window.call.hangUp());
  const { states, end } = await endOf(page);
  assert.deepEqual(states, ['microphone', 'signaling', 'connecting', 'active', 'ended']);
  assert.deepEqual(end, { reason: 'hung-up', error: null });
  assert.equal(received.at(-1).type, 'bye');
  await page.context().close();
});

test('without a data channel events pass on the WebSocket', async () => {
  const { page, received } = await openWith({ event: (send, event) => send('event', { answered: event }) }, { dataChannel: false });
  assert.equal(await outcome(page), 'connected');
  await page.evaluate(() => window.call.sendEvent([1, 'two']));
  await waitUntil(page, () => window.said.events.length > 0);
  assert.deepEqual((await said(page)).events, [{ answered: [1, 'two'] }]);
  const { sdp } = received.find(({ type }) => type === 'offer').payload;
  assert.doesNotMatch(sdp, /m=application/);
  await page.context().close();
});

test('the engine failing is an error, the engine hanging up is none', async () => {
  const failing = await openWith();
  assert.equal(await outcome(failing.page), 'connected');
  failing.send('error', { code: 'engine', message: 'the bot fell over', fatal: true });
  failing.send('state', { state: 'ended', reason: 'engine' });
  const failed = await endOf(failing.page);
  assert.deepEqual(failed.end, { reason: 'engine', error: { code: 'engine', message: 'the bot fell over', reason: 'engine' } });
  assert.deepEqual(failed.errors, [{ code: 'engine', fatal: true, reason: 'engine' }]);
  await failing.page.context().close();

  const hanging = await openWith();
  assert.equal(await outcome(hanging.page), 'connected');
  hanging.send('state', { state: 'ended', reason: 'engine' });
  const hungUp = await endOf(hanging.page);
  assert.deepEqual([hungUp.end, hungUp.errors], [{ reason: 'engine', error: null }, []]);
  await hanging.page.context().close();
});

test('a fatal error ends the call even when nothing follows it', async () => {
  const { page, send } = await openWith();
  assert.equal(await outcome(page), 'connected');
  send('error', { code: 'internal', message: 'x', fatal: true });
  assert.equal((await endOf(page)).end.error.code, 'gateway-error');
  await page.context().close();
});

test('an error that is not fatal is told, and the call goes on', async () => {
  const { page, send } = await openWith();
  assert.equal(await outcome(page), 'connected');
  send('error', { code: 'bad-state', message: 'a second offer', fatal: false });
  await waitUntil(page, () => window.said.errors.length > 0);
  assert.deepEqual((await said(page)).errors, [{ code: 'gateway-error', fatal: false, reason: 'bad-state' }]);
  assert.equal(await page.evaluate(() => window.call.state), 'active');
  await page.context().close();
});

test('an error before the answer that is not fatal does not end the attempt', async () => {
  const { page } = await openWith({
    offer: async (send, offer, { answer }) => {
      send('error', { code: 'bad-message', message: 'a candidate of no use', fatal: false });
      send('answer', await answer(offer));
    },
  });
  assert.equal(await outcome(page), 'connected');
  assert.deepEqual((await said(page)).errors, [{ code: 'gateway-error', fatal: false, reason: 'bad-message' }]);
  await page.context().close();
});

test('events of a call that is being made wait until it runs', async () => {
  let hasSent;
  const sent = new Promise((resolve) => { hasSent = resolve; });
  const { page, received } = await openWith({
    open: async (send) => {
      await sent;
      send('session', { id: 'an-id', iceServers: [] });
    },
  }, { dataChannel: false });
  await waitUntil(page, () => window.call.state === 'signaling');
  const refused = await page.evaluate(() => {
    const event = { n: 1 };
    window.call.sendEvent(event);
    event.n = 0; // what is queued stays as it was
    window.call.sendEvent({ n: 2 });
    const circular = { n: 3 };
    circular.self = circular;
    return [circular, undefined, 1n].map((wrong) => {
      try {
        window.call.sendEvent(wrong);
      } catch ({ name }) {
        return name;
      }
      return null;
    });
  });
  assert.deepEqual(refused, ['TypeError', 'TypeError', 'TypeError']);
  await page.evaluate(() => window.call.sendEvent({ n: 3 }));
  hasSent();
  assert.equal(await outcome(page), 'connected');
  await page.evaluate(() => window.call.hangUp());
  await endOf(page);
  assert.deepEqual(received.filter(({ type }) => type === 'event').map(({ payload }) => payload.n), [1, 2, 3]);
  assert.deepEqual(received.map(({ type }) => type).filter((type) => type !== 'candidate'),
    ['offer', 'event', 'event', 'event', 'bye']);
  await page.context().close();
});

test('an offer that the gateway refuses ends the attempt', async () => {
  const { page } = await openWith({
    offer: (send) => send('error', { code: 'bad-message', message: 'no codec', fatal: false, about: 'offer' }),
  });
  assert.equal(await outcome(page), 'gateway-error');
  assert.equal((await endOf(page)).end.error.message, 'no codec');
  await page.context().close();
});

test('a gateway that accepts the socket and then says nothing', async () => {
  const { page } = await openWith({ open() {} }, { signalingTimeoutMs: 300 });
  assert.equal(await outcome(page), 'gateway-unreachable');
  await endOf(page);
  await page.context().close();
});

test('a gateway that does not answer the offer', async () => {
  const { page } = await openWith({ offer() {} }, { signalingTimeoutMs: 3000 });
  assert.equal(await outcome(page), 'timeout');
  await endOf(page);
  await page.context().close();
});

test('the gateway ends the call while it is being made', async () => {
  const { page } = await openWith({ offer: (send) => send('state', { state: 'ended', reason: 'client-bye' }) });
  assert.equal(await outcome(page), 'ended-by-gateway');
  assert.deepEqual((await endOf(page)).end, { reason: 'client-bye', error: null });
  await page.context().close();
});

test('a listener that hangs up while the socket is being opened leaves none open', async () => {
  const page = await chromium.open(gateway.url); // of a far side's sockets the page would keep no list
  const code = await page.evaluate(async () => {
    const { VoiceGatewayCall } = await import('/voice-gateway.js');
    const call = new VoiceGatewayCall('/ws');
    call.on('signal', ({ type, payload }) => type === 'websocket' && payload.state === 'opening' && call.hangUp());
    return call.connect().catch((error) => error.code);
  });
  assert.equal(code, 'hung-up');
  await page.waitForFunction(() => Object.values(window.vgwTest.leftOpen()).every((n) => n === 0), null,
    { timeout: 5000 }); // the gateway closes one without an offer after 10 s
  assert.equal(await page.evaluate(() => window.vgwTest.opened.sockets.length), 1);
  await page.context().close();
});

test('candidates may come before the answer and one by one', async () => {
  const { page } = await openWith({
    async offer(send, offer, { answer }) {
      const { sdp } = await answer(offer);
      const lines = sdp.split('\r\n');
      const candidates = lines.filter((line) => line.startsWith('a=candidate:')).map((line) => line.slice(2));
      send('candidate', { candidate: candidates[0], sdpMid: '0', sdpMLineIndex: 0 });
      send('answer', { type: 'answer', sdp: lines.filter((line) => !line.startsWith('a=candidate:')).join('\r\n') });
      candidates.slice(1).forEach((candidate) => send('candidate', { candidate, sdpMid: '0', sdpMLineIndex: 0 }));
      send('candidate', { candidate: '' });
    },
  });
  assert.equal(await outcome(page), 'connected');
  assert.deepEqual(page.problems, []);
  await page.context().close();
});

test('nonsense from the gateway does not harm a call', async () => {
  const { page, send, sendRaw } = await openWith();
  assert.equal(await outcome(page), 'connected');
  for (const text of ['', '{', '[]', '{"type":"__proto__"}', '{"type":"toString"}', '{"type":"state"}', '{"type":"answer","payload":"{}"}',
    '{"type":"session","payload":{"iceServers":7}}', '{"type":"candidate","payload":{"candidate":"candidate:x","sdpMid":"0"}}',
    '{"type":"track","payload":[]}', '{"type":"error"}', '{"type":"of-a-later-version","payload":{}}'])
    sendRaw(text);
  send('event', 'the last');
  await waitUntil(page, () => window.said.events.length > 0);
  assert.equal(await page.evaluate(() => window.call.state), 'active');
  assert.deepEqual(page.problems, []);
  await page.context().close();
});

test('an answer that is no SDP ends the attempt', async () => {
  const { page } = await openWith({ offer: (send) => send('answer', { type: 'answer', sdp: 'nonsense' }) });
  assert.equal(await outcome(page), 'gateway-error');
  await endOf(page);
  await page.context().close();
});

test('a microphone that is unplugged is told, and the call goes on', async () => {
  const { page } = await openWith();
  assert.equal(await outcome(page), 'connected');
  await page.evaluate(() => window.vgwTest.opened.tracks[0].dispatchEvent(new Event('ended')));
  assert.deepEqual((await said(page)).errors, [{ code: 'microphone-lost', fatal: false, reason: null }]);
  assert.equal(await page.evaluate(() => window.call.state), 'active');
  await page.context().close();
});

test('a stream of the caller’s own is sent, and is left as it was', async () => {
  const { page } = await openWith();
  assert.equal(await outcome(page), 'connected');
  await page.evaluate(() => window.call.hangUp());
  await endOf(page);
  const [track, after_] = await page.evaluate(async () => {
    const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
    const { VoiceGatewayCall } = await import('/voice-gateway.js');
    const call = new VoiceGatewayCall('/ws', { stream });
    await call.connect();
    call.hangUp();
    const [own] = stream.getTracks();
    const state = own.readyState;
    own.stop();
    return [state, call.state];
  });
  assert.deepEqual([track, after_], ['live', 'ended']);
  await page.context().close();
});

test('an engine is asked for in the address, and what the address has already stays', async () => {
  const session = { id: 'an-id', iceServers: [], engines: ['echo', 'a bot'], engine: 'a bot' };
  const { page, urls } = await openWith({ open: (send) => send('session', session) }, { engine: 'a bot' }, '/ws?token=1%2B1');
  assert.equal(await outcome(page), 'connected');
  assert.equal(urls.length, 1);
  assert.deepEqual([...urls[0].searchParams], [['token', '1+1'], ['engine', 'a bot']]);
  assert.deepEqual(await page.evaluate(() => [window.call.engines, window.call.engine]), [['echo', 'a bot'], 'a bot']);
  await page.context().close();
});

test('a gateway that says nothing of engines is asked for none', async () => {
  const { page, urls } = await openWith();
  assert.equal(await outcome(page), 'connected');
  assert.equal(urls[0].search, '');
  assert.deepEqual(await page.evaluate(() => [window.call.engines, window.call.engine]), [[], null]);
  await page.context().close();
});

test('an engine that the gateway does not have ends the attempt', async () => {
  const refusal = { code: 'bad-request', message: 'no such engine', fatal: true };
  const { page } = await openWith({ open: (send, _, { close }) => {
    send('error', refusal);
    close({ code: 1008, reason: 'bad-request' });
  } }, { engine: 'nobody' });
  assert.equal(await outcome(page), 'bad-request');
  assert.deepEqual((await endOf(page)).end.error, { code: 'bad-request', message: 'no such engine', reason: 'bad-request' });
  await page.context().close();
});

test('keys are sent one row after the other, and not after the call', async () => {
  const { page } = await openWith();
  const early = await page.evaluate(() => window.call.sendDtmf('1').catch(({ code }) => code));
  assert.equal(early, 'bad-state');
  assert.equal(await outcome(page), 'connected');
  const result = await page.evaluate(async () => {
    const tones = [];
    const sender = window.vgwTest.opened.peers[0].getSenders()[0].dtmf;
    sender.addEventListener('tonechange', ({ tone }) => tones.push(tone));
    const refused = await window.call.sendDtmf('1x').catch(({ name }) => name);
    const beganAt = performance.now();
    await Promise.all([window.call.sendDtmf('1 2', { durationMs: 120, gapMs: 80 }), window.call.sendDtmf('#a')]);
    const lastedMs = performance.now() - beganAt;
    const late = window.call.sendDtmf('99999').catch(({ code }) => code);
    const later = window.call.sendDtmf('8').catch(({ code }) => code);
    window.call.hangUp();
    return { tones, refused, lastedMs, late: [await late, await later] };
  });
  assert.deepEqual(result.tones.slice(0, 6), ['1', '2', '', '#', 'A', '']);
  assert.ok(result.lastedMs >= 2 * 200 + 2 * 170 - 100, `${result.lastedMs} ms`); // the browser's clock may round
  assert.equal(result.refused, 'TypeError');
  assert.deepEqual(result.late, ['bad-state', 'bad-state']);
  await endOf(page);
  await page.context().close();
});
