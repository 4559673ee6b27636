/* What a call needs of a browser, and how loud its two sides are. */

import { CallErrorCode, VoiceGatewayError } from './voice-gateway-error.js';

const METER_WINDOW = 1024; // samples, about 21 ms at 48 kHz

/** What makes speech out of what a microphone hears in a room. */
export const DEFAULT_CONSTRAINTS = Object.freeze({
  echoCancellation: true,
  noiseSuppression: true,
  autoGainControl: true,
  channelCount: 1,
});

/** Throws where this browser, or this page's address, cannot make a call at all. */
export function checkBrowser(scope = globalThis) {
  if (scope.isSecureContext === false)
    throw new VoiceGatewayError(CallErrorCode.INSECURE_CONTEXT,
      'Browsers give a microphone only to pages from https:// or from this machine');
  if (!scope.RTCPeerConnection || !scope.WebSocket || !scope.navigator?.mediaDevices?.getUserMedia)
    throw new VoiceGatewayError(CallErrorCode.UNSUPPORTED_BROWSER, 'This browser has no WebRTC');
}

/** Measures streams. One AudioContext, closed by close (). A browser without one measures silence. */
export class LevelMeters {
  #context = null;
  #meters = new Map();

  constructor() {
    try {
      this.#context = new AudioContext({ latencyHint: 'interactive' });
      this.resume();
    } catch {
      this.#context = null; // a call without meters is better than no call
    }
  }

  /** Browsers let it measure nothing before a click. */
  resume() {
    this.#context?.resume().catch(() => {});
  }

  /** Measures `stream` under `name`, in place of what had that name. */
  watch(name, stream) {
    if (!this.#context || stream.getAudioTracks().length === 0)
      return;
    this.#meters.get(name)?.source.disconnect();
    const source = this.#context.createMediaStreamSource(stream);
    const analyser = this.#context.createAnalyser();
    analyser.fftSize = METER_WINDOW;
    source.connect(analyser);
    this.#meters.set(name, { source, analyser, window: new Float32Array(METER_WINDOW) });
  }

  /** The root mean square of the last 21 ms, 0 to 1. */
  read(name) {
    const meter = this.#meters.get(name);
    if (!meter)
      return 0;
    meter.analyser.getFloatTimeDomainData(meter.window);
    let sum = 0;
    for (const sample of meter.window)
      sum += sample * sample;
    return Math.sqrt(sum / METER_WINDOW);
  }

  close() {
    for (const { source } of this.#meters.values())
      source.disconnect();
    this.#meters.clear();
    this.#context?.close().catch(() => {});
    this.#context = null;
  }
}
