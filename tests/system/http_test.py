"""HTTP/1 between two workloads: as without a mesh, to the last trailer."""

import hashlib
import json
import os
import threading

import pytest
import websockets.sync.client
import websockets.sync.server
from support.http_app import HttpApp, header
from support.raw_http import Reader

PORT = 8000
BODY = os.urandom(3_000_000)


@pytest.fixture(scope="module")
def app(server):
    with HttpApp(server, PORT) as running:
        yield running


@pytest.fixture(scope="module")
def host(app, expose):
    return expose(PORT)


@pytest.fixture
def talk(client, host):
    """talk(bytes) sends them on a new connection; returns it with a reader of its answers."""
    opened = []

    def start(data: bytes):
        connection = client.connect(host, PORT)
        opened.append(connection)
        connection.sendall(data.replace(b"HOST", host.encode()))
        return connection, Reader(connection)

    yield start
    for connection in opened:
        connection.close()


def curl(client, *arguments: str) -> bytes:
    return client.run(["curl", "--silent", "--show-error", "--max-time", "20", *arguments],
                      errors="surrogateescape").stdout.encode(errors="surrogateescape")


def test_a_get_by_curl_from_a_real_server(client, server, expose):
    root = server.folder / "www"
    root.mkdir()
    (root / "file").write_bytes(BODY)
    config = server.folder / "nginx.conf"
    config.write_text(f"""daemon off; user root; pid {server.folder}/nginx.pid;
        error_log {server.folder}/nginx-error.log; events {{}}
        http {{ access_log off; server {{ listen 8088; root {root}; }} }}""", encoding="ascii")
    server.start("nginx", ["nginx", "-e", server.folder / "nginx-error.log", "-c", config])
    wait_for_port(server, 8088)
    out = client.folder / "file"

    address = expose(8088)
    for _ in range(3):
        curl(client, "--output", str(out), "--fail", f"http://{address}:8088/file")

    assert out.read_bytes() == BODY
    assert b"404" in curl(client, "--output", "/dev/null", "--write-out", "%{http_code}",
                          f"http://{address}:8088/none")


@pytest.mark.mesh
def test_it_travels_with_the_client_s_identity(client, app, talk):
    _, reader = talk(b"GET /echo HTTP/1.1\r\nHost: HOST\r\nl5d-client-id: forged\r\n\r\n")

    assert reader.answer().status == 200
    assert header(app.requests[-1], "l5d-client-id") == [client.identity]


@pytest.mark.mesh
def test_the_mesh_s_own_headers_do_not_leak(app, talk):
    _, reader = talk(b"GET /echo HTTP/1.1\r\nHost: HOST\r\n\r\n")

    answer = reader.answer()

    names = {name.lower() for name, _ in app.requests[-1]["headers"]}
    assert not {n for n in names if n.startswith("l5d-")} - {"l5d-client-id", "l5d-dst-canonical"}
    assert not {n for n, _ in answer.headers if n.lower().startswith("l5d-")}


def test_the_request_arrives_as_it_was(app, talk, host):
    _, reader = talk(b"GET /echo?q=a%20b&c=%2F HTTP/1.1\r\nHost: HOST\r\nX-Two: 1\r\nX-Two: 2\r\n"
                     b"Accept: */*\r\n\r\n")

    assert reader.answer().status == 200

    arrived = app.requests[-1]
    assert arrived["target"] == "/echo?q=a%20b&c=%2F"
    assert header(arrived, "x-two") in (["1", "2"], ["1, 2"])
    assert header(arrived, "host") == [host]


def test_keep_alive_serves_many_requests(talk):
    connection, reader = talk(b"")
    for _ in range(20):
        connection.sendall(b"GET /echo HTTP/1.1\r\nHost: a\r\n\r\n")
        assert reader.answer().status == 200


def test_head_has_the_length_and_no_body(talk):
    connection, reader = talk(b"HEAD /status/200 HTTP/1.1\r\nHost: HOST\r\n\r\n")

    answer = reader.answer("HEAD")
    connection.sendall(b"GET /status/200 HTTP/1.1\r\nHost: a\r\n\r\n")

    assert answer.status == 200
    assert answer.header("content-length") == ["8"]
    assert reader.answer().body == b"as told\n"


