"""What a bot behind the gateway costs, how much later it is heard, and how soon it is silent when the caller speaks."""

import dataclasses
import pathlib
import re
import statistics
import sys
import time
import urllib.request

import numpy as np

import audio
import harness
import machine
from load import PionCallers
from loadbots import EchoBot, TalkingBot

PACKETS_PER_S = 50
RAMP_MS = 100
SETTLE_S = 3.0  # after the last call has started, before measuring CPU
TAIL_S = 2.0  # of the calls, after measuring

PAIR_S = 6.0  # the phrase of 5 s, and its echo
N_AT_ONCE = 4  # callers, each a process and so with a phase of its own against the gateway's ticks of 20 ms
START_EVERY_S = 0.43
NEEDLE_S = 1.0
MIN_LIKENESS = 0.6  # of a second of speech and its echo

SILENCE_BEFORE_SPEECH_S = 2.5
ONSET_RMS = 50  # the phrase's first voice; the silence before it is below 25
WINDOW_S = 0.005
LASTING_SILENCE_S = 0.1  # what follows the end of the tone has to be silent for so long

CALLERS = {"own": "voice-gateway-call", "pion": "bench/pion/load"}

MAX_ADDED_MS = 10.0
MAX_SILENCE_MS = 60.0
MIN_PACE = 0.99


@dataclasses.dataclass
class Conversation:
    """One finished call with an engine."""

    engine: str
    report: dict
    heard: np.ndarray
    rate: int

    def heard_at_ms(self, n_samples):
        """The moment of a sample of what came back, since the start of the call."""
        return self.report["heard_start_ms"] + n_samples * 1000 / self.rate

    def said_at_ms(self, n_samples):
        return self.report["said_start_ms"] + n_samples * 1000 / self.rate


def start_gateway(engines, **settings):
    """A gateway with engines of these names, each a dict of its keys."""
    values = {"log.level": "info", "limits.max-sessions": 0, "limits.max-sessions-per-address": 0, **settings}
    for name, keys in engines.items():
        values.update({f"engine {name}.{key}": value for key, value in keys.items()})
    return harness.Gateway(**values)


def native(url, **keys):
    return {"type": "websocket", "dialect": "native", "url": url, "selectable": "true", **keys}


def read_metrics(gateway):
    entry = gateway.wait_log(lambda entry: entry["message"].startswith("listening admin="))
    url = entry["message"].split("=", 1)[1].rstrip("/")
    page = urllib.request.urlopen(f"{url}/metrics", timeout=10).read().decode()
    return {name: float(value) for name, value in re.findall(r"^(\w+) (\S+)$", page, re.M)}


def stop_gateway(gateway):
    status, complaints = gateway.stop()
    if status != 0 or complaints:
        print(f"the gateway ended with status {status}:\n{complaints}", file=sys.stderr)
    return status == 0 and not complaints


def sent_pace(report, duration_s):
    """Packets that the caller sent, of those that the length of its call should have brought."""
    return report["packets_sent"] / (duration_s * PACKETS_PER_S)


def received_pace(report):
    """Packets that the caller got, of as many as it sent itself from the first one on."""
    n_missed = max(report["heard_start_ms"] - report["said_start_ms"], 0) * PACKETS_PER_S / 1000
    return report["packets_received"] / max(report["packets_sent"] - n_missed, 1)


def start_callers(kind, url, n_calls, duration_s, build_root):
    """n_calls in one process, as a harness.Call or something like it. kind: one of CALLERS."""
    if kind == "pion":
        return PionCallers(build_root, url, n_calls, RAMP_MS, duration_s)
    return harness.Call(url, "--audio-only", "--calls", n_calls, "--ramp", RAMP_MS, "--duration", duration_s)


def measure_load(gateway, bot, n_calls, window_s, callers):
    """n_calls at once; returns (result of the callers, their duration, CPU % of gateway, bot, callers and machine)."""
    ready_s = n_calls * RAMP_MS / 1000 + SETTLE_S
    duration_s = ready_s + window_s + TAIL_S
    load = callers(f"{gateway.url}?engine=bot", n_calls, duration_s)
    time.sleep(ready_s)
    pids = (gateway.pid, bot.pid, load.process.pid)

    def read():
        return [*map(machine.cpu_s, pids), machine.busy_s(), time.monotonic()]
    before = read()
    time.sleep(window_s)
    *used_s, passed_s = [value - value_before for value, value_before in zip(read(), before)]
    result = load.finish(timeout_s=duration_s + ready_s + 60)
    return result, duration_s, [100 * value / passed_s for value in used_s]


