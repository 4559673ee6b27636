/* The dashboard: what is shown is in the address (#/, #/sessions/ID), and is fetched once a second while it is seen. */

import { Api } from './dashboard-api.js';
import { CallView } from './dashboard-call.js';
import { CallList, EndedList } from './dashboard-list.js';
import { describeGateway, NodeList } from './dashboard-nodes.js';
import { Plot } from './dashboard-plot.js';
import { formatCount, formatMs, formatPercent, formatSpan, make, setText } from './dashboard-words.js';

const POLL_MS = 1000;
const NODES_POLL_MS = 2000; // each time the gateway asks all other nodes
const MAX_RETRY_MS = 8000;
const SECONDS = 300;
const TITLE = 'voice-gateway: calls';

const byId = (id) => document.getElementById(id);
const api = new Api();

/* The plots over all calls, with what is at most and in all. */
const TILES = [
  { name: 'calls', options: { title: 'Calls', format: formatCount, least: 5, series: [{ name: 'calls', kind: 'plain' }] } },
  { name: 'setup_ms', options: { title: 'Time to connect', format: formatMs, least: 200, isSparse: true, series: [{ name: 'time to connect', kind: 'plain' }] } },
  { name: 'refused', options: { title: 'Refused in 5 min', format: formatCount, least: 5, sums: true, series: [{ name: 'refused', kind: 'bad' }] } },
  { name: 'lag_ms', options: { title: 'Main loop delay', format: formatMs, least: 20, series: [{ name: 'delay', kind: 'plain' }] } },
  { name: 'cpu_percent', options: { title: 'Processor time', format: formatPercent, least: 100, series: [{ name: 'processor', kind: 'plain' }] } },
];
const tiles = TILES.map(({ name, options }) => ({ name, plot: new Plot(options), values: [] }));
byId('tiles').append(...tiles.map(({ plot }) => make('div', { className: 'panel tile' }, plot.element)));

const calls = new CallList({ head: byId('calls-head'), body: byId('calls-body'), wrap: byId('calls-wrap'), tools: byId('calls-tools'),
  count: byId('calls-count'), empty: byId('calls-empty'), emptyTitle: byId('calls-empty-title'), emptyText: byId('calls-empty-text'),
  more: byId('calls-more'), search: byId('search'), onlyTrouble: byId('only-trouble'), sort: byId('sort') });
const nodes = new NodeList({ section: byId('nodes'), list: byId('nodes-list'), count: byId('nodes-count') }, showCalls);
const ended = new EndedList({ section: byId('ended'), list: byId('ended-list') });
const call = new CallView({ title: byId('call-title'), state: byId('call-state'), about: byId('call-about'), listen: byId('listen'),
  listenLabel: byId('listen-label'), listening: byId('listening'), listenCaller: byId('listen-caller'), listenBot: byId('listen-bot'),
  hangUp: byId('hang-up'), problem: byId('call-problem'), findings: byId('findings'), plots: byId('plots'), turns: byId('turns-list'),
  figures: byId('figures'), ranges: document.querySelectorAll('input[name="range"]'), pipeline: byId('pipeline'), graph: byId('pipeline-graph'),
  pipelineLink: byId('pipeline-link'), pipelineProblem: byId('pipeline-problem'), history: byId('history'), historyList: byId('history-list'),
  raw: byId('raw'), rawText: byId('raw-text') }, api, { confirm: ask });

let overview = null; // the last one of this gateway
let next = 0; // the first second that is not here yet
let startedAt = null; // of the gateway: another one counts anew
let timer = null;
let retryMs = POLL_MS;
let isPolling = false;
let isPollingNodes = false;
let nodesTimer = null;
let isDraining = false;
let shown = null; // the section
let isElsewhere = false; // another address was opened while something was fetched for the one before
let focuses = []; // the sections that get the focus when they are shown next

/* --- dialogs --- */

