/* Calls where UDP is blocked: ICE over TCP. Run in a network of its own, tests/lib/own-network --without-udp. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pressCall, waitForState } from './lib/browser.mjs';
import { openCallByHand } from './lib/call-by-hand.mjs';
import { browser, gateway, startGatewayAndBrowser } from './lib/fixture.mjs';

const TCP_PORT = 10443; // the network has nobody else in it
const CALL_MS = 10000;
const MOST_DRIFT_S = 0.5;
const LEAST_FRAMES = 0.95; // of 20 ms, in real time
const MOST_GAP_MS = 300; // statistics are up to 50 ms old, and the machine is busy

startGatewayAndBrowser([`ice.tcp-port=${TCP_PORT}`, 'ice.advertise=10.99.0.1', 'engine.default=echo']);

/* What the page's only connection has received so far, and over what. */
async function readStats(page) {
  return page.evaluate(async () => {
    const reports = [...(await window.vgwTest.opened.peers[0].getStats()).values()];
    const pair = reports.find((report) => report.type === 'candidate-pair' && report.state === 'succeeded' && report.nominated);
    const media = reports.find((report) => report.type === 'inbound-rtp');
    const local = reports.find(({ id }) => id === pair?.localCandidateId);
    return { at: performance.now(), protocol: local?.protocol, packets: media?.packetsReceived, lost: media?.packetsLost,
      rtt: pair?.currentRoundTripTime };
  });
}

test('a call connects over TCP, and keeps real time', async () => {
  const page = await browser.open(gateway.url);
  await pressCall(page);
  await waitForState(page, 'active');
  await page.waitForFunction(() => document.getElementById('meter-remote').getAttribute('aria-valuenow') > 30);
  const first = await readStats(page);
  await page.waitForTimeout(CALL_MS);
  const last = await readStats(page);
  const seconds = (last.at - first.at) / 1000;
  console.log(JSON.stringify({ first, last, packetsPerSecond: (last.packets - first.packets) / seconds }));
  assert.equal(last.protocol, 'tcp');
  assert.ok(last.packets - first.packets >= LEAST_FRAMES * 50 * seconds);
  assert.ok(last.packets - first.packets <= 50 * (seconds + MOST_DRIFT_S));
  assert.equal(last.lost, 0);
  assert.equal(await gateway.metric('vgw_ice_tcp_dropped_packets_total'), 0);
  assert.ok(await gateway.metric('vgw_ice_tcp_connections') >= 1);
  await pressCall(page);
  await waitForState(page, 'ended');
  assert.deepEqual(page.problems, []);
  await page.context().close();
});

test('ICE restarts over TCP, and the audio goes on', async () => {
  const page = await openCallByHand(browser, gateway.url);
  const gap = await page.evaluate((ms) => window.call.longestGapDuring(async () => {
    window.call.pc.restartIce();
    await window.call.offer();
  }, ms), 3000);
  console.log(`ICE restart: at most ${gap.toFixed(0)} ms without a packet`);
  assert.ok(gap <= MOST_GAP_MS, `${gap} ms`);
  assert.equal((await page.evaluate(() => window.call.readStats())).protocol, 'tcp');
  assert.equal(await gateway.metric('vgw_ice_restarts_total'), 1);
  await page.evaluate(() => window.call.hangUp());
  await page.context().close();
});
