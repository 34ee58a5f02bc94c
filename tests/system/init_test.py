"""What mesh-init does to real connections: which go through the proxy, and which do not.

"app" is the workload whose connections are redirected, "far" another machine behind one wire. In
app, servers stand in for the proxy; each answer names the server that got the connection and the
destination that the client asked for.
"""

import socket
import subprocess
from pathlib import Path

import pytest
from support import programs
from support.answering import Answering, ask, inside

APP, FAR, BEHIND = (f"/run/netns/init-{name}" for name in ("app", "far", "behind"))
OWN = {4: "10.79.0.1", 6: "fd79::1"}
THEIRS = {4: "10.79.0.2", 6: "fd79::2"}
LOOPBACK = {4: "127.0.0.1", 6: "::1"}
SERVED = (25, 53, 80, 81, 82, 4140, 4143, 4566, 4567, 4568, 4569, 9000)
VERSIONS = (4, 6)


def ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True)


def wire(left: str, right: str, addresses: tuple[str, ...], others: tuple[str, ...]) -> None:
    """Joins two machines; the names of the links are those of the machines at their other ends."""
    ip("link", "add", right, "netns", left, "type", "veth", "peer", "name", left, "netns", right)
    for machine, link, own in ((left, right, addresses), (right, left, others)):
        for address in own:
            nodad = ["nodad"] if ":" in address else []
            ip("-n", machine, "addr", "add", address, "dev", link, *nodad)
        ip("-n", machine, "link", "set", link, "up")


@pytest.fixture(scope="module", name="machines")
def _machines():
    """app and far, and a third that far reaches through app."""
    for name in ("init-app", "init-far", "init-behind"):
        ip("netns", "add", name)
        ip("-n", name, "link", "set", "lo", "up")
    wire("init-app", "init-far", ("10.79.0.1/24", "fd79::1/64"), ("10.79.0.2/24", "fd79::2/64"))
    wire("init-app", "init-behind", ("10.80.0.1/24", "fd80::1/64"), ("10.80.0.2/24", "fd80::2/64"))
    for name, net in (("init-far", 79), ("init-behind", 80)):
        ip("-n", name, "route", "add", "default", "via", f"10.{net}.0.1")
        ip("-n", name, "-6", "route", "add", "default", "via", f"fd{net}::1")
    with inside(APP):
        for setting in ("ipv4/ip_forward", "ipv6/conf/all/forwarding"):
            Path("/proc/sys/net", setting).write_text("1", encoding="ascii")
    yield
    for name in ("init-app", "init-far", "init-behind"):
        ip("netns", "del", name)


@pytest.fixture(scope="module", name="servers")
def _servers(machines):
    everywhere = [("::", port) for port in SERVED]
    proxy = [("127.0.0.1", 4140), ("::1", 4140)]
    own = [(host, port) for host in (*OWN.values(), *LOOPBACK.values())
           for port in (25, 53, 80, 81, 82, 4190, 4191)]
    started = [Answering(APP, "outbound", proxy), Answering(APP, "inbound", [("::", 4143)]),
               Answering(APP, "app", own), Answering(FAR, "far", everywhere),
               Answering(BEHIND, "behind", everywhere)]
    yield
    for server in started:
        server.close()


def mesh_init(*options: str) -> None:
    program = programs.built("mesh-init")
    assert program, "mesh-init is not built"
    subprocess.run(["nsenter", f"--net={APP}", program, *options], check=True, timeout=60)


@pytest.fixture(name="arm", params=["nftables", "iptables"])
def _arm(servers, request):
    """arm(option...) redirects the connections of app, with each backend in turn."""
    yield lambda *options: mesh_init("--backend", request.param, *options)
    mesh_init("--remove")


def out(version: int, port: int, **who) -> str:
    return ask(APP, THEIRS[version], port, **who)


def come(version: int, port: int) -> str:
    return ask(FAR, OWN[version], port)


def through(proxy: str, host: str, port: int) -> str:
    return f"{proxy} {host}:{port}"


