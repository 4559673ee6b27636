/* The page: one button, and the state of the call as text. */

import { VoiceGatewayCall, canResume, checkBrowser } from './voice-gateway.js';
import { ConversationView, interpretEvent } from './page-conversation.js';
import { RecoveryBanner } from './page-banner.js';
import { DeviceChoice } from './page-devices.js';
import { EngineChoice } from './page-engine.js';
import { MICROPHONE_CODES, STATE_WORDS, describeEngine, formatCodec, formatDuration, formatMs, formatShare, helpFor, wordsInCall,
  wordsInRecovery, wordsInResumption } from './page-help.js';
import { KeypadView } from './page-keypad.js';
import { LogView } from './page-log.js';
import { MeterView } from './page-meter.js';
import { TalkView } from './page-talk.js';

/* the codes of help that ends when another device is in use */
const MICROPHONE_HELP = ['microphone-lost', ...MICROPHONE_CODES];
const SPEAKER_HELP = ['no-speaker'];

const ADDRESS = new URL('ws', location.href).href;

/* The access token of a gateway that wants one: `#token=TOKEN` in the page's address, which browsers send to no server. */
const readToken = () => new URLSearchParams(location.hash.slice(1)).get('token');

const byId = (id) => document.getElementById(id);

const view = {
  panel: byId('panel'), status: byId('status'), hint: byId('hint'), duration: byId('duration'),
  call: byId('call'), callLabel: byId('call-label'), mute: byId('mute'), muteLabel: byId('mute-label'),
  help: byId('help'), helpTitle: byId('help-title'), helpWhat: byId('help-what'), helpSteps: byId('help-steps'),
  helpAction: byId('help-action'), helpDetail: byId('help-detail'),
  heard: byId('heard'), conversation: byId('conversation'), write: byId('write'), writeText: byId('write-text'),
  writeSend: byId('write-send'),
  rtt: byId('rtt'), jitter: byId('jitter'), lossIn: byId('loss-in'), lossOut: byId('loss-out'), codec: byId('codec'),
};
const meters = { microphone: new MeterView(byId('meter-microphone')), remote: new MeterView(byId('meter-remote')) };
const log = new LogView({ list: byId('log-list'), count: byId('log-count'), empty: byId('log-empty'), copy: byId('log-copy') });
const conversation = new ConversationView({ list: byId('conversation-list'), empty: byId('conversation-empty') });
const engine = new EngineChoice({ row: byId('engine-row'), select: byId('engine') }, showWhoAnswers);
const keypad = new KeypadView({ toggle: byId('keypad-toggle'), panel: byId('keypad'), keys: byId('keypad-keys'),
  shown: byId('keypad-shown'), problem: byId('keypad-problem') }, (key) => call?.sendDtmf(key));

const devices = new DeviceChoice({ microphone: byId('microphone'), speaker: byId('speaker'), speakerRow: byId('speaker-row'),
  volume: byId('volume'), volumeShown: byId('volume-shown'), unknown: byId('devices-unknown') }, { failed: showHelp, chosen: onDeviceChosen });
const talk = new TalkView({ toggle: byId('push-to-talk'), button: byId('talk'), before: byId('call') },
  { switched: setPushToTalk, talk: (isTalking) => call?.talk(isTalking) });
const recovery = new RecoveryBanner({ banner: byId('recovery'), text: byId('recovery-text'), button: byId('recovery-now') },
  () => call?.retryNow());

let call = null; // the call that is being made or running
/* The other side: the state of the bot's connection, the engine, and whether the caller has a microphone. */
let side = { bot: 'ready', engine: null, hasMicrophone: true };
let isResuming = false; // the call of the page before the reload

function setText(element, text) {
  if (element.textContent !== text) // screen readers announce a live region on every write
    element.textContent = text;
}

function showWords({ status, hint }) {
  setText(view.status, status);
  setText(view.hint, hint);
}

/* Before a call: which engine would answer. */
function showWhoAnswers(name) {
  if (view.panel.dataset.state === 'idle' && view.help.hidden)
    setText(view.hint, [describeEngine(name), STATE_WORDS.idle.hint].filter(Boolean).join(' '));
}

function showHelp(error) {
  if (error.code === 'bad-request')
    engine.forgetChosen(); // so that the next call is answered
  const { title, what, steps, action } = helpFor(error);
  setText(view.helpTitle, title);
  setText(view.helpWhat, what);
  view.helpSteps.replaceChildren(...steps.map((text) => Object.assign(document.createElement('li'), { textContent: text })));
  view.helpSteps.hidden = steps.length === 0;
  view.helpAction.hidden = !action;
  setText(view.helpAction, action ?? '');
  setText(view.helpDetail, `${error.code}${error.reason && error.reason !== error.code ? ` (${error.reason})` : ''}: ${error.message}`);
  view.helpAction.disabled = false;
  view.help.dataset.code = error.code;
  view.help.classList.toggle('in-call', error.fatal === false);
  view.help.hidden = false;
  view.help.scrollIntoView({ block: 'nearest' });
}

