/* What was said, as bubbles; other events of the gateway and the bot, as small lines between them. */

import { readEvent } from './voice-gateway-events.js';

const MAX_ITEMS = 300;
const MAX_TEXT = 4000; // characters of one item: an engine's event may be 64 KiB
const MAX_NOTE = 160;
const AT_END_PX = 40; // within this distance of its end, the list scrolls with new items
const NAMES = { user: 'You', bot: 'Bot' };

/* Texts for events of the gateway itself (docs/PROTOCOL.md). */
const ENGINE_NOTES = Object.freeze({
  'engine-unreachable': () => 'The bot is not reachable. Trying again…',
  'engine-lost': () => 'The connection to the bot was lost. Trying to reconnect…',
  'engine-restored': () => 'The bot is connected again.',
  'engine-failed': () => 'The bot is no longer reachable. The call continues without it.',
  'engine-fallback': (name) => (name ? `Another bot continues the call: ${name}.` : 'Another bot continues the call.'),
});

/* The share of the bot's last utterance that was played, 0 to 1. */
function heardShare({ playedMs, clearedMs }) {
  return clearedMs > 0 ? playedMs / (playedMs + clearedMs) : 1;
}

/** The number of characters of `text` that were heard, `n` rounded down to whole words. */
export function wholeWords(text, n) {
  if (n >= text.length || /\s/.test(text[n] ?? ''))
    return Math.min(n, text.length);
  return Math.max(0, text.slice(0, n).search(/\s\S*$/));
}

const cut = (text, length) => (text.length > length ? `${text.slice(0, length - 1)}…` : text);

const isText = (value) => typeof value === 'string';

function describeEvent(event) {
  const text = isText(event) ? event : JSON.stringify(event) ?? '';
  if (!isText(event?.type))
    return cut(text, MAX_NOTE);
  const { type, ...rest } = event;
  return cut(Object.keys(rest).length > 0 ? `${type}: ${JSON.stringify(rest)}` : type, MAX_NOTE);
}

/**
 * What to show for an event of a call. One of
 *   { kind: 'said', role: 'user' | 'bot', text, isFinal }    one that is not final is replaced by the next of its role
 *   { kind: 'written', role: 'bot', text }
 *   { kind: 'speech', isSpeaking }                           whether the gateway hears the caller
 *   { kind: 'cut', share }                                   the bot was interrupted: of its text this share was heard
 *   { kind: 'note', text, tone: 'engine' | 'other' }
 *   { kind: 'none' }                                         nothing that a caller wants to read
 */
export function interpretEvent(event) {
  const { name = null, value = null } = readEvent(event) ?? {};
  if (name === 'transcript')
    return { kind: 'said', ...value, text: cut(value.text, MAX_TEXT) };
  if (name === 'text')
    return { kind: 'written', role: 'bot', text: cut(value.text, MAX_TEXT) };
  if (name === 'speech')
    return { kind: 'speech', ...value };
  if (name === 'interrupted')
    return { kind: 'cut', share: heardShare(value) };
  if (name === 'engine') { // not of those two that come at every call
    const note = ENGINE_NOTES[value.type];
    return note ? { kind: 'note', text: note(value.engine), tone: 'engine' } : { kind: 'none' };
  }
  if (event?.type === 'error' && isText(event.message)) // such as an event that was too large
    return { kind: 'note', text: cut(`Error from the gateway: ${event.message}`, MAX_NOTE), tone: 'engine' };
  return { kind: 'note', text: describeEvent(event), tone: 'other' };
}

const element = (name, className, text = '') =>
  Object.assign(document.createElement(name), { className, textContent: text });

export class ConversationView {
  #list;
  #empty;
  #partial = { user: null, bot: null }; // the bubbles that may still change
  #turn = []; // the bubbles of the bot since the caller's or since it was interrupted

  constructor({ list, empty }) {
    this.#list = list;
    this.#empty = empty;
  }

  clear() {
    this.#partial = { user: null, bot: null };
    this.#turn = [];
    this.#list.replaceChildren();
    this.#trim();
  }

