"""mesh-proxy, under the control plane of the tests."""

from pathlib import Path

from peers.pair import GRPC_PORT, H1_PORT, H2_PORT, SERVICE, Pair
from support import programs
from topology import ControlPlane, Workload


class Mesh(Pair):
    name = "mesh"
    title = "mesh-proxy"

    @classmethod
    def missing(cls) -> str | None:
        if programs.built("mesh-proxy") is None:
            return "mesh-proxy is not built in build/release (./dev build release)"
        return None

    @classmethod
    def program(cls) -> Path | None:
        return programs.built("mesh-proxy")

    def make_workloads(self) -> tuple[Workload, Workload]:
        self.control = ControlPlane(self.network)
        self.control.start()
        return (Workload(self.network, f"{self.name}-client", self.control),
                Workload(self.network, f"{self.name}-server", self.control))

    def start(self) -> None:
        for port in (H1_PORT, H2_PORT, GRPC_PORT):
            self.control.api.set_service(
                name=f"app{port}.test.svc.cluster.local", address=SERVICE, port=port,
                endpoints=[self.server.endpoint(port)])
        super().start()

    def start_inbound(self) -> None:
        self.inbound = self.server.start_sidecar(LOG="warn")

    def start_outbound(self) -> None:
        self.outbound = self.client.start_sidecar(LOG="warn")
