"""Fixtures of the system tests. Start them with tests/system/run.py, which makes the sandbox."""

import itertools
import os
import shutil
import tempfile
from pathlib import Path

import pytest

from support import sandbox
from topology import ControlPlane, Network, Workload

# Without sidecars: what the programs of a test do alone. Tests of the mesh's own doings are marked
# `mesh` and left out then.
PLAIN = os.environ.get("MESH_TEST_PLAIN") == "1"


def pytest_configure(config) -> None:
    config.addinivalue_line("markers", "mesh: tests what only a mesh does")


def known_gaps() -> dict[str, str]:
    """What is known not to hold yet, and why; these run, and may fail without failing the run."""
    lines = (Path(__file__).parent / "known_gaps.txt").read_text(encoding="ascii").splitlines()
    pairs = (line.partition(" ") for line in lines if line and not line.startswith("#"))
    return {name: reason.strip() for name, _, reason in pairs}


def pytest_collection_modifyitems(config, items) -> None:
    gaps = known_gaps()
    for item in items:
        name = f"{item.path.name}::{item.originalname}"
        if name in gaps:
            item.add_marker(pytest.mark.xfail(reason=gaps[name], strict=False))
    if PLAIN:
        dropped = [item for item in items if item.get_closest_marker("mesh")]
        config.hook.pytest_deselected(items=dropped)
        items[:] = [item for item in items if item not in dropped]


def pytest_sessionstart(session) -> None:
    if not sandbox.inside():
        pytest.exit("start the system tests with tests/system/run.py: they need its sandbox", 4)


@pytest.fixture(scope="session")
def run_folder(pytestconfig):
    """Logs of everything that was started, by module and workload; kept when a test failed."""
    folder = Path(tempfile.mkdtemp(prefix="mesh-system-"))
    folder.chmod(0o755)
    pytestconfig.mesh_logs = folder
    return folder


def pytest_sessionfinish(session) -> None:
    folder = getattr(session.config, "mesh_logs", None)
    if folder and not session.testsfailed:
        shutil.rmtree(folder, ignore_errors=True)


def pytest_terminal_summary(terminalreporter, config) -> None:
    folder = getattr(config, "mesh_logs", None)
    if folder and folder.exists():
        terminalreporter.write_line(f"logs: {folder}")


@pytest.fixture(scope="module")
def network(run_folder, request):
    made = Network(run_folder / request.module.__name__)
    yield made
    made.close()


@pytest.fixture(scope="module")
def control(network):
    plane = ControlPlane(network)
    plane.start()
    yield plane
    plane.kill()


@pytest.fixture(scope="module")
def client(network, control):
    """A meshed workload to call from."""
    return meshed(network, "client", control)


@pytest.fixture(scope="module")
def server(network, control):
    """A meshed workload to call."""
    return meshed(network, "server", control)


def meshed(network, name: str, control) -> Workload:
    workload = Workload(network, name, control)
    if not PLAIN:
        workload.start_sidecar()
    return workload


@pytest.fixture(scope="module")
def expose(control, server):
    """expose(port, ...) makes a service of the server's port; returns the address to call.

    Takes what ControlPlane.api.set_service takes, and `endpoint` with more fields of the endpoint.
    """
    numbers = itertools.count(10)

    def make(port: int, endpoint: dict | None = None, v6: bool = False, **service) -> str:
        if PLAIN:
            return server.address6 if v6 else server.address
        number = next(numbers)
        address = f"fd00:96::{number:x}" if v6 else f"10.96.0.{number}"
        where = {"address": server.address6} if v6 else {}
        control.api.set_service(
            name=f"app{number}.test.svc.cluster.local", address=address, port=port,
            endpoints=[server.endpoint(port, **(endpoint or {}) | where)], **service)
        return address

    return make
