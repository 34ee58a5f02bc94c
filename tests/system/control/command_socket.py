"""The control socket: one JSON object a line, {"call": name, "with": {...}}, answered by
{"result": ...} or {"fault": text}.
"""

import asyncio
import inspect
import json
import socket
from collections.abc import Callable
from pathlib import Path


class CommandServer:
    """Answers lines on a Unix socket by calling `commands`; a command may be a coroutine."""

    def __init__(self, commands: dict[str, Callable]):
        self._commands = commands

    async def listen(self, path: Path) -> None:
        path.unlink(missing_ok=True)
        self._server = await asyncio.start_unix_server(self._serve, path=str(path), limit=1 << 24)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            answer = await self._answer(json.loads(line))
            writer.write(json.dumps(answer).encode() + b"\n")
            await writer.drain()
        writer.close()

    async def _answer(self, command: dict) -> dict:
        try:
            result = self._commands[command["call"]](**command["with"])
            return {"result": await result if inspect.isawaitable(result) else result}
        except Exception as fault:  # the test that asked has to see it, whatever it is
            return {"fault": f"{type(fault).__name__}: {fault}"}


class CommandClient:
    """Every method is a command of the server: `client.set_fault(rpc="Get", delay=3)`."""

    def __init__(self, path: Path):
        self._path = path
        self._connection = None

    def __getattr__(self, name: str):
        if name.startswith("_"):
            raise AttributeError(name)
        return lambda **arguments: self._call(name, arguments)

    def _call(self, name: str, arguments: dict):
        if self._connection is None:
            self._connection = socket.socket(socket.AF_UNIX)
            self._connection.connect(str(self._path))
            self._lines = self._connection.makefile("rb")
        line = json.dumps({"call": name, "with": arguments}).encode() + b"\n"
        self._connection.sendall(line)
        answer = json.loads(self._lines.readline())
        if "fault" in answer:
            raise RuntimeError(f"{name}: {answer['fault']}")
        return answer["result"]

    def disconnect(self) -> None:
        """Forgets the connection; the next call opens another one."""
        if self._connection is not None:
            self._lines.close()
            self._connection.close()
        self._connection = None
