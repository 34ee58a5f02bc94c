"""Certificates: the first one, the next ones, the wrong ones."""

import contextlib
import socket
import ssl
import tempfile
import time

import pytest
from support.http_app import HttpApp, header
from support.processes import wait_until
from support.raw_http import Reader
from topology import BRIDGE, CONTROL_PORT, Namespace, Workload, identity_of, serving

pytestmark = pytest.mark.mesh

PORT = 8000
REQUEST = b"GET /echo HTTP/1.1\r\nHost: app\r\n\r\n"


@pytest.fixture(scope="module")
def app(server):
    with HttpApp(server, PORT) as running:
        yield running


@pytest.fixture(scope="module")
def host(app, expose):
    return expose(PORT)


@pytest.fixture(scope="module")
def outsider(network):
    """A namespace without a sidecar, to speak TLS from by hand."""
    return Namespace(network, "outsider")


@pytest.fixture
def fresh(network, control, request):
    """fresh(name) makes workloads that end with the test."""
    made = []

    def make(name: str, **options) -> Workload:
        made.append(Workload(network, name, control, **options))
        return made[-1]

    yield make
    control.api.clear_faults()
    control.api.set_setting(name="leaf_lifetime", value=86400)
    control.api.sign_with(root="first")
    for workload in made:
        workload.close()


def ask(caller: Namespace, host: str, port: int = PORT) -> int:
    with caller.connect(host, port) as connection:
        connection.sendall(REQUEST)
        return Reader(connection).answer().status


def serve_alone(control, workload: Workload, address: str, **endpoint) -> None:
    control.api.set_service(name=f"{workload.name}.test.svc.cluster.local", address=address,
                            port=PORT, endpoints=[workload.endpoint(PORT, **endpoint)])


