/* Push-to-talk: a switch, and during a call a button that is held while the caller talks. The space bar does the same
 * wherever it has no other meaning. */

/* where the space bar has a meaning of its own */
const TAKES_SPACE = 'a, audio, button, input, select, summary, textarea, [tabindex]';
const KEYS = [' ', 'Enter'];

export class TalkView {
  #view;
  #on;
  #isShown = false;
  #heldKey = null;

  /** @param handlers `switched (isOn)`; `talk (isTalking)` while the button is held, and when it is released */
  constructor(view, handlers) {
    this.#view = view;
    this.#on = handlers;
    const { toggle, button } = view;
    toggle.addEventListener('change', () => this.#on.switched(toggle.checked));
    button.addEventListener('pointerdown', (event) => this.#onPointerDown(event));
    for (const name of ['pointerup', 'pointercancel', 'lostpointercapture'])
      button.addEventListener(name, () => this.#heldKey === null && this.#talk(false));
    button.addEventListener('contextmenu', (event) => event.preventDefault()); // of a long touch
    button.addEventListener('click', (event) => this.#onClick(event));
    document.addEventListener('keydown', (event) => this.#onKeyDown(event));
    document.addEventListener('keyup', (event) => this.#onKeyUp(event));
    globalThis.addEventListener('blur', () => this.#release()); // the key or the button may be released elsewhere
    document.addEventListener('visibilitychange', () => document.hidden && this.#release());
  }

  set isOn(isOn) { this.#view.toggle.checked = isOn; }

  /** Whether the button is there. When it appears it has the focus, unless that is in use elsewhere. */
  set isShown(isShown) {
    if (this.#isShown === isShown)
      return;
    const { button, before } = this.#view;
    const hadFocus = document.activeElement === button;
    this.#release();
    this.#isShown = isShown;
    button.hidden = !isShown;
    if (isShown && [before, document.body].includes(document.activeElement))
      button.focus(); // else the space bar would press the button before
    else if (hadFocus)
      before.focus();
  }

  get #isTalking() { return this.#view.button.getAttribute('aria-pressed') === 'true'; }

  #talk(isTalking) {
    if (!this.#isShown || isTalking === this.#isTalking)
      return;
    this.#view.button.setAttribute('aria-pressed', String(isTalking));
    this.#on.talk(isTalking);
  }

  #release() {
    this.#heldKey = null;
    this.#talk(false);
  }

  #onPointerDown(event) {
    if (event.button !== 0)
      return;
    this.#view.button.setPointerCapture(event.pointerId); // released anywhere
    this.#talk(true);
  }

  /* Assistive technology clicks, and cannot hold: it talks until the next click. */
  #onClick(event) {
    if (event.detail === 0)
      this.#talk(!this.#isTalking);
  }

  #onKeyDown(event) {
    const isButton = event.target === this.#view.button;
    const isMeant = isButton ? KEYS.includes(event.key) : event.key === ' ' && !event.target.closest?.(TAKES_SPACE);
    if (!this.#isShown || !isMeant || event.ctrlKey || event.altKey || event.metaKey)
      return;
    event.preventDefault(); // no click, and the page does not scroll
    if (event.repeat)
      return;
    this.#heldKey = event.key;
    this.#talk(true);
  }

  #onKeyUp(event) {
    if (event.key !== this.#heldKey)
      return;
    event.preventDefault();
    this.#release();
  }
}
