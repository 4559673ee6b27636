/* One call: who, diagnosis, plots, turns, figures, pipeline, and the buttons. */

import { Figures } from './dashboard-figures.js';
import { Listener } from './dashboard-listen.js';
import { LevelPlot, Plot } from './dashboard-plot.js';
import { TurnList } from './dashboard-turns.js';
import { describeReason, describeState, formatDb, formatDuration, formatLoss, formatMs, formatTime, levelOfState, make,
  nameOf, setText } from './dashboard-words.js';

const MAX_SAMPLES = 300;
const BAD_LOSS = 50; // per mille: as in the diagnosis
const DETAILS_MS = 3000; // how often history and all else are fetched while they are open
const SERIES = ['received_loss', 'sent_loss', 'received_jitter_ms', 'sent_jitter_ms', 'round_trip_ms'];
const BOTH = [{ name: 'from caller', kind: 'caller' }, { name: 'to caller', kind: 'bot' }];

/* The samples of a call, which are fetched piece by piece. */
class Samples {
  next = 0;
  perSecond = 1;
  #series = {};

  add(samples) {
    if (samples.first > this.next) // some are missing: the page slept
      this.#series = {};
    this.perSecond = samples.levels_per_sample;
    for (const name of SERIES)
      this.#append(name, samples[name], MAX_SAMPLES);
    for (const name of ['caller_level', 'bot_level'])
      this.#append(name, samples[name], MAX_SAMPLES * this.perSecond);
    this.next = samples.next;
  }

