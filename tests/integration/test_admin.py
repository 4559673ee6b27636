"""The admin listener of the real gateway: what it tells of a call, and what becomes of it where it cannot or shall not be."""

import json
import re
import urllib.error
import urllib.request

import harness

SAMPLE = re.compile(r'^([a-z_]+)(\{[a-z]+="[^"\\]*"\})? (\S+)$')


def get(url):
    """(status, text); urllib follows no proxy here."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=20) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def metrics(url):
    status, text = get(url + "metrics")
    assert status == 200
    samples = {}
    for line in text.splitlines():
        if not line.startswith("# "):
            match = SAMPLE.match(line)
            assert match, line
            samples[match[1] + (match[2] or "")] = float(match[3])
    return samples


class Admin(harness.GatewayTest):
    def sessions(self, url):
        status, text = get(url + "sessions")
        self.assertEqual(status, 200)
        return json.loads(text)

    def active_session(self, url):
        def find():
            return [session for session in self.sessions(url)
                    if session["state"] == "active" and session["playout"]["played_ms"] > 1000]
        return harness.wait_for(find, 60, "a call that is heard")[0]

    def test_a_call(self):
        gateway = self.start()
        url = gateway.admin_url
        before = metrics(url)
        self.assertEqual(before["vgw_setup_seconds_count"], 0)
        call = harness.Call(gateway.url, "--duration", 60)
        session = self.active_session(url)
        self.assertEqual(session["codec"], "OPUS")
        self.assertEqual(session["client_address"], "127.0.0.1")
        self.assertGreater(session["duration_ms"], 1000)
        self.assertEqual(get(url + "sessions/" + session["id"])[0], 200)

        during = metrics(url)
        self.assertEqual(during['vgw_sessions{state="active"}'], 1)
        self.assertEqual(during["vgw_peers"], 1)
        self.assertEqual(during["vgw_setup_seconds_count"], 1)
        self.assertTrue(0 < during["vgw_setup_seconds_sum"] < 60)
        self.assertGreater(during["process_threads"], before["process_threads"])
        for name in ("received", "delivered", "sent"):
            self.assertGreater(during[f"vgw_ice_{name}_packets_total"], 30, name)
        self.assertGreater(during["vgw_ice_checks_total"], 0)

        call.hang_up()
        call.finish()
        harness.wait_for(lambda: metrics(url)["vgw_peers"] == 0, 30, "no peer")
        after = metrics(url)
        self.assertEqual(self.sessions(url), [])
        self.assertEqual(get(url + "sessions/" + session["id"])[0], 404)
        self.assertEqual(after['vgw_sessions_ended_total{reason="client-bye"}'], 1)
        self.assertEqual(sum(value for name, value in after.items() if name.startswith("vgw_sessions{")), 0)
        # what was played does not go with the session
        self.assertGreaterEqual(after["vgw_playout_played_ms_total"], session["playout"]["played_ms"])
        self.assertGreaterEqual(after["vgw_playout_played_ms_total"], during["vgw_playout_played_ms_total"])

    def test_libnice_has_no_udp_port_of_its_own(self):
        url = self.start(ice__agent="nice", ice__stun_servers="").admin_url
        samples = metrics(url)
        self.assertIn("vgw_peers", samples)
        self.assertFalse([name for name in samples if name.startswith("vgw_ice_")])

    def test_none(self):
        gateway = self.start(admin__address="")
        self.assertEqual(harness.call(gateway.url, "--duration", 2).status, 0)
        self.assertFalse([entry for entry in gateway.entries() if "admin=" in entry["message"]])

    def test_a_busy_port_stops_the_start(self):
        gateway = self.start()
        port = gateway.admin_url.rstrip("/").rpartition(":")[2]
        with self.assertRaises(AssertionError) as caught:
            harness.Gateway(admin__port=port)
        self.assertIn("admin.port", str(caught.exception))
        self.assertIn(f"port {port}", str(caught.exception))


if __name__ == "__main__":
    harness.main()
