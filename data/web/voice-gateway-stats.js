/* What getStats () says about a call, in a few figures. Needs no browser. */

const ms = (seconds) => (Number.isFinite(seconds) ? seconds * 1000 : null);

const byId = (reports, id) => (id ? reports.find((r) => r.id === id) : undefined);

function selectedPair(reports) {
  const transport = reports.find((r) => r.type === 'transport' && r.selectedCandidatePairId);
  if (transport)
    return byId(reports, transport.selectedCandidatePairId);
  /* Firefox has no transport report */
  return reports.find((r) => r.type === 'candidate-pair' && r.nominated && r.state === 'succeeded');
}

/* The share of packets lost between two readings of the counters, 0 to 1; null while nothing was sent. */
function lossShare(lost, total, lostBefore, totalBefore) {
  if (!(total > totalBefore))
    return null;
  return Math.min(1, Math.max(0, (lost - lostBefore) / (total - totalBefore)));
}

/* The far side reports about every five seconds; between two of its reports the last share stands. */
function lossOut(remote, sent, before) {
  if (!remote)
    return { share: null, lost: 0, sent: 0, at: 0 };
  const last = before ?? { share: null, lost: 0, sent: 0, at: 0 };
  if (remote.timestamp === last.at)
    return last;
  const lost = Math.max(0, remote.packetsLost ?? 0);
  return { share: lossShare(lost, sent, last.lost, last.sent) ?? last.share, lost, sent, at: remote.timestamp };
}

function codecOf(reports, stream) {
  return byId(reports, stream?.codecId)?.mimeType?.replace(/^audio\//i, '') ?? null;
}

const isAudio = (r) => (r.kind ?? r.mediaType) === 'audio';

/**
 * One reading of a call: round trip, jitter and loss in both directions.
 * @param reports  the values of an RTCStatsReport
 * @param previous what the last call returned; loss is counted since then
 */
export function summariseStats(reports, previous = null) {
  const list = [...reports];
  const inbound = list.find((r) => r.type === 'inbound-rtp' && isAudio(r));
  const outbound = list.find((r) => r.type === 'outbound-rtp' && isAudio(r));
  const remote = list.find((r) => r.type === 'remote-inbound-rtp' && isAudio(r));
  const pair = selectedPair(list);
  const before = previous?.counters;
  const counters = {
    received: inbound?.packetsReceived ?? 0,
    lost: Math.max(0, inbound?.packetsLost ?? 0), // duplicates make it negative (RFC 3550 section 6.4.1)
    sent: outbound?.packetsSent ?? 0,
    out: lossOut(remote, outbound?.packetsSent ?? 0, before?.out),
  };
  return {
    rttMs: ms(pair?.currentRoundTripTime) ?? ms(remote?.roundTripTime),
    jitterInMs: ms(inbound?.jitter),
    jitterOutMs: ms(remote?.jitter),
    lossIn: lossShare(counters.lost, counters.received + counters.lost,
      before?.lost ?? 0, (before?.received ?? 0) + (before?.lost ?? 0)),
    lossOut: counters.out.share,
    packetsIn: counters.received,
    packetsOut: counters.sent,
    bytesIn: inbound?.bytesReceived ?? 0,
    bytesOut: outbound?.bytesSent ?? 0,
    codec: codecOf(list, outbound) ?? codecOf(list, inbound),
    candidateType: byId(list, pair?.localCandidateId)?.candidateType ?? null,
    counters,
  };
}

/** The figures of one call, read at an interval. */
export class StatsReader {
  #source;
  #previous = null;
  #timer = null;

  /** @param source `readReports ()`, which resolves with none where no call runs; `durationMs ()` */
  constructor(source) {
    this.#source = source;
  }

  /** Calls `listener (figures)` every `intervalMs`, until stop (). Loss is counted from one call to the next. */
  start(intervalMs, listener) {
    this.#timer = setInterval(async () => {
      const summary = await this.#summarise();
      if (summary === null || this.#timer === null)
        return;
      this.#previous = summary;
      listener(this.#toFigures(summary));
    }, intervalMs);
  }

  /** What the listener would get now; null where no call runs. */
  async read() {
    const summary = await this.#summarise();
    return summary && this.#toFigures(summary);
  }

  stop() {
    clearInterval(this.#timer);
    this.#timer = null;
  }

  async #summarise() {
    const reports = await this.#source.readReports();
    return reports.length > 0 ? summariseStats(reports, this.#previous) : null;
  }

  #toFigures({ counters, ...shown }) {
    return { ...shown, durationMs: this.#source.durationMs() };
  }
}
