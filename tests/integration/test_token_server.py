"""examples/token-server.py: the page's backend that makes tokens, and a call with one of them."""

import subprocess
import sys
import urllib.error
import urllib.request

import harness
import tokens
from wire import Wire, WireTest


class TokenServer(WireTest):
    def test_its_tokens_are_good_for_a_call(self):
        keys = tokens.write_keys(self.directory / "keys", "a", "b")
        gateway = self.start(access__mode="token", access__token_keys_file=keys)
        server = subprocess.Popen([sys.executable, harness.SOURCE_ROOT / "examples" / "token-server.py", keys,
                                   gateway.http_url, "0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.addCleanup(server.stdout.close)
        self.addCleanup(server.wait)
        self.addCleanup(server.terminate)
        ready, url = server.stdout.readline().split()
        self.assertEqual(ready, "ready")
        with urllib.request.urlopen(url) as response:
            page = response.read().decode()
        self.assertIn(f"'{gateway.url}'", page)
        self.assertIn(f"'{gateway.http_url}voice-gateway.js'", page)
        with urllib.request.urlopen(urllib.request.Request(url + "token", method="POST")) as response:
            token = response.read().decode()
            self.assertEqual(response.headers["Cache-Control"], "no-store")
        result = harness.call(f"{gateway.url}?token={token}", "--duration", 1)
        self.assertEqual(result.status, 0, result.errors)

        async def run():
            async with Wire(gateway.url, subprotocols=["voice-gateway", f"voice-gateway.token.{token}"]) as wire:
                self.assertEqual((await wire.wait("session"))["limits"]["maxDurationS"], 600)
        self.run_async(run())
        foreign = urllib.request.Request(url + "token", method="POST", headers={"Sec-Fetch-Site": "cross-site"})
        with self.assertRaises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(foreign)
        self.assertEqual(caught.exception.code, 403)
        caught.exception.close()


if __name__ == "__main__":
    harness.main()
