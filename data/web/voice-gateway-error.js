/* What can go wrong with a call, as one error class with a code that the caller acts on. Pure: no browser needed. */

/** Every code a VoiceGatewayError can have. The values are stable; the messages are for people and may change. */
export const CallErrorCode = Object.freeze({
  /* before anything is sent */
  UNSUPPORTED_BROWSER: 'unsupported-browser',
  INSECURE_CONTEXT: 'insecure-context',
  NO_MICROPHONE: 'no-microphone',
  PERMISSION_REFUSED: 'permission-refused',
  MICROPHONE_FAILED: 'microphone-failed',
  /* in the middle of a call, which goes on */
  MICROPHONE_LOST: 'microphone-lost',
  /* the WebSocket */
  GATEWAY_UNREACHABLE: 'gateway-unreachable',
  GATEWAY_LOST: 'gateway-lost',
  WRONG_ADDRESS: 'wrong-address',
  /* said by the gateway */
  UNAUTHORIZED: 'unauthorized',
  BUSY: 'busy',
  ENGINE: 'engine',
  BAD_REQUEST: 'bad-request',
  GATEWAY_ERROR: 'gateway-error',
  ENDED_BY_GATEWAY: 'ended-by-gateway',
  SESSION_GONE: 'session-gone',
  REPLACED: 'replaced',
  /* the audio path */
  UDP_BLOCKED: 'udp-blocked',
  MEDIA_LOST: 'media-lost',
  PLAYBACK_BLOCKED: 'playback-blocked',
  NO_SPEAKER: 'no-speaker',
  /* the rest */
  TIMEOUT: 'timeout',
  HUNG_UP: 'hung-up',
  BAD_STATE: 'bad-state',
});

/** An error of a call. `fatal` says whether the call is over; `reason` is the gateway's own word where it gave one. */
export class VoiceGatewayError extends Error {
  constructor(code, message, { reason = null, fatal = true, cause } = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'VoiceGatewayError';
    this.code = code;
    this.reason = reason;
    this.fatal = fatal;
  }
}

/* getUserMedia () rejects with a DOMException: https://www.w3.org/TR/mediacapture-streams/#dom-mediadevices-getusermedia */
const MICROPHONE_ERRORS = new Map([
  ['NotFoundError', [CallErrorCode.NO_MICROPHONE, 'No microphone was found']],
  ['OverconstrainedError', [CallErrorCode.NO_MICROPHONE, 'No microphone fits the constraints']],
  ['NotAllowedError', [CallErrorCode.PERMISSION_REFUSED, 'The microphone was not allowed']],
  ['SecurityError', [CallErrorCode.PERMISSION_REFUSED, 'The microphone is switched off for this page']],
  ['NotReadableError', [CallErrorCode.MICROPHONE_FAILED, 'The microphone could not be opened']],
  ['AbortError', [CallErrorCode.MICROPHONE_FAILED, 'The microphone could not be started']],
]);

/** The error for what getUserMedia () rejected with. */
export function errorFromMicrophone(cause) {
  const [code, message] = MICROPHONE_ERRORS.get(cause?.name)
    ?? [CallErrorCode.MICROPHONE_FAILED, `The microphone failed: ${cause?.message ?? cause}`];
  return new VoiceGatewayError(code, message, { cause });
}

const WIRE_CODES = new Map([
  ['busy', CallErrorCode.BUSY],
  ['unauthorized', CallErrorCode.UNAUTHORIZED],
  ['engine', CallErrorCode.ENGINE],
  ['bad-request', CallErrorCode.BAD_REQUEST],
  ['timeout', CallErrorCode.TIMEOUT],
  ['gone', CallErrorCode.SESSION_GONE],
]);

/** The error for an `error` message of the gateway; a code it did not have when this was written is `gateway-error`. */
export function errorFromWire(payload) {
  const wire = String(payload?.code ?? 'internal');
  const code = WIRE_CODES.get(wire) ?? CallErrorCode.GATEWAY_ERROR;
  const message = String(payload?.message || `The gateway reported "${wire}"`);
  return new VoiceGatewayError(code, message, { reason: wire, fatal: payload?.fatal === true });
}

/* Why a session ended, as `state: ended` says it. Those that are missing here are plain ends of a call. */
const END_REASONS = new Map([
  ['offer-timeout', [CallErrorCode.TIMEOUT, 'The gateway waited too long for this page']],
  ['connect-timeout', [CallErrorCode.UDP_BLOCKED, 'The audio connection could not be made in time']],
  ['media-timeout', [CallErrorCode.MEDIA_LOST, 'The gateway no longer hears this page']],
  ['max-duration', [CallErrorCode.ENDED_BY_GATEWAY, 'The call reached the longest time allowed']],
  ['fingerprint-mismatch', [CallErrorCode.UNAUTHORIZED, 'The encryption of the audio did not match the offer']],
  ['flood', [CallErrorCode.ENDED_BY_GATEWAY, 'This page sent far more audio than a call may']],
  ['refused', [CallErrorCode.UNAUTHORIZED, 'The gateway refused the call']],
  ['admission-timeout', [CallErrorCode.BUSY, 'The gateway could not admit the call in time']],
  ['shutdown', [CallErrorCode.ENDED_BY_GATEWAY, 'The gateway is being shut down']],
  ['operator', [CallErrorCode.ENDED_BY_GATEWAY, 'The operator of the gateway ended the call']],
  ['error', [CallErrorCode.GATEWAY_ERROR, 'The gateway ended the call after an error']],
]);

