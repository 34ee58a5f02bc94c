"""mesh-proxy and its environment: faults all at once, both prefixes, help that tells."""

import subprocess

import pytest
from support import programs
from topology import Workload

pytestmark = pytest.mark.mesh


def run(*arguments: str, **env: str) -> subprocess.CompletedProcess:
    program = programs.built("mesh-proxy")
    assert program, "mesh-proxy is not built"
    return subprocess.run([program, *arguments], env=env, capture_output=True, text=True,
                          timeout=20)


def test_everything_that_is_missing_is_named_at_once():
    done = run()

    said = done.stdout + done.stderr
    assert done.returncode == 64
    for name in ("DESTINATION_SVC_ADDR", "POLICY_SVC_ADDR", "POLICY_WORKLOAD", "IDENTITY_SVC_ADDR",
                 "IDENTITY_TRUST_ANCHORS", "IDENTITY_TOKEN_FILE"):
        assert name in said


@pytest.mark.parametrize("name, value", [
    ("OUTBOUND_CONNECT_TIMEOUT", "1.5s"), ("OUTBOUND_CONNECT_TIMEOUT", "10"),
    ("INBOUND_LISTEN_ADDR", "nowhere"), ("SHUTDOWN_ENDPOINT_ENABLED", "yes"),
    ("INBOUND_DEFAULT_POLICY", "everybody"), ("INBOUND_PORTS", "80,99999"),
    ("DESTINATION_PROFILE_NETWORKS", "10.0.0.0/33"), ("LOG_FORMAT", "xml"),
])
def test_a_value_that_cannot_be_is_named_with_the_rest(name, value):
    done = run(**{f"MESH_PROXY_{name}": value})

    said = done.stdout + done.stderr
    assert done.returncode == 64
    assert name in said
    assert "POLICY_WORKLOAD" in said


def test_help_lists_the_settings():
    done = run("--help")

    assert done.returncode == 0
    for name in ("OUTBOUND_CONNECT_TIMEOUT", "IDENTITY_TRUST_ANCHORS", "SHUTDOWN_GRACE_PERIOD"):
        assert name in done.stdout


def test_the_settings_of_linkerd_work_and_ours_win(network, control):
    class Renamed(Workload):
        def _environment(self, settings):
            ours = super()._environment(settings)
            prefix = "MESH_PROXY_"
            theirs = {n.replace(prefix, "LINKERD2_PROXY_"): v for n, v in ours.items()}
            return theirs | {"LINKERD2_PROXY_LOG_FORMAT": "neither", f"{prefix}LOG_FORMAT": "json",
                             "LINKERD2_PROXY_TRACE_PROTOCOL": "unknown settings are ignored"}

    workload = Renamed(network, "renamed", control)
    workload.start_sidecar()
    assert workload.admin("/ready")[0] == 200
    workload.close()
