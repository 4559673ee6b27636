/* A web server in front of the gateway, as operators set one up, with what they forget. */

import http from 'node:http';
import { once } from 'node:events';

/**
 * Starts one in front of `target` (a URL). `passesHost`: the Host header goes on as it came, or as that of the target;
 * `passesUpgrade`: WebSockets do; `has (path)`: what is there, the rest is 404;
 * `passesPolicy`: the page may connect only where the gateway lets it. Returns { url, stop }.
 */
export async function startProxy(target, { passesHost = true, passesUpgrade = true, passesPolicy = true, has = () => true } = {}) {
  const { hostname, port, host } = new URL(target);
  const forward = ({ method, url, headers }, extra) => http.request({ hostname, port, path: url, method,
    headers: { ...headers, ...(passesHost ? {} : { host }), ...extra } });
  const server = http.createServer((request, response) => {
    if (!has(request.url)) {
      response.writeHead(404).end();
      return;
    }
    forward(request, { connection: 'close' }).on('response', (answer) => {
      if (!passesPolicy)
        delete answer.headers['content-security-policy'];
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    }).on('error', () => response.writeHead(502).end()).end();
  });
  if (passesUpgrade) // else node answers them as plain requests
    server.on('upgrade', (request, socket, early) => upgrade(has(request.url) ? forward(request, {}) : null, socket, early));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${server.address().port}/`,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const head = ({ statusCode, statusMessage, rawHeaders }) => {
  const fields = rawHeaders.flatMap((value, i) => (i % 2 ? [] : [`${value}: ${rawHeaders[i + 1]}\r\n`]));
  return `HTTP/1.1 ${statusCode} ${statusMessage}\r\n${fields.join('')}\r\n`;
};

/* `early` and `first` are what came in one packet with the head: the gateway's first message, for one. */
function upgrade(request, socket, early) {
  socket.on('error', () => {});
  if (!request) {
    socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n');
    return;
  }
  request.on('error', () => socket.end('HTTP/1.1 502 Bad Gateway\r\nConnection: close\r\n\r\n'));
  request.on('response', (answer) => socket.end(head(answer)));
  request.on('upgrade', (answer, upstream, first) => {
    upstream.on('error', () => socket.destroy());
    socket.write(head(answer));
    socket.write(first);
    upstream.write(early);
    upstream.pipe(socket).pipe(upstream);
  });
  request.end();
}
