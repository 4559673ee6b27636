/* The WebSocket's TCP connection dies without a FIN or RST in mid-call, and UDP does not. Run in a network of its own,
 * tests/lib/own-network. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Bot } from './lib/bot.mjs';
import { launch } from './lib/browser.mjs';
import { PHRASE } from './lib/fixture.mjs';
import { Gateway, flushingBot } from './lib/gateway.mjs';
import { waitForPackets, waitForState, waitUntil } from './lib/library-call.mjs';
import { dropConnections, passConnections } from './lib/own-network.mjs';

const MOST_NOTICED_MS = 15000; // a ping each 5 s, whose answer has 5 s
const MOST_GAP_MS = 500;       // of audio; a packet comes each 20 ms
const EVENT_EVERY_MS = 100;

let bot;
let gateway;
let browser;

before(async () => {
  bot = await Bot.start();
  gateway = await Gateway.start([], { configuration: flushingBot(bot.url) });
  browser = await launch({ microphone: { wav: PHRASE } });
});

after(async () => {
  await browser?.close();
  await gateway?.stopCleanly();
  await bot?.stop();
});

/* Runs in the page: a call that notes what comes, and the longest time without a packet. */
async function makeCall(dataChannel) {
  const { VoiceGatewayCall } = await import('/voice-gateway.js');
  const call = new VoiceGatewayCall('/ws', { dataChannel });
  Object.assign(window, { call, said: { states: [], sessions: [], errors: [], events: [], recoveringAt: null, longestGapMs: 0 } });
  call.on('state', ({ state, reason }) => {
    window.said.states.push(state === 'recovering' ? `${state} ${reason}` : state);
    if (state === 'recovering')
      window.said.recoveringAt = Date.now();
  });
  call.on('session', ({ id, isResumed, missed }) => window.said.sessions.push({ id, isResumed, missed }));
  call.on('error', ({ code }) => window.said.errors.push(code));
  call.on('event', (event) => Number.isInteger(event.n) && window.said.events.push(event.n));
  await call.connect();
  return call.sessionId;
}

/* Runs in the page, until the call is over. */
async function watchAudio() {
  let [packets, at] = [0, performance.now()];
  for (let stats = await window.call.getStats(); stats !== null; stats = await window.call.getStats()) {
    if (stats.packetsIn > packets)
      [packets, at] = [stats.packetsIn, performance.now()];
    window.said.longestGapMs = Math.max(window.said.longestGapMs, performance.now() - at);
    await new Promise((resolve) => { setTimeout(resolve, 20); });
  }
}

for (const [number, dataChannel] of [false, true].entries()) {
  test(`events on the ${dataChannel ? 'data channel' : 'WebSocket'}: audio goes on, the library notices, and nothing is lost`, async () => {
    const page = await browser.open(gateway.url);
    const sessionId = await page.evaluate(makeCall, dataChannel);
    const call = await bot.call(number);
    await call.waitFor('start');
    call.echoes = true;
    await gateway.waitForLog(new RegExp(`${sessionId}.*session is active`));
    if (dataChannel)
      await waitUntil(page, () => window.vgwTest.opened.peers[0].sctp?.state === 'connected');
    await waitForPackets(page, 20);
    const watched = page.evaluate(watchAudio);

    let n = 0;
    const telling = setInterval(() => {
      n++;
      call.tell({ n });
      if (dataChannel) // what a page sends on a WebSocket that is dead is lost
        page.evaluate((k) => window.call.sendEvent({ k }), n).catch(() => {});
    }, EVENT_EVERY_MS);
    await waitUntil(page, () => window.said.events.length >= 3);
    const diedAt = Date.now();
    dropConnections(Number(new URL(gateway.url).port));
    await waitUntil(page, () => window.said.sessions.length === 2);
    await waitForState(page, 'active');
    const noticedMs = await page.evaluate(() => window.said.recoveringAt) - diedAt;
    clearInterval(telling);
    await waitUntil(page, (count) => window.said.events.length >= count, n);
    const { states, sessions, errors, events, longestGapMs } = await page.evaluate(() => window.said);
    console.log(`noticed after ${noticedMs} ms; ${n} events; at most ${longestGapMs.toFixed(0)} ms without audio`);

    assert.deepEqual(events, Array.from({ length: n }, (_, i) => i + 1), 'in order and once');
    if (dataChannel) {
      await call.waitUntil(() => call.of('event').length >= n, `${n} events`);
      assert.deepEqual(call.of('event').map(({ data }) => data.k), events);
    }
    assert.ok(noticedMs <= MOST_NOTICED_MS, `noticed after ${noticedMs} ms`);
    assert.ok(longestGapMs <= MOST_GAP_MS, `${longestGapMs} ms without audio`);
    assert.deepEqual(states.slice(-2), ['recovering signaling-lost', 'active']);
    assert.deepEqual(sessions, [{ id: sessionId, isResumed: false, missed: 0 }, { id: sessionId, isResumed: true, missed: 0 }]);
    assert.deepEqual(errors, []);
    assert.equal(await page.evaluate(() => window.vgwTest.opened.peers.length), 1, 'the connection is the same');
    assert.deepEqual((await gateway.sessions()).map(({ id }) => id), [sessionId]);
    await page.evaluate(() => window.call.hangUp());
    await watched;
    await gateway.waitForLog(new RegExp(`${sessionId}.*session ended: reason client-bye`));
    assert.equal(call.of('paused').length, 0, 'the engine was not paused');
    await page.context().close();
    passConnections();
  });
}
