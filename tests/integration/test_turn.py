"""TURN for callers: a caller whose only way to the gateway is a relay, with credentials that were made for its session."""

import pathlib
import subprocess
import sys
import unittest

import coturn
import harness
import netns

SECRET = "north-and-south-and-east-and-west"
RELAY_TO_CALLER, CALLER = "10.98.1.1", "10.98.1.2"
RELAY_TO_GATEWAY, GATEWAY = "10.98.2.1", "10.98.2.2"
PORT = 3478
HERE = pathlib.Path(__file__).parent

FORWARD = """
import asyncio, sys
async def pump(reader, writer):
    while data := await reader.read(65536):
        writer.write(data)
    writer.close()
async def serve(reader, writer):
    there = await asyncio.open_connection(sys.argv[2], int(sys.argv[3]))
    await asyncio.gather(pump(reader, there[1]), pump(there[0], writer))
async def main():
    server = await asyncio.start_server(serve, sys.argv[1], 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()
asyncio.run(main())
"""


@unittest.skipUnless(netns.is_possible(), "network namespaces need root")
class Turn(harness.GatewayTest):
    """The caller's machine and the gateway's are joined by the relay's, which forwards nothing: no packet of the one
    reaches the other, but for what coturn relays, and a forwarded TCP connection for the signaling."""

    def setUp(self):
        super().setUp()
        self.caller, self.relay, self.host = machines = [netns.Machine() for _ in range(3)]
        for machine in machines:
            self.addCleanup(machine.close)
        netns.connect(self.relay, f"{RELAY_TO_CALLER}/24", self.caller, f"{CALLER}/24")
        netns.connect(self.relay, f"{RELAY_TO_GATEWAY}/24", self.host, f"{GATEWAY}/24")
        self.caller.run("ip", "route", "add", "default", "via", RELAY_TO_CALLER)
        self.host.run("ip", "route", "add", "default", "via", RELAY_TO_GATEWAY)

    def launch(self, machine, *command):
        process = subprocess.Popen(machine.inside(*command), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.terminate)
        return process

    def start_coturn(self):
        config = coturn.write_config(self.directory, PORT, RELAY_TO_CALLER, RELAY_TO_GATEWAY,
                                     f"use-auth-secret\nstatic-auth-secret={SECRET}")
        self.launch(self.relay, "turnserver", "-c", config)
        harness.wait_for(lambda: f"UDP listener opened on: {RELAY_TO_CALLER}" in self.turn_log(), 20, "coturn is up")

    def turn_log(self):
        return coturn.read_log(self.directory)

    def start_gateway(self, secret):
        secret_file = self.directory / "turn-secret"
        secret_file.touch(0o600)
        secret_file.write_text(secret + "\n")
        gateway = self.start(command=self.host.inside(harness.GATEWAY), http__address=GATEWAY,
                             access__allow_open_network="true", ice__client_turn_secret_file=secret_file,
                             ice__client_servers=f"turn:{RELAY_TO_CALLER}:{PORT}?transport=udp")
        forwarder = self.launch(self.relay, sys.executable, "-c", FORWARD, RELAY_TO_CALLER, GATEWAY, gateway.http_port)
        return gateway, f"ws://{RELAY_TO_CALLER}:{forwarder.stdout.readline().strip()}/ws"

    def test_a_call_whose_direct_path_is_blocked_is_relayed(self):
        self.start_coturn()
        gateway, url = self.start_gateway(SECRET)
        client = self.launch(self.caller, sys.executable, HERE / "turn_client.py", url)
        output, errors = client.communicate(timeout=120)
        self.assertEqual(client.returncode, 0, f"{errors}\n{self.turn_log()[-3000:]}")
        word, session_id, kind = output.split()
        self.assertEqual((word, kind), ("heard", "relay"))
        self.assertIn(f":{session_id}", self.turn_log())  # its user
        self.assertNotIn(SECRET, "\n".join(gateway.lines))

    def test_another_secret_opens_no_relay(self):
        self.start_coturn()
        gateway, url = self.start_gateway("another-secret")
        client = self.launch(self.caller, sys.executable, HERE / "turn_client.py", url)
        harness.wait_for(lambda: "Cannot find credentials" in self.turn_log(), 60, "the relay refuses it")
        client.terminate()
        client.communicate()
        self.assertNotIn("ALLOCATE processed, success", self.turn_log())


if __name__ == "__main__":
    harness.main()
