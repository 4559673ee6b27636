/* What a page changes on its peer connection in mid-call: hold, a restart of ICE, media and channels made later. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BROWSER, waitForAsync } from './lib/browser.mjs';
import { openCallByHand } from './lib/call-by-hand.mjs';
import { browser, gateway, startGatewayAndBrowser } from './lib/fixture.mjs';

const WHILE_MS = 2000;
const CONSENT_MS = 8000; // more than the gateway goes on sending without an answer
const MOST_GAP_MS = 300; // statistics are up to 50 ms old, and the machine is busy
const LEAST_PACKETS = 0.8 * WHILE_MS / 20;

startGatewayAndBrowser(['engine.default=echo']);

const count = (page) => page.evaluate((ms) => window.call.countDuring(ms), WHILE_MS);

async function assertBothWays(page, where) {
  const { received, sent } = await count(page);
  console.log(`${where}: ${received} packets came and ${sent} went in ${WHILE_MS} ms`);
  assert.ok(received >= LEAST_PACKETS && sent >= LEAST_PACKETS, `${where}: ${received}, ${sent}`);
}

async function hangUp(page) {
  assert.deepEqual(await page.evaluate(() => window.call.errors), []);
  await page.evaluate(() => window.call.hangUp());
  assert.deepEqual(page.problems, []);
  await page.context().close();
}

test('hold and resume: what is not wanted is not sent, and all comes back', async () => {
  const page = await openCallByHand(browser, gateway.url);
  await assertBothWays(page, 'at first');
  for (const [direction, answered] of [['sendonly', 'sendonly'], ['inactive', 'inactive'], ['recvonly', 'recvonly']]) {
    await page.evaluate(async (wanted) => {
      window.call.audio.direction = wanted;
      await window.call.offer();
    }, direction);
    assert.equal(await page.evaluate(() => window.call.audio.currentDirection), answered);
    await waitForAsync(page, async ([receives, sends]) => { // what was on its way has come
      const { received, sent } = await window.call.countDuring(200);
      return (received > 0) === receives && (sent > 0) === sends;
    }, [direction === 'recvonly', direction === 'sendonly'], 10000);
    const { received, sent } = await count(page);
    console.log(`${direction}: ${received} packets came and ${sent} went`);
    assert.equal(received > 0, direction === 'recvonly');
    assert.equal(sent > 0, direction === 'sendonly');
    await page.evaluate(async () => {
      window.call.audio.direction = 'sendrecv';
      await window.call.offer();
    });
    await assertBothWays(page, `after ${direction}`);
  }
  await hangUp(page);
});

test('ICE restarts, and the audio goes on', async () => {
  const page = await openCallByHand(browser, gateway.url);
  await assertBothWays(page, 'at first');
  const restarts = await gateway.metric('vgw_ice_restarts_total');
  for (let i = 0; i < 3; i++) {
    const gap = await page.evaluate((ms) => window.call.longestGapDuring(async () => {
      window.call.pc.restartIce();
      await window.call.offer();
    }, ms), WHILE_MS);
    console.log(`ICE restart ${i + 1}: at most ${gap.toFixed(0)} ms without a packet`);
    assert.ok(gap <= MOST_GAP_MS, `${gap} ms`);
    assert.ok(['connected', 'completed'].includes(await page.evaluate(() => window.call.pc.iceConnectionState)));
  }
  assert.equal(new Set((await page.evaluate(() => window.call.answers)).map((sdp) => /a=ice-ufrag:(\S+)/.exec(sdp)[1])).size, 4);
  assert.equal(await gateway.metric('vgw_ice_restarts_total'), restarts + 3);
  await assertBothWays(page, 'after the restarts');
  await hangUp(page);
});

/** Each restart begins while the one before may be unfinished. */
test('ICE restarts follow one another within a second, and the audio goes on', async () => {
  const page = await openCallByHand(browser, gateway.url);
  await assertBothWays(page, 'at first');
  const consents = await gateway.metric('vgw_ice_consent_lost_total');
  const gap = await page.evaluate(([between, ms]) => window.call.longestGapDuring(async () => {
    for (const wait of between) {
      window.call.pc.restartIce();
      await window.call.offer();
      await new Promise((resolve) => setTimeout(resolve, wait));
    }
  }, ms), [[300, 0, 300], CONSENT_MS]);
  console.log(`three restarts: at most ${gap.toFixed(0)} ms without a packet`);
  assert.ok(gap <= MOST_GAP_MS, `${gap} ms`);
  assert.equal(await gateway.metric('vgw_ice_consent_lost_total'), consents);
  await assertBothWays(page, 'long after the restarts');
  await hangUp(page);
});

test('video, more audio and a data channel made later do not harm the call', async () => {
  const page = await openCallByHand(browser, gateway.url, { hasChannel: false });
  await page.evaluate(async () => {
    window.call.video = window.call.pc.addTransceiver('video');
    await window.call.offer();
  });
  assert.equal(await page.evaluate(() => window.call.video.currentDirection), 'inactive');
  await assertBothWays(page, 'with video');
  await page.evaluate(async () => {
    window.call.more = window.call.pc.addTransceiver('audio');
    await window.call.offer();
  });
  assert.equal(await page.evaluate(() => window.call.more.currentDirection), 'inactive');
  await page.evaluate(async () => {
    window.call.channel = window.call.pc.createDataChannel('late');
    await window.call.offer();
  });
  await assertBothWays(page, 'with a data channel');
  assert.notEqual(await page.evaluate(() => window.call.channel.readyState), 'open');
  await hangUp(page);
});

test('a second data channel needs no answer, and a page that only listens can speak later', async () => {
  const page = await openCallByHand(browser, gateway.url, { direction: 'recvonly' });
  await page.waitForFunction(() => window.call.channel.readyState === 'open');
  await page.evaluate(() => { window.call.second = window.call.pc.createDataChannel('second'); });
  await page.waitForFunction(() => window.call.second.readyState === 'open');
  assert.equal((await count(page)).sent, 0);
  await page.evaluate(async () => {
    window.call.audio.direction = 'sendrecv';
    await window.call.offer();
  });
  assert.equal(await page.evaluate(() => window.call.audio.currentDirection), 'sendrecv');
  await assertBothWays(page, `${BROWSER} after listening`);
  await hangUp(page);
});
