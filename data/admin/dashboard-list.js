/* The calls as a table, which can be sorted and searched, and those that have ended. */

import { describeReason, describeState, formatAgo, formatDuration, formatLoss, formatMs, keepInOrder, levelOfState, levelRank,
  make, nameOf, setText } from './dashboard-words.js';

const MAX_ROWS = 200; // more at once slow the page down; the search finds the others
const MAX_ENDED = 10;
const FLOOR_DB = -66;

const orLast = (value) => value ?? -1;
const worse = (a, b) => Math.max(orLast(a), orLast(b));

/* What can be sorted by; `descends` at the first click. */
const COLUMNS = [
  { name: 'caller', title: 'Caller', value: nameOf },
  { name: 'node', title: 'Node', value: ({ node }) => node ?? '' },
  { name: 'engine', title: 'Engine', value: ({ engine }) => engine },
  { name: 'state', title: 'State', value: ({ state }) => describeState(state) },
  { name: 'duration', title: 'Duration', value: ({ started_at_ms: at }) => -at, isNumber: true }, // the durations are not all of the same moment
  { name: 'level', title: 'Levels', value: (call) => Math.max(call.caller_level, call.bot_level), descends: true },
  { name: 'loss', title: 'Loss in / out', value: (call) => worse(call.received_loss, call.sent_loss), isNumber: true, descends: true },
  { name: 'jitter', title: 'Jitter', value: ({ jitter_ms: ms }) => orLast(ms), isNumber: true, descends: true },
  { name: 'round-trip', title: 'Round trip', value: ({ round_trip_ms: ms }) => orLast(ms), isNumber: true, descends: true },
  { name: 'finding', title: 'Diagnosis', value: ({ finding }) => -levelRank(finding.level), descends: true },
];

function compare(a, b) {
  return typeof a === 'number' ? a - b : String(a).localeCompare(String(b), 'en', { numeric: true });
}

const callPath = (id) => `#/sessions/${encodeURIComponent(id)}`;

/* One row, whose cells are written in place. */
class Row {
  constructor(id) {
    this.link = make('a', { href: callPath(id), className: 'row-link' });
    this.sub = make('span', { className: 'row-sub soft' });
    this.node = make('td');
    this.engine = make('span');
    this.codec = make('span', { className: 'soft' });
    this.state = make('span', { className: 'badge' });
    this.duration = make('td', { className: 'number' });
    this.caller = make('i', { className: 'caller' });
    this.bot = make('i', { className: 'bot' });
    this.level = make('span', { className: 'visually-hidden' });
    this.loss = make('td', { className: 'number' });
    this.jitter = make('td', { className: 'number' });
    this.roundTrip = make('td', { className: 'number' });
    this.finding = make('span', { className: 'finding' });
    const cells = [make('th', { scope: 'row' }, this.link, this.sub), this.node, make('td', {}, this.engine, ' ', this.codec), make('td', {}, this.state),
      this.duration, make('td', {}, make('span', { className: 'mini', ariaHidden: 'true' }, this.caller, this.bot), this.level),
      this.loss, this.jitter, this.roundTrip, make('td', {}, this.finding)];
    cells.forEach((cell, i) => {
      cell.dataset.title = COLUMNS[i].title;
      cell.dataset.column = COLUMNS[i].name;
    });
    this.element = make('tr', {}, ...cells);
  }

  update(call) {
    const { finding } = call;
    this.element.dataset.level = finding.level;
    setText(this.link, nameOf(call));
    setText(this.sub, call.identity ? call.client_address ?? '' : '');
    setText(this.node, call.node ?? '');
    setText(this.engine, call.engine);
    setText(this.codec, call.codec?.toLowerCase() ?? '');
    setText(this.state, describeState(call.state));
    this.state.dataset.level = levelOfState(call.state);
    setText(this.duration, formatDuration(call.duration_ms));
    for (const [bar, db] of [[this.caller, call.caller_level], [this.bot, call.bot_level]])
      bar.style.setProperty('--share', Math.max(0, 1 - db / FLOOR_DB).toFixed(2));
    setText(this.level, `caller ${call.caller_level <= FLOOR_DB ? 'silent' : 'audible'}, bot ${call.bot_level <= FLOOR_DB ? 'silent' : 'audible'}`);
    setText(this.loss, `${formatLoss(call.received_loss)} / ${formatLoss(call.sent_loss)}`);
    setText(this.jitter, formatMs(call.jitter_ms));
    setText(this.roundTrip, formatMs(call.round_trip_ms));
    setText(this.finding, finding.title);
    this.finding.dataset.level = finding.level;
  }
}

export class CallList {
  #view;
  #rows = new Map(); // id → Row
  #elements = new Map(); // id → its element
  #calls = [];
  #sort = { column: COLUMNS.find(({ name }) => name === 'duration'), isDescending: false }; // the newest first
  #heads = new Map();

