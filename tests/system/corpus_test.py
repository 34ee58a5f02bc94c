"""Raw requests of other projects: what is clear arrives as it was, what is not never does.

Behind the pair stands a recorder; what reaches it is read by a strict parser (support/strict_http)
and by h11, and both must see the same requests. Bytes that are not HTTP may arrive as they were
sent, as they would without a mesh.
"""

import itertools
import re
import socket
import time
from concurrent import futures
from dataclasses import dataclass

import h11
import pytest
from support import corpora, strict_http
from topology import serving

pytestmark = pytest.mark.mesh

LANES = 12
FIRST_PORT = 7300
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"
LOOKS_LIKE_HTTP = re.compile(rb"(\r?\n)*[A-Z]+ [^ \r\n]+ HTTP/1\.[01]\r?\n")
# What a proxy may change: hop by hop, its own, and what frames the body.
NOT_COMPARED = {b"connection", b"keep-alive", b"proxy-connection", b"te", b"trailer", b"upgrade",
                b"transfer-encoding", b"content-length", b"host", b"via", b"expect",
                b"l5d-client-id", b"l5d-dst-canonical"}


class Recorder:
    """Answers every request and keeps the bytes of each connection."""

    def __init__(self):
        self.connections: list[bytearray] = []
        self._taken: list[int] = []

    def serve(self, connection) -> None:
        data = bytearray()
        self.connections.append(data)
        connection.settimeout(5)
        parser = h11.Connection(h11.SERVER)
        while received := connection.recv(65536):
            data += received
            if _ended(parser, received):
                connection.sendall(ANSWER)
                connection.shutdown(socket.SHUT_WR)
                _drain(connection, data)
                return

    def take(self) -> list[bytes]:
        """What has come since the last time, by connection: a proxy may open one ahead."""
        taken = self._taken + [0] * (len(self.connections) - len(self._taken))
        new = [bytes(data[seen:]) for data, seen in zip(self.connections, taken)]
        self._taken = [seen + len(data) for seen, data in zip(taken, new)]
        return [data for data in new if data]


def _drain(connection, data: bytearray) -> None:
    connection.settimeout(0.3)
    try:
        while received := connection.recv(65536):
            data += received
    except TimeoutError:
        pass


def _ended(parser: h11.Connection, data: bytes) -> bool:
    """Whether a request ended here, or what came is none for h11."""
    try:
        parser.receive_data(data)
        while not isinstance(event := parser.next_event(), h11.EndOfMessage):
            if event in (h11.NEED_DATA, h11.PAUSED):
                return event is h11.PAUSED
    except h11.ProtocolError:
        pass
    return True


@dataclass
class Lane:
    """A port of its own, so that what arrives there belongs to the request sent last."""

    address: str
    port: int
    recorder: Recorder


@pytest.fixture(scope="module")
def lanes(server, expose):
    made, servers = [], []
    for port in range(FIRST_PORT, FIRST_PORT + LANES):
        recorder = Recorder()
        servers.append(serving(server, port, recorder.serve))
        servers[-1].__enter__()
        made.append(Lane(expose(port), port, recorder))
    yield made
    for one in servers:
        one.__exit__(None, None, None)


def send(client, lane: Lane, data: bytes) -> tuple[list[bytes], bytes]:
    """What arrived, by connection, and what came back."""
    lane.recorder.take()
    with client.connect(lane.address, lane.port) as connection:
        answer = b""
        try:
            connection.sendall(data)
            connection.settimeout(0.6)
            answer = _read(connection)
            connection.shutdown(socket.SHUT_WR)
            answer += _read(connection)
        except ConnectionError:
            pass
    time.sleep(0.1)
    return lane.recorder.take(), answer


def _read(connection) -> bytes:
    """Until the end, or silence."""
    data = b""
    try:
        while received := connection.recv(65536):
            data += received
    except TimeoutError:
        pass
    return data


def send_all(client, lanes, cases: dict[str, bytes]) -> dict[str, tuple[list[bytes], bytes]]:
    """Every case, several at a time, each on a lane that is free."""
    free = list(lanes)

    def one(name: str):
        lane = free.pop()
        try:
            return name, send(client, lane, cases[name])
        finally:
            free.append(lane)

    with futures.ThreadPoolExecutor(len(lanes)) as pool:
        return dict(pool.map(one, cases))


