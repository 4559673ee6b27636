/* The events of a call that the gateway and its engines agree on (docs/PROTOCOL.md), as events of the library. Pure. */

const ENGINE_STATES = Object.freeze({
  'engine-connecting': 'connecting',
  'engine-connected': 'ready',
  'engine-restored': 'ready',
  'engine-fallback': 'ready',
  'engine-unreachable': 'unreachable',
  'engine-lost': 'lost',
  'engine-failed': 'failed',
});

const isText = (value) => typeof value === 'string';

function readInterruption({ utterance_ms: playedMs, cleared_ms: clearedMs }) {
  const isKnown = Number.isFinite(playedMs) && Number.isFinite(clearedMs) && playedMs >= 0 && clearedMs >= 0;
  return isKnown ? { playedMs, clearedMs } : { playedMs: 0, clearedMs: 0 };
}

/**
 * What `event` means, as { name, value }; null where it is the application's own. Names and values are those of
 * CallEvents: `transcript`, `text`, `speech`, `interrupted`, `engine`.
 */
export function readEvent(event) {
  const type = isText(event?.type) ? event.type : '';
  if (type === 'transcript' && isText(event.text))
    return { name: 'transcript', value: { role: event.role === 'bot' ? 'bot' : 'user', text: event.text, isFinal: event.final !== false } };
  if (type === 'text' && isText(event.text))
    return { name: 'text', value: { text: event.text } };
  if (type === 'speech-started' || type === 'speech-stopped')
    return { name: 'speech', value: { isSpeaking: type === 'speech-started' } };
  if (type === 'playout-cleared')
    return { name: 'interrupted', value: readInterruption(event) };
  if (Object.hasOwn(ENGINE_STATES, type))
    return { name: 'engine', value: { state: ENGINE_STATES[type], engine: isText(event.engine) ? event.engine : null, type } };
  return null;
}
