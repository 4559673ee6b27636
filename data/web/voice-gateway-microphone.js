/* What a call sends: the microphone, or a stream of the page's own in its place; and whether it is sent. */

import { errorFromMicrophone } from './voice-gateway-error.js';

const MISSING = ['OverconstrainedError', 'NotFoundError']; // there is no device of that id

/** Stops every track, which puts out the browser's recording sign. */
function closeStream(stream) {
  for (const track of stream.getTracks())
    track.stop();
}

function openDevice(constraints, id) {
  const audio = id === null ? constraints : { ...(constraints === true ? {} : constraints), deviceId: { exact: id } };
  return navigator.mediaDevices.getUserMedia({ audio, video: false });
}

export class Microphone {
  #given;       // the page's own stream, which is not stopped
  #constraints;
  #id;          // of the one that is wanted; null is the system's default
  #stream = null;
  #onLost;
  #isMuted = false;
  #pushToTalk;
  #isTalking = false;

  /** @param onLost is called when what is sent has ended by itself */
  constructor({ stream, constraints, microphoneId, pushToTalk }, onLost) {
    this.#given = stream;
    this.#constraints = constraints;
    this.#id = microphoneId;
    this.#pushToTalk = pushToTalk;
    this.#onLost = onLost;
  }

  get stream() { return this.#stream; }

  get track() { return this.#stream?.getAudioTracks()[0] ?? null; }

  /** The id of the one that is open, where the browser names it; null where none is, or it was lost. */
  get id() { return this.track?.readyState === 'live' ? this.track.getSettings?.().deviceId ?? null : null; }

  /** Whether it is a microphone that was open and has ended by itself. */
  get isLost() { return !this.#given && this.track?.readyState === 'ended'; }

  get isMicrophone() { return !this.#given; }

  get isMuted() { return this.#isMuted; }

  get isPushToTalk() { return this.#pushToTalk; }

  /** Whether what is said now is sent. */
  get isSending() { return !this.#isMuted && (!this.#pushToTalk || this.#isTalking); }

  /**
   * Opens the microphone that is wanted, or any other where that is gone; with `id` that one and no other, which is wanted
   * from now on (null: the system's default). The stream is the caller's until adopt (). Rejects with a VoiceGatewayError.
   */
  async open(id) {
    if (this.#given)
      return this.#given;
    const wanted = id === undefined ? this.#id : id;
    try {
      const stream = await openDevice(this.#constraints, wanted).catch((error) => {
        if (id === undefined && wanted !== null && MISSING.includes(error.name))
          return openDevice(this.#constraints, null);
        throw error;
      });
      this.#id = wanted;
      return stream;
    } catch (cause) {
      throw errorFromMicrophone(cause);
    }
  }

  /** Sends `stream` from now on. The one before is the caller's then. */
  adopt(stream) {
    for (const track of this.#stream?.getAudioTracks() ?? [])
      track.onended = null;
    this.#stream = stream;
    for (const track of stream.getAudioTracks())
      track.onended = () => this.#onLost();
    this.#apply();
  }

  mute(isMuted) {
    this.#isMuted = isMuted;
    this.#apply();
  }

  setPushToTalk(isOn) {
    this.#pushToTalk = isOn;
    this.#isTalking = false;
    this.#apply();
  }

  talk(isTalking) {
    this.#isTalking = isTalking;
    this.#apply();
  }

  /** Stops `stream`, unless it is the page's own. */
  release(stream) {
    for (const track of stream.getAudioTracks())
      track.onended = null;
    if (stream !== this.#given)
      closeStream(stream);
  }

  close() {
    if (this.#stream)
      this.release(this.#stream);
    this.#stream = null;
  }

  #apply() {
    for (const track of this.#stream?.getAudioTracks() ?? [])
      track.enabled = this.isSending;
  }
}
