"""ICE over TCP: what strangers and bad clients can do on ice.tcp-port, and what it costs the calls. (Calls over it:
tests/browser/tcp.test.mjs.)"""

import asyncio
import contextlib
import re
import socket
import struct
import time

from aioice import stun

import harness
from bots import free_port
from wire import Wire, WireTest, good_offer

N_HALF_OPEN = 300
MAX_CONNECTIONS = 320
MAX_PER_ADDRESS = 4
FIRST_CHECK_S = 10
READ_TIMEOUT_S = 15
MAX_FRAME_BYTES = 2048
MAX_PATHS = 8  # of a session
STUN_FIRST_BYTE_MAX = 3  # RFC 7983


def frame(data):
    return struct.pack("!H", len(data)) + data


def make_check(answer, password=None, is_nominated=False):
    """A check as the client of that answer makes it."""
    find = lambda name, sdp: re.search(rf"a={name}:(\S+)", sdp).group(1)
    message = stun.Message(message_method=stun.Method.BINDING, message_class=stun.Class.REQUEST)
    message.attributes["USERNAME"] = f"{find('ice-ufrag', answer)}:{find('ice-ufrag', good_offer())}"
    message.attributes["PRIORITY"] = 1
    message.attributes["ICE-CONTROLLING"] = 1
    if is_nominated:
        message.attributes["USE-CANDIDATE"] = None
    message.add_message_integrity((password or find("ice-pwd", answer)).encode())  # and the fingerprint
    return message


def connect(port, address="127.0.0.1"):
    connection = socket.create_connection((address, port))
    connection.settimeout(READ_TIMEOUT_S)
    return connection


def read_exactly(connection, length):
    data = b""
    while len(data) < length:
        part = connection.recv(length - len(data))
        if not part:
            raise EOFError
        data += part
    return data


def read_frame(connection):
    return read_exactly(connection, struct.unpack("!H", read_exactly(connection, 2))[0])


def is_answered(connection, check):
    """Whether the success response to check comes; the gateway's own checks and its DTLS may come before it."""
    while True:
        try:
            data = read_frame(connection)
        except (EOFError, ConnectionError):
            return False
        if data[0] > STUN_FIRST_BYTE_MAX:
            continue
        message = stun.parse_message(data)
        if message.transaction_id == check.transaction_id:
            return message.message_class == stun.Class.RESPONSE


def is_closed(connection):
    """Whether the gateway closes the connection, within the time for a read."""
    try:
        while connection.recv(4096):
            pass
        return True
    except ConnectionError:
        return True
    except TimeoutError:
        return False


