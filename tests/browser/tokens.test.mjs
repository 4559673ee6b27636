/* examples/token-server.py in a browser: its page gets a token from its own backend, and calls with it. */

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { launch, pressCall, waitForHelp, waitForState } from './lib/browser.mjs';
import { Gateway } from './lib/gateway.mjs';

const PHRASE = new URL('../../data/sounds/phrase.wav', import.meta.url).pathname;
const SERVER = new URL('../../examples/token-server.py', import.meta.url).pathname;
const SECRET = 's'.repeat(48);

let browser;
let directory;
let keys;
let port; // of the page: the gateway has to know it first

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port: free } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return free;
}

async function startServer(gateway) {
  const server = spawn('/usr/bin/python3', [SERVER, keys, gateway.url, String(port)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const url = await new Promise((resolve, reject) => {
    server.once('exit', () => reject(new Error('the example has ended')));
    server.stdout.setEncoding('utf8').once('data', (text) => resolve(text.split(/\s/)[1]));
  });
  return { url, stop: () => server.kill() };
}

before(async () => {
  directory = mkdtempSync(join(tmpdir(), 'voice-gateway-tokens-'));
  keys = join(directory, 'keys');
  writeFileSync(keys, `web: ${SECRET}\n`, { mode: 0o600 });
  port = await freePort();
  browser = await launch({ microphone: { wav: PHRASE } });
});

after(async () => {
  await browser?.close();
  rmSync(directory, { recursive: true, force: true });
});

async function run(body, settings = []) {
  const gateway = await Gateway.start(['access.mode=token', `access.token-keys-file=${keys}`,
    `access.origins=http://127.0.0.1:${port}`, 'log.level=debug', ...settings]);
  const server = await startServer(gateway);
  try {
    await body(await browser.open(server.url), gateway);
  } finally {
    server.stop();
    await gateway.stopCleanly();
  }
}

test('the page calls with a token of its backend, which nobody logs', () => run(async (page, gateway) => {
  const [request] = await Promise.all([page.waitForResponse('**/token'), page.click('#call')]);
  const token = await request.text();
  await gateway.waitForLog(/→ active/);
  await page.waitForFunction(() => document.querySelector('#state').textContent === 'active');
  assert.match(gateway.log, /guest/); // who calls
  assert.ok(token.length > 100 && !gateway.log.includes(token) && !gateway.log.includes(token.split('.')[2]));
  assert.ok(!gateway.log.includes(SECRET));
}));

test('a token of another key is refused, and the page says so', () => run(async (page, gateway) => {
  await page.route('**/token', (route) => route.fulfill({ contentType: 'text/plain', body: 'a.b.c' }));
  await page.click('#call');
  await gateway.waitForLog(/refused a session for 127\.0\.0\.1/);
  await page.waitForFunction(() => !['', 'connecting'].includes(document.querySelector('#state').textContent));
  assert.doesNotMatch(gateway.log, /→ active/);
}));

test('the page of the gateway explains that it needs a token, and takes it from its address', () => run(async (_, gateway) => {
  const page = await browser.open(gateway.url);
  const refused = async () => {
    await pressCall(page);
    const help = await waitForHelp(page);
    assert.deepEqual([help.code, help.title], ['unauthorized', 'This call needs an access token']);
    assert.match(help.text, /Operators: .*#token=TOKEN/);
  };
  await refused();
  for (const bad of ['a.b.c', 'no token']) {
    await page.evaluate((token) => { location.hash = new URLSearchParams({ token }); }, bad);
    await refused();
  }
  const token = execFileSync(process.env.VGW_TEST_GATEWAY, ['token', `--keys-file=${keys}`, '--sub=alice', '--ttl=60']).toString().trim();
  await page.evaluate((good) => { location.hash = `token=${good}`; }, token);
  await pressCall(page);
  await waitForState(page, 'active');
  await gateway.waitForLog(/alice/);
  await page.reload();
  await waitForState(page, 'active'); // the same call
  assert.deepEqual((await gateway.sessions()).map(({ identity }) => identity), ['alice']);
  await pressCall(page);
  await waitForState(page, 'ended');
  assert.ok(!gateway.log.includes(token.split('.')[2]));
  assert.ok(!(await page.textContent('#log-list')).includes(token.split('.')[2]));
  await page.context().close();
}));
