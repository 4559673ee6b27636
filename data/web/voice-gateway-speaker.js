/* Where the far side is heard: an <audio> element, its volume, its loudspeaker, and whether the browser lets it play. */

import { canChooseSpeaker } from './voice-gateway-devices.js';
import { CallErrorCode, VoiceGatewayError } from './voice-gateway-error.js';

const noSpeaker = (message, cause) => new VoiceGatewayError(CallErrorCode.NO_SPEAKER, message, { cause, fatal: false });

export class Speaker {
  #audio;
  #id = null;
  #isBlocked = false;
  #onBlocked;

  /** @param onBlocked is called with (isBlocked, cause) when the browser holds the sound back, and when it plays */
  constructor(audio, volume, onBlocked) {
    this.#audio = audio;
    this.#audio.volume = volume;
    this.#onBlocked = onBlocked;
  }

  /** Null for the system's default. */
  get id() { return this.#id; }

  get isBlocked() { return this.#isBlocked; }

  /** From 0 to 1. iOS has one volume for everything, which no page can change. */
  set volume(volume) { this.#audio.volume = volume; }

  /** Plays through the loudspeaker `id`. Rejects with `no-speaker`, and plays where it did before. */
  async choose(id) {
    if (!canChooseSpeaker())
      throw noSpeaker('This browser does not let a page choose the loudspeaker');
    try {
      await this.#audio.setSinkId(id ?? '');
      this.#id = id;
    } catch (cause) {
      throw noSpeaker(`The loudspeaker cannot be used: ${cause.message}`, cause);
    }
  }

  play(stream) {
    this.#audio.srcObject = stream;
    this.resume().catch(() => {}); // onBlocked () is called
  }

  /** Tries again to play. From a click it is allowed. */
  async resume() {
    const stream = this.#audio.srcObject;
    try {
      await this.#audio.play();
    } catch (cause) {
      if (this.#audio.srcObject === stream && stream !== null) // else it was interrupted by another stream
        this.#setBlocked(true, cause);
      throw cause;
    }
    this.#setBlocked(false);
  }

  close() {
    this.#audio.srcObject = null;
    this.#onBlocked = () => {};
    this.#isBlocked = false;
  }

  #setBlocked(isBlocked, cause) {
    const hasChanged = this.#isBlocked !== isBlocked;
    this.#isBlocked = isBlocked;
    if (hasChanged)
      this.#onBlocked(isBlocked, cause);
  }
}
