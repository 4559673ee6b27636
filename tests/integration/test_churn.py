"""After many short calls nothing is left: no thread, no file, no session. Memory is for scripts/bench --churn: under a
sanitizer the process keeps what was freed."""

import harness

N_WARM, N_CALLS = 20, 100
RAMP_MS, CALL_S = 150, 0.5
SPARE_THREADS = 2  # GLib keeps idle threads of its pool for some seconds


class Churn(harness.GatewayTest):
    def run_calls(self, gateway, n_calls):
        result = harness.call(gateway.url, "--calls", n_calls, "--ramp", RAMP_MS, "--duration", CALL_S,
                              "--timeout", 60000, timeout_s=300)
        connected = sum(call["dtls_ms"] is not None for call in result.calls)
        self.assertEqual(connected, n_calls, result.errors)

    def test_nothing_is_left(self):
        gateway = self.start(log__level="info", limits__max_sessions=0, limits__max_sessions_per_address=0)
        idle = gateway.usage()
        self.run_calls(gateway, N_WARM)
        harness.wait_for(lambda: gateway.usage()["threads"] <= idle["threads"] + SPARE_THREADS, 60, "threads have gone")
        before = gateway.usage()
        self.run_calls(gateway, N_CALLS)
        harness.wait_for(lambda: gateway.usage()["threads"] <= before["threads"], 60, "threads have gone")
        harness.wait_for(lambda: gateway.usage()["fds"] <= before["fds"], 30, "files are closed")
        ended = sum("session ended" in entry["message"] for entry in gateway.entries())
        self.assertEqual(ended, N_WARM + N_CALLS)


if __name__ == "__main__":
    harness.main()
