/* The microphones and loudspeakers that a page may choose from. */

const ALIASES = ['', 'default', 'communications']; // '': the browser does not name devices before the microphone was allowed

/** Whether this browser lets a page choose the loudspeaker. */
export function canChooseSpeaker() {
  return typeof globalThis.HTMLMediaElement?.prototype.setSinkId === 'function';
}

const pick = (devices, kind) => devices.filter((device) => device.kind === kind && !ALIASES.includes(device.deviceId))
  .map(({ deviceId, label }) => ({ id: deviceId, label }));

/**
 * The devices that there are now, as { microphones: [{ id, label }], speakers: [{ id, label }] }, without the system's
 * default, which is the id null. Empty before a page was allowed to use the microphone; `speakers` also where the browser
 * lets no page choose one.
 */
export async function listDevices() {
  const devices = await globalThis.navigator?.mediaDevices?.enumerateDevices?.() ?? [];
  return { microphones: pick(devices, 'audioinput'), speakers: canChooseSpeaker() ? pick(devices, 'audiooutput') : [] };
}

/** Calls `listener (devices)` whenever a device was plugged in or taken away. Returns what ends that. */
export function watchDevices(listener) {
  const { mediaDevices } = globalThis.navigator ?? {};
  const onChange = async () => listener(await listDevices());
  mediaDevices?.addEventListener('devicechange', onChange);
  return () => mediaDevices?.removeEventListener('devicechange', onChange);
}
