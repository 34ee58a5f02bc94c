"""An HTTP/1 app for fault tests that keeps a ledger, readable after it was killed.

    ledger_app.py --port 80 --ledger FILE [--delay SECONDS]

For GET /NUMBER it writes "begun NUMBER" before it does anything and "done NUMBER" once the answer
is handed to the kernel.
"""

import argparse
import asyncio
import os


class Session(asyncio.Protocol):
    def __init__(self, ledger: int, delay: float):
        self._ledger = ledger
        self._delay = delay
        self._buffer = b""

    def connection_made(self, transport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while b"\r\n\r\n" in self._buffer:
            head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
            number = head.split(b" ", 2)[1].lstrip(b"/")
            os.write(self._ledger, b"begun %s\n" % number)
            if self._delay:
                asyncio.get_running_loop().call_later(self._delay, self._answer, number)
            else:
                self._answer(number)

    def _answer(self, number: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s"
                                  % (len(number), number))
            os.write(self._ledger, b"done %s\n" % number)


async def serve(options: argparse.Namespace) -> None:
    ledger = os.open(options.ledger, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Session(ledger, options.delay), None, options.port,
                                      reuse_address=True, backlog=1024)
    await server.serve_forever()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--ledger", required=True)
    parser.add_argument("--delay", type=float, default=0.0)
    asyncio.run(serve(parser.parse_args()))


if __name__ == "__main__":
    main()
