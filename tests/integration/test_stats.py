"""The figures of a call over a bad network, against what the network really did."""

import asyncio
import random

import harness
from nat import Nat, call_behind_nat
from test_admin import metrics
from wire import WireTest

DELAY_S = 0.04  # in each direction
LOSS, DUPLICATES, REORDERED = 0.05, 0.03, 0.03
REORDERED_S = 0.03  # later than the next packet, but within media.latency-ms
N_PACKETS = 500
N_ROUND_TRIPS = 3


def is_audio(data):
    """RTP, and not RTCP (RFC 5761 section 4)."""
    return 128 <= data[0] <= 191 and not 64 <= data[1] & 0x7F <= 95


class BadNetwork(Nat):
    """Delays everything, and loses, repeats and reorders audio of either direction."""

    def __init__(self):
        super().__init__()
        self.random = random.Random(4711)
        self.is_bad = self.is_closed = False
        self.sent, self.lost, self.duplicated = ({"up": 0, "down": 0} for _ in range(3))
        self.arrived, self.n_reordered = [], 0  # from the caller
        self.lags_s = []  # of this process, which is the caller, too: how much later than planned packets are sent

    def impair(self, direction, data, send):
        loop, delay_s = asyncio.get_running_loop(), DELAY_S
        if self.is_bad and is_audio(data):
            self.sent[direction] += 1
            fate = self.random.random()
            if fate < LOSS:
                self.lost[direction] += 1
                return
            if fate < LOSS + DUPLICATES:
                self.duplicated[direction] += 1
                loop.call_later(DELAY_S + 0.001, send, data)
            elif fate < LOSS + DUPLICATES + REORDERED:
                delay_s += REORDERED_S
        loop.call_later(delay_s, self.forward, send, data, loop.time() + delay_s)

    def forward(self, send, data, planned):
        if self.is_closed:
            return
        self.lags_s.append(asyncio.get_running_loop().time() - planned)
        send(data)

    def pass_up(self, data):
        self.impair("up", data, self.arrive)

    def arrive(self, data):
        number = int.from_bytes(data[2:4], "big")
        if is_audio(data) and number not in self.arrived[-20:]:
            later = self.arrived and (number - max(self.arrived[-20:])) % 65536 > 32768
            self.n_reordered += bool(later)
            self.arrived.append(number)
        super().pass_up(data)

    def pass_down(self, data):
        self.impair("down", data, super().pass_down)

    def close(self):
        self.is_closed = True
        super().close()


class Stats(WireTest):
    def test_loss_order_and_round_trip_of_both_directions(self):
        gateway = self.start(engine__default="echo", ice__advertise="127.0.0.1")
        admin = gateway.admin_url
        network = None

        async def during(_, nat):
            nonlocal network
            network = nat
            nat.is_bad = True

            async def wait_reports(n_reports):
                """Not on the loop, which is the network."""
                while (await asyncio.to_thread(metrics, admin))["vgw_rtp_round_trip_seconds_count"] < n_reports:
                    await harness.asyncio_tick()
            await wait_reports(N_ROUND_TRIPS)
            await harness.wait_until(lambda: min(nat.sent.values()) >= N_PACKETS)
            nat.is_bad = False
            reports = (await asyncio.to_thread(metrics, admin))["vgw_rtp_round_trip_seconds_count"]
            await wait_reports(reports + 2)
        self.run_async(call_behind_nat(gateway, during, BadNetwork))
        after = metrics(admin)

        # from the caller: exactly, but for packets that were late by the machine's fault
        received = {name: after[f"vgw_rtp_received_{name}packets_total"]
                    for name in ("", "lost_", "late_", "reordered_", "duplicated_")}
        self.assertGreaterEqual(received["lost_"], network.lost["up"])
        self.assertLessEqual(received["lost_"] - received["late_"], network.lost["up"] + 2)
        self.assertEqual(received["duplicated_"], network.duplicated["up"])
        self.assertAlmostEqual(received["reordered_"] + received["late_"], network.n_reordered, delta=2)
        self.assertGreater(network.n_reordered, 3)
        self.assertAlmostEqual(after["vgw_rtp_concealed_seconds_total"] + after["vgw_rtp_recovered_seconds_total"],
                               received["lost_"] * 0.02, delta=received["lost_"] * 0.004)

        # to the caller: as it has reported
        self.assertGreater(after["vgw_rtp_sent_packets_total"], N_PACKETS)
        self.assertAlmostEqual(after["vgw_rtp_sent_lost_packets_total"],
                               network.lost["down"], delta=3)

        mean_s = after["vgw_rtp_round_trip_seconds_sum"] / after["vgw_rtp_round_trip_seconds_count"]
        lag_s = sum(network.lags_s) / len(network.lags_s)
        print(f"round trip {mean_s:.3f} s, lag {lag_s:.3f} s")
        self.assertGreater(mean_s, 2 * DELAY_S - 0.005)
        self.assertLess(mean_s, 2 * DELAY_S + 0.03 + 10 * lag_s)  # a report waits for each of several tasks

        # the parts of the setup make the whole
        parts = [after[f"vgw_setup_{part}_seconds_sum"] for part in ("signaling", "ice", "dtls")]
        self.assertAlmostEqual(sum(parts), after["vgw_setup_seconds_sum"], delta=0.005)
        self.assertGreater(parts[2], 2 * DELAY_S)  # the handshake has two round trips
        self.assertEqual(after["vgw_setup_first_audio_seconds_count"], 1)


if __name__ == "__main__":
    harness.main()