function hideHelp() {
  view.help.hidden = true;
  delete view.help.dataset.code;
}

/* An error that is not fatal is shown as help if there is an action for it, else as a line of the conversation. */
function onError(error) {
  if (error.fatal || helpFor(error).action)
    showHelp(error);
  else
    conversation.addNote(`Error from the gateway: ${error.message}`, 'engine');
  if (error.code === 'microphone-lost') {
    view.heard.classList.remove('lit');
    changeSide({ hasMicrophone: false });
  }
}

function endWords({ previous, reason, error }, durationMs) {
  const after = durationMs > 0 ? ` after ${formatDuration(durationMs)}` : '';
  if (error)
    return { status: isResuming || previous === 'active' || previous === 'recovering' ? 'Call cut off' : 'Call failed', hint: 'See below for what to do.' };
  return { status: 'Call ended', hint: `${reason === 'hung-up' ? 'You' : 'The other side'} hung up${after}.` };
}

function setMuted(isMuted) {
  call.mute(isMuted);
  history.replaceState({ ...history.state, isMuted }, ''); // for the page after a reload
  showMuted(isMuted);
}

function setPushToTalk(isOn) {
  devices.setPushToTalk(isOn);
  if (isOn && call?.muted)
    setMuted(false);
  showTalk();
  showInCall();
}

/* With push-to-talk, the button to talk is in place of the one that mutes. */
function showTalk() {
  const isPushToTalk = call?.pushToTalk ?? false;
  talk.isShown = isPushToTalk && ['active', 'recovering'].includes(call.state);
  view.mute.hidden = isPushToTalk;
}

function showMuted(isMuted) {
  view.mute.setAttribute('aria-pressed', String(isMuted));
  setText(view.muteLabel, isMuted ? 'Unmute' : 'Mute');
  showInCall();
}

function showInCall() {
  if (call?.state !== 'active')
    return;
  showWords(wordsInCall({ ...side, isMuted: call.muted, isPushToTalk: call.pushToTalk }));
  view.panel.classList.toggle('waiting', ['connecting', 'unreachable', 'lost'].includes(side.bot));
}

function changeSide(change) {
  side = { ...side, ...change };
  showInCall();
}

function showStats(stats) {
  setText(view.rtt, formatMs(stats.rttMs));
  setText(view.jitter, formatMs(stats.jitterInMs));
  setText(view.lossIn, formatShare(stats.lossIn));
  setText(view.lossOut, formatShare(stats.lossOut));
  setText(view.codec, formatCodec(stats.codec));
}

function clearStats() {
  showStats({ rttMs: null, jitterInMs: null, lossIn: null, lossOut: null, codec: null });
}

function showDuration(ms) {
  setText(view.duration, formatDuration(ms));
  view.panel.classList.toggle('counted', ms > 0);
}

function onEvent(event) {
  const shown = interpretEvent(event);
  if (shown.kind === 'speech') {
    view.heard.hidden = false; // shown only if the gateway detects speech
    view.heard.classList.toggle('lit', shown.isSpeaking);
    if (!shown.isSpeaking)
      conversation.beginTurn();
  } else if (shown.kind === 'cut') {
    conversation.cutShort(shown.share);
  } else if (shown.kind === 'said') {
    conversation.addSaid(shown);
  } else if (shown.kind === 'written') {
    conversation.addWritten(shown);
  } else if (shown.kind === 'note') {
    conversation.addNote(shown.text, shown.tone);
  }
}

/* Another device is in use than the one that help was about. */
function onDeviceChosen(name) {
  const isMicrophone = name === 'microphoneId';
  if ((isMicrophone ? MICROPHONE_HELP : SPEAKER_HELP).includes(view.help.dataset.code))
    hideHelp();
  if (isMicrophone)
    changeSide({ hasMicrophone: true });
}

/* Controls that work only during a call. */
function enableCallTools(isRunning) {
  if (!isRunning && (keypad.hasFocus || view.write.contains(document.activeElement)))
    view.call.focus(); // its focused element is removed
  keypad.disabled = !isRunning;
  view.writeText.disabled = view.writeSend.disabled = !isRunning;
}

function draw(now) {
  if (!call)
    return;
  const levels = call.readLevels();
  meters.microphone.draw(levels.microphone, now);
  meters.remote.draw(levels.remote, now);
  showDuration(call.durationMs);
  recovery.draw(now);
  requestAnimationFrame(draw);
}

