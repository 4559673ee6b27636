/* The page's texts: for each state of a call, and for each failure what happened and what to do. No side effects. */

/** What to show for a state: a short line, and a hint below it. */
export const STATE_WORDS = Object.freeze({
  idle: { status: 'Ready to call', hint: 'Your browser will ask for the microphone.' },
  microphone: { status: 'Waiting for the microphone', hint: 'Your browser asks for permission.' },
  signaling: { status: 'Connecting to the gateway…', hint: 'This takes a moment.' },
  connecting: { status: 'Connecting the audio…', hint: 'The gateway has answered.' },
  active: { status: 'In call', hint: 'You can speak now.' },
  recovering: { status: 'Connection interrupted', hint: 'Trying to get the audio back…' },
  ended: { status: 'Call ended', hint: 'The other side hung up.' },
});

/* States of the connection to the bot other than `ready`. */
const BOT_WORDS = Object.freeze({
  connecting: { status: 'Connecting to the bot…', hint: 'The call is connected; the bot is not connected yet.' },
  unreachable: { status: 'The bot is not reachable', hint: 'Trying again. You can wait, or hang up.' },
  lost: { status: 'The connection to the bot was lost', hint: 'Trying to reconnect. You can wait, or hang up.' },
  failed: { status: 'In call, without the bot', hint: 'The bot is no longer reachable. Hang up, then call again.' },
});

/* Descriptions of known engines: the built-in ones, and the assistant as scripts/run names it. */
const ANSWERS = Object.freeze({
  echo: 'An echo answers: you will hear yourself.',
  record: 'A recorder answers: you will hear yourself.',
  assistant: 'An assistant answers: ask it what time it is.',
});

/** A sentence about the engine; null if its name is not known. */
export function describeEngine(name) {
  return name ? ANSWERS[name] ?? `“${name}” answers.` : null;
}

/** What to show for a state before `active`, where a call of the page before the reload is continued. */
export function wordsInResumption(state) {
  const hint = state === 'microphone' ? 'Your browser may ask for the microphone again.' : 'The page was loaded again during the call.';
  return { status: 'Continuing the call…', hint };
}

/** What to show while a call is active, as for a state. `engine` is the name of the engine, or null. */
export function wordsInCall({ bot, engine, isMuted, isPushToTalk, hasMicrophone }) {
  if (!hasMicrophone)
    return { status: 'In call, without a microphone', hint: 'The bot does not hear you. See below for what to do.' };
  if (BOT_WORDS[bot])
    return BOT_WORDS[bot];
  if (isMuted)
    return { status: 'In call, muted', hint: 'The bot hears silence.' };
  if (isPushToTalk)
    return { status: STATE_WORDS.active.status, hint: 'Hold the button or the space bar while you speak.' };
  return { status: STATE_WORDS.active.status, hint: [STATE_WORDS.active.hint, describeEngine(engine)].filter(Boolean).join(' ') };
}

/** What to show while a call is recovering, by the reason of that state. */
export function wordsInRecovery(reason) {
  if (reason === 'signaling-lost')
    return { status: 'Reconnecting…', hint: 'The gateway is not reachable. The sound continues if your network allows it.' };
  return STATE_WORDS.recovering;
}

