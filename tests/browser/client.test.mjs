/* The client library's and the page's pure parts, without a browser. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CallErrorCode, CallState, VoiceGatewayCall, VoiceGatewayError, checkBrowser }
  from '../../data/web/voice-gateway.js';
import { errorFromClose, errorFromEndReason, errorFromMicrophone, errorFromProbe, errorFromWire }
  from '../../data/web/voice-gateway-error.js';
import { normaliseKeys } from '../../data/web/voice-gateway-dtmf.js';
import { resumeUrl, retryDelayMs } from '../../data/web/voice-gateway-link.js';
import { readEvent } from '../../data/web/voice-gateway-events.js';
import { summariseStats } from '../../data/web/voice-gateway-stats.js';
import { decodeMessage, encodeMessage, readEngines, toWebSocketUrl } from '../../data/web/voice-gateway-wire.js';
import { interpretEvent, wholeWords } from '../../data/web/page-conversation.js';
import { describeWait } from '../../data/web/page-banner.js';
import { listOptions, parseChoice } from '../../data/web/page-devices.js';
import { listChoices, parseListing, parseMemory } from '../../data/web/page-engine.js';
import { HELP, STATE_WORDS, formatCodec, formatDuration, formatMs, formatShare, helpFor, wordsInCall }
  from '../../data/web/page-help.js';
import { describePayload } from '../../data/web/page-log.js';
import { levelToBar } from '../../data/web/page-meter.js';
import { correlate, findSpeech } from './lib/sound.mjs';

test('a message carries its payload as JSON in a string', () => {
  assert.equal(encodeMessage('bye'), '{"type":"bye","payload":"{}"}');
  assert.deepEqual(JSON.parse(JSON.parse(encodeMessage('offer', { type: 'offer', sdp: 'v=0' })).payload), { type: 'offer', sdp: 'v=0' });
});

test('a payload is read from a string and from a value', () => {
  const expected = { type: 'state', payload: { state: 'active' }, seq: null };
  assert.deepEqual(decodeMessage('{"type":"state","payload":"{\\"state\\":\\"active\\"}"}'), expected);
  assert.deepEqual(decodeMessage('{"type":"state","payload":{"state":"active"}}'), expected);
  assert.deepEqual(decodeMessage('{"type":"bye"}'), { type: 'bye', payload: null, seq: null });
  assert.equal(decodeMessage('{"type":"bye","seq":7}').seq, 7);
  assert.equal(decodeMessage('{"type":"bye","seq":"7"}').seq, null);
});

test('what is no message is null', () => {
  for (const text of ['', 'null', '[]', '{}', '{"type":1}', '{"type":"state","payload":"{"}', undefined])
    assert.equal(decodeMessage(text), null, String(text));
});

test('the address of a gateway may be relative, http or ws', () => {
  assert.equal(toWebSocketUrl('ws', 'http://host:8080/'), 'ws://host:8080/ws');
  assert.equal(toWebSocketUrl('/ws?a=1#b', 'https://host/deep/page'), 'wss://host/ws?a=1');
  assert.equal(toWebSocketUrl('wss://other/ws', 'http://host/'), 'wss://other/ws');
  assert.throws(() => toWebSocketUrl('ftp://host/ws'), TypeError);
  assert.throws(() => toWebSocketUrl('ws'), TypeError);
});

test('an engine goes into the query, which keeps the rest', () => {
  assert.equal(toWebSocketUrl('/ws?a=1', 'http://host/', 'my bot'), 'ws://host/ws?a=1&engine=my+bot');
  assert.equal(toWebSocketUrl('/ws?engine=x&a=1', 'http://host/', 'y'), 'ws://host/ws?engine=y&a=1');
  assert.equal(toWebSocketUrl('/ws?engine=x', 'http://host/'), 'ws://host/ws?engine=x');
  assert.equal(toWebSocketUrl('/ws', 'http://host/', ''), 'ws://host/ws');
});

test('what a session says of engines is read, and nothing else taken for it', () => {
  assert.deepEqual(readEngines({ engines: ['a', 'b'], engine: 'b' }), { engines: ['a', 'b'], engine: 'b' });
  for (const session of [{}, { engines: null, engine: null }, { engines: 'a', engine: 1 }, { engines: [1, '', null], engine: '' }])
    assert.deepEqual(readEngines(session), { engines: [], engine: null }, JSON.stringify(session));
});

test('keys are those of a telephone', () => {
  assert.equal(normaliseKeys('1 2#*aD,'), '12#*AD,');
  assert.equal(normaliseKeys(7), '7');
  for (const keys of ['', ' ', 'x', '1;2', '+49', null, undefined])
    assert.throws(() => normaliseKeys(keys), TypeError, String(keys));
});

test('what getUserMedia rejects with has a code', () => {
  const codeOf = (name) => errorFromMicrophone(Object.assign(new Error('x'), { name })).code;
  assert.equal(codeOf('NotFoundError'), 'no-microphone');
  assert.equal(codeOf('NotAllowedError'), 'permission-refused');
  assert.equal(codeOf('NotReadableError'), 'microphone-failed');
  assert.equal(codeOf('SomethingNewError'), 'microphone-failed');
});

test('an error of the gateway keeps its word and says whether it is fatal', () => {
  const busy = errorFromWire({ code: 'busy', message: 'full', fatal: true });
  assert.deepEqual([busy.code, busy.reason, busy.message, busy.fatal], ['busy', 'busy', 'full', true]);
  const bad = errorFromWire({ code: 'bad-message', message: 'x' });
  assert.deepEqual([bad.code, bad.reason, bad.fatal], ['gateway-error', 'bad-message', false]);
  assert.equal(errorFromWire(null).code, 'gateway-error');
  assert.equal(errorFromWire({ code: 'bad-request', fatal: true }).code, 'bad-request');
});

test('an orderly end is no error, the others are', () => {
  assert.equal(errorFromEndReason('client-bye'), null);
  assert.equal(errorFromEndReason('engine'), null);
  assert.equal(errorFromEndReason(null), null);
  assert.equal(errorFromEndReason('connect-timeout').code, 'udp-blocked');
  assert.equal(errorFromEndReason('media-timeout').code, 'media-lost');
  assert.equal(errorFromEndReason('shutdown').code, 'ended-by-gateway');
});

test('what a plain request gets says why a WebSocket could not be opened', () => {
  const found = (status, options) => {
    const { code, reason } = errorFromProbe(status, options);
    return [code, reason];
  };
  assert.deepEqual(found(null), ['gateway-unreachable', null]);
  assert.deepEqual(found(502), ['gateway-unreachable', 'behind-proxy']);
  assert.deepEqual(found(426), ['gateway-unreachable', 'no-websocket']);
  assert.deepEqual(found(401), ['unauthorized', 'no-token']);
  assert.deepEqual(found(401, { hadToken: true }), ['gateway-unreachable', 'no-websocket'],
    'a token is refused on the open WebSocket');
  assert.deepEqual(found(403, { hadToken: true }), ['unauthorized', 'refused']);
  assert.deepEqual(found(403), ['unauthorized', 'refused']);
  assert.deepEqual(found('opaque'), ['unauthorized', 'other-origin']);
  assert.deepEqual(found(503), ['busy', null]);
  for (const status of [200, 404, 418])
    assert.deepEqual(found(status), ['wrong-address', null]);
});

test('events that the gateway and its engines agree on have a name and a type', () => {
  const read = (event) => {
    const { name, value } = readEvent(event);
    return [name, value];
  };
  assert.deepEqual(read({ type: 'transcript', role: 'user', text: 'hi', final: false }), ['transcript', { role: 'user', text: 'hi', isFinal: false }]);
  assert.deepEqual(read({ type: 'transcript', role: 'x', text: '' }), ['transcript', { role: 'user', text: '', isFinal: true }]);
  assert.deepEqual(read({ type: 'transcript', role: 'bot', text: 'hi' })[1].role, 'bot');
  assert.deepEqual(read({ type: 'text', text: 'x' }), ['text', { text: 'x' }]);
  assert.deepEqual(read({ type: 'speech-started' }), ['speech', { isSpeaking: true }]);
  assert.deepEqual(read({ type: 'speech-stopped' }), ['speech', { isSpeaking: false }]);
  assert.deepEqual(read({ type: 'playout-cleared', utterance_ms: 1200, cleared_ms: 8 }), ['interrupted', { playedMs: 1200, clearedMs: 8 }]);
  assert.deepEqual(read({ type: 'playout-cleared', utterance_ms: 1200, cleared_ms: -1 }), ['interrupted', { playedMs: 0, clearedMs: 0 }]);
  assert.deepEqual(read({ type: 'engine-fallback', engine: 'desk' }), ['engine', { state: 'ready', engine: 'desk', type: 'engine-fallback' }]);
  assert.deepEqual(read({ type: 'engine-lost', engine: 7 }), ['engine', { state: 'lost', engine: null, type: 'engine-lost' }]);
  for (const event of [null, undefined, 7, 'text', [], {}, { type: 'order' }, { type: 'toString' }, { type: 'text' }, { type: 'transcript', text: 1 }])
    assert.equal(readEvent(event), null, JSON.stringify(event));
});

test('options that can mean nothing are refused at once', () => {
  for (const volume of [-0.1, 1.1, NaN, 'loud'])
    assert.throws(() => new VoiceGatewayCall('ws://host/ws', { volume }), TypeError, String(volume));
  for (const options of [{ sessionGone: 'retry' }, { token: 7 }, { token: {} }])
    assert.throws(() => new VoiceGatewayCall('ws://host/ws', options), TypeError, JSON.stringify(options));
  const call = new VoiceGatewayCall('ws://host/ws', { volume: 0.5, pushToTalk: true });
  assert.deepEqual([call.volume, call.pushToTalk, call.muted, call.playbackBlocked], [0.5, true, false, false]);
  call.setVolume(0);
  assert.equal(call.volume, 0);
  assert.throws(() => call.setVolume(2), TypeError);
});

test('tries follow each other ever more slowly, up to seven seconds, and never all at once', () => {
  assert.deepEqual([0, 1, 2, 3, 4, 5, 6, 99].map((n) => retryDelayMs(n, 0.5)), [0, 300, 1200, 2700, 4800, 7000, 7000, 7000]);
  assert.deepEqual([0, 1].map((random) => retryDelayMs(4, random)), [3600, 6000]);
  for (let i = 0; i < 100; i++)
    assert.ok(retryDelayMs(1) >= 225 && retryDelayMs(1) <= 375);
});

test('a session is taken over with its token and the last number that came', () => {
  assert.equal(resumeUrl('ws://host/ws?engine=x', { token: 'a_b-', seq: 7 }), 'ws://host/ws?engine=x&resume=a_b-&seq=7');
  assert.equal(resumeUrl('ws://host/ws', { token: 't', seq: null }), 'ws://host/ws?resume=t');
});

test('an attempt that is given up before it begins asks for nothing', async () => {
  const call = new VoiceGatewayCall('ws://host/ws');
  await assert.rejects(call.connect({ signal: AbortSignal.abort(new Error('another page')) }), /another page/);
  assert.equal(call.state, 'idle');
});

test('whole words were heard, or not', () => {
  assert.deepEqual([0, 1, 3, 5, 7, 9, 99].map((n) => wholeWords('one two three', n)), [0, 0, 3, 3, 7, 7, 13]);
  assert.equal(wholeWords('', 0), 0);
  const share = (event) => interpretEvent({ type: 'playout-cleared', ...event });
  assert.deepEqual(share({ utterance_ms: 1200, cleared_ms: 3600 }), { kind: 'cut', share: 0.25 });
  for (const event of [{}, { utterance_ms: 'x', cleared_ms: 1 }, { utterance_ms: 1, cleared_ms: 0 }, { utterance_ms: -1, cleared_ms: 1 }])
    assert.deepEqual(share(event), { kind: 'cut', share: 1 }, JSON.stringify(event));
});

test('a caller is not told to speak where nobody hears', () => {
  const good = { bot: 'ready', engine: 'desk', isMuted: false, isPushToTalk: false, hasMicrophone: true };
  assert.equal(wordsInCall(good).hint, 'You can speak now. “desk” answers.');
  assert.equal(wordsInCall({ ...good, engine: null }).hint, 'You can speak now.');
  for (const change of [{ isMuted: true }, { hasMicrophone: false }, ...['connecting', 'unreachable', 'lost', 'failed'].map((bot) => ({ bot }))])
    assert.doesNotMatch(wordsInCall({ ...good, ...change }).hint, /speak/, JSON.stringify(change));
  assert.match(wordsInCall({ ...good, isPushToTalk: true }).hint, /^Hold the button/);
});

test('a socket that closes says why as well as it can', () => {
  assert.equal(errorFromClose(false, 1006).code, 'gateway-unreachable');
  assert.equal(errorFromClose(true, 1006).code, 'gateway-lost');
  assert.equal(errorFromClose(true, 1001).code, 'ended-by-gateway');
  assert.equal(errorFromClose(true, 1013).code, 'busy');
  assert.equal(errorFromClose(true, 1008).code, 'unauthorized');
});

const REPORTS = (n) => [
  { id: 'T', type: 'transport', selectedCandidatePairId: 'P' },
  { id: 'P', type: 'candidate-pair', currentRoundTripTime: 0.025, localCandidateId: 'L' },
  { id: 'L', type: 'local-candidate', candidateType: 'srflx' },
  { id: 'C', type: 'codec', mimeType: 'audio/opus' },
  { id: 'I', type: 'inbound-rtp', kind: 'audio', packetsReceived: 90 * n, packetsLost: 10 * n, jitter: 0.004, bytesReceived: 1 },
  { id: 'O', type: 'outbound-rtp', kind: 'audio', packetsSent: 100 * n, codecId: 'C', bytesSent: 2 },
  { id: 'R', type: 'remote-inbound-rtp', kind: 'audio', packetsLost: 5 * n, jitter: 0.002, roundTripTime: 0.03, timestamp: n },
];

test('statistics are those of the selected path and of the time since the last reading', () => {
  const first = summariseStats(REPORTS(1));
  assert.deepEqual([first.rttMs, first.jitterInMs, first.jitterOutMs], [25, 4, 2]);
  assert.deepEqual([first.lossIn, first.lossOut, first.codec, first.candidateType], [0.1, 0.05, 'opus', 'srflx']);
  const clean = REPORTS(1).map((r) => (r.type === 'inbound-rtp' ? { ...r, packetsReceived: 190 } : r));
  const second = summariseStats(clean, first);
  assert.equal(second.lossIn, 0);
  assert.equal(second.lossOut, 0.05, 'the far side has said nothing new');
  assert.equal(summariseStats(REPORTS(2), first).lossOut, 0.05);
});

test('statistics of a call that has none yet are unknown, not zero', () => {
  const stats = summariseStats([]);
  for (const key of ['rttMs', 'jitterInMs', 'jitterOutMs', 'lossIn', 'lossOut', 'codec', 'candidateType'])
    assert.equal(stats[key], null, key);
});

test('duplicates do not make loss negative', () => {
  const reports = [{ type: 'inbound-rtp', kind: 'audio', packetsReceived: 100, packetsLost: -3 }];
  assert.equal(summariseStats(reports).lossIn, 0);
});

test('a call says at once what this browser lacks', async () => {
  const browser = { isSecureContext: true, RTCPeerConnection: class {}, WebSocket: class {}, navigator: { mediaDevices: { getUserMedia() {} } } };
  assert.doesNotThrow(() => checkBrowser(browser));
  assert.throws(() => checkBrowser({ ...browser, isSecureContext: false, navigator: {} }), { code: 'insecure-context' });
  assert.throws(() => checkBrowser({ ...browser, RTCPeerConnection: undefined }), { code: 'unsupported-browser' });
  const call = new VoiceGatewayCall('ws://host/ws');
  const seen = [];
  call.on('error', (error) => seen.push(error.code));
  call.on('state', ({ state, previous }) => seen.push([previous, state]));
  await assert.rejects(call.connect(), VoiceGatewayError);
  assert.deepEqual(seen, ['unsupported-browser', ['idle', 'ended']]);
  await assert.rejects(call.connect(), { code: 'bad-state', fatal: false });
});

test('a call that is over, or has not begun, takes hangUp and refuses events', () => {
  const call = new VoiceGatewayCall('ws://host/ws');
  assert.throws(() => call.sendEvent({}), { code: 'bad-state' });
  assert.deepEqual(call.readLevels(), { microphone: 0, remote: 0 });
  call.mute();
  assert.equal(call.muted, true);
  const states = [];
  const off = call.on('state', ({ state, reason, error }) => states.push([state, reason, error]));
  call.hangUp();
  call.hangUp();
  off();
  assert.deepEqual(states, [['ended', 'hung-up', null]]);
  assert.equal(call.durationMs, 0);
});

test('a listener that throws does not end the call', () => {
  const call = new VoiceGatewayCall('ws://host/ws');
  const seen = [];
  call.on('state', () => { throw new Error('a mistake of the page'); });
  call.on('state', ({ state }) => seen.push(state));
  call.hangUp();
  assert.deepEqual(seen, ['ended']);
});

test('the page has words for every state and help for every error that a caller can meet', () => {
  assert.deepEqual(Object.keys(STATE_WORDS).sort(), Object.values(CallState).sort());
  const silent = ['hung-up', 'bad-state']; // done by the caller, and a mistake in a program
  assert.deepEqual(Object.keys(HELP).sort(), Object.values(CallErrorCode).filter((code) => !silent.includes(code)).sort());
  for (const [code, { title, what, steps, action }] of Object.entries(HELP))
    assert.ok(title && what && (steps.length > 0 || action), code);
  assert.match(helpFor({ code: 'ended-by-gateway', reason: 'shutdown' }).what, /restarting/);
  assert.equal(helpFor({ code: 'of-a-later-version' }).title, HELP['gateway-error'].title);
});

test('figures read as people write them', () => {
  assert.deepEqual([0, 61500, 3723000].map(formatDuration), ['0:00', '1:01', '1:02:03']);
  assert.deepEqual([null, 0.4, 24.6].map(formatMs), ['–', '0.4 ms', '25 ms']);
  assert.deepEqual([null, 'OPUS', 'opus', 'pcmu'].map(formatCodec), ['–', 'Opus', 'Opus', 'PCMU']);
  assert.deepEqual([null, 0, 0.004, 0.5].map(formatShare), ['–', '0 %', '0.4 %', '50 %']);
});

test('the log hides what could be used by others', () => {
  const sdp = describePayload({ type: 'offer', sdp: 'v=0\r\na=ice-ufrag:abcd\r\na=ice-pwd:geheim\r\nm=audio' });
  assert.match(sdp, /a=ice-pwd:\(hidden\)\nm=audio/);
  assert.doesNotMatch(sdp, /geheim|abcd/);
  const session = describePayload({ id: 'x', resumeToken: 'geheim', iceServers: [{ urls: ['turn:h'], username: 'u', credential: 'geheim' }] });
  assert.doesNotMatch(session, /geheim/);
  assert.match(session, /turn:h/);
});

test('a level meter spans sixty decibels', () => {
  assert.deepEqual([0, 0.001, 1, 2].map(levelToBar), [0, 0, 1, 1]);
  assert.ok(Math.abs(levelToBar(0.0316) - 0.5) < 0.01);
});

test('an event of the call is read as what was said, as a sign, or as a line', () => {
  const said = (event) => interpretEvent(event);
  assert.deepEqual(said({ type: 'transcript', role: 'user', text: 'hi', final: false }), { kind: 'said', role: 'user', text: 'hi', isFinal: false });
  assert.deepEqual(said({ type: 'transcript', role: 'bot', text: 'hi' }), { kind: 'said', role: 'bot', text: 'hi', isFinal: true });
  assert.deepEqual(said({ type: 'text', text: 'x' }), { kind: 'written', role: 'bot', text: 'x' });
  assert.deepEqual(said({ type: 'speech-started' }), { kind: 'speech', isSpeaking: true });
  assert.deepEqual(said({ type: 'speech-stopped' }), { kind: 'speech', isSpeaking: false });
  for (const type of ['engine-connecting', 'engine-connected'])
    assert.deepEqual(said({ type }), { kind: 'none' }, type);
  assert.match(said({ type: 'engine-fallback', engine: 'desk' }).text, /continues the call: desk/);
  for (const type of ['engine-unreachable', 'engine-lost', 'engine-restored', 'engine-failed', 'engine-fallback'])
    assert.doesNotMatch(said({ type }).text, /engine-|undefined|null/, type);
});

test('an event that says nothing to the page is a short line', () => {
  const line = (event) => interpretEvent(event).text;
  assert.equal(line({ type: 'order', id: 4711 }), 'order: {"id":4711}');
  assert.equal(line({ type: 'beep' }), 'beep');
  assert.equal(line({ type: 'error', code: 'too-large', message: 'an event was dropped' }), 'Error from the gateway: an event was dropped');
  assert.equal(line({ type: 'transcript', text: 7 }), 'transcript: {"text":7}');
  assert.equal(line('plain'), 'plain');
  assert.equal(line(null), 'null');
  assert.equal(line(undefined), '');
  assert.equal(line([1, 'two']), '[1,"two"]');
  assert.equal(line({ type: 'toString' }), 'toString');
  assert.ok(line({ type: 'long', text: 'x'.repeat(100000) }).length <= 160);
  assert.ok(interpretEvent({ type: 'text', text: 'x'.repeat(100000) }).text.length <= 4000);
});

test('the selector offers the default, the other names, and what was chosen', () => {
  const values = (memory, chosen) => listChoices(memory, chosen).map(({ value }) => value);
  const memory = { names: ['echo', 'desk'], defaultName: 'echo' };
  assert.deepEqual(values(memory, null), ['', 'desk']);
  assert.equal(listChoices(memory, null)[0].label, 'Default (echo)');
  assert.deepEqual(values(memory, 'desk'), ['', 'desk']);
  assert.deepEqual(values(memory, 'echo'), ['', 'echo', 'desk']);
  assert.deepEqual(values(memory, 'unknown'), ['', 'desk', 'unknown']);
  assert.deepEqual(values({ names: [], defaultName: null }, null), ['']);
});

test('a listing is read, and nothing else taken for one', () => {
  assert.deepEqual(parseListing({ default: 'a', engines: ['a', 'b'] }), { names: ['a', 'b'], defaultName: 'a' });
  assert.deepEqual(parseListing({ default: 'c', engines: ['a', 7, ''] }), { names: ['a'], defaultName: null });
  for (const listing of [null, undefined, 7, 'engines', [], {}, { engines: 'a' }, { engines: { a: 1 } }])
    assert.equal(parseListing(listing), null);
});

test('what a browser kept of devices is not trusted', () => {
  const choice = { microphoneId: 'a', speakerId: 'b', volume: 0.5, pushToTalk: true };
  assert.deepEqual(parseChoice(JSON.stringify(choice)), choice);
  for (const text of [null, '', 'null', '{', '7', '[]', '{"microphoneId":7,"speakerId":"","volume":2}', '{"volume":"loud","pushToTalk":1}'])
    assert.deepEqual(parseChoice(text), { microphoneId: null, speakerId: null, volume: 1, pushToTalk: false }, String(text));
  assert.deepEqual(listOptions([{ id: 'a', label: 'Headset' }, { id: 'b', label: '' }]),
    [{ value: '', label: 'System default' }, { value: 'a', label: 'Headset' }, { value: 'b', label: 'Device 2' }]);
});

test('the next try is counted down in whole seconds', () => {
  assert.deepEqual([6999, 1000, 1, 0, -5].map(describeWait), ['Retrying in 7 s', 'Retrying in 1 s', 'Retrying in 1 s', 'Trying now…', 'Trying now…']);
});

test('what a browser kept is not trusted', () => {
  assert.deepEqual(parseMemory('{"names":["a"],"defaultName":"a"}'), { names: ['a'], defaultName: 'a' });
  for (const text of [null, '', 'null', '{', '7', '[]', '{"names":"a","defaultName":{}}', '{"names":[1,null,""]}'])
    assert.deepEqual(parseMemory(text), { names: [], defaultName: null }, String(text));
});

/* The measure itself: it must find what is there, and must not find what is not. */
const noise = (n, seed) => {
  let x = seed;
  return Float32Array.from({ length: n }, () => { // xorshift32
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return x / 2147483648;
  });
};

test('correlation finds a quiet copy at its place, and nothing in other noise', () => {
  const needle = noise(8000, 1);
  const haystack = noise(32000, 2).map((x) => 0.01 * x);
  needle.forEach((x, i) => { haystack[12345 + i] += 0.1 * x; });
  const { peak, lag } = correlate(needle, haystack);
  assert.equal(lag, 12345);
  assert.ok(peak > 0.98, `${peak}`);
  assert.ok(correlate(needle, noise(32000, 3)).peak < 0.1);
  const found = findSpeech(needle, haystack, 16000, { pieceMs: 100 });
  assert.ok(found.pieces > 0.98 && found.stretchMs === 0);
});
