"""Fixtures of the system tests. Start them with tests/system/run.py, which makes the sandbox."""

import shutil
import tempfile
from pathlib import Path

import pytest

from support import sandbox
from topology import ControlPlane, Network, Workload


def pytest_sessionstart(session) -> None:
    if not sandbox.inside():
        pytest.exit("start the system tests with tests/system/run.py: they need its sandbox", 4)


@pytest.fixture(scope="session")
def run_folder():
    """Logs of everything that was started; kept when a test failed."""
    folder = Path(tempfile.mkdtemp(prefix="mesh-system-"))
    folder.chmod(0o755)
    yield folder


@pytest.fixture(scope="module")
def network(run_folder, request):
    made = Network(run_folder / request.module.__name__)
    failed = request.session.testsfailed
    yield made
    made.close()
    if request.session.testsfailed == failed:
        shutil.rmtree(made.folder, ignore_errors=True)
    else:
        print(f"\nlogs: {made.folder}")


@pytest.fixture(scope="module")
def control(network):
    plane = ControlPlane(network)
    plane.start()
    yield plane
    plane.kill()


@pytest.fixture(scope="module")
def client(network, control):
    """A meshed workload to call from."""
    workload = Workload(network, "client", control)
    workload.start_sidecar()
    return workload


@pytest.fixture(scope="module")
def server(network, control):
    """A meshed workload to call."""
    workload = Workload(network, "server", control)
    workload.start_sidecar()
    return workload
