/* The list of signaling messages: bounded, without secrets, and easy to copy. */

const MAX_ENTRIES = 300;
const ARROWS = { out: '→', in: '←', local: '·' };
const DIRECTION_NAMES = { out: 'sent', in: 'received', local: 'here' };
const TIME = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit', fractionalSecondDigits: 3 });
const SECRET_KEYS = new Set(['credential', 'resumeToken', 'usernameFragment']);

/** A message's payload as text, one item per line, without passwords and tokens. */
export function describePayload(payload) {
  if (payload === null || payload === undefined || (typeof payload === 'object' && Object.keys(payload).length === 0))
    return '';
  if (typeof payload?.sdp === 'string')
    return hideIcePasswords(payload.sdp).trim().replaceAll('\r\n', '\n');
  if (typeof payload === 'string')
    return payload;
  return JSON.stringify(payload, (key, value) => (SECRET_KEYS.has(key) && value ? '(hidden)' : value), 2);
}

function hideIcePasswords(sdp) {
  return sdp.replace(/^a=ice-(pwd|ufrag):.*$/gm, 'a=ice-$1:(hidden)');
}

/* The summary of a folded entry. */
function summarise(type, payload) {
  if (type === 'candidate')
    return payload?.candidate?.replace(/^candidate:/, '').split(' ').slice(2, 8).join(' ') || 'end of candidates';
  const words = [payload?.state, payload?.reason, payload?.code, payload?.message, payload?.codec];
  return words.filter((word) => typeof word === 'string').join(' · ');
}

const element = (name, className, text = '') =>
  Object.assign(document.createElement(name), { className, textContent: text });

export class LogView {
  #list;
  #count;
  #empty;
  #copy;
  #lines = [];

  constructor({ list, count, empty, copy }) {
    this.#list = list;
    this.#count = count;
    this.#empty = empty;
    this.#copy = copy;
    copy.addEventListener('click', () => this.#copyAll());
  }

  add({ direction, type, payload, at }) {
    const time = TIME.format(at);
    const body = describePayload(payload);
    const brief = summarise(type, payload);
    const head = [element('span', 'log-time', time), element('span', 'log-arrow', ARROWS[direction]),
      element('span', 'visually-hidden', DIRECTION_NAMES[direction]), element('span', 'log-type', type),
      element('span', 'log-brief', brief)];
    const item = element('li', `log-entry ${direction}`);
    item.append(body ? this.#foldable(head, body) : this.#plain(head));
    this.#list.append(item);
    this.#lines.push(`${time} ${ARROWS[direction]} ${type} ${brief}${body ? `\n${body}` : ''}`);
    this.#trim();
  }

  clear() {
    this.#lines = [];
    this.#list.replaceChildren();
    this.#trim();
  }

  #plain(head) {
    const row = element('div', 'log-row');
    row.append(...head);
    return row;
  }

  #foldable(head, body) {
    const fold = document.createElement('details');
    const row = element('summary', 'log-row');
    row.append(...head);
    fold.append(row, element('pre', 'log-body', body));
    return fold;
  }

  #trim() {
    if (this.#lines.length > MAX_ENTRIES) {
      this.#lines.shift();
      this.#list.firstChild.remove();
    }
    const count = this.#lines.length;
    this.#count.textContent = count > 0 ? `${count}` : '';
    this.#empty.hidden = count > 0;
    this.#copy.hidden = count === 0 || !navigator.clipboard;
  }

  async #copyAll() {
    const label = this.#copy.textContent;
    try {
      await navigator.clipboard.writeText(this.#lines.join('\n'));
      this.#copy.textContent = 'Copied';
    } catch {
      this.#copy.textContent = 'The browser refused to copy';
    }
    setTimeout(() => { this.#copy.textContent = label; }, 2000);
  }
}
