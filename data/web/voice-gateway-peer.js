/* One RTCPeerConnection to the gateway: offer, answer, candidates, the microphone out, the far side in, and the data
 * channel. It can restart its ICE; a new one is made where that is not enough. */

import { DtmfQueue } from './voice-gateway-dtmf.js';

const EVENTS_CHANNEL = 'events'; // the data channel's label (docs/PROTOCOL.md)
const BUNDLE_POLICY = 'max-bundle';
const MAX_EARLY_CANDIDATES = 64; // kept until the answer is there

export class Peer {
  #pc;
  #sender;
  #dtmf;
  #events = null;          // the data channel
  #earlyCandidates = [];   // that came before the answer to the present offer; null after it
  #track = null;           // of the far side
  #stream = null;
  #wasIceConnected = false;
  #on;

  /**
   * @param stream   what is sent; it is not stopped
   * @param handlers `signal (direction, type, payload)`, `candidate (candidate)` to be sent, `track (track, stream)`,
   *                 `event (event)` from the data channel, `connection (state)`; none after close ()
   */
  constructor({ iceServers, stream, dataChannel }, handlers) {
    const pc = new RTCPeerConnection({ iceServers, bundlePolicy: BUNDLE_POLICY });
    this.#pc = pc;
    this.#on = handlers;
    const { sender } = pc.addTransceiver(stream.getAudioTracks()[0], { direction: 'sendrecv', streams: [stream] });
    this.#sender = sender;
    this.#dtmf = new DtmfQueue(sender.dtmf ?? null);
    if (dataChannel)
      this.#useDataChannel(pc.createDataChannel(EVENTS_CHANNEL));
    pc.ondatachannel = ({ channel }) => {
      if (channel.label === EVENTS_CHANNEL)
        this.#useDataChannel(channel);
    };
    pc.onicecandidate = ({ candidate }) => {
      if (candidate?.candidate !== '') // Firefox says the end twice: as an empty candidate and as null
        this.#on.candidate(candidate?.toJSON() ?? { candidate: '' });
    };
    pc.ontrack = ({ track, streams }) => this.#onTrack(track, streams);
    pc.oniceconnectionstatechange = () => {
      this.#wasIceConnected ||= ['connected', 'completed'].includes(pc.iceConnectionState);
      this.#on.signal('local', 'ice', { state: pc.iceConnectionState });
    };
    pc.onconnectionstatechange = () => {
      this.#on.signal('local', 'connection', { state: pc.connectionState });
      this.#on.connection(pc.connectionState);
    };
  }

  get isConnected() { return this.#pc.connectionState === 'connected'; }

  /** Whether a packet has ever come through. */
  get wasIceConnected() { return this.#wasIceConnected; }

  get isWaitingForAnswer() { return this.#pc.signalingState === 'have-local-offer'; }

  /** What the far side sends; null before its answer. */
  get track() { return this.#track; }

  get stream() { return this.#stream; }

  /** The offer as it is now, with the candidates that were found so far. */
  get offer() { return { type: 'offer', sdp: this.#pc.localDescription.sdp }; }

  /** Gathers the candidates of later offers, such as an ICE restart, from other servers. */
  useServers(iceServers) {
    this.#pc.setConfiguration({ iceServers, bundlePolicy: BUNDLE_POLICY });
  }

  /** Makes an offer, which is `offer` then. */
  async makeOffer({ iceRestart = false } = {}) {
    this.#earlyCandidates = [];
    await this.#pc.setLocalDescription(await this.#pc.createOffer({ iceRestart }));
  }

  /** Takes the answer to the offer. Rejects where it cannot be used. */
  async accept(sdp) {
    await this.#pc.setRemoteDescription({ type: 'answer', sdp });
    const early = this.#earlyCandidates ?? [];
    this.#earlyCandidates = null;
    early.forEach((candidate) => this.addCandidate(candidate));
  }

  /** Forgets an offer that was refused: the connection stays as it was. */
  async rollback() {
    await this.#pc.setLocalDescription({ type: 'rollback' });
  }

  addCandidate(candidate) {
    if (this.#earlyCandidates) {
      if (this.#earlyCandidates.length < MAX_EARLY_CANDIDATES)
        this.#earlyCandidates.push(candidate);
      return;
    }
    const hasTarget = candidate?.sdpMid != null || candidate?.sdpMLineIndex != null;
    this.#pc.addIceCandidate(candidate?.candidate || hasTarget ? candidate : undefined)
      .catch((error) => this.#on.signal('local', 'candidate-refused', { message: error.message }));
  }

  /** Sends another microphone, without a new offer. */
  async replaceTrack(track) {
    await this.#sender.replaceTrack(track);
  }

  /** False where the data channel is not open. */
  sendEvent(event) {
    if (this.#events?.readyState !== 'open')
      return false;
    this.#events.send(JSON.stringify(event));
    this.#on.signal('out', 'event', event);
    return true;
  }

  sendDtmf(keys, options) {
    return this.#dtmf.send(keys, options);
  }

  /** The reports of getStats (); none where they cannot be read. */
  async readReports() {
    return [...(await this.#pc.getStats().catch(() => new Map())).values()];
  }

  close() {
    this.#dtmf.close();
    if (this.#events)
      this.#events.onopen = this.#events.onmessage = null;
    this.#pc.onicecandidate = this.#pc.ontrack = this.#pc.ondatachannel = null;
    this.#pc.oniceconnectionstatechange = this.#pc.onconnectionstatechange = null;
    this.#pc.close();
  }

  #useDataChannel(channel) {
    this.#events = channel;
    channel.onopen = () => this.#on.signal('local', 'data-channel', { state: 'open', label: channel.label });
    channel.onmessage = ({ data }) => {
      let event = data;
      try {
        event = JSON.parse(data);
      } catch {
        /* an engine may send text that is not JSON; the page gets it as it came */
      }
      this.#on.signal('in', 'event', event);
      this.#on.event(event);
    };
  }

  #onTrack(track, streams) {
    if (track.kind !== 'audio')
      return;
    this.#track = track;
    this.#stream = streams[0] ?? new MediaStream([track]);
    this.#on.track(track, this.#stream);
  }
}
