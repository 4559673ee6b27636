/* Debian's Firefox, over WebDriver BiDi. `start` has the shape that browser.mjs needs of every browser.
 *
 * Firefox's own fake microphone plays a tone only, and without a sound server its AudioContexts stay suspended. So it
 * gets a room (room.mjs) with a microphone into which the file is played. */

import { firefox } from 'playwright-core';
import { Room } from './room.mjs';
import { readWav } from './sound.mjs';

const PATH = process.env.VGW_TEST_FIREFOX ?? '/usr/bin/firefox-esr';
const PERMISSION = { ask: 0, allow: 1, deny: 2 }; // nsIPermissionManager
const NO_ECHO_DB = 200;

/* nothing here may look for hosts outside; calls must work where the loopback interface is the only one */
const PREFERENCES = {
  'app.update.enabled': false, 'app.normandy.enabled': false, 'browser.safebrowsing.blockedURIs.enabled': false,
  'datareporting.policy.dataSubmissionEnabled': false, 'media.gmp-manager.updateEnabled': false,
  'network.captive-portal-service.enabled': false, 'network.connectivity-service.enabled': false,
  'services.settings.server': 'data:,', 'toolkit.telemetry.enabled': false,
  'media.autoplay.default': 0, 'media.peerconnection.ice.loopback': true,
};

/* A room in which `wav` is played again and again. */
async function furnish(wav) {
  const room = await Room.start({ echoDb: NO_ECHO_DB });
  const { samples, rate } = readWav(wav);
  room.repeat(samples, rate);
  return room;
}

export async function start({ microphone: { wav = null, permission = 'allow' }, localHost, room, autoplay, flags, env }) {
  if (room || flags.length > 0 || !autoplay)
    throw new Error('a room of the test, flags, and sound that waits for a click are for Chromium');
  const own = wav ? await furnish(wav) : null;
  const browser = await firefox.launch({
    channel: 'moz-firefox', // the one over WebDriver BiDi; the others are playwright's own builds
    executablePath: PATH, headless: true, env: { ...env, ...own?.environment, MOZ_CRASHREPORTER_DISABLE: '1' },
    firefoxUserPrefs: {
      ...PREFERENCES, ...(localHost && { 'network.dns.localDomains': localHost }),
      'media.navigator.permission.disabled': permission === 'allow', 'permissions.default.microphone': PERMISSION[permission],
    },
  }).catch(async (error) => {
    await own?.stop();
    throw error;
  });
  browser.once('disconnected', () => own?.stop());
  return browser;
}
