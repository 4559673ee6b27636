/* The row below the headline while a call is recovering: when the next try is, and a button for one at once. */

/** "Next try in 3 s", or that it is under way. */
export function describeWait(ms) {
  return ms > 0 ? `Retrying in ${Math.ceil(ms / 1000)} s` : 'Trying now…';
}

export class RecoveryBanner {
  #view;
  #nextAt = 0; // as performance.now ()

  constructor(view, retry) {
    this.#view = view;
    view.button.addEventListener('click', retry);
  }

  set isShown(isShown) {
    this.#view.banner.hidden = !isShown;
    this.#nextAt = 0;
    this.draw(performance.now());
  }

  /** The next try is in `delayMs`. */
  plan(delayMs) {
    this.#nextAt = performance.now() + delayMs;
  }

  /** Counts down; `now` is in ms, as performance.now () and requestAnimationFrame () have it. */
  draw(now) {
    const text = describeWait(this.#nextAt - now);
    if (!this.#view.banner.hidden && this.#view.text.textContent !== text)
      this.#view.text.textContent = text;
  }
}
