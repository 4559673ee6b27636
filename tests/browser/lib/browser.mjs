/* A browser with a microphone: Chromium, or Firefox where VGW_TEST_BROWSER says so. The tests are the same for both. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as chromium from './chromium.mjs';
import * as firefox from './firefox.mjs';

const POLL_MS = 50;

const BROWSERS = { chromium, firefox };
export const BROWSER = process.env.VGW_TEST_BROWSER ?? 'chromium';

/* For a test that needs what one of them does not have: test (name, only ('chromium', why), body). */
export const only = (name, why) => ({ skip: BROWSER !== name && `${name} only: ${why}` });

/* A machine's own sound card must not turn up beside the fake one, or in its place. */
const NO_SOUND_CARD = { ALSA_CONFIG_PATH: '/dev/null', PULSE_SERVER: 'none', PIPEWIRE_REMOTE: 'none' };

/* recordRemote () uses it: an AudioWorklet would need a script from the gateway */
const OWN_TAP = /ScriptProcessorNode|createScriptProcessor/;

/**
 * Starts a browser; close () takes its profile away.
 *   microphone  what the page may use: { wav } plays that file in a loop, {} is none;
 *               `permission` is the answer to the browser's question: allow (the default), deny, ask
 *   localHost   a name that leads to 127.0.0.1
 *   room        where it plays and listens (room.mjs); Chromium only
 *   autoplay    false: it plays nothing before a click; Chromium only
 *   flags       more arguments of Chromium
 */
export async function launch({ microphone = {}, localHost = null, room = null, autoplay = true, flags = [] } = {}) {
  const home = mkdtempSync(join(tmpdir(), `voice-gateway-${BROWSER}-`));
  const env = { ...process.env, ...NO_SOUND_CARD, ...room?.environment, HOME: home, XDG_RUNTIME_DIR: home };
  const browser = await BROWSERS[BROWSER].start({ microphone, localHost, room, autoplay, flags, env });
  return {
    browser,
    /** A page that has been loaded; what goes wrong in it is in `page.problems`. */
    async open(url, options = {}) {
      const page = await (await browser.newContext(options)).newPage();
      page.problems = [];
      page.on('pageerror', (error) => page.problems.push(String(error)));
      page.on('console', (message) => {
        if (['error', 'warning'].includes(message.type()) && !OWN_TAP.test(message.text()))
          page.problems.push(message.text());
      });
      await page.addInitScript(keepWhatIsOpened);
      await page.goto(url);
      return page;
    },
    async close() {
      await browser.close();
      rmSync(home, { recursive: true, force: true });
    },
  };
}

/* Runs in the page: remembers what a call opens, to find later what it left open. */
function keepWhatIsOpened() {
  const opened = { contexts: [], peers: [], tracks: [], sockets: [] };
  const keep = (name, list) => {
    const Original = window[name];
    window[name] = class extends Original {
      constructor(...args) {
        super(...args);
        list.push(this);
      }
    };
  };
  keep('AudioContext', opened.contexts);
  keep('RTCPeerConnection', opened.peers);
  keep('WebSocket', opened.sockets);
  const devices = navigator.mediaDevices;
  if (devices) {
    const original = devices.getUserMedia.bind(devices);
    devices.getUserMedia = async (constraints) => {
      const stream = await original(constraints);
      opened.tracks.push(...stream.getTracks());
      return stream;
    };
  }
  window.vgwTest = {
    opened,
    leftOpen: () => ({
      contexts: opened.contexts.filter(({ state }) => state !== 'closed').length,
      peers: opened.peers.filter(({ connectionState }) => connectionState !== 'closed').length,
      tracks: opened.tracks.filter(({ readyState }) => readyState !== 'ended').length,
      sockets: opened.sockets.filter(({ readyState }) => readyState < WebSocket.CLOSING).length,
    }),
  };
}

/** Presses the one button. */
export const pressCall = (page) => page.click('#call');

/** Waits until the page shows a state of the call. */
export async function waitForState(page, state, timeout = 30000) {
  await page.waitForSelector(`#panel[data-state="${state}"]`, { timeout }).catch(async (error) => {
    throw new Error(`${error.message}\nthe page says: ${await page.innerText('main')}`);
  });
}

/** Waits until `check (argument)` in the page resolves with true: page.waitForFunction () takes any promise for true. */
export async function waitForAsync(page, check, argument, timeoutMs = 30000) {
  const deadline = Date.now() + timeoutMs;
  while (!await page.evaluate(check, argument)) {
    if (Date.now() > deadline)
      throw new Error(`not in ${timeoutMs} ms: ${check}`);
    await new Promise((resolve) => { setTimeout(resolve, POLL_MS); });
  }
}

/** Waits until the page shows help, and returns what it is about: { code, title, status }. */
export async function waitForHelp(page, timeout = 30000) {
  await page.waitForSelector('#help:not([hidden])', { timeout });
  return {
    code: await page.getAttribute('#help', 'data-code'),
    title: await page.innerText('#help-title'),
    text: await page.innerText('#help'),
    status: await page.innerText('#status'),
  };
}

/** Begins to record what the page's <audio> element plays, at `rate`. */
export async function recordRemote(page, rate, audio = '#remote-audio') {
  await page.evaluate(({ sampleRate, selector }) => {
    const context = new AudioContext({ sampleRate });
    const source = context.createMediaStreamSource(document.querySelector(selector).srcObject);
    const tap = context.createScriptProcessor(4096, 1, 1);
    const heard = { context, blocks: [], length: 0 };
    tap.onaudioprocess = ({ inputBuffer }) => {
      heard.blocks.push(inputBuffer.getChannelData(0).slice());
      heard.length += inputBuffer.length;
    };
    source.connect(tap).connect(context.destination);
    window.vgwTest.heard = heard;
  }, { sampleRate: rate, selector: audio });
}

/** Waits until so much has been recorded. */
export async function waitForRecorded(page, n_samples, timeout = 60000) {
  await page.waitForFunction((n) => window.vgwTest.heard.length >= n, n_samples, { timeout });
}

/** How many samples have been recorded so far. */
export const countRecorded = (page) => page.evaluate(() => window.vgwTest.heard.length);

/** Ends the recording, and returns it as Float32Array. */
export async function takeRecorded(page) {
  const base64 = await page.evaluate(async () => {
    const { context, blocks, length } = window.vgwTest.heard;
    await context.close();
    const pcm = new Int16Array(length);
    let at = 0;
    for (const block of blocks)
      for (const sample of block)
        pcm[at++] = Math.max(-32768, Math.min(32767, Math.round(sample * 32768)));
    const bytes = new Uint8Array(pcm.buffer);
    let text = '';
    for (let i = 0; i < bytes.length; i += 32768)
      text += String.fromCharCode(...bytes.subarray(i, i + 32768));
    return btoa(text);
  });
  const bytes = Buffer.from(base64, 'base64');
  return Float32Array.from({ length: bytes.length / 2 }, (_, i) => bytes.readInt16LE(2 * i) / 32768);
}
