/* Two gateways that share their calls by way of a real Redis, behind a real HAProxy with deploy/haproxy-nodes.cfg. The
 * dashboard of each has the calls of both. One is killed: its callers go on with the other by themselves, and Redis forgets
 * it. */

import assert from 'node:assert/strict';
import { spawn, execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, connect } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { launch } from './lib/browser.mjs';
import { PHRASE } from './lib/fixture.mjs';
import { Gateway } from './lib/gateway.mjs';
import { waitUntil } from './lib/library-call.mjs';

const RECIPE = new URL('../../deploy/haproxy-nodes.cfg', import.meta.url).pathname;
const N_CALLS = 4;
const TTL_S = 3;
const WAIT_MS = 30000;
const NODES = ['a', 'b'];

/* Programs have no "any free port". */
async function findPort() {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function waitFor(check, what) {
  const deadline = Date.now() + WAIT_MS;
  for (;;) {
    const value = await check();
    if (value)
      return value;
    assert.ok(Date.now() < deadline, `${what}: not in ${WAIT_MS} ms`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const isListening = (at) => new Promise((resolve) => {
  const socket = connect(at, '127.0.0.1', () => resolve(true)).on('error', () => resolve(false));
  socket.on('connect', () => socket.destroy());
});

/* The recipe on one plain port: TLS is what other tests are about. */
function startHaproxy(directory, port, ports) {
  const replace = (text, old, replacement) => {
    assert.ok(text.includes(old), old);
    return text.replace(old, replacement);
  };
  const changes = [
    ['    user haproxy\n', ''], ['    group haproxy\n', ''], ['    chroot /var/lib/haproxy\n', ''], ['log "${LOG_TO-/dev/log}" local0', 'log stderr format raw local0'],
    ['bind :::80 v4v6', `bind 127.0.0.1:${port}`],
    ['    bind :::443 v4v6 ssl crt /etc/haproxy/voice.example.com.pem alpn http/1.1\n', ''],
    ['    http-request redirect scheme https code 301 unless { ssl_fc }\n', ''],
  ];
  const file = join(directory, 'haproxy.cfg');
  writeFileSync(file, changes.reduce((text, [old, replacement]) => replace(text, old, replacement), readFileSync(RECIPE, 'utf8')));
  return spawn('/usr/sbin/haproxy', ['-db', '-f', file], { stdio: 'ignore',
    env: { ...process.env, NODE_A: `127.0.0.1:${ports.a}`, NODE_B: `127.0.0.1:${ports.b}` } });
}

let adminPorts, browser, gateways, haproxy, port, ports, redis, redisPort, url;

const ask = (...words) => JSON.parse(execFileSync('redis-cli', ['-p', String(redisPort), '--json', ...words], { encoding: 'utf8' }));
const areReady = async () => (await Promise.all(NODES.map((name) => fetch(`${gateways[name].url}readyz`)))).every(({ ok }) => ok);

before(async () => {
  [ports, adminPorts] = await Promise.all([0, 1].map(async () => Object.fromEntries(await Promise.all(NODES.map(async (name) => [name, await findPort()])))));
  const key = randomBytes(32).toString('hex');
  redisPort = await findPort();
  redis = spawn('redis-server', ['--port', String(redisPort), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'], { stdio: 'ignore' });
  await waitFor(() => isListening(redisPort), 'Redis');
  gateways = Object.fromEntries(await Promise.all(NODES.map(async (name) => [name, await Gateway.start([
    `http.port=${ports[name]}`, 'http.trusted-proxies=127.0.0.1', `node.name=${name}`,
    `node.url=http://127.0.0.1:${ports[name]}`,
    `admin.port=${adminPorts[name]}`, `node.admin-url=http://127.0.0.1:${adminPorts[name]}`, `node.keys=${key}`, 'manager.types=log;redis',
    `manager.redis-url=redis://127.0.0.1:${redisPort}`, `manager.redis-ttl-s=${TTL_S}`, 'engine.default=echo', 'log.level=debug'])])));
  await waitFor(areReady, 'both gateways');
  await waitFor(() => ask('SMEMBERS', 'vgw:nodes').length === 2, 'both nodes in Redis');
  browser = await launch({ microphone: { wav: PHRASE } });
});

after(async () => {
  await browser?.close();
  haproxy?.kill();
  redis?.kill();
  await gateways?.a.stop('SIGKILL');
  await gateways?.b.stopCleanly();
});

/* Runs in the page: calls that begin anew where their session is gone. */
async function makeCalls(n) {
  const library = await import('/voice-gateway.js');
  window.calls = [];
  for (let i = 0; i < n; i++) {
    const call = new library.VoiceGatewayCall('/ws', { sessionGone: 'new-call' });
    await call.connect();
    window.calls.push(call);
  }
}

const hearAll = (page) => waitUntil(page, () => window.calls.every((call) => call.state === 'active' && call.readLevels().remote > 0.01));
const idsOf = async (name) => (await gateways[name].sessions()).map(({ id }) => id).sort();
const countResumed = async () => (await Promise.all(NODES.map((name) => gateways[name].metric('vgw_sessions_resumed_total')))).reduce((a, b) => a + b);
const sum = async (...names) => (await Promise.all(names.map(idsOf))).flat().length;

test('the dashboard of one node has the calls of all, and hangs them up', async () => {
  const callers = Object.fromEntries(await Promise.all(NODES.map(async (name) => [name, await browser.open(gateways[name].url)])));
  for (const name of NODES) {
    await callers[name].evaluate(makeCalls, 1);
    await hearAll(callers[name]);
  }
  const page = await browser.open(`http://127.0.0.1:${adminPorts.a}/`);
  const see = (selector, text) => page.waitForFunction(([where, what]) => [...document.querySelectorAll(where)].some((element) => element.checkVisibility() && element.textContent.includes(what)),
    [selector, text], { timeout: WAIT_MS }).catch(async (error) => { throw new Error(`no "${text}" in ${selector}: ${error.message}\n${await page.innerText('body')}`); });
  const rows = page.locator('#calls-body tr');
  const nodesOfRows = async () => (await page.locator('#calls-body td[data-column="node"]').allInnerTexts()).sort().join();
  const card = (name) => page.locator('.node', { has: page.locator('strong', { hasText: new RegExp(`^${name}$`) }) });
  await waitFor(async () => await nodesOfRows() === 'a,b', 'the calls of both');
  assert.match(await card('a').innerText(), /taking calls|late/);
  assert.match(await card('b').innerText(), /load \d+ %\s+1 of 500 calls/);
  assert.match(await page.innerText('#tiles-title'), /^Node a$/);
  await card('b').click();
  assert.equal(await nodesOfRows(), 'b');
  assert.equal(await card('b').getAttribute('aria-pressed'), 'true');

  await rows.first().click(); // the samples of the other node, once a second
  await see('#findings', 'Audio passes in both directions');
  await see('#call-about', 'b');
  await page.waitForFunction(() => [...document.querySelectorAll('#plots .levels .area')].some((path) => (path.getAttribute('d') ?? '').split('L').length > 10), null, { timeout: WAIT_MS });
  await page.click('#hang-up');
  await page.click('#confirm-yes');
  await see('#call-state', 'ended by an operator');
  await callers.b.waitForFunction(() => window.calls[0].state === 'ended', null, { timeout: WAIT_MS });
  assert.match(gateways.b.log, /admin: hung up by 127\.0\.0\.1/);
  await page.click('.back a:visible');
  await see('#ended-list', 'ended by an operator');
  await see('#calls-empty', 'No calls at the moment');
  await card('b').click();
  assert.equal(await nodesOfRows(), 'a');

  gateways.b.send('SIGSTOP');
  await see('.node', 'no reply in time');
  await see('#nodes-count', '2, 1 without an answer');
  const before = await page.innerText('#calls-body [data-column="duration"]');
  await waitFor(async () => await page.innerText('#calls-body [data-column="duration"]') !== before, 'what is of this node goes on');
  assert.ok(await page.isHidden('#trouble'));
  gateways.b.send('SIGCONT');
  await page.waitForFunction(() => !document.querySelector('#nodes-list').textContent.includes('no answer'), null, { timeout: WAIT_MS });
  assert.deepEqual(page.problems.filter((problem) => !/404/.test(problem)), []);
  await callers.a.evaluate(() => window.calls[0].hangUp());
  await Promise.all([page, ...Object.values(callers)].map((open) => open.context().close()));
});

test('a node is killed under load: the other one goes on, its callers return by themselves, and Redis forgets it', async () => {
  await waitFor(areReady, 'both gateways'); // one of them was stopped for a while
  port = await findPort();
  haproxy = startHaproxy(gateways.a.directory, port, ports);
  url = `http://127.0.0.1:${port}/`;
  await waitFor(async () => (await fetch(`${url}readyz`).catch(() => null))?.ok, 'HAProxy');
  const page = await browser.open(url);
  await page.evaluate(makeCalls, N_CALLS);
  await hearAll(page);
  const before = { a: await idsOf('a'), b: await idsOf('b') };
  assert.equal(before.a.length + before.b.length, N_CALLS);
  assert.ok(before.a.length > 0 && before.b.length > 0, JSON.stringify(before)); // HAProxy has spread them

  // HAProxy dies with all WebSockets: each comes back through either node, and its call goes on where it is
  haproxy.kill('SIGKILL');
  await waitFor(async () => !await isListening(port), 'the end of HAProxy');
  haproxy = startHaproxy(gateways.a.directory, port, ports);
  await waitFor(async () => await countResumed() === N_CALLS, 'all calls have returned');
  await hearAll(page);
  assert.deepEqual({ a: await idsOf('a'), b: await idsOf('b') }, before);
  const forwarded = NODES.filter((name) => /a request is sent on to node/.test(gateways[name].log));
  console.log(`sent on by: ${forwarded.join(', ') || 'none'}`);

  const killedAt = Date.now();
  await gateways.a.stop('SIGKILL');
  await waitFor(async () => await sum('b') === N_CALLS, 'all calls on the other node');
  await hearAll(page);
  console.log(`all calls are active again after ${Date.now() - killedAt} ms`);
  const now = await idsOf('b');
  assert.ok(before.b.every((id) => now.includes(id)), 'a call of the other node was hurt');
  await waitFor(() => ask('EXISTS', 'vgw:node:a') === 0 && before.a.every((id) => ask('EXISTS', `vgw:session:${id}`) === 0), 'Redis has forgotten the node');
  assert.ok(['ready', 'late'].includes(ask('HGET', 'vgw:node:b', 'state'))); // late where the machine is too busy for the test
  console.log(`Redis has forgotten it after ${Date.now() - killedAt} ms`);
  await page.evaluate(() => Promise.all(window.calls.map((call) => call.hangUp())));
  await waitFor(async () => await sum('b') === 0, 'the end of all calls');
  await page.context().close();
});
