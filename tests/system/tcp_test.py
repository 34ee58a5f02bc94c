"""Connections that are not HTTP: bytes, ends and first words as without a mesh."""

import contextlib
import hashlib
import os
import smtplib
import socket
import ssl
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from support.processes import wait_until
from topology import serving

BODY = os.urandom(1 << 20)
ROUNDS = 32  # of BODY: 32 MiB each way
OPAQUE = {"hint": "opaque", "opaque_transport": 4143}


def echo(connection) -> None:
    while data := connection.recv(65536):
        connection.sendall(data)


@pytest.fixture(scope="module")
def echo_port(server):
    with serving(server, 7100, echo):
        yield 7100


@pytest.fixture(scope="module", params=["detected", "opaque"])
def echo_host(request, echo_port, expose, control):
    """The echo server, with its protocol left to detection and declared opaque."""
    if request.param == "detected":
        return expose(echo_port)
    control.api.set_port(workload="*", port=echo_port, protocol="opaque")
    return expose(echo_port, endpoint=OPAQUE, opaque=True, protocol="opaque")


def digest_of(connection, count: int) -> str:
    seen = hashlib.sha256()
    while count > 0:
        data = connection.recv(min(count, 1 << 20))
        if not data:
            break
        seen.update(data)
        count -= len(data)
    return seen.hexdigest()


def test_bytes_that_are_no_protocol_pass(client, echo_host, echo_port):
    with client.connect(echo_host, echo_port) as connection:
        for data in (b"\x00\x01\x02binary\xff", b"G", b"ET / not quite", b"\x16\x03\x01\x00\x02hi"):
            connection.sendall(data)
            assert connection.recv(100) == data


def test_a_first_word_of_one_byte_is_not_held_back_for_long(client, echo_host, echo_port):
    with client.connect(echo_host, echo_port, timeout=2) as connection:
        before = time.monotonic()
        connection.sendall(b"G")
        assert connection.recv(1) == b"G"
        assert time.monotonic() - before < 1


def test_a_large_transfer_keeps_every_byte_both_ways(client, echo_host, echo_port):
    with client.connect(echo_host, echo_port, timeout=60) as connection:
        def send() -> None:
            for _ in range(ROUNDS):
                connection.sendall(BODY)
        sender = threading.Thread(target=send)
        sender.start()
        digest = digest_of(connection, ROUNDS * len(BODY))
        sender.join()
    assert digest == hashlib.sha256(BODY * ROUNDS).hexdigest()


def test_the_client_s_end_reaches_the_server_while_its_answer_is_open(client, server, expose):
    def sum_up(connection) -> None:
        digest = digest_of(connection, 1 << 40)  # to the end
        time.sleep(0.3)
        connection.sendall(digest.encode())

    with serving(server, 7101, sum_up):
        with client.connect(expose(7101), 7101, timeout=20) as connection:
            connection.sendall(b"\x01" + BODY)
            connection.shutdown(socket.SHUT_WR)
            assert connection.recv(64) == hashlib.sha256(b"\x01" + BODY).hexdigest().encode()
            assert connection.recv(1) == b""


def test_the_server_s_end_reaches_the_client_while_it_still_sends(client, server, expose):
    received = []

    def finish_first(connection) -> None:
        connection.recv(1)
        connection.sendall(b"done")
        connection.shutdown(socket.SHUT_WR)
        received.append(digest_of(connection, 1 << 40))

    with serving(server, 7102, finish_first):
        with client.connect(expose(7102), 7102, timeout=20) as connection:
            connection.sendall(b"\x02")
            assert connection.recv(4) == b"done"
            assert connection.recv(1) == b""
            connection.sendall(BODY)
            connection.shutdown(socket.SHUT_WR)
            wait_until(lambda: received, 10, "the rest at the server")
    assert received == [hashlib.sha256(BODY).hexdigest()]


def test_a_server_that_closes_at_once_is_seen_closing(client, server, expose):
    with serving(server, 7103, lambda connection: None):
        with client.connect(expose(7103), 7103, timeout=5) as connection:
            connection.sendall(b"\x03")
            with contextlib.suppress(ConnectionResetError):
                assert connection.recv(1) == b""


def test_smtp_greets_first_on_a_port_nobody_listed(client, server, expose):
    port = 2599
    server.start("smtp", [sys.executable, "-m", "aiosmtpd", "-n", "-l", f"0.0.0.0:{port}"])
    wait_until(lambda: server.accepts(port), 20, "the SMTP server")
    address = expose(port)

    for _ in range(2):
        before = time.monotonic()
        connection = client.connect(address, port, timeout=5)
        greeting = connection.recv(3, socket.MSG_PEEK)
        taken = time.monotonic() - before
        assert greeting == b"220"
        assert taken < 1.0

        class Session(smtplib.SMTP):
            def _get_socket(self, host, port, timeout):
                return connection

        with Session(address, port, local_hostname="client") as session:
            refused = session.sendmail("a@example.org", ["b@example.org"],
                                       "Subject: hello\r\n\r\nbody")
            assert refused == {}


