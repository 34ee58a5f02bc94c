"""Two machines on one wire, and servers that say who they are and whom the client wanted.

    with inside("/run/netns/a"): ...         # sockets made here belong to that network namespace
    server = Answering("/run/netns/a", "proxy", [("127.0.0.1", 4140)])
    ask("/run/netns/a", "192.0.2.1", 80)     # "proxy 192.0.2.1:80"

The second word is SO_ORIGINAL_DST, "direct" when the kernel has not rewritten the destination.
"""

import ctypes
import os
import selectors
import socket
import struct
import threading
from contextlib import contextmanager

CLONE_NEWNET = 0x40000000
SO_ORIGINAL_DST = 80  # of both SOL_IP and SOL_IPV6
_libc = ctypes.CDLL(None, use_errno=True)


def _enter(descriptor: int) -> None:
    if _libc.setns(descriptor, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


@contextmanager
def inside(namespace: str):
    """This thread alone is in the namespace, until the end of the block."""
    with open("/proc/thread-self/ns/net", encoding="ascii") as here, \
            open(namespace, encoding="ascii") as there:
        _enter(there.fileno())
        try:
            yield
        finally:
            _enter(here.fileno())


def original(connection: socket.socket) -> str:
    """Where the client wanted to go, as ADDRESS:PORT."""
    peer = connection.getpeername()[0]
    try:
        if connection.family == socket.AF_INET or peer.startswith("::ffff:"):
            raw = connection.getsockopt(socket.SOL_IP, SO_ORIGINAL_DST, 16)
            port, address = struct.unpack_from("!2xH4s", raw)
            host = socket.inet_ntop(socket.AF_INET, address)
        else:
            raw = connection.getsockopt(socket.IPPROTO_IPV6, SO_ORIGINAL_DST, 28)
            port, address = struct.unpack_from("!2xH4x16s", raw)
            host = socket.inet_ntop(socket.AF_INET6, address)
    except FileNotFoundError:  # no connection tracking here
        return "direct"
    own = connection.getsockname()
    own_host = own[0].removeprefix("::ffff:").partition("%")[0]
    return "direct" if (host, port) == (own_host, own[1]) else f"{host}:{port}"


class Answering:
    """Listens on all the given addresses and tells each client NAME and original()."""

    def __init__(self, namespace: str, name: str, addresses: list[tuple[str, int]]):
        self._name = name
        self._selector = selectors.DefaultSelector()
        self._end, wake = socket.socketpair()
        self._selector.register(wake, selectors.EVENT_READ)
        with inside(namespace):
            for address in addresses:
                self._selector.register(self._listener(address), selectors.EVENT_READ, True)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    @staticmethod
    def _listener(address: tuple[str, int]) -> socket.socket:
        family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(128)
        return listener

    def _run(self) -> None:
        while True:
            for key, _ in self._selector.select():
                if not key.data:
                    return
                connection, _ = key.fileobj.accept()
                with connection:
                    connection.sendall(f"{self._name} {original(connection)}".encode())

    def close(self) -> None:
        self._end.close()
        self._thread.join()
        for key in list(self._selector.get_map().values()):
            key.fileobj.close()
        self._selector.close()


def ask(namespace: str, host: str, port: int, user: int | None = None,
        group: int | None = None, seconds: float = 5) -> str:
    """What the server says that a connection from the namespace reaches; "" when none does."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with inside(namespace), _as(user, group):
        client = socket.socket(family, socket.SOCK_STREAM)
    with client:
        client.settimeout(seconds)
        try:
            client.connect((host, port))
        except OSError:
            return ""
        answer = b""
        while piece := client.recv(1024):
            answer += piece
        return answer.decode()


@contextmanager
def _as(user: int | None, group: int | None):
    """Sockets made in here belong to this user and group: the kernel notes them at that moment."""
    os.setegid(group if group is not None else os.getgid())
    os.seteuid(user if user is not None else os.getuid())
    try:
        yield
    finally:
        os.seteuid(os.getuid())
        os.setegid(os.getgid())
