"""What the kernel knows of a process and of the machine."""

import os
import pathlib
import platform
import re

TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def cpu_s(pid):
    """User and system time of the process."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S


def busy_s():
    """Time that the machine's CPUs were busy since it started, all together, what a hypervisor took included."""
    user, nice, system, _, _, irq, softirq, steal = map(int, pathlib.Path("/proc/stat").read_text().split()[1:9])
    return (user + nice + system + irq + softirq + steal) / TICKS_PER_S


def private_kb(pid):
    """Memory that only this process holds."""
    text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    return sum(int(kb) for kb in re.findall(r"^Private_Dirty:\s+(\d+) kB", text, re.M))


def count(pid):
    proc = pathlib.Path(f"/proc/{pid}")
    return {"threads": len(list((proc / "task").iterdir())), "fds": len(list((proc / "fd").iterdir())),
            "private_kb": private_kb(pid)}


def n_cpus():
    return os.cpu_count()


def describe():
    cpuinfo = pathlib.Path("/proc/cpuinfo").read_text()
    model = re.search(r"^model name\s*: (.*)$", cpuinfo, re.M)
    return f"{n_cpus()} × {model[1] if model else platform.machine()}, Linux {platform.release()}"
