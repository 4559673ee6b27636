/* The page's selector, conversation, keypad and text field, against a far side that this test plays. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pressCall, waitForHelp, waitForState } from './lib/browser.mjs';
import { openFarSide } from './lib/far-side.mjs';
import { browser as chromium, gateway, startGatewayAndBrowser } from './lib/fixture.mjs';

startGatewayAndBrowser();

/* A far side with engines to choose from: `echo` is the default; any other name than these is refused. */
const NAMES = ['echo', 'desk', 'pizza'];

function offerEngines(farSide) {
  return (send, _, { close }) => {
    const name = farSide.urls.at(-1).searchParams.get('engine') ?? 'echo';
    if (NAMES.includes(name)) {
      send('session', { id: 'an-id', iceServers: [], engines: NAMES, engine: name });
      return;
    }
    send('error', { code: 'bad-request', message: `no engine "${name}" to choose`, fatal: true });
    close({ code: 1008, reason: 'bad-request' });
  };
}

const LISTING = { json: { default: 'echo', engines: NAMES } };

/* `listing` is how GET engines is answered (as page.route fulfils it); null: not at all. */
async function openWithEngines(path = '', listing = LISTING) {
  const farSide = { urls: null };
  Object.assign(farSide, await openFarSide(chromium, 'about:blank', { open: (...args) => offerEngines(farSide)(...args) }));
  await farSide.page.route('**/engines', (route) => (listing ? route.fulfill(listing) : route.abort()));
  await farSide.page.goto(`${gateway.url}${path}`);
  return farSide;
}

async function call(page) {
  await pressCall(page);
  await waitForState(page, 'active');
}

async function hangUp(page) {
  await pressCall(page);
  await waitForState(page, 'ended');
}

/* A call in which `say (…events)` lets the bot tell something. */
async function openCall(contextOptions = {}) {
  const farSide = await openFarSide(chromium, gateway.url, {}, contextOptions);
  const { page } = farSide;
  await call(page);
  await page.waitForFunction(() => window.farSide.channel?.readyState === 'open');
  const say = (...events) => page.evaluate((list) => list.forEach((event) =>
    window.farSide.channel.send(JSON.stringify(event))), events);
  return { ...farSide, say };
}

const said = (role, text, final) => ({ type: 'transcript', role, text, final });

const choices = (page) => page.$$eval('#engine option', (options) => options.map(({ value, label }) => `${value}|${label}`));

/* Everything in the conversation, as "user: …", "bot …: …" (not final yet), "note: …". */
const lines = (page) => page.$$eval('#conversation-list li', (items) => items.map((item) => {
  const kind = ['user', 'bot', 'note'].find((name) => item.classList.contains(name));
  const text = item.querySelector('.words')?.textContent ?? item.textContent;
  return `${kind}${item.classList.contains('partial') ? ' …' : ''}: ${text}`;
}));

/* Waits for the conversation to be `expected`; says what it is where it does not become so. */
async function waitForLines(page, expected) {
  const isThere = (count) => document.querySelectorAll('#conversation-list li').length >= count;
  await page.waitForFunction(isThere, expected.length, { timeout: 10000 }).catch(() => {});
  const deadline = Date.now() + 10000;
  while (JSON.stringify(await lines(page)) !== JSON.stringify(expected) && Date.now() < deadline)
    await page.evaluate(() => new Promise(requestAnimationFrame));
  assert.deepEqual(await lines(page), expected);
}

test('a gateway without a choice shows no selector', async () => {
  const { page, urls } = await openFarSide(chromium, gateway.url);
  assert.equal(await page.isVisible('#engine-row'), false);
  await call(page);
  assert.equal(await page.isVisible('#engine-row'), false);
  await hangUp(page);
  await page.reload();
  assert.equal(await page.isVisible('#engine-row'), false);
  assert.equal(urls[0].search, '');
  await page.context().close();
});

