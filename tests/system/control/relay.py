"""Relays: more ways to reach the plaintext listener of the control plane.

One terminates TLS 1.3 with a certificate of the tests' own authority (clients may show theirs, and
need not, as Certify is called before there is any); one listens on loopback in another network
namespace, where proxies expect plaintext.
"""

import asyncio
import ctypes
import os
import socket
import ssl
import tempfile

from control.authority import Authority

CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


class Relay:
    def __init__(self, target: tuple[str, int]):
        self._target = target
        self._servers: list[asyncio.Server] = []
        self.clients: dict[str, int] = {}

    async def listen_tls(self, address: tuple[str, int], identity: str, ca: Authority) -> int:
        """Terminates TLS as `identity`; returns the port."""
        context = _server_context(identity, ca)
        server = await asyncio.start_server(self._serve, *address, ssl=context)
        self._servers.append(server)
        return server.sockets[0].getsockname()[1]

    async def listen_in(self, namespace: str, address: tuple[str, int]) -> None:
        """Listens on `address` in the network namespace whose file is `namespace`."""
        listener = socket_in(namespace)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        self._servers.append(await asyncio.start_server(self._serve, sock=listener))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._note_client(writer.get_extra_info("peercert"))
        try:
            far_reader, far_writer = await asyncio.open_connection(*self._target)
        except OSError:
            writer.close()
            return
        await asyncio.gather(_copy(reader, far_writer), _copy(far_reader, writer))

    def _note_client(self, certificate: dict | None) -> None:
        names = [value for _, value in (certificate or {}).get("subjectAltName", ())]
        for name in names or ["none"]:
            self.clients[name] = self.clients.get(name, 0) + 1


def socket_in(namespace: str, family: int = socket.AF_INET) -> socket.socket:
    """A TCP socket that belongs to the network namespace whose file is `namespace`."""
    with open("/proc/thread-self/ns/net", "rb") as here, open(namespace, "rb") as there:
        _enter(there.fileno())
        try:
            return socket.socket(family, socket.SOCK_STREAM)
        finally:
            _enter(here.fileno())


def _enter(descriptor: int) -> None:
    if _libc.setns(descriptor, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), "setns")


def _server_context(identity: str, ca: Authority) -> ssl.SSLContext:
    issued = ca.issue(identity)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.verify_mode = ssl.CERT_OPTIONAL
    context.load_verify_locations(cadata=ca.create(ca.signer))
    context.set_alpn_protocols(["h2"])
    with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
        file.write(issued["key"] + issued["chain"])
        file.flush()
        context.load_cert_chain(file.name)
    return context


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()
