// An application for Asterisk's chan_websocket, written from its documentation only:
// https://docs.asterisk.org/Configuration/Channel-Drivers/WebSocket/
// Says back what it hears; keys make it mark, pause, continue, flush, and hang up.

import { WebSocketServer } from 'ws';

const handleProtocols = (protocols) => (protocols.has('media') ? 'media' : false);
const server = new WebSocketServer({ host: '127.0.0.1', port: 0, handleProtocols });
const commands = {
  1: [{ command: 'MARK_MEDIA', correlation_id: 'm' }],
  2: [{ command: 'PAUSE_MEDIA' }, { command: 'GET_STATUS' }],
  3: [{ command: 'CONTINUE_MEDIA' }, { command: 'REPORT_QUEUE_DRAINED' }],
  4: [{ command: 'REPORT_QUEUE_DRAINED' }, { command: 'FLUSH_MEDIA' }],
  '#': [{ command: 'HANGUP' }],
};

server.on('listening', () => console.log(`ready ws://127.0.0.1:${server.address().port}`));
server.on('connection', (socket) => {
  socket.on('message', (data, isBinary) => {
    if (isBinary) {
      socket.send(data);
      return;
    }
    const event = JSON.parse(data);
    const { event: name, format, optimal_frame_size: size, ptime, correlation_id: id, media_paused: paused } = event;
    console.log([name, format, size, ptime, id, paused].filter((word) => word !== undefined).join(' '));
    if (name === 'MEDIA_START') socket.send(JSON.stringify({ command: 'START_MEDIA_BUFFERING' }));
    if (name === 'DTMF_END') for (const command of commands[event.digit]) socket.send(JSON.stringify(command));
  });
});
