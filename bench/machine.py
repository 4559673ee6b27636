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


def busy_s(core=None):
    """Time that a core, or all of them together, were busy since the start, what a hypervisor took included."""
    name = "cpu" if core is None else f"cpu{core}"
    line = re.search(rf"^{name} +(.*)$", pathlib.Path("/proc/stat").read_text(), re.M)[1]
    user, nice, system, _, _, irq, softirq, steal = map(int, line.split()[:8])
    return (user + nice + system + irq + softirq + steal) / TICKS_PER_S


def private_kb(pid):
    """Memory that only this process holds."""
    text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    return sum(int(kb) for kb in re.findall(r"^Private_Dirty:\s+(\d+) kB", text, re.M))


def count(pid):
    proc = pathlib.Path(f"/proc/{pid}")
    return {"threads": len(list((proc / "task").iterdir())), "fds": len(list((proc / "fd").iterdir())),
            "private_kb": private_kb(pid)}


def udp_drops(pid):
    """Packets that the kernel dropped since the process's UDP sockets were full."""
    sockets = set()
    for descriptor in pathlib.Path(f"/proc/{pid}/fd").iterdir():
        try:
            sockets.add(os.readlink(descriptor).removeprefix("socket:[").removesuffix("]"))
        except OSError:
            pass  # closed meanwhile
    n_dropped = 0
    for table in ("udp", "udp6"):
        for line in pathlib.Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[9] in sockets:
                n_dropped += int(fields[12])
    return n_dropped


def all_udp_drops():
    """The same of all processes, those that have ended included."""
    n_dropped = 0
    for path, pattern in (("/proc/net/snmp", r"^Udp: (\D.*)\nUdp: (.*)$"), ("/proc/net/snmp6", None)):
        text = pathlib.Path(path).read_text() if os.path.exists(path) else ""
        if pattern is None:
            n_dropped += sum(map(int, re.findall(r"^Udp6RcvbufErrors\s+(\d+)", text, re.M)))
        else:
            names, values = re.search(pattern, text, re.M).groups()
            n_dropped += int(dict(zip(names.split(), values.split()))["RcvbufErrors"])
    return n_dropped


def n_cpus():
    return os.cpu_count()


def describe():
    cpuinfo = pathlib.Path("/proc/cpuinfo").read_text()
    model = re.search(r"^model name\s*: (.*)$", cpuinfo, re.M)
    return f"{n_cpus()} × {model[1] if model else platform.machine()}, Linux {platform.release()}"


def release():
    """Such as debian12."""
    fields = dict(line.split("=", 1) for line in pathlib.Path("/etc/os-release").read_text().splitlines() if "=" in line)
    return (fields.get("ID", "linux") + fields.get("VERSION_ID", "")).replace('"', "")
