"""Who may call: authorization by network and identity, defaults, and senseless policies."""

import contextlib
import threading

import h2.events
import pytest
from support.h2_peer import H2Peer
from support.http_app import HttpApp, header
from support.processes import wait_until
from support.raw_http import Reader
from topology import Namespace, Workload, serving

pytestmark = pytest.mark.mesh

PORT = 8000
ANYONE = {"networks": ["0.0.0.0/0", "::/0"]}
REQUEST = b"GET /echo HTTP/1.1\r\nHost: app\r\n\r\n"


@pytest.fixture(scope="module")
def app(server):
    with HttpApp(server, PORT) as running:
        yield running


@pytest.fixture(scope="module")
def host(app, expose):
    return expose(PORT)


@pytest.fixture(scope="module")
def stranger(network):
    """A client without a sidecar."""
    return Namespace(network, "stranger")


@pytest.fixture(autouse=True)
def forget(control):
    yield
    control.api.clear_faults()
    control.api.set_port(workload="*", port=PORT)


def ask(caller: Namespace, host: str) -> int:
    with caller.connect(host, PORT) as connection:
        connection.sendall(REQUEST)
        return Reader(connection).answer().status


def becomes(question, wanted) -> None:
    wait_until(lambda: question() == wanted, 5, f"the answer {wanted}")


def test_nobody_is_let_in_without_an_authorization(client, stranger, server, host, control, app):
    control.api.set_port(workload="*", port=PORT, authorizations=[])
    becomes(lambda: ask(client, host), 403)
    before = len(app.requests)

    assert ask(client, host) == 403
    assert ask(stranger, server.address) == 403
    assert len(app.requests) == before


@pytest.mark.parametrize("suffix", [False, True])
def test_an_identity_lets_its_owner_in_and_nobody_else(client, stranger, server, host, control,
                                                       suffix):
    name = {"suffixes": ["cluster.local"]} if suffix else {"identities": [client.identity]}
    control.api.set_port(workload="*", port=PORT, authorizations=[ANYONE | name])
    becomes(lambda: ask(stranger, server.address), 403)
    becomes(lambda: ask(client, host), 200)

    other = {"suffixes": ["elsewhere.local"]} if suffix else {"identities": ["other.example"]}
    control.api.set_port(workload="*", port=PORT, authorizations=[ANYONE | other])
    becomes(lambda: ask(client, host), 403)


def test_any_mesh_client_when_tls_is_demanded(client, stranger, server, host, control):
    control.api.set_port(workload="*", port=PORT, authorizations=[ANYONE | {"tls": True}])
    becomes(lambda: ask(stranger, server.address), 403)
    becomes(lambda: ask(client, host), 200)


def test_a_network_lets_in_those_inside_except_those_excepted(stranger, server, control):
    inside = [f"{stranger.address}/32"]
    control.api.set_port(workload="*", port=PORT, authorizations=[{"networks": ["10.99.0.0/16"]}])
    becomes(lambda: ask(stranger, server.address), 403)
    control.api.set_port(workload="*", port=PORT, authorizations=[{"networks": inside}])
    becomes(lambda: ask(stranger, server.address), 200)
    control.api.set_port(workload="*", port=PORT,
                         authorizations=[{"networks": ["10.77.0.0/16"], "except": inside}])
    becomes(lambda: ask(stranger, server.address), 403)


def test_a_change_is_felt_on_a_live_connection(client, host, control):
    connection = client.connect(host, PORT)
    reader = Reader(connection)

    def ask_again() -> int:
        connection.sendall(REQUEST)
        return reader.answer().status

    assert ask_again() == 200
    control.api.set_port(workload="*", port=PORT, authorizations=[])
    becomes(ask_again, 403)
    control.api.set_port(workload="*", port=PORT, authorizations=[ANYONE])
    becomes(ask_again, 200)
    connection.close()


def test_a_refused_grpc_call_says_permission_denied(client, server, host, control):
    control.api.set_port(workload="*", port=PORT, authorizations=[])
    becomes(lambda: ask(client, host), 403)
    connection = client.connect(host, PORT)
    peer = H2Peer(connection, client=True)
    threading.Thread(target=peer.run, daemon=True).start()

    stream = peer.request("/a.B/C", end=True, headers=[
        ("content-type", "application/grpc"), ("te", "trailers")])
    answer = dict(peer.wait(stream, h2.events.ResponseReceived).headers)
    connection.close()

    assert answer[":status"] == "200"
    assert answer["grpc-status"] == "7"


def echo(connection) -> None:
    while data := connection.recv(1000):
        connection.sendall(data)


def test_a_refused_tcp_connection_ends_and_the_app_never_sees_it(client, server, expose, control):
    seen = []

    def note(connection) -> None:
        seen.append(connection)
        echo(connection)

    control.api.set_port(workload="*", port=7200, authorizations=[])
    with serving(server, 7200, note):
        with client.connect(expose(7200), 7200, timeout=5) as connection:
            connection.sendall(b"\x00\x01")
            with contextlib.suppress(ConnectionResetError):
                assert connection.recv(1) == b""
    assert seen == []


def test_a_live_tcp_connection_ends_when_its_permission_does(client, server, expose, control):
    control.api.set_port(workload="*", port=7201)
    with serving(server, 7201, echo):
        with client.connect(expose(7201), 7201, timeout=5) as connection:
            connection.sendall(b"\x00")
            assert connection.recv(1) == b"\x00"
            control.api.set_port(workload="*", port=7201, authorizations=[])
            with contextlib.suppress(ConnectionResetError):
                assert connection.recv(1) == b""


