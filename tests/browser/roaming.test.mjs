/* The caller's network address changes in mid-call. Run in a network of its own, tests/lib/own-network. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { only } from './lib/browser.mjs';
import { openCallByHand } from './lib/call-by-hand.mjs';
import { browser, gateway, startGatewayAndBrowser } from './lib/fixture.mjs';

const ADDRESSES = ['10.99.1.2', '10.99.1.3'];
const WHILE_MS = 10000;
const MOST_GAP_MS = 5000; // the browser looks for new addresses each 2 s, and then checks

startGatewayAndBrowser(['engine.default=echo', 'ice.advertise=10.99.0.1', 'limits.media-timeout-ms=30000']);

let address = ADDRESSES[0];

/* As when a phone leaves a network and joins another. */
function changeAddress() {
  const next = ADDRESSES.find((other) => other !== address);
  execFileSync('ip', ['address', 'delete', `${address}/24`, 'dev', 'client']);
  execFileSync('ip', ['address', 'add', `${next}/24`, 'dev', 'client']);
  address = next;
}

for (const restarts of [false, true])
  test(`the address changes, ${restarts ? 'and the page restarts ICE' : 'and the page does nothing'}`,
    restarts ? {} : only('chromium', 'Firefox looks for no other address until ICE is restarted'), async () => {
    const page = await openCallByHand(browser, gateway.url);
    const moves = await gateway.metric('vgw_ice_path_changes_total');
    const gap = page.evaluate(({ ms, wants }) => window.call.longestGapDuring(async () => {
      window.isMeasuring = true;
      if (wants) {
        await new Promise((resolve) => setTimeout(resolve, 1000));
        window.call.pc.restartIce();
        await window.call.offer();
      }
    }, ms), { ms: WHILE_MS, wants: restarts });
    await page.waitForFunction(() => window.isMeasuring);
    changeAddress();
    console.log(`at most ${(await gap).toFixed(0)} ms without a packet, restart: ${restarts}`);
    assert.ok(await gap <= MOST_GAP_MS);
    assert.ok(await gateway.metric('vgw_ice_path_changes_total') > moves);
    const { received, sent } = await page.evaluate(() => window.call.countDuring(1000));
    assert.ok(received >= 40 && sent >= 40, `${received}, ${sent}`);
    assert.deepEqual(await page.evaluate(() => window.call.errors), []);
    await page.evaluate(() => window.call.hangUp());
    await page.context().close();
  });
