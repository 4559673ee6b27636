/* All of a call that can be heard: microphone, loudspeaker, the levels of both sides, and the devices that come and go. */

import { LevelMeters } from './voice-gateway-audio.js';
import { watchDevices } from './voice-gateway-devices.js';
import { Microphone } from './voice-gateway-microphone.js';
import { Speaker } from './voice-gateway-speaker.js';

export class Sound {
  #options;
  #on;
  #microphone;
  #meters = null;
  #speaker = null;
  #unwatch = () => {};

  /**
   * @param handlers `microphoneLost ()`; `playback (isBlocked, cause)`; `replaced (track)`: another microphone is sent from now
   *                 on, what it returns is waited for; `devices (devices)`; `signal (direction, type, payload)`
   */
  constructor(options, handlers) {
    this.#options = options;
    this.#on = handlers;
    this.#microphone = new Microphone(options, handlers.microphoneLost);
  }

  get microphone() { return this.#microphone; }

  /** Null before start () and after close (). */
  get speaker() { return this.#speaker; }

  /** Makes what plays and measures; in the turn of a click, since an AudioContext that is made later may stay silent. */
  start({ volume, speakerId }) {
    this.#meters = new LevelMeters();
    this.#speaker = new Speaker(this.#options.audio ?? new Audio(), volume, this.#on.playback);
    if (speakerId !== null) // a choice of an earlier visit, which may be gone
      this.#speaker.choose(speakerId).catch((error) => this.#on.signal('local', 'speaker', { message: error.message }));
  }

  /** Opens the microphone. Rejects with a VoiceGatewayError; false where the call was closed meanwhile. */
  async open() {
    const stream = await this.#microphone.open();
    if (!this.#adopt(stream))
      return false;
    this.#unwatch = watchDevices((devices) => this.#onDevices(devices));
    return true;
  }

  /** Sends the microphone `id`, or without one that which is wanted. Rejects as open (); false as there. */
  async switchMicrophone(id) {
    const stream = await this.#microphone.open(id);
    const before = this.#microphone.stream;
    if (!this.#adopt(stream))
      return false;
    try {
      await this.#on.replaced(this.#microphone.track);
    } finally {
      this.#microphone.release(before);
    }
    return true;
  }

  /** What the far side sends, to be heard from now on. */
  play(stream) {
    this.#speaker.play(stream);
    this.#meters.watch('remote', stream);
  }

  readLevels() {
    return { microphone: this.#meters?.read('microphone') ?? 0, remote: this.#meters?.read('remote') ?? 0 };
  }

  async resume() {
    this.#meters?.resume();
    await this.#speaker?.resume();
  }

  close() {
    this.#unwatch();
    this.#microphone.close();
    this.#meters?.close();
    this.#speaker?.close();
    this.#meters = this.#speaker = null;
  }

  #adopt(stream) {
    if (this.#speaker === null) { // closed while the browser was asking
      this.#microphone.release(stream);
      return false;
    }
    this.#microphone.adopt(stream);
    this.#meters.watch('microphone', stream);
    return true;
  }

  /* A microphone that was lost is opened again, or another one in its place; what was played on a loudspeaker that is gone
   * goes to the system's default. */
  async #onDevices(devices) {
    const { id } = this.#speaker ?? { id: null };
    if (id !== null && !devices.speakers.some((speaker) => speaker.id === id))
      await this.#speaker.choose(null).catch(() => {});
    if (this.#speaker !== null && this.#microphone.isLost && devices.microphones.length > 0)
      await this.switchMicrophone().catch(() => {}); // the page has the error of its loss
    if (this.#speaker !== null)
      this.#on.devices(devices);
  }
}
