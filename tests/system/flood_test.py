"""Hostile clients: each flood meets a limit, in little memory, and others are served meanwhile."""

import contextlib
import socket
import struct
import threading
import time

import hpack
import pytest
from support.http_app import HttpApp
from support.processes import wait_until
from support.raw_http import Reader
from topology import Namespace

pytestmark = pytest.mark.mesh

PORT = 8000
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RST, SETTINGS, PING, CONTINUATION = 0, 1, 3, 4, 6, 9
END_STREAM, END_HEADERS = 1, 4
MEMORY_LIMIT = 40 << 20  # what a flood may add
PROMPT = 1.0             # how soon a neighbour is answered meanwhile


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    return struct.pack("!I", len(payload))[1:] + struct.pack("!BBI", kind, flags, stream) + payload


REQUEST = hpack.Encoder().encode([(":method", "GET"), (":scheme", "http"), (":path", "/echo"),
                                  (":authority", "app")], huffman=False)
HELLO = PREFACE + frame(SETTINGS, 0, 0)


def rapid_reset():
    yield HELLO
    for number in range(20000):
        stream = 2 * number + 1
        yield (frame(HEADERS, END_HEADERS | END_STREAM, stream, REQUEST)
               + frame(RST, 0, stream, struct.pack("!I", 8)))


def endless_continuation():
    yield HELLO + frame(HEADERS, END_STREAM, 1, REQUEST)
    field = b"\x00\x01x\x7f\x7e" + b"a" * 253
    for _ in range(6000):
        yield frame(CONTINUATION, 0, 1, field * 60)


def empty_continuation():
    yield HELLO + frame(HEADERS, END_STREAM, 1, REQUEST)
    for _ in range(50000):
        yield frame(CONTINUATION, 0, 1)


def pings():
    yield HELLO
    for _ in range(3000):
        yield frame(PING, 0, 0, b"12345678") * 50


def settings():
    yield HELLO
    for _ in range(3000):
        yield frame(SETTINGS, 0, 0, struct.pack("!HI", 4, 65535)) * 20


def empty_data():
    yield HELLO + frame(HEADERS, END_HEADERS, 1, REQUEST)
    for _ in range(3000):
        yield frame(DATA, 0, 1) * 50


def header_bomb():
    """One large field in the table, then thousands of one-byte references to it."""
    field = b"\x40\x01x\x7f\xa1\x1e" + b"a" * 4000
    yield HELLO + frame(HEADERS, END_HEADERS | END_STREAM, 1, REQUEST + field[:4006])
    for number in range(1, 40):
        yield frame(HEADERS, END_HEADERS | END_STREAM, 2 * number + 1, REQUEST + b"\xbe" * 16000)


def zero_window():
    yield PREFACE + frame(SETTINGS, 0, 0, struct.pack("!HI", 4, 0))
    for number in range(5000):
        yield frame(HEADERS, END_HEADERS | END_STREAM, 2 * number + 1, REQUEST)


def http_1_head():
    yield b"GET / HTTP/1.1\r\nHost: a\r\n"
    for number in range(20000):
        yield b"X-%d: %s\r\n" % (number, b"a" * 2000)


def http_1_chunk_extension():
    yield b"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1;"
    for _ in range(20000):
        yield b"a" * 2000


def http_1_trailers():
    yield b"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n"
    for number in range(20000):
        yield b"X-%d: %s\r\n" % (number, b"a" * 2000)


FLOODS = [rapid_reset, endless_continuation, empty_continuation, pings, settings, empty_data,
          header_bomb, zero_window, http_1_head, http_1_chunk_extension, http_1_trailers]


@pytest.fixture(scope="module")
def app(server):
    with HttpApp(server, PORT) as running:
        yield running


@pytest.fixture(scope="module")
def host(app, expose):
    return expose(PORT)


@pytest.fixture(scope="module")
def stranger(network):
    return Namespace(network, "stranger")


def pour(connection: socket.socket, flood, seconds: float = 4) -> None:
    """Sends the flood and reads nothing; ends with it, with the connection, or with the time."""
    connection.settimeout(1)
    ends = time.monotonic() + seconds
    with contextlib.suppress(OSError):
        for data in flood():
            connection.sendall(data)
            if time.monotonic() > ends:
                return


def answered_in(caller, host: str) -> float:
    before = time.monotonic()
    with caller.connect(host, PORT, timeout=5) as connection:
        connection.sendall(b"GET /echo HTTP/1.1\r\nHost: app\r\n\r\n")
        assert Reader(connection).answer().status == 200
    return time.monotonic() - before


@pytest.mark.parametrize("side", ["outbound", "inbound"])
@pytest.mark.parametrize("flood", FLOODS, ids=lambda f: f.__name__)
def test_a_flood_meets_its_limit(client, server, stranger, app, host, side, flood):
    caller, target = (client, client) if side == "outbound" else (stranger, server)
    where = host if side == "outbound" else server.address
    answered_in(caller, where)
    before = target.sidecar.resident_bytes()
    slowest = 0.0
    with caller.connect(where, PORT) as connection:
        pourer = threading.Thread(target=pour, args=(connection, flood))
        pourer.start()
        while pourer.is_alive():
            slowest = max(slowest, answered_in(caller, where))
            grown = target.sidecar.resident_bytes() - before
            assert grown < MEMORY_LIMIT, f"{grown >> 20} MB more"
            time.sleep(0.05)
        pourer.join()

    print(f"\n{side} {flood.__name__}: slowest neighbour {slowest * 1e3:.0f} ms")
    assert client.sidecar.running() and server.sidecar.running()
    assert slowest < PROMPT
    assert answered_in(caller, where) < PROMPT


@pytest.mark.parametrize("side", ["outbound", "inbound"])
def test_slow_heads_do_not_keep_others_out(client, server, stranger, app, host, side):
    """Three hundred clients that write a byte now and then, and never end their heads."""
    caller, target = (client, client) if side == "outbound" else (stranger, server)
    where = host if side == "outbound" else server.address
    slow = [caller.connect(where, PORT) for _ in range(300)]
    for byte in b"GET / HTTP/1.1":
        for connection in slow:
            with contextlib.suppress(OSError):
                connection.send(bytes([byte]))
        assert answered_in(caller, where) < 2 * PROMPT  # each of them may cost a handshake
    for connection in slow:
        connection.close()
    assert target.sidecar.running()


@pytest.mark.parametrize("side", ["outbound", "inbound"])
def test_a_head_that_never_ends_is_given_up(client, server, stranger, app, host, side):
    caller = client if side == "outbound" else stranger
    where = host if side == "outbound" else server.address
    with caller.connect(where, PORT, timeout=45) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nX")
        reader = Reader(connection)
        with contextlib.suppress(EOFError):
            assert reader.answer().status in (400, 408)
        assert reader.ended()


def test_connections_that_say_nothing_cost_little(client, app, host):
    before = client.sidecar.resident_bytes()
    silent = [client.connect(host, PORT) for _ in range(1000)]
    time.sleep(1)
    grown = client.sidecar.resident_bytes() - before
    for connection in silent:
        connection.close()
    print(f"\n{grown / 1000 / 1000:.1f} KB for each")
    assert grown / 1000 < 24_000  # the far side of each is open, too: the server may speak first

    def prompt() -> bool:
        with contextlib.suppress(OSError, EOFError):
            return answered_in(client, host) < PROMPT
        return False

    wait_until(prompt, 15, "a prompt answer")