/** The help for each CallErrorCode that a caller can see. */
export const HELP = Object.freeze({
  'unsupported-browser': {
    title: 'This browser cannot make calls',
    what: 'It does not support WebRTC, or WebRTC is switched off.',
    steps: ['Use a current Chrome, Edge, Firefox or Safari.',
      'If an add-on or a company policy blocks WebRTC, allow it for this page.'],
  },
  'insecure-context': {
    title: 'The microphone is not available on this address',
    what: 'Browsers allow the microphone only on encrypted pages (https://) and on pages from the same computer.',
    steps: ['Open the page at an address that begins with https://.',
      'On the machine that runs the gateway, use http://127.0.0.1 or http://localhost.',
      'Operators: set http.tls-certificate and http.tls-key, or put a proxy with a certificate in front (docs/DEPLOY.md).'],
  },
  'no-microphone': {
    title: 'No microphone found',
    what: 'The browser finds no microphone on this device.',
    steps: ['Plug in a microphone or a headset, or switch on a Bluetooth one.',
      'Check whether it is listed in the sound settings of your system.',
      'Then press “Call again”.'],
  },
  'permission-refused': {
    title: 'The microphone is not allowed',
    what: 'The browser, or somebody using it, denied this page access to the microphone.',
    steps: ['Click the icon at the left of the address and set “Microphone” to “Allow”.',
      'On a phone or a Mac, the system’s privacy settings must also allow it for the browser.',
      'Then press “Call again”.'],
  },
  'microphone-failed': {
    title: 'The microphone does not work',
    what: 'It was found and it is allowed, but it could not be opened. Often another program is using it.',
    steps: ['Close other programs that use the microphone, such as a video meeting.',
      'Unplug the microphone and plug it in again.', 'Then call again.'],
  },
  'microphone-lost': {
    title: 'The microphone stopped',
    what: 'It was unplugged, switched off, or taken by another program. The call continues: you hear the bot, but it does not hear you.',
    steps: ['Plug the microphone in again, or select another one in the sound settings of your system.',
      'Then press “Use the microphone again”.'],
    action: 'Use the microphone again',
  },
  'wrong-address': {
    title: 'There is no gateway at this address',
    what: 'A web server answers, but it does not accept calls at this address.',
    steps: ['Check the address of the call: the address of a gateway ends in /ws.',
      'Operators: a proxy in front must pass /ws to the gateway.'],
  },
  'gateway-unreachable': {
    title: 'The gateway does not answer',
    what: 'The page was loaded, but nothing answers at the address of the call.',
    steps: ['Check your network connection, then press “Call again”.',
      'If it keeps happening, the gateway may have been stopped: tell whoever runs it.'],
  },
  'gateway-lost': {
    title: 'The connection to the gateway was lost',
    what: 'The gateway stopped during the call, or your network connection failed.',
    steps: ['Check your network connection, then press “Call again”.',
      'If it keeps happening, the gateway may have been stopped: tell whoever runs it.'],
  },
  'session-gone': {
    title: 'The gateway no longer has this call',
    what: 'It was restarted, or you were disconnected for too long.',
    steps: ['Press “Call again”: the conversation starts over.'],
  },
  replaced: {
    title: 'The call continues in another window',
    what: 'Another page of yours has resumed it.',
    steps: ['Look for it in your other tabs, or press “Call again” for a new call here.'],
  },
  'udp-blocked': {
    title: 'No audio connection',
    what: 'The gateway answered, but no audio packets (UDP) get through. Often a firewall or a company network blocks them.',
    steps: ['Try another network: at home, or a phone’s hotspot.',
      'If you use a VPN, switch it off; if you do not, try one.',
      'Operators: open the gateway’s UDP port, set ice.advertise to an address that callers can reach, or name a TURN server in ice.client-servers.'],
  },
  'media-lost': {
    title: 'The audio connection was lost',
    what: 'The call was connected, but audio packets no longer get through.',
    steps: ['Check your network connection: switching from Wi-Fi to mobile data can cause this.', 'Then press “Call again”.'],
  },
  busy: {
    title: 'All lines are busy',
    what: 'The gateway has reached its maximum number of calls.',
    steps: ['Wait a minute, then press “Call again”.', 'Operators: see limits.max-sessions and limits.max-sessions-per-address.'],
  },
  unauthorized: {
    title: 'The gateway refused the call',
    what: 'This page, or this caller, is not allowed to use the gateway.',
    steps: ['Load the page again from the gateway’s own address.',
      'Operators: see access.mode and access.origins.'],
  },
  engine: {
    title: 'The bot failed',
    what: 'The gateway works, but the bot (its speech engine) failed.',
    steps: ['Wait a moment, then press “Call again”.', 'If it keeps happening, tell whoever runs the gateway.'],
  },
  'bad-request': {
    title: 'The gateway does not have this bot',
    what: 'The address of this page selects a bot that the gateway does not offer.',
    steps: ['Select another one, or press “Call again” to call the gateway’s default bot.',
      'If a link or a bookmark led you here, it is out of date: tell whoever made it.',
      'Operators: set selectable = true in the group [engine NAME] of a bot that callers may select.'],
  },
  'gateway-error': {
    title: 'Something went wrong in the call',
    what: 'The gateway and this page did not understand each other.',
    steps: ['Load the page again, then call.', 'If it keeps happening, send the log below to whoever runs the gateway.'],
  },
  'ended-by-gateway': {
    title: 'The gateway ended the call',
    what: 'It is shutting down, or the call reached the maximum duration.',
    steps: ['Press “Call again” to continue.'],
  },
  timeout: {
    title: 'That took too long',
    what: 'A step of the call did not finish in the time allowed.',
    steps: ['Press “Call again”.', 'If it keeps happening, send the log below to whoever runs the gateway.'],
  },
  'no-speaker': {
    title: 'This loudspeaker cannot be used',
    what: 'It was unplugged, or the browser does not give it to this page. The sound goes where it went before.',
    steps: ['Plug it in again, or choose another one.'],
  },
  'playback-blocked': {
    title: 'The browser blocks the sound',
    what: 'It plays sound only after a click.',
    steps: [],
    action: 'Play the sound',
  },
});