  addNote(text, tone = 'other') {
    this.#follow(() => this.#list.append(element('li', `note ${tone}`, text)));
  }

  /** A bubble of something that was written, not spoken. */
  addWritten({ role, text }) {
    this.#follow(() => this.#list.append(this.#noteTurn(this.#makeBubble(role, text, true), null)));
  }

  /** A bubble; one that is not final is replaced by the next of the same role. An empty text takes it away again. */
  addSaid({ role, text, isFinal }) {
    this.#follow(() => {
      const before = this.#partial[role];
      const isKept = text.trim() !== '';
      if (!isFinal && before && isKept) {
        this.#fill(before, text);
        return;
      }
      const bubble = isKept ? this.#noteTurn(this.#makeBubble(role, text, isFinal, before), before) : null;
      if (before)
        bubble ? before.replaceWith(bubble) : before.remove();
      else if (bubble)
        this.#list.append(bubble);
      this.#partial[role] = isFinal ? null : bubble;
    });
  }

  /** The bot was interrupted: only `share` (0 to 1) of its texts since the caller's last turn was played. */
  cutShort(share) {
    const lengths = this.#turn.map((bubble) => bubble.querySelector('.words').textContent.length);
    let heard = Math.round(share * lengths.reduce((sum, length) => sum + length, 0));
    this.#turn.splice(0).forEach((bubble, i) => {
      if (heard < lengths[i])
        this.#fill(bubble, bubble.querySelector('.words').textContent, Math.max(0, heard));
      heard -= lengths[i];
    });
  }

  /** The caller has spoken: the bot's next text starts a new turn. */
  beginTurn() {
    this.#turn = [];
  }

  /* Shows `text`; of that of an interrupted bubble, what was not heard as such, also where it changes afterwards. */
  #fill(bubble, text, heard = bubble.dataset.heard) {
    const words = bubble.querySelector('.words');
    words.textContent = text;
    if (heard === undefined)
      return;
    bubble.dataset.heard = heard;
    const end = wholeWords(text, Number(heard));
    const at = end + text.slice(end).search(/\S|$/); // no line through the space
    if (at === text.length)
      return;
    words.textContent = text.slice(0, at);
    words.append(element('span', 'visually-hidden', ' (not heard:) '), element('span', 'unheard', text.slice(at)));
  }

  /* `bubble` belongs to the turn, in the place of `before` where that did; one of the caller begins a new one. */
  #noteTurn(bubble, before) {
    const at = this.#turn.indexOf(before);
    if (bubble.classList.contains('user'))
      this.beginTurn();
    else if (at >= 0)
      this.#turn[at] = bubble;
    else if (bubble.dataset.heard === undefined)
      this.#turn.push(bubble);
    return bubble;
  }

  /** The call is over: partial texts become final. */
  finish() {
    for (const role of Object.keys(this.#partial)) {
      this.#partial[role]?.classList.remove('partial');
      this.#partial[role]?.removeAttribute('aria-hidden');
      this.#partial[role] = null;
    }
  }

  /* A partial text is hidden from assistive technology, which would read each of its versions; the final one is a new
   * element, and so is read out. */
  #makeBubble(role, text, isFinal, before = null) {
    const bubble = element('li', `said ${role}${isFinal ? '' : ' partial'}`);
    bubble.append(element('span', 'visually-hidden', `${NAMES[role]}: `), element('span', 'words'));
    this.#fill(bubble, text, before?.dataset.heard);
    if (!isFinal)
      bubble.setAttribute('aria-hidden', 'true');
    return bubble;
  }

  /* Changes the list, and keeps its end in sight where it was. */
  #follow(change) {
    const { scrollTop, clientHeight, scrollHeight } = this.#list;
    const wasAtEnd = scrollTop + clientHeight >= scrollHeight - AT_END_PX;
    change();
    this.#trim();
    if (wasAtEnd)
      this.#list.scrollTop = this.#list.scrollHeight;
  }

  #trim() {
    while (this.#list.children.length > MAX_ITEMS)
      this.#list.firstChild.remove();
    this.#empty.hidden = this.#list.children.length > 0;
  }
}
