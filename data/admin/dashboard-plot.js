/* Plots over time, as SVG: lines, dots where values are rare, and the two levels of a call. */

import { NONE, formatAgo, make, setText } from './dashboard-words.js';

const SVG = 'http://www.w3.org/2000/svg';
const HEIGHT = 100;
const STEPS = [1, 2, 5, 10];
const FLOOR_DB = -66;

function makeSvg(tag, attributes = {}) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes))
    element.setAttribute(name, value);
  return element;
}

/* The end of an axis: 1, 2 or 5 times a power of ten. */
function roundUp(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return STEPS.find((step) => step * power >= value - 1e-9) * power;
}

const isKnown = (value) => value !== null && value !== undefined;
const known = (values) => values.filter(isKnown);

/* Runs of known values as path data; a value alone is a dot. */
function linePath(values, toX, toY) {
  let data = '';
  values.forEach((value, i) => {
    if (!isKnown(value))
      return;
    const isAlone = !isKnown(values[i - 1]) && !isKnown(values[i + 1]);
    const point = `${toX(i).toFixed(2)} ${toY(value).toFixed(2)}`;
    data += isKnown(values[i - 1]) ? `L${point}` : `M${point}`;
    if (isAlone)
      data += 'h.01';
  });
  return data;
}

/* The area under the runs, down to `base`. */
function areaPath(values, toX, toY, base) {
  let data = '';
  for (let i = 0; i < values.length; i++) {
    if (!isKnown(values[i]))
      continue;
    const from = i;
    let run = '';
    for (; i < values.length && isKnown(values[i]); i++)
      run += `L${toX(i).toFixed(2)} ${toY(values[i]).toFixed(2)}`;
    data += `M${toX(from).toFixed(2)} ${base}${run}L${toX(i - 1).toFixed(2)} ${base}Z`;
  }
  return data;
}

/**
 * One plot.
 *   title, format (value)   words
 *   series     [{ name, kind }]: kind is the colour, a class
 *   least      the axis ends at that or above
 *   isSparse   values are seldom: dots without lines and areas
 *   limit      a value with a line across, such as what is too much
 *   sums       the figure beside the title is the sum of what is shown
 */
export class Plot {
  #options;
  #paths;
  #values = [];
  #perSecond = 1;
  #shown = 60;
  #hovered = null;

  constructor(options) {
    this.#options = options;
    this.now = make('span', { className: 'plot-now' });
    this.svg = makeSvg('svg', { preserveAspectRatio: 'none', viewBox: `0 0 100 ${HEIGHT}`, 'aria-hidden': 'true', focusable: 'false' });
    this.max = make('span', { className: 'plot-max' });
    this.from = make('span', {});
    this.cursor = make('div', { className: 'plot-cursor', hidden: true });
    this.area = make('div', { className: 'plot-area' }, this.svg, this.max, this.cursor);
    this.keys = make('span', { className: 'plot-keys' }, ...(options.series.length > 1
      ? options.series.map(({ name, kind }) => make('span', { className: `key ${kind}` }, name)) : []));
    this.element = make('figure', { className: `plot ${options.className ?? ''}` },
      make('figcaption', {}, make('span', { className: 'plot-name' }, options.title), this.keys, this.now), this.area,
      make('div', { className: 'plot-axis', ariaHidden: 'true' }, this.from, make('span', {}, 'now')));
    this.element.setAttribute('role', 'group');
    this.area.addEventListener('pointermove', (event) => this.#hover(event.clientX));
    this.area.addEventListener('pointerdown', (event) => this.#hover(event.clientX));
    this.area.addEventListener('pointerleave', () => this.#leave());
    this.#prepare();
  }

  #prepare() {
    this.svg.append(makeSvg('path', { class: 'grid', d: `M0 ${HEIGHT / 2}H100` }));
    if (this.#options.limit !== undefined)
      this.limit = this.svg.appendChild(makeSvg('path', { class: 'limit' }));
    this.#paths = this.#options.series.map(({ kind }) => ({
      area: this.svg.appendChild(makeSvg('path', { class: `area ${kind}` })),
      line: this.svg.appendChild(makeSvg('path', { class: `line ${kind}${this.#options.isSparse ? ' dots' : ''}` })),
    }));
  }

