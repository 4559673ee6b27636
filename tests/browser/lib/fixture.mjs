/* What the tests of most files share: one gateway, and one browser with a microphone in which somebody speaks. */

import { after, before } from 'node:test';
import { launch } from './browser.mjs';
import { Gateway } from './gateway.mjs';

/** A WAV file of a phrase. */
export const PHRASE = new URL('../../../data/sounds/phrase.wav', import.meta.url).pathname;

/* Those of startGatewayAndBrowser (), once the tests of the file run. */
export let gateway;
export let browser;

/** Before the tests of the file: Gateway.start (settings), and launch () with PHRASE and `options`. Both end after them. */
export function startGatewayAndBrowser(settings = [], options = {}) {
  before(async () => {
    gateway = await Gateway.start(settings);
    browser = await launch({ microphone: { wav: PHRASE }, ...options });
  });
  after(async () => {
    await browser?.close();
    await gateway?.stopCleanly();
  });
}
