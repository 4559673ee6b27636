/* What a page in TypeScript writes, all of it; tsc --strict must find nothing. The lines after @ts-expect-error must not pass. */

import {
  CallErrorCode, CallState, VoiceGatewayCall, VoiceGatewayError, canChooseSpeaker, canResume, checkBrowser, listDevices, watchDevices,
  type CallErrorCodeValue, type CallEvents, type CallOptions, type CallStats, type Device, type Devices,
} from 'voice-gateway-client';

const options: CallOptions = {
  engine: 'echo', audio: new Audio(), stream: new MediaStream(), constraints: { echoCancellation: true }, microphoneId: null,
  speakerId: 'an-id', volume: 0.5, pushToTalk: true, iceServers: [{ urls: 'stun:host' }], dataChannel: false,
  token: async () => 'a-token', reconnect: true, recoverTimeoutMs: 1000, sessionGone: 'new-call', resumeAfterReload: true,
  wakeLock: true, signalingTimeoutMs: 1, connectTimeoutMs: 1, statsIntervalMs: 1,
};

export async function use(): Promise<void> {
  checkBrowser();
  const devices: Devices = await listDevices();
  const first: Device | undefined = devices.microphones[0];
  const stop: () => void = watchDevices(({ speakers }) => console.log(speakers.length, canChooseSpeaker()));
  if (canResume(new URL('https://host/ws'), { engine: 'echo' }))
    stop();
  const call = new VoiceGatewayCall('/ws', options);
  const off: () => void = call.on('state', ({ state, reason, error }) => {
    if (state === CallState.ENDED && error instanceof VoiceGatewayError && error.code === CallErrorCode.BUSY)
      console.log(reason?.length, error.fatal, error.message);
  });
  call.on('transcript', ({ role, text, isFinal }) => console.log(role === 'bot' ? text : text.trim(), isFinal));
  call.on('interrupted', ({ playedMs, clearedMs }) => console.log(playedMs + clearedMs));
  call.on('engine', ({ state, engine }) => console.log(state === 'unreachable', engine?.length));
  call.on('reconnecting', ({ attempt, delayMs, isAudioRunning }) => console.log(attempt + delayMs, isAudioRunning));
  call.on('track', (track) => (track.direction === 'in' ? track.stream.id : track.codec));
  call.on('event', (event: unknown) => console.log(event));
  const onStats = (stats: CallEvents['stats']): void => console.log(stats.rttMs ?? 0, stats.lossIn ?? 0);
  call.on('stats', onStats);
  call.off('stats', onStats);
  off();
  await call.connect({ signal: AbortSignal.timeout(1000) });
  call.mute();
  call.setPushToTalk();
  call.talk(false);
  call.setVolume(call.volume / 2);
  await call.useMicrophone(first?.id ?? null);
  await call.useSpeaker(call.speakerId);
  await call.sendDtmf('12#', { durationMs: 120 });
  call.sendEvent({ any: ['thing'] });
  const stats: CallStats | null = await call.getStats();
  const { microphone, remote } = call.readLevels();
  console.log(stats?.codec, microphone + remote, call.resumed, call.playbackBlocked, call.durationMs, call.engines.join());
  await call.resumePlayback();
  call.retryNow();
  call.hangUp();
  const code: CallErrorCodeValue = 'session-gone';
  console.log(code);

  // @ts-expect-error there is no such event
  call.on('nonsense', () => {});
  // @ts-expect-error an option has a type
  new VoiceGatewayCall('/ws', { volume: 'loud' });
  // @ts-expect-error there is no such value
  new VoiceGatewayCall('/ws', { sessionGone: 'retry' });
  // @ts-expect-error the states are known
  if (call.state === 'connected')
    call.hangUp();
  // @ts-expect-error only a getter
  call.muted = true;
}
