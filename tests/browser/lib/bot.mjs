/* A voice bot behind the gateway's own engine protocol, voice-gateway.v1 (docs/ENGINE.md): it notes what it is told, and
 * says what a test wants. */

import { WebSocketServer } from 'ws';

const WAIT_MS = 30000; // under sanitizers, on a busy machine
const SAMPLES_PER_FRAME = 1600;

/* One connection of the gateway: one call, or its continuation after the connection broke. */
class BotCall {
  #socket;
  #watchers = new Set();

  constructor(socket) {
    this.#socket = socket;
    this.messages = []; // the texts, in order
    this.samples = 0;   // of the caller, so far
    this.late = [];     // how much of the caller's audio was missing when each part came, ms at 16 kHz, but for a constant
    this.isOpen = true;
    this.echoes = false; // whether the caller hears itself
    socket.on('message', (data, isBinary) => {
      if (isBinary)
        this.#hear(data);
      else
        this.messages.push(JSON.parse(data));
      this.#watchers.forEach((check) => check());
    });
    socket.on('error', () => {}); // 'close' follows
    socket.on('close', () => {
      this.isOpen = false;
      this.#watchers.forEach((check) => check());
    });
  }

  #hear(pcm) {
    this.late.push(performance.now() - this.samples / 16);
    this.samples += pcm.length / 2;
    if (this.echoes)
      this.#socket.send(pcm);
  }

  say(message) { this.#socket.send(JSON.stringify(message)); }

  tell(data) { this.say({ type: 'event', data }); }

  /** Speaks `samples` (Float32Array at the rate of the call) in one burst. */
  play(samples) {
    for (let at = 0; at < samples.length; at += SAMPLES_PER_FRAME) {
      const part = samples.subarray(at, at + SAMPLES_PER_FRAME);
      const frame = Buffer.alloc(2 * part.length);
      part.forEach((sample, i) => frame.writeInt16LE(Math.max(-32768, Math.min(32767, Math.round(sample * 32768))), 2 * i));
      this.#socket.send(frame);
    }
  }

  /** The messages of `type` that have come so far. */
  of(type) { return this.messages.filter((message) => message.type === type); }

  /** Resolves with what `check (call)` returns as soon as that is true. */
  waitUntil(check, what) {
    return new Promise((resolve, reject) => {
      const finish = (settle, value) => {
        clearTimeout(timer);
        this.#watchers.delete(look);
        settle(value);
      };
      const look = () => {
        const found = check(this);
        if (found)
          finish(resolve, found);
      };
      const timer = setTimeout(() => finish(reject, new Error(`the bot saw no ${what}; it has ${JSON.stringify(this.messages)}`)), WAIT_MS);
      this.#watchers.add(look);
      look();
    });
  }

  /** Resolves with the first message of `type`, once it has come. */
  waitFor(type) { return this.waitUntil(() => this.of(type)[0], `"${type}"`); }

  hangUp() { this.say({ type: 'hangup' }); }

  /** As a bot that crashes. */
  drop() { this.#socket.terminate(); }
}

export class Bot {
  #server;
  #waiting = [];

  static async start(port = 0) {
    const bot = new Bot(port);
    await new Promise((resolve, reject) => bot.#server.once('listening', resolve).once('error', reject));
    bot.url = `ws://127.0.0.1:${bot.#server.address().port}/`;
    return bot;
  }

  constructor(port) {
    this.calls = [];
    this.#server = new WebSocketServer({ host: '127.0.0.1', port });
    this.#server.on('connection', (socket) => {
      const call = new BotCall(socket);
      this.calls.push(call);
      this.#waiting.splice(0).forEach((look) => look());
    });
  }

  /** Resolves with connection number `n`, counted from 0. */
  async call(n) {
    const deadline = Date.now() + WAIT_MS;
    while (this.calls.length <= n) {
      if (Date.now() >= deadline)
        throw new Error(`the gateway made ${this.calls.length} connections to the bot`);
      await new Promise((resolve) => {
        const timer = setTimeout(resolve, deadline - Date.now());
        this.#waiting.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
    return this.calls[n];
  }

  async stop() {
    this.calls.forEach((call) => call.drop());
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
