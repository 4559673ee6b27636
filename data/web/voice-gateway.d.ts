/* Types of voice-gateway.js; docs/CLIENT.md has the words. */

export type CallErrorCodeValue =
  | 'unsupported-browser' | 'insecure-context'
  | 'no-microphone' | 'permission-refused' | 'microphone-failed' | 'microphone-lost'
  | 'gateway-unreachable' | 'gateway-lost' | 'wrong-address'
  | 'unauthorized' | 'busy' | 'engine' | 'bad-request' | 'gateway-error' | 'ended-by-gateway' | 'session-gone' | 'replaced'
  | 'udp-blocked' | 'media-lost' | 'playback-blocked' | 'no-speaker'
  | 'timeout' | 'hung-up' | 'bad-state';

export const CallErrorCode: {
  readonly UNSUPPORTED_BROWSER: 'unsupported-browser';
  readonly INSECURE_CONTEXT: 'insecure-context';
  readonly NO_MICROPHONE: 'no-microphone';
  readonly PERMISSION_REFUSED: 'permission-refused';
  readonly MICROPHONE_FAILED: 'microphone-failed';
  /** It was unplugged or taken away in the middle of a call, which goes on: see restartMicrophone (). */
  readonly MICROPHONE_LOST: 'microphone-lost';
  readonly GATEWAY_UNREACHABLE: 'gateway-unreachable';
  readonly GATEWAY_LOST: 'gateway-lost';
  /** Something answers at the call's address, but takes no calls: often the /ws at its end is missing. */
  readonly WRONG_ADDRESS: 'wrong-address';
  readonly UNAUTHORIZED: 'unauthorized';
  readonly BUSY: 'busy';
  readonly ENGINE: 'engine';
  /** What the call's address asks for is not there: an engine of another name. */
  readonly BAD_REQUEST: 'bad-request';
  readonly GATEWAY_ERROR: 'gateway-error';
  readonly ENDED_BY_GATEWAY: 'ended-by-gateway';
  /** The gateway has no such session any more: it was restarted, or the call was away for too long. */
  readonly SESSION_GONE: 'session-gone';
  /** Another page has taken the call over. */
  readonly REPLACED: 'replaced';
  readonly UDP_BLOCKED: 'udp-blocked';
  readonly MEDIA_LOST: 'media-lost';
  /** The browser plays nothing before a click: see resumePlayback (). */
  readonly PLAYBACK_BLOCKED: 'playback-blocked';
  readonly NO_SPEAKER: 'no-speaker';
  readonly TIMEOUT: 'timeout';
  readonly HUNG_UP: 'hung-up';
  readonly BAD_STATE: 'bad-state';
};

export type CallStateValue = 'idle' | 'microphone' | 'signaling' | 'connecting' | 'active' | 'recovering' | 'ended';

export const CallState: {
  readonly IDLE: 'idle';
  /** The browser is asking for the microphone. */
  readonly MICROPHONE: 'microphone';
  /** The WebSocket is being opened. */
  readonly SIGNALING: 'signaling';
  /** Offer and answer, then ICE and DTLS. */
  readonly CONNECTING: 'connecting';
  /** Audio runs in both directions. */
  readonly ACTIVE: 'active';
  /** The way to the gateway, or the audio path, is interrupted and may come back; `reason` says which. */
  readonly RECOVERING: 'recovering';
  readonly ENDED: 'ended';
};

export class VoiceGatewayError extends Error {
  constructor(code: CallErrorCodeValue, message: string,
    detail?: { reason?: string | null; fatal?: boolean; cause?: unknown });
  readonly name: 'VoiceGatewayError';
  readonly code: CallErrorCodeValue;
  /** The gateway's own word for it (an error code or the reason of an end), where it gave one. */
  readonly reason: string | null;
  /** Whether the call is over. */
  readonly fatal: boolean;
}

/** Throws a VoiceGatewayError where this browser, or this page's address, cannot make a call at all. */
export function checkBrowser(scope?: object): void;

export interface Device {
  id: string;
  /** Its name, for people. */
  label: string;
}

export interface Devices {
  microphones: Device[];
  /** Empty where the browser lets no page choose. */
  speakers: Device[];
}

/** The devices that there are now, without the system's default, whose id is null. Empty before a page was allowed to use
 * the microphone. */
export function listDevices(): Promise<Devices>;
/** Calls `listener` whenever a device was plugged in or taken away. Returns what ends that. */
export function watchDevices(listener: (devices: Devices) => void): () => void;
/** Whether this browser lets a page choose the loudspeaker. */
export function canChooseSpeaker(): boolean;

/** Whether an earlier page of this tab has left a call to `url` that a new one with `resumeAfterReload` takes over. */
export function canResume(url: string | URL, options?: { engine?: string | null }): boolean;

