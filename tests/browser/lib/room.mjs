/* A room with a loudspeaker and a microphone that hears it: a sound server of the test's own, PulseAudio without a sound
 * card. A browser plays into the loudspeaker, and its microphone gets the room back: the loudspeaker, weaker, and whoever
 * speaks in the room. One thread mixes all of it, so that the way from loudspeaker to microphone has one length, whatever
 * else the machine does. It is as long as the buffers on both ends.
 *
 *   browser ──▶ loudspeaker ──turned down──▶ air ──▶ microphone ──▶ browser
 *                                  say () ────▲                                                                          */

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { rms } from './sound.mjs';

const run = promisify(execFile);

const RATE = 48000; // of the sound card; what browsers use
const START_MS = 20000;
const WAIT_MS = 30000; // under sanitizers, on a busy machine
const POLL_MS = 50;
const LOUDSPEAKER = 'Loudspeaker';
/** The label of a microphone that Firefox offers, too: it hears what the browser itself plays, and nobody who speaks. */
export const LOUDSPEAKER_MONITOR = `Monitor of ${LOUDSPEAKER}`;
const FORMAT = ['--format=s16le', '--channels=1'];

/* What the server loads: nothing that looks for hardware, sessions or other servers. */
const modules = (socket) => [
  `module-native-protocol-unix socket=${socket} auth-anonymous=1`,
  `module-null-sink sink_name=air rate=${RATE} channels=1`,
  `module-remap-sink sink_name=loudspeaker master=air sink_properties=device.description=${LOUDSPEAKER}`,
  'module-remap-source source_name=microphone master=air.monitor', // Chromium leaves monitors out
];

function toPcm(samples) {
  const pcm = Buffer.alloc(2 * samples.length);
  samples.forEach((sample, i) => pcm.writeInt16LE(Math.max(-32768, Math.min(32767, Math.round(sample * 32768))), 2 * i));
  return pcm;
}

/* What is heard at one place, until stop (). */
class Ear {
  #recorder;
  #silence;
  #blocks = [];
  #rest = Buffer.alloc(0);
  #watchers = new Set();

  constructor(recorder, silence) {
    this.#recorder = recorder;
    this.#silence = silence;
    this.lastLoudAt = null; // as Date.now ()
    this.heardAt = null;
    recorder.stdout.on('data', (data) => {
      this.#hear(Buffer.concat([this.#rest, data]));
      this.#watchers.forEach((look) => look());
    });
  }

  #hear(bytes) {
    const samples = Float32Array.from({ length: bytes.length >> 1 }, (_, i) => bytes.readInt16LE(2 * i) / 32768);
    this.#rest = bytes.subarray(2 * samples.length);
    this.#blocks.push(samples);
    this.heardAt = Date.now();
    if (rms(samples) > this.#silence)
      this.lastLoudAt = this.heardAt;
  }

