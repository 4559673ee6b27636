"""A NAT between a caller and the gateway, which a test lets rebind or fail in mid-call."""

import asyncio
import re

import numpy as np

import audio
import harness
import rtc

N_FRAMES = 50  # of 20 ms: what counts as hearing


class Nat:
    """Between a caller and the gateway; to the gateway it is the caller."""

    def __init__(self):
        self.gateway = self.client = self.up = self.down = None
        self.is_open = True  # for what comes from the gateway

    async def start(self):
        loop, nat = asyncio.get_running_loop(), self

        class Down(asyncio.DatagramProtocol):
            def datagram_received(self, data, address):
                nat.client = address
                if nat.up is not None:
                    nat.pass_up(data)

        self.down, _ = await loop.create_datagram_endpoint(Down, local_addr=("127.0.0.1", 0))

    async def rebind(self, address=None):
        """To another port, of the same address as the gateway's where none is given."""
        loop, nat = asyncio.get_running_loop(), self

        class Up(asyncio.DatagramProtocol):
            def datagram_received(self, data, _):
                if nat.client and nat.is_open:
                    nat.pass_down(data)

        if self.up is not None:
            self.up.close()
        self.up, _ = await loop.create_datagram_endpoint(Up, local_addr=(address or self.gateway[0], 0))

    def pass_up(self, data):
        self.up.sendto(data, self.gateway)

    def pass_down(self, data):
        self.down.sendto(data, self.client)

    def close(self):
        for transport in (self.up, self.down):
            if transport is not None:
                transport.close()

    def change_answer(self, sdp):
        """Puts the NAT in place of the gateway."""
        match = re.search(r"a=candidate:\S+ 1 UDP \d+ (\d+\.\d+\.\d+\.\d+) (\d+) typ host", sdp)
        self.gateway = (match.group(1), int(match.group(2)))
        port = self.down.get_extra_info("sockname")[1]
        return without_candidates(sdp).replace("a=ice-ufrag", f"a=candidate:1 1 UDP 2130706431 127.0.0.1 {port} typ host\r\na=ice-ufrag", 1)


def without_candidates(sdp):
    """A client that the gateway reaches only through the NAT."""
    return re.sub(r"a=(candidate|end-of-candidates).*\r\n", "", sdp)


async def wait_heard(caller, n_frames=N_FRAMES):
    count = len(caller.heard)
    await harness.wait_until(lambda: len(caller.heard) >= count + n_frames)


async def call_behind_nat(gateway, during, make_nat=Nat):
    """A call in which during (caller, nat) runs once the caller is heard. Returns the reason of its end."""
    nat = make_nat()
    await nat.start()
    samples, rate = audio.read_wav(harness.PHRASE)
    caller = rtc.Caller(gateway.url, np.tile(samples, 30), rate, change_offer=without_candidates,
                        change_answer=nat.change_answer)

    async def connected(_):
        await nat.rebind()
        await caller.wait_connected()
        await wait_heard(caller)
        await during(caller, nat)
    try:
        return await caller.run(connected)
    finally:
        nat.close()