export interface CallOptions {
  /** The name of the engine to speak with, one of `engines`. Default: the one of the url's own `engine=`, or else the
   * gateway's default. Any other name ends the call with `bad-request`. */
  engine?: string | null;
  /** Plays the far side. Default: an element that is in no document. */
  audio?: HTMLAudioElement | null;
  /** Sent in place of the microphone; it is not stopped at the end. */
  stream?: MediaStream | null;
  /** Of the microphone. Default: echo cancellation, noise suppression, automatic gain, one channel. */
  constraints?: MediaTrackConstraints | boolean;
  /** One of listDevices (), such as the choice of an earlier visit; where it is gone, the system's default is taken. */
  microphoneId?: string | null;
  speakerId?: string | null;
  /** 0 to 1. Default 1. */
  volume?: number;
  /** Silence is sent, but while talk (true). Default false. */
  pushToTalk?: boolean;
  /** Beside those that the gateway names. */
  iceServers?: RTCIceServer[];
  /** Opens the data channel `events`. Default true; without it events go through the WebSocket. */
  dataChannel?: boolean;
  /** An access token, or what gets one for each connection. */
  token?: string | (() => string | null | Promise<string | null>) | null;
  /** Opens again what breaks in the middle of a call, where the gateway keeps the session. Default true. */
  reconnect?: boolean;
  /** How long that is tried before the call ends. Default 30000. */
  recoverTimeoutMs?: number;
  /** Where the gateway has no such session any more: the call ends with `session-gone` (default), or the same object goes on
   * with a new session. */
  sessionGone?: 'end' | 'new-call';
  /** The call of a page that is left or loaded again goes on in the next page of the tab that makes a call to the same url
   * with this option, for about 30 s; see canResume (). Without it the call is hung up. Default false. */
  resumeAfterReload?: boolean;
  /** Keeps the screen on while the call runs: a phone that locks itself stops the page. Default false. */
  wakeLock?: boolean;
  /** Bound of each of: opening the WebSocket, waiting for the answer. Default 10000. */
  signalingTimeoutMs?: number;
  /** From the answer to running audio. Default 15000. */
  connectTimeoutMs?: number;
  /** Default 1000. */
  statsIntervalMs?: number;
}

export interface CallStateEvent {
  state: CallStateValue;
  previous: CallStateValue;
  /** Of an end: `hung-up`, or the gateway's reason (`client-bye`, `shutdown`, `max-duration`, …), or where the library ended
   * the call `error.reason` or else `error.code`. Of `recovering`: `signaling-lost`, `media-lost`, or the gateway's. */
  reason: string | null;
  /** Of an end that was no orderly one. */
  error: VoiceGatewayError | null;
}

export type CallTrackEvent =
  /** What this page hears. */
  | { direction: 'in'; track: MediaStreamTrack; stream: MediaStream }
  /** What the gateway says it receives. */
  | { direction: 'out'; kind: string; codec: string; clockRate: number; ssrc: number; mid: string };

export interface CallStats {
  rttMs: number | null;
  jitterInMs: number | null;
  jitterOutMs: number | null;
  /** Share of packets lost since the last reading, 0 to 1. */
  lossIn: number | null;
  /** The same as the gateway reports it, about every five seconds. */
  lossOut: number | null;
  packetsIn: number;
  packetsOut: number;
  bytesIn: number;
  bytesOut: number;
  /** "opus", "PCMU", … */
  codec: string | null;
  /** Of this side's end of the path: "host", "srflx", "prflx", "relay". */
  candidateType: string | null;
  durationMs: number;
}

export interface DtmfOptions {
  /** Of each key, 40 to 6000. Default 100. */
  durationMs?: number;
  /** Between two keys, at least 30. Default 70. */
  gapMs?: number;
}

export interface CallSignal {
  /** `local`: something that happened in the browser, such as an ICE state. */
  direction: 'in' | 'out' | 'local';
  type: string;
  payload: unknown;
  at: Date;
}

export interface CallTranscript {
  role: 'user' | 'bot';
  text: string;
  /** One that is not final is replaced by the next of its role. */
  isFinal: boolean;
}

export interface CallEngineState {
  state: 'connecting' | 'ready' | 'unreachable' | 'lost' | 'failed';
  /** The name of what takes over; null where it is the same engine. */
  engine: string | null;
  /** The event's own type: `engine-connected`, `engine-restored`, `engine-fallback`, … */
  type: string;
}

export interface CallSession {
  id: string;
  isResumed: boolean;
  /** How many messages of the gateway are lost for good. */
  missed: number;
}

export interface CallRetry {
  /** 1, 2, … since the WebSocket was good. */
  attempt: number;
  delayMs: number;
  /** Whether both sides hear each other meanwhile. */
  isAudioRunning: boolean;
}