test('the names can be chosen before the first call, and the choice stands in the address', async () => {
  const { page, urls } = await openWithEngines('?theme=1');
  await page.waitForSelector('#engine', { state: 'visible' });
  assert.deepEqual(await choices(page), ['|Default (echo)', 'desk|desk', 'pizza|pizza']);
  await call(page);
  assert.equal(urls[0].search, '');
  assert.equal(await page.isDisabled('#engine'), true, 'not in the middle of a call');
  await hangUp(page);
  assert.deepEqual(await choices(page), ['|Default (echo)', 'desk|desk', 'pizza|pizza']);

  await page.selectOption('#engine', 'pizza');
  assert.equal(new URL(page.url()).search, '?theme=1&engine=pizza');
  await call(page);
  assert.equal(urls[1].search, '?engine=pizza');
  await hangUp(page);
  await page.reload();
  assert.equal(await page.inputValue('#engine'), 'pizza');

  await page.selectOption('#engine', '');
  assert.equal(new URL(page.url()).search, '?theme=1');
  await call(page);
  assert.equal(urls[2].search, '');
  await hangUp(page);
  assert.deepEqual(page.problems, []);
  await page.context().close();
});

for (const [what, listing] of [['nothing', null], ['an error', { status: 500, body: 'no' }], ['no JSON', { body: '<html>' }],
  ['no listing', { json: { engines: 'all' } }]]) {
  test(`names are learnt in a call where the gateway answers ${what}`, async () => {
    const { page } = await openWithEngines('', listing);
    assert.equal(await page.isVisible('#engine-row'), false, 'nothing is known yet');
    await call(page);
    assert.equal(await page.isVisible('#engine-row'), true);
    await hangUp(page);
    await page.reload();
    assert.deepEqual(await choices(page), ['|Default (echo)', 'desk|desk', 'pizza|pizza']);
    await page.context().close();
  });
}

test('a link leads to a bot at the first visit', async () => {
  const { page, urls } = await openWithEngines('?engine=desk', null);
  assert.equal(await page.inputValue('#engine'), 'desk');
  assert.equal(await page.isVisible('#engine'), true);
  await call(page);
  assert.equal(urls[0].searchParams.get('engine'), 'desk');
  await hangUp(page);
  assert.deepEqual((await choices(page)).map((choice) => choice.split('|')[0]), ['', 'echo', 'desk', 'pizza']);
  await page.context().close();
});

test('a bot that the gateway does not have: help, and the next call is to the default', async () => {
  const { page, urls } = await openWithEngines('?engine=nobody');
  await pressCall(page);
  const help = await waitForHelp(page);
  assert.equal(help.code, 'bad-request');
  assert.equal(help.status, 'Call failed');
  assert.match(help.title, /does not have this bot/);
  assert.match(help.text, /no engine "nobody" to choose/);
  assert.equal(new URL(page.url()).search, '');
  await call(page);
  assert.equal(urls[1].search, '');
  assert.equal(await page.isHidden('#help'), true);
  await hangUp(page);
  await page.context().close();
});

test('a partial text changes in place, a final one stays', async () => {
  const { page, say } = await openCall();
  assert.equal(await page.isVisible('#conversation-empty'), true);
  await say(said('user', 'what', false), said('user', 'what time', false));
  await waitForLines(page, ['user …: what time']);
  assert.equal(await page.isVisible('#conversation-empty'), false);
  assert.equal(await page.getAttribute('#conversation-list li', 'aria-hidden'), 'true', 'nobody hears each version read out');
  await say(said('bot', 'One moment', false));
  await waitForLines(page, ['user …: what time', 'bot …: One moment']);
  await say(said('user', 'what time is it', true));
  await waitForLines(page, ['user: what time is it', 'bot …: One moment']);
  assert.equal(await page.getAttribute('#conversation-list li', 'aria-hidden'), null);
  await say(said('bot', 'It is noon.', true), said('user', 'th', false), said('user', '', true), said('user', ' ', false),
    said('user', 'thanks', true), said('user', 'bye', false));
  const kept = ['user: what time is it', 'bot: It is noon.', 'user: thanks'];
  await waitForLines(page, [...kept, 'user …: bye']);
  await hangUp(page);
  await waitForLines(page, [...kept, 'user: bye']);
  await call(page);
  await waitForLines(page, []);
  await hangUp(page);
  await page.context().close();
});

