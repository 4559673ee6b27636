/* A call without the client library: a peer connection that a test renegotiates as it likes. */

/* Runs in the page. */
function installCall() {
  class CallByHand {
    constructor(socket) {
      this.socket = socket;
      this.states = [];
      this.errors = [];
      this.answers = [];
    }

    static async connect({ hasChannel = true, direction = 'sendrecv' } = {}) {
      const socket = new WebSocket(`${location.origin.replace('http', 'ws')}/ws`, 'voice-gateway');
      const call = new CallByHand(socket);
      socket.onmessage = ({ data }) => call.#handle(JSON.parse(data));
      await new Promise((resolve, reject) => Object.assign(socket, { onopen: resolve, onerror: reject }));
      const pc = new RTCPeerConnection();
      call.pc = pc;
      pc.ontrack = ({ track }) => {
        const audio = document.createElement('audio');
        audio.srcObject = new MediaStream([track]);
        audio.play();
      };
      if (hasChannel)
        call.channel = pc.createDataChannel('events');
      const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
      call.audio = pc.addTransceiver(stream.getAudioTracks()[0], { direction, streams: [stream] });
      await call.offer();
      await call.#until(() => call.states.includes('active'), 'active');
      return call;
    }

    /** Offers and takes the answer; or the error about it. */
    async offer(options = {}) {
      await this.pc.setLocalDescription(await this.pc.createOffer(options));
      const n = this.answers.length + this.errors.length;
      this.socket.send(JSON.stringify({ type: 'offer', payload: this.pc.localDescription }));
      await this.#until(() => this.answers.length + this.errors.length > n, 'answer');
      if (this.errors.length)
        throw new Error(JSON.stringify(this.errors));
      await this.pc.setRemoteDescription({ type: 'answer', sdp: this.answers.at(-1) });
    }

    async readStats() {
      const reports = [...(await this.pc.getStats()).values()];
      const transport = reports.find(({ type }) => type === 'transport');
      const pair = reports.find(({ id, type, selected }) => (transport ? id === transport.selectedCandidatePairId
        : type === 'candidate-pair' && selected));
      const local = reports.find(({ id }) => id === pair?.localCandidateId);
      const sum = (type, member) => reports.filter((report) => report.type === type && report.kind === 'audio')
        .reduce((total, report) => total + (report[member] ?? 0), 0);
      return { at: performance.now(), protocol: local?.protocol, received: sum('inbound-rtp', 'packetsReceived'),
        sent: sum('outbound-rtp', 'packetsSent') };
    }

    /** The longest time in which nothing came, until `work` is done and `ms` later. */
    async longestGapDuring(work, ms) {
      let isDone = false, gap = 0, last = await this.readStats();
      const done = work().then(() => new Promise((resolve) => setTimeout(resolve, ms))).finally(() => { isDone = true; });
      while (!isDone) {
        const now = await this.readStats();
        if (now.received > last.received)
          last = now;
        gap = Math.max(gap, now.at - last.at);
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      await done;
      return gap;
    }

    /** How many packets come in `ms`, and how many go. */
    async countDuring(ms) {
      const first = await this.readStats();
      await new Promise((resolve) => setTimeout(resolve, ms));
      const last = await this.readStats();
      return { received: last.received - first.received, sent: last.sent - first.sent };
    }

    async hangUp() {
      this.socket.send(JSON.stringify({ type: 'bye', payload: {} }));
      await this.#until(() => this.states.includes('ended'), 'ended');
      this.pc.close();
    }

    #handle({ type, payload: text }) {
      const payload = JSON.parse(text);
      if (type === 'answer')
        this.answers.push(payload.sdp);
      else if (type === 'state')
        this.states.push(payload.state);
      else if (type === 'error')
        this.errors.push(payload);
    }

    async #until(check, what) {
      const deadline = performance.now() + 20000;
      while (!check()) {
        if (performance.now() > deadline || this.socket.readyState > WebSocket.OPEN)
          throw new Error(`no ${what}: ${JSON.stringify({ states: this.states, errors: this.errors })}`);
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    }
  }
  window.CallByHand = CallByHand;
}

/** Opens `url`, and a call in it: `call` of the page. */
export async function openCallByHand(browser, url, options = {}) {
  const page = await browser.open(`${url}`);
  await page.evaluate(installCall);
  await page.evaluate(async (given) => { window.call = await window.CallByHand.connect(given); }, options);
  return page;
}
