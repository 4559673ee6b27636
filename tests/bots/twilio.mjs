// A bot for Twilio Media Streams on OpenAI's own adapter for them, TwilioRealtimeTransportLayer of @openai/agents-extensions:
// it reads what comes, says back what the model says, marks each piece, and cuts it off when it is interrupted.
//
// The model is OpenAI's cloud; its place is taken by a socket beside the bot that says back the audio that it is sent.

import { WebSocketServer } from 'ws';
import { TwilioRealtimeTransportLayer } from '@openai/agents-extensions';

const RESPONSE = { response_id: 'resp_1', item_id: 'item_1', output_index: 0, content_index: 0 };
const ULAW_BYTES_PER_MS = 8;
let heardMs = 0;

function listen () {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  return new Promise((resolve) => server.once('listening', () => resolve(server)));
}

function speakForModel (socket) {
  let n = 0;
  const say = (type, body) => socket.send(JSON.stringify({ type, event_id: `event_${++n}`, ...body }));

  say('session.created', { session: {} });
  say('response.created', { response: { id: RESPONSE.response_id } });
  socket.on('message', (data) => {
    const event = JSON.parse(data);
    if (event.type === 'input_audio_buffer.append') {
      heardMs += Buffer.from(event.audio, 'base64').length / ULAW_BYTES_PER_MS;
      say('response.output_audio.delta', { ...RESPONSE, delta: event.audio });
    } else if (event.type === 'conversation.item.truncate') {
      console.log(`truncate ${event.item_id} ${event.audio_end_ms}`);
    }
  });
}

// What Twilio's documentation promises of each message, whatever the adapter makes of it.
function makeJudge () {
  let sequenceNumber = 0, chunk = 0, streamSid = null;
  return (message) => {
    if (message.event === 'connected') return null;
    if (message.sequenceNumber !== String(++sequenceNumber)) return 'sequenceNumber';
    streamSid ??= message.streamSid;
    if (message.streamSid !== streamSid || !/^MZ[0-9a-f]{32}$/.test(streamSid)) return 'streamSid';
    if (message.event !== 'media') return null;
    const { track, timestamp, payload } = message.media;
    if (track !== 'inbound' || message.media.chunk !== String(chunk + 1)) return 'chunk';
    if (timestamp !== String(20 * chunk++)) return 'timestamp';
    return Buffer.from(payload, 'base64').length === 160 ? null : 'payload';
  };
}

const model = await listen();
const twilio = await listen();

model.on('connection', speakForModel);
twilio.on('connection', async (socket) => {
  const transport = new TwilioRealtimeTransportLayer({
    twilioWebSocket: socket, url: `ws://127.0.0.1:${model.address().port}`,
  });
  const judge = makeJudge();

  transport.on('error', ({ error }) => console.log(`error ${error?.message ?? JSON.stringify(error)}`));
  transport.on('*', ({ type, message }) => {
    if (type !== 'twilio_message') return;
    const fault = judge(message);
    if (fault !== null) console.log(`fault ${fault} in ${JSON.stringify(message)}`);
    if (message.event !== 'media') console.log(JSON.stringify(message));
    if (message.event === 'stop') console.log(`heard ${heardMs} ms`);
    if (message.event === 'dtmf' && message.dtmf.digit === '1') transport.interrupt();
    if (message.event === 'dtmf' && message.dtmf.digit === '#') socket.close();
  });
  await transport.connect({ apiKey: 'none', model: 'gpt-realtime' });
  console.log(`ears ${transport.status}`);
});
console.log(`ready ws://127.0.0.1:${twilio.address().port}`);