test('what befalls the engine is told in plain words, other events as lines', async () => {
  const { page, say } = await openCall();
  await say({ type: 'engine-lost' }, { type: 'engine-restored' }, { type: 'engine-fallback', engine: 'desk' },
    { type: 'order', id: 4711 }, { type: 'text', text: '<b onmouseover="x">bold</b>' }, '<img src=x>', 7, null);
  await waitForLines(page, ['note: The connection to the bot was lost. Trying to reconnect…', 'note: The bot is connected again.',
    'note: Another bot continues the call: desk.', 'note: order: {"id":4711}', 'bot: <b onmouseover="x">bold</b>', 'note: <img src=x>',
    'note: 7', 'note: null']);
  assert.equal(await page.$('#conversation-list img, #conversation-list b'), null);
  await hangUp(page);
  assert.deepEqual(page.problems, []);
  await page.context().close();
});

test('the page says what answers, and whether the bot is there yet', async () => {
  const { page } = await openWithEngines();
  await page.waitForFunction(() => /An echo answers: you will hear yourself/.test(document.querySelector('#hint').textContent));
  await call(page);
  assert.equal(await page.innerText('#hint'), 'You can speak now. An echo answers: you will hear yourself.');
  await page.waitForFunction(() => window.farSide.channel?.readyState === 'open');
  const words = [
    [{ type: 'engine-connecting' }, 'Connecting to the bot…', /not connected yet/],
    [{ type: 'engine-unreachable' }, 'The bot is not reachable', /Trying again/],
    [{ type: 'engine-restored' }, 'In call', /speak now/],
    [{ type: 'engine-lost' }, 'The connection to the bot was lost', /Trying to reconnect/],
    [{ type: 'engine-fallback', engine: 'desk' }, 'In call', /speak now. “desk” answers/],
    [{ type: 'engine-failed' }, 'In call, without the bot', /no longer reachable/],
    [{ type: 'engine-connected' }, 'In call', /speak now/],
  ];
  for (const [event, status, hint] of words) {
    await page.evaluate((data) => window.farSide.channel.send(JSON.stringify(data)), event);
    await page.waitForFunction((text) => document.querySelector('#status').textContent === text, status, { timeout: 10000 });
    assert.match(await page.innerText('#hint'), hint);
  }
  await hangUp(page);
  await page.context().close();
});

const heard = (page) => page.$$eval('#conversation-list .said', (items) => items.map((item) => {
  const words = item.querySelector('.words').cloneNode(true);
  words.querySelectorAll('.visually-hidden').forEach((hidden) => hidden.remove());
  const unheard = words.querySelector('.unheard')?.textContent ?? '';
  return `${words.textContent.slice(0, words.textContent.length - unheard.length)}|${unheard}`;
}));

