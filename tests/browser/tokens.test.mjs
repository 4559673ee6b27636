/* examples/token-server.py in a browser: its page gets a token from its own backend, and calls with it. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { launch } from './lib/browser.mjs';
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
