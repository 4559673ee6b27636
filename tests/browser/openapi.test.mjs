/* The description of the admin API by a validator of OpenAPI, as the gateway serves it. That responses are as described is
 * what tests/integration/test_admin_api.py holds them to. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { Validator } from '@seriousme/openapi-schema-validator';
import { Gateway } from './lib/gateway.mjs';

const FILE = new URL('../../data/admin/openapi.json', import.meta.url);

let gateway;
let served;

before(async () => {
  gateway = await Gateway.start(['engine.default=echo']);
  const [, admin] = await gateway.waitForLog(/listening admin=(\S+?)(?:"|\s)/);
  served = await (await fetch(`${admin}openapi.json`)).json();
});
after(() => gateway?.stopCleanly());

const validate = async (description) => new Validator().validate(structuredClone(description));

test('the description is valid OpenAPI 3.1, and every reference leads somewhere', async () => {
  const validator = new Validator();
  const result = await validator.validate(structuredClone(served));
  assert.ok(result.valid, JSON.stringify(result.errors, null, 1));
  assert.equal(validator.version, '3.1');
  assert.deepEqual(served, JSON.parse(readFileSync(FILE, 'utf8')));
  const find = (reference) => reference.slice(2).split('/').reduce((at, name) => at?.[name.replaceAll('~1', '/').replaceAll('~0', '~')], served);
  const references = [...JSON.stringify(served).matchAll(/"\$ref":"([^"]+)"/g)].map(([, reference]) => reference);
  assert.ok(references.length > 20);
  assert.deepEqual(references.filter((reference) => !reference.startsWith('#/') || find(reference) === undefined), []);
});

test('what is wrong in it is found', async () => {
  const breaks = {
    'a parameter nowhere': (all) => { all.paths['/sessions'].parameters[0].in = 'nowhere'; },
    'no description': (all) => { delete all.paths['/sessions'].get.responses['200'].description; },
    'a method that there is not': (all) => { all.paths['/drain'].send = all.paths['/drain'].post; },
    'a status that is none': (all) => { all.paths['/log'].get.responses.fine = { description: 'fine' }; },
    'no title': (all) => { delete all.info.title; },
  };
  for (const [name, change] of Object.entries(breaks)) {
    const broken = structuredClone(served);
    change(broken);
    assert.equal((await validate(broken)).valid, false, name);
  }
});
