"""Whether the machine does anything else while it measures."""

import os
import pathlib
import time

import machine

WATCH_S = 3.0
MAX_BUSY_PERCENT = 5.0  # of all cores
N_NAMES = 4


def read_processes():
    """CPU time by process id, with its name; those that can be seen from here."""
    times = {}
    for path in pathlib.Path("/proc").iterdir():
        if not path.name.isdigit():
            continue
        try:
            times[int(path.name)] = (machine.cpu_s(path.name), (path / "comm").read_text().strip())
        except OSError:
            pass  # it has ended
    return times


def describe():
    """(a line about the load before the measurements, whether the machine is quiet)."""
    busy, before = machine.busy_s(), read_processes()
    time.sleep(WATCH_S)
    percent = 100 * (machine.busy_s() - busy) / WATCH_S / machine.n_cpus()
    used = sorted(((cpu - before.get(pid, (0, ""))[0], name) for pid, (cpu, name) in read_processes().items()
                   if pid != os.getpid()), reverse=True)
    names = ", ".join(f"{name} {100 * cpu / WATCH_S:.0f} %" for cpu, name in used[:N_NAMES] if cpu > 0.01 * WATCH_S)
    is_quiet = percent <= MAX_BUSY_PERCENT
    text = f"{percent:.0f} % of the machine in use, load average {os.getloadavg()[0]:.1f}{': ' + names if names else ''}"
    return text, is_quiet
