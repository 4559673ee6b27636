/* The signaling messages of the gateway (docs/PROTOCOL.md), and what getStats () says about a call. Pure: no browser
 * needed. */

/** One message as text: `{"type", "payload"}`, the payload being JSON in a string. */
export function encodeMessage(type, payload = {}) {
  return JSON.stringify({ type, payload: JSON.stringify(payload) });
}

/** The `{type, payload}` of one text message; a payload may come as a string of JSON or as a value. Null if neither. */
export function decodeMessage(text) {
  try {
    const message = JSON.parse(text);
    if (typeof message?.type !== 'string')
      return null;
    const { type, payload = null } = message;
    return { type, payload: typeof payload === 'string' ? JSON.parse(payload) : payload };
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

const ms = (seconds) => (Number.isFinite(seconds) ? seconds * 1000 : null);

const byId = (reports, id) => (id ? reports.find((r) => r.id === id) : undefined);

function selectedPair(reports) {
  const transport = reports.find((r) => r.type === 'transport' && r.selectedCandidatePairId);
  if (transport)
    return byId(reports, transport.selectedCandidatePairId);
  /* Firefox has no transport report */
  return reports.find((r) => r.type === 'candidate-pair' && r.nominated && r.state === 'succeeded');
}

/* The share of packets lost between two readings of the counters, 0 to 1; null while nothing was sent. */
function lossShare(lost, total, lostBefore, totalBefore) {
  if (!(total > totalBefore))
    return null;
  return Math.min(1, Math.max(0, (lost - lostBefore) / (total - totalBefore)));
}

/* The far side reports about every five seconds; between two of its reports the last share stands. */
function lossOut(remote, sent, before) {
  if (!remote)
    return { share: null, lost: 0, sent: 0, at: 0 };
  const last = before ?? { share: null, lost: 0, sent: 0, at: 0 };
  if (remote.timestamp === last.at)
    return last;
  const lost = Math.max(0, remote.packetsLost ?? 0);
  return { share: lossShare(lost, sent, last.lost, last.sent) ?? last.share, lost, sent, at: remote.timestamp };
}

function codecOf(reports, stream) {
  return byId(reports, stream?.codecId)?.mimeType?.replace(/^audio\//i, '') ?? null;
}

const isAudio = (r) => (r.kind ?? r.mediaType) === 'audio';

/**
 * One reading of a call: round trip, jitter and loss in both directions.
 * @param reports  the values of an RTCStatsReport
 * @param previous what the last call returned; loss is counted since then
 */
export function summariseStats(reports, previous = null) {
  const list = [...reports];
  const inbound = list.find((r) => r.type === 'inbound-rtp' && isAudio(r));
  const outbound = list.find((r) => r.type === 'outbound-rtp' && isAudio(r));
  const remote = list.find((r) => r.type === 'remote-inbound-rtp' && isAudio(r));
  const pair = selectedPair(list);
  const before = previous?.counters;
  const counters = {
    received: inbound?.packetsReceived ?? 0,
    lost: Math.max(0, inbound?.packetsLost ?? 0), // duplicates make it negative (RFC 3550 section 6.4.1)
    sent: outbound?.packetsSent ?? 0,
    out: lossOut(remote, outbound?.packetsSent ?? 0, before?.out),
  };
  return {
    rttMs: ms(pair?.currentRoundTripTime) ?? ms(remote?.roundTripTime),
    jitterInMs: ms(inbound?.jitter),
    jitterOutMs: ms(remote?.jitter),
    lossIn: lossShare(counters.lost, counters.received + counters.lost,
      before?.lost ?? 0, (before?.received ?? 0) + (before?.lost ?? 0)),
    lossOut: counters.out.share,
    packetsIn: counters.received,
    packetsOut: counters.sent,
    bytesIn: inbound?.bytesReceived ?? 0,
    bytesOut: outbound?.bytesSent ?? 0,
    codec: codecOf(list, outbound) ?? codecOf(list, inbound),
    candidateType: byId(list, pair?.localCandidateId)?.candidateType ?? null,
    counters,
  };
}