test('after an interruption the text of the bot shows how far it was heard', async () => {
  const { page, say } = await openCall();
  const waitForHeard = async (expected) => {
    await page.waitForFunction((n) => document.querySelectorAll('#conversation-list .unheard').length === n,
      expected.filter((text) => !text.endsWith('|')).length, { timeout: 10000 });
    assert.deepEqual(await heard(page), expected);
  };
  await say(said('bot', 'Good morning.', true), said('user', 'hello', true), said('bot', 'One two three four', true), said('bot', 'five six seven', false));
  await say({ type: 'speech-started' }, { type: 'playout-cleared', utterance_ms: 1000, cleared_ms: 1000 });
  const first = ['Good morning.|', 'hello|'];
  await waitForHeard([...first, 'One two three |four', '|five six seven']);
  await say(said('bot', 'Five six seven eight', true)); // the whole text comes late
  await waitForHeard([...first, 'One two three |four', '|Five six seven eight']);
  await say(said('user', 'stop', true), { type: 'speech-stopped' }, said('bot', 'As you like', true),
    { type: 'playout-cleared', utterance_ms: 5000, cleared_ms: 1 }, said('bot', 'Bye', true), { type: 'playout-cleared' });
  await page.waitForFunction(() => document.querySelectorAll('#conversation-list .said').length === 7);
  await waitForHeard([...first, 'One two three |four', '|Five six seven eight', 'stop|', 'As you like|', 'Bye|']);
  await hangUp(page);
  assert.deepEqual(page.problems, []);
  await page.context().close();
});

test('an objection of the gateway is a line, and no help', async () => {
  const { page, send } = await openCall();
  send('error', { code: 'bad-message', message: 'a candidate of no use', fatal: false });
  await waitForLines(page, ['note: Error from the gateway: a candidate of no use']);
  assert.equal(await page.isVisible('#help'), false);
  await hangUp(page);
  await page.context().close();
});

test('a bot that floods leaves a list of bounded length', async () => {
  const { page } = await openCall();
  await page.evaluate(async () => {
    const { channel } = window.farSide;
    for (let i = 0; i <= 500; i++)
      channel.send(JSON.stringify({ type: 'text', text: `line ${i}` }));
  });
  await page.waitForFunction(() => document.querySelector('#conversation-list').lastChild?.textContent.endsWith('line 500'));
  assert.equal((await lines(page)).length, 300);
  const isAtEnd = await page.$eval('#conversation-list', (list) => list.scrollTop + list.clientHeight >= list.scrollHeight - 1);
  assert.equal(isAtEnd, true);
  await hangUp(page);
  await page.context().close();
});

test('what is written goes to the bot', async () => {
  const { page } = await openCall(); // the far side echoes it
  await page.fill('#write-text', '  grüß dich ');
  await page.press('#write-text', 'Enter');
  await waitForLines(page, ['user: grüß dich', 'bot: grüß dich']);
  assert.equal(await page.inputValue('#write-text'), '');
  await page.click('#write-send'); // nothing to send
  await page.fill('#write-text', 'again');
  await page.click('#write-send');
  await waitForLines(page, ['user: grüß dich', 'bot: grüß dich', 'user: again', 'bot: again']);
  await page.focus('#write-text');
  await page.evaluate(() => document.querySelector('#call').click());
  await waitForState(page, 'ended');
  assert.equal(await page.isDisabled('#write-text'), true);
  assert.equal(await page.evaluate(() => document.activeElement.id), 'call', 'the focus is not lost');
  assert.deepEqual(page.problems, []);
  await page.context().close();
});

test('the sign for speech follows the gateway', async () => {
  const { page, say } = await openCall();
  assert.equal(await page.isVisible('#heard'), false);
  await say({ type: 'speech-started' });
  await page.waitForSelector('#heard', { state: 'visible' });
  await say({ type: 'speech-stopped' });
  await page.waitForSelector('#heard', { state: 'hidden' });
  await say({ type: 'speech-started' });
  await page.waitForSelector('#heard', { state: 'visible' });
  await hangUp(page);
  assert.equal(await page.isVisible('#heard'), false);
  assert.deepEqual(await lines(page), [], 'it is no line of the conversation');
  await page.context().close();
});

/* The tones that the browser says it has begun to send. */
async function watchTones(page) {
  await page.evaluate(() => {
    window.tones = [];
    window.vgwTest.opened.peers[0].getSenders()[0].dtmf.addEventListener('tonechange', ({ tone }) => tone && window.tones.push(tone));
  });
}

