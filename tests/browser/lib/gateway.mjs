/* The gateway under test: the real program, on free ports of the loopback interface, in a directory of its own. */

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const START_MS = 30000; // under sanitizers, on a busy machine
const STOP_MS = 30000;
const SANITIZER_REPORT = /AddressSanitizer|LeakSanitizer|runtime error:/;

function program() {
  const path = process.env.VGW_TEST_GATEWAY;
  if (!path)
    throw new Error('VGW_TEST_GATEWAY must name the voice-gateway program');
  return path;
}

/** The environment of a program under sanitizers. To tell a leak of ours from one of a library takes unwinding through
 *  GLib and GStreamer, and that five times the CPU, too much for audio in real time on a busy machine: meson.build says
 *  which tests look for leaks. */
export function environment() {
  const { ASAN_OPTIONS = '', VGW_TEST_LEAKS } = process.env;
  return VGW_TEST_LEAKS ? process.env : { ...process.env, ASAN_OPTIONS: `${ASAN_OPTIONS}:detect_leaks=0:fast_unwind_on_malloc=1` };
}

/** The text of a file with one engine, the bot at `url`, that falls silent when the caller speaks. */
export function flushingBot(url) {
  return `
[engine]
default = bot
barge-in = flush

[engine bot]
type = websocket
url = ${url}
`;
}

export class Gateway {
  #process;
  #exit;
  #log = '';
  #watchers = new Set();

  /** Starts one; `settings` are group.key=value, added to those for a test; `configuration` is the text of a file. */
  static async start(settings = [], { configuration = '' } = {}) {
    const gateway = new Gateway(settings, configuration);
    try {
      await gateway.#waitForAddress();
    } catch (error) {
      await gateway.stop('SIGKILL');
      throw error;
    }
    return gateway;
  }

  constructor(settings, configuration) {
    this.directory = mkdtempSync(join(tmpdir(), 'voice-gateway-browser-'));
    const all = ['http.port=0', 'admin.port=0', 'ice.udp-port=0', 'ice.advertise=127.0.0.1', `record.directory=${this.directory}`, ...settings];
    const file = join(this.directory, 'voice-gateway.conf');
    writeFileSync(file, configuration || '[engine]\ndefault = record\n');
    this.#process = spawn(program(), ['--config', file, ...all.flatMap((setting) => ['--set', setting])], { env: environment(), stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => {
        this.#log += text;
        this.#watchers.forEach((check) => check());
      });
    }
    this.#exit = new Promise((resolve) => {
      this.#process.once('error', (error) => resolve({ code: null, signal: String(error) }));
      this.#process.once('close', (code, signal) => resolve({ code, signal }));
    });
    this.#exit.then((exit) => {
      this.exit = exit;
      this.#watchers.forEach((check) => check());
    });
  }

  /** Everything the program has said. */
  get log() { return this.#log; }

  /** Resolves with the match of `pattern` in the log as soon as it is there; rejects when the program ends first. */
  waitForLog(pattern, timeoutMs = START_MS) {
    return new Promise((resolve, reject) => {
      const finish = (settle, value) => {
        clearTimeout(timer);
        this.#watchers.delete(check);
        settle(value);
      };
      const check = () => {
        const match = pattern.exec(this.#log);
        if (match)
          finish(resolve, match);
        else if (this.exit)
          finish(reject, new Error(`the gateway ended (${JSON.stringify(this.exit)}) before ${pattern}:\n${this.#log}`));
      };
      const timer = setTimeout(() => finish(reject, new Error(`no ${pattern} in ${timeoutMs} ms:\n${this.#log}`)), timeoutMs);
      this.#watchers.add(check);
      check();
    });
  }

  /** The value of a metric without labels. */
  async metric(name) {
    const page = await (await this.#ask('metrics')).text();
    return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(page)[1]);
  }

  /** The sessions, as the admin listener lists them. */
  async sessions() {
    return (await this.#ask('sessions')).json();
  }

  async #ask(path) {
    const [, admin] = await this.waitForLog(/listening admin=(\S+?)(?:"|\s)/);
    return fetch(`${admin}${path}`);
  }

  async #waitForAddress() {
    [, this.url] = await this.waitForLog(/listening .*?(https?:\/\/127\.0\.0\.1:\d+\/)/);
  }

  /** Sends a signal that does not end it. */
  send(signal) { this.#process.kill(signal); }

  /** Ends the program, as { code, signal }. Only with SIGKILL it may still be busy. Removes its directory. */
  async stop(signal = 'SIGTERM') {
    if (!this.exit)
      this.#process.kill(signal);
    const timer = setTimeout(() => this.#process.kill('SIGKILL'), STOP_MS);
    const exit = await this.#exit;
    clearTimeout(timer);
    rmSync(this.directory, { recursive: true, force: true });
    return exit;
  }

  /** Stops it as an operator would, and throws if it did not end cleanly. */
  async stopCleanly() {
    const { code, signal } = await this.stop('SIGTERM');
    if (code !== 0 || SANITIZER_REPORT.test(this.#log))
      throw new Error(`the gateway ended with ${code ?? signal}:\n${this.#log}`);
  }
}
