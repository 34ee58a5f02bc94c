"""HTTP/2 between two workloads: streams, trailers, resets, windows and half-close kept exactly."""

import hashlib
import threading

import h2.events
import pytest
from support.h2_app import BODY, H2App
from support.h2_peer import H2Peer
from support.processes import wait_until
from topology import serving

PORT = 8081


@pytest.fixture(scope="module")
def app(server):
    running = H2App()
    with serving(server, PORT, running.serve):
        yield running


@pytest.fixture
def peer(client, app, expose):
    address = expose(PORT)
    connection = client.connect(address, PORT, timeout=60)
    made = H2Peer(connection, client=True)
    threading.Thread(target=made.run, daemon=True).start()
    yield made
    connection.close()


def test_a_body_arrives_whole_and_its_answer_comes(peer):
    stream = peer.request("/sum")
    peer.send_all(stream, BODY)

    assert peer.wait(stream, h2.events.StreamEnded)
    assert peer.body(stream).decode() == hashlib.sha256(BODY).hexdigest()


def test_a_large_answer_comes_whole(peer):
    stream = peer.request("/big", end=True)

    assert peer.wait(stream, h2.events.StreamEnded)
    assert peer.body(stream) == BODY


def test_trailers_come_after_the_body(peer):
    stream = peer.request("/trailers", end=True)

    trailers = peer.wait(stream, h2.events.TrailersReceived)

    assert ("x-sum", "4") in [tuple(h) for h in trailers.headers]
    assert peer.body(stream) == b"body"


def test_request_trailers_arrive(peer, app):
    stream = peer.request("/sum", headers=[("te", "trailers")])
    peer.do(lambda h: h.send_data(stream, b"x"))
    peer.do(lambda h: h.send_headers(stream, [("x-count", "1")], end_stream=True))

    assert peer.wait(stream, h2.events.StreamEnded)
    arrived = app.streams(h2.events.TrailersReceived)
    assert ("x-count", "1") in [tuple(h) for h in arrived[-1].headers]


@pytest.mark.parametrize("code", [0x2, 0x8, 0xb, 0xd])
def test_the_app_s_reset_reaches_the_client_with_its_code(peer, code):
    stream = peer.request(f"/reset/{code}", end=True)

    assert peer.wait(stream, h2.events.StreamReset).error_code == code


def test_the_client_s_reset_reaches_the_app_with_its_code(peer, app):
    stream = peer.request("/hold")
    assert peer.wait(stream, h2.events.ResponseReceived)
    before = len(app.streams(h2.events.StreamReset))

    peer.do(lambda h: h.reset_stream(stream, 0x8))

    wait_until(lambda: len(app.streams(h2.events.StreamReset)) > before, 10, "the reset")
    assert app.streams(h2.events.StreamReset)[-1].error_code == 0x8


def test_an_answer_before_the_end_of_the_request_is_not_held_back(peer):
    stream = peer.request("/early")

    assert peer.wait(stream, h2.events.StreamEnded)
    assert peer.body(stream) == b"early"


def test_the_end_of_the_request_arrives_while_the_answer_is_open(peer, app):
    stream = peer.request("/hold")
    assert peer.wait(stream, h2.events.ResponseReceived)
    before = len(app.streams(h2.events.StreamEnded))

    peer.do(lambda h: h.end_stream(stream))

    wait_until(lambda: len(app.streams(h2.events.StreamEnded)) > before, 10, "the end")
    assert not any(isinstance(e, h2.events.StreamEnded) for e in peer.streams[stream])


def test_a_reader_that_stops_does_not_stall_its_neighbours(peer):
    peer.credit = False
    stalled = peer.request("/big", end=True)
    peer.wait(stalled, h2.events.DataReceived)
    for _ in range(5):
        stream = peer.request("/early", end=True)
        assert peer.wait(stream, h2.events.StreamEnded, 5)


def test_many_streams_share_a_connection(client, server, app, expose):
    server.start("nghttpd", ["nghttpd", "--no-tls", "-d", str(server.folder), "8082"])
    (server.folder / "small").write_text("small")
    wait_until(lambda: server.accepts(8082), 10, "nghttpd")
    address = expose(8082)

    done = client.run(["h2load", "-n5000", "-c5", "-m50", "-t1", f"http://{address}:8082/small"])

    assert "5000 succeeded, 0 failed, 0 errored" in done.stdout, done.stdout


def test_nghttp_reads_what_nghttpd_serves(client, server, expose):
    (server.folder / "file").write_bytes(BODY)
    server.start("nghttpd2", ["nghttpd", "--no-tls", "-d", str(server.folder), "8083"])
    wait_until(lambda: server.accepts(8083), 10, "nghttpd")
    address = expose(8083)

    done = client.run(["bash", "-c", f"nghttp http://{address}:8083/file | sha256sum"])

    assert done.stdout.split()[0] == hashlib.sha256(BODY).hexdigest()
