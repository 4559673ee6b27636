/* The way to the gateway: one WebSocket after the other. One that breaks is opened again with the session's resume token,
 * and the gateway sends what was missed. */

import { WS_ABNORMAL_CLOSURE } from './voice-gateway-error.js';
import { SignalingChannel } from './voice-gateway-signaling.js';

const RETRY_DELAYS_MS = Object.freeze([0, 300, 1200, 2700, 4800, 7000]); // the last one is that of all later tries
const JITTER = 0.25; // so that the callers of a gateway that was restarted do not come all at once
const RETRY_GREETING_MS = 5000; // how long a try may take until the gateway's `session`
const PING_MS = 5000; // from one ping to the next, and how long its answer may take
const GOOD_MS = 5000; // a socket that was greeted and lasted so long was a good one

/** How long to wait before try number `attempt`, counted from 0; `random` is from 0 to 1. */
export function retryDelayMs(attempt, random = Math.random()) {
  const delay = RETRY_DELAYS_MS[Math.min(attempt, RETRY_DELAYS_MS.length - 1)];
  return Math.round(delay * (1 + JITTER * (2 * random - 1)));
}

/** The address to open: with a resume token, and the number of the last message that came, it takes over that session. */
export function resumeUrl(url, { token, seq }) {
  const address = new URL(url);
  address.searchParams.set('resume', token);
  if (seq !== null)
    address.searchParams.set('seq', String(seq));
  return address.href;
}

export class SignalingLink {
  #url;
  #readToken;
  #on;
  #channel = null;
  #resume;            // { token, seq } of the session, seq being that of the last message; null where it cannot be resumed
  #beginsAnew = false; // whether the session is gone, and the next socket begins another one
  #attempt = 0;       // tries since the last good socket
  #notBefore = 0;     // as performance.now ()
  #timer = null;
  #pinger = null;
  #hasPong = false;   // whether the gateway answers pings: earlier ones ignore them
  #isAsking = false;  // whether the last ping has no answer yet
  #greetedAt = null;  // when the gateway's `session` came on the present socket, as performance.now ()
  #hasToken = false;  // whether the last socket was opened with an access token
  #generation = 0;    // of the sockets: one that is replaced or closed has nothing to say any more

  /**
   * @param readToken the access token, as a function that may be asynchronous, and may return null for none
   * @param resume    { token, seq } of a session to take over, or null
   * @param handlers  `signal (direction, type, payload)`; `message (type, payload)`; `closed (wasOpen, code, reason)` when the
   *                  socket is gone, after which retry () opens another one or close () ends it; `refused (error)` where there
   *                  is no token; `retrying ({ attempt, delayMs })`
   */
  constructor({ url, readToken, resume }, handlers) {
    this.#url = url;
    this.#readToken = readToken;
    this.#resume = resume;
    this.#on = handlers;
  }

