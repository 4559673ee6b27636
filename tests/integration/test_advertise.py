"""ice.advertise: ports and names, at the start and on reload."""

import re
import signal
import subprocess

import harness
from wire import Wire, WireTest, good_offer

START_S = 60


class Advertise(WireTest):
    def write(self, advertise):
        self.path = self.directory / "voice-gateway.conf"
        self.path.write_text(f"[ice]\nadvertise = {advertise}\n[engine]\ndefault = echo\n")
        return self.path

    def launch(self, advertise):
        return self.start(command=(harness.GATEWAY, "--config", self.write(advertise)))

    def reload(self, gateway, advertise, expected):
        self.write(advertise)
        seen = len(gateway.lines)
        gateway.process.send_signal(signal.SIGHUP)
        return gateway.wait_log(lambda entry: expected in entry["message"], start=seen)

    async def candidates(self, gateway):
        """Addresses and ports of the candidates in an answer."""
        async with Wire(gateway.url) as wire:
            await wire.wait("session")
            await wire.offer(good_offer())
            answer = (await wire.wait("answer"))["sdp"]
            return re.findall(r"a=candidate:\S+ 1 UDP \d+ (\S+ \d+) typ host", answer)

    def test_a_published_port_and_a_name_are_in_the_candidates(self):
        gateway = self.launch("192.0.2.1:20000;[2001:db8::1]:20001;localhost:20002;192.0.2.2")
        found = self.run_async(self.candidates(gateway))
        for expected in ("192.0.2.1 20000", "2001:db8::1 20001", "127.0.0.1 20002", f"192.0.2.2 {gateway.udp_port}"):
            self.assertIn(expected, found)

    def test_a_reload_takes_over_new_addresses_and_keeps_the_old_ones_where_a_name_is_unknown(self):
        gateway = self.launch("192.0.2.1")
        self.assertEqual(self.run_async(self.candidates(gateway)), [f"192.0.2.1 {gateway.udp_port}"])
        call = harness.Call(gateway.url, "--duration", 60)
        gateway.wait_log(lambda entry: "new → negotiating" in entry["message"])
        self.reload(gateway, "nobody.invalid", 'reload: ice.advertise: cannot advertise "nobody.invalid"')
        self.assertEqual(self.run_async(self.candidates(gateway)), [f"192.0.2.1 {gateway.udp_port}"])
        self.reload(gateway, "localhost:20002", "in effect now: ice.advertise")

        async def wait_changed():
            while "127.0.0.1 20002" not in await self.candidates(gateway):
                await harness.asyncio_tick()
        self.run_async(wait_changed())
        call.hang_up()
        call.finish()

    def test_an_address_of_a_family_that_is_not_listened_on_is_warned_about(self):
        gateway = self.start(ice__bind_address="127.0.0.1", ice__advertise="192.0.2.1;2001:db8::1")
        entry = gateway.wait_log(lambda entry: "2001:db8::1 is advertised" in entry["message"])
        self.assertEqual(entry["level"], "warning")
        self.assertIn("does not listen on IPv6", entry["message"])
        self.assertFalse(any("192.0.2.1 is advertised" in line for line in gateway.lines))

    def test_a_name_that_is_unknown_or_malformed_at_the_start_is_an_error_with_file_and_key(self):
        for advertise, expected in (("nobody.invalid", 'cannot advertise "nobody.invalid": '),
                                    ("1.2.3", "must be an IP address or a host name"),
                                    ("0.0.0.0", "must be an IP address or a host name"),
                                    ("example.org:0", "must be an IP address or a host name"),
                                    (";".join(f"192.0.2.{i}" for i in range(1, 18)), "there are more than 16 addresses")):
            done = subprocess.run([harness.GATEWAY, "--config", self.write(advertise), "--set", "http.port=0"],
                                  capture_output=True, text=True, timeout=START_S, env=harness.environment())
            self.assertNotEqual(done.returncode, 0, advertise)
            self.assertRegex(done.stderr, r"voice-gateway\.conf:.*advertise")
            self.assertIn(expected, done.stderr)


if __name__ == "__main__":
    harness.main()