  /** Shows the last `seconds` of `values`: an array for each series, `perSecond` values in a second, the newest last. */
  update(values, { seconds, perSecond = 1 }) {
    this.#values = values;
    this.#perSecond = perSecond;
    this.#shown = seconds;
    this.draw();
    this.#describe();
    if (this.#hovered !== null)
      this.#hover(this.#hovered);
  }

  /* The values that are shown, as long as the axis: what is not there yet is null. */
  window(values) {
    const n = this.#shown * this.#perSecond;
    const last = values.slice(-n);
    return [...Array(n - last.length).fill(null), ...last];
  }

  get nShown() { return this.#shown * this.#perSecond; }

  draw() {
    const { least, isSparse, limit, format } = this.#options;
    const windows = this.#values.map((values) => this.window(values));
    const top = roundUp(Math.max(least, ...windows.flatMap(known)));
    const toX = (i) => (i * 100) / (this.nShown - 1);
    const toY = (value) => HEIGHT - (value / top) * (HEIGHT - 2);
    windows.forEach((shown, i) => {
      const { area, line } = this.#paths[i];
      line.setAttribute('d', isSparse
        ? shown.map((value, n) => (isKnown(value) ? `M${toX(n).toFixed(2)} ${toY(value).toFixed(2)}h.01` : '')).join('')
        : linePath(shown, toX, toY));
      if (!isSparse && i === 0)
        area.setAttribute('d', areaPath(shown, toX, toY, HEIGHT));
    });
    this.limit?.setAttribute('d', top > limit ? `M0 ${toY(limit)}H100` : '');
    setText(this.max, format(top));
  }

  get paths() { return this.#paths; }

  get values() { return this.#values; }

  /* `ago` in values before the newest one; null: the present figures. */
  #texts(ago) {
    const { series, format, isSparse, sums } = this.#options;
    return series.map((_, i) => {
      const values = this.#values[i] ?? [];
      if (sums && ago === null)
        return format(known(this.window(values)).reduce((sum, value) => sum + value, 0));
      let value = values.at(-1 - (ago ?? 0));
      if (isSparse && ago === null && !isKnown(value))
        value = known(values).at(-1);
      return isKnown(value) ? format(value) : NONE;
    });
  }

  #describe() {
    const { series, title, format } = this.#options;
    setText(this.from, formatAgo(this.#shown));
    if (this.#hovered === null)
      setText(this.now, this.#texts(null).join(' / '));
    const parts = series.map(({ name }, i) => {
      const shown = known(this.window(this.#values[i] ?? []));
      return `${series.length > 1 ? `${name}: ` : ''}${shown.length === 0 ? 'nothing yet' : `now ${this.#texts(null)[i]}, at most ${format(Math.max(...shown))}`}`;
    });
    this.element.setAttribute('aria-label', `${title}, ${parts.join('; ')}`);
  }

  #hover(clientX) {
    const { left, width } = this.area.getBoundingClientRect();
    const share = Math.min(1, Math.max(0, (clientX - left) / width));
    const ago = Math.round((1 - share) * (this.nShown - 1));
    this.#hovered = clientX;
    this.cursor.hidden = false;
    this.cursor.style.left = `${share * 100}%`;
    setText(this.now, `${formatAgo(ago / this.#perSecond)}: ${this.#texts(ago).join(' / ')}`);
  }

  #leave() {
    this.#hovered = null;
    this.cursor.hidden = true;
    setText(this.now, this.#texts(null).join(' / '));
  }
}

/** The levels of both sides of a call in dB: the caller's upwards, the bot's downwards. */
export class LevelPlot extends Plot {
  draw() {
    const middle = HEIGHT / 2;
    const toX = (i) => (i * 100) / (this.nShown - 1);
    this.values.forEach((values, i) => {
      const sign = i === 0 ? -1 : 1;
      const toY = (db) => middle + sign * Math.max(0, (db - FLOOR_DB) / -FLOOR_DB) * (middle - 1);
      this.paths[i].area.setAttribute('d', areaPath(this.window(values), toX, toY, middle));
    });
    setText(this.max, '');
  }
}
