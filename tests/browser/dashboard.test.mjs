/* The dashboard on the admin listener, with real calls: one that is in order, and one whose media never comes. */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Bot } from './lib/bot.mjs';
import { BROWSER, launch, pressCall, waitForState } from './lib/browser.mjs';
import { PHRASE } from './lib/fixture.mjs';
import { flushingBot, Gateway } from './lib/gateway.mjs';
import { readWav, writeWav } from './lib/sound.mjs';

const WAIT_MS = 20000; // under sanitizers, on a busy machine
const RATE = 16000; // of the phrase and of the engine
const PAUSE_S = 2; // of the caller, between two phrases
const REPLY_S = 1;
const TOKEN = 'a-token-that-is-long-enough-for-anyone-0123456789';
const LOUD = 1000; // of 32767
const PHONE = { width: 360, height: 740 };

const directory = mkdtempSync(join(tmpdir(), 'voice-gateway-dashboard-'));
const phrase = readWav(PHRASE).samples;
let bot;
let gateway;
let browser;
let caller; // the page of the call that is in order
let page; // the dashboard

/* Replies each time that the caller has stopped speaking. */
async function reply() {
  const call = await bot.call(0);
  const countStops = () => call.of('speech-stopped').length;
  for (let n = 0; ; n++) {
    await call.waitUntil(() => countStops() > n, 'end of speech');
    call.play(phrase.subarray(0, REPLY_S * RATE));
  }
}

