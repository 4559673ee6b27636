/* Calls a voice-gateway from a web page. An ES module without dependencies; types are in voice-gateway.d.ts, and
 * docs/CLIENT.md has every option, event and error.
 *
 *   import { VoiceGatewayCall } from './voice-gateway.js';
 *
 *   const call = new VoiceGatewayCall ('wss://gateway.example/ws');
 *   call.on ('state', ({ state }) => …);
 *   call.on ('error', (error) => …);        // error.code is one of CallErrorCode
 *   await call.connect ();                  // asks for the microphone; resolves when the audio runs
 *   call.mute (true);
 *   call.sendEvent ({ type: 'text', text: 'hello' });
 *   await call.sendDtmf ('12#');            // resolves when the keys are sent
 *   call.hangUp ();
 *
 * One object is one call. Everything that it opened (microphone, socket, connection, audio context) is closed when it
 * ends, however it ends. */

import { checkBrowser } from './voice-gateway-audio.js';
import { canChooseSpeaker, listDevices, watchDevices } from './voice-gateway-devices.js';
import { normaliseKeys } from './voice-gateway-dtmf.js';
import { CallErrorCode, Loss, VoiceGatewayError, WS_ABNORMAL_CLOSURE, WS_REPLACED, errorFromClose, errorFromConnect,
  errorFromEndReason, errorFromLoss, errorFromNoToken, errorFromProbe, errorFromWire } from './voice-gateway-error.js';
import { readEvent } from './voice-gateway-events.js';
import { SignalingLink } from './voice-gateway-link.js';
import { MediaPath } from './voice-gateway-media.js';
import { readOptions, readVolume } from './voice-gateway-options.js';
import { hasResumption, keepResumption, takeResumption, watchPage } from './voice-gateway-page.js';
import { probe } from './voice-gateway-signaling.js';
import { Sound } from './voice-gateway-sound.js';
import { StatsReader } from './voice-gateway-stats.js';
import { WakeLock } from './voice-gateway-wake-lock.js';
import { readEngines, toWebSocketUrl } from './voice-gateway-wire.js';

export { CallErrorCode, VoiceGatewayError, canChooseSpeaker, checkBrowser, listDevices, watchDevices };

/** Whether an earlier page of this tab has left a call to `url` that a new one with `resumeAfterReload` takes over. */
export function canResume(url, { engine = null } = {}) {
  return hasResumption(toWebSocketUrl(url, globalThis.location?.href, engine));
}

/** What a call goes through, in this order; `active` and `recovering` can alternate. */
export const CallState = Object.freeze({
  IDLE: 'idle',
  MICROPHONE: 'microphone',
  SIGNALING: 'signaling',
  CONNECTING: 'connecting',
  ACTIVE: 'active',
  RECOVERING: 'recovering',
  ENDED: 'ended',
});

const MAX_WAITING_EVENTS = 64; // kept until the call runs (again)
const LEAVING_MS = 2000; // Firefox closes a page's sockets so long before it leaves it, or not at all where the user stays
const REASON_WAIT_MS = 1000; // how long after a fatal `error` the `state: ended` with its reason may take

const notNow = (what) => new VoiceGatewayError(CallErrorCode.BAD_STATE, `No call is running ${what}`, { fatal: false });

