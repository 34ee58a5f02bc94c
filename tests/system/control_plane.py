"""The control plane of the tests, as a program.

    control_plane.py --listen 127.0.0.1:8086 --control SOCKET --state FOLDER
                     [--tls ADDRESS:PORT --name IDENTITY]

It serves identity, destination, inbound and outbound policy on one plaintext listener, the same
behind TLS 1.3 when asked, and is steered over the control socket (control/command_socket.py) with
the methods of control/model.py and those of `Commands`. The state folder keeps the certificate
authority and the model, so that a killed one comes back as it was.
"""

import argparse
import asyncio
import inspect
from pathlib import Path

import grpc

from control.authority import Authority
from control.command_socket import CommandServer
from control.model import Model
from control.relay import Relay
from control.services import Changes, Services


class Commands:
    """What can be asked beside the model."""

    def __init__(self, ca: Authority, changes: Changes, relay: Relay):
        self._ca = ca
        self._changes = changes
        self._relay = relay

    def ping(self) -> str:
        return "ready"

    def trust_anchors(self, roots=("first",)) -> str:
        """The PEM of the named roots; those that don't exist yet are made."""
        return "".join(self._ca.create(name) for name in roots)

    def sign_with(self, root: str) -> None:
        """New leaves come from this root's issuer."""
        self._ca.create(root)
        self._ca.signer = root

    def issue(self, identity: str, lifetime: float = 3600, root: str | None = None) -> dict:
        """{"key", "chain"}, PEM, for a program that stands in for a proxy."""
        if root:
            self._ca.create(root)
        return self._ca.issue(identity, lifetime, root)

    def end_streams(self) -> None:
        self._changes.end_all()

    def tls_clients(self) -> dict:
        """How many TLS connections came from each identity ("none": without a certificate)."""
        return self._relay.clients

    async def listen_in(self, namespace: str, address: str, port: int) -> None:
        """Serves plaintext on address:port in a network namespace, given by its file."""
        await self._relay.listen_in(namespace, (address, port))


def public_methods(owner) -> dict:
    return {name: method for name, method in inspect.getmembers(owner, inspect.ismethod)
            if not name.startswith("_")}


def split(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)


async def serve(options: argparse.Namespace) -> None:
    state = Path(options.state)
    state.mkdir(parents=True, exist_ok=True)
    changes = Changes()
    ca = Authority(state / "authority")
    model = Model(state / "model.json", changes.notify)
    server = grpc.aio.server(options=[("grpc.so_reuseport", 0)])
    server.add_generic_rpc_handlers(Services(model, changes, ca).handlers())
    host, _ = split(options.listen)
    port = server.add_insecure_port(options.listen)
    await server.start()
    relay = Relay((host, port))
    if options.tls:
        await relay.listen_tls(split(options.tls), options.name, ca)
    commands = public_methods(model) | public_methods(Commands(ca, changes, relay))
    await CommandServer(commands).listen(Path(options.control))
    print(f"ready on {host}:{port}", flush=True)
    await server.wait_for_termination()


def main() -> None:
    parser = argparse.ArgumentParser(description="the control plane of the tests")
    parser.add_argument("--listen", required=True, help="ADDRESS:PORT, plaintext")
    parser.add_argument("--control", required=True, help="path of the control socket")
    parser.add_argument("--state", required=True, help="folder for certificates and the model")
    parser.add_argument("--tls", help="ADDRESS:PORT, TLS 1.3")
    parser.add_argument("--name", default="controller.test", help="the identity shown by TLS")
    asyncio.run(serve(parser.parse_args()))


if __name__ == "__main__":
    main()
