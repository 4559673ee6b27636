/* Each way in which a call fails, made to happen: the page says what happened and what to do next. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { launch, pressCall, waitForHelp, waitForState } from './lib/browser.mjs';
import { PHRASE, browser as chromium, gateway, startGatewayAndBrowser } from './lib/fixture.mjs';
import { Gateway } from './lib/gateway.mjs';
import { startProxy } from './lib/proxy.mjs';

const TEST_HOST = 'gateway.test'; // RFC 2606: never a real host

startGatewayAndBrowser([], { localHost: TEST_HOST });

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

test('a file of the page could not be loaded', async () => {
  for (const [file, status] of [['page-keypad.js', 'Not loaded completely'], ['page.css', 'Ready to call']]) {
    const page = await chromium.open('about:blank');
    await page.route(`**/${file}`, (route) => route.abort());
    await page.goto(gateway.url);
    await page.waitForSelector('#load-failed:not([hidden])');
    await page.waitForLoadState();
    assert.equal(await page.innerText('#status'), status);
    await page.unroute(`**/${file}`);
    await page.click('#load-again');
    await pressCall(page); // waits until the button can be pressed
    await waitForState(page, 'active');
    assert.ok(await page.isHidden('#load-failed'));
    await page.context().close();
  }
});

test('no microphone', () => withBrowser({}, async (own) => {
  const page = await own.open(gateway.url);
  await pressCall(page);
  const help = await waitForHelp(page);
  assert.equal(help.code, 'no-microphone');
  assert.equal(help.status, 'Call failed');
  assert.match(help.text, /Plug in a microphone/);
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
  assert.equal(help.status, 'Calls are not possible here');
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
  await own.waitForLog(/session ended: reason client-bye/);
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
  const help = await waitForHelp(page);
  assert.equal(help.code, 'gateway-unreachable');
  assert.equal(help.title, 'The gateway does not answer');
  assert.equal(help.status, 'Call failed');
  await assertNothingLeftOpen(page);
  await page.context().close();
}));

/* What a web server in front of the gateway may lack, and what the page makes of it. */
const PROXIES = [
  ['does not pass the Host header', { passesHost: false }, 'unauthorized', /does not accept calls from this page/, /proxy_set_header Host/],
  ['passes no WebSockets', { passesUpgrade: false }, 'gateway-unreachable', /does not get through to the gateway/, /Upgrade and Connection/],
  ['lacks /ws', { has: (path) => !path.startsWith('/ws') }, 'wrong-address', /no gateway at this address/, /ends in \/ws/],
];

for (const [what, settings, code, title, step] of PROXIES) {
  test(`a web server in front that ${what}`, async () => {
    const proxy = await startProxy(gateway.url, settings);
    const page = await chromium.open(proxy.url);
    await pressCall(page);
    const help = await waitForHelp(page);
    assert.equal(help.code, code);
    assert.match(help.title, title);
    assert.match(help.text, step);
    await assertNothingLeftOpen(page);
    await page.context().close();
    await proxy.stop();
  });
}

test('a web server in front of a gateway that is gone', () => withGateway([], async (own) => {
  const proxy = await startProxy(own.url);
  const page = await chromium.open(proxy.url);
  await pressCall(page);
  await waitForState(page, 'active'); // the proxy is good
  await pressCall(page);
  await waitForState(page, 'ended');
  await own.stop('SIGKILL');
  await pressCall(page);
  const help = await waitForHelp(page);
  assert.equal(help.code, 'gateway-unreachable');
  assert.match(help.text, /the gateway behind it does not/);
  await page.context().close();
  await proxy.stop();
}));

test('the address of another server, with and without /ws, and of none', () => withGateway([], async (own) => {
  const proxy = await startProxy(gateway.url, { passesPolicy: false }); // an operator's page is under none of the gateway
  const page = await chromium.open(proxy.url);
  const codeOf = (url) => page.evaluate(async (address) => {
    const { VoiceGatewayCall } = await import('/voice-gateway.js');
    return new VoiceGatewayCall(address).connect().catch(({ code, reason }) => [code, reason]);
  }, url);
  assert.deepEqual(await codeOf('/'), ['wrong-address', null]);
  assert.deepEqual(await codeOf(`${own.url}ws`), ['unauthorized', 'other-origin'], 'it does not list this page');
  assert.deepEqual(await codeOf(own.url), ['unauthorized', 'other-origin']);
  const url = own.url;
  await own.stop('SIGKILL');
  assert.deepEqual(await codeOf(`${url}ws`), ['gateway-unreachable', null]);
  await assertNothingLeftOpen(page);
  await page.context().close();
  await proxy.stop();
}));

test('a microphone that ends in the middle of a call can be used again', async () => {
  const page = await chromium.open(gateway.url);
  await pressCall(page);
  await waitForState(page, 'active');
  await page.evaluate(() => { // as when it is unplugged
    const [track] = window.vgwTest.opened.tracks;
    track.stop();
    track.dispatchEvent(new Event('ended'));
  });
  const help = await waitForHelp(page);
  assert.equal(help.code, 'microphone-lost');
  assert.equal(help.status, 'In call, without a microphone');
  assert.doesNotMatch(await page.innerText('main'), /speak now/);
  assert.doesNotMatch(help.text, /call again/i, 'the call goes on');

  await page.evaluate(() => { // the first try fails
    const original = navigator.mediaDevices.getUserMedia;
    navigator.mediaDevices.getUserMedia = () => {
      navigator.mediaDevices.getUserMedia = original;
      return Promise.reject(new DOMException('gone', 'NotFoundError'));
    };
  });
  await page.click('#help-action');
  await page.waitForSelector('#help[data-code="no-microphone"]');
  assert.match(await page.innerText('#help'), /Plug in a microphone[^]*Use the microphone again/);
  assert.doesNotMatch(await page.innerText('#help'), /call again/i);

  await page.click('#help-action');
  await page.waitForSelector('#help', { state: 'hidden' });
  assert.equal(await page.innerText('#status'), 'In call');
  await page.waitForFunction(() => ['meter-microphone', 'meter-remote']
    .every((id) => Number(document.getElementById(id).getAttribute('aria-valuenow')) > 30)); // the echo has it
  assert.equal(await page.evaluate(() => window.vgwTest.opened.tracks.length), 2);
  await pressCall(page);
  await waitForState(page, 'ended');
  await assertNothingLeftOpen(page);
  await page.context().close();
});

test('the maximum duration that the gateway allows', () => withGateway(['limits.max-duration-s=1'], async (own) => {
  const page = await chromium.open(own.url);
  await pressCall(page);
  const help = await waitForHelp(page);
  assert.equal(help.code, 'ended-by-gateway');
  assert.match(help.text, /maximum duration that the gateway allows/);
  await assertNothingLeftOpen(page);
  await page.context().close();
}));

/* One that keeps no session: with others the page tries for 30 s to get the call back (survival.test.mjs). */
test('a gateway that is killed in the middle of a call', () => withGateway(['session.resume-grace-ms=0'], async (own) => {
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
  assert.match(help.text, /shutting down or restarting/);
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