  #waitUntil(check, what) {
    return new Promise((resolve, reject) => {
      const finish = (settle, value) => {
        clearTimeout(timer);
        this.#watchers.delete(look);
        settle(value);
      };
      const look = () => check() && finish(resolve);
      const timer = setTimeout(() => finish(reject, new Error(`no ${what} in ${WAIT_MS} ms`)), WAIT_MS);
      this.#watchers.add(look);
      look();
    });
  }

  waitForSound() { return this.#waitUntil(() => this.lastLoudAt !== null, 'sound'); }

  /** Waits until there was sound, and then for `ms` none. */
  waitForQuiet(ms) {
    return this.#waitUntil(() => this.lastLoudAt !== null && this.heardAt - this.lastLoudAt >= ms, 'silence');
  }

  /** All that was heard so far, as Float32Array. */
  takeRecorded() {
    const all = new Float32Array(this.#blocks.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const block of this.#blocks) {
      all.set(block, at);
      at += block.length;
    }
    return all;
  }

  async stop() {
    const closed = once(this.#recorder, 'close');
    this.#recorder.kill();
    await closed;
  }
}

export class Room {
  #server;
  #children = new Set();
  #log = '';

  /** A room in which the loudspeaker's sound reaches the microphone `echoDb` weaker. */
  static async start({ echoDb }) {
    const room = new Room();
    try {
      await room.#waitForServer();
      await room.#pactl('set-default-sink', 'loudspeaker');
      await room.#pactl('set-default-source', 'microphone');
      await room.#pactl('set-sink-input-volume', await room.#findEcho(), `${-echoDb}dB`);
    } catch (error) {
      await room.stop();
      throw new Error(`${error.message}\n${room.#log}`);
    }
    return room;
  }

  constructor() {
    this.directory = mkdtempSync(join(tmpdir(), 'voice-gateway-room-'));
    const socket = join(this.directory, 'native');
    /** What a program needs in its environment to hear and play in here. */
    this.environment = {
      PULSE_SERVER: `unix:${socket}`, PULSE_RUNTIME_PATH: this.directory, PULSE_STATE_PATH: this.directory,
      PULSE_CLIENTCONFIG: '/dev/null', PULSE_COOKIE: join(this.directory, 'cookie'),
    };
    const loads = modules(socket).flatMap((module) => ['--load', module]);
    this.#server = this.#spawn('pulseaudio', ['-n', '--daemonize=no', '--use-pid-file=no', '--exit-idle-time=60',
      '--disallow-module-loading', '--log-target=stderr', ...loads], 'ignore');
    this.#server.stderr.setEncoding('utf8').on('data', (text) => { this.#log += text; });
  }

  #spawn(program, args, output) {
    const child = spawn(program, args, { env: { ...process.env, ...this.environment }, stdio: ['pipe', output, 'pipe'] });
    child.once('error', (error) => { this.#log += `${program}: ${error.message}\n`; });
    child.once('close', () => this.#children.delete(child));
    this.#children.add(child);
    return child;
  }

  async #pactl(...args) {
    const { stdout } = await run('pactl', args, { env: { ...process.env, ...this.environment } });
    return stdout;
  }

  async #waitForServer() {
    const deadline = Date.now() + START_MS;
    while (!(await this.#pactl('list', 'short', 'sources').catch(() => '')).includes('microphone')) {
      if (!this.#children.has(this.#server) || Date.now() > deadline)
        throw new Error('pulseaudio did not start');
      await new Promise((resolve) => { setTimeout(resolve, POLL_MS); });
    }
  }

  /* The number of the stream that carries the loudspeaker's sound into the room. */
  async #findEcho() {
    const line = (await this.#pactl('list', 'short', 'sink-inputs')).split('\n').find((text) => text.includes('module-remap-sink'));
    return line.split('\t')[0];
  }

  #play(rate) {
    return this.#spawn('pacat', ['--playback', '--device=air', `--rate=${rate}`, '--latency-msec=40', ...FORMAT], 'ignore');
  }

  /** Speaks `samples` (Float32Array) in the room. Resolves when they have been said. */
  async say(samples, rate) {
    const player = this.#play(rate);
    player.stdin.end(toPcm(samples));
    const [code] = await once(player, 'close');
    if (code !== 0)
      throw new Error(`pacat ended with ${code}`);
  }

  /** Speaks `samples` again and again, until stop (). */
  repeat(samples, rate) {
    const pcm = toPcm(samples);
    const player = this.#play(rate);
    player.stdin.on('error', () => {}); // it is stopped in the middle of a word
    const speak = () => player.stdin.write(pcm, (error) => error || speak());
    speak();
  }

  /** Listens directly at `sink`, at `rate`. What is weaker than `silence` (root mean square) is none. */
  listen(sink, rate, silence) {
    const recorder = this.#spawn('parec', [`--device=${sink}.monitor`, `--rate=${rate}`, '--latency-msec=20', ...FORMAT], 'pipe');
    return new Ear(recorder, silence);
  }

  async stop() {
    for (const child of [...this.#children]) {
      child.kill('SIGKILL');
      await once(child, 'close');
    }
    rmSync(this.directory, { recursive: true, force: true });
  }
}
