/* A piece of wire in front of the gateway: TCP, byte for byte, that a test cuts, or through which nothing comes any more. */

import net from 'node:net';
import { once } from 'node:events';

/**
 * Starts one to `target` (a URL). Returns { url, cut, freeze, stop }: `cut ()` resets all connections; `freeze ()` lets the
 * present ones lead nowhere without an end, as when a network is gone; those that come later are good.
 */
export async function startWire(target) {
  const { hostname, port } = new URL(target);
  const pairs = new Set();
  const server = net.createServer((client) => {
    const upstream = net.connect(Number(port), hostname);
    const pair = [client, upstream];
    pairs.add(pair);
    for (const [from, to] of [pair, [...pair].reverse()]) {
      from.on('error', () => {});
      from.on('close', () => {
        pairs.delete(pair);
        to.destroy();
      });
      from.pipe(to);
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const each = (act) => [...pairs].forEach(([client, upstream]) => act(client, upstream));
  return {
    url: `http://127.0.0.1:${server.address().port}/`,
    cut: () => each((client, upstream) => [client, upstream].forEach((socket) => socket.resetAndDestroy())),
    freeze: () => each((client, upstream) => {
      for (const socket of [client, upstream]) {
        socket.unpipe();
        socket.pause();
      }
    }),
    async stop() {
      each((client) => client.destroy());
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
