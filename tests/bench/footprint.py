"""What a pair costs when nothing happens: memory, idle connections, size, time to ready."""

import socket
import time

from peers.pair import H1_PORT, Pair, stripped_size

REQUEST = b"GET / HTTP/1.1\r\nHost: app\r\n\r\n"
ANSWERED = b"x" * 64 + b"\n"


def footprint(pair: Pair, counts: tuple[int, ...] = (1000, 10000)) -> dict:
    """Measured on sidecars that were just started, so that nothing is left over from a load."""
    if not pair.sidecars():
        return {}
    found = {"ready": min(pair.time_to_ready() for _ in range(3)) * 1e3}
    size = stripped_size(pair.program())
    if size:
        found["size"] = size / 1e6
    _restart(pair)
    found["memory_idle"] = max(pair.resident_bytes()) / 1e6
    found |= _per_connection(pair, "silent1000", 1000, _open_silent)
    for count in counts:
        _restart(pair)
        found |= _per_connection(pair, f"idle{count}", count, _open_used)
    _restart(pair)
    return found


def _restart(pair: Pair) -> None:
    for process in pair.sidecars():
        process.stop()
    pair.start_inbound()
    pair.start_outbound()
    deadline = time.monotonic() + 20
    while not pair.answers() and time.monotonic() < deadline:
        time.sleep(0.05)


def _per_connection(pair: Pair, name: str, count: int, open_one) -> dict:
    """KB of the client's and of the app's sidecar for each of `count` connections."""
    for _ in range(20):  # warms what is made once
        pair.answers()
    before = pair.resident_bytes()
    clients: list[socket.socket] = []
    try:
        for _ in range(count):
            clients.append(open_one(pair))
        time.sleep(1)
        grown = [(now - then) / count / 1e3 for now, then in zip(pair.resident_bytes(), before)]
    finally:
        for client in clients:
            client.close()
    return {f"{name}_out": grown[0], f"{name}_in": grown[1]}


def _open_silent(pair: Pair) -> socket.socket:
    return pair.client.connect(pair.target, H1_PORT)


def _open_used(pair: Pair) -> socket.socket:
    client = pair.client.connect(pair.target, H1_PORT)
    client.sendall(REQUEST)
    answer = b""
    while not answer.endswith(ANSWERED):
        data = client.recv(4096)
        if not data:
            raise OSError("closed before the answer ended")
        answer += data
    return client