  /** `view`: head, body, wrap, tools, count, empty, emptyTitle, emptyText, more, search, onlyTrouble, sort (elements). */
  constructor(view) {
    this.#view = view;
    for (const column of COLUMNS) {
      const button = make('button', { type: 'button' }, column.title);
      const head = make('th', { scope: 'col', className: column.isNumber ? 'number' : '' }, button);
      head.dataset.column = column.name;
      button.addEventListener('click', () => this.#sortBy(column));
      this.#heads.set(column, head);
      view.head.append(head);
      view.sort.append(make('option', { value: column.name }, column.title));
    }
    view.sort.addEventListener('change', () => this.#sortBy(COLUMNS.find(({ name }) => name === view.sort.value)));
    view.search.addEventListener('input', () => this.#draw());
    view.onlyTrouble.addEventListener('change', () => this.#draw());
    this.#showSort();
  }

  #sortBy(column) {
    const isSame = this.#sort.column === column;
    this.#sort = { column, isDescending: isSame ? !this.#sort.isDescending : Boolean(column.descends) };
    this.#showSort();
    this.#draw();
  }

  #showSort() {
    for (const [column, head] of this.#heads) {
      if (column === this.#sort.column)
        head.setAttribute('aria-sort', this.#sort.isDescending ? 'descending' : 'ascending');
      else
        head.removeAttribute('aria-sort');
    }
    this.#view.sort.value = this.#sort.column.name;
  }

  /** `isDraining`: no calls will come; `hasNodes`: the calls are of several nodes. */
  update(calls, { isDraining, hasNodes }) {
    this.#calls = calls;
    this.#view.wrap.classList.toggle('has-nodes', hasNodes);
    this.#view.sort.querySelector('[value="node"]').hidden = !hasNodes;
    this.isDraining = isDraining;
    this.#draw();
  }

  #choose() {
    const words = this.#view.search.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
    const { column, isDescending } = this.#sort;
    const isWanted = (call) => (!this.#view.onlyTrouble.checked || levelRank(call.finding.level) < 2)
      && words.every((word) => [call.id, call.node, call.engine, call.codec, call.client_address, call.identity, describeState(call.state), call.finding.title]
        .some((text) => text?.toLowerCase().includes(word)));
    const sign = isDescending ? -1 : 1;
    return this.#calls.filter(isWanted)
      .sort((a, b) => sign * compare(column.value(a), column.value(b)) || b.started_at_ms - a.started_at_ms || compare(a.id, b.id));
  }

  #draw() {
    const chosen = this.#choose();
    const shown = chosen.slice(0, MAX_ROWS);
    keepInOrder(this.#view.body, this.#elements, shown.map(({ id }) => id), (id) => {
      const row = new Row(id);
      this.#rows.set(id, row);
      return row.element;
    });
    for (const id of this.#rows.keys())
      if (!this.#elements.has(id))
        this.#rows.delete(id);
    shown.forEach((call) => this.#rows.get(call.id).update(call));
    this.#showCounts(chosen.length, shown.length);
  }

  #showCounts(nChosen, nShown) {
    const view = this.#view;
    const nAll = this.#calls.length;
    setText(view.count, nChosen === nAll ? String(nAll) : `${nChosen} of ${nAll}`);
    view.wrap.hidden = nShown === 0;
    view.tools.hidden = nAll === 0;
    view.empty.hidden = nShown > 0;
    if (nAll === 0) {
      setText(view.emptyTitle, 'No calls at the moment');
      setText(view.emptyText, this.isDraining ? 'The gateway is draining: new calls are refused.' : 'Calls appear here as soon as a client connects.');
    } else {
      setText(view.emptyTitle, 'No call matches');
      setText(view.emptyText, view.onlyTrouble.checked ? 'No call with these words has a problem.' : 'Search for an address, an identity, an engine, or a part of an id.');
    }
    view.more.hidden = nShown === nChosen;
    setText(view.more, `The first ${nShown} are shown. Search to find the others.`);
  }
}

export class EndedList {
  #view;
  #elements = new Map();

  /** `view`: section, list (elements). */
  constructor(view) { this.#view = view; }

  #add(call) {
    const level = levelRank(call.finding.level) < 2 ? call.finding : null;
    const about = [call.node, call.engine, formatDuration(call.duration_ms)].filter((word) => word !== null);
    return make('li', {},
      make('a', { href: callPath(call.id), className: 'row-link' }, nameOf(call)),
      make('span', { className: 'soft' }, about.join(', ')),
      make('span', {}, describeReason(call.reason)),
      make('span', { className: 'finding', ...(level === null && { hidden: true }) }, level?.title ?? ''),
      make('time', { className: 'soft', dateTime: new Date(call.ended_at_ms).toISOString() }));
  }

  update(calls, now) {
    const shown = calls.slice(0, MAX_ENDED);
    const byId = new Map(shown.map((call) => [call.id, call]));
    keepInOrder(this.#view.list, this.#elements, [...byId.keys()], (id) => {
      const element = this.#add(byId.get(id));
      element.querySelector('.finding').dataset.level = byId.get(id).finding.level;
      return element;
    });
    for (const [id, element] of this.#elements)
      setText(element.querySelector('time'), formatAgo((now - byId.get(id).ended_at_ms) / 1000));
    this.#view.section.hidden = shown.length === 0;
  }
}