def count_losses(gateway):
    """(ms of the bot's audio that the gateway dropped, warnings in its log)."""
    dropped_ms = read_metrics(gateway)["vgw_playout_dropped_ms_total"]
    return int(dropped_ms), sum(entry["level"] in ("warning", "error") for entry in gateway.entries())


def find_complexities(gateway):
    """What `load:` lines of the log tell of the encoders, see docs/ADMIN.md."""
    lines = [entry["message"] for entry in gateway.entries() if entry["message"].startswith("load: ")]
    return ", ".join(line.rsplit(" ", 1)[1] if "at most" in line else "5" for line in lines) or "5 throughout"


def run_load(directory, n_calls, window_s, kind, build_root):
    def callers(url, n_callers, duration_s):
        return start_callers(kind, url, n_callers, duration_s, build_root)
    bot = EchoBot(directory)
    gateway = start_gateway({"bot": native(bot.url)})
    try:
        harness.call(f"{gateway.url}?engine=bot", "--audio-only", "--duration", 2)  # plugins, certificate, pools
        result, duration_s, cpu = measure_load(gateway, bot, n_calls, window_s, callers)
        losses = count_losses(gateway)
        complexities = find_complexities(gateway)
    finally:
        is_clean = stop_gateway(gateway)
        heard = bot.stop()
    lines, is_good = format_load(result, duration_s, heard, losses)
    is_good = is_good and is_clean
    head = [f"{n_calls} calls of {CALLERS[kind]} with a native WebSocket bot that echoes, {duration_s:.0f} s each,",
            f"one each {RAMP_MS} ms; CPU over {window_s:.0f} s with all of them there.", ""]
    head += [f"  {'CPU of the ' + name + ', a call':44} {value / n_calls:8.2f} % of a core"
             for name, value in zip(("gateway", "bot", "callers"), cpu)]
    head.append(f"  {'CPU of the machine, everything':44} {cpu[-1]:8.0f} % of {100 * machine.n_cpus()} %")
    head.append(f"  {'Opus complexity':44} {complexities}")
    return head + lines + [f"  {'keeps real time':44} {'yes' if is_good else 'NO':>8}", ""], is_good


def format_load(result, duration_s, heard, losses):
    """What came of the calls. heard: EchoBot.stop (); losses: count_losses (). Returns (lines, whether all is well)."""
    talked = [call for call in result.calls if "heard_start_ms" in call and call["session_id"] in heard
              and call["heard_start_ms"] is not None]
    sent = [sent_pace(call, duration_s) for call in talked] or [0.0]
    received = [received_pace(call) for call in talked] or [0.0]
    audio_ms, open_ms, gap_ms = zip(*(heard[call["session_id"]] for call in talked)) if talked else ([0], [1], [0])
    at_bot = [heard_ms / max(passed_ms, 1) for heard_ms, passed_ms in zip(audio_ms, open_ms)]
    n_calls, n_ok, n_lost = len(result.calls), result.summary["ok"], result.summary["packets_lost"]
    rows = (("calls with audio", f"{n_ok:8} of {n_calls}"),
            ("packets that callers sent, of 50/s", f"{100 * min(sent):8.1f} % at least"),
            ("packets that they got, of as many", f"{100 * min(received):8.1f} % at least, "
                                                  f"{100 * statistics.median(received):.1f} % median"),
            ("packets lost", f"{n_lost:8}"),
            ("audio that the bot got, of real time", f"{100 * min(at_bot):8.1f} % at least"),
            ("longest pause between two frames at the bot", f"{max(gap_ms):8} ms"),
            ("the bot's audio that was dropped", f"{losses[0]:8} ms (vgw_playout_dropped_ms_total)"),
            ("warnings in the gateway's log", f"{losses[1]:8}"))
    is_good = (n_ok == len(talked) == n_calls and n_lost == 0 and losses == (0, 0)
               and min(sent + received + at_bot) >= MIN_PACE)
    return [f"  {label:44} {value}" for label, value in rows], is_good


