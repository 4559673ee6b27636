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

import { LevelMeters, checkBrowser } from './voice-gateway-audio.js';
import { canChooseSpeaker, listDevices, watchDevices } from './voice-gateway-devices.js';
import { normaliseKeys } from './voice-gateway-dtmf.js';
import { CallErrorCode, VoiceGatewayError, errorFromClose, errorFromEndReason, errorFromProbe, errorFromWire }
  from './voice-gateway-error.js';
import { readEvent } from './voice-gateway-events.js';
import { Microphone } from './voice-gateway-microphone.js';
import { readOptions, readVolume } from './voice-gateway-options.js';
import { Peer } from './voice-gateway-peer.js';
import { SignalingChannel, probe } from './voice-gateway-signaling.js';
import { Speaker } from './voice-gateway-speaker.js';
import { summariseStats } from './voice-gateway-stats.js';
import { WakeLock } from './voice-gateway-wake-lock.js';
import { readEngines, toWebSocketUrl } from './voice-gateway-wire.js';

export { CallErrorCode, VoiceGatewayError, canChooseSpeaker, checkBrowser, listDevices, watchDevices };

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

const MAX_EARLY_EVENTS = 64; // kept until the call runs
const WS_ABNORMAL_CLOSURE = 1006; // RFC 6455 section 7.4.1: no close frame came
const REASON_WAIT_MS = 1000; // how long after a fatal `error` the `state: ended` with its reason may take

const notNow = (what) => new VoiceGatewayError(CallErrorCode.BAD_STATE, `No call is running ${what}`, { fatal: false });

export class VoiceGatewayCall {
  #url;
  #options;
  #listeners = new Map();
  #state = CallState.IDLE;
  #settle = null;       // of the promise of connect (), until it is settled
  #deadline = null;
  #statsTimer = null;
  #stats = null;
  #microphone;
  #volume;
  #speakerId;
  #speaker = null;
  #meters = null;
  #wakeLock = new WakeLock();
  #unwatch = () => {};  // what ends the watch over the devices
  #channel = null;
  #peer = null;
  #earlyEvents = [];
  #lastRefusal = null; // the gateway's last error before its answer
  #sessionId = null;
  #engines = [];
  #engine = null;
  #fatalGatewayError = null;
  #activeSince = null;
  #endedAt = null;