before(async () => {
  const wav = join(directory, 'microphone.wav');
  const loop = new Float32Array(phrase.length + PAUSE_S * RATE);
  loop.set(phrase);
  writeWav(wav, RATE, loop);
  bot = await Bot.start();
  gateway = await Gateway.start([], { configuration: flushingBot(bot.url) });
  browser = await launch({ microphone: { wav } });
  const [, admin] = await gateway.waitForLog(/listening admin=(\S+?)(?:"|\s)/);
  page = await browser.open(admin);
  reply().catch(() => {}); // it ends with the call
});
after(async () => {
  await browser?.close();
  if (!gateway.exit)
    await gateway.stopCleanly();
  await bot?.stop();
  rmSync(directory, { recursive: true, force: true });
});

const waitForText = (selector, text, timeout = WAIT_MS) => page.waitForFunction(([where, what]) =>
  [...document.querySelectorAll(where)].some((element) => element.checkVisibility() && element.textContent.includes(what)), [selector, text], { timeout })
  .catch(async (error) => { throw new Error(`no "${text}" in ${selector}: ${error.message}\n${await page.innerText('body')}`); });

const rows = () => page.locator('#calls-body tr');

/* A client that offers, and leaves the answer alone: no packet of it ever comes. */
async function offerOnly() {
  const [, url] = await gateway.waitForLog(/listening url=(\S+)/);
  const client = await browser.open(url);
  await client.evaluate(async () => {
    const connection = new RTCPeerConnection();
    connection.addTransceiver('audio');
    await connection.setLocalDescription();
    const socket = new WebSocket(new URL('ws', location.href).href.replace('http', 'ws'));
    window.kept = { connection, socket };
    await new Promise((resolve, reject) => {
      socket.onopen = () => socket.send(JSON.stringify({ type: 'offer', payload: connection.localDescription }));
      socket.onmessage = ({ data }) => JSON.parse(data).type === 'answer' && resolve();
      socket.onclose = () => reject(new Error('closed'));
    });
  });
  return client;
}

test('without calls it says so', async () => {
  await waitForText('#calls-empty', 'No calls at the moment');
  await waitForText('#gateway-state', 'taking calls');
  assert.equal(await page.locator('#tiles .plot').count(), 5);
  await page.waitForFunction(() => /^Calls, now 0/.test(document.querySelector('#tiles .plot').getAttribute('aria-label')),
    null, { timeout: WAIT_MS }); // once there is a sample
  assert.deepEqual(page.problems, []);
});

test('a call is listed, with what is heard of it', async () => {
  caller = await browser.open(gateway.url);
  await pressCall(caller);
  await waitForState(caller, 'active', 30000);
  await waitForText('#calls-body .badge', 'active');
  await waitForText('#calls-body .finding', 'Audio passes in both directions');
  for (const side of ['caller', 'bot'])
    await page.waitForFunction((name) => document.querySelector(`#calls-body .mini .${name}`).style.getPropertyValue('--share') > 0.1, side, { timeout: WAIT_MS });
  assert.match(await rows().first().innerText(), /bot opus/);
});

test('the call that is opened has a diagnosis, plots, turns and figures', async () => {
  await page.focus('#calls-body .row-link');
  await page.keyboard.press('Enter');
  await waitForText('#findings', 'Audio passes in both directions');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'call-title', 'screen readers continue at its name');
  await page.waitForFunction(() => {
    const paths = [...document.querySelectorAll('#plots .levels .area')].map((path) => path.getAttribute('d') ?? '');
    return paths.length === 2 && paths.every((d) => d.split('L').length > 20);
  }, null, { timeout: WAIT_MS });
  await page.waitForFunction(() => document.querySelector('#figures dd')?.textContent.endsWith('ms'), null, { timeout: WAIT_MS });
  await page.waitForFunction(() => [...document.querySelectorAll('#plots .plot')]
    .some((plot) => /^Jitter, from caller: now \d+ ms, at most/.test(plot.getAttribute('aria-label'))), null, { timeout: WAIT_MS });
  await page.waitForSelector('#turns-list .turn-list li', { timeout: WAIT_MS });
  assert.match(await page.locator('#turns-list .turn-list li').first().getAttribute('aria-label'), /^Turn \d+: the caller spoke/);
});

test('a plot has the values under the pointer', async () => {
  const plot = page.locator('#plots .plot', { hasText: 'Jitter' });
  await plot.locator('.plot-area').hover({ position: { x: 200, y: 20 } });
  assert.match(await plot.locator('.plot-now').innerText(), /ago: |now: /);
  await page.mouse.move(0, 0);
});

/* How loud the caller and the bot are played. */
const gains = () => page.evaluate(() => window.vgwTest.gains.slice(-2).map(({ gain }) => gain.value));

test('an operator hears both sides, after a click', async () => {
  await page.evaluate(() => {
    window.vgwTest.gains = [];
    window.GainNode = class extends GainNode {
      constructor(...settings) {
        super(...settings);
        window.vgwTest.gains.push(this);
      }
    };
  });
  await page.click('#listen');
  await page.waitForSelector('#listen[aria-pressed="true"]', { timeout: WAIT_MS });
  await page.evaluate(() => {
    const socket = window.vgwTest.opened.sockets.at(-1);
    window.vgwTest.loudest = [0, 0];
    socket.addEventListener('message', ({ data }) => {
      if (typeof data !== 'string')
        new Int16Array(data.slice(8)).forEach((sample) => {
          const side = new Uint8Array(data)[0];
          window.vgwTest.loudest[side] = Math.max(window.vgwTest.loudest[side], Math.abs(sample));
        });
    });
  });
  await page.waitForFunction((least) => window.vgwTest.loudest.every((peak) => peak > least), LOUD, { timeout: WAIT_MS });
  await gateway.waitForLog(/listens in/);
  assert.deepEqual(await gains(), [1, 1]);
  await page.uncheck('#listen-caller');
  assert.deepEqual(await gains(), [0, 1]);
  await page.click('#listen');
  await page.click('#listen');
  await page.waitForSelector('#listen[aria-pressed="true"]', { timeout: WAIT_MS });
  assert.deepEqual(await gains(), [0, 1], 'what is not to be heard stays so');
  await page.check('#listen-caller');
  assert.deepEqual(await gains(), [1, 1]);
  await page.click('#listen');
  await page.waitForFunction(() => window.vgwTest.leftOpen().sockets === 0 && window.vgwTest.leftOpen().contexts === 0, null, { timeout: WAIT_MS });
  assert.equal(await page.innerText('#call-problem'), '');
});

test('the pipeline is a graph, and the history a list', async () => {
  await page.click('#pipeline summary');
  await page.waitForFunction(() => document.querySelector('#pipeline-graph img')?.naturalWidth > 100, null, { timeout: WAIT_MS })
    .catch(async (error) => { throw new Error(`${error.message}\n${await page.innerText('#pipeline')}`); });
  await page.click('#history summary');
  await waitForText('#history-list li', 'active');
  await page.click('#raw summary');
  await waitForText('#raw-text', '"code": "good"');
});

test('a call whose media does not come has the cause, and problems can be chosen', async () => {
  const client = await offerOnly();
  await page.click('.back a:visible');
  await waitForText('#calls-body .finding', 'No connectivity check has arrived from the client');
  assert.equal(await rows().count(), 2);
  await page.check('#only-trouble');
  assert.equal(await rows().count(), 1);
  assert.equal(await page.innerText('#calls-count'), '1 of 2');
  await page.fill('#search', 'nobody is called that');
  await waitForText('#calls-empty', 'No call matches');
  await page.fill('#search', '127.0.0 BOT');
  assert.equal(await rows().count(), 1);
  await rows().first().click();
  await waitForText('#findings .advice', 'ice.udp-port');
  await client.close();
  await waitForText('#call-state', 'client left');
  assert.ok(await page.isHidden('#hang-up'), 'there is nothing to hang up any more');
  await page.click('.back a:visible');
  await waitForText('#ended-list', 'client left');
  await page.uncheck('#only-trouble');
  await page.fill('#search', '');
});

test('the table can be sorted, from the keyboard too', async () => {
  await page.bringToFront();
  const head = page.locator('#calls-head th', { hasText: 'Diagnosis' });
  await head.locator('button').focus();
  await page.keyboard.press('Enter');
  assert.equal(await head.getAttribute('aria-sort'), 'descending');
  await page.keyboard.press('Enter');
  assert.equal(await head.getAttribute('aria-sort'), 'ascending');
  assert.equal(await page.locator('#calls-head [aria-sort]').count(), 1);
});

test('nothing is wider than a phone', async () => {
  const size = page.viewportSize();
  const measure = () => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  await page.setViewportSize(PHONE);
  assert.equal(await measure(), 0, 'the overview');
  await rows().first().click();
  await waitForText('#findings', 'Audio passes');
  assert.equal(await measure(), 0, 'a call');
  if (size)
    await page.setViewportSize(size);
});

test('an address of a call that there is not leads back', async () => {
  const before = page.problems.length;
  await page.evaluate(() => { location.hash = '#/sessions/nobody'; });
  await waitForText('#gone', 'There is no such call');
  await page.evaluate(() => { location.hash = '#/'; });
  await waitForText('#calls-title', 'Calls');
  await page.evaluate(() => { location.hash = '#/sessions/%'; });
  await waitForText('#gone', 'There is no such call');
  await page.click('.back a:visible');
  await waitForText('#calls-title', 'Calls');
  page.problems.splice(before); // the browser writes the 404 to the console
  assert.deepEqual(page.problems, []);
});

test('draining is asked for, and can be ended', async () => {
  await page.click('#drain');
  await page.click('#confirm-yes');
  await waitForText('#gateway-state', 'draining');
  await waitForText('#drain', 'Take calls');
  await page.click('#drain');
  await waitForText('#gateway-state', 'taking calls');
});

test('hanging up is asked for, and ends the call', async () => {
  await page.click('#calls-body .row-link');
  await waitForText('#call-state', 'active');
  await page.click('#hang-up');
  await page.keyboard.press('Escape');
  assert.ok(await page.isHidden('#confirm'));
  assert.equal(await page.innerText('#call-state'), 'active');
  await page.click('#hang-up');
  await page.click('#confirm-yes');
  await waitForText('#call-state', 'ended by an operator');
  await waitForState(caller, 'ended', WAIT_MS);
  assert.ok(await page.isHidden('#listen'));
});

test('a gateway that is gone is said to be gone', async () => {
  await gateway.stopCleanly();
  await waitForText('#trouble', 'The gateway does not answer');
  assert.ok(await page.isVisible('#call-title'), `${BROWSER} shows what was known`);
});

test('a gateway with a token asks for it, and says that another one is wrong', async () => {
  const file = join(directory, 'token');
  writeFileSync(file, `${TOKEN}\n`, { mode: 0o600 });
  const guarded = await Gateway.start([`admin.token-file=${file}`]);
  try {
    const [, admin] = await guarded.waitForLog(/listening admin=(\S+?)(?:"|\s)/);
    page = await browser.open(admin);
    await waitForText('#login-title', 'asks for a token');
    await page.fill('#login-token', 'another');
    await page.keyboard.press('Enter');
    await waitForText('#login-problem', 'not valid');
    await page.fill('#login-token', TOKEN);
    await page.keyboard.press('Enter');
    await waitForText('#calls-empty', 'No calls at the moment');
    await page.reload();
    await waitForText('#calls-empty', 'No calls at the moment');
  } finally {
    await guarded.stopCleanly();
  }
});
