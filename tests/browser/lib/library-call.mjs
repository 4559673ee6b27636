/* A call of the client library in a page, which has it as window.call. */

import { waitForAsync } from './browser.mjs';

/** Waits until `check (argument)` is true in the page. */
export const waitUntil = (page, check, argument) => page.waitForFunction(check, argument, { timeout: 30000 });

export const waitForState = (page, state) => waitUntil(page, (wanted) => window.call.state === wanted, state);

/** Waits until more than `n_more` packets of the far side have come from now on. */
export async function waitForPackets(page, n_more) {
  const before = await page.evaluate(async () => (await window.call.getStats()).packetsIn);
  await waitForAsync(page, async (n) => (await window.call.getStats())?.packetsIn > n, before + n_more);
}
