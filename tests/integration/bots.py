"""Bots for the tests, each a real WebSocket server, and the settings that make engines of them."""

import json
import socket

import websockets


def engine(name, **keys):
    """Settings of [engine NAME]."""
    return {f"engine {name}__{key}": value for key, value in keys.items()}


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class BotServer:
    """async with BotServer () as bot: … The server of a bot in the native protocol; over TLS where it has a context of ssl."""

    def __init__(self, tls=None, host="127.0.0.1"):
        self.tls, self.host = tls, host

    async def __aenter__(self):
        await self.listen(0)
        scheme = "ws" if self.tls is None else "wss"
        self.url = f"{scheme}://{self.host}:{self.port}/"
        return self

    async def __aexit__(self, *unused):
        await self.close()

    async def listen(self, port):
        self.server = await websockets.serve(self.handle, "127.0.0.1", port, subprotocols=["voice-gateway.v1"],
                                             ssl=self.tls)
        self.port = self.server.sockets[0].getsockname()[1]

    async def close(self):
        """Drops whoever is connected (1001)."""
        self.server.close()
        await self.server.wait_closed()

    async def handle(self, connection, *_):
        async for frame in connection:
            if isinstance(frame, bytes):
                await self.on_audio(connection, frame)
            else:
                await self.on_message(connection, json.loads(frame))

    async def on_audio(self, connection, samples):
        """The caller's, s16le at 16 kHz."""

    async def on_message(self, connection, message):
        """What the gateway told, a dictionary."""


class Bot(BotServer):
    """A bot that gives back what it hears."""

    def __init__(self, *arguments, **keys):
        super().__init__(*arguments, **keys)
        self.starts, self.count, self.n_bytes = [], 0, 0
        self.headers = {}  # of the last handshake

    async def restart(self, tls):
        """Drops whoever is connected, and is there again at the same port."""
        await self.close()
        self.tls = tls
        await self.listen(self.port)

    async def handle(self, connection, *_):
        self.count += 1
        # Debian 13's websockets has the request as a whole
        self.headers = connection.request.headers if hasattr(connection, "request") else connection.request_headers
        await super().handle(connection)

    async def on_audio(self, connection, samples):
        self.n_bytes += len(samples)
        await connection.send(samples)

    async def on_message(self, connection, message):
        if message["type"] == "start":
            self.starts.append(message)
