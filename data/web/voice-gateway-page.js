/* What happens to the page of a call, and what it leaves for the page after a reload. */

const MAX_AGE_MS = 30000; // session.resume-grace-ms by default: what is older, the gateway has forgotten

/** Calls `online ()`, `visible ()`, `leaving ()` before the page may be left, and `leave ()` when it is. Returns what ends it. */
export function watchPage({ online, visible, leaving, leave }) {
  const onVisible = () => document.visibilityState === 'visible' && visible();
  globalThis.addEventListener?.('online', online);
  globalThis.addEventListener?.('beforeunload', leaving);
  globalThis.addEventListener?.('pagehide', leave);
  globalThis.document?.addEventListener('visibilitychange', onVisible);
  return () => {
    globalThis.removeEventListener?.('online', online);
    globalThis.removeEventListener?.('beforeunload', leaving);
    globalThis.removeEventListener?.('pagehide', leave);
    globalThis.document?.removeEventListener('visibilitychange', onVisible);
  };
}

/* Not with the access token, which is a secret, and may be another one in the next page. */
function keyOf(url) {
  const address = new URL(url);
  address.searchParams.delete('token');
  return `voice-gateway.resume:${address.href}`;
}

/* Storage can be switched off, which throws, and can hold anything. */
function read(url) {
  try {
    const { token, seq, at } = JSON.parse(sessionStorage.getItem(keyOf(url)));
    const isFresh = typeof token === 'string' && Date.now() - at < MAX_AGE_MS;
    return isFresh ? { token, seq: Number.isInteger(seq) ? seq : null } : null;
  } catch {
    return null;
  }
}

/** Keeps what a later page of this tab needs to take over the call of `url`: { token, seq }. */
export function keepResumption(url, { token, seq }) {
  try {
    sessionStorage.setItem(keyOf(url), JSON.stringify({ token, seq, at: Date.now() }));
  } catch {
    /* then the next page makes a new call */
  }
}

/** Whether an earlier page of this tab has left a call of `url` to take over. */
export function hasResumption(url) {
  return read(url) !== null;
}

/** What was kept, or null. It is good for one use, and so is gone then. */
export function takeResumption(url) {
  const kept = read(url);
  try {
    sessionStorage.removeItem(keyOf(url));
  } catch {
    /* there was none, then */
  }
  return kept;
}
