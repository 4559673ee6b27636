/* The signaling messages of the gateway (docs/PROTOCOL.md). Pure: no browser needed. */

/** One message as text: `{"type", "payload"}`, the payload being JSON in a string. */
export function encodeMessage(type, payload = {}) {
  return JSON.stringify({ type, payload: JSON.stringify(payload) });
}

/**
 * The `{type, payload, seq}` of one text message; a payload may come as a string of JSON or as a value. Null if neither. `seq`
 * is the number of a message of a session that can be resumed, else null.
 */
export function decodeMessage(text) {
  try {
    const message = JSON.parse(text);
    if (typeof message?.type !== 'string')
      return null;
    const { type, payload = null, seq = null } = message;
    return { type, payload: typeof payload === 'string' ? JSON.parse(payload) : payload, seq: Number.isInteger(seq) ? seq : null };
  } catch {
    return null;
  }
}

/**
 * `url` as a WebSocket address: ws and wss as they are, http and https turned into them, relative to `base`. With
 * `engine` its query asks for that one; what else the query has stays.
 */
export function toWebSocketUrl(url, base, engine = null) {
  const absolute = new URL(url, base);
  const scheme = { 'http:': 'ws:', 'https:': 'wss:', 'ws:': 'ws:', 'wss:': 'wss:' }[absolute.protocol];
  if (!scheme)
    throw new TypeError(`${url}: a gateway's address starts with ws:, wss:, http: or https:`);
  absolute.protocol = scheme;
  absolute.hash = '';
  if (engine)
    absolute.searchParams.set('engine', engine);
  return absolute.href;
}

/** What a `session` message says of engines; a gateway that knows no choice says nothing. */
export function readEngines({ engines, engine }) {
  return {
    engines: Array.isArray(engines) ? engines.filter((name) => typeof name === 'string' && name !== '') : [],
    engine: typeof engine === 'string' && engine !== '' ? engine : null,
  };
}
