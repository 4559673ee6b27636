/* A far side that a test plays in place of a gateway, for what a good one does not do on demand. Its WebRTC is a second,
 * real peer connection in the same page. */

/* Runs in the page: answers offers with an echo of the audio, and of every text on a data channel. A later offer of the
 * same RTCPeerConnection is answered by the same one here, as long as that is not closed. */
function installFarSide() {
  window.farSide = {
    peers: [],
    async answer(offer) {
      const origin = /^o=(.*) \d+ IN/m.exec(offer.sdp)[1];
      const same = window.farSide.peers.find((peer) => peer.origin === origin && peer.pc.signalingState !== 'closed');
      if (same) {
        await same.pc.setRemoteDescription(offer);
        await same.pc.setLocalDescription(await same.pc.createAnswer());
        return same.pc.localDescription.toJSON();
      }
      const pc = new RTCPeerConnection();
      window.farSide.peers.push({ origin, pc });
      window.farSide.pc = pc;
      pc.ontrack = ({ track, streams }) => pc.addTrack(track, ...streams);
      pc.ondatachannel = ({ channel }) => {
        window.farSide.label = channel.label;
        window.farSide.channel = channel;
        channel.onmessage = ({ data }) => channel.send(data);
      };
      await pc.setRemoteDescription(offer);
      await pc.setLocalDescription(await pc.createAnswer());
      if (pc.iceGatheringState !== 'complete')
        await new Promise((resolve) => { pc.onicegatheringstatechange = () => pc.iceGatheringState === 'complete' && resolve(); });
      return pc.localDescription.toJSON();
    },
  };
}

/**
 * Opens `url` in a page whose WebSockets end here. `script` says what the far side sends for each message of the call: a
 * function by type, called with (send, payload, { answer, close, sendRaw }). Without one for `offer` it answers.
 * Returns { page, send, received, urls, answer, close, sendRaw }; `urls` are those of the WebSockets, in order.
 */
export async function openFarSide(chromium, url, script = {}, contextOptions = {}) {
  const page = await chromium.open('about:blank', contextOptions);
  const received = [];
  const urls = [];
  let socket = null;
  const send = (type, payload) => socket.send(JSON.stringify({ type, payload: JSON.stringify(payload) }));
  const tools = {
    answer: (offer) => page.evaluate((description) => window.farSide.answer(description), offer),
    close: (how) => socket.close(how),
    sendRaw: (text) => socket.send(text),
  };
  const handlers = {
    open: () => send('session', { id: 'an-id', iceServers: [] }),
    offer: async (_, offer) => send('answer', await tools.answer(offer)),
    ...script,
  };
  await page.addInitScript(installFarSide);
  await page.routeWebSocket(/\/ws(\?.*)?$/, (route) => {
    socket = route;
    urls.push(new URL(route.url()));
    route.onMessage((text) => {
      const { type, payload } = JSON.parse(text);
      if (type !== 'ping') // which is no part of the call
        received.push({ type, payload: JSON.parse(payload) });
      handlers[type]?.(send, JSON.parse(payload), tools);
    });
    handlers.open(send, null, tools);
  });
  await page.goto(url);
  return { page, send, received, urls, ...tools };
}