class IceTcp(WireTest):
    def launch(self, **settings):
        self.port = free_port()
        return self.start(engine__default="echo", ice__tcp_port=self.port, **settings)

    def with_answer(self, gateway, during):
        """Calls during (answer) in a session that has been answered and is not connected."""
        async def main():
            async with Wire(gateway.url) as wire:
                await wire.wait("session")
                await wire.offer(good_offer())
                answer = (await wire.wait("answer"))["sdp"]
                await asyncio.to_thread(during, answer)
        self.run_async(main())

    def test_the_answer_has_a_passive_candidate_after_that_of_udp(self):
        gateway = self.launch(ice__advertise="127.0.0.1")

        def look(answer):
            candidates = re.findall(r"a=candidate:\S+ 1 (\S+) (\d+) (\S+) (\d+) typ host(.*)\r", answer)
            self.assertEqual([(protocol, address, port, rest) for protocol, _, address, port, rest in candidates],
                             [("UDP", "127.0.0.1", str(gateway.udp_port), ""),
                              ("TCP", "127.0.0.1", str(self.port), " tcptype passive")])
            self.assertGreater(int(candidates[0][1]), int(candidates[1][1]))
        self.with_answer(gateway, look)

    def test_checks_are_answered_however_they_are_cut(self):
        gateway = self.launch()

        def talk(answer):
            whole, cut, late = make_check(answer), make_check(answer), make_check(answer)
            with connect(self.port) as connection:
                connection.sendall(frame(bytes(whole)))
                self.assertTrue(is_answered(connection, whole))
                for byte in frame(bytes(cut)):
                    connection.sendall(bytes([byte]))
                self.assertTrue(is_answered(connection, cut))
                connection.sendall(frame(b"") * 100 + frame(bytes(late))[:7])
                connection.sendall(frame(bytes(late))[7:])
                self.assertTrue(is_answered(connection, late))
                self.assertEqual(gateway.metric("vgw_ice_tcp_connections"), 1)
        self.with_answer(gateway, talk)
        harness.wait_for(lambda: gateway.metric("vgw_ice_tcp_connections") == 0, 10, "the end of the connection")
        self.assertGreaterEqual(gateway.metric("vgw_ice_malformed_packets_total"), 100)

    def test_what_is_no_call_is_closed(self):
        gateway = self.launch()

        def talk(answer):
            wrong = make_check(answer, password="x" * 24)
            floods = [struct.pack("!H", MAX_FRAME_BYTES + 1), frame(b"\x80" * 1000) * 20, frame(bytes(wrong)) * 200,
                      b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 700, b"\0\0" * 9000]
            for flood in floods:
                with connect(self.port) as connection:
                    try:
                        connection.sendall(flood)
                    except ConnectionError:
                        pass
                    self.assertTrue(is_closed(connection), flood[:40])
            with connect(self.port) as half, connect(self.port) as silent:
                half.sendall(frame(bytes(wrong))[:9])
                start = time.monotonic()
                self.assertTrue(is_closed(silent) and is_closed(half))
                self.assertGreater(time.monotonic() - start, FIRST_CHECK_S - 1)
        self.with_answer(gateway, talk)
        self.assertEqual(gateway.metric("vgw_ice_tcp_expired_connections_total"), 2)
        self.assertEqual(gateway.metric("vgw_ice_tcp_connections"), 0)

    def test_a_check_gets_through_among_half_open_connections_and_a_call_is_not_disturbed(self):
        gateway = self.launch(ice__tcp_max_connections=MAX_CONNECTIONS)
        reply = self.directory / "reply.wav"
        call = harness.Call(gateway.url, "--in", harness.PHRASE, "--out", reply, "--duration", 8)
        gateway.wait_log(lambda entry: "active" in entry["message"])

        def talk(answer):
            strangers = [connect(self.port) for _ in range(N_HALF_OPEN)]
            for stranger in strangers:
                stranger.sendall(b"\x05\xdc\x80")
            more = [connect(self.port) for _ in range(MAX_CONNECTIONS)]
            good = make_check(answer)
            with connect(self.port) as connection:
                connection.sendall(frame(bytes(good)))
                self.assertTrue(is_answered(connection, good))
                again = [connect(self.port) for _ in range(MAX_CONNECTIONS)]
                late = make_check(answer)
                connection.sendall(frame(bytes(late)))
                self.assertTrue(is_answered(connection, late))  # nobody pushes out what has proved itself
            self.assertLessEqual(gateway.metric("vgw_ice_tcp_connections"), MAX_CONNECTIONS)
            for stranger in strangers + more + again:
                stranger.close()
        self.with_answer(gateway, talk)
        self.assertGreaterEqual(gateway.metric("vgw_ice_tcp_refused_connections_total"), MAX_CONNECTIONS)
        result = call.finish().only
        self.assertEqual(result["end_reason"], "client-bye")
        self.assertLessEqual(result["packets_lost"], 2)
        self.assert_same_speech(harness.PHRASE, reply)

    def test_one_client_address_has_few_connections(self):
        address = harness.find_own_address()
        if address is None:
            self.skipTest("this machine has only loopback addresses")
        gateway = self.launch(ice__tcp_max_connections_per_address=MAX_PER_ADDRESS)

        def talk(answer):
            with contextlib.ExitStack() as stack:
                dial = lambda *arguments: stack.enter_context(connect(self.port, *arguments))

                def is_good(connection):
                    check = make_check(answer)
                    connection.sendall(frame(bytes(check)))
                    return is_answered(connection, check)
                good = [dial(address) for _ in range(MAX_PER_ADDRESS - 1)]
                self.assertTrue(all(is_good(connection) for connection in good))
                silent = [dial(address) for _ in range(3)]
                self.assertTrue(is_closed(silent[0]) and is_closed(silent[1]))  # the newest has the only place left
                self.assertTrue(is_good(silent[2]))
                self.assertTrue(is_closed(dial(address)))
                self.assertTrue(all(is_good(connection) for connection in [*good, dial()]))  # nobody else is affected
        self.with_answer(gateway, talk)
        self.assertEqual(gateway.metric("vgw_ice_tcp_refused_connections_total"), 3)

    def test_one_session_has_few_connections(self):
        """However many of one session's connections send valid checks: the first one, which it uses, stays."""
        gateway = self.launch(ice__tcp_max_connections=MAX_CONNECTIONS)

        def talk(answer):
            with contextlib.ExitStack() as stack:
                dial = lambda: stack.enter_context(connect(self.port))

                def is_good(connection, is_nominated=False):
                    check = make_check(answer, is_nominated=is_nominated)
                    try:
                        connection.sendall(frame(bytes(check)))
                    except ConnectionError:
                        return False
                    return is_answered(connection, check)
                first = dial()
                self.assertTrue(is_good(first, is_nominated=True))
                more = [dial() for _ in range(4 * MAX_PATHS)]
                self.assertTrue(all(is_good(connection) for connection in more))
                # those that have lost their place do not come back with another check
                self.assertEqual([is_good(connection) for connection in more],
                                 [False] * (3 * MAX_PATHS + 1) + [True] * (MAX_PATHS - 1))
                harness.wait_for(lambda: gateway.metric("vgw_ice_tcp_connections") == MAX_PATHS, 10, "the others' end")
                self.assertTrue(is_good(first))
        self.with_answer(gateway, talk)
        self.assertEqual(gateway.metric("vgw_ice_tcp_refused_connections_total"), 0)
        self.assertGreaterEqual(gateway.metric("vgw_ice_tcp_unused_connections_total"), 3 * MAX_PATHS + 1)

    def test_a_port_that_is_taken_is_an_error_with_the_name_of_the_key(self):
        with socket.socket() as other:
            other.bind(("127.0.0.1", 0))
            other.listen()
            port = other.getsockname()[1]
            with self.assertRaisesRegex(AssertionError, "ice.tcp-port: TCP 0.0.0.0:[0-9]+: Address already in use"):
                harness.Gateway(ice__tcp_port=port)


if __name__ == "__main__":
    harness.main()
