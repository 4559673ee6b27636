/* The page's choice of devices, its volume, push-to-talk, and what it shows while a call is recovering, against a far side
 * that this test plays; and a page that is loaded again, against the gateway. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BROWSER, pressCall, waitForHelp, waitForState } from './lib/browser.mjs';
import { openFarSide } from './lib/far-side.mjs';
import { browser, gateway, startGatewayAndBrowser } from './lib/fixture.mjs';
import { Gateway } from './lib/gateway.mjs';
import { LOUDSPEAKER_MONITOR } from './lib/room.mjs';

startGatewayAndBrowser(); // the gateway serves the files

const labels = (page, id) => page.$$eval(`#${id} option`, (options) => options.map(({ label }) => label));

test('devices are chosen in mid-call, and kept for the next visit', async () => {
  const { page } = await openFarSide(browser, gateway.url);
  await page.click('#sound summary');
  await pressCall(page);
  await waitForState(page, 'active');
  await page.waitForFunction(() => document.querySelectorAll('#microphone option').length > 1);
  assert.equal(await page.isHidden('#devices-unknown'), true);
  assert.equal((await labels(page, 'microphone'))[0], 'System default');
  const chosen = await page.$$eval('#microphone option', (options, silent) =>
    options.filter(({ label }) => label !== silent).at(-1).value, LOUDSPEAKER_MONITOR);
  await page.selectOption('#microphone', chosen);
  await page.waitForFunction((id) => JSON.parse(localStorage.getItem('voice-gateway.devices'))?.microphoneId === id, chosen);
  assert.equal(await page.evaluate(() => window.vgwTest.opened.tracks.at(-1).getSettings().deviceId), chosen);
  await page.waitForFunction(() => Number(document.querySelector('#meter-remote').getAttribute('aria-valuenow')) > 30); // the echo has it

  await page.fill('#volume', '40');
  assert.equal(await page.evaluate(() => document.querySelector('#remote-audio').volume), 0.4);
  assert.equal(await page.textContent('#volume-shown'), '40 %');
  await pressCall(page);
  await waitForState(page, 'ended');

  await page.reload();
  const isChosen = () => page.waitForFunction((id) => document.querySelector('#microphone').value === id, chosen);
  if (BROWSER === 'chromium') // Firefox names no device before the call
    await isChosen();
  assert.equal(await page.inputValue('#volume'), '40');
  await pressCall(page);
  await waitForState(page, 'active');
  await isChosen();
  assert.equal(await page.evaluate(() => window.vgwTest.opened.tracks.at(-1).getSettings().deviceId), chosen);
  assert.equal(await page.evaluate(() => document.querySelector('#remote-audio').volume), 0.4);
  assert.deepEqual(page.problems, []);
  await page.context().close();
});

test('a microphone that cannot be used is help, and the one before goes on', async () => {
  const { page } = await openFarSide(browser, gateway.url);
  await page.click('#sound summary');
  await pressCall(page);
  await waitForState(page, 'active');
  await page.waitForFunction(() => document.querySelectorAll('#microphone option').length > 1);
  await page.evaluate(() => {
    window.original = navigator.mediaDevices.getUserMedia;
    navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('busy', 'NotReadableError'));
  });
  const last = await page.$eval('#microphone option:last-child', ({ value }) => value);
  await page.selectOption('#microphone', last);
  assert.equal((await waitForHelp(page)).code, 'microphone-failed');
  assert.equal(await page.inputValue('#microphone'), '', 'as before');
  assert.equal(await page.getAttribute('#panel', 'data-state'), 'active');
  await page.evaluate(() => { navigator.mediaDevices.getUserMedia = window.original; });
  await page.selectOption('#microphone', last);
  await page.waitForSelector('#help', { state: 'hidden' });
  await page.context().close();
});

test('a microphone that was lost comes back with its device, and the page notices', async () => {
  const { page } = await openFarSide(browser, gateway.url);
  await pressCall(page);
  await waitForState(page, 'active');
  await page.evaluate(() => {
    window.vgwTest.opened.tracks[0].stop();
    window.vgwTest.opened.tracks[0].dispatchEvent(new Event('ended'));
  });
  assert.equal((await waitForHelp(page)).code, 'microphone-lost');
  await page.evaluate(() => navigator.mediaDevices.dispatchEvent(new Event('devicechange')));
  await page.waitForSelector('#help', { state: 'hidden' });
  assert.equal(await page.innerText('#status'), 'In call');
  await page.context().close();
});

test('a call that is recovering shows the next try, which can be made at once', async () => {
  let n_sockets = 0;
  const { page, close } = await openFarSide(browser, gateway.url, {
    open: (send, _, tools) => {
      n_sockets++;
      if (n_sockets > 1 && n_sockets < 5)
        tools.close({ code: 1011 });
      else
        send('session', { id: 'an-id', iceServers: [], resumeToken: `token-${n_sockets}`, ...(n_sockets > 1 && { resumed: true }) });
    },
  });
  await pressCall(page);
  await waitForState(page, 'active');
  assert.equal(await page.isHidden('#recovery'), true);
  close({ code: 1011 });
  await waitForState(page, 'recovering');
  assert.equal(await page.innerText('#status'), 'Reconnecting…');
  assert.match(await page.innerText('#hint'), /not reachable/);
  await page.waitForFunction(() => /^Retrying in [23] s$/.test(document.querySelector('#recovery-text').textContent)); // the fourth
  await page.click('#recovery-now');
  await waitForState(page, 'active');
  assert.equal(n_sockets, 5);
  assert.equal(await page.isHidden('#recovery'), true);
  assert.equal(await page.innerText('#status'), 'In call');
  await page.context().close();
});

test('a session that is gone: what happened, and a new call', async () => {
  let n_sockets = 0;
  const { page, close } = await openFarSide(browser, gateway.url, {
    open: (send, _, tools) => {
      n_sockets++;
      if (n_sockets === 2) {
        send('error', { code: 'gone', message: 'no such session', fatal: true });
        tools.close({ code: 1008 });
      } else {
        send('session', { id: 'an-id', iceServers: [], resumeToken: `token-${n_sockets}` });
      }
    },
  });
  await pressCall(page);
  await waitForState(page, 'active');
  close({ code: 1011 });
  const help = await waitForHelp(page);
  assert.equal(help.code, 'session-gone');
  assert.equal(help.status, 'Call cut off');
  assert.equal(await page.innerText('#call'), 'Call again');
  await pressCall(page);
  await waitForState(page, 'active');
  assert.equal(n_sockets, 3);
  await page.context().close();
});

const isTalking = async (page) => {
  const [pressed, sent] = await page.evaluate(() => [document.querySelector('#talk').getAttribute('aria-pressed'),
    window.vgwTest.opened.tracks.at(-1).enabled]);
  assert.equal(pressed, String(sent));
  return sent;
};

const waitForLoud = (page) => page.waitForFunction(() => Number(document.querySelector('#meter-remote').getAttribute('aria-valuenow')) > 30);

/* A call with push-to-talk, which the switch turned on. */
async function callPushingToTalk() {
  const farSide = await openFarSide(browser, gateway.url);
  const { page } = farSide;
  await page.click('#sound summary');
  await page.check('#push-to-talk');
  await pressCall(page);
  await waitForState(page, 'active');
  return farSide;
}

