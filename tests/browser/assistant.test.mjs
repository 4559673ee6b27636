/* The offline bot: flite asks through a browser's microphone, and pocketsphinx tells what the browser was answered. */

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { launch, pressCall, recordRemote, takeRecorded, waitForState } from './lib/browser.mjs';
import { Gateway, environment } from './lib/gateway.mjs';
import { readWav, writeWav } from './lib/sound.mjs';

const RATE = 16000; // of flite, and of pocketsphinx
const ANSWERS = new URL('../data/assistant/answers.gram', import.meta.url).pathname; // other times and other counts are in it too

/* The microphone plays these in a loop. A pause holds the longest answer: that to a question of which the greeting has
 * covered the beginning. */
const QUESTIONS = ['what time is it', 'count to five'];
const PAUSE_S = 9;
const LOAD_MS = 90000; // under sanitizers, on a busy machine
const ANSWER_MS = 80000; // for both: three turns of the loop, in case that one is not understood

const LEAD_IN_S = 0.5; // the page's recording comes in blocks of a quarter of a second
const QUIET_S = 1.5; // longer than any pause within an answer
const MAX_QUIET = 0.003; // of full scale

const HOURS = ['twelve', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten', 'eleven'];
const TOLD_HOUR = 7; // no machine's clock may make the words difficult: "four o'clock" sounds like "five o'clock"

const directory = mkdtempSync(join(tmpdir(), 'voice-gateway-assistant-'));
let assistant;
let gateway;
let chromium;

before(async () => {
  const wav = join(directory, 'microphone.wav');
  writeWav(wav, RATE, makeQuestions());
  /* a time zone, in which it is between seven and eight; POSIX counts to the west of Greenwich */
  process.env.TZ = `VGW${new Date().getUTCHours() - TOLD_HOUR}`;
  const url = await startAssistant();
  gateway = await Gateway.start([], { configuration: `[engine]\ndefault = assistant\n[engine assistant]\ntype = websocket\nurl = ${url}\n` });
  chromium = await launch({ microphone: { wav } });
});

after(async () => {
  await chromium?.close();
  rmSync(directory, { recursive: true, force: true });
  await gateway?.stopCleanly();
  assistant?.kill();
});

/* Its address, once it has loaded its models. */
async function startAssistant() {
  assistant = spawn(process.env.VGW_TEST_ASSISTANT, ['--listen', '127.0.0.1:0'], { env: environment(), stdio: ['ignore', 'pipe', 'inherit'] });
  for await (const line of createInterface({ input: assistant.stdout, signal: AbortSignal.timeout(LOAD_MS) }))
    return line.replace(/^ready /, '');
  throw new Error('the assistant does not start');
}

function makeQuestions() {
  const pause = new Float32Array(PAUSE_S * RATE);
  const parts = QUESTIONS.flatMap((question) => {
    const wav = join(directory, 'question.wav');
    execFileSync('flite', ['-voice', 'slt', '-t', question, '-o', wav]);
    const { rate, samples } = readWav(wav);
    assert.equal(rate, RATE);
    return [pause, samples];
  });
  const all = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/* Notes for every bubble of the conversation where in the page's recording it came. */
function noteTurns(page) {
  return page.evaluate(() => {
    window.vgwTest.turns = [];
    const note = (bubble) => window.vgwTest.turns.push({
      role: bubble.classList.contains('user') ? 'user' : 'bot',
      text: bubble.querySelector('.words').textContent,
      at: window.vgwTest.heard.length,
    });
    const list = document.querySelector('#conversation-list');
    list.querySelectorAll('.said').forEach(note);
    new MutationObserver((changes) => changes.flatMap(({ addedNodes }) => [...addedNodes])
      .filter((node) => node.matches('.said')).forEach(note)).observe(list, { childList: true });
  });
}

/* Waits until each question has been answered, and the last answer has been heard to its end. A question that came in
 * too badly to be taken for a command (the answer is "I understood: …") is asked again by the loop, until ANSWER_MS. */
async function waitForAnswers(page) {
  await page.waitForFunction(({ questions, quietS, maxQuiet, rate }) => {
    const { turns, heard } = window.vgwTest;
    const last = turns.at(-1);
    const tail = heard.blocks.slice(-Math.ceil(quietS * rate / heard.blocks[0]?.length));
    const isQuiet = heard.length - last?.at > 2 * quietS * rate && tail.every((block) => block.every((x) => Math.abs(x) < maxQuiet));
    return isQuiet && last.role === 'bot' && questions.every((question) =>
      turns.some(({ role, text }, i) => role === 'user' && text === question && !turns[i + 1].text.startsWith('I understood')));
  }, { questions: QUESTIONS, quietS: QUIET_S, maxQuiet: MAX_QUIET, rate: RATE }, { timeout: ANSWER_MS }).catch(async (error) => {
    throw new Error(`${error.message}\nthe conversation was: ${JSON.stringify(await page.evaluate(() => window.vgwTest.turns))}\n${gateway.log}`);
  });
  return page.evaluate(() => window.vgwTest.turns);
}

/* The words of a recording. An utterance ends with a pause of a second, longer than those between numbers. */
function recognise(samples) {
  const wav = join(directory, 'answer.wav');
  const padded = new Float32Array(samples.length + 2 * RATE);
  padded.set(samples, RATE);
  writeWav(wav, RATE, padded);
  return execFileSync('pocketsphinx_continuous', ['-infile', wav, '-jsgf', ANSWERS, '-vad_postspeech', '100', '-logfn', '/dev/null'],
    { encoding: 'utf8' }).trim().split(/\s+/).join(' ');
}

/* The answer to a question, as the page shows it and as the recogniser hears it. */
function answerTo(question, turns, heard) {
  const asked = turns.findIndex(({ role, text }, i) => role === 'user' && text === question && !turns[i + 1].text.startsWith('I understood'));
  const { role, text, at } = turns[asked + 1];
  assert.equal(role, 'bot');
  const from = Math.max(0, at - LEAD_IN_S * RATE);
  const recognised = recognise(heard.subarray(from, turns[asked + 2]?.at ?? heard.length));
  console.log(JSON.stringify({ question, text, recognised }));
  return { text, recognised };
}

test('a spoken question gets the right spoken answer', async () => {
  const page = await chromium.open(gateway.url);
  const hourBefore = HOURS[new Date().getHours() % 12];
  await pressCall(page);
  await waitForState(page, 'active');
  await recordRemote(page, RATE);
  await noteTurns(page);
  const turns = await waitForAnswers(page);
  const hourAfter = HOURS[new Date().getHours() % 12];
  const heard = await takeRecorded(page);
  console.log(JSON.stringify(turns));
  await pressCall(page);
  await waitForState(page, 'ended');

  const count = answerTo('count to five', turns, heard);
  assert.equal(count.text, 'one, two, three, four, five.');
  assert.equal(count.recognised, 'one two three four five');

  const time = answerTo('what time is it', turns, heard);
  const right = new RegExp(`^it is (${hourBefore}|${hourAfter}) .+ in the morning$`);
  assert.match(time.text.toLowerCase().replace(/\.$/, ''), right);
  assert.match(time.recognised, right);

  assert.equal(turns.filter(({ role, text }) => role === 'bot' && /^Hello, I am the voice gateway assistant/.test(text)).length, 1, 'it greets once');
  assert.deepEqual(page.problems, []);
  await page.context().close();
});