def tls_client(control, identity: str | None = None, root: str = "first") -> ssl.SSLContext:
    """A context that trusts the mesh and shows a certificate for `identity`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=control.api.trust_anchors())
    if identity:
        issued = control.api.issue(identity=identity, root=root)
        with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
            file.write(issued["key"] + issued["chain"])
            file.flush()
            context.load_cert_chain(file.name)
    return context


def ask_by_tls(caller: Namespace, server: Workload, context: ssl.SSLContext) -> int:
    with caller.connect(server.address, PORT) as connection:
        with context.wrap_socket(connection, server_hostname=server.identity) as tls:
            tls.sendall(REQUEST)
            return Reader(tls).answer().status


def test_ready_says_why_not_until_the_first_certificate(control, fresh, client):
    control.api.set_fault(rpc="Certify", status="UNAVAILABLE")
    late = fresh("late")
    late.start_sidecar(ready=False, IDENTITY_MIN_REFRESH="1s")
    wait_until(lambda: late.accepts(4191), 10, "the admin server", late.sidecar)

    status, text = late.admin("/ready")

    assert status == 503
    assert len(text.strip()) > len("not ready"), "the reason is missing"
    assert late.admin("/live")[0] == 200
    control.api.clear_faults()
    late.wait_ready()
    assert late.admin("/ready") == (200, "ready\n")


def test_clients_that_come_too_early_wait_and_are_served(control, fresh):
    control.api.set_fault(rpc="Certify", status="UNAVAILABLE")
    early = fresh("early")
    early.start_sidecar(ready=False, IDENTITY_MIN_REFRESH="1s")
    wait_until(lambda: early.accepts(4191), 10, "the admin server", early.sidecar)
    with HttpApp(early, PORT):
        serve_alone(control, early, "10.96.6.1")
        connection = early.connect("10.96.6.1", PORT, timeout=1)
        connection.sendall(REQUEST)
        with pytest.raises(TimeoutError):
            connection.recv(1)

        control.api.clear_faults()

        connection.settimeout(15)
        assert Reader(connection).answer().status == 200
        connection.close()


def test_the_key_is_never_written(fresh):
    workload = fresh("secretive")
    workload.start_sidecar()

    assert list((workload.folder / "identity").iterdir()) == []


def test_certificates_are_renewed_under_live_connections(control, fresh, host):
    control.api.set_setting(name="leaf_lifetime", value=4)
    near, far = fresh("renew-near"), fresh("renew-far")
    for workload in (near, far):
        workload.start_sidecar(IDENTITY_MIN_REFRESH="1s")
    serve_alone(control, far, "10.96.6.2")
    with HttpApp(far, PORT):
        live = near.connect("10.96.6.2", PORT)
        reader = Reader(live)
        ends = time.monotonic() + 9
        while time.monotonic() < ends:
            live.sendall(REQUEST)
            assert reader.answer().status == 200
            assert ask(near, "10.96.6.2") == 200
            time.sleep(0.05)
        live.close()
    calls = control.api.show_counters()["Certify"]["targets"]
    assert calls[near.identity] >= 3
    assert calls[far.identity] >= 3


def test_a_certificate_that_came_later_is_the_one_shown(control, fresh, outsider):
    control.api.set_setting(name="leaf_lifetime", value=4)
    workload = fresh("shown")
    workload.start_sidecar(IDENTITY_MIN_REFRESH="1s")

    def serial() -> str:
        with outsider.connect(workload.address, PORT) as connection:
            context = tls_client(control, "probe.example")
            with context.wrap_socket(connection, server_hostname=workload.identity) as tls:
                return tls.getpeercert()["serialNumber"]

    first = serial()
    wait_until(lambda: serial() != first, 8, "another certificate")


def test_a_failed_renewal_keeps_what_is_still_good(control, fresh, host):
    control.api.set_setting(name="leaf_lifetime", value=8)
    workload = fresh("holding")
    workload.start_sidecar(IDENTITY_MIN_REFRESH="1s")
    control.api.set_fault(rpc="Certify", target=workload.identity, status="UNAVAILABLE")
    time.sleep(6.5)

    assert ask(workload, host) == 200
    control.api.clear_faults()
    time.sleep(3)
    assert ask(workload, host) == 200


def test_an_endpoint_with_another_identity_is_refused(control, client, server, app):
    before = len(app.requests)
    control.api.set_service(
        name="wrong.test.svc.cluster.local", address="10.96.6.3", port=PORT,
        endpoints=[server.endpoint(PORT) | {"identity": identity_of("somebody-else")}])

    assert ask(client, "10.96.6.3") >= 500
    assert len(app.requests) == before


def test_an_endpoint_with_a_certificate_of_its_own_making_is_refused(control, client, outsider):
    """The right name, from a root that is not ours."""
    issued = control.api.issue(identity=identity_of("impostor"), root="impostors")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    file = outsider.folder / "impostor.pem"
    file.write_text(issued["key"] + issued["chain"], encoding="ascii")
    context.load_cert_chain(file)
    heard = []

    def serve(connection) -> None:
        with context.wrap_socket(connection, server_side=True) as tls:
            heard.append(tls.recv(1000))

    control.api.set_service(
        name="impostor.test.svc.cluster.local", address="10.96.6.4", port=PORT,
        endpoints=[{"address": outsider.address, "port": PORT, "hint": "h2",
                    "identity": identity_of("impostor")}])
    with serving(outsider, PORT, serve):
        assert ask(client, "10.96.6.4") >= 500
    assert not any(heard)


def test_a_client_of_another_root_is_refused(control, outsider, server):
    with pytest.raises((ssl.SSLError, OSError, EOFError)):
        ask_by_tls(outsider, server, tls_client(control, "client.example", root="impostors"))


@pytest.mark.parametrize("identity", ["peer.example.org", "spiffe://cluster.local/ns/test/sa/peer"])
def test_the_app_learns_the_name_in_the_client_s_certificate(control, outsider, server, app,
                                                             identity):
    assert ask_by_tls(outsider, server, tls_client(control, identity)) == 200

    assert header(app.requests[-1], "l5d-client-id") == [identity]


def test_tls_1_2_is_not_spoken(control, outsider, server):
    context = tls_client(control, "old.example.org")
    context.maximum_version = ssl.TLSVersion.TLSv1_2

    with pytest.raises((ssl.SSLError, OSError)):
        ask_by_tls(outsider, server, context)


def test_the_server_proves_its_name(control, outsider, server):
    with outsider.connect(server.address, PORT) as connection:
        context = tls_client(control, "peer.example.org")
        with context.wrap_socket(connection, server_hostname=server.identity) as tls:
            names = [value for _, value in tls.getpeercert()["subjectAltName"]]
            assert names == [server.identity]
            assert tls.version() == "TLSv1.3"


def test_a_new_trust_bundle_is_taken_up_without_a_restart(control, fresh, outsider):
    """Both roots, then leaves of the new one, then only the new: connections all the way."""
    workload = fresh("bundle")
    bundle = workload.folder / "bundle.pem"
    bundle.write_text(control.api.trust_anchors(roots=["first"]), encoding="ascii")
    workload.start_sidecar(IDENTITY_TRUST_ANCHORS_FILE=str(bundle))
    with HttpApp(workload, PORT):
        old, new = tls_client(control, "old.example"), tls_client(control, "new.example", "second")
        assert ask_by_tls(outsider, workload, old) == 200
        with pytest.raises((ssl.SSLError, OSError, EOFError)):
            ask_by_tls(outsider, workload, new)

        draft = workload.folder / "bundle.new"
        draft.write_text(control.api.trust_anchors(roots=["first", "second"]), encoding="ascii")
        draft.rename(bundle)

        def accepted() -> bool:
            with contextlib.suppress(ssl.SSLError, OSError, EOFError):
                return ask_by_tls(outsider, workload, new) == 200
            return False

        wait_until(accepted, 15, "a client of the new root")
        assert ask_by_tls(outsider, workload, old) == 200


def test_a_control_plane_on_loopback_needs_no_name(control, fresh):
    workload = fresh("local", loopback_control=True)

    workload.start_sidecar()

    assert workload.admin("/ready")[0] == 200


def test_a_control_plane_with_another_name_is_not_believed(control, fresh):
    workload = fresh("careful")
    workload.start_sidecar(ready=False, IDENTITY_SVC_NAME=identity_of("other-controller"))
    wait_until(lambda: workload.accepts(4191), 10, "the admin server", workload.sidecar)
    time.sleep(2)

    assert workload.admin("/ready")[0] == 503
    asked = control.api.show_counters().get("Certify", {"targets": {}})["targets"]
    assert workload.identity not in asked


def test_control_streams_show_the_proxy_s_certificate(control, client, host):
    assert ask(client, host) == 200

    assert control.api.tls_clients().get(client.identity, 0) > 0


def test_the_control_plane_answers_by_tls_1_3(control):
    """The tests' own footing: what proxies connect to is TLS."""
    with socket.create_connection((BRIDGE, CONTROL_PORT), 5) as connection:
        context = tls_client(control)
        context.check_hostname = False
        with context.wrap_socket(connection) as tls:
            assert tls.version() == "TLSv1.3"
