/* The page at the gateway's own https: address, under a name that is not this machine's: the browser allows the microphone
 * there, and the page uses wss:. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { pressCall, waitForState } from './lib/browser.mjs';
import { browser, gateway, startGatewayAndBrowser } from './lib/fixture.mjs';

const HOST = 'voice.example';
const directory = mkdtempSync(join(tmpdir(), 'voice-gateway-tls-'));
const [certificate, key] = ['certificate.pem', 'key.pem'].map((name) => join(directory, name));

execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2',
  '-keyout', key, '-out', certificate, '-subj', `/CN=${HOST}`, '-addext', `subjectAltName=DNS:${HOST}`], { stdio: 'ignore' });
startGatewayAndBrowser([`http.tls-certificate=${certificate}`, `http.tls-key=${key}`, 'access.allow-open-network=true'],
  { localHost: HOST, flags: ['--ignore-certificate-errors'] });
after(() => rmSync(directory, { recursive: true }));

test('a call from the https: page', async () => {
  const url = gateway.url.replace('127.0.0.1', HOST);
  assert.match(url, /^https:/);
  const page = await browser.open(url);
  const sockets = [];
  page.on('websocket', (socket) => sockets.push(socket.url()));
  assert.equal(await page.evaluate(() => window.isSecureContext), true);
  await pressCall(page);
  await waitForState(page, 'active');
  assert.deepEqual(sockets.map((address) => address.split('?')[0]), [`${url.replace('https:', 'wss:')}ws`]);
  await pressCall(page);
  await waitForState(page, 'ended');
  assert.equal(await gateway.metric('vgw_http_tls_handshakes_failed_total'), 0);
});