  /** Whether the gateway has greeted on the present socket, and it is open. */
  get isUp() { return this.#channel !== null && this.#greetedAt !== null; }

  /** Whether another socket can go on where the present one ends. */
  get canRetry() { return this.#resume !== null || this.#beginsAnew; }

  /** Whether the gateway was given an access token on the last socket. */
  get hasToken() { return this.#hasToken; }

  /** What another page needs to take the session over: { token, seq }; null where it cannot be. */
  get resumption() { return this.#resume && { ...this.#resume }; }

  /** Opens the first socket. */
  open() {
    this.#connect();
  }

  /** Opens another socket, after a while that grows with each try since the last good one. */
  retry() {
    this.#drop();
    const attempt = this.#attempt++;
    const delayMs = Math.max(retryDelayMs(attempt), this.#notBefore - performance.now());
    this.#timer = setTimeout(() => this.#connect(), delayMs);
    this.#on.retrying({ attempt: attempt + 1, delayMs });
  }

  /** Opens another socket at once: the present one is believed dead, or the network is back. */
  retryNow() {
    this.#drop();
    this.#attempt = 0;
    this.retry();
  }

  /** Opens no other socket for so long. */
  hold(ms) {
    this.#notBefore = performance.now() + ms;
  }

  /** The session is gone: the next socket begins a new one. */
  forgetSession() {
    this.#resume = null;
    this.#beginsAnew = true;
  }

  /** False where there is no open socket to send on. */
  send(type, payload) {
    return this.#channel?.send(type, payload) ?? false;
  }

  close() {
    clearTimeout(this.#timer);
    clearInterval(this.#pinger);
    this.#generation++;
    this.#channel?.close();
    this.#channel = null;
  }

  #drop() {
    clearTimeout(this.#timer);
    clearInterval(this.#pinger);
    if (this.#greetedAt !== null && performance.now() - this.#greetedAt >= GOOD_MS)
      this.#attempt = 0;
    this.#greetedAt = null;
    this.#generation++;
    this.#channel?.abandon();
    this.#channel = null;
  }

  async #connect() {
    const generation = this.#generation;
    const isPresent = () => generation === this.#generation;
    try {
      const token = await this.#readToken() ?? null;
      if (isPresent())
        this.#open(token, isPresent);
    } catch (error) { // no token, or one that no WebSocket takes
      if (isPresent())
        this.#on.refused(error);
    }
  }

  #open(token, isPresent) {
    this.#hasToken = token !== null;
    const url = this.#resume ? resumeUrl(this.#url, this.#resume) : this.#url;
    const channel = new SignalingChannel(url, token, {
      signal: this.#on.signal,
      message: (type, payload, seq) => this.#onMessage(type, payload, seq),
      pong: () => {
        this.#hasPong = true;
        this.#isAsking = false;
      },
      close: (wasOpen, code, reason) => this.#onClose(wasOpen, code, reason),
    });
    if (!isPresent()) { // its first signal made a listener hang up, or try again
      channel.abandon();
      return;
    }
    this.#channel = channel;
    if (this.#attempt > 0)
      this.#timer = setTimeout(() => isPresent() && this.#onClose(false, WS_ABNORMAL_CLOSURE, ''), RETRY_GREETING_MS);
  }

  #onClose(wasOpen, code, reason) {
    this.#drop();
    this.#on.closed(wasOpen, code, reason);
  }

  /* A WebSocket whose network is gone stays open, and so does the call's audio: only an answer that does not come tells. */
  #ping() {
    if (this.#isAsking && this.#hasPong) {
      this.#onClose(true, WS_ABNORMAL_CLOSURE, '');
      return;
    }
    this.#isAsking = true;
    this.#channel.ping();
  }

  /* Of a session that is taken over the gateway sends again what it does not know to have arrived. That may include an
   * earlier `session`, with a token that is used up. */
  #onMessage(type, payload, seq) {
    this.#isAsking = false;
    if (type === 'session') {
      if (this.#greetedAt === null)
        this.#onGreeting(payload, seq);
      return;
    }
    if (seq !== null) {
      if (this.#resume && this.#resume.seq !== null && seq <= this.#resume.seq)
        return;
      if (this.#resume)
        this.#resume.seq = seq;
    }
    this.#on.message(type, payload);
  }

  #onGreeting(session, seq) {
    const { resumed = false, resumeToken = null } = session ?? {};
    clearTimeout(this.#timer);
    this.#greetedAt = performance.now();
    this.#beginsAnew = false;
    /* what was missed comes after this message, with numbers below that of it */
    this.#resume = resumeToken === null ? null : { token: resumeToken, seq: resumed === true ? this.#resume?.seq ?? null : seq };
    if (this.#resume !== null) { // else a lost WebSocket ends the call
      this.#isAsking = false;
      this.#ping();
      this.#pinger = setInterval(() => this.#ping(), PING_MS);
    }
    this.#on.message('session', session);
  }
}
