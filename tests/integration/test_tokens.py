"""`access.mode = token`: which tokens are good, what they grant, and that no log has one."""

import asyncio
import functools
import hashlib
import signal
import subprocess
import time
import urllib.error
import urllib.request

import harness
import tokens
import whip
from bots import Bot, engine
from wire import Wire, WireTest, good_offer

BEGIN_RSA = "-----BEGIN PUBLIC KEY-----\nMFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAL\n-----END PUBLIC KEY-----\n"


def bad_tokens():
    now = int(time.time())
    good = tokens.mint()
    head, body, signature = good.split(".")
    return {
        "no signature": f"{head}.{body}.",
        "forged": f"{head}.{body}.{signature[::-1]}",
        "another key's": tokens.sign({"alg": "HS256"}, tokens.claims(), tokens.KEYS["b"]),
        "expired": tokens.mint(exp=now - 60),
        "not yet": tokens.mint(nbf=now + 60),
        "no expiry": tokens.sign({"alg": "HS256"}, {"iss": "a", "aud": "voice-gateway"}, tokens.KEYS["a"]),
        "wrong audience": tokens.mint(aud="shop"),
        "unknown key": tokens.sign({"alg": "HS256", "kid": "zzz"}, tokens.claims(), tokens.KEYS["a"]),
        "alg none": tokens.encode(b'{"alg":"none"}') + "." + body + "." + signature,
        "alg none, unsigned": tokens.encode(b'{"alg":"none"}') + "." + body + ".",
        "RS256 confusion": tokens.sign({"alg": "RS256"}, tokens.claims(), BEGIN_RSA),
        "HS512": tokens.sign({"alg": "HS512"}, tokens.claims(), tokens.KEYS["a"], hashlib.sha512),
        "huge": tokens.mint(sub="x" * 7000),
        "not a token": "hunter2",
    }


class Tokens(WireTest):
    def launch(self, *ids, **settings):
        self.keys = tokens.write_keys(self.directory / "keys", *(ids or ("a",)))
        return self.start(access__mode="token", access__token_keys_file=self.keys, **settings)

    def refusals(self, gateway, cause):
        return gateway.metric(f'vgw_sessions_refused_total{{cause="{cause}"}}')

    async def expect_refused(self, url, **options):
        async with Wire(url, **options) as wire:
            await wire.expect_error("unauthorized", fatal=True)
            self.assertEqual(await wire.wait_closed(), 1008)

    def assert_not_logged(self, gateway, *secrets):
        log = "\n".join(gateway.lines)
        for secret in secrets:
            self.assertNotIn(secret, log)

    def test_a_call_with_a_token(self):
        gateway = self.launch()
        token = tokens.mint(sub="alice")
        result = harness.call(f"{gateway.url}?token={token}", "--duration", 2)
        self.assertEqual(result.status, 0, result.errors)
        gateway.wait_log(lambda entry: "session started: client 127.0.0.1, identity alice" in entry["message"])
        self.assert_not_logged(gateway, token, token.rpartition(".")[2])

    def test_three_ways_to_bring_one(self):
        gateway = self.launch()
        token = tokens.mint()

        async def run():
            for url, options in ((f"{gateway.url}?token={token}", {}),
                                 (gateway.url, {"headers": {"Authorization": f"Bearer {token}"}}),
                                 (gateway.url, {"subprotocols": [f"voice-gateway.token.{token}", "voice-gateway"]})):
                async with Wire(url, **options) as wire:
                    await wire.wait("session")
                    self.assertIn(wire.socket.subprotocol, (None, "voice-gateway"))
                    await wire.expect_quiet()
        self.run_async(run())
        self.assert_not_logged(gateway, token)

    def test_bad_ones_are_refused_counted_and_not_logged(self):
        gateway = self.launch()
        bad = bad_tokens()
        call = harness.Call(f"{gateway.url}?token={tokens.mint()}", "--duration", 8)
        gateway.wait_log(lambda entry: "→ active" in entry["message"], 60)

        async def run():
            await self.expect_refused(gateway.url)
            for what, token in bad.items():
                with self.subTest(what):
                    await self.expect_refused(gateway.url, headers={"Authorization": f"Bearer {token}"})
        self.run_async(run())
        self.assertEqual(self.refusals(gateway, "no-token"), 1)
        self.assertEqual(self.refusals(gateway, "token"), len(bad))
        result = call.finish()
        self.assertEqual(result.status, 0, result.errors)
        self.assert_not_logged(gateway, *bad.values())

    def test_keys_rotate_in_mid_call(self):
        gateway = self.launch("a")
        call = harness.Call(f"{gateway.url}?token={tokens.mint('a')}", "--duration", 8)
        gateway.wait_log(lambda entry: "→ active" in entry["message"], 60)

        def reload(*ids):
            seen = len(gateway.lines)
            tokens.write_keys(self.keys, *ids)
            gateway.process.send_signal(signal.SIGHUP)
            gateway.wait_log(lambda entry: "access.token-keys now has" in entry["message"], start=seen)

        async def expect_accepted(key):
            async with Wire(f"{gateway.url}?token={tokens.mint(key)}") as wire:
                await wire.wait("session")

        async def run():
            await self.expect_refused(f"{gateway.url}?token={tokens.mint('b')}")
            reload("a", "b")
            await expect_accepted("a")
            await expect_accepted("b")
            reload("b")
            await self.expect_refused(f"{gateway.url}?token={tokens.mint('a')}")
            await expect_accepted("b")
            seen = len(gateway.lines)
            self.keys.chmod(0o644)  # nothing is taken from a file that others can read
            gateway.process.send_signal(signal.SIGHUP)
            gateway.wait_log(lambda entry: "nothing was changed" in entry["message"], start=seen)
            await expect_accepted("b")
            seen = len(gateway.lines)
            self.keys.chmod(0o600)
            self.keys.write_text("")  # neither from one that has none
            gateway.process.send_signal(signal.SIGHUP)
            gateway.wait_log(lambda entry: "nothing was changed" in entry["message"], start=seen)
            await expect_accepted("b")
        self.run_async(run())
        result = call.finish()
        self.assertEqual(result.status, 0, result.errors)
        self.assert_not_logged(gateway, *tokens.KEYS.values())

    def test_the_bot_learns_what_the_token_says(self):
        metadata = {"customer": {"id": 42}, "vip": True}

        async def run():
            async with Bot() as bot:
                gateway = self.launch(**engine("my-bot", type="websocket", url=bot.url))
                token = tokens.mint(sub="alice", voice={"engines": ["my-bot"], "metadata": metadata, "max_duration_s": 3})
                call = await asyncio.to_thread(harness.call, f"{gateway.url}?token={token}", "--duration", 30)
                self.assertEqual(call.only["end_reason"], "max-duration")
                self.assertEqual(bot.starts[0]["metadata"], metadata)
                self.assertEqual(bot.starts[0]["client"]["identity"], "alice")
                async with Wire(f"{gateway.url}?token={token}&engine=echo") as wire:
                    await wire.expect_error("bad-request", fatal=True)
        self.run_async(run())

    def test_a_plain_request_is_told_to_bring_one(self):
        gateway = self.launch()
        with self.assertRaises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(gateway.http_url + "ws")
        with caught.exception as response:
            self.assertEqual(response.status, 401)
            self.assertIn("Bearer", response.headers["WWW-Authenticate"])
        self.assertEqual(self.refusals(gateway, "no-token"), 0)

    def test_whip_wants_one_too(self):
        gateway = self.launch(access__origins="https://page.example")
        post = functools.partial(whip.post, gateway, good_offer(), Origin="https://page.example")
        for headers in ({}, {"Authorization": f"Bearer {tokens.mint(aud='shop')}"}):
            reply = post(**headers)
            self.assertEqual(reply.status, 401)
            self.assertIn("Bearer", reply.headers["WWW-Authenticate"])
            self.assertEqual(reply.headers["Access-Control-Allow-Origin"], "https://page.example")
        self.assertEqual(post(Authorization=f"Bearer {tokens.mint()}").status, 201)
        self.assertEqual((self.refusals(gateway, "no-token"), self.refusals(gateway, "token")), (1, 1))