@pytest.mark.parametrize("code", [200, 204, 304])
def test_answers_without_a_body_keep_their_framing(talk, code):
    connection, reader = talk(b"GET /empty/%d HTTP/1.1\r\nHost: HOST\r\n\r\n" % code)

    answer = reader.answer()
    connection.sendall(b"GET /status/200 HTTP/1.1\r\nHost: a\r\n\r\n")

    assert answer.status == code
    assert answer.header("content-length") == (["0"] if code == 200 else [])
    assert not answer.header("transfer-encoding")
    assert reader.answer().body == b"as told\n"


def test_a_post_with_a_length_arrives_whole(app, talk):
    _, reader = talk(b"POST /echo HTTP/1.1\r\nHost: HOST\r\nContent-Length: %d\r\n\r\n" % len(BODY)
                     + BODY)

    assert reader.answer().status == 200
    assert app.requests[-1]["body"] == BODY
    assert header(app.requests[-1], "content-length") == [str(len(BODY))]


def test_a_request_without_a_body_gains_no_framing(app, talk):
    _, reader = talk(b"GET /echo HTTP/1.1\r\nHost: HOST\r\n\r\n")

    assert reader.answer().status == 200
    assert not header(app.requests[-1], "transfer-encoding")
    assert not header(app.requests[-1], "content-length")


def test_a_chunked_post_arrives_with_its_trailers(app, talk):
    _, reader = talk(b"POST /echo HTTP/1.1\r\nHost: HOST\r\nTransfer-Encoding: chunked\r\n"
                     b"TE: trailers\r\nTrailer: X-Sum\r\n\r\n"
                     b"5\r\nhello\r\n6\r\n world\r\n0\r\nX-Sum: 11\r\n\r\n")

    assert reader.answer().status == 200
    assert app.requests[-1]["body"] == b"hello world"
    assert [[n.lower(), v] for n, v in app.requests[-1]["trailers"]] == [["x-sum", "11"]]


def test_a_chunked_answer_comes_with_its_trailers(talk):
    _, reader = talk(b"GET /chunked HTTP/1.1\r\nHost: HOST\r\nTE: trailers\r\n\r\n")

    answer = reader.answer()

    assert answer.body == b"one two three"
    assert [(n.lower(), v) for n, v in answer.trailers] == [("x-checksum", "abc")]


def test_an_answer_that_ends_with_the_connection_comes_whole(talk):
    _, reader = talk(b"GET /eof HTTP/1.1\r\nHost: HOST\r\n\r\n")

    assert reader.answer().body == b"until the end"


def test_pipelined_requests_are_answered_in_order(talk):
    requests = b"".join(b"GET /status/%d HTTP/1.1\r\nHost: HOST\r\n\r\n" % code
                        for code in (201, 202, 203, 404, 500))
    _, reader = talk(requests)

    assert [reader.answer().status for _ in range(5)] == [201, 202, 203, 404, 500]


def test_http_1_0_gets_its_answer_and_the_end(app, talk):
    connection, reader = talk(b"GET /echo HTTP/1.0\r\n\r\n")
    connection.settimeout(5)

    answer = reader.answer()

    assert answer.status == 200
    assert json.loads(answer.body)["version"] in ("1.0", "1.1")
    assert reader.ended()


@pytest.mark.parametrize("path, statuses", [(b"/expect/yes", [100, 200]), (b"/expect/no", [417])])
def test_expect_100_continue_waits_for_the_app_s_word(app, talk, path, statuses):
    connection, reader = talk(b"POST %s HTTP/1.1\r\nHost: HOST\r\nContent-Length: 4\r\n"
                              b"Expect: 100-continue\r\n\r\n" % path)

    seen = [reader.answer().status]
    if seen == [100]:
        connection.sendall(b"body")
        seen.append(reader.answer().status)

    assert seen == statuses
    if 200 in statuses:
        assert app.requests[-1]["body"] == b"body"


def test_early_hints_pass_before_the_answer(talk):
    _, reader = talk(b"GET /hints HTTP/1.1\r\nHost: HOST\r\n\r\n")

    hints, final = reader.answer(), reader.answer()

    assert (hints.status, final.status) == (103, 200)
    assert hints.header("link") == ["</a.css>"]


def test_connect_becomes_a_tunnel(talk):
    connection, reader = talk(b"CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n")

    answer = reader.answer("CONNECT")
    connection.sendall(b"\x00raw\xff")

    assert answer.status == 200
    assert reader.exactly(5) == b"\x00raw\xff"


def test_an_upgrade_becomes_a_tunnel(talk):
    connection, reader = talk(b"GET /upgrade HTTP/1.1\r\nHost: HOST\r\nConnection: upgrade\r\n"
                              b"Upgrade: echo\r\n\r\n")

    answer = reader.answer()
    connection.sendall(b"\x00raw\xff")

    assert answer.status == 101
    assert answer.header("upgrade") == ["echo"]
    assert reader.exactly(5) == b"\x00raw\xff"


