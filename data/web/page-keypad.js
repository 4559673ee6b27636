/* A telephone keypad with one tab stop; the arrow keys move between the keys. While one has the focus, the digits, * and #
 * of the keyboard press them. */

const KEYS = ['1', '2', '3', '4', '5', '6', '7', '8', '9', '*', '0', '#'];
const NAMES = { '*': 'star', '#': 'hash' };
const N_COLUMNS = 3;
const LIT_MS = 150;
const MAX_SHOWN = 64;
const STEPS = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -N_COLUMNS, ArrowDown: N_COLUMNS };

export class KeypadView {
  #toggle;
  #panel;
  #shown;
  #problem;
  #press;
  #buttons = new Map();

  /** @param press a function that sends one key; it may return a promise that rejects */
  constructor({ toggle, panel, keys, shown, problem }, press) {
    this.#toggle = toggle;
    this.#panel = panel;
    this.#shown = shown;
    this.#problem = problem;
    this.#press = press;
    for (const key of KEYS)
      this.#buttons.set(key, this.#makeButton(key));
    keys.append(...this.#buttons.values());
    this.#setStop(this.#buttons.get(KEYS[0]));
    toggle.addEventListener('click', () => this.#setOpen(this.#panel.hidden));
    panel.addEventListener('keydown', (event) => this.#onKeyDown(event));
  }

  /** Keys can be pressed during a call only. */
  set disabled(isDisabled) {
    this.#toggle.disabled = isDisabled;
    if (isDisabled)
      this.#setOpen(false);
  }

  get hasFocus() { return this.#panel.contains(document.activeElement); }

  clear() {
    this.#shown.textContent = '';
    this.#problem.hidden = true;
  }

  #makeButton(key) {
    const button = Object.assign(document.createElement('button'), { type: 'button', className: 'key', textContent: key, tabIndex: -1 });
    if (NAMES[key])
      button.setAttribute('aria-label', NAMES[key]);
    button.dataset.key = key;
    button.addEventListener('click', () => this.#pressKey(key));
    return button;
  }

  #setOpen(isOpen) {
    this.#panel.hidden = !isOpen;
    this.#toggle.setAttribute('aria-expanded', String(isOpen));
    if (isOpen)
      [...this.#buttons.values()].find(({ tabIndex }) => tabIndex === 0).focus();
  }

  #setStop(button) {
    for (const other of this.#buttons.values())
      other.tabIndex = other === button ? 0 : -1;
  }

  #onKeyDown(event) {
    if (event.ctrlKey || event.altKey || event.metaKey)
      return;
    const at = KEYS.indexOf(document.activeElement?.dataset.key);
    const target = KEYS[at + STEPS[event.key]];
    if (this.#buttons.has(event.key)) {
      if (!event.repeat)
        this.#pressKey(event.key);
    } else if (event.key === 'Escape') {
      this.#setOpen(false);
      this.#toggle.focus();
    } else if (at >= 0 && target) {
      this.#buttons.get(target).focus();
      this.#setStop(this.#buttons.get(target));
    } else {
      return;
    }
    event.preventDefault();
  }

  #pressKey(key) {
    const button = this.#buttons.get(key);
    button.classList.add('lit');
    setTimeout(() => button.classList.remove('lit'), LIT_MS);
    this.#setStop(button);
    if (this.hasFocus)
      button.focus();
    this.#shown.textContent = `${this.#shown.textContent}${key}`.slice(-MAX_SHOWN);
    Promise.resolve(this.#press(key)).catch((error) => {
      this.#problem.textContent = error.message;
      this.#problem.hidden = false;
    });
  }
}
