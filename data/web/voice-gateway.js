/* Calls a voice-gateway from a web page. An ES module without dependencies; types are in voice-gateway.d.ts.
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

import { CallErrorCode, VoiceGatewayError, errorFromClose, errorFromEndReason, errorFromProbe, errorFromWire }
  from './voice-gateway-error.js';
import { DEFAULT_CONSTRAINTS, LevelMeters, checkBrowser, closeMicrophone, openMicrophone }
  from './voice-gateway-audio.js';
import { DtmfQueue, normaliseKeys } from './voice-gateway-dtmf.js';
import { SignalingChannel, probe } from './voice-gateway-signaling.js';
import { readEngines, summariseStats, toWebSocketUrl } from './voice-gateway-wire.js';

export { CallErrorCode, VoiceGatewayError, checkBrowser };

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

const EVENTS_CHANNEL = 'events'; // the data channel's label (docs/PROTOCOL.md)
const MAX_EARLY_CANDIDATES = 64; // kept until the answer is there
const MAX_EARLY_EVENTS = 64; // kept until the call runs
const WS_ABNORMAL_CLOSURE = 1006; // RFC 6455 section 7.4.1: no close frame came
const REASON_WAIT_MS = 1000; // how long after a fatal `error` the `state: ended` with its reason may take

const DEFAULT_OPTIONS = Object.freeze({
  engine: null,             // the name of the engine to speak with; the gateway has a default
  audio: null,              // an <audio> element to play the far side; one is made where none is given
  stream: null,             // a MediaStream to send in place of the microphone; it is not stopped at the end
  constraints: DEFAULT_CONSTRAINTS,
  iceServers: [],           // beside those that the gateway names
  dataChannel: true,        // open the data channel `events`; without it events go through the WebSocket
  signalingTimeoutMs: 10000, // from opening the WebSocket to the gateway's answer, in two parts of that length
  connectTimeoutMs: 15000,  // from the answer to running audio
  statsIntervalMs: 1000,
});

export class VoiceGatewayCall {
  #url;
  #options;
  #listeners = new Map();
  #state = CallState.IDLE;
  #settle = null;       // of the promise of connect (), until it is settled
  #deadline = null;
  #statsTimer = null;
  #stats = null;
  #stream = null;
  #meters = null;
  #audio = null;
  #channel = null;
  #pc = null;
  #events = null;       // the data channel
  #sender = null;       // of the microphone
  #dtmf = null;
  #pendingCandidates = []; // that came before the answer; null after it
  #earlyEvents = [];
  #lastRefusal = null; // the gateway's last error before its answer
  #sessionId = null;
  #engines = [];
  #engine = null;
  #isMuted = false;
  #wasIceConnected = false;
  #fatalGatewayError = null;
  #activeSince = null;
  #endedAt = null;

  /** @param url where the gateway takes calls: ws(s)://…/ws, http(s)://…/ws, or relative to the page */
  constructor(url, options = {}) {
    this.#options = { ...DEFAULT_OPTIONS, ...options };
    this.#url = toWebSocketUrl(url, globalThis.location?.href, this.#options.engine);
  }

  get state() { return this.#state; }

  get sessionId() { return this.#sessionId; }

  /** The names that the option `engine` may have at this gateway; empty before it has said so. */
  get engines() { return [...this.#engines]; }

  /** The name of the engine of this call; null before the gateway has said so. */
  get engine() { return this.#engine; }

  get muted() { return this.#isMuted; }

  /** Milliseconds from the first audio to now, or to the end of the call; 0 before that. */
  get durationMs() {
    return this.#activeSince === null ? 0 : (this.#endedAt ?? performance.now()) - this.#activeSince;
  }

  /** Calls `listener` for each event `name`: state, track, event, error, stats, signal. Returns what takes it off. */
  on(name, listener) {
    if (!this.#listeners.has(name))
      this.#listeners.set(name, new Set());
    this.#listeners.get(name).add(listener);
    return () => this.off(name, listener);
  }

  off(name, listener) {
    this.#listeners.get(name)?.delete(listener);
  }

  /** Makes the call. Resolves when audio runs in both directions; rejects with a VoiceGatewayError. */
  connect() {
    if (this.#state !== CallState.IDLE)
      return Promise.reject(new VoiceGatewayError(CallErrorCode.BAD_STATE, 'A call object makes one call', { fatal: false }));
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
      this.#guard(this.#start());
    });
  }

  /** Ends the call, or the attempt to make it. Harmless when it is over. */
  hangUp() {
    this.#channel?.send('bye');
    this.#end(null, CallErrorCode.HUNG_UP);
  }

  /**
   * Opens the microphone again, after an error `microphone-lost`. Rejects with the error of the microphone, which is not
   * fatal, and with `bad-state` where no call runs or where it sends a stream of the caller's own.
   */
  async restartMicrophone() {
    const notNow = () => new VoiceGatewayError(CallErrorCode.BAD_STATE, 'No call is running with a microphone', { fatal: false });
    if (this.#activeSince === null || this.#isOver() || this.#options.stream)
      throw notNow();
    const stream = await openMicrophone(this.#options.constraints).catch((error) => {
      error.fatal = false;
      throw error;
    });
    if (this.#isOver()) { // hung up while the browser was asking
      closeMicrophone(stream);
      throw notNow();
    }
    const old = this.#stream;
    this.#useStream(stream); // muted where the call is, and closed with it
    try {
      await this.#sender.replaceTrack(stream.getAudioTracks()[0]);
    } finally {
      this.#releaseStream(old);
    }
  }

  /** Sends silence in place of the microphone, or the microphone again. */
  mute(isMuted = true) {
    this.#isMuted = Boolean(isMuted);
    for (const track of this.#stream?.getAudioTracks() ?? [])
      track.enabled = !this.#isMuted;
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
    if (this.#activeSince === null) {
      throw new VoiceGatewayError(CallErrorCode.BAD_STATE, 'No call is running to send an event on', { fatal: false });
    } else if (this.#events?.readyState === 'open') {
      this.#events.send(JSON.stringify(event));
      this.#signal('out', 'event', event);
    } else if (!this.#channel?.send('event', event)) {
      throw new VoiceGatewayError(CallErrorCode.BAD_STATE, 'No call is running to send an event on', { fatal: false });
    }
  }

  /**
   * Presses keys of a telephone: `keys` are of 0-9, *, #, A-D, and a comma for a pause of two seconds. Resolves when
   * they have been sent; rejects with `bad-state` where no call runs, or where it ends first, or takes no keys.
   */
  async sendDtmf(keys, options) {
    const pressed = normaliseKeys(keys);
    if (!this.#dtmf || this.#activeSince === null)
      throw new VoiceGatewayError(CallErrorCode.BAD_STATE, 'No call is running to press keys in', { fatal: false });
    this.#signal('out', 'dtmf', { count: pressed.length }); // not which: it may be a PIN
    await this.#dtmf.send(pressed, options);
  }

  /** How loud both sides are now, 0 to 1 (root mean square over 21 ms). For meters: ask once per drawn frame. */
  readLevels() {
    return { microphone: this.#meters?.read('microphone') ?? 0, remote: this.#meters?.read('remote') ?? 0 };
  }

  /** Starts the far side's sound from a click, after an error `playback-blocked`. */
  async resumePlayback() {
    await this.#audio?.play();
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
    this.#audio = this.#options.audio ?? new Audio();
    this.#setState(CallState.MICROPHONE);
    const stream = this.#options.stream ?? await openMicrophone(this.#options.constraints);
    if (this.#isOver()) {
      this.#releaseStream(stream); // hung up while the browser was asking
      return;
    }
    this.#useStream(stream);
    this.#setState(CallState.SIGNALING);
    this.#openChannel();
  }

  #useStream(stream) {
    this.#stream = stream;
    this.mute(this.#isMuted);
    this.#meters.watch('microphone', stream);
    for (const track of stream.getAudioTracks())
      track.onended = () => this.#emit('error', new VoiceGatewayError(CallErrorCode.MICROPHONE_LOST,
        'The microphone was unplugged or taken away', { fatal: false }));
  }

  #releaseStream(stream) {
    for (const track of stream.getAudioTracks())
      track.onended = null;
    if (stream !== this.#options.stream)
      closeMicrophone(stream);
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
      candidate: () => this.#addCandidate(payload),
      state: () => this.#onGatewayState(payload),
      track: () => this.#emit('track', { direction: 'out', ...payload }),
      error: () => this.#onGatewayError(payload),
      event: () => this.#emit('event', payload),
    };
    if (Object.hasOwn(handlers, type)) // types of later versions are no business of ours
      handlers[type]();
  }

  async #offer(session) {
    const { id = null, iceServers = [] } = session;
    if (this.#pc)
      return;
    this.#sessionId = id;
    ({ engines: this.#engines, engine: this.#engine } = readEngines(session));
    this.#setState(CallState.CONNECTING);
    this.#setDeadline(this.#options.signalingTimeoutMs, () => this.#lastRefusal ?? new VoiceGatewayError(
      CallErrorCode.TIMEOUT, 'The gateway did not answer the offer'));
    const pc = this.#makePeer([...iceServers, ...this.#options.iceServers]);
    await pc.setLocalDescription(await pc.createOffer());
    if (!this.#isOver()) // before any candidate: those come in later turns (JSEP section 4.1.10)
      this.#channel.send('offer', { type: 'offer', sdp: pc.localDescription.sdp });
  }

  #makePeer(iceServers) {
    const pc = new RTCPeerConnection({ iceServers, bundlePolicy: 'max-bundle' });
    this.#pc = pc;
    const stream = this.#stream;
    const { sender } = pc.addTransceiver(stream.getAudioTracks()[0], { direction: 'sendrecv', streams: [stream] });
    this.#sender = sender;
    this.#dtmf = new DtmfQueue(sender.dtmf ?? null);
    if (this.#options.dataChannel)
      this.#useDataChannel(pc.createDataChannel(EVENTS_CHANNEL));
    pc.ondatachannel = ({ channel }) => {
      if (channel.label === EVENTS_CHANNEL)
        this.#useDataChannel(channel);
    };
    pc.onicecandidate = ({ candidate }) => {
      if (candidate?.candidate !== '') // Firefox says the end twice: as an empty candidate and as null
        this.#channel.send('candidate', candidate?.toJSON() ?? { candidate: '' });
    };
    pc.ontrack = (event) => this.#onTrack(event);
    pc.oniceconnectionstatechange = () => {
      this.#wasIceConnected ||= ['connected', 'completed'].includes(pc.iceConnectionState);
      this.#signal('local', 'ice', { state: pc.iceConnectionState });
    };
    pc.onconnectionstatechange = () => this.#onConnectionState(pc.connectionState);
    return pc;
  }

  async #accept({ sdp }) {
    if (!this.#pc || this.#pc.signalingState !== 'have-local-offer')
      return;
    this.#setDeadline(this.#options.connectTimeoutMs, () => this.#connectError());
    await this.#pc.setRemoteDescription({ type: 'answer', sdp });
    const early = this.#pendingCandidates ?? [];
    this.#pendingCandidates = null;
    early.forEach((candidate) => this.#addCandidate(candidate));
  }

  #addCandidate(candidate) {
    if (this.#pendingCandidates) {
      if (this.#pendingCandidates.length < MAX_EARLY_CANDIDATES)
        this.#pendingCandidates.push(candidate);
      return;
    }
    const hasTarget = candidate?.sdpMid != null || candidate?.sdpMLineIndex != null;
    this.#pc?.addIceCandidate(candidate?.candidate || hasTarget ? candidate : undefined)
      .catch((error) => this.#signal('local', 'candidate-refused', { message: error.message }));
  }

  #useDataChannel(channel) {
    this.#events = channel;
    channel.onopen = () => this.#signal('local', 'data-channel', { state: 'open', label: channel.label });
    channel.onmessage = ({ data }) => {
      let event = data;
      try {
        event = JSON.parse(data);
      } catch {
        /* an engine may send text that is not JSON; the page gets it as it came */
      }
      this.#signal('in', 'event', event);
      this.#emit('event', event);
    };
  }

  #onTrack({ track, streams }) {
    if (track.kind !== 'audio')
      return;
    const stream = streams[0] ?? new MediaStream([track]);
    this.#audio.srcObject = stream;
    this.#audio.play().catch((cause) => {
      if (!this.#isOver())
        this.#emit('error', new VoiceGatewayError(CallErrorCode.PLAYBACK_BLOCKED,
          'The browser wants a click before it plays sound', { cause, fatal: false }));
    });
    this.#meters.watch('remote', stream);
    this.#emit('track', { direction: 'in', track, stream });
  }

  #onConnectionState(state) {
    this.#signal('local', 'connection', { state });
    if (state === 'connected')
      this.#becomeActive();
    else if (state === 'disconnected' && this.#state === CallState.ACTIVE)
      this.#setState(CallState.RECOVERING);
    else if (state === 'failed')
      this.#end(this.#activeSince === null ? this.#connectError()
        : new VoiceGatewayError(CallErrorCode.MEDIA_LOST, 'The audio connection broke'));
  }

  #connectError() {
    if (!this.#wasIceConnected)
      return new VoiceGatewayError(CallErrorCode.UDP_BLOCKED, 'No audio packet gets through to the gateway');
    return new VoiceGatewayError(CallErrorCode.TIMEOUT, 'The encryption of the audio could not be set up');
  }

  #becomeActive() {
    clearTimeout(this.#deadline);
    this.#activeSince ??= performance.now();
    this.#statsTimer ??= setInterval(() => this.#readStats(), this.#options.statsIntervalMs);
    this.#setState(CallState.ACTIVE);
    this.#settle?.resolve();
    this.#settle = null;
    this.#earlyEvents.splice(0).forEach((event) => this.#isOver() || this.#sendEventNow(event));
  }

  async #readStats() {
    const report = await this.#pc.getStats().catch(() => null);
    if (!report || this.#isOver())
      return;
    this.#stats = summariseStats(report.values(), this.#stats);
    const { counters, ...shown } = this.#stats;
    this.#emit('stats', { ...shown, durationMs: this.durationMs });
  }

  #onGatewayState({ state, reason = null }) {
    if (state === 'ended')
      this.#end(this.#endError(reason), reason);
    else if (state === 'recovering' && this.#state === CallState.ACTIVE)
      this.#setState(CallState.RECOVERING, { reason });
    else if (state === 'active' && this.#pc?.connectionState === 'connected')
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
    } else if (payload.about === 'offer' && this.#pc?.signalingState === 'have-local-offer') {
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
    this.#dtmf?.close();
    if (this.#events)
      this.#events.onopen = this.#events.onmessage = null;
    if (this.#pc) {
      this.#pc.onicecandidate = this.#pc.ontrack = this.#pc.ondatachannel = null;
      this.#pc.oniceconnectionstatechange = this.#pc.onconnectionstatechange = null;
      this.#pc.close();
    }
    this.#channel?.close();
    if (this.#stream)
      this.#releaseStream(this.#stream);
    this.#meters?.close();
    if (this.#audio)
      this.#audio.srcObject = null;
    this.#pc = this.#channel = this.#events = this.#sender = this.#dtmf = this.#stream = this.#meters = this.#audio = null;
  }
}