def clear(data: bytes) -> list[strict_http.Request] | None:
    """The requests of bytes that everybody reads the same way, else None.

    Tunnels have tests of their own, M-SEARCH is for another transport, and a fragment is allowed by
    some and by no standard.
    """
    try:
        requests = strict_http.read(data)
    except (strict_http.Ambiguous, strict_http.Incomplete):
        return None
    odd = any(r.tunnels() or r.method == b"M-SEARCH" or b"#" in r.target for r in requests)
    return None if odd or not requests else requests


def meaning(requests: list[strict_http.Request]) -> list[tuple]:
    """What must not change on the way."""
    shown = []
    for request in requests:
        headers = sorted((name.lower(), value) for name, value in request.headers
                         if name.lower() not in NOT_COMPARED)
        trailers = sorted((name.lower(), value) for name, value in request.trailers)
        shown.append((request.method, _path(request.target), headers, request.body, trailers))
    return shown


def _path(target: bytes) -> bytes:
    """Absolute form may become origin form."""
    path = re.sub(rb"^[A-Za-z][A-Za-z0-9+.\-]*://[^/?]*", b"", target)
    return path if path.startswith((b"/", b"*")) else b"/" + path


def verdict(sent: bytes, arrived: list[bytes]) -> str:
    """refused, opaque, read (as one clear sequence of requests) or ambiguous."""
    if not arrived:
        return "refused"
    if b"".join(arrived) == sent and not LOOKS_LIKE_HTTP.match(sent):
        return "opaque"
    for data in arrived:
        try:
            requests = strict_http.read(data)
        except strict_http.Incomplete:
            continue  # nobody takes an unfinished request for a finished one
        except strict_http.Ambiguous:
            return "ambiguous"
        if not any(r.tunnels() for r in requests) and by_h11(data) != len(requests):
            return "ambiguous"
    return "read"


def by_h11(data: bytes) -> int:
    """How many requests h11 sees; -1 when it sees something else as well."""
    parser = h11.Connection(h11.SERVER)
    parser.receive_data(data)
    count = 0
    try:
        while True:
            event = parser.next_event()
            if isinstance(event, h11.EndOfMessage):
                count += 1
                parser.send(h11.Response(status_code=200, headers=[("content-length", "0")]))
                parser.send(h11.EndOfMessage())
                if parser.our_state is not h11.DONE:
                    return count
                parser.start_next_cycle()
            elif event in (h11.NEED_DATA, h11.PAUSED):
                return count
    except h11.ProtocolError:
        return -1


def judge(name: str, cases: dict[str, bytes], results: dict, due: bool) -> list[str]:
    """Prints the counts; returns the cases that went wrong, with what happened.

    `due`: clear requests have to arrive. (What gunicorn calls invalid may be so by its settings
    alone; a proxy may pass that or not.)
    """
    counts = dict.fromkeys(("refused", "opaque", "read", "ambiguous"), 0)
    wrong, clear_ones, intact = [], 0, 0
    for case, sent in cases.items():
        arrived, answer = results[case]
        what = verdict(sent, arrived)
        counts[what] += 1
        if what == "ambiguous":
            wrong.append(f"{case}: sent {sent[:200]!r}, arrived {b' | '.join(arrived)[:300]!r}")
        wanted = clear(sent)
        if wanted is None:
            continue
        clear_ones += 1
        got = list(itertools.chain.from_iterable(clear(data) or [] for data in arrived))
        if meaning(got) == meaning(wanted):
            intact += 1
        elif due:
            wrong.append(f"{case}: sent {sent[:200]!r}, arrived {b' | '.join(arrived)[:300]!r}, "
                         f"answered {answer[:60]!r}")
    print(f"\n{name}: {len(cases)} sent; {counts['refused']} refused, {counts['opaque']} opaque, "
          f"{counts['read']} read, {counts['ambiguous']} ambiguous; "
          f"{intact} of {clear_ones} clear ones arrived as they were")
    return wrong


CASES = {"gunicorn valid": lambda: corpora.gunicorn("valid"),
         "gunicorn invalid": lambda: corpora.gunicorn("invalid"), "llhttp": corpora.llhttp}


@pytest.mark.parametrize("name", CASES)
def test_clear_requests_arrive_and_unclear_ones_do_not(client, lanes, name):
    cases = CASES[name]()

    wrong = judge(name, cases, send_all(client, lanes, cases), due=name != "gunicorn invalid")

    assert not wrong, "\n".join(wrong[:20])
