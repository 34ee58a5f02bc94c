"""A client that sends GETs at a constant rate and never tries one twice.

    steady_load.py --address 10.96.0.1 --port 80 --rate 1000 --seconds 6 --out FILE

Open loop: each request has its moment, and its time counts from there, however late it is sent;
when all connections are busy another one is opened. Writes one JSON object: how many were sent, and
each failure with its number, moment and reason; the slowest answers; percentiles in milliseconds.
"""

import argparse
import asyncio
import json
import time

DEADLINE = 10.0


class Connection(asyncio.Protocol):
    """One keep-alive connection with at most one request on it."""

    def __init__(self):
        self._buffer = b""
        self.waiting: asyncio.Future | None = None
        self.closed = False

    def connection_made(self, transport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, mark, rest = self._buffer.partition(b"\r\n\r\n")
        if not mark:
            return
        fields = head.lower().split(b"\r\n")
        length = next((int(f[15:]) for f in fields if f.startswith(b"content-length:")), 0)
        if len(rest) < length:
            return
        self._buffer = rest[length:]
        self.closed = self.closed or b"connection: close" in fields
        self._finish(int(fields[0].split(b" ")[1]), head)

    def connection_lost(self, fault) -> None:
        self.closed = True
        self._finish(None, f"closed ({fault})".encode())

    def _finish(self, status: int | None, head: bytes) -> None:
        if self.waiting is not None and not self.waiting.done():
            self.waiting.set_result((status, head))


class Load:
    def __init__(self, options: argparse.Namespace):
        self._options = options
        self._idle: list[Connection] = []
        self.times: list[float] = []
        self.failures: list[dict] = []
        self.slow: list[list] = []
        self.opened = 0

    async def run(self) -> None:
        total = int(self._options.rate * self._options.seconds)
        start = time.monotonic() + 0.05
        requests = set()
        for number in range(total):
            due = start + number / self._options.rate
            if (wait := due - time.monotonic()) > 0:
                await asyncio.sleep(wait)
            requests.add(asyncio.create_task(self._one(number, due, due - start)))
        await asyncio.wait(requests, timeout=DEADLINE + 1)

    async def _one(self, number: int, due: float, moment: float) -> None:
        try:
            async with asyncio.timeout_at(asyncio.get_running_loop().time() + DEADLINE):
                status, head = await self._ask(number)
        except (OSError, TimeoutError) as fault:
            status, head = None, f"{type(fault).__name__} {fault}".encode()
        taken = time.monotonic() - due
        self.times.append(taken)
        if taken > 0.5:
            self.slow.append([number, round(moment, 3), round(taken, 3)])
        if status != 200:
            self.failures.append({"number": number, "at": round(moment, 3), "status": status,
                                  "after": round(taken, 3), "why": head.decode("latin1")[:300]})

    async def _ask(self, number: int) -> tuple[int | None, bytes]:
        connection = await self._connection()
        connection.waiting = asyncio.get_running_loop().create_future()
        connection.transport.write(b"GET /%d HTTP/1.1\r\nHost: app\r\n\r\n" % number)
        try:
            result = await connection.waiting
        except BaseException:
            connection.transport.abort()
            raise
        if not connection.closed:
            self._idle.append(connection)
        return result

    async def _connection(self) -> Connection:
        while self._idle:
            connection = self._idle.pop()
            if not connection.closed and not connection.transport.is_closing():
                return connection
        self.opened += 1
        _, connection = await asyncio.get_running_loop().create_connection(
            Connection, self._options.address, self._options.port)
        return connection

    def report(self) -> dict:
        ordered = sorted(self.times)

        def at(share: float) -> float:
            return round(ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1e3, 1)

        return {"sent": len(ordered), "failures": self.failures, "slow": self.slow[:50],
                "connections": self.opened, "p50": at(0.5), "p99": at(0.99), "worst": at(1.0)}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--address", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--rate", type=float, default=1000)
    parser.add_argument("--seconds", type=float, default=6)
    parser.add_argument("--out", required=True)
    options = parser.parse_args()
    load = Load(options)
    asyncio.run(load.run())
    with open(options.out, "w", encoding="utf-8") as out:
        json.dump(load.report(), out)


if __name__ == "__main__":
    main()
