/* The client library as an npm package: what `npm pack` makes, used by name from a vite project with React and TypeScript. */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, mkdirSync, readFileSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { launch } from '../browser/lib/browser.mjs';
import { Gateway } from '../browser/lib/gateway.mjs';

const run = promisify(execFile);
const path = (name) => new URL(name, import.meta.url).pathname;
const LIBRARY = path('../../data/web/');
const INSTALLED = path('node_modules/');
const PHRASE = path('../../data/sounds/phrase.wav');

const directory = mkdtempSync(join(tmpdir(), 'voice-gateway-package-'));
const project = join(directory, 'app');
const installed = join(project, 'node_modules/voice-gateway-client');

/* The project, with the package as npm would install it beside what the lock file names. */
before(async () => {
  const { stdout } = await run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', directory], { cwd: LIBRARY });
  const [{ filename }] = JSON.parse(stdout);
  cpSync(path('app'), project, { recursive: true });
  mkdirSync(installed, { recursive: true });
  await run('tar', ['-xzf', join(directory, filename), '-C', installed, '--strip-components=1']);
  for (const name of readdirSync(INSTALLED).filter((entry) => !entry.startsWith('.')))
    symlinkSync(join(INSTALLED, name), join(project, 'node_modules', name));
});

after(() => rmSync(directory, { recursive: true, force: true }));

const read = (file) => readFileSync(file, 'utf8');

test('the package has the library, its types, its licence, and nothing of the page', () => {
  const library = readdirSync(LIBRARY).filter((name) => /^voice-gateway.*\.(js|d\.ts)$/.test(name));
  assert.deepEqual(readdirSync(installed).sort(), [...library, 'LICENSE', 'README.md', 'package.json'].sort());
  assert.equal(read(join(installed, 'LICENSE')), read(path('../../LICENSE')));
  const { version, dependencies } = JSON.parse(read(join(installed, 'package.json')));
  assert.equal(version, /\bversion: '([^']+)'/.exec(read(path('../../meson.build')))[1]);
  assert.equal(dependencies, undefined);
});

test('a strict TypeScript project that uses all of it has no error', { timeout: 120000 }, async () => {
  const args = ['--strict', '--exactOptionalPropertyTypes', '--noUncheckedIndexedAccess', '--noEmit', '--target', 'es2022', '--lib', 'es2022,dom',
    'types.ts'];
  for (const modules of [['--module', 'esnext', '--moduleResolution', 'bundler'], ['--module', 'nodenext']]) {
    const { stdout } = await run('node', [join(INSTALLED, 'typescript/bin/tsc'), ...modules, ...args], { cwd: project }).catch((error) => error);
    assert.equal(stdout, '', modules.join(' '));
  }
});

/* Builds the page as for development: only then React's strict mode mounts twice. */
async function build() {
  process.env.NODE_ENV = 'development';
  const vite = await import('vite');
  await vite.build({ root: project, mode: 'development', logLevel: 'error', configFile: false, build: { minify: false },
    esbuild: { jsx: 'automatic', jsxDev: true } });
  return join(project, 'dist');
}

test('React in strict mode mounts twice and leaves one call', { timeout: 240000 }, async () => {
  const gateway = await Gateway.start([`http.web-root=${await build()}`]);
  const browser = await launch({ microphone: { wav: PHRASE } });
  try {
    const page = await browser.open(gateway.url);
    await page.waitForFunction(() => document.querySelector('#state')?.textContent === 'active', null, { timeout: 60000 });
    assert.equal(await page.evaluate(() => window.n_calls), 2, 'React did mount twice');
    await gateway.waitForLog(/session is active/);
    assert.deepEqual((await gateway.sessions()).map(({ state }) => state), ['active']);
    assert.deepEqual(await page.evaluate(() => window.vgwTest.leftOpen()), { contexts: 1, peers: 1, tracks: 1, sockets: 1 });
    assert.deepEqual(page.problems, []);
  } finally {
    await browser.close();
    await gateway.stopCleanly();
  }
});