export interface CallEvents {
  state: CallStateEvent;
  track: CallTrackEvent;
  /** An application event from the engine: whatever it sent. Those below are told apart as well. */
  event: unknown;
  transcript: CallTranscript;
  /** What the bot writes rather than speaks. */
  text: { text: string };
  /** Whether the gateway hears the caller speak. */
  speech: { isSpeaking: boolean };
  /** The bot's voice was cut off: of its present utterance `playedMs` were played, `clearedMs` were not. */
  interrupted: { playedMs: number; clearedMs: number };
  engine: CallEngineState;
  /** The gateway has greeted: a session began, or goes on after an interruption. */
  session: CallSession;
  /** The WebSocket will be opened again. */
  reconnecting: CallRetry;
  /** A device was plugged in or taken away; what is in use now. */
  devices: Devices & { microphoneId: string | null; speakerId: string | null };
  /** The browser holds the sound back, or plays it again: see resumePlayback (). */
  playback: { isBlocked: boolean };
  /** With `fatal` false the call goes on. */
  error: VoiceGatewayError;
  stats: CallStats;
  signal: CallSignal;
}

export class VoiceGatewayCall {
  /** @param url ws(s)://…/ws, http(s)://…/ws, or relative to the page. Throws a TypeError for any other. */
  constructor(url: string | URL, options?: CallOptions);

  get state(): CallStateValue;
  get sessionId(): string | null;
  /** Whether this call was begun by an earlier page of the tab (`resumeAfterReload`). */
  get resumed(): boolean;
  /** The names that the option `engine` may have at this gateway. Empty before the state `connecting`, and at a gateway
   * that offers no choice. */
  get engines(): string[];
  /** The name of this call's engine; null before the state `connecting`. */
  get engine(): string | null;
  get muted(): boolean;
  get pushToTalk(): boolean;
  get volume(): number;
  /** Of the microphone that is open; null where none is, and where the browser does not name it. */
  get microphoneId(): string | null;
  /** Null is the system's default. */
  get speakerId(): string | null;
  /** Whether the browser holds the sound back until resumePlayback () is called from a click. */
  get playbackBlocked(): boolean;
  /** Milliseconds from the first audio to now, or to the end of the call; 0 before that. */
  get durationMs(): number;

  /** Returns what takes the listener off again. */
  on<K extends keyof CallEvents>(name: K, listener: (value: CallEvents[K]) => void): () => void;
  off<K extends keyof CallEvents>(name: K, listener: (value: CallEvents[K]) => void): void;

  /** Resolves when audio runs in both directions. Rejects with a VoiceGatewayError; `hung-up` if hangUp () came first.
   * `signal` ends the attempt, which rejects with its reason then; once the call runs it means nothing. */
  connect(options?: { signal?: AbortSignal | null }): Promise<void>;
  /** Ends the call, or the attempt to make it. Harmless when it is over. */
  hangUp(): void;
  /** Tries at once what would be tried later, while the call is recovering. In an active call: restarts ICE. */
  retryNow(): void;
  /** Opens the microphone again, after an error `microphone-lost`. Rejects with an error that is not fatal: of the
   * microphone, or `bad-state` where no call runs and where it sends a stream of the page's own. */
  restartMicrophone(): Promise<void>;
  /** Sends the microphone `id`, or with null the system's default. Rejects as restartMicrophone (), and goes on as before. */
  useMicrophone(id: string | null): Promise<void>;
  /** Plays through the loudspeaker `id`, or with null through the system's default; also before the call. Rejects with
   * `no-speaker`, which is not fatal, and goes on as before. */
  useSpeaker(id: string | null): Promise<void>;
  /** From 0 to 1, also before the call; throws a TypeError for anything else. */
  setVolume(volume: number): void;
  /** Sends silence in place of the microphone (default), or with false the microphone again. */
  mute(isMuted?: boolean): void;
  /** Switches push-to-talk on (default) or off. */
  setPushToTalk(isOn?: boolean): void;
  /** With push-to-talk: sends the microphone (default), or with false silence again. */
  talk(isTalking?: boolean): void;
  /**
   * Sends an application event to the engine. While the call is being made or is recovering, up to 64 wait until it runs.
   * Throws `bad-state` above that, and where there is no call.
   */
  sendEvent(event: unknown): void;
  /** Presses keys of a telephone (RFC 4733): 0-9, *, #, A-D, and a comma for a pause of two seconds. Spaces are left
   * out. Resolves when they have been sent, after those of earlier calls. Rejects with a TypeError for other keys, and
   * with `bad-state` where no call runs, where it takes no keys, and where it ends first. */
  sendDtmf(keys: string, options?: DtmfOptions): Promise<void>;
  /** Root mean square over the last 21 ms, 0 to 1. Ask once per drawn frame. */
  readLevels(): { microphone: number; remote: number };
  /** What the event `stats` would be now; null where no call runs. */
  getStats(): Promise<CallStats | null>;
  /** Lets the far side be heard, from a click, where `playbackBlocked`. */
  resumePlayback(): Promise<void>;
}