function onState(detail) {
  const { state } = detail;
  view.panel.dataset.state = state;
  const isOver = state === 'ended';
  recovery.isShown = state === 'recovering';
  view.mute.disabled = isOver;
  engine.disabled = !isOver;
  enableCallTools(state === 'active' || state === 'recovering');
  setText(view.callLabel, isOver ? 'Call again' : state === 'active' || state === 'recovering' ? 'Hang up' : 'Cancel');
  if (isOver) {
    showWords(endWords(detail, call.durationMs));
    showDuration(call.durationMs);
    view.panel.classList.toggle('failed', Boolean(detail.error));
    view.panel.classList.remove('waiting');
    if (!detail.error)
      hideHelp(); // such as help about the microphone
    call = devices.call = null;
    showTalk();
    isResuming = false;
    meters.microphone.clear();
    meters.remote.clear();
    showMuted(false);
    view.heard.hidden = true;
    conversation.finish();
  } else {
    if (state === 'connecting') {
      engine.learn(call.engines, call.engine);
      side.engine = call.engine;
    }
    if (state === 'recovering')
      showWords(wordsInRecovery(detail.reason));
    else if (state !== 'active')
      showWords(isResuming ? wordsInResumption(state) : STATE_WORDS[state]);
    if (state === 'signaling')
      devices.refresh(); // the microphone was allowed: the devices have names now
    if (state === 'active') {
      view.conversation.hidden = false;
      showMuted(call.muted);
      showTalk();
      if (isResuming)
        conversation.addNote('The page was loaded again: what was said before is not shown here.');
      isResuming = false;
    }
  }
  document.title = isOver ? 'voice-gateway' : `${view.status.textContent} – voice-gateway`;
}

function startCall({ resumes = false } = {}) {
  isResuming = resumes;
  hideHelp();
  clearStats();
  log.clear();
  conversation.clear();
  keypad.clear();
  view.heard.classList.remove('lit');
  view.panel.classList.remove('failed');
  side = { bot: 'ready', engine: null, hasMicrophone: true };
  call = new VoiceGatewayCall(ADDRESS, {
    audio: byId('remote-audio'), engine: engine.name, token: readToken, wakeLock: true,
    resumeAfterReload: true, ...devices.options,
  });
  setMuted(resumes && !call.pushToTalk && history.state?.isMuted === true);
  showTalk();
  devices.call = call;
  call.on('state', onState);
  call.on('error', onError);
  call.on('event', onEvent);
  call.on('engine', ({ state, engine: name }) => changeSide({ bot: state, ...(name !== null && { engine: name }) }));
  call.on('reconnecting', ({ delayMs }) => recovery.plan(delayMs));
  call.on('devices', ({ microphoneId }) => microphoneId !== null && !side.hasMicrophone && onDeviceChosen('microphoneId'));
  call.on('playback', ({ isBlocked }) => isBlocked || view.help.dataset.code !== 'playback-blocked' || hideHelp());
  call.on('stats', showStats);
  call.on('signal', (signal) => log.add(signal));
  requestAnimationFrame(draw);
  call.connect().catch(() => {}); // reported by the events 'error' and 'state'
}

view.call.addEventListener('click', (event) => {
  if (event.detail > 1)
    return; // ignore the second click of a double click: the button has changed
  if (call)
    call.hangUp();
  else
    startCall();
});

view.mute.addEventListener('click', () => {
  if (!call)
    return;
  setMuted(!call.muted);
});

view.write.addEventListener('submit', (event) => {
  event.preventDefault();
  const text = view.writeText.value.trim();
  if (!call || text === '')
    return;
  try {
    call.sendEvent({ type: 'text', text });
    conversation.addWritten({ role: 'user', text });
    view.writeText.value = '';
  } catch (error) {
    conversation.addNote(`Not sent: ${error.message}`, 'engine');
  }
});

async function restartMicrophone() {
  view.helpAction.disabled = true; // while the browser asks
  try {
    await call.restartMicrophone();
    hideHelp();
    changeSide({ hasMicrophone: true });
  } catch (error) {
    if (call)
      showHelp(error);
  }
}

view.helpAction.addEventListener('click', () => {
  if (!call)
    return;
  if (view.help.dataset.code === 'playback-blocked')
    call.resumePlayback().then(hideHelp, () => {});
  else
    restartMicrophone();
});

engine.load(new URL('engines', location.href));

talk.isOn = devices.options.pushToTalk;
setText(view.status, STATE_WORDS.idle.status);
showWhoAnswers(engine.expected);
view.call.disabled = false; // until here a click would do nothing
try {
  checkBrowser();
  if (canResume(ADDRESS, { engine: engine.name })) {
    startCall({ resumes: true });
    document.addEventListener('click', () => call?.resumePlayback().catch(() => {}), { once: true }); // sound may need a click
  }
} catch (error) {
  showWords({ status: 'Calls are not possible here', hint: 'See below for what to do.' });
  showHelp(error);
}
