/* A bot behind the gateway, a browser in front of it: what one says, writes, and presses reaches the other. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Bot } from './lib/bot.mjs';
import { launch, pressCall, waitForHelp, waitForState } from './lib/browser.mjs';
import { Gateway } from './lib/gateway.mjs';
import { readWav } from './lib/sound.mjs';

const PHRASE = new URL('../../data/sounds/phrase.wav', import.meta.url).pathname;
const phrase = readWav(PHRASE).samples;

let bot;
let latePort;
let gateway;
let chromium;

const CONFIGURATION = ({ url, urlOfNobody, urlOfLate }) => `
[engine]
default = echo

[engine bot]
type = websocket
dialect = native
url = ${url}
selectable = true

[engine secret]
type = websocket
url = ${url}

[engine late]
type = websocket
url = ${urlOfLate}
grace-ms = 60000
selectable = true

[engine gone]
type = websocket
url = ${urlOfNobody}
grace-ms = 500
selectable = true

[engine gone-with-help]
type = websocket
url = ${urlOfNobody}
grace-ms = 500
on-failure = fallback:bot
selectable = true
`;

before(async () => {
  bot = await Bot.start();
  const [nobody, late] = [await Bot.start(), await Bot.start()]; // their ports are free afterwards
  latePort = Number(new URL(late.url).port);
  await nobody.stop();
  await late.stop();
  gateway = await Gateway.start([], { configuration: CONFIGURATION({ url: bot.url, urlOfNobody: nobody.url, urlOfLate: late.url }) });
  chromium = await launch({ microphone: { wav: PHRASE } });
});

after(async () => {
  await chromium?.close();
  await gateway?.stopCleanly();
  await bot?.stop();
});

/* A call to the bot, as { page, botCall }. */
async function callBot() {
  const n = bot.calls.length;
  const page = await chromium.open(`${gateway.url}?engine=bot`);
  await pressCall(page);
  await waitForState(page, 'active');
  const botCall = await bot.call(n);
  await botCall.waitFor('start');
  return { page, botCall };
}

async function hangUp(page) {
  await pressCall(page);
  await waitForState(page, 'ended');
}

const waitForLine = (page, pattern) => page.waitForFunction((source) =>
  [...document.querySelectorAll('#conversation-list li')].some(({ textContent }) => new RegExp(source).test(textContent)), pattern, { timeout: 30000 });

test('the selector picks the bot, which hears the caller and is heard', async () => {
  const page = await chromium.open(gateway.url);
  await page.waitForSelector('#engine', { state: 'visible' });
  assert.equal(bot.calls.length, 0);
  assert.deepEqual(await page.$$eval('#engine option', (options) => options.map(({ label }) => label)), ['Default (echo)', 'bot', 'late', 'gone', 'gone-with-help']);

  await page.selectOption('#engine', 'bot');
  await pressCall(page);
  const botCall = await bot.call(0);
  const start = await botCall.waitFor('start');
  assert.deepEqual([start.audio.encoding, start.audio.channels, start.resumed], ['s16le', 1, false]);
  assert.equal(typeof start.session_id, 'string');
  botCall.say({ type: 'ready', sample_rate: start.audio.sample_rate });
  await waitForState(page, 'active');
  await botCall.waitUntil(({ samples }) => samples >= start.audio.sample_rate, 'second of the caller');
  botCall.play(phrase);
  await page.waitForFunction(() => Number(document.querySelector('#meter-remote').getAttribute('aria-valuenow')) > 30);
  await hangUp(page);
  await botCall.waitFor('stop');
  assert.deepEqual(page.problems, []);
  await page.context().close();
});

test('keys that are pressed on the page reach the bot', async () => {
  const { page, botCall } = await callBot();
  await page.click('#keypad-toggle');
  await page.click('.key[data-key="1"]');
  await page.keyboard.press('2');
  await page.keyboard.press('Shift+#');
  await botCall.waitUntil((self) => self.of('dtmf').length >= 3, 'three keys');
  assert.deepEqual(botCall.of('dtmf').map(({ digit }) => digit), ['1', '2', '#']);
  for (const { duration_ms } of botCall.of('dtmf'))
    assert.ok(duration_ms >= 40 && duration_ms <= 400, `${duration_ms} ms`);
  await hangUp(page);
  await botCall.waitFor('stop');
  assert.equal(botCall.of('dtmf').length, 3);
  await page.context().close();
});

