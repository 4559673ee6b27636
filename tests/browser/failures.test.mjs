/* Each way in which a call fails, made to happen: the page says what happened and what to do next. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch, pressCall, waitForHelp, waitForState } from './lib/browser.mjs';
import { Gateway } from './lib/gateway.mjs';

const PHRASE = new URL('../../data/sounds/phrase.wav', import.meta.url).pathname;
const TEST_HOST = 'gateway.test'; // RFC 2606: never a real host

let gateway; // for those that need nothing special
let chromium; // with a microphone that is allowed

before(async () => {
  gateway = await Gateway.start();
  chromium = await launch({ microphone: { wav: PHRASE }, localHost: TEST_HOST });
});

after(async () => {
  await chromium?.close();
  await gateway?.stopCleanly();
});

async function assertNothingLeftOpen(page) {
  await page.waitForFunction(() => Object.values(window.vgwTest.leftOpen()).every((n) => n === 0));
}

/* Runs `body` with a browser of its own. */
async function withBrowser(microphone, body) {
  const own = await launch({ microphone });
  try {
    await body(own);
  } finally {
    await own.close();
  }
}

/* Runs `body` with a gateway of its own, which `body` may end. */
async function withGateway(settings, body) {
  const own = await Gateway.start(settings);
  try {
    await body(own);
  } finally {
    await own.stop('SIGKILL');
  }
}

test('no microphone', () => withBrowser({}, async (own) => {
  const page = await own.open(gateway.url);
  await pressCall(page);
  const help = await waitForHelp(page);
  assert.equal(help.code, 'no-microphone');
  assert.equal(help.status, 'Call failed');
  assert.match(help.text, /Plug a microphone/);
  await assertNothingLeftOpen(page);
}));

test('permission refused', () => withBrowser({ wav: PHRASE, permission: 'deny' }, async (own) => {
  const page = await own.open(gateway.url);
  await pressCall(page);
  const help = await waitForHelp(page);
  assert.equal(help.code, 'permission-refused');
  assert.match(help.text, /set “Microphone” to “Allow”/);
  await assertNothingLeftOpen(page);
}));

test('an address to which browsers give no microphone', async () => {
  const url = new URL(gateway.url);
  url.hostname = TEST_HOST;
  const page = await chromium.open(url.href);
  const help = await waitForHelp(page); // before anything is pressed
  assert.equal(help.code, 'insecure-context');
  assert.equal(help.status, 'No call from here');
  assert.match(help.text, /https:\/\//);
  await page.context().close();
});

test('the session limit', () => withGateway(['limits.max-sessions=1'], async (own) => {
  const first = await chromium.open(own.url);
  await pressCall(first);
  await waitForState(first, 'active');
  const second = await chromium.open(own.url);
  await pressCall(second);
  assert.equal((await waitForHelp(second)).code, 'busy');
  await assertNothingLeftOpen(second);
  assert.equal(await first.getAttribute('#panel', 'data-state'), 'active', 'the first call goes on');

  await pressCall(first);
  await waitForState(first, 'ended');
  await own.waitForLog(/session ends: reason client-bye/);
  await pressCall(second);
  await waitForState(second, 'active');
  assert.equal(await second.isHidden('#help'), true, 'help goes away with the next call');
  await pressCall(second);
  await waitForState(second, 'ended');
  await first.context().close();
  await second.context().close();
}));

test('a gateway that is not there any more', () => withGateway([], async (own) => {
  const page = await chromium.open(own.url);
  await own.stop('SIGKILL');
  await pressCall(page);
  assert.equal((await waitForHelp(page)).code, 'gateway-unreachable');
  await assertNothingLeftOpen(page);
  await page.context().close();
}));

test('a gateway that is killed in the middle of a call', () => withGateway([], async (own) => {
  const page = await chromium.open(own.url);
  await pressCall(page);
  await waitForState(page, 'active');
  await own.stop('SIGKILL');
  const help = await waitForHelp(page);
  assert.equal(help.code, 'gateway-lost');
  assert.equal(help.status, 'Call cut off');
  assert.equal(await page.innerText('#call'), 'Call again');
  await assertNothingLeftOpen(page);
  await page.context().close();
}));

test('a gateway that is stopped in the middle of a call', () => withGateway([], async (own) => {
  const page = await chromium.open(own.url);
  await pressCall(page);
  await waitForState(page, 'active');
  await own.stopCleanly();
  const help = await waitForHelp(page);
  assert.equal(help.code, 'ended-by-gateway');
  assert.match(help.text, /stopped or restarted/);
  await assertNothingLeftOpen(page);
  await page.context().close();
}));

/* The gateway names an address at which it does not listen: as behind a firewall that drops UDP. */
const SILENT_ADDRESS = ['ice.bind-address=127.0.0.1', 'ice.advertise=127.0.0.9'];

test('UDP that does not get through, as the gateway finds', () =>
  withGateway([...SILENT_ADDRESS, 'limits.connect-timeout-ms=1500'], async (own) => {
    const page = await chromium.open(own.url);
    await pressCall(page);
    const help = await waitForHelp(page);
    assert.equal(help.code, 'udp-blocked');
    assert.match(help.text, /firewall/);
    await assertNothingLeftOpen(page);
    await page.context().close();
  }));

test('UDP that does not get through, as the library finds', () => withGateway(SILENT_ADDRESS, async (own) => {
  const page = await chromium.open(own.url);
  const error = await page.evaluate(async () => {
    const { VoiceGatewayCall } = await import('/voice-gateway.js');
    const call = new VoiceGatewayCall('/ws', { connectTimeoutMs: 1500 });
    return call.connect().catch(({ name, code, fatal }) => ({ name, code, fatal }));
  });
  assert.deepEqual(error, { name: 'VoiceGatewayError', code: 'udp-blocked', fatal: true });
  await assertNothingLeftOpen(page);
  await page.context().close();
}));

test('a browser that holds the sound back', async () => {
  const page = await chromium.open(gateway.url);
  await page.evaluate(() => {
    const original = HTMLMediaElement.prototype.play;
    HTMLMediaElement.prototype.play = function play() {
      HTMLMediaElement.prototype.play = original; // the second try is the one of the click
      return Promise.reject(new DOMException('no gesture', 'NotAllowedError'));
    };
  });
  await pressCall(page);
  assert.equal((await waitForHelp(page)).code, 'playback-blocked');
  await waitForState(page, 'active');
  await page.click('#help-action');
  await page.waitForSelector('#help', { state: 'hidden' });
  assert.equal(await page.evaluate(() => document.querySelector('#remote-audio').paused), false);
  await pressCall(page);
  await waitForState(page, 'ended');
  await page.context().close();
});
