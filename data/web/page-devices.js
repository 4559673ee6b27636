/* Which microphone, which loudspeaker, how loud, and push-to-talk. What was chosen is kept for the next visit; the names of the devices are
 * known once the browser has allowed the microphone. */

import { listDevices, watchDevices } from './voice-gateway.js';

const KEY = 'voice-gateway.devices';

const readId = (id) => (typeof id === 'string' && id !== '' ? id : null);

/** What is kept between visits, as options of a call; of null and anything unreadable, the defaults. */
export function parseChoice(text) {
  try {
    const { microphoneId, speakerId, volume, pushToTalk } = JSON.parse(text) ?? {};
    return { microphoneId: readId(microphoneId), speakerId: readId(speakerId), volume: volume >= 0 && volume <= 1 ? volume : 1,
      pushToTalk: pushToTalk === true };
  } catch {
    return parseChoice(null);
  }
}

/** What a selector offers, as [{ value, label }]: the system's default, which has the value '', and the devices. */
export function listOptions(devices) {
  return [{ value: '', label: 'System default' },
    ...devices.map(({ id, label }, i) => ({ value: id, label: label || `Device ${i + 1}` }))];
}

export class DeviceChoice {
  #view;
  #on;
  #call = null;
  #choice;

  /** @param handlers `chosen (name)`: another device is in use now, microphoneId or speakerId; `failed (error)`: it cannot be, and all stays as it was */
  constructor(view, handlers) {
    this.#view = view;
    this.#on = handlers;
    this.#choice = this.#recall();
    view.microphone.addEventListener('change', () => this.#choose('microphoneId', view.microphone, (id) => this.#call?.useMicrophone(id)));
    view.speaker.addEventListener('change', () => this.#choose('speakerId', view.speaker, (id) => this.#call?.useSpeaker(id)));
    view.volume.addEventListener('input', () => this.#setVolume(Number(view.volume.value) / 100));
    this.#showVolume();
    this.#show({ microphones: [], speakers: [] });
    watchDevices((devices) => this.#show(devices));
    this.refresh();
  }

  /** For the next call. */
  get options() { return { ...this.#choice }; }

  /** The call whose devices are chosen; null for none. */
  set call(call) { this.#call = call; }

  setPushToTalk(isOn) {
    this.#choice.pushToTalk = isOn;
    this.#call?.setPushToTalk(isOn);
    this.#keep();
  }

  /** Reads the names again, as when the microphone has just been allowed. */
  async refresh() {
    this.#show(await listDevices());
  }

  async #choose(name, select, use) {
    const before = this.#choice[name];
    const id = select.value || null;
    try {
      await use(id);
      this.#choice[name] = id;
      this.#keep();
      this.#on.chosen(name);
    } catch (error) {
      select.value = before ?? '';
      this.#on.failed(error);
    }
  }

  #setVolume(volume) {
    this.#choice.volume = volume;
    this.#call?.setVolume(volume);
    this.#showVolume();
    this.#keep();
  }

  #showVolume() {
    const percent = Math.round(this.#choice.volume * 100);
    this.#view.volume.value = percent;
    this.#view.volumeShown.textContent = `${percent} %`;
  }

  #show({ microphones, speakers }) {
    const fill = (select, devices, id) => {
      select.replaceChildren(...listOptions(devices).map(({ value, label }) => new Option(label, value)));
      select.value = devices.some((device) => device.id === id) ? id : '';
    };
    fill(this.#view.microphone, microphones, this.#choice.microphoneId);
    fill(this.#view.speaker, speakers, this.#choice.speakerId);
    this.#view.speakerRow.hidden = speakers.length === 0; // a browser that lets no page choose
    this.#view.unknown.hidden = microphones.length > 0;
  }

  #recall() {
    try {
      return parseChoice(localStorage.getItem(KEY));
    } catch {
      return parseChoice(null); // storage is switched off
    }
  }

  #keep() {
    try {
      localStorage.setItem(KEY, JSON.stringify(this.#choice));
    } catch {
      /* it is good for this visit, then */
    }
  }
}
