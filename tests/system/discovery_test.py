"""Where requests go: endpoints that come, go and fail, balancing, and a silent controller."""

import contextlib
import subprocess
import time
from collections import Counter

import pytest
from support.http_app import HttpApp, header
from support.processes import wait_until
from support.raw_http import Answer, Reader
from support.redirection import PROXY_USER
from topology import Workload, serving

pytestmark = pytest.mark.mesh

PORT = 8000
NAME = "many.test.svc.cluster.local"
HOST = "10.96.4.1"


@pytest.fixture(scope="module")
def servers(network, control):
    """Three meshed endpoints, each with an app."""
    with contextlib.ExitStack() as apps:
        made = []
        for name in ("a", "b", "c"):
            workload = Workload(network, name, control)
            workload.start_sidecar()
            workload.app = apps.enter_context(HttpApp(workload, PORT))
            made.append(workload)
        yield made


@pytest.fixture(autouse=True)
def start_clean(control):
    control.api.clear_faults()
    yield
    control.api.clear_faults()


def announce(control, workloads, **service) -> None:
    control.api.set_service(name=NAME, address=HOST, port=PORT,
                            endpoints=[w.endpoint(PORT) for w in workloads], **service)


def ask(client, host: str = HOST, path: str = "/echo", headers: str = "") -> Answer:
    with client.connect(host, PORT) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: app\r\n{headers}\r\n".encode())
        return Reader(connection).answer()


def spread(client, servers, count: int = 60) -> Counter:
    """How many of `count` requests each server got."""
    before = [len(s.app.requests) for s in servers]
    for _ in range(count):
        assert ask(client).status == 200
    return Counter({s.name: len(s.app.requests) - b for s, b in zip(servers, before)})


def settles(client, servers, names: set[str]) -> None:
    """Requests reach just these servers, before long."""
    wait_until(lambda: {n for n, c in spread(client, servers, 30).items() if c} == names, 10,
               f"requests at {sorted(names)} alone")


def test_requests_are_spread_over_all_endpoints(client, servers, control):
    announce(control, servers)

    settles(client, servers, {"a", "b", "c"})


def test_endpoints_that_come_and_go_are_followed(client, servers, control):
    announce(control, servers[:1])
    settles(client, servers, {"a"})
    announce(control, servers[:2])
    settles(client, servers, {"a", "b"})
    announce(control, servers[1:])
    settles(client, servers, {"b", "c"})


def test_the_slower_endpoint_gets_less(client, servers, control):
    announce(control, servers[:2])
    settles(client, servers, {"a", "b"})
    servers[0].app.delay = 0.06
    spread(client, servers, 20)

    counts = spread(client, servers, 60)
    servers[0].app.delay = 0.0

    assert counts["b"] > 2 * counts["a"], counts


def test_all_endpoints_gone_is_an_error_in_time_and_heals(client, servers, control):
    announce(control, servers[:1])
    settles(client, servers, {"a"})
    announce(control, [])
    wait_until(lambda: ask(client).status in (503, 504), 10, "an error")
    before = time.monotonic()
    assert ask(client).status in (503, 504)
    assert time.monotonic() - before < 3.5

    announce(control, servers[:1])
    settles(client, servers, {"a"})


def test_streams_that_end_are_resumed_and_nothing_is_forgotten_meanwhile(client, servers, control):
    announce(control, servers[:2])
    settles(client, servers, {"a", "b"})
    before = control.api.show_counters()["Get"]["calls"]

    control.api.end_streams()

    for _ in range(20):
        assert ask(client).status == 200
    wait_until(lambda: control.api.show_counters()["Get"]["calls"] > before, 15, "another stream")
    announce(control, servers[1:2])
    settles(client, servers, {"b"})


def test_the_first_message_of_a_new_stream_replaces_the_set(client, servers, control):
    announce(control, servers[:2])
    settles(client, servers, {"a", "b"})
    control.kill()
    control.start()  # it starts from what it had; now it learns of another set before it is asked
    announce(control, servers[2:])

    settles(client, servers, {"c"})