@pytest.mark.parametrize("version", VERSIONS)
def test_without_rules_nothing_is_redirected(servers, version):
    assert out(version, 80) == "far direct"
    assert come(version, 80) == "app direct"


@pytest.mark.parametrize("version", VERSIONS)
def test_outbound_goes_to_4140_and_inbound_to_4143_with_the_original_destination(arm, version):
    arm()
    assert out(version, 80) == through("outbound", THEIRS[version], 80)
    assert out(version, 9999) == through("outbound", THEIRS[version], 9999)
    assert come(version, 80) == through("inbound", OWN[version], 80)
    assert come(version, 9999) == through("inbound", OWN[version], 9999)


def test_addresses_that_nobody_has_are_redirected_too(arm):
    arm()
    ip("-n", "init-app", "route", "replace", "default", "via", THEIRS[4])
    assert ask(APP, "192.0.2.1", 80) == "outbound 192.0.2.1:80"


@pytest.mark.parametrize("version", VERSIONS)
def test_the_ports_of_the_proxies_can_be_chosen(arm, version):
    arm("--outbound-port", "4143", "--inbound-port", "4140")
    assert come(version, 80) == ""  # 4140 listens on loopback alone
    assert out(version, 80).startswith("inbound ")


@pytest.mark.parametrize("version", VERSIONS)
def test_the_proxy_s_own_connections_are_left_alone(arm, version):
    arm()
    assert out(version, 80, user=2102) == "far direct"
    assert out(version, 80, user=2101).startswith("outbound ")


@pytest.mark.parametrize("version", VERSIONS)
def test_the_user_of_the_proxy_can_be_chosen(arm, version):
    arm("--proxy-uid", "1234", "--proxy-gid", "4321")
    assert out(version, 80, user=1234) == "far direct"
    assert out(version, 80, group=4321) == "far direct"
    assert out(version, 80, user=2102).startswith("outbound ")


