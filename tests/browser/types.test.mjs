/* voice-gateway.d.ts declares what voice-gateway.js has: no more, no less. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import * as library from '../../data/web/voice-gateway.js';
import { DEFAULT_OPTIONS } from '../../data/web/voice-gateway-options.js';

const text = readFileSync(new URL('../../data/web/voice-gateway.d.ts', import.meta.url), 'utf8')
  .replace(/\/\*[^]*?\*\//g, '');

/* The text between the braces that follow `head`. */
function bodyOf(head) {
  const from = text.indexOf(head);
  assert.notEqual(from, -1, `${head} is not declared`);
  const open = text.indexOf('{', from);
  let depth = 0;
  for (let i = open; i < text.length; i++) {
    depth += { '{': 1, '}': -1 }[text[i]] ?? 0;
    if (depth === 0)
      return text.slice(open + 1, i);
  }
  throw new Error(`${head} does not end`);
}

const names = (pattern, source) => [...source.matchAll(pattern)].map((match) => match[1]);

test('the exported names are the same', () => {
  assert.deepEqual(names(/^export (?:class|const|function) (\w+)/gm, text).sort(), Object.keys(library).sort());
});

const membersOf = ({ prototype }) => Object.getOwnPropertyNames(prototype);

test('the methods and properties of a call are the same', () => {
  const declared = names(/^ {2}(?:get )?(\w+)(?:<[^>]*>)?\(/gm, bodyOf('export class VoiceGatewayCall'));
  assert.deepEqual([...new Set(declared)].sort(), membersOf(library.VoiceGatewayCall).sort());
  const getters = names(/^ {2}get (\w+)\(/gm, bodyOf('export class VoiceGatewayCall'));
  const real = Object.entries(Object.getOwnPropertyDescriptors(library.VoiceGatewayCall.prototype)).filter(([, { get }]) => get).map(([name]) => name);
  assert.deepEqual(getters.sort(), real.sort());
});

test('an error has the declared properties', () => {
  const declared = names(/^ {2}readonly (\w+):/gm, bodyOf('export class VoiceGatewayError'));
  const error = new library.VoiceGatewayError('busy', 'full');
  const own = Object.getOwnPropertyNames(error).filter((name) => !['stack', 'message'].includes(name));
  assert.deepEqual(declared.sort(), own.sort());
});

for (const [constant, union] of [['CallErrorCode', 'CallErrorCodeValue'], ['CallState', 'CallStateValue']]) {
  test(`${constant} has the declared values`, () => {
    const declared = [...bodyOf(`export const ${constant}:`).matchAll(/readonly (\w+): '([^']+)'/g)].map(([, key, value]) => [key, value]);
    assert.deepEqual(Object.fromEntries(declared), { ...library[constant] });
    const values = /=([^;]*);/.exec(text.slice(text.indexOf(`export type ${union}`)))[1];
    assert.deepEqual(names(/'([^']+)'/g, values).sort(), Object.values(library[constant]).sort());
  });
}

const declaredOptions = () => names(/^ {2}(\w+)\?:/gm, bodyOf('export interface CallOptions')).sort();

test('the options and events of a call are those that the code reads and emits', () => {
  assert.deepEqual(declaredOptions(), Object.keys(DEFAULT_OPTIONS).sort());
  const source = (name) => readFileSync(new URL(`../../data/web/${name}.js`, import.meta.url), 'utf8');
  const emitted = new Set([...names(/#emit\('(\w+)'/g, source('voice-gateway')), ...names(/\bname: '(\w+)'/g, source('voice-gateway-events'))]);
  assert.deepEqual(names(/^ {2}(\w+):/gm, bodyOf('export interface CallEvents')).sort(), [...emitted].sort());
});

/* docs/CLIENT.md has one table for each kind of name; its first column has them in code, several in one row at times. */
const guide = readFileSync(new URL('../../docs/CLIENT.md', import.meta.url), 'utf8');

function documented(heading) {
  const section = guide.split(/^## /m).find((part) => part.startsWith(`${heading}\n`)) ?? '';
  const rows = section.split('\n').filter((line) => line.startsWith('| `'));
  return rows.flatMap((row) => names(/`(\w[\w-]*)[^`]*`/g, row.split('|')[1])).sort();
}

for (const [heading, declared] of [
  ['Options', declaredOptions],
  ['Methods and properties', () => membersOf(library.VoiceGatewayCall).filter((name) => name !== 'constructor').sort()],
  ['States', () => Object.values(library.CallState).sort()],
  ['Events', () => names(/^ {2}(\w+):/gm, bodyOf('export interface CallEvents')).sort()],
  ['Errors', () => Object.values(library.CallErrorCode).sort()],
]) {
  test(`docs/CLIENT.md has each of the ${heading.toLowerCase()}, and no other`, () => {
    assert.deepEqual(documented(heading), declared());
  });
}

test('docs/CLIENT.md names the defaults of plain options, and every export', () => {
  for (const [name, value] of Object.entries(DEFAULT_OPTIONS))
    if (['number', 'boolean', 'string'].includes(typeof value))
      assert.match(guide, new RegExp(`^\\| \`${name}\` \\| \`'?${value}'?\` \\|`, 'm'), name);
  for (const name of Object.keys(library))
    assert.ok(guide.includes(name), name);
});
