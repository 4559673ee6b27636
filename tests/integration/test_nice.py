"""`ice.agent = nice` through a real TURN server: the caller's relay, and the gateway's own."""

import coturn
import harness


class Relay(harness.GatewayTest):
    def setUp(self):
        super().setUp()
        self.turn = coturn.Coturn(self.directory)
        self.addCleanup(self.turn.stop)
        self.server = f"{coturn.USER}:{coturn.PASSWORD}@{coturn.ADDRESS}:{self.turn.port}"

    def check(self, *arguments, **settings):
        gateway = self.start(ice__agent="nice", ice__stun_servers="", **settings)
        reply = self.directory / "reply.wav"
        result = harness.call(gateway.url, "--out", reply, *arguments)
        self.assertEqual(result.status, 0, f"{result.only}\n{self.turn.log()[-3000:]}")
        self.assert_same_speech(harness.PHRASE, reply)
        return gateway

    def assert_relayed(self):
        """A channel is bound for the pair that ICE has chosen."""
        harness.wait_for(lambda: "CHANNEL_BIND processed, success" in self.turn.log(), 20, "the relay carries the call")

    def test_the_caller_has_nothing_but_a_relay(self):
        self.check("--turn", self.server, "--relay-only")
        self.assert_relayed()

    def test_the_gateway_tells_its_clients_of_the_relay(self):
        self.check("--turn", self.server, "--relay-only", ice__client_servers=f"turn:{self.server}")
        self.assert_relayed()

    def test_the_gateway_offers_a_relay_of_its_own(self):
        gateway = self.start(ice__agent="nice", ice__stun_servers="", ice__turn_servers=f"turn:{self.server}")
        reply = self.directory / "reply.wav"
        result = harness.call(gateway.url, "--out", reply)
        self.assertEqual(result.status, 0, result.errors)
        harness.wait_for(lambda: "ALLOCATE processed, success" in self.turn.log(), 20, "an allocation for the gateway")


if __name__ == "__main__":
    harness.main()
