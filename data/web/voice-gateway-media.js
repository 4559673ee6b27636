/* The audio path of a call, and what brings it back: first the ICE of the connection is restarted; where that does not
 * help, a new connection is made beside it, which takes over when it is connected.
 *
 * There is one offer at a time. One that is not answered is sent again when the WebSocket has been opened anew, so that an
 * answer always belongs to the last offer. */

import { retryDelayMs } from './voice-gateway-link.js';
import { Peer } from './voice-gateway-peer.js';

const DISCONNECTED_MS = 2000; // how long a path may be silent before its ICE is restarted
const ANSWER_MS = 5000;       // how long the answer to a later offer may take; then the WebSocket is taken for dead
const RESTART_MS = 4000;      // from the answer to a restart to a path that works
const REPLACE_MS = 10000;     // the same of a new connection
const REPLAY_MS = 500;        // what a resumed session has missed comes directly behind its `session`
const HANDOVER_MS = 1000;     // how long the connection before stays open: the gateway is the first to close it

export class MediaPath {
  #options;
  #on;
  #iceServers = [];
  #peer = null;     // what carries the call
  #next = null;     // what is to take over
  #before = null;   // what did carry it
  #offering = null; // whose offer has no answer yet
  #wasConnected = false;
  #attempt = 0;     // new connections since the path was good
  #timer = null;
  #handoverTimer = null;
  #isClosed = false;

  /**
   * @param options  `getStream ()`: what is sent; `dataChannel`
   * @param handlers `signal (direction, type, payload)`; `send (type, payload)`; `track (track, stream)`: to be heard from now
   *                 on; `event (event)`; `connected ()`; `lost (hasFailed)`; `failed ()`: there is no path, and has never been one;
   *                 `unanswered ()`: an offer has no answer. `canRecover ()` says whether the gateway takes a later offer now.
   */
  constructor(options, handlers) {
    this.#options = options;
    this.#on = handlers;
  }