export class VoiceGatewayCall {
  #url;
  #options;
  #listeners = new Map();
  #state = CallState.IDLE;
  #settle = null;       // of the promise of connect (), until it is settled
  #deadline = null;
  #stats = new StatsReader({
    readReports: async () => {
      const reports = this.#activeSince === null ? [] : await this.#media?.readReports() ?? [];
      return this.#isOver() ? [] : reports;
    },
    durationMs: () => this.durationMs,
  });
  #volume;
  #speakerId;
  #sound;
  #wakeLock = new WakeLock();
  #unwatch = () => {};  // what ends the watch over the page
  #link = null;
  #media = null;
  #losses = new Set();  // of Loss
  #recoveryDeadline = null;
  #waitingEvents = [];
  #lastRefusal = null; // the gateway's last error before its answer
  #sessionId = null;
  #engines = [];
  #engine = null;
  #fatalGatewayError = null;
  #activeSince = null;
  #endedAt = null;
  #isResumed = false;
  #leavingUntil = 0;    // as performance.now ()

  /** @param url where the gateway takes calls: ws(s)://…/ws, http(s)://…/ws, or relative to the page */
  constructor(url, options = {}) {
    this.#options = readOptions(options);
    this.#url = toWebSocketUrl(url, globalThis.location?.href, this.#options.engine);
    this.#volume = this.#options.volume;
    this.#speakerId = this.#options.speakerId;
    this.#sound = new Sound(this.#options, {
      signal: (direction, type, payload) => this.#signal(direction, type, payload),
      microphoneLost: () => this.#emit('error', new VoiceGatewayError(CallErrorCode.MICROPHONE_LOST,
        'The microphone was unplugged or taken away', { fatal: false })),
      playback: (isBlocked, cause) => this.#onPlayback(isBlocked, cause),
      replaced: (track) => this.#media?.replaceTrack(track),
      devices: (devices) => this.#emit('devices', { ...devices, microphoneId: this.microphoneId, speakerId: this.speakerId }),
    });
  }

  get state() { return this.#state; }

  get sessionId() { return this.#sessionId; }

  /** The names that the option `engine` may have at this gateway; empty before it has said so. */
  get engines() { return [...this.#engines]; }

  /** The name of the engine of this call; null before the gateway has said so. */
  get engine() { return this.#engine; }

  /** Whether this call was begun by an earlier page, which was left or loaded again. */
  get resumed() { return this.#isResumed; }

  get muted() { return this.#sound.microphone.isMuted; }

  get pushToTalk() { return this.#sound.microphone.isPushToTalk; }

  get volume() { return this.#volume; }

  /** The id of the microphone that is open; null before the call, and where the browser does not name it. */
  get microphoneId() { return this.#sound.microphone.id; }

  /** The id of the loudspeaker; null is the system's default. */
  get speakerId() { return this.#sound.speaker ? this.#sound.speaker.id : this.#speakerId; }

  /** Whether the browser holds the sound back until resumePlayback () is called from a click. */
  get playbackBlocked() { return this.#sound.speaker?.isBlocked ?? false; }

  /** Milliseconds from the first audio to now, or to the end of the call; 0 before that. */
  get durationMs() {
    return this.#activeSince === null ? 0 : (this.#endedAt ?? performance.now()) - this.#activeSince;
  }

  /** Calls `listener` for each event `name` (CallEvents in voice-gateway.d.ts). Returns what takes it off. */
  on(name, listener) {
    if (!this.#listeners.has(name))
      this.#listeners.set(name, new Set());
    this.#listeners.get(name).add(listener);
    return () => this.off(name, listener);
  }

  off(name, listener) {
    this.#listeners.get(name)?.delete(listener);
  }

  /**
   * Makes the call. Resolves when audio runs in both directions; rejects with a VoiceGatewayError. `signal` ends the attempt,
   * which rejects with its reason then; once the call runs it means nothing.
   */
  async connect({ signal = null } = {}) {
    signal?.throwIfAborted();
    if (this.#state !== CallState.IDLE)
      throw new VoiceGatewayError(CallErrorCode.BAD_STATE, 'A call object makes one call', { fatal: false });
    const abort = () => this.hangUp();
    signal?.addEventListener('abort', abort, { once: true });
    try {
      await new Promise((resolve, reject) => {
        this.#settle = { resolve, reject };
        this.#guard(this.#start());
      });
    } catch (error) {
      signal?.throwIfAborted();
      throw error;
    } finally {
      signal?.removeEventListener('abort', abort);
    }
  }

  /** Ends the call, or the attempt to make it. Harmless when it is over. */
  hangUp() {
    this.#link?.send('bye');
    this.#end(null, CallErrorCode.HUNG_UP);
  }

  /** While the call is recovering: tries at once what would be tried later, as from a button. */
  retryNow() {
    if (this.#losses.has(Loss.SIGNALING))
      this.#link.retryNow();
    else if (this.#activeSince !== null && !this.#isOver())
      this.#media.restart().catch((error) => this.#signal('local', 'recovery', { message: error.message }));
  }

  /** Sends silence in place of the microphone, or the microphone again. */
  mute(isMuted = true) {
    this.#sound.microphone.mute(Boolean(isMuted));
  }

  /** Switches push-to-talk on or off: with it the microphone is sent only while talk (true). */
  setPushToTalk(isOn = true) {
    this.#sound.microphone.setPushToTalk(Boolean(isOn));
  }

  /** With push-to-talk: sends the microphone from now on, or with false silence again. */
  talk(isTalking = true) {
    this.#sound.microphone.talk(Boolean(isTalking));
  }

  /** From 0 to 1; also before the call. */
  setVolume(volume) {
    this.#volume = readVolume(volume);
    if (this.#sound.speaker)
      this.#sound.speaker.volume = this.#volume;
  }

  /**
   * Plays through the loudspeaker `id`, one of listDevices (), or with null through the system's default; before the call:
   * when it begins. Rejects with `no-speaker`, which is not fatal, and goes on as before.
   */
  async useSpeaker(id) {
    await this.#sound.speaker?.choose(id);
    this.#speakerId = id;
  }

  /**
   * Sends the microphone `id`, one of listDevices (), or with null the system's default. Rejects with the error of the
   * microphone, which is not fatal, and goes on as before; with `bad-state` where no call runs or where it sends a stream of
   * the caller's own.
   */
  async useMicrophone(id) {
    await this.#switchMicrophone(id);
  }

  /** Opens the microphone again, after an error `microphone-lost`; another one where it is gone. Rejects as useMicrophone (). */
  async restartMicrophone() {
    await this.#switchMicrophone();
  }

  async #switchMicrophone(id) {
    if (this.#activeSince === null || this.#isOver() || !this.#sound.microphone.isMicrophone)
      throw notNow('with a microphone');
    const isOpen = await this.#sound.switchMicrophone(id).catch((error) => {
      error.fatal = false;
      throw error;
    });
    if (!isOpen) // hung up while the browser was asking
      throw notNow('with a microphone');
  }

  /**
   * Sends an application event (anything JSON can hold) to the engine. While the call is being made or is recovering, up to 64
   * wait until it runs, as they are now. Throws `bad-state` above that, and where there is no call; a TypeError for what JSON
   * cannot hold.
   */
  sendEvent(event) {
    const text = JSON.stringify(event);
    if (text === undefined)
      throw new TypeError('an event is something that JSON can hold');
    const isWaiting = [CallState.MICROPHONE, CallState.SIGNALING, CallState.CONNECTING, CallState.RECOVERING].includes(this.#state);
    if (isWaiting && this.#waitingEvents.length < MAX_WAITING_EVENTS)
      this.#waitingEvents.push(JSON.parse(text));
    else if (this.#state !== CallState.ACTIVE || !(this.#media.sendEvent(event) || this.#link.send('event', event)))
      throw notNow('to send an event on');
  }

  /**
   * Presses keys of a telephone: `keys` are of 0-9, *, #, A-D, and a comma for a pause of two seconds. Resolves when
   * they have been sent; rejects with `bad-state` where no call runs, or where it ends first, or takes no keys, and while the
   * audio path is lost, or where it is lost first: keys are sent as audio is.
   */
  async sendDtmf(keys, options) {
    const pressed = normaliseKeys(keys);
    if (!this.#media || this.#activeSince === null)
      throw notNow('to press keys in');
    if (this.#losses.has(Loss.MEDIA) || this.#losses.has(Loss.GATEWAY))
      throw new VoiceGatewayError(CallErrorCode.BAD_STATE, 'No keys can be sent now: the audio connection is lost, and is being made again',
        { fatal: false });
    this.#signal('out', 'dtmf', { count: pressed.length }); // not which: it may be a PIN
    await this.#media.sendDtmf(pressed, options);
  }

  /** How loud both sides are now, 0 to 1 (root mean square over 21 ms). For meters: ask once per drawn frame. */
  readLevels() {
    return this.#sound.readLevels();
  }

  /** Lets the far side be heard, from a click, where `playbackBlocked`. */
  async resumePlayback() {
    await this.#sound.resume();
  }

  #emit(name, value) {
    for (const listener of [...this.#listeners.get(name) ?? []]) {
      try {
        listener(value);
      } catch (error) {
        globalThis.reportError?.(error); // a page's mistake must not end its call
      }
    }
  }

  #signal(direction, type, payload) {
    this.#emit('signal', { direction, type, payload, at: new Date() });
  }

  #setState(state, detail = {}) {
    const previous = this.#state;
    if (previous === state || previous === CallState.ENDED)
      return;
    this.#state = state;
    this.#emit('state', { state, previous, reason: null, error: null, ...detail });
  }

  #isOver() {
    return this.#state === CallState.ENDED;
  }

  #guard(promise) {
    promise?.catch((error) => this.#end(error instanceof VoiceGatewayError ? error
      : new VoiceGatewayError(CallErrorCode.GATEWAY_ERROR, `The call failed: ${error?.message ?? error}`, { cause: error })));
  }

  #setDeadline(ms, makeError) {
    clearTimeout(this.#deadline);
    this.#deadline = setTimeout(() => this.#end(makeError()), ms);
  }

  async #start() {
    checkBrowser();
    this.#sound.start({ volume: this.#volume, speakerId: this.#speakerId });
    this.#setState(CallState.MICROPHONE);
    if (!await this.#sound.open())
      return; // hung up while the browser was asking
    this.#unwatch = watchPage({
      online: () => this.retryNow(),
      visible: () => this.#losses.size > 0 && this.retryNow(),
      leaving: () => this.#onLeaving(),
      leave: () => this.#leave(),
    });
    this.#setState(CallState.SIGNALING);
    this.#openLink();
  }

  #onPlayback(isBlocked, cause) {
    this.#emit('playback', { isBlocked });
    if (isBlocked)
      this.#emit('error', new VoiceGatewayError(CallErrorCode.PLAYBACK_BLOCKED,
        'The browser wants a click before it plays sound', { cause, fatal: false }));
  }

  #openLink() {
    const { token, resumeAfterReload } = this.#options;
    this.#link = new SignalingLink({
      url: this.#url,
      readToken: typeof token === 'function' ? token : () => token,
      resume: resumeAfterReload ? takeResumption(this.#url) : null,
    }, {
      signal: (direction, type, payload) => this.#signal(direction, type, payload),
      message: (type, payload) => this.#onMessage(type, payload ?? {}),
      closed: (wasOpen, code, reason) => this.#guard(this.#onClosed(wasOpen, code, reason)),
      refused: (cause) => this.#onNoToken(cause),
      retrying: ({ attempt, delayMs }) => this.#emit('reconnecting', { attempt, delayMs, isAudioRunning: this.#media?.isConnected ?? false }),
    });
    this.#media = new MediaPath({ getStream: () => this.#sound.microphone.stream, dataChannel: this.#options.dataChannel }, {
      signal: (direction, type, payload) => this.#signal(direction, type, payload),
      send: (type, payload) => this.#link.send(type, payload),
      canRecover: () => this.#canRecover() && this.#link.isUp,
      track: (track, stream) => this.#onTrack(track, stream),
      event: (event) => this.#onEvent(event),
      connected: () => this.#onMediaConnected(),
      lost: (hasFailed) => this.#onMediaLost(hasFailed),
      failed: () => this.#end(this.#connectError()),
      unanswered: () => this.#reopenLink(),
    });
    this.#setDeadline(this.#options.signalingTimeoutMs, () => new VoiceGatewayError(
      CallErrorCode.GATEWAY_UNREACHABLE, 'The gateway does not answer'));
    this.#link.open();
  }
  /* Whether the gateway keeps the session for a client that lost its socket or its audio path. */
  #canRecover() {
    const hasBegun = this.#activeSince !== null || this.#isResumed || this.#sessionId === null;
    return this.#options.reconnect && hasBegun && this.#link.canRetry;
  }

  async #onClosed(wasOpen, code, reason) {
    if (this.#fatalGatewayError) {
      this.#end(this.#fatalGatewayError);
    } else if (code !== WS_REPLACED && this.#canRecover()) {
      this.#reopenLink();
    } else {
      const hasFailed = !wasOpen && code === WS_ABNORMAL_CLOSURE;
      this.#end(hasFailed ? errorFromProbe(await probe(this.#url), { hadToken: this.#link.hasToken }) : errorFromClose(wasOpen, code, reason));
    }
  }

  #onNoToken(cause) {
    if (this.#canRecover())
      this.#reopenLink();
    else
      this.#end(errorFromNoToken(cause));
  }

  /* The WebSocket is lost, or answers nothing any more: often the network is another one now. */
  #reopenLink() {
    this.#lose(Loss.SIGNALING);
    this.#link?.retry(); // unless a listener has hung up
  }

  #onMessage(type, payload) {
    const handlers = {
      session: () => this.#guard(this.#onSession(payload)),
      answer: () => this.#guard(this.#accept(payload)),
      candidate: () => this.#media.addCandidate(payload),
      state: () => this.#onGatewayState(payload),
      track: () => this.#emit('track', { direction: 'out', ...payload }),
      error: () => this.#onGatewayError(payload),
      event: () => this.#onEvent(payload),
    };
    if (Object.hasOwn(handlers, type) && !this.#isOver()) // types of later versions are no business of ours
      handlers[type]();
  }

  #onEvent(event) {
    const known = readEvent(event);
    this.#emit('event', event);
    if (known)
      this.#emit(known.name, known.value);
  }

  async #onSession(session) {
    const { id = null, iceServers = [], resumed = false, missed = 0 } = session;
    const isFirst = this.#sessionId === null;
    if (!isFirst && performance.now() < this.#leavingUntil) // the browser has closed the socket, and there was no bye
      return this.hangUp();
    this.#sessionId = id;
    this.#isResumed ||= resumed && isFirst;
    ({ engines: this.#engines, engine: this.#engine } = readEngines(session));
    this.#emit('session', { id, isResumed: resumed === true, missed });
    if (!resumed)
      this.#lose(Loss.MEDIA); // it belongs to a session that is gone
    this.#regain(Loss.SIGNALING);
    if (this.#activeSince === null) {
      this.#setState(CallState.CONNECTING);
      this.#setDeadline(this.#options.signalingTimeoutMs, () => this.#lastRefusal ?? new VoiceGatewayError(
        CallErrorCode.TIMEOUT, 'The gateway did not answer the offer'));
    }
    const servers = [...iceServers, ...this.#options.iceServers];
    await (resumed && !isFirst ? this.#media.resume(servers) : this.#media.begin(servers));
  }

  async #accept({ sdp }) {
    if (await this.#media.accept(sdp) && this.#activeSince === null)
      this.#setDeadline(this.#options.connectTimeoutMs, () => this.#connectError());
  }

  #onTrack(track, stream) {
    this.#sound.play(stream);
    this.#emit('track', { direction: 'in', track, stream });
  }

  #connectError() {
    return errorFromConnect(this.#media?.wasIceConnected ?? false);
  }

  #onMediaConnected() {
    if (this.#activeSince === null) {
      clearTimeout(this.#deadline);
      this.#activeSince = performance.now();
      this.#stats.start(this.#options.statsIntervalMs, (stats) => this.#emit('stats', stats));
      if (this.#options.wakeLock)
        this.#wakeLock.hold();
    }
    this.#losses.delete(Loss.MEDIA);
    this.#regain(Loss.GATEWAY);
    this.#settle?.resolve();
    this.#settle = null;
  }

  #onMediaLost(hasFailed) {
    if (hasFailed && !this.#canRecover())
      this.#end(new VoiceGatewayError(CallErrorCode.MEDIA_LOST, 'The audio connection broke'));
    else
      this.#lose(Loss.MEDIA);
  }

  #lose(what, reason = what) {
    if (this.#activeSince === null || this.#isOver())
      return;
    this.#losses.add(what);
    if (this.#canRecover())
      this.#recoveryDeadline ??= setTimeout(() => this.#end(errorFromLoss(this.#losses)), this.#options.recoverTimeoutMs);
    this.#setState(CallState.RECOVERING, { reason });
  }

  #regain(what) {
    this.#losses.delete(what);
    if (this.#activeSince === null || this.#losses.size > 0)
      return;
    clearTimeout(this.#recoveryDeadline);
    this.#recoveryDeadline = null;
    this.#setState(CallState.ACTIVE);
    while (this.#state === CallState.ACTIVE && this.#waitingEvents.length > 0)
      this.#sendWaiting(this.#waitingEvents.shift());
  }

  /* What the data channel refuses, such as an event that is too long for it, is the page's mistake, and not the end. */
  #sendWaiting(event) {
    try {
      this.sendEvent(event);
    } catch (cause) {
      this.#emit('error', new VoiceGatewayError(CallErrorCode.BAD_STATE, `An event could not be sent: ${cause.message}`,
        { cause, fatal: false }));
    }
  }

  /** What the event `stats` would be now: loss is counted since the last of these. Null where no call runs. */
  async getStats() {
    return this.#stats.read();
  }

  #onGatewayState({ state, reason = null }) {
    if (state === 'ended') {
      this.#end(this.#endError(reason), reason);
    } else if (state === 'recovering') { // it has no connection to us, whatever ours looks like
      this.#lose(Loss.GATEWAY, reason ?? Loss.GATEWAY);
      this.#guard(this.#media?.renew());
    } else if (state === 'active') {
      this.#regain(Loss.GATEWAY);
    }
  }

  /* Why the gateway ended the call: the reason says it best, the error that went before it has the better words. The
   * engine's own hang-up has the same reason as its failure, but no error goes before it. */
  #endError(reason) {
    const said = this.#fatalGatewayError;
    const known = reason === 'connect-timeout' ? this.#connectError() : errorFromEndReason(reason);
    if (!known || (said && reason === 'error'))
      return said;
    return new VoiceGatewayError(known.code, said?.message ?? known.message, { reason });
  }

  #onGatewayError(payload) {
    const error = errorFromWire(payload);
    if (error.code === CallErrorCode.SESSION_GONE && this.#options.sessionGone === 'new-call') {
      this.#link.forgetSession();
      this.#link.retryNow();
    } else if (error.code === CallErrorCode.BUSY && this.#losses.has(Loss.SIGNALING)) {
      this.#lastRefusal = error; // it closes the socket, and is tried again
    } else if (error.fatal) {
      this.#fatalGatewayError = error;
      this.#setDeadline(REASON_WAIT_MS, () => error);
    } else if (payload.about === 'offer' && !this.#media.refuse()) {
      this.#end(error); // there will be no answer, and we have no other offer
    } else {
      this.#lastRefusal = error;
      this.#emit('error', error);
    }
  }

  /* The page may go away. One that wants its call back leaves its resume token unused. */
  #onLeaving() {
    if (this.#options.resumeAfterReload)
      this.#link.hold(LEAVING_MS);
    else
      this.#leavingUntil = performance.now() + LEAVING_MS;
  }

  /* The page goes away: with it the call, unless the page wants to take it over after a reload. */
  #leave() {
    const resumption = this.#options.resumeAfterReload && this.#activeSince !== null ? this.#link.resumption : null;
    if (resumption)
      keepResumption(this.#url, resumption);
    else
      this.hangUp();
  }

  #end(error, reason = null) {
    if (this.#isOver())
      return;
    const previous = this.#state;
    const settle = this.#settle;
    this.#state = CallState.ENDED;
    this.#endedAt = performance.now();
    this.#tearDown();
    if (error) {
      error.fatal = true;
      this.#emit('error', error);
    }
    this.#emit('state', { state: CallState.ENDED, previous, reason: reason ?? error?.reason ?? error?.code, error });
    settle?.reject(error ?? (reason === CallErrorCode.HUNG_UP
      ? new VoiceGatewayError(CallErrorCode.HUNG_UP, 'The call was hung up before it was connected')
      : new VoiceGatewayError(CallErrorCode.ENDED_BY_GATEWAY, 'The gateway ended the call', { reason })));
  }

  #tearDown() {
    clearTimeout(this.#deadline);
    clearTimeout(this.#recoveryDeadline);
    this.#losses.clear();
    this.#stats.stop();
    this.#settle = null;
    this.#unwatch();
    this.#wakeLock.release();
    this.#media?.close();
    this.#link?.close();
    this.#sound.close();
    this.#media = this.#link = null;
  }
}
