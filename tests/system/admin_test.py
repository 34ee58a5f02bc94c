"""The admin server: probes, metrics, and what only loopback may see or do."""

import re
import time

import pytest
from support.http_app import HttpApp
from support.processes import wait_until
from support.raw_http import Reader
from topology import Namespace, Workload, serving

pytestmark = pytest.mark.mesh

PORT = 8000
SAMPLE = re.compile(r'([a-z_][a-z0-9_]*)(\{[^}]*\})? (\S+)')
LABELS = re.compile(r'([a-z_][a-z0-9_]*)="((?:[^"\\]|\\.)*)"(?:,|$)')


@pytest.fixture(scope="module")
def traffic(client, server, expose):
    """A few requests and a TCP connection have passed; returns the service's address."""
    host = expose(PORT)
    with HttpApp(server, PORT), serving(server, 7000, lambda c: c.sendall(c.recv(100))):
        for path in ("/echo", "/status/404", "/status/503"):
            with client.connect(host, PORT) as connection:
                connection.sendall(f"GET {path} HTTP/1.1\r\nHost: app\r\n\r\n".encode())
                assert Reader(connection).answer().status in (200, 404, 503)
        with client.connect(expose(7000), 7000) as connection:
            connection.sendall(b"\x00tcp")
            assert connection.recv(100) == b"\x00tcp"
    time.sleep(0.3)  # workers hand their counts over
    return host


def metrics(workload: Workload) -> list[tuple[str, dict, float]]:
    """Every sample: name, labels, value; each line has to be one, or a comment."""
    status, text = workload.admin("/metrics")
    assert status == 200
    samples = []
    for line in text.splitlines():
        if not line or line.startswith("#"):
            continue
        found = SAMPLE.fullmatch(line)
        assert found, f"no sample: {line}"
        inside = (found[2] or "{}")[1:-1]
        labels = dict(LABELS.findall(inside))
        assert ",,".join(["", ""]) not in inside, line
        samples.append((found[1], labels, float(found[3])))
    return samples


def total(samples, name: str, **labels: str) -> float:
    return sum(value for found, have, value in samples
               if found == name and all(have.get(k) == v for k, v in labels.items()))


def test_live_and_ready_say_so(server):
    assert server.admin("/live") == (200, "live\n")
    assert server.admin("/ready") == (200, "ready\n")
    assert server.admin("/nothing-here")[0] == 404


def test_probes_and_metrics_are_served_to_the_network(server, network):
    box = Namespace(network, "prober")
    for path in ("/live", "/ready", "/metrics"):
        connection = box.http(server.address, 4191)
        connection.request("GET", path)
        assert connection.getresponse().status == 200
    box.close()


@pytest.mark.parametrize("path", ["/env.json", "/proxy-log-level"])
def test_some_paths_are_for_loopback_only(server, network, path):
    assert server.admin(path)[0] == 200
    box = Namespace(network, "curious")
    connection = box.http(server.address, 4191)
    connection.request("GET", path)
    assert connection.getresponse().status == 403
    box.close()


def test_shutdown_is_off_unless_enabled(server):
    assert server.admin("/shutdown", "POST")[0] == 404
    assert server.sidecar.running()


def test_shutdown_ends_an_enabled_proxy(network, control):
    workload = Workload(network, "ending", control)
    workload.start_sidecar(SHUTDOWN_ENDPOINT_ENABLED="true", SHUTDOWN_GRACE_PERIOD="5s")

    assert workload.admin("/shutdown")[0] == 405
    assert workload.admin("/shutdown", "POST")[0] == 200
    assert workload.sidecar.wait(8) == 0
    workload.close()


def test_the_log_level_changes_at_run_time(server):
    assert server.admin("/proxy-log-level", "PUT", "warn")[0] == 204
    assert "warn" in server.admin("/proxy-log-level")[1]
    assert server.admin("/proxy-log-level", "PUT", "not=a=level,,")[0] == 400
    assert server.admin("/proxy-log-level", "PUT", "info")[0] == 204


def test_requests_are_counted_at_both_ends_with_the_peer_s_identity(client, server, traffic):
    out, into = metrics(client), metrics(server)

    for code in ("200", "404", "503"):
        kind = "failure" if code == "503" else "success"
        assert total(out, "response_total", direction="outbound", status_code=code,
                     classification=kind, tls="true", server_id=server.identity) == 1
        assert total(into, "response_total", direction="inbound", status_code=code,
                     classification=kind, tls="true", client_id=client.identity) == 1
    assert total(out, "request_total", direction="outbound") == 3
    assert total(into, "request_total", direction="inbound") == 3


def test_latency_has_the_buckets_that_dashboards_know(client, traffic):
    bounds = {labels["le"] for name, labels, _ in metrics(client)
              if name == "response_latency_ms_bucket" and labels.get("direction") == "outbound"}

    wanted = [float(b) for b in (
        "1 2 3 4 5 10 20 30 40 50 100 200 300 400 500 1000 2000 3000 4000 5000 10000 20000 30000 "
        "40000 50000").split()]
    assert sorted(float(b) for b in bounds if b != "+Inf") == wanted
    assert "+Inf" in bounds


@pytest.mark.parametrize("name, where, labels", [
    ("tcp_open_total", "client", {"direction": "outbound", "peer": "src"}),
    ("tcp_open_total", "client", {"direction": "outbound", "peer": "dst", "tls": "true"}),
    ("tcp_open_total", "server", {"direction": "inbound", "peer": "src", "tls": "true"}),
    ("tcp_open_total", "server", {"direction": "inbound", "peer": "dst"}),
    ("tcp_read_bytes_total", "server", {"direction": "inbound", "peer": "src"}),
    ("tcp_write_bytes_total", "server", {"direction": "inbound", "peer": "src"}),
    ("tcp_close_total", "client", {"direction": "outbound", "peer": "src"}),
    ("inbound_http_authz_allow_total", "server", {"srv_name": "all-unauthenticated"}),
    ("process_start_time_seconds", "server", {}),
    ("process_resident_memory_bytes", "server", {}),
    ("process_open_fds", "server", {}),
    ("proxy_build_info", "server", {}),
    ("control_identity_cert_expiration_timestamp_seconds", "server", {}),
])
def test_a_series_that_others_read_is_there_and_counts(client, server, traffic, name, where,
                                                       labels):
    workload = client if where == "client" else server

    assert total(metrics(workload), name, **labels) > 0


def test_closed_connections_are_no_longer_open(client, traffic):
    wait_until(lambda: total(metrics(client), "tcp_open_connections", direction="outbound",
                             peer="src") == 0, 10, "no open client connection")


def test_what_a_client_writes_is_no_label(client, server, expose):
    host = expose(PORT)
    with HttpApp(server, PORT):
        for number in range(50):
            with client.connect(host, PORT) as connection:
                name = f"unbounded-{number}"
                connection.sendall(f"GET /{name} HTTP/1.1\r\nHost: {name}.example\r\n"
                                   f"X-Any: {name}\r\n\r\n".encode())
                assert Reader(connection).answer().status == 200
    for workload in (client, server):
        assert "unbounded-" not in workload.admin("/metrics")[1]
