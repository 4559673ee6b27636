/* The nodes that share the calls of the service: what each reports, or why it does not answer; a click shows its calls alone. */

import { formatCount, formatPercent, formatSpan, keepInOrder, make, setText } from './dashboard-words.js';

const STATES = {
  ready: ['good', 'taking calls'], open: ['good', 'taking calls'], full: ['warning', 'full'], late: ['warning', 'late'],
  draining: ['warning', 'draining'], 'shutting-down': ['problem', 'shutting down'],
};

/** Level and words of a gateway's state. */
export const describeGateway = (state) => STATES[state] ?? ['note', state];

/* One node, whose texts are written in place. */
class Card {
  constructor(name, choose) {
    this.badge = make('span', { className: 'badge' });
    this.calls = make('span', { className: 'node-calls' });
    this.load = make('i');
    this.loadText = make('span', { className: 'soft' });
    this.about = make('span', { className: 'soft node-about' });
    this.button = make('button', { type: 'button', className: 'node', title: `Only the calls of ${name}` },
      make('span', { className: 'node-head' }, make('strong', {}, name), this.badge),
      make('span', { className: 'node-load' }, make('span', { className: 'mini', ariaHidden: 'true' }, this.load), this.loadText), this.calls, this.about);
    this.button.addEventListener('click', choose);
    this.element = make('li', {}, this.button);
  }

  update({ error, state, load, overview, is_this: isThis }, isChosen) {
    const isBusy = ['full', 'late'].includes(state); // as it has reported last
    const [level, words] = error !== null ? ['problem', 'no answer'] : describeGateway(isBusy ? state : overview.state);
    this.badge.dataset.level = level;
    setText(this.badge, words);
    setText(this.calls, error !== null ? '' : `${formatCount(overview.sessions.length)}${overview.max_sessions > 0 ? ` of ${formatCount(overview.max_sessions)}` : ''} calls`);
    const isKnown = error === null && load !== null;
    this.load.style.setProperty('--share', (isKnown ? load : 0).toFixed(2));
    this.load.dataset.level = load >= 0.9 ? 'problem' : load >= 0.75 ? 'warning' : '';
    setText(this.loadText, isKnown ? `load ${formatPercent(load * 100)}` : 'load not known');
    setText(this.about, error ?? `${isThis ? 'this node, ' : ''}${overview.version}, up ${formatSpan(overview.uptime_s)}`);
    this.button.setAttribute('aria-pressed', String(isChosen));
  }
}

export class NodeList {
  #view;
  #elements = new Map();
  #cards = new Map();
  #nodes = [];
  #chosen = null; // a name
  #changed;

  /** `view`: section, list, count (elements); `changed ()`: another node was chosen. */
  constructor(view, changed) {
    this.#view = view;
    this.#changed = changed;
  }

  /** The node whose calls alone are wanted, or null. */
  get chosen() { return this.#chosen; }

  /** What the other nodes have of `name`, "sessions" or "ended". */
  callsOfOthers(name) {
    return this.#nodes.filter(({ is_this: isThis, overview }) => !isThis && overview !== null).flatMap(({ overview }) => overview[name]);
  }

  #choose(name) {
    this.#chosen = this.#chosen === name ? null : name;
    this.#draw();
    this.#changed();
  }

  update(nodes) {
    this.#nodes = nodes;
    if (!nodes.some(({ name }) => name === this.#chosen))
      this.#chosen = null;
    this.#draw();
  }

  #draw() {
    const byName = new Map(this.#nodes.map((node) => [node.name, node]));
    keepInOrder(this.#view.list, this.#elements, [...byName.keys()], (name) => {
      const card = new Card(name, () => this.#choose(name));
      this.#cards.set(name, card);
      return card.element;
    });
    for (const [name, card] of this.#cards) {
      if (byName.has(name))
        card.update(byName.get(name), name === this.#chosen);
      else
        this.#cards.delete(name);
    }
    const nLost = this.#nodes.filter(({ error }) => error !== null).length;
    setText(this.#view.count, nLost > 0 ? `${this.#nodes.length}, ${nLost} without an answer` : String(this.#nodes.length));
    this.#view.section.hidden = this.#nodes.length < 2;
  }
}