def test_a_program_of_the_proxy_s_user_is_left_alone(arm):
    arm()
    script = "exec 3<>/dev/tcp/10.79.0.2/80; cat <&3"
    command = ["nsenter", f"--net={APP}", "setpriv", "--reuid=2102", "--regid=2102",
               "--clear-groups", "bash", "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=10)
    assert done.stdout == "far direct"


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("user", [1000, 2102])
def test_what_stays_inside_is_left_alone(arm, version, user):
    """The application talks to itself; the proxy hands it a connection at its own address."""
    arm()
    assert ask(APP, LOOPBACK[version], 80, user=user) == "app direct"
    assert ask(APP, OWN[version], 80, user=user) == "app direct"


@pytest.mark.parametrize("version", VERSIONS)
def test_dns_over_tcp_is_left_alone_on_its_way_out(arm, version):
    arm()
    assert out(version, 53) == "far direct"
    assert come(version, 53).startswith("inbound ")


@pytest.mark.parametrize("port", [53, 80])
@pytest.mark.parametrize("version", VERSIONS)
def test_udp_is_left_alone(arm, version, port):
    arm()
    family = socket.AF_INET6 if version == 6 else socket.AF_INET
    for here, there, target in ((APP, FAR, THEIRS), (FAR, APP, OWN)):
        with inside(there):
            server = socket.socket(family, socket.SOCK_DGRAM)
        with inside(here):
            client = socket.socket(family, socket.SOCK_DGRAM)
        with server, client:
            server.settimeout(5)
            client.settimeout(5)
            server.bind((target[version], port))
            client.connect((target[version], port))
            client.send(b"question")
            server.sendto(b"answer", server.recvfrom(100)[1])
            assert client.recv(100) == b"answer"


@pytest.mark.parametrize("version", VERSIONS)
def test_the_proxy_s_own_ports_are_reached_directly(arm, version):
    arm()
    assert come(version, 4190) == "app direct"
    assert come(version, 4191) == "app direct"
    assert out(version, 4191).startswith("outbound ")


@pytest.mark.parametrize("version", VERSIONS)
def test_outbound_ports_and_ranges_can_be_skipped(arm, version):
    arm("--skip-outbound-ports", "25,4567-4568")
    for port in (25, 4567, 4568):
        assert out(version, port) == "far direct"
    for port in (80, 4566, 4569):
        assert out(version, port).startswith("outbound ")
    assert come(version, 25).startswith("inbound ")


@pytest.mark.parametrize("version", VERSIONS)
def test_inbound_ports_and_ranges_can_be_skipped(arm, version):
    arm("--skip-inbound-ports", "25", "--skip-inbound-ports", "80-81")
    for port in (25, 80, 81):
        assert come(version, port) == "app direct"
    assert come(version, 82).startswith("inbound ")
    assert out(version, 25).startswith("outbound ")


@pytest.mark.parametrize("version", VERSIONS)
def test_inbound_redirection_can_be_limited_to_ports(arm, version):
    arm("--inbound-ports", "80-81,9999", "--skip-inbound-ports", "81")
    assert come(version, 80).startswith("inbound ")
    assert come(version, 9999).startswith("inbound ")
    assert come(version, 81) == "app direct"
    assert come(version, 82) == "app direct"
    assert out(version, 82).startswith("outbound ")


@pytest.mark.parametrize("option, outward, inward", [
    ("--skip-subnets", "far", "app"),
    ("--skip-outbound-subnets", "far", "inbound"),
    ("--skip-inbound-subnets", "outbound", "app"),
])
@pytest.mark.parametrize("version, subnet, exact, beside", [
    (4, "10.79.0.0/23", "10.79.0.2", "10.79.0.128/25"),
    (6, "fd79::/63", "fd79::2", "fd79::8000/113"),
])
def test_subnets_can_be_skipped(arm, version, subnet, exact, beside, option, outward, inward):
    for skipped in (subnet, exact, f"192.0.2.0/24,{subnet},2001:db8::/32"):
        arm(option, skipped)
        assert out(version, 80).split()[0] == outward
        assert come(version, 80).split()[0] == inward
    arm(option, beside)
    assert out(version, 80).startswith("outbound ")
    assert come(version, 80).startswith("inbound ")


def test_ipv6_can_be_left_alone(arm):
    arm("--ipv4-only")
    assert out(4, 80).startswith("outbound ")
    assert come(4, 80).startswith("inbound ")
    assert out(6, 80) == "far direct"
    assert come(6, 80) == "app direct"


@pytest.mark.parametrize("target", ["10.80.0.2", "fd80::2"])
def test_what_passes_through_is_left_alone(arm, target):
    arm()
    assert ask(FAR, target, 80) == "behind direct"


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("here, there, target", [(APP, FAR, THEIRS), (FAR, APP, OWN)])
def test_connections_that_are_open_are_not_cut(arm, version, here, there, target):
    family = socket.AF_INET6 if version == 6 else socket.AF_INET
    with inside(there):
        listener = socket.create_server((target[version], 7000), family=family)
    with inside(here):
        client = socket.socket(family, socket.SOCK_STREAM)
    with listener, client:
        client.connect((target[version], 7000))
        server, _ = listener.accept()
        with server:
            arm()
            for sender, receiver in ((client, server), (server, client)) * 2:
                sender.sendall(b"still here")
                receiver.settimeout(5)
                assert receiver.recv(100) == b"still here"


@pytest.mark.parametrize("version", VERSIONS)
def test_new_options_replace_the_old(arm, version):
    arm("--skip-outbound-ports", "25", "--skip-inbound-ports", "25")
    arm("--skip-outbound-ports", "80")
    assert out(version, 25).startswith("outbound ")
    assert come(version, 25).startswith("inbound ")
    assert out(version, 80) == "far direct"


@pytest.mark.parametrize("version", VERSIONS)
def test_after_removal_nothing_is_redirected(arm, version):
    arm()
    mesh_init("--remove")
    assert out(version, 80) == "far direct"
    assert come(version, 80) == "app direct"
