/* What a test does to a network of its own, in which it runs (tests/lib/own-network). */

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const ESTABLISHED = '01';

const rule = (...words) => execFileSync('ip', ['rule', ...words]);

const portOf = (address) => parseInt(address.split(':')[1], 16);

/** Drops all packets of the IPv4 connections to TCP `port` that there are now, in both directions: none of them ends. */
export function dropConnections(port) {
  if (execFileSync('ip', ['rule']).toString().startsWith('0:')) { // the first rule, which delivers all that is local
    rule('add', 'preference', '2', 'lookup', 'local');
    rule('delete', 'preference', '0');
  }
  const connections = readFileSync('/proc/net/tcp', 'utf8').trim().split('\n').slice(1).map((line) => line.trim().split(/\s+/));
  for (const [, local, remote, state] of connections) {
    if (portOf(remote) !== port || state !== ESTABLISHED)
      continue;
    for (const [from, to] of [[portOf(local), port], [port, portOf(local)]])
      rule('add', 'preference', '1', 'ipproto', 'tcp', 'sport', String(from), 'dport', String(to), 'blackhole');
  }
}

/** What dropConnections () has dropped, comes through again. */
export function passConnections() {
  const count = execFileSync('ip', ['rule']).toString().split('\n').filter((line) => line.startsWith('1:')).length;
  for (let i = 0; i < count; i++)
    rule('delete', 'preference', '1');
}