@pytest.mark.parametrize("policy, meshed, unmeshed", [
    ("deny", 403, 403), ("all-authenticated", 200, 403), ("all-unauthenticated", 200, 200),
    ("cluster-authenticated", 200, 403), ("cluster-unauthenticated", 200, 200),
])
def test_the_default_policy_holds_while_the_controller_is_silent(network, control, client, stranger,
                                                                 policy, meshed, unmeshed):
    control.api.set_fault(rpc="WatchPort", status="UNAVAILABLE")
    alone = Workload(network, f"alone-{policy}", control)
    alone.start_sidecar(INBOUND_DEFAULT_POLICY=policy)
    control.api.set_service(name="alone.test.svc.cluster.local", address="10.96.7.1", port=PORT,
                            endpoints=[alone.endpoint(PORT)])

    with HttpApp(alone, PORT):
        becomes(lambda: ask(client, "10.96.7.1"), meshed)
        assert ask(stranger, alone.address) == unmeshed
    alone.close()


def test_the_client_id_is_the_peer_s_and_never_the_client_s_own_claim(client, server, host, app):
    with client.connect(host, PORT) as connection:
        connection.sendall(b"GET /echo HTTP/1.1\r\nHost: app\r\nl5d-client-id: root\r\n"
                           b"L5D-Client-Id: admin\r\n\r\n")
        assert Reader(connection).answer().status == 200
    assert header(app.requests[-1], "l5d-client-id") == [client.identity]


NO_NETWORK = {
    "protocol": {"detect": {"timeout": {"seconds": 10}}}, "labels": {"name": "broken"},
    "authorizations": [{"authentication": {"unauthenticated": {}}}]}


def test_an_inbound_policy_that_makes_no_sense_breaks_its_port_only(client, server, host, expose,
                                                                    control):
    with HttpApp(server, 8100):
        other = expose(8100)
        assert ask_port(client, other, 8100) == 200
        control.api.set_raw(rpc="WatchPort", target="*|8100", message=NO_NETWORK)
        becomes(lambda: ask_port(client, other, 8100), 500)

        assert ask(client, host) == 200
        control.api.set_raw(rpc="WatchPort", target="*|8100", message=None)
        becomes(lambda: ask_port(client, other, 8100), 200)


def ask_port(caller: Namespace, host: str, port: int) -> int:
    with caller.connect(host, port) as connection:
        connection.sendall(REQUEST)
        return Reader(connection).answer().status


def detect(backends: dict) -> dict:
    name = {"default": "broken"}
    route = {"metadata": name, "rules": [{"backends": backends}]}
    http = {"routes": [route]}
    return {"metadata": name, "protocol": {"detect": {
        "timeout": {"seconds": 10}, "opaque": http, "http1": http, "http2": http}}}


def backend(**kind) -> dict:
    queue = {"capacity": 1, "failfast_timeout": {"seconds": 1}}
    return {"metadata": {"default": "b"}, "queue": queue, **kind}


def balancer(path: str) -> dict:
    return backend(balancer={
        "discovery": {"dst": {"path": path}},
        "peak_ewma": {"default_rtt": {"nanos": 30000000}, "decay": {"seconds": 10}}})


def first(made: dict) -> dict:
    return {"first_available": {"backends": [{"backend": made}]}}


PORT_ZERO = backend(forward={"addr": {"ip": {"ipv4": 0x0A4D0101}, "port": 0}})
WEIGHTLESS = {"random_available": {"backends": [
    {"backend": {"backend": balancer("a.b:80")}, "weight": 0},
    {"backend": {"backend": balancer("c.d:80")}, "weight": 0}]}}
SENSELESS = {
    "no port in a path": detect(first(balancer("a.test.svc.cluster.local"))),
    "forward to port 0": detect(first(PORT_ZERO)),
    "weights that are all zero": detect(WEIGHTLESS),
    "no metadata": {"protocol": detect(first(balancer("a.b:80")))["protocol"]},
    "no protocol": {"metadata": {"default": "x"}},
    "no backends": detect({"first_available": {}}),
    "a negative duration": {"metadata": {"default": "x"}, "protocol": {
        "detect": detect(first(balancer("a.b:80")))["protocol"]["detect"]
        | {"timeout": {"seconds": -1}}}},
}


@pytest.mark.parametrize("what", SENSELESS)
def test_an_outbound_policy_that_makes_no_sense_breaks_its_target_only(client, host, control, what):
    number = list(SENSELESS).index(what)
    address = f"10.96.8.{number + 1}"
    control.api.set_raw(rpc="Watch", target=f"{address}:{PORT}", message=SENSELESS[what])

    assert ask(client, address) >= 500
    assert ask(client, host) == 200
    assert client.sidecar.running()


def test_an_opaque_profile_with_an_http_policy_breaks_its_target_only(client, server, host,
                                                                      control):
    control.api.set_service(name="odd.test.svc.cluster.local", address="10.96.8.100", port=PORT,
                            protocol="http1", opaque=True, endpoints=[server.endpoint(PORT)])

    with contextlib.suppress(EOFError, ConnectionResetError):
        ask(client, "10.96.8.100")

    assert ask(client, host) == 200
    assert client.sidecar.running()


@pytest.mark.parametrize("rpc", ["Watch", "GetProfile", "Get", "WatchPort"])
def test_bytes_that_are_no_message_harm_nobody_else(client, host, control, rpc):
    control.api.set_fault(rpc=rpc, target=f"10.96.8.200:{PORT}", payload="ffffffffffff")

    with contextlib.suppress(EOFError, OSError):
        ask(client, "10.96.8.200")

    assert ask(client, host) == 200
    assert client.sidecar.running()
