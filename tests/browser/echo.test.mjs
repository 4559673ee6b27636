/* The bot's voice comes back through the caller's microphone, as in a room without headphones: what the browser's echo
 * cancellation leaves of it must not interrupt the bot, and a caller must be able to. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Bot } from './lib/bot.mjs';
import { launch, pressCall, waitForState } from './lib/browser.mjs';
import { flushingBot, Gateway } from './lib/gateway.mjs';
import { Room } from './lib/room.mjs';
import { findSpeech, readWav, rms } from './lib/sound.mjs';

const RATE = 16000; // of flite, and of the engine
const ECHO_DB = 10; // a laptop on a table
const BUFFER_SAMPLES = 2048; // of the loudspeaker: 43 ms at a time, which with PulseAudio's own is some 100 ms of delay
const CALLS = 3; // at most, where the machine stood still
const MAX_LATENCY_MS = 100; // of the microphone's samples; more is a machine that stood still
const SILENCE = 0.003; // root mean square: -50 dB of full scale
const QUIET_MS = 1000; // longer than a pause between two sentences
const STOP_MS = 2000; // from what the engine hears to a silent loudspeaker: 120 ms of buffers, and a busy machine
const INTERRUPT_AFTER_MS = 3000; // of the bot's speech; the canceller knows the room by then
const MIN_FOUND = 0.8; // correlation of what the loudspeaker played with what the bot said

const LECTURE = 'Good morning, and thank you for calling. I can tell you about our opening hours, about the way to our house, '
  + 'and about the state of an order. Our shop is open from Monday to Friday between nine in the morning and six in the '
  + 'evening, and on Saturdays until two in the afternoon.';
const INTERRUPTION = 'Excuse me, please stop for a moment, I have a question about my order.';

let room;
let bot;
let gateway;
let chromium;
let lecture;
let interruption;

before(async () => {
  room = await Room.start({ echoDb: ECHO_DB });
  lecture = speak('slt', LECTURE);
  interruption = speak('rms', INTERRUPTION);
  bot = await Bot.start();
  gateway = await Gateway.start([], { configuration: flushingBot(bot.url) });
  chromium = await launch({ flags: [`--audio-buffer-size=${BUFFER_SAMPLES}`], room });
});

after(async () => {
  await chromium?.close();
  await room?.stop();
  await bot?.stop();
  await gateway?.stopCleanly();
});

function speak(voice, text) {
  const wav = join(room.directory, `${voice}.wav`);
  execFileSync('flite', ['-voice', voice, '-t', text, '-o', wav]);
  const { rate, samples } = readWav(wav);
  assert.equal(rate, RATE);
  return samples;
}

/* Runs in the page before all else: a microphone without echo cancellation, whatever the page asks for. */
function forbidCancelling() {
  const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = ({ audio }) => open({ audio: { ...audio, echoCancellation: false } });
}

/* A call of which the loudspeaker is recorded. */
async function callBot({ isCancelling }) {
  const n = bot.calls.length;
  const page = await chromium.open('about:blank');
  if (!isCancelling)
    await page.addInitScript(forbidCancelling);
  await page.goto(gateway.url);
  await pressCall(page);
  await waitForState(page, 'active');
  const botCall = await bot.call(n);
  await botCall.waitFor('start');
  const settings = await page.evaluate(() => window.vgwTest.opened.tracks[0].getSettings());
  assert.equal(settings.echoCancellation, isCancelling);
  return { page, botCall, ear: room.listen('loudspeaker', RATE, SILENCE) };
}

/* What the browser says of the sound: how much weaker the echo is than what was played, and what is taken away of that;
 * and whether its threads have had their time. */
const inspect = (page) => page.evaluate(async (maxLatencyMs) => {
  const reports = [...(await window.vgwTest.opened.peers[0].getStats()).values()];
  const { echoReturnLoss, echoReturnLossEnhancement } = reports.find(({ type }) => type === 'media-source');
  const { deliveredFrames, totalFrames, maximumLatency } = window.vgwTest.opened.tracks[0].stats;
  const stoodStill = maximumLatency > maxLatencyMs || deliveredFrames < totalFrames;
  return { echoReturnLoss, echoReturnLossEnhancement, maximumLatency, lost: totalFrames - deliveredFrames, stoodStill };
}, MAX_LATENCY_MS);

async function hangUp({ page, botCall, ear }) {
  await ear.stop();
  await pressCall(page);
  await waitForState(page, 'ended');
  await botCall.waitFor('stop');
  await page.context().close();
}

/* Makes calls until `body` says that one was good, or one was bad that the machine had nothing to do with. */
async function untilUndisturbed(body) {
  for (let n = 1; ; n++) {
    const call = await callBot({ isCancelling: true });
    const isGood = await body(call);
    const sound = await inspect(call.page);
    console.log(`# call ${n}: ${JSON.stringify(sound)}, the engine was told ${JSON.stringify(call.botCall.messages.slice(1))}`);
    if (!isGood && sound.stoodStill && n < CALLS) {
      await hangUp(call);
      continue;
    }
    return { ...call, sound };
  }
}

const wasInterrupted = ({ messages }) => messages.some(({ type }) => type === 'speech-started' || type === 'cleared');

test('without echo cancellation the bot interrupts itself', async () => {
  const call = await callBot({ isCancelling: false });
  call.botCall.play(lecture);
  await call.botCall.waitFor('speech-started');
  await call.botCall.waitFor('cleared');
  await hangUp(call);
});

test('with echo cancellation the bot is heard to the end', async () => {
  const call = await untilUndisturbed(async ({ botCall }) => {
    botCall.play(lecture);
    botCall.say({ type: 'mark', name: 'end' });
    await botCall.waitUntil((self) => wasInterrupted(self) || self.of('mark').length > 0, 'end of the speech');
    return !wasInterrupted(botCall);
  });
  const { botCall, ear, sound } = call;
  assert.deepEqual([...botCall.of('speech-started'), ...botCall.of('cleared')], []);
  await ear.waitForQuiet(QUIET_MS);
  const found = findSpeech(lecture, ear.takeRecorded(), RATE);
  console.log(`# of the speech the loudspeaker played: ${JSON.stringify(found)}`);
  assert.ok(found.pieces > MIN_FOUND, 'the loudspeaker has played the whole speech');
  assert.ok(sound.echoReturnLoss > 0, 'the canceller has found an echo'); // -30 before
  await hangUp(call);
});

test('with echo cancellation a caller who speaks silences the bot', async () => {
  const call = await untilUndisturbed(async ({ botCall, ear }) => {
    botCall.play(lecture);
    await ear.waitForSound();
    const { samples } = botCall;
    await botCall.waitUntil((self) => wasInterrupted(self) || self.samples >= samples + INTERRUPT_AFTER_MS * RATE / 1000, 'silence of the caller');
    return !wasInterrupted(botCall);
  });
  const { botCall, ear } = call;
  assert.equal(wasInterrupted(botCall), false, 'the bot has interrupted itself');
  const said = room.say(interruption, RATE);
  const { played_ms } = await botCall.waitFor('cleared');
  const clearedAt = Date.now();
  assert.equal(botCall.of('speech-started').length, 1);
  await ear.waitForQuiet(QUIET_MS);
  console.log(`# interrupted after ${played_ms} ms; the loudspeaker was silent ${ear.lastLoudAt - clearedAt} ms later`);
  assert.ok(played_ms < 1000 * lecture.length / RATE - 2 * STOP_MS, 'there was more to say');
  assert.ok(ear.lastLoudAt - clearedAt < STOP_MS, 'and it was not said');
  await said;
  await hangUp(call);
});
