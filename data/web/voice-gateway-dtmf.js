/* Keys that are pressed during a call, as telephone events (RFC 4733): one row of keys after the other. */

import { CallErrorCode, VoiceGatewayError } from './voice-gateway-error.js';

const KEYS = /^[0-9A-D*#,]+$/; // what RTCDTMFSender takes; a comma is a pause of two seconds
const DURATION_MS = 100; // of one key, and the pause after it: what every receiver understands (ITU-T Q.24 wants 40)
const GAP_MS = 70;
const ENDED = 'The audio connection ended before the keys were sent';

const notNow = (message) => new VoiceGatewayError(CallErrorCode.BAD_STATE, message, { fatal: false });

/** `keys` as the browser takes them: capital letters, no spaces. Throws a TypeError for what no telephone has. */
export function normaliseKeys(keys) {
  const pressed = String(keys).replace(/\s/g, '').toUpperCase();
  if (!KEYS.test(pressed))
    throw new TypeError(`${keys}: keys are the digits, *, #, A to D, and a comma for a pause`);
  return pressed;
}

export class DtmfQueue {
  #sender;
  #last = Promise.resolve(); // never rejects
  #isClosed = false;
  #abandon = null; // ends the wait for what is being sent

  /** @param sender the RTCDTMFSender of the call's RTCRtpSender; null where the browser has none */
  constructor(sender) {
    this.#sender = sender;
  }

  /** Resolves when `keys` have been sent, after all keys before them. Rejects when the call ends first. */
  send(keys, { durationMs = DURATION_MS, gapMs = GAP_MS } = {}) {
    const sent = this.#last.then(() => this.#insert(keys, durationMs, gapMs));
    this.#last = sent.catch(() => {});
    return sent;
  }

  /** What has not been sent is not sent any more: the connection has ended, and maybe the call. */
  close() {
    this.#isClosed = true;
    this.#abandon?.();
  }

  #insert(keys, durationMs, gapMs) {
    return new Promise((resolve, reject) => {
      if (this.#isClosed)
        throw notNow(ENDED);
      if (!this.#sender || this.#sender.canInsertDTMF === false) // Firefox has it from version 129 on
        throw notNow('This call takes no keys: telephone-event is not part of it');
      const finish = (settle, value) => {
        this.#sender.ontonechange = this.#abandon = null;
        settle(value);
      };
      this.#abandon = () => finish(reject, notNow(ENDED));
      this.#sender.ontonechange = ({ tone }) => {
        if (tone === '') // after the last one and its pause
          finish(resolve);
      };
      this.#sender.insertDTMF(keys, durationMs, gapMs);
    });
  }
}
