/* What the client library does with the devices of a call and with the browser around it, against a far side that echoes:
 * microphones, loudspeakers, volume, push-to-talk, blocked sound, the screen, and an attempt that is given up. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BROWSER, launch, only, waitForAsync } from './lib/browser.mjs';
import { openFarSide } from './lib/far-side.mjs';
import { browser, gateway, startGatewayAndBrowser } from './lib/fixture.mjs';
import { LOUDSPEAKER_MONITOR } from './lib/room.mjs';

const LOUD = 0.01; // root mean square of somebody who speaks; silence is below 0.001

startGatewayAndBrowser(); // the gateway serves the files

/* A call that runs, with `options`; the page has it as window.call, and its module as window.library. */
async function openCall(options = {}, script = {}) {
  const farSide = await openFarSide(browser, gateway.url, script);
  await farSide.page.evaluate(async (given) => {
    window.library = await import('/voice-gateway.js');
    window.call = new window.library.VoiceGatewayCall('/ws', given);
    window.said = { errors: [], devices: [], playback: [] };
    window.call.on('error', ({ code, fatal }) => window.said.errors.push({ code, fatal }));
    window.call.on('devices', (devices) => window.said.devices.push(devices));
    window.call.on('playback', ({ isBlocked }) => window.said.playback.push(isBlocked));
    await window.call.connect();
  }, options);
  return farSide;
}

async function close(page) {
  await page.evaluate(() => window.call.hangUp());
  await page.waitForFunction(() => {
    const { peers, ...rest } = window.vgwTest.leftOpen();
    return peers <= 1 && Object.values(rest).every((n) => n === 0); // the far side's peer stays
  });
  assert.deepEqual(page.problems, []);
  await page.context().close();
}

const waitForLevel = (page, side, isLoud) => page.waitForFunction(([name, least, wanted]) =>
  (window.call.readLevels()[name] > least) === wanted, [side, LOUD, isLoud], { timeout: 20000 });

/* Silence for half a second, which the phrase does not have. */
const waitForSilence = (page, side) => page.waitForFunction(([name, least]) => {
  window.quietSince = window.call.readLevels()[name] < least / 10 ? window.quietSince ?? performance.now() : null;
  return window.quietSince !== null && performance.now() - window.quietSince > 500;
}, [side, LOUD], { timeout: 20000 });

test('both levels follow the voice and its echo, from 0 to 1', async () => {
  const { page } = await openCall();
  await waitForLevel(page, 'microphone', true);
  await waitForLevel(page, 'remote', true);
  const levels = await page.evaluate(() => window.call.readLevels());
  assert.ok(Object.values(levels).every((level) => level >= 0 && level <= 1), JSON.stringify(levels));
  await close(page);
});

test('with push-to-talk the voice is sent only while the caller talks', async () => {
  const { page } = await openCall({ pushToTalk: true });
  await waitForSilence(page, 'remote');
  await page.evaluate(() => window.call.talk());
  await waitForLevel(page, 'remote', true);
  await page.evaluate(() => window.call.mute());
  await waitForSilence(page, 'remote');
  await page.evaluate(() => window.call.mute(false));
  await waitForLevel(page, 'remote', true);
  await page.evaluate(() => window.call.talk(false));
  await waitForSilence(page, 'remote');
  await page.evaluate(() => window.call.setPushToTalk(false));
  await waitForLevel(page, 'remote', true);
  await close(page);
});

test('the volume is that of the element, before the call and in it', async () => {
  const { page } = await openCall({ volume: 0.25 });
  const volumes = await page.evaluate(async () => {
    const audio = document.querySelector('#remote-audio');
    const call = new window.library.VoiceGatewayCall('/ws', { audio, volume: 0.25 });
    call.setVolume(0.5);
    await call.connect();
    const before = [audio.volume, call.volume];
    call.setVolume(0);
    const during = [audio.volume, call.volume];
    call.hangUp();
    return { before, during };
  });
  assert.deepEqual(volumes, { before: [0.5, 0.5], during: [0, 0] });
  await page.evaluate(() => window.farSide.pc.close());
  await close(page);
});

test('another microphone can be chosen in mid-call, and is sent without a new offer', async () => {
  const { page, received } = await openCall();
  const microphones = (await page.evaluate(() => window.library.listDevices())).microphones
    .filter(({ label }) => label !== LOUDSPEAKER_MONITOR);
  assert.ok(microphones.length >= 2 && microphones.every(({ id, label }) => id && label), JSON.stringify(microphones));
  assert.ok(!microphones.some(({ id }) => ['default', 'communications'].includes(id)));
  for (const { id } of [...microphones, microphones[0]]) {
    await page.evaluate(() => window.call.mute());
    await waitForSilence(page, 'remote'); // so that what is heard afterwards is the other one
    await page.evaluate((chosen) => window.call.useMicrophone(chosen), id);
    await page.evaluate(() => window.call.mute(false));
    assert.equal(await page.evaluate(() => window.call.microphoneId), id);
    assert.equal(await page.evaluate(() => window.vgwTest.opened.tracks.filter(({ readyState }) => readyState === 'live').length), 1);
    await waitForLevel(page, 'remote', true);
  }
  assert.equal(received.filter(({ type }) => type === 'offer').length, 1);

  const refused = await page.evaluate(() => window.call.useMicrophone('nowhere').catch(({ code, fatal }) => ({ code, fatal })));
  assert.deepEqual(refused, { code: 'no-microphone', fatal: false });
  assert.equal(await page.evaluate(() => window.call.microphoneId), microphones[0].id, 'it goes on as before');
  await page.evaluate(() => window.call.mute());
  await page.evaluate(() => window.call.useMicrophone(null));
  await waitForSilence(page, 'remote'); // a muted call stays so
  await close(page);
});