test('push-to-talk: the button is held by mouse, key or space bar', async () => {
  const { page } = await callPushingToTalk();
  assert.deepEqual([await page.isVisible('#talk'), await page.isVisible('#mute')], [true, false]);
  assert.match(await page.innerText('#hint'), /^Hold the button or the space bar/);
  assert.equal(await isTalking(page), false);

  const { x, y, width, height } = await page.locator('#talk').boundingBox();
  await page.mouse.move(x + width / 2, y + height / 2);
  await page.mouse.down();
  assert.equal(await isTalking(page), true);
  await waitForLoud(page); // the echo has it
  await page.mouse.move(5, 5);
  assert.equal(await isTalking(page), true, 'it is held until it is released, wherever that is');
  await page.mouse.up();
  assert.equal(await isTalking(page), false);

  await page.focus('#talk');
  for (const key of ['Space', 'Enter']) {
    await page.keyboard.down(key);
    await page.keyboard.down(key); // as when it repeats
    assert.equal(await isTalking(page), true, key);
    await page.keyboard.up(key);
    assert.equal(await isTalking(page), false, key);
  }

  await page.evaluate(() => document.activeElement.blur());
  await page.keyboard.down('Space');
  assert.equal(await isTalking(page), true, 'anywhere on the page');
  await page.evaluate(() => window.dispatchEvent(new Event('blur')));
  assert.equal(await isTalking(page), false, 'the key is released in another window');
  await page.keyboard.up('Space');
  assert.equal(await isTalking(page), false);

  await page.focus('#write-text');
  await page.keyboard.down('Space');
  assert.equal(await isTalking(page), false, 'it is written');
  await page.keyboard.up('Space');
  assert.equal(await page.inputValue('#write-text'), ' ');
  assert.equal(await page.getAttribute('#panel', 'data-state'), 'active');
  assert.deepEqual(page.problems, []);
  await page.context().close();
});