def test_a_server_that_speaks_first_and_says_http_later_stays_a_stream(client, server, expose):
    def greet(connection) -> None:
        connection.sendall(b"hello\n")
        connection.sendall(b"got:" + connection.recv(1000))

    request = b"GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"
    with serving(server, 7104, greet):
        with client.connect(expose(7104), 7104, timeout=5) as connection:
            assert connection.recv(6) == b"hello\n"
            connection.sendall(request)
            wanted = b"got:" + request
            seen = b""
            while len(seen) < len(wanted) and (data := connection.recv(1000)):
                seen += data
            assert seen == wanted


@pytest.fixture(scope="module")
def postgres(server):
    """A real PostgreSQL on a port that is in no list."""
    folder = server.folder / "postgres"
    folder.mkdir()
    programs = max(Path("/usr/lib/postgresql").glob("*/bin"))
    subprocess.run(["chown", "postgres", folder], check=True)
    as_postgres = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
    made = subprocess.run([*as_postgres, f"{programs}/initdb", "-D", folder / "data", "-A", "trust",
                           "--no-sync"], capture_output=True, text=True)
    assert made.returncode == 0, made.stderr
    with open(folder / "data" / "pg_hba.conf", "a", encoding="ascii") as access:
        access.write("host all all 0.0.0.0/0 trust\nhost all all ::/0 trust\n")
    server.start("postgres", [*as_postgres, f"{programs}/postgres", "-D", folder / "data",
                              "-p", "5499", "-c", "listen_addresses=*", "-k", folder])
    wait_until(lambda: server.accepts(5499), 30, "PostgreSQL")
    return 5499


def test_postgresql_answers_queries_and_copies(client, postgres, expose):
    address = expose(postgres)
    psql = ["psql", "-h", address, "-p", str(postgres), "-U", "postgres", "-At", "-c"]

    wait_until(lambda: client.run([*psql, "select 1"], check=False).stdout == "1\n", 20, "psql")
    rows = client.run([*psql, "select count(*), sum(n) from generate_series(1, 200000) n"])
    lines = "select repeat('x', 1000) from generate_series(1, 5000)"
    large = client.run([*psql, f"copy ({lines}) to stdout"])

    assert rows.stdout == "200000|20000100000\n"
    assert len(large.stdout) == 5000 * 1001


@pytest.fixture(scope="module")
def tls_server(server, control):
    """An app with TLS of its own, in which no proxy has a part."""
    issued = control.api.issue(identity="shop.example.org", root="private")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    file = server.folder / "app-tls.pem"
    file.write_text(issued["key"] + issued["chain"], encoding="ascii")
    context.load_cert_chain(file)

    def serve(connection) -> None:
        with context.wrap_socket(connection, server_side=True) as tls:
            echo(tls)

    with serving(server, 7143, serve):
        yield 7143


@pytest.mark.parametrize("protocol", ["detect", "tls"])
def test_the_app_s_own_tls_passes_untouched(client, control, tls_server, expose, protocol):
    address = expose(tls_server, protocol=protocol)
    anchors = control.api.trust_anchors(roots=["private"])
    context = ssl.create_default_context(cadata=anchors)

    for _ in range(3):
        connection = client.connect(address, tls_server, timeout=5)
        with context.wrap_socket(connection, server_hostname="shop.example.org") as tls:
            tls.sendall(b"secret")
            assert tls.recv(6) == b"secret"


def test_ipv6_services_work_the_same(client, server, expose):
    with serving(server, 7105, echo, "::"):
        with client.connect(expose(7105, v6=True), 7105) as connection:
            connection.sendall(b"\x06six")
            assert connection.recv(10) == b"\x06six"


def test_many_connections_at_once(client, echo_host, echo_port):
    connections = [client.connect(echo_host, echo_port, timeout=20) for _ in range(300)]
    for number, connection in enumerate(connections):
        connection.sendall(b"\x00%d" % number)
    for number, connection in enumerate(connections):
        assert connection.recv(100) == b"\x00%d" % number
        connection.close()


def test_a_port_where_nothing_listens_ends_the_connection_soon(client, expose):
    address = expose(7199)
    before = time.monotonic()
    with pytest.raises(OSError):
        with client.connect(address, 7199, timeout=10) as connection:
            connection.sendall(b"\x00\x01")
            if connection.recv(1) == b"":
                raise ConnectionResetError
    assert time.monotonic() - before < 4


@pytest.mark.mesh
def test_opaque_connections_carry_the_client_s_identity(client, server, control, expose):
    """Only a client with the right identity may connect, so mTLS must have been spoken."""
    control.api.set_port(workload="*", port=7106, protocol="opaque",
                         authorizations=[{"identities": [client.identity]}])
    with serving(server, 7106, echo):
        address = expose(7106, endpoint=OPAQUE, opaque=True, protocol="opaque")
        with client.connect(address, 7106) as connection:
            connection.sendall(b"\x07")
            assert connection.recv(1) == b"\x07"
