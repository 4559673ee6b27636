"""A bare WebSocket client of the gateway's signaling, for what a well-behaved caller would never send."""

import asyncio
import inspect
import json

import websockets

import harness

OFFERS = harness.SOURCE_ROOT / "tests" / "data" / "sdp"
TIMEOUT_S = 15
# Debian 13's websockets has another name for it
HEADERS = next(name for name in ("additional_headers", "extra_headers")
               if name in inspect.signature(websockets.connect.__init__).parameters)


def good_offer():
    return (OFFERS / "chromium-audio.sdp").read_bytes().decode()


class Wire:
    """async with Wire (url) as wire: … Every message that comes is kept in `received` as (type, payload)."""

    def __init__(self, url, headers=None, **options):
        self.url, self.options, self.received = url, {HEADERS: headers, **options}, []
        self.seqs = []  # the numbers of the messages

    async def __aenter__(self):
        self.socket = await websockets.connect(self.url, max_size=None, compression=None, **self.options)
        return self

    async def __aexit__(self, *unused):
        await self.socket.close()

    async def send(self, kind, payload, as_string=True):
        await self.socket.send(json.dumps({"type": kind, "payload": json.dumps(payload) if as_string else payload}))

    async def offer(self, sdp):
        await self.send("offer", {"type": "offer", "sdp": sdp})

    async def receive(self, timeout_s=TIMEOUT_S):
        """The next message; raises websockets.ConnectionClosed at the end."""
        text = await asyncio.wait_for(self.socket.recv(), timeout_s)
        message = json.loads(text)
        entry = (message["type"], json.loads(message["payload"]))
        self.received.append(entry)
        self.seqs.append(message.get("seq"))
        return entry

    async def wait(self, kind):
        """The payload of the next message of that kind."""
        while True:
            received, payload = await self.receive()
            if received == kind:
                return payload

    async def wait_state(self, name):
        """The payload of the next message `state` with that state."""
        while True:
            payload = await self.wait("state")
            if payload["state"] == name:
                return payload

    def cut(self):
        """Ends TCP without a closing handshake."""
        self.socket.transport.abort()

    async def wait_closed(self):
        """The close code; what comes before it is kept."""
        try:
            while True:
                await self.receive()
        except websockets.ConnectionClosed:
            return self.socket.close_code

    async def expect_error(self, code, fatal=False):
        error = await self.wait("error")
        assert (error["code"], error["fatal"]) == (code, fatal), f"{error}, not {code}, fatal={fatal}"
        return error

    async def expect_quiet(self):
        """Nothing but what is known to come has come: a marker that is answered in order proves it."""
        count = len(self.received)
        await self.socket.send("marker")
        await self.expect_error("bad-message")
        extra = [kind for kind, _ in self.received[count:-1] if kind == "error"]
        assert not extra, f"unexpected: {self.received[count:-1]}"


class WireTest(harness.GatewayTest):
    """Runs coroutines against one gateway."""

    def run_async(self, coroutine):
        return asyncio.run(asyncio.wait_for(coroutine, 120))
