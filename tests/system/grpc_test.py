"""gRPC between two workloads: the interoperability cases of grpc-go, all that need no cloud.

pick_first_unary is not among them: it wants the server to name itself, and grpc-go's does not.
"""

import time

import pytest
from support import programs
from support.processes import wait_until

CASES = [
    "empty_unary", "large_unary", "client_streaming", "server_streaming", "ping_pong",
    "empty_stream", "timeout_on_sleeping_server", "cancel_after_begin",
    "cancel_after_first_response", "status_code_and_message", "special_status_message",
    "custom_metadata", "unimplemented_method", "unimplemented_service", "orca_per_rpc", "orca_oob",
]
ORCA_CONFIG = '{"loadBalancingConfig":[{"test_backend_metrics_load_balancer":{}}]}'
PORT = 9100


@pytest.fixture(scope="module")
def interop_server(server):
    server.start("grpc", [programs.grpc_interop_server(), "-port", str(PORT)])
    wait_until(lambda: server.accepts(PORT), 20, "the gRPC server")


@pytest.fixture(scope="module", params=["detect", "http2", "grpc"])
def host(request, interop_server, expose):
    """The server, with its protocol detected and declared."""
    return expose(PORT, protocol=request.param)


@pytest.mark.parametrize("case", CASES)
def test_interoperability(client, host, case):
    command = [programs.grpc_interop_client(), "-server_host", host, "-server_port", str(PORT),
               "-test_case", case]
    if case.startswith("orca"):
        command += ["-service_config_json", ORCA_CONFIG]

    done = client.run(command, check=False, timeout=60)

    assert done.returncode == 0, done.stderr[-2000:]


@pytest.mark.mesh
def test_a_service_without_endpoints_is_unavailable_soon(client, control):
    control.api.set_service(name="none.test.svc.cluster.local", address="10.96.9.9", port=PORT)
    command = [programs.grpc_interop_client(), "-server_host", "10.96.9.9", "-server_port",
               str(PORT), "-test_case", "empty_unary"]
    before = time.monotonic()

    done = client.run(command, check=False, timeout=60)

    assert done.returncode != 0
    assert any(code in done.stderr for code in ("Unavailable", "DeadlineExceeded")), done.stderr
    assert time.monotonic() - before < 6