test('push-to-talk: the focus is where the space bar talks, a click is enough for who cannot hold, and the switch is kept', async () => {
  const { page } = await callPushingToTalk();
  await page.click('#call'); // ends the call; the button has the focus
  await waitForState(page, 'ended');
  assert.deepEqual([await page.isVisible('#talk'), await page.isVisible('#mute')], [false, true]);
  await page.reload();
  assert.equal(await page.isChecked('#push-to-talk'), true);
  await page.focus('#call');
  await page.keyboard.press('Enter');
  await waitForState(page, 'active');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'talk', 'the space bar does not hang up');
  for (const expected of [true, false]) {
    await page.evaluate(() => document.querySelector('#talk').click()); // as assistive technology does
    assert.equal(await isTalking(page), expected);
  }

  await page.click('#sound summary');
  await page.uncheck('#push-to-talk');
  assert.deepEqual([await page.isVisible('#talk'), await page.isVisible('#mute')], [false, true]);
  await waitForLoud(page);
  await page.click('#mute');
  assert.equal(await page.innerText('#status'), 'In call, muted');
  await page.check('#push-to-talk');
  assert.equal(await isTalking(page), false);
  await page.evaluate(() => document.querySelector('#talk').click());
  assert.equal(await isTalking(page), true, 'it is not muted any more');
  await page.evaluate(() => document.querySelector('#talk').focus());
  await page.evaluate(() => document.querySelector('#call').click());
  await waitForState(page, 'ended');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'call', 'the focus is not lost');
  assert.deepEqual(page.problems, []);
  await page.context().close();
});

const sessionsOf = async (which) => (await which.sessions()).map(({ id }) => id);

test('a page that is loaded again continues its call, muted as it was', async () => {
  const page = await browser.open(gateway.url);
  await pressCall(page);
  await waitForState(page, 'active');
  await gateway.waitForLog(/session is active/);
  const sessions = await sessionsOf(gateway);
  assert.equal(sessions.length, 1);
  await page.click('#mute');
  await page.addInitScript(() => {
    window.words = [];
    new MutationObserver(() => {
      const text = document.querySelector('#status')?.textContent;
      if (text && text !== window.words.at(-1))
        window.words.push(text);
    }).observe(document, { childList: true, subtree: true });
  });
  await page.reload();
  await waitForState(page, 'active');
  assert.deepEqual(await sessionsOf(gateway), sessions);
  assert.equal(await page.innerText('#status'), 'In call, muted');
  assert.deepEqual(await page.evaluate(() => window.words), ['Loading…', 'Continuing the call…', 'In call, muted']);
  assert.match(await page.innerText('#conversation-list'), /loaded again/);
  assert.equal(await page.evaluate(() => window.vgwTest.opened.tracks.at(-1).enabled), false);
  await page.click('#mute');
  await waitForLoud(page);

  await pressCall(page);
  await waitForState(page, 'ended');
  await page.reload();
  await page.waitForFunction(() => document.querySelector('#hint').textContent.includes('answers'));
  assert.equal(await page.getAttribute('#panel', 'data-state'), 'idle', 'a call that was hung up is over');
  await pressCall(page);
  await waitForState(page, 'active');
  assert.equal(await page.innerText('#status'), 'In call', 'another call is not muted');
  await pressCall(page);
  await waitForState(page, 'ended');
  assert.deepEqual(page.problems, []);
  await page.context().close();
});

test('a page that is loaded again too late says so, and one that does not come back leaves no call', async () => {
  const hasty = await Gateway.start(['session.resume-grace-ms=500']);
  const page = await browser.open(hasty.url);
  await pressCall(page);
  await waitForState(page, 'active');
  await hasty.waitForLog(/session is active/);
  await page.goto(`${hasty.url}favicon.svg`);
  await hasty.waitForLog(/session ended: reason websocket-closed/);
  assert.deepEqual(await sessionsOf(hasty), []);
  await page.goto(hasty.url);
  const help = await waitForHelp(page);
  assert.deepEqual([help.code, help.status], ['session-gone', 'Call cut off']);
  await pressCall(page);
  await waitForState(page, 'active');
  await pressCall(page);
  await waitForState(page, 'ended');
  await page.context().close();
  await hasty.stopCleanly();
});
