"""The manager `redis` with a real server: what it writes, and what becomes of calls and of the registry when either side
goes away."""

import asyncio
import re
import signal
import socket
import time

import certificates
import harness
import nodes
from redis_server import Redis, free_port
from wire import Wire, WireTest

DELIVERED = 'vgw_manager_delivered_total{manager="redis"}'
DROPPED = 'vgw_manager_dropped_total{manager="redis"}'
FAILED = 'vgw_manager_failed_total{manager="redis"}'
QUEUED = 'vgw_manager_queued{manager="redis"}'
NODE = socket.gethostname()


class RedisManager(WireTest):
    def start_with(self, redis, **settings):
        values = {"manager__redis_url": redis.url, "manager__redis_ttl_s": 3} | settings
        return self.start(manager__types="log;redis", **values)

    def wait(self, condition, what, timeout_s=20):
        return harness.wait_for(condition, timeout_s, what)

    def wait_connected(self, gateway, start=0):
        gateway.wait_log(lambda entry: entry["message"].startswith("redis: connected to"), start=start)

    async def visit(self, gateway):
        async with Wire(gateway.url) as wire:
            session = await wire.wait("session")
            await wire.send("bye", {})
            await wire.wait_closed()
            return session["id"]

    def test_sessions_nodes_and_events_are_written_and_removed(self):
        with Redis() as redis:
            gateway = self.start_with(redis, manager__redis_url=f"unix:{redis.socket}")
            self.wait_connected(gateway)

            async def run():
                async with Wire(gateway.url, headers={"Origin": gateway.http_url.rstrip("/")}) as wire:
                    key = "vgw:session:" + (await wire.wait("session"))["id"]
                    written = await asyncio.to_thread(self.wait, lambda: redis.command("HGETALL", key), "the session")
                    ttl_ms = redis.command("PTTL", key)
                    self.assertEqual(redis.command("SMEMBERS", "vgw:sessions:" + NODE), [key.rpartition(":")[2]])
                    await wire.send("bye", {})
                    await wire.wait_closed()
                    return key, written, ttl_ms
            key, written, ttl_ms = self.run_async(run())
            self.assertEqual({name: written[name] for name in ("node", "state", "engine", "client_address", "door",
                                                               "origin", "identity")},
                             {"node": NODE, "state": "new", "engine": "echo", "client_address": "127.0.0.1",
                              "door": "ws", "origin": gateway.http_url.rstrip("/"), "identity": ""})
            self.assertRegex(written["started_at"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
            self.assertTrue(0 < ttl_ms <= 3000, ttl_ms)
            self.wait(lambda: redis.command("EXISTS", key) == 0, "the removal of the session")
            self.assertEqual(redis.command("SMEMBERS", "vgw:sessions:" + NODE), [])
            node = redis.command("HGETALL", "vgw:node:" + NODE)
            self.assertEqual((node["name"], node["state"]), (NODE, "ready"))
            self.assertEqual(redis.command("SMEMBERS", "vgw:nodes"), [NODE])
            events = self.wait(lambda: [event for event in redis.events() if event[0] == "session.deregister"]
                               and redis.events(), "the events")
            self.assertEqual([events[0][0], events[-1][0]], ["session.register", "session.deregister"])
            self.assertEqual(events[-1][1]["data"]["reason"], "client-bye")
            self.assertEqual({event["data"]["session_id"] for _, event in events}, {key.rpartition(":")[2]})
            self.assertEqual(gateway.metric(DELIVERED), len(events))
            self.assertEqual(gateway.stop(), (0, ""))
            self.assertEqual(redis.command("KEYS", "vgw:*"), ["vgw:events"])

    def test_calls_go_on_while_redis_is_away_and_are_registered_again(self):
        with Redis() as redis:
            gateway = self.start_with(redis)
            self.wait_connected(gateway)
            call = harness.Call(gateway.url, "--duration", 60)
            self.wait(lambda: redis.command("KEYS", "vgw:session:*"), "the call")
            start = len(gateway.lines)
            redis.stop(signal.SIGKILL)
            gateway.wait_log(lambda entry: entry["message"].startswith("redis: the connection is lost"), start=start)
            visited = self.run_async(self.visit(gateway))
            redis.start()  # empty
            self.wait_connected(gateway, start)
            key, = self.wait(lambda: redis.command("KEYS", "vgw:session:*"), "the call again")
            self.wait(lambda: redis.command("HGET", key, "state") == "active", "the state")
            self.wait(lambda: "session.deregister" in [kind for kind, event in redis.events()
                                                       if event["data"]["session_id"] == visited], "the other session")
            self.assertEqual([kind for kind, event in redis.events() if event["data"]["session_id"] == visited][0],
                             "session.register")
            redis.command("FLUSHALL")  # lost without a word: healed by the next heartbeat
            self.wait(lambda: redis.command("KEYS", "vgw:session:*") == [key], "the call once more")
            self.wait(lambda: gateway.metric("vgw_playout_played_ms_total") >= 2000, "audio")
            call.hang_up()
            result = call.finish()
            self.assertEqual(result.summary["ok"], 1, (result.calls, result.errors))
            self.assertEqual(len([entry for entry in gateway.entries(start)
                                  if entry["message"].startswith("redis: ") and entry["level"] == "warning"]), 1)

    def test_what_a_killed_gateway_leaves_behind_disappears(self):
        with Redis() as redis:
            gateway = harness.Gateway(manager__types="redis", manager__redis_url=redis.url, manager__redis_ttl_s=3)
            self.wait_connected(gateway)

            async def run():
                async with Wire(gateway.url) as wire:
                    await wire.wait("session")
                    await asyncio.to_thread(self.wait, lambda: len(redis.command("KEYS", "vgw:*")) == 5, "the keys")
                    gateway.process.kill()
                    await wire.wait_closed()
            self.run_async(run())
            gateway.stop()
            self.wait(lambda: sorted(redis.command("KEYS", "vgw:*")) == ["vgw:events", "vgw:nodes"], "their end", 10)
            self.assertEqual(redis.command("SMEMBERS", "vgw:nodes"), [NODE])
            other = self.start_with(redis, node__name="other", node__keys_file=nodes.write_key(self.directory))
            self.wait(lambda: redis.command("SMEMBERS", "vgw:nodes") == ["other"], "the end of the name, too")
            other.wait_log(lambda entry: "a node has stopped without taking its name out of vgw:nodes" in entry["message"])

    def test_the_name_of_a_node_that_is_there_stays(self):
        """Names without a hash are removed, at each heartbeat, also where the other entry is not of this service."""
        with Redis() as redis:
            gateway = self.start_with(redis)
            self.wait_connected(gateway)
            redis.command("HSET", "vgw:node:there", "name", "there")
            for name in ("one", "two"):
                redis.command("SADD", "vgw:nodes", "there", name, NODE)
                self.wait(lambda: sorted(redis.command("SMEMBERS", "vgw:nodes")) == sorted([NODE, "there"]), name)
            redis.command("ACL", "SETUSER", "default", "-eval")
            redis.command("SADD", "vgw:nodes", "three")
            gateway.wait_log(lambda entry: entry["level"] == "warning"
                             and "names of nodes that have stopped stay in vgw:nodes: NOPERM" in entry["message"])
            self.assertIn("three", redis.command("SMEMBERS", "vgw:nodes"))
            self.assertEqual(gateway.metric(FAILED), 0)

    def test_a_server_that_refuses_to_write_is_not_connected_to_all_the_time(self):
        with Redis(replicaof="127.0.0.1 1") as redis:
            gateway = self.start_with(redis)
            line = 0
            for n in range(5):
                gateway.wait_log(lambda entry: entry["message"].startswith("redis: the connection is lost: READONLY"), start=line)
                line = next(i for i in range(line, len(gateway.lines)) if "is lost: READONLY" in gateway.lines[i]) + 1
                start = time.monotonic() if n == 0 else start
            self.assertGreater(time.monotonic() - start, 1.4)  # growing pauses: 0.125 + 0.25 + 0.5 + 1 s at least

    def test_a_server_that_hangs_delays_nobody_and_the_queue_is_bounded(self):
        with Redis() as redis:
            gateway = self.start_with(redis, manager__redis_queue=8, manager__redis_timeout_ms=500)
            self.wait_connected(gateway)
            redis.process.send_signal(signal.SIGSTOP)
            start = time.monotonic()

            async def run():
                await asyncio.gather(*(self.visit(gateway) for _ in range(10)))
            self.run_async(run())
            self.assertLess(time.monotonic() - start, 10)
            gateway.wait_log(lambda entry: "no reply within 500 ms" in entry["message"])
            self.assertEqual(gateway.metric(QUEUED), 8)
            self.assertGreaterEqual(gateway.metric(DROPPED), 12)
            self.assertEqual(harness.call(gateway.url).summary["ok"], 1)
            redis.process.send_signal(signal.SIGCONT)
            self.wait(lambda: gateway.metric(QUEUED) == 0, "the queue")
            self.assertGreaterEqual(len(redis.events()), 8)

    def test_a_gateway_without_its_redis_serves_and_stops(self):
        gateway = self.start(manager__types="redis", manager__redis_url="redis://127.0.0.1:1")
        self.run_async(self.visit(gateway))
        self.assertGreaterEqual(gateway.metric(QUEUED), 2)
        start = time.monotonic()
        self.assertEqual(gateway.stop(), (0, ""))
        self.assertLess(time.monotonic() - start, 10)
        self.assertEqual(len([entry for entry in gateway.entries()
                              if entry["message"].startswith("redis: cannot connect") and entry["level"] == "warning"]), 1)

    def test_passwords_and_tls(self):
        authority = certificates.Authority(self.directory)
        certificate, key = authority.issue("localhost")
        password = self.directory / "password"
        password.write_text("wrong\n")
        password.chmod(0o600)
        with Redis(tls_port=free_port(), tls_cert_file=certificate, tls_key_file=key,
                   tls_ca_cert_file=authority.certificate, tls_auth_clients="no", requirepass="right") as redis:
            tls_port = redis.options["tls-port"]
            settings = {"manager__redis_password_file": password, "manager__redis_ca": authority.certificate}
            gateway = self.start_with(redis, manager__redis_url=f"rediss://localhost:{tls_port}/2", **settings)
            gateway.wait_log(lambda entry: entry["message"].startswith("redis: cannot connect: WRONGPASS"))
            self.run_async(self.visit(gateway))
            password.write_text("right\n")
            gateway.process.send_signal(signal.SIGHUP)
            self.wait_connected(gateway)
            self.wait(lambda: gateway.metric(QUEUED) == 0, "the queue")
            self.assertEqual(redis.command("KEYS", "vgw:*"), [], "another database")
            self.assertNotIn("right", "\n".join(gateway.lines))
            for url, words in (
                    (f"rediss://127.0.0.1:{tls_port}", "certificate is refused: it is for another host name than 127.0.0.1"),
                    (f"redis://localhost:{tls_port}", "redis: cannot connect: "),
                    (f"rediss://localhost:{redis.port}", "redis: cannot connect: ")):
                with self.subTest(url=url):
                    other = self.start_with(redis, manager__redis_url=url, **settings)
                    other.wait_log(lambda entry: words in entry["message"])
                    self.assertEqual(other.stop(), (0, ""))

    def test_the_password_in_an_error_is_not_logged(self):
        password = self.directory / "password"
        password.write_text("hush\n")
        password.chmod(0o600)
        with Redis(rename_command=("AUTH", "")) as redis:  # ERR unknown command 'AUTH', with args beginning with: 'hush'
            gateway = self.start_with(redis, manager__redis_password_file=password)
            gateway.wait_log(lambda entry: entry["message"] == "redis: cannot connect: ERR; trying again")
            self.assertNotIn("hush", "\n".join(gateway.lines))

    def test_a_user_without_the_rights_is_logged_and_counted(self):
        with Redis() as redis:
            redis.command("ACL", "SETUSER", "gateway", "on", ">secret", "~other:*", "+@all")
            password = self.directory / "password"
            password.write_text("secret\n")
            password.chmod(0o600)
            gateway = self.start_with(redis, manager__redis_username="gateway", manager__redis_password_file=password)
            gateway.wait_log(lambda entry: entry["message"].startswith("redis: NOPERM"))
            self.run_async(self.visit(gateway))
            self.wait(lambda: gateway.metric(FAILED) >= 2, "the failures")
            documented = (harness.SOURCE_ROOT / "docs" / "MANAGERS.md").read_text()
            rights = re.search(r"^ACL SETUSER voice-gateway on >PASSWORD (.*)$", documented, re.M).group(1)
            self.assertEqual(redis.command("ACL", "SETUSER", "gateway", "resetkeys", *rights.split()), "OK")
            gateway = self.start_with(redis, manager__redis_username="gateway", manager__redis_password_file=password)
            self.wait_connected(gateway)
            self.run_async(self.visit(gateway))
            self.wait(lambda: [kind for kind, _ in redis.events()][-1:] == ["session.deregister"], "the events")
            self.assertEqual(gateway.metric(FAILED), 0)


if __name__ == "__main__":
    harness.main()
