/* Debian's Chromium. `start` has the shape that browser.mjs needs of every browser. */

import { chromium } from 'playwright-core';

const PATH = process.env.VGW_TEST_CHROMIUM ?? '/usr/bin/chromium';

/* nothing here may look for hosts outside, and there is no graphics card and no real sound */
const FLAGS = ['--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync'];
const autoplayFlag = (isAllowed) => `--autoplay-policy=${isAllowed ? 'no-user-gesture-required' : 'document-user-activation-required'}`;

function microphoneFlags({ wav = null, permission = 'allow' }) {
  const flags = permission === 'ask' ? [] : [`--use-fake-ui-for-media-stream${permission === 'deny' ? '=deny' : ''}`];
  return wav ? [...flags, '--use-fake-device-for-media-stream', `--use-file-for-fake-audio-capture=${wav}`] : flags;
}

export function start({ microphone, localHost, room, autoplay, flags, env }) {
  const hosts = localHost ? [`--host-resolver-rules=MAP ${localHost} 127.0.0.1`] : [];
  return chromium.launch({
    executablePath: PATH, headless: true, chromiumSandbox: false, env,
    args: [...FLAGS, autoplayFlag(autoplay), ...microphoneFlags(microphone), ...hosts, ...flags], ignoreDefaultArgs: room ? ['--mute-audio'] : [],
  });
}