const waitForTones = (page, expected) => page.waitForFunction((tones) => window.tones.join('') === tones, expected, { timeout: 10000 });

test('the keypad sends keys, by mouse and by keyboard', async () => {
  const { page } = await openCall();
  await watchTones(page);
  assert.equal(await page.isVisible('#keypad'), false);
  await page.focus('#keypad-toggle');
  await page.keyboard.press('Enter');
  assert.equal(await page.getAttribute('#keypad-toggle', 'aria-expanded'), 'true');
  assert.equal(await page.evaluate(() => document.activeElement.dataset.key), '1');
  await page.keyboard.press('Space'); // the key that has the focus
  await page.keyboard.press('9');
  await page.keyboard.press('Shift+#');
  assert.equal(await page.evaluate(() => document.activeElement.dataset.key), '#');
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('ArrowLeft');
  await page.keyboard.press('Enter');
  await page.click('.key[data-key="0"]');
  await page.keyboard.press('x');
  await waitForTones(page, '19#50');
  assert.equal(await page.textContent('#keypad-shown'), '19#50');
  assert.equal(await page.isVisible('#keypad-problem'), false);
  assert.equal(await page.$$eval('.key', (keys) => keys.filter(({ tabIndex }) => tabIndex === 0).length), 1);
  assert.equal(await page.$$eval('.key', (keys) => keys.every((key) => (key.ariaLabel ?? key.textContent).length > 0)), true);
  await page.keyboard.press('Escape');
  assert.equal(await page.isVisible('#keypad'), false);
  assert.equal(await page.evaluate(() => document.activeElement.id), 'keypad-toggle');
  assert.doesNotMatch(await page.textContent('#log-list'), /19#50|"keys"/, 'the log may be handed on: no PIN in it');
  await page.context().close();
});

test('digits that are written to the bot are no keys', async () => {
  const { page } = await openCall();
  await watchTones(page);
  await page.click('#keypad-toggle');
  await page.click('#write-text');
  await page.keyboard.type('12');
  await page.click('.key[data-key="7"]');
  await waitForTones(page, '7');
  assert.equal(await page.inputValue('#write-text'), '12');
  await page.evaluate(() => document.querySelector('#call').click());
  await waitForState(page, 'ended');
  assert.equal(await page.isVisible('#keypad'), false);
  assert.equal(await page.isDisabled('#keypad-toggle'), true);
  assert.equal(await page.evaluate(() => document.activeElement.id), 'call');
  await page.context().close();
});

test('a call that takes no keys says so', async () => {
  const { page } = await openCall();
  await page.evaluate(() => Object.defineProperty(RTCDTMFSender.prototype, 'canInsertDTMF', { value: false }));
  await page.click('#keypad-toggle');
  await page.click('.key[data-key="7"]');
  await page.waitForSelector('#keypad-problem', { state: 'visible' });
  assert.match(await page.textContent('#keypad-problem'), /takes no keys/);
  await page.context().close();
});

for (const width of [320, 390]) {
  test(`everything fits a width of ${width} pixels`, async () => {
    const { page, say } = await openCall({ viewport: { width, height: 700 } });
    await say({ type: 'speech-started' }, { type: 'text', text: 'word'.repeat(80) }, { type: 'order', id: 'x'.repeat(120) });
    await page.waitForFunction(() => document.querySelectorAll('#conversation-list li').length === 2);
    await page.click('#keypad-toggle');
    await page.click('#sound summary');
    await page.check('#push-to-talk');
    const overflow = await page.evaluate(() => [...document.querySelectorAll('main *')]
      .filter((element) => element.getClientRects().length > 0 && !element.closest('.meter, .visually-hidden, .log-list'))
      .filter((element) => element.getBoundingClientRect().right > window.innerWidth + 0.5).map(({ id, className }) => id || className));
    assert.deepEqual(overflow, []);
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth), true);
    await page.context().close();
  });
}
