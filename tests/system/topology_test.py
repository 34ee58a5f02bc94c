"""The namespaces the other tests run in: reachable, redirected, cut."""

import subprocess

import pytest
from support import redirection
from topology import BRIDGE, BRIDGE6, Namespace, serving


@pytest.fixture(scope="module")
def pair(network):
    return Namespace(network, "near"), Namespace(network, "far")


def echo(connection) -> None:
    while data := connection.recv(4096):
        connection.sendall(data)


def greet(text: bytes):
    return lambda connection: connection.sendall(text)


@pytest.mark.parametrize("family", ["address", "address6"])
def test_namespaces_reach_each_other(pair, family):
    near, far = pair
    host = getattr(far, family)
    with serving(far, 7000, echo, "::" if ":" in host else "0.0.0.0"):
        with near.connect(host, 7000) as client:
            client.sendall(b"hello")
            assert client.recv(5) == b"hello"


@pytest.mark.parametrize("target", ["10.96.0.10", "fd00:96::10"])
def test_redirection_takes_outbound_connections_except_the_proxy_s_own(network, target):
    box = Namespace(network, "redirected" + ("6" if ":" in target else "4"))
    redirection.arm_with_nft(box)
    loopback = "::1" if ":" in target else "127.0.0.1"
    with serving(box, 4140, greet(b"sidecar"), loopback):
        with box.connect(target, 80) as client:
            assert client.recv(7) == b"sidecar"
        bridge = BRIDGE6 if ":" in target else BRIDGE
        own = box.command(["bash", "-c", f"exec 3<>/dev/tcp/{bridge}/80"],
                          user=redirection.PROXY_USER)
        assert subprocess.run(own, stderr=subprocess.DEVNULL, timeout=10).returncode != 0


def test_redirection_takes_inbound_connections_except_to_admin_and_tap(network, pair):
    near, _ = pair
    box = Namespace(network, "inward")
    redirection.arm_with_nft(box)
    with serving(box, 4143, greet(b"sidecar")), serving(box, 4191, greet(b"admin")):
        with near.connect(box.address, 80) as client:
            assert client.recv(7) == b"sidecar"
        with near.connect(box.address, 4191) as client:
            assert client.recv(7) == b"admin"


def test_a_cut_link_is_silent_and_mends(pair):
    near, far = pair
    with serving(far, 7001, echo):
        with near.connect(far.address, 7001) as client:
            far.cut()
            client.sendall(b"held")
            client.settimeout(0.5)
            with pytest.raises(TimeoutError):
                client.recv(1)
            far.mend()
            client.settimeout(10)
            assert client.recv(4) == b"held"
