// A voice bot for voice-gateway that sends the caller's audio back, until the caller interrupts.
//
// Speaks voice-gateway.v1 (docs/ENGINE.md). Needs ws (npm install).  node bot-node.mjs [PORT]

import { WebSocketServer } from 'ws';

const server = new WebSocketServer({ host: '127.0.0.1', port: Number(process.argv[2] ?? 9000) });

server.on('listening', () => console.log(`ready ws://127.0.0.1:${server.address().port}`));

server.on('connection', (socket) => {
  const send = (message) => socket.send(JSON.stringify(message));
  let nUtterances = 0;

  socket.on('error', (error) => console.error(error.message));
  socket.on('message', (data, isBinary) => {
    if (isBinary) {
      socket.send(data); // the caller's audio: s16le, mono
      return;
    }
    const message = JSON.parse(data);
    switch (message.type) {
      case 'start':
        send({ type: 'ready', sample_rate: message.audio.sample_rate });
        break;
      case 'speech-started': // the caller interrupts: drop the queued audio
        send({ type: 'clear' });
        break;
      case 'speech-stopped':
        nUtterances += 1;
        send({ type: 'mark', name: `utterance-${nUtterances}` });
        break;
      case 'mark':
        send({ type: 'event', data: { type: 'heard', name: message.name, ms: message.utterance_ms } });
        break;
      case 'event':
        send({ type: 'event', data: { type: 'echo', of: message.data } });
        break;
      case 'dtmf':
        if (message.digit === '#') send({ type: 'hangup' });
        break;
      case 'cleared':
      case 'error':
      case 'stop':
        console.log(String(data));
        break;
    }
  });
});
