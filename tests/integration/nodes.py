"""Several gateways that share the calls of one service."""

import base64
import hashlib
import hmac
import os
import secrets
import signal
import socket
import time

import harness

KEY = secrets.token_hex(32)


def find_port():
    """A TCP port that is free now. Those of nodes are known before they start."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def make_id(node, key=KEY):
    """An id as the gateway makes them."""
    random = os.urandom(16)
    tag = hmac.digest(key.encode(), b"id\0" + random + node.encode(), hashlib.sha256)[:8]
    return encode(random + tag + node.encode())


def sign(sender, receiver, request, key=KEY):
    """The header with which one node sends a request of the admin API to another."""
    nonce = encode(os.urandom(16))
    parts = [sender, receiver, "admin", "127.0.0.1", str(int(time.time())), nonce, request]
    signature = encode(hmac.digest(key.encode(), b"text\0" + "\n".join(parts).encode(), hashlib.sha256))
    return " ".join([sender, *parts[3:6], signature])


def write_key(directory, key=KEY):
    path = directory / "node-keys"
    path.write_text(key + "\n")
    path.chmod(0o600)
    return path


def start_nodes(test, names, redis=None, **settings):
    """A gateway for each name, which know each other by Redis, or else as their peers: {name: Gateway}."""
    if redis:
        settings.update(manager__types="log;redis", manager__redis_url=redis.url)
    key = write_key(test.directory)
    ports, admin_ports = ({name: find_port() for name in names} for _ in range(2))
    gateways = {}
    for name in names:
        peers = ";".join(f"{other}=http://127.0.0.1:{port},http://127.0.0.1:{admin_ports[other]}"
                         for other, port in ports.items() if other != name and not redis)
        if redis:
            settings.update(node__url=f"http://127.0.0.1:{ports[name]}",
                            node__admin_url=f"http://127.0.0.1:{admin_ports[name]}")
        gateways[name] = test.start(http__port=ports[name], admin__port=admin_ports[name], node__name=name, node__keys_file=key, node__peers=peers,
                                    **settings)
    if redis:
        harness.wait_for(lambda: set(redis.command("SMEMBERS", "vgw:nodes")) == set(names), 20, "all nodes in Redis")
    return gateways


def kill(gateway):
    """As a machine that loses power, but for the connections, which the kernel closes."""
    gateway.process.send_signal(signal.SIGKILL)
    gateway.process.wait(harness.STOP_TIMEOUT_S)
    gateway.reader.join(harness.STOP_TIMEOUT_S)
    gateway.process.stderr.close()
    gateway.stop = lambda: (0, harness.find_complaints("\n".join(gateway.lines)))
