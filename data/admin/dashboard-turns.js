/* The turns of a call as a timeline: for each one what the caller said, how long the reply took to be heard, and the reply. */

import { formatTime, keepInOrder, make, setText } from './dashboard-words.js';

const MAX_SHOWN = 30;
const LEAST_SCALE_MS = 4000;
const LATE_MS = 1500; // a pause that callers take for a fault
const END_WORDS = { played: 'played to its end', interrupted: 'interrupted', none: 'no reply', 'call-ended': 'the call ended' };
/* What the wait is made of, in order: each is measured from the end of the caller's speech. */
const STEPS = [['to_engine_ms', 'at the engine'], ['first_byte_ms', 'first audio'], ['first_sent_ms', 'sent'], ['heard_ms', 'heard']];

const seconds = (ms) => `${(ms / 1000).toFixed(ms < 10000 ? 1 : 0)} s`;
const isKnown = (ms) => ms !== null && ms !== undefined;

/* Until the reply was heard, or sent where the network's part is not known. */
const waitOf = (turn) => turn.heard_ms ?? turn.first_sent_ms ?? null;

function describe(turn) {
  const wait = waitOf(turn);
  const reply = wait === null ? END_WORDS[turn.end] ?? turn.end
    : `reply ${isKnown(turn.heard_ms) ? 'heard' : 'sent'} after ${seconds(wait)}, ${seconds(turn.reply_ms ?? 0)} of it, ${END_WORDS[turn.end] ?? turn.end}`;
  return `Turn ${turn.number}: the caller spoke ${seconds(turn.speech_ms ?? 0)}; ${reply}`;
}

const stepsOf = (turn) => STEPS.filter(([name]) => isKnown(turn[name])).map(([name, words]) => `${words} ${turn[name]} ms`).join(', ');

class Row {
  constructor() {
    this.time = make('span', { className: 'turn-time' });
    this.caller = make('i', { className: 'caller' });
    this.wait = make('i', { className: 'wait' });
    this.bot = make('i', { className: 'bot' });
    this.bar = make('span', { className: 'turn-bar', ariaHidden: 'true' }, this.caller, this.wait, this.bot);
    this.words = make('span', { className: 'turn-words' });
    this.steps = make('span', { className: 'turn-steps soft' });
    this.element = make('li', {}, this.time, this.bar, this.words, this.steps);
  }

  update(turn, scale) {
    const wait = waitOf(turn);
    const width = (element, ms) => { element.style.width = `${Math.max(0, (100 * ms) / scale).toFixed(2)}%`; };
    setText(this.time, formatTime(Date.parse(turn.started_at)));
    width(this.caller, turn.speech_ms ?? 0);
    width(this.wait, wait ?? 0);
    width(this.bot, turn.reply_ms ?? 0);
    this.element.dataset.end = turn.end;
    this.element.dataset.level = wait !== null && wait > LATE_MS ? 'warning' : 'good';
    setText(this.words, wait === null ? END_WORDS[turn.end] ?? turn.end : `${seconds(wait)}${turn.end === 'interrupted' ? ', interrupted' : ''}`);
    setText(this.steps, stepsOf(turn));
    this.element.setAttribute('aria-label', describe(turn));
  }
}

export class TurnList {
  #list = make('ol', { className: 'turn-list' });
  #empty = make('p', { className: 'soft' });
  #keys = make('p', { className: 'turn-keys' }, make('span', { className: 'key caller' }, 'Caller'),
    make('span', { className: 'key wait' }, 'Wait for the reply'), make('span', { className: 'key bot' }, 'Reply'));
  #summary = make('p', { className: 'turn-summary' });
  #rows = new Map();
  #elements = new Map();

  constructor(parent) {
    parent.append(this.#empty, this.#summary, this.#keys, this.#list);
  }

  /** The newest one first. */
  update(turns) {
    const shown = [...turns].reverse().slice(0, MAX_SHOWN);
    const byNumber = new Map(shown.map((turn) => [turn.number, turn]));
    const scale = Math.max(LEAST_SCALE_MS, ...shown.map((turn) => (turn.speech_ms ?? 0) + (waitOf(turn) ?? 0) + (turn.reply_ms ?? 0)));
    keepInOrder(this.#list, this.#elements, [...byNumber.keys()], (number) => {
      this.#rows.set(number, new Row());
      return this.#rows.get(number).element;
    });
    for (const [number, turn] of byNumber)
      this.#rows.get(number).update(turn, scale);
    this.#list.hidden = this.#keys.hidden = this.#summary.hidden = shown.length === 0;
    this.#empty.hidden = shown.length > 0;
    setText(this.#empty, 'No turn yet: one begins when the caller stops speaking. Speech is detected for engines that want it.');
    const waits = turns.map(waitOf).filter(isKnown).sort((a, b) => a - b);
    setText(this.#summary, waits.length === 0 ? `${turns.length} turns, no reply so far`
      : `${turns.length} ${turns.length === 1 ? 'turn' : 'turns'}; a reply is heard after ${seconds(waits[waits.length >> 1])} in the middle, ${seconds(waits.at(-1))} at most`);
  }
}
