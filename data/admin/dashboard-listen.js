/* Listening in: the audio of a call over a WebSocket, played with Web Audio.
 *
 * The gateway sends a text {"type":"started","sample_rate_hz":N,"header_bytes":N,"directions":[…]} first, then binary
 * messages: a header with the number of the direction and, in its last four bytes, the time in ms; then s16le, mono. */

const PROTOCOL = 'voice-gateway.listen'; // one that the gateway can select: the token's is never sent back
const TOKEN_PROTOCOL = 'voice-gateway.token.'; // a browser can set no header of a WebSocket
const START_S = 0.25; // what is kept against jitter; the gateway sends every 100 ms
const MOST_S = 1; // more is not waited for: one listens live
const SIDES = ['caller', 'bot'];
const NORMAL_CLOSE = 1000;
const GOING_AWAY = 1001;

export class Listener {
  #api;
  #changed;
  #socket = null;
  #context = null;
  #gains = {};
  #isHeard = { caller: true, bot: true };
  #offset = null; // of the gateway's time to that of the context, in s

  isOn = false;
  problem = '';

  /** `changed ()` follows whenever isOn or problem did. */
  constructor(api, changed) {
    this.#api = api;
    this.#changed = changed;
  }

  /** Only after a click: browsers play nothing before. */
  async start(id) {
    this.stop();
    this.problem = '';
    this.#context = new AudioContext();
    for (const side of SIDES) {
      this.#gains[side] = new GainNode(this.#context, { gain: this.#isHeard[side] ? 1 : 0 });
      this.#gains[side].connect(this.#context.destination);
    }
    this.#context.resume(); // without a loudspeaker it never is: nothing waits for it
    const url = new URL(`sessions/${encodeURIComponent(id)}/listen`, location.href.replace(/#.*/, ''));
    url.protocol = url.protocol.replace('http', 'ws');
    const socket = new WebSocket(url, this.#api.hasToken ? [PROTOCOL, TOKEN_PROTOCOL + this.#api.token] : []);
    socket.binaryType = 'arraybuffer';
    this.#socket = socket;
    let format = null;
    socket.onmessage = ({ data }) => {
      if (typeof data === 'string')
        format ??= JSON.parse(data);
      else if (format && this.#socket === socket)
        this.#play(data, format);
    };
    await new Promise((resolve, reject) => {
      socket.onopen = resolve;
      socket.onclose = () => reject(new Error('The call has no audio yet, or too many listen already.'));
    }).catch((error) => {
      if (this.#socket !== socket) // stopped meanwhile, or begun anew
        return;
      this.stop();
      throw error;
    });
    if (this.#socket !== socket) // stopped meanwhile
      return;
    socket.onclose = ({ code, reason }) => {
      if (this.#socket !== socket)
        return;
      this.problem = code === NORMAL_CLOSE || code === GOING_AWAY ? '' : `Listening has ended: ${reason || 'the connection is lost'}.`;
      this.stop();
    };
    this.isOn = true;
    this.#changed();
  }

  /** Also of what is listened to later. */
  setHeard(side, isHeard) {
    this.#isHeard[side] = isHeard;
    if (this.#gains[side])
      this.#gains[side].gain.value = isHeard ? 1 : 0;
  }

  /* At its time, so that both sides stay together; each has a gain of its own, and is heard in both ears. */
  #play(message, { sample_rate_hz: rate, header_bytes: nHeader, directions }) {
    const header = new DataView(message, 0, nHeader);
    const pcm = new Int16Array(message.slice(nHeader));
    const gain = this.#gains[directions[header.getUint8(0)]];
    const sentAt = header.getUint32(nHeader - 4, true) / 1000;
    const now = this.#context.currentTime;
    const wait = this.#offset === null ? -1 : sentAt + this.#offset - now;
    if (pcm.length === 0 || !gain)
      return;
    if (wait < 0 || wait > MOST_S)
      this.#offset = now + START_S - sentAt;
    const buffer = this.#context.createBuffer(1, pcm.length, rate);
    buffer.copyToChannel(Float32Array.from(pcm, (sample) => sample / 32768), 0);
    const source = new AudioBufferSourceNode(this.#context, { buffer });
    source.connect(gain);
    source.start(sentAt + this.#offset);
  }

  /** Idempotent. */
  stop() {
    const wasOn = this.isOn;
    this.isOn = false;
    this.#socket?.close();
    this.#socket = null;
    this.#context?.close();
    this.#context = null;
    this.#gains = {};
    this.#offset = null;
    if (wasOn)
      this.#changed();
  }
}
