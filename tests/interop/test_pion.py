"""pion as the caller: Debian's Go package, Opus by libopus, an event on the data channel."""

import os
import subprocess

import harness


class Pion(harness.GatewayTest):
    def check(self, *arguments, uses_whip=False, **settings):
        gateway = self.start(**settings)
        reply = self.directory / "reply.wav"
        url = gateway.http_url + "whip" if uses_whip else gateway.url
        done = subprocess.run([os.environ["VGW_TEST_PION_CALLER"], *arguments, url, harness.PHRASE, reply],
                              capture_output=True, text=True, timeout=harness.CALL_TIMEOUT_S)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stdout.splitlines(),
                         ['event {"from":"pion"}', "ended deleted" if uses_whip else "ended client-bye"])
        self.assert_same_speech(harness.PHRASE, reply)
        return gateway

    def test_one_port(self):
        gateway = self.check()
        # the peer answers the checks of a lite agent
        self.assertGreater(gateway.metric("vgw_ice_own_checks_answered_total"), 0)

    def test_ice_restarts_in_mid_call(self):
        gateway = self.check("--restart-ice")
        self.assertEqual(gateway.metric("vgw_ice_restarts_total"), 1)
        self.assertEqual(gateway.metric("vgw_sessions_started_total"), 1)

    def test_libnice(self):
        self.check(ice__agent="nice", ice__stun_servers="")

    def test_whip(self):
        gateway = self.check(uses_whip=True)
        gateway.wait_log(lambda entry: "session ended: reason client-bye" in entry["message"])

    def test_whip_with_libnice(self):
        """Where the client's candidates, by PATCH, are what is connected to."""
        self.check(uses_whip=True, ice__agent="nice", ice__stun_servers="")


if __name__ == "__main__":
    harness.main()
