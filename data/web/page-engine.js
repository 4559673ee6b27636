/* Selects the bot to call.
 *
 * The page requests the names from the gateway when it is loaded (GET engines), and receives them again in each call. The
 * last names are kept in localStorage, for use while the gateway does not answer; without names, or if the gateway offers
 * only one, no selector is shown. The selection is in the page's address, `?engine=NAME`, so a link or a bookmark selects
 * that bot, also at the first visit. */

import { abortAfter } from './voice-gateway-signaling.js';

const PARAMETER = 'engine';
const MAX_NAMES = 100;
const LOAD_TIMEOUT_MS = 5000;

const readNames = (value) => (Array.isArray(value) ? value.filter((name) => typeof name === 'string' && name).slice(0, MAX_NAMES) : []);

/** The response to GET engines as { names, defaultName }; null if it is something else. */
export function parseListing(listing) {
  if (!Array.isArray(listing?.engines))
    return null;
  const names = readNames(listing.engines);
  return { names, defaultName: names.includes(listing.default) ? listing.default : null };
}

/** The names kept between visits, as { names, defaultName }; empty if they cannot be parsed. */
export function parseMemory(text) {
  try {
    const { names, defaultName } = JSON.parse(text) ?? {};
    return { names: readNames(names), defaultName: typeof defaultName === 'string' ? defaultName : null };
  } catch {
    return { names: [], defaultName: null };
  }
}

/**
 * What the selector offers, as [{ value, label }]: the gateway's default, which has the value '', and the other names. A
 * name that was chosen is always among them.
 */
export function listChoices({ names, defaultName }, chosen) {
  const others = names.filter((name) => name !== defaultName || name === chosen);
  if (chosen && !others.includes(chosen))
    others.push(chosen);
  return [{ value: '', label: defaultName ? `Default (${defaultName})` : 'Default' },
    ...others.map((name) => ({ value: name, label: name }))];
}

export class EngineChoice {
  #row;
  #select;
  #key = `voice-gateway.engines:${location.pathname}`; // several gateways may share an origin
  #memory;
  #chosen;
  #onChange;

  /** @param show is called when the engine that a call would reach has changed */
  constructor({ row, select }, show) {
    this.#row = row;
    this.#select = select;
    this.#onChange = show;
    this.#chosen = new URL(location.href).searchParams.get(PARAMETER) || null;
    this.#memory = this.#recall();
    select.addEventListener('change', () => this.#choose(select.value || null));
    this.#show();
  }

  /** The name to ask for; null for the gateway's default. */
  get name() { return this.#chosen; }

  /** The name of the engine that a call would reach; null if it is not known. */
  get expected() { return this.#chosen ?? this.#memory.defaultName; }

  set disabled(isDisabled) { this.#select.disabled = isDisabled; }

  /** Requests the names from the gateway at `url`. If that fails, the known ones are kept. */
  async load(url) {
    const answer = await fetch(url, { signal: abortAfter(LOAD_TIMEOUT_MS) }).catch(() => null);
    const listing = answer?.ok ? parseListing(await answer.json().catch(() => null)) : null;
    if (listing)
      this.#take(listing);
  }

  /** The names and the engine that the gateway sent in a call. */
  learn(names, name) {
    const defaultName = this.#chosen === null ? name : this.#memory.defaultName;
    this.#take({ names: readNames(names), defaultName: names.includes(defaultName) ? defaultName : null });
  }

  /** The gateway does not have the selected engine: select its default. */
  forgetChosen() {
    this.#memory.names = this.#memory.names.filter((name) => name !== this.#chosen);
    this.#keep();
    this.#choose(null);
  }

  #take(memory) {
    this.#memory = memory;
    this.#keep();
    this.#show();
  }

  #choose(name) {
    this.#chosen = name;
    const url = new URL(location.href);
    if (name)
      url.searchParams.set(PARAMETER, name);
    else
      url.searchParams.delete(PARAMETER);
    history.replaceState(history.state, '', url);
    this.#show();
  }

  #show() {
    const choices = listChoices(this.#memory, this.#chosen);
    this.#select.replaceChildren(...choices.map(({ value, label }) => new Option(label, value)));
    this.#select.value = this.#chosen ?? '';
    this.#row.hidden = choices.length < 2;
    this.#onChange(this.expected);
  }

  #recall() {
    try {
      return parseMemory(localStorage.getItem(this.#key));
    } catch {
      return parseMemory(null); // storage is switched off
    }
  }

  #keep() {
    try {
      localStorage.setItem(this.#key, JSON.stringify(this.#memory));
    } catch {
      /* then the names are kept for this visit only */
    }
  }
}
