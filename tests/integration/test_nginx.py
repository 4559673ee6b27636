"""The recipe of README for nginx: the page, and a whole call, through the real one."""

import asyncio
import json
import ssl
import unittest
import urllib.request

import websockets

import harness
import nginx
import wire
from certificates import Authority


@unittest.skipUnless(nginx.pathlib.Path(nginx.NGINX).exists(), "nginx is not installed")
class BehindNginx(wire.WireTest):
    def start_nginx(self, gateway, **changes):
        self.directory.chmod(0o755)
        authority = Authority(self.directory)
        self.context = ssl.create_default_context(cafile=authority.certificate)
        server = nginx.Nginx(self.directory, gateway.http_url, *authority.issue(), **changes)

        def stop():
            log = server.stop()
            self.assertNotIn("[crit]", log)
            self.assertNotIn("[emerg]", log)

        self.addCleanup(stop)
        return server

    def read(self, url):
        with urllib.request.urlopen(url, context=self.context, timeout=30) as answer:
            return answer.read()

    def test_the_page_and_a_call(self):
        gateway = self.start()
        server = self.start_nginx(gateway)
        page = self.read(f"{server.origin}/")
        self.assertIn(b"<title>", page)
        self.assertEqual(page, self.read(gateway.http_url))
        self.assertIn("engines", json.loads(self.read(f"{server.origin}/engines")))

        reply = self.directory / "reply.wav"
        result = harness.call(f"wss://localhost:{server.port}/ws", "--insecure", "--origin", server.origin, "--out", reply)
        self.assertEqual(result.status, 0, result.errors)
        self.assertEqual(result.only["end_reason"], "client-bye")
        self.assert_same_speech(harness.PHRASE, reply)

    def test_the_pages_own_origin_may_call_and_no_other(self):
        gateway = self.start()
        server = self.start_nginx(gateway)
        self.assertEqual(self.run_async(self.knock(server, server.origin)), "session")
        self.assertEqual(self.run_async(self.knock(server, "https://elsewhere.example")), 403)

    def test_without_the_line_for_host_nobody_may(self):
        """What the comment in the recipe says."""
        gateway = self.start()
        server = self.start_nginx(gateway, drop="proxy_set_header Host $http_host;")
        self.assertEqual(self.run_async(self.knock(server, server.origin)), 403)

    async def knock(self, server, origin):
        """The status of a refused upgrade, or the type of the first message."""
        url = f"wss://localhost:{server.port}/ws"
        try:
            connection = await websockets.connect(url, ssl=self.context, origin=origin)
        except websockets.exceptions.InvalidHandshake as error:
            # websockets 10 has it in the exception, 15 in its response
            return error.status_code if hasattr(error, "status_code") else error.response.status_code
        try:
            return json.loads(await asyncio.wait_for(connection.recv(), 30))["type"]
        finally:
            await connection.close()


if __name__ == "__main__":
    harness.main()