class Command(harness.GatewayTest):
    def run_command(self, *arguments, status=0):
        result = subprocess.run([harness.GATEWAY, "token", *map(str, arguments)], capture_output=True, text=True, check=False,
                                env=harness.environment())
        self.assertEqual(result.returncode, status, result.stderr)
        self.assertEqual(harness.find_complaints(result.stderr), "")
        return result

    def test_a_minted_token_is_good(self):
        keys = tokens.write_keys(self.directory / "keys", "a", "b")
        gateway = self.start(access__mode="token", access__token_keys_file=keys)
        token = self.run_command("--keys-file", keys, "--key-id", "b", "--sub", "alice", "--ttl", 60, "--engines", "echo",
                                 "--max-duration", 20, "--metadata", '{"a": 1}').stdout.strip()
        result = harness.call(f"{gateway.url}?token={token}", "--duration", 1)
        self.assertEqual(result.status, 0, result.errors)

    def test_what_it_refuses(self):
        keys = tokens.write_keys(self.directory / "keys", "a", "b")
        open_keys = tokens.write_keys(self.directory / "open", "a")
        open_keys.chmod(0o644)
        for status, words, arguments in (
                (64, "several keys", ["--keys-file", keys]),
                (64, "no key \"c\"", ["--keys-file", keys, "--key-id", "c"]),
                (64, "no keys are configured", []),
                (64, "--ttl", ["--keys-file", keys, "--key-id", "a", "--ttl", 0]),
                (64, "unexpected", ["--keys-file", keys, "more"]),
                (64, "--help", ["--frobnicate"]),
                (78, "chmod 600", ["--keys-file", open_keys]),
                (78, "metadata", ["--keys-file", keys, "--key-id", "a", "--metadata", "[]"])):
            with self.subTest(arguments=arguments):
                self.assertIn(words, self.run_command(*arguments, status=status).stderr)

    def test_its_help(self):
        self.assertIn("--key-id", self.run_command("--help").stdout)


if __name__ == "__main__":
    harness.main()
