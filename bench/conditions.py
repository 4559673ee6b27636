"""The conditions of a measurement: machine, versions, what else was running."""

import datetime
import subprocess
import sys

import harness
import machine
import quiet
from gateways import GATEWAY_CORE, OTHER_CORES


def describe_versions():
    """Of the tree and of the libraries that do the work."""
    versions = [subprocess.run(["pkg-config", "--modversion", name], capture_output=True, text=True).stdout.strip()
                for name in ("gstreamer-1.0", "opus")]
    commit = subprocess.run(["git", "describe", "--always", "--dirty", "--abbrev=10"], capture_output=True, text=True,
                            cwd=harness.SOURCE_ROOT).stdout.strip()
    return f"{machine.release()}, GStreamer {versions[0]}, libopus {versions[1]}, commit {commit or 'unknown'}"


def check(scale):
    """Lines for the head of the table. Warns at once where the machine is not quiet."""
    load_text, is_quiet = quiet.describe()
    warnings = [] if is_quiet else [f"WARNING: the machine was not quiet before: {load_text}."]
    for warning in warnings:
        print(warning, file=sys.stderr, flush=True)
    now = datetime.datetime.now(datetime.timezone.utc)
    return [f"{machine.describe()}. {describe_versions()}. {now:%Y-%m-%d %H:%M} UTC.",
            f"Gateway on core {GATEWAY_CORE}, callers on {sorted(OTHER_CORES)}. {scale.rounds} rounds, windows of "
            f"{scale.window_s:.0f} s, for the capacity {scale.capacity_window_s:.0f} s.",
            *(warnings or [f"Before: {load_text}."])]
