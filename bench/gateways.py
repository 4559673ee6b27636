"""The two gateways of a comparison, each alone on one core; everything else runs on the other cores."""

import functools
import os
import pathlib
import subprocess

import harness

PION = pathlib.Path(__file__).resolve().parent / "pion"
GATEWAY_CORE = min(os.sched_getaffinity(0))
OTHER_CORES = os.sched_getaffinity(0) - {GATEWAY_CORE}
FRAME_MS = 20
PIN = ("taskset", "--cpu-list", str(GATEWAY_CORE))


def leave_core():
    """Keeps this process and those that it starts off the gateway's core."""
    if not OTHER_CORES:
        raise SystemExit("a comparison needs two cores: one for the gateway, one for the callers")
    os.sched_setaffinity(0, OTHER_CORES)


@functools.lru_cache(maxsize=None)  # once: it uses the CPU
def build_pion(program, build_root):
    """A program of bench/pion; returns its path."""
    output = build_root / f"pion-{program}"
    subprocess.run([PION / "build", program, output, build_root / "go"], check=True)
    return output


class VoiceGateway(harness.Gateway):
    """At the Opus complexity of its pipelines whatever it costs, so that both do the same work."""

    name = "voice-gateway"

    def __init__(self, build_root, skips_silence=False, asks_for_dtx=False):
        settings = {"engine echo.skip-silence": "true"} if skips_silence else {}
        if asks_for_dtx:
            settings["media__caller_dtx"] = "true"
        super().__init__(command=(*PIN, harness.GATEWAY), log__level="info", limits__max_sessions=0,
                         limits__max_sessions_per_address=0, media__adapt_complexity="false", engine__speed_up="true",
                         **settings)

    def lost(self):
        """Packets of the callers that were missing when they were due, and frames for them that it dropped itself."""
        return (self.metric("vgw_rtp_received_lost_packets_total"),
                self.metric("vgw_playout_dropped_ms_total") // FRAME_MS)


class PionGateway:
    """bench/pion/gateway with the members of VoiceGateway that are used here."""

    name = "pion"

    def __init__(self, build_root, skips_silence=False):
        program = build_pion("gateway", build_root)
        arguments = ["--skip-silence"] if skips_silence else []
        self.process = subprocess.Popen([*PIN, program, *arguments], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                        text=True)
        self.pid = self.process.pid
        self.url = self.process.stdout.readline().split("url=", 1)[1].strip()

    def lost(self):
        """It has no jitter buffer and no queue: what its socket drops is all that it loses."""
        return 0, 0

    def stop(self):
        self.process.terminate()
        self.process.wait()
        self.process.stdout.close()
        return 0, ""