test('what the bot understood is shown, and what is written reaches it', async () => {
  const { page, botCall } = await callBot();
  botCall.tell({ type: 'transcript', role: 'user', text: 'good', final: false });
  botCall.tell({ type: 'transcript', role: 'user', text: 'good morning', final: true });
  botCall.tell({ type: 'transcript', role: 'bot', text: 'Good morning to you.', final: true });
  await waitForLine(page, 'Good morning to you');
  assert.deepEqual(await page.$$eval('#conversation-list .said .words', (words) => words.map(({ textContent }) => textContent)),
    ['good morning', 'Good morning to you.']);

  await page.fill('#write-text', 'grüß dich');
  await page.press('#write-text', 'Enter');
  const event = await botCall.waitFor('event');
  assert.deepEqual(event.data, { type: 'text', text: 'grüß dich' });
  botCall.tell({ type: 'text', text: 'written back' });
  await waitForLine(page, 'written back');
  await hangUp(page);
  await page.context().close();
});

test('a bot that hangs up ends the call in order', async () => {
  const { page, botCall } = await callBot();
  botCall.hangUp();
  await waitForState(page, 'ended');
  assert.match(await page.innerText('#hint'), /^The other side hung up/);
  assert.equal(await page.isHidden('#help'), true);
  await page.context().close();
});

test('a bot that is lost and comes back is told of, and the call goes on', async () => {
  const { page, botCall } = await callBot();
  const n = bot.calls.length;
  botCall.drop();
  await waitForLine(page, 'The connection to the bot was lost');
  await waitForLine(page, 'The bot is connected again');
  const again = await bot.call(n);
  assert.equal((await again.waitFor('start')).resumed, true);
  assert.equal(await page.getAttribute('#panel', 'data-state'), 'active');
  again.tell({ type: 'text', text: 'still here' });
  await waitForLine(page, 'still here');
  await hangUp(page);
  await page.context().close();
});

test('a bot that cannot be reached ends the call with help', async () => {
  const page = await chromium.open(`${gateway.url}?engine=gone`);
  await pressCall(page);
  const help = await waitForHelp(page);
  assert.equal(help.code, 'engine');
  assert.match(help.title, /The bot failed/);
  await waitForState(page, 'ended');
  await page.context().close();
});

test('a bot that cannot be reached is told of at once, and what is said then when it is there', async () => {
  const page = await chromium.open(`${gateway.url}?engine=late`);
  await pressCall(page);
  await waitForState(page, 'active');
  await page.waitForFunction(() => document.querySelector('#status').textContent === 'The bot is not reachable', null, { timeout: 5000 });
  assert.match(await page.innerText('#hint'), /Trying again/);
  assert.equal(await page.getAttribute('#panel', 'data-state'), 'active');
  const late = await Bot.start(latePort);
  await page.waitForFunction(() => document.querySelector('#hint').textContent === 'You can speak now. “late” answers.', null, { timeout: 30000 });
  assert.equal(await page.innerText('#status'), 'In call');
  await hangUp(page);
  await late.stop();
  await page.context().close();
});

test('another bot takes over where that is configured, and the page says so', async () => {
  const n = bot.calls.length;
  const page = await chromium.open(`${gateway.url}?engine=gone-with-help`);
  await pressCall(page);
  await waitForState(page, 'active');
  const botCall = await bot.call(n);
  await botCall.waitFor('start');
  await waitForLine(page, 'Another bot continues the call: bot');
  botCall.tell({ type: 'text', text: 'here instead' });
  await waitForLine(page, 'here instead');
  await hangUp(page);
  await page.context().close();
});

for (const [name, what] of [['nobody', 'does not exist'], ['secret', 'callers may not choose']]) {
  test(`an engine that ${what} is refused with help, and not contacted`, async () => {
    const n = bot.calls.length;
    const page = await chromium.open(`${gateway.url}?engine=${name}`);
    await pressCall(page);
    assert.equal((await waitForHelp(page)).code, 'bad-request');
    assert.equal(await page.getAttribute('#panel', 'data-state'), 'ended');
    assert.equal(bot.calls.length, n);
    await pressCall(page); // the default
    await waitForState(page, 'active');
    await hangUp(page);
    await page.context().close();
  });
}