const NEEDS_TOKEN = Object.freeze({
  title: 'This call needs an access token',
  what: 'The gateway accepts calls only with an access token. This page has none, or its token is not valid any more.',
  steps: ['Open this page with the link that you were given, or ask for a new link: tokens expire.',
    'Operators: “voice-gateway token” creates a token; add #token=TOKEN to the address of this page. '
      + 'For its own pages, an application creates tokens in its backend (examples/token-server.py).'],
});

/* More specific texts for the reasons that the gateway gives. */
const BY_REASON = Object.freeze({
  shutdown: { what: 'It is shutting down or restarting.', steps: ['Wait a minute, then press “Call again”.'] },
  'no-websocket': {
    title: 'The call does not get through to the gateway',
    what: 'The gateway answers, but something in between blocks WebSockets.',
    steps: ['Try without a VPN, without add-ons, or on another network: some of these block WebSockets.',
      'Operators: a proxy in front must pass Upgrade and Connection at /ws (nginx: proxy_set_header).'],
  },
  'behind-proxy': {
    what: 'The web server in front of it answers, but the gateway behind it does not.',
    steps: ['Wait a minute, then press “Call again”.', 'If it keeps happening, tell whoever runs the gateway.'],
  },
  unauthorized: NEEDS_TOKEN,
  'no-token': NEEDS_TOKEN,
  refused: {
    title: 'The gateway does not accept calls from this page',
    what: 'It accepts calls only from pages at its own address, and at addresses that its operator has listed.',
    steps: ['Load the page from the gateway’s own address.',
      'Operators: a proxy in front must pass the Host header unchanged (nginx: proxy_set_header Host $http_host), '
        + 'or list the address of this page in access.origins.'],
  },
  'other-origin': {
    title: 'The server does not accept calls from this page',
    what: 'The server has another address than this page. Either it is not a gateway, or it does not list this page’s address.',
    steps: ['Check the address of the call: the address of a gateway ends in /ws.',
      'Operators: list the address of this page in access.origins.'],
  },
  flood: { what: 'This page sent far more audio than a call may send.', steps: ['Load the page again, then call.'] },
  'max-duration': { what: 'The call reached the maximum duration that the gateway allows.' },
});

/** Errors of a microphone that is opened again during a call. */
export const MICROPHONE_CODES = ['no-microphone', 'permission-refused', 'microphone-failed'];

function inMidCall(help) {
  const { action, steps } = HELP['microphone-lost'];
  return { ...help, action, steps: [...help.steps.slice(0, -1), steps.at(-1)] }; // the last one is to call again
}

/** The help for an error of a call, as { title, what, steps, action }. */
export function helpFor(error) {
  const help = { action: null, ...(HELP[error.code] ?? HELP['gateway-error']), ...BY_REASON[error.reason] };
  return error.fatal === false && MICROPHONE_CODES.includes(error.code) ? inMidCall(help) : help;
}

/** "0:07", "12:34", "1:02:03". */
export function formatDuration(ms) {
  const seconds = Math.floor(ms / 1000);
  const pad = (n) => String(n).padStart(2, '0');
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  return hours > 0 ? `${hours}:${pad(minutes)}:${pad(seconds % 60)}` : `${minutes}:${pad(seconds % 60)}`;
}

/** Milliseconds and shares as people read them; a dash where nothing is known. */
export function formatMs(ms) {
  if (ms === null)
    return '–';
  return ms < 10 ? `${ms.toFixed(1)} ms` : `${Math.round(ms)} ms`;
}

export function formatShare(share) {
  if (share === null)
    return '–';
  return share > 0 && share < 0.1 ? `${(share * 100).toFixed(1)} %` : `${Math.round(share * 100)} %`;
}

/** Codecs are written as their specifications do, whatever the SDP's case. */
export function formatCodec(codec) {
  if (!codec)
    return '–';
  return codec.toLowerCase() === 'opus' ? 'Opus' : codec.toUpperCase();
}
