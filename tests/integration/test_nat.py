"""Callers behind a NAT that rebinds or fails in mid-call, and checks that are sent in other people's names."""

import re
import socket

from aioice import stun

import harness
from nat import call_behind_nat, wait_heard
from wire import WireTest

N_SPOOFED = 30
N_FRAMES_PER_SPOOFED = 5  # ten a second
THIRD_PARTY = "127.9.9.9"
STUN_FIRST_BYTE_MAX = 3  # RFC 7983


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


class BehindNat(WireTest):
    def launch(self, **settings):
        return self.start(engine__default="echo", ice__advertise="127.0.0.1", **settings)

    def test_a_nat_rebinds_in_mid_call_to_another_port_and_to_another_address(self):
        gateway = self.launch()

        async def during(caller, nat):
            for address in ("127.0.0.1", "127.0.0.2"):
                await nat.rebind(address)
                await wait_heard(caller)
        self.run_async(call_behind_nat(gateway, during))
        self.assertEqual(gateway.metric("vgw_ice_path_changes_total"), 2)

    def test_a_caller_that_hears_nothing_recovers_or_its_call_ends(self):
        gateway = self.launch(limits__media_timeout_ms=8000)

        async def during(caller, nat):
            nat.is_open = False  # its own packets still get through
            await harness.wait_until(lambda: gateway.metric("vgw_ice_consent_lost_total") == 1)
            nat.is_open = True
            await wait_heard(caller)
            self.assertIsNone(caller.ended)
            nat.is_open = False
            await caller.wait_ended()
        self.assertEqual(self.run_async(call_behind_nat(gateway, during)), "media-timeout")

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
            await call_behind_nat(gateway, attacking)
        self.run_async(call_behind_nat(gateway, during))
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