/** The error for the reason of a `state: ended`; null where it was an orderly end (`client-bye`, the engine's hang-up). */
export function errorFromEndReason(reason) {
  const known = END_REASONS.get(reason);
  return known ? new VoiceGatewayError(known[0], known[1], { reason }) : null;
}

/* RFC 6455 section 7.4.1 and the IANA registry of close codes. */
const WS_GOING_AWAY = 1001;
/** No close frame came. */
export const WS_ABNORMAL_CLOSURE = 1006;
const WS_POLICY_VIOLATION = 1008;
const WS_TRY_AGAIN_LATER = 1013;
/** The gateway's own: another socket has taken the session over. */
export const WS_REPLACED = 4001;

/** The error for a WebSocket that closed although the call was not over. */
export function errorFromClose(wasOpen, code, closeReason = '') {
  const reason = closeReason || null;
  if (code === WS_REPLACED)
    return new VoiceGatewayError(CallErrorCode.REPLACED, 'Another page has taken the call over', { reason: 'replaced' });
  if (code === WS_TRY_AGAIN_LATER)
    return new VoiceGatewayError(CallErrorCode.BUSY, 'The gateway takes no more calls now', { reason });
  if (code === WS_POLICY_VIOLATION)
    return new VoiceGatewayError(CallErrorCode.UNAUTHORIZED, 'The gateway refused this page', { reason });
  if (wasOpen && code === WS_GOING_AWAY)
    return new VoiceGatewayError(CallErrorCode.ENDED_BY_GATEWAY, 'The gateway is being shut down', { reason: 'shutdown' });
  if (wasOpen)
    return new VoiceGatewayError(CallErrorCode.GATEWAY_LOST, `The connection to the gateway broke (${code})`, { reason });
  return new VoiceGatewayError(CallErrorCode.GATEWAY_UNREACHABLE, 'The gateway does not answer', { reason });
}

/* A browser does not say why a WebSocket could not be opened. What a plain request to the same address gets does. */
const PROBE_ERRORS = new Map([
  [null, [CallErrorCode.GATEWAY_UNREACHABLE, 'The gateway does not answer', null]],
  [401, [CallErrorCode.UNAUTHORIZED, 'The gateway takes calls only with an access token', 'no-token']],
  [403, [CallErrorCode.UNAUTHORIZED, 'The gateway does not take calls from this page', 'refused']],
  [400, [CallErrorCode.GATEWAY_UNREACHABLE, 'The gateway is there, but no WebSocket reaches it', 'no-websocket']],
  [426, [CallErrorCode.GATEWAY_UNREACHABLE, 'The gateway is there, but no WebSocket reaches it', 'no-websocket']],
  [502, [CallErrorCode.GATEWAY_UNREACHABLE, 'The web server in front does not reach the gateway', 'behind-proxy']],
  [503, [CallErrorCode.BUSY, 'The gateway takes no more connections now', null]],
  [504, [CallErrorCode.GATEWAY_UNREACHABLE, 'The web server in front does not reach the gateway', 'behind-proxy']],
  ['opaque', [CallErrorCode.UNAUTHORIZED, 'There is a server at this address, but it takes no call from this page', 'other-origin']],
]);

/**
 * The error for a WebSocket that could not be opened, by what `probe ()` found. `hadToken`: it was opened with an access token,
 * which the plain request does not have. The gateway refuses a token on the open WebSocket, with words, so a 401 only tells
 * that it is there.
 */
export function errorFromProbe(found, { hadToken = false } = {}) {
  const [code, message, reason] = PROBE_ERRORS.get(found === 401 && hadToken ? 426 : found)
    ?? [CallErrorCode.WRONG_ADDRESS, `No gateway takes calls at this address (HTTP status ${found})`, null];
  return new VoiceGatewayError(code, message, { reason });
}

/** The error for a call without its access token. */
export function errorFromNoToken(cause) {
  return new VoiceGatewayError(CallErrorCode.UNAUTHORIZED, `There is no access token: ${cause?.message ?? cause}`,
    { cause, reason: 'no-token' });
}

/** The error for an audio path that could not be made; `wasIceConnected`: packets came through. */
export function errorFromConnect(wasIceConnected) {
  if (!wasIceConnected)
    return new VoiceGatewayError(CallErrorCode.UDP_BLOCKED, 'No audio packet gets through to the gateway');
  return new VoiceGatewayError(CallErrorCode.TIMEOUT, 'The encryption of the audio could not be set up');
}

/** What a call in the state `recovering` waits for. */
export const Loss = Object.freeze({ SIGNALING: 'signaling-lost', MEDIA: 'media-lost', GATEWAY: 'gateway' });

/** The error for what did not come back in time: a set of Loss. */
export function errorFromLoss(losses) {
  return losses.has(Loss.SIGNALING)
    ? new VoiceGatewayError(CallErrorCode.GATEWAY_LOST, 'The connection to the gateway broke and did not come back')
    : new VoiceGatewayError(CallErrorCode.MEDIA_LOST, 'The audio connection broke and did not come back');
}
