"""Two workloads and what runs in them: load on one side, the app on the other, a sidecar at both.

A peer is a subclass that says how its sidecars are started. Every pair has namespaces of its own,
so that all of them can stand at the same time and rounds can be interleaved.
"""

import os
import subprocess
import tempfile
import time
from pathlib import Path

from app import App
from control.authority import Authority
from support import programs
from support.processes import Process, wait_until
from support.redirection import PROXY_USER
from topology import Namespace, Network, identity_of

SERVICE = "10.96.0.10"
H1_PORT, H2_PORT, GRPC_PORT = 80, 8080, 8079


class Pair:
    name = ""
    title = ""
    ports = (H1_PORT, H2_PORT, GRPC_PORT)
    target = SERVICE

    def __init__(self, network: Network, authority: Authority):
        self.network = network
        self.authority = authority
        self.client, self.server = self.make_workloads()
        self.app = App(self.server)
        self.outbound: Process | None = None
        self.inbound: Process | None = None

    @classmethod
    def missing(cls) -> str | None:
        """Why this peer cannot run here, if so."""
        return None

    @classmethod
    def program(cls) -> Path | None:
        """The file whose size is reported."""
        return None

    def make_workloads(self) -> tuple[Namespace, Namespace]:
        return (Namespace(self.network, f"{self.name}-client"),
                Namespace(self.network, f"{self.name}-server"))

    def start(self) -> None:
        self.app.start()
        self.start_inbound()
        self.start_outbound()
        wait_until(self.answers, 20, f"a request through {self.name}")

    def start_inbound(self) -> None:
        """Starts the app's sidecar and returns when it is ready."""

    def start_outbound(self) -> None:
        """Starts the client's sidecar and returns when it is ready."""

    def sidecars(self) -> list[Process]:
        return [p for p in (self.outbound, self.inbound) if p]

    def answers(self) -> bool:
        try:
            connection = self.client.http(self.target, H1_PORT, timeout=2)
            connection.request("GET", "/")
            return connection.getresponse().status == 200
        except (OSError, ValueError):
            return False

    def cpu_seconds(self) -> float:
        return sum(p.cpu_seconds() for p in self.sidecars())

    def resident_bytes(self) -> list[int]:
        """Of each sidecar."""
        return [p.resident_bytes() for p in self.sidecars()]

    def time_to_ready(self) -> float:
        """Seconds from exec of the app's sidecar to its readiness; restarts it."""
        self.inbound.stop()
        before = time.monotonic()
        self.start_inbound()
        return time.monotonic() - before

    # For subclasses.

    def start_sidecar(self, workload: Namespace, command: list, ready_port: int) -> Process:
        """Starts a program as the proxy's user and waits until it accepts on `ready_port`."""
        process = workload.start("sidecar", command, PROXY_USER)
        wait_until(lambda: workload.accepts(ready_port), 20, f"{self.name} of {workload.name}",
                   process)
        return process

    def credentials(self, workload: Namespace) -> dict[str, Path]:
        """Files with this workload's key, chain, both in one, and the trust anchor."""
        issued = self.authority.issue(identity_of(workload.name))
        texts = {"key": issued["key"], "chain": issued["chain"],
                 "both": issued["chain"] + issued["key"],
                 "anchor": self.authority.create("first")}
        files = {}
        for name, text in texts.items():
            files[name] = workload.folder / f"{name}.pem"
            files[name].write_text(text, encoding="ascii")
        return files

    def configure(self, workload: Namespace, file: str, text: str) -> Path:
        path = workload.folder / file
        path.write_text(text, encoding="utf-8")
        return path

    def redirect(self, workload: Namespace, inbound_ports: dict[int, int]) -> None:
        """Redirection as in a pod; `inbound_ports` says which sidecar port serves an app port."""
        inbound = "\n".join(f"    tcp dport {app} redirect to :{sidecar}"
                            for app, sidecar in inbound_ports.items())
        subprocess.run(workload.command(["nft", "-f", "-"]), text=True, check=True, input=f"""
table inet bench {{
  chain output {{
    type nat hook output priority -100; policy accept;
    oifname "lo" accept
    meta skuid {PROXY_USER} accept
    meta l4proto tcp redirect to :4140
  }}
  chain prerouting {{
    type nat hook prerouting priority -100; policy accept;
    iifname "lo" accept
{inbound}
  }}
}}
""")


def stripped_size(program: Path | None) -> int | None:
    if program is None:
        return None
    with tempfile.NamedTemporaryFile() as copy:
        subprocess.run(["strip", "-o", copy.name, str(program)], check=True)
        return os.stat(copy.name).st_size


def published(pair: Pair, program: Path) -> Path:
    return programs.published(program, pair.network.folder / "bin")