/** Resolves with whether the person is sure. */
function ask({ title, text, yes }) {
  const dialog = byId('confirm');
  setText(byId('confirm-title'), title);
  setText(byId('confirm-text'), text);
  setText(byId('confirm-yes'), yes);
  dialog.returnValue = 'no';
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => resolve(dialog.returnValue === 'yes'), { once: true });
  });
}

/* --- what is shown --- */

function show(name) {
  if (shown === name)
    return;
  shown = name;
  for (const id of ['overview', 'call', 'gone', 'login'])
    byId(id).hidden = id !== name;
  if (name !== 'call')
    document.title = TITLE;
  if (name === 'login')
    return;
  if (focuses.includes(name))
    byId({ call: 'call-title', gone: 'gone-title', overview: 'main' }[name]).focus({ preventScroll: true });
  if (focuses.length > 0)
    scrollTo(0, 0);
  focuses = [];
}

const readId = () => {
  const match = /^#\/sessions\/([^/]+)$/.exec(location.hash);
  try {
    return match ? decodeURIComponent(match[1]) : null;
  } catch {
    return match[1]; // of no call
  }
};

/* Another address. `isFirst`: the page was opened with it, and the focus stays at its beginning for the list. */
function navigate(isFirst = false) {
  call.open(readId());
  if (shown === 'call')
    byId('call').hidden = true;
  shown = null;
  focuses = isFirst ? ['call', 'gone'] : ['call', 'gone', 'overview'];
  isElsewhere = isPolling;
  api.abandon();
  clearTimeout(nodesTimer);
  nodesTimer = null;
  poll();
}

function showGateway({ node, version, state, uptime_s: uptime, max_sessions: most, sessions }) {
  const isFull = state === 'open' && most > 0 && sessions.length >= most;
  const [level, text] = describeGateway(isFull ? 'full' : state);
  const badge = byId('gateway-state');
  badge.dataset.level = level;
  setText(badge, text);
  setText(byId('gateway-about'), `${node === null ? '' : `${node}, `}${version}, up ${formatSpan(uptime)}${most > 0 ? `, at most ${formatCount(most)} calls` : ''}`);
  byId('drain').hidden = false;
  byId('drain').disabled = state === 'shutting-down';
  isDraining = state !== 'open';
  setText(byId('drain'), isDraining ? 'Take calls' : node === null ? 'Drain' : `Drain ${node}`);
  byId('tiles-title').hidden = byId('nodes').hidden;
  setText(byId('tiles-title'), `Node ${node}`);
  setText(byId('drain-hint'), isDraining ? 'Take new calls again.' : 'Take no new calls; calls in progress continue.');
}

function showTiles(samples) {
  for (const tile of tiles) {
    tile.values = [...samples.first > next ? [] : tile.values, ...samples[tile.name]].slice(-SECONDS);
    tile.plot.update([tile.values], { seconds: SECONDS });
  }
  next = samples.next;
}

/* Those of this gateway, which come each second, and those of the other nodes. */
function showCalls() {
  const isWanted = (call) => nodes.chosen === null || call.node === nodes.chosen;
  const all = ['sessions', 'ended'].map((name) => [...overview[name], ...nodes.callsOfOthers(name)].filter(isWanted));
  calls.update(all[0], { isDraining: overview.state !== 'open', hasNodes: !byId('nodes').hidden });
  ended.update(all[1].sort((a, b) => b.ended_at_ms - a.ended_at_ms), Date.now());
}

async function updateOverview() {
  overview = await api.get(`overview?since=${next}`);
  const started = Math.round(Date.now() / 1000 - overview.uptime_s);
  if (startedAt !== null && Math.abs(started - startedAt) > 5 && next > 0) { // the gateway was started again
    next = 0;
    tiles.forEach((tile) => { tile.values = []; });
    overview = await api.get('overview?since=0');
  }
  startedAt = started;
  showGateway(overview);
  if (readId() !== null)
    return;
  showTiles(overview.samples);
  showCalls();
  show('overview');
  if (overview.node !== null)
    pollNodes();
}