def test_one_discovery_serves_many_connections(client, servers, control):
    announce(control, servers[:1])
    settles(client, servers, {"a"})
    target = f"{HOST}:{PORT}"
    before = control.api.show_counters()["Watch"]["targets"][target]

    for _ in range(50):
        assert ask(client).status == 200

    assert control.api.show_counters()["Watch"]["targets"][target] <= before + 1


def test_a_slow_controller_delays_no_longer_than_3_s(client, control):
    control.api.set_fault(rpc="Watch", target=f"10.96.4.2:{PORT}", delay=30)
    control.api.set_fault(rpc="GetProfile", target=f"10.96.4.2:{PORT}", delay=30)
    before = time.monotonic()

    answer = ask(client, "10.96.4.2")

    assert answer.status >= 500
    assert answer.header("l5d-proxy-error")
    assert time.monotonic() - before < 3.3


ACCRUAL = {"consecutive_failures": {
    "max_failures": 3, "backoff": {"min_backoff": {"seconds": 2}, "max_backoff": {"seconds": 10}}}}


def test_an_endpoint_that_keeps_failing_is_left_out_for_a_while(client, servers, control):
    """Only one of two answers 503: after three of those in a row it gets no more requests."""
    with HttpApp(servers[0], 8001), serving(servers[1], 8001, answer_503):
        control.api.set_service(
            name="accrual.test.svc.cluster.local", address="10.96.4.3", port=8001,
            endpoints=[w.endpoint(8001) for w in servers[:2]], failure_accrual=ACCRUAL)

        def status() -> int:
            with client.connect("10.96.4.3", 8001) as connection:
                connection.sendall(b"GET /echo HTTP/1.1\r\nHost: app\r\n\r\n")
                return Reader(connection).answer().status

        seen = [status() for _ in range(60)]
        assert 503 in seen, "the failing one was never asked"
        assert set(seen[-20:]) == {200}


def answer_503(connection) -> None:
    while data := connection.recv(4096):
        if b"\r\n\r\n" in data:
            connection.sendall(b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n")


def test_a_workload_s_own_address_is_reached_by_mtls(client, servers, control):
    control.api.set_workload(**servers[0].endpoint(PORT))

    assert ask(client, servers[0].address).status == 200
    assert header(servers[0].app.requests[-1], "l5d-client-id") == [client.identity]


def test_a_service_that_leads_back_to_its_caller_works(client, control):
    with HttpApp(client, PORT):
        control.api.set_service(name="self.test.svc.cluster.local", address="10.96.4.4", port=PORT,
                                endpoints=[client.endpoint(PORT)])
        assert ask(client, "10.96.4.4").status == 200


@pytest.mark.parametrize("wanted, good", [("server", True), ("other.example", False), ("", False),
                                          ("not a name", False)])
def test_a_demanded_identity_is_checked_and_fails_closed(client, servers, control, wanted, good):
    announce(control, servers[:1])
    settles(client, servers, {"a"})
    name = servers[0].identity if good else wanted
    before = len(servers[0].app.requests)

    answer = ask(client, headers=f"l5d-require-id: {name}\r\n")

    assert (answer.status == 200) == good
    if good:
        assert header(servers[0].app.requests[-1], "l5d-require-id") == []
    else:
        assert len(servers[0].app.requests) == before


def test_running_out_of_descriptors_is_survived(network, control, client, servers):
    """Connections beyond the limit wait; when others end, it goes on."""
    announce(control, servers[:1])
    cramped = Workload(network, "cramped", control)
    cramped.start_sidecar()
    limit = ["prlimit", f"--pid={cramped.sidecar.pid}", "--nofile=80:80"]
    subprocess.run(cramped.command(limit, PROXY_USER), check=True)
    held = [cramped.connect(HOST, PORT) for _ in range(200)]
    time.sleep(1)
    before = cramped.sidecar.cpu_seconds()
    time.sleep(1)
    assert cramped.sidecar.cpu_seconds() - before < 0.5, "it spins"
    for connection in held:
        connection.close()

    wait_until(lambda: ask(cramped).status == 200, 10, "an answer")
    cramped.close()
