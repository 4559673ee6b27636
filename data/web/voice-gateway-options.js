/* What a call can be made with (docs/CLIENT.md). Pure: no browser needed. */

import { DEFAULT_CONSTRAINTS } from './voice-gateway-audio.js';

const SESSION_GONE = ['end', 'new-call'];

export const DEFAULT_OPTIONS = Object.freeze({
  engine: null,             // the name of the engine to speak with; the gateway has a default
  audio: null,              // an <audio> element to play the far side; one is made where none is given
  stream: null,             // a MediaStream to send in place of the microphone; it is not stopped at the end
  constraints: DEFAULT_CONSTRAINTS,
  microphoneId: null,       // one of listDevices (), preferred to the system's default
  speakerId: null,
  volume: 1,
  pushToTalk: false,        // silence, but while talk (true)
  iceServers: Object.freeze([]), // beside those that the gateway names
  dataChannel: true,        // open the data channel `events`; without it events go through the WebSocket
  token: null,              // an access token, or a function that gets one for each connection; it may be asynchronous
  reconnect: true,          // what breaks in the middle of a call is opened again
  recoverTimeoutMs: 30000,  // how long; then the call ends
  sessionGone: 'end',       // what to do where the gateway has no such session any more: end, or new-call
  resumeAfterReload: false, // the call of a page that is left goes on in the next one of the tab
  wakeLock: false,          // the screen stays on while the call runs
  signalingTimeoutMs: 10000, // from opening the WebSocket to the gateway's answer, in two parts of that length
  connectTimeoutMs: 15000,  // from the answer to running audio
  statsIntervalMs: 1000,
});

/** `volume` as a loudspeaker takes it. Throws a TypeError for what is none. */
export function readVolume(volume) {
  if (!(volume >= 0 && volume <= 1))
    throw new TypeError(`${volume}: a volume is a number from 0 to 1`);
  return Number(volume);
}

/** All options of a call, the missing ones by default. Throws a TypeError for a value that can mean nothing. */
export function readOptions(options) {
  const all = { ...DEFAULT_OPTIONS, ...options };
  readVolume(all.volume);
  if (!SESSION_GONE.includes(all.sessionGone))
    throw new TypeError(`${all.sessionGone}: the option sessionGone is ${SESSION_GONE.join(' or ')}`);
  if (all.token !== null && !['string', 'function'].includes(typeof all.token))
    throw new TypeError('The option token is a string, or a function that returns one');
  return all;
}