  get isConnected() { return this.#peer?.isConnected ?? false; }

  get wasIceConnected() { return this.#peer?.wasIceConnected ?? false; }

  /** Makes the first connection, or after the loss of the session a new one. Rejects where the browser cannot. */
  async begin(iceServers) {
    this.#iceServers = iceServers;
    this.#offering = null;
    if (this.#wasConnected) {
      await this.#makeNext();
    } else {
      this.#peer?.close(); // of a session that was lost before there was audio
      this.#peer = this.#makePeer();
      await this.#offer(this.#peer);
    }
  }

  /** Takes the answer to the offer; false where there is none that waits for it. Rejects where it cannot be used. */
  async accept(sdp) {
    const peer = this.#offering;
    if (!peer?.isWaitingForAnswer)
      return false;
    this.#offering = null;
    if (this.#wasConnected)
      this.#arm(peer === this.#next ? REPLACE_MS : RESTART_MS, () => this.#next === null && this.isConnected ? null : this.#replace());
    try {
      await peer.accept(sdp);
    } catch (error) {
      if (!this.#wasConnected)
        throw error;
      this.#retryLater();
    }
    return true;
  }

  /** The gateway does not take the offer. Returns false where that ends the call: there is no other connection. */
  refuse() {
    const peer = this.#offering;
    if (!peer)
      return true;
    if (!this.#wasConnected)
      return false;
    this.#offering = null;
    clearTimeout(this.#timer);
    if (peer === this.#next)
      this.#retryLater();
    else
      this.#guard(peer.rollback().then(() => this.isConnected || this.#replace()));
    return true;
  }

  addCandidate(candidate) {
    (this.#next ?? this.#peer)?.addCandidate(candidate);
  }

  /**
   * The gateway can be reached (again), in the same session: an offer may have got lost, and what waited for it goes on. From
   * now on candidates are gathered from `iceServers`: the credentials of those before may have expired.
   */
  async resume(iceServers) {
    this.#iceServers = iceServers;
    for (const peer of [this.#peer, this.#next])
      peer?.useServers(iceServers);
    if (this.#offering !== null) // not before what was missed, which may have the answer
      this.#arm(REPLAY_MS, () => this.#offering?.isWaitingForAnswer ? this.#sendOffer() : null);
    else if (!this.isConnected && this.#next === null)
      await this.#recover();
  }

  /** Restarts the ICE of the connection: the network may be another one now. Does nothing where something is under way. */
  async restart() {
    if (this.#offering === null && this.#next === null && this.#wasConnected && this.#on.canRecover())
      await this.#offer(this.#peer, { iceRestart: true });
  }

  /** Makes a new connection: the gateway has lost the present one. Does nothing where something is under way. */
  async renew() {
    if (this.#offering === null && this.#next === null && this.#wasConnected)
      await this.#replace();
  }

  async replaceTrack(track) {
    await Promise.all([this.#peer, this.#next].map((peer) => peer?.replaceTrack(track)));
  }

  /** False where no data channel is open. */
  sendEvent(event) {
    return this.#peer?.sendEvent(event) ?? false;
  }

  sendDtmf(keys, options) {
    return this.#peer.sendDtmf(keys, options);
  }

  /** The reports of getStats () of what carries the call. */
  readReports() {
    return this.#peer.readReports();
  }

  close() {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#handoverTimer);
    for (const peer of [this.#peer, this.#next, this.#before])
      peer?.close();
    this.#peer = this.#next = this.#before = this.#offering = null;
  }

  #makePeer() {
    const peer = new Peer({ iceServers: this.#iceServers, stream: this.#options.getStream(), dataChannel: this.#options.dataChannel }, {
      signal: this.#on.signal,
      candidate: (candidate) => this.#on.send('candidate', candidate),
      track: (track, stream) => peer === this.#peer && this.#on.track(track, stream),
      event: this.#on.event,
      connection: (state) => (peer === this.#next ? this.#onNextState(state) : peer === this.#peer && this.#onState(state)),
    });
    return peer;
  }

  async #offer(peer, options) {
    this.#offering = peer;
    await peer.makeOffer(options);
    if (!this.#isClosed && this.#offering === peer) // before any candidate: those come in later turns (JSEP section 4.1.10)
      this.#sendOffer();
  }

  #sendOffer() {
    this.#on.send('offer', this.#offering.offer);
    if (this.#wasConnected)
      this.#arm(ANSWER_MS, () => this.#on.unanswered());
  }

  #onState(state) {
    if (state === 'connected') {
      this.#wasConnected = true;
      if (this.#offering === null && this.#next === null)
        clearTimeout(this.#timer);
      this.#attempt = 0;
      this.#on.connected();
    } else if (state === 'failed' && !this.#wasConnected) {
      this.#on.failed();
    } else if (state === 'failed' || state === 'disconnected') {
      this.#on.lost(state === 'failed');
      if (this.#offering === null && this.#next === null)
        this.#arm(state === 'failed' ? 0 : DISCONNECTED_MS, () => this.#recover());
    }
  }

  #onNextState(state) {
    if (state === 'failed')
      this.#retryLater();
    if (state !== 'connected')
      return;
    clearTimeout(this.#timer);
    clearTimeout(this.#handoverTimer);
    this.#before?.close();
    this.#before = this.#peer;
    this.#handoverTimer = setTimeout(() => this.#before?.close(), HANDOVER_MS);
    this.#peer = this.#next;
    this.#next = null;
    this.#attempt = 0;
    if (this.#peer.track)
      this.#on.track(this.#peer.track, this.#peer.stream);
    this.#on.connected();
  }

  async #recover() {
    if (this.isConnected || !this.#on.canRecover())
      return;
    await (this.#attempt === 0 ? this.restart() : this.#replace());
  }

  async #replace() {
    this.#dropNext();
    if (this.#on.canRecover()) // else resume () goes on
      await this.#makeNext();
  }

  async #makeNext() {
    this.#dropNext();
    this.#attempt++;
    this.#next = this.#makePeer();
    await this.#offer(this.#next);
  }

  #retryLater() {
    this.#dropNext();
    this.#arm(retryDelayMs(this.#attempt), () => this.#replace());
  }

  #dropNext() {
    if (this.#offering === this.#next)
      this.#offering = null;
    this.#next?.close();
    this.#next = null;
  }

  #arm(ms, act) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#isClosed || this.#guard(act()), ms);
  }

  /* What the browser refuses is tried again, until the deadline of the call. */
  async #guard(promise) {
    try {
      await promise;
    } catch (error) {
      this.#on.signal('local', 'recovery', { message: error.message });
      this.#offering = null;
      if (!this.#isClosed)
        this.#retryLater();
    }
  }
}
