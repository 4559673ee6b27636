/* Figures and states in words. Pure. */

const LEVEL_ORDER = ['problem', 'warning', 'note', 'good'];
const STATE_WORDS = {
  new: 'waiting for an offer', negotiating: 'negotiating', connecting: 'connecting', active: 'active',
  detached: 'client away', recovering: 'recovering', ending: 'ending', ended: 'ended',
};
const STATE_LEVELS = { active: 'good', detached: 'warning', recovering: 'problem', ended: 'over' };
const REASON_WORDS = {
  'client-bye': 'caller hung up', 'websocket-closed': 'client left', 'offer-timeout': 'no offer came',
  'connect-timeout': 'never connected', 'media-timeout': 'media stopped', 'max-duration': 'time limit',
  'fingerprint-mismatch': 'wrong certificate', flood: 'flood', engine: 'bot hung up or failed', shutdown: 'gateway stopped',
  operator: 'ended by an operator', error: 'error',
};
const UNITS = [[86400, 'd'], [3600, 'h'], [60, 'min'], [1, 's']];

export const NONE = '–';

const isKnown = (value) => value !== null && value !== undefined && Number.isFinite(value);

export const levelRank = (level) => LEVEL_ORDER.indexOf(level);
export const describeState = (state) => STATE_WORDS[state] ?? state;
export const levelOfState = (state) => STATE_LEVELS[state] ?? 'note';
export const describeReason = (reason) => REASON_WORDS[reason] ?? reason ?? 'ended';

/** 75 → "1:15", 3675 → "1:01:15" */
export function formatDuration(ms) {
  const s = Math.max(0, Math.floor(ms / 1000));
  const two = (n) => String(n).padStart(2, '0');
  return s < 3600 ? `${Math.floor(s / 60)}:${two(s % 60)}` : `${Math.floor(s / 3600)}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`;
}

/** The two largest units: "3 h 12 min" */
export function formatSpan(seconds) {
  let rest = Math.max(0, Math.floor(seconds));
  const parts = [];
  for (const [size, unit] of UNITS) {
    if (rest >= size || (unit === 's' && parts.length === 0))
      parts.push(`${Math.floor(rest / size)} ${unit}`);
    rest %= size;
    if (parts.length === 2)
      break;
  }
  return parts.join(' ');
}

export const formatMs = (ms) => (isKnown(ms) ? `${ms >= 10 || Number.isInteger(ms) ? Math.round(ms) : ms.toFixed(1)} ms` : NONE);

/** Per mille → "1.2 %" */
export const formatLoss = (perMille) => (isKnown(perMille) ? `${perMille === 0 || perMille >= 100 ? Math.round(perMille / 10) : (perMille / 10).toFixed(1)} %` : NONE);

export const formatCount = (n) => (isKnown(n) ? n.toLocaleString('en') : NONE);
export const formatPercent = (n) => (isKnown(n) ? `${Math.round(n)} %` : NONE);
export const formatDb = (db) => (isKnown(db) ? (db <= -96 ? 'silent' : `${Math.round(db)} dB`) : NONE);
export const formatSeconds = (ms) => (isKnown(ms) ? (ms < 10000 ? `${(ms / 1000).toFixed(1)} s` : formatSpan(ms / 1000)) : NONE);

export function formatBytes(bytes) {
  if (!isKnown(bytes))
    return NONE;
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(bytes < 1e5 ? 1 : 0)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

export const formatTime = (ms) => new Date(ms).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', second: '2-digit', hour12: false });
export const formatAgo = (seconds) => (seconds < 1 ? 'now' : `${formatSpan(seconds)} ago`);

/** Who calls: the identity of the token, else the address. */
export const nameOf = ({ identity, client_address: address }) => identity ?? address ?? 'unknown address';

/** An element with properties and children. Texts are never parsed as HTML. */
export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in element)
      element[name] = value;
    else
      element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

/** Writes a text only where it has changed: screen readers announce each write to a live region. */
export function setText(element, text) {
  if (element.textContent !== text)
    element.textContent = text;
}

/** The list's elements, one for each key in order: kept, added by `add (key)`, or removed. */
export function keepInOrder(parent, elements, keys, add) {
  const wanted = new Set(keys);
  for (const [key, element] of elements) {
    if (!wanted.has(key)) {
      element.remove();
      elements.delete(key);
    }
  }
  const focused = document.activeElement; // an element that is moved loses it
  keys.forEach((key, i) => {
    if (!elements.has(key))
      elements.set(key, add(key));
    const element = elements.get(key);
    if (parent.children[i] !== element)
      parent.insertBefore(element, parent.children[i] ?? null);
  });
  if (focused !== document.activeElement && parent.contains(focused))
    focused.focus({ preventScroll: true });
}
