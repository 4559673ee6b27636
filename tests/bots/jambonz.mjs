// A bot on jambonz' own SDK: says back what it hears; keys make it mark, kill its audio, play a piece, and disconnect.

import http from 'node:http';
import { createEndpoint } from '@jambonz/sdk/websocket';

const server = http.createServer();
const quiet = { info () {}, error: console.error, debug () {} };
const service = createEndpoint({ server, logger: quiet }).audio({ path: '/audio' });

service.on('connection', (stream) => {
  console.log(`start ${stream.sampleRate} ${stream.callSid}`);
  stream.on('audio', (pcm) => stream.sendAudio(pcm));
  stream.on('mark', (mark) => console.log(`mark ${mark.name} ${mark.event}`));
  stream.on('playDone', (data) => console.log(`playDone ${data.id}`));
  stream.on('dtmf', ({ digit, duration }) => {
    console.log(`dtmf ${digit} ${duration}`);
    if (digit === '1') stream.sendMark('m');
    if (digit === '2') { stream.sendMark('k'); stream.killAudio(); }
    if (digit === '3') stream.playAudio(Buffer.alloc(640).toString('base64'), { id: 'piece' });
    if (digit === '#') stream.disconnect();
  });
});
server.listen(0, '127.0.0.1', () => console.log(`ready ws://127.0.0.1:${server.address().port}/audio`));