test('a microphone of an earlier visit is taken where it is there, else the default one', async () => {
  const { page } = await openCall({ microphoneId: 'long-gone', speakerId: 'long-gone' });
  assert.deepEqual(await page.evaluate(() => [window.call.state, window.call.speakerId, window.said.errors]), ['active', null, []]);
  const { microphones: [, second] } = await page.evaluate(() => window.library.listDevices());
  const chosen = second && await page.evaluate(async (microphoneId) => {
    const call = new window.library.VoiceGatewayCall('/ws', { microphoneId });
    await call.connect();
    const { microphoneId: id } = call;
    call.hangUp();
    return id;
  }, second.id);
  assert.equal(chosen, second?.id);
  await page.evaluate(() => window.farSide.pc.close());
  await close(page);
});

test('the loudspeaker can be chosen, and one that is not there is refused', async () => {
  const { page } = await openCall();
  const { speakers } = await page.evaluate(() => window.library.listDevices());
  if (BROWSER === 'chromium')
    assert.ok(speakers.length >= 1, 'the fake devices have loudspeakers');
  for (const { id } of speakers) {
    await page.evaluate((chosen) => window.call.useSpeaker(chosen), id);
    assert.equal(await page.evaluate(() => window.call.speakerId), id);
  }
  const before = await page.evaluate(() => window.call.speakerId);
  const refused = await page.evaluate(() => window.call.useSpeaker('nowhere').catch(({ code, fatal }) => ({ code, fatal })));
  assert.deepEqual(refused, { code: 'no-speaker', fatal: false });
  assert.equal(await page.evaluate(() => window.call.speakerId), before);
  await page.evaluate(() => window.call.useSpeaker(null));
  assert.equal(await page.evaluate(() => window.call.speakerId), null);
  await close(page);
});

test('devices that come and go: the page is notified, and a lost microphone is replaced', async () => {
  const { page } = await openCall();
  const change = () => page.evaluate(() => navigator.mediaDevices.dispatchEvent(new Event('devicechange')));
  await change();
  await page.waitForFunction(() => window.said.devices.length === 1);
  const { devices: [{ microphones, microphoneId, speakerId }] } = await page.evaluate(() => window.said);
  assert.ok(microphones.some(({ id }) => id === microphoneId) || microphoneId === 'default', JSON.stringify({ microphones, microphoneId }));
  assert.equal(speakerId, null);

  await page.evaluate(() => {
    window.vgwTest.opened.tracks[0].stop(); // as one that is unplugged
    window.vgwTest.opened.tracks[0].dispatchEvent(new Event('ended'));
  });
  assert.deepEqual(await page.evaluate(() => window.said.errors), [{ code: 'microphone-lost', fatal: false }]);
  await change();
  await page.waitForFunction(() => window.said.devices.length === 2);
  await waitForLevel(page, 'remote', true);
  assert.equal(await page.evaluate(() => window.vgwTest.opened.tracks.length), 2);

  await page.evaluate(() => window.call.hangUp());
  await change();
  assert.equal(await page.evaluate(() => window.said.devices.length), 2, 'not after the call');
  await close(page);
});

test('events of the gateway and of engines come with a type of their own', async () => {
  const { page, send } = await openCall({ dataChannel: false });
  await page.evaluate(() => {
    window.told = [];
    for (const name of ['event', 'transcript', 'text', 'speech', 'interrupted', 'engine'])
      window.call.on(name, (value) => window.told.push([name, value]));
  });
  const events = [{ type: 'speech-started' }, { type: 'transcript', role: 'user', text: 'hi', final: true }, { type: 'order', id: 1 }];
  events.forEach((event) => send('event', event));
  await page.waitForFunction(() => window.told.length === 5);
  assert.deepEqual(await page.evaluate(() => window.told), [['event', events[0]], ['speech', { isSpeaking: true }],
    ['event', events[1]], ['transcript', { role: 'user', text: 'hi', isFinal: true }], ['event', events[2]]]);
  await close(page);
});

test('statistics can be asked for', async () => {
  const { page } = await openCall();
  await waitForAsync(page, async () => (await window.call.getStats())?.packetsOut > 10);
  const stats = await page.evaluate(() => window.call.getStats());
  assert.equal(stats.codec.toLowerCase(), 'opus');
  assert.ok(stats.packetsIn > 0 && stats.durationMs > 0 && stats.rttMs >= 0, JSON.stringify(stats));
  assert.equal(await page.evaluate(() => {
    window.call.hangUp();
    return window.call.getStats();
  }), null);
  await close(page);
});

