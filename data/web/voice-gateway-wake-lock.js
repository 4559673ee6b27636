/* Keeps the screen on: a phone that locks itself stops the page, and with it the call. */

export class WakeLock {
  #sentinel = null;
  #isWanted = false;
  #onVisible = () => document.visibilityState === 'visible' && this.#request();

  /** Does nothing where the browser has no wake lock or refuses it, as with a low battery. */
  hold() {
    if (this.#isWanted || !globalThis.navigator?.wakeLock)
      return;
    this.#isWanted = true;
    document.addEventListener('visibilitychange', this.#onVisible); // the browser takes it away from a hidden page
    this.#request();
  }

  release() {
    this.#isWanted = false;
    globalThis.document?.removeEventListener('visibilitychange', this.#onVisible);
    this.#sentinel?.release().catch(() => {});
    this.#sentinel = null;
  }

  async #request() {
    const sentinel = await navigator.wakeLock.request('screen').catch(() => null);
    if (this.#isWanted)
      this.#sentinel = sentinel;
    else
      sentinel?.release().catch(() => {}); // the call ended meanwhile
  }
}
