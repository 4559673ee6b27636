"""Network namespaces of a test: machines that are joined by cables, and by nothing else. Needs root."""

import os
import shutil
import subprocess


def is_possible():
    if os.geteuid() != 0 or not all(map(shutil.which, ("unshare", "nsenter", "ip"))):
        return False
    return subprocess.run(["unshare", "--net", "true"], check=False, capture_output=True).returncode == 0


class Machine:
    """A namespace; it ends with the process that holds it. It forwards nothing: a new one has the setting of the machine."""

    def __init__(self):
        self.holder = subprocess.Popen(["unshare", "--net", "sh", "-c", "ip link set lo up && echo ready && exec sleep 3600"],
                                       stdout=subprocess.PIPE, text=True)
        assert self.holder.stdout.readline() == "ready\n"
        self.run("sh", "-c", "cd /proc/sys/net/ipv4; [ $(cat ip_forward) = 0 ] || echo 0 > ip_forward")

    def inside(self, *command):
        """The command as one that runs in here; its process id is that of the command itself."""
        return ["nsenter", f"--net=/proc/{self.holder.pid}/ns/net", "--", *map(str, command)]

    def run(self, *command):
        subprocess.run(self.inside(*command), check=True, capture_output=True)

    def close(self):
        self.holder.kill()
        self.holder.wait()
        self.holder.stdout.close()


def connect(one, address, other, other_address):
    """A cable between two machines, each with its address ("10.0.0.1/24") at its end."""
    name, other_name = f"v{other.holder.pid}", f"v{one.holder.pid}"
    one.run("ip", "link", "add", name, "type", "veth", "peer", "name", other_name, "netns", str(other.holder.pid))
    for machine, device, own in ((one, name, address), (other, other_name, other_address)):
        machine.run("ip", "addr", "add", own, "dev", device)
        machine.run("ip", "link", "set", device, "up")
