"""A parser for HTTP/1 requests that takes nothing two others could read differently.

`read(data)` gives every complete request in `data`; Ambiguous says what is wrong. It follows RFC
9110 and 9112 where they are strict and refuses where they let a recipient choose.
"""

import re
from dataclasses import dataclass, field

TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
REQUEST_LINE = re.compile(rb"(%s) ([\x21-\x7e]+) HTTP/1\.([01])" % TOKEN)
FIELD = re.compile(rb"(%s):[ \t]*([^\x00-\x08\x0a-\x1f\x7f]*?)[ \t]*" % TOKEN)
CHUNK = re.compile(rb"([0-9A-Fa-f]{1,8})((?:;%s(?:=(?:%s|\"[^\"\x00-\x08\x0a-\x1f\x7f\\]*\"))?)*)"
                   % (TOKEN, TOKEN))
ABSOLUTE = re.compile(rb"[A-Za-z][A-Za-z0-9+.\-]*://[^/?#@]+([/?]|$)")  # no user information
LENGTH = re.compile(rb"[0-9]{1,18}")


class Ambiguous(Exception):
    """These bytes are no request that everybody reads the same way."""


class Incomplete(Exception):
    """A request that has begun and not ended."""


@dataclass
class Request:
    method: bytes
    target: bytes
    version: int
    headers: list[tuple[bytes, bytes]]
    body: bytes = b""
    trailers: list[tuple[bytes, bytes]] = field(default_factory=list)

    def all(self, name: bytes) -> list[bytes]:
        return [value for key, value in self.headers if key.lower() == name]

    def is_last(self) -> bool:
        """Whether the connection ends with it, so that nobody reads on."""
        options = b",".join(self.all(b"connection")).lower().replace(b" ", b"").split(b",")
        return b"close" in options or (self.version == 0 and b"keep-alive" not in options)

    def tunnels(self) -> bool:
        """Whether what follows may be another protocol."""
        return self.method == b"CONNECT" or bool(self.all(b"upgrade"))


def read(data: bytes) -> list[Request]:
    """Every request in `data`, up to the one that ends the connection or tunnels."""
    requests = []
    while data:
        request, data = _one(data)
        requests.append(request)
        if request.tunnels() or request.is_last():
            break
    return requests


def _one(data: bytes) -> tuple[Request, bytes]:
    head, mark, rest = data.partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    if b"\n" in head.replace(b"\r\n", b"") or b"\r" in head.replace(b"\r\n", b""):
        raise Ambiguous("a bare CR or LF")
    if not mark:
        raise Incomplete
    found = REQUEST_LINE.fullmatch(lines[0])
    if not found:
        raise Ambiguous(f"request line {lines[0][:60]!r}")
    request = Request(found[1], found[2], int(found[3]), [_field(line) for line in lines[1:]])
    _check_target(request)
    if len(request.all(b"host")) > 1:
        raise Ambiguous("two hosts")
    if request.tunnels():
        return request, rest
    return request, _read_body(request, rest)


def _field(line: bytes) -> tuple[bytes, bytes]:
    found = FIELD.fullmatch(line)
    if not found:
        raise Ambiguous(f"field line {line[:60]!r}")
    return found[1], found[2]


def _check_target(request: Request) -> None:
    target = request.target
    if request.method == b"CONNECT":
        good = re.fullmatch(rb"[^/?#@]+:[0-9]+", target)
    elif target == b"*":
        good = request.method in (b"OPTIONS", b"M-SEARCH")
    else:
        good = target.startswith(b"/") or ABSOLUTE.match(target)
    if not good:
        raise Ambiguous(f"target {target[:60]!r}")


def _read_body(request: Request, rest: bytes) -> bytes:
    """Puts the body into the request; returns what follows."""
    lengths, codings = request.all(b"content-length"), request.all(b"transfer-encoding")
    if lengths and codings:
        raise Ambiguous("a length and a coding")
    if codings:
        if len(codings) > 1 or codings[0].lower() != b"chunked" or request.version == 0:
            raise Ambiguous(f"transfer coding {codings!r}")
        return _read_chunks(request, rest)
    if not lengths:
        return rest
    if len(lengths) > 1 or not LENGTH.fullmatch(lengths[0]):
        raise Ambiguous(f"length {lengths!r}")
    length = int(lengths[0])
    if len(rest) < length:
        raise Incomplete
    request.body = rest[:length]
    return rest[length:]


def _read_chunks(request: Request, rest: bytes) -> bytes:
    while True:
        line, rest = _line(rest)
        found = CHUNK.fullmatch(line)
        if not found:
            raise Ambiguous(f"chunk {line[:60]!r}")
        size = int(found[1], 16)
        if size == 0:
            break
        if len(rest) < size + 2:
            raise Incomplete
        if rest[size:size + 2] != b"\r\n":
            raise Ambiguous("a chunk longer than its size")
        request.body += rest[:size]
        rest = rest[size + 2:]
    while True:
        line, rest = _line(rest)
        if not line:
            return rest
        name, value = _field(line)
        if name.lower() in (b"content-length", b"transfer-encoding", b"host"):
            raise Ambiguous(f"trailer {name!r}")
        request.trailers.append((name, value))


def _line(data: bytes) -> tuple[bytes, bytes]:
    line, mark, rest = data.partition(b"\r\n")
    if b"\n" in line or (b"\r" in line and mark):
        raise Ambiguous("a bare CR or LF in a chunk or trailer")
    if not mark:
        raise Incomplete
    return line, rest