  /** @param url where the gateway takes calls: ws(s)://…/ws, http(s)://…/ws, or relative to the page */
  constructor(url, options = {}) {
    this.#options = readOptions(options);
    this.#url = toWebSocketUrl(url, globalThis.location?.href, this.#options.engine);
    this.#volume = this.#options.volume;
    this.#speakerId = this.#options.speakerId;
    this.#microphone = new Microphone(this.#options, () => this.#emit('error', new VoiceGatewayError(
      CallErrorCode.MICROPHONE_LOST, 'The microphone was unplugged or taken away', { fatal: false })));
  }

  get state() { return this.#state; }

  get sessionId() { return this.#sessionId; }

  /** The names that the option `engine` may have at this gateway; empty before it has said so. */
  get engines() { return [...this.#engines]; }

  /** The name of the engine of this call; null before the gateway has said so. */
  get engine() { return this.#engine; }

  get muted() { return this.#microphone.isMuted; }

  get pushToTalk() { return this.#microphone.isPushToTalk; }

  get volume() { return this.#volume; }

  /** The id of the microphone that is open; null before the call, and where the browser does not name it. */
  get microphoneId() { return this.#microphone.id; }

  /** The id of the loudspeaker; null is the system's default. */
  get speakerId() { return this.#speaker ? this.#speaker.id : this.#speakerId; }

  /** Whether the browser holds the sound back until resumePlayback () is called from a click. */
  get playbackBlocked() { return this.#speaker?.isBlocked ?? false; }

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
    this.#channel?.send('bye');
    this.#end(null, CallErrorCode.HUNG_UP);
  }

  /** Sends silence in place of the microphone, or the microphone again. */
  mute(isMuted = true) {
    this.#microphone.mute(Boolean(isMuted));
  }

  /** Switches push-to-talk on or off: with it the microphone is sent only while talk (true). */
  setPushToTalk(isOn = true) {
    this.#microphone.setPushToTalk(Boolean(isOn));
  }

  /** With push-to-talk: sends the microphone from now on, or with false silence again. */
  talk(isTalking = true) {
    this.#microphone.talk(Boolean(isTalking));
  }

  /** From 0 to 1; also before the call. */
  setVolume(volume) {
    this.#volume = readVolume(volume);
    if (this.#speaker)
      this.#speaker.volume = this.#volume;
  }

  /**
   * Plays through the loudspeaker `id`, one of listDevices (), or with null through the system's default; before the call:
   * when it begins. Rejects with `no-speaker`, which is not fatal, and goes on as before.
   */
  async useSpeaker(id) {
    await this.#speaker?.choose(id);
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
    if (this.#activeSince === null || this.#isOver() || !this.#microphone.isMicrophone)
      throw notNow('with a microphone');
    const stream = await this.#microphone.open(id).catch((error) => {
      error.fatal = false;
      throw error;
    });
    if (this.#isOver()) { // hung up while the browser was asking
      this.#microphone.release(stream);
      throw notNow('with a microphone');
    }
    const before = this.#microphone.adopt(stream); // muted where the call is, and closed with it
    this.#meters.watch('microphone', stream);
    try {
      await this.#peer.replaceTrack(this.#microphone.track);
    } finally {
      this.#microphone.release(before);
    }
  }

  /**
   * Sends an application event (anything JSON can hold) to the engine. While the call is being made, up to 64 wait until
   * it runs. Throws `bad-state` above that, and where there is no call.
   */
  sendEvent(event) {
    if ([CallState.MICROPHONE, CallState.SIGNALING, CallState.CONNECTING].includes(this.#state)
      && this.#earlyEvents.length < MAX_EARLY_EVENTS)
      this.#earlyEvents.push(event);
    else
      this.#sendEventNow(event);
  }

  #sendEventNow(event) {
    if (this.#activeSince === null || !(this.#peer?.sendEvent(event) || this.#channel?.send('event', event)))
      throw notNow('to send an event on');
  }

  /**
   * Presses keys of a telephone: `keys` are of 0-9, *, #, A-D, and a comma for a pause of two seconds. Resolves when
   * they have been sent; rejects with `bad-state` where no call runs, or where it ends first, or takes no keys.
   */
  async sendDtmf(keys, options) {
    const pressed = normaliseKeys(keys);
    if (!this.#peer || this.#activeSince === null)
      throw notNow('to press keys in');
    this.#signal('out', 'dtmf', { count: pressed.length }); // not which: it may be a PIN
    await this.#peer.sendDtmf(pressed, options);
  }

  /** How loud both sides are now, 0 to 1 (root mean square over 21 ms). For meters: ask once per drawn frame. */
  readLevels() {
    return { microphone: this.#meters?.read('microphone') ?? 0, remote: this.#meters?.read('remote') ?? 0 };
  }

  /** Lets the far side be heard, from a click, where `playbackBlocked`. */
  async resumePlayback() {
    this.#meters?.resume();
    await this.#speaker?.resume();
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
    promise.catch((error) => this.#end(error instanceof VoiceGatewayError ? error
      : new VoiceGatewayError(CallErrorCode.GATEWAY_ERROR, `The call failed: ${error?.message ?? error}`, { cause: error })));
  }

  #setDeadline(ms, makeError) {
    clearTimeout(this.#deadline);
    this.#deadline = setTimeout(() => this.#end(makeError()), ms);
  }

  async #start() {
    checkBrowser();
    this.#meters = new LevelMeters(); // in the turn of the click: a context that is made later may stay silent
    this.#speaker = new Speaker(this.#options.audio ?? new Audio(), this.#volume,
      (isBlocked, cause) => this.#onPlayback(isBlocked, cause));
    this.#setState(CallState.MICROPHONE);
    const stream = await this.#microphone.open();
    if (this.#isOver()) {
      this.#microphone.release(stream); // hung up while the browser was asking
      return;
    }
    this.#microphone.adopt(stream);
    this.#meters.watch('microphone', stream);
    this.#unwatch = watchDevices((devices) => this.#guard(this.#onDevices(devices)));
    if (this.#speakerId !== null) // a choice of an earlier visit, which may be gone
      this.#speaker.choose(this.#speakerId).catch((error) => this.#signal('local', 'speaker', { message: error.message }));
    this.#setState(CallState.SIGNALING);
    this.#openChannel();
  }

  /* A microphone that was lost is opened again, or another one in its place; what was played on a loudspeaker that is gone
   * goes to the system's default. */
  async #onDevices(devices) {
    const isGone = (list, id) => id !== null && !list.some((device) => device.id === id);
    if (this.#isOver())
      return;
    if (isGone(devices.speakers, this.#speaker.id))
      await this.#speaker.choose(null).catch(() => {});
    if (this.#microphone.isLost && devices.microphones.length > 0)
      await this.restartMicrophone().catch(() => {}); // the page has the error of its loss
    if (!this.#isOver())
      this.#emit('devices', { ...devices, microphoneId: this.microphoneId, speakerId: this.speakerId });
  }

  #onPlayback(isBlocked, cause) {
    this.#emit('playback', { isBlocked });
    if (isBlocked)
      this.#emit('error', new VoiceGatewayError(CallErrorCode.PLAYBACK_BLOCKED,
        'The browser wants a click before it plays sound', { cause, fatal: false }));
  }

  #openChannel() {
    this.#channel = new SignalingChannel(this.#url, {
      signal: (direction, type, payload) => this.#signal(direction, type, payload),
      message: (type, payload) => this.#onMessage(type, payload ?? {}),
      close: (wasOpen, code, reason) => this.#guard(this.#onClose(wasOpen, code, reason)),
    });
    this.#setDeadline(this.#options.signalingTimeoutMs, () => new VoiceGatewayError(
      CallErrorCode.GATEWAY_UNREACHABLE, 'The gateway does not answer'));
  }

  async #onClose(wasOpen, code, reason) {
    const isMute = !wasOpen && code === WS_ABNORMAL_CLOSURE;
    this.#end(this.#fatalGatewayError ?? (isMute ? errorFromProbe(await probe(this.#url)) : errorFromClose(wasOpen, code, reason)));
  }

  #onMessage(type, payload) {
    const handlers = {
      session: () => this.#guard(this.#offer(payload)),
      answer: () => this.#guard(this.#accept(payload)),
      candidate: () => this.#peer?.addCandidate(payload),
      state: () => this.#onGatewayState(payload),
      track: () => this.#emit('track', { direction: 'out', ...payload }),
      error: () => this.#onGatewayError(payload),
      event: () => this.#onEvent(payload),
    };
    if (Object.hasOwn(handlers, type)) // types of later versions are no business of ours
      handlers[type]();
  }

  #onEvent(event) {
    const known = readEvent(event);
    this.#emit('event', event);
    if (known)
      this.#emit(known.name, known.value);
  }

  async #offer(session) {
    const { id = null, iceServers = [] } = session;
    if (this.#peer)
      return;
    this.#sessionId = id;
    ({ engines: this.#engines, engine: this.#engine } = readEngines(session));
    this.#setState(CallState.CONNECTING);
    this.#setDeadline(this.#options.signalingTimeoutMs, () => this.#lastRefusal ?? new VoiceGatewayError(
      CallErrorCode.TIMEOUT, 'The gateway did not answer the offer'));
    const peer = this.#makePeer([...iceServers, ...this.#options.iceServers]);
    await peer.makeOffer();
    if (!this.#isOver()) // before any candidate: those come in later turns (JSEP section 4.1.10)
      this.#channel.send('offer', peer.offer);
  }

  #makePeer(iceServers) {
    this.#peer = new Peer({ iceServers, stream: this.#microphone.stream, dataChannel: this.#options.dataChannel }, {
      signal: (direction, type, payload) => this.#signal(direction, type, payload),
      candidate: (candidate) => this.#channel.send('candidate', candidate),
      track: (track, stream) => this.#onTrack(track, stream),
      event: (event) => this.#onEvent(event),
      connection: (state) => this.#onConnectionState(state),
    });
    return this.#peer;
  }

  async #accept({ sdp }) {
    if (!this.#peer?.isWaitingForAnswer)
      return;
    this.#setDeadline(this.#options.connectTimeoutMs, () => this.#connectError());
    await this.#peer.accept(sdp);
  }

  #onTrack(track, stream) {
    this.#speaker.play(stream);
    this.#meters.watch('remote', stream);
    this.#emit('track', { direction: 'in', track, stream });
  }

  #onConnectionState(state) {
    if (state === 'connected')
      this.#becomeActive();
    else if (state === 'disconnected' && this.#state === CallState.ACTIVE)
      this.#setState(CallState.RECOVERING);
    else if (state === 'failed')
      this.#end(this.#activeSince === null ? this.#connectError()
        : new VoiceGatewayError(CallErrorCode.MEDIA_LOST, 'The audio connection broke'));
  }

  #connectError() {
    if (!this.#peer?.wasIceConnected)
      return new VoiceGatewayError(CallErrorCode.UDP_BLOCKED, 'No audio packet gets through to the gateway');
    return new VoiceGatewayError(CallErrorCode.TIMEOUT, 'The encryption of the audio could not be set up');
  }

  #becomeActive() {
    clearTimeout(this.#deadline);
    this.#activeSince ??= performance.now();
    this.#statsTimer ??= setInterval(() => this.#readStats(), this.#options.statsIntervalMs);
    if (this.#options.wakeLock)
      this.#wakeLock.hold();
    this.#setState(CallState.ACTIVE);
    this.#settle?.resolve();
    this.#settle = null;
    this.#earlyEvents.splice(0).forEach((event) => this.#isOver() || this.#sendEventNow(event));
  }

  /** What the event `stats` would be now: loss is counted since the last of these. Null where no call runs. */
  async getStats() {
    const summary = await this.#summarise();
    return summary && this.#toStats(summary);
  }

  async #summarise() {
    const reports = this.#activeSince === null ? [] : await this.#peer?.readReports() ?? [];
    return reports.length === 0 || this.#isOver() ? null : summariseStats(reports, this.#stats);
  }

  #toStats({ counters, ...shown }) {
    return { ...shown, durationMs: this.durationMs };
  }

  async #readStats() {
    const summary = await this.#summarise();
    if (!summary)
      return;
    this.#stats = summary;
    this.#emit('stats', this.#toStats(summary));
  }

  #onGatewayState({ state, reason = null }) {
    if (state === 'ended')
      this.#end(this.#endError(reason), reason);
    else if (state === 'recovering' && this.#state === CallState.ACTIVE)
      this.#setState(CallState.RECOVERING, { reason });
    else if (state === 'active' && this.#peer?.isConnected)
      this.#setState(CallState.ACTIVE);
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
    if (error.fatal) {
      this.#fatalGatewayError = error;
      this.#setDeadline(REASON_WAIT_MS, () => error);
    } else if (payload.about === 'offer' && this.#peer?.isWaitingForAnswer) {
      this.#end(error); // there will be no answer, and we have no other offer
    } else {
      this.#lastRefusal = error;
      this.#emit('error', error);
    }
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
    clearInterval(this.#statsTimer);
    this.#settle = null;
    this.#unwatch();
    this.#wakeLock.release();
    this.#peer?.close();
    this.#channel?.close();
    this.#microphone.close();
    this.#meters?.close();
    this.#speaker?.close();
    this.#peer = this.#channel = this.#meters = this.#speaker = null;
  }
}
