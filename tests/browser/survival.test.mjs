/* Calls to the real gateway that survive: a WebSocket that is cut or silently dead, an ICE restart, a page that is loaded
 * again, a gateway that is killed and comes back. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { browser, gateway, startGatewayAndBrowser } from './lib/fixture.mjs';
import { waitForPackets, waitForState, waitUntil } from './lib/library-call.mjs';
import { Gateway } from './lib/gateway.mjs';
import { startWire } from './lib/wire.mjs';

startGatewayAndBrowser();

/* Runs in the page: a call, and what it says. */
async function makeCall(options) {
  const library = await import('/voice-gateway.js');
  const call = new library.VoiceGatewayCall(options.url ?? '/ws', options);
  Object.assign(window, { call, library, said: { states: [], errors: [], sessions: [], n_answers: 0 } });
  call.on('signal', ({ direction, type }) => { window.said.n_answers += direction === 'in' && type === 'answer'; });
  call.on('state', ({ state, reason }) => window.said.states.push(state === 'recovering' ? `${state} ${reason}` : state));
  call.on('error', ({ code, reason }) => window.said.errors.push({ code, reason }));
  call.on('session', (session) => window.said.sessions.push(session));
  await call.connect();
  return call.sessionId;
}

/* A session that was never connected has nothing to go back to: so both sides must have it. */
async function openCall(url, options = {}, which = gateway) {
  const page = await browser.open(url);
  const sessionId = await page.evaluate(makeCall, options);
  await which.waitForLog(new RegExp(`${sessionId}.*session is active`));
  return { page, sessionId };
}

const waitForSessions = (page, n) => waitUntil(page, (count) => window.said.sessions.length === count, n);

async function assertAudioRuns(page) {
  await waitForPackets(page, 20);
  await waitUntil(page, () => window.call.readLevels().remote > 0.01); // the engine echoes
}

/* One call, and it is `sessionId`. */
async function assertOneSession(sessionId) {
  assert.deepEqual((await gateway.sessions()).map(({ id }) => id), [sessionId]);
}

async function hangUp(page, sessionId) {
  await page.evaluate(() => window.call.hangUp());
  await gateway.waitForLog(new RegExp(`${sessionId}.*session ended: reason client-bye`));
  await page.context().close();
}

test('a WebSocket that is cut costs the call nothing', async () => {
  const wire = await startWire(gateway.url);
  const { page, sessionId } = await openCall(wire.url);
  for (const n of [2, 3]) {
    wire.cut();
    await waitForSessions(page, n);
    await waitForState(page, 'active');
  }
  const { states, errors, sessions } = await page.evaluate(() => window.said);
  assert.deepEqual(states.slice(4), ['recovering signaling-lost', 'active', 'recovering signaling-lost', 'active']);
  assert.deepEqual([errors, sessions.map(({ id, isResumed }) => [id, isResumed])],
    [[], [[sessionId, false], [sessionId, true], [sessionId, true]]]);
  assert.equal(await page.evaluate(() => window.vgwTest.opened.peers.length), 1);
  await assertAudioRuns(page);
  await assertOneSession(sessionId);
  await hangUp(page, sessionId);
  await wire.stop();
});

test('a WebSocket that is silently dead is found out when the network changes', async () => {
  const wire = await startWire(gateway.url);
  const { page, sessionId } = await openCall(wire.url);
  wire.freeze();
  await page.evaluate(() => window.dispatchEvent(new Event('online')));
  await waitForSessions(page, 2);
  await waitForState(page, 'active');
  assert.deepEqual((await page.evaluate(() => window.said)).errors, []);
  await waitUntil(page, () => window.said.n_answers >= 2);
  await assertAudioRuns(page);
  await assertOneSession(sessionId);
  await hangUp(page, sessionId);
  await wire.stop();
});

test('ICE is restarted on the same connection, and the audio goes on', async () => {
  const { page, sessionId } = await openCall(gateway.url);
  for (const n of [2, 3]) {
    await page.evaluate(() => window.call.retryNow());
    await waitUntil(page, (count) => window.said.n_answers === count, n);
    await waitUntil(page, () => ['connected', 'completed'].includes(window.vgwTest.opened.peers[0].iceConnectionState));
  }
  await waitForState(page, 'active');
  await assertAudioRuns(page);
  assert.equal(await page.evaluate(() => window.vgwTest.opened.peers.length), 1);
  assert.deepEqual(await page.evaluate(() => window.said.errors), []);
  await assertOneSession(sessionId);
  await hangUp(page, sessionId);
});

test('a page that is loaded again goes on with its session', async () => {
  const options = { resumeAfterReload: true, url: '/ws?of=this-test' }; // the gateway's own page does not take it over
  const { page, sessionId } = await openCall(gateway.url, options);
  await page.reload();
  assert.equal(await page.evaluate(makeCall, options), sessionId);
  assert.equal(await page.evaluate(() => window.call.resumed), true);
  await assertAudioRuns(page);
  await assertOneSession(sessionId);
  await hangUp(page, sessionId);
});

/* A gateway on ports that its successor takes. */
async function startAt(url, settings = []) {
  return Gateway.start([`http.port=${new URL(url).port}`, ...settings]);
}

for (const [sessionGone, what] of [['end', 'ends the call with its reason'], ['new-call', 'takes a new call, where the page wants that']]) {
  test(`a gateway that was killed and is back ${what}`, async () => {
    const first = await Gateway.start();
    const { page, sessionId } = await openCall(first.url, { sessionGone }, first);
    await first.stop('SIGKILL');
    await waitForState(page, 'recovering');
    const second = await startAt(first.url);
    await waitUntil(page, () => window.call.state === 'ended' || window.said.sessions.length === 2);
    if (sessionGone === 'end') {
      assert.deepEqual((await page.evaluate(() => window.said)).errors, [{ code: 'session-gone', reason: 'gone' }]);
      assert.deepEqual(await second.sessions(), []);
    } else {
      await waitForState(page, 'active');
      await assertAudioRuns(page);
      assert.notEqual(await page.evaluate(() => window.call.sessionId), sessionId);
      assert.equal((await second.sessions()).length, 1);
      await page.evaluate(() => window.call.hangUp());
    }
    await page.context().close();
    await second.stopCleanly();
  });
}
