"""HTTP/1 by hand: bytes out, answers in, for requests that no library would send."""

import socket
from dataclasses import dataclass, field


@dataclass
class Answer:
    status: int
    headers: list[tuple[str, str]]
    body: bytes = b""
    trailers: list[tuple[str, str]] = field(default_factory=list)

    def header(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name]


class Reader:
    """Reads answers from a socket, one after the other."""

    def __init__(self, connection: socket.socket):
        self._connection = connection
        self.buffered = b""

    def answer(self, to: str = "GET") -> Answer:
        """The next answer, informational ones included; EOFError when the connection ended."""
        head = self._until(b"\r\n\r\n").decode("latin1").split("\r\n")
        status = int(head[0].split(" ")[1])
        headers = [_split(line) for line in head[1:] if line]
        answer = Answer(status, headers)
        tunnel = to == "CONNECT" and status < 300
        if to == "HEAD" or status < 200 or status in (204, 304) or tunnel:
            return answer
        if answer.header("transfer-encoding"):
            self._read_chunks(answer)
        elif answer.header("content-length"):
            answer.body = self.exactly(int(answer.header("content-length")[0]))
        else:
            answer.body = self.rest()
        return answer

    def exactly(self, count: int) -> bytes:
        while len(self.buffered) < count:
            self._more()
        data, self.buffered = self.buffered[:count], self.buffered[count:]
        return data

    def rest(self) -> bytes:
        """Everything up to the end of the connection."""
        while data := self._connection.recv(65536):
            self.buffered += data
        data, self.buffered = self.buffered, b""
        return data

    def ended(self) -> bool:
        """Whether the other side closes, and sends nothing more, before the socket's timeout."""
        try:
            return not self.buffered and self._connection.recv(1) == b""
        except ConnectionError:
            return True
        except TimeoutError:
            return False

    def _read_chunks(self, answer: Answer) -> None:
        while size := int(self._until(b"\r\n").split(b";")[0], 16):
            answer.body += self.exactly(size)
            self.exactly(2)
        while line := self._until(b"\r\n")[:-2]:
            answer.trailers.append(_split(line.decode("latin1")))

    def _until(self, mark: bytes) -> bytes:
        while mark not in self.buffered:
            self._more()
        at = self.buffered.index(mark) + len(mark)
        data, self.buffered = self.buffered[:at], self.buffered[at:]
        return data

    def _more(self) -> None:
        data = self._connection.recv(65536)
        if not data:
            raise EOFError(f"the connection ended after {self.buffered!r}")
        self.buffered += data


def _split(line: str) -> tuple[str, str]:
    name, _, value = line.partition(":")
    return name, value.strip()
