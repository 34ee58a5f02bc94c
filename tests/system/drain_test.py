"""Stopping a proxy: what was begun ends well, what is new goes elsewhere, and it ends in time."""

import signal
import threading
import time

import h2.events
import pytest
from support.h2_app import H2App
from support.h2_peer import H2Peer
from support.http_app import HttpApp
from support.processes import wait_until
from support.raw_http import Reader
from topology import Workload, serving

pytestmark = pytest.mark.mesh

PORT = 8000


@pytest.fixture
def pair(network, control, request):
    """A client and a server of their own, since the test ends them; the service's address."""
    number = pair_numbers.pop()
    near, far = (Workload(network, f"{n}{number}", control) for n in ("near", "far"))
    for workload in (near, far):
        workload.start_sidecar(SHUTDOWN_GRACE_PERIOD="4s")
    address = f"10.96.3.{number}"
    for port in (PORT, 7000):
        control.api.set_service(name=f"drain{number}-{port}.test.svc.cluster.local", port=port,
                                address=address, endpoints=[far.endpoint(port)])
    with HttpApp(far, PORT):
        yield near, far, address
    near.close()
    far.close()


pair_numbers = list(range(1, 50))


def request(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: app\r\n\r\n".encode()


@pytest.mark.parametrize("side", ["outbound", "inbound"])
def test_a_request_that_was_begun_is_answered(pair, side):
    near, far, address = pair
    stopped = near if side == "outbound" else far
    with near.connect(address, PORT) as connection:
        connection.sendall(request("/slow/1.5"))
        time.sleep(0.5)

        stopped.sidecar.signal(signal.SIGTERM)

        reader = Reader(connection)
        answer = reader.answer()
        assert answer.status == 200
        if side == "outbound":
            assert [v.lower() for v in answer.header("connection")] == ["close"]
    assert stopped.sidecar.wait(6) == 0


def test_it_is_not_ready_while_it_drains(pair):
    near, far, address = pair
    with near.connect(address, PORT) as connection:
        connection.sendall(request("/slow/2"))
        time.sleep(0.3)
        far.sidecar.signal(signal.SIGTERM)
        wait_until(lambda: far.admin("/ready")[0] == 503, 1.5, "not ready")
        assert far.admin("/live")[0] == 200
        assert Reader(connection).answer().status == 200


def test_idle_connections_are_closed_and_it_ends_soon(pair):
    near, _, address = pair
    with near.connect(address, PORT, timeout=3) as connection:
        reader = Reader(connection)
        connection.sendall(request("/echo"))
        assert reader.answer().status == 200

        before = time.monotonic()
        near.sidecar.signal(signal.SIGTERM)

        assert reader.ended()
        assert near.sidecar.wait(5) == 0
        assert time.monotonic() - before < 3


def test_http_2_clients_are_told_to_go_away_and_streams_end_well(pair):
    near, far, address = pair
    with serving(far, 7000, H2App().serve), near.connect(address, 7000) as connection:
        peer = H2Peer(connection, client=True)
        threading.Thread(target=peer.run, daemon=True).start()
        stream = peer.request("/late", method="GET", end=True)
        time.sleep(0.3)
        near.sidecar.signal(signal.SIGTERM)

        wait_until(lambda: peer.goodbyes, 2, "GOAWAY")
        assert peer.goodbyes[0][13:17] == b"\0\0\0\0", "not NO_ERROR"
        assert dict(peer.wait(stream, h2.events.ResponseReceived).headers)[":status"] == "200"


def test_new_work_is_still_served_while_it_drains(pair):
    """It outlives the app: both directions go on until the last connection has ended."""
    near, _, address = pair
    with near.connect(address, PORT) as held:
        held.sendall(request("/slow/2.5"))
        time.sleep(0.3)
        near.sidecar.signal(signal.SIGTERM)
        time.sleep(0.3)
        with near.connect(address, PORT, timeout=3) as late:
            late.sendall(request("/echo"))
            assert Reader(late).answer().status == 200
        assert Reader(held).answer().status == 200


def hold(connection) -> None:
    while connection.recv(100):
        pass


@pytest.mark.parametrize("again", [False, True])
def test_the_grace_period_or_a_second_signal_ends_it(pair, again):
    near, far, address = pair
    with serving(far, 7000, hold), near.connect(address, 7000) as connection:
        connection.sendall(b"\x00held")
        time.sleep(0.3)
        before = time.monotonic()
        near.sidecar.signal(signal.SIGTERM)
        time.sleep(0.5)
        assert near.sidecar.running()
        if again:
            near.sidecar.signal(signal.SIGTERM)

        near.sidecar.wait(8)

        taken = time.monotonic() - before
        assert taken < 2 if again else 3.5 < taken < 6
