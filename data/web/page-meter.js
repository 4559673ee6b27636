/* One level meter: a bar in decibels with a peak that falls slowly. */

const FLOOR_DB = -60; // of full scale; the level of a quiet room
const ANNOUNCE_MS = 500; // interval of new values for assistive technology
const PEAK_FALL_PER_S = 0.6; // of the bar's length
const SEGMENTS = 24; // as in page.css

/** The place of a level (root mean square, 0 to 1) on the bar, 0 to 1. */
export function levelToBar(rms) {
  const db = 20 * Math.log10(Math.max(rms, 1e-6));
  return Math.min(1, Math.max(0, 1 - db / FLOOR_DB));
}

export class MeterView {
  #element;
  #peak = 0;
  #drawnAt = 0;
  #announcedAt = 0;

  constructor(element) {
    this.#element = element;
    for (const name of ['meter-fill', 'meter-peak'])
      element.append(Object.assign(document.createElement('span'), { className: name }));
  }

  /** Draws a level at the time `now` (ms, of requestAnimationFrame). */
  draw(rms, now) {
    const bar = levelToBar(rms);
    const elapsedS = Math.min(1, Math.max(0, (now - this.#drawnAt) / 1000));
    this.#drawnAt = now;
    this.#peak = Math.max(bar, this.#peak - PEAK_FALL_PER_S * elapsedS);
    this.#element.style.setProperty('--lit', Math.round(bar * SEGMENTS));
    this.#element.style.setProperty('--peak', Math.round(this.#peak * SEGMENTS));
    if (now - this.#announcedAt >= ANNOUNCE_MS) {
      this.#announcedAt = now;
      this.#element.setAttribute('aria-valuenow', String(Math.round(bar * 100)));
      this.#element.setAttribute('aria-valuetext', bar === 0 ? 'silent' : `${Math.round(FLOOR_DB * (1 - bar))} decibels`);
    }
  }

  clear() {
    this.#peak = 0;
    this.#announcedAt = -Infinity;
    this.draw(0, this.#drawnAt);
  }
}
