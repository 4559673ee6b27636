// A bot on a package for AudioSocket that nobody here wrote: says back what it hears.

import { AudioSocketServer } from 'asterisk-audiosocket';

const server = new AudioSocketServer({ host: '127.0.0.1', port: 0 });

server.on('connection', (call) => {
  call.on('id', (uuid) => console.log(`id ${uuid}`));
  call.on('audio', (pcm) => call.play(pcm));
  call.on('hangup', () => console.log('hangup'));
  call.on('error', (error) => console.log(`error ${error.message}`));
});
await server.listen();
console.log(`ready tcp://127.0.0.1:${server.address.port}`);
