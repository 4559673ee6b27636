/* The page's choice of devices, its volume, and what it shows while a call is recovering, against a far side that this test
 * plays. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pressCall, waitForHelp, waitForState } from './lib/browser.mjs';
import { openFarSide } from './lib/far-side.mjs';
import { browser, gateway, startGatewayAndBrowser } from './lib/fixture.mjs';

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
  const chosen = await page.$eval('#microphone option:last-child', ({ value }) => value);
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
  await page.waitForFunction((id) => document.querySelector('#microphone').value === id, chosen);
  assert.equal(await page.inputValue('#volume'), '40');
  await pressCall(page);
  await waitForState(page, 'active');
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
