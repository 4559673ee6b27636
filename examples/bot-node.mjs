// A voice bot for voice-gateway: its callers hear themselves, until they interrupt.
//
// Speaks voice-gateway.v1 (docs/ENGINE.md). Needs ws (npm install).  node bot-node.mjs [PORT]

import { WebSocketServer } from 'ws';

const server = new WebSocketServer({ host: '127.0.0.1', port: Number(process.argv[2] ?? 9000) });

server.on('listening', () => console.log(`ready ws://127.0.0.1:${server.address().port}`));

server.on('connection', (socket) => {
  const say = (message) => socket.send(JSON.stringify(message));
  let nUtterances = 0;

  socket.on('error', (error) => console.error(error.message));
  socket.on('message', (data, isBinary) => {
    if (isBinary) {
      socket.send(data); // the caller's voice: s16le, mono
      return;
    }
    const message = JSON.parse(data);
    switch (message.type) {
      case 'start':
        say({ type: 'ready', sample_rate: message.audio.sample_rate });
        break;
      case 'speech-started': // whatever still waits to be heard is out of place now
        say({ type: 'clear' });
        break;
      case 'speech-stopped':
        nUtterances += 1;
        say({ type: 'mark', name: `utterance-${nUtterances}` });
        break;
      case 'mark':
        say({ type: 'event', data: { type: 'heard', name: message.name, ms: message.utterance_ms } });
        break;
      case 'event':
        say({ type: 'event', data: { type: 'echo', of: message.data } });
        break;
      case 'dtmf':
        if (message.digit === '#') say({ type: 'hangup' });
        break;
      case 'cleared':
      case 'error':
      case 'stop':
        console.log(String(data));
        break;
    }
  });
});