def test_websockets_carry_text_and_bytes_both_ways(client, server, expose):
    def echo(socket) -> None:
        for message in socket:
            socket.send(message)

    listener = server.listen(8765)
    with websockets.sync.server.serve(echo, sock=listener, max_size=None) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        address = expose(8765)
        connection = client.connect(address, 8765)
        with websockets.sync.client.connect(f"ws://{address}:8765/", sock=connection,
                                            max_size=None) as socket:
            for message in ("hello", b"\x00\x01", BODY):
                socket.send(message)
                assert socket.recv(timeout=20) == message
        running.shutdown()


def test_hop_by_hop_headers_stay_behind(app, talk):
    _, reader = talk(b"GET /echo HTTP/1.1\r\nHost: HOST\r\nConnection: keep-alive, X-Private\r\n"
                     b"X-Private: 1\r\nX-Public: 1\r\n\r\n")

    assert reader.answer().status == 200
    assert header(app.requests[-1], "x-public") == ["1"]


@pytest.mark.mesh
def test_headers_named_by_connection_are_removed(app, talk):
    _, reader = talk(b"GET /echo HTTP/1.1\r\nHost: HOST\r\nConnection: X-Private\r\n"
                     b"X-Private: 1\r\n\r\n")

    assert reader.answer().status == 200
    assert header(app.requests[-1], "x-private") == []


def test_large_answers_and_uploads_keep_every_byte(client, app, host):
    upload = client.folder / "upload"
    upload.write_bytes(BODY * 10)

    curl(client, "--data-binary", f"@{upload}", "-H", "Expect:", "--fail", "--output",
         str(client.folder / "answer"), f"http://{host}:{PORT}/echo")

    wanted = hashlib.sha256(BODY * 10).hexdigest()
    assert hashlib.sha256(app.requests[-1]["body"]).hexdigest() == wanted


def test_many_clients_at_once(client, app, host):
    url = f"http://{host}:{PORT}/status/200"

    done = client.run(["h2load", "--h1", "-n2000", "-c50", "-t1", url])

    assert "2000 succeeded, 0 failed, 0 errored" in done.stdout, done.stdout


@pytest.mark.mesh
@pytest.mark.parametrize("request_bytes, status", [
    (b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx", 400),
    (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"
     b"0\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n folded\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 1_000_000 + b"\r\n\r\n", 431),
])
def test_malformed_requests_are_refused_and_never_arrive(app, talk, request_bytes, status):
    before = len(app.raw), len(app.requests)
    connection, reader = talk(b"")
    try:
        connection.sendall(request_bytes)
        answer = reader.answer()
    except ConnectionError:
        answer = reader.answer()

    assert answer.status == status
    assert reader.ended()
    assert (len(app.raw), len(app.requests)) == before


@pytest.mark.mesh
def test_a_dead_app_is_a_502_with_the_reason(client, expose):
    address = expose(8999)
    connection = client.connect(address, 8999)
    connection.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")

    answer = Reader(connection).answer()

    assert answer.status in (502, 503, 504)
    assert answer.header("l5d-proxy-error")


@pytest.mark.mesh
def test_a_workload_without_a_sidecar_is_reached_in_plaintext(client, network):
    from topology import Namespace
    bare = Namespace(network, "bare")
    with HttpApp(bare, PORT) as app:
        connection = client.connect(bare.address, PORT)
        connection.sendall(b"GET /echo HTTP/1.1\r\nHost: a\r\n\r\n")

        assert Reader(connection).answer().status == 200
        assert header(app.requests[-1], "l5d-client-id") == []
    bare.close()


@pytest.mark.mesh
def test_a_client_without_a_sidecar_is_served_in_plaintext(server, network, app):
    from topology import Namespace
    bare = Namespace(network, "stranger")
    connection = bare.connect(server.address, PORT)
    connection.sendall(b"GET /echo HTTP/1.1\r\nHost: a\r\nl5d-client-id: forged\r\n\r\n")

    assert Reader(connection).answer().status == 200
    assert header(app.requests[-1], "l5d-client-id") == []
    bare.close()


def wait_for_port(namespace, port: int) -> None:
    from support.processes import wait_until
    wait_until(lambda: namespace.accepts(port), 10, f"port {port} of {namespace.name}")
