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


class Bot:
    """async with Bot () as bot: … A bot that gives back what it hears; over TLS where it is given a context of ssl."""

    def __init__(self, tls=None, host="127.0.0.1"):
        self.tls, self.host = tls, host

    async def __aenter__(self):
        self.starts, self.count, self.n_bytes = [], 0, 0
        await self._listen(0)
        scheme = "ws" if self.tls is None else "wss"
        self.url = f"{scheme}://{self.host}:{self.port}/"
        return self

    async def _listen(self, port):
        self.server = await websockets.serve(self._handle, "127.0.0.1", port, subprotocols=["voice-gateway.v1"],
                                             ssl=self.tls)
        self.port = self.server.sockets[0].getsockname()[1]

    async def restart(self, tls):
        """Drops whoever is connected (1001), and is there again at the same port."""
        self.server.close()
        await self.server.wait_closed()
        self.tls = tls
        await self._listen(self.port)

    async def __aexit__(self, *unused):
        self.server.close()
        await self.server.wait_closed()

    async def _handle(self, connection, *_):
        self.count += 1
        async for frame in connection:
            if isinstance(frame, bytes):
                self.n_bytes += len(frame)
                await connection.send(frame)
            elif json.loads(frame)["type"] == "start":
                self.starts.append(json.loads(frame))
