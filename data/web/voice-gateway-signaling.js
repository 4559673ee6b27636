/* The WebSocket to the gateway: messages in and out, and one report of how it closed. */

import { decodeMessage, encodeMessage } from './voice-gateway-wire.js';

const PROTOCOL = 'voice-gateway';
const NORMAL_CLOSURE = 1000; // RFC 6455 section 7.4.1; to the gateway it is a hang-up
const ABANDONED = 4000;      // any other code is a lost socket
const PROBE_TIMEOUT_MS = 3000;

/* The address as a log may have it. */
function withoutSecrets(url) {
  const address = new URL(url);
  for (const name of ['resume', 'token'])
    if (address.searchParams.has(name))
      address.searchParams.set(name, '(hidden)');
  return address.href;
}

/** What ends a fetch () after `ms`: AbortSignal.timeout (), which Safari has from version 16 on. */
export function abortAfter(ms) {
  const controller = new AbortController();
  setTimeout(() => controller.abort(), ms);
  return controller.signal;
}

/**
 * Finds out what is at the address of a WebSocket that could not be opened. Resolves with the status of a plain request,
 * 'opaque' where another origin answers but does not let this page read it, null where nothing answers.
 */
export async function probe(url) {
  const address = new URL(url);
  address.protocol = address.protocol === 'wss:' ? 'https:' : 'http:';
  const ask = (options) => fetch(address, { cache: 'no-store', credentials: 'omit', signal: abortAfter(PROBE_TIMEOUT_MS),
    ...options }).catch(() => null);
  if (address.origin === globalThis.location?.origin) // a request to the own origin has no Origin, a WebSocket's does
    return (await ask({ headers: { 'Page-Origin': address.origin } }))?.status ?? null;
  return (await ask({}))?.status ?? (await ask({ mode: 'no-cors' }) ? 'opaque' : null);
}

export class SignalingChannel {
  #socket;
  #onSignal;
  #wasOpen = false;

  /**
   * @param url      a WebSocket address
   * @param token    an access token, or null. Throws a SyntaxError where it has characters that no token has.
   * @param handlers `signal (direction, type, payload)` for every message and change of the socket, `message (type,
   *                 payload, seq)` for those that came in, `pong ()` for each answer to ping (), which is no signal,
   *                 `close (wasOpen, code, reason)` at most once, not after close ()
   */
  constructor(url, token, { signal, message, pong, close }) {
    this.#onSignal = signal;
    if (token !== null && !/^[-\w.~+/=]+$/.test(token)) // the browser's own error would quote it
      throw new SyntaxError('the access token has characters that no token has');
    this.#socket = new WebSocket(url, token === null ? [] : [PROTOCOL, `${PROTOCOL}.token.${token}`]);
    signal('local', 'websocket', { state: 'opening', url: withoutSecrets(url) });
    this.#socket.onopen = () => {
      this.#wasOpen = true;
      signal('local', 'websocket', { state: 'open' });
    };
    this.#socket.onmessage = ({ data }) => {
      const decoded = decodeMessage(data);
      if (decoded?.type === 'pong') {
        pong();
        return;
      }
      signal('in', decoded?.type ?? 'unreadable', decoded ? decoded.payload : String(data).slice(0, 200));
      if (decoded)
        message(decoded.type, decoded.payload, decoded.seq);
    };
    this.#socket.onclose = ({ code, reason }) => {
      signal('local', 'websocket', { state: 'closed', code, reason });
      close(this.#wasOpen, code, reason);
    };
  }

  /** False where there is no open socket to send on. */
  send(type, payload) {
    if (this.#socket.readyState !== WebSocket.OPEN)
      return false;
    this.#socket.send(encodeMessage(type, payload));
    this.#onSignal('out', type, payload ?? {});
    return true;
  }

  ping() {
    if (this.#socket.readyState === WebSocket.OPEN)
      this.#socket.send(encodeMessage('ping'));
  }

  /** Hangs up. What was sent before still goes out. */
  close() {
    this.#close(NORMAL_CLOSURE);
  }

  /** Leaves the socket, and not the session. */
  abandon() {
    this.#close(ABANDONED);
  }

  #close(code) {
    this.#socket.onopen = this.#socket.onmessage = this.#socket.onclose = null;
    this.#socket.close(code);
  }
}