/* In rounds of its own: a node that hangs delays nothing else. */
async function pollNodes() {
  if (isPollingNodes || nodesTimer !== null)
    return;
  isPollingNodes = true;
  try {
    nodes.update((await api.get('overview?nodes=all')).nodes);
    showCalls();
  } catch { // poll () meets the same, and shows it
  }
  isPollingNodes = false;
  nodesTimer = setTimeout(() => { nodesTimer = null; }, NODES_POLL_MS);
}

async function updateCall() {
  const { id } = call;
  const isPresent = () => id !== null && call.id === id && readId() === id;
  if (!isPresent()) // the address has changed, and navigate () follows
    return;
  try {
    await call.update();
    if (isPresent())
      show('call');
  } catch (error) {
    if (error.status !== 404)
      throw error;
    if (isPresent())
      show('gone');
  }
}

/* --- fetching --- */

function showTrouble(error) {
  byId('trouble').hidden = error === null;
  if (error === null)
    return;
  setText(byId('trouble-title'), error.status === 0 ? 'The gateway does not answer.' : `The gateway answered ${error.status}.`);
  setText(byId('trouble-text'), error.status === 0
    ? 'It was stopped, or the way to it is cut; what you see is from before. It is tried again by itself.'
    : `${error.message} It is tried again by itself.`);
  if (error.status !== 0) // it is another node that does not answer
    return;
  const badge = byId('gateway-state');
  badge.dataset.level = 'problem';
  setText(badge, 'not reached');
}

function askForToken() {
  byId('drain').hidden = true;
  const isNew = shown !== 'login';
  show('login');
  setText(byId('login-problem'), api.hasToken ? 'This token is not valid. Look at the file in admin.token-file.' : '');
  api.token = null;
  showTrouble(null);
  setText(byId('gateway-state'), 'token needed');
  byId('gateway-state').dataset.level = 'warning';
  setText(byId('gateway-about'), '');
  if (isNew)
    byId('login-token').focus();
}

/* One round; the next one follows by itself while the page is seen. */
async function poll() {
  if (isPolling)
    return;
  isPolling = true;
  clearTimeout(timer);
  try {
    await updateOverview();
    if (readId() !== null)
      await updateCall();
    showTrouble(null);
    retryMs = POLL_MS;
  } catch (error) {
    if (error.status === undefined) // a fault of the page
      console.error(error);
    if (error.needsToken)
      askForToken();
    else if (!isElsewhere)
      showTrouble(error);
    retryMs = Math.min(retryMs * 2, MAX_RETRY_MS);
  }
  isPolling = false;
  if (isElsewhere) {
    isElsewhere = false;
    retryMs = POLL_MS;
    await poll();
    return;
  }
  if (!document.hidden && shown !== 'login')
    timer = setTimeout(poll, retryMs);
}

byId('login-form').addEventListener('submit', (event) => {
  event.preventDefault();
  api.token = byId('login-token').value.trim();
  byId('login-token').value = '';
  shown = 'login';
  retryMs = POLL_MS;
  poll().then(() => {
    if (shown === 'login')
      byId('login-token').focus();
  });
});
byId('trouble-retry').addEventListener('click', poll);
byId('drain').addEventListener('click', async () => {
  try {
    if (isDraining)
      await api.delete('drain');
    else if (await ask({ title: 'Drain this gateway?', yes: 'Drain',
      text: 'It takes no new calls until you press Take calls, and /readyz is 503 for the load balancer. Calls in progress continue.' }))
      await api.post('drain', {});
    await poll();
  } catch (error) {
    showTrouble(error);
  }
});
addEventListener('hashchange', () => navigate());
document.addEventListener('visibilitychange', () => (document.hidden ? clearTimeout(timer) : poll()));
navigate(true);
