"""Callers behind a NAT that rebinds or fails in mid-call, and checks that are sent in other people's names."""

import asyncio
import re
import socket

import numpy as np
from aioice import stun

import audio
import harness
import rtc
from wire import WireTest

N_FRAMES = 50  # of 20 ms: what counts as hearing
N_SPOOFED = 30
N_FRAMES_PER_SPOOFED = 5  # ten a second
THIRD_PARTY = "127.9.9.9"
STUN_FIRST_BYTE_MAX = 3  # RFC 7983


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
                    nat.up.sendto(data, nat.gateway)

        self.down, _ = await loop.create_datagram_endpoint(Down, local_addr=("127.0.0.1", 0))

    async def rebind(self, address=None):
        """To another port, of the same address as the gateway's where none is given."""
        loop, nat = asyncio.get_running_loop(), self

        class Up(asyncio.DatagramProtocol):
            def datagram_received(self, data, _):
                if nat.client and nat.is_open:
                    nat.down.sendto(data, nat.client)

        if self.up is not None:
            self.up.close()
        self.up, _ = await loop.create_datagram_endpoint(Up, local_addr=(address or self.gateway[0], 0))

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


def make_check(caller, is_nominating):
    """A check of the caller's session, for an address that is not the caller's."""
    ours, theirs = caller.peer.remoteDescription.sdp, caller.peer.localDescription.sdp
    find = lambda name, sdp: re.search(rf"a={name}:(\S+)", sdp).group(1)
    message = stun.Message(message_method=stun.Method.BINDING, message_class=stun.Class.REQUEST)
    message.attributes["USERNAME"] = f"{find('ice-ufrag', ours)}:{find('ice-ufrag', theirs)}"
    message.attributes["PRIORITY"] = 1
    message.attributes["ICE-CONTROLLING"] = 1
    if is_nominating:
        message.attributes["USE-CANDIDATE"] = None
    message.add_message_integrity(find("ice-pwd", ours).encode())
    return bytes(message)


async def wait_until(condition):
    while not condition():
        await harness.asyncio_tick()


async def wait_heard(caller, n_frames=N_FRAMES):
    count = len(caller.heard)
    await wait_until(lambda: len(caller.heard) >= count + n_frames)


class BehindNat(WireTest):
    def launch(self, **settings):
        return self.start(engine__default="echo", ice__advertise="127.0.0.1", **settings)

    async def call(self, gateway, during):
        nat = Nat()
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

    def test_a_nat_rebinds_in_mid_call_to_another_port_and_to_another_address(self):
        gateway = self.launch()

        async def during(caller, nat):
            for address in ("127.0.0.1", "127.0.0.2"):
                await nat.rebind(address)
                await wait_heard(caller)
        self.run_async(self.call(gateway, during))
        self.assertEqual(gateway.metric("vgw_ice_path_changes_total"), 2)

    def test_a_caller_that_hears_nothing_recovers_or_its_call_ends(self):
        gateway = self.launch(limits__media_timeout_ms=8000)

        async def during(caller, nat):
            nat.is_open = False  # its own packets still get through
            await wait_until(lambda: gateway.metric("vgw_ice_consent_lost_total") == 1)
            nat.is_open = True
            await wait_heard(caller)
            self.assertIsNone(caller.ended)
            nat.is_open = False
            await caller.wait_ended()
        self.assertEqual(self.run_async(self.call(gateway, during)), "media-timeout")

    def test_checks_in_the_name_of_others_take_nothing_away_and_lead_nobody_astray(self):
        gateway = self.launch()

        async def attack(attacker, victim, victim_nat):
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as third:
                third.bind((THIRD_PARTY, 0))
                third.setblocking(False)
                third.sendto(make_check(attacker, True), ("127.0.0.1", gateway.udp_port))
                for _ in range(N_SPOOFED):
                    # from the victim's own address: what a raw socket would forge
                    victim_nat.up.sendto(make_check(attacker, True), victim_nat.gateway)
                    await wait_heard(victim, N_FRAMES_PER_SPOOFED)
                await wait_heard(victim)
                await wait_heard(attacker)
                return self.drain(third)

        async def during(victim, victim_nat):
            async def attacking(attacker, _):
                received = await attack(attacker, victim, victim_nat)
                self.assertLessEqual(len(received), 3)
                self.assertTrue(all(packet[0] <= STUN_FIRST_BYTE_MAX for packet in received))
            await self.call(gateway, attacking)
        self.run_async(self.call(gateway, during))
        self.assertEqual(gateway.metric("vgw_ice_checks_foreign_total"), N_SPOOFED)
        self.assertEqual(gateway.metric("vgw_ice_path_changes_total"), 0)

    @staticmethod
    def drain(sock):
        packets = []
        try:
            while True:
                packets.append(sock.recv(2048))
        except BlockingIOError:
            return packets


if __name__ == "__main__":
    harness.main()
