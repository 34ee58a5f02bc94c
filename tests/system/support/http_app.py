"""An HTTP/1 server for tests whose answers are chosen by the path; it parses with h11.

    /echo          200 and what arrived, as JSON: method, target, headers, body, trailers, version
    /chunked       a chunked answer with a trailer
    /eof           an answer that ends when the connection does
    /empty/CODE    an answer without a body (204, 304; 200 has content-length: 0)
    /hints         103 with a link, then 200
    /expect/yes    100, then as /echo;   /expect/no   417 at once
    /slow/SECONDS  200 after that time
    /status/CODE   that status
    /upgrade       101, then the bytes that come, back;   CONNECT likewise, after 200
"""

import base64
import contextlib
import http.client
import json
import time

import h11
from topology import Namespace, serving


class HttpApp:
    """`requests` holds what arrived, oldest first; `raw` the bytes of every connection.

    `delay`: seconds that every answer takes.
    """

    def __init__(self, namespace: Namespace, port: int, host: str = "0.0.0.0"):
        self._serving = serving(namespace, port, self._serve, host)
        self.requests: list[dict] = []
        self.raw: list[bytearray] = []
        self.delay = 0.0

    def __enter__(self) -> "HttpApp":
        self._serving.__enter__()
        return self

    def __exit__(self, *fault) -> None:
        self._serving.__exit__(*fault)

    def _serve(self, connection) -> None:
        connection.settimeout(60)
        raw = bytearray()
        self.raw.append(raw)
        parser = h11.Connection(h11.SERVER)
        with contextlib.suppress(h11.RemoteProtocolError):  # a test looks at `raw` for those
            while self._answer_one(connection, parser, raw):
                parser.start_next_cycle()

    def _answer_one(self, connection, parser, raw: bytearray) -> bool:
        """Reads one request and answers it; whether another may follow."""
        event = _next(connection, parser, raw)
        if not isinstance(event, h11.Request):
            return False
        path = event.target.decode()
        request = {
            "method": event.method.decode(), "target": path,
            "version": event.http_version.decode(),
            "headers": [[n.decode(), v.decode("latin1")] for n, v in event.headers],
            "body": b"", "trailers": []}
        if path == "/expect/no":
            return _send(connection, parser, 417)
        if request["method"] != "CONNECT" and not path.startswith("/upgrade"):
            if parser.they_are_waiting_for_100_continue:
                interim = h11.InformationalResponse(status_code=100, headers=[])
                connection.sendall(parser.send(interim))
            if not _read_body(connection, parser, raw, request):
                return False
        request["body"] = bytes(request["body"])
        self.requests.append(request)
        return self._respond(connection, parser, raw, request)

    def _respond(self, connection, parser, raw, request: dict) -> bool:
        time.sleep(self.delay)
        what, _, rest = request["target"].lstrip("/").partition("/")
        if request["method"] == "CONNECT" or what == "upgrade":
            return _tunnel(connection, parser, raw, request["method"] == "CONNECT")
        if what == "chunked":
            return _send_chunked(connection, parser)
        if what == "eof":
            connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nuntil the end")
            return False
        if what == "hints":
            hints = h11.InformationalResponse(status_code=103, headers=[("link", "</a.css>")])
            connection.sendall(parser.send(hints))
        if what == "slow":
            time.sleep(float(rest))
        if what == "empty":
            length = [("content-length", "0")] if rest == "200" else []
            return _send(connection, parser, int(rest), headers=length)
        if what == "status":
            body = b"" if request["method"] == "HEAD" else b"as told\n"
            return _send(connection, parser, int(rest), body, [("content-length", "8")])
        return _send(connection, parser, 200, _described(request))


def header(request: dict, name: str) -> list[str]:
    """Every value of a header of a request that arrived."""
    return [value for key, value in request["headers"] if key.lower() == name.lower()]


def _described(request: dict) -> bytes:
    shown = dict(request, body=base64.b64encode(request["body"]).decode())
    return json.dumps(shown).encode()


def _next(connection, parser, raw: bytearray):
    while (event := parser.next_event()) is h11.NEED_DATA:
        data = connection.recv(65536)
        raw += data
        parser.receive_data(data)
    return event


def _read_body(connection, parser, raw: bytearray, request: dict) -> bool:
    parts = []
    while True:
        event = _next(connection, parser, raw)
        if isinstance(event, h11.EndOfMessage):
            request["trailers"] = [[n.decode(), v.decode()] for n, v in event.headers]
            request["body"] = b"".join(parts)
            return True
        if not isinstance(event, h11.Data):
            return False
        parts.append(bytes(event.data))


def _send(connection, parser, status: int, body: bytes = b"", headers=None) -> bool:
    fields = headers if headers is not None else [("content-length", str(len(body)))]
    reason = http.client.responses.get(status, "Unknown")
    data = parser.send(h11.Response(status_code=status, headers=fields, reason=reason))
    if body and parser.their_state is not h11.ERROR:
        data += parser.send(h11.Data(data=body)) or b""
    connection.sendall(data + (parser.send(h11.EndOfMessage()) or b""))
    return parser.our_state is h11.DONE and parser.their_state is h11.DONE


def _send_chunked(connection, parser) -> bool:
    head = h11.Response(status_code=200, headers=[
        ("transfer-encoding", "chunked"), ("trailer", "x-checksum")])
    connection.sendall(parser.send(head))
    for part in (b"one ", b"two ", b"three"):
        connection.sendall(parser.send(h11.Data(data=part)))
    connection.sendall(parser.send(h11.EndOfMessage(headers=[("x-checksum", "abc")])))
    return parser.our_state is h11.DONE and parser.their_state is h11.DONE


def _tunnel(connection, parser, raw: bytearray, connect: bool) -> bool:
    first = (b"HTTP/1.1 200 OK\r\n\r\n" if connect else
             b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n")
    early, _ = parser.trailing_data
    connection.sendall(first + early)
    while data := connection.recv(65536):
        raw += data
        connection.sendall(data)
    return False
