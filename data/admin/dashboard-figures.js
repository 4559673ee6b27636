/* The figures of one call, in groups. */

import { formatBytes, formatCount, formatMs, formatSeconds, make, setText } from './dashboard-words.js';

/* Members of `stats`, as the API has them. */
const GROUPS = [
  { title: 'From the caller', of: 'received', rows: [['packets', 'Packets', formatCount], ['bytes', 'Audio', formatBytes], ['lost', 'Lost', formatCount],
    ['late', 'Late', formatCount], ['reordered', 'Reordered', formatCount], ['duplicated', 'Duplicated', formatCount],
    ['concealed_ms', 'Concealed', formatSeconds], ['fec_ms', 'Recovered (FEC)', formatSeconds], ['jitter_ms', 'Jitter', formatMs]] },
  { title: 'To the caller', of: 'sent', rows: [['packets', 'Packets', formatCount], ['bytes', 'Audio', formatBytes], ['lost', 'Lost, as reported', formatCount],
    ['jitter_ms', 'Jitter, as reported', formatMs], ['round_trip_ms', 'Round trip', formatMs]] },
  { title: 'Audio', of: 'audio', rows: [['caller_ms', 'Caller to engine', formatSeconds], ['played_ms', 'Engine to caller', formatSeconds],
    ['queued_ms', 'Waiting', formatSeconds], ['dropped_ms', 'Dropped', formatSeconds],
    ['shortened_pauses_ms', 'Shortened pauses', formatSeconds], ['shortened_speech_ms', 'Shortened speech', formatSeconds]] },
  { title: 'Counts', of: 'counts', rows: [['turns', 'Turns', formatCount], ['barge_ins', 'Interruptions', formatCount],
    ['keys', 'Keys', formatCount], ['engine_failures', 'Engine failures', formatCount]] },
];
const SETUP = [['signaling_ms', 'Signaling'], ['ice_ms', 'ICE'], ['dtls_ms', 'DTLS'], ['first_audio_ms', 'First audio of the bot']];

export class Figures {
  #cells = [];
  #setup = [];

  constructor(parent) {
    const bar = make('div', { className: 'setup-bar', ariaHidden: 'true' });
    const list = make('dl', { className: 'setup-list' });
    for (const [name, title] of SETUP) {
      const part = bar.appendChild(make('i', { className: `part-${name}` }));
      const value = make('dd');
      list.append(make('div', {}, make('dt', { className: `key part-${name}` }, title), value));
      this.#setup.push({ name, part, value });
    }
    parent.append(make('div', { className: 'group wide' }, make('h3', {}, 'Setup'), bar, list));
    for (const { title, of, rows } of GROUPS) {
      const group = make('dl');
      for (const [name, words, format] of rows) {
        const value = make('dd');
        group.append(make('div', {}, make('dt', {}, words), value));
        this.#cells.push({ of, name, format, value });
      }
      parent.append(make('div', { className: 'group' }, make('h3', {}, title), group));
    }
  }

  update(stats) {
    const all = { ...stats, sent: { ...stats.sent, round_trip_ms: stats.round_trip_ms } };
    for (const { of, name, format, value } of this.#cells)
      setText(value, format(all[of]?.[name]));
    const sum = this.#setup.reduce((total, { name }) => total + (stats.setup?.[name] ?? 0), 0);
    for (const { name, part, value } of this.#setup) {
      const ms = stats.setup?.[name];
      part.style.width = `${sum > 0 ? (100 * (ms ?? 0)) / sum : 0}%`;
      setText(value, formatMs(ms));
    }
  }
}
