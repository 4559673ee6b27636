// A bot for Twilio Media Streams, written from Twilio's documentation only:
// https://www.twilio.com/docs/voice/media-streams/websocket-messages
//
// It sends the caller's audio back. voice-gateway takes the role of Twilio: dialect = twilio. Needs ws (npm install).
// node bot-twilio.mjs [PORT]

import { WebSocketServer } from 'ws';

const MEDIA_PER_MARK = 50;
const server = new WebSocketServer({ host: '127.0.0.1', port: Number(process.argv[2] ?? 9000) });

server.on('listening', () => console.log(`ready ws://127.0.0.1:${server.address().port}`));

server.on('connection', (socket) => {
  let streamSid = null;
  const send = (event, body) => socket.send(JSON.stringify({ event, streamSid, ...body }));

  socket.on('error', (error) => console.error(error.message));
  socket.on('message', (data) => {
    const message = JSON.parse(data);
    switch (message.event) {
      case 'connected':
        console.log(`connected ${message.protocol} ${message.version}`);
        break;
      case 'start':
        streamSid = message.start.streamSid;
        console.log(`start ${message.start.callSid} ${message.start.mediaFormat.encoding}`);
        break;
      case 'media':
        send('media', { media: { payload: message.media.payload } });
        if (Number(message.media.chunk) % MEDIA_PER_MARK === 0) {
          send('mark', { mark: { name: `second ${Number(message.media.chunk) / MEDIA_PER_MARK}` } });
        }
        break;
      case 'mark':
        console.log(`mark ${message.mark.name}`);
        break;
      case 'dtmf':
        if (message.dtmf.digit === '#') socket.close();
        else send('clear', {});
        break;
      case 'stop':
        console.log(`stop ${message.stop.callSid}`);
        break;
    }
  });
});
