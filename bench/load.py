"""bench/pion/load: many callers in one process, and what they measured."""

import json
import subprocess
import threading

import gateways
import harness


class Load:
    """The callers, started."""

    def __init__(self, build_root, url, *arguments):
        program = gateways.build_pion("load", build_root)
        self.process = subprocess.Popen([program, "--url", url, "--speech", harness.PHRASE, *map(str, arguments)],
                                        stdout=subprocess.PIPE, text=True)

    def wait_line(self, line):
        """Until it prints the line "measuring" or "measured"."""
        found = self.process.stdout.readline().strip()
        if found != line:
            self.process.kill()
            self.process.wait()
            raise RuntimeError(f"the callers printed {found[:200]!r}, not {line!r}")

    def finish(self, timeout_s):
        """Returns its JSON object."""
        timer = threading.Timer(timeout_s, self.process.kill)
        timer.start()
        try:
            output = self.process.stdout.read()  # not communicate (), which skips what readline () has read ahead
        finally:
            timer.cancel()
            self.process.stdout.close()
            status = self.process.wait()
        if status != 0:
            raise RuntimeError(f"the callers ended with status {status}")
        return json.loads(output)


class PionCallers:
    """Calls of the same length each, with the members of harness.Call that bench/engines.py uses."""

    def __init__(self, build_root, url, n_calls, ramp_ms, duration_s):
        self.load = Load(build_root, url, "--calls", n_calls, "--ramp", ramp_ms, "--duration", duration_s)
        self.process = self.load.process

    def finish(self, timeout_s):
        return harness.CallResult(0, json.dumps(self.load.finish(timeout_s)), "")
