/* The page: one button, and what a call is doing in plain words. */

import { VoiceGatewayCall, checkBrowser } from './voice-gateway.js';
import { STATE_WORDS, formatCodec, formatDuration, formatMs, formatShare, helpFor } from './page-help.js';
import { LogView } from './page-log.js';
import { MeterView } from './page-meter.js';

const byId = (id) => document.getElementById(id);

const view = {
  panel: byId('panel'), status: byId('status'), hint: byId('hint'), duration: byId('duration'),
  call: byId('call'), callLabel: byId('call-label'), mute: byId('mute'), muteLabel: byId('mute-label'),
  help: byId('help'), helpTitle: byId('help-title'), helpWhat: byId('help-what'), helpSteps: byId('help-steps'),
  helpAction: byId('help-action'), helpDetail: byId('help-detail'),
  rtt: byId('rtt'), jitter: byId('jitter'), lossIn: byId('loss-in'), lossOut: byId('loss-out'), codec: byId('codec'),
};
const meters = { microphone: new MeterView(byId('meter-microphone')), remote: new MeterView(byId('meter-remote')) };
const log = new LogView({ list: byId('log-list'), count: byId('log-count'), empty: byId('log-empty'), copy: byId('log-copy') });

let call = null; // the call that is being made or running

function setText(element, text) {
  if (element.textContent !== text) // live regions speak on every write
    element.textContent = text;
}

function showWords({ status, hint }) {
  setText(view.status, status);
  setText(view.hint, hint);
}

function showHelp(error) {
  const { title, what, steps, action } = helpFor(error);
  setText(view.helpTitle, title);
  setText(view.helpWhat, what);
  view.helpSteps.replaceChildren(...steps.map((text) => Object.assign(document.createElement('li'), { textContent: text })));
  view.helpSteps.hidden = steps.length === 0;
  view.helpAction.hidden = !action;
  setText(view.helpAction, action ?? '');
  setText(view.helpDetail, `${error.code}${error.reason && error.reason !== error.code ? ` (${error.reason})` : ''}: ${error.message}`);
  view.help.dataset.code = error.code;
  view.help.hidden = false;
  view.help.scrollIntoView({ block: 'nearest' });
}

function hideHelp() {
  view.help.hidden = true;
  delete view.help.dataset.code;
}

function endWords({ previous, reason, error }, durationMs) {
  const after = durationMs > 0 ? ` after ${formatDuration(durationMs)}` : '';
  if (error)
    return { status: previous === 'active' || previous === 'recovering' ? 'Call cut off' : 'Call failed', hint: 'See below for what to do.' };
  return { status: 'Call ended', hint: `${reason === 'hung-up' ? 'You' : 'The other side'} hung up${after}.` };
}

function showMuted(isMuted) {
  view.mute.setAttribute('aria-pressed', String(isMuted));
  setText(view.muteLabel, isMuted ? 'Unmute' : 'Mute');
  if (call?.state === 'active')
    showWords(isMuted ? { status: 'In call, muted', hint: 'The other side hears silence.' } : STATE_WORDS.active);
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

function draw(now) {
  if (!call)
    return;
  const levels = call.readLevels();
  meters.microphone.draw(levels.microphone, now);
  meters.remote.draw(levels.remote, now);
  showDuration(call.durationMs);
  requestAnimationFrame(draw);
}

function onState(detail) {
  const { state } = detail;
  view.panel.dataset.state = state;
  const isOver = state === 'ended';
  view.mute.disabled = isOver;
  setText(view.callLabel, isOver ? 'Call again' : state === 'active' || state === 'recovering' ? 'Hang up' : 'Cancel');
  if (isOver) {
    showWords(endWords(detail, call.durationMs));
    showDuration(call.durationMs);
    view.panel.classList.toggle('failed', Boolean(detail.error));
    call = null;
    meters.microphone.clear();
    meters.remote.clear();
    showMuted(false);
  } else {
    showWords(STATE_WORDS[state]);
    if (state === 'active')
      showMuted(call.muted);
  }
  document.title = isOver ? 'voice-gateway' : `${view.status.textContent} – voice-gateway`;
}

function startCall() {
  hideHelp();
  clearStats();
  log.clear();
  view.panel.classList.remove('failed');
  call = new VoiceGatewayCall(new URL('ws', location.href).href, { audio: byId('remote-audio') });
  call.on('state', onState);
  call.on('error', showHelp);
  call.on('stats', showStats);
  call.on('signal', (signal) => log.add(signal));
  requestAnimationFrame(draw);
  call.connect().catch(() => {}); // told by the events 'error' and 'state'
}

view.call.addEventListener('click', (event) => {
  if (event.detail > 1)
    return; // the second half of a double click is not meant for the button's new meaning
  if (call)
    call.hangUp();
  else
    startCall();
});

view.mute.addEventListener('click', () => {
  if (!call)
    return;
  call.mute(!call.muted);
  showMuted(call.muted);
});

view.helpAction.addEventListener('click', () => {
  call?.resumePlayback().then(hideHelp, () => {});
});

/* a page in the back/forward cache would keep the microphone */
addEventListener('pagehide', () => call?.hangUp());

try {
  checkBrowser();
} catch (error) {
  showWords({ status: 'No call from here', hint: 'See below for what to do.' });
  showHelp(error);
}