/* Runs in the page when it is loaded: what a test does there itself counts as a click. The page's own stream is sent: one
 * that listens may play, too. */
function callWithoutClick() {
  addEventListener('DOMContentLoaded', async () => {
    const { VoiceGatewayCall } = await import('/voice-gateway.js');
    const { receiver } = new RTCPeerConnection().addTransceiver('audio'); // a track without any device
    window.audio = new Audio();
    window.call = new VoiceGatewayCall('/ws', { stream: new MediaStream([receiver.track]), audio: window.audio });
    window.said = { errors: [], playback: [], refused: null };
    window.call.on('error', ({ code, fatal }) => window.said.errors.push({ code, fatal }));
    window.call.on('playback', ({ isBlocked }) => window.said.playback.push(isBlocked));
    await window.call.connect();
    window.said.refused = await window.call.resumePlayback().then(() => 'played', ({ name }) => name);
    document.addEventListener('click', () => window.call.resumePlayback(), { once: true });
    console.log('called');
  });
}

test('sound that is held back is signalled, and a click lifts that', only('chromium', 'a page that may listen may play in Firefox'), async () => {
  const strict = await launch({ microphone: { permission: 'ask' }, autoplay: false });
  const page = await strict.open('about:blank');
  await page.addInitScript(callWithoutClick);
  await Promise.all([page.waitForEvent('console', (message) => message.text() === 'called'), page.goto(gateway.url)]);
  const errors = [{ code: 'playback-blocked', fatal: false }];
  assert.deepEqual(await page.evaluate(() => window.said), { errors, playback: [true], refused: 'NotAllowedError' });
  assert.deepEqual(await page.evaluate(() => [window.audio.paused, window.call.playbackBlocked, window.call.state]), [true, true, 'active']);
  await page.click('h1');
  await page.waitForFunction(() => !window.call.playbackBlocked && !window.audio.paused);
  assert.deepEqual(await page.evaluate(() => [window.said.errors, window.said.playback]), [errors, [true, false]]);
  await page.evaluate(() => window.call.hangUp());
  await strict.close();
});

test('the screen stays on while the call runs', async () => {
  const { page } = await openFarSide(browser, gateway.url);
  const counted = await page.evaluate(async () => {
    const { VoiceGatewayCall } = await import('/voice-gateway.js');
    const locks = [];
    const original = navigator.wakeLock.request.bind(navigator.wakeLock);
    navigator.wakeLock.request = async (type) => {
      const sentinel = await original(type);
      locks.push(sentinel);
      return sentinel;
    };
    const held = () => locks.filter(({ released }) => !released).length;
    const until = async (n) => {
      for (let i = 0; i < 500 && held() !== n; i++)
        await new Promise((resolve) => setTimeout(resolve, 20));
      return held();
    };
    const call = new VoiceGatewayCall('/ws', { wakeLock: true });
    const before = held();
    await call.connect();
    const during = await until(1);
    await locks[0].release(); // as the browser does when the page is hidden
    document.dispatchEvent(new Event('visibilitychange'));
    const again = await until(1);
    call.hangUp();
    const after = await until(0);
    return { before, during, again, after, requests: locks.length };
  });
  assert.deepEqual(counted, { before: 0, during: 1, again: 1, after: 0, requests: 2 });
  await page.context().close();
});

test('an attempt can be given up by its signal, and a running call not', async () => {
  let hasOffered;
  const offered = new Promise((resolve) => { hasOffered = resolve; });
  const { page, received } = await openFarSide(browser, gateway.url, { offer: () => hasOffered() });
  await page.evaluate(async () => {
    const { VoiceGatewayCall } = await import('/voice-gateway.js');
    window.controller = new AbortController();
    window.call = new VoiceGatewayCall('/ws');
    window.outcome = window.call.connect({ signal: window.controller.signal }).then(() => 'connected', (error) => `${error.name}: ${error.message}`);
  });
  await offered;
  await page.evaluate(() => window.controller.abort(new DOMException('the user went on', 'AbortError')));
  assert.equal(await page.evaluate(() => window.outcome), 'AbortError: the user went on');
  assert.equal(await page.evaluate(() => window.call.state), 'ended');
  await page.waitForFunction(() => Object.values(window.vgwTest.leftOpen()).every((n) => n === 0));
  assert.equal(received.at(-1).type, 'bye');
  await page.context().close();

  const running = await openFarSide(browser, gateway.url);
  assert.equal(await running.page.evaluate(async () => {
    const { VoiceGatewayCall } = await import('/voice-gateway.js');
    const controller = new AbortController();
    const call = new VoiceGatewayCall('/ws');
    await call.connect({ signal: controller.signal });
    controller.abort();
    return call.state;
  }), 'active');
  await running.page.context().close();
});