  #append(name, values, most) {
    this.#series[name] = [...this.#series[name] ?? [], ...values].slice(-most);
  }

  get(...names) { return names.map((name) => this.#series[name] ?? []); }
}

function makeFinding({ code, level, title, figures, cause, advice }) {
  const item = make('li', { className: 'finding-row' },
    make('h3', {}, make('span', { className: 'finding' }, title), figures ? make('span', { className: 'soft' }, ` ${figures}`) : ''),
    make('p', {}, cause), advice ? make('p', { className: 'advice' }, make('strong', {}, 'What to do: '), advice) : '');
  item.dataset.level = level;
  item.dataset.code = code;
  item.querySelector('.finding').dataset.level = level;
  return item;
}

export class CallView {
  #view;
  #api;
  #actions;
  #id = null;
  #samples;
  #plots;
  #turns;
  #figures;
  #listener;
  #findings = '';
  #seconds = 60;
  #detailsAt = 0;
  #graphUrl = null;
  #sides; // the checkboxes of what is listened to

  /** `view`: elements by name; `actions`: confirm (…) → Promise of boolean. */
  constructor(view, api, actions) {
    this.#view = view;
    this.#api = api;
    this.#actions = actions;
    this.#plots = [
      [new LevelPlot({ title: 'Level', className: 'wide levels', format: formatDb, least: 0,
        series: [{ name: 'caller', kind: 'caller' }, { name: 'bot', kind: 'bot' }] }), ['caller_level', 'bot_level']],
      [new Plot({ title: 'Loss', format: formatLoss, least: 100, limit: BAD_LOSS, series: BOTH }), ['received_loss', 'sent_loss']],
      [new Plot({ title: 'Jitter', format: formatMs, least: 20, limit: 60, series: BOTH }), ['received_jitter_ms', 'sent_jitter_ms']],
      [new Plot({ title: 'Round trip', format: formatMs, least: 100, limit: 400, series: [{ name: 'round trip', kind: 'plain' }] }), ['round_trip_ms']],
    ];
    view.plots.append(...this.#plots.map(([plot]) => plot.element));
    this.#turns = new TurnList(view.turns);
    this.#figures = new Figures(view.figures);
    this.#listener = new Listener(api, () => this.#showListening());
    view.ranges.forEach((input) => input.addEventListener('change', () => {
      this.#seconds = Number(input.value);
      this.#drawPlots();
    }));
    view.hangUp.addEventListener('click', () => this.#hangUp());
    view.listen.addEventListener('click', () => this.#toggleListening());
    this.#sides = [[view.listenCaller, 'caller'], [view.listenBot, 'bot']];
    for (const [input, side] of this.#sides)
      input.addEventListener('change', () => this.#listener.setHeard(side, input.checked));
    view.pipeline.addEventListener('toggle', () => view.pipeline.open && this.#showPipeline());
    for (const fold of [view.history, view.raw])
      fold.addEventListener('toggle', () => { this.#detailsAt = 0; });
  }

  get id() { return this.#id; }

  /** Shows another call, with `update ()`; null: none. */
  open(id) {
    if (id === this.#id)
      return;
    this.#id = id;
    this.#samples = new Samples();
    this.#findings = '';
    this.#detailsAt = 0;
    this.#listener.stop();
    this.#view.pipeline.open = this.#view.history.open = this.#view.raw.open = false;
    this.#view.graph.replaceChildren();
    this.#view.historyList.replaceChildren();
    setText(this.#view.rawText, '');
    setText(this.#view.problem, '');
    setText(this.#view.title, '');
    for (const [input, side] of this.#sides) {
      input.checked = true;
      this.#listener.setHeard(side, true);
    }
  }

  /** Fetches what is new. Throws ApiError; 404: there is no such call. */
  async update() {
    const id = this.#id;
    const path = `sessions/${encodeURIComponent(id)}`;
    const call = await this.#api.get(`${path}/samples?since=${this.#samples.next}`);
    if (id !== this.#id) // another one was opened meanwhile
      return;
    this.#samples.add(call.samples);
    this.#showHead(call);
    this.#showFindings(call.diagnosis);
    this.#drawPlots();
    this.#turns.update(call.turns ?? []);
    this.#figures.update(call.stats);
    if (call.state !== 'ended')
      await this.#updateDetails(path);
  }

  #showHead(call) {
    const view = this.#view;
    const isOver = call.state === 'ended';
    setText(view.title, nameOf(call));
    document.title = `${nameOf(call)}: voice-gateway`;
    setText(view.state, isOver ? describeReason(call.reason) : describeState(call.state));
    view.state.dataset.level = levelOfState(call.state);
    const about = [['Node', call.node], ['Engine', call.engine], ['Codec', call.codec?.toLowerCase()], ['Address', call.identity ? call.client_address : null],
      ['Began', formatTime(call.started_at_ms)], ['Duration', formatDuration(call.duration_ms)], ['Id', call.id]].filter(([, value]) => value);
    if (view.about.childElementCount !== about.length)
      view.about.replaceChildren(...about.map(([name]) => make('div', {}, make('dt', {}, name), make('dd', { className: name === 'Id' ? 'mono' : '' }))));
    about.forEach(([name, value], i) => {
      setText(view.about.children[i].firstChild, name);
      setText(view.about.children[i].lastChild, value);
    });
    view.hangUp.hidden = view.listen.hidden = view.pipeline.hidden = view.history.hidden = view.raw.hidden = isOver;
    if (isOver)
      this.#listener.stop();
  }

  #showFindings(diagnosis) {
    const text = JSON.stringify(diagnosis);
    if (text === this.#findings)
      return;
    this.#findings = text;
    this.#view.findings.replaceChildren(...diagnosis.map(makeFinding));
  }

  #drawPlots() {
    for (const [plot, names] of this.#plots) {
      const perSecond = names[0] === 'caller_level' ? this.#samples.perSecond : 1;
      plot.update(this.#samples.get(...names), { seconds: this.#seconds, perSecond });
    }
  }

  async #updateDetails(path) {
    const view = this.#view;
    if ((!view.history.open && !view.raw.open) || Date.now() - this.#detailsAt < DETAILS_MS)
      return;
    this.#detailsAt = Date.now();
    const id = this.#id;
    const session = await this.#api.get(path);
    if (id !== this.#id) // another one was opened meanwhile
      return;
    setText(view.rawText, JSON.stringify(session, null, 2));
    view.historyList.replaceChildren(...(session.history ?? []).map(({ time: at, type, value }) => make('li', {},
      make('time', { className: 'soft', dateTime: at }, formatTime(Date.parse(at))), make('span', { className: 'soft' }, type), make('span', {}, type === 'state' ? describeState(value) : value))));
  }

  /* What was asked for has not worked. */
  #showProblem(what, error) {
    const why = { 404: 'The call has ended.', 0: 'The gateway does not answer.' }[error.status] ?? error.message;
    setText(this.#view.problem, `${what} ${why}`);
  }

  async #hangUp() {
    const id = this.#id;
    const isSure = await this.#actions.confirm({ title: 'Hang up this call?', text: `The call of ${this.#view.title.textContent} ends at once. This cannot be undone.`, yes: 'Hang up' });
    if (!isSure)
      return;
    this.#view.hangUp.disabled = true;
    try {
      await this.#api.delete(`sessions/${encodeURIComponent(id)}`);
      setText(this.#view.problem, '');
    } catch (error) {
      this.#showProblem('The call was not ended.', error);
    }
    this.#view.hangUp.disabled = false;
  }

  /* --- listening --- */

  async #toggleListening() {
    setText(this.#view.problem, '');
    if (this.#listener.isOn) {
      this.#listener.stop();
      return;
    }
    try {
      await this.#listener.start(this.#id);
    } catch (error) {
      this.#showProblem('Listening in is not possible.', error);
    }
  }

  #showListening() {
    const { isOn, problem } = this.#listener;
    this.#view.listen.setAttribute('aria-pressed', String(isOn));
    setText(this.#view.listenLabel, isOn ? 'Stop listening' : 'Listen in');
    this.#view.listening.hidden = !isOn;
    if (problem)
      setText(this.#view.problem, problem);
  }

  /* --- the pipeline --- */

  async #showPipeline() {
    const view = this.#view;
    const id = this.#id;
    setText(view.pipelineProblem, '');
    try {
      const blob = await this.#api.getBlob(`sessions/${encodeURIComponent(id)}/pipeline.svg`);
      if (id !== this.#id)
        return;
      if (this.#graphUrl)
        URL.revokeObjectURL(this.#graphUrl);
      this.#graphUrl = URL.createObjectURL(blob);
      view.graph.replaceChildren(make('img', { src: this.#graphUrl, alt: 'The elements of the pipeline and their links, as a graph' }));
      view.pipelineLink.href = this.#graphUrl;
      view.pipelineLink.hidden = false;
    } catch (error) {
      if (id !== this.#id)
        return;
      view.graph.replaceChildren();
      view.pipelineLink.hidden = true;
      setText(view.pipelineProblem, { 404: 'The call has ended.', 409: 'There is no pipeline yet: the client has sent no offer.' }[error.status]
        ?? `There is no graph. ${error.message}`);
    }
  }
}