def run_conversations(gateway, engines, directory, speech, duration_s):
    """One caller, in a process of its own, for each of engines, all at once; their calls begin at uneven times."""
    directory = pathlib.Path(directory)
    calls = []
    for number, engine in enumerate(engines):
        out = directory / f"heard-{number}.wav"
        calls.append((engine, out, harness.Call(f"{gateway.url}?engine={engine}", "--in", speech, "--out", out,
                                                "--audio-only", "--duration", duration_s)))
        time.sleep(START_EVERY_S)
    conversations = []
    for engine, out, call in calls:
        result = call.finish(timeout_s=duration_s + 60)
        if result.status == 0:
            conversations.append(Conversation(engine, result.only, *audio.read_wav(out)))
        else:
            print(f"a call with engine {engine} failed: {result.only['failure']}", file=sys.stderr)
    return conversations


def delay_ms(conversation, said):
    """From the moment that a sound goes out as a packet to the moment that it comes out of the caller's decoder; the
    median over the seconds of the speech. None where the echo is not found."""
    delays = []
    length = int(NEEDLE_S * conversation.rate)
    for begin in range(length // 2, len(said) - length, length // 2):
        likeness, offset = audio.correlate(said[begin:begin + length], conversation.heard)
        if likeness >= MIN_LIKENESS:
            delays.append(conversation.heard_at_ms(offset) - conversation.said_at_ms(begin))
    return statistics.median(delays) if delays else None


def run_delay(directory, n_pairs):
    bot = EchoBot(directory)
    gateway = start_gateway({"bot": native(bot.url), "echo": {"selectable": "true"}})
    delays = {"echo": [], "bot": []}
    said, rate = audio.read_wav(harness.PHRASE)
    try:
        for _ in range(-(-2 * n_pairs // N_AT_ONCE)):
            engines = ["echo", "bot"] * (N_AT_ONCE // 2)
            for conversation in run_conversations(gateway, engines, directory, harness.PHRASE, PAIR_S):
                delay = delay_ms(conversation, audio.resample(said, rate, conversation.rate))
                if delay is not None:
                    delays[conversation.engine].append(delay)
    finally:
        is_clean = stop_gateway(gateway)
        bot.stop()
    if not delays["echo"] or not delays["bot"]:
        return ["No delay: no echo was recognised.", ""], False
    added_ms = statistics.median(delays["bot"]) - statistics.median(delays["echo"])
    is_good = is_clean and added_ms < MAX_ADDED_MS
    lines = ["Delay from a frame sent to its sound out of the caller's decoder, by correlation; without the 20 ms to",
             "fill the frame and the caller's jitter buffer. ms.", "",
             "  engine                calls   median      min      max"]
    for engine, label in (("echo", "echo, inside"), ("bot", "echo over WebSocket")):
        values = delays[engine]
        lines.append(f"  {label:20} {len(values):6} {statistics.median(values):8.1f} {min(values):8.1f}"
                     f" {max(values):8.1f}")
    added_at_best_ms = min(delays["bot"]) - min(delays["echo"])
    lines += [f"  added                       {added_ms:9.1f} {added_at_best_ms:8.1f}",
              f"  added at the median: {'below' if is_good else 'NOT BELOW'} {MAX_ADDED_MS:.0f} ms", ""]
    return lines, is_good


def end_of_tone(conversation):
    """Index of the first silent sample after the bot's tone; None where it did not end."""
    length = int(WINDOW_S * conversation.rate)
    heard = conversation.heard[:len(conversation.heard) // length * length].reshape(-1, length)
    is_loud = np.sqrt(np.mean(np.square(heard), axis=1)) >= audio.VOICED_RMS
    n_quiet = int(LASTING_SILENCE_S / WINDOW_S)
    for index in np.flatnonzero(is_loud):
        following = is_loud[index + 1:index + 1 + n_quiet]
        if len(following) == n_quiet and not following.any():
            return int(index + 1) * length
    return None


def make_interruption(path):
    """Silence, then the phrase. Returns the sample at which its voice begins, and the rate."""
    speech, rate = audio.read_wav(harness.PHRASE)
    window = rate // 100
    onset = next(start for start in range(0, len(speech) - window, window)
                 if audio.rms(speech[start:start + window]) >= ONSET_RMS)
    silence = np.zeros(int(SILENCE_BEFORE_SPEECH_S * rate))
    audio.write_wav(path, np.concatenate((silence, speech)), rate)
    return (len(silence) + onset) / rate


def run_barge_in(directory, n_calls):
    bots = {"flush": TalkingBot(), "clear": TalkingBot(clears=True)}
    gateway = start_gateway({"flush": native(bots["flush"].url, **{"barge-in": "flush"}),
                             "clear": native(bots["clear"].url, **{"barge-in": "none"})})
    speech = pathlib.Path(directory) / "interruption.wav"
    onset_s = make_interruption(speech)
    rows = {"flush": [], "clear": []}
    try:
        for _ in range(-(-2 * n_calls // N_AT_ONCE)):
            engines = ["flush", "clear"] * (N_AT_ONCE // 2)
            for conversation in run_conversations(gateway, engines, directory, speech, SILENCE_BEFORE_SPEECH_S + 3):
                row = interruption_of(conversation, bots[conversation.engine], onset_s)
                if row is not None:
                    rows[conversation.engine].append(row)
    finally:
        is_clean = stop_gateway(gateway)
        for bot in bots.values():
            bot.stop()
    return format_barge_in(rows, is_clean)


def interruption_of(conversation, bot, onset_s):
    """Times from the caller's first voice, from the decision and from `cleared` to silence, in ms; None without."""
    report = conversation.report
    moments = bot.moments_ms.get(report["session_id"], {})
    end = end_of_tone(conversation)
    decided_ms = moments.get("clear" if bot.clears else "speech-started")
    if end is None or decided_ms is None or "cleared" not in moments:
        return None
    silent_ms = report["clock_ms"] + conversation.heard_at_ms(end)
    voice_ms = report["clock_ms"] + report["said_start_ms"] + onset_s * 1000
    return {"decided": silent_ms - decided_ms, "cleared": silent_ms - moments["cleared"], "voice": silent_ms - voice_ms}


def format_barge_in(rows, is_clean):
    lines = ["Barge-in: a bot says a tone, the caller speaks; the time until the last of the tone has come out of the",
             "caller's decoder, without its jitter buffer. ms, median and maximum. Decision: `speech-started` as it comes",
             "to the bot (flush), or the bot's own `clear` (none). Voice: the caller's first voice sent, so that the 120",
             "ms of detection are in it.", "",
             "  barge-in          calls   from the decision   from `cleared`     from voice"]
    for engine, label in (("flush", "flush"), ("clear", "none, bot clears")):
        values = rows[engine]
        text = "".join(f"{statistics.median(row[key] for row in values):12.1f} {max(row[key] for row in values):6.1f}"
                       for key in ("decided", "cleared", "voice")) if values else "   the tone did not end"
        lines.append(f"  {label:16} {len(values):6}{text}")
    flush = [row["decided"] for row in rows["flush"]]
    is_good = is_clean and bool(flush) and statistics.median(flush) < MAX_SILENCE_MS
    lines += [f"  flush, from the decision, median: {'below' if is_good else 'NOT BELOW'} {MAX_SILENCE_MS:.0f} ms", ""]
    return lines, is_good


def run_all(directory, n_calls, window_s, n_runs, kind, build_root):
    """Returns (the table, whether everything is within its bound)."""
    lines, is_good = [f"{machine.describe()}. Callers, bots and gateway run on this machine.", ""], True
    parts = ((f"{n_calls} calls", lambda: run_load(directory, n_calls, window_s, kind, build_root)),
             ("delay", lambda: run_delay(directory, n_runs)), ("barge-in", lambda: run_barge_in(directory, n_runs)))
    for name, run in parts:
        print(f"{name} …", file=sys.stderr, flush=True)
        part_lines, is_part_good = run()
        lines += part_lines
        is_good = is_good and is_part_good
    return "\n".join(lines), is_good
